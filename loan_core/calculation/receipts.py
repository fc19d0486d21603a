"""What a book's loans received, as columns: loan by loan, and within a loan day by day."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from loan_core.calculation.money import Integers, sums_by

LAST_DAY = 2**20 - 1
"""No day of calculation is later, counted from the epoch."""


@dataclass(frozen=True)
class Receipts:
    """The receipts of loan i stand from ``starts[i]`` up to ``starts[i + 1]`` of the columns.

    ``starts`` is ``(loans + 1)``, ``received_on`` and ``amount`` are ``(r)``. Amounts are in minor units, a reversal's
    is negative. Sums run over the whole column and may leave int64 on the way; a difference of two of them is exact
    all the same as long as one loan's own sums stay within it.
    """

    starts: Integers
    received_on: Integers
    amount: Integers

    @classmethod
    def of(cls, loan: Integers, received_on: Integers, amount: Integers, loans: int) -> Self:
        """Rows in any order, ``loan`` being each one's place in the book of so many ``loans``: ``(r), (r), (r)``."""
        received_on = received_on.astype("datetime64[D]")
        keys = loan_days(loan, received_on.astype(np.int64))
        if (keys[1:] < keys[:-1]).any():
            order = np.argsort(keys, kind="stable")
            loan, received_on, amount = loan[order], received_on[order], amount[order]
        return cls(np.searchsorted(loan, np.arange(loans + 1)), received_on, amount)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, rows: Integers) -> Self:
        """The receipts of some of the loans, in their order."""
        places = self.rows_of(rows)
        return type(self)(np.append(0, self.counts[rows].cumsum()), self.received_on[places], self.amount[places])

    def rows_of(self, loans: Integers) -> Integers:
        """Where the receipts of some of the loans stand in the columns, in the order of those loans: ``(l) -> (r)``."""
        counts = self.counts[loans]
        ends = counts.cumsum()
        return np.arange(counts.sum()) + np.repeat(self.starts[:-1][loans] - ends + counts, counts)

    def until(self, day: np.datetime64) -> Self:
        """Those that came in by the end of a day."""
        counts = self.received_on <= day
        if counts.all():
            return self
        stay = np.concatenate([[0], counts.cumsum()])
        return type(self)(stay[self.starts], self.received_on[counts], self.amount[counts])

    @cached_property
    def counts(self) -> Integers:
        """How many receipts each loan has: ``(loans)``."""
        return np.diff(self.starts)

    @cached_property
    def loan(self) -> Integers:
        """Each receipt's loan, as its place in the book: ``(r)``."""
        return np.repeat(np.arange(len(self)), self.counts)

    @cached_property
    def paid_after(self) -> Integers:
        """What the loan had received in all after each receipt: ``(r)``."""
        sums = np.concatenate([[0], self.amount.cumsum()])
        return sums[1:] - np.repeat(sums[self.starts[:-1]], self.counts)

    def through(self, day: Integers) -> Integers:
        """What each loan had received by the end of a day, or of days in their order: ``(...) -> (..., loans)``."""
        days = np.asarray(day).astype("datetime64[D]")
        first = np.searchsorted(days.ravel().astype(np.int64), self.received_on.astype(np.int64))
        sums = sums_by(first * len(self) + self.loan, self.amount, (days.size + 1) * len(self))
        return sums.reshape(days.size + 1, len(self))[:-1].cumsum(0).reshape(*days.shape, len(self))


def loan_days(loan: Integers, day: Integers) -> Integers:
    """One number that orders by loan, then by day: ``(...), (...) -> (...)``."""
    return loan * 2**21 + day + 2**20
