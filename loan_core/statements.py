"""A loan's story on a day, from its terms and what was received: nothing of it is stored."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from loan_core.answers import LoanStatus, RepaymentPreview, Statement, loan_status, outcome_words, twins
from loan_core.calculation.allocation import cover, paid_on
from loan_core.calculation.position import Course, Thresholds, outcomes, position
from loan_core.calculation.projection import project
from loan_core.calculation.schedule import Schedule, schedule
from loan_core.entries import RepaymentEntry, terms_of
from loan_core.models import Loan


def schedule_of(loan: Any) -> pd.DataFrame:
    """The installments of a ``Loan`` or a ``LoanEntry``: ``number, due_on, due, interest, principal, balance``."""
    return pd.DataFrame(_installments(schedule(terms_of(loan))))


def status_of(loan: Loan, paid: int, as_of: date, thresholds: Thresholds, course: Course | None = None) -> LoanStatus:
    """Where a loan stands that has received ``paid`` by the end of ``as_of``."""
    day, is_voided = np.datetime64(as_of, "D"), loan.voided_at is not None
    return loan_status(loan, position(terms_of(loan), np.int64(paid), is_voided, day, thresholds, course), as_of)


def statement_of(
    loan: Loan, received: Mapping[str, Any], as_of: date, thresholds: Thresholds, voided_on: date | None = None
) -> Statement:
    """A loan's schedule with what covers it, and what each repayment through ``as_of``, oldest first, covered."""
    terms, day = terms_of(loan), np.datetime64(as_of, "D")
    lines = schedule(terms)
    received_on, amounts = np.array(received["received_on"], "datetime64[D]"), np.array(received["amount"], np.int64)
    paid_after, paid = amounts.cumsum(), int(amounts.sum())
    days = paid_on(lines.due, received_on, paid_after)
    covered = cover(np.int64(paid), lines)
    unpaid = lines.due - covered.interest - covered.principal
    outcome, off_by = outcomes(lines, unpaid, days, day)
    became = {
        "covered": covered.interest + covered.principal,
        "covered_interest": covered.interest,
        "covered_principal": covered.principal,
        "paid_on": days,
        "days": off_by,
        "outcome": outcome_words(outcome),
    }
    return Statement(
        loan=loan,
        status=status_of(loan, paid, as_of, thresholds, Course.of(lines)),
        paid_off_on=days[-1].item(),
        installments=pd.DataFrame(_installments(lines) | became),
        repayments=pd.DataFrame({**received, **_what_each_covered(lines, paid_after)}),
        projection=None if loan.voided_at else project(terms, lines, received_on, amounts, day),
        voided_on=voided_on,
    )


def preview_of(
    loan: Loan, received: Mapping[str, Any], entry: RepaymentEntry, as_of: date, thresholds: Thresholds
) -> RepaymentPreview:
    """What one more repayment would do to a loan as it stands at the end of ``as_of``."""
    lines = schedule(terms_of(loan))
    course = Course.of(lines)
    paid = sum(received["amount"])
    before, after = (cover(np.int64(each), lines) for each in (paid, paid + entry.amount))
    covers = pd.DataFrame(
        {
            "number": np.arange(1, lines.due.size + 1),
            "due_on": lines.due_on,
            "interest": after.interest - before.interest,
            "principal": after.principal - before.principal,
        }
    )
    same = twins(received, entry.amount, entry.received_on)
    return RepaymentPreview(
        before=status_of(loan, paid, as_of, thresholds, course),
        after=status_of(loan, paid + entry.amount, as_of, thresholds, course),
        covers=covers[covers["interest"] + covers["principal"] > 0].reset_index(drop=True),
        overpaid=entry.amount - int(covers["interest"].sum() + covers["principal"].sum()),
        same_amount_on=received["received_on"][same[-1]] if same else None,
    )


def _what_each_covered(lines: Schedule, paid_after: Any) -> dict[str, Any]:
    """What each repayment added to the covered: the difference that it made, negative for a reversal."""
    after = cover(paid_after, lines)
    interest, principal = (np.diff(part, axis=0, prepend=0) for part in (after.interest, after.principal))
    touched = (interest + principal) != 0
    total_due = lines.due.sum()
    overpaid = np.maximum(paid_after - total_due, 0)
    numbers = np.arange(1, lines.due.size + 1)
    return {
        "first_installment": np.where(touched, numbers, lines.due.size + 1).min(-1) * touched.any(-1),
        "last_installment": (numbers * touched).max(-1),
        "covered_interest": interest.sum(-1),
        "covered_principal": principal.sum(-1),
        "overpaid": np.diff(overpaid, prepend=0),
        "total_paid": paid_after,
        "remaining_balance": np.maximum(total_due - paid_after, 0),
    }


def _installments(lines: Schedule) -> dict[str, Any]:
    return {
        "number": np.arange(1, lines.due.size + 1),
        "due_on": lines.due_on,
        "due": lines.due,
        "interest": lines.interest,
        "principal": lines.principal,
        "balance": lines.balance,
    }
