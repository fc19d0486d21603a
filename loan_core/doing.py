"""Everything one can do to a book: a verb is one transaction, takes what was typed, and may be repeated.

Under the same ``reference`` the same again changes nothing; what is refused leaves no trace.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, BinaryIO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loan_core import batches, checking, demo, inbox, ledger, reading
from loan_core.answers import ImportReceipt, UndoReceipt
from loan_core.batches import Import, no_progress
from loan_core.calculation.money import CURRENCIES
from loan_core.checking import Checked, Progress
from loan_core.entries import (
    LOAN_FIELDS,
    REPAYMENT_FIELDS,
    RepaymentEntry,
    check_names,
    loan_entry,
    name_entry,
    reason_entry,
    repayment_entry,
)
from loan_core.errors import (
    AlreadyReversed,
    BookNotEmpty,
    LoanHasRepayments,
    LoanIsVoided,
    NotReversible,
    RepaymentNotFound,
    shortened,
)
from loan_core.models import Acknowledgement, Loan, Repayment, is_id
from loan_core.reading import Table
from loan_core.recording import (
    IdempotencyKey,
    Lent,
    Signature,
    answered,
    check_same_loan,
    check_same_repayment,
    lent,
    loan_by_id,
    loan_row,
    loans_by_reference,
    remember,
    repayment_reference_taken,
    repayment_row,
    repayments_by_reference,
    reversals_of,
)
from loan_core.settings import Settings
from loan_core.spool import Spool
from loan_core.store import Store
from loan_core.writing import Write


class Doing:
    """The verbs of a book."""

    _store: Store
    _settings: Settings

    def today(self) -> date:
        """Today, in the book's time zone."""
        return self._settings.today()

    def day_of(self, instant: datetime) -> date:
        """The day in the book's time zone on which an instant lay."""
        return self._settings.day_of(instant)

    def together(self, works: Sequence[Callable[[], Any]]) -> list[Callable[[], Any]]:
        """Works that write, in one transaction, each all or nothing; what became of each, once all is on the disk.

        An outcome, called, returns what the work returned or raises what it raised; all raise what kept the whole
        transaction from the disk. A work that asks the book sees nothing of it yet.
        """
        try:
            with self._store.together():
                return [_outcome(work) for work in works]
        except BaseException as error:  # noqa: BLE001 - it is raised again, where the work is waited for
            return [partial(_raised, error)] * len(works)

    def create_loan(self, *, recorded_by: str = "", key: IdempotencyKey | None = None, **stated: object) -> Loan:
        """Write a loan, stated by the fields of the CSV format; ``InvalidEntry``, ``ReferenceTaken``, ``KeyTaken``."""
        check_names(stated, LOAN_FIELDS)
        signer, reference = self._signer(recorded_by), str(stated.get("reference") or "").strip()
        with self._store.write(self._settings.now()) as write:
            # A request that came before is answered, not judged again: what was right on its day stays so.
            if earlier := answered(write, key, Loan):
                return earlier
            loan = loans_by_reference(write.session, [reference]).get(reference)
            # An undated entry is of the day on which it was first made.
            entry = loan_entry(stated, loan.start_on if loan else self.today(), self._settings.currency)
            if loan is not None:
                check_same_loan(entry, loan)
            else:
                loan = Loan(**loan_row(write, entry, Signature(signer, write.at)))
                write.add(loan)
            remember(write, key, loan)
            return loan

    def void_loan(self, loan_id: int, *, reason: str = "", recorded_by: str = "") -> Loan:
        """Take back a loan entered by mistake, while no money stands on it. It stays, and counts in no figure."""
        reason, signer = reason_entry(reason), self._signer(recorded_by)
        with self._store.write(self._settings.now()) as write:
            loan = loan_by_id(write.session, loan_id)
            if loan.voided_at is None:
                if ledger.paid_in_all(write.session, loan_id):
                    raise LoanHasRepayments(loan.reference)
                write.stamp(loan_id)
                loan.voided_at, loan.void_reason, loan.voided_by = write.at, reason, signer
                loan.revision = write.revision
            return loan

    def add_repayment(
        self,
        loan_id: int,
        amount: object,
        *,
        recorded_by: str = "",
        key: IdempotencyKey | None = None,
        **stated: object,
    ) -> Repayment:
        """Record money received on a loan: ``received_on``, ``reference``, ``note`` may be stated.

        ``InvalidEntry``, ``LoanNotFound``, ``LoanIsVoided``, ``ReferenceTaken``, ``KeyTaken``.
        """
        signer = self._signer(recorded_by)
        with self._store.write(self._settings.now()) as write:
            signature = Signature(signer, write.at)
            if earlier := answered(write, key, Repayment):
                return earlier
            loan = lent(write, loan_id)
            entry, repayment = self._judged_repayment(write.session, loan, {"amount": amount, **stated})
            if repayment is None:
                repayment = _added(write, repayment_row(write, loan_id, entry, None, signature))
            remember(write, key, repayment)
            return repayment

    def _judged_repayment(
        self, session: Session, loan: Loan | Lent, stated: Mapping[str, object]
    ) -> tuple[RepaymentEntry, Repayment | None]:
        """A repayment that may be recorded on a loan; and what is recorded, where it is already."""
        check_names(stated, ("amount", *REPAYMENT_FIELDS))
        entry = repayment_entry(stated, loan.currency, loan.start_on, self.today())
        recorded = repayments_by_reference(session, [entry.reference]).get(entry.reference)
        if recorded is not None:
            check_same_repayment(session, entry, loan.id, recorded)
        elif loan.voided_at is not None:
            raise LoanIsVoided(loan.reference)
        return entry, recorded

    def reverse_repayment(
        self,
        repayment_id: int,
        *,
        loan_id: int | None = None,
        reason: str = "",
        recorded_by: str = "",
        key: IdempotencyKey | None = None,
        **stated: object,
    ) -> Repayment:
        """Undo a repayment by its negative, on its own day unless ``received_on`` says when the money went back.

        A ``reference`` may be stated. With a ``loan_id`` the repayment must stand on that loan.
        ``RepaymentNotFound``, ``NotReversible``, ``AlreadyReversed``, ``InvalidEntry``, ``KeyTaken``.
        """
        check_names(stated, ("received_on", "reference"))
        signer = self._signer(recorded_by)
        with self._store.write(self._settings.now()) as write:
            signature = Signature(signer, write.at)
            if earlier := answered(write, key, Repayment):
                return earlier
            undone = write.session.get(Repayment, repayment_id) if is_id(repayment_id) else None
            if undone is None or undone.undone_at is not None or loan_id not in (None, undone.loan_id):
                raise RepaymentNotFound(repayment_id)
            reversal = self._reversed(write, undone, signature, {"note": reason} | stated)
            remember(write, key, reversal)
            return reversal

    def _reversed(self, write: Write, undone: Repayment, signature: Signature, stated: dict[str, object]) -> Repayment:
        """The reversal of a repayment, as it stands already or as it is written now."""
        if undone.reverses_id is not None:
            raise NotReversible(undone.reference)
        loan = loan_by_id(write.session, undone.loan_id)
        said: dict[str, object] = {
            "amount": CURRENCIES[loan.currency].major(-undone.amount),
            "received_on": undone.received_on,
            "reverses": undone.reference,
        }
        received = f"{shortened(undone.reference)} was received"
        entry = repayment_entry(said | stated, loan.currency, undone.received_on, self.today(), received)
        earlier: Repayment | None = reversals_of(write.session, [undone.id]).get(undone.id)
        if earlier is not None:
            if earlier.reference != entry.reference:
                raise AlreadyReversed(undone.reference, earlier.reference)
            check_same_repayment(write.session, entry, loan.id, earlier)
            return earlier
        taken = repayments_by_reference(write.session, [entry.reference]).get(entry.reference)
        if taken is not None:
            raise repayment_reference_taken(write.session, taken)
        return _added(write, repayment_row(write, loan.id, entry, undone.id, signature))

    def acknowledge(self, loan_id: int, kind: str, facts: str, *, recorded_by: str = "") -> Acknowledgement:
        """Say of a finding of ``inbox`` that it is right; ``LoanNotFound``, ``FindingNotFound``."""
        signer = self._signer(recorded_by)
        with self._store.write(self._settings.now()) as write:
            return inbox.acknowledge(write, loan_id, kind, facts, signer)

    def withdraw_acknowledgement(self, acknowledgement_id: int) -> Acknowledgement:
        """Take that back; ``AcknowledgementNotFound``."""
        with self._store.write(self._settings.now()) as write:
            return inbox.withdraw(write, acknowledgement_id)

    def import_loans(
        self, file: BinaryIO, *, name: str = "", dry_run: bool = False, progress: Progress = no_progress
    ) -> ImportReceipt:
        """Write a file of loans, all or nothing; ``InvalidFile`` has every problem. A file twice is one import."""
        with reading.read(file, reading.LOANS) as table:
            check = partial(checking.check_loans, table, self.today(), self._settings.currency, progress)
            return self._imported("loans", table, name, check, batches.insert_loans, dry_run, progress)

    def import_repayments(
        self, file: BinaryIO, *, name: str = "", dry_run: bool = False, progress: Progress = no_progress
    ) -> ImportReceipt:
        """Write a file of repayments, all or nothing, as ``import_loans`` does."""
        with reading.read(file, reading.REPAYMENTS) as table:
            check = partial(checking.check_repayments, table, self.today(), progress)
            return self._imported("repayments", table, name, check, batches.insert_repayments, dry_run, progress)

    def _imported(
        self, kind: str, table: Table, name: str, check: Any, insert: Any, dry_run: bool, progress: Progress
    ) -> ImportReceipt:
        job = Import(kind, table.fingerprint, name, table.rows + len(table.problems), check, insert)
        return batches.run(self._store, job, self._signature, dry_run, progress)

    def undo_import(self, batch_id: int) -> UndoReceipt:
        """Take an import back as a whole; ``BatchNotFound``, ``ImportInUse``."""
        return batches.undo(self._store, batch_id, self._signature)

    def load_demo(self, *, loans: int = 100, seed: int = 1, progress: Progress = no_progress) -> ImportReceipt:
        """Fill an empty book with a made-up one, as an import that can be undone; ``BookNotEmpty``."""
        today, currency = self.today(), self._settings.currency

        def check(session: Session, rows: Spool) -> Checked:
            standing = session.scalar(select(func.count()).where(Loan.voided_at.is_(None)).select_from(Loan)) or 0
            if standing:
                raise BookNotEmpty(standing)
            return Checked(new=loans)

        insert = partial(demo.insert, seed, today, currency)
        job = Import("demo", f"demo-{seed}-{loans}", "Demo book", loans, check, insert)
        return batches.run(self._store, job, self._signature, False, progress)

    def _signer(self, recorded_by: str) -> str:
        return name_entry(recorded_by) or self._settings.recorded_by

    @property
    def _signature(self) -> Signature:
        return Signature(self._settings.recorded_by, self._settings.now())


def _outcome(work: Callable[[], Any]) -> Callable[[], Any]:
    try:
        answer = work()
    except BaseException as error:  # noqa: BLE001 - the same
        return partial(_raised, error)
    return lambda: answer


def _raised(error: BaseException) -> Any:
    raise error


def _added(write: Write, row: dict[str, Any]) -> Repayment:
    write.stamp(row["loan_id"])
    repayment = Repayment(**row)
    write.add(repayment)
    return repayment
