"""What a book comes to on a day. Columns of one currency in, sums out; nothing is summed across currencies."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from loan_core.calculation.money import Integers, total
from loan_core.calculation.position import Position, State, Status
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


def due_by_month(terms: Terms) -> dict[np.datetime64, int]:
    """What falls due in each month, over a book of one currency: ``(loans) -> {month: sum}``, months in order."""
    by_month: Counter[np.datetime64] = Counter()
    for rows in slices(terms):
        lines = schedule(terms[rows])
        falls_due = ~np.isnat(lines.due_on)
        by_month.update(sum_by(lines.due_on[falls_due].astype("datetime64[M]"), lines.due[falls_due]))
    return dict(sorted(by_month.items()))


def sum_by(keys: Integers, amounts: Integers) -> dict[np.datetime64, int]:
    """The sum of at most 2^20 amounts for each key: ``(n), (n) -> {key: sum}``, exact."""
    known, places = np.unique(keys, return_inverse=True)
    # A float holds whole numbers to 2^53: a half of an amount fits, 2^20 times.
    high = np.bincount(places, amounts >> 32).astype(np.int64)
    low = np.bincount(places, amounts & 0xFFFF_FFFF).astype(np.int64)
    return {key: (int(h) << 32) + int(w) for key, h, w in zip(known, high, low, strict=True)}


class PeriodReceipts:
    """What came in during a period, as columns: the loan's place in the book, the day, the amount: ``(r)`` each."""

    def __init__(self, loan: Integers, received_on: Integers, amount: Integers) -> None:
        order = np.lexsort((received_on, loan))
        self._keys = _day_of_loan(loan[order], received_on[order])
        self.amount = amount[order]
        self._sums = np.concatenate([[0], self.amount.cumsum()])

    def through(self, loan: Integers, day: Integers) -> Integers:
        """What each loan received from the period's beginning through a day: ``(n), (n) -> (n)``."""
        upto = np.searchsorted(self._keys, _day_of_loan(loan, day), side="right")
        since = np.searchsorted(self._keys, _day_of_loan(loan, np.datetime64("0000-01-01")), side="left")
        return self._sums[upto] - self._sums[since]


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


def collection(
    terms: Terms, paid_before: Integers, receipts: PeriodReceipts, first: np.datetime64, last: np.datetime64
) -> Collection:
    """What a book of one currency collected from ``first`` through ``last``, given what each loan had paid before."""
    due = on_time = 0
    for rows in slices(terms):
        lines = schedule(terms[rows])
        in_period = (lines.due_on >= first) & (lines.due_on <= last)
        loan, number = np.nonzero(in_period)
        owed, due_before = lines.due[loan, number], (lines.due.cumsum(-1) - lines.due)[loan, number]
        paid = paid_before[rows[loan]] + receipts.through(rows[loan], lines.due_on[loan, number])
        due += total(owed)
        on_time += total(np.clip(paid - due_before, 0, owed))
    return Collection(due, on_time, total(receipts.amount))


def _day_of_loan(loan: Integers, day: Integers) -> Integers:
    """One number that orders by loan, then by day; a day is well below a million since the epoch."""
    return loan * 2**21 + np.asarray(day).astype("datetime64[D]").astype(np.int64) + 2**20


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
