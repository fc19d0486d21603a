"""What looks wrong in a book on a day, and what somebody has looked at and acknowledged as right.

A finding is known by what it is about: its kind, its loan and its facts. Time alone does not change them; where one of
them changes, it is another finding, and is asked again.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from loan_core import exchange
from loan_core.calculation import sanity
from loan_core.calculation.names import nearly_equal
from loan_core.errors import AcknowledgementNotFound, FindingNotFound
from loan_core.models import Acknowledgement
from loan_core.recording import loan_by_id
from loan_core.standing import Standing
from loan_core.writing import Write

SENTENCES = sanity.SENTENCES | {
    "names_nearly_agree": "There are loans to {name} and to {other}. Is that one borrower?",
}
KINDS = tuple(SENTENCES)
MONEY = ("amount", "left", "remaining", "installment", "arrears")
"""The figures that are money, in minor units."""
COLUMNS = ("kind", "loan_reference", "borrower", "currency", "on", *MONEY, "days", "installments", "days_past_due")
COLUMNS_MORE = ("annual_rate_ppm", "other_borrower", "acknowledged_by", "acknowledged_at")
DAYS_REMEMBERED = 2
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
        return SENTENCES[self.kind]

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


def found_in(loans: Standing) -> list[Finding]:
    """Everything that looks wrong in these loans, kind by kind, in the order of the loans."""
    found = [each for mine in loans.by_currency().values() for each in _of_currency(mine)]
    found += _names(loans)
    order = {kind: place for place, kind in enumerate(KINDS)}
    return _with_facts(sorted(found, key=lambda each: (order[each.kind], each.loan_id)))


def _of_currency(loans: Standing) -> Iterator[Finding]:
    standing = sanity.stands(loans.receipts)
    found = sanity.findings(loans.terms, loans.receipts, standing, np.datetime64(loans.as_of, "D"))
    for kind, each in found.items():
        figures = {name: column.tolist() for name, column in each.figures.items()}
        received = loans.receipts.received_on[each.receipt].tolist() if len(each.receipt) else [None] * len(each)
        for place, row in enumerate(each.loan.tolist()):
            said = {name: column[place] for name, column in figures.items()}
            on = loans.as_of - timedelta(days=said["days"]) if kind == "no_repayment_for_long" else received[place]
            yield _finding(kind, loans, row, on, said)


def _names(loans: Standing) -> Iterator[Finding]:
    rows: dict[str, int] = {}
    for row, name in enumerate(loans.borrowers.tolist()):
        rows.setdefault(name, row)
    for name, other in nearly_equal(rows):
        yield _finding("names_nearly_agree", loans, rows[name], None, {"name": name, "other": other})


def _finding(kind: str, loans: Standing, row: int, on: date | None, figures: dict[str, Any]) -> Finding:
    reference, borrower = str(loans.references[row]), str(loans.borrowers[row])
    return Finding(kind, int(loans.ids[row]), reference, borrower, str(loans.currencies[row]), on, figures)


def _with_facts(found: Sequence[Finding]) -> list[Finding]:
    """Of findings that are alike in all, as when a sum came in three times on a day, each is one more."""
    seen: Counter[tuple[int, str]] = Counter()
    marked = []
    for each in found:
        figures = {**each.figures, "times_too_long": each.figures.get("days", 0) // sanity.SILENT_DAYS}
        said = "\n".join([each.kind, str(each.on), *(str(figures[name]) for name in _FACTS[each.kind])])
        seen[each.loan_id, said] += 1
        marked.append(replace(each, facts=sha256(f"{said}\n{seen[each.loan_id, said]}".encode()).hexdigest()))
    return marked


class Inboxes:
    """What was found on the last days that were asked about, as long as the book is the same."""

    def __init__(self, edition: Callable[[], tuple[str, int]], standing: Callable[[date], Standing]) -> None:
        self._edition, self._standing = edition, standing
        self._found: OrderedDict[tuple[tuple[str, int], date], list[Finding]] = OrderedDict()
        self._lock = Lock()

    def on(self, as_of: date) -> list[Finding]:
        with self._lock:
            asked = self._edition(), as_of
            found = self._found.pop(asked, None)
            if found is None:
                loans = self._standing(as_of)
                asked = (asked[0][0], loans.revision), as_of
                found = found_in(loans)
            self._found[asked] = found
            if len(self._found) > DAYS_REMEMBERED:
                self._found.popitem(last=False)
            return found


def page(
    found: Sequence[Finding],
    acknowledged: Mapping[tuple[int, str, str], Acknowledgement],
    kind: str | None,
    is_acknowledged: bool,
    limit: int,
    offset: int,
) -> Inbox:
    """Some of what was found: what is open, or what was acknowledged."""
    open_ones = [each for each in found if each.key not in acknowledged]
    kinds = Counter(each.kind for each in open_ones)
    listed = [each for each in found if each.key in acknowledged] if is_acknowledged else open_ones
    meant = [each for each in listed if kind in (None, each.kind)]
    rows = [replace(each, acknowledged=acknowledged.get(each.key)) for each in meant[offset : offset + limit]]
    counted = {each: kinds[each] for each in KINDS if kinds[each]}
    return Inbox(rows, counted, len(meant), len(found) - len(open_ones))


def csv(found: Sequence[Finding]) -> Iterator[bytes]:
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


def standing_acknowledgements(session: Session) -> dict[tuple[int, str, str], Acknowledgement]:
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
    known = 0 < acknowledgement_id < 2**63
    found = write.session.get(Acknowledgement, acknowledgement_id) if known else None
    if found is None:
        raise AcknowledgementNotFound(acknowledgement_id)
    found.undone_at = found.undone_at or write.at
    return found
