"""A list a page at a time: which page the URL asks for, what is on it, and the way to the others."""

import re
from typing import Any

import streamlit as st

from pages._address import in_url

MOST_PAGES = 5
"""So many pages of a list are to choose from at once: more do not fit a phone."""


def page_of(count: int, rows_a_page: int) -> int:
    """Which page of a list of so many rows the URL asks for, ``?page=2``; the first where there is none such."""
    number = _page_asked()
    return number if rows_a_page * (number - 1) < count else 1


def paged(find: Any, rows_a_page: int) -> Any:
    """That page, as ``find(limit=, offset=)`` answers it: its ``rows``, and the ``count`` of all of them."""
    found = find(limit=rows_a_page, offset=rows_a_page * (_page_asked() - 1))
    is_beyond_the_end = found.count and not len(found.rows)
    return find(limit=rows_a_page, offset=0) if is_beyond_the_end else found


def page_through(count: int, rows_a_page: int, words: str, **tied: Any) -> int:
    """Below a list: which of its rows these are, and the way to the others; which page it is that is shown."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        said = st.container(width="stretch")
        number = turn_page(count, rows_a_page, **tied)
    first = rows_a_page * (number - 1)
    said.caption(f"{first + 1:,}–{min(first + rows_a_page, count):,} of {count:,}{words}")
    return number


def turn_page(count: int, rows_a_page: int, **tied: Any) -> int:
    """The way to the other pages of a list, where there are any; the page it stands at.

    ``tied``: what the page is kept in, as keywords of a widget, where that is not the URL.
    """
    pages = -(-count // rows_a_page)
    if pages < 2:
        return 1
    # At a width of its own choice it shows the first page alone.
    width = 130 + 40 * min(pages, MOST_PAGES)
    tied = tied or in_url("page", 1, range(1, pages + 1))
    number: int = st.pagination(pages, max_visible_pages=MOST_PAGES, width=width, **tied)
    return number


def _page_asked() -> int:
    asked = st.query_params.get("page", "")
    return int(asked) if re.fullmatch("[1-9][0-9]{0,5}", asked) else 1
