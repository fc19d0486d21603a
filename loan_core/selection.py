"""Which loans are meant: one selection for a list, its CSV and the figures above it."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from loan_core.calculation.portfolio import AGEING
from loan_core.entries import is_storable


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
        return loans[meant].reset_index(drop=True)


def _contains(column: pd.Series, part: str) -> pd.Series:
    if not is_storable(part):
        return pd.Series(False, index=column.index)
    # Both are lowered by the same hand: there is more than one opinion about the letters of some alphabets.
    lowered = pd.Series([part], dtype=column.dtype).str.lower().iloc[0]
    return column.str.lower().str.contains(lowered, regex=False)
