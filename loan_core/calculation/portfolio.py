"""What a book comes to on a day. Columns of one currency in, sums out; nothing is summed across currencies."""

from dataclasses import dataclass

import numpy as np

from loan_core.calculation.money import Integers, total
from loan_core.calculation.position import Position, State, Status

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


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
