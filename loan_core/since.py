"""What was written since a revision, entry by entry: what came, and what was taken back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import CompoundSelect, Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from loan_core.known import Known
from loan_core.models import Loan, Repayment
from loan_core.store import frame

KINDS = ("loan", "void", "repayment", "reversal", "undo")
"""A loan lent, one voided; money received, a reversal, money that an undone import had brought."""
COLUMNS = ("kind", "recorded_at", "loan_reference", "borrower", "currency", "amount", "on", "reference", "recorded_by")
_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class Entries:
    """A page of entries, the latest first, and how many of all the pages are of each kind.

    ``rows``: ``kind, recorded_at, loan_id, loan_reference, borrower, currency, amount, on, reference, recorded_by``.
    ``amount`` is what the entry adds: below zero where it takes back. ``on`` is the day the money was received, or on
    which the loan began. Who voided a loan or undid an import is not written down.
    """

    rows: pd.DataFrame
    kinds: Mapping[str, int]

    @property
    def count(self) -> int:
        return sum(self.kinds.values())


def page(session: Session, known: Known, as_of: date, currency: str | None, limit: int, offset: int = 0) -> Entries:
    """Some of what was written after a revision and counts on a day: loans, and money received through it."""
    found = _entries(known, as_of, currency).subquery()
    counted = dict(map(tuple, session.execute(select(found.c.kind, func.count()).group_by(found.c.kind)).all()))
    rows = (
        frame(session, _latest_first(known, as_of, currency).limit(limit).offset(offset)) if limit else pd.DataFrame()
    )
    return Entries(rows, {kind: counted[kind] for kind in KINDS if kind in counted})


def in_turn(session: Session, known: Known, as_of: date, currency: str | None) -> Iterator[dict[str, Any]]:
    """All of it, the latest first, read as it is asked for."""
    query = _latest_first(known, as_of, currency)
    with session.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as result:
        for row in result.mappings():
            yield dict(row)


def _latest_first(known: Known, as_of: date, currency: str | None) -> Select[Any]:
    found = _entries(known, as_of, currency).subquery().columns
    return select(*found).order_by(found.recorded_at.desc(), found.kind, found.id.desc())


def _entries(known: Known, as_of: date, currency: str | None) -> CompoundSelect[Any]:
    def lent(kind: str, at: Any, amount: Any, by: Any) -> Select[Any]:
        return _entry(kind, at, amount, Loan.id, Loan.start_on, Loan.reference, by).where(at > known.at)

    def received(kind: str, at: Any, amount: Any, by: Any) -> Select[Any]:
        columns = _entry(kind, at, amount, Repayment.id, Repayment.received_on, Repayment.reference, by)
        of_its_loan = columns.join(Repayment, Repayment.loan_id == Loan.id)
        return of_its_loan.where(at > known.at, Repayment.received_on <= as_of)

    nobody, amount, came_at, by = literal(""), Repayment.amount, Repayment.created_at, Repayment.recorded_by
    parts = [
        lent("loan", Loan.created_at, Loan.loan_amount, Loan.recorded_by),
        lent("void", Loan.voided_at, -Loan.loan_amount, nobody),
        # What stands and what was undone are found by an index each.
        *(
            received(kind, came_at, amount, by).where(is_of_kind, is_found)
            for kind, is_of_kind in (("repayment", amount > 0), ("reversal", amount < 0))
            for is_found in (Repayment.undone_at.is_(None), Repayment.undone_at.is_not(None))
        ),
        received("undo", Repayment.undone_at, -amount, nobody).where(Repayment.undone_at.is_not(None)),
    ]
    # Whatever a write touched it has stamped: of a large book only these loans are looked at.
    touched = [Loan.revision > known.revision, *([Loan.currency == currency] if currency else [])]
    return union_all(*(part.where(*touched) for part in parts))


def _entry(kind: str, at: Any, amount: Any, row_id: Any, on: Any, reference: Any, recorded_by: Any) -> Select[Any]:
    return select(
        literal(kind).label("kind"),
        at.label("recorded_at"),
        row_id.label("id"),
        Loan.id.label("loan_id"),
        Loan.reference.label("loan_reference"),
        Loan.borrower,
        Loan.currency,
        amount.label("amount"),
        on.label("on"),
        reference.label("reference"),
        recorded_by.label("recorded_by"),
    )
