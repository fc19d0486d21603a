"""How does this number come about?"""

import re
from typing import Any

import streamlit as st

from loan_core import FIGURES, currency, figure_of
from pages._address import as_of, come_back, day_asked, go, here, in_url, seen
from pages._controls import TO_OPEN_A_LOAN, offer_csv, pick_row
from pages._desk import attempt, book
from pages._explaining import arithmetic, in_order, named, parts, period, source, value
from pages._filters import filters_asked, no_loan_matches, say_filters, selection_asked
from pages._known import known_suffix
from pages._look import counted, day, markdown
from pages._paging import page_of, page_through
from pages._shown import empty_book

ROWS = 15
PAGES = {
    "portfolio": "Portfolio",
    "collection": "Collections",
    "risk": "Risk",
    "lateness": "Lateness",
    "vintages": "Vintages",
}


def ways_back() -> None:
    """The pages on which figures stand, for the same loans on the same day."""
    with st.container(horizontal=True, gap="small"):
        for page, title in PAGES.items():
            st.page_link(f"{page}.py", label=title, query_params=here(**filters_asked()))


def file_name(key: str) -> str:
    """The key of a figure with nothing in it that a file's name may not have."""
    return re.sub(r"[^\w.+-]+", "-", key)[:60]


def show_rows(found: Any) -> None:
    """The loans that the figure is the sum of, a page at a time; a row opens its loan."""
    number = page_of(found.count, ROWS)
    rows = found.rows(ROWS, ROWS * (number - 1))
    alt = f"Loans of the figure, the largest part first: page {number:,}"
    chosen = pick_row(*parts(rows, found), key="rows", of=rows["loan_id"], alt=alt)
    page_through(found.count, ROWS, f", {in_order(found)}. {TO_OPEN_A_LOAN}")
    if chosen is not None:
        go("status", loan=int(rows["loan_id"].iloc[chosen]), **filters_asked())


come_back("loan")
key = st.query_params.get("figure", "")
if not book().currencies():
    st.title("How does this number come about?", anchor=False)
    empty_book()
meant = selection_asked("all")[0]
found, refusal = attempt(seen().explain, key, as_of(), day_asked("first"), day_asked("last"), **meant)
if refusal is not None:
    st.title("How does this number come about?", anchor=False)
    st.markdown(
        f"{markdown(str(refusal)) if key else 'No figure was asked for.'} Each card leads to its own from here:"
    )
    ways_back()
    st.stop()
if found is None:
    st.title(markdown(figure_of(key).name), anchor=False)
    say_filters("all")
    no_loan_matches("all")

with st.container(gap=None):
    st.title(markdown(f"{found.figure.name}: {value(found)}"), anchor=False)
    over = f"{period(found)}, as" if found.figure.period else "As"
    units = f", amounts in {currency(found.asked.currency).name}" if found.figure.unit == "money" else ""
    st.caption(f"{over} of {day(as_of())}{units}.")
say_filters("all")
with st.container(gap="xsmall"):
    st.markdown(markdown(found.figure.definition))
    st.header(markdown(arithmetic(found)), anchor=False)
    formula = found.figure.formula_by(book().thresholds)
    st.markdown(f":gray[{markdown(formula[0].upper() + formula[1:])}.]")
    st.caption(markdown(source(found.figure)))

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.header(
        f"{counted(found.loans, 'loan')} of {found.count:,}" if found.figure.is_share else "The loans", anchor=False
    )
    if found.count:
        offer_csv(f"{file_name(key)}-{as_of()}{known_suffix()}", found.csv, label="CSV")
if found.count:
    show_rows(found)
else:
    st.markdown(":gray[No loan has a part in it.]")
others = list(dict.fromkeys([key, *FIGURES]))
st.selectbox("Another figure", others, format_func=named, width=420, **in_url("figure", key, others))
ways_back()
