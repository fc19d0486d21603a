"""What one can ask of all the loans of a book: as it is, or as it was known at an instant."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

from loan_core import exchange
from loan_core.analysis import Analyses, Analysis
from loan_core.answers import LoanStatus, Portfolio, Statement, curve, loan_status
from loan_core.calculation.calendar import Collected
from loan_core.calculation.figures import figure_of
from loan_core.errors import FigureNotFound, LoanNotFound
from loan_core.explained import Explained
from loan_core.known import Known
from loan_core.lists import List, find
from loan_core.recording import loan_by_id
from loan_core.selection import LoanPage, Place, Selection, place_of
from loan_core.standing import Standing
from loan_core.store import Store
from loan_core.whole_book import BookThen, Remembered, WholeBook

VIEWS_REMEMBERED = 2
LOANS_REMEMBERED = 1_000_000
"""Views of so many loans in all are remembered, though what they share with the book costs little; the latest is."""


class Asking:
    """Questions of a whole book. Every answer is of one day and of one revision."""

    def __init__(self, store: Store, whole: Remembered, edition: Callable[[], tuple[str, int]]) -> None:
        self._store, self._whole = store, whole
        self._analyses = Analyses(edition, whole.on)

    def currencies(self) -> list[str]:
        """The currencies of the loans that stand, that of most loans first."""
        return self._whole.currencies()

    def start_months(self) -> list[date]:
        """The first days of the months in which the loans that stand began, the newest first."""
        return self._whole.start_months()

    def loans(self, as_of: date, **meant: Any) -> pd.DataFrame:
        """The loans that are meant, by the fields of ``Selection``, in the order of their ids.

        Each row is a loan as agreed with every field of its status. Of many loans ``loan_page`` gives some.
        """
        with self._store.read() as session:
            found = List(self._whole.seen_by(session, as_of), Selection(**meant), self._whole.known)
            return pd.concat(found.in_turn(session), ignore_index=True)

    def loan_page(
        self,
        as_of: date,
        sort: str = "id",
        after: Place | None = None,
        limit: int = 100,
        offset: int = 0,
        **meant: Any,
    ) -> LoanPage:
        """The loans that are meant, sorted by one of ``SORTS``, ``limit`` of them from ``offset`` or ``after`` on."""
        with self._store.read() as session:
            found = List(self._whole.seen_by(session, as_of), Selection(**meant), self._whole.known)
            return found.page(session, sort, after, limit, offset)

    def beside(self, statement: Statement, sort: str = "id", **meant: Any) -> tuple[int | None, int | None]:
        """The loans before and after this one in a list, as ``loan_page`` sorts it, by their ids; None at its ends.

        The loan itself need not be among those that are meant: it has its place in their order all the same.
        """
        opposite = sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"
        place = place_of(statement, sort.removeprefix("-"))
        with self._store.read() as session:
            found = List(self._whole.seen_by(session, statement.status.as_of), Selection(**meant), self._whole.known)
        before, after = (found.next_to(place, order) for order in (opposite, sort))
        # What has no value stands last in either direction: it is not before what has one.
        is_beyond = before is not None and before.value is None and place.value is not None
        return None if before is None or is_beyond else before.id, None if after is None else after.id

    def find_loans(self, text: str = "", limit: int = 20) -> pd.DataFrame:
        """Loans to choose from: ``id, reference, borrower`` of those whose id it is, or whose names it is part of."""
        return find(self._whole.blocks(), text, limit)

    def standing(self, as_of: date, **meant: Any) -> Standing:
        """The loans that are meant, by the fields of ``Selection``, with everything that calculation takes of them."""
        return Standing.of(self._whole.on(as_of), Selection(**meant))

    def analysis(self, as_of: date, **meant: Any) -> dict[str, Analysis]:
        """By currency, that of most loans first, what an analyst asks of the loans that are meant: all of one revision.

        The same until the book is written to. {} where no loan is meant.
        """
        return self._analyses.of(as_of, Selection(**meant))

    def explain(
        self, key: str, as_of: date, first: date | None = None, last: date | None = None, *, currency: str, **meant: Any
    ) -> Explained | None:
        """How a figure of ``figure_of`` comes about: its meaning, and the loans of a currency that it is the sum of.

        Of a period, the days from ``first`` through ``last`` and no later than ``as_of``: unless given, the calendar
        month so far. None where no loan is meant; ``FigureNotFound``.
        """
        figure = figure_of(key)
        if figure is None:
            raise FigureNotFound(key)
        loans = self.analysis(as_of, currency=currency, **meant).get(currency)
        last = min(last or as_of, as_of)
        first = min(first or last.replace(day=1), last)
        return loans.explained(figure, first, last) if loans is not None else None

    def portfolio(self, as_of: date, **meant: Any) -> Portfolio:
        """What the book comes to on a day, each currency by itself; ``meant`` as in ``portfolios``."""
        return self.portfolios([as_of], **meant)[0]

    def portfolios(self, days: Sequence[date], *, chosen_on: date | None = None, **meant: Any) -> list[Portfolio]:
        """What the book comes to on each of these days, all of one revision.

        With any field of ``Selection``, the loans that are meant on ``chosen_on``, the last of the days unless given:
        the same ones are counted on every day.
        """
        revision, totals = self._whole.totals(days, chosen_on or max(days), Selection(**meant))
        return [Portfolio(day, revision, by_currency) for day, by_currency in zip(days, totals, strict=True)]

    def curves(self, as_of: date, **meant: Any) -> dict[str, pd.DataFrame]:
        """By currency, what was expected and received by each month's end: ``on, expected, received``, both running.

        From the first month to the last one in which anything falls due; one row is ``as_of`` itself, and after it
        nothing is ``received``. Of the loans that are meant on that day.
        """
        found = self._whole.calendars(as_of, Selection(**meant))
        return {code: curve(calendar, as_of) for code, calendar in found.items()}

    def collections(
        self, periods: Sequence[tuple[date, date]], *, chosen_on: date | None = None, **meant: Any
    ) -> list[dict[str, Collected]]:
        """By currency, what fell due in each of these periods and what came in during it, both days inclusive.

        Of the loans that are meant on ``chosen_on``: the end of the last period unless given.
        """
        found = self._whole.calendars(chosen_on or max(last for _, last in periods), Selection(**meant))
        spans = [(np.datetime64(first, "D"), np.datetime64(last, "D")) for first, last in periods]
        return [{code: each.between(*span) for code, each in found.items()} for span in spans]

    @exchange.at_once
    def export_loans(self, as_of: date, loan_id: int | None = None, sort: str = "id", **meant: Any) -> Iterator[bytes]:
        """A CSV of loans with their status on a day: of one, or of those that are meant, sorted as by ``loan_page``."""
        with self._store.read() as session:
            found = List(self._whole.seen_by(session, as_of), Selection(**meant), self._whole.known)
            one = None if loan_id is None else loan_by_id(session, loan_id).id
            parts = found.in_turn(session, sort) if one is None else [found.one(session, one)]
            yield from loan_lines(parts, as_of)


class BookAsKnown(Asking):
    """A book as it was known at a revision, to be asked and not to be written to.

    ``revision`` is the last that was written by the instant ``at``.
    """

    def __init__(self, store: Store, then: BookThen) -> None:
        super().__init__(store, then, lambda: ("", self.revision))
        self.then = then

    @property
    def revision(self) -> int:
        return self.then.known.revision

    @property
    def at(self) -> datetime | None:
        return self.then.known.at

    def status(self, loan_id: int, as_of: date) -> LoanStatus:
        """Where a loan stood at the end of a day, by what was known of it; ``LoanNotFound`` if the loan was not."""
        with self._store.read() as session:
            loan, snapshot = loan_by_id(session, loan_id), self._whole.seen_by(session, as_of)
        for block, at in snapshot:
            for row in block.rows_of([loan_id]):
                return replace(loan_status(loan, at[row], as_of), revision=min(loan.revision, self.revision))
        raise LoanNotFound(loan_id)


class Then:
    """The last few views of a book as it was known: whoever asks for one again finds it."""

    def __init__(self, store: Store, whole: WholeBook) -> None:
        self._store, self._whole = store, whole
        self._known: OrderedDict[tuple[str, Known], BookAsKnown] = OrderedDict()
        self._lock = Lock()

    def as_known(self, book_id: str, known: Known) -> BookAsKnown:
        with self._lock:
            view = self._known.pop((book_id, known), None)
            if view is None:
                view = BookAsKnown(self._store, self._whole.as_known(known))
            self._known[book_id, known] = view
            while len(self._known) > 1 and self._is_too_much():
                self._known.popitem(last=False)
            return view

    def _is_too_much(self) -> bool:
        loans = sum(view.then.loans for view in self._known.values())
        return len(self._known) > VIEWS_REMEMBERED or loans > LOANS_REMEMBERED


def loan_lines(parts: Iterable[pd.DataFrame], as_of: date) -> Iterator[bytes]:
    rows = (row for part in parts for row in exchange.records(part.assign(as_of=as_of)))
    return exchange.csv_lines(exchange.LOANS_OUT, rows)
