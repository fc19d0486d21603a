"""The loans before and after a loan, in every order that a list can have."""

from datetime import date

import pytest

from loan_core import Book
from loan_core.lists import SORTS
from loan_core.store import Store

DAY = date(2026, 6, 2)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Eight loans: two alike, one paid off, one that has not begun, one of another currency."""
    book = Book(Store(f"sqlite:///{tmp_path_factory.mktemp('beside') / 'loans.db'}"))
    for name, amount, start_on, paid in (
        ("Chen", "1000", "2025-10-01", "94.56"),
        ("Amara", "1000", "2025-10-01", "94.56"),
        ("Bongani", "500", "2025-10-01", "2000"),
        ("Émile", "700", "2026-01-15", ""),
        ("Dora", "900", "2026-01-31", "90"),
        ("", "20", "2027-01-01", ""),
        ("Amara", "3000", "2025-02-01", "12"),
        ("Yuki", "3000", "2025-02-01", "12"),
    ):
        code = "JPY" if name == "Yuki" else "USD"
        loan = book.create_loan(
            borrower=name, loan_amount=amount, repayment_period=12, start_on=start_on, currency=code
        )
        if paid:
            book.add_repayment(loan.id, paid, received_on="2026-02-01")
    yield book
    book.close()


ASKED = [({"currency": "USD"}, sort) for each in SORTS for sort in (each, f"-{each}")]


@pytest.mark.parametrize(("meant", "sort"), [*ASKED, ({}, "borrower"), ({"status": "Behind"}, "-arrears")])
def test_each_loan_of_a_list_stands_between_its_neighbors(book, meant, sort):
    ids = book.loan_page(DAY, sort, **meant).rows["id"].tolist()
    between = zip([None, *ids[:-1]], ids, [*ids[1:], None], strict=True)
    for before, loan_id, after in between:
        statement = book.statement(loan_id, DAY)
        found = book.beside(statement, sort, **meant)
        has_no_value = sort.endswith("next_due_on") and statement.status.next_due_on is None
        # Back from the first loan without a value leads nowhere: those with one are not looked for.
        assert found in ((before, after), (None, after) if has_no_value else (before, after))


def test_a_loan_that_is_not_on_the_list_has_its_place_all_the_same(book):
    assert book.beside(book.statement(3, DAY), "id", status="Behind") == (2, 4)
    assert book.beside(book.statement(8, DAY), "id", currency="USD") == (7, None)
