"""What a book comes to on a day. Columns of one currency in, sums out; nothing is summed across currencies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import add, itemgetter, neg
from typing import Any

import numpy as np

from loan_core.calculation.calendar import Calendar
from loan_core.calculation.money import Integers, count, total
from loan_core.calculation.position import Course, Position, Reckoning, State, Status, Thresholds, position
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
AGES = {age: "Current" if age == "current" else f"{age.replace('-', '–')} days" for age in AGEING}
"""Each of them in few words."""
AGES_SAID = {age: f"{words} past due" for age, words in AGES.items()} | {"current": "nothing past due"}
"""Each of them in a sentence."""


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
        return Totals(**_each(add, vars(self), vars(other)))

    def __neg__(self) -> "Totals":
        """What takes these loans' figures away from those of a book that they are in."""
        return Totals(**_each(neg, vars(self)))

    def __getitem__(self, day: int) -> "Totals":
        """Those of one day, where every figure is a column of several days."""
        return Totals(**_each(itemgetter(day), vars(self)))

    def par_ratio(self, days: int) -> float:
        return _ratio(self.par[days], self.gross_portfolio)

    @property
    def arrears_rate(self) -> float:
        return _ratio(self.overdue_principal, self.gross_portfolio)


def totals(principal: Integers, at: Position | Reckoning) -> Totals:
    """The figures of a book's loans, all of one currency: ``(loans), (loans) -> ()``.

    Of several days, ``(loans), (d, loans) -> (d)``: then each figure is a column of Python's whole numbers.
    """
    counts, is_active = at.state != State.VOIDED, at.state == State.ACTIVE
    late = np.where(is_active, at.days_past_due, -1)
    # How many loans are so many days past due or more, and what is outstanding of them.
    from_day = {day: late >= day for day in {*(day + 1 for day in PAR_DAYS), *sum(AGEING.values(), ())}}
    loans = {day: count(which) for day, which in from_day.items()}
    outstanding = {day: total(at.outstanding_principal * which) for day, which in from_day.items()}
    return Totals(
        loans=count(counts),
        pending=count(at.state == State.PENDING),
        active=count(is_active),
        paid_off=count(at.state == State.PAID_OFF),
        ahead=count(is_active & (at.status == Status.AHEAD)),
        on_track=count(is_active & (at.status == Status.ON_TRACK)),
        behind=count(is_active & (at.status == Status.BEHIND)),
        loan_amount=total(principal * counts),
        gross_portfolio=total(at.outstanding_principal * is_active),
        remaining_balance=total(at.remaining_balance * is_active),
        expected_paid=total(at.expected_paid * counts),
        total_amount_paid=total(at.total_amount_paid * counts),
        overpaid_amount=total(at.overpaid_amount * counts),
        arrears=total(at.arrears * counts),
        overdue_principal=total(at.overdue_principal * is_active),
        loans_in_arrears=count(counts & (at.arrears > 0)),
        par={days: outstanding[days + 1] for days in PAR_DAYS},
        ageing={
            name: Bucket(loans[start] - loans[end], outstanding[start] - outstanding[end])
            for name, (start, end) in AGEING.items()
        },
    )


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
    on, calendar = np.array(days, "datetime64[D]"), Calendar.empty()
    received = receipts.through(on)
    # Of a day by itself all is worked out, of the others together what their totals ask for.
    others = np.setdiff1d(np.arange(len(on)), kept)
    positions = {place: Position.empty(len(receipts)) for place in kept}
    sums = {place: totals(terms.principal[:0], Position.empty(0)) for place in kept}
    of_others = totals(terms.principal[:0], Position.empty((len(others), 0)))
    for rows in slices(terms):
        part, is_void = terms[rows], is_voided[rows]
        lines = schedule(part)
        course = Course.of(lines)
        if len(others):
            paid, ends = received[np.ix_(others, rows)], on[others, None]
            of_others += totals(part.principal, Reckoning(part.start_on, paid, is_void, ends, thresholds, course))
        for place in kept:
            whole = position(part, received[place, rows], is_void, on[place], thresholds, course)
            positions[place][rows] = whole
            sums[place] += totals(part.principal, whole)
        if with_calendar:
            calendar += Calendar.of(lines, receipts[rows], ~is_void)
    sums |= {place: of_others[number] for number, place in enumerate(others)}
    return Survey(calendar, [sums[place] for place in range(len(on))], positions)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _each(make: Callable[..., Any], *figures: Any) -> Any:
    """What is made of a figure, or of two of a kind; of some, of each that they consist of."""
    match figures[0]:
        case Bucket():
            return Bucket(**_each(make, *map(vars, figures)))
        case dict() as by_name:
            return {name: _each(make, *(each[name] for each in figures)) for name in by_name}
    return make(*figures)
