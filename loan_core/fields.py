"""How a field is read, exactly as it was typed: the value, or what is wrong with it and what would be right.

Text comes in, major units in it; minor units go out. What was read before is remembered: files repeat themselves.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from typing import Any

from loan_core.calculation.money import CURRENCIES, LARGEST, Currency
from loan_core.errors import InvalidEntry, Problem, shortened
from loan_core.models import LONGEST_PERIOD, RATE_LIMITS

MILLION = 10**6
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
_ALIASES = {"biweekly": "every_two_weeks", "fortnightly": "every_two_weeks", "every_2_weeks": "every_two_weeks"}
# Thousands in groups, by commas, points' place kept; and the other way, a comma before the decimals.
_GROUPED_NUMBER = re.compile(r"([0-9]{1,3}(?:[,\s'\u2019][0-9]{2,3})*[,\s'\u2019][0-9]{3})(\.[0-9]+)?")
_COMMA_NUMBER = re.compile(r"([0-9]{1,3}(?:[.\s'\u2019][0-9]{3})+|[0-9]+),([0-9]+)")
# As many digits as a field may have: what is typed is judged exactly.
_DIGITS = Context(prec=20_000)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?|-?\.[0-9]+")


class Wrong(Exception):
    def __init__(self, wrong: str, right: str) -> None:
        self.wrong, self.right = wrong, right


class Fields:
    """Reads one entry field by field, and collects what is wrong with it."""

    def __init__(self, stated: Mapping[str, object]) -> None:
        self._stated = {name: as_text(value) for name, value in stated.items()}
        self.problems: list[Problem] = []

    def has(self, name: str) -> bool:
        return bool(self._stated.get(name))

    def read(self, name: str, parse: Callable[..., Any], *context: Any, default: Any = None, required: str = "") -> Any:
        """The value of a field; ``default`` where it is not given or, with a problem noted, where it is wrong."""
        found = self._stated.get(name, "")
        if not found:
            if required:
                self.problems.append(Problem(name, "", f"{name} is missing.", required))
            return default
        try:
            return parse(found, *context)
        except Wrong as error:
            self.note(name, error.wrong, error.right)
            return default

    def read_amount(self, name: str, currency: Currency, required: str, *limits: int) -> Any:
        """As ``read``; of a currency that is wrong itself no digits can be."""
        return self.read(name, amount, currency, *limits, required=required) if self.is_sound("currency") else None

    def note(self, name: str, wrong: str, right: str) -> None:
        self.problems.append(Problem(name, shortened(self._stated.get(name, "")), wrong, right))

    def is_sound(self, *names: str) -> bool:
        return not any(problem.field in names for problem in self.problems)

    def finish(self) -> None:
        if self.problems:
            raise InvalidEntry(self.problems)


def is_storable(text: str) -> bool:
    """Whether a text can stand in a row at all: no NUL, no half of a character."""
    return not _UNSTORABLE.search(text)


@lru_cache(maxsize=65536)
def amount(found: str, currency: Currency, smallest: int = 1, largest: int = LARGEST) -> int:
    """Money as typed, in minor units: plain digits, a point, at most the currency's decimals, more than zero."""
    if (straight := _straight_amount(found, currency.exponent)) is not None and smallest <= straight <= largest:
        return straight
    example = currency.major(10 ** (currency.exponent + 3))
    if not _PLAIN_NUMBER.fullmatch(found):
        wrong = f"{shortened(found)} is not a plain number."
        if grouped := _GROUPED_NUMBER.fullmatch(found):
            whole, decimals = re.sub(r"[^0-9]", "", grouped[1]), grouped[2]
            raise Wrong(wrong, f"Write it without separators: {whole}{decimals or ''}.")
        if european := _COMMA_NUMBER.fullmatch(found):
            whole = re.sub(r"[^0-9]", "", european[1])
            raise Wrong(wrong, f"Write a point before the decimals: {whole}.{european[2]}.")
        raise Wrong(f"{shortened(found)} is not an amount.", f"Write plain digits, such as {example}.")
    value = _DIGITS.create_decimal(found)
    if value < currency.major(smallest) and (value <= 0 or not smallest):
        raise Wrong(f"{shortened(found)} is not more than zero.", f"Write the amount as a positive number: {example}.")
    if value > currency.major(largest):
        raise Wrong(f"{shortened(found)} is more than a loan book holds.", f"Write at most {currency.major(largest)}.")
    decimals = len(found.partition(".")[2])
    if decimals > currency.exponent:
        have = f"have {currency.exponent} decimals" if currency.exponent else "have no decimals"
        name = currency.name[0].upper() + currency.name[1:]
        raise Wrong(f"{name} {have}: {shortened(found)} has {decimals}.", _nearest(value, currency))
    return currency.minor(value)


def _straight_amount(found: str, exponent: int) -> int | None:
    """The minor units of plain digits with at most these decimals; None of anything that takes a closer look."""
    whole, _, decimals = found.partition(".")
    digits = whole + decimals
    if len(digits) > 18 or len(decimals) > exponent or not (digits.isascii() and digits.isdigit()):
        return None
    value: int = int(digits) * 10 ** (exponent - len(decimals))
    return value


def _nearest(value: Decimal, currency: Currency) -> str:
    """Which amounts of the currency are meant by one that is too fine."""
    step = currency.major(1)
    lower = value.quantize(step, rounding=ROUND_FLOOR, context=_DIGITS)
    if lower == value:
        return f"Write {lower}."
    return f"Write {lower + step} or {lower}." if lower else f"Write {step}."


def reversed_amount(found: str, currency: Currency) -> int:
    if not found.startswith("-"):
        raise Wrong(f"{shortened(found)} is not negative, and reverses a repayment.", f"Write -{shortened(found)}.")
    return -amount(found[1:], currency)


@lru_cache(maxsize=65536)
def day(found: str) -> date:
    try:
        # fromisoformat alone would also take 20240131 and 2024-W05-3.
        day = date.fromisoformat(found) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", found) else None
    except ValueError:
        raise Wrong(f"There is no day {found}.", "Write a day of the calendar, such as 2024-01-31.") from None
    if day is None:
        raise Wrong(f"{shortened(found)} is not a date.", "Write year-month-day, such as 2024-01-31.")
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Wrong(f"{found} is too far away.", f"Write a day from {FIRST_DAY} to {LAST_DAY}.")
    return day


@lru_cache(maxsize=4096)
def rate(found: str, rate_period: str) -> int:
    """A rate as a fraction, in parts per million of its own period."""
    hint = "Write a fraction: 0.12 for 12 %."
    if not _PLAIN_NUMBER.fullmatch(found):
        raise Wrong(f"{shortened(found)} is not a rate.", hint)
    value = _DIGITS.create_decimal(found)
    limit = RATE_LIMITS[rate_period]
    if not 0 <= value <= limit // MILLION:
        wrong = f"A rate of {shortened(found)} a {rate_period} is outside 0 to {limit // MILLION}."
        raise Wrong(wrong, hint)
    scaled = value.scaleb(6, _DIGITS)
    if scaled != scaled.to_integral_value(context=_DIGITS):
        raise Wrong(f"{shortened(found)} is finer than a millionth.", f"Write at most 6 decimals, such as {value:.6f}.")
    return int(scaled)


@lru_cache(maxsize=4096)
def period(found: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", found) or not 1 <= int(found) <= LONGEST_PERIOD:
        wrong = f"{shortened(found)} is not a number of installments."
        raise Wrong(wrong, f"Write a whole number from 1 to {LONGEST_PERIOD}.")
    return int(found)


def currency_code(found: str) -> str:
    if found not in CURRENCIES:
        raise Wrong(f"{shortened(found)} is not a currency.", "Write its ISO 4217 code, such as USD.")
    return found


@lru_cache(maxsize=4096)
def one_of(found: str, names: tuple[str, ...]) -> str:
    name = re.sub(r"[\s-]+", "_", found.lower())
    name = _ALIASES.get(name, name)
    if name not in names:
        raise Wrong(f"{shortened(found)} is not one of them.", f"Write {', '.join(names[:-1])} or {names[-1]}.")
    return name


def line(found: str, most: int) -> str:
    """Text of one line."""
    if "\n" in found or "\r" in found:
        raise Wrong("The text has a line break.", "Write it on one line.")
    return text(found, most)


def text(found: str, most: int) -> str:
    if len(found) > most:
        raise Wrong(f"The text has {len(found):,} characters.", f"Write at most {most:,}.")
    # Nearly every text is plain, and then a call is more than the question.
    if not (found.isascii() and "\0" not in found) and not is_storable(found):
        raise Wrong("The text has a character that is none.", "Write it again without it.")
    return found


def as_text(value: object) -> str:
    """What was typed; exact numbers and days as they would be typed. A float is never money: ``TypeError``."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | Decimal | date):
        raise TypeError(f"{value!r} is neither text, nor an exact number, nor a date")
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 40:
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)
