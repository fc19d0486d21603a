"""The page of what looks wrong: its questions in words, the answer to one, and names that would rather be markup."""

import pytest

from loan_core import Book
from loan_core.store import Store
from pages import _desk, _form
from tests.analysis_at_hand import opened, pressed
from tests.lending import CLOCK, lend
from tests.pages_at_hand import links
from tests.pages_at_hand import words as escaped

DAY = {"as_of": "2026-06-02"}
HOSTILE = "![i](http://evil.test/x.png) $x$ :red[Paid]"
ALMOST = HOSTILE.replace("Paid", "Paide")


@pytest.fixture
def book(sqlite_url, monkeypatch):
    with_clock = Book(Store(sqlite_url), CLOCK)
    monkeypatch.setattr(_desk, "open_book", lambda: with_clock)
    _desk.book.clear()
    yield with_clock
    _desk.book.clear()
    with_clock.close()


def words(at):
    return escaped(at).replace("\N{WORD JOINER}", "")


def test_an_empty_book_offers_what_can_be_done(book):
    assert "No loans yet" in words(opened("inbox.py"))


def test_a_book_in_order_asks_nothing(book):
    lend(book, start_on="2026-06-01")
    assert "Nothing looks wrong." in words(opened("inbox.py", **DAY))


def test_a_question_is_answered_and_the_answer_taken_back(book):
    lend(book, borrower=HOSTILE, start_on="2026-05-01")
    for reference in ("A", "B"):
        book.add_repayment(1, "94.56", received_on="2026-06-02", reference=reference)
    at = opened("inbox.py", **DAY)
    assert "1 question · 0 found right" in words(at)
    assert "$94.56 was received twice on one day." in words(at)
    assert f"{HOSTILE} · 2 Jun 2026" in words(at)
    assert not any(HOSTILE in each.value for each in at.markdown)
    assert "loan=1" in links(at)["Loan L-0001"]
    at = pressed(at, "Looks right")
    assert "Nothing looks wrong." in words(at)
    at = opened("inbox.py", right="True", **DAY)
    assert "Found right on 2 Jun 2026, 12:00 UTC." in words(at)
    at = pressed(at, "Ask again")
    assert "Nothing was found right yet." in words(at)
    assert "1 question" in words(opened("inbox.py", **DAY))


def test_a_double_click_answers_one_question(book, monkeypatch):
    for loan in (1, 2):
        lend(book, borrower=("Amara", "Bongani")[loan - 1], start_on="2026-05-01")
        for reference in ("A", "B"):
            book.add_repayment(loan, "94.56", received_on="2026-06-02", reference=f"{loan}{reference}")
    at = pressed(opened("inbox.py", **DAY), "Looks right")
    assert "1 question · 1 found right" in words(pressed(at, "Looks right"))
    monkeypatch.setattr(_form, "SECOND_CLICK", 0)
    assert "0 questions · 2 found right" in words(pressed(at, "Looks right"))


def test_money_on_a_loan_that_is_paid_is_said_to_be_more_than_nothing(book):
    lend(book, loan_amount="10", repayment_period=1, interest_rate="0", start_on="2026-01-01")
    for day, amount in (("2026-02-01", "10"), ("2026-02-02", "7")):
        book.add_repayment(1, amount, received_on=day)
    said = words(opened("inbox.py", **DAY))
    assert "$7.00 came in when nothing was left to pay." in said
    assert "More than was left · 1" in said


def test_a_kind_that_is_none_is_not_asked_for(book):
    lend(book, borrower=HOSTILE)
    lend(book, borrower=ALMOST)
    assert "3 questions" in words(opened("inbox.py", kind="nonsense", **DAY))
    at = opened("inbox.py", kind="names_nearly_agree", **DAY)
    assert f"There are loans to {HOSTILE} and to {ALMOST}. Is that one borrower?" in words(at)
    assert HOSTILE in {label.replace("\N{WORD JOINER}", "") for label in links(at)}
