"""A loan as it is typed: what it would come to, what is wrong beside each field, and one loan for two clicks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from fractions import Fraction
from threading import Barrier
from typing import Any

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from loan_core import Book, LoanNotFound, Refusal
from pages import _form
from pages._form import Form, fraction, plain
from pages._schedule_chart import schedule_chart, schedule_sentence
from pages._words import installments_of, ordinal, when_due
from tests import pages_at_hand
from tests.pages_at_hand import field, fill, labels, opened, press, receipt, run, words

book, pauses = pages_at_hand.book, pages_at_hand.pauses


def filled_in(**typed: object) -> AppTest:
    """The agreement of the design's sixth screen."""
    usual = {"Borrower": "Amara Okafor", "Loan_amount": "1,000.00", "Starts_on": date(2025, 10, 1)}
    return fill(opened("new_loan.py"), **(usual | typed))


def loans(book: Book) -> list[Any]:
    return list(book.loans(date(2030, 1, 1)).itertuples())


# As typed


@given(some.integers(0, 10**12), some.integers(0, 30))
def test_a_percentage_is_the_same_fraction_exactly(digits: int, decimals: int) -> None:
    typed = f"{digits:0{decimals + 1}d}"
    typed = f"{typed[: len(typed) - decimals]}.{typed[len(typed) - decimals :]}"
    assert Fraction(fraction(typed)) == Fraction(typed) / 100


@pytest.mark.parametrize(
    ("typed", "read"),
    [("2.0", "0.020"), ("2", "0.02"), (" .5 ", "0.005"), ("24%", "0.24"), ("1,200", "12.00"), ("-1", "-0.01")],
)
def test_a_percentage_is_read_as_people_write_it(typed: str, read: str) -> None:
    assert fraction(typed) == read


@pytest.mark.parametrize("typed", ["", "two", "2,0", "1e3", "2 %%", "٢"])
def test_what_is_no_percentage_is_left_for_the_book_to_refuse(typed: str) -> None:
    assert fraction(typed) == typed


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1,234,567.50", "1234567.50"),
        (" 1,000 ", "1000"),
        ("94.56", "94.56"),
        # A comma that parts no thousands is somebody's decimal point: 1,5 is not 15.
        ("1,5", "1,5"),
        ("12,34", "12,34"),
        ("1,2345", "1,2345"),
        ("1.234,50", "1.234,50"),
    ],
)
def test_commas_between_thousands_may_be_typed(typed: str, read: str) -> None:
    assert plain(typed) == read


# What it would come to


@pytest.mark.parametrize(
    ("terms", "sentence", "due"),
    [
        # The figures of the first: DOMAIN's level installment, P·i ÷ (1 − (1+i)^−n), as on the design's sixth screen.
        ({}, "12 installments of $94.56, the last $94.54", "1 Nov 2025 to 1 Oct 2026, on the 1st of each month"),
        ({"interest_rate": "0", "repayment_period": 4}, "4 installments of $250.00", "1 Nov 2025 to 1 Feb 2026"),
        ({"repayment_period": 1}, "1 installment of $1,020.00", "1 Nov 2025"),
        ({"method": "equal_principal"}, "12 installments, from $103.33 to $85.04", "1 Nov 2025 to 1 Oct 2026"),
        ({"method": "interest_only"}, "12 installments of $20.00, the last $1,020.00", "on the 1st"),
        # A larger installment than the formula's ends the loan early: nothing falls due after the fourth.
        ({"installment": "300"}, "4 installments of $300.00, the last $145.95", "1 Nov 2025 to 1 Feb 2026"),
        ({"start_on": "2025-10-31"}, "12 installments", "on the 31st of each month, or its last day"),
        ({"first_due_on": "2025-11-12"}, "12 installments", "12 Nov 2025 to 12 Oct 2026, on the 12th of each month"),
        ({"frequency": "weekly"}, "12 installments", "8 Oct 2025 to 24 Dec 2025, every Wednesday"),
        ({"frequency": "every_two_weeks"}, "12 installments", "every second Wednesday"),
        ({"frequency": "quarterly"}, "12 installments", "1 Jan 2026 to 1 Oct 2028, every three months"),
        ({"currency": "JPY", "loan_amount": "90001", "interest_rate": "0"}, "12 installments of ¥7,500", "1 Nov 2025"),
    ],
)
def test_a_schedule_is_told_in_a_sentence(book: Book, terms: dict[str, Any], sentence: str, due: str) -> None:
    agreed = {"loan_amount": "1000", "repayment_period": 12, "start_on": "2025-10-01"} | terms
    quote = book.quote(**agreed)
    assert installments_of(quote).replace("\N{NO-BREAK SPACE}", " ").startswith(sentence)
    assert due in when_due(quote).replace("\N{NO-BREAK SPACE}", " ")


def test_days_of_a_month_are_counted_in_english() -> None:
    ordinals = " ".join(ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 30, 31))
    assert ordinals == "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 30th 31st"


@pytest.mark.parametrize("count", [1, 12, 36, 360])
def test_the_bars_are_the_schedule(book: Book, count: int) -> None:
    rows = book.quote(loan_amount="1000", repayment_period=count, start_on="2025-10-01").installments
    principal, interest = go.Figure(schedule_chart(rows, "USD", "light")).data
    assert [round(100 * part) for part in principal.y] == rows["principal"].tolist()
    assert [round(100 * part) for part in interest.y] == rows["interest"].tolist()
    assert interest.text[0] == "$20.00"
    assert len(go.Figure(schedule_chart(rows, "USD", "dark")).layout.xaxis.tickvals) <= 12


def test_the_bars_are_told_in_words(book: Book) -> None:
    rows = book.quote(loan_amount="1000", repayment_period=12, start_on="2025-10-01").installments
    assert schedule_sentence(rows, "USD").replace("\N{NO-BREAK SPACE}", " ") == (
        "Stacked bars of 12 installments, principal and interest. The first, on 1 Nov 2025, has $20.00 interest; "
        "the last, on 1 Oct 2026, $1.85."
    )


# The form


def test_the_page_opens_on_an_empty_book(book: Book) -> None:
    at = opened("new_loan.py")
    assert not at.error
    assert not at.metric
    assert field(at, "Interest rate, %").value == "2.0", "the default rate is 2 % a month"


def test_a_first_amount_moves_no_button(book: Book) -> None:
    """Whoever types it and clicks at once would press where the button stood."""
    below = {len([*at.main.columns[0].caption]) for at in (opened("new_loan.py"), filled_in())}
    assert below == {1}


def test_the_schedule_follows_what_is_typed(book: Book) -> None:
    at = filled_in()
    assert "12 installments of $94.56, the last $94.54" in words(at)
    assert [each.value for each in at.metric] == ["$1,134.70", "$134.70", "11.9%"]
    assert "2.0% a month (24.0% a year), nominal." in words(at)
    fill(at, Quoted_per="year")
    assert "2.0% a year (0.17% a month), nominal." in words(at)
    assert book.loans(date(2030, 1, 1)).empty, "a preview writes nothing"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"Loan_amount": "1,000.005"}, "US dollars have 2 decimals"),
        # What is typed may look like a day: it is quoted as it is where there is no such day.
        ({"Loan_amount": "2024-02-30"}, "2024-02-30 is not an amount."),
        ({"Installment": "9999-99-99"}, "9999-99-99 is not an amount."),
        ({"Interest_rate,_%": "two"}, "Write a percentage, such as 2.0"),
        ({"Interest_rate,_%": "101"}, "Write a percentage, such as 2.0"),
        ({"First_due_on": date(2025, 9, 1)}, "before the loan starts on 1 Oct 2025. Write 1 Oct 2025 or a later day."),
        ({"Installment": "20"}, "the loan would never be repaid. Write a larger installment."),
    ],
)
def test_what_is_wrong_is_said_at_once_and_nothing_is_written(book: Book, typed: dict[str, Any], said: str) -> None:
    at = filled_in(**typed)
    assert len(at.error) == 1
    assert said in words(at)
    assert not at.metric
    press(at, "Create loan")
    assert said in words(at)
    assert not loans(book)


def test_what_is_missing_is_said_when_it_is_missed(book: Book) -> None:
    at = opened("new_loan.py")
    assert not at.error
    press(at, "Create loan")
    assert "Write the name of whoever borrows." in words(at)
    press(fill(at, Borrower="Amara Okafor"), "Create loan")
    assert [each.value.replace("\\", "") for each in at.error] == ["Write the amount lent, such as 1000.00."]
    assert not loans(book)


def test_a_loan_is_written_as_it_was_typed(book: Book) -> None:
    book.create_loan(loan_amount="50", repayment_period=2, currency="EUR")
    at = filled_in(
        Currency="EUR",
        Installments=24,
        Every="weekly",
        First_due_on=date(2025, 10, 12),
        Method="equal_principal",
        Rounding="up",
        Reference="A-17",
        Note="Two goats",
        **{"Interest_rate,_%": "3.25", "Quoted_per": "year"},
    )
    press(at, "Create loan")
    loan = loans(book)[1]
    assert (loan.borrower, loan.loan_amount, loan.currency) == ("Amara Okafor", 100_000, "EUR")
    assert (loan.interest_rate, loan.rate_period, loan.repayment_period) == (32_500, "year", 24)
    assert (loan.frequency, loan.method, loan.rounding) == ("weekly", "equal_principal", "up")
    assert (str(loan.start_on)[:10], str(loan.first_due_on)[:10]) == ("2025-10-01", "2025-10-12")
    assert (loan.reference, loan.note) == ("A-17", "Two goats")


def test_the_receipt_replaces_the_form(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_form, "SECOND_CLICK", 0)
    at = press(filled_in(), "Create loan")
    assert at.header[0].value == ":green[:material/check_circle:] Loan created"
    shown = receipt(at)
    assert (shown["Loan"], shown["Amount"]) == ("L-0001 · Amara Okafor", "$1,000.00")
    assert (shown["Repaid in"], shown["Interest"]) == (
        "12 installments of $94.56, the last $94.54",
        "2.0% a month (24.0% a year)",
    )
    assert not at.text_input or [each.label for each in at.text_input] == ["Reason"]
    press(at, "Create another")
    assert field(at, "Borrower").value == ""
    assert "Loan created" not in words(at)
    assert len(loans(book)) == 1


@pytest.mark.parametrize("label", ["Create another", "Open loan"])
def test_the_second_half_of_a_double_click_presses_nothing_on_the_receipt(
    book: Book, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    at = press(press(filled_in(), "Create loan"), label)
    assert at.header[0].value == ":green[:material/check_circle:] Loan created"
    monkeypatch.setattr(_form, "SECOND_CLICK", 0)
    assert "Loan created" not in words(press(at, label))


def test_clear_empties_the_form(book: Book) -> None:
    at = press(filled_in(), "Clear")
    assert (field(at, "Borrower").value, field(at, "Loan amount").value) == ("", "")
    assert field(at, "Starts on").value == book.today()


def test_whoever_comes_back_finds_an_empty_form(book: Book) -> None:
    at = press(filled_in(), "Create loan")
    run(run(at.switch_page("status.py")).switch_page("new_loan.py"))
    assert field(at, "Borrower").value == ""


def test_whoever_comes_from_another_page_waits_until_it_is_gone(book: Book, pauses: list[float]) -> None:
    """Else a browser may stay as far down in the new page as it was in the old one."""
    at = press(filled_in(), "Clear")
    assert pauses == []
    run(run(at.switch_page("status.py")).switch_page("new_loan.py"))
    assert pauses == [_form.EMPTY_SECONDS] * 2


def test_a_reference_that_is_taken_is_refused_and_the_form_stays(book: Book) -> None:
    book.create_loan(reference="A-17", loan_amount="50", repayment_period=2)
    at = press(filled_in(Reference="A-17"), "Create loan")
    assert "The reference A-17 already belongs to another loan" in words(at)
    assert field(at, "Borrower").value == "Amara Okafor"
    press(fill(at, Reference="A-18"), "Create loan")
    assert [each.reference for each in loans(book)] == ["A-17", "A-18"]


def test_a_mistake_is_voided_with_its_reason(book: Book) -> None:
    at = press(filled_in(), "Create loan")
    press(at, "Void loan", Reason="Entered twice")
    assert "Loan voided" in words(at)
    assert f"Voided on {book.today().day} " in words(at)
    assert ": Entered twice. It counts in no figure." in words(at)
    assert "Void loan" not in labels(at)
    assert book.loan(1).void_reason == "Entered twice"


def test_a_loan_on_which_money_came_in_is_not_voided(book: Book) -> None:
    at = press(filled_in(), "Create loan")
    book.add_repayment(1, "94.56", received_on="2025-11-01")
    press(at, "Void loan", Reason="Entered twice")
    assert "Loan L-0001 has received money: reverse its repayments before voiding it." in words(at)
    assert book.loan(1).voided_at is None


def test_the_currencies_of_the_book_are_offered(book: Book) -> None:
    book.create_loan(loan_amount="50", repayment_period=2, currency="KES")
    assert field(opened("new_loan.py"), "Currency").options == ["USD", "KES"]


# One write


def test_a_form_is_written_once_however_many_runs_write_it() -> None:
    form, together, written = Form(), Barrier(16), []

    def verb() -> str:
        written.append(len(written))
        return f"loan {len(written)}"

    def click(_: int) -> Refusal | None:
        together.wait()
        return form.write(verb)

    with ThreadPoolExecutor(16) as runs:
        assert set(runs.map(click, range(16))) == {None}
    assert (written, form.written) == ([0], "loan 1")


def test_a_form_that_was_refused_can_be_written_again() -> None:
    def refused() -> None:
        raise LoanNotFound(7)

    form = Form()
    assert str(form.write(refused)) == "There is no loan 7 in this book."
    assert form.write(lambda: "loan") is None
    assert form.written == "loan"
