"""Can these figures be trusted?"""

from typing import Any

import streamlit as st

from loan_core import check_the_arithmetic, summary
from pages import _trust
from pages._address import as_of, here
from pages._desk import book
from pages._look import counted, day, markdown


def checked() -> list[Any]:
    """Every check of the book as it is, made anew when it was written to or another day is asked about."""
    if not is_checked():
        st.session_state.checked = book().edition(as_of()), run()
    found: list[Any] = st.session_state.checked[1]
    return found


def run() -> list[Any]:
    place = st.empty()

    def progress(doing: str, done: int, loans: int) -> None:
        place.progress(done / loans, text=f"{doing} {counted(loans, 'loan')}…")

    with st.spinner("Checking…"):
        found = list(check_the_arithmetic(book(), as_of(), progress))
    place.empty()
    return found


def is_checked() -> bool:
    return st.session_state.get("checked", (None,))[0] == book().edition(as_of())


def show(check: Any) -> None:
    st.markdown(_trust.sentence(check))
    if check.passed:
        return
    if check.noun != "loan":
        st.markdown(f":red[{markdown('; '.join(check.named))}]")
        return
    with st.container(horizontal=True, gap="small"):
        for reference in check.named:
            st.page_link("status.py", label=markdown(reference), query_params=here(loan=reference))


with st.container(gap=None):
    st.title("Can these figures be trusted?", anchor=False)
    st.caption(f"Cases that others worked out and published, and what must hold in any book, as of {day(as_of())}.")
loans = book().loan_page(as_of(), limit=0).count
if loans > _trust.AT_ONCE and not is_checked():
    st.markdown(f"This book has {counted(loans, 'loan')}: to check each of them takes a while.")
    if not st.button(f"Check {counted(loans, 'loan')}", type="primary", icon=":material/verified:"):
        st.stop()
found = checked()
failed = [check for check in found if not check.passed]
if failed:
    st.error(
        f"{summary(found)} The figures below are not to be trusted until it is clear why.", icon=":material/error:"
    )
else:
    st.header(f":green[:material/verified:] {summary(found)}", anchor=False)
for title, checks in (
    ("This book", [check for check in found if not check.source]),
    ("Published cases", [check for check in found if check.source]),
):
    st.header(title, anchor=False)
    with st.container(gap="xsmall"):
        for check in sorted(checks, key=lambda each: each.passed):
            show(check)
