"""``GET /loans`` over 100,000 loans: the first page, and the memory that a CSV of all takes.

``python -m tests.benchmarks.api_list [loans]``.
"""

import http.client
import sqlite3
import sys
import time
from contextlib import closing
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from loan_core import Settings, open_book
from tests.api_servers import served


def main(loans: int = 100_000) -> None:
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/loans.db"
        book = open_book(Settings(database_uri=url, redis_url="off"))
        book.load_demo(loans=1_000)
        book.close()
        multiply(f"{folder}/loans.db", loans // 1_000)
        with served({"SQLALCHEMY_DATABASE_URI": url, "REDIS_URL": "off"}) as (process, call):
            print(f"the first page of all, cold: {milliseconds(call, '/loans'):,.0f} ms")
            for query in ("", "?status=Behind", "?sort=-days_past_due", "?sort=borrower", "?limit=1000", "?search=an"):
                print(f"/loans{query}: {median(milliseconds(call, f'/loans{query}') for _ in range(9)):,.1f} ms")
            call.post("/loans/1/repayments", {"amount": 0.01})
            print(f"/loans after a write: {milliseconds(call, '/loans'):,.1f} ms")
            server = psutil.Process(process.pid)
            before, most, size, started = server.memory_info().rss, 0, 0, time.perf_counter()
            connection = http.client.HTTPConnection("127.0.0.1", call.port, timeout=120)
            connection.request("GET", "/loans", headers={"Accept": "text/csv"})
            answer = connection.getresponse()
            while chunk := answer.read(1 << 20):
                size += len(chunk)
                most = max(most, server.memory_info().rss)
            connection.close()
            took = time.perf_counter() - started
            more = (most - before) / 1e6
            print(f"CSV of all: {size / 1e6:,.0f} MB in {took:,.1f} s; {more:,.0f} MB more memory at most")


def multiply(path: str, times: int) -> None:
    """The same loans and repayments again and again, under other numbers."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, moved in (("loans", ("id",)), ("repayments", ("id", "loan_id", "reverses_id"))):
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            (most,) = connection.execute(f"SELECT max(id) FROM {table}").fetchone()
            (loans,) = connection.execute("SELECT min(1000, max(id)) FROM loans").fetchone()
            for copy in range(1, times):
                offsets = {name: copy * (loans if name == "loan_id" else most) for name in moved}
                values = [
                    f"{name} + {offsets[name]}"
                    if name in moved
                    else f"{name} || '/{copy}'"
                    if name == "reference"
                    else name
                    for name in names
                ]
                said = f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table} WHERE id <= {most}"
                connection.execute(said)


def milliseconds(call, path: str) -> float:  # type: ignore[no-untyped-def]
    started = time.perf_counter()
    assert call.get(path).status == 200
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
