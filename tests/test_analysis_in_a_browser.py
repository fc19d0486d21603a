"""Risk and Lateness, where only a browser shows it: a film that goes on by itself, and a click on a cell of a map."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from loan_core import Book, Settings, open_book
from pages._time import end_before
from tests import hand_made_book
from tests.analysis_at_hand import write
from tests.desk import Tab, lent_tab, served


@pytest.fixture(scope="module")
def desk(launched: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tab, Book]]:
    """The demo book, and one loan that was late by as much as was worked out by hand."""
    folder = tmp_path_factory.mktemp("analysis")
    url = f"sqlite:///{folder / 'loans.db'}"
    book = open_book(Settings(database_uri=url))
    book.load_demo()
    write(book, "By Hand", hand_made_book.BOOK[2])
    with served(url, folder / "server.log") as server, lent_tab(launched, server) as opened:
        # A page of little work: from here each test turns to its own, without a load.
        yield opened.visit("/new_loan"), book
    book.close()


def test_a_film_goes_on_by_itself_until_somebody_acts_or_it_is_today(desk: tuple[Tab, Book]) -> None:
    opened, book = desk
    ends = [book.today()]
    for _ in range(6):
        ends.append(end_before(ends[-1]))
    page = opened.turn_to(f"/risk?as_of={ends[6]}").page
    page.get_by_role("button", name="Play").click()
    page.wait_for_url(re.compile(f"as_of={ends[4]}"))
    page.get_by_text("24 months").click()
    expect(page.get_by_role("button", name="Play")).to_be_enabled()
    opened.visit(f"/risk?as_of={ends[2]}")
    page.get_by_role("button", name="Play").click()
    page.wait_for_url(re.compile(f"as_of={ends[0]}"))
    expect(page.get_by_role("button", name="Play")).to_be_disabled()
    assert opened.heard() == []


def test_a_click_on_a_cell_opens_its_loan(desk: tuple[Tab, Book]) -> None:
    opened, book = desk
    (late,) = book.loans(book.today(), search="By Hand")["id"]
    page = opened.settle().turn_to("/lateness?search=By+Hand&as_of=2026-06-30").draw().page
    page.locator("[data-testid=stPlotlyChart] text", has_text="107").click(force=True)
    page.wait_for_url(f"**/status?*loan={late}*")
    assert opened.heard() == []
