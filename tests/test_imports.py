"""Imports: checked as a whole, written as a whole, known again, and undone as if they had never been."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest

from loan_core import Book, InvalidFile, Problem, Refusal
from loan_core.errors import BatchNotFound, ImportInUse, ReferenceTaken
from tests.files import (
    NOW,
    OF_THE_BOOK,
    TODAY,
    assert_the_same_book,
    brought_over,
    contents,
    csv_file,
    exported,
    open_at,
    without,
)

LOAN = {"loan_amount": "1000.00", "repayment_period": "12", "start_on": "2025-10-01"}
REPAYMENT = {"loan_reference": "A", "amount": "94.56", "received_on": "2025-11-01"}


def loans_file(*references: str, **stated: str) -> io.BytesIO:
    return csv_file(*(LOAN | stated | {"reference": reference} for reference in references))


def repayments_file(*references: str, **stated: str) -> io.BytesIO:
    return csv_file(*(REPAYMENT | stated | {"reference": reference} for reference in references))


FILES = {"loans": loans_file, "repayments": repayments_file}
IMPORTERS = {"loans": Book.import_loans, "repayments": Book.import_repayments}


@pytest.fixture
def url(database_url: str) -> str:
    """Each of these tests runs on SQLite and on PostgreSQL."""
    return database_url


@pytest.fixture
def book(url: str) -> Iterator[Book]:
    """With loan A in it."""
    book = open_at(url)
    book.create_loan(**LOAN, reference="A")
    yield book
    book.close()


@pytest.mark.parametrize(("kind", "amount"), [("loans", 100_000), ("repayments", 9456)])
def test_a_receipt_says_what_was_done(book, url, kind, amount):
    importing, file, one = IMPORTERS[kind], FILES[kind], kind.removesuffix("s")
    trial = importing(book, file("X", "Y"), dry_run=True)
    assert trial.sentence == f"2 {kind} would be imported. Nothing was written."
    assert (trial.batch_id, trial.rows, trial.new, trial.amounts) == (None, 2, 2, {"USD": 2 * amount})
    first = importing(book, file("X", "Y"))
    assert first.sentence == f"2 {kind} imported. This is import 1."
    assert (first.batch_id, first.rows, first.new, first.amounts) == (1, 2, 2, {"USD": 2 * amount})
    before = contents(url)
    again = importing(book, file("X", "Y"))
    assert again.sentence == "This file is in the book already, as import 1. Nothing was written."
    assert (again.batch_id, again.new, again.already_there, again.amounts) == (1, 0, 2, {})
    assert importing(book, file("X", "Y"), dry_run=True) == again
    assert importing(book, file("X")).sentence == f"Nothing new: 1 {one} already there."
    assert importing(book, file("Y", "X")).sentence == f"Nothing new: 2 {kind} already there."
    assert contents(url) == before
    more = importing(book, file("Y", "X", "Z"), dry_run=True)
    assert more.sentence == f"1 {one} would be imported, 2 already there. Nothing was written."
    assert importing(book, file("Y", "X", "Z")).sentence == f"1 {one} imported, 2 already there. This is import 2."


@pytest.mark.parametrize("kind", FILES)
def test_a_trial_writes_nothing(book, url, kind):
    before = contents(url)
    IMPORTERS[kind](book, FILES[kind]("X", "Y"), dry_run=True)
    assert contents(url) == before


def test_a_receipt_adds_up_each_currency_by_itself(book):
    rows = [
        LOAN | {"currency": code, "loan_amount": amount} for code, amount in (("USD", "1"), ("JPY", "1"), ("KWD", "1"))
    ]
    assert book.import_loans(csv_file(*rows, *rows)).amounts == {"USD": 200, "JPY": 2, "KWD": 2000}


def test_a_batch_says_what_it_was(url):
    book = open_at(url, recorded_by="Kofi")
    book.import_loans(loans_file("A", "B"), name="january.csv")
    book.import_repayments(repayments_file("P"), name="repaid.csv")
    said = [
        (each.id, each.kind, each.name, each.rows, each.recorded_by, each.created_at) for each in book.imports().rows
    ]
    # The clock stands still, and a write is a moment later than the one before all the same.
    second = NOW + timedelta(microseconds=1)
    assert said == [(2, "repayments", "repaid.csv", 1, "Kofi", second), (1, "loans", "january.csv", 2, "Kofi", NOW)]
    assert [each.undone_at for each in book.imports().rows] == [None, None]
    loan = book.loan(2)
    assert (loan.batch_id, loan.recorded_by, loan.created_at) == (1, "Kofi", NOW)
    book.close()


def test_who_undid_an_import_is_written_down_with_it_and_with_what_it_took_back(url):
    book = open_at(url, recorded_by="Kofi")
    book.import_loans(loans_file("A"))
    book.import_repayments(repayments_file("P"))
    book.close()
    book = open_at(url, recorded_by="Ama")
    book.undo_import(2)
    book.undo_import(1)
    assert [(each.recorded_by, each.undone_by) for each in book.imports().rows] == [("Kofi", "Ama")] * 2
    assert book.loan(1).voided_by == "Ama"
    entries = book.since(0, TODAY).rows
    said = dict(zip(entries["kind"], entries["recorded_by"], strict=True))
    assert said == {"void": "Ama", "undo": "Ama", "repayment": "Kofi", "loan": "Kofi"}
    book.close()


def test_imports_come_in_pages_and_each_by_its_id(book):
    for reference in "BCD":
        book.import_loans(loans_file(reference), name=f"{reference}.csv")
    pages = [book.imports(limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [[each.name for each in page.rows] for page in pages] == [["D.csv", "C.csv"], ["B.csv"], []]
    assert {page.count for page in pages} == {3}
    assert book.imported(1).name == "B.csv"
    for named in (0, 4, 2**63):
        with pytest.raises(BatchNotFound):
            book.imported(named)


@pytest.mark.parametrize("name", ["é" * 255, "caf\udce9.csv", "a\nb.csv"], ids=["long", "Latin-1", "two lines"])
def test_a_file_may_have_any_name_that_a_disk_takes(book, name):
    assert book.import_loans(loans_file("B"), name=name).new == 1
    assert book.imports().rows[0].name.isprintable()


@pytest.mark.parametrize("kind", FILES)
def test_one_bad_row_of_a_thousand_keeps_them_all_out(book, url, kind):
    rows = [row | {"reference": f"N{number}"} for number, row in enumerate([ROWS[kind]] * 1000)]
    rows[990] = rows[990] | {"note": "x" * 2001}
    before = contents(url)
    with pytest.raises(InvalidFile) as refused:
        IMPORTERS[kind](book, csv_file(*rows))
    problem = Problem("note", "x" * 59 + "…", "The text has 2,001 characters.", "Write at most 2,000.", line=992)
    assert refused.value.problems == (problem,)
    assert contents(url) == before


ROWS = {"loans": LOAN, "repayments": REPAYMENT}


def test_a_refusal_says_how_much_of_the_file_was_good(book):
    rows = [LOAN | {"reference": "A"}, LOAN, LOAN | {"loan_amount": "x"}, LOAN]
    with pytest.raises(InvalidFile) as refused:
        book.import_loans(csv_file(*rows))
    assert (refused.value.rows, refused.value.new, refused.value.already_there) == (4, 2, 1)


@pytest.mark.parametrize("kind", FILES)
def test_an_import_that_is_broken_off_leaves_nothing(book, url, kind):
    def stop_when_all_is_written(doing: str, done: int, rows: int) -> None:
        if doing == "Writing":
            raise KeyboardInterrupt

    before = contents(url)
    with pytest.raises(KeyboardInterrupt):
        IMPORTERS[kind](book, csv_file(*[ROWS[kind]] * 100), progress=stop_when_all_is_written)
    assert contents(url) == before
    assert IMPORTERS[kind](book, FILES[kind]("X")).batch_id == 1


@pytest.mark.parametrize("kind", FILES)
def test_an_import_tells_how_far_it_is(book, kind):
    told: dict[str, list[tuple[int, int]]] = {}
    rows = [ROWS[kind]] * 2_500
    IMPORTERS[kind](book, csv_file(*rows), progress=lambda doing, *far: told.setdefault(doing, []).append(far))
    assert list(told) == ["Checking", "Writing"]
    for steps in told.values():
        assert [total for _, total in steps] == [2_500] * len(steps)
        done = [done for done, _ in steps]
        assert done == sorted(done)
    assert len(told["Checking"]) >= 3
    assert told["Writing"][-1][0] == 2_500


@pytest.mark.parametrize("kind", FILES)
def test_the_same_file_from_many_at_once_is_one_import(book, url, kind):
    at_once = Barrier(4)

    def importing(_: int) -> Any:
        own = open_at(url)
        at_once.wait()
        receipt = IMPORTERS[kind](own, csv_file(*[ROWS[kind]] * 100))
        own.close()
        return receipt

    with ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(importing, range(4)))
    assert sorted(receipt.is_repeat for receipt in receipts) == [False, True, True, True]
    assert {receipt.batch_id for receipt in receipts} == {1}
    table = contents(url)[kind]
    assert len(table) == 100 + (kind == "loans")


def test_two_files_at_once_that_share_a_loan_write_it_once(book, url):
    at_once = Barrier(2)

    def importing(references: tuple[str, ...]) -> Any:
        own = open_at(url)
        at_once.wait()
        receipt = own.import_loans(loans_file(*references))
        own.close()
        return receipt

    with ThreadPoolExecutor(2) as pool:
        receipts = list(pool.map(importing, [("B", "C"), ("C", "D")]))
    assert sorted((receipt.new, receipt.already_there) for receipt in receipts) == [(1, 1), (2, 0)]
    assert sorted(book.loans(TODAY)["reference"]) == ["A", "B", "C", "D"]


@pytest.mark.parametrize(
    ("loan_amount", "outcome"),
    [
        ("1000.00", "1 loan imported, 1 already there. This is import 1."),
        (
            "999.00",
            "Nothing was imported: line 2, reference: The reference B already belongs to another loan: B, whose "
            "loan_amount is not the same. Write another reference, or the same content to change nothing.",
        ),
    ],
)
def test_what_somebody_wrote_meanwhile_is_seen(book, url, loan_amount, outcome):
    """The check runs before the lock is taken; what moved the revision since is checked again under it."""
    other, written = open_at(url), []

    def meanwhile(doing: str, done: int, rows: int) -> None:
        if not written:
            written.append(other.create_loan(**LOAN | {"loan_amount": loan_amount}, reference="B"))

    try:
        said = book.import_loans(loans_file("B", "C"), progress=meanwhile).sentence
    except Refusal as refusal:
        said = str(refusal)
    assert said == outcome
    other.close()


def test_a_repayment_finds_its_loan_by_reference_first(book):
    """The id in an export is of the book that it came from."""
    book.import_loans(loans_file("B", "2", "00123"))
    rows = [
        {"loan_reference": "B", "loan_id": "1", "amount": "1"},
        {"loan_reference": "2", "loan_id": "", "amount": "2"},
        {"loan_reference": "", "loan_id": "2", "amount": "3"},
        {"loan_reference": "00123", "loan_id": "1", "amount": "4"},
        {"loan_reference": "", "loan_id": "1", "amount": "5"},
    ]
    book.import_repayments(csv_file(*(row | {"received_on": "2025-11-01"} for row in rows)))
    loans = book.loans(TODAY).set_index("reference")
    assert loans["total_amount_paid"].to_dict() == {"A": 500, "B": 100 + 300, "2": 200, "00123": 400}


def test_a_file_of_repayments_may_name_loans_by_id_alone(book):
    book.import_repayments(csv_file({"loan_id": "1", "amount": "5", "received_on": "2025-11-01"}))
    assert book.status(1, TODAY).total_amount_paid == 500


def test_a_row_without_a_reference_gets_one_that_nobody_has(book):
    """``L-0003`` is taken by the file's own row, before the row that would have been given it."""
    book.import_loans(csv_file(LOAN, LOAN, LOAN | {"reference": "L-0003"}))
    references = book.loans(TODAY)["reference"].tolist()
    assert references[0] == "A"
    assert references[1] == "L-0002"
    assert references[3] == "L-0003"
    assert len(set(references)) == 4


# 94.56 received, and sent back three days later: what an export holds of a repayment and its reversal.
SENT_BACK = (
    REPAYMENT | {"reference": "P", "reverses": ""},
    REPAYMENT | {"reference": "P-back", "reverses": "P", "amount": "-94.56", "received_on": "2025-11-04"},
)


def test_a_reversal_comes_in_as_a_reversal(book):
    receipt = book.import_repayments(csv_file(*SENT_BACK))
    assert (receipt.new, receipt.amounts) == (2, {"USD": 0})
    repayments = book.statement(1, TODAY).repayments
    assert repayments["amount"].tolist() == [9456, -9456]
    assert repayments["reversed_by"].tolist() == ["P-back", ""]
    assert [book.status(1, date(2025, 11, day)).total_amount_paid for day in (1, 3, 4)] == [9456, 9456, 0]
    with pytest.raises(Refusal, match=r"^Repayment P was already reversed by P-back\.$"):
        book.reverse_repayment(repayments["id"].iloc[0].item(), reference="again")


def test_a_reversal_since_the_last_export_comes_in_with_the_next(book, tmp_path):
    book.add_repayment(1, 5, received_on="2025-11-01", reference="P")
    other = brought_over(book, f"sqlite:///{tmp_path / 'other.db'}")
    book.reverse_repayment(1, received_on="2025-11-04", reference="P-back")
    receipt = other.import_repayments(io.BytesIO(exported(book, "repayments")))
    assert (receipt.new, receipt.already_there) == (1, 1)
    assert_the_same_book(book, other)
    other.close()


DAYS = [date(2025, 10, 1) + timedelta(days) for days in (0, 30, 31, 33, 34, 60, 61, 75, 106)]


def seen(book: Book) -> list[bytes]:
    """What every export says on days before, in and after the imports of these tests."""
    whats = ("loans", "repayments", "schedule")
    return [without(OF_THE_BOOK, exported(book, what, day)) for what in whats for day in DAYS]


def test_an_undone_import_of_repayments_has_never_been(book):
    book.add_repayment(1, 50, received_on="2025-10-20", reference="by hand")
    before = seen(book)
    book.import_repayments(
        csv_file(
            *SENT_BACK,
            REPAYMENT | {"reference": "Q", "received_on": "2025-10-01"},
            REPAYMENT | {"reference": "R", "amount": "2000.00"},
        )
    )
    assert seen(book) != before
    receipt = book.undo_import(1)
    assert seen(book) == before
    assert (receipt.batch_id, receipt.loans) == (1, 0)
    assert book.statement(1, TODAY).repayments["reference"].tolist() == ["by hand"]


def test_undoing_an_import_says_what_it_did(book):
    book.import_loans(loans_file("B"))
    book.import_loans(loans_file("C", "D"))
    book.import_repayments(repayments_file("P"))
    book.import_repayments(repayments_file("Q", "R"))
    said = [book.undo_import(number).sentence for number in (1, 2, 3, 4)]
    assert said == [
        "Import 1 is undone: 1 loan voided.",
        "Import 2 is undone: 2 loans voided.",
        "Import 3 is undone: 1 repayment taken back.",
        "Import 4 is undone: 2 repayments taken back.",
    ]


def test_an_undone_import_of_loans_has_never_been(book):
    before = seen(book)
    book.import_loans(loans_file("B", "C"))
    book.undo_import(1)
    assert seen(book) == before
    assert [loan.state for loan in (book.status(id, TODAY) for id in (1, 2, 3))] == ["active", "voided", "voided"]
    assert book.loan(2).void_reason == "Import 1 undone"
    assert book.imports().rows[0].undone_at == NOW + 2 * timedelta(microseconds=1)


@pytest.mark.parametrize("kind", FILES)
def test_undoing_twice_is_undoing_once(book, url, kind):
    IMPORTERS[kind](book, FILES[kind]("X"))
    book.undo_import(1)
    before = contents(url)
    assert book.undo_import(1).sentence == "Import 1 is undone: nothing of it was left."
    assert contents(url) == before


def test_many_who_undo_at_once_undo_once(book, url):
    book.import_repayments(repayments_file("P", "Q"))
    at_once = Barrier(4)

    def undoing(_: int) -> int:
        own = open_at(url)
        at_once.wait()
        receipt = own.undo_import(1)
        own.close()
        return receipt.repayments

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(undoing, range(4))) == [0, 0, 0, 2]
    assert len(contents(url)["repayments"]) == 2
    assert book.status(1, TODAY).total_amount_paid == 0


@pytest.mark.parametrize(
    ("kind", "corrected"), [("loans", {"loan_amount": "2000.00"}), ("repayments", {"amount": "100.00"})]
)
def test_the_corrected_file_takes_the_place_of_the_undone_one(book, kind, corrected):
    importing, file = IMPORTERS[kind], FILES[kind]
    importing(book, file("X", "Y"))
    wrong = seen(book)
    with pytest.raises(InvalidFile, match="The reference X already belongs to another"):
        importing(book, file("X", "Y", **corrected))
    book.undo_import(1)
    assert importing(book, file("X", "Y", **corrected)).sentence == f"2 {kind} imported. This is import 2."
    book.undo_import(2)
    # And the first file again, which is not in the book any more.
    assert importing(book, file("X", "Y")).sentence == f"2 {kind} imported. This is import 3."
    assert seen(book) == wrong


def test_the_corrected_file_takes_the_place_of_one_with_reversals(book):
    book.import_repayments(csv_file(*SENT_BACK))
    book.undo_import(1)
    corrected = [row | {"amount": row["amount"].replace("94.56", "94.57")} for row in SENT_BACK]
    assert book.import_repayments(csv_file(*corrected)).sentence == "2 repayments imported. This is import 2."
    assert book.status(1, date(2025, 11, 3)).total_amount_paid == 9457


@pytest.mark.parametrize("reversed_on", ["2025-11-01", "2025-11-04"])
def test_what_was_reversed_by_hand_is_undone_with_its_import(book, reversed_on):
    before = seen(book)
    book.import_repayments(repayments_file("P", "Q"))
    book.reverse_repayment(1, received_on=reversed_on)
    receipt = book.undo_import(1)
    assert receipt.sentence == "Import 1 is undone: 2 repayments taken back."
    assert seen(book) == before
    assert book.import_repayments(repayments_file("P", amount="1.00")).new == 1


def test_what_was_undone_with_another_import_is_not_undone_again(book):
    book.import_repayments(repayments_file("P"))
    book.import_repayments(csv_file(*SENT_BACK))
    assert book.undo_import(1).repayments == 1
    assert book.undo_import(2).sentence == "Import 2 is undone: nothing of it was left."


def test_an_undone_reversal_leaves_the_repayment_as_it_was(book):
    """The file's repayment was there already; what the file brought is its reversal alone."""
    book.add_repayment(1, "94.56", received_on="2025-11-01", reference="P")
    before = seen(book)
    book.import_repayments(csv_file(*SENT_BACK))
    book.undo_import(1)
    assert seen(book) == before
    assert book.import_repayments(csv_file(*SENT_BACK)).new == 1
    book.undo_import(2)
    assert book.reverse_repayment(1).amount == -9456


def test_an_import_of_loans_that_received_money_since_stays(book, url):
    book.import_loans(loans_file("B", "C", "D"))
    book.add_repayment(3, 5, received_on="2025-11-01")
    assert_stays(book, url, "one of its loans has received money since, C for one.")
    book.import_repayments(repayments_file("P", "Q", loan_reference="D"))
    assert_stays(book, url, "2 of its loans have received money since, C for one.")
    book.undo_import(2)
    assert_stays(book, url, "one of its loans has received money since, C for one.")
    book.reverse_repayment(1)
    assert book.undo_import(1).sentence == "Import 1 is undone: 3 loans voided."


def assert_stays(book: Book, url: str, why: str) -> None:
    before = contents(url)
    with pytest.raises(ImportInUse) as refused:
        book.undo_import(1)
    assert str(refused.value) == (
        f"Import 1 cannot be undone: {why} Undo the import of those repayments, or reverse them, first."
    )
    assert contents(url) == before


def test_a_loan_voided_by_hand_is_not_voided_again(book):
    book.import_loans(loans_file("B", "C"))
    book.void_loan(2, reason="entered twice")
    assert book.undo_import(1).sentence == "Import 1 is undone: 1 loan voided."
    assert [book.loan(number).void_reason for number in (2, 3)] == ["entered twice", "Import 1 undone"]


@pytest.mark.parametrize("batch_id", [7, 0, -1, 2**63])
def test_an_import_that_never_was_cannot_be_undone(book, url, batch_id):
    before = contents(url)
    with pytest.raises(BatchNotFound, match=f"^There is no import {batch_id} in this book.$"):
        book.undo_import(batch_id)
    assert contents(url) == before


def test_undoing_frees_nothing_that_somebody_else_wrote(book):
    """The reference of an entry by hand, which a file found already there, is not the file's to give up."""
    book.add_repayment(1, "94.56", received_on="2025-11-01", reference="P")
    assert book.import_repayments(repayments_file("P", "Q")).already_there == 1
    book.undo_import(1)
    assert book.statement(1, TODAY).repayments["reference"].tolist() == ["P"]
    with pytest.raises(ReferenceTaken):
        book.add_repayment(1, "1.00", received_on="2025-11-01", reference="P")


def test_ten_thousand_loans_and_repayments(book):
    loans = [LOAN | {"reference": f"N{number}"} for number in range(10_000)]
    money = [
        {"loan_reference": f"N{number}", "amount": "94.56", "received_on": "2025-11-01"} for number in range(10_000)
    ]
    before = exported(book, "loans")
    assert book.import_loans(csv_file(*loans)).sentence == "10,000 loans imported. This is import 1."
    assert book.import_repayments(csv_file(*money)).sentence == "10,000 repayments imported. This is import 2."
    assert book.portfolio(TODAY).by_currency["USD"].total_amount_paid == 10_000 * 9456
    assert book.undo_import(2).sentence == "Import 2 is undone: 10,000 repayments taken back."
    assert book.undo_import(1).sentence == "Import 1 is undone: 10,000 loans voided."
    assert exported(book, "loans") == before


def test_a_real_book_comes_back_from_its_exports(reference, book, tmp_path):
    """A Czech bank's, 1993 to 1998: every installment is stated, and every first due day; 163 repayments."""
    for kind, importing in IMPORTERS.items():
        with (reference / "berka" / f"{kind}.csv").open("rb") as file:
            receipt = importing(book, file)
        assert receipt.rows == receipt.new
    other = brought_over(book, f"sqlite:///{tmp_path / 'other.db'}")
    assert len(other.loans(TODAY)) == 682 + 1
    assert_the_same_book(book, other)
    other.close()
