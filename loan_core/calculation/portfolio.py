"""What a book comes to on a day. Columns of one currency in, sums out; nothing is summed across currencies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loan_core.calculation.calendar import Calendar
from loan_core.calculation.money import Integers, total
from loan_core.calculation.position import Course, Position, State, Status, Thresholds, position
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Terms, schedule, slices

PAR_DAYS = (1, 30, 60, 90)
AGEING = {
    "current": (0, 1),
    "1-30": (1, 31),
    "31-60": (31, 61),
    "61-90": (61, 91),
    "91+": (91, np.iinfo(np.int64).max),
}
"""Days past due of each bucket, half-open: from the first, below the second."""


@dataclass(frozen=True)
class Bucket:
    """Loans of one age: how many, and their whole outstanding principal."""

    loans: int
    outstanding_principal: int


@dataclass(frozen=True)
class Totals:
    """A book's figures in one currency, in minor units. Voided loans count in none of them.

    ``gross_portfolio``: outstanding principal of active loans. ``par``: by days d, the whole outstanding principal of
    the active loans more than d days past due (CGAP, Microfinance Consensus Guidelines, 2003). ``overdue_principal``
    over gross portfolio is the arrears rate, which is not PAR. ``ahead``, ``on_track``, ``behind`` count active loans.
    """

    loans: int
    pending: int
    active: int
    paid_off: int
    ahead: int
    on_track: int
    behind: int
    loan_amount: int
    gross_portfolio: int
    remaining_balance: int
    expected_paid: int
    total_amount_paid: int
    overpaid_amount: int
    arrears: int
    overdue_principal: int
    loans_in_arrears: int
    par: dict[int, int]
    ageing: dict[str, Bucket]

    def __add__(self, other: "Totals") -> "Totals":
        """The figures of these loans and of others, of the same currency."""
        return Totals(**{name: _sum(value, getattr(other, name)) for name, value in vars(self).items()})

    def __neg__(self) -> "Totals":
        """What takes these loans' figures away from those of a book that they are in."""
        return Totals(**{name: _negative(value) for name, value in vars(self).items()})

    def par_ratio(self, days: int) -> float:
        return _ratio(self.par[days], self.gross_portfolio)

    @property
    def arrears_rate(self) -> float:
        return _ratio(self.overdue_principal, self.gross_portfolio)


def totals(principal: Integers, at: Position) -> Totals:
    """The figures of a book's loans, all of one currency: ``(loans), (loans) -> ()``."""
    counts = at.state != State.VOIDED
    is_active = at.state == State.ACTIVE
    late = np.where(is_active, at.days_past_due, -1)

    def bucket(start: int, end: int) -> Bucket:
        rows = (late >= start) & (late < end)
        return Bucket(int(rows.sum()), total(at.outstanding_principal[rows]))

    return Totals(
        loans=int(counts.sum()),
        pending=int((at.state == State.PENDING).sum()),
        active=int(is_active.sum()),
        paid_off=int((at.state == State.PAID_OFF).sum()),
        ahead=int((is_active & (at.status == Status.AHEAD)).sum()),
        on_track=int((is_active & (at.status == Status.ON_TRACK)).sum()),
        behind=int((is_active & (at.status == Status.BEHIND)).sum()),
        loan_amount=total(principal[counts]),
        gross_portfolio=total(at.outstanding_principal[is_active]),
        remaining_balance=total(at.remaining_balance[is_active]),
        expected_paid=total(at.expected_paid[counts]),
        total_amount_paid=total(at.total_amount_paid[counts]),
        overpaid_amount=total(at.overpaid_amount[counts]),
        arrears=total(at.arrears[counts]),
        overdue_principal=total(at.overdue_principal[is_active]),
        loans_in_arrears=int((counts & (at.arrears > 0)).sum()),
        par={days: total(at.outstanding_principal[late > days]) for days in PAR_DAYS},
        ageing={name: bucket(*days) for name, days in AGEING.items()},
    )


@dataclass(frozen=True)
class Collection:
    """A period in minor units: what first fell due in it, how much of that by its due date was paid, what came in."""

    due: int
    on_time: int
    received: int

    @property
    def on_time_rate(self) -> float:
        """Of what first fell due in the period, the share paid on or before its due date (CGAP, on-time collection)."""
        return _ratio(self.on_time, self.due)


@dataclass(frozen=True)
class Survey:
    """Loans of one currency: their calendar, their totals on each day asked about, and on some where each stands."""

    calendar: Calendar
    totals: list[Totals]
    positions: dict[int, Position]


def survey(
    terms: Terms,
    receipts: Receipts,
    is_voided: Integers,
    days: Sequence[np.datetime64],
    thresholds: Thresholds,
    with_calendar: bool = True,
    kept: Sequence[int] = (),
) -> Survey:
    """What takes a book's schedules, in one pass over them: ``(loans), (loans), (loans), (d)``; days in their order.

    ``kept``: the places of the days of which the positions are wanted too. In slices, so that memory stays flat.
    """
    calendar, order = Calendar.empty(), list(slices(terms))
    found: list[list[Position]] = [[] for _ in days]
    for rows in order:
        part, came_in, is_void = terms[rows], receipts[rows], is_voided[rows]
        lines = schedule(part)
        course = Course.of(lines)
        for at, day, paid in zip(found, days, came_in.through(np.array(days, "datetime64[D]")), strict=True):
            at.append(position(part, paid, is_void, day, thresholds, course))
        if with_calendar:
            counts = np.flatnonzero(~is_void)
            calendar += Calendar.of(lines if len(counts) == len(rows) else lines[counts], came_in[counts])
    along = np.concatenate([np.empty(0, dtype=np.int64), *order])
    principal, back = terms.principal[along], np.argsort(along)
    sums, positions = [], {}
    for place, parts in enumerate(found):
        whole = Position.joined(parts)
        sums.append(totals(principal, whole))
        if place in kept:
            positions[place] = whole[back]
    return Survey(calendar, sums, positions)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _sum(one: Any, other: Any) -> Any:
    match one:
        case Bucket():
            return Bucket(one.loans + other.loans, one.outstanding_principal + other.outstanding_principal)
        case dict():
            return {key: _sum(value, other[key]) for key, value in one.items()}
    return one + other


def _negative(one: Any) -> Any:
    match one:
        case Bucket():
            return Bucket(-one.loans, -one.outstanding_principal)
        case dict():
            return {key: _negative(value) for key, value in one.items()}
    return -one
