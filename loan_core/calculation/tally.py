"""Exact sums of amounts by a key: whole numbers in, Python's whole numbers out, of which none is too large."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np

from loan_core.calculation.money import Integers, parts_by, whole

Key = TypeVar("Key")


def sums(keys: Integers, amounts: Integers, size: int) -> Integers:
    """The sum of amounts for each key from 0 up to ``size``: ``(n), (n) -> (size)``, of Python's whole numbers."""
    return whole(parts_by(keys, amounts, size))


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
    found: dict[Key, int] = {}
    for each in tallies:
        for key, amount in each.items():
            found[key] = found.get(key, 0) + amount
    return found
