"""Money, days, counts and badges as they are shown, the same on every page, and the escaping of what people wrote."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any
from unicodedata import bidirectional

import pandas as pd

from loan_core import LoanStatus, counted, currency

SPACE = "\N{NO-BREAK SPACE}"
NOTHING = "—"


def money(amount: int, code: str) -> str:
    """``$1,234.50``, ``KES 1,234.50``, ``¥1,235``, ``−$94.56``: exact, with the currency's own decimals."""
    unit, parts = currency(code), 10 ** currency(code).exponent
    whole, rest = divmod(abs(int(amount)), parts)
    decimals = f".{rest:0{unit.exponent}d}" if unit.exponent else ""
    return f"{'−' if amount < 0 else ''}{unit.symbol or code + SPACE}{whole:,}{decimals}"


def short_money(amount: float, code: str) -> str:
    """For marks in a chart and figures too long for their place: ``$945``, ``$58.2K``, ``$1.14M``."""
    number = abs(amount) / 10 ** currency(code).exponent
    # What would be written as 1000K is 1M.
    unit, letter = thousands(float(f"{number:.3g}"))
    return f"{'−' if amount < 0 else ''}{currency(code).symbol or code + SPACE}{number / unit:.3g}{letter}"


def thousands(number: float) -> tuple[float, str]:
    """The unit for a large number, and its letter: ``(1e6, "M")``."""
    units = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
    return next((unit for unit in units if number >= unit[0]), (1, ""))


def figure(amount: int, code: str) -> dict[str, str]:
    """A sum as a metric shows it: one too long for its place is cut short, with the whole of it in the help."""
    text = money(amount, code)
    # The three letters of a code are as wide as four digits.
    room = 14 if currency(code).symbol else 13
    return {"value": text} if len(text) <= room else {"value": short_money(amount, code), "help": markdown(text)}


def major(amounts: pd.Series, code: str) -> pd.Series:
    """A column of minor units as the numbers that a table shows and lines up."""
    return amounts / 10 ** currency(code).exponent


def decimals(code: str) -> str:
    """How a table formats such a column: ``,.2f``."""
    return f",.{currency(code).exponent}f"


def signed(number: float, code: str) -> str:
    """A cell of such a column, with a true minus sign: ``−94.56``."""
    return f"{number:{decimals(code)}}".replace("-", "−")


def day(when: date) -> str:
    """``12 Mar 2026``, never broken over two lines."""
    return f"{when.day}{SPACE}{when:%b}{SPACE}{when.year}"


def instant(at: datetime) -> str:
    """``2 Jun 2026, 10:05 UTC``."""
    return f"{day(at)}, {at:%H:%M}{SPACE}UTC"


def days(number: int) -> str:
    return counted(number, "day")


def until(when: date, as_of: date) -> str:
    """How far off a day is: ``in 29 days``, ``today``."""
    return f"in {days((when - as_of).days)}" if when > as_of else "today"


def by_day(as_of: date, today: date) -> str:
    return "by today" if as_of == today else f"by {day(as_of)}"


_REDIS = {"off": "no Redis", "up": "Redis answers", "down": "Redis does not answer: slower, never wrong"}


def data_words(as_of: date, revision: int, redis: str) -> str:
    """What the figures of a page are made of: ``As of 2 Jun 2026 · revision 41 of the book · no Redis``."""
    return f"As of {day(as_of)} · revision {revision:,} of the book · {_REDIS[redis]}"


def percent(part: int, whole: int) -> str:
    """One decimal, ``53.0%``; a share of nothing is nothing."""
    return f"{100 * part / whole:.1f}%" if whole else NOTHING


def tolerance(thresholds: Any) -> str:
    """``within 10% of``, or both ends where they lie unevenly: ``85% to 110% of``."""
    below, above = 100 - thresholds.behind_percent, thresholds.ahead_percent - 100
    unevenly = f"{thresholds.behind_percent}% to {thresholds.ahead_percent}% of"
    return f"within {above}% of" if below == above else unevenly


@dataclass(frozen=True)
class Badge:
    """How a status or a state is shown: word, then icon (a mark where no icon can be), then colour."""

    word: str
    icon: str
    mark: str
    color: str


BADGES = {
    "Behind": Badge("Behind", "priority_high", "!", "orange"),
    "On Track": Badge("On Track", "check", "✓", "green"),
    "Ahead": Badge("Ahead", "arrow_upward", "↑", "blue"),
    "paid_off": Badge("Paid off", "task_alt", "✓", "gray"),
    "pending": Badge("Not started", "schedule", "·", "gray"),
    "voided": Badge("Voided", "block", "×", "gray"),
}


def badge_of(state: str, status: str) -> Badge:
    """An active loan is what its status says; of any other its state says more."""
    return BADGES[status if state == "active" else state]


def badge(status: LoanStatus) -> str:
    shown = badge_of(status.state, status.status)
    icon = "savings" if status.overpaid_amount else shown.icon
    return f":{shown.color}-badge[:material/{icon}: {shown.word}]"


_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# A parser would still make a link, an icon, a dash or a sign of these: an invisible joiner parts them.
_SHORTHAND = re.compile(
    r"(?<=:)(?=[\w+/-])|(?<=@)|(?<=www)(?=\.)|(?<=-)(?=[->])|(?<=<)(?=-)|(?<=[<>~])(?==)", re.IGNORECASE
)
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def markdown(text: str) -> str:
    """Somebody's words, or a sum with its ``$``, as they are: no link, no image, no formula, no markup."""
    one_line = re.sub(r"[\t\n\v\f\r\x85\u2028\u2029 ]+", " ", text).strip()
    return _PUNCTUATION.sub(r"\\\1", _SHORTHAND.sub("\N{WORD JOINER}", one_line))


def isolated(text: str) -> str:
    """Somebody's words inside a sentence of ours: written from right to left, they do not turn our words around."""
    if text.isascii():
        return text
    is_turned = any(bidirectional(each) in ("R", "AL", "AN") for each in text) or _TURNS.search(text)
    return f"\N{FIRST STRONG ISOLATE}{_TURNS.sub('', text)}\N{POP DIRECTIONAL ISOLATE}" if is_turned else text


def short(name: str, most: int) -> str:
    """A name where there is room for so many letters of it: ``The Honorable Bart…``."""
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def plotly(text: str) -> str:
    """The same for a text in a chart, where ``<a href>`` would be a link."""
    return escape(text, quote=False)
