"""How late each loan was, month by month: as numbers for some loans, in bands for a whole book.

A loan's days late in a month are those of the installments due in it, the worst of them: paid, from the due date to
the day it was covered in full, 0 where that was early or on time; unpaid, from the due date to ``as_of``. An
installment that is not yet late and not yet paid says nothing, and so does one of nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from loan_core.calculation.columns import Columns
from loan_core.calculation.money import Integers
from loan_core.calculation.pairing import by_day, kept, months_of, paid_on, pieces
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Terms, schedule, slices
from loan_core.calculation.tally import added, tally_pairs

NOT_SAID = -1
BANDS = {"on time": (0, 1), "1-7": (1, 8), "8-30": (8, 31), "31-60": (31, 61), "61-90": (61, 91), "91+": (91, 2**62)}
"""Days late of each band, half-open: from the first, below the second."""


@dataclass(frozen=True)
class Lateness(Columns):
    """A row for each loan and month of which there is anything to say, by loan, then by month: each field ``(q)``.

    ``month`` is a ``datetime64[M]`` as a whole number.
    """

    loan: Integers
    month: Integers
    days: Integers


@dataclass(frozen=True)
class HeatMap:
    """A table of some loans: ``days`` is ``(loans, months)``, ``NOT_SAID`` where there is nothing to say."""

    months: Integers
    days: Integers


@dataclass(frozen=True)
class HeatBands:
    """A whole book: how many loans of each month lie in each band, by its place in ``BANDS``."""

    as_of: np.datetime64
    loans: Mapping[tuple[int, int], int]

    def __add__(self, other: "HeatBands") -> "HeatBands":
        if self.as_of != other.as_of:
            raise ValueError("Two days are not added.")
        return HeatBands(self.as_of, added([self.loans, other.loans]))

    @property
    def months(self) -> Integers:
        known = sorted({month for month, _ in self.loans})
        return np.arange(known[0], known[-1] + 1).astype("datetime64[M]") if known else np.empty(0, "datetime64[M]")

    def of(self, month: np.datetime64) -> dict[str, int]:
        """The number of loans in each band of a month; their sum is the number of loans there is anything to say of."""
        key = int(month.astype(np.int64))
        return {name: self.loans.get((key, place), 0) for place, name in enumerate(BANDS)}


def heat_map(terms: Terms, receipts: Receipts, as_of: np.datetime64) -> HeatMap:
    """The table of some loans, all at once: a thousand, not a book. Months run from the first due to the last known."""
    found = lateness(terms, receipts, as_of)
    if not len(found.month):
        return HeatMap(np.empty(0, "datetime64[M]"), np.empty((len(terms.principal), 0), np.int64))
    months = np.arange(found.month.min(), found.month.max() + 1)
    days = np.full((len(terms.principal), len(months)), NOT_SAID)
    days[found.loan, found.month - months[0]] = found.days
    return HeatMap(months.astype("datetime64[M]"), days)


def heat_bands(terms: Terms, receipts: Receipts, as_of: np.datetime64) -> HeatBands:
    """A book of one currency, voided loans left out, in slices; disjoint sets of loans add up (``+``)."""
    starts = [start for start, _ in BANDS.values()]

    def banded(rows: Integers) -> HeatBands:
        found = lateness(terms[rows], receipts[rows], as_of)
        band: Integers = np.searchsorted(starts, found.days, side="right") - 1
        return HeatBands(as_of, tally_pairs(found.month, band, np.ones(len(band), np.int64)))

    return reduce(add, map(banded, slices(terms)), HeatBands(as_of, {}))


def lateness_between(
    terms: Terms, receipts: Receipts, as_of: np.datetime64, first: np.datetime64, last: np.datetime64
) -> Lateness:
    """The rows of the months from ``first`` through ``last`` of a book, in slices."""
    found = Lateness(*np.zeros((3, 0), np.int64))
    for rows in slices(terms):
        late = lateness(terms[rows], receipts[rows], as_of)
        mine = late[(late.month >= months_of(first)) & (late.month <= months_of(last))]
        joined = zip((found.loan, found.month, found.days), (rows[mine.loan], mine.month, mine.days), strict=True)
        found = Lateness(*map(np.concatenate, joined))
    return found


def lateness(terms: Terms, receipts: Receipts, as_of: np.datetime64) -> Lateness:
    """How late loans were in each month: ``(loans), Receipts of the same loans``."""
    lines, stayed = schedule(terms), kept(by_day(receipts, as_of))
    paid = paid_on(lines, stayed, pieces(lines, stayed))
    until = np.where(np.isnat(paid), as_of, paid)
    # No due date after as_of and no day of payment: nothing is late, and nothing is paid.
    says = (lines.due > 0) & ~(np.isnat(paid) & (lines.due_on >= as_of))
    loan: Integers = np.nonzero(says)[0]
    month, days = months_of(lines.due_on[says]), np.maximum((until - lines.due_on)[says].astype(np.int64), 0)
    begins = np.flatnonzero(np.append(True, (loan[1:] != loan[:-1]) | (month[1:] != month[:-1]))[: len(loan)])
    worst = np.maximum.reduceat(days, begins) if len(begins) else days
    return Lateness(loan[begins], month[begins], worst)
