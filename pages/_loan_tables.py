"""What became of each installment of a loan, and what each repayment covered, as tables of at most five columns."""

import pandas as pd

from loan_core import Statement
from pages._desk import is_short
from pages._look import major, markdown
from pages._repayment_words import remark, which_installments
from pages._words import colored_outcome, outcome


def installments_table(statement: Statement) -> pd.DataFrame:
    """Every installment, the first first: due, amount, what is paid of it, when it was paid in full, what became of it.

    The days, early, late or past due, stand in the outcome's words: a sixth column would not fit a phone.
    """
    rows, code = statement.installments, statement.loan.currency
    words = colored_outcome if is_short(rows) else outcome
    return pd.DataFrame(
        {
            "Due": rows["due_on"],
            "Amount": major(rows["due"], code),
            "Paid": major(rows["covered"].where(rows["covered"] > 0), code),
            "Paid on": pd.to_datetime(rows["paid_on"]),
            "Outcome": [words(*each) for each in zip(rows["outcome"], rows["days"], strict=True)],
        }
    )


def repayments_table(statement: Statement) -> pd.DataFrame:
    """Every repayment, the newest first, with the installments that it went to."""
    rows, code = statement.repayments.iloc[::-1], statement.loan.currency
    notes = [remark(each) for each in rows.itertuples()]
    return pd.DataFrame(
        {
            "Received": pd.to_datetime(rows["received_on"]),
            "Amount": major(rows["amount"], code),
            "Covers": [which_installments(each) for each in rows.itertuples()],
            "Note": [markdown(note) for note in notes] if is_short(rows) else notes,
        }
    )
