"""A server that was just started, and the first thing that it is asked for: any page, by a link into it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from loan_core import Settings, open_book
from tests.benchmarks.visitor import visiting
from tests.desk import pages, served, titles

HEADINGS = titles() | {
    "status": "Amara Okafor",
    "check": "Can these figures be trusted?",
    "explain": "How does this number come about?",
    "inbox": "What looks wrong?",
    "since": "What came since",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A made-up book, and in it a loan of our own."""
    url = f"sqlite:///{tmp_path_factory.mktemp('restarts') / 'loans.db'}"
    book = open_book(Settings(database_uri=url))
    book.load_demo(loans=20)
    book.create_loan(reference="A-1", borrower="Amara Okafor", loan_amount=1000, repayment_period=12)
    yield url
    book.close()


async def first_run(port: int, page: str) -> str:
    """The title of what the first run draws."""
    async with visiting(port) as visitor:
        await visitor.run(pages()[page].strip("/"), loan="A-1", as_of="2026-06-02")
        assert visitor.failures == []
        headings = (message.delta.new_element.heading for message in visitor.drawn)
        return next(each.body for each in headings if each.tag == "h1")


@pytest.mark.parametrize("page", pages())
def test_the_first_run_may_be_of_any_page(url: str, tmp_path: Path, page: str) -> None:
    with served(url, tmp_path / "log") as server:
        assert HEADINGS[page] in asyncio.run(first_run(server.port, page))
