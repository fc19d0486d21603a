"""Where the loans of a book stood on each of several days, in the few figures that risk is made of.

One schedule serves all the days. Each figure is ``position``'s: a day as it ended, by what had come in through it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from loan_core.calculation.columns import Columns
from loan_core.calculation.dates import NEVER
from loan_core.calculation.money import Integers
from loan_core.calculation.pairing import days_in_order, entries_up_to
from loan_core.calculation.position import State
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Schedule, Terms, schedule, slices


@dataclass(frozen=True)
class Exposure(Columns):
    """Loans on a day: each field ``(loans)``. ``is_past_term``: active, though its last due date is before the day."""

    state: Integers
    days_past_due: Integers
    outstanding_principal: Integers
    overdue_principal: Integers
    is_past_term: Integers


class Running:
    """A schedule ``(loans, n)`` with the running sums in which a day's figures are looked up."""

    def __init__(self, lines: Schedule) -> None:
        self.lines = lines
        self.due_on = days_in_order(lines)
        self.owed = lines.due.cumsum(-1)
        self.row = np.arange(len(self.owed))

    @cached_property
    def principal(self) -> Integers:
        """The principal of the first k installments in column k, so that column 0 is 0: ``(loans, n + 1)``."""
        return np.pad(self.lines.principal.cumsum(-1), ((0, 0), (1, 0)))

    @property
    def whole(self) -> Integers:
        return self.owed[:, -1]

    def first_unpaid(self, row: Integers, paid: Integers) -> Integers:
        """The place of the oldest installment that a sum does not cover, n where it covers all."""
        return entries_up_to(self.owed, row, paid)

    def unpaid_since(self, row: Integers, number: Integers) -> Integers:
        """The due date of an installment; the end of all days where there is none such."""
        last = self.due_on.shape[-1] - 1
        return np.where(number > last, NEVER, self.due_on[row, np.minimum(number, last)])


def exposures(terms: Terms, running: Running, paid: Integers, day: np.datetime64) -> Exposure:
    """Where the loans of a schedule stood at the end of a day, given what each had paid by then."""
    row, lines = running.row, running.lines
    number = running.first_unpaid(row, paid)
    at = np.minimum(number, lines.due.shape[-1] - 1)
    before = running.owed[row, at] - lines.due[row, at]
    part = np.clip(paid - before - lines.interest[row, at], 0, lines.principal[row, at])
    covered = np.where(paid >= running.whole, terms.principal, running.principal[row, at] + part)
    passed = entries_up_to(running.due_on, row, np.full(len(row), day - 1))
    since = running.unpaid_since(row, number)
    state = np.select(
        [terms.start_on > day, paid >= running.whole], [State.PENDING, State.PAID_OFF], np.int64(State.ACTIVE)
    )
    return Exposure(
        state=state,
        days_past_due=np.maximum((day - since).astype(np.int64), 0),
        outstanding_principal=terms.principal - covered,
        overdue_principal=np.maximum(running.principal[row, passed] - covered, 0),
        is_past_term=(state == State.ACTIVE) & (passed == terms.repayment_period),
    )


def exposures_on(
    terms: Terms, receipts: Receipts, days: Sequence[np.datetime64]
) -> Iterator[tuple[Integers, list[Exposure]]]:
    """For each slice of a book: its rows, and where they stood at the end of each of the days."""
    for rows in slices(terms):
        agreed, received = terms[rows], receipts[rows]
        running = Running(schedule(agreed))
        yield rows, [exposures(agreed, running, received.through(day), day) for day in days]
