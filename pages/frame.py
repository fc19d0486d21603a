"""What surrounds every page: the way around, the day, the currency, what the book refuses, of when the data is."""

from pathlib import Path

import streamlit as st

from loan_core import FIRST_DAY, LAST_DAY, Refusal
from pages._address import as_of, currency_asked, forget_day, here, in_url, keep_asked, known_asked, whole_link
from pages._desk import book
from pages._form import arrive
from pages._known import check_day, check_known, say_known
from pages._link import say_what_came
from pages._look import data_words, day, markdown
from pages._shown import theme
from pages._turns import turn

PAGES = Path(__file__).parent

st.set_page_config(layout="wide", initial_sidebar_state=220, page_icon=str(PAGES / "icon.svg"))
st.logo(str(PAGES / f"logo_{theme()}.svg"), size="medium")

PORTFOLIO = st.Page("portfolio.py", title="Portfolio", icon=":material/space_dashboard:", default=True)
LOANS = st.Page("loans.py", title="Loans", icon=":material/list_alt:")
NEW_LOAN = st.Page("new_loan.py", title="New loan", icon=":material/add_circle:")
REPAYMENTS = st.Page("repayments.py", title="Repayments", icon=":material/payments:")
STATUS = st.Page("status.py", title="Status", icon=":material/stairs:")
EXCHANGE = st.Page("exchange.py", title="Exchange", icon=":material/swap_vert:")
COLLECTION = st.Page("collection.py", title="Collections", icon=":material/event_available:")
RISK = st.Page("risk.py", title="Risk", icon=":material/monitoring:")
LATENESS = st.Page("lateness.py", title="Lateness", icon=":material/grid_on:")
VINTAGES = st.Page("vintages.py", title="Vintages", icon=":material/stacked_line_chart:")
INBOX = st.Page("inbox.py", title="Inbox", icon=":material/inbox:")
CHECK = st.Page("check.py", title="Check", icon=":material/verified:")
EXPLAIN = st.Page("explain.py", title="Explain", icon=":material/functions:", visibility="hidden")
SINCE = st.Page("since.py", title="What came since", icon=":material/difference:", visibility="hidden")
# What these pages show, the book can show as it was known.
AS_KNOWN = (PORTFOLIO, LOANS, COLLECTION, RISK, LATENESS, VINTAGES, EXPLAIN)
ANALYSIS = (COLLECTION, RISK, LATENESS, VINTAGES, INBOX, CHECK)
# One list: under headings Streamlit's navigation is a list of no items to who hears it.
page = st.navigation([PORTFOLIO, LOANS, NEW_LOAN, REPAYMENTS, STATUS, EXCHANGE, *ANALYSIS, EXPLAIN, SINCE])
# Else the tab would keep the name that a page gave itself.
st.set_page_config(page_title=page.title)


def ask_for_the_day() -> None:
    st.date_input(
        "As of",
        value=as_of(),
        min_value=FIRST_DAY,
        max_value=LAST_DAY,
        format="DD.MM.YYYY",
        help="Every figure is as it stood at the end of this day.",
        **in_url("as_of", as_of(), [as_of()]),
    )
    if as_of() != book().today():
        st.button("Back to today", icon=":material/today:", on_click=forget_day)


def ask_for_the_currency() -> None:
    """Where there is more than one: sums of several are never added."""
    codes = book().currencies()
    if len(codes) > 1:
        st.selectbox("Currency", codes, **in_url("currency", currency_asked(), codes))


def offer_the_link() -> None:
    with st.popover("Copy link", icon=":material/link:", width="stretch"):
        st.markdown(f"This page as it stands on {day(as_of())}:")
        st.code(whole_link(), language=None, wrap_lines=True)


def say_what_is_made_up() -> None:
    """While the demo book is in, every page says so, and leads to where it is taken out again."""
    if demo := book().demo():
        label = "Demo book: its loans are made up. **Remove it**"
        st.page_link(EXCHANGE, label=label, icon=":material/science:", query_params=here(**{"import": demo}))


def revision_shown() -> int:
    known = known_asked()
    return book().edition(as_of()).revision if known is None or page not in AS_KNOWN else known


body, foot = arrive(page.url_path), st.container()
try:
    keep_asked(page.url_path)
    check_day()
    check_known()
    with st.sidebar:
        ask_for_the_day()
        ask_for_the_currency()
        offer_the_link()
    begins_empty = not book().currencies()
    foot.caption(data_words(as_of(), revision_shown(), book().cache.state))
    with body:
        say_what_is_made_up()
        if page != SINCE:
            say_known(page in AS_KNOWN)
            say_what_came(page, page in AS_KNOWN)
        with turn():
            page.run()
    if begins_empty and book().currencies():
        # The second of two clicks on "Load the demo book" runs beside the first: what it drew began with an empty book.
        st.rerun()
    for sentence in st.session_state.pop("said", []):
        st.toast(markdown(sentence), icon=":material/info:")
except Refusal as refusal:
    with body:
        st.error(markdown(str(refusal)), icon=":material/error:")
        st.page_link(LOANS, label="All loans")
