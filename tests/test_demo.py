"""The made-up book: the same for a seed and a day, and with everything in it that happens to loans."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from loan_core import Book, open_book
from loan_core.errors import BookNotEmpty, ImportInUse
from tests.files import FREQUENCIES, METHODS, NOW, TODAY, contents, exported, open_at, read, without
from tests.lending import FixedClock

WHATS = ("loans", "repayments", "schedule")


def everything(book: Book) -> list[bytes]:
    """What the book exports, but for the instants at which it was written."""
    return [without(("created_at",), exported(book, what, book.today())) for what in WHATS]


def made_up(folder: Path, name: str, at: datetime = NOW, **options: Any) -> list[bytes]:
    """A made-up book of its own, as it exports itself."""
    book = open_book(FixedClock(database_uri=f"sqlite:///{folder}/{name}.db", timezone=UTC, redis_url="off", at=at))
    book.load_demo(**options)
    found = everything(book)
    book.close()
    return found


@pytest.fixture
def book(sqlite_url: str) -> Iterator[Book]:
    book = open_at(sqlite_url)
    yield book
    book.close()


def test_the_same_seed_on_the_same_day_makes_the_same_book(tmp_path):
    first = made_up(tmp_path, "first", loans=40, seed=7)
    assert made_up(tmp_path, "again", at=NOW + timedelta(hours=11), loans=40, seed=7) == first
    assert made_up(tmp_path, "default", loans=40) == made_up(tmp_path, "one", loans=40, seed=1)


def test_the_same_seed_makes_the_same_book_on_each_database(sqlite_url, postgresql_url):
    books = [open_at(url) for url in (sqlite_url, postgresql_url)]
    # More loans than are written at a time.
    receipts = [book.load_demo(loans=1_100, seed=7) for book in books]
    assert receipts[0] == receipts[1]
    assert everything(books[0]) == everything(books[1])
    for book in books:
        book.close()


@pytest.mark.parametrize("other", [{"seed": 8}, {"at": NOW + timedelta(days=1)}], ids=["seed", "day"])
def test_another_seed_or_day_makes_another_book(tmp_path, other):
    first, second = (
        made_up(tmp_path, name, **{"loans": 10, "seed": 7} | more) for name, more in (("a", {}), ("b", other))
    )
    assert [one == two for one, two in zip(first, second, strict=True)] == [False, False, False]


def test_the_default_book_has_what_happens_to_loans(book):
    receipt = book.load_demo()
    assert receipt.sentence == "A made-up book of 100 loans is loaded, as import 1."
    loans = book.loans(TODAY)
    assert receipt.amounts == {"USD": loans["loan_amount"].sum()}
    assert len(loans) == 100
    for column, kinds in {
        "status": ("Ahead", "On Track", "Behind"),
        "state": ("pending", "active", "paid_off"),
        "frequency": FREQUENCIES,
        "method": METHODS,
    }.items():
        assert set(loans[column]) == set(kinds)
    outcomes = {row["outcome"] for row in read(exported(book, "schedule"))}
    assert {"early", "on_time", "late", "part_paid", "missed", "next", "upcoming"} <= outcomes
    repayments = read(exported(book, "repayments"))
    reversals = [row for row in repayments if row["reverses"]]
    by_reference = {row["reference"]: row for row in repayments}
    assert len(reversals) >= 3
    for row in reversals:
        undone = by_reference[row["reverses"]]
        assert (undone["loan_reference"], f"-{undone['amount']}") == (row["loan_reference"], row["amount"])
    # A book to look around in is not one that went wrong: most loans are paid as agreed, some are in arrears.
    assert (loans["status"] == "On Track").mean() > 0.5
    assert 0.02 < book.portfolio(TODAY).by_currency["USD"].par_ratio(30) < 0.5


def test_nothing_comes_in_before_a_loan_begins_or_after_today(book):
    book.load_demo(loans=200)
    begins = book.loans(TODAY).set_index("reference")["start_on"].to_dict()
    # Read on a far day, so that what came in after today would be seen.
    for row in read(exported(book, "repayments", date(2199, 12, 31))):
        assert begins[row["loan_reference"]] <= date.fromisoformat(row["received_on"]) <= TODAY


@pytest.mark.parametrize(
    ("loans", "seed"),
    [
        (1, 1),
        # A weekly loan that begins tomorrow, of somebody who pays early: the first money would come before it.
        (100, 201),
        (2_000, 1),
    ],
)
def test_a_book_of_any_size_can_be_made(book, loans, seed):
    assert book.load_demo(loans=loans, seed=seed).new == loans
    assert len(book.loans(TODAY)) == loans


@pytest.mark.parametrize("day", [date(2024, 2, 29), date(2025, 12, 31), date(2026, 1, 1), date(2030, 7, 31)])
def test_a_book_of_any_day_can_be_made(tmp_path, day):
    at = datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC)
    loans, repayments, _ = (read(file) for file in made_up(tmp_path, "book", at=at, loans=50))
    assert {row["as_of"] for row in loans} == {day.isoformat()}
    assert 200 < len(repayments) < 2000


@pytest.mark.parametrize(("code", "written"), [("JPY", r"[1-9]\d*"), ("KWD", r"\d+\.\d{3}")])
def test_a_made_up_book_is_in_the_currency_of_the_book(sqlite_url, code, written):
    book = open_at(sqlite_url, currency=code)
    assert list(book.load_demo(loans=30).amounts) == [code]
    assert book.loans(TODAY)["currency"].unique().tolist() == [code]
    amounts = [row["loan_amount"] for row in read(exported(book, "loans"))]
    assert [amount for amount in amounts if not re.fullmatch(written, amount)] == []
    book.close()


def test_a_book_with_a_loan_in_it_is_left_alone(book, sqlite_url):
    book.create_loan(loan_amount=10, repayment_period=1)
    before = contents(sqlite_url)
    with pytest.raises(BookNotEmpty) as refused:
        book.load_demo(loans=5)
    assert str(refused.value) == "The demo book goes into an empty book only, and this one holds 1 loan."
    assert contents(sqlite_url) == before


def test_the_same_made_up_book_is_loaded_once(book, sqlite_url):
    book.load_demo(loans=5)
    before = contents(sqlite_url)
    again = book.load_demo(loans=5)
    assert (again.is_repeat, again.sentence) == (True, "A made-up book of 5 loans is loaded already, as import 1.")
    for other in ({"loans": 6}, {"loans": 5, "seed": 2}):
        with pytest.raises(BookNotEmpty, match=r"this one holds 5 loans\.$"):
            book.load_demo(**other)
    assert contents(sqlite_url) == before


def test_of_two_who_load_at_once_one_does(book, sqlite_url):
    def loading(_: int) -> bool:
        own = open_at(sqlite_url)
        receipt = own.load_demo(loans=20)
        own.close()
        return receipt.is_repeat

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(loading, range(2))) == [False, True]
    assert len(book.loans(TODAY)) == 20


def test_a_made_up_book_can_be_undone_and_made_again(book):
    empty = everything(book)
    first = book.load_demo(loans=100)
    full = read(exported(book, "repayments"))
    undone = book.undo_import(first.batch_id)
    assert (undone.loans, undone.repayments) == (100, len(full))
    assert everything(book) == empty
    assert book.load_demo(loans=100).batch_id == 2
    # Other ids, and so other made-up references; the same loans and the same money.
    money = [[row[name] for name in ("amount", "received_on", "note")] for row in full]
    assert [
        [row[name] for name in ("amount", "received_on", "note")] for row in read(exported(book, "repayments"))
    ] == money


def test_money_by_hand_keeps_a_made_up_book_until_it_is_reversed(book):
    book.load_demo(loans=5)
    loan_id = int(book.loans(TODAY, state="active")["id"].iloc[0])
    repayment = book.add_repayment(loan_id, 1)
    with pytest.raises(ImportInUse, match=r"^Import 1 cannot be undone: one of its loans"):
        book.undo_import(1)
    book.reverse_repayment(repayment.id)
    assert book.undo_import(1).loans == 5


def test_making_a_book_tells_how_far_it_is(book):
    told: list[tuple[str, int, int]] = []
    book.load_demo(loans=5, progress=lambda *far: told.append(far))
    assert told[-1][0] == "Writing"
    assert told[-1][1] == told[-1][2]
