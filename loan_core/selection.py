"""Which loans are meant: one selection for a list, its CSV and the figures above it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from loan_core.calculation.portfolio import AGEING
from loan_core.fields import is_storable


@dataclass(frozen=True)
class Selection:
    """Loans for which all that is given is true. ``state`` None: all but the voided ones.

    ``search``: part of a borrower's name or of a reference. ``past_due``: an ageing bucket such as ``"31-60"``.
    ``smallest``, ``largest``: the amount lent, in minor units. ``started``: any day of the month of the start.
    """

    search: str = ""
    status: str | None = None
    state: str | None = None
    currency: str | None = None
    past_due: str | None = None
    smallest: int | None = None
    largest: int | None = None
    started: date | None = None

    def of(self, loans: pd.DataFrame) -> pd.DataFrame:
        """The rows of a book's loans that are meant, in their order."""
        return loans[self.among(loans)].reset_index(drop=True)

    def among(self, loans: pd.DataFrame) -> pd.Series:
        """Which of a book's loans are meant: true or false of each."""
        meant = loans["state"] == self.state if self.state else loans["state"] != "voided"
        for column, wanted in (("status", self.status), ("currency", self.currency)):
            if wanted:
                meant &= loans[column] == wanted
        if self.search:
            meant &= _contains(loans["borrower"], self.search) | _contains(loans["reference"], self.search)
        if self.past_due:
            start, end = AGEING[self.past_due]
            meant &= loans["days_past_due"].between(start, end, inclusive="left")
        if self.smallest is not None:
            meant &= loans["loan_amount"] >= self.smallest
        if self.largest is not None:
            meant &= loans["loan_amount"] <= self.largest
        if self.started:
            first = self.started.replace(day=1)
            last = (pd.Timestamp(first) + pd.offsets.MonthEnd(1)).date()
            meant &= loans["start_on"].between(first, last)
        return meant


SORTS = (
    "id",
    "reference",
    "borrower",
    "loan_amount",
    "start_on",
    "days_past_due",
    "arrears",
    "outstanding_principal",
    "remaining_balance",
    "expected_paid",
    "total_amount_paid",
    "ahead_by",
)
"""By which columns a list can be sorted; with ``-`` before it, the largest first."""


@dataclass(frozen=True)
class Place:
    """Where a page of a sorted list ends: the last row's value of the sorted column, and its id."""

    value: Any
    id: int


@dataclass(frozen=True)
class LoanPage:
    """Some rows of a list, as ``Book.loans`` gives them, and how many there are in all; ``end`` None: the last ones."""

    rows: pd.DataFrame
    count: int
    revision: int
    end: Place | None


def page(
    loans: pd.DataFrame, meant: pd.Series, sort: str, after: Place | None, limit: int
) -> tuple[pd.DataFrame, Place | None]:
    """The next ``limit`` of the loans that are meant, in order, and where they end if others follow.

    Equal values are in the order of their ids, so a page begins where the last ended, whatever was written since.
    """
    column, is_falling = sort.removeprefix("-"), sort.startswith("-")
    places = np.flatnonzero(meant.to_numpy())
    values, ids = loans[column].iloc[places], loans["id"].to_numpy()[places]
    if after:
        is_beyond = values < after.value if is_falling else values > after.value
        follows = ids < after.id if is_falling else ids > after.id
        is_left = is_beyond.to_numpy() | ((values == after.value).to_numpy() & follows)
        places, values = places[is_left], values[is_left]
    # The rows stand in the order of their ids, and a stable sort leaves equals as they stand.
    order = np.arange(len(places)) if column == "id" else values.argsort(kind="stable").to_numpy()
    rows = loans.iloc[places[(order[::-1] if is_falling else order)[:limit]]]
    if len(places) <= limit:
        return rows, None
    return rows, Place(rows[column].tolist()[-1], int(rows["id"].iloc[-1]))


def _contains(column: pd.Series, part: str) -> pd.Series:
    if not is_storable(part):
        return pd.Series(False, index=column.index)
    # Both are lowered by the same hand: there is more than one opinion about the letters of some alphabets.
    lowered = pd.Series([part], dtype=column.dtype).str.lower().iloc[0]
    return column.str.lower().str.contains(lowered, regex=False)
