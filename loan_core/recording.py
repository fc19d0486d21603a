"""How entries become rows: under which reference, id and revision, and when one is there already.

Every function here runs inside a write, under the book's lock, or on a snapshot.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import ARRAY, ColumnElement, CompoundSelect, Table, bindparam, func, select, union_all
from sqlalchemy.orm import Session

from loan_core.answers import described
from loan_core.calculation.money import CURRENCIES
from loan_core.entries import LoanEntry, RepaymentEntry
from loan_core.errors import KeyTaken, LoanNotFound, ReferenceTaken
from loan_core.fields import is_storable
from loan_core.models import Loan, Repayment, Request, is_id
from loan_core.writing import Write

Row = TypeVar("Row", Loan, Repayment)
Key = TypeVar("Key", int, str)

_PREFIXES: dict[Any, str] = {Loan: "L", Repayment: "RP"}

_KEYS_AT_ONCE = 5_000
_LOAN = select(Loan).where(Loan.id == bindparam("loan_id"))
_LENT = select(Loan.id, Loan.reference, Loan.currency, Loan.start_on, Loan.voided_at).where(
    Loan.id == bindparam("loan_id")
)
_FORGOTTEN = cast(Table, Request.__table__).delete().where(Request.created_at < bindparam("before"))
_STANDS: dict[Any, ColumnElement[bool]] = {Loan: Loan.voided_at.is_(None), Repayment: Repayment.undone_at.is_(None)}
_GIVEN_UP = {table: ~is_standing for table, is_standing in _STANDS.items()}


def _named(table: type[Any], is_meant: ColumnElement[bool]) -> CompoundSelect[Any]:
    """The references that are meant, standing and given up: those are in one index each, and in none together."""
    named = select(table.reference).where(is_meant)
    return union_all(named.where(_STANDS[table]), named.where(_GIVEN_UP[table]))


_NAMED = {table: _named(table, table.reference == bindparam("reference")) for table in _STANDS}


@dataclass(frozen=True)
class Signature:
    """Who wrote it, when, and with which import."""

    recorded_by: str
    created_at: datetime
    batch_id: int | None = None


class Lent(NamedTuple):
    """What a repayment must know of its loan."""

    id: int
    reference: str
    currency: str
    start_on: date
    voided_at: datetime | None


@dataclass(frozen=True)
class IdempotencyKey:
    """By which a program may send a write again: whose key, the key, and the SHA-256 of all that was asked."""

    caller: str
    key: str
    fingerprint: str


def answered(write: Write, key: IdempotencyKey | None, table: type[Row]) -> Row | None:
    """The row that this request made when it first came; ``KeyTaken`` where its key came with another request."""
    if key is None:
        return None
    write.run(_FORGOTTEN, before=write.at - timedelta(days=Request.DAYS_KEPT))
    found = write.session.get(Request, (key.caller, key.key))
    if found is None:
        return None
    if found.fingerprint != key.fingerprint:
        raise KeyTaken(key.key)
    return write.session.get_one(table, found.row_id)


def remember(write: Write, key: IdempotencyKey | None, row: Loan | Repayment) -> None:
    """Keep what answers this request, in the transaction that wrote it."""
    if key:
        write.add(Request(row_id=row.id, created_at=write.at, **vars(key)))


def loan_by_id(session: Session, loan_id: int) -> Loan:
    """A loan, or ``LoanNotFound``; an id beyond what the table can hold is of no loan either."""
    loan = session.scalar(_LOAN, {"loan_id": loan_id}) if is_id(loan_id) else None
    if loan is None:
        raise LoanNotFound(loan_id)
    return loan


def lent(write: Write, loan_id: int) -> Lent:
    """The same for who writes, as a repayment's loan."""
    found = write.first(_LENT, loan_id=loan_id) if is_id(loan_id) else None
    if found is None:
        raise LoanNotFound(loan_id)
    return Lent(*found)


def loans_by_reference(session: Session, references: Iterable[str], *only: Any) -> dict[str, Any]:
    """The standing loans among these references, or only these columns of them.

    A voided loan has given its reference up.
    """
    return _by(session, only or (Loan,), Loan.reference, references, _STANDS[Loan])


def loans_by_id(session: Session, ids: Iterable[int], *only: Any) -> dict[int, Any]:
    return _by(session, only or (Loan,), Loan.id, ids)


def repayments_by_reference(session: Session, references: Iterable[str], *only: Any) -> dict[str, Any]:
    """The repayments among these references, or only these columns of them.

    An undone import has given its references up.
    """
    return _by(session, only or (Repayment,), Repayment.reference, references, _STANDS[Repayment])


def reversals_of(session: Session, ids: Iterable[int]) -> dict[int, Any]:
    """By the id of what it reverses, each standing reversal of these repayments."""
    return _by(session, (Repayment,), Repayment.reverses_id, ids, _STANDS[Repayment])


def check_same_loan(entry: LoanEntry, recorded: Loan) -> None:
    """``ReferenceTaken``, saying the first difference, unless this entry is what is recorded already."""
    for name, value in vars(entry).items():
        is_judged = name not in ("reference", "is_dated") and (entry.is_dated or name != "start_on")
        if is_judged and value != getattr(recorded, name):
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


def loan_row(write: Write, entry: LoanEntry, signature: Signature) -> dict[str, Any]:
    """The row of ``loans`` that an entry becomes: id, reference and revision given."""
    number = write.next_id(Loan)
    reference = entry.reference or _unused_reference(write, Loan, number)
    row = vars(entry) | vars(signature) | {"id": number, "reference": reference, "revision": write.revision}
    del row["is_dated"]
    return row


def repayment_row(
    write: Write, loan_id: int, entry: RepaymentEntry, reverses_id: int | None, signature: Signature
) -> dict[str, Any]:
    """The row of ``repayments`` that an entry on a loan becomes: id and reference given."""
    number = write.next_id(Repayment)
    return vars(signature) | {
        "id": number,
        "loan_id": loan_id,
        "amount": entry.amount,
        "received_on": entry.received_on,
        "reference": entry.reference or _unused_reference(write, Repayment, number),
        "note": entry.note,
        "reverses_id": reverses_id,
    }


def _unused_reference(write: Write, table: type[Row], number: int) -> str:
    def taken(references: set[str]) -> set[str]:
        return {reference for reference in references if write.first(_NAMED[table], reference=reference)}

    return unused_references(table, [number], taken)[number]


def unused_references(table: type[Row], ids: Sequence[int], taken: Callable[[set[str]], set[str]]) -> dict[int, str]:
    """For each of these ids a reference made of it that nobody has: ``taken`` says which of some somebody has."""
    made_up = {number: f"{_PREFIXES[table]}-{number:04d}" for number in ids}
    doubtful = made_up
    while doubtful:
        found = taken(set(doubtful.values()))
        doubtful = {number: f"{reference}-2" for number, reference in doubtful.items() if reference in found}
        made_up |= doubtful
    return made_up


def taken_references(session: Session, table: type[Row], references: Iterable[str]) -> set[str]:
    """Which of these references a row has, be it one that has given its own up."""
    parts = (_named(table, among(session, table.reference, part)) for part in in_slices(references))
    return {reference for named in parts for reference in session.connection().scalars(named)}


def among(session: Session, column: Any, keys: Sequence[Key]) -> ColumnElement[bool]:
    """Whether a column is one of these. They go over as one value: a statement of a thousand values takes its time."""
    if len(keys) == 1:
        return cast(ColumnElement[bool], column == keys[0])
    if session.get_bind().dialect.name == "sqlite":
        listed = select(func.json_each(json.dumps(keys)).table_valued("value").c.value)
        return cast(ColumnElement[bool], column.in_(listed))
    array = bindparam(None, list(keys), type_=ARRAY(column.type))
    return cast(ColumnElement[bool], column == func.any(array))


def in_slices(keys: Iterable[Key], size: int = _KEYS_AT_ONCE) -> Iterator[list[Key]]:
    iterator = iter(keys)
    while part := list(islice(iterator, size)):
        yield part


def _by(
    session: Session, what: Sequence[Any], column: Any, keys: Iterable[Key], *also: ColumnElement[bool]
) -> dict[Any, Any]:
    """By key, a row or some columns of it."""
    found: dict[Any, Any] = {}
    place = [each is column for each in what].index(True) if len(what) > 1 else 0
    wanted = {key for key in keys if key and (not isinstance(key, str) or is_storable(key))}
    for part in in_slices(sorted(wanted)):
        rows = session.execute(select(*what).where(among(session, column, part), *also))
        if len(what) > 1:
            found |= {row[place]: row for row in rows}
        else:
            found |= {getattr(row, column.key): row for row in rows.scalars()}
    return found
