"""What came in, and what does it pay?"""

from functools import partial

import streamlit as st

from loan_core import currency
from pages._address import as_of, currency_asked, in_url, loan_id
from pages._controls import offer_csv, switch
from pages._desk import book
from pages._filters import search_field
from pages._form import form
from pages._look import day, figure
from pages._paging import page_through, paged
from pages._received import PERIODS, clear, listed, selected, since
from pages._recording import fill_in, receipt
from pages._repayment_words import file_name

ROWS = 15

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(gap=None):
        st.title("Repayments", anchor=False)
        st.caption("Money received, newest first. A mistake is put right by a reversal; both stay visible.")
    export = st.container(width="content")
left, right = st.columns([4, 7], gap="medium")
new = form("repayment")
with left:
    if new.written:
        receipt(new.written)
    else:
        fill_in(new)

with right:
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.header("Received", anchor=False)
        period = switch("Period", "period", PERIODS)
    with st.container(horizontal=True, vertical_alignment="center"):
        search = search_field()
        only = loan_id()
        if only and not st.toggle("This loan only", **in_url("only", False, [False, True])):
            only = None

code = book().loan(only).currency if only else currency_asked()
first_day = since(period, as_of())
meant = {"since": first_day, "search": search, "currency": code, "loan_id": only}
page = paged(partial(book().repayments, as_of(), **meant), ROWS)

file = file_name(as_of(), **meant)
offer_csv(file, partial(book().export_repayments, **meant), as_of(), place=export)
with right:
    with st.grid(3, min_column_width=150, gap="small"):
        st.metric("Received", **figure(page.received.get(code, 0), code))
        st.metric("Repayments", f"{page.count:,}")
        st.metric("Reversed", **figure(page.reversed.get(code, 0), code))
    if not page.count:
        when = f"from {day(first_day)} to {day(as_of())}" if first_day else f"by {day(as_of())}"
        st.markdown(f"**No repayment {'matches' if search or only else 'came in'}** {when}.")
        if search or only:
            st.button("Clear filters", icon=":material/close:", on_click=clear)
    else:
        chosen = listed(page.rows, code)
        words = (
            f", amounts in {currency(code).name}. Click a name, or tick a row, to see the repayment or to reverse it. "
            "The CSV has what is listed here, on all pages."
        )
        page_through(page.count, ROWS, words)
        if chosen is not None:
            selected(chosen)
