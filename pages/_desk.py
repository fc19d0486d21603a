"""What every page has at hand: the book, the day, the way to another page. The URL is the state; nothing else is."""

from collections.abc import Callable, Iterable, Mapping, Sized
from datetime import date, datetime, timedelta
from functools import lru_cache
from threading import local
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from loan_core import FIRST_DAY, LAST_DAY, Book, Refusal, open_book
from pages._charts import STILL, Chart, Drawn
from pages._look import NOTHING, day, decimals, signed
from pages._small_table import small_table

ADDRESSES_REMEMBERED = 50
SHORT = 60
"""So many rows are a table that reads as text; more are a grid that scrolls."""

Answer = TypeVar("Answer")

# A run of a page is a thread of its own.
_this_run = local()


@st.cache_resource(show_spinner=False)
def book() -> Book:
    """The book, opened once for all sessions."""
    return open_book()


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
    return revision_in(st.query_params.get("known", ""))


def revision_in(asked: str) -> int | None:
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


def go(page: str, **params: object) -> None:
    st.session_state.setdefault("left", {})[_this_run.path] = st.query_params.to_dict()
    st.switch_page(f"{page}.py", query_params=here(**params))


def come_back(*but_not_with: str) -> None:
    """``go`` leaves this page in the history a second time, under the next page's query: Back meets that one first."""
    if any(name in st.query_params for name in but_not_with):
        st.query_params.from_dict(st.session_state.get("left", {}).get(_this_run.path, {}))


def in_url(name: str, default: Any, options: Iterable[Any] | None = None) -> dict[str, Any]:
    """Ties a widget to the query parameter ``name``, as its keywords. What is not among the options is the default.

    Streamlit's own ``bind`` would write the words that are shown, with their colours and icons, into the URL.
    """
    asked, key = st.query_params.get(name), f"{name}_in_url"
    known = [asked] if options is None else [option for option in options if str(option) == asked]
    value = known[0] if asked and known else default
    # Only what differs is set: setting a field, even to what it shows, would take away what is being typed.
    if st.session_state.get(key, value) != value or key not in st.session_state:
        st.session_state[key] = value
    return {"key": key, "on_change": _into_url, "args": (name, default)}


def _into_url(name: str, default: Any) -> None:
    value = st.session_state[f"{name}_in_url"]
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


def clear_filters() -> None:
    st.query_params.from_dict(here())


def theme() -> str:
    return st.context.theme.type or "light"


def say(sentence: str) -> None:
    """To be shown once what follows has been drawn: what was done."""
    st.session_state.setdefault("said", []).append(sentence)


def is_short(rows: Sized) -> bool:
    return len(rows) <= SHORT


def table(columns: Mapping[str, Any], code: str, alt: str) -> None:
    """Columns of days, sums in major units, and words. The words are Markdown where the table is short, else plain."""
    if is_short(next(iter(columns.values()))):
        small_table({name: _said(np.asarray(cells), code) for name, cells in columns.items()}, alt)
        return
    frame = pd.DataFrame(columns)
    shown = {name: st.column_config.DateColumn(format="D MMM YYYY") for name in frame.select_dtypes("datetime")}
    shown |= {name: sum_column(code, frame[name]) for name in frame.select_dtypes("number")}
    st.dataframe(frame, hide_index=True, column_config=shown, placeholder="", row_height=38, height=600, alt=alt)


def _said(cells: Any, code: str) -> tuple[list[Any], Callable[[Any], str]]:
    """Cells as Python's own values, and how one is said."""
    match cells.dtype.kind:
        case "M":
            return cells.astype("datetime64[D]").tolist(), lambda on: NOTHING if on is None else day(on)
        case "f":
            return cells.tolist(), lambda amount: NOTHING if amount != amount else signed(amount, code)
    return cells.tolist(), str


def arrow(columns: Mapping[str, Any]) -> pa.Table:
    """Columns as a grid takes them quickest."""
    return pa.table({name: pa.array(cells, from_pandas=True) for name, cells in columns.items()})


def sum_column(code: str, amounts: Any, least: int = 0, sign: str = "", **more: Any) -> Any:
    """A column of sums in a grid, ``least`` pixels wide or as its longest: a grid cuts off what does not fit."""
    sizes = np.abs(np.asarray(amounts, dtype=float))
    longest = len(sign) + len(signed(np.nanmax(sizes, initial=0), code))
    return st.column_config.NumberColumn(width=max(least, 24 + 8 * longest), format=f"%{sign}{decimals(code)}", **more)


def attempt(call: Callable[..., Answer], *said: Any, **stated: Any) -> tuple[Answer | None, Refusal | None]:
    """What a call answers, or what it refuses, to be shown beside what was entered: the other one is None."""
    try:
        return call(*said, **stated), None
    except Refusal as refusal:
        return None, refusal


def chart(figure: Chart, alt: str, **more: Any) -> Any:
    """A figure, and the same in words for who cannot see it."""
    height = figure["layout"]["height"]
    return st.plotly_chart(Drawn(figure), theme=None, height=height, config=STILL, alt=alt, **more)


def clicked(figure: Chart, alt: str, key: str) -> list[Any]:
    """The same of a figure whose points know what they stand for: that of the one which was clicked on."""
    picked = chart(figure, alt, key=key, on_select="rerun", selection_mode="points").selection.points
    return [point["customdata"] for point in picked if "customdata" in point]


def made(export: Callable[..., Iterable[bytes]], *said: Any, **stated: Any) -> bytes:
    """A file, made on the click, on a thread that knows no session: the book and the day go with it."""
    return b"".join(export(*said, **stated))


def empty_book() -> NoReturn:
    """What to do when there is nothing to show."""
    with st.container(border=True, horizontal_alignment="center"):
        st.header("No loans yet", anchor=False, text_alignment="center")
        st.markdown(
            "Write the first loan, bring a book in as a file, or look around in a made-up one.",
            text_alignment="center",
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button("New loan", type="primary", icon=":material/add:", key="first loan"):
                go("new_loan")
            if st.button("Import", icon=":material/upload:", key="first import"):
                go("exchange")
            if st.button("Load the demo book", icon=":material/science:"):
                say(book().load_demo().sentence)
                st.rerun()
    st.stop()


def no_loan_matches() -> NoReturn:
    """What to do when no loan is as the filters ask."""
    st.markdown("**No loan matches.**")
    st.button("Clear filters", icon=":material/close:", on_click=clear_filters)
    st.stop()


PERIODS = ("30 days", "This month", "Year", "All")


def since(period: str, through: date) -> date | None:
    """The first day of a period that ends with a day; None where there is no first."""
    days = {"30 days": 29, "This month": through.day - 1, "Year": 364}
    return through - timedelta(days=days[period]) if period in days else None
