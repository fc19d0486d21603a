"""New loan and Repayments, where only a browser shows it: while one types, and what axe finds in both themes."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from loan_core import Book, Settings, open_book
from tests.axe import violations
from tests.desk import Tab, lent_tab, served
from tests.lending import lend_as_designed

HOSTILE = "![i](http://evil.example/x.png) [l](javascript:alert(1)) <b>b</b> $x$ :red[r] \u202eabc"


@pytest.fixture(scope="module")
def desk_book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Book, str]]:
    """A book with one loan, and where a server finds it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('forms') / 'loans.db'}"
    ours = open_book(Settings(database_uri=url))
    lend_as_designed(ours, 2020)
    yield ours, url
    ours.close()


@pytest.fixture(scope="module")
def one_tab(desk_book: tuple[Book, str], tmp_path_factory: pytest.TempPathFactory, launched: Browser) -> Iterator[Tab]:
    with (
        served(desk_book[1], tmp_path_factory.mktemp("server") / "log") as server,
        lent_tab(launched, server) as opened_tab,
    ):
        yield opened_tab


@pytest.fixture
def at_desk(one_tab: Tab) -> Iterator[Tab]:
    yield one_tab
    assert one_tab.heard() == []


def type_loan(at: Tab, borrower: str = "Amara Okafor", theme: str = "light") -> None:
    at.visit_in(theme, "/new_loan")
    at.page.get_by_label("Borrower (required)").fill(borrower)
    at.page.get_by_label("Loan amount").press_sequentially("1,000.00")
    expect(at.page.get_by_role("heading", name="12 installments of $94.56, the last $94.54")).to_be_visible()
    at.settle()


def test_the_schedule_is_there_while_one_types(at_desk: Tab) -> None:
    type_loan(at_desk)
    assert at_desk.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Loan amount"
    expect(at_desk.page.get_by_role("figure", name="Stacked bars of 12 installments")).to_be_visible()
    currency = at_desk.page.get_by_role("combobox", name="Currency")
    currency.fill("XYZ")
    currency.press("Enter")
    expect(at_desk.page.get_by_role("alert")).to_contain_text("XYZ is not a currency. Write its ISO 4217 code")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_a_new_loan_and_its_receipt_are_for_everybody(at_desk: Tab, theme: Any, width: int) -> None:
    page = at_desk.resize(width).page
    type_loan(at_desk, HOSTILE, theme)
    assert violations(page) == []
    page.get_by_label("Loan amount").fill("1,000.005")
    expect(page.get_by_role("alert")).to_contain_text("US dollars have 2 decimals")
    assert violations(page) == []
    page.get_by_label("Loan amount").fill("1,000")
    # With the words gone, the button comes to stand higher.
    expect(page.get_by_role("alert")).to_have_count(0)
    at_desk.settle().page.get_by_role("button", name="Create loan").click()
    expect(page.get_by_role("heading", name="Loan created")).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text("<b>b</b> $x$")
    assert violations(at_desk.settle().page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def type_repayment(at: Tab, amount: str, theme: str) -> None:
    at.visit_in(theme, "/repayments?loan=1&as_of=2021-06-02&period=All")
    at.page.get_by_label("Amount, USD").press_sequentially(amount)
    expect(at.page.get_by_text("Installments 5 to").or_(at.page.get_by_text("Installment 5:")).first).to_be_visible()
    at.settle()


def test_a_row_of_the_history_is_looked_at_and_reversed(at_desk: Tab, desk_book: tuple[Book, str]) -> None:
    recorded = desk_book[0].add_repayment(1, "7.77", received_on="2021-05-01", reference="ODD", note=HOSTILE)
    page = at_desk.visit("/repayments?as_of=2021-05-01&period=This+month").draw().page
    box = page.get_by_test_id("stDataFrame").bounding_box()
    assert box
    # The name in the first row, below the header.
    at_desk.draw().page.mouse.click(box["x"] + 190, box["y"] + 38 + 19)
    panel = page.get_by_role("table", name="Repayment ODD")
    expect(panel).to_contain_text("<b>b</b> $x$")
    page.get_by_role("button", name="Reverse").click()
    page.get_by_role("button", name="Reverse repayment").click()
    expect(page.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Reason").fill("Not ours")
    page.get_by_role("button", name="Reverse repayment").click()
    expect(page.get_by_test_id("stMetric").last).to_contain_text("$7.77")
    at_desk.settle()
    expect(panel).to_have_count(0)
    undone = desk_book[0].repayments(date(2100, 1, 1), search="ODD").rows
    assert undone.set_index("id")["reversed_by"][recorded.id] != ""


@pytest.mark.parametrize(("theme", "width"), [("light", 390), ("dark", 1440)])
def test_a_repayment_and_its_receipt_are_for_everybody(at_desk: Tab, theme: Any, width: int) -> None:
    page = at_desk.resize(width).page
    type_repayment(at_desk, "2,000.00", theme)
    expect(page.get_by_role("alert")).to_contain_text("more than what is left of the loan")
    assert violations(page) == []
    page.get_by_label("Amount, USD").fill("94.565")
    expect(page.get_by_role("alert")).to_contain_text("US dollars have 2 decimals")
    assert violations(at_desk.settle().page) == []
    page.get_by_label("Amount, USD").fill(f"{width / 100}")
    page.get_by_role("button", name="Record repayment").click()
    expect(page.get_by_role("heading", name="Repayment recorded")).to_be_visible()
    assert violations(at_desk.settle().page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
