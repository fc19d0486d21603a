"""Imports: a file is checked as a whole, written in one transaction, and undone as a whole.

The check runs on a snapshot. Under the lock it runs again only where the book's revision has moved since.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, aliased

from loan_core.answers import ImportReceipt, UndoReceipt
from loan_core.checking import Checked, Progress
from loan_core.entries import LoanEntry
from loan_core.errors import BatchNotFound, ImportInUse, InvalidFile, shortened
from loan_core.models import Batch, Loan, Repayment, is_id
from loan_core.reading import References
from loan_core.recording import Signature, in_slices, repayments_by_reference, taken_references, unused_references
from loan_core.spool import Frames, Spool
from loan_core.store import Store, edition
from loan_core.writing import Write

_SIGNED = ("recorded_by", "created_at", "batch_id")
_AGREED = tuple(each.name for each in fields(LoanEntry) if each.name not in ("reference", "is_dated"))
_LOAN_ROW = ("id", "reference", *_AGREED, *_SIGNED, "revision", "void_reason")
_REPAYMENT_ROW = ("id", "loan_id", "amount", "received_on", "reference", "note", "reverses_id", *_SIGNED)


@dataclass(frozen=True)
class ImportPage:
    """A page of the imports, the latest first, and how many there are on all pages."""

    rows: Sequence[Batch]
    count: int


def page(session: Session, limit: int, offset: int) -> ImportPage:
    """So many imports, and their number."""
    latest_first = select(Batch).order_by(Batch.id.desc()).limit(limit).offset(offset)
    count = session.scalar(select(func.count()).select_from(Batch)) or 0
    return ImportPage(session.scalars(latest_first).all(), count)


def batch_by_id(session: Session, batch_id: int) -> Batch:
    """An import, or ``BatchNotFound``; an id beyond what the table can hold is of none either."""
    batch = session.get(Batch, batch_id) if is_id(batch_id) else None
    if batch is None:
        raise BatchNotFound(batch_id)
    return batch


def no_progress(doing: str, done: int, rows: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Import:
    """One import: its kind, how many rows it has, how to check them and how to write what is new."""

    kind: str
    reference: str
    name: str
    rows: int
    check: Callable[[Session, Spool], Checked]
    insert: Callable[[Write, Checked, Spool, Signature, Progress], None]


def run(store: Store, job: Import, signature: Signature, dry_run: bool, progress: Progress) -> ImportReceipt:
    """Check, then write all or nothing; ``InvalidFile`` with every problem where there is one."""
    with Frames() as frames:
        rows = Spool(frames)
        with store.read() as session:
            earlier = _standing_batch(session, job.reference)
            if earlier is not None:
                return _repeated(earlier)
            revision = edition(session).revision
            checked = _sound(job.check(session, rows), job.rows)
        receipt = ImportReceipt(None, job.kind, job.rows, checked.new, checked.already_there, checked.amounts)
        if dry_run or not checked.new:
            return replace(receipt, is_trial=dry_run)
        with store.write(signature.created_at, takes_time=True) as write:
            signature = replace(signature, created_at=write.at)
            if write.revision_before != revision:
                earlier = _standing_batch(write.session, job.reference)
                if earlier is not None:
                    return _repeated(earlier)
                rows.clear()
                checked = _sound(job.check(write.session, rows), job.rows)
            signed = replace(signature, batch_id=_batch(write, job, checked, signature))
            job.insert(write, checked, rows, signed, progress)
        return replace(
            receipt,
            batch_id=signed.batch_id,
            new=checked.new,
            already_there=checked.already_there,
            amounts=checked.amounts,
        )


def _batch(write: Write, job: Import, checked: Checked, signature: Signature) -> int:
    """The row of an import, and its id."""
    batch = Batch(
        id=write.next_id(Batch),
        kind=job.kind,
        reference=job.reference,
        name=shortened(job.name, 200),
        rows=checked.new,
        recorded_by=signature.recorded_by,
        created_at=signature.created_at,
    )
    write.session.add(batch)
    write.session.flush()
    return batch.id


def insert_loans(write: Write, checked: Checked, rows: Spool, signature: Signature, progress: Progress) -> None:
    done = 0
    for part in rows:
        store_loans(write, part, signature, checked.references)
        done += len(part)
        progress("Writing", done, checked.new)


def store_loans(write: Write, rows: Sequence[Sequence[Any]], signature: Signature, references: References) -> range:
    """Write loans, each as ``as_spooled`` made it; the ids that they get."""
    ids = next_ids(write, Loan, len(rows))
    signed = (*_signed(write, Loan, signature), write.revision, "")
    named = _named(write, Loan, ids, [row[0] for row in rows], references)
    stored = [(at, name, *row[1:], *signed) for at, name, row in zip(ids, named, rows, strict=True)]
    write.insert(Loan, _LOAN_ROW, stored)
    return ids


def insert_repayments(write: Write, checked: Checked, rows: Spool, signature: Signature, progress: Progress) -> None:
    undone = repayments_by_reference(write.session, checked.undone)
    known, done = {reference: repayment.id for reference, repayment in undone.items()}, 0
    for part in rows:
        ids = next_ids(write, Repayment, len(part))
        if checked.undone:
            known |= {row[3]: at for at, row in zip(ids, part, strict=True) if row[3] in checked.undone}
        found = [(*row[:5], known[row[5]] if row[5] else None) for row in part]
        store_repayments(write, ids, found, signature, checked.references)
        done += len(part)
        progress("Writing", done, checked.new)
    write.stamp_where(Loan.id.in_(select(Repayment.loan_id).where(Repayment.batch_id == signature.batch_id)))


def store_repayments(
    write: Write, ids: range, rows: Sequence[Sequence[Any]], signature: Signature, references: References
) -> None:
    """Write repayments: loan id, amount, day, reference, note, and the id of what it reverses, or None."""
    named = _named(write, Repayment, ids, [row[3] for row in rows], references)
    signed = _signed(write, Repayment, signature)
    stored = [(at, *row[:3], name, *row[4:], *signed) for at, name, row in zip(ids, named, rows, strict=True)]
    write.insert(Repayment, _REPAYMENT_ROW, stored)


def next_ids(write: Write, table: type[Any], number: int) -> range:
    """The ids of so many rows that are written next; the lock keeps them ours."""
    first = write.next_id(table)
    return range(first, first + number)


def _signed(write: Write, table: type[Any], signature: Signature) -> tuple[Any, ...]:
    """Who wrote a row, when and with which import, as it is stored; in the order of ``_SIGNED``."""
    return signature.recorded_by, write.as_stored(table.created_at, signature.created_at), signature.batch_id


def _named(
    write: Write, table: type[Any], ids: Sequence[int], given: Sequence[str], references: References
) -> Sequence[str]:
    """The references that are given, and made-up ones for rows that have none."""
    nameless = [at for at, reference in zip(ids, given, strict=True) if not reference]
    if not nameless:
        return given

    def taken(wanted: set[str]) -> set[str]:
        given = set(filter(references.may_hold, wanted))
        return given | taken_references(write.session, table, wanted - given)

    made_up = unused_references(table, nameless, taken)
    return [reference or made_up[at] for at, reference in zip(ids, given, strict=True)]


def undo(store: Store, batch_id: int, signature: Signature) -> UndoReceipt:
    """Take an import back: its repayments count on no day any more, its loans are voided. Twice is once."""
    with store.write(signature.created_at, takes_time=True) as write:
        session, signature = write.session, replace(signature, created_at=write.at)
        batch = batch_by_id(session, batch_id)
        if batch.undone_at is not None:
            return UndoReceipt(batch_id, 0, 0)
        batch.undone_at, batch.undone_by = signature.created_at, signature.recorded_by
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
        .returning(Repayment.loan_id, Repayment.batch_id)
    ).all()
    for part in in_slices({loan_id for loan_id, _ in undone}):
        write.stamp_where(Loan.id.in_(part))
    return sum(batch_id == batch.id for _, batch_id in undone)


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
    taken_back = {"voided_at": signature.created_at, "void_reason": reason, "voided_by": signature.recorded_by}
    session.execute(update(Loan).where(is_standing).values(taken_back))
    return count


def _standing_batch(session: Session, reference: str) -> Batch | None:
    return session.scalar(select(Batch).where(Batch.reference == reference, Batch.undone_at.is_(None)))


def _repeated(batch: Batch) -> ImportReceipt:
    return ImportReceipt(batch.id, batch.kind, batch.rows, 0, batch.rows, {}, is_repeat=True)


def _sound(checked: Checked, rows: int) -> Checked:
    if checked.problems:
        raise InvalidFile(checked.problems, rows, checked.new, checked.already_there)
    return checked
