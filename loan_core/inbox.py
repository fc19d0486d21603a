"""What looks wrong in a book: what is open, and what somebody has looked at and acknowledged as right.

A finding is known by what it is about: its kind, its loan and its facts. Time alone does not change them; where one of
them changes, it is another finding, and is asked again.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from loan_core import exchange
from loan_core.calculation.sanity import SILENT_DAYS
from loan_core.errors import AcknowledgementNotFound, FindingNotFound
from loan_core.findings import AGREED, KINDS, MONEY, ByKind, sentence
from loan_core.models import Acknowledgement, is_id
from loan_core.recording import loan_by_id
from loan_core.writing import Write

COLUMNS = ("kind", "loan_reference", "borrower", "currency", "on", *MONEY, "days", "installments", "days_past_due")
COLUMNS_MORE = ("annual_rate_ppm", "other_borrower", "acknowledged_by", "acknowledged_at")
ROWS_AT_ONCE = 1_000
# Which figures are facts. Days go by, and arrears grow with them: of a silence that was acknowledged it counts only how
# many times as long as it may be it has become.
_FACTS = {
    "same_amount_twice": ("amount", "days"),
    "above_what_was_left": ("amount", "left"),
    "many_installments_at_once": ("amount", "installments"),
    "almost_paid_off": ("remaining",),
    "no_repayment_for_long": ("times_too_long",),
    "rate_below_one_percent": ("annual_rate",),
    "names_nearly_agree": ("name", "other"),
}
_SHA256 = re.compile("[0-9a-f]{64}")

Acknowledged = Mapping[tuple[int, str, str], Acknowledgement]
"""What was acknowledged and not taken back, by loan, kind and facts."""


@dataclass(frozen=True)
class Finding:
    """Something to ask about a loan: ``sentence`` has its ``figures`` by name. ``on``: the day that it is about."""

    kind: str
    loan_id: int
    loan_reference: str
    borrower: str
    currency: str
    on: date | None
    figures: Mapping[str, Any] = field(hash=False)
    facts: str = ""
    acknowledged: Acknowledgement | None = None

    @property
    def sentence(self) -> str:
        return sentence(self.kind, self.figures)

    @property
    def key(self) -> tuple[int, str, str]:
        return self.loan_id, self.kind, self.facts


@dataclass(frozen=True)
class Inbox:
    """A page of findings, how many are open of each kind, and how many were acknowledged."""

    rows: Sequence[Finding]
    kinds: Mapping[str, int]
    count: int
    acknowledged: int


class Listed:
    """What is open, or what was acknowledged, of all that was ``found``: of a kind and a currency, or of all.

    ``kinds``: how many are open of each kind; ``acknowledged``: how many are not.
    """

    def __init__(
        self, found: ByKind, known: Acknowledged, currency: str | None, kind: str | None, is_acknowledged: bool
    ) -> None:
        self._known = known
        is_right = {each: _acknowledged(each, table, known) for each, table in found.items()}
        is_meant = {each: _is_of(currency, table) for each, table in found.items()}
        open_ones = {each: np.flatnonzero(meant & ~is_right[each]) for each, meant in is_meant.items()}
        right = {each: np.flatnonzero(meant & is_right[each]) for each, meant in is_meant.items()}
        listed = right if is_acknowledged else open_ones
        self._listed = [(each, found[each], rows) for each, rows in listed.items() if kind in (None, each)]
        self.kinds = {each: len(rows) for each, rows in open_ones.items() if len(rows)}
        self.acknowledged = sum(map(len, right.values()))

    def __len__(self) -> int:
        return sum(len(rows) for *_, rows in self._listed)

    def __iter__(self) -> Iterator[Finding]:
        for start in range(0, len(self), ROWS_AT_ONCE):
            yield from self._some(start, start + ROWS_AT_ONCE)

    def page(self, limit: int, offset: int) -> Inbox:
        return Inbox([*self._some(offset, offset + limit)], self.kinds, len(self), self.acknowledged)

    def _some(self, start: int, stop: int) -> Iterator[Finding]:
        for kind, table, rows in self._listed:
            for each in _findings(kind, table, rows[max(start, 0) : max(stop, 0)]):
                yield replace(each, acknowledged=self._known.get(each.key))
            start, stop = start - len(rows), stop - len(rows)


def _is_of(currency: str | None, table: pa.Table) -> Any:
    return np.array(pc.equal(table["currency"], currency)) if currency else np.ones(len(table), bool)


def _acknowledged(kind: str, table: pa.Table, known: Acknowledged) -> Any:
    """Which findings of a kind were acknowledged: true or false of each."""
    loans = [loan for loan, of_kind, _ in known if of_kind == kind]
    rows = np.flatnonzero(np.isin(table["loan_id"], loans))
    is_right = np.zeros(len(table), bool)
    is_right[rows] = [each.key in known for each in _findings(kind, table, rows)]
    return is_right


def _findings(kind: str, table: pa.Table, rows: Any) -> list[Finding]:
    """The findings in some rows of a table, in their order."""
    if not len(rows):
        return []
    # Those that are alike in all, as when a sum came in three times on a day, are told apart by their order: which of
    # them one is, is known among all of its loan's.
    loans = table["loan_id"].to_numpy()
    first, last = np.searchsorted(loans, loans[rows[0]]), np.searchsorted(loans, loans[rows[-1]], "right")
    among = first + np.flatnonzero(np.isin(loans[first:last], loans[rows]))
    alike: Counter[tuple[int, str]] = Counter()
    found = [_finding(kind, each, alike) for each in table.take(among).to_pylist()]
    return [found[place] for place in np.searchsorted(among, rows)]


def _finding(kind: str, row: dict[str, Any], alike: Counter[tuple[int, str]]) -> Finding:
    agreed = {name: row.pop(name) for name in AGREED}
    figures = {**row, "times_too_long": row.get("days", 0) // SILENT_DAYS}
    said = "\n".join([kind, str(agreed["on"]), *(str(figures[name]) for name in _FACTS[kind])])
    alike[agreed["loan_id"], said] += 1
    facts = sha256(f"{said}\n{alike[agreed['loan_id'], said]}".encode()).hexdigest()
    return Finding(kind=kind, **agreed, figures=row, facts=facts)


def findings_csv(found: Iterable[Finding]) -> Iterator[bytes]:
    """Findings as a file, a row each: of its figures those that its kind has."""
    columns = (*COLUMNS, *COLUMNS_MORE)
    return exchange.csv_lines(columns, map(_row, found), money=MONEY)


def _row(found: Finding) -> dict[str, Any]:
    by = found.acknowledged
    named = {"annual_rate": "annual_rate_ppm", "other": "other_borrower"}
    said = {named.get(name, name): value for name, value in found.figures.items()}
    signed = {"acknowledged_by": by.recorded_by, "acknowledged_at": by.created_at} if by else {}
    plain = {name: getattr(found, name) for name in COLUMNS[:5]}
    return dict.fromkeys((*COLUMNS, *COLUMNS_MORE)) | plain | said | signed


def standing_acknowledgements(session: Session) -> Acknowledged:
    rows = session.scalars(select(Acknowledgement).where(Acknowledgement.undone_at.is_(None)))
    return {(each.loan_id, each.kind, each.facts): each for each in rows}


def acknowledge(write: Write, loan_id: int, kind: str, facts: str, recorded_by: str) -> Acknowledgement:
    """Keep that a finding is right; twice is once. No figure of the book changes, and its revision stays."""
    loan = loan_by_id(write.session, loan_id)
    if kind not in KINDS or not _SHA256.fullmatch(facts):
        raise FindingNotFound(kind)
    found = select(Acknowledgement).filter_by(loan_id=loan.id, kind=kind, facts=facts, undone_at=None)
    earlier = write.session.scalar(found)
    if earlier is not None:
        return earlier
    made = Acknowledgement(
        id=write.next_id(Acknowledgement),
        loan_id=loan.id,
        kind=kind,
        facts=facts,
        recorded_by=recorded_by,
        created_at=write.at,
    )
    write.add(made)
    return made


def withdraw(write: Write, acknowledgement_id: int) -> Acknowledgement:
    """Take an acknowledgement back: what it was about is asked again. Twice is once."""
    found = write.session.get(Acknowledgement, acknowledgement_id) if is_id(acknowledgement_id) else None
    if found is None:
        raise AcknowledgementNotFound(acknowledgement_id)
    found.undone_at = found.undone_at or write.at
    return found
