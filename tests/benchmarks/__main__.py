"""``make bench``: imports of a made-up book, and questions about a big one, each beside the bare work under it."""

import argparse
import io
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from loan_core import Book, Settings, open_book
from tests.benchmarks import whole_book


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    answer = call()
    return time.perf_counter() - started, answer


def opened(folder: str, name: str) -> Book:
    return open_book(Settings(database_uri=f"sqlite:///{folder}/{name}.db", redis_url="off"))


def bare_insert(file: Path, rows: int) -> float:
    """So many rows of a repayment's width into a bare table, in one transaction."""
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE r (id INTEGER PRIMARY KEY, loan_id, amount, received_on, reference, note)")
    values = [(number, number, 9456, "2026-06-02", f"RP-{number}", "Transfer") for number in range(rows)]
    insert = "INSERT INTO r VALUES (?, ?, ?, ?, ?, ?)"
    took, _ = seconds(lambda: (connection.executemany(insert, values), connection.commit()))
    connection.close()
    return took


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--loans", type=int, default=100_000)
    loans = asked.parse_args().loans
    with TemporaryDirectory() as folder:
        made_up, copy = opened(folder, "made-up"), opened(folder, "copy")
        today = made_up.today()
        made_up.load_demo(loans=loans, seed=1)
        files = [b"".join(lines) for lines in (made_up.export_loans(today), made_up.export_repayments(today))]
        print(f"{'figure':<28}{'rows':>9}{'rows/s':>12}{'of bare insert':>16}")
        imports = {"loans": copy.import_loans, "repayments": copy.import_repayments}
        for (name, take), file in zip(imports.items(), files, strict=True):
            took, receipt = seconds(lambda take=take, file=file: take(io.BytesIO(file)))
            bare = bare_insert(Path(folder) / f"bare-{name}.db", receipt.new)
            print(f"{'import ' + name:<28}{receipt.new:>9,}{receipt.new / took:>12,.0f}{bare / took:>15.1%}")
        made_up.close()
        copy.close()
    whole_book.main(loans)


if __name__ == "__main__":
    main()
