"""Parts of the page about risk: the definitions side by side, who owes most."""

from typing import Any

import streamlit as st

from loan_core import tables
from pages._address import as_of, here
from pages._analysis_words import share
from pages._explaining import explain
from pages._filters import filters_asked
from pages._look import counted, markdown, money, short
from pages._tables import offer

LONGEST_NAME = 28
DEFINED = ("par_30", "arrears_rate", "loans_at_risk", "past_term")


def show_definitions(risk: Any, code: str) -> None:
    """Portfolio at risk beside the other definitions in use, of the same day and the same loans."""
    rows = tables.definitions(risk)
    with st.grid(4, min_column_width=220, gap="medium"):
        for row, figure in zip(rows, DEFINED, strict=True):
            with st.container(gap="xsmall"):
                st.metric(row["name"], share(row["share"]))
                st.markdown(f":small[{row['formula']}]")
                st.caption(row["why"])
                explain(figure)
    offer(rows, code, f"definitions-{as_of()}")


def show_borrowers(loans: Any, code: str) -> None:
    """Who owes most, each a link to exactly their loans, their share one to how it comes about."""
    for row in tables.borrowers(loans):
        owed = f"{money(row['outstanding_principal'], code)} · {share(row['share'])}"
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
            link_to_borrower(row)
            figure = f"borrower_{row['borrower']}" if row["borrower"] else f"loan_{row['loan_id']}"
            explain(figure, f"{markdown(owed)} · {counted(row['loans'], 'loan')}")


def link_to_borrower(row: dict[str, Any]) -> None:
    """To the loans of one borrower; a loan without a name stands for itself."""
    label = markdown(short(row["borrower"] or row["loan_reference"], LONGEST_NAME))
    if row["borrower"]:
        asked = filters_asked(borrower=row["borrower"], state="active")
        st.page_link("loans.py", label=label, query_params=here(**asked))
    else:
        st.page_link("status.py", label=label, query_params=here(loan=row["loan_id"]))
