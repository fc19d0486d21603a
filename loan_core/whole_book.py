"""Every loan and where it stands on a day, remembered: only loans with a newer revision are read and computed again."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from functools import cached_property
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import Session

from loan_core.answers import Portfolio, outcome_words, status_columns
from loan_core.calculation.allocation import cover, paid_on
from loan_core.calculation.columns import Columns
from loan_core.calculation.money import total
from loan_core.calculation.portfolio import Collection, PeriodReceipts, collection, due_by_month, sum_by, totals
from loan_core.calculation.position import Position, Thresholds, outcomes, positions
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Terms, schedule
from loan_core.entries import terms_of
from loan_core.models import RATES_PER_YEAR, Loan, Repayment
from loan_core.selection import Selection
from loan_core.store import Store, edition, frame

DAYS_REMEMBERED = 32
_LOANS_AT_ONCE = 1_000
_NOTHING = (np.empty(0, dtype="datetime64[D]"), np.empty(0, dtype=np.int64))

Record = TypeVar("Record", bound=Columns)


@dataclass(frozen=True)
class Agreements:
    """All loans as agreed, voided ones too, in the order of their ids, and their terms for calculation."""

    revision: int
    loans: pd.DataFrame
    terms: Terms

    @cached_property
    def ids(self) -> Any:
        return self.loans["id"].to_numpy(dtype=np.int64)

    @cached_property
    def is_voided(self) -> Any:
        return self.loans["voided_at"].notna().to_numpy()

    @cached_property
    def revisions(self) -> Any:
        return self.loans["revision"].to_numpy(dtype=np.int64)

    @cached_property
    def currencies(self) -> dict[str, Any]:
        """Which rows are of each currency, voided loans left out."""
        codes = self.loans["currency"].to_numpy(dtype=str)
        return {code: (codes == code) & ~self.is_voided for code in np.unique(codes[~self.is_voided]).tolist()}

    @cached_property
    def due_by_month(self) -> dict[str, dict[Any, int]]:
        """By currency, what falls due in each month."""
        return {code: due_by_month(self.terms[mine]) for code, mine in self.currencies.items()}


@dataclass(frozen=True)
class Snapshot:
    """The book at the end of a day. It is shared by whoever asks, and never changed."""

    agreed: Agreements
    at: Position

    @property
    def revision(self) -> int:
        return self.agreed.revision

    @cached_property
    def loans(self) -> pd.DataFrame:
        """Every loan as agreed, with every field of its status in words."""
        loans = self.agreed.loans
        share = self.at.total_amount_paid / np.maximum(self.at.total_due, 1)
        columns = status_columns(self.at) | {"expected_monthly_installment": loans["installment"], "paid_share": share}
        return loans.assign(**columns)


@dataclass(frozen=True)
class Standing:
    """Loans that are meant, as they stand at the end of a day, with everything that calculation takes of them.

    Loan i is row i of every column, in the order of their ids. ``receipts`` are those through ``as_of``.
    """

    as_of: date
    revision: int
    ids: Any
    references: Any
    borrowers: Any
    currencies: Any
    is_voided: Any
    terms: Terms
    receipts: Receipts
    at: Position

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: Any) -> "Standing":
        """The same of some of the loans."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        of_loans = {name: column[rows] for name, column in columns.items() if name not in ("as_of", "revision")}
        return Standing(**columns | of_loans)

    def by_currency(self) -> dict[str, "Standing"]:
        """Each currency by itself, the one of most loans first."""
        codes, counts = np.unique(self.currencies.astype(str), return_counts=True)
        return {str(code): self[np.flatnonzero(self.currencies == code)] for code in codes[np.argsort(-counts)]}


class WholeBook:
    """What a process remembers of a book. The revision says whether that is still true."""

    def __init__(self, store: Store, thresholds: Thresholds) -> None:
        self._store = store
        self._thresholds = thresholds
        self._agreed: Agreements | None = None
        self._days: OrderedDict[date, Snapshot] = OrderedDict()
        self._lock = Lock()

    def on(self, *days: date) -> list[Snapshot]:
        """The book at the end of each of these days, all of one revision, the newest."""
        with self._store.read() as session:
            return self.seen_by(session, *days)

    def seen_by(self, session: Session, *days: date) -> list[Snapshot]:
        """The book on these days, as this transaction sees it: its snapshot begins here, under the lock."""
        with self._lock:
            revision = edition(session).revision
            if self._agreed is not None and revision < self._agreed.revision:
                # Somebody brought back an older book.
                self._agreed = None
                self._days.clear()
            agreed = self._agreed = _agreements(session, revision, self._agreed)
            snapshots = []
            for as_of in days:
                known = self._days.pop(as_of, None)
                self._days[as_of] = self._snapshot(session, agreed, as_of, known)
                snapshots.append(self._days[as_of])
            while len(self._days) > DAYS_REMEMBERED:
                self._days.popitem(last=False)
            return snapshots

    def portfolios(self, days: Sequence[date]) -> list[Portfolio]:
        """What the book comes to on each of these days, all of one revision."""
        return [_portfolio(day, snapshot) for day, snapshot in zip(days, self.on(*days), strict=True)]

    def curves(self, as_of: date) -> dict[str, pd.DataFrame]:
        """By currency, what was expected and received by each month's end."""
        with self._store.read() as session:
            snapshot = self.seen_by(session, as_of)[0]
            received = _received_by_month(session, as_of)
        return {code: _curve(snapshot, code, received.get(code, {}), as_of) for code in snapshot.agreed.currencies}

    def collections(self, first: date, last: date) -> dict[str, Collection]:
        """By currency, what fell due in a period and what came in during it."""
        in_period = select(Repayment.loan_id, Repayment.received_on, Repayment.amount)
        with self._store.read() as session:
            agreed = self.seen_by(session, last)[0].agreed
            before = paid_by_loan(session, first - timedelta(days=1)).reindex(agreed.ids, fill_value=0)
            standing = Repayment.received_on.between(first, last), Repayment.undone_at.is_(None)
            rows = frame(session, in_period.where(*standing))
        paid_before = before.to_numpy(dtype=np.int64)
        return {
            code: _collection(agreed, mine, paid_before, rows, first, last) for code, mine in agreed.currencies.items()
        }

    def standing(self, as_of: date, selection: Selection) -> Standing:
        """The loans that are meant on a day, with their receipts."""
        query = select(Repayment.loan_id, Repayment.received_on, Repayment.amount)
        with self._store.read() as session:
            snapshot = self.seen_by(session, as_of)[0]
            rows = frame(session, query.where(Repayment.received_on <= as_of, Repayment.undone_at.is_(None)))
        agreed, loans = snapshot.agreed, snapshot.loans
        receipts = Receipts.of(
            np.searchsorted(agreed.ids, rows["loan_id"].to_numpy(dtype=np.int64)),
            rows["received_on"].to_numpy().astype("datetime64[D]"),
            rows["amount"].to_numpy(dtype=np.int64),
            len(loans),
        )
        whole = Standing(
            as_of=as_of,
            revision=snapshot.revision,
            ids=agreed.ids,
            references=loans["reference"].to_numpy(),
            borrowers=loans["borrower"].to_numpy(),
            currencies=loans["currency"].to_numpy(),
            is_voided=agreed.is_voided,
            terms=agreed.terms,
            receipts=receipts,
            at=snapshot.at,
        )
        return whole[np.flatnonzero(selection.among(loans).to_numpy())]

    def find(self, text: str, limit: int) -> pd.DataFrame:
        """Loans by their id or part of a reference or of a borrower's name: ``id, reference, borrower``."""
        with self._store.read() as session, self._lock:
            agreed = self._agreed = _agreements(session, edition(session).revision, self._agreed)
        loans = agreed.loans.assign(state=np.where(agreed.is_voided, "voided", ""))
        named = Selection(search=text).among(loans)
        is_it = (loans["id"].astype(str) == text.strip()) & ~agreed.is_voided
        found: pd.DataFrame = pd.concat([loans[is_it], loans[named & ~is_it]])[["id", "reference", "borrower"]]
        return found.head(limit)

    def installments(self, session: Session, as_of: date) -> Iterator[dict[str, Any]]:
        """Every installment of every loan with what covers it, as ``Statement.installments``, voided loans left out.

        All that it takes from the session it takes before the first row.
        """
        return _installments(self.seen_by(session, as_of)[0], _receipts_by_loan(session, as_of), as_of)

    def _snapshot(self, session: Session, agreed: Agreements, as_of: date, known: Snapshot | None) -> Snapshot:
        """The book on a day, from what was known of it where anything was."""
        if known is not None and known.revision == agreed.revision:
            return known
        newer = np.flatnonzero(agreed.revisions > (known.revision if known else -1))
        paid = paid_by_loan(session, as_of, known.revision if known else None)
        received = paid.reindex(agreed.ids[newer], fill_value=0).to_numpy(dtype=np.int64)
        day = np.datetime64(as_of, "D")
        at = positions(agreed.terms[newer], received, agreed.is_voided[newer], day, self._thresholds)
        if known is not None:
            at = _patched(known.at, known.agreed.ids, at, agreed.ids[newer])
        return Snapshot(agreed, at)


def paid_by_loan(session: Session, through: date, after_revision: int | None = None) -> pd.Series:
    """What each loan has received through a day, by id; only of loans with a newer revision where one is given."""
    sums = select(Repayment.loan_id, cast(func.sum(Repayment.amount), BigInteger).label("paid"))
    sums = sums.where(Repayment.received_on <= through, Repayment.undone_at.is_(None)).group_by(Repayment.loan_id)
    if after_revision is not None:
        sums = sums.where(Repayment.loan_id.in_(select(Loan.id).where(Loan.revision > after_revision)))
    return frame(session, sums).set_index("loan_id")["paid"]


def _agreements(session: Session, revision: int, known: Agreements | None) -> Agreements:
    if known is not None and known.revision == revision:
        return known
    query = select(*Loan.__table__.columns).order_by(Loan.id)
    loans = frame(session, query.where(Loan.revision > known.revision) if known else query)
    if known is not None and loans.empty:
        return replace(known, revision=revision)
    loans["annual_rate_ppm"] = loans["interest_rate"] * loans["rate_period"].map(RATES_PER_YEAR).astype("int64")
    terms = terms_of(loans)
    if known is not None and len(known.loans):
        ids = loans["id"].to_numpy(dtype=np.int64)
        terms = _patched(known.terms, known.ids, terms, ids)
        stays = ~np.isin(known.ids, ids)
        loans = pd.concat([known.loans[stays], loans], ignore_index=True).sort_values("id", ignore_index=True)
    return Agreements(revision, loans, terms)


def _patched(old: Record, old_ids: Any, new: Record, new_ids: Any) -> Record:
    """Columns by loan, with the new loans' values in their places; all three in the order of their ids."""
    stays = ~np.isin(old_ids, new_ids)
    order = np.argsort(np.concatenate([old_ids[stays], new_ids]))
    names = [field.name for field in fields(old)]  # type: ignore[arg-type]
    return type(old)(**{name: np.concatenate([getattr(old, name)[stays], getattr(new, name)])[order] for name in names})


def _receipts_by_loan(session: Session, as_of: date) -> dict[int, tuple[Any, Any]]:
    """By loan id: the days on which something came in, and the running sum after each, oldest first."""
    columns = (Repayment.loan_id, Repayment.received_on, Repayment.amount)
    query = select(*columns).where(Repayment.received_on <= as_of, Repayment.undone_at.is_(None))
    rows = frame(session, query.order_by(Repayment.loan_id, Repayment.received_on, Repayment.id))
    if rows.empty:
        return {}
    loan_ids = rows["loan_id"].to_numpy(dtype=np.int64)
    days = rows["received_on"].to_numpy().astype("datetime64[D]")
    amounts = rows["amount"].to_numpy(dtype=np.int64)
    ids, starts = np.unique(loan_ids, return_index=True)
    parts = zip(ids.tolist(), np.split(days, starts[1:]), np.split(amounts, starts[1:]), strict=True)
    return {loan_id: (received_on, amount.cumsum()) for loan_id, received_on, amount in parts}


def _installments(snapshot: Snapshot, receipts: dict[int, tuple[Any, Any]], as_of: date) -> Iterator[dict[str, Any]]:
    agreed, standing = snapshot.agreed, np.flatnonzero(~snapshot.agreed.is_voided)
    day = np.datetime64(as_of, "D")
    references, currencies = (agreed.loans[name].to_numpy() for name in ("reference", "currency"))
    for rows in (standing[start : start + _LOANS_AT_ONCE] for start in range(0, len(standing), _LOANS_AT_ONCE)):
        lines = schedule(agreed.terms[rows])
        covered = cover(snapshot.at.total_amount_paid[rows], lines)
        paid = covered.interest + covered.principal
        history = [receipts.get(loan_id, _NOTHING) for loan_id in agreed.ids[rows].tolist()]
        days = np.stack([paid_on(due, *received) for due, received in zip(lines.due, history, strict=True)])
        outcome, off_by = outcomes(lines, lines.due - paid, days, day)
        loan, number = there = np.nonzero(~np.isnat(lines.due_on))
        columns = {
            "loan_reference": references[rows[loan]],
            "currency": currencies[rows[loan]],
            "number": number + 1,
            "due_on": lines.due_on[there],
            "due": lines.due[there],
            "interest": lines.interest[there],
            "principal": lines.principal[there],
            "balance": lines.balance[there],
            "covered": paid[there],
            "paid_on": days[there],
            "outcome": outcome_words(outcome[there]),
            "days": off_by[there],
        }
        for values in zip(*(column.tolist() for column in columns.values()), strict=True):
            yield dict(zip(columns, values, strict=True))


def _portfolio(as_of: date, snapshot: Snapshot) -> Portfolio:
    principal, at = snapshot.agreed.terms.principal, snapshot.at
    by_currency = {code: totals(principal[mine], at[mine]) for code, mine in snapshot.agreed.currencies.items()}
    return Portfolio(as_of, snapshot.revision, by_currency)


def _curve(snapshot: Snapshot, code: str, received: dict[Any, int], as_of: date) -> pd.DataFrame:
    mine = snapshot.agreed.currencies[code]
    due, today = snapshot.agreed.due_by_month[code], np.datetime64(as_of, "D")
    months = np.arange(min([*due, *received]), max([*due, *received]) + 1)
    ends = (months + 1).astype("datetime64[D]") - 1
    running = pd.DataFrame(
        {
            "on": ends,
            "expected": np.cumsum([due.get(month, 0) for month in months]),
            "received": np.cumsum([received.get(month, 0) for month in months]),
        }
    )
    at = snapshot.at[mine]
    on_the_day = pd.DataFrame(
        {"on": [today], "expected": [total(at.expected_paid)], "received": [total(at.total_amount_paid)]}
    )
    rows = pd.concat([running[running["on"] < today], on_the_day, running[running["on"] > today]], ignore_index=True)
    return rows.assign(received=rows["received"].where(rows["on"] <= today).astype("Int64"))


def _received_by_month(session: Session, as_of: date) -> dict[str, dict[Any, int]]:
    """By currency and month, what came in through a day on loans that are not voided."""
    sums = frame(
        session,
        select(Loan.currency, Repayment.received_on, cast(func.sum(Repayment.amount), BigInteger).label("amount"))
        .join(Loan, Loan.id == Repayment.loan_id)
        .where(Repayment.received_on <= as_of, Repayment.undone_at.is_(None), Loan.voided_at.is_(None))
        .group_by(Loan.currency, Repayment.received_on),
    )
    months = sums["received_on"].to_numpy().astype("datetime64[M]")
    return {
        str(code): sum_by(months[rows.index], rows["amount"].to_numpy(dtype=np.int64))
        for code, rows in sums.groupby("currency")
    }


def _collection(
    agreed: Agreements, mine: Any, paid_before: Any, rows: pd.DataFrame, first: date, last: date
) -> Collection:
    ids = agreed.ids[mine]
    rows = rows[rows["loan_id"].isin(ids)]
    receipts = PeriodReceipts(
        np.searchsorted(ids, rows["loan_id"].to_numpy(dtype=np.int64)),
        rows["received_on"].to_numpy().astype("datetime64[D]"),
        rows["amount"].to_numpy(dtype=np.int64),
    )
    period = np.datetime64(first, "D"), np.datetime64(last, "D")
    return collection(agreed.terms[mine], paid_before[mine], receipts, *period)
