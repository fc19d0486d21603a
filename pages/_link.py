"""A link that remembers of which revision it was made: opened later, it says what came since, and what that changed."""

from typing import Any

import streamlit as st

from pages._address import as_of, currency_asked, forget, here, known_asked, loan_id, number_in
from pages._desk import attempt, book
from pages._figures import changes
from pages._known import kinds_words
from pages._look import counted, markdown
from pages._shown import say


def say_what_came(page: Any, shows_then: bool) -> None:
    """Above a page that a link opened: nothing, where nothing came since. What no link of this book says is dropped."""
    asked = st.query_params.get("revision")
    if asked is None or known_asked() is not None:
        return
    revision = number_in(asked)
    then, refusal = attempt(book().as_known, revision) if revision is not None else (None, "It names no revision.")
    if refusal:
        forget("revision")
        say(f"What came since this link was made cannot be said. {refusal}")
    elif revision != book().edition(as_of()).revision:
        _say(page, then, shows_then)


def _say(page: Any, then: Any, shows_then: bool) -> None:
    code = _currency_of(page)
    kinds = book().since(then.revision, as_of(), code, limit=0).kinds
    if not kinds:
        return
    came = counted(sum(kinds.values()), "entry", "entries")
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":material/history: Since this link was made, {came} came: {kinds_words(kinds)}.")
        changed = changes(page.url_path, then, book())
        if changed is not None:
            said = ", ".join(f"{label} {markdown(was)} → **{markdown(now)}**" for label, was, now in changed)
            st.markdown(f"Changed on this page: {said}." if changed else "No figure of this page changed.")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if shows_then:
                query = {name: value for name, value in st.query_params.to_dict().items() if name != "revision"}
                label, asked = "Show as it was", here(**query) | {"known": str(then.revision)}
                st.page_link(page, label=label, icon=":material/history:", query_params=asked)
            entries = here(since=then.revision) | {"currency": code}
            st.page_link("since.py", label="What came since", icon=":material/difference:", query_params=entries)
            st.button("Dismiss", icon=":material/close:", on_click=forget, args=("revision",), key="dismiss")


def _currency_of(page: Any) -> str:
    """What the page's figures are in: a loan's page knows one of its own, whatever else is asked for."""
    loan = loan_id() if page.url_path == "status" else None
    return book().currency(loan) if loan else currency_asked()
