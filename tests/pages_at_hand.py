"""Pages without a browser: opened on the test's own book, read as one reads them, filled in and pressed."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from loan_core import Book, open_book
from pages import _form
from pages._filters import PARAMS
from tests.lending import lend_as_designed

FRAME = Path(__file__).parents[1] / "pages" / "frame.py"

LOANS = (
    b"reference,borrower,loan_amount,repayment_period,start_on,currency\n"
    b"A-1,Amara Okafor,1000.00,12,2025-10-01,USD\nA-2,Yuki Tanaka,90000,3,2025-10-01,JPY\n"
)

# What an address may name: every parameter of every page.
NAMED = (
    *PARAMS,
    *"loan currency page as_of import way kind period view find only first last span definitions figure".split(),
    *"days measure month known revision since right".split(),
)


@pytest.fixture
def book(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Book]:
    """The book that the pages open, opened here too."""
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", sqlite_url)
    monkeypatch.setenv("LOANS_TIMEZONE", "UTC")
    # Every page would look through all that is installed for components, of which there are none: 0.1 s each.
    monkeypatch.setattr(BidiComponentManager, "discover_and_register_components", lambda *_, **__: None)
    st.cache_resource.clear()
    ours = open_book()
    yield ours
    ours.close()
    st.cache_resource.clear()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds for which the pages leave a browser the emptied page, one by one; nobody waits for them."""
    found: list[float] = []
    monkeypatch.setattr(_form, "time", SimpleNamespace(sleep=found.append, monotonic=time.monotonic))
    return found


@pytest.fixture
def loan(book: Book) -> int:
    """L-0007 of the design, as it is on 2 Jun 2026."""
    return lend_as_designed(book)


@pytest.fixture
def several(book: Book) -> Book:
    """Three loans of one day that begin the same: in arrears, paid off, and as agreed."""
    for number, (name, paid) in enumerate((("Amara", "0.01"), ("Bongani", "1000"), ("Chen", "94.56")), 1):
        loan = book.create_loan(
            reference=f"S-{number}",
            borrower=name,
            loan_amount="1000.00",
            repayment_period=12,
            start_on="2026-01-01",
        )
        book.add_repayment(loan.id, paid, received_on="2026-02-01")
    return book


def opened(at_page: str = "portfolio.py", /, **query: object) -> AppTest:
    """A page as a link opens it. Nothing that it did went wrong."""
    at = AppTest.from_file(FRAME, default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = str(value)
    return run(at.switch_page(at_page))


def run(at: Any) -> AppTest:
    """The page after what was done to it, or to one of its widgets."""
    after: AppTest = at.run()
    assert not after.exception
    return after


def tick(at: AppTest, row: int) -> AppTest:
    """The page after a row of its first list was ticked."""
    # A widget's id ends with the key that the page gave it.
    key = at.dataframe[0].proto.id.split("-", 2)[2]
    at.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return run(at)


def words(at: AppTest) -> str:
    """What the page says, as one reads it: without its escapes."""
    said = [*at.title, *at.header, *at.subheader, *at.caption, *at.markdown, *at.error, *at.warning]
    return "\n".join(each.value.replace("\\", "").replace("\N{NO-BREAK SPACE}", " ") for each in said)


def figures(at: AppTest) -> dict[str, str]:
    return {each.label: each.value for each in at.metric}


def links(at: AppTest) -> dict[str, str]:
    return {each.proto.label.replace("\\", ""): each.proto.query_string for each in at.main.get("page_link")}


def labels(at: AppTest) -> list[str]:
    """What its buttons say."""
    return [each.label for each in at.button]


def receipt(at: AppTest) -> dict[str, str]:
    rows = at.table[0].value["value"]
    return {name: value.replace("\\", "").replace("\N{NO-BREAK SPACE}", " ") for name, value in rows.items()}


def button(at: AppTest, label: str) -> Any:
    return next(each for each in at.button if each.label == label)


def field(at: AppTest, label: str) -> Any:
    kinds = at.text_input, at.text_area, at.number_input, at.date_input, at.selectbox
    (found,) = [each for kind in kinds for each in kind if each.label.removesuffix(" (required)") == label]
    return found


def fill(at: AppTest, **typed: object) -> AppTest:
    """Types into fields, by their labels with ``_`` for a space."""
    for label, value in typed.items():
        field(at, label.replace("_", " ")).set_value(value)
    return run(at)


def press(at: AppTest, label: str, **typed: object) -> AppTest:
    """Presses a button, after what is typed into the form around it."""
    for name, value in typed.items():
        field(at, name.replace("_", " ")).set_value(value)
    return run(button(at, label).click())
