"""Exact sums of amounts by a key: whole numbers in, Python's whole numbers out, of which none is too large."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np

from loan_core.calculation.money import Integers

Key = TypeVar("Key")

# A float holds every whole number up to here.
_EXACT = 2.0**53
# A half of an amount fits there so many times.
_AT_ONCE = 2**20


def sums(keys: Integers, amounts: Integers, size: int) -> Integers:
    """The sum of amounts for each key from 0 up to ``size``: ``(n), (n) -> (size)``, of Python's whole numbers."""
    if len(amounts) > _AT_ONCE:
        return sums(keys[:_AT_ONCE], amounts[:_AT_ONCE], size) + sums(keys[_AT_ONCE:], amounts[_AT_ONCE:], size)
    if np.abs(amounts).sum(dtype=np.float64) < _EXACT / 2:
        return np.bincount(keys, amounts, size).astype(np.int64).astype(object)
    high = np.bincount(keys, amounts >> 32, size).astype(np.int64).astype(object)
    return high * 2**32 + np.bincount(keys, amounts & 0xFFFF_FFFF, size).astype(np.int64).astype(object)


def tally(keys: Integers, amounts: Integers) -> dict[int, int]:
    """The sum of amounts for each key where it is not 0: ``(n), (n) -> {key: sum}``; keys lie close together."""
    if not len(keys):
        return {}
    least = int(keys.min())
    found = sums(keys - least, amounts, int(keys.max()) - least + 1)
    places = np.flatnonzero(found)
    return dict(zip((places + least).tolist(), found[places].tolist(), strict=True))


def tally_pairs(first: Integers, second: Integers, amounts: Integers) -> dict[tuple[int, int], int]:
    """The sum of amounts for each pair of keys where it is not 0: ``(n), (n), (n) -> {(key, key): sum}``."""
    if not len(first):
        return {}
    least, width = int(second.min()), int(second.max() - second.min()) + 1
    found = tally(first * width + second - least, amounts)
    return {(key // width, key % width + least): each for key, each in found.items()}


def added(tallies: Iterable[Mapping[Key, int]]) -> dict[Key, int]:
    """Several such sums as one."""
    whole: dict[Key, int] = {}
    for each in tallies:
        for key, amount in each.items():
            whole[key] = whole.get(key, 0) + amount
    return whole
