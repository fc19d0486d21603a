"""The list of what came in, and the repayment that is selected in it."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from pages._address import as_of, go
from pages._controls import pick_row
from pages._desk import book
from pages._form import form
from pages._lists import named
from pages._look import major
from pages._recording import details, reverse
from pages._repayment_words import remark
from pages._shown import sum_column

PERIODS = ("30 days", "This month", "Year", "All")


def since(period: str, through: date) -> date | None:
    """The first day of a period that ends with a day; None where there is no first."""
    days = {"30 days": 29, "This month": through.day - 1, "Year": 364}
    return through - timedelta(days=days[period]) if period in days else None


def listed(rows: pd.DataFrame, code: str) -> Any:
    """The table, and the row that is selected in it."""
    lines, amounts = list(rows.itertuples()), major(rows["amount"].to_numpy(), code)
    chosen = pick_row(
        {
            "Received on": rows["received_on"].tolist(),
            "Borrower": named(rows["borrower"], rows["loan_reference"]),
            "Amount": amounts,
            "Reference": rows["reference"].tolist(),
            "Note": [remark(each) for each in lines],
        },
        {
            "Received on": st.column_config.DateColumn(width=96, format="D MMM YYYY"),
            "Borrower": st.column_config.TextColumn(width=118),
            "Amount": sum_column(code, amounts, 96),
        },
        key="received",
        of=[each.id for each in lines],
        alt="Repayments, newest first",
        stays=True,
    )
    # As plain values: the book knows no NumPy integers.
    return None if chosen is None else lines[chosen]


def selected(row: Any) -> None:
    """A row of the list, in full."""
    undoing = form(f"reverse {row.id}")
    with st.container(border=True):
        details(book().statement(row.loan_id, as_of()), row.id)
        with st.container(horizontal=True):
            if st.button("Open loan", key="open selected"):
                go("status", loan=row.loan_id)
            if not (row.reverses or row.reversed_by or undoing.written):
                reverse(undoing, row.id, "Reverse")


def clear() -> None:
    """Off with the search and what else narrows the list; the loan that is being recorded on stays."""
    for name in ("search", "only", "page"):
        st.query_params.pop(name, None)
