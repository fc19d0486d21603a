"""The check of the arithmetic: it passes on a sound book, and says where it does not hold on an unsound one."""

import sqlite3
from contextlib import closing
from datetime import date

import pytest

from loan_core import published, verify
from loan_core.book import Book
from loan_core.published import CASES, Case
from loan_core.store import Store
from loan_core.verify import Check, check_book, check_published, check_the_arithmetic, summary
from tests.lending import FixedClock


@pytest.fixture
def book(sqlite_url):
    opened = Book(Store(sqlite_url), FixedClock())
    opened.load_demo(loans=60)
    # Another currency, an early repayment that was taken back, and a loan that counts in nothing.
    other = opened.create_loan(loan_amount="1000", currency="JPY", repayment_period=3, start_on="2026-01-01")
    opened.reverse_repayment(opened.add_repayment(other.id, "500", received_on="2026-01-02").id)
    opened.void_loan(opened.create_loan(loan_amount="50.00", repayment_period=1).id)
    yield opened
    opened.close()


def test_published_cases_pass_and_name_their_source():
    checks = list(check_published())
    assert [each.sentence for each in checks if not each.passed] == []
    assert len(checks) == len(CASES) == len({each.claim for each in checks})
    assert all(each.source in each.sentence for each in checks)


def test_a_published_case_that_is_not_met_says_what_was_found(monkeypatch):
    monkeypatch.setattr(verify, "CASES", (Case("one and one are two", "Peano", 2, lambda: 3),))
    (check,) = check_published()
    assert (
        check.sentence == "FAILED for 1 of 1 published case: one and one are two (Peano). See 3 where 2 was expected."
    )


def test_a_sound_book_passes_every_check(book):
    checks = list(check_the_arithmetic(book, book.today()))
    assert [each.sentence for each in checks if not each.passed] == []
    assert all(each.checked for each in checks)
    loans = [each for each in checks if each.noun == "loan"]
    assert [each.checked for each in loans] == [61] * 6
    assert summary(checks).startswith(f"All {len(CASES) + 8} checks passed, in ")


def test_who_waits_is_told_how_many_loans_are_behind(book):
    told = []
    list(check_the_arithmetic(book, book.today(), lambda *said: told.append(said)))
    doing, done, loans = zip(*told, strict=True)
    assert (set(doing), set(loans)) == ({"Checking"}, {61})
    assert list(done) == sorted(done)
    assert done[-1] == 61


def test_an_empty_book_has_nothing_to_check(sqlite_url):
    empty = Book(Store(sqlite_url), FixedClock())
    checks = list(check_book(empty, date(2026, 6, 2)))
    assert all(each.passed and each.sentence.startswith("Nothing to check: ") for each in checks)
    empty.close()


# Somebody changes a row behind the book's back: what the book remembers and what is recorded no longer agree.
def test_a_row_changed_behind_the_books_back_is_found_and_named(book, sqlite_url):
    today = book.today()
    book.standing(today)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        (loan, reference) = connection.execute(
            "SELECT loan_id, loans.reference FROM repayments JOIN loans ON loans.id = loan_id WHERE amount > 1 LIMIT 1"
        ).fetchone()
        connection.execute(
            "UPDATE repayments SET amount = amount - 1 WHERE id = (SELECT min(id) FROM repayments WHERE loan_id = ?)",
            [loan],
        )
    failed = [each for each in check_book(book, today) if not each.passed]
    sums, alone = failed
    assert sums.claim == "the portfolio is the sum of its loans and of the repayments in the database"
    assert sums.named == ["repayments in USD"]
    assert alone.claim == "a loan's status asked for by itself is its row in the whole book"
    assert alone.sentence == f"FAILED for 1 of 61 loans: {alone.claim}. See {reference}."
    assert summary(failed) == f"2 of 2 checks failed, in {sums.checked + 61} comparisons."


def test_only_the_first_few_failures_are_named():
    check = Check("nothing holds", "loan")
    for start in (0, 4):
        check.put([False] * 4, [f"L-{start + at}" for at in range(4)])
    assert (check.failures, check.checked, check.named) == (8, 8, ["L-0", "L-1", "L-2", "L-3", "L-4"])


def test_a_book_written_to_in_between_is_not_called_wrong(book, monkeypatch):
    today, before = book.today(), book.standing(book.today())
    book.create_loan(loan_amount="100.00", repayment_period=2, start_on=today)
    monkeypatch.setattr(book, "standing", lambda as_of: before)
    portfolio = list(check_book(book, today))[-2]
    assert (portfolio.checked, portfolio.passed) == (0, True)
    assert portfolio.sentence.startswith("Nothing to check: ")


def test_the_rate_of_a_payment_is_found_by_halving():
    # 12 % a year: 1 % a month.
    assert published._annual_rate(1_000_00, 1_010_00, 1) == "12.00"
