"""Where a loan stands on a day: every field of its status, for one loan and for a book by the same lines."""

from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cached_property
from typing import Self

import numpy as np

from loan_core.calculation.columns import Columns
from loan_core.calculation.dates import NO_DAY
from loan_core.calculation.money import Integers
from loan_core.calculation.schedule import Schedule, Terms, schedule


class Status(IntEnum):
    """What was paid against what was expected."""

    AHEAD = 0
    ON_TRACK = 1
    BEHIND = 2


class State(IntEnum):
    """Where a loan is in its life."""

    PENDING = 0
    ACTIVE = 1
    PAID_OFF = 2
    VOIDED = 3


class Outcome(IntEnum):
    """What became of one installment."""

    EARLY = 0
    ON_TIME = 1
    LATE = 2
    PART_PAID = 3
    MISSED = 4
    DUE_TODAY = 5
    NEXT = 6
    UPCOMING = 7
    NOTHING_DUE = 8


@dataclass(frozen=True)
class Thresholds:
    """Whole percents of what was expected, at most 200: Ahead from the one, Behind below the other."""

    ahead_percent: int = 110
    behind_percent: int = 90


@dataclass(frozen=True)
class Position(Columns):
    """A loan on a day: each field ``(...)``. Money in minor units; a date that is not there is NaT."""

    state: Integers
    status: Integers
    months_passed: Integers
    expected_paid: Integers
    total_amount_paid: Integers
    remaining_balance: Integers
    outstanding_principal: Integers
    overpaid_amount: Integers
    arrears: Integers
    overdue_principal: Integers
    days_past_due: Integers
    next_due_on: Integers
    next_due_amount: Integers
    ahead_by: Integers
    days_ahead: Integers
    paid_up_to: Integers
    total_due: Integers

    @classmethod
    def of(cls, reckoning: "Reckoning") -> Self:
        """Every figure of a reckoning."""
        return cls(**{name: getattr(reckoning, name) for name in POSITION_TYPES})

    @classmethod
    def empty(cls, loans: int | tuple[int, ...]) -> Self:
        """Room for the positions of so many loans, or of any shape."""
        return cls(**{name: np.empty(loans, dtype) for name, dtype in POSITION_TYPES.items()})


POSITION_TYPES = {
    field.name: "M8[D]" if field.name in ("next_due_on", "paid_up_to") else "i8" for field in fields(Position)
}


@dataclass(frozen=True)
class Course:
    """How what is owed grows from installment to installment: ``sums[..., k]`` is of the first k, so from 0 on.

    ``due_on`` and ``interest`` are ``(..., n)``, the sums ``(..., n + 1)``. One course serves any number of days.
    """

    due_on: Integers
    interest: Integers
    due_sums: Integers
    principal_sums: Integers

    @classmethod
    def of(cls, lines: Schedule) -> Self:
        return cls(lines.due_on, lines.interest, _running(lines.due), _running(lines.principal))


@dataclass(frozen=True)
class Reckoning:
    """Where loans stand at the end of ``as_of``, given what was received by then: figure by figure, as it is asked for.

    One day, or several along an axis before the loans': ``paid`` is ``(..., loans)``, ``as_of`` spreads to it. The due
    date itself is day 0: nobody is late on the day it is due (Apache Fineract, "overdue only if due < business date").
    So Behind and arrears look at what fell due before ``as_of``, Ahead at what is due through it. Money covers the
    oldest first, so all follows from how many installments are due, and how many are covered.
    """

    start_on: Integers
    paid: Integers
    is_voided: Integers
    as_of: Integers
    thresholds: Thresholds
    course: Course

    @cached_property
    def state(self) -> Integers:
        state = np.where(self.remaining_balance == 0, State.PAID_OFF, State.ACTIVE)
        return np.where(self.is_voided, State.VOIDED, np.where(self.start_on > self.as_of, State.PENDING, state))

    @cached_property
    def status(self) -> Integers:
        # No threshold is above 200 %: beyond that more money changes nothing, and would leave int64.
        paid = np.minimum(self.paid, 2 * self.expected_paid + 1) * 100
        is_ahead = (paid > 0) & (paid >= self.expected_paid * self.thresholds.ahead_percent)
        is_behind = paid < self._expected_before * self.thresholds.behind_percent
        return np.where(is_ahead, Status.AHEAD, np.where(is_behind, Status.BEHIND, Status.ON_TRACK))

    @cached_property
    def months_passed(self) -> Integers:
        return self._due_before + (_at(self.course.due_on, self._due_before) == self.as_of)

    @cached_property
    def expected_paid(self) -> Integers:
        return _at(self.course.due_sums, self.months_passed)

    @property
    def total_amount_paid(self) -> Integers:
        return self.paid

    @cached_property
    def remaining_balance(self) -> Integers:
        return self.total_due - self._pours

    @cached_property
    def outstanding_principal(self) -> Integers:
        return self.course.principal_sums[..., -1] - self._covered_principal

    @cached_property
    def overpaid_amount(self) -> Integers:
        return np.maximum(self.paid - self.total_due, 0)

    @cached_property
    def arrears(self) -> Integers:
        return np.maximum(self._expected_before - self._pours, 0)

    @cached_property
    def overdue_principal(self) -> Integers:
        return np.maximum(_at(self.course.principal_sums, self._due_before) - self._covered_principal, 0)

    @cached_property
    def days_past_due(self) -> Integers:
        oldest = _at(self.course.due_on, self._covered)
        return np.where(self._covered < self._due_before, (self.as_of - oldest).astype(np.int64), 0)

    @cached_property
    def next_due_on(self) -> Integers:
        return np.where(self.next_due_amount > 0, _at(self.course.due_on, self._before_next), NO_DAY)

    @cached_property
    def next_due_amount(self) -> Integers:
        due_sums, settled = self.course.due_sums, self._before_next
        return _at(due_sums, settled + 1) - np.maximum(_at(due_sums, settled), self._pours)

    @cached_property
    def ahead_by(self) -> Integers:
        return self.paid - self.expected_paid

    @cached_property
    def days_ahead(self) -> Integers:
        return np.where(self.days_past_due > 0, -self.days_past_due, _days(self.paid_up_to - self.as_of))

    @cached_property
    def paid_up_to(self) -> Integers:
        # An installment may be of nothing: what money reaches was of something.
        reached = _count(self.course.due_sums[..., 1:], np.less, self._covered_due)
        return np.where(self._covered_due > 0, _at(self.course.due_on, reached), NO_DAY)

    @property
    def total_due(self) -> Integers:
        return self.course.due_sums[..., -1]

    @cached_property
    def _pours(self) -> Integers:
        return np.clip(self.paid, 0, self.total_due)

    @cached_property
    def _due_before(self) -> Integers:
        return _count(self.course.due_on, np.less, self.as_of)

    @cached_property
    def _expected_before(self) -> Integers:
        return _at(self.course.due_sums, self._due_before)

    @cached_property
    def _covered(self) -> Integers:
        return _count(self.course.due_sums[..., 1:], np.less_equal, self._pours)

    @cached_property
    def _covered_due(self) -> Integers:
        return _at(self.course.due_sums, self._covered)

    @cached_property
    def _covered_principal(self) -> Integers:
        beyond_interest = self._pours - self._covered_due - _at(self.course.interest, self._covered)
        return _at(self.course.principal_sums, self._covered) + np.maximum(beyond_interest, 0)

    @cached_property
    def _before_next(self) -> Integers:
        # An installment may be of nothing: what is next owes something.
        settled = np.maximum(self._pours, self._expected_before)
        return _count(self.course.due_sums[..., 1:], np.less_equal, settled)


def position(
    terms: Terms,
    paid: Integers,
    is_voided: Integers,
    as_of: np.datetime64,
    thresholds: Thresholds,
    course: Course | None = None,
) -> Position:
    """Where loans stand at the end of ``as_of``, all of it: ``(...) -> (...)``."""
    course = course or Course.of(schedule(terms))
    return Position.of(Reckoning(terms.start_on, paid, is_voided, as_of, thresholds, course))


def outcomes(lines: Schedule, unpaid: Integers, paid_on: Integers, as_of: np.datetime64) -> tuple[Integers, Integers]:
    """What became of each installment of one loan, and the days that go with it: ``(n) -> (n), (n)``.

    Days are late (+) or early (−) where it is paid, past due where it is not, and 0 where neither is said.
    """
    is_paid, is_past = unpaid == 0, lines.due_on < as_of
    is_open = ~is_paid & ~is_past
    days: Integers = np.where(is_paid, _signed_days(paid_on - lines.due_on), _days(as_of - lines.due_on))
    days = np.where(lines.due == 0, 0, days)
    first_that_holds = {
        Outcome.NOTHING_DUE: lines.due == 0,
        Outcome.EARLY: is_paid & (days < 0),
        Outcome.ON_TIME: is_paid & (days == 0),
        Outcome.LATE: is_paid,
        Outcome.PART_PAID: is_past & (unpaid < lines.due),
        Outcome.MISSED: is_past,
        Outcome.DUE_TODAY: lines.due_on == as_of,
        Outcome.NEXT: is_open & (is_open.cumsum(-1) == 1),
        Outcome.UPCOMING: is_open,
    }
    return np.select(list(first_that_holds.values()), [np.int64(each) for each in first_that_holds]), days


def _running(each: Integers) -> Integers:
    """The sums of the first 0, 1, … n: ``(..., n) -> (..., n + 1)``, kept as the schedule is, loans side by side."""
    rows = np.moveaxis(each, -1, 0)
    sums = np.zeros((len(rows) + 1, *rows.shape[1:]), dtype=np.int64)
    # All loans at once: NumPy's own running sum would go through them one by one.
    for number, row in enumerate(rows):
        sums[number + 1] = sums[number] + row
    return np.moveaxis(sums, 0, -1)


def _count(columns: Integers, compare: np.ufunc, limit: Integers) -> Integers:
    """How many of each loan's installments are so, compared with the loan's limit: ``(..., n), (...) -> (...)``."""
    rows = np.moveaxis(columns, -1, 0)
    if np.ndim(limit) == rows.ndim:
        return np.stack([_count(columns, compare, each) for each in limit])
    # No loan has more installments than 16 bits count, and small numbers are counted quicker.
    return np.add.reduce(compare(rows, limit).view(np.uint8), axis=0, dtype=np.uint16).astype(np.int64)


def _at(columns: Integers, number: Integers) -> Integers:
    """Each loan's value under a number, the last one's beyond it: ``(loans, n), (..., loans) -> (..., loans)``."""
    values = np.moveaxis(columns, -1, 0)
    loans = np.arange(values[0].size).reshape(values.shape[1:])
    return values.reshape(-1).take(np.minimum(number, len(values) - 1) * loans.size + loans)


def _signed_days(span: Integers) -> Integers:
    """Whole days, 0 where either end is NaT."""
    return np.where(np.isnat(span), 0, span.astype(np.int64))


def _days(span: Integers) -> Integers:
    return np.maximum(_signed_days(span), 0)
