"""CSV in and out: which columns a file may have, how it is read exactly, how it is written so that nothing is lost.

In: UTF-8, comma, a header row, columns in any order. Out: UTF-8 with BOM, CRLF, plain decimals in the currency's
digits, ISO dates, and text that a spreadsheet would take for a formula guarded with an apostrophe.
"""

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, NoReturn

from loan_core.answers import STATUS_MONEY
from loan_core.calculation.money import CURRENCIES
from loan_core.dictionary import MEANINGS
from loan_core.errors import InvalidFile, Problem, shortened

LOAN_COLUMNS = (
    "reference",
    "borrower",
    "loan_amount",
    "currency",
    "interest_rate",
    "rate_period",
    "repayment_period",
    "frequency",
    "method",
    "rounding",
    "start_on",
    "first_due_on",
    "installment",
    "note",
)
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

_FIELD_LIMIT = 10_000
_GUARDED = re.compile(r"'*[=+\-@\t\r]")
_BOM = "\ufeff"


@dataclass(frozen=True)
class Table:
    """A file as it was typed: its rows by line, and the lines that are none.

    By ``fingerprint`` the same content is known again.
    """

    rows: Sequence[tuple[int, dict[str, str]]]
    problems: Sequence[Problem]
    fingerprint: str


def read_loans(file: BinaryIO) -> Table:
    """The rows of a loans file; what an export adds to them is passed over. ``InvalidFile`` where it is not one."""
    return _read(file, LOAN_COLUMNS, {"loan_amount", "repayment_period"}, {*STATUS_COLUMNS, *RECORD_COLUMNS})


def read_repayments(file: BinaryIO) -> Table:
    """The rows of a repayments file, each naming its loan by ``loan_reference`` or ``loan_id``."""
    columns = (*REPAYMENT_COLUMNS, "loan_id")
    return _read(file, columns, {"amount", "received_on"}, {"currency", *RECORD_COLUMNS}, {"loan_reference", "loan_id"})


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
    return f"'{text}" if isinstance(value, str) and _GUARDED.match(text) else text


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _read(
    file: BinaryIO,
    columns: Sequence[str],
    required: set[str],
    passed_over: set[str],
    one_of: frozenset[str] | set[str] = frozenset(),
) -> Table:
    content = file.read()
    text = decoded(content)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, columns, required, passed_over, one_of)
        problems: list[Problem] = []
        rows = list(_rows(reader, header, set(columns), problems))
    except csv.Error as error:
        if "field limit" in str(error):
            _refuse(reader.line_num, "", "", f"A field has more than {_FIELD_LIMIT:,} characters.", "Shorten it.")
        _refuse(reader.line_num, "", "", f"The line cannot be read as CSV ({error}).", "Save the file as CSV again.")
    if not rows and not problems:
        _refuse(None, "", "", "The file has no rows below its header.", "Fill it in, or choose another file.")
    return Table(rows, problems, hashlib.sha256(content).hexdigest())


def decoded(content: bytes) -> str:
    """The text of a file; ``InvalidFile`` where it is empty, or written in anything but UTF-8."""
    again = "Save it as “CSV UTF-8” and choose it again."
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse(None, "", "", "The file is written in UTF-16.", again)
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        _refuse(line, "", "", "The file has a NUL byte, which no text has.", again)
    if not content.strip():
        _refuse(None, "", "", "The file is empty.", "Choose another file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        byte = f"0x{content[error.start]:02X}"
        _refuse(line, "", byte, f"The file is not written in UTF-8: line {line} has the byte {byte}.", again)


def _check_header(
    header: list[str],
    columns: Sequence[str],
    required: set[str],
    passed_over: set[str],
    one_of: set[str] | frozenset[str],
) -> None:
    known = f"Known are {', '.join(columns)}."
    problems = []
    if len(header) == 1 and ";" in header[0]:
        _refuse(1, "", shortened(header[0]), "The columns are separated by semicolons.", "Write commas.")
    for name in dict.fromkeys(header):
        if name not in columns and name not in passed_over:
            wrong = f"There is no column {shortened(name)}." if name else "A column has no name."
            problems.append(Problem(shortened(name), shortened(name), wrong, known, 1))
        elif header.count(name) > 1:
            wrong = f"The column {name} stands there {header.count(name)} times."
            problems.append(Problem(name, name, wrong, "Leave one of them.", 1))
        if len(problems) == 20:
            break
    problems += [
        Problem(name, "", f"The column {name} is missing.", "Add it; the header is the first line.", 1)
        for name in sorted(required - set(header))
    ]
    if one_of and not one_of & set(header):
        names = " or ".join(sorted(one_of, reverse=True))
        problems.append(
            Problem(names, "", f"A column {names} is missing.", "Add one; the header is the first line.", 1)
        )
    if problems:
        raise InvalidFile(problems)


def _rows(
    reader: Any, header: list[str], wanted: set[str], problems: list[Problem]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows that are not blank, each with the line it begins on; lines that are no rows go to the problems."""
    line = reader.line_num + 1
    for cells in reader:
        if any(cells):
            if len(cells) != len(header):
                wrong = f"The row has {len(cells):,} fields and the header {len(header):,}."
                problems.append(Problem("", "", wrong, "Put text that holds a comma in quotation marks.", line))
            elif max(map(len, cells)) > _FIELD_LIMIT:
                name = header[max(range(len(cells)), key=lambda at: len(cells[at]))]
                longest = max(map(len, cells))
                wrong = f"The field has {longest:,} characters."
                problems.append(Problem(name, "", wrong, f"Write at most {_FIELD_LIMIT:,}.", line))
            else:
                pairs = zip(header, cells, strict=True)
                yield line, {name: _unguarded(cell.strip()) for name, cell in pairs if name in wanted}
        line = reader.line_num + 1


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and _GUARDED.match(text) else text


def _refuse(line: int | None, field: str, found: str, wrong: str, right: str) -> NoReturn:
    raise InvalidFile([Problem(field, found, wrong, right, line)])
