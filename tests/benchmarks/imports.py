"""Imports beside the bare insert of the same rows into the same tables, in one run, on SQLite and PostgreSQL.

``python -m tests.benchmarks.imports --repayments 1000000``. The limit is what the driver itself takes for the rows,
made ready beforehand: ``executemany`` on SQLite, ``COPY`` on PostgreSQL, in one transaction, same indexes and checks.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from loan_core import Book, Settings, open_book
from loan_core.store import Store
from tests.benchmarks.table import Row, told
from tests.servers import DISK, postgresql_server

STARTED, DAYS = date(2024, 1, 1), 600
LOAN = (
    "id loan_amount interest_rate repayment_period created_at reference borrower currency rate_period frequency method"
)
LOAN += " rounding start_on installment note recorded_by revision batch_id void_reason"
REPAYMENT = "id loan_id amount created_at received_on reference note recorded_by batch_id"
_ROWS_AT_ONCE = 10_000


def rows(loans: int, repayments: int | None = None) -> Iterator[Row]:
    """Imports of so many loans, and of ten times as many repayments unless it is said how many."""
    repayments = repayments or 10 * loans
    with _databases() as made, TemporaryDirectory() as folder:
        files = {"loans": Path(folder, "loans.csv"), "repayments": Path(folder, "repayments.csv")}
        files["loans"].write_bytes(b"".join(_loans(loans)))
        files["repayments"].write_bytes(b"".join(_repayments(loans, repayments)))
        for name, new_database in made.items():
            yield from _measured(name, new_database, files, loans, repayments)


def _measured(name: str, new_database: Any, files: dict[str, Path], loans: int, repayments: int) -> Iterator[Row]:
    counts = {"loans": loans, "repayments": repayments}
    with new_database() as ours, new_database() as bare:
        for kind, count in counts.items():
            seconds, megabytes = _in_a_process(imported, ours, kind, str(files[kind]))
            limit = _in_a_process(inserted, bare, kind, loans, count)
            yield Row(f"{name}: import of {count:,} {kind}", count / seconds, count / limit, "rows/s")
            yield Row(f"{name}: memory it took", megabytes, None, "MB")


def imported(url: str, kind: str, file: str) -> tuple[float, float]:
    """The seconds that an import takes, and the megabytes by which the process grew."""
    with closing(_opened(url)) as book, open(file, "rb") as content:
        before, began = _megabytes("VmRSS"), time.perf_counter()
        getattr(book, f"import_{kind}")(content)
        return time.perf_counter() - began, _megabytes("VmHWM") - before


def inserted(url: str, kind: str, loans: int, count: int) -> float:
    """The seconds that the driver takes for the same rows; making them does not count."""
    columns, made = (LOAN, _loan_rows(loans)) if kind == "loans" else (REPAYMENT, _repayment_rows(loans, count))
    _opened(url).close()
    store = Store(url)
    driver: Any = store._engine.raw_connection().driver_connection
    took, stored = 0.0, []
    driver.execute(
        "INSERT INTO batches (id, kind, reference, name, rows, recorded_by, created_at) "
        "VALUES (1, 'loans', 'x', 'x', 1, '', '2026-01-01') ON CONFLICT DO NOTHING"
    )
    for number, row in enumerate(made, 1):
        stored.append(row)
        if len(stored) == _ROWS_AT_ONCE or number == count:
            began = time.perf_counter()
            _insert(driver, kind, columns.split(), stored)
            took += time.perf_counter() - began
            stored = []
    began = time.perf_counter()
    driver.commit()
    took += time.perf_counter() - began
    store.close()
    return took


def _insert(driver: Any, table: str, columns: list[str], stored: list[tuple[Any, ...]]) -> None:
    named = f"{table} ({', '.join(columns)})"
    if isinstance(driver, psycopg.Connection):
        with driver.cursor() as cursor, cursor.copy(f"COPY {named} FROM STDIN") as copy:
            for row in stored:
                copy.write_row(row)
        return
    if not driver.in_transaction:
        driver.execute("BEGIN IMMEDIATE")
    driver.executemany(f"INSERT INTO {named} VALUES ({', '.join('?' * len(columns))})", stored)


def _loans(count: int) -> Iterator[bytes]:
    yield b"reference,borrower,loan_amount,interest_rate,repayment_period,start_on\r\n"
    for row in _loan_rows(count):
        yield f"{row[5]},{row[6]},{row[1] / 100:.2f},0.02,{row[3]},{row[12]}\r\n".encode()


def _repayments(loans: int, count: int) -> Iterator[bytes]:
    yield b"loan_reference,amount,received_on,reference,note\r\n"
    for row in _repayment_rows(loans, count):
        yield f"LOAN-{row[1]:07d},{row[2] / 100:.2f},{row[4]},{row[5]},{row[6]}\r\n".encode()


def _loan_rows(count: int) -> Iterator[tuple[Any, ...]]:
    chance, written = Random(1), "2026-01-01 00:00:00"
    for number in range(1, count + 1):
        amount, months = chance.randint(50_000, 9_999_999), chance.choice((6, 12, 24, 36))
        yield (
            *(number, amount, 20_000, months, written, f"LOAN-{number:07d}", f"Borrower {number}", "USD", "month"),
            *("monthly", "annuity", "half_up", "2024-01-01", amount // months, "", "", 1, 1, ""),
        )


def _repayment_rows(loans: int, count: int) -> Iterator[tuple[Any, ...]]:
    chance, written = Random(2), "2026-01-01 00:00:00"
    for number in range(1, count + 1):
        day = (STARTED + timedelta(chance.randrange(DAYS))).isoformat()
        loan, amount = chance.randint(1, loans), chance.randint(100, 999_999)
        yield number, loan, amount, written, day, f"TX-{number:010d}", "Transfer", "", 1


def _opened(url: str) -> Book:
    return open_book(Settings(database_uri=url, redis_url="off"))


def _megabytes(name: str) -> float:
    """What Linux says of this process. The peak that ``resource`` tells may be of the one that started it."""
    (found,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(found.split()[1]) / 1024


def _in_a_process(work: Any, *arguments: Any) -> Any:
    """What a process of its own answers, whose memory nobody else has grown."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


@contextmanager
def _databases() -> Iterator[dict[str, Any]]:
    @contextmanager
    def a_file() -> Iterator[str]:
        with TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/loans.db"

    with postgresql_server(within=DISK) as server:
        yield {"SQLite": a_file, "PostgreSQL": server.database}


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--loans", type=int, default=100_000)
    asked.add_argument("--repayments", type=int)
    stated = asked.parse_args()
    for line in told(rows(stated.loans, stated.repayments)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
