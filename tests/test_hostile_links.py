"""Links that nobody has made by clicking: whatever their parameters say, a page is a page, or a sentence."""

import pytest

from loan_core import Book, figure_of
from tests import pages_at_hand
from tests.desk import pages
from tests.pages_at_hand import NAMED, opened

book = pages_at_hand.book
VALUES = (
    "",
    " 1 ",
    "-1",
    "0",
    "9" * 30,
    "999999999999999999",
    str(2**63),
    "1e3",
    "NaN",
    "٣",
    "²",
    "\0",
    "a\0b",
    "\x1b[31m",
    "\N{RIGHT-TO-LEFT OVERRIDE}abc",
    "\N{REPLACEMENT CHARACTER}",
    "%_\\",
    "x" * 10_000,
    "1900-01-01",
    "2199-12-31",
    "0001-01",
    "2026-W01",
    "2024-02-30",
    "XXX",
    "ever_30_2025-Q4_9999",
)


@pytest.fixture
def odd_book(book: Book) -> Book:
    """Of two currencies, with a loan that was voided, one that begins far away, and a reversal."""
    for reference, terms in {
        "leap": {"start_on": "2024-02-29"},
        "yen": {"start_on": "2025-10-01", "currency": "JPY"},
        "voided": {"start_on": "2025-10-01"},
        "far": {"start_on": "2199-10-01"},
    }.items():
        book.create_loan(loan_amount=1000, repayment_period=12, reference=reference, borrower=f":{reference}:", **terms)
    book.void_loan(3)
    book.add_repayment(1, 10, received_on="2025-11-01")
    book.reverse_repayment(1)
    return book


@pytest.mark.parametrize("page", [f"{each or 'portfolio'}.py" for each in pages()])
def test_a_page_opens_whatever_its_address_says(odd_book: Book, page: str) -> None:
    for turn in range(0, len(VALUES), 11):
        asked = {name: VALUES[(turn + number) % len(VALUES)] for number, name in enumerate(NAMED)}
        opened(page, **asked)
        # A loan that is none is all that a page of a loan says: the others are to be met there too.
        opened(page, **asked | {"loan": str(1 + turn % 4), "as_of": "2026-06-02"})


@pytest.mark.parametrize(
    "key",
    ["ever_" + "9" * 5_000 + "_2026_1", "ever_30_2026-Q1_99999999999", "ever_٣٠_2025_3", "loan_" + "9" * 19, "moved__"],
)
def test_the_key_of_no_figure_is_none(key: str) -> None:
    assert figure_of(key) is None
