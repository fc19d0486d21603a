"""What the book answers. One thing is a frozen dataclass, many are a DataFrame; money is in minor units."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from loan_core.calculation.calendar import Calendar
from loan_core.calculation.money import CURRENCIES, Currency
from loan_core.calculation.portfolio import Totals
from loan_core.calculation.position import POSITION_TYPES, Outcome, Position, State, Status
from loan_core.calculation.projection import Projection
from loan_core.calculation.words import counted
from loan_core.entries import LoanEntry
from loan_core.errors import shortened
from loan_core.models import Loan, Repayment

_WORDS: dict[str, Any] = {
    "status": np.array([each.name.replace("_", " ").title() for each in Status]),
    "state": np.array([each.name.lower() for each in State]),
}
_NEAR = timedelta(days=3)
"""The same amount twice within it may be one repayment, recorded twice."""
_OUTCOMES = np.array([each.name.lower() for each in Outcome])


@dataclass(frozen=True)
class LoanStatus:
    """Where a loan stands at the end of a day. ``dictionary.MEANINGS`` says what each field means."""

    loan_id: int
    reference: str
    borrower: str
    currency: str
    as_of: date
    revision: int
    state: str
    status: str
    months_passed: int
    expected_monthly_installment: int
    expected_paid: int
    total_amount_paid: int
    remaining_balance: int
    outstanding_principal: int
    overpaid_amount: int
    arrears: int
    overdue_principal: int
    days_past_due: int
    next_due_on: date | None
    next_due_amount: int
    ahead_by: int
    days_ahead: int
    paid_up_to: date | None
    total_due: int


STATUS_MONEY = (
    "expected_monthly_installment",
    "expected_paid",
    "total_amount_paid",
    "remaining_balance",
    "outstanding_principal",
    "overpaid_amount",
    "arrears",
    "overdue_principal",
    "next_due_amount",
    "ahead_by",
    "total_due",
)
"""The fields of a status that are money."""

TOTALS_MONEY = (
    "loan_amount",
    "gross_portfolio",
    "remaining_balance",
    "expected_paid",
    "total_amount_paid",
    "overpaid_amount",
    "arrears",
    "overdue_principal",
)
"""The plain fields of a portfolio's totals that are money."""


@dataclass(frozen=True)
class Statement:
    """A loan's whole story through a day.

    ``installments``, one row each: ``number, due_on, due, interest, principal, balance, covered, covered_interest,
    covered_principal, paid_on, days, outcome``. ``days`` is late (+) or early (−) where it is paid, past due where not.
    ``repayments``, oldest first: ``id, received_on, amount, reference, note, recorded_by, created_at, reverses,
    reversed_by, first_installment, last_installment, covered_interest, covered_principal, overpaid, total_paid,
    remaining_balance``; the last two are running. ``projection``: where it goes at the pace of the last installments.
    ``voided_on``: the day in the book's time zone.
    """

    loan: Loan
    status: LoanStatus
    paid_off_on: date | None
    installments: pd.DataFrame
    repayments: pd.DataFrame
    projection: Projection | None = None
    voided_on: date | None = None

    def twins(self, repayment_id: int) -> pd.DataFrame:
        """The other repayments of the same amount that stand, and were received within three days of this one."""
        rows = self.repayments
        own: Any = next(rows[rows["id"] == repayment_id].itertuples())
        same = rows.iloc[twins(rows, own.amount, own.received_on)]
        return same[same["id"] != repayment_id]


def twins(received: Any, amount: int, received_on: date) -> list[int]:
    """Where in ``received_on, amount, reversed_by`` a repayment stands of this amount within three days of this one."""
    standing = enumerate(zip(received["received_on"], received["amount"], received["reversed_by"], strict=True))
    return [at for at, (on, each, by) in standing if each == amount and not by and abs(on - received_on) <= _NEAR]


@dataclass(frozen=True)
class Quote:
    """What a loan would come to: its terms, and its installments.

    ``installments``, one row each: ``number, due_on, due, interest, principal, balance``.
    """

    loan: LoanEntry
    installments: pd.DataFrame

    @property
    def total_due(self) -> int:
        return int(self.installments["due"].sum())

    @property
    def total_interest(self) -> int:
        return int(self.installments["interest"].sum())


@dataclass(frozen=True)
class RepaymentPreview:
    """What a repayment would do. ``covers``: ``number, due_on, interest, principal`` of the installments it touches.

    ``same_amount_on``: another repayment of this amount was received within three days of it, on that day.
    """

    before: LoanStatus
    after: LoanStatus
    covers: pd.DataFrame
    overpaid: int
    same_amount_on: date | None


@dataclass(frozen=True)
class RepaymentPage:
    """A page of what came in, newest first, and what all the pages come to by currency: ``received`` less ``reversed``.

    ``rows``: ``id, loan_id, loan_reference, borrower, currency, received_on, amount, reference, note, recorded_by,
    created_at, reverses, reversed_by``.
    """

    rows: pd.DataFrame
    count: int
    received: Mapping[str, int]
    reversed: Mapping[str, int]


@dataclass(frozen=True)
class Portfolio:
    """The book on a day, each currency by itself."""

    as_of: date
    revision: int
    by_currency: Mapping[str, Totals]


@dataclass(frozen=True)
class ImportReceipt:
    """What an import did, or would do; ``batch_id`` None: nothing was written. ``amounts`` of what is new."""

    batch_id: int | None
    kind: str
    rows: int
    new: int
    already_there: int
    amounts: Mapping[str, int]
    is_trial: bool = False
    is_repeat: bool = False

    @property
    def sentence(self) -> str:
        if self.kind == "demo":
            already = " already" if self.is_repeat else ""
            return f"A made-up book of {counted(self.rows, 'loan')} is loaded{already}, as import {self.batch_id}."
        what = counted(self.new, self.kind.rstrip("s"))
        there = f", {self.already_there:,} already there" if self.already_there else ""
        if self.is_repeat:
            return f"This file is in the book already, as import {self.batch_id}. Nothing was written."
        if self.is_trial:
            return f"{what} would be imported{there}. Nothing was written."
        if self.batch_id is None:
            return f"Nothing new: {counted(self.already_there, self.kind.rstrip('s'))} already there."
        return f"{what} imported{there}. This is import {self.batch_id}."


@dataclass(frozen=True)
class UndoReceipt:
    """What undoing an import took back."""

    batch_id: int
    loans: int
    repayments: int

    @property
    def sentence(self) -> str:
        done = [counted(self.loans, "loan") + " voided"] if self.loans else []
        done += [counted(self.repayments, "repayment") + " taken back"] if self.repayments else []
        return f"Import {self.batch_id} is undone: {' and '.join(done) or 'nothing of it was left'}."


def currency(code: str) -> Currency:
    """A currency by its ISO 4217 code."""
    return CURRENCIES[code]


def loan_status(loan: Loan, at: Position, as_of: date) -> LoanStatus:
    """One loan's position, said in words and plain values."""
    said = {name: _plain(name, getattr(at, name)) for name in POSITION_TYPES}
    return LoanStatus(
        loan_id=loan.id,
        reference=loan.reference,
        borrower=loan.borrower,
        currency=loan.currency,
        as_of=as_of,
        revision=loan.revision,
        expected_monthly_installment=loan.installment,
        **said,
    )


def status_columns(at: Position) -> dict[str, Any]:
    """The positions of a book, as columns in words and plain values."""
    columns = {name: getattr(at, name) for name in POSITION_TYPES}
    return columns | {name: words[columns[name]] for name, words in _WORDS.items()}


def status_in_major(status: LoanStatus) -> dict[str, Any]:
    """A status for a program: its money in major units, as exact decimals of the currency's digits."""
    return _in_major(vars(status), STATUS_MONEY, CURRENCIES[status.currency])


def portfolio_in_major(portfolio: Portfolio) -> dict[str, Any]:
    """A portfolio for a program: money in major units, the ratios beside what they are made of."""
    by_currency = {}
    for code, figures in portfolio.by_currency.items():
        unit = CURRENCIES[code]
        by_currency[code] = _in_major(asdict(figures), TOTALS_MONEY, unit) | {
            "arrears_rate": round(figures.arrears_rate, 6),
            "par": {str(days): unit.major(amount) for days, amount in figures.par.items()},
            "par_ratio": {str(days): round(figures.par_ratio(days), 6) for days in figures.par},
            "ageing": {
                age: {"loans": each.loans, "outstanding_principal": unit.major(each.outstanding_principal)}
                for age, each in figures.ageing.items()
            },
        }
    return {"as_of": portfolio.as_of, "revision": portfolio.revision, "by_currency": by_currency}


def _in_major(record: dict[str, Any], names: Iterable[str], unit: Currency) -> dict[str, Any]:
    return record | {name: unit.major(record[name]) for name in names}


def loan_in_major(loan: Loan) -> dict[str, Any]:
    """A loan as agreed, for a program: money in major units, its rate as the fraction that was quoted."""
    unit = CURRENCIES[loan.currency]
    return {
        "id": loan.id,
        "reference": loan.reference,
        "borrower": loan.borrower,
        "loan_amount": unit.major(loan.loan_amount),
        "currency": loan.currency,
        "interest_rate": Decimal(loan.interest_rate).scaleb(-6),
        "rate_period": loan.rate_period,
        "repayment_period": loan.repayment_period,
        "frequency": loan.frequency,
        "method": loan.method,
        "rounding": loan.rounding,
        "start_on": loan.start_on,
        "first_due_on": loan.first_due_on,
        "installment": unit.major(loan.installment),
        "note": loan.note,
        "recorded_by": loan.recorded_by,
        "created_at": loan.created_at,
        "revision": loan.revision,
        "voided_at": loan.voided_at,
        "void_reason": loan.void_reason,
        "voided_by": loan.voided_by,
    }


def repayment_in_major(repayment: Repayment, code: str) -> dict[str, Any]:
    """A repayment as recorded, for a program."""
    return {
        "id": repayment.id,
        "loan_id": repayment.loan_id,
        "amount": CURRENCIES[code].major(repayment.amount),
        "currency": code,
        "received_on": repayment.received_on,
        "reference": repayment.reference,
        "note": repayment.note,
        "recorded_by": repayment.recorded_by,
        "created_at": repayment.created_at,
        "reverses_id": repayment.reverses_id,
    }


def rows_in_major(rows: pd.DataFrame, names: Sequence[str], money: Collection[str]) -> list[dict[str, Any]]:
    """Rows of a table, for a program: the named columns, money in the units of the row's ``currency``."""
    units = [CURRENCIES[code] for code in rows["currency"]]
    columns = [[_said(value) for value in rows[name].tolist()] for name in names]
    columns = [
        [unit.major(value) for unit, value in zip(units, column, strict=True)]
        if name in money
        else [Decimal(value).scaleb(-6) for value in column]
        if name == "interest_rate"
        else column
        for name, column in zip(names, columns, strict=True)
    ]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _said(value: Any) -> Any:
    if value is None or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.date() if value.tzinfo is None else value.to_pydatetime()
    return value


def curve(calendar: Calendar, as_of: date) -> pd.DataFrame:
    """A calendar's running sums, as ``Book.curves`` gives them."""
    on, expected, received = calendar.curves(np.datetime64(as_of, "D"))
    rows = pd.DataFrame({"on": on.astype("datetime64[s]"), "expected": expected, "received": received})
    return rows.assign(received=rows["received"].where(rows["on"] <= pd.Timestamp(as_of)).astype("Int64"))


def outcome_words(outcome: Any) -> Any:
    return _OUTCOMES[outcome]


def _plain(name: str, value: Any) -> Any:
    value = np.asarray(value).item()
    return str(_WORDS[name][value]) if name in _WORDS else value


def described(loan: Loan) -> str:
    """A loan in a sentence: its reference and, where it has one, its borrower."""
    return f"{shortened(loan.reference)} ({shortened(loan.borrower)})" if loan.borrower else shortened(loan.reference)
