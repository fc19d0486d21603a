"""Questions about a whole book, each beside the bare work that it stands on, in one run: ``--loans``, ``--url``.

Every part runs in a process of its own: nothing is warm that would not be, and ADBC, whose SQLite is another copy of
the library, opens no file that the book has open.
"""

import argparse
import io
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from loan_core import Book, Settings, open_book
from loan_core.answers import loan_status
from loan_core.calculation.schedule import schedule, slices
from loan_core.lists import SORTS
from tests.benchmarks.big_book import make_big
from tests.benchmarks.table import Row, told
from tests.servers import DISK, postgresql_server

TIMES = 5
IMPORTED = 10_000
SAMPLED = 2_000
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"state": "active"},
    {"status": "Behind", "state": "active"},
    {"past_due": "31-60"},
    {"past_due_from": 1, "past_due_to": 7},
    {"search": "mar"},
    {"search": "L-99"},
    {"currency": "USD", "smallest": 1_000_00, "largest": 5_000_00},
)


def seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def opened(url: str) -> Book:
    return open_book(Settings(database_uri=url, redis_url="off"))


def page_days(today: date) -> list[date]:
    """The days of the portfolio page: the last of twelve months, today, and the day a month before."""
    months = np.datetime64(today, "M") - np.arange(12)
    ends = [each.item() for each in months.astype("datetime64[D]") - 1]
    return [*ends[::-1], today, today - timedelta(days=30)]


def portfolio_page(book: Book, today: date) -> None:
    """What the page asks."""
    days = page_days(today)
    book.portfolios(days)
    for on in days:
        book.collections([(on.replace(day=1), on)])
    book.curves(today)
    book.loan_page(today, "-arrears", limit=6, status="Behind", state="active")


def bare(url: str) -> tuple[float, float]:
    """The grouped sum of all repayments, and all loans, by ADBC."""
    if url.startswith("sqlite"):
        from adbc_driver_sqlite import dbapi
    else:
        from adbc_driver_postgresql import dbapi
    with dbapi.connect(url.removeprefix("sqlite:///").replace("postgresql+psycopg", "postgresql")) as connection:
        sums = "SELECT loan_id, SUM(amount) FROM repayments WHERE undone_at IS NULL GROUP BY loan_id"
        # What is asked of SQLite as NULL in its first rows it takes for a number: words in its place.
        loans = "SELECT * FROM loans" if not url.startswith("sqlite") else _LOANS
        return _asked(connection, sums), _asked(connection, loans)


_LOANS = (
    "SELECT id, loan_amount, interest_rate, repayment_period, created_at, reference, borrower, currency, rate_period, "
    "frequency, method, rounding, start_on, coalesce(first_due_on, ''), installment, note, recorded_by, revision, "
    "batch_id, coalesce(voided_at, ''), void_reason FROM loans"
)


def _asked(connection: Any, query: str) -> float:
    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute(query)
            cursor.fetch_arrow_table()

    return median(seconds(ask) for _ in range(TIMES))


def cold(url: str) -> tuple[float, int, float]:
    """From nothing to the portfolio page's answer; the peak of memory, in bytes; a bare pass over all schedules."""
    book = opened(url)
    today = book.today()
    took = seconds(lambda: portfolio_page(book, today))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    whole = book.standing(today).terms

    def bare_pass() -> None:
        for rows in slices(whole):
            schedule(whole[rows])

    return took, peak, median(seconds(bare_pass) for _ in range(TIMES))


def warm(url: str) -> dict[str, list[float]]:
    """What follows on the first answer: other days, lists, writes of another book on the same database."""
    book, writer, chance = opened(url), opened(url), Random(5)
    today = book.today()
    portfolio_page(book, today)
    found = {
        "another day": [
            seconds(partial(book.portfolios, [today - timedelta(days=40 + number)])) for number in range(TIMES)
        ],
        "lists": [],
    }
    ids = book.standing(today, state="active").ids.tolist()
    book.loan_page(today, "borrower", limit=15)
    for name in SORTS:
        for sort in (name, f"-{name}"):
            for meant in FILTERS:
                offset = chance.choice((0, 0, 0, 15, 1_500))
                ask = partial(book.loan_page, today, sort, limit=15, offset=offset, **meant)
                found["lists"].append(seconds(ask))
    found["after one repayment"] = []
    for _ in range(TIMES):
        writer.add_repayment(chance.choice(ids), "1.00", received_on=today)
        found["after one repayment"].append(seconds(lambda: book.portfolios(page_days(today))))
    found["after 10,000 imported"] = []
    for turn in range(TIMES):
        lines = [f"L-{chance.choice(ids):04},1.00,{today},B{turn}-{row}\n" for row in range(IMPORTED)]
        file = "loan_reference,amount,received_on,reference\n" + "".join(lines)
        writer.import_repayments(io.BytesIO(file.encode()))
        found["after 10,000 imported"].append(seconds(lambda: book.portfolios(page_days(today))))
    return found


def differing(url: str) -> int:
    """How many of a random sample's loans, each asked for by itself, stand elsewhere than in the memory."""
    book = opened(url)
    today = book.today()
    standing = book.standing(today)
    places = Random(7).sample(range(len(standing)), min(SAMPLED, len(standing)))
    asked = [(book.status(int(standing.ids[at]), today), standing.at[at]) for at in places]
    return sum(status != loan_status(book.loan(status.loan_id), at, today) for status, at in asked)


def alone(work: Callable[[str], Any], url: str) -> Any:
    """The work, in a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, url).result()


def measured(name: str, url: str, loans: int) -> Iterator[Row]:
    """The lines of the table that are about one database."""
    make_big(url, loans)
    sums, read = alone(bare, url)
    colds = [alone(cold, url) for _ in range(TIMES)]
    took, peak, bare_pass = (median(column) for column in zip(*colds, strict=True))
    yield milliseconds(f"{name}: grouped sum of all repayments by ADBC", sums)
    yield milliseconds(f"{name}: all loans by ADBC", read)
    yield milliseconds(f"{name}: a pass over all schedules", bare_pass)
    yield milliseconds(f"{name}: first answer of the portfolio page", took, 2 * (sums + read + bare_pass))
    yield Row(f"{name}: peak memory", peak / 2**20, 2048, "MB")
    found = alone(warm, url)
    yield milliseconds(f"{name}: another day", median(found["another day"]), bare_pass + sums)
    yield milliseconds(f"{name}: lists, 95th percentile", quantiles(found["lists"], n=20)[-1], 0.150)
    yield milliseconds(f"{name}: after one repayment", median(found["after one repayment"]), 0.050)
    yield milliseconds(f"{name}: after 10,000 imported", median(found["after 10,000 imported"]), 1)
    yield Row(
        f"{name}: of {SAMPLED:,} loans asked for one by one, other than in memory", alone(differing, url), None, ""
    )


def milliseconds(figure: str, took: float, limit: float | None = None) -> Row:
    return Row(figure, took * 1000, limit and limit * 1000, "ms")


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """An empty one of each kind."""
    with TemporaryDirectory() as folder, postgresql_server(within=DISK) as server, server.database() as url:
        yield {"SQLite": f"sqlite:///{Path(folder) / 'big.db'}", "PostgreSQL": url}


def rows(loans: int) -> Iterator[Row]:
    with databases() as urls:
        for name, url in urls.items():
            yield from measured(f"{name}, {loans:,} loans", url, loans)


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--loans", type=int, default=100_000)
    for line in told(rows(asked.parse_args().loans)):
        print(line, flush=True)
