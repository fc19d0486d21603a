"""The page of one loan: its two views, its neighbors, how it is found, and the way out of a mistake."""

from io import BytesIO

import pytest

from loan_core import Book
from pages import _loan_picker
from tests import pages_at_hand
from tests.pages_at_hand import button, labels, opened, run, words

book, loan, several = pages_at_hand.book, pages_at_hand.loan, pages_at_hand.several
DAY = "2026-06-02"


def test_the_path_is_told_in_words(book: Book, loan: int) -> None:
    said = words(opened("status.py", loan=loan, as_of=DAY))
    # 22.84 of three times 94.56; the reversal of March took back what came in two days before it.
    pace = "at the pace of the last 3 installments, $7.61 a month (8.1% of what fell due)"
    assert f"Dotted violet: {pace}, it is not paid off by 1 Oct 2027." in said


@pytest.mark.parametrize(
    ("query", "heading"),
    [({}, "Expected and actual payments"), ({"view": "Balance"}, "Remaining balance"), ({"view": "?"}, "Expected")],
)
def test_the_view_stands_in_the_url(book: Book, loan: int, query: dict[str, str], heading: str) -> None:
    at = opened("status.py", loan=loan, as_of=DAY, **query)
    assert at.subheader[0].value.startswith(heading)


def test_a_view_that_is_chosen_goes_into_the_url(book: Book, loan: int) -> None:
    at = opened("status.py", loan=loan, as_of=DAY)
    run(at.button_group(key="view_in_url").set_value("Balance"))
    assert (at.query_params["view"], at.subheader[0].value) == ("Balance", "Remaining balance")


def test_an_installment_says_when_it_was_paid(book: Book, loan: int) -> None:
    at = opened("status.py", loan=loan, as_of=DAY)
    installments, repayments = (table.value for table in at.table)
    assert list(installments) == ["Due", "Amount", "Paid", "Paid on", "Outcome"]
    paid_on = [each.replace("\N{NO-BREAK SPACE}", " ") for each in installments["Paid on"]]
    assert paid_on[:6] == ["1 Nov 2025", "9 Jan 2026", "9 Jan 2026", "20 Feb 2026", "—", "—"]
    covers = [each.replace("\N{NO-BREAK SPACE}", " ") for each in repayments["Covers"]]
    assert covers == ["5", "5", "5", "4", "2 to 3", "1"]


def test_to_the_next_loan_of_the_list_and_back(several: Book) -> None:
    at = opened("status.py", loan=1, as_of="2026-02-15", sort="Borrower", search="S-")
    assert [each for each in labels(at) if each in ("Previous", "Next")] == ["Next"]
    run(button(at, "Next").click())
    assert at.title[0].value.startswith("Bongani")
    assert dict(at.query_params) == {"loan": "2", "as_of": "2026-02-15", "sort": "Borrower", "search": "S-"}
    run(button(at, "Next").click())
    assert at.title[0].value.startswith("Chen")
    assert "Next" not in labels(at)
    run(button(at, "Previous").click())
    assert at.title[0].value.startswith("Bongani")


def test_the_next_loan_is_one_that_the_filter_means(several: Book) -> None:
    at = opened("status.py", loan=1, as_of="2026-02-15", sort="Borrower", status="On Track")
    run(button(at, "Next").click())
    assert at.title[0].value.startswith("Chen")


def test_of_a_large_book_the_first_loans_are_offered(several: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_loan_picker, "OFFERED", 2)
    at = opened("status.py", as_of="2026-02-15")
    assert at.selectbox(key="loan_in_url").options == ["S-1 · Amara", "S-2 · Bongani"]


def test_what_is_typed_opens_the_only_loan_that_it_can_mean(several: Book) -> None:
    at = opened("status.py", as_of="2026-02-15", find="chen", view="Balance")
    assert at.title[0].value.startswith("Chen")
    assert dict(at.query_params) == {"as_of": "2026-02-15", "loan": "3", "view": "Balance"}


def test_several_that_are_found_are_offered(several: Book) -> None:
    several.create_loan(reference="S-4", borrower="Chen", loan_amount="10", repayment_period=1, start_on="2026-01-01")
    at = opened("status.py", as_of="2026-02-15", find="chen")
    assert at.selectbox(key="loan_in_url").options == ["S-3 · Chen", "S-4 · Chen"]
    assert "2 loans with “chen”: choose one from the list." in words(at)
    run(at.selectbox(key="loan_in_url").set_value(4))
    assert dict(at.query_params) == {"as_of": "2026-02-15", "loan": "4"}


def test_nothing_that_is_found_is_said(several: Book) -> None:
    at = opened("status.py", as_of="2026-02-15", find="nobody")
    assert "No loan is called “nobody”, in whole or in part." in words(at)


def test_a_loan_that_is_beyond_the_list_is_shown_all_the_same(book: Book) -> None:
    rows = [b"H-%d,Holder %d,1000.00,12,2025-10-01,USD" % (number, number) for number in range(300)]
    book.import_loans(BytesIO(b"\n".join([pages_at_hand.LOANS.splitlines()[0], *rows])))
    at = opened("status.py", loan="H-299", as_of=DAY)
    assert (len(at.selectbox(key="loan_in_url").options), at.title[0].value.split()[1]) == (201, "299")


def test_a_loan_with_no_money_on_it_can_be_voided(book: Book) -> None:
    loan = book.create_loan(reference="V", loan_amount="1000", repayment_period=3, start_on="2026-01-01")
    at = opened("status.py", loan=loan.id, as_of=DAY)
    at.text_input[0].set_value("entered twice")
    run(button(at, "Void loan").click())
    assert "entered twice. It counts in no figure." in words(at)
    assert book.loan(loan.id).void_reason == "entered twice"


def test_a_loan_with_money_on_it_offers_no_void(book: Book, loan: int) -> None:
    assert "Void loan" not in labels(opened("status.py", loan=loan, as_of=DAY))


def test_money_that_came_in_later_keeps_a_loan_from_being_voided(book: Book, loan: int) -> None:
    """On the day that is looked at nothing was there yet."""
    at = opened("status.py", loan=loan, as_of="2025-10-15")
    at.text_input[0].set_value("entered twice")
    run(button(at, "Void loan").click())
    assert "repayments" in at.error[0].value
    assert book.loan(loan).voided_at is None
