"""The command line: what each command says, and how it fails: exit code 1, one sentence, nothing half done."""

import io
import json
import logging
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import pytest

from loan_core import Book, Settings, verify
from loan_core.__main__ import main
from loan_core.published import Case
from tests import forked
from tests.conftest import ROOT
from tests.files import NOW, TODAY, contents, csv_file, exported, open_at

LOAN = {"loan_amount": "1000.00", "repayment_period": "12", "start_on": "2025-10-01"}
# Port 1 is nobody's: the Redis that a machine without one has.
NO_REDIS = "redis://127.0.0.1:1/0"
LOANS_FILE = csv_file(LOAN | {"reference": "B"}, LOAN | {"reference": "C"}).getvalue()


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output of a command that went well."""
        assert (self.code, self.err) == (0, "")
        return self.out.decode()

    @property
    def sentence(self) -> str:
        """Standard error of a command that failed: one line, one sentence or two, and it is not Python's."""
        assert self.code == 1
        assert re.fullmatch(r"\S.*[.?]\n", self.err), self.err
        return self.err.rstrip("\n")


Ask = Callable[..., Said]


@pytest.fixture
def ask(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Iterator[Ask]:
    """Runs a command on the book of ``sqlite_url``, on ``TODAY``, as ``python -m loan_core`` would."""
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", sqlite_url)
    monkeypatch.setenv("LOANS_TIMEZONE", "UTC")
    monkeypatch.setenv("REDIS_URL", "off")
    monkeypatch.setattr(Settings, "now", lambda self: NOW)

    def ask(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["loan_core", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capfdbinary.readouterr()
        return Said(code, out, err.decode())

    yield ask
    # A command quiets the log of its process, and this process goes on.
    logging.getLogger("loan_core").setLevel(logging.NOTSET)


@pytest.fixture
def book(sqlite_url: str) -> Iterator[Book]:
    """Three loans: A in US dollars with one of three installments paid, J in yen, K in Kuwaiti dinars."""
    book = open_at(sqlite_url)
    book.create_loan(**LOAN, reference="A", borrower="Ana Núñez")
    book.create_loan(**LOAN | {"loan_amount": "1000"}, reference="J", currency="JPY")
    book.create_loan(**LOAN, reference="K", currency="KWD")
    book.add_repayment(1, "94.56", received_on="2025-11-01")
    yield book
    book.close()


@pytest.fixture
def loans_csv(tmp_path: Path) -> Path:
    file = tmp_path / "new loans.csv"
    file.write_bytes(LOANS_FILE)
    return file


def environment(url: str) -> dict[str, str]:
    return {**os.environ, "SQLALCHEMY_DATABASE_URI": url, "LOANS_TIMEZONE": "UTC", "REDIS_URL": NO_REDIS}


@contextmanager
def process(url: str, *words: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process of its own, as a shell starts it."""
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | options
    command = (sys.executable, "-m", "loan_core", *words)
    with subprocess.Popen(command, cwd=ROOT, env=environment(url), **streams) as running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def fed(url: str, out: Any, err: Any) -> Iterator[tuple[forked.Forked, IO[bytes]]]:
    """The import of what is typed as a process of its own, and where it is typed."""
    theirs, ours = os.pipe()
    with os.fdopen(ours, "wb") as typed:
        running = forked.start_on(("loan_core", "import", "loans", "-"), environment(url), theirs, out, err)
        os.close(theirs)
        yield running, typed


def test_an_import_says_its_receipt(ask, book, loans_csv, sqlite_url):
    before = contents(sqlite_url)
    assert ask("import", "loans", loans_csv, "--dry-run").text == "2 loans would be imported. Nothing was written.\n"
    assert contents(sqlite_url) == before
    assert ask("import", "loans", loans_csv).text == "2 loans imported. This is import 1.\n"
    again = "This file is in the book already, as import 1. Nothing was written.\n"
    assert ask("import", "loans", loans_csv).text == again
    assert book.imports().rows[0].name == "new loans.csv"
    money = loans_csv.with_name("repaid.csv")
    money.write_bytes(b"loan_reference,amount,received_on\nB,10,2025-11-01\n")
    trial = "1 repayment would be imported. Nothing was written.\n"
    assert ask("import", "repayments", money, "--dry-run").text == trial
    assert ask("import", "repayments", money).text == "1 repayment imported. This is import 2.\n"
    assert ask("undo-import", 1).sentence == (
        "Import 1 cannot be undone: one of its loans has received money since, B for one. "
        "Undo the import of those repayments, or reverse them, first."
    )
    assert ask("undo-import", 2).text == "Import 2 is undone: 1 repayment taken back.\n"
    assert ask("undo-import", 1).text == "Import 1 is undone: 2 loans voided.\n"
    assert ask("undo-import", 1).text == "Import 1 is undone: nothing of it was left.\n"


def test_a_bad_file_is_a_table_of_what_to_correct(ask, loans_csv):
    loans_csv.write_bytes(
        b'reference,loan_amount,repayment_period\nA,0,12\n"B\nB",1000,12.5\nC,"1\x1b[31m\n2",12\nD,10,1\nE,10\n'
    )
    said = ask("import", "loans", loans_csv)
    assert said.sentence == (
        "Nothing was imported: line 2, loan_amount: 0 is not more than zero. "
        "Write the amount as a positive number: 1000.00. And 4 more to correct."
    )
    header, *rows = said.out.decode().splitlines()
    columns = "Line", "Column", "Found", "What is wrong", "What would be right"
    starts = [header.index(name) for name in columns]
    ends = [*starts[1:], None]
    table = [tuple(row[start:end].strip() for start, end in zip(starts, ends, strict=True)) for row in rows]
    whole = "Write a whole number from 1 to 600."
    assert table == [
        ("2", "loan_amount", "0", "0 is not more than zero.", "Write the amount as a positive number: 1000.00."),
        ("3", "reference", "B B", "The text has a line break.", "Write it on one line."),
        ("3", "repayment_period", "12.5", "12.5 is not a number of installments.", whole),
        (
            "5",
            "loan_amount",
            r"1\x1b[31m 2",
            r"1\x1b[31m 2 is not an amount.",
            "Write plain digits, such as 1000.00.",
        ),
        ("8", "", "", "The row has 2 fields and the header 3.", "Give every column a field, be it an empty one."),
    ]


def test_of_very_many_bad_rows_the_first_hundred_are_shown(ask, loans_csv):
    loans_csv.write_bytes(b"loan_amount,repayment_period\n" + b"0,1\n" * 150)
    said = ask("import", "loans", loans_csv)
    *shown, rest = said.out.decode().splitlines()[1:]
    assert len(shown) == 100
    assert rest == "And 50 more problems to correct."
    assert said.sentence.endswith("And 149 more to correct.")


def test_status_to_the_letter(ask, book):
    # The figures are worked out in test_exchange.py, test_an_export_of_loans_to_the_letter.
    lines = ask("status", 1).text.splitlines()
    assert dict(line.split(maxsplit=1) for line in lines) == {
        "loan_id": "1",
        "reference": "A",
        "borrower": "Ana Núñez",
        "currency": "USD",
        "as_of": "2026-01-15",
        "revision": "4",
        "state": "active",
        "status": "Behind",
        "months_passed": "3",
        "expected_monthly_installment": "94.56",
        "expected_paid": "283.68",
        "total_amount_paid": "94.56",
        "remaining_balance": "1040.14",
        "outstanding_principal": "925.44",
        "overpaid_amount": "0.00",
        "arrears": "189.12",
        "overdue_principal": "153.62",
        "days_past_due": "45",
        "next_due_on": "2026-02-01",
        "next_due_amount": "94.56",
        "ahead_by": "-189.12",
        "days_ahead": "-45",
        "paid_up_to": "2025-11-01",
        "total_due": "1134.70",
    }
    assert len({line.index(line.split(maxsplit=1)[1]) for line in lines}) == 1


def test_status_in_json_is_the_status(ask, book):
    """Every field, null for a day that is not, and money that survives a reader who takes decimals exactly."""
    said = json.loads(ask("status", "A", "--json").text, parse_float=Decimal)
    status = asdict(book.status(1, TODAY))
    assert list(said) == list(status)
    money = {name for name, value in said.items() if isinstance(value, Decimal)}
    assert {name: value for name, value in said.items() if name not in money} == {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in status.items()
        if name not in money
    }
    assert {name: said[name] for name in money} == {name: Decimal(status[name]).scaleb(-2) for name in money}
    assert len(money) == 11
    assert json.loads(ask("status", "K", "--json").text)["paid_up_to"] is None


@pytest.mark.parametrize(
    ("reference", "written"),
    [("A", "100000000000.00"), ("J", "10000000000000"), ("K", "10000000000.000")],
)
def test_money_in_json_has_the_digits_of_its_currency(ask, book, reference, written):
    """The largest repayment there is, 10^13 minor units, to the last digit; and zero as much money as the rest."""
    book.add_repayment(book.loan_id(reference), written, received_on=TODAY)
    if reference == "A":
        book.reverse_repayment(1)
    said = ask("status", reference, "--json").text
    assert f'"total_amount_paid": {written},' in said
    zero = re.sub(r"[1-9]", "0", written)[-len(written.partition(".")[2]) - 2 :] if "." in written else "0"
    assert f'"arrears": {zero},' in said
    assert f"total_amount_paid             {written}\n" in ask("status", reference).text


def test_status_is_asked_about_a_day(ask, book):
    said = [json.loads(ask("status", "A", "--as-of", day, "--json").text) for day in ("2025-10-31", "2026-01-15")]
    assert [each["as_of"] for each in said] == ["2025-10-31", "2026-01-15"]
    assert [each["total_amount_paid"] for each in said] == [0, 94.56]
    assert json.loads(ask("status", "A", "--json").text) == said[1]


def test_a_loan_is_named_by_its_id_or_by_its_reference(ask, book):
    """A reference of digits is a reference first: ``02`` is nobody's id."""
    book.create_loan(**LOAN, reference="02", borrower="zero two")
    named = {name: json.loads(ask("status", name, "--json").text)["reference"] for name in ("1", "2", "A", "02", "4")}
    assert named == {"1": "A", "2": "J", "A": "A", "02": "02", "4": "02"}


def test_portfolio_to_the_letter(ask, book):
    # Loan A as in test_status_to_the_letter; the yen and the dinars are as late, with nothing paid since 1 November.
    said = json.loads(ask("portfolio", "--json").text, parse_float=Decimal)
    assert (said["as_of"], said["revision"]) == ("2026-01-15", 4)
    assert list(said["by_currency"]) == ["JPY", "KWD", "USD"]
    dollars = said["by_currency"]["USD"]
    assert {name: value for name, value in dollars.items() if not isinstance(value, dict)} == {
        "loans": 1,
        "pending": 0,
        "active": 1,
        "paid_off": 0,
        "ahead": 0,
        "on_track": 0,
        "behind": 1,
        "loan_amount": Decimal("1000.00"),
        "gross_portfolio": Decimal("925.44"),
        "remaining_balance": Decimal("1040.14"),
        "expected_paid": Decimal("283.68"),
        "total_amount_paid": Decimal("94.56"),
        "overpaid_amount": 0,
        "arrears": Decimal("189.12"),
        "overdue_principal": Decimal("153.62"),
        "loans_in_arrears": 1,
        # 153.62 ÷ 925.44
        "arrears_rate": Decimal("0.165997"),
    }
    whole, nothing = Decimal("925.44"), Decimal("0.00")
    # 45 days past due is more than 1 and 30, and not more than 60.
    assert dollars["par"] == {"1": whole, "30": whole, "60": nothing, "90": nothing}
    assert dollars["par_ratio"] == {"1": 1, "30": 1, "60": 0, "90": 0}
    assert {age: tuple(each.values()) for age, each in dollars["ageing"].items()} == {
        "current": (0, nothing),
        "1-30": (0, nothing),
        "31-60": (1, whole),
        "61-90": (0, nothing),
        "91+": (0, nothing),
    }


def test_portfolio_in_words_says_the_same_by_currency(ask, book):
    text = ask("portfolio").text
    assert re.findall(r"^currency +(\w+)$", text, re.MULTILINE) == ["JPY", "KWD", "USD"]
    assert re.findall(r"^gross_portfolio +(\S+)$", text, re.MULTILINE) == ["1000", "1000.000", "925.44"]
    assert re.findall(r"^ageing 31-60 outstanding_principal +(\S+)$", text, re.MULTILINE) == ["0", "0.000", "925.44"]
    # On the day before, nothing had come in: all three loans lack all of their principal.
    text = ask("portfolio", "--as-of", "2025-10-31").text
    assert re.findall(r"^gross_portfolio +(\S+)$", text, re.MULTILINE) == ["1000", "1000.000", "1000.00"]


def test_an_empty_book_is_said_to_be_empty(ask):
    assert ask("portfolio").text == "The book is empty.\n"
    assert json.loads(ask("portfolio", "--json").text)["by_currency"] == {}


@pytest.mark.parametrize("what", ["loans", "repayments", "schedule"])
def test_an_export_is_the_same_on_standard_output_and_in_a_file(ask, book, tmp_path, what):
    file = tmp_path / "out.csv"
    file.write_text("what was there before")
    for options, day, loan_id in (
        ([], TODAY, None),
        (["--loan", "A"], TODAY, 1),
        (["--loan", "1", "--as-of", "2025-10-31"], date(2025, 10, 31), 1),
    ):
        expected = exported(book, what, day, loan_id)
        assert ask("export", what, *options).out == expected
        assert ask("export", what, *options, "--output", file).text == ""
        assert file.read_bytes() == expected
    assert sorted(each.name for each in tmp_path.iterdir() if not each.name.startswith("loans.db")) == ["out.csv"]


def test_an_export_goes_through_to_what_is_no_file(ask, book, tmp_path):
    """A named pipe, a device, a link: written to, never replaced. As root, ``--output /dev/null`` would remove it."""
    target, link, pipe = tmp_path / "target.csv", tmp_path / "link.csv", tmp_path / "pipe"
    target.touch()
    link.symlink_to(target)
    ask("export", "loans", "--output", link)
    assert link.is_symlink()
    assert target.read_bytes() == exported(book, "loans")
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    ask("export", "loans", "--output", pipe)
    assert pipe.is_fifo()
    assert os.read(reading, 65536) == exported(book, "loans")
    os.close(reading)


def test_what_fails_half_way_leaves_the_old_file(ask, book, tmp_path):
    """The disk takes 100,000 bytes of what is more: a real limit of the system's, on this process."""
    for _ in range(60):
        book.create_loan(**LOAN, note="n" * 2000)
    file = tmp_path / "out.csv"
    file.write_text("what was there before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        said = ask("export", "loans", "--output", file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert said.sentence == f"{file} cannot be used: file too large."
    assert file.read_text() == "what was there before"
    assert not [each.name for each in tmp_path.iterdir() if "unfinished" in each.name]


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may read and write everything; nobody may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_not_be_read_or_written(ask, book, loans_csv, tmp_path):
    loans_csv.chmod(0)
    locked = tmp_path / "locked"
    locked.mkdir(0o555)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    with without_privileges():
        said = ask("import", "loans", loans_csv)
    assert said.sentence == f"Invalid value for 'FILE': '{loans_csv}': Permission denied."
    for file in tmp_path.glob("loans.db*"):
        file.chmod(0o666)
    tmp_path.chmod(0o777)
    with without_privileges():
        said = ask("export", "loans", "--output", locked / "out.csv")
    assert said.sentence == f"{locked / 'out.csv'} cannot be used: permission denied."
    assert list(locked.iterdir()) == []


# A command that fails, and what it says. {here} is a folder with a file of loans and the book in it.
FAILURES = {
    "import loans {here}/none.csv": "Invalid value for 'FILE': '{here}/none.csv': No such file or directory.",
    "import loans {here}": "Invalid value for 'FILE': '{here}': Is a directory.",
    "import loans": "Missing argument 'FILE'.",
    "import letters {here}/new_loans.csv": "No such command 'letters'.",
    "export loans --output {here}/none/out.csv": "{here}/none/out.csv cannot be used: no such file or directory.",
    "export loans --output {here}/loans.db/out.csv": "{here}/loans.db/out.csv cannot be used: not a directory.",
    "export loans --output {here}": "Invalid value for '--output': File '{here}' is a directory.",
    "export loans --loan 99": "There is no loan 99 in this book.",
    "export repayments --loan Z": "There is no loan Z in this book.",
    "export schedule --loan 0": "There is no loan 0 in this book.",
    "export loans --as-of 31/12/2025": "31/12/2025 is not a date. Write year-month-day, such as 2024-01-31.",
    "export money": "Invalid value for '{{loans|repayments|schedule}}': 'money' is not one of 'loans', 'repayments', "
    "'schedule'.",
    "export": "Missing argument '{{loans|repayments|schedule}}'. Choose from: loans, repayments, schedule.",
    "status": "Missing argument 'LOAN_ID'.",
    "status 99": "There is no loan 99 in this book.",
    "status 99999999999999999999": "There is no loan 99999999999999999999 in this book.",
    "status A --as-of 2025-02-30": "There is no day 2025-02-30. Write a day of the calendar, such as 2024-01-31.",
    "status A B": "Got unexpected extra argument (B).",
    "portfolio --as-of tomorrow": "tomorrow is not a date. Write year-month-day, such as 2024-01-31.",
    "undo-import 7": "There is no import 7 in this book.",
    "undo-import x": "Invalid value for 'BATCH': 'x' is not a valid integer.",
    "demo --loans 0": "Invalid value for '--loans': 0 is not in the range 1<=x<=10000000.",
    "demo --seed 1.5": "Invalid value for '--seed': '1.5' is not a valid integer.",
    "demo": "The demo book goes into an empty book only, and this one holds 3 loans.",
    "stats": "No such command 'stats'. Did you mean 'status'?",
    "status A --yaml": "No such option '--yaml'.",
    "--version": "No such option '--version'.",
}


@pytest.mark.parametrize("command", FAILURES)
def test_a_failure_is_one_sentence_and_writes_nothing(ask, book, loans_csv, sqlite_url, command):
    here = loans_csv.rename(loans_csv.with_name("new_loans.csv")).parent
    before = contents(sqlite_url)
    said = ask(*command.format(here=here).split())
    assert close(said.sentence) == close(FAILURES[command].format(here=here))
    assert contents(sqlite_url) == before
    assert said.out == b""


def close(sentence: str) -> str:
    """Click words its own sentences a little differently from version to version."""
    return re.sub(r"No such option:? '?([-\w]+)'?|Did you mean (?:one of: )?'?(\w+)'?", r"\1\2", sentence)


def test_an_option_of_nothing_is_not_everything(ask, book):
    """``--loan "$LOAN"`` with an empty variable is a mistake, and the whole book its worst reading."""
    assert ask("export", "repayments", "--loan", "").code == 1


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        (
            "sqlite:///{here}/none/loans.db",
            "The file {here}/none/loans.db cannot be opened: check that its folder exists and is yours.",
        ),
        (
            "sqlite:///{here}/new loans.csv",
            "The file {here}/new loans.csv is not a database. Name another one in SQLALCHEMY_DATABASE_URI.",
        ),
    ],
)
def test_a_book_that_is_not_there_is_one_sentence(ask, loans_csv, monkeypatch, uri, sentence):
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", uri.format(here=loans_csv.parent))
    assert ask("portfolio").sentence == sentence.format(here=loans_csv.parent)
    assert loans_csv.read_bytes() == LOANS_FILE


def test_a_file_that_breaks_off_is_named(ask):
    broken = Path("/proc/self/mem")
    if not broken.exists():
        pytest.skip("Reading /proc/self/mem fails on Linux, and this is another system.")
    assert ask("import", "loans", broken).sentence == "/proc/self/mem cannot be used: input/output error."


@pytest.mark.parametrize("name", ["caf\udce9.csv", "é" * 120 + ".csv"], ids=["Latin-1", "long"])
def test_a_file_may_have_any_name(ask, loans_csv, name):
    named = loans_csv.with_name(name)
    loans_csv.rename(named)
    assert ask("import", "loans", named).text == "2 loans imported. This is import 1.\n"
    assert "There is no loan" in ask("status", name).sentence


COMMANDS = ["import loans", "import repayments", "undo-import", "export", "status", "portfolio", "demo"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(ask, sqlite_url, command):
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    file.unlink()
    said = ask(*command.split(), "--help").text
    assert said.startswith(f"Usage: python -m loan_core {command} ")
    assert not file.exists()


def test_no_command_is_the_list_of_commands(ask):
    said = ask().text
    assert all(command.split()[0] in said for command in COMMANDS)


def test_a_terminal_that_knows_no_accents_gets_the_rest(ask, book, monkeypatch):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    assert ask("status", "A").code == 0
    out.flush()
    assert re.search(rb"^borrower +Ana N\S+ez$", out.buffer.getvalue(), re.MULTILINE)


def test_demo_says_what_it_did(ask, sqlite_url):
    assert ask("demo", "--loans", 3, "--seed", 5).text == "A made-up book of 3 loans is loaded, as import 1.\n"
    before = contents(sqlite_url)
    already = "A made-up book of 3 loans is loaded already, as import 1.\n"
    assert ask("demo", "--loans", 3, "--seed", 5).text == already
    refusal = "The demo book goes into an empty book only, and this one holds 3 loans."
    assert ask("demo", "--loans", 3, "--seed", 6).sentence == refusal
    assert contents(sqlite_url) == before
    assert ask("undo-import", 1).text.startswith("Import 1 is undone: 3 loans voided")
    assert ask("portfolio").text == "The book is empty.\n"


# Real processes, half a second each: what a shell, a terminal and a signal do to them.


def test_what_reaches_a_pipe_is_the_file_to_the_byte(sqlite_url, book):
    with process(sqlite_url, "export", "loans", "--as-of", TODAY.isoformat()) as running:
        assert running.communicate() == (exported(book, "loans"), b"")
        assert running.returncode == 0


def test_a_machine_without_redis_is_no_news(sqlite_url, book):
    said = forked.run(("loan_core", "status", "A"), environment(sqlite_url))
    assert (said.stdout[:9], said.stderr, said.returncode) == ("loan_id  ", "", 0)


def test_a_reader_who_has_seen_enough_is_no_failure(sqlite_url):
    """``| head -1``"""
    book = open_at(sqlite_url)
    for _ in range(40):
        book.create_loan(loan_amount=1000, repayment_period=600, start_on="2020-01-31")
    book.close()
    with process(sqlite_url, "export", "schedule", bufsize=0) as running:
        assert running.stdout.read(3) == b"\xef\xbb\xbf"
        running.stdout.close()
        assert (running.stderr.read(), running.wait(30)) == (b"", 0)


def test_a_full_disk_is_said(sqlite_url):
    with open("/dev/full", "wb") as full:
        said = forked.run(("loan_core", "portfolio"), environment(sqlite_url), full)
    assert (said.stderr, said.returncode) == ("The output cannot be used: no space left on device.\n", 1)


def test_an_interruption_writes_nothing(sqlite_url, tmp_path):
    with TemporaryFile() as out, TemporaryFile() as err, fed(sqlite_url, out, err) as (running, typed):
        typed.write(LOANS_FILE)
        typed.flush()
        until((tmp_path / "loans.db-wal").exists)
        running.send_signal(signal.SIGINT)
        # Python ends by the signal itself where it met an `exec` of a text, as dataclasses are made, whoever caught it.
        assert running.wait(30) in (1, -signal.SIGINT)
        assert (whole(out), whole(err).strip()) == (b"", b"Stopped. Nothing was written.")
    assert not contents(sqlite_url).get("loans")


@pytest.mark.parametrize("is_terminal", [True, False], ids=["terminal", "pipe"])
def test_a_terminal_is_shown_how_far_it_is_after_a_second(sqlite_url, tmp_path, is_terminal):
    """The file comes so late that its import has taken a second already. A log is not drawn on."""
    ours, theirs = pty.openpty() if is_terminal else os.pipe()
    with TemporaryFile() as out, fed(sqlite_url, out, theirs) as (running, typed):
        os.close(theirs)
        until((tmp_path / "loans.db-wal").exists)
        time.sleep(1.1)
        typed.write(csv_file(*[LOAN] * 1500).getvalue())
        typed.close()
        running.wait(30)
        assert whole(out) == b"1,500 loans imported. This is import 1.\n"
    shown = b""
    # Once the other end is closed, reading a terminal ends with an error on Linux, with nothing elsewhere.
    with suppress(OSError):
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    steps = [rb"Checking +\[#+-+\] +66%", rb"Writing +\[#+\] +100%"]
    assert [bool(re.search(step, shown)) for step in steps] == [is_terminal, is_terminal]
    assert bool(shown) == is_terminal


def whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_check_says_what_passed_and_ends_with_one_where_something_did_not(ask, book, sqlite_url, monkeypatch):
    lines = ask("check").text.splitlines()
    assert "Passed for 3 loans: the total paid is the sum of what was received." in lines
    assert re.fullmatch(r"All [0-9]+ checks passed, in [0-9,]+ comparisons\.", lines[-1])
    monkeypatch.setattr(verify, "CASES", (Case("one and one are two", "Peano", 2, lambda: 3),))
    said = ask("check", "--as-of", "2025-11-01")
    assert "FAILED for 1 of 1 published case: one and one are two (Peano)." in said.out.decode()
    assert said.sentence.startswith("1 of 9 checks failed, in ")
