"""What came in, as it was recorded: each row with what it reverses and what reversed it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from operator import add
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Date, Select, bindparam, case, false, func, or_, select
from sqlalchemy.orm import Session, aliased

from loan_core.answers import RepaymentPage
from loan_core.blocks import Block, capitals, lowered
from loan_core.calculation.money import total
from loan_core.fields import is_storable
from loan_core.models import Loan, Repayment
from loan_core.store import columns_of, in_turn, no_rows

_AS_OF = bindparam("as_of", type_=Date)
_NEWEST_FIRST = Repayment.received_on.desc(), Repayment.id.desc()


def paid_in_all(session: Session, loan_id: int) -> int:
    """What a loan has received, on whatever day, less what was taken back."""
    stands = Repayment.loan_id == loan_id, Repayment.undone_at.is_(None)
    return int(session.scalar(select(func.sum(Repayment.amount)).where(*stands)) or 0)


def paid_through(as_of: Any) -> Any:
    """What the loan of a query's row had received by the end of a day, as a column of that query."""
    paid = select(func.coalesce(func.sum(Repayment.amount), 0))
    return paid.where(Repayment.loan_id == Loan.id, *_through(as_of)).correlate(Loan).scalar_subquery()


def received(session: Session, as_of: date, loan_id: int) -> dict[str, Any]:
    """What came in on a loan through a day, oldest first, as columns."""
    return columns_of(session, _OF_A_LOAN, as_of=as_of, loan_id=loan_id)


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
        conditions = [*_through(as_of), Loan.voided_at.is_(None)]
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
            conditions.append(or_(*_containing(self.search, columns)))
        return conditions


def _containing(search: str, texts: Sequence[Any]) -> Iterator[ColumnElement[bool]]:
    """Whether each text has a part, as ``selection.named`` finds it: a database has its own opinion of letters."""
    part = lowered(search).as_py()
    pairs = [(capital, letter) for letter in sorted(set(part)) for capital in capitals().get(letter, "")]
    before, after = ("".join(letters) for letters in zip(*pairs, strict=True)) if pairs else ("", "")
    return (func.translate(text, before, after).contains(part, autoescape=True) for text in texts)


def recorded(session: Session, as_of: date, meant: Meant) -> Iterator[dict[str, Any]]:
    """All that is meant of what came in through a day, in the order of entry: read as it is asked for."""
    return in_turn(session, _WITH_REFERENCES.where(*meant.through(as_of)).order_by(Repayment.id), as_of=as_of)


class Sums(NamedTuple):
    """What came in in a currency: how many rows, what they come to, and how much of it was taken back."""

    currency: str
    rows: int
    received: int
    reversed: int


def page(session: Session, as_of: date, meant: Meant, sums: Sequence[Sums], limit: int, offset: int) -> RepaymentPage:
    """Some of what came in through a day, newest first, and what all of it comes to by currency: its ``sums``."""
    # First which rows they are: what reverses what is looked up for them alone.
    ids = select(Repayment.id).join(Loan, Loan.id == Repayment.loan_id).where(*meant.through(as_of))
    ids = ids.order_by(*_NEWEST_FIRST).limit(limit).offset(offset)
    query = _WITH_REFERENCES.where(Repayment.id.in_(ids)).order_by(*_NEWEST_FIRST)
    return RepaymentPage(
        rows=pd.DataFrame(columns_of(session, query, as_of=as_of) if limit else no_rows(query)),
        count=sum(each.rows for each in sums),
        received={each.currency: each.received for each in sums},
        reversed={each.currency: each.reversed for each in sums},
    )


def sums_in(blocks: Sequence[Block], as_of: date, meant: Meant) -> list[Sums]:
    """What came in through a day comes to, out of the book in memory, which knows no references: without a search."""
    first, last = (np.datetime64(day, "D") for day in (meant.since or date.min, as_of))
    found: dict[str, tuple[int, ...]] = {}
    for block in blocks:
        for code, rows in block.rows_by_currency.items():
            if meant.currency in (None, code):
                counts = _counts(block, meant, rows)
                receipts = block.receipts if len(counts) == len(block) else block.receipts[counts]
                came_in = (receipts.received_on >= first) & (receipts.received_on <= last)
                amounts = receipts.amount[came_in]
                figures = len(amounts), total(amounts), total(-np.minimum(amounts, 0))
                found[code] = tuple(map(add, found.get(code, (0, 0, 0)), figures))
    return [Sums(code, *figures) for code, figures in sorted(found.items()) if figures[0]]


def _counts(block: Block, meant: Meant, rows: Any) -> Any:
    """Those of these rows of a block whose receipts may be meant."""
    is_meant = ~block.is_voided[rows]
    return rows[is_meant if meant.loan_id is None else is_meant & (block.ids[rows] == meant.loan_id)]


def sums(session: Session, as_of: date, meant: Meant) -> list[Sums]:
    """The same out of the database, with a search or without one."""
    query = (
        select(
            Loan.currency,
            func.count(),
            func.sum(Repayment.amount),
            func.sum(case((Repayment.amount < 0, -Repayment.amount), else_=0)),
        )
        .select_from(Repayment)
        .join(Loan, Loan.id == Repayment.loan_id)
        .where(*meant.through(as_of))
        .group_by(Loan.currency)
        .order_by(Loan.currency)
    )
    return [Sums(code, *map(int, figures)) for code, *figures in session.execute(query)]


def _through(as_of: Any) -> tuple[ColumnElement[bool], ...]:
    return Repayment.received_on <= as_of, Repayment.undone_at.is_(None)


def _with_references() -> Select[Any]:
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
            (reversal.reverses_id == Repayment.id) & (reversal.received_on <= _AS_OF) & reversal.undone_at.is_(None),
        )
    )


# Said once: to say it takes longer than to read a loan's repayments.
_WITH_REFERENCES = _with_references()
_OF_A_LOAN = _WITH_REFERENCES.where(*_through(_AS_OF), Repayment.loan_id == bindparam("loan_id")).order_by(
    Repayment.received_on, Repayment.id
)
