"""Every button that saves, clicked twice: what it says is done once, and nothing else is done."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from unittest.mock import ANY

from playwright.sync_api import Locator, Page, expect

from loan_core import Book
from tests.desk import Tab

FAR = date(2199, 12, 31)
DEMO_LOANS = 100
ROWS = b"loan_amount,repayment_period\n" + b"1000.00,12\n" * 300


@dataclass(frozen=True)
class Saving:
    """A button that saves: how one comes to it, what tells that it is done, and what changes in the book."""

    reach: Callable[[Tab, Book], Locator]
    after: str
    changes: dict[str, object]


def count(book: Book) -> dict[str, int]:
    """What there is in a book. Every write of a page shows in it."""
    imports, voided = book.imports(limit=1_000).rows, len(book.loans(FAR, state="voided"))
    return {
        "loans": len(book.loans(FAR)) + voided,
        "voided": voided,
        "repayments": book.repayments(FAR).count,
        "imports": len(imports),
        "undone": sum(each.undone_at is not None for each in imports),
    }


def click_twice(button: Locator, gap: float) -> None:
    """Two clicks in one place, ``gap`` milliseconds apart, whatever stands there for the second."""
    button.scroll_into_view_if_needed()
    box, mouse = button.bounding_box(), button.page.mouse
    assert box
    place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.click(*place)
    button.page.wait_for_timeout(gap)
    mouse.click(*place)


def save_once(tab: Tab, book: Book, saving: Saving, gap: float) -> None:
    button = saving.reach(tab, book)
    before = count(book)
    click_twice(button, gap)
    expect(told(tab.page, saving.after)).to_be_visible(timeout=30_000)
    tab.settle()
    expect(told(tab.page, saving.after)).to_be_visible()
    expect(tab.page.get_by_test_id("stAlert")).to_have_count(0)
    after = count(book)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == saving.changes
    assert tab.heard() == []


def told(page: Page, words: str) -> Locator:
    """That it is done: the heading of a receipt, or the line by which every page says that the demo book is in."""
    return heading(page, words).or_(page.get_by_role("link", name=re.compile(words)))


def heading(page: Page, words: str) -> Locator:
    return page.get_by_role("heading", name=re.compile(words))


def button(page: Page, words: str) -> Locator:
    return page.get_by_role("button", name=re.compile(f"{words}$"))


def latest(book: Book) -> int:
    return int(book.imports().rows[0].id)


def load_demo(tab: Tab, book: Book) -> Locator:
    return button(tab.visit("/").page, "Load (sample data|the demo book)")


def undo_import(tab: Tab, book: Book) -> Locator:
    return button(tab.turn_to(f"/exchange?import={latest(book)}").page, "Undo this import")


def import_loans(tab: Tab, book: Book) -> Locator:
    # A file that was undone may come again; its name and its rows are the same.
    file = {"name": "loans.csv", "mimeType": "text/csv", "buffer": ROWS}
    page = tab.turn_to("/exchange").page
    page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", file)  # type: ignore[list-item]
    button(page, "Import 300 loans").wait_for()
    tab.settle()
    return button(page, "Import 300 loans")


def create_loan(tab: Tab, book: Book) -> Locator:
    page = tab.turn_to("/new_loan").page
    page.get_by_label(re.compile("^Borrower")).fill("Amara Okafor")
    page.get_by_label("Loan amount").press_sequentially("1,000.00")
    expect(heading(page, "12 installments of")).to_be_visible()
    tab.settle()
    return button(page, "Create loan")


def say_why(page: Page, opener: str) -> None:
    """The second click of the write before may have opened the question already: another would close it."""
    if not page.get_by_label("Reason").is_visible():
        page.get_by_role("button", name=opener).click()
    page.get_by_label("Reason").fill("Twice")


def void_loan(tab: Tab, book: Book) -> Locator:
    """From the receipt of a loan that was just created."""
    page = tab.page
    say_why(page, "Void")
    return button(page, "Void loan")


def record(tab: Tab, book: Book) -> Locator:
    loan = book.create_loan(borrower="Chen Wei", loan_amount="1000", repayment_period=12, start_on="2025-10-01")
    page = tab.turn_to(f"/repayments?loan={loan.id}").page
    page.get_by_label(re.compile("^Amount")).press_sequentially("94.56")
    page.get_by_text("Installment 1").first.wait_for()
    tab.settle()
    return button(page, "Record repayment")


def reverse(tab: Tab, book: Book) -> Locator:
    """From the receipt of a repayment that was just recorded."""
    page = tab.page
    say_why(page, "Undo")
    return button(page, "Reverse repayment")


def give_back(book: Book) -> None:
    """The loan of ``record``, on which no money stands any more, is voided: the book is empty again."""
    for loan_id in book.loans(FAR)["id"].tolist():
        book.void_loan(loan_id, reason="Seen")


# In this order: each finds the book, the page, or the receipt, as the one before left it. The first one loads.
SAVINGS = {
    "load the demo": Saving(load_demo, "^Demo book", {"loans": DEMO_LOANS, "repayments": ANY, "imports": 1}),
    "remove the demo": Saving(undo_import, "undone", {"voided": DEMO_LOANS, "repayments": ANY, "undone": 1}),
    "import": Saving(import_loans, "300 loans imported", {"loans": 300, "imports": 1}),
    "undo an import": Saving(undo_import, "undone", {"voided": 300, "undone": 1}),
    "create a loan": Saving(create_loan, "Loan created", {"loans": 1}),
    "void a loan": Saving(void_loan, "Loan voided", {"voided": 1}),
    "record a repayment": Saving(record, "Repayment recorded", {"repayments": 1}),
    "reverse a repayment": Saving(reverse, "Repayment reversed", {"repayments": 1}),
}
