"""Several who write at once in one process: each all or nothing, one transaction for those who wait for each other."""

import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from random import Random

import pytest
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from loan_core import store as store_module
from loan_core.book import Book
from loan_core.errors import DatabaseBusy, DatabaseUnusable, InvalidEntry
from loan_core.models import Loan, Repayment, Revision
from loan_core.store import Store, edition

NOW = datetime(2026, 6, 2, 10, 5, tzinfo=UTC)
STARTED = date(2026, 1, 1)


@pytest.fixture
def store(database_url):
    opened = Store(database_url)
    yield opened
    opened.close()


@contextmanager
def at_every_commit(do):
    """Something more happens whenever anybody commits."""

    def commit(connection):
        do()

    event.listen(Engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(Engine, "commit", commit)


def queue(store, *works, first=lambda write: write.revision):
    """What each of these writers is answered, first the one for whom the others waited, in this order."""

    def write(work, **how):
        with store.write(NOW, **how) as begun:
            return work(begun)

    def hold(begun):
        for number, work in enumerate(works, 1):
            waiting.append(threads.submit(write, **work) if isinstance(work, dict) else threads.submit(write, work))
            while len(store._writers._waiting) < number:
                time.sleep(0.001)
        return first(begun)

    waiting = []
    with ThreadPoolExecutor(len(works) + 1) as threads:
        answers = [threads.submit(write, hold)]
        # It has sent them all to wait before it is over.
        wait(answers)
        answers += waiting
    return [each.exception() or each.result() for each in answers]


def lend(number, write):
    loan = Loan(
        id=number,
        loan_amount=100_000,
        interest_rate=20_000,
        repayment_period=12,
        created_at=write.at,
        reference=f"L-{number}",
        borrower="",
        currency="USD",
        rate_period="month",
        frequency="monthly",
        method="annuity",
        rounding="half_up",
        start_on=STARTED,
        installment=9_456,
        note="",
        recorded_by="",
        revision=write.revision,
    )
    write.add(loan)
    return write.revision


def lend_and_fail(number, write):
    lend(number, write)
    raise ZeroDivisionError


def seen(store):
    """The revision of the book, and the ids of its loans."""
    with store.read() as session:
        return edition(session).revision, session.scalars(select(Loan.id).order_by(Loan.id)).all()


def test_those_who_wait_for_each_other_write_in_one_transaction(store):
    commits = []
    with at_every_commit(lambda: commits.append(1)):
        answers = queue(store, *(partial(lend, number) for number in range(1, 6)))
    assert answers == [1, 2, 3, 4, 5, 6]
    assert len(commits) == 1
    assert seen(store) == (6, [1, 2, 3, 4, 5])
    with store.read() as session:
        instants = session.scalars(select(Revision.written_at).order_by(Revision.revision)).all()
    assert len(instants) == 6
    assert instants == sorted(set(instants))


def test_what_one_of_them_does_wrong_is_undone_for_that_one_alone(store):
    works = [partial(lend, 1), partial(lend_and_fail, 2), partial(lend, 1), partial(lend, 3)]
    commits = []
    with at_every_commit(lambda: commits.append(1)):
        first, one, failed, twice, three = queue(store, *works)
    assert (first, one, three) == (1, 2, 3)
    assert isinstance(failed, ZeroDivisionError)
    assert isinstance(twice, IntegrityError)
    assert len(commits) == 1
    assert seen(store) == (3, [1, 3])


def test_where_the_first_fails_those_who_wait_begin_anew(store):
    failed, one, two = queue(store, partial(lend, 1), partial(lend, 2), first=partial(lend_and_fail, 1))
    assert isinstance(failed, ZeroDivisionError)
    assert (one, two) == (1, 2)
    assert seen(store) == (2, [1, 2])


def test_nobody_is_answered_before_all_of_it_is_on_the_disk(store):
    told, found = [], {}
    store.after_commit = told.append

    def look(write):
        found.update(before=seen(store), told=list(told), inside=write.session.scalars(select(Loan.id)).all())
        return write.revision

    assert queue(store, partial(lend, 1), look) == [1, 2, 3]
    assert found == {"before": (0, []), "told": [], "inside": [1]}
    assert seen(store) == (3, [1])
    assert told == [set()] * 3


def test_a_commit_that_fails_is_told_to_everyone_it_was_for(store):
    def fail():
        raise ZeroDivisionError

    with at_every_commit(fail):
        answers = queue(store, partial(lend, 1), partial(lend, 2))
    assert [type(each) for each in answers] == [ZeroDivisionError] * 3
    assert seen(store) == (0, [])
    assert queue(store, partial(lend, 1)) == [1, 2]


def test_a_transaction_that_ends_in_the_middle_is_told_to_everyone_in_it(store, database_url):
    is_near = database_url.startswith("sqlite")
    # SQLite ends a transaction by itself where the disk fails; a server may be stopped at any moment.
    end = "ROLLBACK" if is_near else "SELECT pg_terminate_backend(pg_backend_pid())"
    refusal = OperationalError if is_near else DatabaseUnusable

    def break_off(write):
        lend(2, write)
        write.session.connection().exec_driver_sql(end)

    *before, after = queue(store, partial(lend, 1), break_off, partial(lend, 3))
    assert [type(each) for each in before] == [refusal] * 3
    assert after == 1
    assert seen(store) == (1, [3])


def test_who_takes_time_keeps_nobody_elses_waiting(store):
    takes_time = {"work": partial(lend, 2), "takes_time": True}
    commits = []
    with at_every_commit(lambda: commits.append(1)):
        assert queue(store, partial(lend, 1), takes_time, partial(lend, 3), partial(lend, 4)) == [1, 2, 3, 4, 5]
    assert len(commits) == 3


def test_who_has_waited_too_long_is_refused_and_the_others_go_on(store, monkeypatch):
    monkeypatch.setattr(store_module, "LOCK_WAIT_MS", 50)
    with store.write(NOW) as write:
        with pytest.raises(DatabaseBusy), store.write(NOW):
            raise AssertionError("two write at once")
        assert lend(1, write) == 1
    monkeypatch.undo()
    assert queue(store, partial(lend, 2)) == [2, 3]


def test_of_many_threads_on_one_book_each_has_what_it_was_promised(store):
    book = Book(store)
    loan_id = book.create_loan(loan_amount="1000", repayment_period=12, start_on=STARTED).id

    def record_thirty(which):
        chance, promised = Random(which), []
        for _ in range(30):
            is_wrong = chance.random() < 0.2
            try:
                promised.append(book.add_repayment(loan_id, "0" if is_wrong else "0.01", received_on=STARTED).id)
            except InvalidEntry:
                assert is_wrong
        return promised

    with ThreadPoolExecutor(8) as threads:
        promised = sorted(id for ids in threads.map(record_thirty, range(8)) for id in ids)
    with store.read() as session:
        assert session.scalars(select(Repayment.id).order_by(Repayment.id)).all() == promised
        assert promised == list(range(1, len(promised) + 1))
        assert edition(session).revision == len(promised) + 1
        assert session.scalar(text("SELECT COUNT(*) FROM revisions")) == len(promised) + 1
