"""Who owes most, and how a book is spread: borrowers, rates, sizes, terms.

Columns of one currency, voided loans left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest

import numpy as np

from loan_core.calculation.dates import PERIODS_PER_YEAR
from loan_core.calculation.money import Integers, ratio
from loan_core.calculation.position import State
from loan_core.calculation.schedule import Terms
from loan_core.calculation.tally import sums

RATE_EDGES_PPM = (0, 1, 50_000, 100_000, 150_000, 200_000, 250_000, 300_000, 400_000, 500_000, 1_000_000)
"""Nominal rates a year: none; above 0 and below 5 %; from 5 % below 10 %; … from 100 %."""

TERM_EDGES = (0, 3, 6, 12, 18, 24, 36, 60, 120)
"""Whole months of the agreed term: below 3; from 3 below 6; … from 120."""


@dataclass(frozen=True)
class Owed:
    """What one borrower owes: the outstanding principal of so many active loans."""

    loans: int
    outstanding_principal: int


@dataclass(frozen=True)
class Borrowers:
    """By borrower, as the name is written; a loan without a name stands for itself, under its id."""

    owed: Mapping[str | int, Owed]

    @property
    def gross_portfolio(self) -> int:
        return sum(each.outstanding_principal for each in self.owed.values())

    def top(self, number: int = 10) -> list[tuple[str | int, Owed]]:
        """The borrowers who owe most, the largest first; those who owe the same by name."""
        return nsmallest(number, self.owed.items(), key=lambda row: (-row[1].outstanding_principal, str(row[0])))

    def share(self, number: int = 10) -> float | None:
        """The share of the gross portfolio that the largest borrowers owe; None for a book that is owed nothing."""
        return ratio(sum(each.outstanding_principal for _, each in self.top(number)), self.gross_portfolio)


@dataclass(frozen=True)
class Histogram:
    """Loans by half-open steps: from an edge up to, not including, the next; the last has no end.

    ``loans`` and ``amount`` are ``(edges)`` of Python's whole numbers: how many, and what of it was asked to be summed.
    Those of disjoint sets of loans add up (``+``).
    """

    edges: tuple[int, ...]
    loans: Integers
    amount: Integers

    def __add__(self, other: "Histogram") -> "Histogram":
        if self.edges != other.edges:
            raise ValueError("Histograms with different edges are not added.")
        return Histogram(self.edges, self.loans + other.loans, self.amount + other.amount)


def borrowers(names: Sequence[str | int], state: Integers, outstanding_principal: Integers) -> Borrowers:
    """What each borrower of active loans owes: ``(loans)`` each, the id of a loan without a name in its place."""
    active = np.flatnonzero(state == State.ACTIVE).tolist()
    amounts = outstanding_principal.tolist()
    loans: dict[str | int, int] = {}
    sums_by_name: dict[str | int, int] = {}
    for row in active:
        name = names[row]
        loans[name] = loans.get(name, 0) + 1
        sums_by_name[name] = sums_by_name.get(name, 0) + amounts[row]
    return Borrowers({name: Owed(loans[name], amount) for name, amount in sums_by_name.items()})


def histogram(values: Integers, edges: tuple[int, ...], amounts: Integers) -> Histogram:
    """Loans by their values, none of which is below the first edge: ``(loans), (edges), (loans)``."""
    place: Integers = np.searchsorted(edges, values, side="right") - 1
    ones = np.ones(len(place), np.int64)
    return Histogram(edges, sums(place, ones, len(edges)), sums(place, amounts, len(edges)))


def size_edges(exponent: int) -> tuple[int, ...]:
    """Amounts lent, in minor units of a currency with so many decimals: 0, 100, 200, 500, 1,000, … 10 million."""
    steps = (digit * 10**power for power in range(2, 7) for digit in (1, 2, 5))
    return (0, *(step * 10**exponent for step in steps), 10 ** (7 + exponent))


def term_in_months(terms: Terms) -> Integers:
    """The agreed term in whole months: 52 weeks are 12, 16 weeks are 3: ``(loans) -> (loans)``."""
    return terms.repayment_period * 12 // PERIODS_PER_YEAR[terms.frequency]
