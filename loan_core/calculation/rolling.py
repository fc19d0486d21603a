"""How loans moved from one month's end to the next between the ages of their arrears: roll rates.

Columns of one currency, voided loans left out; the results of disjoint sets of loans add up (``+``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loan_core.calculation.exposure import Exposure, exposures_on
from loan_core.calculation.money import Integers
from loan_core.calculation.portfolio import AGEING, AGES_SAID
from loan_core.calculation.position import State
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.risk import bucket_of
from loan_core.calculation.schedule import Terms
from loan_core.calculation.tally import sums

NEW, PAID_OFF = "new", "paid off"
PLACES = (NEW, *AGEING, PAID_OFF)
"""Where a loan can be: not yet begun, active of some age, or paid off."""
PLACES_SAID = {NEW: "not yet begun", **AGES_SAID, "current": "current", PAID_OFF: "paid off"}
"""Each of them in a sentence, of a loan."""


@dataclass(frozen=True)
class Moves:
    """How a book's loans moved between the ends of two days, from the row's place in ``PLACES`` to the column's.

    ``loans`` and ``principal_before`` are ``(places, places)`` of Python's whole numbers: how many moved, and their
    outstanding principal on the first day (what a loan not yet begun will lend is none). A loan that had not begun by
    the second day has not moved, and is in no cell.
    """

    start: np.datetime64
    end: np.datetime64
    loans: Integers
    principal_before: Integers

    def __add__(self, other: "Moves") -> "Moves":
        if (self.start, self.end) != (other.start, other.end):
            raise ValueError("Two spans of days are not added.")
        principal = self.principal_before + other.principal_before
        return Moves(self.start, self.end, self.loans + other.loans, principal)


def moves(terms: Terms, receipts: Receipts, days: Sequence[np.datetime64]) -> list[Moves]:
    """How a book's loans moved from each of the days to the next: one fewer than days, from one pass."""
    size = (2, len(PLACES), len(PLACES))
    found = [Moves(*span, *np.zeros(size, dtype=object)) for span in pairwise(days)]
    for _, at in exposures_on(terms, receipts, days):
        places = [_places(each) for each in at]
        spans = zip(found, pairwise(at), pairwise(places), strict=True)
        found = [so_far + _moved(so_far, before, *where) for so_far, (before, _), where in spans]
    return found


def places_of_each(terms: Terms, receipts: Receipts, days: Sequence[np.datetime64]) -> tuple[Integers, Integers]:
    """Where each loan was at the end of each day, by its place in ``PLACES``, and what was owed: ``(days, loans)``."""
    place, owed = np.zeros((2, len(days), len(receipts)), np.int64)
    for rows, at in exposures_on(terms, receipts, days):
        place[:, rows] = [_places(each) for each in at]
        owed[:, rows] = [np.where(each.state == State.PENDING, 0, each.outstanding_principal) for each in at]
    return place, owed


def _places(at: Exposure) -> Integers:
    active = 1 + bucket_of(at.days_past_due)
    return np.select([at.state == State.PENDING, at.state == State.PAID_OFF], [0, len(PLACES) - 1], active)


def _moved(span: Moves, before: Exposure, start: Integers, end: Integers) -> Moves:
    begun = end != 0
    cell, size = (start * len(PLACES) + end)[begun], len(PLACES) ** 2
    owed = np.where(start == 0, 0, before.outstanding_principal)[begun]
    columns = (np.ones(len(cell), np.int64), owed)
    square = (len(PLACES), len(PLACES))
    return Moves(span.start, span.end, *(sums(cell, each, size).reshape(square) for each in columns))
