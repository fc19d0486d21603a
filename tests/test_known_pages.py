"""Pages of a book as it was known: what they show, what they say of it, and the way back."""

import pytest

from loan_core import Book
from loan_core.store import Store
from pages import _desk
from tests.test_analysis_pages import figures, links, opened, run, words
from tests.test_book import CLOCK, lend

DAY = {"as_of": "2026-06-02"}
PAGES = ("portfolio.py", "loans.py", "risk.py", "collection.py")
HOSTILE = "![i](http://evil.test/x.png) $5$"


@pytest.fixture
def book(sqlite_url, monkeypatch):
    """A loan, a second one, and money on the first: revisions 1, 2 and 3."""
    with_clock = Book(Store(sqlite_url), CLOCK)
    monkeypatch.setattr(_desk, "open_book", lambda: with_clock)
    _desk.book.clear()
    lend(with_clock, borrower=HOSTILE)
    lend(with_clock, borrower="Second")
    with_clock.add_repayment(1, "500", received_on="2025-12-01")
    yield with_clock
    _desk.book.clear()
    with_clock.close()


def pressed(at, label):
    return run(next(each for each in at.button if each.label == label).click())


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_was_known_and_says_so(book, page):
    at = opened(page, known="1", **DAY)
    assert "As known at revision 1, 2 Jun 2026, 12:00 UTC" in words(at)
    assert "2 entries since" in links(at)
    if page == "loans.py":
        assert at.dataframe[0].value["Loan"].tolist() == ["L-0001"]
    else:
        assert figures(at) != figures(opened(page, **DAY))
    after = pressed(at, "Back to now")
    assert "As known" not in words(after)
    assert figures(after) == figures(opened(page, **DAY))


@pytest.mark.parametrize("page", ["status.py", "repayments.py", "new_loan.py", "exchange.py"])
def test_a_page_that_does_not_go_back_says_so(book, page):
    at = opened(page, known="1", loan="1", **DAY)
    assert "Asked as known at revision 1: this page shows what is known now." in words(at)


@pytest.mark.parametrize("known", ["99", "-1", "1.5", "x" * 500, "[x](http://evil.test)", "9" * 30])
def test_a_revision_that_there_is_not_is_dropped_with_a_sentence(book, known):
    at = opened("portfolio.py", known=known, **DAY)
    assert "This is the book as it is now" in at.toast[0].value.replace("\\", "")
    assert "known" not in at.query_params
    assert figures(at) == figures(opened("portfolio.py", **DAY))


def test_a_link_out_of_a_page_as_known_stays_as_known(book):
    at = opened("portfolio.py", known="1", **DAY)
    assert all("known=1" in query for label, query in links(at).items() if "since" not in label)


@pytest.mark.parametrize("page", ["portfolio.py", "risk.py"])
def test_a_day_is_chosen_by_the_end_of_which_it_had_been_recorded(book, page):
    at = opened(page, **DAY)
    run(next(each for each in at.date_input if each.label == "Recorded by the end of").set_value(CLOCK.at.date()))
    at = pressed(at, "Show")
    assert "known" not in at.query_params
    assert "Nothing was recorded after that day" in at.toast[0].value
    run(next(each for each in at.date_input if each.label == "Recorded by the end of").set_value("2026-06-01"))
    at = pressed(at, "Show")
    assert "As known at revision 0: before anything was written" in words(at)


def test_what_came_since_is_listed(book):
    at = opened("since.py", since="1", **DAY)
    assert "Since revision 1, 2 Jun 2026, 12:00 UTC. Loans, and money received by 2 Jun 2026." in words(at)
    assert "1 loan, 1 repayment." in words(at)
    assert at.dataframe[0].value["What"].tolist() == ["Repayment", "Loan"]
    assert at.dataframe[0].value["Amount"].tolist() == [500, 1000]


def test_nothing_came_since_the_newest_revision(book):
    assert "Nothing was written since" in words(opened("since.py", since="3", **DAY))
