"""Which loans are meant: one selection for a list, its CSV and the figures above it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from loan_core.calculation.money import total
from loan_core.calculation.portfolio import AGEING
from loan_core.entries import is_storable


@dataclass(frozen=True)
class Selection:
    """Loans for which all that is given is true. ``state`` None: all but the voided ones.

    ``search``: part of a borrower's name or of a reference. ``past_due``: an ageing bucket such as ``"31-60"``.
    ``past_due_from``, ``past_due_to``: the fewest and the most days past due. ``smallest``, ``largest``: the amount
    lent, in minor units. ``started``: any day of the month of the start.
    """

    search: str = ""
    status: str | None = None
    state: str | None = None
    currency: str | None = None
    past_due: str | None = None
    past_due_from: int | None = None
    past_due_to: int | None = None
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
        if self.past_due_from is not None:
            meant &= loans["days_past_due"] >= self.past_due_from
        if self.past_due_to is not None:
            meant &= loans["days_past_due"] <= self.past_due_to
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
    "installment",
    "start_on",
    "days_past_due",
    "arrears",
    "outstanding_principal",
    "remaining_balance",
    "expected_paid",
    "total_amount_paid",
    "ahead_by",
    "next_due_on",
    "next_due_amount",
    "paid_share",
)
"""By which columns a list can be sorted; with ``-`` before it, the largest first. What has no value stands last."""


@dataclass(frozen=True)
class Place:
    """Where a page of a sorted list ends: the last row's value of the sorted column, None for none, and its id."""

    value: Any
    id: int


@dataclass(frozen=True)
class Subtotal:
    """What the loans of a selection come to in one currency, in minor units."""

    loans: int
    outstanding_principal: int
    arrears: int


@dataclass(frozen=True)
class LoanPage:
    """Some rows of a list, as ``Book.loans`` gives them, and what all of it comes to.

    ``count``: how many loans are meant in all, and ``by_currency`` what they come to. ``end`` None: these are the last.
    """

    rows: pd.DataFrame
    count: int
    by_currency: Mapping[str, Subtotal]
    revision: int
    end: Place | None


def subtotals(loans: pd.DataFrame, meant: pd.Series) -> dict[str, Subtotal]:
    """What the loans that are meant come to, the currency of most of them first."""
    groups = loans[meant].groupby("currency")
    found = {
        str(code): Subtotal(len(rows), total(rows["outstanding_principal"]), total(rows["arrears"]))
        for code, rows in groups
    }
    return dict(sorted(found.items(), key=lambda each: (-each[1].loans, each[0])))


def page(
    loans: pd.DataFrame, meant: pd.Series, sort: str, after: Place | None, limit: int, offset: int
) -> tuple[pd.DataFrame, Place | None]:
    """So many of the loans that are meant, in order, from ``offset`` or ``after`` on; where they end if others follow.

    Equal values are in the order of their ids, so a page begins where the last ended, whatever was written since.
    """
    column, is_falling = sort.removeprefix("-"), sort.startswith("-")
    places = np.flatnonzero(meant.to_numpy())
    values, ids = loans[column].iloc[places], loans["id"].to_numpy()[places]
    has_none = values.isna().to_numpy()
    if after:
        follows = ids < after.id if is_falling else ids > after.id
        if after.value is None:
            is_left = has_none & follows
        else:
            value = pd.Timestamp(after.value) if values.dtype.kind == "M" else after.value
            is_beyond = values < value if is_falling else values > value
            is_left = is_beyond.to_numpy() | ((values == value).to_numpy() & follows) | has_none
        places, values, has_none = places[is_left], values[is_left], has_none[is_left]
    # The rows stand in the order of their ids, and a stable sort leaves equals as they stand.
    order = np.arange(len(places)) if column == "id" else values.argsort(kind="stable").to_numpy()
    order = order[::-1] if is_falling else order
    order = np.concatenate([order[~has_none[order]], order[has_none[order]]])
    rows = loans.iloc[places[order[offset : offset + limit]]]
    if len(places) <= offset + limit:
        return rows, None
    last = rows[column].iloc[-1]
    value = last.date() if isinstance(last, pd.Timestamp) else rows[column].tolist()[-1]
    return rows, Place(None if pd.isna(last) else value, int(rows["id"].iloc[-1]))


def _contains(column: pd.Series, part: str) -> pd.Series:
    if not is_storable(part):
        return pd.Series(False, index=column.index)
    # Both are lowered by the same hand: there is more than one opinion about the letters of some alphabets.
    lowered = pd.Series([part], dtype=column.dtype).str.lower().iloc[0]
    return column.str.lower().str.contains(lowered, regex=False)
