"""What every page has at hand: the book, its refusals beside what was entered, its files on the click."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import streamlit as st

from loan_core import Book, Refusal, open_book

Answer = TypeVar("Answer")


@st.cache_resource(show_spinner=False)
def book() -> Book:
    """The book, opened once for all sessions."""
    return open_book()


def attempt(call: Callable[..., Answer], *said: Any, **stated: Any) -> tuple[Answer | None, Refusal | None]:
    """What a call answers, or what it refuses, to be shown beside what was entered: the other one is None."""
    try:
        return call(*said, **stated), None
    except Refusal as refusal:
        return None, refusal


def made(export: Callable[..., Iterable[bytes]], *said: Any, **stated: Any) -> bytes:
    """A file, made on the click, on a thread that knows no session: the book and the day go with it."""
    return b"".join(export(*said, **stated))
