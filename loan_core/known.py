"""What was known at an instant: which rows had been recorded by then, and which of those had been taken back.

Every write has an instant of its own, later than all before it, and marks with it what it adds and what it takes back.
What was known at a revision is therefore what is dated no later than that revision was written: exactly, for ever.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, true
from sqlalchemy.orm import Session

from loan_core.errors import RevisionNotKept
from loan_core.models import Loan, Repayment, Revision
from loan_core.store import edition

BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
"""Before anything was written."""


@dataclass(frozen=True)
class Known:
    """Conditions of a query: what had been recorded, and stood, ``at`` an instant.

    ``revision`` is the last that was written by then. An instant of None: whatever is recorded now.
    """

    revision: int
    at: datetime | None

    def is_recorded(self) -> ColumnElement[bool]:
        """Of a loan: whether the book had it."""
        return true() if self.at is None else Loan.created_at <= self.at

    def is_voided(self) -> ColumnElement[bool]:
        """Of a loan: whether it had been voided."""
        is_voided = Loan.voided_at.is_not(None)
        return is_voided if self.at is None else and_(is_voided, Loan.voided_at <= self.at)

    def loan_columns(self) -> list[ColumnElement[Any]]:
        """Every column of a loan as it was then. Of its ``revision`` is known that it was this one at most."""
        columns = dict(Loan.__table__.columns)
        if self.at is not None:
            columns["voided_at"] = case((self.is_voided(), Loan.voided_at)).label("voided_at")
            for name in ("void_reason", "voided_by"):
                columns[name] = case((self.is_voided(), columns[name]), else_="").label(name)
            columns["revision"] = case((Loan.revision > self.revision, self.revision), else_=Loan.revision).label(
                "revision"
            )
        return list(columns.values())

    def standing_repayments(self) -> list[ColumnElement[bool]]:
        """Of repayments: what had been recorded and no undone import had taken back, in parts that do not overlap.

        In parts, because each is found by an index of its own.
        """
        if self.at is None:
            return [Repayment.undone_at.is_(None)]
        is_recorded = Repayment.created_at <= self.at
        # A row that is undone is dated; that it is not null chooses the index.
        later = and_(Repayment.undone_at.is_not(None), Repayment.undone_at > self.at)
        return [and_(Repayment.undone_at.is_(None), is_recorded), and_(later, is_recorded)]


NOW = Known(0, None)


def at_revision(session: Session, revision: int) -> Known:
    """What a revision of the book held; ``RevisionNotKept`` for one that is not written yet, or of which no instant is.

    A book from before instants were kept can go back to the revision at which that began.
    """
    first: int | None = session.scalar(select(func.min(Revision.revision)))
    newest = edition(session).revision
    if revision == 0 and first in (None, 1):
        return Known(0, BEGINNING)
    found = session.get(Revision, revision) if 0 < revision <= newest else None
    if found is None:
        raise RevisionNotKept(revision, newest)
    return Known(revision, found.written_at)


def at_instant(session: Session, instant: datetime) -> Known:
    """What the book held at an instant, by the last revision written until then.

    Before the first instant that was kept, rows answer for themselves: by their own instants, as of revision 0.
    """
    last: Any = (
        select(Revision.revision).where(Revision.written_at <= instant).order_by(Revision.revision.desc()).limit(1)
    )
    return Known(session.scalar(last) or 0, instant)
