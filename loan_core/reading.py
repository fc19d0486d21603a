"""CSV in: a file is read in blocks of rows, exactly as it was typed.

UTF-8, comma, a header row, columns in any order. Of a file of any size no more than a block is in memory, and eight
bytes for each reference in it; the rest is on the disk until it was checked.
"""

import csv
import hashlib
import io
from array import array
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any, BinaryIO, NoReturn

import numpy as np

from loan_core.calculation.words import counted
from loan_core.errors import InvalidFile, Problem, Problems, shortened
from loan_core.exchange import GUARDED, LOAN_COLUMNS, RECORD_COLUMNS, REPAYMENT_COLUMNS, STATUS_COLUMNS
from loan_core.spool import Frames, chunks, kept, room

_FIELD_LIMIT = 10_000
_ROWS_AT_ONCE = 1_000
_ARCHIVE = b"PK\x03\x04"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
_NO_HASHES = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Format:
    """Which columns a file of a kind may have, which it must, and which an export adds that an import passes over."""

    columns: Sequence[str]
    required: frozenset[str]
    passed_over: frozenset[str]
    one_of: frozenset[str] = frozenset()


LOANS = Format(LOAN_COLUMNS, frozenset({"loan_amount", "repayment_period"}), frozenset(STATUS_COLUMNS + RECORD_COLUMNS))
REPAYMENTS = Format(
    (*REPAYMENT_COLUMNS, "loan_id", "currency"),
    frozenset({"amount", "received_on"}),
    frozenset(RECORD_COLUMNS),
    frozenset({"loan_reference", "loan_id"}),
)


@dataclass(frozen=True)
class TypedRows:
    """Some rows of a file: on which lines they begin, and by column what stands in them, stripped and unguarded.

    ``columns`` has every column of the format, one that the file has not as empty texts.
    """

    lines: Sequence[int]
    columns: Mapping[str, Sequence[str]]
    given: Sequence[str]

    def stated(self, row: int) -> dict[str, str]:
        """A row by the names of the columns that the file has."""
        return {name: self.columns[name][row] for name in self.given}


@dataclass(frozen=True)
class References:
    """The references that a file gives, by their hashes, sorted: whether one may be there, and which may be twice.

    Two texts may have one hash. Whoever asks looks closer, or can bear to be told yes once too often.
    """

    hashes: Any = field(default_factory=lambda: _NO_HASHES)
    twice: frozenset[int] = frozenset()

    @classmethod
    def of(cls, hashes: "array[int]") -> "References":
        ordered = np.sort(np.frombuffer(hashes, dtype=np.int64)) if hashes else _NO_HASHES
        return cls(ordered, frozenset(ordered[1:][ordered[1:] == ordered[:-1]].tolist()))

    def may_hold(self, reference: str) -> bool:
        at = np.searchsorted(self.hashes, hash(reference))
        return bool(at < len(self.hashes) and self.hashes[at] == hash(reference))


@dataclass(frozen=True)
class Table:
    """A file as it was typed: how many rows it has, the lines that are none, and the rows, as often as they are wanted.

    By ``fingerprint`` the same content is known again. ``undone`` are the references that its reversals name.
    """

    kept: Frames
    rows: int
    problems: Problems
    fingerprint: str
    references: References
    undone: frozenset[str]

    def blocks(self) -> Iterator[TypedRows]:
        return (TypedRows(*each) for each in self.kept)


@contextmanager
def read(file: BinaryIO, form: Format) -> Iterator[Table]:
    """A file of loans or of repayments, as long as this block; ``InvalidFile`` where it is not one."""
    with room(), Frames() as frames:
        with kept(file) as copy:
            table = _read(copy, form, frames)
        yield table


def _read(copy: IO[bytes], form: Format, frames: Frames) -> Table:
    fingerprint = _fingerprint(copy)
    rows, problems, hashes, undone = 0, Problems(), array("q"), set[str]()
    try:
        for block in _blocks(copy, form, problems):
            rows += len(block.lines)
            hashes.extend(map(hash, filter(None, block.columns["reference"])))
            undone.update(filter(None, block.columns.get("reverses", ())))
            frames.add((block.lines, block.columns, block.given))
    except Unreadable as error:
        problems.add(error.problem)
        raise InvalidFile(problems) from None
    if not rows and not problems:
        _refuse(None, "", "", "The file has no rows below its header.", "Fill it in, or choose another file.")
    return Table(frames, rows, problems, fingerprint, References.of(hashes), frozenset(undone))


def _blocks(copy: IO[bytes], form: Format, problems: Problems) -> Iterator[TypedRows]:
    """The rows of a file; lines that are no rows go to the problems."""
    copy.seek(0)
    text = io.TextIOWrapper(copy, "utf-8-sig", newline="")
    try:
        lines = _numbered(csv.reader(text, strict=True))
        line, header = next(lines, (0, []))
        if not header:
            _refuse(None, "", "", "The file is empty.", "Choose another file.")
        header = [name.strip() for name in header]
        _check_header(line, header, form)
        shaped = _shaped(lines, header, problems)
        while part := list(islice(shaped, _ROWS_AT_ONCE)):
            yield _block(part, header, form.columns)
    finally:
        # The file is not the wrapper's to close.
        text.detach()


def _block(part: Sequence[tuple[int, list[str]]], header: Sequence[str], columns: Sequence[str]) -> TypedRows:
    typed = dict(zip(header, zip(*(cells for _, cells in part), strict=True), strict=True))
    absent = [""] * len(part)
    clean = {name: _texts(typed[name]) if name in typed else absent for name in columns}
    return TypedRows([line for line, _ in part], clean, [name for name in columns if name in typed])


def _texts(cells: Sequence[str]) -> list[str]:
    """What was typed in a column, less the apostrophes with which an export guards formulas."""
    texts = [cell.strip() for cell in cells]
    if "'" in "".join(texts):
        texts = [text[1:].strip() if text[:1] == "'" and GUARDED.match(text) else text for text in texts]
    return texts


def _shaped(
    lines: Iterator[tuple[int, list[str]]], header: Sequence[str], problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    """The rows with as many fields as the header, none too long; lines that are no such rows go to the problems."""
    for line, cells in lines:
        # Together no longer than one may be: then none of them is.
        if len(cells) == len(header) and (len("".join(cells)) <= _FIELD_LIMIT or max(map(len, cells)) <= _FIELD_LIMIT):
            yield line, cells
        else:
            problems.add(_shape_problem(line, cells, header))


def _shape_problem(line: int, cells: Sequence[str], header: Sequence[str]) -> Problem:
    if len(cells) == len(header):
        lengths = [len(cell) for cell in cells]
        wrong = f"The field has {max(lengths):,} characters."
        return Problem(header[lengths.index(max(lengths))], "", wrong, f"Write at most {_FIELD_LIMIT:,}.", line)
    fields = counted(len(cells), "field")
    wrong = f"The row has {fields} and the header {len(header):,}."
    right = "Put text that holds a comma in quotation marks."
    if len(cells) < len(header):
        right = "Give every column a field, be it an empty one."
    return Problem("", "", wrong, right, line)


def _fingerprint(copy: IO[bytes]) -> str:
    """The SHA-256 of a file, if it is a text; what is none is refused as ``decoded`` refuses it."""
    digest, decoder, is_blank, is_sound = hashlib.sha256(), getincrementaldecoder("utf-8-sig")(), True, True
    try:
        for chunk in chunks(copy):
            digest.update(chunk)
            is_blank = not decoder.decode(chunk).strip() and is_blank
            is_sound = is_sound and b"\0" not in chunk
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        is_sound = False
    copy.seek(0)
    if is_blank or not is_sound or copy.read(4) == _ARCHIVE:
        copy.seek(0)
        decoded(copy.read())
    return digest.hexdigest()


def decoded(content: bytes) -> str:
    """The text of a file; ``InvalidFile`` where it is empty, or written in anything but UTF-8."""
    again = "Save the file as “CSV UTF-8” and choose it again."
    # An old workbook, or one with a password; a new one is an archive, which has this in it.
    if content.startswith(_OLD_WORKBOOK) or (content.startswith(_ARCHIVE) and b"[Content_Types].xml" in content):
        _refuse(None, "", "", "The file is an Excel workbook.", again)
    if content.startswith(_ARCHIVE):
        _refuse(None, "", "", "The file is a ZIP archive.", "Unpack it, and choose a file that was in it.")
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


class Unreadable(Exception):
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
    return ((line, cells) for line, cells in every_row(reader) if any(cells) and "".join(cells).strip())


def every_row(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """The rows, each with the line it begins on; ``Unreadable``. The reader is a strict one."""
    line = reader.line_num + 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        for said, sentences in _UNREADABLE.items():
            if said in str(error):
                raise Unreadable(line, *sentences) from None
        raise Unreadable(line, "The line is no CSV.", "Save the file as CSV again.") from error


def _check_header(line: int, header: list[str], form: Format) -> None:
    known = f"Known are {', '.join(form.columns)}."
    for separator, name in {";": "semicolons", "\t": "tabs"}.items():
        if len(header) == 1 and separator in header[0]:
            _refuse(line, "", shortened(header[0]), f"The columns are separated by {name}.", "Write commas.")
    if (longest := max(map(len, header))) > _FIELD_LIMIT:
        _refuse(line, "", "", f"A field has {longest:,} characters.", f"Write at most {_FIELD_LIMIT:,}.")
    problems = []
    counts = Counter(header)
    for name, count in counts.items():
        shown = shortened(name)
        if name not in form.columns and name not in form.passed_over:
            wrong = f"There is no column {shown}." if name else "A column has no name."
            problems.append(Problem(shown, shown, wrong, known, line))
        elif count > 1:
            wrong = f"The column {name} stands there {count:,} times."
            problems.append(Problem(name, name, wrong, "Leave one of them.", line))
        if len(problems) == 20:
            break
    problems += [
        Problem(name, "", f"The column {name} is missing.", "Add it; the header is the first line.", line)
        for name in sorted(form.required - set(header))
    ]
    if form.one_of and not form.one_of & set(header):
        names = " or ".join(sorted(form.one_of, reverse=True))
        right = "Add one; the header is the first line."
        problems.append(Problem(names, "", f"A column {names} is missing.", right, line))
    if problems:
        raise InvalidFile(problems)


def _refuse(line: int | None, field: str, found: str, wrong: str, right: str) -> NoReturn:
    raise InvalidFile([Problem(field, found, wrong, right, line)])
