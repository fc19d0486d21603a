"""Where a loan stands on a day: every field of its status, for one loan and for a book by the same lines."""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from loan_core.calculation.allocation import cover
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


POSITION_TYPES = {
    field.name: "M8[D]" if field.name in ("next_due_on", "paid_up_to") else "i8" for field in fields(Position)
}


def position(
    terms: Terms,
    paid: Integers,
    is_voided: Integers,
    as_of: np.datetime64,
    thresholds: Thresholds,
    lines: Schedule | None = None,
) -> Position:
    """Where loans stand at the end of ``as_of``, given what was received by then: ``(...) -> (...)``.

    The due date itself is day 0: nobody is late on the day it is due (Apache Fineract, "overdue only if due <
    business date"). So Behind and arrears look at what fell due before ``as_of``, Ahead at what is due through it.
    """
    lines = lines or schedule(terms)
    due, due_on = lines.due, lines.due_on
    is_past = due_on < as_of
    covered = cover(paid, lines)
    unpaid_principal = lines.principal - covered.principal
    unpaid = lines.interest - covered.interest + unpaid_principal
    total_due = due.sum(-1)
    remaining_balance = np.maximum(total_due - paid, 0)
    expected_before = np.where(is_past, due, 0).sum(-1)
    expected_paid = np.where(due_on <= as_of, due, 0).sum(-1)
    oldest_unpaid_on = _first_day(due_on, unpaid > 0)
    paid_up_to = _last_day(due_on, (due > 0) & (unpaid == 0))
    days_past_due = _days(as_of - oldest_unpaid_on)
    days_paid_ahead = _days(paid_up_to - as_of)
    next_due_on = _first_day(due_on, (unpaid > 0) & ~is_past)
    return Position(
        state=_state(terms.start_on, remaining_balance, is_voided, as_of),
        status=_status(paid, expected_paid, expected_before, thresholds),
        months_passed=(due_on <= as_of).sum(-1),
        expected_paid=expected_paid,
        total_amount_paid=paid,
        remaining_balance=remaining_balance,
        outstanding_principal=unpaid_principal.sum(-1),
        overpaid_amount=np.maximum(paid - total_due, 0),
        arrears=np.maximum(expected_before - paid, 0),
        overdue_principal=np.where(is_past, unpaid_principal, 0).sum(-1),
        days_past_due=days_past_due,
        next_due_on=next_due_on,
        next_due_amount=np.where(due_on == next_due_on[..., None], unpaid, 0).sum(-1),
        ahead_by=paid - expected_paid,
        days_ahead=np.where(days_past_due > 0, -days_past_due, days_paid_ahead),
        paid_up_to=paid_up_to,
        total_due=total_due,
    )


def positions(
    terms: Terms, paid: Integers, is_voided: Integers, as_of: np.datetime64, thresholds: Thresholds
) -> Position:
    """Where each loan of a book stands: ``(loans) -> (loans)``, in slices, so that memory stays flat."""
    columns = {name: np.empty(paid.shape, dtype) for name, dtype in POSITION_TYPES.items()}
    for rows in slices(terms):
        part = position(terms[rows], paid[rows], is_voided[rows], as_of, thresholds)
        for name, column in columns.items():
            column[rows] = getattr(part, name)
    return Position(**columns)


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


def _first_day(due_on: Integers, wanted: Integers) -> Integers:
    """The earliest due date among those wanted, NaT if there is none: ``(..., n) -> (...)``."""
    return np.fmin.reduce(np.where(wanted, due_on, _NO_DAY), axis=-1, initial=_NO_DAY)


def _last_day(due_on: Integers, wanted: Integers) -> Integers:
    return np.fmax.reduce(np.where(wanted, due_on, _NO_DAY), axis=-1, initial=_NO_DAY)


def _signed_days(span: Integers) -> Integers:
    """Whole days, 0 where either end is NaT."""
    return np.where(np.isnat(span), 0, span.astype(np.int64))


def _days(span: Integers) -> Integers:
    return np.maximum(_signed_days(span), 0)
