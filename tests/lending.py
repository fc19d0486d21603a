"""A book on a day that stands still: loans as the tests lend them, in one database for all tests of a file.

A test file takes the fixtures that it needs: ``kept, store = lending.kept, lending.store``.
"""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from sqlalchemy import select, text

from loan_core.book import Book
from loan_core.models import Loan
from loan_core.settings import Settings
from loan_core.store import Store, edition

# The day on the design's screens.
TODAY = date(2026, 6, 2)
NOON = datetime(2026, 6, 2, 12, tzinfo=UTC)
STARTED = date(2025, 10, 1)


@dataclass(frozen=True)
class FixedClock(Settings):
    """Settings whose clock stands still."""

    at: datetime = datetime(2026, 6, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


CLOCK = FixedClock(timezone=UTC, at=NOON)
# A clock that stands still all the same gives each write an instant of its own, so much later than the last.
MOMENT = timedelta(microseconds=1)
DAYS = st.dates(STARTED, TODAY)


def lend(book: Book, **stated: Any) -> Loan:
    return book.create_loan(**{"loan_amount": "1000.00", "repayment_period": 12, "start_on": STARTED} | stated)


def lend_without_interest(
    book: Book, reference: str, amount: int, installments: int, first_due_on: str, **more: object
) -> int:
    """A loan without interest."""
    return book.create_loan(
        reference=reference,
        borrower=f"Holder of {reference}",
        loan_amount=amount,
        interest_rate="0",
        repayment_period=installments,
        first_due_on=first_due_on,
        **{"start_on": "2025-01-02", **more},
    ).id


def lend_as_designed(book: Book, year: int = 2025) -> int:
    """L-0007 of the design: 355.40 behind and 93 days past due on 2 June of the year after it began."""
    loan = book.create_loan(
        reference="L-0007",
        borrower="Amara Okafor",
        loan_amount="1000.00",
        repayment_period=12,
        start_on=f"{year}-10-01",
    )
    book.add_repayment(loan.id, "94.56", received_on=f"{year}-11-01", note="Transfer")
    for day, amount in (("01-09", "189.12"), ("02-20", "94.56")):
        book.add_repayment(loan.id, amount, received_on=f"{year + 1}-{day}", note="Transfer")
    wrong = book.add_repayment(loan.id, "94.56", received_on=f"{year + 1}-03-02", reference="RP-1042")
    book.reverse_repayment(wrong.id, received_on=f"{year + 1}-03-04", reference="RP-1051")
    book.add_repayment(loan.id, "22.84", received_on=f"{year + 1}-03-12", note="Cash")
    return loan.id


def revisions(store: Store) -> tuple[int, dict[int, int]]:
    """The book's revision, and each loan's."""
    with store.read() as session:
        loans = session.execute(select(Loan.id, Loan.revision).order_by(Loan.id)).all()
        return edition(session).revision, dict(map(tuple, loans))


@contextmanager
def database_of_a_module(request, tmp_path_factory):
    """A fresh, empty database of the kind that ``request`` names, for longer than one test."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('of_a_module') / 'loans.db'}"
    else:
        with request.getfixturevalue("postgresql").database() as url:
            yield url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kept(request, tmp_path_factory):
    """One database of each kind for all tests of this file, and its store."""
    with database_of_a_module(request, tmp_path_factory) as url:
        opened = Store(url)
        yield url, opened
        opened.close()


@pytest.fixture
def store(kept):
    """The store, with an empty book in it."""
    with kept[1].write(NOON) as write:
        for table in ("acknowledgements", "repayments", "loans", "batches", "revisions"):
            write.session.execute(text(f"DELETE FROM {table}"))
        write.session.execute(text("UPDATE book SET revision = 0, written_at = NULL"))
    return kept[1]


@pytest.fixture
def database_url(kept, store):
    return kept[0]


@pytest.fixture
def book(store):
    return Book(store, CLOCK)


@pytest.fixture
def many(book):
    """Loans of several names, currencies and states, as they stand on ``TODAY``."""
    stated = [
        {"borrower": "Amara Okafor", "reference": "K/17"},
        {"borrower": "Émile 100% JOÃO", "reference": "A_1", "currency": "KES"},
        {"borrower": "İpek O\\Brien", "reference": "AB1", "start_on": "2026-06-03"},
        {"borrower": "amara 100 percent", "reference": "50%", "loan_amount": "10", "repayment_period": 1},
        {"borrower": "", "reference": "void", "currency": "KES"},
        {"borrower": "Straße 7", "reference": "ahead", "currency": "KES"},
    ]
    for each in stated:
        lend(book, **each)
    book.add_repayment(2, "756.48")
    book.add_repayment(4, "10.20")
    book.void_loan(5)
    book.add_repayment(6, "1000.00")
