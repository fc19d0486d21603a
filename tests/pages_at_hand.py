"""Pages without a browser: opened on the test's own book, read as one reads them, filled in and pressed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from loan_core import Book, open_book

FRAME = Path(__file__).parents[1] / "pages" / "frame.py"


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


def words(at: AppTest) -> str:
    """What the page says, as one reads it: without its escapes."""
    said = [*at.title, *at.header, *at.subheader, *at.caption, *at.markdown, *at.error, *at.warning]
    return "\n".join(each.value.replace("\\", "").replace("\N{NO-BREAK SPACE}", " ") for each in said)


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
