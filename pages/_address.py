"""The address of a page: the day, the currency and the revision it asks about, its filters, the way to another one.

The URL is the state; nothing else is. What the session remembers besides is where the browser has been, as Streamlit
tells no page that somebody went back:

``kept``: the links of the navigation know no query, so the day, the currency and the revision of one page are put into
the address of the next. ``been``: the addresses so far. Where a run is of the one before the last, the browser went
back: then what its address does not ask for was not asked for, and nothing is kept. A browser that is slow writes a
page of the navigation down twice, before its query comes and after: from there Back takes a press more.
``left``: ``go`` leaves this page in the history a second time, under the next page's query. Back meets that one first,
and the page puts its own query there again (``come_back``).
``keys``: of the widgets that stand in a popover, under which they were made anew.
``queries``: what the last widgets made of the query. Two that are used within a tenth of a second are sent with the
same address: the second builds on what the first made of it, and not on what it came with.
"""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from secrets import token_hex
from threading import local
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from loan_core import FIRST_DAY, LAST_DAY
from pages._desk import book

ADDRESSES_REMEMBERED = 50

# A run of a page is a thread of its own.
_this_run = local()


def as_of() -> date:
    """The day that the URL asks about: ``?as_of=2018-06-30``; today where it names none, or none that there is."""
    return day_asked("as_of") or book().today()


def day_asked(name: str) -> date | None:
    """A day that the URL names, if there is such a day."""
    return day_of(st.query_params.get(name, ""))


# A page asks for its day some thirty times.
@lru_cache(maxsize=64)
def day_of(asked: str) -> date | None:
    """The day that is written so, ``2018-06-30``, if there is such a day."""
    try:
        named = datetime.strptime(asked, "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError:
        return None
    return named if FIRST_DAY <= named <= LAST_DAY else None


def known_asked() -> int | None:
    """The revision as of which the URL asks what was known: ``?known=123``."""
    return number_in(st.query_params.get("known", ""))


def number_in(asked: str) -> int | None:
    """The whole number that a parameter is; None where it is none."""
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None


def seen() -> Any:
    """Who answers for all the loans: the book, or the book as it was known at the revision that the URL asks for."""
    known = known_asked()
    return book() if known is None else book().as_known(known)


def currency_asked() -> str:
    """The currency that the URL asks about: ``?currency=EUR``; that of most loans where it names none of the book's."""
    return _one_of(_codes())


def _codes() -> list[str]:
    """The currencies of the book as they were when this run began: it makes some twenty links."""
    codes: list[str] = getattr(_this_run, "codes", None) or book().currencies()
    return codes


def _one_of(codes: list[str]) -> str:
    asked = st.query_params.get("currency", "")
    return asked if asked in codes else (codes or [book().default_currency])[0]


def loan_id() -> int | None:
    """The loan that the URL asks about, by its number or its reference: ``?loan=7``, ``?loan=L-0007``."""
    asked = st.query_params.get("loan")
    return book().loan_id(asked) if asked else None


def here(**params: object) -> dict[str, str]:
    """The query of a link. It writes the day out: whoever follows it later sees what was seen here."""
    codes = _codes()
    written = {"currency": _one_of(codes)} if len(codes) > 1 else {}
    if known_asked() is not None:
        written["known"] = str(known_asked())
    return {name: str(value) for name, value in params.items()} | {"as_of": as_of().isoformat()} | written


def whole_link() -> str:
    """The address of this page as it stands, with the day written out, and the revision that it is of."""
    query = here(**st.query_params.to_dict())
    if known_asked() is None:
        query["revision"] = str(book().edition(as_of()).revision)
    return f"{st.context.url or ''}?{urlencode(query)}"


def keep_asked(path: str) -> None:
    """The links of the navigation know no query: the day, the currency and the revision go on to the next page.

    ``path``: the address of the page that this run is of.
    """
    _this_run.path = path
    _forget_queries()
    _this_run.codes = book().currencies()
    if _went_back():
        st.session_state.kept = {}
    kept = st.session_state.setdefault("kept", {})
    for name in ("as_of", "currency", "known"):
        if name in st.query_params:
            kept[name] = st.query_params[name]
        elif name in kept:
            st.query_params[name] = kept[name]
    been = st.session_state.been
    if been[-1:] != [_address()]:
        st.session_state.been = [*been[-ADDRESSES_REMEMBERED:], _address()]


def _went_back() -> bool:
    """Whether this address is the one before the last: the browser has it so, and not from the navigation."""
    been = st.session_state.setdefault("been", [])
    if went_back := been[-2:-1] == [_address()]:
        been.pop()
    return went_back


def _address() -> tuple[str, dict[str, str]]:
    return _this_run.path, st.query_params.to_dict()


def forget_day() -> None:
    forget("as_of")


def forget(name: str) -> None:
    """Off with what the URL asks for, on the next page as well."""
    st.session_state.get("kept", {}).pop(name, None)
    st.query_params.pop(name, None)


def clear_filters() -> None:
    st.query_params.from_dict(here())


def go(page: str, **params: object) -> None:
    st.session_state.setdefault("left", {})[_this_run.path] = st.query_params.to_dict()
    st.switch_page(f"{page}.py", query_params=here(**params))


def come_back(*but_not_with: str) -> None:
    """``go`` leaves this page in the history a second time, under the next page's query: Back meets that one first."""
    if any(name in st.query_params for name in but_not_with):
        st.query_params.from_dict(st.session_state.get("left", {}).get(_this_run.path, {}))


def in_url(name: str, default: Any, options: Iterable[Any] | None = None, *, folds: bool = False) -> dict[str, Any]:
    """Ties a widget to the query parameter ``name``, as its keywords. What is not among the options is the default.

    Streamlit's own ``bind`` would write the words that are shown, with their colours and icons, into the URL.
    ``folds``: it stands in a popover. Folded, a browser does not take up what is set, and at the next click asks again
    for what was cleared: it becomes another widget instead.
    """
    asked, key = st.query_params.get(name), _key_of(name)
    known = [asked] if options is None else [option for option in options if str(option) == asked]
    value = known[0] if asked and known else default
    if folds and st.session_state.get(key, value) != value:
        key = _another_key_of(name)
    # Only what differs is set: setting a field, even to what it shows, would take away what is being typed.
    if st.session_state.get(key, value) != value or key not in st.session_state:
        st.session_state[key] = value
    return {"key": key, "on_change": _into_url, "args": (name, default, key)}


def _key_of(name: str) -> str:
    key: str = st.session_state.get("keys", {}).get(name, f"{name}_in_url")
    return key


def _another_key_of(name: str) -> str:
    key = st.session_state.setdefault("keys", {})[name] = f"{name}_in_url {token_hex(4)}"
    return key


def _into_url(name: str, default: Any, key: str) -> None:
    value = st.session_state[key]
    asked, known = st.query_params.to_dict(), st.session_state.get("queries", [])
    # Who types a name and clicks on a status has clicked before the name was in his URL: it would be lost again.
    newest = known[-1] if asked in known else asked
    kept = {key: said for key, said in newest.items() if key not in (name, "page")}
    chosen = kept if value == default else {**kept, name: str(value)}
    st.session_state.queries = [*(known if asked in known[:-1] else [asked]), chosen]
    st.query_params.from_dict(chosen)


def _forget_queries() -> None:
    """The browser has gone elsewhere than a widget sent it: what it asks for next, it means."""
    if st.query_params.to_dict() != st.session_state.get("queries", [None])[-1]:
        st.session_state.pop("queries", None)
