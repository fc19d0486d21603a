"""The book: what can be done to it, once; what it answers on any day; and that the answers agree with each other."""

from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from io import BytesIO

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, text

from loan_core.book import Book
from loan_core.calculation.money import CURRENCIES
from loan_core.calculation.portfolio import Bucket
from loan_core.errors import (
    AlreadyReversed,
    InvalidEntry,
    KeyTaken,
    LoanHasRepayments,
    LoanIsVoided,
    LoanNotFound,
    NotReversible,
    ReferenceTaken,
    RepaymentNotFound,
)
from loan_core.recording import IdempotencyKey
from loan_core.store import Store
from tests import lending
from tests.files import contents
from tests.lending import CLOCK, DAYS, MOMENT, NOON, STARTED, TODAY, lend, revisions

kept, store, database_url = lending.kept, lending.store, lending.database_url
book, many = lending.book, lending.many

DAY_AFTER = timedelta(days=1)


@pytest.fixture
def tomorrow(store):
    """The same book, a day later."""
    return Book(store, replace(CLOCK, at=NOON + DAY_AFTER))


def whole(row):
    """Every column of a row."""
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).columns}


def refused(book, url, do, error, **attributes):
    """The sentence of a refusal that wrote nothing."""
    before = contents(url)
    with pytest.raises(error) as refusal:
        do(book)
    assert contents(url) == before
    return str(refusal.value)


# Doing: a loan


def test_a_loan_is_written_as_it_was_agreed(book, store):
    loan = book.create_loan(
        loan_amount="1000.00",
        repayment_period=12,
        start_on="2025-10-01",
        borrower="Amara Okafor",
        note="For a sewing machine",
        recorded_by="Kofi",
    )
    assert whole(loan) == {
        "id": 1,
        "reference": "L-0001",
        "borrower": "Amara Okafor",
        "loan_amount": 100_000,
        "currency": "USD",
        # DOMAIN: the default rate is 2 % a month.
        "interest_rate": 20_000,
        "rate_period": "month",
        "repayment_period": 12,
        "frequency": "monthly",
        "method": "annuity",
        "rounding": "half_up",
        "start_on": STARTED,
        "first_due_on": None,
        # The design's screen: 12 installments of $94.56, the last $94.54.
        "installment": 9_456,
        "note": "For a sewing machine",
        "recorded_by": "Kofi",
        "created_at": NOON,
        "revision": 1,
        "batch_id": None,
        "voided_at": None,
        "void_reason": "",
        "voided_by": "",
    }
    assert whole(book.loan(1)) == whole(loan)
    assert book.schedule(1)["due"].tolist() == [9_456] * 11 + [9_454]


def test_what_is_not_said_of_an_entry_the_book_says(store):
    book = Book(store, replace(CLOCK, currency="KES", recorded_by="Front desk"))
    loan = book.create_loan(loan_amount="1000.00", repayment_period=1)
    repayment = book.add_repayment(loan.id, "5")
    assert (loan.currency, loan.start_on, loan.recorded_by) == ("KES", TODAY, "Front desk")
    assert (repayment.received_on, repayment.recorded_by) == (TODAY, "Front desk")
    assert (book.today(), book.default_currency, book.thresholds) == (TODAY, "KES", CLOCK.thresholds)


def test_a_loan_is_found_by_its_id_or_its_reference(book):
    first, second = lend(book, reference="2"), lend(book, reference="K/17")
    # A number is an id before it is a reference.
    assert [book.loan_id(named) for named in ("1", "2", "K/17", "02")] == [first.id, second.id, second.id, second.id]
    book.void_loan(second.id)
    assert book.loan_id("2") == second.id


@pytest.mark.parametrize("named", ["3", "K/18", "", "²", "1.0", "9" * 30, "a\0b", "\ud800"], ids=ascii)
def test_a_loan_that_is_not_there_is_not_found(book, named):
    lend(book)
    with pytest.raises(LoanNotFound):
        book.loan_id(named)


ASKING = {
    "loan": lambda book, loan_id: book.loan(loan_id),
    "status": lambda book, loan_id: book.status(loan_id, STARTED),
    "status today": lambda book, loan_id: book.status(loan_id, TODAY),
    "schedule": lambda book, loan_id: book.schedule(loan_id),
    "statement": lambda book, loan_id: book.statement(loan_id, TODAY),
    "export_loans": lambda book, loan_id: book.export_loans(TODAY, loan_id),
    "export_repayments": lambda book, loan_id: book.export_repayments(TODAY, loan_id),
    "export_schedule": lambda book, loan_id: book.export_schedule(TODAY, loan_id),
    "export_statement": lambda book, loan_id: book.export_statement(TODAY, loan_id),
    "preview_repayment": lambda book, loan_id: book.preview_repayment(loan_id, "1.00", TODAY),
    "add_repayment": lambda book, loan_id: book.add_repayment(loan_id, "1.00"),
    "void_loan": lambda book, loan_id: book.void_loan(loan_id),
}


@pytest.mark.parametrize("door", ASKING)
def test_whatever_is_asked_of_a_loan_that_is_not_there_is_refused_in_one_sentence(book, database_url, door):
    before = contents(database_url)
    # The last one that a table could hold, and what is beyond.
    for loan_id in (1, 0, -1, 2**63 - 1, 2**63, 10**30):
        with pytest.raises(LoanNotFound) as refusal:
            ASKING[door](book, loan_id)
        assert str(refusal.value) == f"There is no loan {loan_id} in this book."
    assert contents(database_url) == before


def test_a_voided_loan_stays_with_its_reason_and_gives_its_reference_up(book):
    loan = lend(book, reference="A")
    voided = book.void_loan(loan.id, reason="Entered twice", recorded_by="Ada")
    assert (voided.voided_at, voided.void_reason, voided.voided_by) == (NOON + MOMENT, "Entered twice", "Ada")
    assert whole(book.loan(loan.id)) == whole(voided)
    assert book.status(loan.id, TODAY).state == "voided"
    assert book.status(loan.id, STARTED).state == "voided"
    again = lend(book, reference="A", loan_amount="7")
    assert (again.id, again.loan_amount) == (2, 700)
    assert book.loan_id("A") == 2


def test_a_loan_whose_money_was_all_taken_back_can_be_voided(book):
    loan = lend(book)
    repayment = book.add_repayment(loan.id, "94.56", received_on="2025-11-01")
    book.reverse_repayment(repayment.id, received_on="2025-11-20")
    assert book.void_loan(loan.id).voided_at == NOON + 3 * MOMENT


# Doing: money


def test_a_repayment_is_written_as_it_came_in(book):
    loan = lend(book)
    repayment = book.add_repayment(loan.id, "94.56", received_on="2025-11-01", note="Transfer", recorded_by="Kofi")
    assert whole(repayment) == {
        "id": 1,
        "loan_id": loan.id,
        "amount": 9_456,
        "created_at": NOON + MOMENT,
        "received_on": date(2025, 11, 1),
        "reference": "RP-0001",
        "note": "Transfer",
        "recorded_by": "Kofi",
        "reverses_id": None,
        "batch_id": None,
        "undone_at": None,
    }
    assert book.status(loan.id, date(2025, 10, 31)).total_amount_paid == 0
    assert book.status(loan.id, date(2025, 11, 1)).total_amount_paid == 9_456


def test_a_repayment_is_in_its_loans_currency(book):
    yen, dinar = lend(book, currency="JPY", loan_amount="1000"), lend(book, currency="KWD", loan_amount="1.250")
    assert (yen.loan_amount, dinar.loan_amount) == (1_000, 1_250)
    assert book.add_repayment(yen.id, 95).amount == 95
    assert book.add_repayment(dinar.id, "0.119").amount == 119
    with pytest.raises(InvalidEntry, match="Japanese yen have no decimals"):
        book.add_repayment(yen.id, "94.56")


def test_a_repayment_may_come_in_on_the_day_of_the_loan_and_no_earlier(book, database_url):
    loan = lend(book)
    assert book.add_repayment(loan.id, "1", received_on=STARTED).received_on == STARTED
    said = refused(
        book, database_url, lambda book: book.add_repayment(loan.id, "1", received_on="2025-09-30"), InvalidEntry
    )
    assert said == "2025-09-30 is before the loan starts on 2025-10-01. Write 2025-10-01 or a later day."


def test_a_repayment_may_come_in_today_and_no_later(book, tomorrow, database_url):
    loan = lend(book)
    entry = {"amount": "1", "received_on": TODAY + DAY_AFTER}
    said = refused(book, database_url, lambda book: book.add_repayment(loan.id, **entry), InvalidEntry)
    assert said == "2026-06-03 is after today. Write 2026-06-02 or an earlier day."
    assert tomorrow.add_repayment(loan.id, **entry).received_on == date(2026, 6, 3)


def test_a_reversal_undoes_a_repayment_on_its_own_day_and_both_stay(book):
    loan = lend(book)
    repayment = book.add_repayment(loan.id, "94.56", received_on="2026-03-02")
    reversal = book.reverse_repayment(repayment.id, reason="Typed twice", recorded_by="Kofi")
    assert whole(reversal) == whole(repayment) | {
        "id": 2,
        "amount": -9_456,
        "created_at": repayment.created_at + MOMENT,
        "reference": "RP-0002",
        "note": "Typed twice",
        "recorded_by": "Kofi",
        "reverses_id": repayment.id,
    }
    assert [book.status(loan.id, day).total_amount_paid for day in (date(2026, 3, 2), TODAY)] == [0, 0]
    rows = book.statement(loan.id, TODAY).repayments
    assert rows["amount"].tolist() == [9_456, -9_456]
    assert rows[["reverses", "reversed_by"]].to_numpy().tolist() == [["", "RP-0002"], ["RP-0001", ""]]


def test_money_that_went_back_on_a_later_day_counts_until_then(book):
    loan = lend(book)
    repayment = book.add_repayment(loan.id, "94.56", received_on="2026-03-02")
    book.reverse_repayment(repayment.id, received_on="2026-03-04")
    days = [date(2026, 3, day) for day in (1, 2, 3, 4, 5)]
    assert [book.status(loan.id, day).total_amount_paid for day in days] == [0, 9_456, 9_456, 0, 0]
    # Nobody who asks about the day between can know what happens after it.
    assert book.statement(loan.id, days[2]).repayments["reversed_by"].tolist() == [""]


def test_a_reversal_cannot_be_earlier_than_what_it_undoes(book, database_url):
    loan = lend(book)
    repayment = book.add_repayment(loan.id, "94.56", received_on="2026-03-02")

    def reverse(book):
        book.reverse_repayment(repayment.id, received_on="2026-03-01")

    said = refused(book, database_url, reverse, InvalidEntry)
    assert "2026-03-01" in said
    assert "2026-03-02" in said
    # The loan started in October.
    assert "loan starts" not in said


@pytest.mark.parametrize(
    "smuggled", [{"amount": "-1.00"}, {"amount": "94.56"}, {"reverses": ""}, {"recieved_on": "x"}], ids=str
)
def test_a_reversal_takes_all_of_a_repayment_back_and_no_other_field(book, database_url, smuggled):
    lend(book)
    book.add_repayment(1, "94.56", received_on="2026-03-02")
    refused(book, database_url, lambda book: book.reverse_repayment(1, **smuggled), (InvalidEntry, TypeError))


def test_a_name_that_no_row_holds_is_refused_on_every_database(book, database_url):
    lend(book)
    for do in (
        lambda book: lend(book, recorded_by="N" * 101),
        lambda book: book.add_repayment(1, "1.00", recorded_by="N" * 101),
    ):
        refused(book, database_url, do, InvalidEntry)
    assert lend(book, recorded_by="N" * 100).recorded_by == "N" * 100


# Doing twice

VERBS = {
    "create_loan": lambda book: lend(book, reference="X"),
    "create_loan undated": lambda book: book.create_loan(loan_amount="7", repayment_period=1, reference="X"),
    "create_loan undated, due on a day": lambda book: book.create_loan(
        loan_amount="7", repayment_period=1, reference="X", first_due_on=TODAY
    ),
    "add_repayment": lambda book: book.add_repayment(1, "1.00", received_on="2025-12-01", reference="X"),
    "add_repayment undated": lambda book: book.add_repayment(1, "1.00", reference="X"),
    "reverse_repayment": lambda book: book.reverse_repayment(1, reference="X"),
    "reverse_repayment on a later day": lambda book: book.reverse_repayment(
        1, reference="X", received_on="2025-11-20", reason="Bounced"
    ),
    "void_loan": lambda book: book.void_loan(2, reason="Entered twice"),
}


@pytest.fixture
def two_loans(book):
    """Loan 1 with one repayment, loan 2 with none."""
    lend(book)
    lend(book)
    book.add_repayment(1, "94.56", received_on="2025-11-01", reference="RP-A")


@pytest.mark.usefixtures("two_loans")
@pytest.mark.parametrize("verb", VERBS)
def test_doing_it_twice_does_it_once_and_answers_the_same(book, tomorrow, store, database_url, verb):
    first = whole(VERBS[verb](book))
    before = contents(database_url)
    for again in (book, tomorrow, Book(store, replace(CLOCK, recorded_by="Somebody else"))):
        assert whole(VERBS[verb](again)) == first
    assert contents(database_url) == before


@pytest.mark.usefixtures("two_loans")
def test_a_loan_that_is_voided_again_keeps_its_first_reason(book, tomorrow, database_url):
    first = whole(book.void_loan(2, reason="Entered twice"))
    before = contents(database_url)
    assert whole(tomorrow.void_loan(2, reason="Another")) == first
    assert contents(database_url) == before


@pytest.mark.usefixtures("two_loans")
def test_a_repayment_that_is_sent_again_after_its_reversal_stays_reversed(book):
    entry = {"amount": "94.56", "received_on": "2025-11-01", "reference": "RP-A"}
    book.reverse_repayment(1)
    assert book.add_repayment(1, **entry).id == 1
    assert book.status(1, TODAY).total_amount_paid == 0


def test_what_is_sent_without_a_reference_is_another_each_time(book):
    lend(book)
    lend(book)
    for _ in range(2):
        book.add_repayment(1, "5.00")
    assert book.loans(TODAY)["reference"].tolist() == ["L-0001", "L-0002"]
    assert book.statement(1, TODAY).repayments["reference"].tolist() == ["RP-0001", "RP-0002"]


def test_a_made_up_reference_is_nobody_elses(book):
    taken = lend(book, reference="L-0002"), lend(book), lend(book, reference="L-0004-2"), lend(book, reference="L-0005")
    assert [loan.reference for loan in taken] == ["L-0002", "L-0002-2", "L-0004-2", "L-0005"]
    book.void_loan(4)
    assert lend(book).reference == "L-0005-2"
    repayments = [book.add_repayment(1, "1", reference=reference) for reference in ("RP-0002", "RP-0003", "")]
    assert [each.reference for each in repayments] == ["RP-0002", "RP-0003", "RP-0003-2"]
    assert book.reverse_repayment(1).reference == "RP-0004"


OTHER_CONTENT = {
    # A verb under a reference, and the same reference with other content; what is said to be there already.
    "another day": (
        lambda book: book.add_repayment(1, "5", received_on="2025-12-02", reference="X"),
        "USD 5.00 received on 2025-12-01 on loan 1",
    ),
    "another loan": (
        lambda book: book.add_repayment(2, "5", received_on="2025-12-01", reference="X"),
        "USD 5.00 received on 2025-12-01 on loan 1",
    ),
    # 500 yen are not 5 dollars, though both are 500 in the table.
    "another loan's currency": (
        lambda book: book.add_repayment(3, "500", received_on="2025-12-01", reference="X"),
        "USD 5.00 received on 2025-12-01 on loan 1",
    ),
    "a reversal": (
        lambda book: book.reverse_repayment(2, reference="X"),
        "USD 5.00 received on 2025-12-01 on loan 1",
    ),
    "a repayment under a reversal's": (
        lambda book: book.add_repayment(1, "94.56", received_on="2025-11-01", reference="REV"),
        "USD -94.56 received on 2025-11-01 on loan 1",
    ),
    "a reversal with another reason": (
        lambda book: book.reverse_repayment(1, reference="REV", reason="Bounced"),
        "USD -94.56 received on 2025-11-01 on loan 1",
    ),
    "a reversal on another day": (
        lambda book: book.reverse_repayment(1, reference="REV", received_on="2025-11-02"),
        "USD -94.56 received on 2025-11-01 on loan 1",
    ),
    # The same loan, day and amount, but the money of another repayment.
    "the reversal of a twin": (
        lambda book: book.reverse_repayment(2, reference="REV"),
        "USD -94.56 received on 2025-11-01 on loan 1",
    ),
}


@pytest.mark.parametrize("content", OTHER_CONTENT)
def test_a_reference_with_other_content_is_refused_and_says_what_it_stands_for(book, database_url, content):
    do, differs = OTHER_CONTENT[content]
    lend(book)
    lend(book)
    lend(book, currency="JPY", loan_amount="1000")
    for _ in ("a repayment", "its twin"):
        book.add_repayment(1, "94.56", received_on="2025-11-01")
    book.reverse_repayment(1, reference="REV")
    book.add_repayment(1, "5.00", received_on="2025-12-01", reference="X")
    reference = "REV" if "REV" in differs or "-94.56" in differs else "X"
    said = refused(book, database_url, do, ReferenceTaken)
    assert said.startswith(f"The reference {reference} already belongs to another repayment: {differs}")


# Refusals

REFUSALS = {
    "reversing twice": (
        lambda book: book.reverse_repayment(2),
        AlreadyReversed,
        "Repayment RP-B was already reversed by RP-0003.",
    ),
    "reversing twice, by another reference": (
        lambda book: book.reverse_repayment(2, reference="Z"),
        AlreadyReversed,
        "Repayment RP-B was already reversed by RP-0003.",
    ),
    "reversing a reversal": (
        lambda book: book.reverse_repayment(3),
        NotReversible,
        "RP-0003 is itself a reversal. Record the repayment again instead.",
    ),
    "reversing what is not there": (
        lambda book: book.reverse_repayment(99),
        RepaymentNotFound,
        "There is no repayment 99 in this book.",
    ),
    "reversing what no table holds": (
        lambda book: book.reverse_repayment(2**63),
        RepaymentNotFound,
        f"There is no repayment {2**63} in this book.",
    ),
    "voiding with money on it": (
        lambda book: book.void_loan(1),
        LoanHasRepayments,
        "Loan L-0001 has received money: reverse its repayments before voiding it.",
    ),
    "repaying a voided loan": (
        lambda book: book.add_repayment(2, "1.00"),
        LoanIsVoided,
        "Loan L-0002 is voided: nothing can be recorded on it.",
    ),
    "previewing a repayment of a voided loan": (
        lambda book: book.preview_repayment(2, "1.00", TODAY),
        LoanIsVoided,
        "Loan L-0002 is voided: nothing can be recorded on it.",
    ),
}


@pytest.mark.usefixtures("two_loans")
@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_says_why_and_writes_nothing(book, database_url, case):
    do, error, sentence = REFUSALS[case]
    book.add_repayment(1, "5.00", received_on="2025-12-01", reference="RP-B")
    book.reverse_repayment(2)
    book.void_loan(2)
    assert refused(book, database_url, do, error) == sentence


# The revision


def test_a_write_moves_the_revision_by_one_and_stamps_the_loans_it_touched(book, store):
    lend(book)
    lend(book)
    assert revisions(store) == (2, {1: 1, 2: 2})
    steps = [
        (lambda: book.add_repayment(1, "5", reference="X"), {1: 3, 2: 2}),
        (lambda: book.add_repayment(1, "5", reference="X"), {1: 3, 2: 2}),
        (lambda: book.add_repayment(2, "5"), {1: 3, 2: 4}),
        (lambda: book.reverse_repayment(2), {1: 3, 2: 5}),
        (lambda: lend(book), {1: 3, 2: 5, 3: 6}),
        (lambda: book.void_loan(2), {1: 3, 2: 7, 3: 6}),
        (lambda: book.void_loan(2), {1: 3, 2: 7, 3: 6}),
        # An import is one write, however many rows it has.
        (lambda: _import(book, "L-0001", "L-0003", "L-0001"), {1: 8, 2: 7, 3: 8}),
        (lambda: _import(book, "L-0001", "L-0003", "L-0001"), {1: 8, 2: 7, 3: 8}),
        (lambda: book.undo_import(1), {1: 9, 2: 7, 3: 9}),
        (lambda: book.undo_import(1), {1: 9, 2: 7, 3: 9}),
    ]
    for number, (do, stamps) in enumerate(steps):
        do()
        assert revisions(store) == (max(stamps.values()), stamps), f"after step {number}"
    assert book.portfolio(TODAY).revision == 9
    assert book.status(3, TODAY).revision == 9


def _import(book, *references):
    rows = [f"{reference},1.00,2026-01-01,I-{number}" for number, reference in enumerate(references)]
    book.import_repayments(BytesIO("\n".join(["loan_reference,amount,received_on,reference", *rows]).encode()))


# What history would have given


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """Two books on SQLite, for as long as this file's tests take."""
    folder = tmp_path_factory.mktemp("history")
    stores = [Store(f"sqlite:///{folder / name}.db") for name in ("lived", "told")]
    yield [Book(store, CLOCK) for store in stores]
    for store in stores:
        store.close()


AMOUNTS = st.one_of(st.integers(1, 30_000), st.sampled_from([9_456, 1, 113_470]))
ADD = st.tuples(st.just("add"), DAYS, AMOUNTS)
# Which of the repayments that stand, and how many days later the money went back, if not on its own day.
REVERSE = st.tuples(st.just("reverse"), st.integers(0, 9), st.none() | st.integers(0, 90))
# Before the first due date, around some, in the middle of a month, and beyond the last.
DOZEN = [
    date.fromisoformat(f"{day}")
    for day in (
        "2025-10-01 2025-10-31 2025-11-01 2025-11-02 2025-12-01 2026-01-15 "
        "2026-02-01 2026-03-02 2026-04-30 2026-06-01 2026-06-02 2026-12-31"
    ).split()
]


def live(book, loan_id, steps):
    """Take the steps one by one; after each, what has been received: ``(day, amount, day it went back or None)``."""
    lived = []
    for kind, which, how in steps:
        standing = [each for each in lived if each["back_on"] is None]
        if kind == "add":
            repayment = book.add_repayment(loan_id, CURRENCIES["USD"].major(how), received_on=which)
            lived.append({"id": repayment.id, "on": which, "amount": how, "back_on": None})
        elif standing:
            each = standing[which % len(standing)]
            each["back_on"] = each["on"] if how is None else min(each["on"] + timedelta(days=how), TODAY)
            book.reverse_repayment(each["id"], **{} if how is None else {"received_on": each["back_on"]})
        yield lived


def surviving(lived, as_of):
    """What had been received by a day and had not gone back, in the order of the days."""
    return tuple(
        sorted((each["on"], each["amount"]) for each in lived if each["on"] <= as_of < (each["back_on"] or date.max))
    )


def told(book, history):
    """A loan on which only this was ever recorded, in this order."""
    loan = lend(book)
    for received_on, amount in history:
        book.add_repayment(loan.id, CURRENCIES["USD"].major(amount), received_on=received_on)
    return loan.id


def figures(status):
    """A status without what tells one loan from another."""
    return {k: v for k, v in asdict(status).items() if k not in ("loan_id", "reference", "revision")}


@settings(max_examples=12)
@given(st.lists(ADD | REVERSE, min_size=1, max_size=5))
def test_back_dating_and_reversal_give_on_every_day_the_status_that_history_would_have_given(shelf, steps):
    book, other = shelf
    loan_id, histories = lend(book).id, {}
    for lived in live(book, loan_id, steps):
        for as_of in DOZEN:
            history = surviving(lived, as_of)
            if history not in histories:
                histories[history] = told(other, history)
            assert figures(book.status(loan_id, as_of)) == figures(other.status(histories[history], as_of))


# The statement


def test_the_loan_of_the_designs_screen(book):
    # design/1_status_wide_light.png: every figure on it.
    loan = lend(book, borrower="Amara Okafor", reference="L-0007")
    received = [
        ("2025-11-01", "94.56", "Transfer", ""),
        ("2025-11-28", "94.56", "Transfer", ""),
        ("2026-01-09", "94.56", "Transfer", ""),
        ("2026-02-03", "60.00", "Transfer", ""),
        ("2026-02-20", "34.56", "Transfer", ""),
        ("2026-03-02", "94.56", "", "RP-1042"),
        ("2026-03-12", "22.84", "Cash", ""),
    ]
    ids = [
        book.add_repayment(loan.id, amount, received_on=day, note=note, reference=reference).id
        for day, amount, note, reference in received
    ]
    book.reverse_repayment(ids[5], received_on="2026-03-04", reference="RP-1051")
    statement = book.statement(loan.id, TODAY)
    status, installments, repayments = statement.status, statement.installments, statement.repayments

    assert status == book.status(loan.id, TODAY)
    assert (status.borrower, status.reference, status.status, status.state) == (
        "Amara Okafor", "L-0007", "Behind", "active",
    )  # fmt: skip
    assert (status.total_amount_paid, status.expected_paid, status.months_passed) == (401_08, 756_48, 8)
    assert f"{status.total_amount_paid / status.expected_paid:.1%}" == "53.0%"
    assert (status.arrears, status.ahead_by, status.days_past_due, status.days_ahead) == (355_40, -355_40, 93, -93)
    assert (status.remaining_balance, status.outstanding_principal) == (733_62, 683_71)
    assert (status.next_due_amount, status.next_due_on) == (94_56, date(2026, 7, 1))
    assert (status.next_due_on - TODAY).days == 29
    assert (status.expected_monthly_installment, status.overpaid_amount) == (94_56, 0)
    assert statement.paid_off_on is None

    columns = ["due_on", "due", "covered", "outcome", "days"]
    assert [(f"{on:%Y-%m-%d}", *others) for on, *others in installments[columns].itertuples(index=False)] == [
        ("2025-11-01", 94_56, 94_56, "on_time", 0),
        ("2025-12-01", 94_56, 94_56, "early", -3),
        ("2026-01-01", 94_56, 94_56, "late", 8),
        ("2026-02-01", 94_56, 94_56, "late", 19),
        ("2026-03-01", 94_56, 22_84, "part_paid", 93),
        ("2026-04-01", 94_56, 0, "missed", 62),
        ("2026-05-01", 94_56, 0, "missed", 32),
        ("2026-06-01", 94_56, 0, "missed", 1),
        ("2026-07-01", 94_56, 0, "next", 0),
        ("2026-08-01", 94_56, 0, "upcoming", 0),
        ("2026-09-01", 94_56, 0, "upcoming", 0),
        ("2026-10-01", 94_54, 0, "upcoming", 0),
    ]
    paid_on = ["2025-11-01", "2025-11-28", "2026-01-09", "2026-02-20"]
    assert installments["paid_on"].dropna().dt.strftime("%Y-%m-%d").tolist() == paid_on

    # By hand: interest is 2 % of what is left, 20.00, then of 925.44, 849.39, 771.82 and 692.70.
    columns = ["amount", "reverses", "reversed_by", "first_installment", "last_installment", "covered_interest",
               "covered_principal", "overpaid", "total_paid", "remaining_balance"]  # fmt: skip
    assert list(repayments[columns].itertuples(index=False, name=None)) == [
        (94_56, "", "", 1, 1, 20_00, 74_56, 0, 94_56, 1040_14),
        (94_56, "", "", 2, 2, 18_51, 76_05, 0, 189_12, 945_58),
        (94_56, "", "", 3, 3, 16_99, 77_57, 0, 283_68, 851_02),
        (60_00, "", "", 4, 4, 15_44, 44_56, 0, 343_68, 791_02),
        (34_56, "", "", 4, 4, 0, 34_56, 0, 378_24, 756_46),
        (94_56, "", "RP-1051", 5, 5, 13_85, 80_71, 0, 472_80, 661_90),
        (-94_56, "RP-1042", "", 5, 5, -13_85, -80_71, 0, 378_24, 756_46),
        (22_84, "", "", 5, 5, 13_85, 8_99, 0, 401_08, 733_62),
    ]
    assert repayments["note"].tolist() == [*["Transfer"] * 5, "", "", "Cash"]


def test_a_statement_of_a_loan_that_was_overpaid(book):
    # 300.00 without interest in three installments of 100.00, on 1 November, December and January.
    loan = lend(book, loan_amount="300.00", repayment_period=3, interest_rate="0")
    book.add_repayment(loan.id, "250.00", received_on="2025-10-15")
    book.add_repayment(loan.id, "80.00", received_on="2026-01-05")
    statement = book.statement(loan.id, TODAY)
    assert statement.paid_off_on == date(2026, 1, 5)
    assert (statement.status.state, statement.status.overpaid_amount, statement.status.remaining_balance) == (
        "paid_off", 30_00, 0,
    )  # fmt: skip
    assert statement.installments["outcome"].tolist() == ["early", "early", "late"]
    assert statement.installments["days"].tolist() == [-17, -47, 4]
    columns = ["first_installment", "last_installment", "covered_principal", "overpaid", "remaining_balance"]
    assert statement.repayments[columns].to_numpy().tolist() == [[1, 3, 250_00, 0, 50_00], [3, 3, 50_00, 30_00, 0]]
    # The day before, and on the day it is due: 50.00 of the last installment are open.
    for as_of, outcome in (
        (date(2025, 12, 31), "next"),
        (date(2026, 1, 1), "due_today"),
        (date(2026, 1, 2), "part_paid"),
    ):
        assert book.statement(loan.id, as_of).installments["outcome"].tolist() == ["early", "early", outcome]


def test_a_statement_without_money(book):
    loan = lend(book)
    statement = book.statement(loan.id, date(2025, 11, 1))
    assert len(statement.repayments) == 0
    assert (statement.paid_off_on, statement.status.arrears) == (None, 0)
    assert statement.installments["outcome"].tolist() == ["due_today", *["upcoming"] * 11]
    assert book.statement(loan.id, STARTED).installments["outcome"].tolist() == ["next", *["upcoming"] * 11]


def test_money_that_went_back_paid_for_nothing(book):
    loan = lend(book)
    bounced = book.add_repayment(loan.id, "94.56", received_on="2025-11-01")
    book.reverse_repayment(bounced.id, received_on="2025-11-20")
    book.add_repayment(loan.id, "94.56", received_on="2025-11-25")
    for as_of, said in (
        (date(2025, 11, 19), ("on_time", 0)),
        (date(2025, 11, 20), ("missed", 19)),
        (TODAY, ("late", 24)),
    ):
        first = book.statement(loan.id, as_of).installments.iloc[0]
        assert (first["outcome"], first["days"]) == said


def test_what_is_too_much_is_counted_once(book):
    loan = lend(book, loan_amount="100.00", repayment_period=1, interest_rate="0")
    for amount in ("130.00", "20.00", "5.00"):
        book.add_repayment(loan.id, amount, received_on="2025-11-01")
    book.reverse_repayment(1)
    statement = book.statement(loan.id, TODAY)
    # 130 + 20 + 5 − 130: the reversal takes all that was too much, and 75 of what was covered.
    assert statement.repayments["overpaid"].tolist() == [30_00, 20_00, 5_00, -55_00]
    assert statement.repayments["covered_principal"].tolist() == [100_00, 0, 0, -75_00]
    assert (statement.status.overpaid_amount, statement.status.remaining_balance) == (0, 75_00)


def test_the_order_of_entry_within_a_day_changes_no_outcome(book):
    """A day is the smallest thing a book knows: the money of 1 November was there at the end of each day since."""
    outcomes = []
    for is_reversed_first in (True, False):
        loan = lend(book)
        wrong = book.add_repayment(loan.id, "94.56", received_on="2025-11-01", note="Typed in the wrong book")
        steps = [
            lambda wrong=wrong: book.reverse_repayment(wrong.id, received_on="2025-11-05"),
            lambda loan=loan: book.add_repayment(loan.id, "94.56", received_on="2025-11-05"),
        ]
        for step in steps if is_reversed_first else reversed(steps):
            step()
        first = book.statement(loan.id, TODAY).installments.iloc[0]
        outcomes.append((first["outcome"], first["days"], first["paid_on"].date()))
    assert outcomes == [("on_time", 0, date(2025, 11, 1))] * 2


TERMS = st.fixed_dictionaries(
    {
        "loan_amount": st.integers(1, 400),
        "repayment_period": st.integers(1, 13),
        "interest_rate": st.sampled_from(["0", "0.000001", "0.02", "0.3"]),
        "method": st.sampled_from(["annuity", "equal_principal", "interest_only", "flat"]),
        "frequency": st.sampled_from(["monthly", "weekly", "every_two_weeks", "quarterly"]),
    }
)


@settings(max_examples=30)
@given(TERMS, st.lists(ADD | REVERSE, max_size=8), DAYS)
def test_a_statement_adds_up(shelf, terms, steps, as_of):
    book, _ = shelf
    loan_id = lend(book, **terms).id
    lived = [[], *live(book, loan_id, steps)][-1]
    statement = book.statement(loan_id, as_of)
    status, installments, repayments = statement.status, statement.installments, statement.repayments
    covered = installments["covered_interest"] + installments["covered_principal"]

    # All that was received is in the installments or is too much.
    received = sum(amount for _, amount in surviving(lived, as_of))
    assert status.total_amount_paid == repayments["amount"].sum() == received
    assert installments["covered"].sum() + status.overpaid_amount == received
    assert installments["covered"].tolist() == covered.tolist()
    assert (installments["covered_interest"] <= installments["interest"]).all()
    assert (installments["covered_principal"] <= installments["principal"]).all()
    # Interest before principal within each; an installment before the next.
    is_begun = installments["covered_principal"] > 0
    assert (installments["covered_interest"] == installments["interest"])[is_begun].all()
    is_full = installments["covered"] == installments["due"]
    assert is_full[(installments["covered"] > 0).to_numpy().nonzero()[0][:-1]].all()

    # Each repayment, reversals included, covered its amount; and together they covered what is covered.
    each = repayments["covered_interest"] + repayments["covered_principal"] + repayments["overpaid"]
    assert each.tolist() == repayments["amount"].tolist()
    for part in ("covered_interest", "covered_principal"):
        assert repayments[part].sum() == installments[part].sum()
    assert repayments["overpaid"].sum() == status.overpaid_amount
    has_covered = repayments["covered_interest"].abs() + repayments["covered_principal"].abs() > 0
    assert ((repayments["first_installment"] > 0) == has_covered).all()
    assert (repayments["first_installment"] <= repayments["last_installment"]).all()

    # The running sums end where the status is.
    assert repayments["total_paid"].tolist() == repayments["amount"].cumsum().tolist()
    if len(repayments):
        assert repayments["total_paid"].iloc[-1] == status.total_amount_paid
        assert repayments["remaining_balance"].iloc[-1] == status.remaining_balance
    assert installments["due"].sum() - installments["covered"].sum() == status.remaining_balance
    assert installments["principal"].sum() - installments["covered_principal"].sum() == status.outstanding_principal

    # What is covered was so from a day on, to the end; and that day tells whether it was late.
    assert installments["paid_on"][~is_full].isna().all()
    due = installments["due"].cumsum()
    for row in installments[is_full & (installments["due"] > 0)].itertuples():
        paid_on = row.paid_on.date()
        for day in {paid_on, *(day for each in lived for day in (each["on"], each["back_on"] or as_of))}:
            if paid_on <= day <= as_of:
                assert sum(amount for _, amount in surviving(lived, day)) >= due[row.Index]
        assert row.days == (row.paid_on - row.due_on).days
        assert row.outcome == ("late" if row.days > 0 else "early" if row.days < 0 else "on_time")
    assert (statement.paid_off_on is not None) == (status.remaining_balance == 0)


# Many loans


MEANT = (
    ({}, [1, 2, 3, 4, 6]),
    ({"search": "amara"}, [1, 4]),
    ({"search": "AMARA"}, [1, 4]),
    ({"search": "k/"}, [1]),
    ({"search": "mara ok"}, [1]),
    # What is a pattern to SQL is a letter to whoever types it.
    ({"search": "%"}, [2, 4]),
    ({"search": "100%"}, [2]),
    ({"search": "_"}, [2]),
    ({"search": "A_1"}, [2]),
    ({"search": "\\"}, [3]),
    ({"search": "o\\b"}, [3]),
    ({"search": ".*"}, []),
    ({"search": "["}, []),
    ({"search": "'"}, []),
    # Capitals are not only those of ASCII.
    ({"search": "émile"}, [2]),
    ({"search": "ÉMILE"}, [2]),
    ({"search": "joão"}, [2]),
    ({"search": "İpek"}, [3]),
    ({"search": "straße"}, [6]),
    ({"search": "void"}, []),
    ({"state": "voided"}, [5]),
    ({"state": "voided", "search": "void"}, [5]),
    ({"state": "pending"}, [3]),
    ({"state": "paid_off"}, [4]),
    ({"state": "active"}, [1, 2, 6]),
    ({"state": ""}, [1, 2, 3, 4, 6]),
    ({"currency": "KES"}, [2, 6]),
    ({"currency": "USD", "state": "active"}, [1]),
    ({"currency": "EUR"}, []),
    ({"status": "Behind"}, [1]),
    ({"status": "On Track", "currency": "KES"}, [2]),
    ({"status": "Ahead", "search": "STRA"}, [6]),
)


@pytest.mark.usefixtures("many")
def test_the_loans_that_are_meant_are_found(book):
    found = [(meant, book.loans(TODAY, **meant)) for meant, _ in MEANT]
    assert [(meant, loans["id"].tolist()) for meant, loans in found] == list(MEANT)
    assert [loans.index.tolist() for _, loans in found] == [list(range(len(ids))) for _, ids in MEANT]


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("search", ["\0", "\ud800"], ids=ascii)
def test_what_no_name_has_is_found_in_none(book, search):
    assert book.loans(TODAY, search=search)["id"].tolist() == []
    assert book.repayments(TODAY, search=search).count == 0


@pytest.mark.usefixtures("many")
def test_the_csv_of_a_list_has_the_rows_of_the_list(book):
    lines = b"".join(book.export_loans(TODAY, currency="KES", search="100%")).decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["reference", "A_1"]


def plain(value):
    """A value of a table as a status has it."""
    if value is None or value != value:
        return None
    return value.date() if isinstance(value, datetime) else value


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("as_of", [STARTED, date(2026, 3, 1), TODAY, date(2027, 1, 1)], ids=str)
def test_a_list_says_of_each_loan_what_its_own_status_says(book, as_of):
    rows = [*book.loans(as_of).to_dict("records"), *book.loans(as_of, state="voided").to_dict("records")]
    assert len(rows) == 6
    for row in rows:
        said = asdict(book.status(row["id"], as_of)) | {"id": row["id"]}
        del said["loan_id"], said["as_of"]
        assert {name: plain(row[name]) for name in said} == said


CHANGE = st.one_of(
    st.tuples(st.just("create"), st.integers(1, 24), st.sampled_from(["USD", "KES"])),
    st.tuples(st.just("add"), st.integers(0, 99), DAYS),
    st.tuples(st.just("reverse"), st.integers(0, 99), st.none()),
    st.tuples(st.just("void"), st.integers(0, 99), st.none()),
)


def change(book, kind, which, how):
    """Something happens to the book, if it can."""
    if kind == "create":
        lend(book, repayment_period=which, currency=how)
        return
    ids = book.loans(TODAY)["id"].tolist()
    if not ids:
        return
    loan_id = ids[which % len(ids)]
    repayments = book.statement(loan_id, TODAY).repayments
    standing = repayments.loc[(repayments["amount"] > 0) & (repayments["reversed_by"] == ""), "id"].tolist()
    if kind == "add":
        book.add_repayment(loan_id, "100", received_on=how)
    elif kind == "reverse" and standing:
        book.reverse_repayment(standing[which % len(standing)])
    elif kind == "void" and not standing:
        book.void_loan(loan_id)


@settings(max_examples=8)
@given(st.lists(st.lists(CHANGE, min_size=1, max_size=4), min_size=1, max_size=4))
def test_what_a_book_remembers_of_itself_is_what_a_new_one_reads(shelf, rounds):
    """It reads again only what a newer revision has touched; somebody else wrote that."""
    writer, days = shelf[1], (date(2026, 1, 15), TODAY)
    remembering = Book(writer._store, CLOCK)
    for changes in rounds:
        for each in changes:
            change(writer, *each)
        new = Book(writer._store, CLOCK)
        assert remembering.portfolios(days) == new.portfolios(days)
        for as_of in days:
            assert remembering.loans(as_of).to_csv() == new.loans(as_of).to_csv()
            assert remembering.loans(as_of, state="voided").to_csv() == new.loans(as_of, state="voided").to_csv()


@pytest.mark.usefixtures("many")
def test_a_book_may_be_asked_about_more_days_than_it_remembers(book):
    days = [STARTED + timedelta(days=7 * number) for number in range(40)]
    assert book.portfolios(days) == [book.portfolio(day) for day in days]
    assert [each.as_of for each in book.portfolios(days)] == days


# The portfolio


def worked_check(book, currency):
    """DOMAIN's worked check, on 2 June 2026, without interest; nothing has been paid. A, B, C and D."""

    def owes(amount, installments, days_past_due):
        first_due_on = TODAY - timedelta(days=days_past_due)
        terms = {"interest_rate": "0", "frequency": "quarterly", "start_on": "2025-01-01", "currency": currency}
        lend(book, loan_amount=amount, repayment_period=installments, first_due_on=first_due_on, **terms)

    owes("900", 1, -30)
    owes("600", 12, 45)
    owes("400", 1, 100)
    owes("100", 5, 10)


def test_the_worked_check_of_the_domain(book):
    worked_check(book, "USD")
    of_the_book = book.portfolio(TODAY).by_currency["USD"]
    assert (of_the_book.gross_portfolio, of_the_book.par[30], of_the_book.par_ratio(30)) == (2000_00, 1000_00, 0.5)
    assert of_the_book.par == {1: 1100_00, 30: 1000_00, 60: 400_00, 90: 400_00}
    # 50 of B, all of C, 20 of D.
    assert (of_the_book.overdue_principal, of_the_book.arrears_rate) == (470_00, 0.235)
    assert of_the_book.ageing == {
        "current": Bucket(1, 900_00),
        "1-30": Bucket(1, 100_00),
        "31-60": Bucket(1, 600_00),
        "61-90": Bucket(0, 0),
        "91+": Bucket(1, 400_00),
    }
    assert (of_the_book.loans, of_the_book.active, of_the_book.loans_in_arrears) == (4, 4, 3)
    assert (of_the_book.behind, of_the_book.on_track, of_the_book.ahead) == (3, 1, 0)


def test_currencies_are_never_added_up(book):
    worked_check(book, "USD")
    alone = book.portfolio(TODAY).by_currency["USD"]
    for currency in ("JPY", "KWD"):
        worked_check(book, currency)
    found = book.portfolio(TODAY).by_currency
    assert sorted(found) == ["JPY", "KWD", "USD"]
    assert found["USD"] == alone
    # The yen has no decimals, the dinar three.
    assert [found[code].gross_portfolio for code in ("JPY", "USD", "KWD")] == [2_000, 200_000, 2_000_000]


@pytest.mark.usefixtures("many")
def test_a_portfolio_is_its_loans(book):
    for as_of in (STARTED, TODAY, date(2027, 1, 1)):
        loans = book.loans(as_of)
        for code, found in book.portfolio(as_of).by_currency.items():
            mine = loans[loans["currency"] == code]
            active = mine[mine["state"] == "active"]
            assert (found.loans, found.active) == (len(mine), len(active))
            assert found.loan_amount == mine["loan_amount"].sum()
            assert found.total_amount_paid == mine["total_amount_paid"].sum()
            assert found.gross_portfolio == active["outstanding_principal"].sum()
            assert found.behind == (active["status"] == "Behind").sum()
        assert sorted(book.portfolio(as_of).by_currency) == ["KES", "USD"]


def test_a_currency_whose_loans_are_all_voided_is_in_no_figure(book):
    lend(book)
    lend(book, currency="EUR")
    book.void_loan(2)
    assert list(book.portfolio(TODAY).by_currency) == ["USD"]
    assert list(book.curves(TODAY)) == ["USD"]
    assert list(book.collections([(STARTED, TODAY)])[0]) == ["USD"]


@pytest.fixture
def collected(book):
    """300.00 without interest: 100.00 due on 15 February, March and April. On time, 40.00 early and the rest late."""
    lend(book, loan_amount="300", repayment_period=3, interest_rate="0", start_on="2026-01-15")
    lend(book, loan_amount="300", repayment_period=3, interest_rate="0", start_on="2026-01-15", currency="EUR")
    for amount, received_on in (
        ("100", "2026-02-15"),
        ("40", "2026-03-10"),
        ("60", "2026-03-20"),
        ("90", "2026-04-10"),
    ):
        book.add_repayment(1, amount, received_on=received_on)
    # 90.00 came in a second time, and went back.
    book.add_repayment(1, "90", received_on="2026-04-10")
    book.reverse_repayment(5, received_on="2026-05-02")


@pytest.mark.usefixtures("collected")
def test_curves_are_running_sums_by_the_end_of_each_month_and_on_the_day(book):
    curves = book.curves(date(2026, 4, 12))
    assert [(f"{on:%Y-%m-%d}", *sums) for on, *sums in curves["USD"].itertuples(index=False)] == [
        ("2026-02-28", 100_00, 100_00),
        ("2026-03-31", 200_00, 200_00),
        ("2026-04-12", 200_00, 380_00),
        ("2026-04-30", 300_00, pd.NA),
    ]
    assert curves["EUR"]["received"].dropna().tolist() == [0, 0, 0]
    # After the last due date the curve goes on: the reversal of May is in it.
    assert book.curves(TODAY)["USD"].iloc[-1].tolist()[1:] == [300_00, 290_00]


@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize(
    ("first", "last", "figures"),
    [
        # Due, paid by its due date, received.
        (date(2026, 2, 1), date(2026, 2, 28), (100_00, 100_00, 100_00)),
        (date(2026, 3, 1), date(2026, 3, 31), (100_00, 40_00, 100_00)),
        (date(2026, 4, 1), date(2026, 4, 30), (100_00, 100_00, 180_00)),
        (date(2026, 5, 1), date(2026, 5, 31), (0, 0, -90_00)),
        (date(2026, 2, 1), date(2026, 5, 31), (300_00, 240_00, 290_00)),
    ],
    ids=str,
)
def test_what_a_period_collected(book, first, last, figures):
    (found,) = book.collections([(first, last)])
    assert (found["USD"].due, found["USD"].on_time, found["USD"].received) == figures
    assert (found["EUR"].due, found["EUR"].on_time, found["EUR"].received) == (figures[0], 0, 0)


def test_a_key_is_kept_for_thirty_days(book, store, database_url):
    terms = {"loan_amount": "1000.00", "repayment_period": 12, "key": IdempotencyKey("till", "k", "0" * 64)}
    month_later = Book(store, replace(CLOCK, at=NOON + timedelta(days=30)))
    moment_more = Book(store, replace(CLOCK, at=NOON + timedelta(days=30, microseconds=1)))
    other = {"loan_amount": "2000.00", "repayment_period": 6, "key": IdempotencyKey("till", "k", "1" * 64)}
    assert book.create_loan(**terms).id == month_later.create_loan(**terms).id == 1
    with pytest.raises(KeyTaken):
        month_later.create_loan(**other)
    assert moment_more.create_loan(**other).id == moment_more.create_loan(**other).id == 2
    (kept,) = contents(database_url)["requests"]
    assert "1" * 64 in kept


# Before it is done


def test_a_quote_is_what_the_loan_would_be_and_writes_nothing(book, database_url):
    before = contents(database_url)
    terms = {"loan_amount": "1000.00", "repayment_period": 12, "start_on": STARTED}
    quote = book.quote(**terms)
    assert contents(database_url) == before
    # The design's New loan screen: 12 installments of $94.56, the last $94.54; 1,134.70 in all.
    assert (quote.loan.installment, quote.total_due, quote.total_interest) == (94_56, 1134_70, 134_70)
    loan = book.create_loan(**terms)
    pd.testing.assert_frame_equal(quote.installments, book.schedule(loan.id))
    with pytest.raises(InvalidEntry, match="loan_amount is missing"):
        book.quote(repayment_period=12)


@pytest.mark.parametrize(
    ("amount", "received_on"),
    [
        ("0.01", STARTED),
        ("94.56", TODAY),
        ("250.00", date(2026, 1, 1)),
        # All that is left, and more.
        ("1040.14", TODAY),
        ("1500.00", STARTED),
    ],
    ids=str,
)
def test_a_preview_is_what_recording_does_and_writes_nothing(book, database_url, amount, received_on):
    loan = lend(book)
    book.add_repayment(loan.id, "94.56", received_on="2025-11-01")
    before, status, statement = contents(database_url), book.status(loan.id, TODAY), book.statement(loan.id, TODAY)
    preview = book.preview_repayment(loan.id, amount, TODAY, received_on=received_on)
    assert contents(database_url) == before
    book.add_repayment(loan.id, amount, received_on=received_on)
    after, lines = book.status(loan.id, TODAY), book.statement(loan.id, TODAY).installments
    assert preview.before == status
    # The revision is the loan's own, and moves only when it is done.
    assert replace(preview.after, revision=after.revision) == after
    assert preview.overpaid == after.overpaid_amount
    added = lines.assign(
        interest=lines["covered_interest"] - statement.installments["covered_interest"],
        principal=lines["covered_principal"] - statement.installments["covered_principal"],
    )
    touched = added[added["interest"] + added["principal"] > 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(preview.covers, touched[["number", "due_on", "interest", "principal"]])
    assert (
        preview.covers["interest"].sum() + preview.covers["principal"].sum() + preview.overpaid
        == after.total_amount_paid - status.total_amount_paid
    )


def test_a_preview_asks_about_the_day_of_the_money_where_that_is_later(book):
    loan = lend(book)
    preview = book.preview_repayment(loan.id, "94.56", STARTED, received_on=date(2025, 11, 1))
    assert (preview.after.as_of, preview.after.total_amount_paid) == (date(2025, 11, 1), 94_56)


@pytest.mark.parametrize(
    ("received_on", "amount", "same"),
    [
        ("2026-03-02", "94.56", date(2026, 3, 2)),
        ("2026-03-05", "94.56", date(2026, 3, 2)),
        ("2026-02-27", "94.56", date(2026, 3, 2)),
        ("2026-03-06", "94.56", None),
        ("2026-03-02", "94.55", None),
        # It was reversed on 21 April.
        ("2026-04-20", "94.56", None),
    ],
)
def test_a_preview_warns_of_the_same_amount_around_the_same_day(book, received_on, amount, same):
    loan = lend(book)
    book.add_repayment(loan.id, "94.56", received_on="2026-03-02")
    book.reverse_repayment(book.add_repayment(loan.id, "94.56", received_on="2026-04-20").id, received_on="2026-04-21")
    assert book.preview_repayment(loan.id, amount, TODAY, received_on=received_on).same_amount_on == same


@pytest.mark.parametrize(
    "entry",
    [
        {"amount": "0"},
        {"amount": "1.005"},
        {"amount": "1", "received_on": "2025-09-30"},
        {"amount": "1", "received_on": "2026-06-03"},
        {"amount": "1", "reference": "X"},
    ],
    ids=str,
)
def test_a_preview_refuses_what_recording_would_refuse(book, database_url, entry):
    loan = lend(book)
    book.add_repayment(loan.id, "5.00", reference="X")
    errors = (InvalidEntry, ReferenceTaken)
    said = refused(book, database_url, lambda book: book.add_repayment(loan.id, **entry), errors)
    assert (
        refused(book, database_url, lambda book: book.preview_repayment(loan.id, as_of=TODAY, **entry), errors) == said
    )


# What came in


@pytest.fixture
def journal(book, many):
    """What came in on the loans of ``many``, and before."""
    book.add_repayment(1, "5.00", received_on="2026-01-05", reference="É-1", note="Cash")
    book.add_repayment(1, "7.00", received_on="2026-01-05", reference="B%2")
    book.reverse_repayment(5, received_on="2026-01-09", reference="BACK")


@pytest.mark.usefixtures("journal")
def test_what_came_in_is_listed_newest_first_a_page_at_a_time(book):
    page = book.repayments(TODAY, limit=4)
    assert page.rows["id"].tolist() == [3, 2, 1, 6]
    assert book.repayments(TODAY, limit=4, offset=4).rows["id"].tolist() == [5, 4]
    assert page.count == 6
    assert (page.received, page.reversed) == ({"KES": 1756_48, "USD": 15_20}, {"KES": 0, "USD": 7_00})
    columns = ["loan_reference", "borrower", "currency", "amount", "reference", "reverses", "reversed_by"]
    assert book.repayments(TODAY, limit=2, offset=3).rows[columns].to_numpy().tolist() == [
        ["K/17", "Amara Okafor", "USD", -7_00, "BACK", "B%2", ""],
        ["K/17", "Amara Okafor", "USD", 7_00, "B%2", "", "BACK"],
    ]


CAME_IN = (
    ({"as_of": date(2026, 1, 8)}, [5, 4]),
    ({"as_of": date(2026, 1, 4)}, []),
    ({"since": date(2026, 1, 9)}, [3, 2, 1, 6]),
    ({"since": date(2026, 1, 9), "as_of": date(2026, 1, 9)}, [6]),
    ({"currency": "KES"}, [3, 1]),
    ({"search": "amara"}, [2, 6, 5, 4]),
    ({"search": "OKAFOR"}, [6, 5, 4]),
    ({"search": "k/17"}, [6, 5, 4]),
    ({"search": "back"}, [6]),
    ({"search": "b%"}, [5]),
    ({"search": "_"}, [1]),
    ({"search": "\\"}, []),
    ({"search": "é-"}, [4]),
    ({"search": "É-1"}, [4]),
    ({"search": "ÉMILE"}, [1]),
    ({"search": "João"}, [1]),
    ({"search": "straße"}, [3]),
    ({"loan_id": 1}, [6, 5, 4]),
    ({"loan_id": 1, "search": "back", "currency": "USD"}, [6]),
    ({"loan_id": 1, "currency": "KES"}, []),
)


@pytest.mark.usefixtures("journal")
def test_what_came_in_is_found(book):
    found = [(asked, book.repayments(**{"as_of": TODAY} | asked)) for asked, _ in CAME_IN]
    assert [(asked, page.rows["id"].tolist()) for asked, page in found] == list(CAME_IN)
    assert [page.count for _, page in found] == [len(ids) for _, ids in CAME_IN]


@pytest.mark.usefixtures("journal")
def test_the_csv_of_what_came_in_has_the_rows_that_are_listed(book):
    for asked, ids in CAME_IN:
        exported = pd.read_csv(BytesIO(b"".join(book.export_repayments(**{"as_of": TODAY} | asked))), dtype=str)
        listed = book.repayments(**{"as_of": TODAY} | asked).rows.sort_values("id")
        assert exported["reference"].tolist() == listed["reference"].tolist()
        assert sorted(ids) == listed["id"].tolist()


def test_the_money_of_an_undone_import_came_in_nowhere(book):
    lend(book)
    book.add_repayment(1, "5.00", received_on="2026-01-05")
    _import(book, "L-0001", "L-0001")
    book.undo_import(1)
    assert book.repayments(TODAY).rows["id"].tolist() == [1]
    assert book.statement(1, TODAY).repayments["id"].tolist() == [1]
    assert book.status(1, TODAY).total_amount_paid == 5_00


# A book that has little to say


def lines(export):
    return b"".join(export).count(b"\r\n")


QUIET = {
    "loans": lambda book: len(book.loans(TODAY, search="a", started=TODAY)),
    "portfolio": lambda book: len(book.portfolio(TODAY).by_currency),
    "curves": lambda book: len(book.curves(TODAY)),
    "collections": lambda book: len(book.collections([(STARTED, TODAY)])[0]),
    "repayments": lambda book: book.repayments(TODAY, search="a").count,
    "imports": lambda book: book.imports().count,
    "export_loans": lambda book: lines(book.export_loans(TODAY)) - 1,
    "export_repayments": lambda book: lines(book.export_repayments(TODAY)) - 1,
    "export_schedule": lambda book: lines(book.export_schedule(TODAY)) - 1,
}


@pytest.mark.parametrize("question", QUIET)
def test_an_empty_book_answers_every_question(book, question):
    assert QUIET[question](book) == 0


def test_a_book_without_money_answers_every_question(book):
    lend(book)
    found = {question: ask(book) for question, ask in QUIET.items()}
    some = {"portfolio": 1, "curves": 1, "collections": 1, "export_loans": 1, "export_schedule": 12}
    assert found == dict.fromkeys(QUIET, 0) | some


def test_a_book_that_is_undone_to_the_last_loan_answers_as_a_new_one(book):
    """The revision moved, and no loan with it: what the book remembers must not change its shape."""
    file = b"reference,loan_amount,repayment_period,start_on\nA,10,1,2026-01-01\nB,10,1,2026-01-01\n"
    lend(book)
    book.import_loans(BytesIO(file))
    for reference in ("A", "B"):
        book.void_loan(book.loan_id(reference))
    before = book.loans(TODAY)
    book.undo_import(1)
    pd.testing.assert_frame_equal(book.loans(TODAY), before)
    assert book.portfolio(TODAY).by_currency["USD"].loans == 1


def test_a_book_that_was_restored_from_a_backup_is_read_anew(book, store):
    lend(book)
    book.add_repayment(1, "94.56")
    assert book.portfolio(TODAY).by_currency["USD"].total_amount_paid == 94_56
    with store.write(NOON) as write:
        write.session.execute(text("DELETE FROM repayments"))
        write.session.execute(text("UPDATE loans SET revision = 1"))
        write.session.execute(text("UPDATE book SET revision = 1"))
    assert book.portfolio(TODAY).by_currency["USD"].total_amount_paid == 0
    assert book.loans(TODAY)["total_amount_paid"].tolist() == [0]
