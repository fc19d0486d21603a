"""CSV in and out: which columns a file may have, how it is read exactly, how it is written so that nothing is lost.

In: UTF-8, comma, a header row, columns in any order. Out: UTF-8 with BOM, CRLF, plain decimals in the currency's
digits, ISO dates, and text that a spreadsheet would take for a formula guarded with an apostrophe.
"""

import csv
import hashlib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, NoReturn

from loan_core.answers import STATUS_MONEY
from loan_core.calculation.money import CURRENCIES
from loan_core.dictionary import MEANINGS
from loan_core.entries import LOAN_FIELDS
from loan_core.errors import InvalidFile, Problem, shortened

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
    columns = (*REPAYMENT_COLUMNS, "loan_id", "currency")
    return _read(file, columns, {"amount", "received_on"}, {*RECORD_COLUMNS}, {"loan_reference", "loan_id"})


def csv_lines(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], money: Collection[str] = _MONEY
) -> Iterator[bytes]:
    """A file, line by line. Each row gives its ``money`` in minor units and, under ``currency``, whose they are."""
    yield _line(columns).encode("utf-8-sig")
    for row in rows:
        exponent = CURRENCIES[row["currency"]].exponent
        yield _line([_cell(name, row[name], exponent, money) for name in columns]).encode()


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


def _cell(name: str, value: Any, exponent: int, money: Collection[str]) -> str:
    if value is None or value != value:
        return ""
    if name in money:
        return f"{Decimal(int(value)).scaleb(-exponent):f}"
    if name == "interest_rate":
        return plain_rate(value)
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
    reader = csv.reader(io.StringIO(decoded(content), newline=""), strict=True)
    problems: list[Problem] = []
    lines = _numbered(reader)
    try:
        line, header = next(lines, (0, []))
        if not header:
            _refuse(None, "", "", "The file is empty.", "Choose another file.")
        header = [name.strip() for name in header]
        _check_header(line, header, columns, required, passed_over, one_of)
        rows = list(_rows(lines, header, set(columns), problems))
    except _Unreadable as error:
        problems.append(error.problem)
        raise InvalidFile(problems) from None
    if not rows and not problems:
        _refuse(None, "", "", "The file has no rows below its header.", "Fill it in, or choose another file.")
    return Table(rows, problems, hashlib.sha256(content).hexdigest())


def decoded(content: bytes) -> str:
    """The text of a file; ``InvalidFile`` where it is empty, or written in anything but UTF-8."""
    again = "Save the file as “CSV UTF-8” and choose it again."
    if content.startswith(b"PK\x03\x04"):
        _refuse(None, "", "", "The file is an Excel workbook.", again)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse(None, "", "", "The file is written in UTF-16.", again)
    if b"\0" in content:
        _refuse(_line_of(content, content.index(b"\0")), "", "", "There is a NUL byte, which no text has.", again)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"0x{content[error.start]:02X}"
        wrong = f"The file is not written in UTF-8: this line has the byte {byte}."
        _refuse(_line_of(content, error.start), "", byte, wrong, again)
    if not text.strip():
        _refuse(None, "", "", "The file is empty.", "Choose another file.")
    return text


def _line_of(content: bytes, at: int) -> int:
    return len((content[:at] + b".").splitlines())


class _Unreadable(Exception):
    """A line at which the reading of a file ends."""

    def __init__(self, line: int, wrong: str, right: str) -> None:
        self.problem = Problem("", "", wrong, right, line)


# What the reader says of a line, and what it means to whoever wrote it.
_UNREADABLE = {
    "field larger than field limit": (
        f"A field has more than {_FIELD_LIMIT:,} characters.",
        "Shorten it, or close its quotation mark.",
    ),
    "unexpected end of data": ("A quotation mark opens here and is never closed.", "Close it, or write it twice."),
    "expected after": (
        "Text goes on after a closing quotation mark.",
        "Write a quotation mark inside a text twice.",
    ),
}


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line it begins on."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            for said, sentences in _UNREADABLE.items():
                if said in str(error):
                    raise _Unreadable(line, *sentences) from None
            raise _Unreadable(line, "The line is no CSV.", "Save the file as CSV again.") from error
        if any(cell.strip() for cell in cells):
            yield line, cells


def _check_header(
    line: int,
    header: list[str],
    columns: Sequence[str],
    required: set[str],
    passed_over: set[str],
    one_of: set[str] | frozenset[str],
) -> None:
    known = f"Known are {', '.join(columns)}."
    for separator, name in {";": "semicolons", "\t": "tabs"}.items():
        if len(header) == 1 and separator in header[0]:
            _refuse(line, "", shortened(header[0]), f"The columns are separated by {name}.", "Write commas.")
    if (longest := max(map(len, header))) > _FIELD_LIMIT:
        _refuse(line, "", "", f"A field has {longest:,} characters.", f"Write at most {_FIELD_LIMIT:,}.")
    problems = []
    counts = Counter(header)
    for name, count in counts.items():
        shown = shortened(name)
        if name not in columns and name not in passed_over:
            wrong = f"There is no column {shown}." if name else "A column has no name."
            problems.append(Problem(shown, shown, wrong, known, line))
        elif count > 1:
            wrong = f"The column {name} stands there {count:,} times."
            problems.append(Problem(name, name, wrong, "Leave one of them.", line))
        if len(problems) == 20:
            break
    problems += [
        Problem(name, "", f"The column {name} is missing.", "Add it; the header is the first line.", line)
        for name in sorted(required - set(header))
    ]
    if one_of and not one_of & set(header):
        names = " or ".join(sorted(one_of, reverse=True))
        right = "Add one; the header is the first line."
        problems.append(Problem(names, "", f"A column {names} is missing.", right, line))
    if problems:
        raise InvalidFile(problems)


def _rows(
    lines: Iterable[tuple[int, list[str]]], header: list[str], wanted: set[str], problems: list[Problem]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows by their names; lines that are no rows go to the problems."""
    for line, cells in lines:
        longest = max(map(len, cells))
        if len(cells) != len(header):
            fields = f"{len(cells):,} field{'' if len(cells) == 1 else 's'}"
            wrong = f"The row has {fields} and the header {len(header):,}."
            right = "Put text that holds a comma in quotation marks."
            if len(cells) < len(header):
                right = "Give every column a field, be it an empty one."
            problems.append(Problem("", "", wrong, right, line))
        elif longest > _FIELD_LIMIT:
            name = header[[len(cell) for cell in cells].index(longest)]
            wrong = f"The field has {longest:,} characters."
            problems.append(Problem(name, "", wrong, f"Write at most {_FIELD_LIMIT:,}.", line))
        else:
            pairs = zip(header, cells, strict=True)
            yield line, {name: _unguarded(cell.strip()) for name, cell in pairs if name in wanted}


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and _GUARDED.match(text) else text


def _refuse(line: int | None, field: str, found: str, wrong: str, right: str) -> NoReturn:
    raise InvalidFile([Problem(field, found, wrong, right, line)])
