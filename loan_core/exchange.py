"""CSV in and out: which columns a file may have, how it is read exactly, how it is written so that nothing is lost.

In: UTF-8, comma, a header row, columns in any order. Out: UTF-8 with BOM, CRLF, plain decimals in the currency's
digits, ISO dates, and text that a spreadsheet would take for a formula guarded with an apostrophe.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from loan_core.answers import STATUS_MONEY
from loan_core.calculation.money import CURRENCIES
from loan_core.dictionary import MEANINGS
from loan_core.entries import LOAN_FIELDS

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

GUARDED = re.compile(r"'*[=+\-@\t\r]")


def csv_lines(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """A file, line by line. Each row gives its money in minor units and, under ``currency``, whose they are."""
    yield _line(columns).encode("utf-8-sig")
    for row in rows:
        exponent = CURRENCIES[row["currency"]].exponent
        yield _line([_cell(name, row[name], exponent) for name in columns]).encode()


def template(kind: str) -> bytes:
    """The header of an import file."""
    columns = {"loans": LOAN_COLUMNS, "repayments": REPAYMENT_COLUMNS[:-1]}
    return _line(columns[kind]).encode("utf-8-sig")


def zipped(files: Mapping[str, Iterable[bytes]]) -> bytes:
    """Files in one archive, with a dictionary of their columns."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, lines in files.items():
            with bundle.open(name, "w") as file:
                file.writelines(lines)
        bundle.writestr("dictionary.csv", b"".join(_dictionary()))
    return archive.getvalue()


def _dictionary() -> Iterator[bytes]:
    yield _line(("file", "column", "meaning")).encode("utf-8-sig")
    files = {"loans.csv": LOANS_OUT, "repayments.csv": REPAYMENTS_OUT, "schedule.csv": SCHEDULE_COLUMNS}
    for name, columns in files.items():
        for column in columns:
            yield _line((name, column, MEANINGS[column])).encode()


def plain_rate(ppm: int) -> str:
    """A rate in parts per million as the fraction that was quoted: ``"0.02"``."""
    return f"{Decimal(int(ppm)).scaleb(-6).normalize():f}"


def _cell(name: str, value: Any, exponent: int) -> str:
    if name in _MONEY:
        return f"{Decimal(int(value)).scaleb(-exponent):f}"
    if name == "interest_rate":
        return plain_rate(value)
    if value is None or value != value:
        return ""
    if isinstance(value, datetime) and value.tzinfo:
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    text = str(value)
    return f"'{text}" if isinstance(value, str) and GUARDED.match(text) else text


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()
