"""The head of an analyst's page: its title, which loans are meant, and what to do where none is."""

from typing import Any

import streamlit as st

from pages._address import as_of, currency_asked, here, seen
from pages._desk import book
from pages._filters import (
    filters_asked,
    more_filters,
    no_loan_matches,
    say_filters,
    search_field,
    selection_asked,
)
from pages._known import choose_known
from pages._look import counted
from pages._shown import empty_book
from pages._time import step_through_time


def loans_asked(title: str, through_time: bool = False, inputs_at: Any = "center") -> tuple[Any, Any, Any]:
    """The analysis of the loans that are meant, the line under the title, and the place for the page's own inputs.

    Where there are none the page ends with what can be done about it.
    """
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(gap=None, width="content"):
            st.title(title, anchor=False)
            summary = st.empty()
        if through_time:
            step_through_time()
    loans = seen().analysis(as_of(), **selection_asked("all")[0]).get(currency_asked())
    if loans is None and not book().currencies():
        empty_book()
    with st.container(horizontal=True, vertical_alignment=inputs_at):
        inputs = st.container(horizontal=True, vertical_alignment=inputs_at, width="content")
        search_field()
        more_filters("all")
        choose_known()
    say_filters("all")
    if loans is None:
        no_loan_matches("all")
    return loans, summary, inputs


def link_to_loans(loans: Any) -> None:
    """The way to the loans behind the figures of a page."""
    st.page_link(
        "loans.py",
        label=f"{counted(len(loans), 'loan')} behind these figures",
        icon=":material/arrow_forward:",
        icon_position="right",
        query_params=here(**filters_asked(state=selection_asked("all")[0]["state"] or "all")),
    )
