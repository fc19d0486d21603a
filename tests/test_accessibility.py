"""axe on every page, light and dark, wide and on a phone: nothing but what the framework itself brings."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from loan_core import Book, Settings, open_book
from pages._print import statement_page
from tests.desk import Server, Tab, browser, pages, served, tab

pytestmark = pytest.mark.xdist_group("browser")

# What Streamlit 1.67 brings and no option of it mends, each with a mark of the element that it is about: the parts of
# a date field are small; the field for files has a role and a name; a grid's header over its boxes is empty; the
# drawings within a grid, and the small line under a figure, have no text.
FRAMEWORK = {
    "target-size": 'role="spinbutton"',
    "presentation-role-conflict": 'data-testid="stFileUploaderDropzone"',
    "empty-table-header": 'role="columnheader"',
    "svg-img-alt": 'role="(img|graphics-symbol)"',
}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
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


@pytest.fixture(scope="module")
def launched(chromium: str) -> Iterator[Browser]:
    with browser(chromium) as running:
        yield running


@pytest.fixture(
    scope="module", params=[("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)], ids="{0[0]}-{0[1]}".format
)
def seen(launched: Browser, made_up: Server, request: pytest.FixtureRequest) -> Iterator[Tab]:
    theme, width = request.param
    with tab(launched, made_up, viewport={"width": width, "height": 900}, color_scheme=theme) as opened:
        yield opened


def violations(page: Any) -> list[str]:
    """What axe finds, one line an element; what the framework brings is left out."""
    found = Axe().run(page, options=RULES).response["violations"]
    nodes = [(each["id"], node["html"]) for each in found for node in each["nodes"]]
    return [f"{rule}: {html[:300]}" for rule, html in nodes if not re.search(FRAMEWORK.get(rule, "(?!)"), html)]


@pytest.mark.parametrize("page", pages())
def test_axe_finds_nothing_on(seen: Tab, page: str) -> None:
    seen.visit(f"{pages()[page]}?loan=5")
    # Charts and grids are drawn after the rest.
    seen.page.wait_for_timeout(300)
    assert violations(seen.page) == []


def test_axe_finds_nothing_beside_a_file_that_must_be_corrected(seen: Tab) -> None:
    file = {"name": "loans.csv", "mimeType": "text/csv", "buffer": WRONG}
    seen.visit("/exchange").page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", file)
    seen.page.get_by_text("1 row to correct").wait_for()
    assert violations(seen.settle().page) == []


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
    assert violations(seen.visit(address).page) == []


@pytest.mark.parametrize(
    ("address", "opener", "opened"),
    [("/loans", "Filters", "Days past due"), ("/new_loan", "Create loan", "Write"), ("/", "Copy link", "This page")],
)
def test_axe_finds_nothing_beside_what_a_button_opens(seen: Tab, address: str, opener: str, opened: str) -> None:
    page = seen.visit(address).page
    sidebar = page.get_by_test_id("stExpandSidebarButton")
    if opener == "Copy link" and sidebar.is_visible():
        sidebar.click()
    page.get_by_role("button", name=opener).click()
    expect(page.get_by_text(re.compile(f"^{opened}")).last).to_be_visible()
    assert violations(seen.settle().page) == []


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_nothing_on_an_empty_book(launched: Browser, tmp_path: Path, theme: str, width: int) -> None:
    open_book(Settings(database_uri=f"sqlite:///{tmp_path / 'loans.db'}")).close()
    viewport = {"width": width, "height": 900}
    with (
        served(f"sqlite:///{tmp_path / 'loans.db'}", tmp_path / "log") as server,
        tab(launched, server, viewport=viewport, color_scheme=theme) as opened,
    ):
        found = [violations(opened.visit(address).page) for address in pages().values()]
        assert found == [[]] * len(pages())
        assert opened.heard() == []


def test_axe_is_heard(seen: Tab) -> None:
    seen.page.set_content("<main><h1>Loans</h1><img src='data:,'><p style='color:#ccc'>pale</p></main>")
    assert {line.partition(":")[0] for line in violations(seen.page)} >= {"image-alt", "color-contrast"}


def test_axe_finds_nothing_on_a_printed_statement(seen: Tab, made_up_book: Book) -> None:
    seen.page.set_content(statement_page(made_up_book.statement(5, made_up_book.today())))
    assert violations(seen.page) == []
