"""axe on every page, light and dark, wide and on a phone: nothing but what the framework itself brings."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from loan_core import Book, Settings, open_book
from pages._print import statement_page
from tests.axe import violations
from tests.desk import Server, Tab, pages, served, tab

THEMES = ("light", "dark")
WIDTHS = (1440, 390)
WRONG = b"loan_amount,repayment_period,colour\n1000,12,red\n1.005,12,blue\n"


@pytest.fixture(scope="module")
def made_up_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('demo') / 'loans.db'}"


@pytest.fixture(scope="module")
def made_up_book(made_up_url: str) -> Iterator[Book]:
    """The demo book; its fifth loan has repayments, and installments before the day and after it."""
    book = open_book(Settings(database_uri=made_up_url))
    book.load_demo()
    yield book
    book.close()


@pytest.fixture(scope="module")
def made_up(made_up_book: Book, made_up_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(made_up_url, tmp_path_factory.mktemp("log") / "server.log") as running:
        yield running


@pytest.fixture(scope="module", params=THEMES)
def seen(launched: Browser, made_up: Server, request: pytest.FixtureRequest) -> Iterator[Tab]:
    with tab(launched, made_up, color_scheme=request.param) as opened:
        yield opened.visit()


def found(opened: Tab) -> dict[int, list[str]]:
    """What axe finds wrong on the page as it stands, on a phone and wide."""
    return {width: violations(opened.resize(width).page) for width in WIDTHS}


NOTHING: dict[int, list[str]] = {width: [] for width in WIDTHS}


@pytest.mark.parametrize("page", pages())
def test_axe_finds_nothing_on(seen: Tab, page: str) -> None:
    assert found(seen.turn_to(f"{pages()[page]}?loan=5")) == NOTHING


def test_axe_finds_nothing_beside_a_file_that_must_be_corrected(seen: Tab) -> None:
    file = {"name": "loans.csv", "mimeType": "text/csv", "buffer": WRONG}
    seen.visit("/exchange").page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", file)
    seen.page.get_by_text("1 row to correct").wait_for()
    assert found(seen.settle()) == NOTHING


@pytest.mark.parametrize(
    "address",
    [
        "/exchange?way=Export",
        "/exchange?import=1",
        "/status?loan=999",
        "/status?loan=5&view=Balance",
        "/loans?search=nobody",
        "/explain?figure=par_30",
    ],
)
def test_axe_finds_nothing_at(seen: Tab, address: str) -> None:
    assert found(seen.turn_to(address)) == NOTHING


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    ("address", "opener", "opened"),
    [("/loans", "Filters", "Days past due"), ("/new_loan", "Create loan", "Write"), ("/", "Copy link", "This page")],
)
def test_axe_finds_nothing_beside_what_a_button_opens(
    seen: Tab, width: int, address: str, opener: str, opened: str
) -> None:
    page = seen.resize(width).visit(address).page
    sidebar = page.get_by_test_id("stExpandSidebarButton")
    if opener == "Copy link" and sidebar.is_visible():
        sidebar.click()
    page.get_by_role("button", name=opener).click()
    expect(page.get_by_text(re.compile(f"^{opened}")).last).to_be_visible()
    assert violations(seen.settle().page) == []


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("empty")
    url = f"sqlite:///{folder / 'loans.db'}"
    open_book(Settings(database_uri=url)).close()
    with served(url, folder / "log") as running:
        yield running


@pytest.mark.parametrize(("theme", "width"), [*zip(THEMES, WIDTHS, strict=True)])
def test_axe_finds_nothing_on_an_empty_book(launched: Browser, empty: Server, theme: str, width: int) -> None:
    with tab(launched, empty, viewport={"width": width, "height": 900}, color_scheme=theme) as opened:
        opened.visit()
        found = [violations(opened.turn_to(address).draw().page) for address in pages().values()]
        assert found == [[]] * len(pages())
        assert opened.heard() == []


@pytest.fixture
def sheet(seen: Tab) -> Iterator[Page]:
    """A page with nothing of ours in it, in the same theme."""
    blank = seen.page.context.new_page()
    yield blank
    blank.close()


def test_axe_is_heard(sheet: Page) -> None:
    sheet.set_content("<main><h1>Loans</h1><img src='data:,'><p style='color:#ccc'>pale</p></main>")
    assert {line.partition(":")[0] for line in violations(sheet)} >= {"image-alt", "color-contrast"}


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_on_a_printed_statement(sheet: Page, made_up_book: Book, width: int) -> None:
    sheet.set_viewport_size({"width": width, "height": 900})
    sheet.set_content(statement_page(made_up_book.statement(5, made_up_book.today())))
    assert violations(sheet) == []
