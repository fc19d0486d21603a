"""Every refusal, on one page: what was wrong, where, and what would be right, in words for the person who meant well.

A refusal is raised once, with attributes for the program, and shown in one place a door.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loan_core.calculation.words import counted


class Refusal(Exception):
    """The book does not do this, and says why. Nothing was written."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what was entered: in which field, what stood there, what is wrong, what would be right."""

    field: str
    found: str
    wrong: str
    right: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.wrong} {self.right}".strip()


MOST_PROBLEMS = 10_000
"""So many problems of one file are kept; of more there is the number. Nobody corrects ten thousand rows by hand."""


class Problems:
    """What is wrong with a file, line by line: the first problems, and how many there are."""

    def __init__(self) -> None:
        self.first: list[Problem] = []
        self.count = 0

    def __len__(self) -> int:
        return self.count

    def add(self, *problems: Problem) -> None:
        self.first += problems[: MOST_PROBLEMS - len(self.first)]
        self.count += len(problems)

    def with_(self, others: "Problems") -> "Problems":
        """These and those, in the order of their lines."""
        both = Problems()
        both.add(*sorted(self.first + others.first, key=lambda problem: problem.line or 0))
        both.count = self.count + others.count
        return both


class InvalidEntry(Refusal):
    """What was entered cannot be a loan or a repayment."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(str(problem) for problem in self.problems))


class InvalidFile(Refusal):
    """A file cannot be imported as it is: the first of its ``count`` problems are a table, by line.

    Of its ``rows``, ``new`` could be written and ``already_there`` are in the book; 0 where it could not be read.
    """

    def __init__(
        self, problems: "Sequence[Problem] | Problems", rows: int = 0, new: int = 0, already_there: int = 0
    ) -> None:
        self.problems = tuple(problems.first if isinstance(problems, Problems) else problems)
        self.count = len(problems)
        self.rows, self.new, self.already_there = rows, new, already_there
        first = self.problems[0]
        where = ", ".join([f"line {first.line}"] * bool(first.line) + [first.field] * bool(first.field))
        where += ": " if where else ""
        more = self.count - 1
        others = "" if not more else f" And {more:,} more to correct." if more > 1 else " And one more to correct."
        listed = f" The first {len(self.problems):,} are listed." if self.count > len(self.problems) else ""
        super().__init__(f"Nothing was imported: {where}{first}{others}{listed}")

    @property
    def to_correct(self) -> int:
        """How many rows must be corrected."""
        return self.rows - self.new - self.already_there or len({problem.line for problem in self.problems})


class LoanNotFound(Refusal):
    def __init__(self, loan: int | str) -> None:
        self.loan = loan
        super().__init__(f"There is no loan {shortened(str(loan))} in this book.")


class RepaymentNotFound(Refusal):
    def __init__(self, repayment_id: int) -> None:
        self.repayment_id = repayment_id
        super().__init__(f"There is no repayment {repayment_id} in this book.")


class BatchNotFound(Refusal):
    def __init__(self, batch_id: int) -> None:
        self.batch_id = batch_id
        super().__init__(f"There is no import {batch_id} in this book.")


class FigureNotFound(Refusal):
    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"There is no figure {shortened(key)} in this book.")


class ReferenceTaken(Refusal):
    """The same reference was recorded before, with other content."""

    def __init__(self, reference: str, what: str, differs: str) -> None:
        self.reference = reference
        super().__init__(
            f"The reference {shortened(reference)} already belongs to another {what}: {differs}. "
            "Write another reference, or the same content to change nothing."
        )


class KeyTaken(Refusal):
    """The same Idempotency-Key came before, with another request."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"The Idempotency-Key {shortened(key)} already belongs to another request. "
            "Send another key, or the same request to get its answer again."
        )


class LoanIsVoided(Refusal):
    def __init__(self, reference: str) -> None:
        self.reference = reference
        super().__init__(f"Loan {shortened(reference)} is voided: nothing can be recorded on it.")


class LoanHasRepayments(Refusal):
    def __init__(self, reference: str) -> None:
        self.reference = reference
        super().__init__(f"Loan {shortened(reference)} has received money: reverse its repayments before voiding it.")


class AlreadyReversed(Refusal):
    def __init__(self, reference: str, by: str) -> None:
        self.reference = reference
        super().__init__(f"Repayment {shortened(reference)} was already reversed by {shortened(by)}.")


class NotReversible(Refusal):
    def __init__(self, reference: str) -> None:
        self.reference = reference
        super().__init__(f"{shortened(reference)} is itself a reversal. Record the repayment again instead.")


class ImportInUse(Refusal):
    """An import of loans cannot be undone while money that another entry brought stands on them."""

    def __init__(self, batch_id: int, loans: int, example: str) -> None:
        self.batch_id = batch_id
        many = f"{loans:,} of its loans have" if loans > 1 else "one of its loans has"
        super().__init__(
            f"Import {batch_id} cannot be undone: {many} received money since, {shortened(example)} for one. "
            "Undo the import of those repayments, or reverse them, first."
        )


class FindingNotFound(Refusal):
    """No finding can be of this kind, about this loan and with these facts."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"There is no such finding: {shortened(kind)}.")


class AcknowledgementNotFound(Refusal):
    def __init__(self, acknowledgement_id: int) -> None:
        self.acknowledgement_id = acknowledgement_id
        super().__init__(f"There is no acknowledgement {acknowledgement_id} in this book.")


class RevisionNotKept(Refusal):
    """The book cannot be shown as it was at a revision: there is none of this number, or its instant was not kept."""

    def __init__(self, revision: int, newest: int) -> None:
        self.revision = revision
        why = "was written before this book kept the instants of its revisions"
        if not 0 <= revision <= newest:
            why = f"is none of this book's, whose newest is {newest:,}"
        super().__init__(f"Revision {revision:,} {why}.")


class BookNotEmpty(Refusal):
    def __init__(self, loans: int) -> None:
        self.loans = loans
        super().__init__(f"The demo book goes into an empty book only, and this one holds {counted(loans, 'loan')}.")


class DatabaseBusy(Refusal):
    """Another program holds the database; the same call may go through in a moment."""

    def __init__(self) -> None:
        super().__init__("The book is busy with another entry. Nothing was written: try again in a moment.")


class TookTooLong(Refusal):
    """The database was stopped in the middle of an answer that took longer than it may."""

    def __init__(self) -> None:
        super().__init__(
            "The database took too long to answer and was stopped. Nothing was written: try again when it is less busy."
        )


class NoRoom(Refusal):
    """The disk is full that what is too much for the memory is kept on for a while."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The disk with the temporary files in {folder} is full. Nothing was written: make room, or name another "
            "folder in TMPDIR, and try again."
        )


class DatabaseUnusable(Refusal):
    """The database cannot be opened, or is not a loan book that this version knows."""

    def __init__(self, why: str) -> None:
        super().__init__(why)


class InvalidSetting(Refusal):
    """An environment variable says something that it cannot mean."""

    def __init__(self, name: str, found: str, right: str) -> None:
        self.name = name
        super().__init__(f"{name} is {shortened(found)!r}. {right}")


def shortened(text: str, most: int = 60) -> str:
    """Somebody's words inside our sentence: never more than a line of them, and what cannot be seen is spelled out."""
    text = " ".join(text[: 2 * most].split()) if len(text) > 2 * most else " ".join(text.split())
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
