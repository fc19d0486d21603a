"""What looks wrong?"""

from functools import partial
from typing import Any

import streamlit as st

from loan_core import findings
from pages._address import as_of, currency_asked, here, in_url
from pages._controls import offer_csv
from pages._desk import book
from pages._form import form, start_over
from pages._inbox_words import about, asked, looked_at
from pages._look import counted, day, markdown
from pages._paging import page_through, paged
from pages._shown import empty_book, say

ROWS = 10


def acknowledge(finding: Any) -> None:
    answer(book().acknowledge, finding.loan_id, finding.kind, finding.facts)


def answer(verb: Any, *said: Any) -> None:
    """What is refused is said like what was done: the finding stays where it is."""
    # Answered, a finding makes room for the next one: the second half of a double click would answer that unread.
    start_over("answer")
    refusal = form("answer").write(verb, *said)
    if refusal:
        say(str(refusal))


def show(finding: Any) -> None:
    """A finding, the way to its loan, and the answer to it."""
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(gap="xxsmall", width="stretch"):
            st.markdown(f"**{markdown(about(finding))}**")
            st.markdown(markdown(asked(finding)))
            if finding.acknowledged:
                st.caption(markdown(looked_at(finding.acknowledged)))
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            if finding.kind == "names_nearly_agree":
                for name in (finding.figures["name"], finding.figures["other"]):
                    st.page_link("loans.py", label=markdown(name), query_params=here(search=name, state="all"))
            else:
                label = f"Loan {markdown(finding.loan_reference)}"
                st.page_link("status.py", label=label, query_params=here(loan=finding.loan_id))
            key = f"{finding.loan_id} {finding.facts}"
            if finding.acknowledged:
                withdraw = (book().withdraw_acknowledgement, finding.acknowledged.id)
                st.button("Ask again", icon=":material/undo:", on_click=answer, args=withdraw, key=key)
            else:
                st.button("Looks right", icon=":material/check:", on_click=acknowledge, args=(finding,), key=key)


with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(gap=None, width="content"):
        st.title("What looks wrong?", anchor=False)
        summary = st.empty()
    buttons = st.container(horizontal=True, width="content")
if not book().currencies():
    empty_book()
with st.container(horizontal=True, vertical_alignment="center"):
    kind = st.selectbox(
        "Kind",
        ["", *findings.TITLES],
        format_func=lambda each: findings.TITLES.get(each, "All kinds"),
        label_visibility="collapsed",
        width=280,
        **in_url("kind", "", ["", *findings.TITLES]),
    )
    is_right = st.toggle("What was found right", **in_url("right", False, [True, False]))
meant = {"currency": currency_asked(), "kind": kind or None, "acknowledged": is_right}
found = paged(partial(book().inbox, as_of(), **meant), ROWS)
still_open = sum(found.kinds.values())
summary.caption(f"{counted(still_open, 'question')} · {found.acknowledged:,} found right · as of {day(as_of())}")
if not found.count:
    nothing = "Nothing was found right yet." if is_right else "Nothing looks wrong."
    st.markdown(f"**{nothing}**" if not kind else f"**{nothing[:-1]} of this kind.**")
    st.stop()
offer_csv(f"inbox-{as_of()}", partial(book().export_inbox, **meant), as_of(), place=buttons)
if not is_right:
    st.markdown(" ".join(f":gray-badge[{findings.TITLES[each]} · {many:,}]" for each, many in found.kinds.items()))
for finding in found.rows:
    show(finding)
page_through(found.count, ROWS, ". What was found right comes back when its facts change.")
