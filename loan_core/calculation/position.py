"""Where a loan stands on a day: every field of its status, for one loan and for a book by the same lines."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Self

import numpy as np

from loan_core.calculation.columns import Columns
from loan_core.calculation.money import Integers
from loan_core.calculation.schedule import Schedule, Terms, schedule, slices

_NO_DAY = np.datetime64("NaT", "D")


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
    def empty(cls, loans: int) -> Self:
        """Room for the positions of so many loans."""
        return cls(**{name: np.empty(loans, dtype) for name, dtype in POSITION_TYPES.items()})

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The positions of some loans, then of others."""
        parts = parts or [cls.empty(0)]
        return cls(**{name: np.concatenate([getattr(each, name) for each in parts]) for name in POSITION_TYPES})


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


def position(
    terms: Terms,
    paid: Integers,
    is_voided: Integers,
    as_of: np.datetime64,
    thresholds: Thresholds,
    course: Course | None = None,
) -> Position:
    """Where loans stand at the end of ``as_of``, given what was received by then: ``(...) -> (...)``.

    The due date itself is day 0: nobody is late on the day it is due (Apache Fineract, "overdue only if due <
    business date"). So Behind and arrears look at what fell due before ``as_of``, Ahead at what is due through it.
    Money covers the oldest first, so all follows from how many installments are due, and how many are covered.
    """
    course = course or Course.of(schedule(terms))
    due_on, due_sums, principal_sums = course.due_on, course.due_sums, course.principal_sums
    due_before, due_through = _count(due_on < as_of), _count(due_on <= as_of)
    total_due, total_principal = due_sums[..., -1], principal_sums[..., -1]
    pours = np.clip(paid, 0, total_due)
    expected_before, expected_paid = _at(due_sums, due_before), _at(due_sums, due_through)
    covered = _count(due_sums[..., 1:] <= pours[..., None])
    covered_due = _at(due_sums, covered)
    part_principal = np.maximum(pours - covered_due - _at(course.interest, covered), 0)
    covered_principal = _at(principal_sums, covered) + part_principal
    days_past_due = np.where(covered < due_before, _days(as_of - _at(due_on, covered)), 0)
    # An installment may be of nothing: what is next owes something, and what money reaches was of something.
    settled = np.maximum(pours, expected_before)
    before_next = _count(due_sums[..., 1:] <= settled[..., None])
    next_due_on = np.where(settled < total_due, _at(due_on, before_next), _NO_DAY)
    reached = _count(due_sums[..., 1:] < covered_due[..., None])
    paid_up_to = np.where(covered_due > 0, _at(due_on, reached), _NO_DAY)
    return Position(
        state=_state(terms.start_on, total_due - pours, is_voided, as_of),
        status=_status(paid, expected_paid, expected_before, thresholds),
        months_passed=due_through,
        expected_paid=expected_paid,
        total_amount_paid=paid,
        remaining_balance=total_due - pours,
        outstanding_principal=total_principal - covered_principal,
        overpaid_amount=np.maximum(paid - total_due, 0),
        arrears=np.maximum(expected_before - pours, 0),
        overdue_principal=np.maximum(_at(principal_sums, due_before) - covered_principal, 0),
        days_past_due=days_past_due,
        next_due_on=next_due_on,
        next_due_amount=_at(due_sums, before_next + 1) - np.maximum(_at(due_sums, before_next), pours),
        ahead_by=paid - expected_paid,
        days_ahead=np.where(days_past_due > 0, -days_past_due, _days(paid_up_to - as_of)),
        paid_up_to=paid_up_to,
        total_due=total_due,
    )


def positions(
    terms: Terms, paid: Integers, is_voided: Integers, as_of: np.datetime64, thresholds: Thresholds
) -> Position:
    """Where each loan of a book stands: ``(loans) -> (loans)``, in slices, so that memory stays flat."""
    found = Position.empty(len(paid))
    for rows in slices(terms):
        found[rows] = position(terms[rows], paid[rows], is_voided[rows], as_of, thresholds)
    return found


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


def _status(paid: Integers, expected: Integers, expected_before: Integers, thresholds: Thresholds) -> Integers:
    # No threshold is above 200 %: beyond that more money changes nothing, and would leave int64.
    paid = np.minimum(paid, 2 * expected + 1)
    is_ahead = (paid > 0) & (paid * 100 >= expected * thresholds.ahead_percent)
    is_behind = paid * 100 < expected_before * thresholds.behind_percent
    return np.where(is_ahead, Status.AHEAD, np.where(is_behind, Status.BEHIND, Status.ON_TRACK))


def _state(start_on: Integers, remaining_balance: Integers, is_voided: Integers, as_of: np.datetime64) -> Integers:
    return np.select(
        [np.asarray(is_voided), start_on > as_of, remaining_balance == 0],
        [State.VOIDED, State.PENDING, State.PAID_OFF],
        State.ACTIVE,
    )


def _running(each: Integers) -> Integers:
    """The sums of the first 0, 1, … n: ``(..., n) -> (..., n + 1)``, kept as the schedule is, loans side by side."""
    sums = np.zeros((each.shape[-1] + 1, *each.shape[:-1]), dtype=np.int64)
    np.cumsum(np.moveaxis(each, -1, 0), axis=0, out=sums[1:])
    return np.moveaxis(sums, 0, -1)


def _count(which: Integers) -> Integers:
    """How many of each loan's installments: ``(..., n) -> (...)``."""
    # No loan has more installments than 16 bits count, and small numbers are counted quicker.
    return np.add.reduce(which.view(np.uint8), axis=-1, dtype=np.uint16).astype(np.int64)


def _at(columns: Integers, number: Integers) -> Integers:
    """Each loan's value under a number, the last one's beyond it: ``(..., n), (...) -> (...)``."""
    values, loans = np.moveaxis(columns, -1, 0), number.size
    places = np.minimum(number, len(values) - 1) * loans + np.arange(loans).reshape(number.shape)
    return values.reshape(-1).take(places)


def _signed_days(span: Integers) -> Integers:
    """Whole days, 0 where either end is NaT."""
    return np.where(np.isnat(span), 0, span.astype(np.int64))


def _days(span: Integers) -> Integers:
    return np.maximum(_signed_days(span), 0)
