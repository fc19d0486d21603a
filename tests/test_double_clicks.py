"""A double click on a button that saves, on a real server and in a real browser: saved once, and seen to be.

``python -m tests.benchmarks.double_clicks`` does it thirty times for each button, with gaps of 0 to 250 ms.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from loan_core import Book, Settings, open_book
from tests.desk import Tab, lent_tab, served
from tests.double_clicks import SAVINGS, count, give_back, save_once


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, launched: Browser) -> Iterator[tuple[Tab, Book]]:
    folder = tmp_path_factory.mktemp("double_clicks")
    url = f"sqlite:///{folder / 'loans.db'}"
    book = open_book(Settings(database_uri=url))
    with served(url, folder / "log") as server, lent_tab(launched, server) as opened:
        yield opened, book
    book.close()


@pytest.mark.parametrize("gap", [0, 120])
def test_a_double_click_saves_once(desk: tuple[Tab, Book], gap: int) -> None:
    for name, saving in SAVINGS.items():
        try:
            save_once(*desk, saving, gap)
        except AssertionError as error:
            error.add_note(f"To {name}, with {gap} ms between the clicks.")
            raise
    give_back(desk[1])
    assert count(desk[1])["loans"] == count(desk[1])["voided"]
