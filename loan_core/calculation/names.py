"""Borrowers whose names nearly agree: written differently, or one letter apart.

Two names agree when they have the same words in any order, whatever their case, accents and punctuation. They nearly
agree when one letter is missing, too many, another, or two neighbors are swapped. A name with digits is an identifier
(``Client 1041``): one digit apart is somebody else. Names of fewer than five letters are too short to tell.

Names are never compared each with each. Two that are one letter apart share what is left of them after one letter is
taken away (the "symmetric delete" of W. Garbe's SymSpell, 2012): so each is filed under its shortenings, and compared
with what is filed there.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from loan_core.calculation.money import Integers

SHORTEST = 5
MOST_IN_A_FILE = 50
"""A shortening that more names share than this is no sign of one borrower; the rest of them is not compared."""

_BASE = 0x9E3779B97F4A7C15  # odd, and as good as random: 2**64 over the golden ratio
_NONE = np.empty(0, np.int64)
_APOSTROPHE = re.compile("['\\u2018\\u2019]")
_WORD = re.compile(r"[^\W_]+")


def nearly_equal(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of different names that agree or nearly agree, each pair in order, once, sorted."""
    written: dict[str, list[str]] = {}
    for name in sorted(set(filter(None, names))):
        written.setdefault(plain(name), []).append(name)
    written.pop("", None)
    pairs = {(first, other) for same in written.values() for first, other in pairwise(same)}
    for one, two in _one_letter_apart(list(written)):
        first, other = sorted((written[one][0], written[two][0]))
        pairs.add((first, other))
    return sorted(pairs)


def plain(name: str) -> str:
    """A name's words without case, accents and punctuation, in alphabetical order."""
    letters = _APOSTROPHE.sub("", name)
    if not letters.isascii():
        letters = "".join(each for each in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(each))
    return " ".join(sorted(_WORD.findall(letters.casefold())))


def is_one_letter_apart(one: str, two: str) -> bool:
    """Whether one insertion, deletion, substitution or swap of neighbors makes the one the other."""
    if len(one) > len(two):
        one, two = two, one
    start = next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), len(one))
    if len(one) != len(two):
        return len(two) - len(one) == 1 and one[start:] == two[start + 1 :]
    swapped = one[start : start + 2][::-1] + one[start + 2 :]
    return one != two and (one[start + 1 :] == two[start + 1 :] or swapped == two[start:])


def _one_letter_apart(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    tellable = [name for name in names if len(name) >= SHORTEST and not any(map(str.isdigit, name))]
    # Equal shortenings have equal keys; that unequal ones may have them too only costs a comparison.
    for one, two in _filed_together(*_shortenings(tellable)):
        if is_one_letter_apart(tellable[one], tellable[two]):
            yield tellable[one], tellable[two]


def _filed_together(keys: Integers, places: Integers) -> list[tuple[int, int]]:
    """The pairs of different places that have a key in common, each once, sorted: ``(k), (k)``."""
    order = np.argsort(keys)
    keys, places = keys[order], places[order]
    begins = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
    files = np.flatnonzero(begins)
    filed = np.arange(len(keys)) - files[begins.cumsum() - 1] < MOST_IN_A_FILE
    keys, places = keys[filed], places[filed]
    pairs = [np.empty((0, 2), np.int64)]
    for apart in range(1, MOST_IN_A_FILE):
        same = np.flatnonzero(keys[apart:] == keys[:-apart])
        if not len(same):
            break
        pairs.append(np.column_stack([places[same], places[same + apart]]))
    found = np.unique(np.sort(np.concatenate(pairs)), axis=0)
    return [(one, two) for one, two in found.tolist() if one != two]


def _shortenings(names: Sequence[str]) -> tuple[Integers, Integers]:
    """A key of each name and of what is left of it without each of its letters, and the name's place: ``(k), (k)``.

    The key of a text is the sum of its letters, each times a power of ``_BASE`` for where it stands.
    """
    lengths = np.array([len(name) for name in names], np.int64)
    keys, places = [_NONE], [_NONE]
    for length in np.unique(lengths).tolist():
        mine = np.flatnonzero(lengths == length)
        written = np.array([names[place] for place in mine.tolist()], f"U{length}")
        letters = written.view(np.uint32).reshape(-1, length).astype(np.uint64)
        weights = np.cumprod(np.full(length, _BASE, np.uint64))
        before = np.pad((letters * weights).cumsum(-1), ((0, 0), (1, 0)))
        # Without a letter, those after it stand one place nearer to the beginning.
        after = np.pad((letters[:, 1:] * weights[:-1]).cumsum(-1), ((0, 0), (1, 0)))
        shortened = before[:, :-1] + (after[:, -1:] - after)
        keys.append(np.hstack([before[:, -1:], shortened]).ravel().view(np.int64))
        places.append(np.repeat(mine, length + 1))
    return np.concatenate(keys), np.concatenate(places)
