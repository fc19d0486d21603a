"""Many at once, and one that dies in the middle: nothing is lost, nothing is written twice, nothing is half there."""

import multiprocessing
import shutil
import signal
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from functools import partial
from io import BytesIO
from random import Random
from threading import Barrier
from unittest.mock import patch
from zipfile import ZipFile

import pandas as pd
import pytest
from sqlalchemy import Engine, event, func, inspect, select, text

from loan_core import store as store_module
from loan_core.book import Book
from loan_core.errors import InvalidFile, ReferenceTaken
from loan_core.models import Base, Edition, Loan, Repayment
from loan_core.store import Store

STARTED, RECEIVED, DAY = date(2024, 1, 1), date(2024, 3, 1), date(2024, 6, 1)
PATIENCE = 60
ROWS = 20_000

# Processes that share nothing, and start in milliseconds: they are forked from one that has imported everything.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])


@contextmanager
def a_book(url):
    store = Store(url)
    try:
        yield Book(store)
    finally:
        store.close()


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Nobody gives up because the machine has other things to do: what is asked here is whether anything gets lost."""
    monkeypatch.setattr(store_module, "LOCK_WAIT_MS", PATIENCE * 1000)


@pytest.fixture
def book(database_url):
    with a_book(database_url) as opened:
        yield opened


def lend(book, **stated):
    return book.create_loan(**{"loan_amount": "1000.00", "repayment_period": 12, "start_on": STARTED} | stated)


def ask(book, query):
    """What the database itself says, past all that a book may remember."""
    with book._store.read() as session:
        return [tuple(row) for row in session.execute(query)]


def revision(book):
    return ask(book, select(Edition.revision))[0][0]


def whole(row):
    """Every column of a row."""
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).columns}


def loans_file(*references):
    rows = [f"{reference},1000.00,12,{STARTED}" for reference in references]
    return "\r\n".join(["reference,loan_amount,repayment_period,start_on", *rows]).encode()


def repayments_file(*rows):
    return "\r\n".join(["loan_reference,amount,received_on,reference", *rows]).encode()


def at_once(work, *arguments):
    """What each process answers to its own arguments, or the error that it died of; one signal sets them all off."""
    ready, answers = processes.Barrier(len(arguments)), processes.Queue()
    started = [processes.Process(target=answer, args=(answers, work, ready, *each)) for each in arguments]
    for process in started:
        process.start()
    found = [answers.get(timeout=PATIENCE) for _ in started]
    for process in started:
        process.join(PATIENCE)
    return found


def answer(answers, work, *arguments):
    try:
        answers.put(work(*arguments))
    except Exception as error:  # noqa: BLE001 - whatever it was, the test shall show it
        answers.put(repr(error))


def at_once_in_threads(url, number, work):
    """What each thread answers, each with a book of its own."""
    ready = Barrier(number)

    def answer(which):
        with a_book(url) as own:
            ready.wait(PATIENCE)
            return work(own, which)

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(answer, range(number)))


# Many writers


def record_forty(ready, url, loan_id):
    store_module.LOCK_WAIT_MS = PATIENCE * 1000
    with a_book(url) as book:
        ready.wait(PATIENCE)
        return [book.add_repayment(loan_id, "0.01", received_on=RECEIVED).reference for _ in range(40)]


def test_of_eight_processes_with_forty_repayments_each_none_is_lost(database_url, book):
    loan_id = lend(book).id
    answers = at_once(record_forty, *[(database_url, loan_id)] * 8)
    assert [each for each in answers if not isinstance(each, list)] == []
    promised = sorted(reference for each in answers for reference in each)
    assert promised == [f"RP-{number:04d}" for number in range(1, 321)]
    assert ask(book, select(Repayment.reference).order_by(Repayment.id)) == [(reference,) for reference in promised]
    assert book.status(loan_id, DAY).total_amount_paid == 320
    assert revision(book) == 321


ENTRIES = {
    "add_repayment": lambda book: book.add_repayment(1, "50.00", received_on=RECEIVED, reference="X"),
    "reverse_repayment": lambda book: book.reverse_repayment(1, reference="X"),
    "create_loan": lambda book: lend(book, reference="X"),
}


@pytest.mark.parametrize(("verb", "times"), [("add_repayment", 50), ("reverse_repayment", 10), ("create_loan", 10)])
def test_the_same_entry_many_times_at_once_is_one_row_and_one_answer(database_url, book, verb, times):
    book.add_repayment(lend(book).id, "94.56", received_on=RECEIVED)
    before = revision(book)
    answers = at_once_in_threads(database_url, times, lambda own, _: whole(ENTRIES[verb](own)))
    assert answers == [answers[0]] * times
    table = Loan if verb == "create_loan" else Repayment
    assert ask(book, select(table.id).where(table.reference == "X")) == [(answers[0]["id"],)]
    assert revision(book) == before + 1


def test_of_ten_contents_under_one_reference_one_is_recorded_and_nine_are_refused(database_url, book):
    loan_id = lend(book).id

    def record(own, which):
        try:
            return own.add_repayment(loan_id, f"{which + 1}.00", received_on=RECEIVED, reference="X").amount
        except ReferenceTaken:
            return None

    recorded = [amount for amount in at_once_in_threads(database_url, 10, record) if amount]
    assert len(recorded) == 1
    assert ask(book, select(Repayment.amount)) == [tuple(recorded)]
    assert revision(book) == 2


def test_a_loan_that_is_voided_while_a_file_is_checked_takes_no_money(database_url, book):
    loan = lend(book, reference="A-1")
    file, voided = repayments_file(f"A-1,94.56,{RECEIVED},R-1"), []

    def meanwhile(*_):
        if not voided:
            with a_book(database_url) as other:
                voided.append(other.void_loan(loan.id))

    with pytest.raises(InvalidFile, match="Loan A-1 is"):
        book.import_repayments(BytesIO(file), progress=meanwhile)
    assert ask(book, select(func.count(Repayment.id))) == [(0,)]
    assert book.loan(loan.id).voided_at


# One question, one revision


def plain(found):
    """An answer in values that compare."""
    if isinstance(found, pd.DataFrame):
        return found.to_csv()
    if isinstance(found, dict):
        return {key: plain(value) for key, value in found.items()}
    return asdict(found) if hasattr(found, "__dataclass_fields__") else found


def statement(book):
    found = book.statement(1, DAY)
    return found.status, found.installments.to_csv(), found.repayments.to_csv()


def unzipped(book):
    with ZipFile(BytesIO(b"".join(book.export_all(DAY)))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


QUESTIONS = {
    "status": lambda book: book.status(1, DAY),
    "statement": statement,
    "loans": lambda book: book.loans(DAY),
    "portfolio": lambda book: book.portfolio(DAY),
    "curves": lambda book: book.curves(DAY),
    "collections": lambda book: book.collections([(date(2024, 2, 1), DAY)]),
    "repayments": lambda book: [plain(each) for each in vars(book.repayments(DAY)).values()],
    "export_loans": lambda book: b"".join(book.export_loans(DAY)),
    "export_repayments": lambda book: b"".join(book.export_repayments(DAY)),
    "export_schedule": lambda book: b"".join(book.export_schedule(DAY)),
    "export_all": unzipped,
}


@contextmanager
def after_the_first_read(do):
    """Do something once, when somebody's first statement has been answered, or first glance."""
    left, glance = [do], Store.glance

    def listen(connection, cursor, statement, *_):
        if left and statement.startswith("SELECT"):
            left.pop()()

    def glancing(*asked, **values):
        found = glance(*asked, **values)
        if left:
            left.pop()()
        return found

    event.listen(Engine, "after_cursor_execute", listen)
    try:
        with patch.object(Store, "glance", glancing):
            yield
    finally:
        event.remove(Engine, "after_cursor_execute", listen)
    assert left == []


def write_three_times(url, book_says, editions):
    """Three writes by somebody else, and what a book that remembers nothing says before and after each."""
    writes = (
        lambda book: None,
        lambda book: lend(book, borrower="Second"),
        lambda book: book.add_repayment(1, "94.56", received_on=RECEIVED),
        lambda book: book.add_repayment(2, "50.00", received_on=RECEIVED),
    )
    for write in writes:
        with a_book(url) as other:
            write(other)
            editions.append(plain(book_says(other)))


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_is_of_one_revision_whatever_is_written_meanwhile(database_url, book, question):
    book_says = QUESTIONS[question]
    for _ in ("asked for the first time", "asked again"):
        # What a book remembers it reads again once something was written.
        lend(book)
        editions = []
        with after_the_first_read(partial(write_three_times, database_url, book_says, editions)):
            answered = plain(book_says(book))
        assert answered in editions
        assert plain(book_says(book)) == editions[-1]


# Many starters


def open_it(ready, url):
    ready.wait(PATIENCE)
    with a_book(url) as book:
        return ask(book, select(Edition.book_id, Edition.revision))


def is_one_schema(book):
    """Whether there is one of each table and one book, and the schema is the newest."""
    with book._store.read() as session:
        tables = inspect(session.connection()).get_table_names()
        versions = session.execute(text("SELECT version_num FROM alembic_version")).all()
    return sorted(tables) == sorted([*Base.metadata.tables, "alembic_version"]) and len(versions) == 1


def test_eight_processes_that_open_a_new_book_at_once_open_the_same(blank_url):
    answers = at_once(open_it, *[(blank_url,)] * 8)
    assert answers == [answers[0]] * 8
    with a_book(blank_url) as book:
        assert is_one_schema(book)
        assert ask(book, select(Edition.book_id, Edition.revision)) == answers[0]


def migrate_slowly(ready, url, seconds):
    """Open a new book; with the lock in hand and a table made, set the others off, and take so long for the rest."""

    def dawdle(connection, cursor, statement, *_):
        if statement.lstrip().startswith("CREATE TABLE loans"):
            ready.wait(PATIENCE)
            time.sleep(seconds)

    event.listen(Engine, "after_cursor_execute", dawdle)
    with a_book(url) as book:
        return ask(book, select(Edition.book_id, Edition.revision))


def start(ready, url, is_first):
    """What the book is, and how long it took to open."""
    if is_first:
        return migrate_slowly(ready, url, 2), 2
    # A write waits for others 50 ms here; who waits for a migration waits for it as long as it may take.
    store_module.LOCK_WAIT_MS = 50
    ready.wait(PATIENCE)
    began = time.monotonic()
    with a_book(url) as book:
        return ask(book, select(Edition.book_id, Edition.revision)), time.monotonic() - began


def test_who_starts_during_a_migration_waits_for_it_and_works(blank_url):
    answers = at_once(start, (blank_url, True), *[(blank_url, False)] * 3)
    assert [each for each in answers if not isinstance(each, tuple)] == []
    (found, _), *_ = answers
    assert [book for book, _ in answers] == [found] * 4
    assert min(waited for _, waited in answers) > 1
    with a_book(blank_url) as book:
        assert is_one_schema(book)
        assert lend(book).reference == "L-0001"


def test_a_migration_that_is_killed_is_done_by_the_next_who_starts(blank_url):
    is_migrating = processes.Barrier(2)
    first = processes.Process(target=migrate_slowly, args=(is_migrating, blank_url, PATIENCE))
    first.start()
    is_migrating.wait(PATIENCE)
    first.kill()
    first.join(PATIENCE)
    assert first.exitcode == -signal.SIGKILL
    with a_book(blank_url) as book:
        assert is_one_schema(book)
        assert lend(book).reference == "L-0001"


# One that is killed


def import_it(url, file, is_started):
    # Who is killed tells nobody which lines it ran; to count them would take twice as long as the import.
    sys.settrace(None)
    with a_book(url) as book, open(file, "rb") as content:
        is_started.set()
        book.import_repayments(content)


def test_of_twenty_imports_that_are_killed_none_is_there_in_part(tmp_path):
    file, empty = tmp_path / "repayments.csv", tmp_path / "empty.db"
    file.write_bytes(repayments_file(*(f"A-{n % 100},1.00,{RECEIVED},R-{n}" for n in range(ROWS))))
    with a_book(f"sqlite:///{empty}") as book:
        book.import_loans(BytesIO(loans_file(*(f"A-{n}" for n in range(100)))))
    chance = Random(20)
    whole_import = {"repayments": ROWS, "batches": 2, "revision": 2, "stamped": 100, "sum": 100 * ROWS}
    nothing = {"repayments": 0, "batches": 1, "revision": 1, "stamped": 0, "sum": None}

    began = time.monotonic()
    killed_after(tmp_path / "whole.db", empty, file, PATIENCE)
    seconds = time.monotonic() - began
    assert in_the_file(tmp_path / "whole.db") == whole_import
    # One kill in each twentieth of the time that an import takes, somewhere in it.
    found = []
    for number in range(20):
        moment = (number + chance.random()) / 20 * seconds
        database = tmp_path / f"{number}.db"
        killed_after(database, empty, file, moment)
        found.append(in_the_file(database))
        database.unlink()
    assert [each for each in found if each not in (nothing, whole_import)] == []
    assert nothing in found


def killed_after(database, copied_from, file, seconds):
    """Import into a copy of a book, in a process that is killed after so many seconds if it is not done by then."""
    shutil.copyfile(copied_from, database)
    is_started = processes.Event()
    process = processes.Process(target=import_it, args=(f"sqlite:///{database}", str(file), is_started))
    process.start()
    assert is_started.wait(PATIENCE)
    process.join(seconds)
    process.kill()
    process.join(PATIENCE)


def in_the_file(database):
    """What a killed import left, read without any of our code."""
    connection = sqlite3.connect(database)
    counts = {
        "repayments": "SELECT COUNT(*) FROM repayments",
        "batches": "SELECT COUNT(*) FROM batches",
        "revision": "SELECT revision FROM book",
        "stamped": "SELECT COUNT(*) FROM loans WHERE revision = 2",
        "sum": "SELECT SUM(amount) FROM repayments",
    }
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found = {name: connection.execute(query).fetchone()[0] for name, query in counts.items()}
    connection.close()
    return found
