"""What each loan has in a figure of a book: columns of numbers and of sums in minor units, all ``(loans)``.

Columns of one currency, voided loans left out. A figure is the sum of such a column, a share is one sum over another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from loan_core.calculation.calendar import between_of_each
from loan_core.calculation.collection import Period, collected_of_each
from loan_core.calculation.exposure import exposures_on
from loan_core.calculation.money import Integers
from loan_core.calculation.portfolio import AGEING
from loan_core.calculation.position import Position, State, Status
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Terms


@dataclass(frozen=True)
class Loans:
    """Loans as they stand on a day, ``(loans)`` each, and a period of days that ends on it or before.

    ``exponent``: the decimals of their currency.
    """

    terms: Terms
    receipts: Receipts
    at: Position
    as_of: np.datetime64
    first: np.datetime64
    last: np.datetime64
    exponent: int

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

    @property
    def is_share(self) -> bool:
        return self.whole is not None
