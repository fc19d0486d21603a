"""How is the book doing?"""

import streamlit as st

from loan_core import currency
from pages._address import as_of, come_back, currency_asked, go, here, seen
from pages._bars import of_ages
from pages._book_charts import ageing_chart, ageing_sentence, book_chart, book_sentence
from pages._book_words import (
    book_explained,
    book_figures,
    book_gap,
    book_key,
    book_rows,
    not_past_due,
)
from pages._controls import TO_OPEN_A_LOAN
from pages._desk import book
from pages._explaining import explain, explain_one
from pages._figures import course
from pages._filters import filters_asked, more_filters, no_loan_matches, say_filters, selection_asked
from pages._known import choose_known
from pages._lists import loan_list
from pages._look import day, markdown
from pages._shown import chart, empty_book, theme
from pages._time import step_through_time

CALLS = 6
# The pixels that the line of a figure takes.
LINE = 68


def link(words: str, page: str, query: dict[str, str]) -> None:
    # The list of repayments knows none of these filters.
    asked = query if page == "repayments" else filters_asked(**query)
    st.page_link(
        f"{page}.py",
        label=words,
        icon=":material/arrow_forward:",
        icon_position="right",
        query_params=here(**asked),
    )


come_back("loan", "figure")
(meant, _), code = selection_asked(state="all"), currency_asked()
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(gap=None, width="content"):
        st.title("Portfolio", anchor=False)
        summary = st.empty()
    buttons = st.container(horizontal=True, width="content")
if not book().currencies():
    empty_book()
if buttons.button("New loan", type="primary", icon=":material/add:"):
    go("new_loan")
if buttons.button("Import", icon=":material/upload:"):
    go("exchange")
with buttons:
    choose_known()
    more_filters(state="all")
say_filters(state="all")
step_through_time()

year, before = course(seen(), code, meant)
if before is None:
    no_loan_matches("all")
totals = year[-1].totals
summary.caption(f"As of {day(as_of())}, amounts in {currency(code).name}. Changes since {day(before.on)}.")
grid = st.grid(5, min_column_width=150, gap="small")
cards = zip(book_figures(year, before, code), book_rows(year[-1]), book_explained(as_of()), strict=True)
for figure, (words, page, query), asked in cards:
    with grid.cell(), st.container(gap="xxsmall", horizontal_alignment="right"):
        st.metric(**figure)
        if not figure["chart_data"]:
            st.space(LINE)
        with st.container(horizontal=True, horizontal_alignment="right", gap="xxsmall"):
            explain(**asked)
            link(f":gray[{words}]", page, query)

left, right = st.columns([7, 5], gap="medium")
with left:
    st.header("Expected and received", anchor=False)
    if totals.loans > totals.pending:
        st.markdown(book_key(totals, code))
        curve = seen().curves(as_of(), **meant)[code]
        figure = book_chart(curve, as_of(), code, theme(), book().today())
        chart(figure, book_sentence(curve, as_of(), code))
        st.caption(f"{markdown(book_gap(totals, code))} Dotted: still to fall due.")
        explain("total_amount_paid", "Explain these lines")
    else:
        st.markdown(f":gray[No loan had started by {day(as_of())}.]")
with right:
    st.header("Past due, by age", anchor=False)
    if totals.loans_in_arrears:
        st.markdown(":small[:gray[Outstanding principal of loans past due]]")
        figure = ageing_chart(totals.ageing, code, theme())
        chart(figure, ageing_sentence(totals.ageing, code))
        st.caption(markdown(not_past_due(totals, code)))
        explain_one(of_ages(totals.ageing, code), "ages")
    else:
        st.markdown(":gray[Nothing is past due.]")

late = seen().loan_page(as_of(), sort="-arrears", limit=CALLS, **{"past_due_from": 1, **meant})
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.header("Needs attention", anchor=False)
    if late.count > CALLS:
        link(f"All {late.count:,} past due", "loans", {"past_due": "1+", "sort": "Arrears"})
if not late.count:
    st.markdown(":gray[No loan is past due.]")
    st.stop()
COLUMNS = ("Borrower", "Arrears", "Days past due", "Outstanding", "Next due", "Loan")
chosen = loan_list(late.rows, code, COLUMNS, key="calls", alt="Loans past due, the largest arrears first")
st.caption(f"The largest arrears first, amounts in {currency(code).name}. {TO_OPEN_A_LOAN}")
if chosen is not None:
    go("status", loan=chosen, **filters_asked())
