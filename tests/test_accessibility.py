"""axe on every page, light and dark, wide and on a phone: nothing but what the framework itself brings.

Nor does a page complain of anything, or ask for what the content security policy stops.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from loan_core import Book, Settings, open_book
from pages._print import statement_page
from tests.axe import OF_COLORS, RULES, violations
from tests.desk import Server, Tab, lent_tab, pages, served, tab

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
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def one_tab(launched: Browser, made_up: Server) -> Iterator[Tab]:
    with lent_tab(launched, made_up) as opened:
        yield opened


@pytest.fixture(scope="module")
def themed(one_tab: Tab, theme: str) -> Tab:
    # A page of little work: from here each test turns to its own.
    return one_tab.visit_in(theme, "/new_loan")


@pytest.fixture
def seen(themed: Tab) -> Iterator[Tab]:
    yield themed
    assert themed.heard() == []


@pytest.fixture(scope="module")
def rules(theme: str) -> dict[str, Any]:
    """Every page is looked at in the light for everything, and in the dark for its colors."""
    return {"light": RULES, "dark": OF_COLORS}[theme]


def found(opened: Tab, rules: dict[str, Any]) -> dict[int, list[str]]:
    """What axe finds wrong on the page as it stands, on a phone and wide."""
    return {width: violations(opened.resize(width).page, rules) for width in WIDTHS}


NOTHING: dict[int, list[str]] = {width: [] for width in WIDTHS}


@pytest.mark.parametrize("page", pages())
def test_axe_finds_nothing_on(seen: Tab, rules: dict[str, Any], page: str) -> None:
    assert found(seen.turn_to(f"{pages()[page]}?loan=5"), rules) == NOTHING


def test_axe_finds_nothing_beside_a_file_that_must_be_corrected(seen: Tab, rules: dict[str, Any]) -> None:
    file = {"name": "loans.csv", "mimeType": "text/csv", "buffer": WRONG}
    seen.turn_to("/exchange").page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", file)
    seen.page.get_by_text("1 row to correct").wait_for()
    assert found(seen.settle(), rules) == NOTHING


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
def test_axe_finds_nothing_at(seen: Tab, rules: dict[str, Any], address: str) -> None:
    assert found(seen.turn_to(address), rules) == NOTHING


@pytest.mark.parametrize(
    ("address", "opener", "opened"),
    [("/loans", "Filters", "Days past due"), ("/new_loan", "Create loan", "Write"), ("/", "Copy link", "This page")],
)
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_beside_what_a_button_opens(
    seen: Tab, rules: dict[str, Any], width: int, address: str, opener: str, opened: str
) -> None:
    # From another page, so that what was opened before is closed.
    page = seen.resize(width).turn_to("/inbox").turn_to(address).page
    sidebar = page.get_by_test_id("stExpandSidebarButton")
    if opener == "Copy link" and sidebar.is_visible():
        sidebar.click()
    page.get_by_role("button", name=opener).click()
    expect(page.get_by_text(re.compile(f"^{opened}")).last).to_be_visible()
    assert violations(seen.settle().page, rules) == []


@pytest.fixture(scope="module")
def empty(launched: Browser, empty_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """A tab before a book in which there is nothing."""
    folder = tmp_path_factory.mktemp("empty")
    file = shutil.copyfile(empty_file, folder / "loans.db")
    with served(f"sqlite:///{file}", folder / "log") as running, tab(launched, running) as opened:
        yield opened


@pytest.mark.parametrize(("theme", "width"), [*zip(THEMES, WIDTHS, strict=True)])
def test_axe_finds_nothing_on_an_empty_book(empty: Tab, theme: str, width: int) -> None:
    opened = empty.resize(width).visit_in(theme, "/new_loan")
    found = [violations(opened.turn_to(address).draw().page) for address in pages().values()]
    assert found == [[]] * len(pages())
    assert opened.heard() == []


@pytest.fixture
def sheet(one_tab: Tab, theme: str) -> Iterator[Page]:
    """A page with nothing of ours in it, in the same theme."""
    blank = one_tab.page.context.new_page()
    blank.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
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
