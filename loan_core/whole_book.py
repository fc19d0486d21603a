"""Every loan and where it stands on a day, remembered: only loans with a newer revision are read and computed again."""

from collections import OrderedDict
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from threading import Lock
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import Session

from loan_core.answers import status_columns
from loan_core.calculation.columns import Columns
from loan_core.calculation.position import Position, Thresholds, positions
from loan_core.calculation.schedule import Terms
from loan_core.entries import terms_of
from loan_core.models import RATES_PER_YEAR, Loan, Repayment
from loan_core.store import Store, edition, frame

DAYS_REMEMBERED = 32

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
        return loans.assign(**status_columns(self.at), expected_monthly_installment=loans["installment"])


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
        with self._lock, self._store.read() as session:
            agreed = self._agreed = _agreements(session, self._agreed)
            snapshots = []
            for as_of in days:
                known = self._days.pop(as_of, None)
                self._days[as_of] = self._snapshot(session, agreed, as_of, known)
                snapshots.append(self._days[as_of])
            while len(self._days) > DAYS_REMEMBERED:
                self._days.popitem(last=False)
            return snapshots

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
    sums = sums.where(Repayment.received_on <= through).group_by(Repayment.loan_id)
    if after_revision is not None:
        sums = sums.where(Repayment.loan_id.in_(select(Loan.id).where(Loan.revision > after_revision)))
    return frame(session, sums).set_index("loan_id")["paid"]


def _agreements(session: Session, known: Agreements | None) -> Agreements:
    revision = edition(session).revision
    if known is not None and known.revision == revision:
        return known
    query = select(*Loan.__table__.columns).order_by(Loan.id)
    loans = frame(session, query.where(Loan.revision > known.revision) if known else query)
    loans["annual_rate_ppm"] = loans["interest_rate"] * loans["rate_period"].map(RATES_PER_YEAR).astype("int64")
    terms = terms_of(loans)
    if known is not None and len(known.loans):
        ids = loans["id"].to_numpy(dtype=np.int64)
        terms = _patched(known.terms, known.ids, terms, ids)
        stays = ~np.isin(known.ids, ids)
        loans = pd.concat([known.loans[stays], loans], ignore_index=True).sort_values("id", ignore_index=True)
    return Agreements(revision, loans, terms)


def _patched(old: Record, old_ids: Any, new: Record, new_ids: Any) -> Record:
    """Columns by loan, with the new loans' values in their places; both in the order of their ids, and so the result."""
    stays = ~np.isin(old_ids, new_ids)
    order = np.argsort(np.concatenate([old_ids[stays], new_ids]))
    names = [field.name for field in fields(old)]  # type: ignore[arg-type]
    return type(old)(**{name: np.concatenate([getattr(old, name)[stays], getattr(new, name)])[order] for name in names})
