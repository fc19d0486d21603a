"""Check the arithmetic: published cases, and the identities that any book must keep, this one too."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from loan_core.answers import loan_status
from loan_core.batches import no_progress
from loan_core.book import Book
from loan_core.calculation.allocation import cover
from loan_core.calculation.collection import collections
from loan_core.calculation.exposure import Running, exposures
from loan_core.calculation.money import total
from loan_core.calculation.pairing import by_day, kept, pieces
from loan_core.calculation.position import State
from loan_core.calculation.schedule import schedule, slices
from loan_core.calculation.words import counted
from loan_core.checking import Progress
from loan_core.published import CASES
from loan_core.standing import Standing

STATUSES_ASKED = 1_000
_NAMED = 5


@dataclass
class Check:
    """A claim, how many times it was put to the test, and where it failed: the first few by name."""

    claim: str
    noun: str
    source: str = ""
    checked: int = 0
    failures: int = 0
    named: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.failures

    @property
    def sentence(self) -> str:
        claim = f"{self.claim} ({self.source})" if self.source else self.claim
        if not self.checked:
            return f"Nothing to check: {claim}."
        if self.passed:
            return f"Passed for {counted(self.checked, self.noun)}: {claim}."
        named = ", ".join(self.named)
        return f"FAILED for {self.failures:,} of {counted(self.checked, self.noun)}: {claim}. See {named}."

    def put(self, holds: Any, names: Any) -> None:
        """Count some tests, each with the name of what it was about: ``(n), (n)``."""
        broken = np.flatnonzero(~np.asarray(holds, dtype=bool))
        self.checked += len(names)
        self.failures += len(broken)
        self.named += [str(names[at]) for at in broken[: _NAMED - len(self.named)]]


def check_the_arithmetic(book: Book, as_of: date, progress: Progress = no_progress) -> Iterator[Check]:
    """Every check, as each is done: the published cases, then this book on a day.

    ``progress`` is told how many loans are behind it, of how many.
    """
    yield from check_published()
    yield from check_book(book, as_of, progress)


def summary(checks: Iterable[Check]) -> str:
    """All of it in one sentence."""
    done = list(checks)
    failed = [each for each in done if not each.passed]
    tests = sum(each.checked for each in done)
    if failed:
        return f"{len(failed)} of {counted(len(done), 'check')} failed, in {tests:,} comparisons."
    return f"All {counted(len(done), 'check')} passed, in {tests:,} comparisons."


def check_published() -> Iterator[Check]:
    """What others worked out, each figure with its source."""
    for case in CASES:
        check, found = Check(case.claim, "published case", case.source), case.found()
        check.put([found == case.expected], [f"{found} where {case.expected} was expected"])
        yield check


def check_book(book: Book, as_of: date, progress: Progress = no_progress) -> Iterator[Check]:
    """This book's own identities at the end of a day. Memory stays flat: slices of loans, one after the other."""
    standing = book.standing(as_of)
    yield from _of_each_loan(standing, progress)
    yield from _of_each_currency(standing)
    yield _of_the_portfolio(book, standing)
    yield _of_the_statuses(book, standing)


def _of_each_loan(standing: Standing, progress: Progress) -> Iterator[Check]:
    checks = {
        "principal": Check("the principal of all installments is the amount lent, and no part is negative", "loan"),
        "received": Check("the total paid is the sum of what was received", "loan"),
        "covered": Check("what is covered and what is overpaid are what was paid, piece by piece", "loan"),
        "remaining": Check("paid, remaining and overpaid make up what falls due in all", "loan"),
        "lateness": Check("days past due, outstanding and overdue principal are the same by two ways", "loan"),
    }
    day, done = np.datetime64(standing.as_of, "D"), 0
    for rows in slices(standing.terms):
        part = standing[rows]
        lines, at = schedule(part.terms), part.at
        stayed = kept(by_day(part.receipts, day))
        met, covered = pieces(lines, stayed), cover(at.total_amount_paid, lines)
        poured = np.zeros(lines.due.shape, np.int64)
        np.add.at(poured, (met.loan, met.number), met.amount)
        both = covered.interest + covered.principal
        paid = part.receipts.through(day)
        by_search = exposures(part.terms, Running(lines), paid, day)
        holds = {
            "principal": (lines.principal.sum(-1) == part.terms.principal)
            & ((lines.principal >= 0) & (lines.interest >= 0)).all(-1),
            "received": at.total_amount_paid == paid,
            "covered": (poured == both).all(-1) & (both.sum(-1) + at.overpaid_amount == paid),
            "remaining": paid + at.remaining_balance - at.overpaid_amount == lines.due.sum(-1),
            "lateness": (by_search.days_past_due == at.days_past_due)
            & (by_search.outstanding_principal == at.outstanding_principal)
            & (by_search.overdue_principal == at.overdue_principal),
        }
        for name, check in checks.items():
            check.put(holds[name], part.references)
        done += len(part)
        progress("Checking", done, len(standing))
    yield from checks.values()


def _of_each_currency(standing: Standing) -> Iterator[Check]:
    met = Check(
        "early, on time, late and unpaid are what fell due, and the parts of what came in are all of it", "month"
    )
    day = np.datetime64(standing.as_of, "D")
    for code, mine in standing.by_currency().items():
        found = collections(mine.terms, mine.receipts, day)
        months = found.by_month()
        holds = [each.due >= each.early + each.on_time + each.late and each.unpaid >= 0 for each in months]
        met.put(holds, [f"{each.first} in {code}" for each in months])
        received = sum(each.received for each in months) == total(mine.at.total_amount_paid)
        nothing_lost = sum(each.taken_back for each in months) == 0
        met.put([received and nothing_lost], [f"all months in {code}"])
    yield met


def _of_the_portfolio(book: Book, standing: Standing) -> Check:
    """The book's totals beside plain sums over its loans and over the table of repayments, of one revision."""
    check = Check("the portfolio is the sum of its loans and of the repayments in the database", "figure")
    portfolio, recorded = book.portfolio(standing.as_of), book.recorded(standing.as_of)
    if book.edition(standing.as_of).revision != standing.revision:
        # Somebody wrote in between: the two are of different books.
        return check
    for code, mine in standing.by_currency().items():
        totals, active = portfolio.by_currency[code], mine.at.state == State.ACTIVE
        expected = {
            "loans": len(mine),
            "active": int(active.sum()),
            "loan_amount": total(mine.terms.principal),
            "gross_portfolio": total(mine.at.outstanding_principal[active]),
            "remaining_balance": total(mine.at.remaining_balance[active]),
            "total_amount_paid": total(mine.at.total_amount_paid),
            "overpaid_amount": total(mine.at.overpaid_amount),
            "arrears": total(mine.at.arrears),
            "overdue_principal": total(mine.at.overdue_principal[active]),
        }
        figures = [getattr(totals, name) == figure for name, figure in expected.items()]
        check.put(figures, [f"{name} in {code}" for name in expected])
        check.put([recorded.get(code, 0) == totals.total_amount_paid], [f"repayments in {code}"])
        ages = totals.ageing.values()
        whole = (sum(each.loans for each in ages), sum(each.outstanding_principal for each in ages))
        check.put([whole == (totals.active, totals.gross_portfolio)], [f"ages in {code}"])
    return check


def _of_the_statuses(book: Book, standing: Standing) -> Check:
    """Loans spread evenly over the book, each asked for by itself as the API does, cache and all."""
    check = Check("a loan's status asked for by itself is its row in the whole book", "loan")
    places = np.unique(np.linspace(0, len(standing) - 1, min(STATUSES_ASKED, len(standing))).astype(np.int64))
    asked = [book.status(int(standing.ids[at]), standing.as_of) for at in places]
    # A loan that somebody has changed since is of another book.
    same = [(at, status) for at, status in zip(places, asked, strict=True) if status.revision <= standing.revision]
    in_memory = [loan_status(book.loan(status.loan_id), standing.at[at], standing.as_of) for at, status in same]
    holds = [alone == row for (_, alone), row in zip(same, in_memory, strict=True)]
    check.put(holds, [status.reference for _, status in same])
    return check
