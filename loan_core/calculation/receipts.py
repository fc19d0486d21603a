"""What a book's loans received, as columns: loan by loan, and within a loan day by day."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from loan_core.calculation.money import Integers

# A day is well below a million since the epoch: one number orders by loan, then by day.
_DAYS = 2**21
_FIRST_DAY = 2**20


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
        order = np.lexsort((received_on, loan))
        starts = np.searchsorted(loan[order], np.arange(loans + 1))
        return cls(starts, received_on[order].astype("datetime64[D]"), amount[order])

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
        sums = self._sums
        return sums[1:] - np.repeat(sums[self.starts[:-1]], self.counts)

    def through(self, day: np.datetime64) -> Integers:
        """What each loan had received by the end of a day: ``() -> (loans)``."""
        counted = np.where(self.received_on <= day, self.amount, 0)
        sums = np.concatenate([[0], counted.cumsum()])
        return sums[self.starts[1:]] - sums[self.starts[:-1]]

    def by(self, loan: Integers, day: Integers) -> Integers:
        """What a loan had received by the end of a day, for each pair: ``(n), (n) -> (n)``."""
        upto = np.searchsorted(self._keys, loan * _DAYS + day.astype(np.int64) + _FIRST_DAY, side="right")
        return self._sums[upto] - self._sums[self.starts[loan]]

    @cached_property
    def _sums(self) -> Integers:
        return np.concatenate([[0], self.amount.cumsum()])

    @cached_property
    def _keys(self) -> Integers:
        return self.loan * _DAYS + self.received_on.astype(np.int64) + _FIRST_DAY
