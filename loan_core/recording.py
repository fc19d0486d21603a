"""How entries become rows: under which reference, id and revision, and when one is there already.

Every function here runs inside a write, under the book's lock, or on a snapshot.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from loan_core.answers import described
from loan_core.calculation.money import CURRENCIES
from loan_core.entries import LoanEntry, RepaymentEntry, is_storable
from loan_core.errors import KeyTaken, LoanNotFound, ReferenceTaken
from loan_core.models import Loan, Repayment, Request
from loan_core.store import Write

Row = TypeVar("Row", Loan, Repayment)
Key = TypeVar("Key", int, str)

# SQLite takes at most 32,766 values in one statement, and plans large lists slowly.
_KEYS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Signature:
    """Who wrote it, when, and with which import."""

    recorded_by: str
    created_at: datetime
    batch_id: int | None = None


@dataclass(frozen=True)
class IdempotencyKey:
    """By which a program may send a write again: whose key, the key, and the SHA-256 of all that was asked."""

    caller: str
    key: str
    fingerprint: str


def answered(session: Session, key: IdempotencyKey | None, table: type[Row]) -> Row | None:
    """The row that this request made when it first came; ``KeyTaken`` where its key came with another request."""
    found = key and session.get(Request, (key.caller, key.key))
    if not key or not found:
        return None
    if found.fingerprint != key.fingerprint:
        raise KeyTaken(key.key)
    return session.get_one(table, found.row_id)


def remember(write: Write, key: IdempotencyKey | None, row: Loan | Repayment) -> None:
    """Keep what answers this request, in the transaction that wrote it."""
    if key:
        write.add(Request(row_id=row.id, created_at=write.at, **asdict(key)))


def loan_by_id(session: Session, loan_id: int) -> Loan:
    """A loan, or ``LoanNotFound``; an id beyond what the table can hold is of no loan either."""
    loan = session.get(Loan, loan_id) if 0 < loan_id < 2**63 else None
    if loan is None:
        raise LoanNotFound(loan_id)
    return loan


def loans_by_reference(session: Session, references: Iterable[str]) -> dict[str, Loan]:
    """The standing loans among these references; a voided loan has given its reference up."""
    return _by(session, Loan, Loan.reference, references, Loan.voided_at.is_(None))


def loans_by_id(session: Session, ids: Iterable[int]) -> dict[int, Loan]:
    return _by(session, Loan, Loan.id, ids)


def repayments_by_reference(session: Session, references: Iterable[str]) -> dict[str, Repayment]:
    """The repayments among these references; an undone import has given its references up."""
    return _by(session, Repayment, Repayment.reference, references, Repayment.undone_at.is_(None))


def reversals_of(session: Session, ids: Iterable[int]) -> dict[int, Repayment]:
    """By the id of what it reverses, each standing reversal of these repayments."""
    return _by(session, Repayment, Repayment.reverses_id, ids, Repayment.undone_at.is_(None))


def check_same_loan(entry: LoanEntry, recorded: Loan) -> None:
    """``ReferenceTaken``, saying the first difference, unless this entry is what is recorded already."""
    left_out = {"reference", "is_dated"} | (set() if entry.is_dated else {"start_on"})
    for name, value in asdict(entry).items():
        if name not in left_out and value != getattr(recorded, name):
            differs = f"{described(recorded)}, whose {name} is not the same"
            raise ReferenceTaken(entry.reference, "loan", differs)


def check_same_repayment(session: Session, entry: RepaymentEntry, loan_id: int, recorded: Repayment) -> None:
    """``ReferenceTaken``, saying what is recorded, unless this entry is that already."""
    is_same_day = recorded.received_on == entry.received_on or not entry.is_dated
    is_same_money = is_same_day and (recorded.loan_id, recorded.amount) == (loan_id, entry.amount)
    if not is_same_money:
        raise repayment_reference_taken(session, recorded)
    if recorded.note != entry.note:
        raise repayment_reference_taken(session, recorded, ", with another note")


def repayment_reference_taken(session: Session, recorded: Repayment, more: str = "") -> ReferenceTaken:
    """The refusal of a reference that stands for what is recorded."""
    code = loan_by_id(session, recorded.loan_id).currency
    amount = f"{code} {CURRENCIES[code].major(recorded.amount)}"
    what = f"{amount} received on {recorded.received_on} on loan {recorded.loan_id}{more}"
    return ReferenceTaken(recorded.reference, "repayment", what)


def loan_rows(write: Write, entries: Sequence[LoanEntry], signature: Signature) -> list[dict[str, Any]]:
    """The rows of ``loans`` that these entries become: ids, references and revision given."""
    first_id = write.next_id(Loan)
    references = _references(write.session, Loan, "L", first_id, [entry.reference for entry in entries])
    rows = []
    for number, (entry, reference) in enumerate(zip(entries, references, strict=True)):
        row = asdict(entry) | asdict(signature)
        del row["is_dated"]
        rows.append(row | {"id": first_id + number, "reference": reference, "revision": write.revision})
    return rows


def repayment_rows(
    write: Write, entries: Sequence[tuple[int, RepaymentEntry, int | None]], signature: Signature
) -> list[dict[str, Any]]:
    """The rows of ``repayments`` for (loan id, entry, id of the row it reverses)."""
    first_id = write.next_id(Repayment)
    references = _references(write.session, Repayment, "RP", first_id, [entry.reference for _, entry, _ in entries])
    signed = asdict(signature)
    return [
        signed
        | {
            "id": first_id + number,
            "loan_id": loan_id,
            "amount": entry.amount,
            "received_on": entry.received_on,
            "reference": reference,
            "note": entry.note,
            "reverses_id": reverses_id,
        }
        for number, ((loan_id, entry, reverses_id), reference) in enumerate(zip(entries, references, strict=True))
    ]


def in_slices(keys: Iterable[Key], size: int = _KEYS_AT_ONCE) -> Iterator[list[Key]]:
    iterator = iter(keys)
    while part := list(islice(iterator, size)):
        yield part


def _by(
    session: Session, table: type[Row], column: Any, keys: Iterable[Key], *also: ColumnElement[bool]
) -> dict[Any, Row]:
    found: dict[Any, Row] = {}
    wanted = {key for key in keys if key and (not isinstance(key, str) or is_storable(key))}
    for part in in_slices(sorted(wanted)):
        for row in session.scalars(select(table).where(column.in_(part), *also)):
            found[getattr(row, column.key)] = row
    return found


def _references(session: Session, table: type[Row], prefix: str, first_id: int, given: Sequence[str]) -> list[str]:
    """The given references; where there is none, one made up from the row's id that nobody else has."""
    made_up = {number: f"{prefix}-{first_id + number:04d}" for number, reference in enumerate(given) if not reference}
    taken = {reference for reference in given if reference}
    while made_up:
        candidates = {number: reference for number, reference in made_up.items() if reference in taken}
        for part in in_slices(set(made_up.values()) - taken):
            taken_now = set(session.scalars(select(table.reference).where(table.reference.in_(part))))
            candidates |= {number: reference for number, reference in made_up.items() if reference in taken_now}
        if not candidates:
            break
        made_up |= {number: f"{reference}-2" for number, reference in candidates.items()}
    return [reference or made_up[number] for number, reference in enumerate(given)]
