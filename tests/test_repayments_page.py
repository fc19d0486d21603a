"""Money that came in: what it would do, one entry however often one clicks, and the way back out of a mistake."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from loan_core import Book
from pages import _form
from pages._received import since
from pages._repayment_words import file_name
from tests import pages_at_hand
from tests.lending import lend_as_designed
from tests.pages_at_hand import field, figures, fill, labels, opened, press, receipt, run, words

book, pauses = pages_at_hand.book, pages_at_hand.pauses
DAY = date(2021, 6, 2)


@pytest.fixture
def loan(book: Book) -> int:
    return lend_as_designed(book, DAY.year - 1)


def opened_on_the_day(**query: object) -> AppTest:
    return opened("repayments.py", as_of=DAY, **query)


def typed(**more: object) -> AppTest:
    """A repayment on the loan, received on the day."""
    return fill(opened_on_the_day(loan=1), **{"Amount,_USD": "94.56", "Received_on": DAY, **more})


def before_and_after(at: AppTest) -> dict[str, tuple[str, ...]]:
    rows = at.table[0].value
    return {row.iloc[0]: tuple(cell.replace("\\", "") for cell in row.iloc[1:]) for _, row in rows.iterrows()}


def listed(at: AppTest) -> list[tuple[str, float, str]]:
    rows = at.dataframe[0].value
    return list(zip(rows["Received on"].astype(str).str[:10], rows["Amount"], rows["Note"], strict=True))


# What it would do


def test_the_page_opens_on_an_empty_book(book: Book) -> None:
    at = opened("repayments.py")
    assert "There is no loan in this book yet." in words(at)
    assert "No repayment came in" in words(at)
    assert figures(at) == {"Received": "$0.00", "Repayments": "0", "Reversed": "$0.00"}


@pytest.mark.parametrize("named", ["1", "L-0007"])
def test_a_link_names_the_loan(book: Book, loan: int, named: str) -> None:
    at = opened_on_the_day(loan=named)
    assert field(at, "Loan").value == 1
    # Without an amount there is nothing to compare. Today everything has fallen due.
    assert before_and_after(at)["Arrears"] == ("$733.62",)


def test_a_loan_is_found_by_its_borrower_or_its_reference(book: Book, loan: int) -> None:
    book.create_loan(reference="A-2", loan_amount="50", repayment_period=2, start_on="2021-01-01")
    at = opened_on_the_day()
    assert field(at, "Loan").options == ["L-0007 · Amara Okafor", "A-2"]
    run(field(at, "Loan").set_value(2))
    assert at.query_params["loan"] == "2"


def test_an_unknown_loan_is_a_sentence_with_a_way_back(book: Book, loan: int) -> None:
    assert "There is no loan L-0999 in this book." in words(opened_on_the_day(loan="L-0999"))


def test_the_sums_that_are_likely_are_offered(book: Book, loan: int) -> None:
    at = fill(opened_on_the_day(loan=loan), Received_on=DAY)
    offered = {label.replace("\\", ""): label for label in labels(at)}
    for offer, amount in {"Next $94.56": "94.56", "Arrears $355.40": "355.40", "Balance $733.62": "733.62"}.items():
        press(at, offered[offer])
        assert field(at, "Amount, USD").value == amount
    assert before_and_after(at)["Status"][1] == ":gray-badge[:material/task_alt: Paid off]"


def test_what_it_does_is_shown_before_it_is_recorded(book: Book, loan: int) -> None:
    at = typed()
    # Paid is 401.08, four installments and 22.84 of the fifth, more than its interest of 13.85. So 94.56 is the rest of
    # its principal, 71.72, and of the sixth its interest, 12.24, and 10.60 of its principal.
    assert "Installments 5 to 6: $12.24 interest, $82.32 principal. Due 1 Mar 2021 to 1 Apr 2021." in words(at)
    assert before_and_after(at) == {
        "Status": (":orange-badge[:material/priority_high: Behind]",) * 2,
        "Arrears": ("$355.40", "$260.84"),
        "Days past due": ("93", "62"),
        "Remaining balance": ("$733.62", "$639.06"),
    }
    assert len(book.repayments(DAY).rows) == 6, "a preview writes nothing"


def test_the_same_amount_within_three_days_is_pointed_out(book: Book, loan: int) -> None:
    book.add_repayment(loan, "94.56", received_on="2021-05-30")
    assert "The same amount was received on 30 May 2021." in words(typed())
    assert not typed(Received_on=date(2021, 6, 3)).warning
    assert not typed(**{"Amount,_USD": "94.55"}).warning


def test_a_receipt_tells_of_a_twin_that_somebody_else_recorded_meanwhile(book: Book, loan: int) -> None:
    at = typed()
    other = book.add_repayment(loan, "94.56", received_on="2021-06-01")
    at = press(at, "Record repayment")
    told = f"The same amount was received on 1 Jun 2021, as {other.reference}. Undo this one if it came in once."
    assert told in words(at)
    book.reverse_repayment(other.id)
    assert told not in words(run(at))


def test_more_than_is_left_is_pointed_out(book: Book, loan: int) -> None:
    assert "$16.38 of it is more than what is left of the loan." in words(typed(**{"Amount,_USD": "750"}))
    assert not typed(**{"Amount,_USD": "733.62"}).warning


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"Amount,_USD": "94.565"}, "US dollars have 2 decimals"),
        ({"Received_on": date(2020, 9, 30)}, "before the loan starts on 1 Oct 2020. Write 1 Oct 2020 or a later day."),
        ({"Received_on": date(2199, 1, 1)}, "1 Jan 2199 is after today."),
    ],
)
def test_what_is_wrong_is_said_at_once_and_nothing_is_recorded(
    book: Book, loan: int, more: dict[str, Any], said: str
) -> None:
    at = typed(**more)
    assert said in words(at)
    press(at, "Record repayment")
    assert (len(at.error), said in words(at)) == (1, True)
    assert len(book.repayments(DAY).rows) == 6


def test_an_amount_is_missed_when_it_is_not_there(book: Book, loan: int) -> None:
    at = opened_on_the_day(loan=loan)
    assert not at.error
    assert "Write the amount received, such as 94.56." in words(press(at, "Record repayment"))


def test_nothing_is_recorded_on_a_voided_loan(book: Book) -> None:
    voided = book.create_loan(loan_amount="50", repayment_period=2, start_on="2021-01-01")
    book.void_loan(voided.id)
    at = fill(opened_on_the_day(loan=voided.id), **{"Amount,_USD": "5"})
    assert "Loan L-0001 is voided: nothing can be recorded on it." in words(at)
    press(at, "Record repayment")
    assert book.repayments(DAY).count == 0


# The receipt


def test_the_receipt_replaces_the_form(book: Book, loan: int) -> None:
    at = press(typed(Reference="BANK-88213", Note="Counter 2"), "Record repayment")
    assert at.header[0].value == ":green[:material/check_circle:] Repayment recorded"
    shown = receipt(at)
    assert shown.pop("Recorded").endswith(" UTC")
    assert shown == {
        "Amount": "$94.56",
        "Loan": "L-0007 · Amara Okafor",
        "Received on": "2 Jun 2021",
        "Covers": "Installments 5 to 6: $12.24 interest, $82.32 principal",
        "Reference": "BANK-88213",
        "Note": "Counter 2",
    }
    assert "Arrears now **$260.84**, 62 days past due." in words(at)
    assert "Record repayment" not in labels(at)
    assert listed(at)[0] == ("2021-06-02", 94.56, "Counter 2")
    assert book.status(loan, DAY).arrears == 26084


def test_without_a_reference_the_next_number_is_given(book: Book, loan: int) -> None:
    assert receipt(press(typed(), "Record repayment"))["Reference"] == "RP-0007"


@pytest.mark.parametrize("label", ["Record another", "Open loan"])
def test_the_second_half_of_a_double_click_presses_nothing_on_the_receipt(book: Book, loan: int, label: str) -> None:
    at = press(press(typed(), "Record repayment"), label)
    assert at.header[0].value == ":green[:material/check_circle:] Repayment recorded"


def test_the_receipt_stands_at_the_top_of_the_page(book: Book, loan: int, pauses: list[float]) -> None:
    """On a phone its button is far below: whoever stayed there would not see that it is recorded."""
    at = press(typed(), "Record repayment")
    assert pauses == [_form.EMPTY_SECONDS]
    assert "Repayment recorded" in words(run(at))
    assert pauses == [_form.EMPTY_SECONDS]


def test_another_one_begins_with_an_empty_form(book: Book, loan: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_form, "SECOND_CLICK", 0)
    at = press(press(typed(), "Record repayment"), "Record another")
    assert field(at, "Loan").value is None
    assert "loan" not in at.query_params
    run(field(at, "Loan").set_value(1))
    assert field(at, "Amount, USD").value == ""
    assert len(book.repayments(DAY).rows) == 7


def test_undo_is_a_reversal_with_its_reason(book: Book, loan: int) -> None:
    at = press(press(typed(), "Record repayment"), "Reverse repayment", Reason="Counted twice")
    assert at.header[0].value == ":green[:material/check_circle:] Repayment reversed"
    shown = receipt(at)
    assert (shown["Amount"], shown["Reversal"], shown["Note"]) == ("−$94.56", "Reverses RP-0007", "Counted twice")
    assert "Arrears now **$355.40**, 93 days past due." in words(at)
    assert "Reverse repayment" not in labels(at)
    assert listed(at)[:2] == [
        ("2021-06-02", -94.56, "Reverses RP-0007"),
        ("2021-06-02", 94.56, "Reversed by RP-0008"),
    ]


def test_a_reversal_may_say_when_the_money_went_back(book: Book, loan: int) -> None:
    at = press(typed(), "Record repayment")
    press(at, "Reverse repayment", Reason="Bounced", Money_went_back_on=date(2021, 6, 5))
    assert receipt(at)["Received on"] == "5 Jun 2021"
    assert book.status(loan, DAY).arrears == 26084
    assert book.status(loan, date(2021, 6, 5)).arrears == 26084 + 9456


def test_the_last_installment_pays_the_loan_off(book: Book, loan: int) -> None:
    at = press(typed(**{"Amount,_USD": "750"}), "Record repayment")
    assert "The loan is paid off, with $16.38 more than it came to." in words(at)
    assert receipt(at)["Covers"].endswith("; $16.38 more than is left")


def test_a_reference_that_is_taken_is_refused_and_the_form_stays(book: Book, loan: int) -> None:
    at = press(typed(Reference="RP-1042"), "Record repayment")
    assert "The reference RP-1042 already belongs to another repayment" in words(at)
    press(fill(at, Reference="RP-2000"), "Record repayment")
    assert book.repayments(DAY).rows["reference"].tolist()[0] == "RP-2000"


# The history


def test_reversals_are_visible_from_both_sides(book: Book, loan: int) -> None:
    at = opened_on_the_day(period="All")
    assert listed(at) == [
        ("2021-03-12", 22.84, "Cash"),
        ("2021-03-04", -94.56, "Reverses RP-1042"),
        ("2021-03-02", 94.56, "Reversed by RP-1051"),
        ("2021-02-20", 94.56, "Transfer"),
        ("2021-01-09", 189.12, "Transfer"),
        ("2020-11-01", 94.56, "Transfer"),
    ]
    assert figures(at) == {"Received": "$401.08", "Repayments": "6", "Reversed": "$94.56"}


@pytest.mark.parametrize(
    ("period", "first"),
    [("30 days", date(2021, 5, 4)), ("This month", date(2021, 6, 1)), ("Year", date(2020, 6, 3)), ("All", None)],
)
def test_a_period_ends_with_the_day_that_is_asked_about(period: str, first: date | None) -> None:
    assert since(period, DAY) == first


def test_the_period_and_the_search_are_in_the_url(book: Book, loan: int) -> None:
    at = opened("repayments.py", as_of="2021-03-04")
    assert len(listed(at)) == 3, "the last 30 days"
    run(at.button_group[0].set_value("This month"))
    assert at.query_params["period"] == "This month"
    assert [amount for _, amount, _ in listed(at)] == [-94.56, 94.56]
    fill(at, Search="rp-1042")
    assert at.query_params["search"] == "rp-1042"
    assert listed(at) == [("2021-03-02", 94.56, "Reversed by RP-1051")]
    fill(at, Search="nobody")
    assert "No repayment matches from 1 Mar 2021 to 4 Mar 2021." in words(at).replace("*", "")
    press(at, "Clear filters")
    assert "search" not in at.query_params


def test_the_history_of_one_loan(book: Book, loan: int) -> None:
    other = book.create_loan(loan_amount="500.00", repayment_period=3, start_on="2021-01-01")
    book.add_repayment(other.id, "11.00", received_on="2021-05-30")
    at = opened_on_the_day(loan=other.id, period="All")
    assert len(listed(at)) == 7
    run(at.toggle[0].set_value(True))
    assert (at.query_params["only"], listed(at)) == ("True", [("2021-05-30", 11.00, "")])
    fill(at, Search="nobody")
    press(at, "Clear filters")
    assert dict(at.query_params) == {"loan": "2", "period": "All", "as_of": "2021-06-02"}, "the form keeps its loan"
    assert len(listed(at)) == 7


def test_a_csv_is_called_by_what_it_is_of() -> None:
    everything = {"since": None, "search": "", "currency": "USD", "loan_id": None}
    assert file_name(DAY, **everything) == "repayments-all-to-2021-06-02-usd"
    some = {"since": date(2021, 5, 4), "search": "../É mile;\n", "currency": "KES", "loan_id": 7}
    assert file_name(DAY, **some) == "repayments-2021-05-04-to-2021-06-02-kes-loan-7-é-mile"


def test_a_long_history_is_turned_over(book: Book, loan: int) -> None:
    rows = "".join(f"L-0007,1.{number:02d},2021-05-{number % 28 + 1:02d}\n" for number in range(40))
    book.import_repayments(BytesIO(f"loan_reference,amount,received_on\n{rows}".encode()))
    at = opened_on_the_day(page="3", period="All")
    assert "31–45 of 46, amounts in US dollars." in words(at)
    assert len(listed(at)) == 15
    assert listed(at) != listed(run(at.pagination[0].set_value(2)))
    assert "1–15 of 46" in words(opened_on_the_day(page="99", period="All")), "no such page is the first"


def test_sums_of_several_currencies_are_never_added(book: Book, loan: int) -> None:
    yen = book.create_loan(loan_amount="90000", currency="JPY", repayment_period=3, start_on="2021-01-01")
    book.add_repayment(yen.id, "30000", received_on="2021-02-01")
    at = opened_on_the_day(period="All", currency="JPY")
    assert figures(at) == {"Received": "¥30,000", "Repayments": "1", "Reversed": "¥0"}
    assert "amounts in Japanese yen." in words(at)
    assert figures(opened_on_the_day(period="All", currency="USD"))["Received"] == "$401.08"
