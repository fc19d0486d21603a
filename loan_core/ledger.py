"""What came in, as it was recorded: each row with what it reverses and what reversed it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Select, case, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from loan_core.answers import RepaymentPage
from loan_core.fields import is_storable
from loan_core.models import Loan, Repayment
from loan_core.store import frame

_ROWS_AT_ONCE = 1_000


def paid_on(session: Session, loan_id: int, as_of: date | None = None) -> int:
    """What a loan had received by the end of a day, or ever."""
    through = _standing(as_of) if as_of else (Repayment.undone_at.is_(None),)
    return int(session.scalar(select(func.sum(Repayment.amount)).where(Repayment.loan_id == loan_id, *through)) or 0)


def paid_through(as_of: Any) -> Any:
    """What the loan of a query's row had received by the end of a day, as a column of that query."""
    paid = select(func.coalesce(func.sum(Repayment.amount), 0))
    return paid.where(Repayment.loan_id == Loan.id, *_standing(as_of)).correlate(Loan).scalar_subquery()


def received(session: Session, as_of: date, loan_id: int) -> pd.DataFrame:
    """What came in on a loan through a day, oldest first."""
    oldest_first = Repayment.received_on, Repayment.id
    of_it = *_standing(as_of), Repayment.loan_id == loan_id
    return frame(session, _with_references(as_of).where(*of_it).order_by(*oldest_first))


@dataclass(frozen=True)
class Meant:
    """Which of what came in is meant: a list, its sums and its CSV read the same rows.

    From the day ``since`` on; ``search`` in a borrower's name and in both references; in one ``currency``; on one loan.
    Loans entered by mistake are never among it, nor is what an undone import brought.
    """

    since: date | None = None
    search: str = ""
    currency: str | None = None
    loan_id: int | None = None

    def through(self, as_of: date) -> list[ColumnElement[bool]]:
        """As the conditions of a query."""
        conditions = [*_standing(as_of), Loan.voided_at.is_(None)]
        if self.since:
            conditions.append(Repayment.received_on >= self.since)
        if self.currency:
            conditions.append(Loan.currency == self.currency)
        if self.loan_id is not None:
            conditions.append(Repayment.loan_id == self.loan_id)
        if not is_storable(self.search):
            conditions.append(false())
        elif self.search:
            columns = (Loan.borrower, Loan.reference, Repayment.reference)
            part = self.search.lower()
            conditions.append(or_(*(func.lower(each).contains(part, autoescape=True) for each in columns)))
        return conditions


def recorded(session: Session, as_of: date, meant: Meant) -> Iterator[dict[str, Any]]:
    """All that is meant of what came in through a day, in the order of entry: read as it is asked for."""
    query = _with_references(as_of).where(*meant.through(as_of)).order_by(Repayment.id)
    with session.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as result:
        names = list(result.keys())
        for row in result:
            yield dict(zip(names, row, strict=True))


def page(session: Session, as_of: date, meant: Meant, limit: int, offset: int) -> RepaymentPage:
    """Some of what came in through a day, newest first, and what all of it comes to by currency."""
    conditions = meant.through(as_of)
    sums = session.execute(
        select(
            Loan.currency,
            func.count().label("rows"),
            func.sum(Repayment.amount).label("received"),
            func.sum(case((Repayment.amount < 0, -Repayment.amount), else_=0)).label("reversed"),
        )
        .select_from(Repayment)
        .join(Loan, Loan.id == Repayment.loan_id)
        .where(*conditions)
        .group_by(Loan.currency)
        .order_by(Loan.currency)
    ).all()
    newest_first = Repayment.received_on.desc(), Repayment.id.desc()
    query = _with_references(as_of).where(*conditions).order_by(*newest_first).limit(limit).offset(offset)
    return RepaymentPage(
        rows=frame(session, query),
        count=sum(each.rows for each in sums),
        received={each.currency: int(each.received) for each in sums},
        reversed={each.currency: int(each.reversed) for each in sums},
    )


def _standing(as_of: date) -> tuple[ColumnElement[bool], ...]:
    return Repayment.received_on <= as_of, Repayment.undone_at.is_(None)


def _with_references(as_of: date) -> Select[Any]:
    """Repayments with their loan's reference, borrower and currency, and the references of what reverses what."""
    undone, reversal = aliased(Repayment), aliased(Repayment)
    return (
        select(
            *(column for column in Repayment.__table__.columns if column.key != "undone_at"),
            Loan.reference.label("loan_reference"),
            Loan.borrower,
            Loan.currency,
            func.coalesce(undone.reference, "").label("reverses"),
            func.coalesce(reversal.reference, "").label("reversed_by"),
        )
        .join(Loan, Loan.id == Repayment.loan_id)
        .outerjoin(undone, undone.id == Repayment.reverses_id)
        .outerjoin(
            reversal,
            (reversal.reverses_id == Repayment.id) & (reversal.received_on <= as_of) & reversal.undone_at.is_(None),
        )
    )
