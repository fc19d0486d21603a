"""What bad input gets: a sentence that says what was wrong, where, and what would be right, and not one row written."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loan_core import Book, InvalidEntry, InvalidFile, LoanNotFound, Problem, Refusal
from loan_core.errors import LoanIsVoided, ReferenceTaken
from tests.bad_entries import AMOUNTS, DAYS, NO_PERIODS, PLAIN, POSITIVE, TEXTS
from tests.files import TODAY, contents, csv_file, open_at

# 1,000.00 at 2 % a month: the first interest is 20.00.
LOAN = {"loan_amount": "1000.00", "repayment_period": "12", "start_on": "2025-10-01"}
REPAYMENT = {"loan_reference": "A", "amount": "94.56", "received_on": "2025-11-01"}

WHOLE = "Write a whole number from 1 to 600."
FRACTION = "Write a fraction: 0.12 for 12 %."
ISO_4217 = "Write its ISO 4217 code, such as USD."
UTF_8 = "Save the file as “CSV UTF-8” and choose it again."
KNOWN = (
    "Known are reference, borrower, loan_amount, currency, interest_rate, rate_period, repayment_period, frequency, "
    "method, rounding, start_on, first_due_on, installment, note."
)
IN_THE_BOOK = "Write the reference of a loan in the book, or import the loans first."

# What was entered beside LOAN; the field that is refused; why; what would be right.
LOANS = [
    *(({"loan_amount": typed}, "loan_amount", wrong, right) for typed, wrong, right in AMOUNTS),
    ({"loan_amount": ""}, "loan_amount", "loan_amount is missing.", "Write the amount lent, such as 1000.00."),
    *(
        ({"loan_amount": typed, "currency": code}, "loan_amount", wrong, right)
        for code, typed, wrong, right in (
            ("JPY", "1000.5", "Japanese yen have no decimals: 1000.5 has 1.", "Write 1001 or 1000."),
            ("JPY", "1000.00", "Japanese yen have no decimals: 1000.00 has 2.", "Write 1000."),
            ("JPY", "0.5", "Japanese yen have no decimals: 0.5 has 1.", "Write 1."),
            (
                "JPY",
                "10000000000001",
                "10000000000001 is more than a loan book holds.",
                "Write at most 10000000000000.",
            ),
            ("KWD", "1.0005", "Kuwaiti dinars have 3 decimals: 1.0005 has 4.", "Write 1.001 or 1.000."),
            ("KWD", "-1.000", "-1.000 is not more than zero.", "Write the amount as a positive number: 1000.000."),
            (
                "KWD",
                "10000000000.001",
                "10000000000.001 is more than a loan book holds.",
                "Write at most 10000000000.000.",
            ),
        )
    ),
    *(
        ({"repayment_period": typed}, "repayment_period", f"{typed} is not a number of installments.", WHOLE)
        for typed in NO_PERIODS
    ),
    (
        {"repayment_period": " "},
        "repayment_period",
        "repayment_period is missing.",
        "Write the number of installments, such as 12.",
    ),
    *(
        ({"interest_rate": rate, "rate_period": period}, "interest_rate", wrong, FRACTION)
        for period, rate, wrong in (
            ("month", "-0.01", "A rate of -0.01 a month is outside 0 to 1."),
            ("month", "1.000001", "A rate of 1.000001 a month is outside 0 to 1."),
            ("month", "2", "A rate of 2 a month is outside 0 to 1."),
            ("", "12", "A rate of 12 a month is outside 0 to 1."),
            ("month", f"1.{'0' * 33}1", f"A rate of 1.{'0' * 33}1 a month is outside 0 to 1."),
            ("year", "-1", "A rate of -1 a year is outside 0 to 12."),
            ("year", "12.000001", "A rate of 12.000001 a year is outside 0 to 12."),
            ("year", "24", "A rate of 24 a year is outside 0 to 12."),
            ("month", "2%", "2% is not a rate."),
            ("month", "2 %", "2 % is not a rate."),
            ("month", "0,02", "0,02 is not a rate."),
            ("month", "2e-2", "2e-2 is not a rate."),
            ("month", "NaN", "NaN is not a rate."),
            ("year", "Infinity", "Infinity is not a rate."),
        )
    ),
    *(
        ({"interest_rate": rate}, "interest_rate", f"{rate} is finer than a millionth.", right)
        for rate, right in (
            ("0.0123456", "Write at most 6 decimals, such as 0.012346."),
            (f"0.02{'0' * 30}1", "Write at most 6 decimals, such as 0.020000."),
        )
    ),
    ({"rate_period": "day"}, "rate_period", "day is not one of them.", "Write month or year."),
    (
        {"frequency": "daily"},
        "frequency",
        "daily is not one of them.",
        "Write monthly, every_two_weeks, weekly or quarterly.",
    ),
    (
        {"method": "bullet"},
        "method",
        "bullet is not one of them.",
        "Write annuity, equal_principal, interest_only or flat.",
    ),
    ({"rounding": "down"}, "rounding", "down is not one of them.", "Write half_up or up."),
    *(
        ({"currency": code}, "currency", f"{code} is not a currency.", ISO_4217)
        for code in ("XXX", "usd", "US", "€", "XAU")
    ),
    # The digits of a currency that is not known cannot be wrong.
    ({"currency": "KWT", "loan_amount": "1.234"}, "currency", "KWT is not a currency.", ISO_4217),
    *(({"start_on": typed}, "start_on", wrong, right) for typed, wrong, right in DAYS),
    *(({"first_due_on": typed}, "first_due_on", wrong, right) for typed, wrong, right in DAYS[:1]),
    (
        {"first_due_on": "2025-09-30"},
        "first_due_on",
        "The first installment cannot fall due before the loan starts on 2025-10-01.",
        "Write 2025-10-01 or a later day.",
    ),
    *(
        ({"installment": typed} | terms, "installment", wrong, "Write a larger installment.")
        for typed, terms, wrong in (
            ("20", {}, "20.00 does not exceed the first period's interest, 20.00: the loan would never be repaid."),
            ("0", {}, "0.00 does not exceed the first period's interest, 20.00: the loan would never be repaid."),
            # Flat: 12 × 20.00 of interest, spread evenly. Equal principal: the first interest is the annuity's.
            (
                "20",
                {"method": "flat"},
                "20.00 does not exceed the first period's interest, 20.00: the loan would never be repaid.",
            ),
            (
                "19.99",
                {"method": "equal_principal"},
                "19.99 does not exceed the first period's interest, 20.00: the loan would never be repaid.",
            ),
            (
                "20",
                {"currency": "JPY", "loan_amount": "1000"},
                "20 does not exceed the first period's interest, 20: the loan would never be repaid.",
            ),
        )
    ),
    *(
        (
            {"installment": typed, "method": "interest_only"},
            "installment",
            "An interest-only installment is the interest of one period, 20.00.",
            "Leave it out, or write another method.",
        )
        for typed in ("20.01", "19.99")
    ),
    ({"installment": "-1"}, "installment", "-1 is not more than zero.", POSITIVE),
    (
        {"installment": "94,56"},
        "installment",
        "94,56 is not a plain number.",
        "Write a point before the decimals: 94.56.",
    ),
    *(({field: typed}, field, wrong, right) for field, typed, wrong, right in TEXTS),
    ({"borrower": "x" * 201}, "borrower", "The text has 201 characters.", "Write at most 200."),
    ({"borrower": "A\nB"}, "borrower", "The text has a line break.", "Write it on one line."),
]

# The same beside REPAYMENT. Loan A, of 1 October, is in US dollars, J in yen, K in Kuwaiti dinars; today is 15 January.
REPAYMENTS = [
    *(({"amount": typed}, "amount", wrong, right) for typed, wrong, right in AMOUNTS),
    ({"amount": ""}, "amount", "amount is missing.", "Write the amount received, such as 94.56."),
    (
        {"loan_reference": "J", "amount": "5.5"},
        "amount",
        "Japanese yen have no decimals: 5.5 has 1.",
        "Write 6 or 5.",
    ),
    (
        {"loan_reference": "K", "amount": "5.5555"},
        "amount",
        "Kuwaiti dinars have 3 decimals: 5.5555 has 4.",
        "Write 5.556 or 5.555.",
    ),
    *(({"received_on": typed}, "received_on", wrong, right) for typed, wrong, right in DAYS),
    (
        {"received_on": "2025-09-30"},
        "received_on",
        "2025-09-30 is before the loan starts on 2025-10-01.",
        "Write 2025-10-01 or a later day.",
    ),
    ({"received_on": "2026-01-16"}, "received_on", "2026-01-16 is after today.", "Write 2026-01-15 or an earlier day."),
    *(({field: typed}, field, wrong, right) for field, typed, wrong, right in TEXTS),
]


@dataclass(frozen=True)
class Shelf:
    """A book with something in it, and where it is kept."""

    book: Book
    url: str

    @contextmanager
    def nothing_is_written(self) -> Iterator[None]:
        before = contents(self.url)
        yield
        assert contents(self.url) == before

    def refusal(self, kind: str, content: bytes | io.BytesIO) -> InvalidFile:
        """What an import of this file is refused with, having written nothing."""
        file = io.BytesIO(content) if isinstance(content, bytes) else content
        with self.nothing_is_written(), pytest.raises(InvalidFile) as refused:
            getattr(self.book, f"import_{kind}")(file)
        return refused.value


@pytest.fixture(scope="module")
def shelf() -> Iterator[Shelf]:
    """What is refused leaves no trace, so that one book can take it all."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/loans.db"
        book = open_at(url)
        for reference, code in {"A": "USD", "J": "JPY", "K": "KWD", "V": "USD"}.items():
            book.create_loan(
                loan_amount=1000, repayment_period=12, start_on="2025-10-01", reference=reference, currency=code
            )
        book.void_loan(4)
        book.add_repayment(1, 10, received_on="2025-11-01", reference="R", note="cash")
        yield Shelf(book, url)
        book.close()


def a_few_words(case: tuple[Any, ...]) -> str:
    stated, field, *_ = case
    return ascii(f"{field} {' '.join(stated.values())}"[:40])[1:-1]


def assert_refused(problems: tuple[Problem, ...], stated: dict[str, str], expected: Problem) -> None:
    assert [replace(problem, found="") for problem in problems] == [expected]
    typed = stated.get(expected.field, "…").strip()
    if typed.isprintable() and len(typed) <= 60 and typed != "…":
        assert problems[0].found == typed


@pytest.mark.parametrize("case", LOANS, ids=a_few_words)
def test_a_bad_row_of_loans_is_refused_in_words(shelf, case):
    stated, field, wrong, right = case
    refusal = shelf.refusal("loans", csv_file(LOAN, LOAN | stated))
    assert_refused(refusal.problems, stated, Problem(field, "", wrong, right, line=3))
    assert str(refusal) == f"Nothing was imported: line 3, {field}: {wrong} {right}"


@pytest.mark.parametrize("case", LOANS, ids=a_few_words)
def test_a_bad_loan_is_refused_in_words(shelf, case):
    stated, field, wrong, right = case
    with shelf.nothing_is_written(), pytest.raises(InvalidEntry) as refused:
        shelf.book.create_loan(**(LOAN | stated))
    assert_refused(refused.value.problems, stated, Problem(field, "", wrong, right))
    assert str(refused.value) == f"{wrong} {right}"


@pytest.mark.parametrize(("kind", "good", "bad"), [("loans", LOAN, LOANS), ("repayments", REPAYMENT, REPAYMENTS)])
def test_every_bad_row_in_one_file_is_refused_on_postgresql_too(shelf, postgresql_url, kind, good, bad):
    """What SQLite says of each row by itself, above, is what PostgreSQL says of them together."""
    book = open_at(postgresql_url)
    for reference, code in {"A": "USD", "J": "JPY", "K": "KWD"}.items():
        book.create_loan(
            loan_amount=1000, repayment_period=12, start_on="2025-10-01", currency=code, reference=reference
        )
    file = csv_file(*(good | stated for stated, *_ in bad)).getvalue()
    before = contents(postgresql_url)
    with pytest.raises(InvalidFile) as refused:
        getattr(book, f"import_{kind}")(io.BytesIO(file))
    assert contents(postgresql_url) == before
    assert refused.value.problems == shelf.refusal(kind, file).problems
    assert [problem.wrong for problem in refused.value.problems] == [wrong for _, _, wrong, _ in bad]
    book.close()


@pytest.mark.parametrize("case", REPAYMENTS, ids=a_few_words)
def test_a_bad_row_of_repayments_is_refused_in_words(shelf, case):
    stated, field, wrong, right = case
    refusal = shelf.refusal("repayments", csv_file(REPAYMENT, REPAYMENT | stated))
    assert_refused(refusal.problems, stated, Problem(field, "", wrong, right, line=3))
    assert str(refusal) == f"Nothing was imported: line 3, {field}: {wrong} {right}"


@pytest.mark.parametrize("case", REPAYMENTS, ids=a_few_words)
def test_a_bad_repayment_is_refused_in_words(shelf, case):
    stated, field, wrong, right = case
    entry = REPAYMENT | stated
    loan_id = shelf.book.loan_id(entry.pop("loan_reference"))
    with shelf.nothing_is_written(), pytest.raises(InvalidEntry) as refused:
        shelf.book.add_repayment(loan_id, **entry)
    assert_refused(refused.value.problems, stated, Problem(field, "", wrong, right))
    assert str(refused.value) == f"{wrong} {right}"


@pytest.mark.parametrize(
    ("stated", "field", "wrong", "right"),
    [
        ({"loan_reference": "Z"}, "loan_reference", "Loan Z is not in this book.", IN_THE_BOOK),
        ({"loan_reference": "a"}, "loan_reference", "Loan a is not in this book.", IN_THE_BOOK),
        ({"loan_reference": "V"}, "loan_reference", "Loan V is not in this book.", IN_THE_BOOK),
        ({"loan_reference": ""}, "loan_reference", "loan_reference is missing.", "Write the loan's reference."),
        ({"loan_reference": "", "loan_id": "99"}, "loan_id", "Loan 99 is not in this book.", IN_THE_BOOK),
        ({"loan_reference": "", "loan_id": "4"}, "loan_id", "Loan 4 is voided.", IN_THE_BOOK),
        ({"loan_reference": "", "loan_id": "-1"}, "loan_id", "Loan -1 is not in this book.", IN_THE_BOOK),
        ({"loan_reference": "", "loan_id": "1.0"}, "loan_id", "Loan 1.0 is not in this book.", IN_THE_BOOK),
        ({"loan_reference": "", "loan_id": "9" * 30}, "loan_id", f"Loan {'9' * 30} is not in this book.", IN_THE_BOOK),
        # A file says when money came in. Today is what a desk assumes, that writes money down as it comes.
        (
            {"received_on": ""},
            "received_on",
            "received_on is missing.",
            "Write the day it was received, such as 2024-01-31.",
        ),
        # 5 in another currency is not 5 in this one.
        ({"currency": "EUR"}, "currency", "Loan A is kept in USD.", "Write USD, or leave the currency out."),
    ],
)
def test_a_row_of_repayments_names_its_loan_its_day_and_its_currency(shelf, stated, field, wrong, right):
    refusal = shelf.refusal("repayments", csv_file(REPAYMENT, REPAYMENT | stated))
    assert_refused(refusal.problems, stated, Problem(field, "", wrong, right, line=3))


R_IS_ANOTHER = (
    "The reference R already belongs to another repayment: USD 10.00 received on 2025-11-01 on loan 1{}. "
    "Write another reference, or the same content to change nothing."
)


@pytest.mark.parametrize(
    ("stated", "differs"),
    [
        ({"amount": "10.01"}, ""),
        ({"received_on": "2025-11-02"}, ""),
        ({"loan_reference": "V2"}, ""),
        ({"note": "card"}, ", with another note"),
    ],
    ids=str,
)
def test_a_reference_of_another_repayment_is_refused(shelf, stated, differs):
    if stated.get("loan_reference") == "V2" and "V2" not in shelf.book.loans(TODAY)["reference"].tolist():
        shelf.book.create_loan(**LOAN, reference="V2")
    entry = REPAYMENT | {"reference": "R", "amount": "10", "note": "cash"} | stated
    problem = Problem("reference", "R", R_IS_ANOTHER.format(differs), "", line=3)
    assert shelf.refusal("repayments", csv_file(REPAYMENT, entry)).problems == (problem,)
    loan_id = shelf.book.loan_id(entry.pop("loan_reference"))
    with shelf.nothing_is_written(), pytest.raises(ReferenceTaken) as refused:
        shelf.book.add_repayment(loan_id, **entry)
    assert str(refused.value) == problem.wrong


@pytest.mark.parametrize(
    "stated",
    [
        {"loan_amount": "1000.01"},
        {"repayment_period": "13"},
        {"interest_rate": "0.021"},
        {"start_on": "2025-10-02"},
        {"first_due_on": "2025-11-01"},
        {"borrower": "Ana"},
        {"currency": "EUR"},
        {"note": "x"},
    ],
    ids=str,
)
def test_a_reference_of_another_loan_is_refused(shelf, stated):
    entry = LOAN | {"reference": "A"} | stated
    (name,) = stated
    sentence = (
        f"The reference A already belongs to another loan: A, whose {name} is not the same. "
        "Write another reference, or the same content to change nothing."
    )
    refusal = shelf.refusal("loans", csv_file(LOAN, entry))
    assert refusal.problems == (Problem("reference", "A", sentence, "", line=3),)
    with shelf.nothing_is_written(), pytest.raises(ReferenceTaken) as refused:
        shelf.book.create_loan(**entry)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(("kind", "row"), [("loans", LOAN), ("repayments", REPAYMENT)])
def test_a_reference_stands_once_in_a_file(shelf, kind, row):
    rows = [row | {"reference": reference} for reference in ("N", "M", "N", "", "", "N")]
    problem = Problem("reference", "N", "N stands in line 2 already.", "Give each row its own.", line=4)
    assert shelf.refusal(kind, csv_file(*rows)).problems == (problem, replace(problem, line=7))


REVERSED = {"loan_reference": "A", "amount": "5.00", "received_on": "2025-11-03", "reference": "S"}
REVERSAL = {"loan_reference": "A", "amount": "-5.00", "received_on": "2025-11-04", "reverses": "S"}
IN_THE_BOOK_INSTEAD = "Reverse it in the book instead."


@pytest.mark.parametrize(
    ("stated", "field", "wrong", "right"),
    [
        (
            {"reverses": "T"},
            "reverses",
            "T is no repayment above this line that could be reversed.",
            IN_THE_BOOK_INSTEAD,
        ),
        ({"amount": "-4.99"}, "reverses", "S is of another loan or amount.", IN_THE_BOOK_INSTEAD),
        ({"loan_reference": "V3"}, "reverses", "S is of another loan or amount.", IN_THE_BOOK_INSTEAD),
        (
            {"received_on": "2025-11-02"},
            "reverses",
            "S was received later than this says it was reversed.",
            IN_THE_BOOK_INSTEAD,
        ),
        ({"amount": "5.00"}, "amount", "5.00 is not negative, and reverses a repayment.", "Write -5.00."),
        ({"reverses": ""}, "amount", "-5.00 is not more than zero.", POSITIVE),
    ],
    ids=str,
)
def test_a_reversal_in_a_file_undoes_a_row_above_it_whole(shelf, stated, field, wrong, right):
    if stated.get("loan_reference") == "V3":
        shelf.book.create_loan(**LOAN, reference="V3")
    refusal = shelf.refusal("repayments", csv_file(REVERSED, REVERSAL | stated))
    assert_refused(refusal.problems, stated, Problem(field, "", wrong, right, line=3))


def test_a_repayment_is_reversed_once_in_a_file(shelf):
    refusal = shelf.refusal("repayments", csv_file(REVERSED, REVERSAL, REVERSAL))
    wrong = "S is no repayment above this line that could be reversed."
    assert refusal.problems == (Problem("reverses", "S", wrong, IN_THE_BOOK_INSTEAD, line=4),)


def test_everything_wrong_is_said_at_once_in_the_order_of_the_lines(shelf):
    nothing, too_much = {"loan_amount": "x", "repayment_period": "0"}, {"loan_amount": "0", "repayment_period": "1"}
    refusal = shelf.refusal("loans", csv_file(nothing, LOAN, too_much | {"currency": "XXX"}, nothing))
    said = [(problem.line, problem.field) for problem in refusal.problems]
    assert said == [
        (2, "loan_amount"),
        (2, "repayment_period"),
        (4, "currency"),
        (5, "loan_amount"),
        (5, "repayment_period"),
    ]
    assert (
        str(refusal) == f"Nothing was imported: line 2, loan_amount: x is not an amount. {PLAIN} And 4 more to correct."
    )
    with pytest.raises(InvalidEntry) as refused:
        shelf.book.create_loan(**nothing)
    assert str(refused.value) == f"x is not an amount. {PLAIN} 0 is not a number of installments. {WHOLE}"


def test_of_two_problems_the_other_is_one_more(shelf):
    refusal = shelf.refusal("loans", csv_file({"loan_amount": "x", "repayment_period": "x"}))
    assert str(refusal).endswith(f"{PLAIN} And one more to correct.")


@pytest.mark.parametrize("hidden", ["\ud800", "\0"], ids=ascii)
@pytest.mark.parametrize("field", ["reference", "borrower", "note", "loan_amount", "start_on", "currency"])
def test_half_a_character_and_a_nul_reach_no_row(shelf, field, hidden):
    with shelf.nothing_is_written(), pytest.raises(InvalidEntry) as refused:
        shelf.book.create_loan(**(LOAN | {field: f"a{hidden}b"}))
    assert [problem.field for problem in refused.value.problems] == [field]
    assert str(refused.value).encode().isascii()


@pytest.mark.parametrize("unknown", [{"colour": "red"}, {"intrest_rate": "0.01"}, {"reverses": "R"}], ids=str)
def test_a_field_that_is_none_is_not_passed_over(shelf, unknown):
    """A misspelled interest rate would be two percent a month, and nobody would know."""
    (name,) = unknown
    amount = "-10" if name == "reverses" else "10"
    with shelf.nothing_is_written(), pytest.raises((InvalidEntry, TypeError), match=name):
        shelf.book.create_loan(**LOAN, **unknown)
    with shelf.nothing_is_written(), pytest.raises((InvalidEntry, TypeError), match=name):
        shelf.book.add_repayment(1, amount, received_on="2025-11-01", **unknown)


@pytest.mark.parametrize("inexact", [1000.0, True, b"1000", [1000]], ids=str)
def test_money_is_text_or_exact(shelf, inexact):
    with shelf.nothing_is_written(), pytest.raises(TypeError, match="neither text, nor an exact number"):
        shelf.book.create_loan(**(LOAN | {"loan_amount": inexact}))


@pytest.mark.parametrize("loan_id", [99, 0, -1, 2**63, 2**70])
def test_a_repayment_needs_a_loan(shelf, loan_id):
    with shelf.nothing_is_written(), pytest.raises(LoanNotFound, match=f"^There is no loan {loan_id} in this book.$"):
        shelf.book.add_repayment(loan_id, 5, received_on="2025-11-01")


def test_a_voided_loan_takes_no_money(shelf):
    with shelf.nothing_is_written(), pytest.raises(LoanIsVoided) as refused:
        shelf.book.add_repayment(4, 5, received_on="2025-11-01")
    assert str(refused.value) == "Loan V is voided: nothing can be recorded on it."


HEADER = "reference,loan_amount,repayment_period\n"
GOOD = "N,10,1\n"
MISSING = "Add it; the header is the first line."

# A file; then line, field and found, what is wrong and what would be right, of each of its problems.
FILES = {
    "empty": (b"", [(None, "", "", "The file is empty.", "Choose another file.")]),
    "only blank lines": (b"\r\n\n \n", [(None, "", "", "The file is empty.", "Choose another file.")]),
    "only commas": (b",,\n,,\n", [(None, "", "", "The file is empty.", "Choose another file.")]),
    "only a byte order mark": (b"\xef\xbb\xbf", [(None, "", "", "The file is empty.", "Choose another file.")]),
    "only a header": (
        HEADER + "\n,,\n , ,\n",
        [(None, "", "", "The file has no rows below its header.", "Fill it in, or choose another file.")],
    ),
    "UTF-16": ((HEADER + GOOD).encode("utf-16"), [(None, "", "", "The file is written in UTF-16.", UTF_8)]),
    "UTF-16, big-endian": (
        b"\xfe\xff" + (HEADER + GOOD).encode("utf-16-be"),
        [(None, "", "", "The file is written in UTF-16.", UTF_8)],
    ),
    "UTF-16 that does not say so": (
        (HEADER + GOOD).encode("utf-16-le"),
        [(1, "", "", "There is a NUL byte, which no text has.", UTF_8)],
    ),
    "a NUL byte": (HEADER + GOOD + "A\0,10,1\n", [(3, "", "", "There is a NUL byte, which no text has.", UTF_8)]),
    "cp1252": (
        (HEADER + GOOD + "José,10,1\n").encode("cp1252"),
        [(3, "", "0xE9", "The file is not written in UTF-8: this line has the byte 0xE9.", UTF_8)],
    ),
    "cp1252, old Mac line ends": (
        (HEADER + GOOD + "José,10,1\n").replace("\n", "\r").encode("cp1252"),
        [(3, "", "0xE9", "The file is not written in UTF-8: this line has the byte 0xE9.", UTF_8)],
    ),
    "half a character": (
        HEADER.encode() + b"\xed\xa0\x80,10,1\n",
        [(2, "", "0xED", "The file is not written in UTF-8: this line has the byte 0xED.", UTF_8)],
    ),
    "a workbook": (
        b"PK\x03\x04\x14\0\x06\0" + bytes(18) + b"\x13\0\0\0[Content_Types].xml" + bytes(100),
        [(None, "", "", "The file is an Excel workbook.", UTF_8)],
    ),
    "a workbook of 1997, or one with a password": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
        [(None, "", "", "The file is an Excel workbook.", UTF_8)],
    ),
    "an export of the whole book": (
        b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(16) + b"\x09\0\0\0loans.csv" + bytes(100),
        [(None, "", "", "The file is a ZIP archive.", "Unpack it, and choose a file that was in it.")],
    ),
    "semicolons": (
        HEADER.replace(",", ";") + "A;10;1\n",
        [(1, "", HEADER.strip().replace(",", ";"), "The columns are separated by semicolons.", "Write commas.")],
    ),
    "tabs": (
        HEADER.replace(",", "\t") + "A\t10\t1\n",
        [(1, "", HEADER.strip().replace(",", " "), "The columns are separated by tabs.", "Write commas.")],
    ),
    "a missing column": (
        "reference,loan_amount\nA,10\n",
        [(1, "repayment_period", "", "The column repayment_period is missing.", MISSING)],
    ),
    "a column that is none": (
        "colour," + HEADER + "red," + GOOD,
        [(1, "colour", "colour", "There is no column colour.", KNOWN)],
    ),
    "a column in capitals": (
        HEADER.replace("reference", "Reference") + GOOD,
        [(1, "Reference", "Reference", "There is no column Reference.", KNOWN)],
    ),
    "a column without a name": (HEADER.strip() + ",\nA,10,1,\n", [(1, "", "", "A column has no name.", KNOWN)]),
    "a column with a mark that nobody sees": (
        "\ufeff\ufeff" + HEADER + GOOD,
        [(1, r"\ufeffreference", r"\ufeffreference", r"There is no column \ufeffreference.", KNOWN)],
    ),
    "a repeated column": (
        "loan_amount," + HEADER + "10," + GOOD,
        [(1, "loan_amount", "loan_amount", "The column loan_amount stands there 2 times.", "Leave one of them.")],
    ),
    "200,000 columns of one name": (
        HEADER.strip() + ",reference" * 199_999,
        [(1, "reference", "reference", "The column reference stands there 200,000 times.", "Leave one of them.")],
    ),
    "a row that is too short": (
        HEADER + GOOD + "A\n" + "B,10\n",
        [
            (3, "", "", "The row has 1 field and the header 3.", "Give every column a field, be it an empty one."),
            (4, "", "", "The row has 2 fields and the header 3.", "Give every column a field, be it an empty one."),
        ],
    ),
    "a row that is too long": (
        HEADER + "A,1,000,12\n" + GOOD,
        [
            (
                2,
                "",
                "",
                "The row has 4 fields and the header 3.",
                "Put text that holds a comma in quotation marks.",
            )
        ],
    ),
    "a row of 200,000 fields": (
        HEADER + "1," * 199_999 + "1\n",
        [
            (
                2,
                "",
                "",
                "The row has 200,000 fields and the header 3.",
                "Put text that holds a comma in quotation marks.",
            )
        ],
    ),
    "a quotation mark that stays open": (
        HEADER + GOOD + '"A,10,1\nB,10,1\nC,10,1\n',
        [(3, "", "", "A quotation mark opens here and is never closed.", "Close it, or write it twice.")],
    ),
    "a quotation mark that stays open, and a long file": (
        HEADER + GOOD + '"A,10,1\n' + "B,10,1\n" * 30_000,
        [(3, "", "", "A field has more than 10,000 characters.", "Shorten it, or close its quotation mark.")],
    ),
    "text after a quotation": (
        HEADER + '"A"B,10,1\n',
        [(2, "", "", "Text goes on after a closing quotation mark.", "Write a quotation mark inside a text twice.")],
    ),
    "a megabyte": (
        HEADER + GOOD + "x" * 1_000_000 + ",10,1\n",
        [(3, "", "", "A field has more than 10,000 characters.", "Shorten it, or close its quotation mark.")],
    ),
    "a megabyte for a header": (
        "x" * 1_000_000,
        [(1, "", "", "A field has more than 10,000 characters.", "Shorten it, or close its quotation mark.")],
    ),
    "a character too many": (
        HEADER + GOOD + "x" * 10_001 + ",10,1\n",
        [(3, "reference", "", "The field has 10,001 characters.", "Write at most 10,000.")],
    ),
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_a_file_that_is_none_is_refused_in_words(shelf, content):
    file, problems = content
    refusal = shelf.refusal("loans", file.encode() if isinstance(file, str) else file)
    assert [(each.line, each.field, each.found, each.wrong, each.right) for each in refusal.problems] == problems
    first, *others = refusal.problems
    where = ", ".join([f"line {first.line}"] * bool(first.line) + [first.field] * bool(first.field))
    more = " And one more to correct." if others else ""
    assert str(refusal) == f"Nothing was imported: {where}{': ' * bool(where)}{first.wrong} {first.right}{more}"


def test_200_000_columns_that_are_none_are_not_all_said(shelf):
    names = ",".join(f"c{number}" for number in range(200_000))
    problems = shelf.refusal("loans", names.encode()).problems
    assert (problems[0].line, problems[0].wrong) == (1, "There is no column c0.")
    assert 10 <= len(problems) <= 30


def test_a_file_of_repayments_needs_a_loan_an_amount_and_a_day(shelf):
    problems = shelf.refusal("repayments", b"reference\nA\n").problems
    assert [(each.line, each.field) for each in problems] == [
        (1, "amount"),
        (1, "received_on"),
        (1, "loan_reference or loan_id"),
    ]
    assert str(problems[2]) == "A column loan_reference or loan_id is missing. Add one; the header is the first line."


def test_a_file_of_the_other_kind_is_refused(shelf):
    problems = shelf.refusal("loans", csv_file(REPAYMENT)).problems
    assert "There is no column loan_reference." in [problem.wrong for problem in problems]
    problems = shelf.refusal("repayments", csv_file(LOAN)).problems
    assert "There is no column loan_amount." in [problem.wrong for problem in problems]


BAD = "B,0,1\n"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (HEADER + GOOD + BAD, 3),
        (HEADER + "\n\n" + GOOD + "\n" + BAD, 6),
        (HEADER + '"one\ntwo\nthree",10,1\n' + BAD, 5),
        (HEADER + '"one\rtwo",10,1\n' + BAD, 4),
        ('"reference",loan_amount,"repayment_period"\n' + BAD, 2),
        ("\n\n" + HEADER + BAD, 4),
        (HEADER + "\n" * 100_000 + BAD, 100_002),
        (HEADER + " , ,\n" + "   \n" + BAD, 4),
    ],
    ids=["plain", "blank lines", "line ends quoted", "returns quoted", "quoted", "blank first", "100,000", "spaces"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=ascii)
def test_the_line_that_is_named_is_the_line_in_the_file(shelf, file, line, end):
    problems = shelf.refusal("loans", file.replace("\n", end).encode()).problems
    (said,) = [problem.line for problem in problems if problem.field == "loan_amount"]
    assert said == line


def test_what_is_odd_but_clear_is_taken(sqlite_url):
    """Spaces around, a point without a digit on one side, quotation marks, no last line end, a BOM, old Mac ends."""
    book = open_at(sqlite_url)
    header = '\ufeff reference , loan_amount,"repayment_period",borrower'
    rows = ["  A , .5, 1 ,  Ana \u200f", '"B",5.,012,"a ""b"" c"', 'C"c,0005,1,', ",,,", "", "👩\u200d👧,5.50,1,é"]
    receipt = book.import_loans(io.BytesIO("\r".join([header, *rows]).encode()))
    assert receipt.new == 4
    loans = book.loans(TODAY)
    assert loans["reference"].tolist() == ["A", "B", 'C"c', "👩\u200d👧"]
    assert loans["loan_amount"].tolist() == [50, 500, 500, 550]
    assert loans["repayment_period"].tolist() == [1, 12, 1, 1]
    assert loans["borrower"].tolist() == ["Ana \u200f", 'a "b" c', "", "é"]
    book.close()


@pytest.mark.parametrize("door", ["file", "call"])
def test_what_is_just_within_the_limits_is_taken(database_url, door):
    book = open_at(database_url)
    longest = {"reference": "é" * 100, "borrower": "💰" * 200, "note": "\n".join("n" * 1000)}
    most = LOAN | longest | {"loan_amount": "100000000000.00", "repayment_period": "600", "start_on": "1900-01-01"}
    least = LOAN | {"loan_amount": "0.01", "repayment_period": "1", "first_due_on": LOAN["start_on"]}
    highest = {"interest_rate": "12", "rate_period": "year", "frequency": "quarterly", "method": "flat"}
    nothing = {"interest_rate": "0.000000", "installment": "83.34", "start_on": "2199-12-31"}
    rows = [most, least, LOAN | highest, LOAN | {"interest_rate": "1"}, LOAN | nothing, LOAN | {"installment": "20.01"}]
    if door == "file":
        book.import_loans(csv_file(*rows))
    else:
        for row in rows:
            book.create_loan(**row)
    loans = book.loans(TODAY)
    assert loans["loan_amount"].tolist() == [10**13, 1, 100_000, 100_000, 100_000, 100_000]
    assert loans["interest_rate"].tolist() == [20_000, 20_000, 12_000_000, 1_000_000, 0, 20_000]
    assert loans[["reference", "borrower", "note"]].iloc[0].to_dict() == longest
    book.add_repayment(1, "100000000000", received_on=TODAY, note="n" * 2000, reference="é" * 100)
    assert book.status(1, TODAY).total_amount_paid == 10**13
    book.close()


CELLS = st.text(st.one_of(st.sampled_from("0123456789.,-+e'\"=\n\r\t; _%"), st.characters(codec="utf-8")), max_size=12)
COLUMNS = st.sampled_from(
    "loan_amount repayment_period reference note start_on amount received_on loan_reference x".split()
)


@settings(max_examples=150)
@given(
    content=st.one_of(
        st.binary(max_size=200),
        CELLS.map(str.encode),
        st.tuples(st.sampled_from([HEADER, "loan_reference,amount,received_on\n"]), st.lists(CELLS)).map(
            lambda file: (file[0] + ",".join(file[1])).encode()
        ),
        st.lists(st.dictionaries(COLUMNS, CELLS, min_size=1), min_size=1, max_size=3).map(
            lambda rows: csv_file(*rows).getvalue()
        ),
    )
)
@example(content=HEADER.encode() + b"N," + b"9" * 30 + b".123,1\n")
@example(content=HEADER.encode() + b"\xff")
@example(content=b'""')
@example(content=b",\n")
@example(content=b"\x1c")
@example(content=b"\xef\xbb\xbf" + HEADER.encode() + b"\r\r\r,,")
def test_any_bytes_are_taken_or_refused_in_words(shelf, content):
    for importing in (shelf.book.import_loans, shelf.book.import_repayments):
        try:
            receipt = importing(io.BytesIO(content), dry_run=True)
        except Refusal as refusal:
            sentence = str(refusal)
        else:
            sentence = receipt.sentence
        # One line, of letters that every door can show, and finished.
        assert sentence.isprintable()
        assert sentence.endswith(".")
