"""Imports: a file is checked as a whole, written in one transaction, and undone as a whole.

The check runs on a snapshot. Under the lock it runs again only where the book's revision has moved since.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Generic, TypeVar

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from loan_core.answers import ImportReceipt, UndoReceipt
from loan_core.entries import LoanEntry, RepaymentEntry, loan_entry, repayment_entry
from loan_core.errors import (
    BatchNotFound,
    ImportInUse,
    InvalidEntry,
    InvalidFile,
    Problem,
    ReferenceTaken,
    shortened,
)
from loan_core.exchange import Table
from loan_core.models import Batch, Loan, Repayment
from loan_core.recording import (
    Signature,
    check_same_loan,
    check_same_repayment,
    in_slices,
    loan_rows,
    loans_by_id,
    loans_by_reference,
    repayment_rows,
    repayments_by_reference,
    reversals_of,
)
from loan_core.store import Store, Write, edition

Entry = TypeVar("Entry")
Progress = Callable[[str, int, int], None]

_ROWS_AT_ONCE = 10_000


def no_progress(doing: str, done: int, rows: int) -> None:
    """Nobody watches."""


@dataclass
class Checked(Generic[Entry]):
    """What a file comes to: the entries that are new, how many are there already, and what must be corrected."""

    new: list[Entry] = field(default_factory=list)
    already_there: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def add(self, entry: Entry, currency: str, amount: int) -> None:
        self.new.append(entry)
        self.amounts[currency] = self.amounts.get(currency, 0) + amount


@dataclass(frozen=True)
class NewRepayment:
    """A row of a repayments file: on which loan, and the reference in the same file that it reverses."""

    loan_id: int
    entry: RepaymentEntry


@dataclass(frozen=True)
class Import(Generic[Entry]):
    """One import: its kind, how many rows it has, how to check them and how to write what is new."""

    kind: str
    reference: str
    name: str
    rows: int
    check: Callable[[Session], Checked[Entry]]
    insert: Callable[[Write, Sequence[Entry], Signature, Progress], None]


def run(store: Store, job: Import[Any], signature: Signature, dry_run: bool, progress: Progress) -> ImportReceipt:
    """Check, then write all or nothing; ``InvalidFile`` with every problem where there is one."""
    with store.read() as session:
        earlier = _standing_batch(session, job.reference)
        if earlier is not None:
            return _repeated(earlier)
        revision = edition(session).revision
        checked = _sound(job.check(session), job.rows)
    receipt = ImportReceipt(None, job.kind, job.rows, len(checked.new), checked.already_there, checked.amounts)
    if dry_run or not checked.new:
        return replace(receipt, is_trial=dry_run)
    with store.write(signature.created_at) as write:
        signature = replace(signature, created_at=write.at)
        if write.revision_before != revision:
            earlier = _standing_batch(write.session, job.reference)
            if earlier is not None:
                return _repeated(earlier)
            checked = _sound(job.check(write.session), job.rows)
        batch = Batch(
            id=write.next_id(Batch),
            kind=job.kind,
            reference=job.reference,
            name=shortened(job.name, 200),
            rows=len(checked.new),
            recorded_by=signature.recorded_by,
            created_at=signature.created_at,
        )
        write.session.add(batch)
        write.session.flush()
        job.insert(write, checked.new, replace(signature, batch_id=batch.id), progress)
        return replace(
            receipt,
            batch_id=batch.id,
            new=len(checked.new),
            already_there=checked.already_there,
            amounts=checked.amounts,
        )


def check_loans(
    table: Table, today: date, default_currency: str, progress: Progress, session: Session
) -> Checked[LoanEntry]:
    """Every row of a loans file against the format, the file itself and the book."""
    lines, checked = table.rows, Checked[LoanEntry](problems=list(table.problems))
    recorded = loans_by_reference(session, (stated.get("reference", "") for _, stated in lines))
    seen: dict[str, int] = {}
    for number, (line, stated) in enumerate(lines):
        _report(progress, "Checking", number, len(lines))
        try:
            known = recorded.get(stated.get("reference", ""))
            entry = loan_entry(stated, known.start_on if known else today, default_currency)
            if _is_there(entry, line, seen, recorded.get(entry.reference), check_same_loan):
                checked.already_there += 1
            else:
                checked.add(entry, entry.currency, entry.loan_amount)
        except (InvalidEntry, ReferenceTaken) as error:
            checked.problems += _problems(error, line, stated)
    return checked


def check_repayments(table: Table, today: date, progress: Progress, session: Session) -> Checked[NewRepayment]:
    """Every row of a repayments file against the format, its loan, the file itself and the book."""
    lines, checked = table.rows, Checked[NewRepayment](problems=list(table.problems))
    loan_of = _loan_finder(session, lines)
    recorded = repayments_by_reference(session, (stated.get("reference", "") for _, stated in lines))
    reversed_ = reversals_of(session, (repayment.id for repayment in recorded.values()))
    seen: dict[str, int] = {}
    reversible: dict[str, NewRepayment] = {}
    for number, (line, stated) in enumerate(lines):
        _report(progress, "Checking", number, len(lines))
        try:
            loan = loan_of(stated)
            day = "Write the day it was received, such as 2024-01-31."
            entry = repayment_entry(stated, loan.currency, loan.start_on, today, required_day=day)
            row = NewRepayment(loan.id, entry)

            def check_same(entry: RepaymentEntry, known: Repayment, loan_id: int = loan.id) -> None:
                check_same_repayment(session, entry, loan_id, known)

            known = recorded.get(entry.reference)
            is_there = _is_there(entry, line, seen, known, check_same)
            if entry.reverses and not is_there:
                _check_reversal(row, reversible)
            elif entry.reference and not (known and known.id in reversed_):
                reversible[entry.reference] = row
            if is_there:
                checked.already_there += 1
            else:
                checked.add(row, loan.currency, entry.amount)
        except (InvalidEntry, ReferenceTaken) as error:
            checked.problems += _problems(error, line, stated)
    return checked


def insert_loans(write: Write, entries: Sequence[LoanEntry], signature: Signature, progress: Progress) -> None:
    insert_rows(write, Loan, loan_rows(write, entries, signature), progress)


def insert_repayments(write: Write, new: Sequence[NewRepayment], signature: Signature, progress: Progress) -> None:
    first_id = write.next_id(Repayment)
    recorded = repayments_by_reference(write.session, (row.entry.reverses for row in new))
    ids = {reference: repayment.id for reference, repayment in recorded.items()}
    ids |= {row.entry.reference: first_id + number for number, row in enumerate(new)}
    entries = [(row.loan_id, row.entry, ids.get(row.entry.reverses) if row.entry.reverses else None) for row in new]
    insert_rows(write, Repayment, repayment_rows(write, entries, signature), progress)
    write.stamp_where(Loan.id.in_(select(Repayment.loan_id).where(Repayment.batch_id == signature.batch_id)))


def undo(store: Store, batch_id: int, signature: Signature) -> UndoReceipt:
    """Take an import back: its repayments are reversed on their own days, its loans voided. Twice is once."""
    with store.write(signature.created_at) as write:
        session, signature = write.session, replace(signature, created_at=write.at)
        batch = session.get(Batch, batch_id) if 0 < batch_id < 2**63 else None
        if batch is None:
            raise BatchNotFound(batch_id)
        if batch.undone_at is not None:
            return UndoReceipt(batch_id, 0, 0)
        batch.undone_at = signature.created_at
        repayments = _undo_repayments(write, batch, signature)
        loans = _undo_loans(write, batch, signature)
        return UndoReceipt(batch_id, loans, repayments)


def _undo_repayments(write: Write, batch: Batch, signature: Signature) -> int:
    """Take a batch's repayments back, and the reversals of them that came later: none of it counts on any day."""
    mine = select(Repayment.id).where(Repayment.batch_id == batch.id)
    undone = write.session.execute(
        update(Repayment)
        .where(Repayment.undone_at.is_(None), or_(Repayment.batch_id == batch.id, Repayment.reverses_id.in_(mine)))
        .values(undone_at=signature.created_at)
        .returning(Repayment.loan_id)
    ).all()
    for part in in_slices({loan_id for (loan_id,) in undone}):
        write.stamp_where(Loan.id.in_(part))
    return write.session.scalar(select(func.count()).where(Repayment.batch_id == batch.id)) or 0


def _undo_loans(write: Write, batch: Batch, signature: Signature) -> int:
    session = write.session
    is_standing = (Loan.batch_id == batch.id) & Loan.voided_at.is_(None)
    reversal = aliased(Repayment)
    is_reversed = select(reversal.id).where(reversal.reverses_id == Repayment.id, reversal.undone_at.is_(None)).exists()
    stands = (Repayment.loan_id == Loan.id) & (Repayment.amount > 0) & Repayment.undone_at.is_(None) & ~is_reversed
    has_money = select(Repayment.id).where(stands).exists()
    paid = session.scalars(select(Loan).where(is_standing, has_money).order_by(Loan.id)).all()
    if paid:
        raise ImportInUse(batch.id, len(paid), paid[0].reference)
    count = write.stamp_where(is_standing)
    reason = f"Import {batch.id} undone"
    session.execute(update(Loan).where(is_standing).values(voided_at=signature.created_at, void_reason=reason))
    return count


def _standing_batch(session: Session, reference: str) -> Batch | None:
    return session.scalar(select(Batch).where(Batch.reference == reference, Batch.undone_at.is_(None)))


def _repeated(batch: Batch) -> ImportReceipt:
    return ImportReceipt(batch.id, batch.kind, batch.rows, 0, batch.rows, {}, is_repeat=True)


def _sound(checked: Checked[Any], rows: int) -> Checked[Any]:
    if checked.problems:
        in_order = sorted(checked.problems, key=lambda problem: problem.line or 0)
        raise InvalidFile(in_order, rows, len(checked.new), checked.already_there)
    return checked


def _is_there(
    entry: Any, line: int, seen: dict[str, int], recorded: Any, check_same: Callable[[Any, Any], None]
) -> bool:
    """Whether the book has this row already; ``InvalidEntry`` where its reference stands twice in the file."""
    if not entry.reference:
        return False
    first = seen.setdefault(entry.reference, line)
    if first != line:
        wrong = f"{shortened(entry.reference)} stands in line {first} already."
        raise InvalidEntry([Problem("reference", shortened(entry.reference), wrong, "Give each row its own.")])
    if recorded is None:
        return False
    check_same(entry, recorded)
    return True


def _check_reversal(row: NewRepayment, reversible: dict[str, NewRepayment]) -> None:
    """A reversal in a file undoes a row above it, whole and once: what an export holds."""
    original = reversible.pop(row.entry.reverses, None)
    wrong = ""
    if original is None:
        wrong = f"{shortened(row.entry.reverses)} is no repayment above this line that could be reversed."
    elif (original.loan_id, original.entry.amount) != (row.loan_id, -row.entry.amount):
        wrong = f"{shortened(row.entry.reverses)} is of another loan or amount."
    elif row.entry.received_on < original.entry.received_on:
        wrong = f"{shortened(row.entry.reverses)} was received later than this says it was reversed."
    if wrong:
        right = "Reverse it in the book instead."
        raise InvalidEntry([Problem("reverses", shortened(row.entry.reverses), wrong, right)])


def _loan_finder(session: Session, lines: Sequence[tuple[int, dict[str, str]]]) -> Callable[[dict[str, str]], Loan]:
    """The loan that a row names, by reference or else by id; ``InvalidEntry`` where there is none, or it is voided."""
    by_reference = loans_by_reference(session, (stated.get("loan_reference", "") for _, stated in lines))
    ids = {stated.get("loan_id", "") for _, stated in lines if not stated.get("loan_reference")}
    by_id = loans_by_id(session, (int(text) for text in ids if text.isascii() and text.isdigit() and len(text) < 19))

    def find(stated: dict[str, str]) -> Loan:
        reference, loan_id = stated.get("loan_reference", ""), stated.get("loan_id", "")
        column, found = ("loan_reference", reference) if reference or "loan_id" not in stated else ("loan_id", loan_id)
        if not found:
            raise InvalidEntry([Problem(column, "", f"{column} is missing.", "Write the loan's reference.")])
        is_number = found.isascii() and found.isdigit() and len(found) < 19
        loan = by_reference.get(found) if column == "loan_reference" else by_id.get(int(found) if is_number else 0)
        if loan is None or loan.voided_at is not None:
            is_voided = "is voided" if loan is not None else "is not in this book"
            right = "Write the reference of a loan in the book, or import the loans first."
            raise InvalidEntry([Problem(column, shortened(found), f"Loan {shortened(found)} {is_voided}.", right)])
        if (code := stated.get("currency")) and code != loan.currency:
            wrong = f"Loan {shortened(found)} is kept in {loan.currency}."
            right = f"Write {loan.currency}, or leave the currency out."
            raise InvalidEntry([Problem("currency", shortened(code), wrong, right)])
        return loan

    return find


def _problems(error: InvalidEntry | ReferenceTaken, line: int, stated: dict[str, str]) -> list[Problem]:
    if isinstance(error, InvalidEntry):
        return [replace(problem, line=line) for problem in error.problems]
    return [Problem("reference", shortened(stated["reference"]), str(error), "", line)]


def insert_rows(write: Write, table: type[Any], rows: Sequence[dict[str, Any]], progress: Progress) -> None:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        write.session.execute(insert(table), rows[start : start + _ROWS_AT_ONCE])
        progress("Writing", min(start + _ROWS_AT_ONCE, len(rows)), len(rows))


def _report(progress: Progress, doing: str, number: int, rows: int) -> None:
    if number % 1_000 == 0:
        progress(doing, number, rows)
