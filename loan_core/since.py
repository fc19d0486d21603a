"""What was written since a revision, entry by entry: what came, and what was taken back."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Select, Subquery, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from loan_core import store
from loan_core.known import Known
from loan_core.models import Batch, Loan, Repayment

KINDS = ("loan", "void", "repayment", "reversal", "undo")
"""A loan lent, one voided; money received, a reversal, money that an undone import had brought."""
COLUMNS = ("kind", "recorded_at", "loan_reference", "borrower", "currency", "amount", "on", "reference", "recorded_by")


@dataclass(frozen=True)
class Entries:
    """A page of entries, the latest first, and how many of all the pages are of each kind.

    ``rows``: ``kind, recorded_at, loan_id, loan_reference, borrower, currency, amount, on, reference, recorded_by``.
    ``amount`` is what the entry adds: below zero where it takes back. ``on`` is the day the money was received, or on
    which the loan began.
    """

    rows: pd.DataFrame
    kinds: Mapping[str, int]

    @property
    def count(self) -> int:
        return sum(self.kinds.values())


def page(session: Session, known: Known, as_of: date, currency: str | None, limit: int, offset: int = 0) -> Entries:
    """Some of what was written after a revision and counts on a day: loans, and money received through it."""
    parts = _parts(known, as_of, currency)
    some = _latest_first(union_all(*parts).subquery()).limit(limit).offset(offset).subquery()
    return Entries(store.frame(session, _told(some)) if limit else pd.DataFrame(), _counted(session, parts))


def in_turn(session: Session, known: Known, as_of: date, currency: str | None) -> Iterator[dict[str, Any]]:
    """All of it, the latest first, read as it is asked for."""
    return store.in_turn(session, _told(union_all(*_parts(known, as_of, currency)).subquery()))


def _counted(session: Session, parts: Sequence[Select[Any]]) -> dict[str, int]:
    """How many entries of each kind there are, of those that there are any of."""
    found: Counter[str] = Counter()
    for kind, number in session.execute(union_all(*map(_number, parts))):
        found[kind] += number
    return {kind: found[kind] for kind in KINDS if found[kind]}


def _number(part: Select[Any]) -> Select[Any]:
    entries = part.subquery().columns
    return select(entries.kind, func.count()).group_by(entries.kind)


def _latest_first(entries: Subquery) -> Select[Any]:
    found = entries.columns
    return select(*found).order_by(found.recorded_at.desc(), found.kind, found.id.desc())


def _parts(known: Known, as_of: date, currency: str | None) -> list[Select[Any]]:
    """The entries, each by its ``kind, recorded_at, id``: what a book of many has to count and to put in order."""
    # Whatever a write touched it has stamped: of a large book only these loans are looked at.
    touched = [Loan.revision > known.revision, *([Loan.currency == currency] if currency else [])]
    of_touched = Repayment.loan_id.in_(select(Loan.id).where(*touched))

    def lent(kind: str, at: Any) -> Select[Any]:
        return _entry(kind, at, Loan.id).where(at > known.at, *touched)

    def received(kind: str, at: Any, *is_meant: ColumnElement[bool]) -> Select[Any]:
        entry = _entry(kind, at, Repayment.id)
        return entry.where(at > known.at, Repayment.received_on <= as_of, of_touched, *is_meant)

    return [
        lent("loan", Loan.created_at),
        lent("void", Loan.voided_at),
        # What stands and what was undone are found by an index each.
        *(
            received(kind, Repayment.created_at, is_of_kind, is_found)
            for kind, is_of_kind in (("repayment", Repayment.amount > 0), ("reversal", Repayment.amount < 0))
            for is_found in (Repayment.undone_at.is_(None), Repayment.undone_at.is_not(None))
        ),
        received("undo", Repayment.undone_at, Repayment.undone_at.is_not(None)),
    ]


def _entry(kind: str, at: Any, row_id: Any) -> Select[Any]:
    return select(literal(kind).label("kind"), at.label("recorded_at"), row_id.label("id"))


def _told(entries: Subquery) -> Select[Any]:
    """All that there is to say of these entries, the latest first."""
    found = entries.columns
    is_of_loan = found.kind.in_(("loan", "void"))
    amount = case((is_of_loan, Loan.loan_amount), else_=Repayment.amount)
    # A write has an instant of its own: the import that was undone at it is the one that brought the entry.
    undone_by = select(func.max(Batch.undone_by)).where(Batch.undone_at == found.recorded_at).scalar_subquery()
    by = {"loan": Loan.recorded_by, "void": Loan.voided_by, "undo": func.coalesce(undone_by, "")}
    columns = (
        found.kind,
        found.recorded_at,
        found.id,
        Loan.id.label("loan_id"),
        Loan.reference.label("loan_reference"),
        Loan.borrower,
        Loan.currency,
        case((found.kind.in_(("void", "undo")), -amount), else_=amount).label("amount"),
        case((is_of_loan, Loan.start_on), else_=Repayment.received_on).label("on"),
        case((is_of_loan, Loan.reference), else_=Repayment.reference).label("reference"),
        case(by, value=found.kind, else_=Repayment.recorded_by).label("recorded_by"),
    )
    return (
        select(*columns)
        .select_from(entries)
        .outerjoin(Repayment, (Repayment.id == found.id) & ~is_of_loan)
        .join(Loan, Loan.id == func.coalesce(Repayment.loan_id, found.id))
        .order_by(found.recorded_at.desc(), found.kind, found.id.desc())
    )
