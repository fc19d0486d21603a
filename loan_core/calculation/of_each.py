"""What each loan has in a figure of a book: columns of numbers and of sums in minor units, all ``(loans)``.

Columns of one currency, voided loans left out. A figure is the sum of such a column, a share is one sum over another.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from loan_core.calculation.calendar import between_of_each
from loan_core.calculation.collection import Period, collected_of_each
from loan_core.calculation.exposure import exposures_on
from loan_core.calculation.heat_map import Lateness, lateness_between
from loan_core.calculation.money import Integers
from loan_core.calculation.portfolio import AGEING
from loan_core.calculation.position import Position, State, Status, Thresholds
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.rolling import places_of_each
from loan_core.calculation.schedule import Terms
from loan_core.calculation.vintages import first_late_of_each


@dataclass(frozen=True)
class Loans:
    """Loans as they stand on a day, ``(loans)`` each, and a period of days that ends on it or before.

    ``exponent``: the decimals of their currency. ``borrowers``: who each is lent to, the name as it is written, or the
    loan's id where there is none. ``largest``: those who owe most of the whole book, of which these may be a part.
    """

    terms: Terms
    receipts: Receipts
    at: Position
    as_of: np.datetime64
    first: np.datetime64
    last: np.datetime64
    exponent: int
    borrowers: Callable[[], Sequence[str | int]] = tuple
    largest: Sequence[str | int] = ()

    @cached_property
    def is_active(self) -> Integers:
        return (self.at.state == State.ACTIVE).astype(np.int64)

    @cached_property
    def is_in_arrears(self) -> Integers:
        return (self.at.arrears > 0).astype(np.int64)

    @cached_property
    def outstanding_principal(self) -> Integers:
        """Of the active ones, and 0 of the others."""
        return self.is_active * self.at.outstanding_principal

    @cached_property
    def overdue_principal(self) -> Integers:
        return self.is_active * self.at.overdue_principal

    @cached_property
    def is_past_term(self) -> Integers:
        found = np.zeros(len(self.receipts), np.int64)
        for rows, (at,) in exposures_on(self.terms, self.receipts, [self.as_of]):
            found[rows] = at.is_past_term
        return found

    @cached_property
    def collected(self) -> Period:
        """What was collected in the calendar months of the period."""
        return collected_of_each(self.terms, self.receipts, self.as_of, self.first, self.last)

    @cached_property
    def between(self) -> Integers:
        """What fell due in the days of the period, what of that was paid by its due date, what came in."""
        return between_of_each(self.terms, self.receipts, self.first, self.last)

    @cached_property
    def lateness(self) -> Lateness:
        """How late they were in the calendar months of the period."""
        return lateness_between(self.terms, self.receipts, self.as_of, self.first, self.last)

    @cached_property
    def moves(self) -> tuple[Integers, Integers]:
        """Where they were, and what they owed, at the ends of the period and of months in it: ``(days, loans)``."""
        ends = np.arange(self.first.astype("datetime64[M]") + 1, self.last.astype("datetime64[M]") + 2)
        within = ends.astype("datetime64[D]") - 1
        days = sorted({self.first, *within[(within > self.first) & (within < self.last)], self.last})
        return places_of_each(self.terms, self.receipts, days)

    @cached_property
    def is_of_the_largest(self) -> Integers:
        """Which are loans of the borrowers who owe most of all."""
        largest = frozenset(self.largest)
        return np.array([each in largest for each in self.borrowers()], np.int64)

    def months_late(self, start: int, end: int | None) -> Integers:
        """In how many months of the period each was so many days late: from ``start`` up to, not including, ``end``."""
        days = self.lateness.days
        is_meant = (days >= start) & (days < (2**62 if end is None else end))
        return np.bincount(self.lateness.loan[is_meant], minlength=len(self.receipts)).astype(np.int64)

    def first_late(self, rows: Integers, days: int) -> Integers:
        """The first day at whose end each of some loans was more than so many days past due, or never."""
        return first_late_of_each(self.terms[rows], self.receipts[rows], self.as_of, days)

    def moved(self, start: int, end: int | None, in_money: bool) -> Integers:
        """How often each moved from a place to another, or to any, and what was owed on it each time before."""
        place, owed = self.moves
        before, after = place[:-1], place[1:]
        is_meant = (before == start) & ((after > 0) if end is None else (after == end))
        return (is_meant * owed[:-1] if in_money else is_meant).sum(axis=0, dtype=np.int64)

    def is_of(self, status: Status) -> Integers:
        return self.is_active * (self.at.status == status)

    def is_later_than(self, days: int) -> Integers:
        return self.is_active * (self.at.days_past_due > days)

    def is_of_age(self, bucket: str) -> Integers:
        start, end = AGEING[bucket]
        return self.is_active * (self.at.days_past_due >= start) * (self.at.days_past_due < end)


Column = Callable[[Loans], Integers]


@dataclass(frozen=True)
class Figure:
    """A figure of a book: ``part`` summed over its loans, of a share over the sum of ``whole``.

    ``part_name`` and ``whole_name`` say what the two columns hold, money in minor units or a number of loans.
    ``source`` is empty where the definition is the book's own. ``period``: the figure is of days, or of the calendar
    months that they lie in. ``group``: the bars or cards that it stands among.
    ``of_the_largest``: it asks who owes most of all.
    """

    key: str
    name: str
    definition: str
    formula: str
    part_name: str
    part: Column
    whole_name: str = ""
    whole: Column | None = None
    unit: Literal["money", "loans"] = "money"
    period: Literal["", "days", "months"] = ""
    source: str = ""
    group: str = ""
    of_the_largest: bool = False

    @property
    def is_share(self) -> bool:
        return self.whole is not None

    def formula_by(self, thresholds: Thresholds) -> str:
        """The formula, with the percents from which a loan is Ahead and below which it is Behind."""
        return self.formula.format(**asdict(thresholds))
