"""Pages of a book as it was known: what they show, what they say of it, and the way back."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest

from loan_core import Book
from loan_core.store import Store
from pages import _desk
from pages._look import SPACE
from pages._print import statement_page
from tests.analysis_at_hand import opened, pressed, run
from tests.lending import CLOCK, lend
from tests.pages_at_hand import figures, links, words

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
    lend(with_clock, borrower="Second", start_on="2026-05-01")
    with_clock.add_repayment(1, "500", received_on="2025-12-01")
    yield with_clock
    _desk.book.clear()
    with_clock.close()


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


@pytest.mark.parametrize(
    ("page", "asked"),
    [("lateness.py", {}), ("vintages.py", {}), ("explain.py", {"figure": "gross_portfolio"})],
)
def test_the_analyst_s_other_pages_show_what_was_known(book, page, asked):
    then, now = opened(page, known="1", **asked, **DAY), opened(page, **asked, **DAY)
    assert "As known at revision 1" in words(then)
    said, said_now = (
        {line for line in words(each).splitlines() if "known at" not in line and "of the book" not in line}
        for each in (then, now)
    )
    assert said - said_now
    assert said_now - said


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


@pytest.mark.parametrize("as_of", ["garbage", "2026-02-30", "9999-12-31", "28.11.2026", "[x](http://evil.test)"])
def test_a_day_that_there_is_not_is_dropped_with_a_sentence(book, as_of):
    at = opened("portfolio.py", as_of=as_of)
    assert "This is the book as it stands today" in at.toast[0].value.replace("\\", "")
    assert "as_of" not in at.query_params
    assert figures(at) == figures(opened("portfolio.py"))


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


def test_the_day_of_an_instant_is_of_the_book_s_time_zone(book, monkeypatch):
    """Voided and imported at eight in the morning of 3 June in Tokyo, which is 23:00 on 2 June in UTC."""
    in_tokyo = Book(book._store, replace(CLOCK, at=CLOCK.at + timedelta(hours=11), timezone=ZoneInfo("Asia/Tokyo")))
    monkeypatch.setattr(_desk, "open_book", lambda: in_tokyo)
    _desk.book.clear()
    in_tokyo.void_loan(2, reason="entered twice")
    in_tokyo.import_loans(BytesIO(b"loan_amount,repayment_period\n7,7\n"), name="seven.csv")
    in_tokyo.undo_import(1)
    assert "Voided on 3 Jun 2026: entered twice." in words(opened("status.py", loan="2"))
    assert "Voided on 3 Jun 2026: entered twice." in statement_page(in_tokyo.statement(2, in_tokyo.today())).replace(
        SPACE, " "
    )
    listed = opened("exchange.py").dataframe[0].value
    assert listed[["Imported", "Undone"]].to_numpy().tolist() == [[f"3{SPACE}Jun{SPACE}2026"] * 2]
    assert "2 Jun 2026, 23:00 UTC" in opened("exchange.py", **{"import": 1}).table[0].value.to_string().replace(
        SPACE, " "
    )


# Links that remember


def said(at):
    return words(at).replace("**", "")


def test_a_link_says_what_came_since_and_which_figures_changed(book):
    at = opened("portfolio.py", revision="1", **DAY)
    assert "Since this link was made, 2 entries came: 1 loan, 1 repayment." in said(at)
    was, now = figures(opened("portfolio.py", known="1", **DAY)), figures(opened("portfolio.py", **DAY))
    changed = [f"{label} {was[label]} → {now[label]}" for label in now if was[label] != now[label]]
    assert f"Changed on this page: {', '.join(changed)}." in said(at)
    assert "Gross portfolio" in changed[0]
    assert "known=1" in links(at)["Show as it was"]
    assert "since=1" in links(at)["What came since"]
    assert "Since this link" not in words(pressed(at, "Dismiss"))


@pytest.mark.parametrize(("page", "figure"), [("risk.py", "PAR 30"), ("collection.py", "Fell due")])
def test_the_analyst_s_figures_are_compared(book, page, figure):
    at = opened(page, revision="1", **DAY)
    assert f"{figure} {figures(opened(page, known='1', **DAY))[figure]} → {figures(at)[figure]}" in said(at)


@pytest.mark.parametrize(
    "months",
    [
        {"period": "All"},
        {"period": "Other months"},
        {"period": "Other months", "first": "2026-02", "last": "2025-12"},
        {"period": "Other months", "first": "1999-01", "last": "never"},
        {"period": "A fortnight"},
    ],
)
def test_collections_are_compared_over_the_months_that_the_page_shows(book, months):
    lend(book, start_on="2024-01-01", loan_amount="120", interest_rate="0")
    book.add_repayment(3, "120", received_on="2024-02-01")
    book.add_repayment(1, "7", received_on="2025-12-05")
    at = opened("collection.py", revision="4", **months, **DAY)
    was, now = figures(opened("collection.py", known="4", **months, **DAY)), figures(at)
    changed = [f"{label} {was[label]} → {now[label]}" for label in now if was[label] != now[label]]
    assert f"Changed on this page: {', '.join(changed)}." in said(at) if changed else "No figure" in words(at)


def test_a_loan_s_figures_are_compared_by_what_was_known_of_it(book):
    at = opened("status.py", revision="2", loan="1", **DAY)
    assert "Since this link was made, 1 entry came: 1 repayment." in said(at)
    assert "Paid $0.00 → $500.00" in said(at)
    assert "Show as it was" not in links(at)
    at = opened("status.py", revision="2", loan="2", **DAY)
    assert "No figure of this page changed." in words(at)
    at = opened("status.py", revision="1", loan="2", **DAY)
    assert "Status — → Behind" in said(at)


def test_what_came_is_of_the_currency_that_the_page_shows(book):
    lend(book, currency="EUR")
    book.add_repayment(3, "30", received_on="2025-12-02")
    at = opened("portfolio.py", revision="4", currency="USD", **DAY)
    assert "Since this link" not in words(at)
    at = opened("portfolio.py", revision="4", currency="EUR", **DAY)
    assert "1 entry came: 1 repayment." in said(at)
    assert "currency=EUR" in links(at)["What came since"]
    assert "1 repayment." in words(opened("since.py", since="4", currency="EUR", **DAY))


def test_what_came_is_of_the_currency_of_a_loan_on_its_own_page(book):
    lend(book, currency="EUR")
    book.add_repayment(3, "30", received_on="2025-12-02")
    at = opened("status.py", loan="3", revision="4", currency="USD", **DAY)
    assert "1 entry came: 1 repayment." in said(at)
    assert "currency=EUR" in links(at)["What came since"]
    assert "Since this link" not in words(opened("status.py", loan="1", revision="4", currency="EUR", **DAY))


@pytest.mark.parametrize("page", ["loans.py", "repayments.py", "inbox.py"])
def test_of_another_page_only_what_came_is_said(book, page):
    said = words(opened(page, revision="2", **DAY))
    assert "1 entry came" in said
    assert "this page" not in said.replace("This page as it stands", "")


def test_a_link_of_the_newest_revision_says_nothing(book):
    at = opened("portfolio.py", revision="3", **DAY)
    assert "Since this link" not in words(at)
    assert f"revision={3}" in at.code[0].value


@pytest.mark.parametrize("revision", ["4", "-1", "x" * 300, "[x](http://evil.test)", "9" * 40])
def test_a_link_that_no_revision_made_is_a_link_like_any_other(book, revision):
    at = opened("portfolio.py", revision=revision, **DAY)
    assert "cannot be said" in at.toast[0].value
    assert "revision" not in at.query_params
    assert figures(at) == figures(opened("portfolio.py", **DAY))


def test_a_link_to_what_was_known_is_of_that_revision(book):
    link = opened("portfolio.py", known="2", **DAY).code[0].value
    assert "known=2" in link
    assert "revision" not in link
