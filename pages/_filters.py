"""Which loans are meant: the filters of a list, read from the URL, shown in one place, passed on by a link."""

from datetime import date
from typing import Any, NoReturn

import streamlit as st

from loan_core import AGES_SAID, amount_entry
from pages._address import as_of, clear_filters, currency_asked, in_url
from pages._desk import attempt, book
from pages._form import plain
from pages._look import day, isolated, markdown, money, short

STATES = {
    "active": "Active",
    "pending": "Not started",
    "paid_off": "Paid off",
    "voided": "Voided",
    "all": "All but voided",
}
STATUSES = {
    "All": ":gray[All]",
    "Behind": ":orange[:material/priority_high: Behind]",
    "On Track": ":green[:material/check: On Track]",
    "Ahead": ":blue[:material/arrow_upward: Ahead]",
}
# What is past due for how long: the words, and the fields of a selection.
PAST_DUE: dict[str, tuple[str, dict[str, Any]]] = {
    "1+": ("Past due", {"past_due_from": 1}),
    **{age: (said.capitalize(), {"past_due": age}) for age, said in AGES_SAID.items()},
    "31+": ("More than 30 days past due", {"past_due_from": 31}),
}
# What each order sorts by; with a minus sign, the largest first.
ORDERS = {
    "Days past due": "-days_past_due",
    "Arrears": "-arrears",
    "Most behind": "ahead_by",
    "Most ahead": "-ahead_by",
    "Outstanding": "-outstanding_principal",
    "Amount lent": "-loan_amount",
    "Next due": "next_due_on",
    "Newest": "-start_on",
    "Borrower": "borrower",
    "Loan": "id",
}
LONGEST = 40
# The query parameters of a filter. The currency and the day are the frame's.
PARAMS = ("search", "borrower", "status", "state", "past_due", "from", "to", "started", "sort")


def selection_asked(state: str = "active") -> tuple[dict[str, Any], str]:
    """What the URL asks for: the fields of a ``Selection``, and how to sort it. What is not known is not asked.

    ``state`` is the one that is meant where the URL names none.
    """
    code, asked = currency_asked(), st.query_params
    known = _one_of(STATES, asked.get("state")) or state
    chosen = {
        "search": asked.get("search", ""),
        "borrower": asked.get("borrower") or None,
        "status": _one_of(("Behind", "On Track", "Ahead"), asked.get("status")),
        "state": None if known == "all" else known,
        **PAST_DUE.get(asked.get("past_due", ""), ("", {}))[1],
        "smallest": _amount(asked.get("from", ""), code)[0],
        "largest": _amount(asked.get("to", ""), code)[0],
        "started": _month(asked.get("started", "")),
        "currency": code,
    }
    return chosen, ORDERS.get(asked.get("sort", ""), ORDERS["Days past due"])


def filters_asked(**more: str) -> dict[str, str]:
    """The filter as the URL has it, for a link that keeps it, with what the link asks for besides."""
    return {name: asked for name, asked in st.query_params.items() if name in PARAMS} | more


def search_field() -> str:
    """What is searched for in names and references; "" where nothing is."""
    searched: str = st.text_input(
        "Search",
        type="search",
        placeholder="Name, loan or reference",
        label_visibility="collapsed",
        width=220,
        **in_url("search", ""),
    )
    return searched


def more_filters(state: str = "active") -> None:
    """The filters that are asked for less often, behind a button that says how many of them are set."""
    code, said = currency_asked(), filter_words(state)
    with st.popover(f"Filters{f' · {len(said)}' if said else ''}", icon=":material/filter_list:", key="filters"):
        states = [state, *(each for each in STATES if each != state)]
        st.selectbox("State", states, format_func=STATES.get, **in_url("state", state, states, folds=True))
        _choice("Days past due", "past_due", {name: words for name, (words, _) in PAST_DUE.items()})
        with st.grid(2, min_column_width=120):
            for label, name in ((f"Lent from, {code}", "from"), (f"Lent up to, {code}", "to")):
                st.text_input(label, placeholder="Any amount", **in_url(name, "", folds=True))
        for name in ("from", "to"):
            if refusal := _amount(st.query_params.get(name, ""), code)[1]:
                st.error(markdown(str(refusal)), icon=":material/error:")
        _choice("Start month", "started", {f"{month:%Y-%m}": f"{month:%B %Y}" for month in book().start_months()})
        if said:
            st.button("Clear all", icon=":material/close:", on_click=clear_filters, key="clear in filters")


def say_filters(state: str = "active") -> None:
    """What is filtered, in words, and the way out of it; nothing where nothing is."""
    search, status = st.query_params.get("search", ""), selection_asked()[0]["status"]
    # The whole of it stands in the field.
    quoted = f"“{short(search, LONGEST)}”"
    said = [isolated(quoted)] * bool(search) + [status] * bool(status) + filter_words(state)
    if said:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(" ".join(f":gray-badge[{markdown(each)}]" for each in said), width="content")
            st.button("Clear all", icon=":material/close:", on_click=clear_filters)


def filter_words(state: str = "active") -> list[str]:
    """Each of the filters behind the button that is set, in a few words."""
    meant, code = selection_asked(state)[0], currency_asked()
    known, past_due = meant["state"] or "all", st.query_params.get("past_due")
    return [
        *([f"lent to {isolated(short(meant['borrower'], LONGEST))}"] if meant["borrower"] else []),
        *([STATES[known]] if known != state else []),
        *([PAST_DUE[past_due][0]] if past_due in PAST_DUE else []),
        *([f"from {money(meant['smallest'], code)}"] if meant["smallest"] is not None else []),
        *([f"up to {money(meant['largest'], code)}"] if meant["largest"] is not None else []),
        *([f"began in {meant['started']:%B %Y}"] if meant["started"] else []),
    ]


def no_loan_matches(state: str = "active") -> NoReturn:
    """What to do when no loan is as the filters ask; where nothing is filtered, it is the day."""
    if filters_asked().keys() - {"sort"}:
        st.markdown("**No loan matches.**")
        st.button("Clear filters", icon=":material/close:", on_click=clear_filters)
    else:
        kind = "loan" if state == "all" else f"{STATES[state].lower()} loan"
        st.markdown(f"**No {kind} as of {day(as_of())}.**")
    st.stop()


def _choice(label: str, name: str, words: dict[str, str]) -> None:
    options = ["", *words]
    tied = in_url(name, "", options, folds=True)
    st.selectbox(label, options, format_func=lambda each: words.get(each, "Any"), **tied)


def _one_of(options: Any, asked: str | None) -> str | None:
    return asked if asked in options else None


def _amount(typed: str, code: str) -> tuple[int | None, Any]:
    """An amount in minor units, and what is wrong with it where it is none."""
    return attempt(amount_entry, "amount", plain(typed), code) if typed.strip() else (None, None)


def _month(asked: str) -> date | None:
    year, _, month = asked.partition("-")
    is_month = len(asked) == 7 and year.isdecimal() and month.isdecimal() and asked.isascii()
    return date(int(year), int(month), 1) if is_month and int(year) and 1 <= int(month) <= 12 else None
