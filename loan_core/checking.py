"""A file against the rules and the book: what in it is new, what is there already, what must be corrected.

A block of rows at a time, and every row by the rules of ``entries``. What is new goes to a spool, as it will be stored.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from loan_core.calculation.money import CURRENCIES
from loan_core.entries import (
    LOAN_FIELDS,
    LoanEntry,
    RepaymentEntry,
    loan_entry,
    repayment_entry,
    straight_loan,
    straight_repayment,
)
from loan_core.errors import InvalidEntry, Problem, Problems, ReferenceTaken, shortened
from loan_core.models import Loan, Repayment, id_in
from loan_core.reading import References, Table, TypedRows
from loan_core.recording import (
    check_same_loan,
    check_same_repayment,
    loans_by_id,
    loans_by_reference,
    repayments_by_reference,
    reversals_of,
)
from loan_core.spool import Spool

Progress = Callable[[str, int, int], None]

_OF_A_LOAN = (Loan.id, Loan.reference, Loan.currency, Loan.start_on, Loan.voided_at)
_OF_A_REPAYMENT = tuple(
    getattr(Repayment, name) for name in ("id", "reference", "loan_id", "amount", "received_on", "note")
)
_TYPED = ("loan_reference", "loan_id", "currency", "amount", "received_on", "reference", "note", "reverses")
_REQUIRED_DAY = "Write the day it was received, such as 2024-01-31."
_LOANS_KEPT = 50_000
_REFUSED = (InvalidEntry, ReferenceTaken)


@dataclass
class Checked:
    """What a file comes to. ``references`` are all that it gives, ``undone`` those that its reversals name."""

    new: int = 0
    already_there: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    references: References = field(default_factory=References)
    undone: frozenset[str] = frozenset()

    def count(self, currency: str, amount: int) -> None:
        self.new += 1
        self.amounts[currency] = self.amounts.get(currency, 0) + amount


class _Seen:
    """The references that a file gives twice, each with the line on which it first stood in a sound row."""

    def __init__(self, references: References) -> None:
        self._twice = references.twice
        self._lines: dict[str, int] = {}

    def check(self, reference: str, line: int) -> None:
        """``InvalidEntry`` where a reference stands in an earlier line already."""
        if hash(reference) not in self._twice or not reference:
            return
        first = self._lines.setdefault(reference, line)
        if first != line:
            wrong = f"{shortened(reference)} stands in line {first} already."
            raise InvalidEntry([Problem("reference", shortened(reference), wrong, "Give each row its own.")])


def check_loans(
    table: Table, today: date, default_currency: str, progress: Progress, session: Session, rows: Spool
) -> Checked:
    """Every row of a loans file against the format, the file itself and the book."""
    checked, seen = Checked(references=table.references), _Seen(table.references)
    for block in _watched(table, progress):
        recorded = loans_by_reference(session, block.columns["reference"])
        new = []
        for line, *typed in zip(block.lines, *(block.columns[name] for name in LOAN_FIELDS), strict=True):
            stated = dict(zip(LOAN_FIELDS, typed, strict=True))
            known = recorded.get(stated["reference"])
            earlier = known.start_on if known else today
            try:
                entry = straight_loan(stated, earlier, default_currency) or loan_entry(
                    stated, earlier, default_currency
                )
                seen.check(entry.reference, line)
                if known is not None:
                    check_same_loan(entry, known)
                    checked.already_there += 1
                    continue
            except _REFUSED as error:
                checked.problems.add(*_problems(error, line, stated))
                continue
            checked.count(entry.currency, entry.loan_amount)
            new.append(as_spooled(entry))
        rows.add(new)
    checked.problems = table.problems.with_(checked.problems)
    return checked


def as_spooled(entry: LoanEntry) -> tuple[Any, ...]:
    """A loan's agreement as it will be stored: the fields of ``LoanEntry`` in their order, days as text."""
    values: list[Any] = list(vars(entry).values())
    values[10], values[11] = entry.start_on.isoformat(), entry.first_due_on and entry.first_due_on.isoformat()
    return tuple(values[:-1])


def check_repayments(table: Table, today: date, progress: Progress, session: Session, rows: Spool) -> Checked:
    """Every row of a repayments file against the format, its loan, the file itself and the book."""
    checked = Checked(references=table.references, undone=table.undone)
    check = _RepaymentCheck(session, today, checked)
    for block in _watched(table, progress):
        rows.add(check.new_rows_of(block))
    checked.problems = table.problems.with_(checked.problems)
    return checked


class _RepaymentCheck:
    """The check of one repayments file, with what it must remember from row to row."""

    def __init__(self, session: Session, today: date, checked: Checked) -> None:
        self._session, self._today, self._checked = session, today, checked
        self._seen, self._loans = _Seen(checked.references), _Loans(session)
        # What a row below may undo: by reference, on which loan, how much, received when.
        self._reversible: dict[str, tuple[int, int, date]] = {}

    def new_rows_of(self, block: TypedRows) -> list[tuple[Any, ...]]:
        """Of the rows that are new: loan id, amount, day, reference, note, and the reference that it reverses."""
        columns, checked = block.columns, self._checked
        self._loans.read(block)
        recorded = repayments_by_reference(self._session, columns["reference"], *_OF_A_REPAYMENT)
        standing = {row.reference for row in recorded.values()} - self._reversed(recorded)
        new: list[tuple[Any, ...]] = []
        typed = zip(block.lines, *(columns[name] for name in _TYPED), strict=True)
        for at, (line, loan_reference, loan_id, code, amount, day, reference, note, reverses) in enumerate(typed):
            try:
                loan = self._loans.named(loan_reference, loan_id, code)
                found = None
                if not reverses:
                    currency = CURRENCIES[loan.currency]
                    found = straight_repayment(amount, day, reference, note, currency, loan.start_on, self._today)
                minor, received_on = found or self._judged(loan, block.stated(at))
                self._seen.check(reference, line)
                known = recorded.get(reference)
                if known is not None:
                    again = RepaymentEntry(minor, received_on, reference, note, reverses, True)
                    check_same_repayment(self._session, again, loan.id, known)
                    checked.already_there += 1
                if reverses and known is None:
                    self._check_reversal(reverses, loan.id, minor, received_on)
                elif reference in checked.undone and (known is None or reference in standing):
                    self._reversible[reference] = (loan.id, minor, received_on)
            except _REFUSED as error:
                checked.problems.add(*_problems(error, line, block.stated(at)))
                continue
            if known is None:
                checked.count(loan.currency, minor)
                new.append((loan.id, minor, received_on.isoformat(), reference, note, reverses))
        return new

    def _judged(self, loan: Any, stated: Mapping[str, str]) -> tuple[int, date]:
        """The amount and day of a row by the rule itself."""
        entry = repayment_entry(stated, loan.currency, loan.start_on, self._today, required_day=_REQUIRED_DAY)
        return entry.amount, entry.received_on

    def _reversed(self, recorded: Mapping[str, Any]) -> set[str]:
        """Which of these repayments are reversed already."""
        undone = reversals_of(self._session, (row.id for row in recorded.values()))
        return {row.reference for row in recorded.values() if row.id in undone}

    def _check_reversal(self, reverses: str, loan_id: int, amount: int, received_on: date) -> None:
        """A reversal in a file undoes a row above it, whole and once: what an export holds."""
        original = self._reversible.pop(reverses, None)
        wrong = ""
        if original is None:
            wrong = f"{shortened(reverses)} is no repayment above this line that could be reversed."
        elif original[:2] != (loan_id, -amount):
            wrong = f"{shortened(reverses)} is of another loan or amount."
        elif received_on < original[2]:
            wrong = f"{shortened(reverses)} was received later than this says it was reversed."
        if wrong:
            right = "Reverse it in the book instead."
            raise InvalidEntry([Problem("reverses", shortened(reverses), wrong, right)])


class _Loans:
    """The loans that a file names: read a block at a time, and some of the last ones kept."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._by_reference: dict[str, Any] = {}
        self._by_id: dict[int, Any] = {}
        self._has_ids = False

    def read(self, block: TypedRows) -> None:
        if len(self._by_reference) + len(self._by_id) > _LOANS_KEPT:
            self._by_reference, self._by_id = {}, {}
        references = set(block.columns["loan_reference"]) - self._by_reference.keys()
        self._by_reference |= loans_by_reference(self._session, references, *_OF_A_LOAN)
        ids = {number for text in block.columns["loan_id"] if (number := id_in(text))} - self._by_id.keys()
        self._by_id |= loans_by_id(self._session, ids, *_OF_A_LOAN)
        self._has_ids = "loan_id" in block.given

    def named(self, reference: str, loan_id: str, code: str) -> Any:
        """The loan that a row names by reference, or else by id, and maybe with its currency.

        ``InvalidEntry`` where it is not there, is voided, or is kept in another.
        """
        column, found = ("loan_reference", reference) if reference or not self._has_ids else ("loan_id", loan_id)
        if not found:
            raise InvalidEntry([Problem(column, "", f"{column} is missing.", "Write the loan's reference.")])
        loan = self._by_reference.get(found) if column == "loan_reference" else self._by_id.get(id_in(found) or 0)
        if loan is None or loan.voided_at is not None:
            is_voided = "is voided" if loan is not None else "is not in this book"
            right = "Write the reference of a loan in the book, or import the loans first."
            raise InvalidEntry([Problem(column, shortened(found), f"Loan {shortened(found)} {is_voided}.", right)])
        if code and code != loan.currency:
            wrong = f"Loan {shortened(found)} is kept in {loan.currency}."
            right = f"Write {loan.currency}, or leave the currency out."
            raise InvalidEntry([Problem("currency", shortened(code), wrong, right)])
        return loan


def _problems(error: InvalidEntry | ReferenceTaken, line: int, stated: Mapping[str, str]) -> list[Problem]:
    if isinstance(error, InvalidEntry):
        return [replace(problem, line=line) for problem in error.problems]
    return [Problem("reference", shortened(stated["reference"]), str(error), "", line)]


def _watched(table: Table, progress: Progress) -> Iterator[TypedRows]:
    """The blocks of a file; before each, somebody is told how many rows are behind it."""
    done = 0
    for block in table.blocks():
        progress("Checking", done, table.rows)
        yield block
        done += len(block.lines)
