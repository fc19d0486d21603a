"""Which loans are there?"""

from functools import partial

import streamlit as st

from loan_core import currency
from pages._address import as_of, come_back, currency_asked, go, here, in_url, seen
from pages._controls import TO_OPEN_A_LOAN, offer_csv, switch
from pages._desk import book
from pages._filters import (
    ORDERS,
    STATES,
    STATUSES,
    filters_asked,
    more_filters,
    no_loan_matches,
    say_filters,
    search_field,
    selection_asked,
)
from pages._known import known_suffix
from pages._lists import loan_list
from pages._look import counted, day, markdown, money
from pages._paging import page_of, page_through, paged
from pages._shown import empty_book

ROWS = 15
COLUMNS = (
    "Borrower",
    "Status",
    "Ahead or behind",
    "Days",
    "Outstanding",
    "Arrears",
    "Paid of expected",
    "Next due",
    "Installment",
    "Loan",
)
ELSEWHERE = {
    "portfolio": ("Portfolio", "space_dashboard"),
    "collection": ("Collections", "event_available"),
    "risk": ("Risk", "monitoring"),
    "lateness": ("Lateness", "grid_on"),
    "vintages": ("Vintages", "stacked_line_chart"),
}

come_back("loan")
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(gap=None, width="content"):
        st.title("Loans", anchor=False)
        summary = st.empty()
    buttons = st.container(horizontal=True, width="content")

(meant, sort), code = selection_asked(), currency_asked()
found = paged(partial(seen().loan_page, as_of(), sort=sort, **meant), ROWS)
if not found.count and not book().currencies():
    empty_book()

with st.container(horizontal=True, vertical_alignment="center"):
    search_field()
    switch("Status", "status", STATUSES, words=STATUSES.get)
    more_filters()
    order = st.selectbox(
        "Sort",
        ORDERS,
        format_func="Sort: {}".format,
        label_visibility="collapsed",
        width=200,
        **in_url("sort", "Days past due", ORDERS),
    )
say_filters()
if buttons.button("New loan", type="primary", icon=":material/add:"):
    go("new_loan")
if not found.count:
    no_loan_matches()

kind = f"{STATES[meant['state']].lower()} loan" if meant["state"] else "loan"
outstanding = markdown(money(found.by_currency[code].outstanding_principal, code))
summary.caption(f"{counted(found.count, kind)} · {outstanding} outstanding · as of {day(as_of())}")
export = partial(seen().export_loans, sort=sort, **meant)
offer_csv(f"loans-{as_of()}{known_suffix()}", export, as_of(), place=buttons)
alt = f"Loans, page {page_of(found.count, ROWS):,}, sorted by {order.lower()}"
chosen = loan_list(found.rows, code, COLUMNS, key="list", alt=alt)
words = f", amounts in {currency(code).name}. {TO_OPEN_A_LOAN}"
page_through(found.count, ROWS, words)
these = here(**filters_asked(state=meant["state"] or "all"))
with st.container(horizontal=True):
    for page, (title, icon) in ELSEWHERE.items():
        st.page_link(f"{page}.py", label=f"{title} of these loans", icon=f":material/{icon}:", query_params=these)
if chosen is not None:
    go("status", loan=chosen, **filters_asked())
