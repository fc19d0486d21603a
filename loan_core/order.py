"""A page of a list in order, without putting the list in order: what stands before the page is only counted."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

# The values to order some rows by, at a level: equal values are told apart by the next level's; None: by nothing more.
Keys: TypeAlias = Callable[[int, Any], Any]

_NEVER = np.iinfo(np.int64).max


def ordered(keys: Keys, rows: Any, start: int, stop: int, level: int = 0) -> Any:
    """The rows from place ``start`` up to ``stop`` of their order: by rising keys, equal ones as they stand."""
    start, stop = max(start, 0), min(stop, len(rows))
    if start >= stop:
        return rows[:0]
    values = keys(level, rows)
    if values is None:
        return rows[start:stop]
    first, last = np.partition(values, [start, stop - 1])[[start, stop - 1]]
    before = int((values < first).sum())
    like_first = ordered(keys, rows[values == first], start - before, stop - before, level + 1)
    if first == last:
        return like_first
    is_between = (values > first) & (values < last)
    between = ordered_whole(keys, rows[is_between], values[is_between], level)
    left = stop - start - len(like_first) - len(between)
    return np.concatenate([like_first, between, ordered(keys, rows[values == last], 0, left, level + 1)])


def ordered_whole(keys: Keys, rows: Any, values: Any, level: int) -> Any:
    """All of the rows in order, of which there are no more than a page has."""
    order = np.argsort(values, kind="stable")
    rows, values = rows[order], values[order]
    ends = np.flatnonzero(np.append(values[1:] != values[:-1], True)[: len(values)]) + 1
    starts = np.concatenate([[0], ends[:-1]])[: len(ends)]
    groups = [ordered(keys, rows[a:b], 0, b - a, level + 1) for a, b in zip(starts, ends, strict=True)]
    return np.concatenate([rows[:0], *groups])


def by_number(values: Any, is_falling: bool) -> Keys:
    """Keys of a column of numbers or days, of all rows; a day that is none stands last, whichever way."""
    if values.dtype.kind == "M":
        number = values.astype(np.int64)
        values = np.where(np.isnat(values), _NEVER, ~number if is_falling else number)
    elif is_falling:
        values = -values
    return lambda level, rows: values[rows] if level == 0 else None


def by_text(text: pa.ChunkedArray, prefixes: Any, is_falling: bool) -> Keys:
    """Keys of a column of texts, by code points; ``prefixes`` are the numbers of all rows' first letters."""

    def keys(level: int, rows: Any) -> Any:
        if level == 0:
            values = prefixes[rows]
        else:
            taken = text.take(pa.array(rows)).combine_chunks()
            values = letters(taken, level)
            if values is None:
                return None
        return ~values if is_falling else values

    return keys


def letters(text: pa.Array, level: int) -> Any:
    """Eight bytes of each text, from the ``8 × level``-th on, as a number that orders as they do; None: none has any.

    UTF-8 orders as its code points do.
    """
    lengths = np.diff(_offsets(text))
    if level and (lengths <= 8 * level).all():
        return None
    starts, places = _offsets(text)[:-1, None] + 8 * level, np.arange(8)
    data = np.frombuffer(text.buffers()[2] or b"\0", dtype=np.uint8)
    found = data[np.minimum(starts + places, len(data) - 1)]
    found[(8 * level + places) >= lengths[:, None]] = 0
    # Of whole numbers with a sign the one with the first bit set is the smaller.
    return (found.view(">u8")[:, 0].astype(np.uint64) ^ np.uint64(2**63)).view(np.int64)


def _offsets(text: pa.Array) -> Any:
    return np.frombuffer(text.buffers()[1], dtype=np.int32)[text.offset : text.offset + len(text) + 1].astype(np.int64)
