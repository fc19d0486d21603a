"""What came in, and what does it pay?"""

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from loan_core import Book, currency
from pages._desk import PERIODS, as_of, book, clear_filters, currency_asked, go, in_url, page_asked, since, sum_column
from pages._form import form
from pages._look import day, figure, major
from pages._recording import details, fill_in, receipt, reverse
from pages._repayment_words import remark

ROWS = 15


def csv(book: Book, as_of: Any) -> bytes:
    """Made when it is asked for, on a thread that knows no session."""
    return b"".join(book.export_repayments(as_of))


def history() -> None:
    """What came in, newest first."""
    code = currency_asked()
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.header("Received", anchor=False)
        period = st.segmented_control(
            "Period",
            PERIODS,
            default=PERIODS[0],
            required=True,
            format_func=":gray[{}]".format,
            label_visibility="collapsed",
            **in_url("period", PERIODS[0], PERIODS),
        )
    search = st.text_input(
        "Search",
        type="search",
        placeholder="Name, loan or reference",
        label_visibility="collapsed",
        width=220,
        **in_url("search", ""),
    )
    first_day, number = since(period, as_of()), page_asked()
    find = partial(book().repayments, as_of(), since=first_day, search=search, currency=code, limit=ROWS)
    page = find(offset=ROWS * (number - 1))
    if page.count and page.rows.empty:
        number, page = 1, find()
    with st.grid(3, min_column_width=150, gap="small"):
        st.metric("Received", **figure(page.received.get(code, 0), code))
        st.metric("Repayments", f"{page.count:,}")
        st.metric("Reversed", **figure(page.reversed.get(code, 0), code))
    if not page.count:
        when = f"from {day(first_day)} to {day(as_of())}" if first_day else f"by {day(as_of())}"
        st.markdown(f"**No repayment {'matches' if search else 'came in'}** {when}.")
        if search:
            st.button("Clear search", icon=":material/close:", on_click=clear_filters)
        return
    chosen = listed(page.rows, code)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        range_shown = st.container(width="stretch")
        pages = -(-page.count // ROWS)
        if pages > 1:
            st.pagination(pages, max_visible_pages=5, **in_url("page", 1, range(1, pages + 1)))
    first, last = ROWS * (number - 1) + 1, ROWS * (number - 1) + len(page.rows)
    range_shown.caption(
        f"{first:,}–{last:,} of {page.count:,}, amounts in {currency(code).name}. "
        "Select a repayment to see it or to reverse it."
    )
    if chosen is not None:
        selected(chosen)


def listed(rows: pd.DataFrame, code: str) -> Any:
    """The table, and the row that is selected in it."""
    chosen = st.dataframe(
        pd.DataFrame(
            {
                "Received on": rows["received_on"],
                "Borrower": rows["borrower"].where(rows["borrower"] != "", rows["loan_reference"]),
                "Amount": major(rows["amount"], code),
                "Reference": rows["reference"],
                "Note": [remark(each) for each in rows.itertuples()],
            }
        ),
        hide_index=True,
        row_height=38,
        height="content",
        placeholder="",
        # What is selected is a place in the list: with other rows in it, it would be another repayment.
        key=" ".join(rows["id"].astype(str)),
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Received on": st.column_config.DateColumn(width=96, format="D MMM YYYY"),
            "Borrower": st.column_config.TextColumn(width=118),
            "Amount": sum_column(code, major(rows["amount"], code), 96),
        },
        alt="Repayments, newest first",
    ).selection.rows
    # As plain values: the book knows no NumPy integers.
    return list(rows.itertuples())[chosen[0]] if chosen else None


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


with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(gap=None):
        st.title("Repayments", anchor=False)
        st.caption("Money received, newest first. A mistake is put right by a reversal; both stay visible.")
    st.download_button(
        "Export CSV",
        partial(csv, book(), as_of()),
        file_name=f"repayments-{as_of()}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
left, right = st.columns([4, 7], gap="medium")
new = form("repayment")
with left:
    if new.written:
        receipt(new.written)
    else:
        fill_in(new)
with right:
    history()
