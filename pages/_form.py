"""A form: fields as they are typed, what is wrong with each beside it, and one write however often it is pressed."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from secrets import token_hex
from threading import Lock
from typing import Any, NoReturn

import streamlit as st

from loan_core import FIRST_DAY, LAST_DAY, Problem, Refusal
from pages._address import day_of
from pages._desk import attempt
from pages._look import day, markdown

SECOND_CLICK = 0.8
"""So many seconds after a write, a click is the second half of a double click, whatever stands there by now."""
EMPTY_SECONDS = 0.05
"""So long a browser is left the emptied page when another one follows."""


class Form:
    """A form that somebody fills in, made before it is shown, and what was written from it.

    A double click is two runs of a page side by side: the second waits for the first, and gets what that one wrote.
    """

    def __init__(self) -> None:
        self.key = token_hex(4)
        self.written: Any = None
        self._lock = Lock()
        self.written_at = -SECOND_CLICK

    def write(self, verb: Callable[..., Any], *said: Any, **stated: Any) -> Refusal | None:
        """Writes, unless it was done; what is refused is for ``Fields`` to show."""
        with self._lock:
            if self.written is not None:
                return None
            # A run can be broken off where it calls Streamlit: not between the write and what remembers it.
            self.written, refusal = attempt(verb, *said, **stated)
            if self.written is not None:
                self.written_at = time.monotonic()
            return refusal


def form(name: str) -> Form:
    """The form of this name in this session: an empty one, until it is left."""
    form: Form = st.session_state.setdefault("forms", {}).setdefault(name, Form())
    return form


def is_second_click() -> bool:
    """Whether a form was written so shortly ago that nobody can have read its receipt and chosen a button there."""
    forms = st.session_state.get("forms", {}).values()
    return any(time.monotonic() - each.written_at < SECOND_CLICK for each in forms)


def start_over(name: str, *params: str) -> None:
    """An empty form, with other keys: no late click on the old one finds a button. Off with what the URL says of it."""
    if is_second_click():
        return
    st.session_state.get("forms", {}).pop(name, None)
    for param in params:
        st.query_params.pop(param, None)


def turn_over() -> NoReturn:
    """The page anew from its top: the receipt of what was written stands where the form began, not where it ended."""
    st.session_state.turned = True
    st.rerun()


def arrive(at: str) -> Any:
    """The place for a page: whoever comes to it from another finds its forms empty, and stands at its top.

    A browser stays as far down as it was, unless it has drawn the emptied place before it gets what comes next. Of
    pages that followed at once one in fifteen came up scrolled down; of those that wait so long none in hundreds.
    """
    has_come = st.session_state.get("at", at) != at
    st.session_state.at = at
    if has_come:
        st.session_state.forms = {}
    if not st.session_state.pop("turned", False) and not has_come:
        # Emptied at every run, the page would lose the field that somebody types in.
        return st.container()
    place = st.empty()
    time.sleep(EMPTY_SECONDS)
    return place.container()


class Fields:
    """The fields of a form in one run of its page: what was ``stated`` in them, and room for what is wrong with it."""

    def __init__(self, form: Form) -> None:
        self.stated: dict[str, Any] = {}
        self._key = form.key
        self._rooms: dict[str, Any] = {}
        self._pair: list[str] | None = None

    def ask(
        self,
        name: str,
        widget: Callable[..., Any],
        label: str,
        *,
        read: Callable[[Any], Any] = lambda typed: typed,
        **more: Any,
    ) -> None:
        """A field by the name that the book gives it; ``read`` makes what the book takes of what was typed."""
        with st.container(gap="xsmall") if self._pair is None else nullcontext():
            typed = widget(label, key=self.key(name), **more)
            # A day that was not chosen is not stated.
            if typed is not None:
                self.stated[name] = read(typed)
            if self._pair is None:
                self.keep_room(name)
            else:
                self._pair.append(name)

    @contextmanager
    def pair(self) -> Iterator[None]:
        """Two fields side by side, on a phone too; there is no room for words but below them."""
        self._pair = []
        with st.container(gap="xsmall"):
            with st.grid(2, min_column_width=140):
                yield
            for name in self._pair:
                self.keep_room(name)
        self._pair = None

    def key(self, name: str) -> str:
        return f"{self._key} {name}"

    def keep_room(self, name: str = "") -> None:
        """Where words about a field stand, and under no name those that are about no field."""
        self._rooms[name] = st.empty()

    def room(self, name: str) -> Any:
        return self._rooms[name]

    def refuse(self, refusal: Refusal | None, is_pressed: bool) -> None:
        """Says what was refused beside its field. What is only missing is said once a button was pressed."""
        problems = getattr(refusal, "problems", None)
        for problem in problems or ():
            if problem.found or is_pressed:
                self.say(correction(problem), problem.field)
        if refusal and problems is None:
            self.say(str(refusal))

    def say(self, words: str, name: str = "") -> None:
        self._rooms.get(name, self._rooms[""]).error(markdown(words), icon=":material/error:")


def choice(label: str, words: dict[str, str], **more: Any) -> Any:
    """One of a few, each shown in its words."""
    return st.selectbox(label, words, format_func=words.get, **more)


def day_input(label: str, **more: Any) -> Any:
    return st.date_input(label, min_value=FIRST_DAY, max_value=LAST_DAY, format="DD.MM.YYYY", **more)


def take_back(
    form: Form,
    label: str,
    icon: str,
    button: str,
    sentence: str,
    verb: Callable[..., Any],
    *said: Any,
    reason: str = "",
    dated: str = "",
) -> None:
    """A button that undoes what was written, when it is told why and, where a field is named, on which day."""
    with st.popover(label, icon=f":material/{icon}:"), st.form(form.key, border=False):
        st.markdown(sentence)
        fields = Fields(form)
        fields.ask("reason", st.text_input, "Reason", value=reason, required=True)
        if dated:
            fields.ask("received_on", day_input, dated, value=None, help="Left empty: it never came in.")
        fields.keep_room()
        if st.form_submit_button(button):
            fields.refuse(form.write(verb, *said, **fields.stated), is_pressed=True)
            if form.written:
                st.rerun()


# A comma that a person types between thousands, as this program writes them; any other is not a comma we know.
_GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_PERCENT = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_ISO_DAY = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b")


def plain(typed: str) -> str:
    """A number as the book reads it, without commas between its thousands: ``1,234.50`` is ``1234.50``.

    What is not such a number stays as it was typed, and the book says what is wrong with it.
    """
    typed = typed.strip()
    return typed.replace(",", "") if _GROUPED.fullmatch(typed) else typed


def fraction(percent: str) -> str:
    """A rate typed in percent, as the fraction that the book reads, exactly: ``2.0`` is ``0.020``."""
    number = plain(percent.strip().removesuffix("%"))
    if not _PERCENT.fullmatch(number):
        return percent
    digits = Decimal(number).as_tuple()
    return f"{Decimal(digits._replace(exponent=digits.exponent - 2)):f}"


def correction(problem: Problem) -> str:
    """What is wrong with a field and what to write instead, in the words and days of a form."""
    if problem.field == "interest_rate":
        return "That is not a rate that a loan can have. Write a percentage, such as 2.0, with at most 4 decimals."
    said = str(problem) if problem.found else problem.right
    return _ISO_DAY.sub(_as_shown, said)


def _as_shown(found: re.Match[str]) -> str:
    # What was typed is quoted, and may look like a day that there is not.
    on = day_of(found[0])
    return day(on) if on else found[0]
