"""CSV in and out: which columns a file may have, how it is read exactly, how it is written so that nothing is lost.

In: UTF-8, comma, a header row, columns in any order. Out: UTF-8 with BOM, CRLF, plain decimals in the currency's
digits, ISO dates, and text that a spreadsheet would take for a formula guarded with an apostrophe.
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, wraps
from itertools import chain, islice
from typing import IO, Any, ParamSpec

import pandas as pd

from loan_core.answers import STATUS_MONEY
from loan_core.calculation.money import CURRENCIES
from loan_core.dictionary import MEANINGS
from loan_core.entries import LOAN_FIELDS
from loan_core.errors import Problem
from loan_core.spool import handed_out

LOAN_COLUMNS = LOAN_FIELDS
STATUS_COLUMNS = (
    "as_of",
    "state",
    "status",
    "months_passed",
    "expected_monthly_installment",
    "expected_paid",
    "total_amount_paid",
    "remaining_balance",
    "outstanding_principal",
    "overpaid_amount",
    "arrears",
    "overdue_principal",
    "days_past_due",
    "next_due_on",
    "next_due_amount",
    "ahead_by",
    "days_ahead",
    "paid_up_to",
    "total_due",
)
RECORD_COLUMNS = ("id", "revision", "recorded_by", "created_at")
REPAYMENT_COLUMNS = ("loan_reference", "amount", "received_on", "reference", "note", "reverses")
SCHEDULE_COLUMNS = (
    "loan_reference",
    "number",
    "due_on",
    "due",
    "interest",
    "principal",
    "balance",
    "covered",
    "paid_on",
    "outcome",
    "days",
)
STATEMENT_COLUMNS = (
    "received_on",
    "amount",
    "reference",
    "note",
    "reverses",
    "reversed_by",
    "covered_interest",
    "covered_principal",
    "overpaid",
    "total_paid",
    "remaining_balance",
)

LOANS_OUT = (*LOAN_COLUMNS, *STATUS_COLUMNS, *RECORD_COLUMNS)
REPAYMENTS_OUT = (*REPAYMENT_COLUMNS, "currency", "loan_id", *(name for name in RECORD_COLUMNS if name != "revision"))
_MONEY = {
    "loan_amount",
    "installment",
    "amount",
    "due",
    "interest",
    "principal",
    "balance",
    "covered",
    "covered_interest",
    "covered_principal",
    "overpaid",
    "total_paid",
    *STATUS_MONEY,
}

Asked = ParamSpec("Asked")

_ROWS_AT_ONCE = 1_000
GUARDED = re.compile(r"'*[=+\-@\t\r]")


def csv_lines(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], money: Collection[str] = ()
) -> Iterator[bytes]:
    """A file, some lines at a time. Each row has its money in minor units, and whose they are in ``currency``.

    ``money``: the columns that hold some, besides those that do in every file.
    """
    yield _lines([columns]).encode("utf-8-sig")
    cells = [(name, _money if name in money else _CELLS.get(name, _text)) for name in columns]
    rows = iter(rows)
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        yield _lines([[write(row[name], row["currency"]) for name, write in cells] for row in part]).encode()


def records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of a table as ``csv_lines`` takes them."""
    names = list(frame.columns)
    return (dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False, name=None))


def at_once(export: Callable[Asked, Iterator[bytes]]) -> Callable[Asked, Iterator[bytes]]:
    """An export that begins when it is asked for: a refusal comes at once, not with the first line."""

    @wraps(export)
    def begun(*asked: Asked.args, **also: Asked.kwargs) -> Iterator[bytes]:
        lines = export(*asked, **also)
        return chain([next(lines)], lines)

    return begun


def template(kind: str) -> bytes:
    """The header of an import file."""
    columns = {"loans": LOAN_COLUMNS, "repayments": REPAYMENT_COLUMNS[:-1]}
    return _lines([columns[kind]]).encode("utf-8-sig")


def problems_csv(problems: Iterable[Problem]) -> bytes:
    """What must be corrected of a file: where it stands, what stands there, what is wrong with it and what is right."""
    rows = [(each.line, each.field, each.found, each.wrong, each.right) for each in problems]
    cells = [[_text(cell, "") for cell in row] for row in rows]
    return _lines([("row", "column", "found", "wrong", "right"), *cells]).encode("utf-8-sig")


def zipped(files: Mapping[str, Iterable[bytes]]) -> Iterator[bytes]:
    """Files in one archive, with a dictionary of their columns. It is whole before its first bytes are handed out."""

    def fill(archive: IO[bytes]) -> None:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, lines in files.items():
                with bundle.open(name, "w", force_zip64=True) as file:
                    file.writelines(lines)
            bundle.writestr("dictionary.csv", _dictionary())

    return handed_out(fill)


def _dictionary() -> bytes:
    files = {"loans.csv": LOANS_OUT, "repayments.csv": REPAYMENTS_OUT, "schedule.csv": SCHEDULE_COLUMNS}
    meant = [(name, column, MEANINGS[column]) for name, columns in files.items() for column in columns]
    return _lines([("file", "column", "meaning"), *meant]).encode("utf-8-sig")


@lru_cache(maxsize=4096)
def plain_rate(ppm: int) -> str:
    """A rate in parts per million as the fraction that was quoted: ``"0.02"``."""
    return f"{Decimal(int(ppm)).scaleb(-6).normalize():f}"


def _lines(rows: Iterable[Sequence[str]]) -> str:
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return lines.getvalue()


def _money(value: Any, code: str) -> str:
    if value is None:
        return ""
    exponent, sign = CURRENCIES[code].exponent, "-" if value < 0 else ""
    if not exponent:
        return str(int(value))
    whole, minor = divmod(abs(int(value)), 10**exponent)
    return f"{sign}{whole}.{minor:0{exponent}d}"


def _rate(value: Any, code: str) -> str:
    return plain_rate(value)


def _text(value: Any, code: str) -> str:
    if isinstance(value, str):
        return f"'{value}" if GUARDED.match(value) else value
    if value is None or value != value:
        return ""
    if type(value) is date:
        return value.isoformat()
    if isinstance(value, datetime) and value.tzinfo:
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    return str(value)


_CELLS: dict[str, Callable[[Any, str], str]] = dict.fromkeys(_MONEY, _money) | {"interest_rate": _rate}
