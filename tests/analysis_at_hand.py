"""The pages of the analysis without a browser: on the book of twelve loans, where nothing that is asked is refused."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from loan_core import Book
from tests import hand_made_book, pages_at_hand
from tests.random_books import Held

JUNE = {"as_of": "2026-06-30"}


def write(book: Book, borrower: str, held: Held, **more: object) -> None:
    """A loan of the tests' own books, with what came in on it; what went back is a reversal of the last."""
    agreed = held.loan
    loan = book.create_loan(
        borrower=borrower,
        loan_amount=f"{agreed.principal / 100:.2f}",
        interest_rate=f"{agreed.annual_rate_ppm / 12e6:.6f}",
        repayment_period=agreed.periods,
        frequency=agreed.frequency.name.lower(),
        start_on=agreed.start_on,
        **more,
    )
    for came in held.received:
        if came.amount < 0:
            book.reverse_repayment(last.id, received_on=came.on)  # noqa: F821 - nothing goes back before it came
        else:
            last = book.add_repayment(loan.id, f"{came.amount / 100:.2f}", received_on=came.on)  # noqa: F841


@pytest.fixture
def by_hand(book: Book) -> Book:
    """The book of twelve loans, and a voided one that counts in no figure."""
    for borrower, held in zip(hand_made_book.BORROWERS, hand_made_book.BOOK, strict=True):
        write(book, borrower, held)
    wrong = book.create_loan(loan_amount="9999.00", repayment_period=3, start_on="2026-01-01")
    book.void_loan(wrong.id, reason="entered twice")
    return book


def opened(page: str, /, **query: object) -> AppTest:
    """A page as a link opens it, which refuses nothing."""
    return refused_nothing(pages_at_hand.opened(page, **query))


def run(at: Any) -> AppTest:
    return refused_nothing(pages_at_hand.run(at))


def refused_nothing(at: AppTest) -> AppTest:
    assert not at.error
    return at


def pressed(at: AppTest, label: str) -> AppTest:
    return run(next(each for each in at.button if each.label == label).click())
