"""CSV out and in again: an export is a book that another book can take in, and nothing is lost on the way."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from loan_core import Book, InvalidFile, Problem, currency, problems_csv
from loan_core.exchange import template
from tests.files import (
    FREQUENCIES,
    HOSTILE,
    METHODS,
    OF_THE_BOOK,
    TODAY,
    assert_the_same_book,
    brought_over,
    contents,
    csv_file,
    exported,
    open_at,
    read,
    without,
)

LOAN_COLUMNS = (
    "reference,borrower,loan_amount,currency,interest_rate,rate_period,repayment_period,frequency,method,rounding,"
    "start_on,first_due_on,installment,note"
).split(",")
STATUS_COLUMNS = (
    "as_of,state,status,months_passed,expected_monthly_installment,expected_paid,total_amount_paid,remaining_balance,"
    "outstanding_principal,overpaid_amount,arrears,overdue_principal,days_past_due,next_due_on,next_due_amount,"
    "ahead_by,days_ahead,paid_up_to,total_due"
).split(",")
REPAYMENT_COLUMNS = "loan_reference,amount,received_on,reference,note,reverses,currency".split(",")
SCHEDULE_COLUMNS = "loan_reference,number,due_on,due,interest,principal,balance,covered,paid_on,outcome,days".split(",")

# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")

ON_SEVERAL_LINES = ("one\ntwo", "one\r\ntwo", "one\rtwo", 'a"\n"', "a\n=b", "a\n\n,\n'=c", "'\r=", "one\n")
NOTES_TYPED = (*ON_SEVERAL_LINES, *HOSTILE[len(ON_SEVERAL_LINES) :])


@pytest.fixture
def book(database_url: str) -> Iterator[Book]:
    book = open_at(database_url)
    yield book
    book.close()


@pytest.fixture
def other_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'other.db'}"


def test_an_export_of_loans_to_the_letter(book):
    # 1,000 at 2 % a month in 12: 94.56 a month (annuity formula: 94.5596). By 15 January three are due, 283.68; one
    # was paid. The first covers 20.00 of interest and 74.56 of principal, so that 925.44 is outstanding; of the two in
    # arrears 76.05 and 77.57 are principal (18.51 and 16.99 are interest). The oldest fell due on 1 December, 45 days
    # ago. In all 1134.70 is due: eleven times 94.56 and, of what rounding left, a last 94.54.
    book.create_loan(
        loan_amount="1000", repayment_period=12, start_on="2025-10-01", borrower="Åsa", note="a,b", reference="A"
    )
    book.add_repayment(1, "94.56", received_on="2025-11-01")
    header, row, end = exported(book, "loans").split(b"\r\n")
    assert header.decode() == "\ufeff" + ",".join(
        [*LOAN_COLUMNS, *STATUS_COLUMNS, "id,revision,recorded_by,created_at"]
    )
    assert row.decode() == (
        'A,Åsa,1000.00,USD,0.02,month,12,monthly,annuity,half_up,2025-10-01,,94.56,"a,b",'
        "2026-01-15,active,Behind,3,94.56,283.68,94.56,1040.14,"
        "925.44,0.00,189.12,153.62,45,2026-02-01,94.56,"
        "-189.12,-45,2025-11-01,1134.70,"
        "1,2,,2026-01-15T12:00:00Z"
    )
    assert end == b""


def test_an_export_of_repayments_to_the_letter(book):
    book.create_loan(loan_amount="10", repayment_period=1, start_on="2025-10-01", reference="A", currency="KWD")
    book.add_repayment(1, "1.5", received_on="2025-11-01", reference="P-1", note="=cash")
    book.reverse_repayment(1, reason="typed wrong", received_on="2025-11-03", recorded_by="Kofi")
    header, first, second, end = exported(book, "repayments").split(b"\r\n")
    assert header.decode() == "\ufeff" + ",".join([*REPAYMENT_COLUMNS, "loan_id,id,recorded_by,created_at"])
    assert first == b"A,1.500,2025-11-01,P-1,'=cash,,KWD,1,1,,2026-01-15T12:00:00Z"
    assert second == b"A,-1.500,2025-11-03,RP-0002,typed wrong,P-1,KWD,1,2,Kofi,2026-01-15T12:00:00Z"
    assert end == b""


def test_an_export_of_a_schedule_to_the_letter(book):
    # 100 yen at no interest in 3: 33, 33 and what is left, 34. Of 50 paid, 17 are on the second.
    book.create_loan(
        loan_amount=100, repayment_period=3, interest_rate=0, start_on="2025-10-31", currency="JPY", reference="A"
    )
    book.add_repayment(1, 50, received_on="2025-11-28")
    assert exported(book, "schedule", loan_id=1).decode().split("\r\n") == [
        "\ufeff" + ",".join(SCHEDULE_COLUMNS),
        "A,1,2025-11-30,33,0,33,67,33,2025-11-28,early,-2",
        "A,2,2025-12-31,33,0,33,34,17,,part_paid,15",
        "A,3,2026-01-31,34,0,34,0,0,,next,0",
        "",
    ]


def test_an_export_of_a_statement_to_the_letter(book):
    # 100.00 at 2 % in one installment of 102.00. The first 1.50 is interest; 102.50 in all is 0.50 too much; taking the
    # 1.50 back leaves 101.00, which is 1.00 less than is due, and of principal, as that is covered last.
    book.create_loan(loan_amount=100, repayment_period=1, start_on="2025-10-01")
    book.add_repayment(1, "1.50", received_on="2025-10-02", reference="P", note="@home")
    book.add_repayment(1, "101.00", received_on="2025-10-03", reference="Q")
    book.reverse_repayment(1, received_on="2025-10-04", reference="R")
    assert b"".join(book.export_statement(TODAY, 1)).decode("utf-8-sig").split("\r\n") == [
        "received_on,amount,reference,note,reverses,reversed_by,covered_interest,covered_principal,overpaid,total_paid,"
        "remaining_balance",
        "2025-10-02,1.50,P,'@home,,R,1.50,0.00,0.00,1.50,100.50",
        "2025-10-03,101.00,Q,,,,0.50,100.00,0.50,102.50,0.00",
        "2025-10-04,-1.50,R,,P,,0.00,-1.00,-0.50,101.00,1.00",
        "",
    ]


def test_the_archive_is_every_export_and_what_their_columns_mean(book):
    book.create_loan(loan_amount=100, repayment_period=1, start_on="2025-10-01", borrower="=A")
    book.add_repayment(1, 1, received_on="2025-11-01")
    with ZipFile(io.BytesIO(b"".join(book.export_all(TODAY)))) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    meanings = read(files.pop("dictionary.csv"))
    assert files == {f"{what}.csv": exported(book, what) for what in ("loans", "repayments", "schedule")}
    columns = [(name, column) for name, file in files.items() for column in read(file)[0]]
    assert [(row["file"], row["column"]) for row in meanings] == columns
    assert [row for row in meanings if len(row["meaning"]) < 10] == []


@pytest.mark.parametrize("kind", ["loans", "repayments"])
def test_a_template_has_the_columns_that_an_import_takes(book, kind):
    """Filled in with the least that is required, it is an import; as it is, it has no rows."""
    header = template(kind)
    book.create_loan(loan_amount=100, repayment_period=1, start_on="2025-10-01", reference="A")
    with pytest.raises(InvalidFile, match="The file has no rows below its header"):
        getattr(book, f"import_{kind}")(io.BytesIO(header))
    filled = {"loan_amount": "1", "repayment_period": "1", "loan_reference": "A", "amount": "1"}
    filled["received_on"] = "2025-11-01"
    row = ",".join(filled.get(name, "") for name in header.decode("utf-8-sig").strip().split(","))
    assert getattr(book, f"import_{kind}")(io.BytesIO(header + row.encode())).new == 1


@pytest.mark.parametrize("what", ["loans", "repayments", "schedule"])
def test_an_empty_book_exports_its_header(book, what):
    assert read(exported(book, what)) == []
    assert exported(book, what).count(b"\r\n") == 1


@pytest.mark.parametrize("what", ["loans", "repayments", "schedule"])
def test_one_loan_exports_the_rows_that_it_has_in_the_whole(book, what):
    for reference in "AB":
        loan = book.create_loan(loan_amount=10, repayment_period=2, start_on="2025-10-01", reference=reference)
        book.add_repayment(loan.id, 1, received_on="2025-11-01")
    name = "reference" if what == "loans" else "loan_reference"
    of_b = [row for row in read(exported(book, what)) if row[name] == "B"]
    assert of_b
    assert read(exported(book, what, loan_id=2)) == of_b


def test_a_voided_loan_leaves_every_export_of_the_book(book):
    book.create_loan(loan_amount=10, repayment_period=2, start_on="2025-10-01")
    book.add_repayment(1, 1, received_on="2025-11-01")
    book.reverse_repayment(1)
    book.void_loan(1)
    assert [read(exported(book, what)) for what in ("loans", "repayments", "schedule")] == [[], [], []]


def test_an_export_tells_the_day_it_is_asked_about(book):
    book.create_loan(loan_amount="1000", repayment_period=12, start_on="2025-10-01")
    book.add_repayment(1, 5, received_on="2025-11-01")
    book.add_repayment(1, 7, received_on="2025-12-01")
    book.reverse_repayment(1, received_on="2025-12-24")
    paid = {day: read(exported(book, "loans", date(2025, 12, day)))[0]["total_amount_paid"] for day in (2, 24)}
    assert paid == {2: "12.00", 24: "7.00"}
    rows = {day: len(read(exported(book, "repayments", date(2025, 12, day)))) for day in (2, 24)}
    assert rows == {2: 2, 24: 3}


@pytest.fixture
def hostile_book(book: Book) -> Book:
    """A loan, a repayment and a reversal for every text that could hurt a file, a spreadsheet or a reader."""
    for number, hostile in enumerate(HOSTILE):
        terms = {"loan_amount": 10, "repayment_period": 2, "start_on": "2025-10-01"}
        loan = book.create_loan(**terms, reference=hostile, borrower=hostile, note=NOTES_TYPED[number], recorded_by="=")
        repayment = book.add_repayment(
            loan.id, 1, received_on="2025-11-01", reference=hostile, note=NOTES_TYPED[number], recorded_by="@"
        )
        book.reverse_repayment(repayment.id, reason=hostile)
    return book


def test_the_rows_to_correct_are_a_file_that_computes_nothing():
    file = problems_csv(
        [
            Problem("loan_amount", "=1+1", "=1+1 is not an amount.", "Write plain digits.", 4),
            Problem("", "", "The file, a whole, is wrong.", "", None),
            Problem("note", "'@x", "-", "'", 10_000),
        ]
    )
    assert file.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""))) == [
        ["row", "column", "found", "wrong", "right"],
        ["4", "loan_amount", "'=1+1", "'=1+1 is not an amount.", "Write plain digits."],
        ["", "", "", "The file, a whole, is wrong.", ""],
        ["10000", "note", "''@x", "'-", "'"],
    ]


def test_no_text_of_an_export_is_a_formula(hostile_book):
    numbers = {*STATUS_COLUMNS, "loan_amount", "installment", "amount"}
    for what in ("loans", "repayments", "schedule"):
        rows = read(exported(hostile_book, what))
        assert rows
        texts = [cell for row in rows for name, cell in row.items() if name not in numbers | {"days"}]
        assert [cell for cell in texts if cell.startswith(FORMULA)] == []


def test_a_text_comes_back_as_it_was_typed(hostile_book, other_url):
    other = brought_over(hostile_book, other_url)
    loans, notes = other.loans(TODAY), [note.strip() for note in NOTES_TYPED]
    assert loans["reference"].tolist() == list(HOSTILE)
    assert loans["borrower"].tolist() == list(HOSTILE)
    assert loans["note"].tolist() == notes
    repayments = [other.statement(loan_id, TODAY).repayments.iloc[0] for loan_id in loans["id"].tolist()]
    assert [(each["reference"], each["note"]) for each in repayments] == list(zip(HOSTILE, notes, strict=True))
    assert_the_same_book(hostile_book, other)
    other.close()


def test_a_book_comes_back_from_its_exports(book, other_url):
    """Every method, frequency and number of decimals, with and without a stated first day, ahead, late and reversed."""
    terms = product(METHODS, FREQUENCIES, ("JPY", "USD", "KWD"), ("", "2024-02-29"))
    for number, (method, frequency, code, first_due_on) in enumerate(terms):
        loan = book.create_loan(
            loan_amount=f"{1000 + 7 * number}",
            currency=code,
            repayment_period=1 + number % 30,
            interest_rate=("0.02", "0.24", "0", "0.000001")[number % 4],
            rate_period=("month", "year")[number % 2],
            frequency=frequency,
            method=method,
            rounding=("half_up", "up")[number % 2],
            start_on="2024-01-31",
            first_due_on=first_due_on,
            installment="700" if number % 5 == 0 and method != "interest_only" else "",
            borrower=HOSTILE[number % len(HOSTILE)],
            note=ON_SEVERAL_LINES[number % len(ON_SEVERAL_LINES)],
        )
        for day in ("2024-03-05", "2024-03-31"):
            book.add_repayment(loan.id, number + 1, received_on=day, note=HOSTILE[number % len(HOSTILE)])
        if number % 3 == 0:
            book.reverse_repayment(2 * (number + 1) + number // 3 - 1, received_on="2024-04-01")
    other = brought_over(book, other_url)
    assert len(read(exported(other, "loans"))) == 96
    assert len(read(exported(other, "repayments"))) == 2 * 96 + 96 // 3
    assert_the_same_book(book, other)
    other.close()


def test_a_book_takes_its_own_export_in_without_a_change(book, database_url):
    book.create_loan(loan_amount=10, repayment_period=2, start_on="2025-10-01", reference="'=A", borrower="=B")
    book.create_loan(loan_amount=10, repayment_period=2, start_on="2025-10-01", installment=6)
    book.add_repayment(1, 1, received_on="2025-11-01", reference="-P")
    book.reverse_repayment(1)
    before = contents(database_url)
    for what, rows in {"loans": 2, "repayments": 2}.items():
        receipt = getattr(book, f"import_{what}")(io.BytesIO(exported(book, what)))
        assert (receipt.new, receipt.already_there, receipt.batch_id) == (0, rows, None)
    assert contents(database_url) == before


def test_the_status_in_an_export_is_passed_over(book):
    row = {"loan_amount": "10", "repayment_period": "2", "start_on": "2025-10-01", "reference": "A"}
    nonsense = dict.fromkeys([*STATUS_COLUMNS, "id", "revision", "recorded_by", "created_at"], "x")
    book.import_loans(csv_file(row | nonsense))
    status = book.status(1, TODAY)
    assert (status.reference, status.as_of, status.total_amount_paid, status.revision) == ("A", TODAY, 0, 1)


def test_the_columns_come_in_any_order(book):
    book.import_loans(io.BytesIO(b"note,repayment_period,reference,loan_amount\nlast,12,A,1000.00\n"))
    loan = book.loan(1)
    assert (loan.reference, loan.loan_amount, loan.repayment_period, loan.note) == ("A", 100_000, 12, "last")


def test_what_a_file_leaves_out_is_agreed_as_by_default(book):
    book.import_loans(csv_file({"loan_amount": "1000.00", "repayment_period": "12"}))
    loan = book.loan(1)
    assert (loan.interest_rate, loan.rate_period, loan.installment) == (20_000, "month", 9456)
    assert (loan.frequency, loan.method, loan.rounding) == ("monthly", "annuity", "half_up")
    assert (loan.currency, loan.start_on, loan.first_due_on, loan.reference) == ("USD", TODAY, None, "L-0001")


def test_what_looks_like_something_else_stays_what_was_typed(book):
    typed = "00123 NA N/A null None nan 1e5 TRUE 0x10 2024-01-31 1.50 +5 Infinity".split()
    texts = [dict.fromkeys(("reference", "borrower", "note"), each) for each in typed]
    book.import_loans(csv_file(*({"loan_amount": "10", "repayment_period": "1"} | each for each in texts)))
    loans = book.loans(TODAY)
    for name in ("reference", "borrower", "note"):
        assert loans[name].tolist() == typed
    assert [row["reference"].removeprefix("'") for row in read(exported(book, "loans"))] == typed


def test_a_guard_that_was_not_ours_stays(book):
    """Only an apostrophe before a formula is a guard, and only one of them."""
    typed = {"'=x": "=x", "''=x": "'=x", "'x": "'x", "'": "'", "'5": "'5", "'-5": "-5", "=x": "=x"}
    book.import_loans(csv_file(*({"loan_amount": "10", "repayment_period": "1", "borrower": text} for text in typed)))
    assert book.loans(TODAY)["borrower"].tolist() == list(typed.values())


AMOUNTS = st.one_of(st.integers(1, 10**13), st.integers(1, 10**5))
DAYS = st.dates(date(1950, 1, 1), date(2150, 12, 31))
# What a person may type in a line: anything but a NUL, half a character, or the end of the line.
LINES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=20)
NOTES = st.text(st.one_of(st.sampled_from("'=+-@\t\r\n\",; x"), st.characters(codec="utf-8", exclude_characters="\0")))


@st.composite
def loans(draw: st.DrawFn) -> dict[str, Any]:
    code, method = draw(st.sampled_from(["JPY", "USD", "KWD"])), draw(st.sampled_from(METHODS))
    frequency, rate_period = draw(st.sampled_from(FREQUENCIES)), draw(st.sampled_from(["month", "year"]))
    amount, rate = draw(AMOUNTS), draw(st.integers(0, 10**6 * (1 if rate_period == "month" else 12)))
    start_on, days = draw(DAYS), draw(st.none() | st.integers(0, 400))
    # More than a quarter's interest, the longest period's: so it is more than the first interest of any loan.
    repaying = amount * rate * (12 if rate_period == "month" else 1) // (4 * 10**6) + 2
    installment = draw(st.none() | st.integers(0, 10**6)) if method != "interest_only" else None
    return {
        "loan_amount": currency(code).major(amount),
        "currency": code,
        "repayment_period": draw(st.integers(1, 600)),
        "rate_period": rate_period,
        "interest_rate": Decimal(rate).scaleb(-6),
        "frequency": frequency,
        "method": method,
        "rounding": draw(st.sampled_from(["half_up", "up"])),
        "start_on": start_on,
        "first_due_on": None if days is None else date.fromordinal(start_on.toordinal() + days),
        "installment": None if installment is None else currency(code).major(repaying + installment),
        "borrower": draw(LINES),
        "note": draw(NOTES),
    }


@pytest.fixture(scope="module")
def two_books() -> Iterator[tuple[Book, Book]]:
    """Books that the examples below share: an import of what they hold already would be no import."""
    with TemporaryDirectory() as folder:
        books = tuple(open_at(f"sqlite:///{folder}/{name}.db") for name in ("one", "other"))
        yield books
        for each in books:
            each.close()


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(loan=loans(), amounts=st.lists(AMOUNTS, max_size=3), note=NOTES)
@example(loan={"loan_amount": 1, "repayment_period": 1, "note": "'\r'"}, amounts=[1], note="'\t'")
def test_any_loan_comes_back(two_books, loan, amounts, note):
    book, other = two_books
    here = book.create_loan(**loan)
    if here.start_on <= TODAY:
        for amount in amounts:
            major = currency(here.currency).major(amount)
            repayment = book.add_repayment(here.id, major, received_on=here.start_on, note=note)
        if amounts:
            book.reverse_repayment(repayment.id, reason=note)
    other.import_loans(io.BytesIO(exported(book, "loans", loan_id=here.id)))
    if here.start_on <= TODAY and amounts:
        other.import_repayments(io.BytesIO(exported(book, "repayments", loan_id=here.id)))
    there = other.loan_id(here.reference)
    for what in ("loans", "repayments", "schedule"):
        sent = without(OF_THE_BOOK, exported(book, what, loan_id=here.id))
        assert without(OF_THE_BOOK, exported(other, what, loan_id=there)) == sent
