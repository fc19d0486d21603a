"""What may be written in the book: each field read exactly as it was typed, or refused in a sentence.

Forms, files and the API hand over what came in, text or exact numbers, in major units. Out come minor units.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from loan_core.calculation.money import CURRENCIES, LARGEST, LARGEST_INSTALLMENT, Currency
from loan_core.calculation.schedule import Terms, agreed_installment, first_interest
from loan_core.errors import InvalidEntry, Problem, shortened
from loan_core.models import ENUMERATED, FREQUENCIES, LONGEST_PERIOD, METHODS, RATE_LIMITS, RATES_PER_YEAR, ROUNDINGS

MILLION = 10**6
DEFAULT_RATE = {"month": 20_000, "year": 240_000}
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
REFERENCE_LENGTH, BORROWER_LENGTH, NOTE_LENGTH, NAME_LENGTH = 100, 200, 2000, 100
LOAN_FIELDS = (
    "reference",
    "borrower",
    "loan_amount",
    "currency",
    "interest_rate",
    "rate_period",
    "repayment_period",
    "frequency",
    "method",
    "rounding",
    "start_on",
    "first_due_on",
    "installment",
    "note",
)
REPAYMENT_FIELDS = ("received_on", "reference", "note")
_ALIASES = {"biweekly": "every_two_weeks", "fortnightly": "every_two_weeks", "every_2_weeks": "every_two_weeks"}
# Thousands in groups, by commas, points' place kept; and the other way, a comma before the decimals.
_GROUPED_NUMBER = re.compile(r"([0-9]{1,3}(?:[,\s'\u2019][0-9]{2,3})*[,\s'\u2019][0-9]{3})(\.[0-9]+)?")
_COMMA_NUMBER = re.compile(r"([0-9]{1,3}(?:[.\s'\u2019][0-9]{3})+|[0-9]+),([0-9]+)")
# As many digits as a field may have: what is typed is judged exactly.
_DIGITS = Context(prec=20_000)
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?|-?\.[0-9]+")


@dataclass(frozen=True)
class LoanEntry:
    """A loan that may be written: the columns of ``Loan`` that an agreement says. ``reference`` "" is made up later."""

    reference: str
    borrower: str
    currency: str
    loan_amount: int
    interest_rate: int
    rate_period: str
    repayment_period: int
    frequency: str
    method: str
    rounding: str
    start_on: date
    first_due_on: date | None
    installment: int
    note: str
    is_dated: bool
    """Whether ``start_on`` was stated; else it is the day of entry, and a retry on another day is the same entry."""

    @property
    def annual_rate_ppm(self) -> int:
        return self.interest_rate * RATES_PER_YEAR[self.rate_period]


@dataclass(frozen=True)
class RepaymentEntry:
    """A repayment that may be written: ``amount`` in minor units, negative only where it ``reverses`` a reference."""

    amount: int
    received_on: date
    reference: str
    note: str
    reverses: str
    is_dated: bool


class _Wrong(Exception):
    def __init__(self, wrong: str, right: str) -> None:
        self.wrong, self.right = wrong, right


class _Fields:
    """Reads one entry field by field, and collects what is wrong with it."""

    def __init__(self, stated: Mapping[str, object]) -> None:
        self._stated = {name: _as_text(value) for name, value in stated.items()}
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
        except _Wrong as error:
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


def loan_entry(stated: Mapping[str, object], today: date, default_currency: str) -> LoanEntry:
    """The loan that these fields describe, by the names of the CSV format; ``InvalidEntry`` lists all that is wrong."""
    fields: _Fields = _Fields(stated)
    code = fields.read("currency", _currency_code, default=default_currency)
    currency = CURRENCIES[code]
    rate_period = fields.read("rate_period", _one_of, tuple(RATE_LIMITS), default="month")
    start_on = fields.read("start_on", _day, default=today)
    values: dict[str, Any] = {
        "reference": fields.read("reference", _line, REFERENCE_LENGTH, default=""),
        "borrower": fields.read("borrower", _line, BORROWER_LENGTH, default=""),
        "currency": code,
        "rate_period": rate_period,
        "start_on": start_on,
        "loan_amount": fields.read_amount("loan_amount", currency, "Write the amount lent, such as 1000.00."),
        "interest_rate": fields.read("interest_rate", _rate, rate_period, default=DEFAULT_RATE[rate_period]),
        "repayment_period": fields.read(
            "repayment_period", _period, default=1, required="Write the number of installments, such as 12."
        ),
        "frequency": fields.read("frequency", _one_of, FREQUENCIES, default=FREQUENCIES[0]),
        "method": fields.read("method", _one_of, METHODS, default=METHODS[0]),
        "rounding": fields.read("rounding", _one_of, ROUNDINGS, default=ROUNDINGS[0]),
        "first_due_on": fields.read("first_due_on", _day),
        "note": fields.read("note", _text, NOTE_LENGTH, default=""),
    }
    if values["first_due_on"] and fields.is_sound("start_on") and values["first_due_on"] < start_on:
        wrong = f"The first installment cannot fall due before the loan starts on {start_on}."
        fields.note("first_due_on", wrong, f"Write {start_on} or a later day.")
    stated_installment = fields.read_amount("installment", currency, "", 0, LARGEST_INSTALLMENT)
    fields.finish()
    entry = LoanEntry(**values, installment=0, is_dated=fields.has("start_on"))
    installment = _installment(entry, currency, stated_installment, fields)
    fields.finish()
    return LoanEntry(**values, installment=installment, is_dated=entry.is_dated)


def repayment_entry(
    stated: Mapping[str, object],
    currency: str,
    earliest: date,
    today: date,
    earliest_is: str = "the loan starts",
    required_day: str = "",
) -> RepaymentEntry:
    """The repayment that these fields describe, on a loan of this currency, received on ``earliest`` or later.

    ``earliest_is`` what happened on that day; ``required_day`` what to write where no day is stated, "" for today.
    """
    fields: _Fields = _Fields(stated)
    reverses = fields.read("reverses", _line, REFERENCE_LENGTH, default="")
    values = {
        "amount": fields.read(
            "amount",
            _reversed_amount if reverses else amount,
            CURRENCIES[currency],
            default=1,
            required="Write the amount received, such as 94.56.",
        ),
        "received_on": fields.read("received_on", _day, default=today, required=required_day),
        "reference": fields.read("reference", _line, REFERENCE_LENGTH, default=""),
        "note": fields.read("note", _text, NOTE_LENGTH, default=""),
    }
    if fields.is_sound("received_on"):
        if values["received_on"] < earliest:
            wrong = f"{values['received_on']} is before {earliest_is} on {earliest}."
            fields.note("received_on", wrong, f"Write {earliest} or a later day.")
        elif values["received_on"] > today:
            fields.note("received_on", f"{values['received_on']} is after today.", f"Write {today} or an earlier day.")
    fields.finish()
    return RepaymentEntry(**values, reverses=reverses, is_dated=fields.has("received_on"))


def is_storable(text: str) -> bool:
    """Whether a text can stand in a row at all: no NUL, no half of a character."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


def name_entry(typed: str) -> str:
    """Who signs an entry, as typed."""
    return str(_alone("recorded_by", typed, _line, NAME_LENGTH) or "")


def check_names(stated: Mapping[str, object], known: Iterable[str]) -> None:
    """``TypeError`` for a field that there is not: a misspelled rate must not become the usual one."""
    if unknown := set(stated) - set(known):
        raise TypeError(f"there is no field {', '.join(sorted(unknown))}")


def reason_entry(reason: str) -> str:
    """Why something is taken back, as typed."""
    return str(_alone("reason", reason, _text, NOTE_LENGTH) or "")


def amount_entry(name: str, typed: str, code: str) -> int:
    """Money, as typed in a currency; ``InvalidEntry``."""
    value: int = _alone(name, typed, amount, CURRENCIES[code])
    return value


def day_entry(typed: str) -> date:
    """A day, as typed; ``InvalidEntry``."""
    day: date = _alone("as_of", typed, _day)
    return day


def terms_of(loan: Any) -> Terms:
    """What calculation takes of a loan, or of a table of loans: ``Loan``, ``LoanEntry`` or a DataFrame's columns."""
    return Terms(
        principal=_whole(loan.loan_amount),
        annual_rate_ppm=_whole(loan.annual_rate_ppm),
        repayment_period=_whole(loan.repayment_period),
        frequency=_coded("frequency", loan.frequency),
        method=_coded("method", loan.method),
        installment=_whole(loan.installment),
        start_on=_days(loan.start_on),
        first_due_on=_days(loan.first_due_on),
    )


@lru_cache(maxsize=65536)
def amount(found: str, currency: Currency, smallest: int = 1, largest: int = LARGEST) -> int:
    """Money as typed, in minor units: plain digits, a point, at most the currency's decimals, more than zero."""
    example = currency.major(10 ** (currency.exponent + 3))
    if not _PLAIN_NUMBER.fullmatch(found):
        wrong = f"{shortened(found)} is not a plain number."
        if grouped := _GROUPED_NUMBER.fullmatch(found):
            whole, decimals = re.sub(r"[^0-9]", "", grouped[1]), grouped[2]
            raise _Wrong(wrong, f"Write it without separators: {whole}{decimals or ''}.")
        if european := _COMMA_NUMBER.fullmatch(found):
            whole = re.sub(r"[^0-9]", "", european[1])
            raise _Wrong(wrong, f"Write a point before the decimals: {whole}.{european[2]}.")
        raise _Wrong(f"{shortened(found)} is not an amount.", f"Write plain digits, such as {example}.")
    value = _DIGITS.create_decimal(found)
    if value < currency.major(smallest) and (value <= 0 or not smallest):
        raise _Wrong(f"{shortened(found)} is not more than zero.", f"Write the amount as a positive number: {example}.")
    if value > currency.major(largest):
        raise _Wrong(f"{shortened(found)} is more than a loan book holds.", f"Write at most {currency.major(largest)}.")
    decimals = len(found.partition(".")[2])
    if decimals > currency.exponent:
        have = f"have {currency.exponent} decimals" if currency.exponent else "have no decimals"
        name = currency.name[0].upper() + currency.name[1:]
        raise _Wrong(f"{name} {have}: {shortened(found)} has {decimals}.", _nearest(value, currency))
    return currency.minor(value)


def _nearest(value: Decimal, currency: Currency) -> str:
    """Which amounts of the currency are meant by one that is too fine."""
    step = currency.major(1)
    lower = value.quantize(step, rounding=ROUND_FLOOR, context=_DIGITS)
    if lower == value:
        return f"Write {lower}."
    return f"Write {lower + step} or {lower}." if lower else f"Write {step}."


def _reversed_amount(found: str, currency: Currency) -> int:
    if not found.startswith("-"):
        raise _Wrong(f"{shortened(found)} is not negative, and reverses a repayment.", f"Write -{shortened(found)}.")
    return -amount(found[1:], currency)


def _alone(name: str, typed: str, parse: Callable[..., Any], *context: Any) -> Any:
    fields = _Fields({name: typed})
    value = fields.read(name, parse, *context)
    fields.finish()
    return value


def _installment(entry: LoanEntry, currency: Currency, stated: int | None, fields: _Fields) -> int:
    """The agreed installment: as stated, where it repays the loan, else by the method's formula."""
    codes = {name: int(each[getattr(entry, name).upper()]) for name, each in ENUMERATED.items()}
    agreed = agreed_installment(entry.loan_amount, entry.annual_rate_ppm, entry.repayment_period, **codes)
    if stated is None or stated == agreed:
        return agreed
    if entry.method == "interest_only":
        wrong = f"An interest-only installment is the interest of one period, {currency.major(agreed)}."
        fields.note("installment", wrong, "Leave it out, or write another method.")
        return agreed
    interest = int(first_interest(terms_of(entry)))
    if stated <= interest:
        wrong = f"{currency.major(stated)} does not exceed the first period's interest, {currency.major(interest)}: "
        fields.note("installment", wrong + "the loan would never be repaid.", "Write a larger installment.")
    return stated


@lru_cache(maxsize=65536)
def _day(found: str) -> date:
    try:
        # fromisoformat alone would also take 20240131 and 2024-W05-3.
        day = date.fromisoformat(found) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", found) else None
    except ValueError:
        raise _Wrong(f"There is no day {found}.", "Write a day of the calendar, such as 2024-01-31.") from None
    if day is None:
        raise _Wrong(f"{shortened(found)} is not a date.", "Write year-month-day, such as 2024-01-31.")
    if not FIRST_DAY <= day <= LAST_DAY:
        raise _Wrong(f"{found} is too far away.", f"Write a day from {FIRST_DAY} to {LAST_DAY}.")
    return day


@lru_cache(maxsize=4096)
def _rate(found: str, rate_period: str) -> int:
    """A rate as a fraction, in parts per million of its own period."""
    hint = "Write a fraction: 0.12 for 12 %."
    if not _PLAIN_NUMBER.fullmatch(found):
        raise _Wrong(f"{shortened(found)} is not a rate.", hint)
    value = _DIGITS.create_decimal(found)
    limit = RATE_LIMITS[rate_period]
    if not 0 <= value <= limit // MILLION:
        wrong = f"A rate of {shortened(found)} a {rate_period} is outside 0 to {limit // MILLION}."
        raise _Wrong(wrong, hint)
    scaled = value.scaleb(6, _DIGITS)
    if scaled != scaled.to_integral_value(context=_DIGITS):
        raise _Wrong(
            f"{shortened(found)} is finer than a millionth.", f"Write at most 6 decimals, such as {value:.6f}."
        )
    return int(scaled)


@lru_cache(maxsize=4096)
def _period(found: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", found) or not 1 <= int(found) <= LONGEST_PERIOD:
        wrong = f"{shortened(found)} is not a number of installments."
        raise _Wrong(wrong, f"Write a whole number from 1 to {LONGEST_PERIOD}.")
    return int(found)


def _currency_code(found: str) -> str:
    if found not in CURRENCIES:
        raise _Wrong(f"{shortened(found)} is not a currency.", "Write its ISO 4217 code, such as USD.")
    return found


@lru_cache(maxsize=4096)
def _one_of(found: str, names: tuple[str, ...]) -> str:
    name = re.sub(r"[\s-]+", "_", found.lower())
    name = _ALIASES.get(name, name)
    if name not in names:
        raise _Wrong(f"{shortened(found)} is not one of them.", f"Write {', '.join(names[:-1])} or {names[-1]}.")
    return name


def _line(found: str, most: int) -> str:
    """Text of one line."""
    if "\n" in found or "\r" in found:
        raise _Wrong("The text has a line break.", "Write it on one line.")
    return _text(found, most)


def _text(found: str, most: int) -> str:
    if len(found) > most:
        raise _Wrong(f"The text has {len(found):,} characters.", f"Write at most {most:,}.")
    if not is_storable(found):
        raise _Wrong("The text has a character that is none.", "Write it again without it.")
    return found


def _as_text(value: object) -> str:
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


def _whole(values: Any) -> Any:
    return values if isinstance(values, int) else values.to_numpy(dtype=np.int64)


def _days(values: Any) -> Any:
    is_column = hasattr(values, "to_numpy")
    return values.to_numpy().astype("datetime64[D]") if is_column else np.datetime64(values or "NaT", "D")


def _coded(column: str, names: Any) -> Any:
    codes = {each.name.lower(): each.value for each in ENUMERATED[column]}
    return codes[names] if isinstance(names, str) else names.map(codes).to_numpy(dtype=np.int64)
