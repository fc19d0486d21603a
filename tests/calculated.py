"""What the calculation answers of loans in plain values, in plain values again: to be held against the definitions."""

from dataclasses import fields
from datetime import date
from typing import Any

import numpy as np

from loan_core.calculation import dates
from loan_core.calculation.dates import Frequency
from loan_core.calculation.portfolio import survey
from loan_core.calculation.position import Position, Thresholds, position
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.sanity import Found
from loan_core.calculation.schedule import Schedule, Terms, schedule
from tests.by_definition import USUAL, Line, Loan

# A loan, the receipts it is about, and its figures.
Finding = tuple[int, list[int], dict[str, int]]


def day(written: date | str | None) -> np.datetime64:
    return np.datetime64(written or "NaT", "D")


def terms_of_one(loan: Loan) -> Terms:
    return Terms(
        loan.principal,
        loan.annual_rate_ppm,
        loan.periods,
        loan.frequency,
        loan.method,
        loan.agreed,
        day(loan.start_on),
        day(loan.first_due_on),
    )


def terms_of_book(book: list[Loan]) -> Terms:
    rows = [terms_of_one(loan) for loan in book]
    of_days = {"start_on", "first_due_on"}
    return Terms(
        **{
            name: np.array([getattr(row, name) for row in rows], dtype="M8[D]" if name in of_days else np.int64)
            for name in Terms.__dataclass_fields__
        }
    )


def due_dates_of(start_on: date, first_due_on: date | None, frequency: Frequency, count: int) -> list[date]:
    found = dates.due_dates(day(start_on), day(first_due_on), frequency, np.arange(1, count + 1))
    assert found.dtype == np.dtype("datetime64[D]")
    return found.tolist()


def plain_lines(lines: Schedule) -> tuple[Line, ...]:
    assert lines.interest.dtype == lines.principal.dtype == np.int64
    columns = (lines.due_on.tolist(), lines.interest.tolist(), lines.principal.tolist())
    return tuple(Line(*row) for row in zip(*columns, strict=True))


def lines_of(loan: Loan) -> tuple[Line, ...]:
    return plain_lines(schedule(terms_of_one(loan)))


def plain_position(at: Position) -> dict[str, Any]:
    return {field.name: np.asarray(getattr(at, field.name)).item() for field in fields(Position)}


def position_of(
    loan: Loan, paid: int, as_of: date, *, is_voided: bool = False, thresholds: Thresholds = USUAL
) -> dict[str, Any]:
    return plain_position(position(terms_of_one(loan), np.int64(paid), is_voided, day(as_of), thresholds))


def positions_of(book: list[tuple[Loan, int, bool]], as_of: date) -> Position:
    loans, paid, is_voided = zip(*book, strict=True) if book else ((), (), ())
    terms = terms_of_book(list(loans))
    on = np.full(len(book), day(as_of))
    receipts = Receipts.of(np.arange(len(book)), on, np.array(paid, np.int64), len(book))
    voided = np.array(is_voided, bool)
    return survey(terms, receipts, voided, [day(as_of)], USUAL, with_calendar=False, kept=[0]).positions[0]


def plain_findings(found: Found) -> list[Finding]:
    about = [found.receipt.tolist()] if len(found.receipt) else []
    return [
        (loan, [column[at] for column in about], {name: column[at].item() for name, column in found.figures.items()})
        for at, loan in enumerate(found.loan.tolist())
    ]
