"""How does this number come about?"""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from loan_core import FIGURES, currency
from pages._desk import (
    as_of,
    attempt,
    book,
    clear_filters,
    come_back,
    day_asked,
    empty_book,
    go,
    here,
    in_url,
    made,
    page_asked,
    seen,
    sum_column,
)
from pages._explaining import arithmetic, in_order, named, period, source, value
from pages._filters import filters_asked, say_filters, selection_asked
from pages._known import known_suffix
from pages._look import counted, day, major, markdown

ROWS = 15


def ways_back() -> None:
    """The pages on which figures stand, for the same loans on the same day."""
    with st.container(horizontal=True, gap="small"):
        for page, title in (("portfolio", "Portfolio"), ("collection", "Collections"), ("risk", "Risk")):
            st.page_link(f"{page}.py", label=title, query_params=here(**filters_asked()))


def shown(rows: pd.DataFrame, found: Any) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows under the words of their columns, and how they are shown: sums as sums, what counts as a tick."""
    figure, code = found.figure, found.asked.currency
    cells = {"Loan": rows["loan_reference"], "Borrower": rows["borrower"]}
    columns = dict(zip((figure.part_name, figure.whole_name), found.names, strict=False))
    if figure.unit == "money":
        sums = {words: major(rows[name], code) for words, name in columns.items()}
        config = {words: sum_column(code, sums[words], 40 + 7 * len(words)) for words in sums}
    else:
        # Each loan counts once: that is said only where some do and some do not.
        counts = np.where(rows[found.names[0]] > 0, "✓", "")
        sums, config = {figure.part_name: counts} if figure.is_share else {}, {}
    return pd.DataFrame(cells | sums), config


def show_rows(found: Any) -> None:
    """The loans that the figure is the sum of, a page at a time; a row opens its loan."""
    pages = -(-found.count // ROWS)
    number = min(page_asked(), pages)
    rows = found.rows(ROWS, ROWS * (number - 1))
    frame, config = shown(rows, found)
    first, last = ROWS * (number - 1) + 1, ROWS * (number - 1) + len(rows)
    chosen = st.dataframe(
        frame,
        hide_index=True,
        row_height=38,
        height="content",
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        column_config=config,
        key="rows",
        alt=f"Loans {first:,} to {last:,} of the figure, the largest part first",
    ).selection.rows
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        said = f"{first:,}–{last:,} of {found.count:,}, {in_order(found)}. Select a row to open the loan."
        st.container(width="stretch").caption(said)
        if pages > 1:
            st.pagination(pages, max_visible_pages=5, **in_url("page", 1, range(1, pages + 1)))
    if chosen:
        go("status", loan=int(rows["loan_id"].iloc[chosen[0]]), **filters_asked())


come_back(but_not_with="loan")
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
    st.title(FIGURES[key].name, anchor=False)
    say_filters("all")
    st.markdown("**No loan matches.**")
    st.button("Clear filters", icon=":material/close:", on_click=clear_filters)
    st.stop()

with st.container(gap=None):
    st.title(markdown(f"{found.figure.name}: {value(found)}"), anchor=False)
    over = f"{period(found)}, as" if found.figure.period else "As"
    units = f", amounts in {currency(found.asked.currency).name}" if found.figure.unit == "money" else ""
    st.caption(f"{over} of {day(as_of())}{units}.")
say_filters("all")
with st.container(gap="xsmall"):
    st.markdown(markdown(found.figure.definition))
    st.header(markdown(arithmetic(found)), anchor=False)
    st.markdown(f":gray[{markdown(found.figure.formula[0].upper() + found.figure.formula[1:])}.]")
    st.caption(markdown(source(found.figure)))

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.header(
        f"{counted(found.loans, 'loan')} of {found.count:,}" if found.figure.is_share else "The loans", anchor=False
    )
    if found.count:
        st.download_button(
            "CSV",
            partial(made, found.csv),
            f"{key}-{as_of()}{known_suffix()}.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
if found.count:
    show_rows(found)
else:
    st.markdown(":gray[No loan has a part in it.]")
st.selectbox("Another figure", list(FIGURES), format_func=named, width=420, **in_url("figure", "", FIGURES))
ways_back()
