"""Every loan and where it stands on a day, remembered: only loans with a newer revision are read and computed again."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, ColumnElement, cast, func, select
from sqlalchemy.orm import Session

from loan_core.answers import status_columns
from loan_core.calculation.money import Integers
from loan_core.calculation.position import Position, Thresholds, positions
from loan_core.entries import terms_of
from loan_core.models import RATES_PER_YEAR, Loan, Repayment
from loan_core.store import Store, edition, frame

DAYS_REMEMBERED = 8


@dataclass(frozen=True)
class Snapshot:
    """All loans, voided ones too, in the order of their ids: ``loans`` in words, ``at`` for calculation.

    It is shared by whoever asks, and never changed.
    """

    revision: int
    loans: pd.DataFrame
    at: Position

    def where(self, rows: Any) -> tuple[pd.DataFrame, Position]:
        return self.loans[rows], self.at[rows]


class WholeBook:
    """What a process remembers of a book. The revision says whether that is still true."""

    def __init__(self, store: Store, thresholds: Thresholds) -> None:
        self._store = store
        self._thresholds = thresholds
        self._days: OrderedDict[date, Snapshot] = OrderedDict()
        self._lock = Lock()

    def on(self, as_of: date) -> Snapshot:
        """The book at the end of a day, as of its newest revision."""
        with self._lock, self._store.read() as session:
            revision = edition(session).revision
            snapshot = self._days.pop(as_of, None)
            if snapshot is None:
                snapshot = self._read(session, revision, as_of)
            elif snapshot.revision != revision:
                snapshot = _patched(snapshot, self._read(session, revision, as_of, Loan.revision > snapshot.revision))
            self._days[as_of] = snapshot
            while len(self._days) > DAYS_REMEMBERED:
                self._days.popitem(last=False)
            return snapshot

    def _read(self, session: Session, revision: int, as_of: date, *conditions: ColumnElement[bool]) -> Snapshot:
        loans = frame(session, select(*Loan.__table__.columns).where(*conditions).order_by(Loan.id))
        loans["annual_rate_ppm"] = loans["interest_rate"] * loans["rate_period"].map(RATES_PER_YEAR).astype("int64")
        paid = _paid(session, as_of, conditions).reindex(loans["id"], fill_value=0)
        is_voided = loans["voided_at"].notna().to_numpy()
        day = np.datetime64(as_of, "D")
        at = positions(terms_of(loans), paid.to_numpy(dtype=np.int64), is_voided, day, self._thresholds)
        said = loans.assign(**status_columns(at), expected_monthly_installment=loans["installment"])
        return Snapshot(revision, said, at)


def _paid(session: Session, as_of: date, conditions: Iterable[ColumnElement[bool]]) -> pd.Series:
    """What each loan has received through a day, by loan id."""
    sums = select(Repayment.loan_id, cast(func.sum(Repayment.amount), BigInteger).label("paid"))
    sums = sums.where(Repayment.received_on <= as_of).group_by(Repayment.loan_id)
    if conditions:
        sums = sums.where(Repayment.loan_id.in_(select(Loan.id).where(*conditions)))
    return frame(session, sums).set_index("loan_id")["paid"]


def _patched(old: Snapshot, changed: Snapshot) -> Snapshot:
    """The old snapshot with the changed loans in their places."""
    stays = ~old.loans["id"].isin(changed.loans["id"]).to_numpy()
    ids: Integers = np.concatenate([old.loans["id"][stays], changed.loans["id"]])
    order = np.argsort(ids)
    columns = {
        field.name: np.concatenate([getattr(old.at, field.name)[stays], getattr(changed.at, field.name)])[order]
        for field in fields(Position)
    }
    loans = pd.concat([old.loans[stays], changed.loans], ignore_index=True) if stays.any() else changed.loans
    return Snapshot(changed.revision, loans.take(order).reset_index(drop=True), Position(**columns))
