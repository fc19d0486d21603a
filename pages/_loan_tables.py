"""What became of each installment of a loan, and what each repayment covered, as tables of at most five columns."""

from typing import Any

import numpy as np

from loan_core import Statement
from pages._look import NOTHING, SPACE, day, major, markdown
from pages._repayment_words import remark, which_installments
from pages._shown import is_short
from pages._words import colored_outcome, outcome


def installments_table(statement: Statement) -> dict[str, Any]:
    """Every installment, the first first: due, amount, what is paid of it, when it was paid in full, what became of it.

    The days, early, late or past due, stand in the outcome's words: a sixth column would not fit a phone.
    """
    rows, code = statement.installments, statement.loan.currency
    words = colored_outcome if is_short(rows) else outcome
    covered, paid_on = rows["covered"].to_numpy(), rows["paid_on"].to_numpy()
    return {
        "Due": rows["due_on"].to_numpy(),
        "Amount": major(rows["due"].to_numpy(), code),
        "Paid": major(np.where(covered > 0, covered, np.nan), code),
        "Paid on": _narrow_days(paid_on) if is_short(rows) else paid_on,
        "Outcome": [words(*each) for each in zip(rows["outcome"].tolist(), rows["days"].tolist(), strict=True)],
    }


def repayments_table(statement: Statement) -> dict[str, Any]:
    """Every repayment, the newest first, with the installments that it went to."""
    rows, code = list(statement.repayments.itertuples())[::-1], statement.loan.currency
    notes = [remark(each) for each in rows]
    return {
        "Received": np.array([each.received_on for each in rows], "datetime64[s]"),
        "Amount": major(np.array([each.amount for each in rows]), code),
        "Covers": [which_installments(each) for each in rows],
        "Note": [markdown(note) for note in notes] if is_short(rows) else notes,
    }


def _narrow_days(days: np.ndarray) -> list[str]:
    """As text, with the year on a line of its own where a phone has no room beside it."""
    known = days.astype("datetime64[D]").tolist()
    return [NOTHING if on is None else day(on).replace(f"{SPACE}{on.year}", f" {on.year}") for on in known]
