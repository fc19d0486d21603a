"""A loan chosen by its name, its number or its reference, in a book of any size: it is the book that looks."""

from functools import lru_cache
from typing import Any

import streamlit as st

from pages._address import as_of, loan_id
from pages._desk import book
from pages._look import counted, markdown
from pages._words import named

OFFERED = 200
"""So many loans are on the list at once. Of a larger book, what is typed and entered is looked for."""

_KEY = "loan_in_url"


def choose_loan(**look: Any) -> int | None:
    """The loan that the URL names, by its number: ``?loan=7``, ``?loan=L-0007``; or the one that is picked here.

    What was looked for stands in the URL too: ``?find=amara``.
    """
    text = st.query_params.get("find", "")
    found = _found(book().edition(as_of()), text)
    if text and len(found) == 1:
        text = ""
        _ask_for(loan=next(iter(found)))
    asked = loan_id()
    names = found if asked is None or asked in found else found | {asked: named(book().loan(asked))}
    # Only what differs is set: setting a field, even to what it shows, would take away what is being typed.
    if st.session_state.get(_KEY) != asked or _KEY not in st.session_state:
        st.session_state[_KEY] = asked
    st.selectbox(
        "Loan",
        names,
        index=None,
        required=True,
        format_func=lambda each: names.get(each, str(each)),
        placeholder="Name, loan or reference",
        accept_new_options=bool(text) or len(found) == OFFERED,
        filter_mode="contains",
        key=_KEY,
        on_change=_choose,
        **look,
    )
    if text:
        st.caption(markdown(_how_many(len(found), text)))
    return asked


@lru_cache(maxsize=64)
def _found(_edition: Any, text: str) -> dict[int, str]:
    """Loans to choose from, until the book is written to: most choices are made among the same ones."""
    return {each.id: named(each) for each in book().find_loans(text, OFFERED).itertuples()}


def _choose() -> None:
    """Takes up what was picked; what was typed instead is looked for, and taken up where it can only be one loan."""
    chosen = st.session_state[_KEY]
    _ask_for(**{"find" if isinstance(chosen, str) else "loan": chosen})


def _ask_for(**params: object) -> None:
    kept = {name: said for name, said in st.query_params.items() if name not in ("loan", "find", "page")}
    st.query_params.from_dict(kept | {name: str(said) for name, said in params.items() if said is not None})


def _how_many(found: int, text: str) -> str:
    if not found:
        return f"No loan is called “{text}”, in whole or in part."
    if found == OFFERED:
        return f"“{text}” is in the names of {OFFERED} loans and more: write more of it."
    return f"{counted(found, 'loan')} with “{text}”: choose one from the list."
