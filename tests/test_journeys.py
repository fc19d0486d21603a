"""What a lender does in a day, in a real browser: arrives by a link, lends, records, undoes, hands a link on."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Page, expect

from loan_core import Book, Settings, open_book
from pages._form import SECOND_CLICK
from tests.desk import Server, Tab, lent_tab, served, tab, titles, usual_port
from tests.double_clicks import button, heading

# What the hidden table of a grid says: its canvas is drawn from the same cells.
CELLS = """() => [...document.querySelectorAll('[data-testid=stDataFrame] canvas [role=gridcell]')]
    .map(each => each.textContent)"""
LAST_PAID = """() => {
    const {data} = [...document.querySelectorAll('.js-plotly-plot')][0]
    const paid = data.filter(each => each.name === 'Paid').at(-1).y
    return Array.from(paid._inputArray ?? paid).at(-1)
}"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Book, Path]]:
    """A made-up book, and a loan of its own of which three installments have fallen due and one is paid."""
    file = tmp_path_factory.mktemp("journeys") / "loans.db"
    book = open_book(Settings(database_uri=f"sqlite:///{file}"))
    book.load_demo(loans=60)
    start_on = book.today() - timedelta(days=100)
    terms = {"loan_amount": "1000", "repayment_period": 12, "start_on": start_on}
    loan = book.create_loan(reference="A-1", borrower="Amara Okafor", **terms)
    book.add_repayment(loan.id, "94.56", received_on=start_on + timedelta(days=31))
    yield book, file
    book.close()


@pytest.fixture(scope="module")
def server(book: tuple[Book, Path]) -> Iterator[Server]:
    with served(f"sqlite:///{book[1]}", book[1].with_name("log")) as running:
        yield running


@pytest.fixture(scope="module")
def one_tab(launched: Browser, server: Server) -> Iterator[Tab]:
    with lent_tab(launched, server, viewport={"width": 1440, "height": 1000}) as fresh:
        yield fresh


@pytest.fixture
def desk(one_tab: Tab) -> Iterator[Tab]:
    yield one_tab
    assert one_tab.heard() == []


def plotted(desk: Tab) -> tuple[str, float]:
    """The curve of a loan: what its text alternative says, and where what was paid ends in what Plotly has."""
    figure = desk.page.get_by_role("figure").first
    expect(desk.page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    return figure.get_attribute("aria-label") or "", desk.page.evaluate(LAST_PAID)


def cells(page: Page) -> list[str]:
    expect(page.locator("canvas [role=gridcell]", has_text=re.compile("-[0-9]")).first).to_be_attached()
    said: list[str] = page.evaluate(CELLS)
    return said


def test_after_a_restart_a_link_opens_its_page(launched: Browser, book: tuple[Book, Path]) -> None:
    port, log = usual_port(), book[1].with_name("restarts")
    with lent_tab(launched, Server(f"http://127.0.0.1:{port}", port, log, pid=0)) as desk:
        for address, title in {"/status?loan=A-1": "Amara Okafor", "/loans?search=A-1": "Loans"}.items():
            with served(f"sqlite:///{book[1]}", log, port=port):
                desk.visit(address)
                expect(desk.page.get_by_role("heading", level=1, name=title)).to_be_visible()
                links = desk.page.get_by_test_id("stSidebarNavLink").all_inner_texts()
                assert [link.splitlines()[-1] for link in links] == list(titles().values())
                assert desk.heard() == []
                # A page that is left does not look for its server.
                desk.page.goto("about:blank")


def open_loan(page: Page) -> None:
    """From a receipt that was read: the first moments of it belong to a double click."""
    page.wait_for_timeout(1_000 * SECOND_CLICK)
    button(page, "Open loan").click()


def test_a_loan_is_made_a_repayment_moves_its_curve_and_undo_moves_it_back(desk: Tab, book: tuple[Book, Path]) -> None:
    page = desk.visit("/new_loan").page
    page.get_by_label(re.compile("^Borrower")).fill("Wanjiru Kamau")
    page.get_by_label("Loan amount").press_sequentially("1,000.00")
    expect(heading(page, "12 installments of [$]94.56, the last [$]94.54")).to_be_visible()
    desk.settle()
    button(page, "Create loan").click()
    expect(heading(page, "Loan created")).to_be_visible()
    open_loan(page)
    expect(page.get_by_role("heading", level=1, name="Wanjiru Kamau")).to_be_visible()
    said, paid = plotted(desk.settle())
    assert ("paid $0.00" in as_read(said), paid) == (True, 0)

    button(page, "Record repayment").click()
    page.get_by_label(re.compile("^Amount")).press_sequentially("189.12")
    page.get_by_text("Installments 1 to 2").first.wait_for()
    desk.settle()
    button(page, "Record repayment").click()
    expect(heading(page, "Repayment recorded")).to_be_visible()
    open_loan(page)
    expect(page.get_by_role("heading", level=1, name="Wanjiru Kamau")).to_be_visible()
    said, paid = plotted(desk.settle())
    assert ("paid $189.12" in as_read(said), paid) == (True, 189.12)

    loan_id = book[0].loans(book[0].today(), search="Wanjiru Kamau")["id"].iloc[-1]
    desk.visit(f"/repayments?search=Wanjiru+Kamau&loan={loan_id}").draw()
    page.get_by_test_id("stDataFrame").click(position={"x": 18, "y": 57})
    page.get_by_role("button", name="Reverse").click()
    page.get_by_label("Reason").fill("Another client's money")
    button(page, "Reverse repayment").click()
    expect(page.get_by_test_id("stMetric").last).to_contain_text("$189.12")
    said, paid = plotted(desk.visit(f"/status?loan={loan_id}"))
    assert ("paid $0.00" in as_read(said), paid) == (True, 0)


def as_read(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_what_was_filtered_is_the_same_table_for_who_opens_the_link(desk: Tab, launched: Browser) -> None:
    page = desk.visit("/loans").page
    page.get_by_role("radio", name="On Track").click()
    page.get_by_placeholder("Name, loan or reference").fill("a")
    page.get_by_placeholder("Name, loan or reference").press("Enter")
    page.wait_for_url(re.compile("search=a"))
    page.wait_for_url(re.compile("status=On"))
    with tab(launched, desk.server, viewport={"width": 1440, "height": 1000}) as elsewhere:
        elsewhere.visit(page.url.removeprefix(desk.server.url))
        there = cells(elsewhere.page)
        # The grid is drawn a little after the page is at rest.
        page.wait_for_function(f"there => JSON.stringify(({CELLS})()) === JSON.stringify(there)", arg=there)
        elsewhere.visit("/loans")
        assert cells(elsewhere.page) != there


def test_a_click_on_a_name_opens_the_loan(desk: Tab) -> None:
    page = desk.visit("/loans?search=A-1").page
    name = desk.draw().page.get_by_test_id("stDataFrame")
    # Below the header, right of the box that ticks the row.
    name.click(position={"x": 80, "y": 57})
    expect(page.get_by_role("heading", level=1, name="Amara Okafor")).to_be_visible()
    # Of several loans in tabs side by side one tells which is which.
    expect(page).to_have_title("A-1 · Status")
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Loans")).to_be_visible()
    expect(page).to_have_title("Loans")


def test_back_comes_back_to_the_day_before(desk: Tab) -> None:
    page = desk.visit("/").page
    today = page.get_by_text(re.compile("^As of .* amounts in")).inner_text()
    page.get_by_role("button", name="Back", exact=False).first.click()
    page.wait_for_url(re.compile("as_of="))
    desk.settle()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Loans").click()
    page.wait_for_url(re.compile("/loans[?]as_of="))
    desk.settle()
    page.go_back()
    if "/loans" in page.url:
        # A slow browser has written the page down twice, without its query and with it: Back takes a press more.
        page.wait_for_url(re.compile("/loans[?]as_of="))
        desk.settle()
        page.go_back()
    expect(page.get_by_role("heading", level=1, name="Portfolio")).to_be_visible()
    desk.settle()
    page.go_back()
    expect(page.get_by_text(today)).to_be_visible()
    assert "as_of" not in page.url


DOWNLOADS = {
    "loans": "/loans?status=Behind",
    "repayments": "/repayments?period=All",
    "status": "/status?loan=A-1",
    "exchange": "/exchange",
    "exchange, repayments": "/exchange?kind=repayments",
    "exchange, export": "/exchange?way=Export",
}


@pytest.mark.parametrize("address", DOWNLOADS.values(), ids=DOWNLOADS)
def test_whatever_a_page_offers_to_download_can_be_opened(desk: Tab, address: str) -> None:
    buttons = desk.visit(address).page.get_by_test_id("stDownloadButton").get_by_role("button")
    expect(buttons.first).to_be_visible()
    for each in buttons.all():
        with desk.page.expect_download() as download:
            each.click()
        open_file(download.value.suggested_filename, Path(download.value.path()).read_bytes())


def open_file(name: str, content: bytes) -> None:
    """As whoever receives it does: a file of a kind that is not known here, or that does not open, is an error."""
    kind = name.rpartition(".")[2]
    if kind == "zip":
        with ZipFile(BytesIO(content)) as bundle:
            assert bundle.testzip() is None
            for inner in bundle.namelist():
                open_file(inner, bundle.read(inner))
    elif kind == "csv":
        header, *rows = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        assert len(set(header)) == len(header) > 2
        assert {len(row) for row in rows} <= {len(header)}
        assert not any(cell.startswith(("=", "@")) for row in rows for cell in row)
    elif kind == "json":
        assert json.loads(content)
    else:
        assert kind == "html"
        assert content.lstrip().lower().startswith(b"<!doctype html>")
        assert content.rstrip().endswith(b"</html>")
