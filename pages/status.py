"""Where does this loan stand?"""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

import pandas as pd
import streamlit as st

from loan_core import currency
from pages._charts import STILL
from pages._desk import as_of, book, go, here, in_url, is_short, loan_id, table, theme
from pages._look import badge, day, isolated, major, markdown, tolerance
from pages._print import statement_page
from pages._repayment_words import remark
from pages._status_chart import STATUS_HEIGHT, status_chart, status_sentence
from pages._words import colored_outcome, figures, headline, named, outcome, terms

LISTED = 500


def csv(rows: Callable[[date, int], Iterator[bytes]], as_of: date, loan_id: int) -> bytes:
    """Made when it is asked for, on a thread that knows no session."""
    return b"".join(rows(as_of, loan_id))


with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    known = book().loans(as_of()).head(LISTED).set_index("id")
    st.selectbox(
        "Loan",
        list(known.index),
        index=None,
        required=True,
        format_func=lambda loan: named(known.loc[loan]) if loan in known.index else str(loan),
        placeholder="Name, loan or reference",
        accept_new_options=len(known) == LISTED,
        filter_mode="contains",
        label_visibility="collapsed",
        width=260,
        **in_url("loan", None, [*known.index, st.query_params.get("loan")]),
    )
    buttons = st.container(horizontal=True, width="content")

if not (asked := loan_id()):
    st.title("Status", anchor=False)
    st.markdown("Choose a loan above: by its name, its number or its reference.")
    st.page_link("loans.py", label="All loans", icon=":material/list_alt:", query_params=here())
    st.stop()

statement = book().statement(asked, as_of())
loan, status = statement.loan, statement.status

if status.state != "voided" and buttons.button("Record repayment", type="primary", icon=":material/payments:"):
    go("repayments", loan=loan.id)
for name, rows in (("Schedule", book().export_schedule), ("Statement", book().export_statement)):
    buttons.download_button(
        name,
        partial(csv, rows, as_of(), loan.id),
        file_name=f"{name.lower()}-{loan.id}-{as_of()}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
buttons.download_button(
    "Printable statement",
    partial(statement_page, statement),
    file_name=f"statement-{loan.id}-{as_of()}.html",
    mime="text/html",
    icon=":material/print:",
    on_click="ignore",
)
with st.container(gap=None):
    st.title(f"{markdown(isolated(loan.borrower or loan.reference))} {badge(status)}", anchor=False)
    st.caption(markdown(terms(loan)))
with st.container(gap=None):
    st.header(markdown(headline(statement)), anchor=False)
    st.caption(f"As of {day(as_of())}. On Track means {tolerance(book().thresholds)} what was expected by this day.")
if status.state == "voided":
    st.stop()

with st.grid(6, min_column_width=150, gap="small"):
    for figure in figures(statement, book().today()):
        st.metric(**figure)

st.subheader("Expected and actual payments", anchor=False)
st.plotly_chart(
    status_chart(statement, book().thresholds, theme(), book().today()),
    theme=None,
    height=STATUS_HEIGHT,
    config=STILL,
    alt=status_sentence(statement),
)
st.caption(f"Shaded: {tolerance(book().thresholds)} expected. Dotted: installments still to fall due.")

due, received = statement.installments, statement.repayments.iloc[::-1]
left, right = st.columns([7, 5], gap="medium")
with left:
    st.subheader("Installments", anchor=False)
    words = colored_outcome if is_short(due) else outcome
    table(
        pd.DataFrame(
            {
                "Due": due["due_on"],
                "Amount": major(due["due"], loan.currency),
                "Paid": major(due["covered"].where(due["covered"] > 0), loan.currency),
                "Outcome": [words(*each) for each in zip(due["outcome"], due["days"], strict=True)],
            }
        ),
        loan.currency,
        f"Installments of loan {loan.reference}",
    )
with right:
    st.subheader("Repayments", anchor=False)
    if received.empty:
        st.markdown(f":gray[None by {day(as_of())}.]")
    else:
        notes = [remark(each) for each in received.itertuples()]
        table(
            pd.DataFrame(
                {
                    "Received": pd.to_datetime(received["received_on"]),
                    "Amount": major(received["amount"], loan.currency),
                    "Note": [markdown(note) for note in notes] if is_short(received) else notes,
                }
            ),
            loan.currency,
            f"Repayments of loan {loan.reference}",
        )
st.caption(f"Amounts in {currency(loan.currency).name}.")
