"""What may be written in the book: every field of an entry read, or refused in a sentence.

Forms, files and the API hand over what came in, text or exact numbers, in major units. Out come minor units. A file has
many rows with nothing wrong in them: ``straight_loan`` and ``straight_repayment`` come to the same verdict on those for
a fraction of the time, and leave every other row to the rule.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

from loan_core.calculation.money import CURRENCIES, LARGEST_INSTALLMENT, Currency
from loan_core.calculation.schedule import Terms, agreed_installment, first_interest
from loan_core.fields import (
    Fields,
    Wrong,
    amount,
    currency_code,
    day,
    line,
    one_of,
    period,
    rate,
    reversed_amount,
    text,
)
from loan_core.models import ENUMERATED, FREQUENCIES, METHODS, RATE_LIMITS, RATES_PER_YEAR, ROUNDINGS, Loan

DEFAULT_RATE = {"month": 20_000, "year": 240_000}
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
RATE_PERIODS = tuple(RATE_LIMITS)


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


def loan_entry(stated: Mapping[str, object], today: date, default_currency: str) -> LoanEntry:
    """The loan that these fields describe, by the names of the CSV format; ``InvalidEntry`` lists all that is wrong."""
    fields: Fields = Fields(stated)
    code = fields.read("currency", currency_code, default=default_currency)
    currency = CURRENCIES[code]
    rate_period = fields.read("rate_period", one_of, RATE_PERIODS, default="month")
    start_on = fields.read("start_on", day, default=today)
    values: dict[str, Any] = {
        "reference": fields.read("reference", line, REFERENCE_LENGTH, default=""),
        "borrower": fields.read("borrower", line, BORROWER_LENGTH, default=""),
        "currency": code,
        "rate_period": rate_period,
        "start_on": start_on,
        "loan_amount": fields.read_amount("loan_amount", currency, "Write the amount lent, such as 1000.00."),
        "interest_rate": fields.read("interest_rate", rate, rate_period, default=DEFAULT_RATE[rate_period]),
        "repayment_period": fields.read(
            "repayment_period", period, default=1, required="Write the number of installments, such as 12."
        ),
        "frequency": fields.read("frequency", one_of, FREQUENCIES, default=FREQUENCIES[0]),
        "method": fields.read("method", one_of, METHODS, default=METHODS[0]),
        "rounding": fields.read("rounding", one_of, ROUNDINGS, default=ROUNDINGS[0]),
        "first_due_on": fields.read("first_due_on", day),
        "note": fields.read("note", text, NOTE_LENGTH, default=""),
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
    fields: Fields = Fields(stated)
    reverses = fields.read("reverses", line, REFERENCE_LENGTH, default="")
    values = {
        "amount": fields.read(
            "amount",
            reversed_amount if reverses else amount,
            CURRENCIES[currency],
            default=1,
            required="Write the amount received, such as 94.56.",
        ),
        "received_on": fields.read("received_on", day, default=today, required=required_day),
        "reference": fields.read("reference", line, REFERENCE_LENGTH, default=""),
        "note": fields.read("note", text, NOTE_LENGTH, default=""),
    }
    if fields.is_sound("received_on"):
        if values["received_on"] < earliest:
            wrong = f"{values['received_on']} is before {earliest_is} on {earliest}."
            fields.note("received_on", wrong, f"Write {earliest} or a later day.")
        elif values["received_on"] > today:
            fields.note("received_on", f"{values['received_on']} is after today.", f"Write {today} or an earlier day.")
    fields.finish()
    return RepaymentEntry(**values, reverses=reverses, is_dated=fields.has("received_on"))


def straight_loan(stated: Mapping[str, str], today: date, default_currency: str) -> LoanEntry | None:
    """What ``loan_entry`` says of a row of ``LOAN_FIELDS``, stripped text, that has nothing wrong in it; else None."""
    given = stated.__getitem__
    try:
        code = currency_code(found) if (found := given("currency")) else default_currency
        currency = CURRENCIES[code]
        rate_period = one_of(found, RATE_PERIODS) if (found := given("rate_period")) else "month"
        start_on = day(found) if (found := given("start_on")) else today
        principal, periods = amount(given("loan_amount"), currency), period(given("repayment_period"))
        ppm = rate(found, rate_period) if (found := given("interest_rate")) else DEFAULT_RATE[rate_period]
        frequency = one_of(found, FREQUENCIES) if (found := given("frequency")) else FREQUENCIES[0]
        method = one_of(found, METHODS) if (found := given("method")) else METHODS[0]
        rounding = one_of(found, ROUNDINGS) if (found := given("rounding")) else ROUNDINGS[0]
        agreed = _agreed(principal, ppm * RATES_PER_YEAR[rate_period], periods, frequency, method, rounding)
        entry = LoanEntry(
            reference=line(given("reference"), REFERENCE_LENGTH),
            borrower=line(given("borrower"), BORROWER_LENGTH),
            currency=code,
            loan_amount=principal,
            interest_rate=ppm,
            rate_period=rate_period,
            repayment_period=periods,
            frequency=frequency,
            method=method,
            rounding=rounding,
            start_on=start_on,
            first_due_on=day(found) if (found := given("first_due_on")) else None,
            installment=amount(found, currency, 0, LARGEST_INSTALLMENT) if (found := given("installment")) else agreed,
            note=text(given("note"), NOTE_LENGTH),
            is_dated=bool(given("start_on")),
        )
    except Wrong:
        return None
    if entry.first_due_on is not None and entry.first_due_on < start_on:
        return None
    # An installment that is not the formula's own is looked at by the rule.
    return entry if entry.installment == agreed or _is_repaid_by(entry, currency) else None


def _is_repaid_by(entry: LoanEntry, currency: Currency) -> bool:
    fields = Fields({})
    _installment(entry, currency, entry.installment, fields)
    return not fields.problems


def straight_repayment(
    amount_typed: str, day_typed: str, reference: str, note: str, currency: Currency, earliest: date, today: date
) -> tuple[int, date] | None:
    """What ``repayment_entry`` says of a row, stripped text, that has nothing wrong in it and reverses nothing: its
    amount and day; else None.
    """
    try:
        received_on = day(day_typed)
        if not earliest <= received_on <= today:
            return None
        line(reference, REFERENCE_LENGTH)
        text(note, NOTE_LENGTH)
        return amount(amount_typed, currency), received_on
    except Wrong:
        return None


def name_entry(typed: str) -> str:
    """Who signs an entry, as typed."""
    return str(_alone("recorded_by", typed, line, NAME_LENGTH) or "")


def check_names(stated: Mapping[str, object], known: Iterable[str]) -> None:
    """``TypeError`` for a field that there is not: a misspelled rate must not become the usual one."""
    if unknown := set(stated) - set(known):
        raise TypeError(f"there is no field {', '.join(sorted(unknown))}")


def reason_entry(reason: str) -> str:
    """Why something is taken back, as typed."""
    return str(_alone("reason", reason, text, NOTE_LENGTH) or "")


def amount_entry(name: str, typed: str, code: str) -> int:
    """Money, as typed in a currency; ``InvalidEntry``."""
    value: int = _alone(name, typed, amount, CURRENCIES[code])
    return value


def day_entry(name: str, typed: str) -> date:
    """A day, as typed; ``InvalidEntry``."""
    found: date = _alone(name, typed, day)
    return found


def terms_of(loan: Loan | LoanEntry) -> Terms:
    """What calculation takes of a loan."""
    frequency, method, _ = _codes(loan.frequency, loan.method, loan.rounding)
    return Terms(
        principal=loan.loan_amount,
        annual_rate_ppm=loan.annual_rate_ppm,
        repayment_period=loan.repayment_period,
        frequency=frequency,
        method=method,
        installment=loan.installment,
        start_on=np.datetime64(loan.start_on, "D"),
        first_due_on=np.datetime64(loan.first_due_on, "D"),
    )


def _alone(name: str, typed: str, parse: Callable[..., Any], *context: Any) -> Any:
    fields = Fields({name: typed})
    value = fields.read(name, parse, *context)
    fields.finish()
    return value


def _installment(entry: LoanEntry, currency: Currency, stated: int | None, fields: Fields) -> int:
    """The agreed installment: as stated, where it repays the loan, else by the method's formula."""
    terms = entry.loan_amount, entry.annual_rate_ppm, entry.repayment_period
    agreed = _agreed(*terms, entry.frequency, entry.method, entry.rounding)
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


def _agreed(principal: int, annual_rate_ppm: int, periods: int, *words: str) -> int:
    """The installment by the formula; ``words`` are of the loan's frequency, method and rounding."""
    return agreed_installment(principal, annual_rate_ppm, periods, *_codes(*words))


@lru_cache(maxsize=256)
def _codes(*names: str) -> tuple[int, ...]:
    """What the words of a loan's frequency, method and rounding stand for in calculation."""
    return tuple(int(each[name.upper()]) for each, name in zip(ENUMERATED.values(), names, strict=True))
