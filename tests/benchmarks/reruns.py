"""How long the dashboard's server takes over 10,000 loans: a rerun of each page, 25 sessions at once, the first page.

``python -m tests.benchmarks.reruns [--loans N] [--book FILE] [--as-of DAY]``: the made-up book is kept in ``FILE``.
Every rerun asks for something else: another loan, another page of the list, another search. Timed from the click's
message to the last word of its run.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import psutil

from loan_core import Settings, open_book
from tests.benchmarks.visitor import Visitor, visiting
from tests.desk import Server, served

RERUNS = 50
SESSIONS, ROUNDS = 25, 8
# Milliseconds: of a rerun alone, its median and its 95th percentile; of one among many; of the first page.
BARS = {"median": 80, "p95": 200, "at once": 800, "first": 3_000}

Query = dict[str, object]

# By page: what the click of a number asks for, of a book in which these loans are active.
CLICKS: dict[str, Callable[[int, Sequence[int]], Query]] = {
    "portfolio": lambda *_: {},
    "loans": lambda number, _: {"page": number + 1, "sort": ("Arrears", "Borrower", "Next due")[number % 3]},
    "loans, a search": lambda number, _: {"search": "aeiou"[number % 5], "state": "all"},
    "new_loan": lambda *_: {},
    "repayments": lambda number, loans: {"loan": loans[number * 7 % len(loans)], "page": number % 20 + 1},
    "status": lambda number, loans: {"loan": loans[number * 11 % len(loans)]},
    "exchange": lambda *_: {},
    "exchange, export": lambda *_: {"way": "Export"},
    "collection": lambda *_: {},
    "risk": lambda number, _: {"span": ("12 months", "24 months")[number % 2]},
}
# The same of the pages that an analyst sits at; they are clicked alone.
ANALYSIS: dict[str, Callable[[int, Sequence[int]], Query]] = {
    "lateness": lambda number, _: {"view": "All loans"},
    "vintages": lambda number, _: {"days": ("Over 30 days", "Over 60 days", "Over 90 days")[number % 3]},
    "inbox": lambda number, _: {"page": number + 1},
    "check": lambda *_: {},
    "explain": lambda number, _: {"figure": ("par_30", "arrears", "gross_portfolio")[number % 3], "page": number + 1},
    "since": lambda number, _: {"since": 1, "page": number + 1},
}


@dataclass(frozen=True)
class Clicks:
    """What the sessions ask: about which day, and of which loans."""

    as_of: date
    loans: Sequence[int]

    def asked(self, page: str, number: int) -> Query:
        return (CLICKS | ANALYSIS)[page](number, self.loans) | {"as_of": self.as_of}


def address(page: str) -> str:
    """A page as the browser names it: the first is at the root."""
    name = page.partition(",")[0]
    return "" if name == "portfolio" else name


def milliseconds(taken: list[float]) -> tuple[float, float]:
    """The median and the 95th percentile."""
    return median(taken) * 1000, quantiles(taken, n=20, method="inclusive")[-1] * 1000


def judged(found: float, bar: float) -> str:
    return f"{found:8,.0f} {'≤' if found <= bar else '>'} {bar:,}"


async def alone(server: Server, page: str, clicks: Clicks) -> tuple[list[float], float]:
    """One session clicks; the first two runs of the page are not among them. Also the server's seconds of CPU a click.

    The others count what is waited for, on a busy machine for others too; these do not.
    """
    async with visiting(server.port) as visitor:
        for number in range(2):
            await visitor.run(address(page), **clicks.asked(page, number))
        before = cpu_seconds(server)
        taken = [await visitor.run(address(page), **clicks.asked(page, number)) for number in range(RERUNS)]
        _complain(page, visitor)
        return taken, (cpu_seconds(server) - before) / RERUNS


async def at_once(port: int, clicks: Clicks) -> list[float]:
    """So many sessions, on all the pages, click in the same moment, again and again."""
    async with asyncio.TaskGroup() as together:
        barrier = asyncio.Barrier(SESSIONS)
        pages = cycle(CLICKS)
        sessions = [
            together.create_task(_session(port, next(pages), each, barrier, clicks)) for each in range(SESSIONS)
        ]
    return [taken for session in sessions for taken in session.result()]


async def _session(port: int, page: str, number: int, barrier: asyncio.Barrier, clicks: Clicks) -> list[float]:
    async with visiting(port) as visitor:
        await visitor.run(address(page), **clicks.asked(page, number))
        taken = []
        for click in range(ROUNDS):
            await barrier.wait()
            taken.append(await visitor.run(address(page), **clicks.asked(page, number * ROUNDS + click)))
        _complain(page, visitor)
        return taken


def _complain(page: str, visitor: Visitor) -> None:
    """A page that shows a refusal, or next to nothing, was not measured."""
    if visitor.failures or len(visitor.drawn) < 10:
        sys.exit(f"{page}: {len(visitor.drawn)} elements, {visitor.failures}")


async def first(port: int, page: str) -> float:
    async with visiting(port) as visitor:
        return await visitor.run(address(page))


def first_pages(url: str, folder: Path) -> Iterator[tuple[str, float, float]]:
    """The first run of a page after a start, and with the start; a new server for each page."""
    for page in ("portfolio", "loans", "status"):
        started = time.perf_counter()
        with served(url, folder / "first.log") as server:
            taken = asyncio.run(first(server.port, page))
            yield page, taken * 1000, (time.perf_counter() - started) * 1000


def cpu_seconds(server: Server) -> float:
    """What the server's process has computed so far: on a busy machine it says more than the clock."""
    spent = psutil.Process(server.pid).cpu_times()
    return float(spent.user + spent.system)


def measure(server: Server, clicks: Clicks) -> None:
    print(f"{'a rerun of':24}{'median, ms':>16}{'95th percentile':>20}{'CPU':>8}")
    for page in CLICKS | ANALYSIS:
        taken, spent = asyncio.run(alone(server, page, clicks))
        middle, high = milliseconds(taken)
        line = f"{page:24}{judged(middle, BARS['median']):>16}{judged(high, BARS['p95']):>20}{spent * 1000:>8,.0f}"
        print(line, flush=True)
    middle, high = milliseconds(asyncio.run(at_once(server.port, clicks)))
    print(f"{f'{SESSIONS} at once, all pages':24}{middle:>16,.0f}{judged(high, BARS['at once']):>20}", flush=True)


def fill(url: str, loans: int, as_of: date | None) -> Clicks:
    """The made-up book, unless the file has one; which of its loans are active on the day."""
    book = open_book(Settings(database_uri=url, redis_url="off"))
    if not book.imports().count:
        book.load_demo(loans=loans)
    on = as_of or book.today()
    print(f"{book.loan_page(on).count:,} loans, {book.repayments(on).count:,} repayments by {on}")
    active = book.loan_page(on, state="active").rows["id"].tolist()
    book.close()
    return Clicks(on, active)


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--loans", type=int, default=10_000)
    asked.add_argument("--book", type=Path)
    asked.add_argument("--as-of", type=date.fromisoformat, help="the day that the pages ask about; else today")
    said = asked.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{said.book or folder / 'loans.db'}"
        clicks = fill(url, said.loans, said.as_of)
        with served(url, folder / "server.log") as server:
            measure(server, clicks)
        print(f"{'first page after a start':24}{'ms':>16}{'with the start':>20}")
        for page, taken, whole in first_pages(url, folder):
            print(f"{page:24}{judged(taken, BARS['first']):>16}{whole:>20,.0f}", flush=True)


if __name__ == "__main__":
    main()
