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
from itertools import combinations, pairwise

import numpy as np

from loan_core.calculation.money import Integers

SHORTEST = 5
MOST_IN_A_FILE = 50
"""A shortening that more names share than this is no sign of one borrower; the rest of them is not compared."""

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
    # Equal shortenings have equal hashes; that unequal ones may have them too only costs a comparison.
    keys = np.fromiter((hash(each) for name in tellable for each in _shortenings(name)), np.int64)
    places = np.repeat(np.arange(len(tellable)), [len(name) + 1 for name in tellable])
    seen = {pair for together in _filed_together(keys, places) for pair in combinations(together, 2)}
    for one, two in sorted(seen):
        if is_one_letter_apart(tellable[one], tellable[two]):
            yield tellable[one], tellable[two]


def _filed_together(keys: Integers, places: Integers) -> Iterator[list[int]]:
    """The places that have a key in common, in order: ``(k), (k)``."""
    order = np.argsort(keys, kind="stable")
    keys, places = keys[order], places[order]
    begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    ends = np.append(begins[1:], len(keys))
    shared = ends - begins > 1
    for begin, end in zip(begins[shared].tolist(), ends[shared].tolist(), strict=True):
        yield sorted(set(places[begin : min(end, begin + MOST_IN_A_FILE)].tolist()))


def _shortenings(name: str) -> list[str]:
    """A name, and what is left of it without each of its letters."""
    return [name, *(name[:at] + name[at + 1 :] for at in range(len(name)))]
