"""The loan book: everything one can ask of it, and everything one can do to it.

Doing (``doing``): a verb is one transaction, and safe to repeat under its ``reference``. Asking: a noun takes the day
it is asked about, of all the loans (``asking``) or, here, of one. Nothing splits a repayment or keeps a balance: they
follow from what was received.
"""

from collections.abc import Iterator
from datetime import date, datetime
from functools import lru_cache, partial
from threading import Lock
from typing import Any

import msgspec
import pandas as pd
from sqlalchemy import Date, bindparam, func, inspect, select, true
from sqlalchemy.orm import Session

from loan_core import batches, exchange, ledger, since
from loan_core.answers import LoanStatus, Quote, RepaymentPage, RepaymentPreview, Statement
from loan_core.asking import Asking, BookAsKnown, Then, loan_lines
from loan_core.cache import Cache, Version
from loan_core.calculation.position import Thresholds
from loan_core.doing import Doing
from loan_core.entries import LOAN_FIELDS, check_names, loan_entry
from loan_core.errors import LoanNotFound
from loan_core.findings import Findings
from loan_core.inbox import Inbox, Listed, findings_csv, standing_acknowledgements
from loan_core.installments import installments
from loan_core.known import at_instant, at_revision
from loan_core.lists import List
from loan_core.models import Batch, Edition, Loan, id_in, is_id
from loan_core.recording import loan_by_id, loans_by_reference
from loan_core.selection import Selection
from loan_core.settings import Settings
from loan_core.statements import preview_of, schedule_of, statement_of, status_of
from loan_core.store import Store, edition
from loan_core.whole_book import WholeBook

# What is asked for again and again is read once.
_read_status = lru_cache(maxsize=1_024)(msgspec.json.Decoder(LoanStatus).decode)
_VERSION = select(Edition.book_id, Loan.revision).join(Loan, true()).where(Loan.id == bindparam("loan_id"))
_DEMO = select(func.max(Batch.id)).where(Batch.kind == bindparam("kind"), Batch.undone_at.is_(None))
_CURRENCY = select(Loan.currency).where(Loan.id == bindparam("loan_id"))
_STATUS = (
    select(*inspect(Loan).columns, Edition.book_id, ledger.paid_through(bindparam("as_of")))
    .join(Edition, true())
    .where(Loan.id == bindparam("loan_id"))
)
_LOAN_COLUMNS = inspect(Loan).columns.keys()
_RECORDED = (
    select(Loan.currency, func.sum(ledger.paid_through(bindparam("as_of", type_=Date))))
    .where(Loan.voided_at.is_(None))
    .group_by(Loan.currency)
)


class _Turn:
    """Who computes a status is alone, and ``over`` counts: whoever sees it move may find what was remembered."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.over = 0


class Book(Doing, Asking):
    """The loans of one database."""

    def __init__(self, store: Store, settings: Settings | None = None, cache: Cache | None = None) -> None:
        self._settings = settings or Settings()
        self.cache = cache or Cache.at("off")
        store.after_commit = self.cache.forget
        self._turns = [_Turn() for _ in range(64)]
        whole = WholeBook(store, self._settings.thresholds, self._settings.memory_mb)
        super().__init__(store, whole, store.edition)
        self._then = Then(store, whole)
        self._findings = Findings(whole.blocks)

    @property
    def thresholds(self) -> Thresholds:
        return self._settings.thresholds

    @property
    def is_near(self) -> bool:
        """Whether to ask for one loan's status takes less time than to ask another thread to ask."""
        return self._store.is_near

    @property
    def default_currency(self) -> str:
        return self._settings.currency

    def close(self) -> None:
        self._store.close()
        self.cache.close()

    def loan(self, loan_id: int) -> Loan:
        """A loan as agreed; ``LoanNotFound``."""
        with self._store.read() as session:
            return loan_by_id(session, loan_id)

    def currency(self, loan_id: int) -> str:
        """The code of a loan's currency; ``LoanNotFound``."""
        found = self._store.glance(_CURRENCY, loan_id=loan_id)
        if found is None:
            raise LoanNotFound(loan_id)
        return str(found[0])

    def loan_id(self, named: str) -> int:
        """The id of a loan that is named by its id or by its reference; ``LoanNotFound``."""
        with self._store.read() as session:
            number = id_in(named)
            numbered = session.get(Loan, number) if number else None
            if numbered is not None and named == str(numbered.id):
                return numbered.id
            # "02" is somebody's reference before it is the number 2.
            found = loans_by_reference(session, [named]).get(named) or numbered
            if found is None:
                raise LoanNotFound(named)
            return found.id

    def quote(self, **stated: object) -> Quote:
        """What a loan would come to, by the fields of ``create_loan``; ``InvalidEntry``. Nothing is written."""
        check_names(stated, LOAN_FIELDS)
        entry = loan_entry(stated, self.today(), self._settings.currency)
        return Quote(entry, schedule_of(entry))

    def preview_repayment(self, loan_id: int, amount: object, as_of: date, **stated: object) -> RepaymentPreview:
        """What recording a repayment would do to a loan, as it would stand at the end of ``as_of``.

        Refuses what ``add_repayment`` would refuse. Nothing is written.
        """
        with self._store.read() as session:
            loan = loan_by_id(session, loan_id)
            entry, _ = self._judged_repayment(session, loan, {"amount": amount, **stated})
            received = ledger.received(session, max(as_of, entry.received_on), loan_id)
        return preview_of(loan, received, entry, max(as_of, entry.received_on), self.thresholds)

    def version(self, loan_id: int, as_of: date) -> Version:
        """Of which book, revision and day an answer about a loan is right now; ``LoanNotFound``."""
        found = self._store.glance(_VERSION, loan_id=loan_id) if is_id(loan_id) else None
        if found is None:
            raise LoanNotFound(loan_id)
        return Version(found[0], found[1], as_of, self.thresholds)

    def edition(self, as_of: date) -> Version:
        """Of which book, revision and day an answer about the whole book is right now."""
        return Version(*self._store.edition(), as_of, self.thresholds)

    def as_known(self, then: int | datetime) -> BookAsKnown:
        """The book as it was known at a revision, or at an instant: only what had been recorded by then.

        ``RevisionNotKept`` where it was not written, or no instant of it is kept.
        """
        with self._store.read() as session:
            book_id = edition(session).book_id
            known = at_revision(session, then) if isinstance(then, int) else at_instant(session, then)
        return self._then.as_known(book_id, known)

    def since(
        self, revision: int, as_of: date, currency: str | None = None, *, limit: int = 100, offset: int = 0
    ) -> since.Entries:
        """What was written after a revision and counts on a day, the latest first; ``RevisionNotKept``."""
        with self._store.read() as session:
            return since.page(session, at_revision(session, revision), as_of, currency, limit, offset)

    @exchange.at_once
    def export_since(self, revision: int, as_of: date, currency: str | None = None) -> Iterator[bytes]:
        """All of it as a CSV."""
        with self._store.read() as session:
            rows = since.in_turn(session, at_revision(session, revision), as_of, currency)
            yield from exchange.csv_lines(since.COLUMNS, rows, money=("amount",))

    def inbox(
        self,
        as_of: date,
        *,
        currency: str | None = None,
        kind: str | None = None,
        acknowledged: bool = False,
        limit: int = 100,
        offset: int = 0,
    ) -> Inbox:
        """What looks wrong on a day, of one kind or of all: what is open, or what was ``acknowledged``."""
        return self._listed(as_of, currency, kind, acknowledged).page(limit, offset)

    def export_inbox(
        self, as_of: date, *, currency: str | None = None, kind: str | None = None, acknowledged: bool = False
    ) -> Iterator[bytes]:
        """A CSV of all that ``inbox`` would list."""
        return findings_csv(self._listed(as_of, currency, kind, acknowledged))

    def _listed(self, as_of: date, currency: str | None, kind: str | None, acknowledged: bool) -> Listed:
        with self._store.read() as session:
            known = standing_acknowledgements(session)
        return Listed(self._findings.on(as_of), known, currency, kind, acknowledged)

    def revision_on(self, day: date) -> int:
        """The last revision that was written by the end of a day in the book's time zone; 0 where there is none."""
        with self._store.read() as session:
            return at_instant(session, self._settings.end_of(day)).revision

    def status(self, loan_id: int, as_of: date) -> LoanStatus:
        """Where a loan stands at the end of a day; ``LoanNotFound``."""
        return self.versioned_status(loan_id, as_of)[1]

    def versioned_status(self, loan_id: int, as_of: date) -> tuple[Version, LoanStatus]:
        """Where a loan stands at the end of a day, and of which version that is; ``LoanNotFound``."""
        if as_of != self.today() or not is_id(loan_id):
            return self._computed_status(loan_id, as_of)
        turn = self._turns[loan_id % len(self._turns)]
        over = turn.over
        if remembered := self._remembered(loan_id, as_of):
            return remembered
        # Of many who ask at once, one computes and the others find what it remembered.
        with turn.lock:
            if turn.over != over and (remembered := self._remembered(loan_id, as_of)):
                return remembered
            version, status = self._computed_status(loan_id, as_of)
            self.cache.put(loan_id, version, msgspec.json.encode(status), self._settings.seconds_of_today_left())
            turn.over += 1
        return version, status

    def _remembered(self, loan_id: int, as_of: date) -> tuple[Version, LoanStatus] | None:
        return self.cache.get(loan_id, partial(self.version, loan_id, as_of), _read_status)

    def _computed_status(self, loan_id: int, as_of: date) -> tuple[Version, LoanStatus]:
        found = self._store.glance(_STATUS, loan_id=loan_id, as_of=as_of) if is_id(loan_id) else None
        if found is None:
            raise LoanNotFound(loan_id)
        *agreed, book_id, paid = found
        loan = Loan(**dict(zip(_LOAN_COLUMNS, agreed, strict=True)))
        version = Version(book_id, loan.revision, as_of, self.thresholds)
        return version, status_of(loan, paid, as_of, self.thresholds)

    def schedule(self, loan_id: int) -> pd.DataFrame:
        """A loan's installments as agreed: ``number, due_on, due, interest, principal, balance``; ``LoanNotFound``."""
        return schedule_of(self.loan(loan_id))

    def statement(self, loan_id: int, as_of: date) -> Statement:
        """A loan's schedule with what covers it, and its repayments with what each covered; ``LoanNotFound``."""
        with self._store.read() as session:
            loan = loan_by_id(session, loan_id)
            received = ledger.received(session, as_of, loan_id)
        voided_on = self.day_of(loan.voided_at) if loan.voided_at else None
        return statement_of(loan, received, as_of, self.thresholds, voided_on)

    def repayments(self, as_of: date, *, limit: int = 15, offset: int = 0, **meant: Any) -> RepaymentPage:
        """What came in through a day, newest first, a page at a time; which of it by the fields of ``ledger.Meant``."""
        which = ledger.Meant(**meant)
        with self._store.read() as session:
            if which.search:
                sums = ledger.sums(session, as_of, which)
            else:
                sums = ledger.sums_in(self._whole.seen_by(session, as_of).blocks, as_of, which)
            return ledger.page(session, as_of, which, sums, limit, offset)

    def recorded(self, as_of: date) -> dict[str, int]:
        """By currency, what came in through a day, added up by the database: beside it the figures can be checked."""
        with self._store.read() as session:
            return {code: int(paid) for code, paid in session.execute(_RECORDED, {"as_of": as_of})}

    def imports(self, *, limit: int = 15, offset: int = 0) -> batches.ImportPage:
        """What came in by files, the latest first, a page at a time."""
        with self._store.read() as session:
            return batches.page(session, limit, offset)

    def imported(self, batch_id: int) -> Batch:
        """One import; ``BatchNotFound``."""
        with self._store.read() as session:
            return batches.batch_by_id(session, batch_id)

    def demo(self) -> int | None:
        """The id of the import that brought the made-up book, while it is in; None where all loans are real."""
        found: int | None = self._store.glance(_DEMO, kind="demo")[0]
        return found

    @exchange.at_once
    def export_repayments(self, as_of: date, loan_id: int | None = None, **meant: Any) -> Iterator[bytes]:
        """A CSV of what came in through a day, reversals included: all of it, or what ``repayments`` would list.

        It is read as it is asked for, all of one revision; who stops asking closes it.
        """
        which = ledger.Meant(loan_id=loan_id, **meant)
        with self._store.read() as session:
            if loan_id is not None:
                loan_by_id(session, loan_id)
            yield from _repayment_lines(session, as_of, which)

    def export_schedule(self, as_of: date, loan_id: int | None = None) -> Iterator[bytes]:
        """A CSV of installments with what covers them on a day, of one loan or of them all."""
        if loan_id is not None:
            return exchange.csv_lines(exchange.SCHEDULE_COLUMNS, _installments(self.statement(loan_id, as_of)))
        return exchange.csv_lines(exchange.SCHEDULE_COLUMNS, installments(self._whole.on(as_of)))

    def export_statement(self, as_of: date, loan_id: int) -> Iterator[bytes]:
        """A CSV of a loan's repayments through a day with what each covered, and the running sums."""
        repayments = self.statement(loan_id, as_of).repayments
        return exchange.csv_lines(exchange.STATEMENT_COLUMNS, exchange.records(repayments))

    def export_all(self, as_of: date) -> Iterator[bytes]:
        """The whole book as a zip, all of one revision: loans, repayments, schedule, and a dictionary of columns."""
        with self._store.read() as session:
            snapshot = self._whole.seen_by(session, as_of)
            files = {
                "loans.csv": loan_lines(List(snapshot, Selection()).in_turn(session), as_of),
                "repayments.csv": _repayment_lines(session, as_of, ledger.Meant()),
                "schedule.csv": exchange.csv_lines(exchange.SCHEDULE_COLUMNS, installments(snapshot)),
            }
            return exchange.zipped(files)


def open_book(settings: Settings | None = None) -> Book:
    """The book that the environment names, brought to the newest schema."""
    settings = settings or Settings.read()
    return Book(Store(settings.database_uri, settings.database_connections), settings, Cache.at(settings.redis_url))


def _repayment_lines(session: Session, as_of: date, meant: ledger.Meant) -> Iterator[bytes]:
    return exchange.csv_lines(exchange.REPAYMENTS_OUT, ledger.recorded(session, as_of, meant))


def _installments(statement: Statement) -> Iterator[dict[str, Any]]:
    named = {"loan_reference": statement.loan.reference, "currency": statement.loan.currency}
    return (named | row for row in exchange.records(statement.installments))
