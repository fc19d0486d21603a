"""What was written since a revision?"""

from functools import partial

import streamlit as st

from loan_core import currency
from pages._address import as_of, currency_asked, go, here, known_asked, number_in
from pages._controls import TO_OPEN_A_LOAN, offer_csv, pick_row
from pages._desk import book
from pages._known import KINDS, kinds_words
from pages._look import day, instant, major
from pages._paging import page_through, paged
from pages._shown import sum_column

ROWS = 15

revision = number_in(st.query_params.get("since", "")) or known_asked() or 0
code = currency_asked()
then = book().as_known(revision)
found = paged(partial(book().since, revision, as_of(), code), ROWS)

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(gap=None, width="content"):
        st.title("What came since", anchor=False)
        when = f"revision {revision:,}, {instant(then.at)}" if revision else "the book began"
        st.caption(f"Since {when}. Loans, and money received by {day(as_of())}.")
    buttons = st.container(horizontal=True, width="content")
if not found.count:
    st.markdown(":gray[Nothing was written since that counts on this day.]")
    st.stop()
offer_csv(f"since-{revision}-on-{as_of()}", book().export_since, revision, as_of(), code, place=buttons)
st.markdown(f"{kinds_words(found.kinds)}.")
rows = found.rows
shown = {
    "Recorded, UTC": rows["recorded_at"].dt.tz_localize(None),
    "What": [KINDS[kind][0].capitalize() for kind in rows["kind"]],
    "Loan": rows["loan_reference"],
    "Borrower": rows["borrower"],
    "Amount": major(rows["amount"], code),
    "Received or begun": rows["on"],
    "Reference": rows["reference"],
    "By": rows["recorded_by"],
}
chosen = pick_row(
    shown,
    {
        "Recorded, UTC": st.column_config.DatetimeColumn(width=150, format="D MMM YYYY, HH:mm"),
        "Amount": sum_column(code, shown["Amount"], 104),
        "Received or begun": st.column_config.DateColumn(width=130, format="D MMM YYYY"),
    },
    key="entries",
    of=rows["loan_id"],
    alt="What was written since, the latest first",
)
words = f", the latest first, amounts in {currency(code).name}. {TO_OPEN_A_LOAN}"
page_through(found.count, ROWS, words)
st.page_link(
    "portfolio.py",
    label="The portfolio as it was known then",
    icon=":material/history:",
    query_params=here(known=revision),
)
if chosen is not None:
    go("status", loan=int(rows["loan_id"].iloc[chosen]))
