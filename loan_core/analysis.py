"""What an analyst asks of loans on a day. Every answer is made of one snapshot: of one day and of one revision.

An answer is computed when it is first asked for, and remembered. Voided loans count in none, and each currency answers
for itself. Figures of loans add up: they are made block by block, of the columns that the book has in memory anyway.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import add
from threading import Lock, RLock
from typing import Any, TypeVar

import numpy as np

from loan_core.blocks import Block, joined, most_first
from loan_core.calculation.collection import Collections, Period, collections
from loan_core.calculation.concentration import (
    RATE_EDGES_PPM,
    TERM_EDGES,
    Histogram,
    Owed,
    borrowers,
    histogram,
    size_edges,
    term_in_months,
)
from loan_core.calculation.heat_map import HeatBands, HeatMap, heat_bands, heat_map
from loan_core.calculation.money import CURRENCIES
from loan_core.calculation.of_each import Figure
from loan_core.calculation.position import State
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.risk import Risk, risks
from loan_core.calculation.rolling import Moves, moves
from loan_core.calculation.schedule import Terms
from loan_core.calculation.vintages import Vintages, vintages
from loan_core.errors import LoanNotFound
from loan_core.explained import Asked, Explained, explained
from loan_core.memory import in_parallel
from loan_core.selection import Selection
from loan_core.snapshot import Part, Snapshot
from loan_core.standing import Standing

LOANS_REMEMBERED = 1_000_000
"""Analyses of so many loans in all are remembered; the latest one always is."""
ANALYSES_REMEMBERED = 32
EXPLANATIONS_REMEMBERED = 2
"""Of each analysis: who turns the pages of one, and who turns those of another."""

Answer = TypeVar("Answer")
Sum = TypeVar("Sum", Collections, Vintages, HeatBands, Risk, Moves)


@dataclass(frozen=True)
class Concentration:
    """The borrowers who owe most, the largest first, and their ``share`` of the gross portfolio.

    ``top``: the name as it is written, or the id of a loan without one, and what is owed. ``borrowers``: of how many.
    """

    top: Sequence[tuple[str | int, Owed]]
    share: float | None
    gross_portfolio: int
    borrowers: int


class Analysis:
    """The loans of one currency on a day: what an analyst asks of them. Threads may share it."""

    def __init__(self, snapshot: Snapshot, currency: str, parts: Sequence[Part]) -> None:
        self.as_of, self.revision, self.currency = snapshot.as_of, snapshot.revision, currency
        self._snapshot, self._parts = snapshot, parts
        self._known: dict[Hashable, Any] = {}
        self._lock = RLock()

    def __len__(self) -> int:
        return sum(len(part.rows) for part in self._parts)

    @property
    def loans(self) -> Standing:
        """The loans themselves, with everything that calculation takes of them: the rows behind every answer."""
        return Standing.of_parts(self._snapshot, self._parts)

    def reference(self, loan_id: int) -> str:
        """What the lender calls one of the loans; ``LoanNotFound``."""
        return str(self._named([loan_id]).references[0].as_py())

    @property
    def collections(self) -> Collections:
        """What they have collected, month by month, through the day."""
        return self._once("collections", lambda: self._added(collections))

    @property
    def months(self) -> list[Period]:
        """Each month of it by itself, without a gap."""
        return self._once("months", self.collections.by_month)

    def collected(self, first: date, last: date) -> Period:
        """The months from ``first`` through ``last``, any days of theirs, as one period: not the sum of its months."""
        return self.collections.over(np.datetime64(first, "M"), np.datetime64(last, "M"))

    def risks(self, days: Sequence[date]) -> list[Risk]:
        """What was at risk at the end of each of some days, none of which is after ``as_of``."""
        with self._lock:
            known: dict[date, Risk] = self._known.setdefault("risks", {})
            if new := [day for day in days if day not in known]:
                found = self._each_added(risks, new)
                known.update(zip(new, found, strict=True))
            return [known[day] for day in days]

    def moves(self, days: Sequence[date]) -> list[Moves]:
        """How they moved between the ages of their arrears from each of these days to the next."""
        asked = tuple(days)
        return self._once(("moves", asked), lambda: self._each_added(moves, asked))

    @property
    def vintages(self) -> Vintages:
        """By the month they began, what share was ever late."""
        return self._once("vintages", lambda: self._added(vintages))

    @property
    def heat_bands(self) -> HeatBands:
        """How many of them were how late in each month."""
        return self._once("heat bands", lambda: self._added(heat_bands))

    def heat_map(self, loan_ids: Sequence[int]) -> HeatMap:
        """How late each of these loans was, month by month, in this order: a thousand loans, not a book.

        ``LoanNotFound`` for a loan that is none of them.
        """
        found = self._named(loan_ids)
        return heat_map(found.terms, found.receipts, np.datetime64(self.as_of, "D"))

    def concentration(self) -> Concentration:
        """The borrowers who owe most, and how much of the whole."""

        def concentrated() -> Concentration:
            names = [name for part in self._parts for name in part.borrowers()]
            state = np.concatenate([part.at.state[part.rows] for part in self._parts])
            outstanding = np.concatenate([part.at.outstanding_principal[part.rows] for part in self._parts])
            owed = borrowers(names, state, outstanding)
            return Concentration(owed.top(), owed.share(), owed.gross_portfolio, len(owed.owed))

        return self._once("concentration", concentrated)

    @property
    def histograms(self) -> dict[str, Histogram]:
        """Active loans by ``rate`` (ppm a year), by ``size`` (the amount lent, minor units) and by ``term`` (months).

        ``amount`` is their outstanding principal: over each histogram it sums to the gross portfolio.
        """

        def spread() -> dict[str, Histogram]:
            found = list(map(self._histograms, self._parts))
            return {name: reduce(add, [each[name] for each in found]) for name in found[0]}

        return self._once("histograms", spread)

    def explained(self, figure: Figure, first: date, last: date) -> Explained:
        """The loans that a figure is the sum of; one of a period, of the days from ``first`` through ``last``."""
        asked = Asked(self.currency, self.as_of, self.revision, first, last)
        largest = [name for name, _ in self.concentration().top] if figure.of_the_largest else []
        with self._lock:
            known: dict[tuple[str, date, date], Explained] = self._known.setdefault("explained", {})
            key = (figure.key, first, last)
            known[key] = known.pop(key) if key in known else explained(figure, self._parts, asked, largest)
            while len(known) > EXPLANATIONS_REMEMBERED:
                del known[next(iter(known))]
            return known[key]

    def _once(self, key: Hashable, compute: Callable[[], Answer]) -> Answer:
        """Of many who ask at once, one computes."""
        with self._lock:
            if key not in self._known:
                self._known[key] = compute()
            answer: Answer = self._known[key]
            return answer

    def _named(self, loan_ids: Sequence[int]) -> Block:
        """These loans, in this order; ``LoanNotFound``."""
        wanted = np.array(loan_ids, np.int64)
        rows = [(part.loans, part.rows[np.isin(part.loans.ids[part.rows], wanted)]) for part in self._parts]
        found: Block = joined([block[some] for block, some in rows if len(some)] or [Block.empty()])
        for loan_id in wanted[~np.isin(wanted, found.ids)].tolist():
            raise LoanNotFound(loan_id)
        return found[np.searchsorted(found.ids, wanted)]

    def _added(self, answer: Callable[[Terms, Receipts, np.datetime64], Sum]) -> Sum:
        """The answer of all the loans, from those of their parts."""
        day = np.datetime64(self.as_of, "D")
        return reduce(add, in_parallel(lambda part: answer(part.terms, part.receipts, day), self._parts))

    def _each_added(
        self, answers: Callable[[Terms, Receipts, Sequence[np.datetime64]], list[Sum]], days: Sequence[date]
    ) -> list[Sum]:
        """The same of several answers, one or so for each of the days."""
        on = [np.datetime64(day, "D") for day in days]
        found = in_parallel(lambda part: answers(part.terms, part.receipts, on), self._parts)
        return [reduce(add, each) for each in zip(*found, strict=True)]

    def _histograms(self, part: Part) -> dict[str, Histogram]:
        active = part.rows[part.at.state[part.rows] == State.ACTIVE]
        terms, owed = part.loans.terms[active], part.at.outstanding_principal[active]
        values = {
            "rate": (terms.annual_rate_ppm, RATE_EDGES_PPM),
            "size": (terms.principal, size_edges(CURRENCIES[self.currency].exponent)),
            "term": (term_in_months(terms), TERM_EDGES),
        }
        return {name: histogram(*each, owed) for name, each in values.items()}


def by_currency(snapshot: Snapshot, selection: Selection) -> dict[str, Analysis]:
    """An analysis for each currency of the loans that are meant, that of most loans first; none where none is meant."""
    parts: dict[str, list[Part]] = {}
    for block, at in snapshot:
        is_meant = selection.among(block, at) & ~block.is_voided
        for code, rows in block.rows_by_currency.items():
            if len(meant := rows[is_meant[rows]]):
                parts.setdefault(code, []).append(Part(block, at, meant))
    found = {code: Analysis(snapshot, code, mine) for code, mine in parts.items()}
    return {code: found[code] for code in most_first({code: len(each) for code, each in found.items()})}


class Analyses:
    """The last few, by what was asked, for as long as the book is the same: a rerun of a page costs nothing."""

    def __init__(self, edition: Callable[[], tuple[str, int]], on: Callable[[date], Snapshot]) -> None:
        self._edition, self._on = edition, on
        self._known: dict[tuple[tuple[str, int], date, Selection], dict[str, Analysis]] = {}
        self._lock, self._making = Lock(), Lock()

    def of(self, as_of: date, selection: Selection) -> dict[str, Analysis]:
        """By currency, the analysis of the loans that are meant, as the book is now."""
        found = self._remembered(as_of, selection)
        if found is not None:
            return found
        # One is made at a time: who asks for the same finds it, and two big ones do not meet in memory.
        with self._making:
            found = self._remembered(as_of, selection)
            return self._made(as_of, selection) if found is None else found

    def _remembered(self, as_of: date, selection: Selection) -> dict[str, Analysis] | None:
        edition = self._edition()
        with self._lock:
            # What is of an older revision nobody will ask for again.
            self._known = {asked: each for asked, each in self._known.items() if asked[0] == edition}
            found = self._known.pop((edition, as_of, selection), None)
            if found is not None:
                self._known[edition, as_of, selection] = found
            return found

    def _made(self, as_of: date, selection: Selection) -> dict[str, Analysis]:
        book_id, _ = self._edition()
        snapshot = self._on(as_of)
        made = by_currency(snapshot, selection)
        with self._lock:
            self._known[(book_id, snapshot.revision), as_of, selection] = made
            self._forget_oldest()
        return made

    def _forget_oldest(self) -> None:
        def loans() -> int:
            return sum(len(each) for analyses in self._known.values() for each in analyses.values())

        while len(self._known) > 1 and (len(self._known) > ANALYSES_REMEMBERED or loans() > LOANS_REMEMBERED):
            del self._known[next(iter(self._known))]
