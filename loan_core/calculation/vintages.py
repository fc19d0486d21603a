"""Loans by the month they began: what share was ever so many days past due by each month on book.

Exact, not sampled at month ends: the first day on which a loan was more than d days past due follows from its due
dates and from what it had received by each day, as ``position`` would have said at the end of that day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from loan_core.calculation.dates import NEVER
from loan_core.calculation.exposure import Running
from loan_core.calculation.money import Integers
from loan_core.calculation.pairing import by_day, months_of
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Terms, schedule, slices
from loan_core.calculation.tally import added, tally, tally_pairs

LATE_DAYS = (30, 60, 90)
THIN = 30
"""Below so many loans a share is a rumor: its cell is marked."""
_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Cell:
    """Of the ``loans`` that began in a month, how many were ``late`` by a month on book."""

    loans: int
    late: int


@dataclass(frozen=True)
class Vintages:
    """Loans that had begun by ``as_of``, by the month in which they did.

    ``loans``: {month: how many}. ``late``: {d: {(month of start, month on book): how many were for the first time more
    than d days past due in that month on book}}. A month on book is a calendar month, 0 is the month of start.
    """

    as_of: np.datetime64
    loans: Mapping[int, int]
    late: Mapping[int, Mapping[tuple[int, int], int]]

    def __add__(self, other: "Vintages") -> "Vintages":
        if self.as_of != other.as_of:
            raise ValueError("Two days are not added.")
        late = {days: added([first, other.late[days]]) for days, first in self.late.items()}
        return Vintages(self.as_of, added([self.loans, other.loans]), late)

    @property
    def months(self) -> Integers:
        """The months in which loans began, in order: those without any too."""
        known = sorted(self.loans)
        return np.arange(known[0], known[-1] + 1).astype("datetime64[M]") if known else np.empty(0, "datetime64[M]")

    def months_on_book(self, month: np.datetime64) -> int:
        """How many months on book a month's loans have begun by ``as_of``; the last is counted through that day."""
        return int((self.as_of.astype("datetime64[M]") - month).astype(np.int64)) + 1

    def cells(self, month: np.datetime64, days: int) -> list[Cell]:
        """The cells of a month of start, one for each month on book that has begun; what is to come has no cell."""
        key = int(month.astype(np.int64))
        loans = self.loans.get(key, 0)
        if not loans:
            return []
        firsts = [self.late[days].get((key, on_book), 0) for on_book in range(self.months_on_book(month))]
        return [Cell(loans, int(late)) for late in np.cumsum(firsts)]


def vintages(terms: Terms, receipts: Receipts, as_of: np.datetime64) -> Vintages:
    """The vintages of a book of one currency, voided loans left out; disjoint sets of loans add up (``+``)."""
    found = Vintages(as_of, {}, {days: {} for days in LATE_DAYS})
    for rows in slices(terms):
        rows = rows[terms.start_on[rows] <= as_of]
        if len(rows):
            firsts = first_late_on(terms[rows], receipts[rows], as_of)
            found = found + _of_slice(months_of(terms.start_on[rows]), firsts, as_of)
    return found


def first_late_of_each(terms: Terms, receipts: Receipts, as_of: np.datetime64, days: int) -> Integers:
    """The first day at whose end each loan of a book was more than so many days past due, or never, in slices."""
    found = np.full(len(receipts), NEVER)
    for rows in slices(terms):
        found[rows] = first_late_on(terms[rows], receipts[rows], as_of)[days]
    return found


def first_late_on(terms: Terms, receipts: Receipts, as_of: np.datetime64) -> dict[int, Integers]:
    """By days d, the first day through ``as_of`` at whose end each loan was more than d days past due, or never.

    Between two receipts the oldest unpaid installment stays the same: so each such stretch of days is looked at once.
    """
    running, days = Running(schedule(terms)), by_day(receipts, as_of)
    loan = np.concatenate([running.row, days.loan])
    paid = np.concatenate([np.zeros(len(running.row), np.int64), days.paid_after])
    start = np.concatenate([terms.start_on, days.received_on])
    # A stretch ends where the loan's next receipt comes in, its last one with as_of.
    after = as_of + 1
    came_on = np.append(days.received_on, after)
    is_last = np.append(days.loan[1:] != days.loan[:-1], True)[: len(days.loan)]
    ends_at = np.concatenate(
        [
            np.where(days.counts > 0, came_on[days.starts[:-1]], after),
            np.where(is_last, after, came_on[1:]),
        ]
    )
    since = running.unpaid_since(loan, running.first_unpaid(loan, paid))
    return {each: _earliest(loan, since, start, ends_at, each, len(running.row)) for each in LATE_DAYS}


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Where a share of ``whole``, above 0, lies with 95 % confidence (Wilson, JASA 22, 1927: the score interval)."""
    z2, share = _NORMAL_95**2, part / whole
    middle = share + z2 / (2 * whole)
    half = _NORMAL_95 * sqrt(share * (1 - share) / whole + z2 / (4 * whole**2))
    scale = 1 + z2 / whole
    return max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)


def _earliest(loan: Integers, since: Integers, start: Integers, ends_at: Integers, days: int, loans: int) -> Integers:
    """The first day of any stretch on which its oldest unpaid installment was more than so many days past due."""
    late_from = np.maximum(since + days + 1, start)
    is_late = (since < NEVER) & (late_from < ends_at)
    first = np.full(loans, NEVER)
    np.minimum.at(first, loan[is_late], late_from[is_late])
    return first


def _of_slice(started: Integers, firsts: dict[int, Integers], as_of: np.datetime64) -> Vintages:
    late = {}
    for days, first in firsts.items():
        was = first < NEVER
        began, on_book = started[was], months_of(first[was]) - started[was]
        late[days] = tally_pairs(began, on_book, np.ones(len(began), np.int64))
    return Vintages(as_of, tally(started, np.ones(len(started), np.int64)), late)
