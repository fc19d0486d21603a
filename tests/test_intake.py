"""Files of any size: the straight way comes to the verdict of the rule, and no file is too large or too wrong."""

import io
import os
from array import array
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from threading import Thread
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loan_core import Book, InvalidEntry, InvalidFile, errors, spool
from loan_core.calculation.money import CURRENCIES, LARGEST
from loan_core.entries import LOAN_FIELDS, loan_entry, repayment_entry, straight_loan, straight_repayment
from loan_core.fields import Wrong, amount
from loan_core.reading import References
from tests.bad_entries import AMOUNTS, DAYS, NO_PERIODS, TEXTS
from tests.files import HOSTILE, TODAY, contents, csv_file, exported, open_at

STARTED = date(2025, 10, 1)
LOAN = {"loan_amount": "1000.00", "repayment_period": "12", "start_on": "2025-10-01"}
REPAYMENT = {"loan_reference": "A", "amount": "94.56", "received_on": "2025-11-01"}

ANY_TEXT = st.text(max_size=12).map(str.strip)


def typed(*sound: str, hostile: Any = ()) -> st.SearchStrategy[str]:
    """What may stand in a cell: sound more often than not, else hostile, or anything."""
    hostile = [each.strip() for each in hostile]
    return st.one_of(st.sampled_from(sound), st.sampled_from([*sound, *hostile]), ANY_TEXT)


amounts = typed("1", "94.56", "1000.00", "0.01", ".5", "5.", "007", hostile=[each for each, *_ in AMOUNTS])
amounts |= st.decimals(min_value=0, max_value=10**12, places=2).map(str)
days = typed("2025-10-01", "2025-11-01", "2026-01-15", "2026-01-16", "", hostile=[each for each, *_ in DAYS])
texts = typed("", "A", "Ana", *HOSTILE[:3], hostile=[*HOSTILE, *(each for _, each, *_ in TEXTS), "x" * 201, "\ud800"])

LOAN_CELLS = {
    "reference": texts,
    "borrower": texts,
    "loan_amount": amounts,
    "currency": typed("", "USD", "JPY", "KWD", hostile=["usd", "XXX"]),
    "interest_rate": typed("", "0.02", "0", "0.5", "1", hostile=["2%", "-1", "0.0000001", "12.5"]),
    "rate_period": typed("", "month", "year", "Year", hostile=["day"]),
    "repayment_period": typed("1", "12", "600", hostile=NO_PERIODS),
    "frequency": typed("", "monthly", "weekly", "biweekly", "Every 2 weeks", hostile=["daily"]),
    "method": typed("", "annuity", "flat", "interest_only", "Equal-Principal", hostile=["bullet"]),
    "rounding": typed("", "half_up", "up", hostile=["down"]),
    "start_on": days,
    "first_due_on": days,
    "installment": typed("", "94.56", "20", "20.01", "500", "0", hostile=["-1", "94,56"]),
    "note": texts,
}
assert tuple(LOAN_CELLS) == LOAN_FIELDS


@given(st.fixed_dictionaries(LOAN_CELLS))
@example(dict.fromkeys(LOAN_FIELDS, "") | LOAN | {"installment": "94.56"})
@example(dict.fromkeys(LOAN_FIELDS, "") | LOAN | {"installment": "0"})
def test_a_loan_is_judged_straight_as_by_the_rule(stated):
    try:
        judged = loan_entry(stated, TODAY, "USD")
    except InvalidEntry:
        judged = None
    assert straight_loan(stated, TODAY, "USD") == judged


@given(amounts, days, texts, texts, st.sampled_from(["USD", "JPY", "KWD"]))
def test_a_repayment_is_judged_straight_as_by_the_rule(money, day, reference, note, code):
    stated = {"amount": money, "received_on": day, "reference": reference, "note": note}
    try:
        entry = repayment_entry(stated, code, STARTED, TODAY, required_day="Write the day.")
        judged = entry.amount, entry.received_on
        assert (entry.reference, entry.note, entry.reverses, entry.is_dated) == (reference, note, "", True)
    except InvalidEntry:
        judged = None
    assert straight_repayment(money, day, reference, note, CURRENCIES[code], STARTED, TODAY) == judged


def plainly(found: str, exponent: int) -> int | None:
    """Money as it is typed, by the rule in one line of decimals; None where it is none."""
    try:
        value = Decimal(found) if set(found) <= set("0123456789.") else Decimal("NaN")
    except InvalidOperation:
        return None
    is_fine_enough = len(found.partition(".")[2]) <= exponent
    minor = value.scaleb(exponent) if value.is_finite() and is_fine_enough else Decimal(0)
    return int(minor) if 1 <= minor <= LARGEST else None


@given(amounts | st.from_regex(r"[0-9]{0,16}\.?[0-9]{0,4}", fullmatch=True), st.sampled_from("USD JPY KWD".split()))
@example("100000000000.00", "USD")
@example("100000000000.01", "USD")
@example("0" * 30 + "1", "USD")
@example("\u0661", "JPY")
def test_an_amount_is_what_decimals_say(found, code):
    currency = CURRENCIES[code]
    try:
        minor = amount(found, currency)
    except Wrong:
        minor = None
    assert minor == plainly(found, currency.exponent)


@given(st.lists(st.sampled_from("ABCDEFGH"), max_size=12))
def test_references_that_are_twice_are_known_by_their_hashes(given_):
    references = References.of(array("q", map(hash, given_)))
    assert references.twice == {hash(each) for each in given_ if given_.count(each) > 1}
    assert [each for each in "ABCDEFGHI" if references.may_hold(each)] == sorted(set(given_))


# Files of many blocks


@pytest.fixture
def book(database_url: str) -> Iterator[Book]:
    """With loan A in it."""
    book = open_at(database_url)
    book.create_loan(**LOAN, reference="A")
    yield book
    book.close()


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So little is held in memory, and written at a time, that a small file is a large one."""
    monkeypatch.setattr(spool, "_ROWS_AT_ONCE", 700)
    monkeypatch.setattr(spool, "IN_MEMORY", 10_000)


@pytest.mark.usefixtures("small_steps")
def test_a_file_of_many_blocks_is_written_row_by_row_as_it_stands(book):
    rows = [REPAYMENT | {"amount": f"{n + 1}.00", "reference": f"R-{n}", "note": f"row {n}"} for n in range(3_300)]
    receipt = book.import_repayments(csv_file(*rows))
    assert (receipt.new, receipt.amounts) == (3_300, {"USD": 100 * 3_300 * 3_301 // 2})
    found = [line.split(",")[1:5] for line in exported(book, "repayments").decode().splitlines()[1:]]
    assert found == [[row["amount"], row["received_on"], row["reference"], row["note"]] for row in rows]
    again = book.import_repayments(csv_file(*reversed(rows)))
    assert (again.new, again.already_there) == (0, 3_300)
    assert book.undo_import(receipt.batch_id).repayments == 3_300
    assert book.status(1, TODAY).total_amount_paid == 0


@pytest.mark.usefixtures("small_steps")
def test_a_row_far_below_knows_the_row_far_above(book):
    """A reversal, a reference that stands twice, one that a nameless row would have been given."""
    filler = [REPAYMENT | {"reference": f"F-{n}", "reverses": ""} for n in range(2_500)]
    first, nameless = REPAYMENT | {"reference": "P"}, REPAYMENT | {"amount": "7.00"}
    undone = REPAYMENT | {"reference": "P-back", "reverses": "P", "amount": "-94.56"}
    taken = REPAYMENT | {"reference": "RP-0002"}
    with pytest.raises(InvalidFile, match=r"line 2503, reference: P stands in line 2 already\."):
        book.import_repayments(csv_file(first, *filler, first))
    book.import_repayments(csv_file(first, nameless, *filler, undone, taken))
    rows = [line.split(",") for line in exported(book, "repayments").decode().splitlines()[1:]]
    assert [rows[1][3], rows[-1][3]] == ["RP-0002-2", "RP-0002"]
    assert [rows[-2][3], rows[-2][5]] == ["P-back", "P"]
    assert book.status(1, TODAY).total_amount_paid == 9456 * 2_501 + 700


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize(("kind", "row"), [("loans", LOAN), ("repayments", REPAYMENT)])
def test_an_error_in_the_last_line_of_many_keeps_them_all_out(book, database_url, kind, row):
    before = contents(database_url)
    with pytest.raises(InvalidFile) as refused:
        getattr(book, f"import_{kind}")(csv_file(*[row] * 12_000, row | {"note": "x" * 2_001}))
    assert (refused.value.rows, refused.value.new, refused.value.to_correct) == (12_001, 12_000, 1)
    assert [problem.line for problem in refused.value.problems] == [12_002]
    assert contents(database_url) == before


def test_of_very_many_errors_the_first_are_kept_and_all_are_counted(book, monkeypatch):
    monkeypatch.setattr(errors, "MOST_PROBLEMS", 100)
    lines = ["loan_amount,repayment_period", *["x,12", "1,2,3", "1000,12"] * 200]
    with pytest.raises(InvalidFile) as refused:
        book.import_loans(io.BytesIO("\n".join(lines).encode()))
    problems = refused.value.problems
    assert [problem.line for problem in problems] == [line for line in range(2, 152) if line % 3 != 1]
    assert (refused.value.count, refused.value.to_correct, refused.value.new) == (400, 400, 200)
    assert str(refused.value) == (
        "Nothing was imported: line 2, loan_amount: x is not an amount. Write plain digits, such as 1000.00. "
        "And 399 more to correct. The first 100 are listed."
    )


def test_a_file_comes_through_a_pipe_too(book):
    source, sink = os.pipe()

    def write() -> None:
        with os.fdopen(sink, "wb") as stream:
            stream.write(csv_file(*[LOAN] * 3_000).getvalue())

    writer = Thread(target=write)
    writer.start()
    with os.fdopen(source, "rb") as stream:
        assert book.import_loans(stream).new == 3_000
    writer.join()


def test_an_export_that_nobody_reads_to_the_end_lets_its_connection_go(postgresql_url):
    book = open_at(postgresql_url, database_connections=1)
    book.create_loan(**LOAN, reference="A")
    book.import_repayments(csv_file(*[REPAYMENT] * 2_500))
    lines = book.export_repayments(TODAY)
    assert next(lines).startswith(b"\xef\xbb\xbfloan_reference")
    assert next(lines).count(b"\r\n") == 1_000
    del lines
    assert book.status(1, TODAY).total_amount_paid == 2_500 * 9456
    book.close()
