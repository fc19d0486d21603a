"""Every page and its main states, light and dark, wide and on a phone: ``python -m tests.screenshots FOLDER [word …]``.

A book of one lender on 2 June 2026, the same each time; with words, only the pictures whose names have one of them.
What a page complains of, what axe finds on it, and what is wider than the window is printed.
The file of a picture is named by its page, its state, its theme and its width.
"""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, TimeoutError

from loan_core import Book, open_book
from pages._print import statement_page
from tests.axe import violations
from tests.desk import TOO_WIDE, Tab, browser, pages, served, tab
from tests.on_a_day import SettingsOnADay

DAY = SettingsOnADay.day
WIDTHS, THEMES = (1440, 390), ("light", "dark")
HEIGHT = 900
WRONG = (
    b"reference,borrower,loan_amount,repayment_period,start_on\n"
    b"N-1,Wanjiru Kamau,1200.00,12,2026-05-01\nN-2,Liam O'Connor,1.005,12,2026-05-01\n"
    b"N-3,Chen Wei,900.00,twelve,2026-05-41\n"
)
RIGHT = b"reference,borrower,loan_amount,repayment_period\nN-1,Wanjiru Kamau,1200.00,12\nN-2,Liam O'Connor,1500.00,24\n"
STRANGERS = b"Client name;Principal;Term;Colour;Loan No\nWanjiru Kamau;1200.00;12;red;N-1\nChen Wei;900;6;;N-2\n"


@dataclass(frozen=True)
class Shot:
    """A picture: where it is taken, and what is done there first."""

    name: str
    address: str
    do: Callable[[Page], object] = lambda page: None
    book: str = "lender"


def fill_book(book: Book) -> dict[str, int]:
    """A lender of two currencies, and some loans whose stories are told: by name, their ids."""
    for prefix, loans, seed in (("L", 148, 3), ("E", 23, 5)):
        for kind, file in made_up(loans, seed, "USD" if prefix == "L" else "EUR", prefix):
            getattr(book, f"import_{kind}")(BytesIO(file), name=f"{kind}.csv")
    told = {
        "behind": lend(book, "Amara Okafor", "1000.00", 12, "2025-10-01"),
        "ahead": lend(book, "Samuel Otieno", "2400.00", 18, "2025-09-15"),
        "on_track": lend(book, "Grace Mwangi", "5200.00", 24, "2025-02-20"),
        "pending": lend(book, "Tomasz Nowak", "800.00", 6, "2026-06-20"),
        "voided": lend(book, "Carmen Ruiz", "1800.00", 12, "2026-02-01"),
        "paid_off": lend(book, "Ingrid Sørensen", "600.00", 6, "2025-09-01"),
        "long": lend(book, "The Honorable Bartholomew Featherstonehaugh-Cholmondeley of Kirkcudbright", "9000.00", 60),
        "untouched": lend(book, "Kavya Nair", "3000.00", 12, "2026-05-20"),
    }
    for received_on, amount in (("2025-11-01", "94.56"), ("2026-01-09", "189.12"), ("2026-02-20", "94.56")):
        book.add_repayment(told["behind"], amount, received_on=received_on, note="Transfer")
    wrong = book.add_repayment(told["behind"], "94.56", received_on="2026-03-02", reference="RP-1042")
    book.reverse_repayment(wrong.id, received_on="2026-03-04", reference="RP-1051", reason="Another client's money")
    book.add_repayment(told["behind"], "22.84", received_on="2026-03-12", note="Cash")
    for name, amount, days in (
        ("ahead", "165.00", ("2025-10-12", "2025-11-10", "2025-12-14", "2026-01-10", "2026-02-11", "2026-03-13")),
        ("ahead", "330.00", ("2026-04-10", "2026-05-14")),
        ("on_track", "274.93", [f"2025-{month:02d}-{20 - month % 3}" for month in range(3, 13)]),
        ("on_track", "274.93", [f"2026-{month:02d}-19" for month in range(1, 6)]),
        ("paid_off", "107.12", [f"2025-{month}-01" for month in (10, 11, 12)] + ["2026-01-02", "2026-02-01"]),
        ("paid_off", "119.08", ["2026-03-01"]),
    ):
        for number, day in enumerate(days):
            book.add_repayment(told[name], amount, received_on=day, note=("Transfer", "Mobile money")[number % 2])
    book.void_loan(told["voided"], reason="entered twice")
    return told


def made_up(loans: int, seed: int, currency: str, prefix: str) -> Iterator[tuple[str, bytes]]:
    """The demo book as files, so that it is a lender's own: its loans, its repayments."""
    with TemporaryDirectory() as folder:
        settings = SettingsOnADay(database_uri=f"sqlite:///{folder}/loans.db", redis_url="off", currency=currency)
        demo = open_book(settings)
        demo.load_demo(loans=loans, seed=seed)
        for kind, lines in (("loans", demo.export_loans(DAY)), ("repayments", demo.export_repayments(DAY))):
            yield (
                kind,
                re.sub(
                    rb"\b(L|RP)-(?=[0-9])", lambda found: f"{prefix}{found[1].decode()[1:]}-".encode(), b"".join(lines)
                ),
            )
        demo.close()


def lend(book: Book, borrower: str, amount: str, installments: int, start_on: str = "2026-01-10") -> int:
    terms = {"loan_amount": amount, "repayment_period": installments, "start_on": start_on}
    return book.create_loan(borrower=borrower, **terms).id


def press(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("button", name=name, exact=True).first.click()


def upload(content: bytes, name: str = "loans.csv") -> Callable[[Page], None]:
    file = {"name": name, "mimeType": "text/csv", "buffer": content}

    def do(page: Page) -> None:
        page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", file)  # type: ignore[list-item]
        page.get_by_text(re.compile("Nothing (was written|is imported)")).wait_for(timeout=30_000)

    return do


def type_loan(amount: str = "5,000.00", borrower: str = "Wanjiru Kamau") -> Callable[[Page], None]:
    def do(page: Page) -> None:
        page.get_by_label("Borrower (required)").fill(borrower)
        page.get_by_label("Loan amount").press_sequentially(amount)
        page.wait_for_timeout(700)

    return do


def type_repayment(amount: str) -> Callable[[Page], None]:
    def do(page: Page) -> None:
        page.get_by_label("Amount, USD").press_sequentially(amount)
        page.wait_for_timeout(700)

    return do


def select_row(number: int = 1) -> Callable[[Page], None]:
    """The box at the left of a grid's row."""
    place = {"x": 18, "y": 38 * number + 19}
    return lambda page: page.get_by_test_id("stDataFrame").last.click(position=place)  # type: ignore[arg-type]


def both(*steps: Callable[[Page], object]) -> Callable[[Page], None]:
    def do(page: Page) -> None:
        for step in steps:
            step(page)
            page.wait_for_timeout(300)

    return do


def shots(told: dict[str, int]) -> Iterator[Shot]:
    yield Shot("portfolio", "/")
    yield Shot("portfolio-euros", "/?currency=EUR")
    yield Shot("portfolio-past", "/?as_of=2025-09-15")
    yield Shot("portfolio-demo", "/", book="demo")
    for page in pages():
        yield Shot(f"{page}-empty", "/" if page == "portfolio" else f"/{page}", book="empty")
    yield Shot("loans", "/loans")
    yield Shot("loans-behind", "/loans?status=Behind&sort=Arrears")
    yield Shot("loans-all", "/loans?state=all&sort=Borrower&page=3")
    yield Shot("loans-none", "/loans?search=nobody")
    yield Shot("loans-filters", "/loans", press("Filters"))
    yield Shot("loans-link", "/loans?status=Behind", press("Copy link"))
    yield Shot("new_loan", "/new_loan")
    yield Shot("new_loan-preview", "/new_loan", type_loan())
    yield Shot("new_loan-errors", "/new_loan", both(type_loan("1,000.005", ""), press("Create loan")))
    yield Shot("repayments", "/repayments")
    yield Shot("repayments-preview", f"/repayments?loan={told['behind']}&period=All", type_repayment("200"))
    yield Shot("repayments-warning", f"/repayments?loan={told['behind']}", type_repayment("2000"))
    yield Shot("repayments-error", f"/repayments?loan={told['behind']}", type_repayment("94.565"))
    yield Shot("repayments-selected", "/repayments?period=All&search=Amara", select_row(3))
    yield Shot("status", "/status")
    for name, loan_id in told.items():
        yield Shot(f"status-{name}", f"/status?loan={loan_id}")
    yield Shot("status-balance", f"/status?loan={told['behind']}&view=Balance")
    yield Shot("status-past", f"/status?loan={told['behind']}&as_of=2026-01-20")
    yield Shot("status-unknown", "/status?loan=L-0999")
    yield Shot("exchange", "/exchange")
    yield Shot("exchange-checked", "/exchange", upload(RIGHT))
    yield Shot("exchange-errors", "/exchange", upload(WRONG))
    yield Shot("exchange-matched", "/exchange", upload(STRANGERS, "theirs.csv"))
    yield Shot("exchange-import", "/exchange?import=1")
    yield Shot("exchange-export", "/exchange?way=Export")
    yield Shot("collection", "/collection")
    yield Shot("risk", "/risk")
    yield Shot("risk-definitions", "/risk?definitions=True&status=Behind")
    yield Shot("lateness", "/lateness")
    yield Shot("lateness-loans", "/lateness?view=Loan+by+loan&status=Behind")
    yield Shot("vintages", "/vintages")
    yield Shot("inbox", "/inbox")
    yield Shot("check", "/check")
    yield Shot("explain", "/explain?figure=par_30")
    yield Shot("explain-sum", "/explain?figure=arrears")
    yield Shot("since", "/since?since=2")
    yield Shot("portfolio-known", "/?known=2")
    # These write: they come last, so that nothing of theirs is in the other pictures.
    yield Shot("exchange-receipt", "/exchange", both(upload(RIGHT), press("Import 2 loans")))
    yield Shot(
        "repayments-receipt",
        f"/repayments?loan={told['behind']}",
        both(type_repayment("200"), press("Record repayment")),
    )
    yield Shot(
        "repayments-undo",
        f"/repayments?loan={told['behind']}",
        both(type_repayment("150"), press("Record repayment"), press("Undo")),
    )
    yield Shot("new_loan-receipt", "/new_loan", both(type_loan(), press("Create loan")))
    yield Shot("new_loan-void", "/new_loan", both(type_loan("700"), press("Create loan"), press("Void")))


def whole(page: Page, path: Path) -> None:
    """The page from top to bottom: what scrolls is within it, so the window is made as high as that is."""
    width = page.viewport_size["width"] if page.viewport_size else WIDTHS[0]
    # The height settles after the charts have.
    for _ in range(3):
        page.wait_for_timeout(250)
        high = page.evaluate(
            "Math.max(...[...document.querySelectorAll('[data-testid=stMain]')].map(e => e.scrollHeight), 0)"
        )
        page.set_viewport_size({"width": width, "height": max(HEIGHT, high)})
    page.wait_for_timeout(250)
    page.screenshot(path=path)
    page.set_viewport_size({"width": width, "height": HEIGHT})


def take(opened: Tab, shot: Shot, path: Path) -> None:
    opened.visit(shot.address)
    try:
        opened.page.set_default_timeout(4_000)
        shot.do(opened.page)
        with suppress(TimeoutError):
            opened.settle()
    except TimeoutError as error:
        print(f"{path.name}: {error.message.splitlines()[0]}")
    opened.page.set_default_timeout(30_000)
    whole(opened.page, path)
    for wrong in (*opened.heard(), *violations(opened.page), *opened.page.evaluate(TOO_WIDE)):
        print(f"{path.name}: {wrong}", flush=True)


def statement(launched: Browser, book: Book, loan_id: int, folder: Path) -> None:
    profile = launched.new_context(viewport={"width": 900, "height": 900})
    page = profile.new_page()
    page.set_content(statement_page(book.statement(loan_id, DAY)))
    page.screenshot(path=folder / "printed-statement.png", full_page=True)
    profile.close()


def main(folder: Path, *words: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name, browser(shutil.which("chromium") or "chromium") as launched:
        books = Path(name)
        told = make_books(books)
        wanted = [each for each in shots(told) if not words or any(word in each.name for word in words)]
        for theme, width in product(THEMES, WIDTHS):
            for kind in dict.fromkeys(each.book for each in wanted):
                file = books / f"{kind}-{theme}-{width}.db"
                shutil.copy(books / f"{kind}.db", file)
                viewport = {"width": width, "height": HEIGHT}
                with (
                    served(f"sqlite:///{file}", books / "log", DAY) as server,
                    tab(launched, server, viewport=viewport, color_scheme=theme) as opened,
                ):
                    for shot in wanted:
                        if shot.book == kind:
                            take(opened, shot, folder / f"{shot.name}-{theme}-{width}.png")
        book = open_book(SettingsOnADay(database_uri=f"sqlite:///{books / 'lender.db'}", redis_url="off"))
        statement(launched, book, told["behind"], folder)
        book.close()


def make_books(folder: Path) -> dict[str, int]:
    """An empty one, the demo, and a lender's own; of the last one the loans whose stories are told."""
    books = {
        kind: open_book(SettingsOnADay(database_uri=f"sqlite:///{folder / kind}.db", redis_url="off"))
        for kind in ("empty", "demo", "lender")
    }
    books["demo"].load_demo()
    told = fill_book(books["lender"])
    for book in books.values():
        book.close()
    return told


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
