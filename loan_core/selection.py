"""Which loans are meant: one selection for a list, its CSV and the figures above it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from loan_core.answers import Statement
from loan_core.blocks import CODES, Block, lowered, most_first
from loan_core.calculation.money import parts_by, whole
from loan_core.calculation.portfolio import AGEING
from loan_core.calculation.position import Position, State, Status
from loan_core.fields import is_storable
from loan_core.snapshot import Part, Snapshot

_STATES = {each.name.lower(): each for each in State}
_STATUSES = {each.name.replace("_", " ").title(): each for each in Status}


@dataclass(frozen=True)
class Selection:
    """Loans for which all that is given is true. ``state`` None: all but the voided ones.

    ``search``: part of a borrower's name or of a reference. ``borrower``: the name as it is written, all of it.
    ``past_due``: an ageing bucket such as ``"31-60"``.
    ``past_due_from``, ``past_due_to``: the fewest and the most days past due. ``smallest``, ``largest``: the amount
    lent, in minor units. ``started``: any day of the month of the start.
    """

    search: str = ""
    borrower: str | None = None
    status: str | None = None
    state: str | None = None
    currency: str | None = None
    past_due: str | None = None
    past_due_from: int | None = None
    past_due_to: int | None = None
    smallest: int | None = None
    largest: int | None = None
    started: date | None = None

    def of(self, snapshot: Snapshot) -> list[Part]:
        """Each block of a snapshot with the rows of it that are meant."""
        return [Part(block, at, np.flatnonzero(self.among(block, at))) for block, at in snapshot]

    def among(self, loans: Block, at: Position) -> Any:
        """Which of these loans are meant: true or false of each."""
        meant = at.state == _STATES[self.state] if self.state else at.state != State.VOIDED
        if self.status:
            meant &= at.status == _STATUSES[self.status]
        if self.currency:
            meant &= loans.currencies == (CODES.index(self.currency) if self.currency in CODES else -1)
        if self.past_due:
            start, end = AGEING[self.past_due]
            meant &= (at.days_past_due >= start) & (at.days_past_due < end)
        if self.started:
            meant &= loans.terms.start_on.astype("datetime64[M]") == np.datetime64(self.started, "M")
        meant &= _between(at.days_past_due, self.past_due_from, self.past_due_to)
        meant &= _between(loans.terms.principal, self.smallest, self.largest)
        if self.borrower is not None:
            meant &= lent_to(loans, self.borrower)
        return meant & named(loans, self.search) if self.search else meant


def lent_to(loans: Block, borrower: str) -> Any:
    """Which of these loans are lent to who bears exactly this name: true or false of each."""
    if not is_storable(borrower):
        return np.zeros(len(loans), dtype=bool)
    return pc.equal(loans.borrowers, borrower).to_numpy(zero_copy_only=False)


def named(loans: Block, part: str) -> Any:
    """Of which of these loans the reference or the borrower has this part: true or false of each."""
    if not is_storable(part):
        return np.zeros(len(loans), dtype=bool)
    found = [pc.match_substring(column, lowered(part).as_py()) for column in loans.lowered]
    return pc.or_(*found).to_numpy(zero_copy_only=False)


def _between(values: Any, least: int | None, most: int | None) -> Any:
    meant = np.True_
    if least is not None:
        meant = values >= least
    if most is not None:
        meant = meant & (values <= most)
    return meant


@dataclass(frozen=True)
class Place:
    """Where a page of a sorted list ends: the last row's value of the sorted column, None for none, and its id."""

    value: Any
    id: int


def place_of(statement: Statement, column: str) -> Place:
    """Where a loan stands in a list that is sorted by a column, whether it is on the list or not."""
    loan, status = statement.loan, statement.status
    if column == "paid_share":
        return Place(status.total_amount_paid / status.total_due, loan.id)
    return Place(getattr(status if hasattr(status, column) else loan, column), loan.id)


@dataclass(frozen=True)
class Subtotal:
    """What the loans of a selection come to in one currency, in minor units."""

    loans: int
    outstanding_principal: int
    arrears: int


@dataclass(frozen=True)
class LoanPage:
    """Some rows of a list, as ``Book.loans`` gives them, and what all of it comes to.

    ``count``: how many loans are meant in all, and ``by_currency`` what they come to, the currency of most of them
    first. ``end`` None: these are the last.
    """

    rows: pd.DataFrame
    count: int
    by_currency: Mapping[str, Subtotal]
    revision: int
    end: Place | None


def subtotals(parts: Sequence[Part]) -> dict[str, Subtotal]:
    """What some rows of blocks come to by currency, the currency of most loans first."""
    places = len(CODES)
    loans, sums = np.zeros(places, dtype=np.int64), np.zeros((2, 2, places), dtype=np.int64)
    for block, at, rows in parts:
        codes = block.currencies[rows]
        loans += np.bincount(codes, minlength=places)
        sums += np.stack([parts_by(codes, each[rows], places) for each in (at.outstanding_principal, at.arrears)])
    found = {
        CODES[code]: Subtotal(int(loans[code]), *(whole(each) for each in sums[..., code]))
        for code in np.flatnonzero(loans)
    }
    return {code: found[code] for code in most_first({code: each.loans for code, each in found.items()})}
