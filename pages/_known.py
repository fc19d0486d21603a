"""The book as it was known at a revision: how a page says so, how a revision is chosen, and the way back to now."""

import streamlit as st

from loan_core import FIRST_DAY
from pages._address import as_of, currency_asked, day_asked, forget, forget_day, here, known_asked
from pages._desk import attempt, book
from pages._look import counted, instant, markdown
from pages._shown import say

KINDS = {
    "loan": ("loan", "loans"),
    "void": ("loan voided", "loans voided"),
    "repayment": ("repayment", "repayments"),
    "reversal": ("reversal", "reversals"),
    "undo": ("repayment taken back with its import", "repayments taken back with their imports"),
}
"""An entry of each kind, and several, in words."""


def check_day() -> None:
    """A day that the URL asks for and that there is none of is dropped, with a sentence."""
    asked = st.query_params.get("as_of", "")
    if asked and day_asked("as_of") is None:
        forget_day()
        say(f"“{asked[:20]}” is no day that can be shown. This is the book as it stands today.")


def check_known() -> None:
    """A revision that the URL asks for and the book cannot show, just so."""
    asked = st.query_params.get("known")
    if asked is None:
        return
    known = known_asked()
    refusal = attempt(book().as_known, known)[1] if known is not None else f"“{asked[:20]}” is no revision of a book."
    if refusal:
        forget("known")
        say(f"{refusal} This is the book as it is now.")


def say_known(shows_it: bool) -> None:
    """Above a page: as known when, what came since, and the way back; or that this page knows no such thing."""
    if known_asked() is None:
        return
    view = book().as_known(known_asked())
    when = f", {instant(view.at)}" if view.revision else ": before anything was written"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if shows_it:
            st.markdown(
                f":violet-badge[:material/history: As known at revision {view.revision:,}{when}]", width="content"
            )
            link_to_entries(view.revision)
        else:
            said = f"Asked as known at revision {view.revision:,}: this page shows what is known now."
            st.markdown(f":gray[:material/history: {said}]", width="content")
        st.button("Back to now", icon=":material/update:", on_click=forget, args=("known",), key="back to now")


def link_to_entries(revision: int) -> None:
    """To what came since, where anything did."""
    count = book().since(revision, as_of(), currency_asked(), limit=0).count
    if not count:
        st.markdown(":gray[Nothing came since.]", width="content")
        return
    label = f"{counted(count, 'entry', 'entries')} since"
    st.page_link("since.py", label=label, icon=":material/difference:", query_params=here(since=revision))


def choose_known() -> None:
    """The same day by what had been recorded until another."""
    with st.popover("As known on", icon=":material/history:", key="as known on"):
        st.markdown("The same figures, of only what had been recorded by the end of a day.")
        # Side by side: the calendar of the field lies over what stands below it.
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.date_input(
                "Recorded by the end of",
                value=min(as_of(), book().today()),
                min_value=FIRST_DAY,
                max_value=book().today(),
                format="DD.MM.YYYY",
                key="known on",
                width=180,
            )
            st.button("Show", on_click=_show, key="show as known")


def _show() -> None:
    revision = book().revision_on(st.session_state["known on"])
    if revision == book().edition(as_of()).revision:
        forget("known")
        say("Nothing was recorded after that day: this is the book as it is now.")
    else:
        st.query_params["known"] = str(revision)


def known_suffix() -> str:
    """What the name of a file says of it."""
    return "" if known_asked() is None else f"-known-at-{known_asked()}"


def kinds_words(kinds: dict[str, int]) -> str:
    """``2 loans, 11 repayments, 1 reversal``."""
    return markdown(", ".join(f"{number:,} {KINDS[kind][number != 1]}" for kind, number in kinds.items()))
