"""The database: how it is opened, what one reads in it, how one writes, and what it refuses in words."""

import os
import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine, MetaData, Table, create_engine, event, inspect, make_url, select, text
from sqlalchemy.exc import IntegrityError, InternalError

from loan_core import store as store_module
from loan_core.errors import DatabaseBusy, DatabaseUnusable, Refusal, TookTooLong
from loan_core.models import Edition, Loan, Repayment, Revision
from loan_core.recording import taken_references
from loan_core.store import Store, edition
from tests.servers import free_port, postgresql_server

NOBODY = 65534
NOW = datetime(2026, 6, 2, 10, 5, tzinfo=UTC)
NO_DATABASE = (
    "{said} is not a database that a loan book can be kept in. Write "
    "sqlite:///loans.db for a file, or postgresql://user:password@host/name."
)
OF_ANOTHER = "holds tables of another program. Give the loan book one of its own."


@pytest.fixture
def store(database_url):
    opened = Store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def short_wait(monkeypatch):
    """Whoever does not get the lock says so after a tenth of a second."""
    monkeypatch.setattr(store_module, "LOCK_WAIT_MS", 100)


def revision(store):
    with store.read() as session:
        return edition(session).revision


def refused(url):
    """What the store says of a database that it does not open."""
    with pytest.raises(DatabaseUnusable) as refusal:
        Store(url).close()
    return str(refusal.value)


def execute(url, *statements):
    """Something that another program does to a database."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def tables(url):
    engine = create_engine(url)
    found = inspect(engine).get_table_names()
    engine.dispose()
    return sorted(found)


def version(url):
    """The newest migration that a database has seen."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    engine.dispose()
    return found


@contextmanager
def as_a_user_without_rights():
    """Root may do anything; whoever else runs the tests may not write in a file without the right to."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@contextmanager
def listening(to, do):
    """Something more happens in every connection, whoever opens it."""
    event.listen(Engine, to, do)
    try:
        yield
    finally:
        event.remove(Engine, to, do)


def revision_and_loans(session):
    """What one transaction sees of the book, past all that the session may remember."""
    counted = session.scalar(text("SELECT COUNT(*) FROM loans"))
    return session.scalar(text("SELECT revision FROM book")), counted


def a_loan(number, revision):
    return Loan(
        id=number,
        reference=f"L-{number}",
        borrower="",
        loan_amount=1,
        currency="USD",
        interest_rate=0,
        rate_period="month",
        repayment_period=1,
        frequency="monthly",
        method="annuity",
        rounding="half_up",
        start_on=date(2025, 10, 1),
        installment=1,
        note="",
        recorded_by="",
        created_at=datetime(2025, 10, 1, tzinfo=UTC),
        revision=revision,
    )


def write_and_fail(store, error):
    with store.write(NOW) as write:
        write.session.add(a_loan(1, write.revision))
        write.session.flush()
        raise error


def open_and_write(url):
    store = Store(url)
    try:
        with store.write(NOW) as write:
            write.session.add(a_loan(1, write.revision))
    finally:
        store.close()


# Opening


def test_opening_a_book_again_changes_nothing(blank_url):
    seen = []
    for _ in range(2):
        store = Store(blank_url)
        with store.read() as session:
            book = edition(session)
            seen.append((book.book_id, book.revision, tables(blank_url)))
        store.close()
    assert seen[0] == seen[1]
    assert seen[0][2] == [
        "acknowledgements",
        "alembic_version",
        "batches",
        "book",
        "loans",
        "repayments",
        "requests",
        "revisions",
    ]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
def test_postgresql_goes_by_any_of_its_schemes(blank_postgresql_url, scheme):
    store = Store(blank_postgresql_url.replace("postgresql+psycopg", scheme, 1))
    assert revision(store) == 0
    store.close()


def test_postgresql_keeps_the_book_where_the_url_says(blank_postgresql_url):
    # A URL may choose a schema by the server's own options, and those must not get lost beside ours.
    execute(blank_postgresql_url, "CREATE SCHEMA elsewhere")
    Store(f"{blank_postgresql_url}&options=-csearch_path%3Delsewhere").close()
    engine = create_engine(blank_postgresql_url)
    assert "loans" in inspect(engine).get_table_names("elsewhere")
    engine.dispose()


def test_sqlite_is_as_safe_as_it_can_be(blank_sqlite_url):
    # Measured before: no lost repayment of 320 with these, up to 273 lost without.
    asked = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    store = Store(blank_sqlite_url)
    with store.read() as one, store.read() as another, store.write(NOW) as write:
        for session in (one, another, write.session):
            assert {name: session.scalar(text(f"PRAGMA {name}")) for name in asked} == asked
    store.close()


def test_postgresql_waits_five_seconds_and_speaks_of_utc(blank_postgresql_url):
    store = Store(blank_postgresql_url)
    with store.read() as one, store.write(NOW) as write:
        for session in (one, write.session):
            assert session.scalar(text("SHOW lock_timeout")) == "5s"
            assert session.scalar(text("SHOW statement_timeout")) == "2min"
            assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "5min"
            assert session.scalar(text("SHOW timezone")) == "UTC"
        assert one.scalar(text("SHOW transaction_isolation")) == "repeatable read"
        assert one.scalar(text("SHOW transaction_read_only")) == "on"
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://127.0.0.1/loans",
        "oracle://127.0.0.1/loans",
        "redis://127.0.0.1:6379/0",
        "loans.db",
        "",
        # Kept in memory a book is gone when the program ends, and each connection has another one.
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:loans?mode=memory&uri=true",
        # A driver that is not there; a port that is none.
        "sqlite+aiosqlite:///loans.db",
        "postgresql://127.0.0.1:port/loans",
    ],
)
def test_what_is_no_database_for_a_book_is_refused_with_one_that_is(url):
    assert refused(url) == NO_DATABASE.format(said=url.partition("@")[2] or url)


@pytest.mark.parametrize("password", ["s3cret", "s3@cret", "s3%40cret"])
def test_a_refused_url_is_shown_without_its_password(password):
    said = refused(f"mysql://user:{password}@db.example/loans")
    assert said == NO_DATABASE.format(said="db.example/loans")


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    file = tmp_path / "no" / "such" / "loans.db"
    assert refused(f"sqlite:///{file}") == (
        f"The file {file} cannot be opened: check that its folder exists and is yours."
    )


def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path):
    file = tmp_path / "loans.csv"
    file.write_bytes(b"reference,loan_amount,repayment_period\r\nL-1,1000.00,12\r\n" * 40)
    before = file.read_bytes()
    assert refused(f"sqlite:///{file}") == (
        f"The file {file} is not a database. Name another one in SQLALCHEMY_DATABASE_URI."
    )
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == ["loans.csv"]


@pytest.fixture
def folder():
    """A folder that any user of this machine can reach, which pytest's own is not."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="loans-") as path:
        Path(path).chmod(0o777)
        yield Path(path)
        Path(path).chmod(0o777)


@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o777), (0o444, 0o555), (0o666, 0o555)])
def test_a_book_that_may_only_be_read_is_refused_in_words(folder, file_mode, folder_mode):
    file = folder / "loans.db"
    Store(f"sqlite:///{file}").close()
    file.chmod(file_mode)
    folder.chmod(folder_mode)
    with as_a_user_without_rights(), pytest.raises(DatabaseUnusable) as refusal:
        open_and_write(f"sqlite:///{file}")
    assert str(refusal.value) == f"The file {file} may only be read: give this account the right to write."
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT COUNT(*) FROM loans").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://user:s3cret@127.0.0.1:{port}/loans", "127.0.0.1/loans"),
        ("postgresql:///loans?host={folder}", "the local server/loans"),
    ],
)
def test_a_server_that_does_not_answer_is_told_without_the_password(tmp_path, url, place):
    assert refused(url.format(port=free_port(), folder=tmp_path)) == (
        f"The database {place} does not answer. Check that it runs and that its URL is right."
    )


def test_a_server_that_goes_away_is_told_at_the_next_question_and_back_again_it_answers(postgresql):
    with postgresql.database() as url:
        store = Store(url)
        assert revision(store) == 0
        with postgresql.connect() as server:
            named = make_url(url).database
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [named])
        assert revision(store) == 0
    with pytest.raises(DatabaseUnusable, match="does not answer"):
        revision(store)
    store.close()


def test_a_server_that_was_restarted_is_found_again_by_every_connection():
    """A real server, ended and started again on the same data: the pool held connections to the one before."""
    with TemporaryDirectory(prefix="loans-pg-", dir="/tmp") as directory:
        with postgresql_server(directory) as server:
            url = server.new_database()
            store = Store(url)
            with store.read() as one, store.read() as another:
                assert [edition(session).revision for session in (one, another)] == [0, 0]
        with pytest.raises(DatabaseUnusable, match="does not answer"):
            revision(store)
        with postgresql_server(directory):
            assert revision(store) == 0
            with store.write(NOW) as write:
                assert write.revision == 1
            assert revision(store) == 1
            store.close()


def test_a_process_holds_as_many_connections_as_it_was_told(postgresql_url, short_wait):
    store = Store(postgresql_url, connections=2)
    with store.read() as one, store.read() as another:
        assert [edition(session).revision for session in (one, another)] == [0, 0]
        with pytest.raises(DatabaseBusy):
            revision(store)
    assert revision(store) == 0
    store.close()


def test_a_statement_that_takes_too_long_is_stopped_in_words(postgresql_url, monkeypatch):
    monkeypatch.setattr(store_module, "STATEMENT_WAIT_MS", 50)
    store = Store(postgresql_url)
    with pytest.raises(TookTooLong, match="took too long"), store.read() as session:
        session.execute(text("SELECT pg_sleep(20)"))
    with store.write(NOW, takes_time=True) as write:
        assert write.session.scalar(text("SELECT 1 FROM pg_sleep(0.1)")) == 1
    store.close()


def test_many_rows_that_a_constraint_refuses_are_the_programmers_error(store):
    with pytest.raises(IntegrityError), store.write(NOW) as write:
        write.insert(Edition, ("id", "book_id", "revision"), [(2, "another", 0)])
    assert revision(store) == 0


def test_a_connection_that_breaks_in_the_middle_is_told_in_words(postgresql_url):
    store = Store(postgresql_url)
    with pytest.raises(DatabaseUnusable, match="does not answer"), store.write(NOW) as write:
        write.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert revision(store) == 0
    store.close()


def test_a_database_that_is_refused_is_let_go(blank_postgresql_url):
    Store(blank_postgresql_url).close()
    execute(blank_postgresql_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseUnusable) as refusal:
        Store(blank_postgresql_url)
    # The refusal is still held, and with it all that led to it: no garbage collection has closed anything.
    assert refusal.value
    engine = create_engine(blank_postgresql_url)
    with engine.connect() as connection:
        connected = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()"
        assert connection.scalar(text(connected)) == 1
    engine.dispose()


@pytest.mark.parametrize("table", ["loans", "book", "repayments"])
def test_a_database_of_another_program_is_refused_and_left_as_it_was(blank_url, table):
    execute(blank_url, f"CREATE TABLE {table} (isbn VARCHAR(13))", f"INSERT INTO {table} VALUES ('9780131103627')")
    assert refused(blank_url).endswith(OF_ANOTHER)
    assert tables(blank_url) == [table]
    engine = create_engine(blank_url)
    with engine.connect() as connection:
        assert connection.scalar(text(f"SELECT isbn FROM {table}")) == "9780131103627"
    engine.dispose()


def test_a_book_of_a_newer_version_is_refused_and_left_as_it_was(blank_url):
    Store(blank_url).close()
    newest = version(blank_url)
    execute(blank_url, "UPDATE alembic_version SET version_num = '9999'")
    assert refused(blank_url) == ("This book was written by a newer version of Loan Book. Update this one to open it.")
    execute(blank_url, f"UPDATE alembic_version SET version_num = '{newest}'")
    Store(blank_url).close()


def test_an_older_book_is_brought_to_the_newest_schema_with_what_it_holds(blank_url, monkeypatch):
    upgrade = store_module.command.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(store_module.command, "upgrade", lambda config, _: upgrade(config, "0001"))
        Store(blank_url).close()
    engine = create_engine(blank_url)
    with engine.begin() as connection:
        # Of the columns that a loan had then; it was voided, and nobody wrote down by whom.
        then = Table("loans", MetaData(), autoload_with=connection)
        agreed = {each.name: getattr(a_loan(1, 7), each.name) for each in then.columns}
        connection.execute(then.insert(), agreed | {"voided_at": agreed["created_at"], "void_reason": "Entered twice"})
        connection.execute(text("UPDATE book SET revision = 7"))
    engine.dispose()
    store = Store(blank_url)
    with store.write(datetime(2025, 1, 1, tzinfo=UTC)) as write:
        known = write.session.get_one(Loan, 1)
        assert (known.void_reason, known.voided_by) == ("Entered twice", "")
        assert write.session.get_one(Revision, 7).written_at == known.created_at < write.at
    store.close()


def test_a_migration_that_fails_leaves_nothing_behind(blank_url):
    def fail(connection, cursor, statement, *_):
        if statement.startswith("INSERT INTO book"):
            raise ZeroDivisionError

    with listening("before_cursor_execute", fail), pytest.raises(ZeroDivisionError):
        Store(blank_url)
    assert tables(blank_url) == []
    Store(blank_url).close()
    assert "loans" in tables(blank_url)


# Reading


def test_a_reader_sees_one_revision_whatever_is_written_meanwhile(store):
    with store.read() as session:
        seen = [revision_and_loans(session)]
        for number in (1, 2):
            with store.write(NOW) as write:
                write.session.add(a_loan(number, write.revision))
            seen.append(revision_and_loans(session))
    assert seen == [(0, 0)] * 3
    with store.read() as session:
        assert revision_and_loans(session) == (2, 2)


def test_threads_that_read_side_by_side_see_one_revision(store):
    most = 3 if store.is_near else 1
    with store.read() as session, store.beside(session, 3) as sessions:
        assert sessions[0] is session
        assert [edition(each).revision for each in sessions] == [0] * most


def test_who_would_see_a_later_revision_does_not_read_beside(store):
    with store.read() as session:
        assert edition(session).revision == 0
        with store.write(NOW) as write:
            assert write.revision == 1
        with store.beside(session, 3) as sessions:
            assert sessions == [session]


def test_what_is_written_in_a_question_comes_to_nothing(store):
    # PostgreSQL does not even try: the transaction is read-only.
    with suppress(InternalError), store.read() as session:
        session.add(a_loan(1, 1))
        session.flush()
    with store.read() as session:
        assert revision_and_loans(session) == (0, 0)


# Writing


def test_a_write_moves_the_revision_once_and_only_if_it_asks_for_it(store):
    with store.write(NOW) as write:
        assert write.revision_before == 0
    assert revision(store) == 0
    with store.write(NOW) as write:
        assert (write.revision_before, write.revision, write.revision) == (0, 1, 1)
    assert revision(store) == 1


@pytest.mark.parametrize("error", [ZeroDivisionError(), KeyboardInterrupt(), DatabaseBusy()], ids=repr)
def test_a_write_that_does_not_end_well_did_not_happen(store, error):
    with pytest.raises(type(error)):
        write_and_fail(store, error)
    with store.read() as session:
        assert revision_and_loans(session) == (0, 0)


def test_ids_go_on_from_the_largest(store):
    with store.write(NOW) as write:
        assert write.next_id(Loan) == 1
        write.session.add(a_loan(7, write.revision))
        write.session.flush()
        assert write.next_id(Loan) == 8


@pytest.mark.usefixtures("short_wait")
def test_a_write_that_cannot_get_the_lock_is_refused_and_goes_through_later(database_url):
    first, second = Store(database_url), Store(database_url)
    with first.write(NOW) as write:
        write.session.add(a_loan(1, write.revision))
        write.session.flush()
        with pytest.raises(DatabaseBusy) as refusal, second.write(NOW):
            raise AssertionError("two write at once")
        # Who only asks is never kept waiting.
        assert revision(second) == 0
    assert str(refusal.value) == "The book is busy with another entry. Nothing was written: try again in a moment."
    with second.write(NOW) as write:
        assert write.revision_before == 1
    first.close()
    second.close()


def test_a_write_waits_its_turn(database_url):
    first, second = Store(database_url), Store(database_url)

    def write_second():
        with second.write(NOW) as write:
            return write.revision

    with ThreadPoolExecutor(1) as another:
        with first.write(NOW) as write:
            waiting = another.submit(write_second)
            assert write.revision == 1
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.2)
        assert waiting.result(timeout=5) == 2
    first.close()
    second.close()


def test_a_constraint_that_fails_is_the_programmers_error_and_no_refusal(store):
    with pytest.raises(IntegrityError), store.write(NOW) as write:
        write.session.add(Edition(id=2, book_id="connection already exists", revision=0))
    with store.write(NOW) as write:
        write.session.add(a_loan(1, write.revision))
    with pytest.raises(IntegrityError), store.write(NOW) as write:
        write.session.add(a_loan(1, write.revision))
    assert revision(store) == 1


def test_a_full_disk_is_told_and_nothing_is_written(sqlite_url):
    Store(sqlite_url).close()
    file = sqlite_url.removeprefix("sqlite:///")
    pages = Path(file).stat().st_size // 4096

    def fill(connection, _):
        connection.execute(f"PRAGMA max_page_count = {pages}")

    with listening("connect", fill):
        store = Store(sqlite_url)
        with pytest.raises(DatabaseUnusable) as refusal, store.write(NOW) as write:
            write.session.add_all(a_loan(number, write.revision) for number in range(1, 200))
    assert str(refusal.value) == f"The disk that holds {file} is full. Nothing was written."
    with store.read() as session:
        assert revision_and_loans(session) == (0, 0)
    store.close()


def test_a_damaged_file_is_told(sqlite_url):
    store = Store(sqlite_url)
    with store.write(NOW) as write:
        write.session.add_all(a_loan(number, write.revision) for number in range(1, 200))
    store.close()
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    with sqlite3.connect(file) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'loans'").fetchone()[0]
    connection.close()
    with file.open("r+b") as content:
        content.seek((page - 1) * 4096)
        content.write(b"\xff" * 4096)
    store = Store(sqlite_url)
    with pytest.raises(Refusal) as refusal, store.read() as session:
        session.get(Loan, 1)
    assert str(refusal.value) == f"The file {file} is damaged. Restore it from a backup."
    store.close()


def revision_seen(store):
    with store.read() as session:
        return edition(session).revision


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_was_moved_is_not_written_to_and_back_again_it_is(sqlite_url, tmp_path, is_replaced):
    """SQLite alone would go on writing to a file without a name, and make an empty one in its place."""
    store, file, away = Store(sqlite_url), tmp_path / "loans.db", tmp_path / "away.db"
    file.rename(away)
    if is_replaced:
        file.touch()
    for _ in range(3):
        with pytest.raises(DatabaseUnusable, match="was moved, deleted or replaced while it was open"):
            revision_seen(store)
        with pytest.raises(DatabaseUnusable, match="Nothing was written"), store.write(NOW):
            raise AssertionError
        with pytest.raises(DatabaseUnusable):
            store.glance(select(Edition.revision))
    assert file.exists() == is_replaced
    away.rename(file)
    with store.write(NOW) as write:
        assert write.revision == 1
    store.close()


def test_a_file_that_was_moved_during_a_write_keeps_none_of_it(sqlite_url, tmp_path):
    store, file, away = Store(sqlite_url), tmp_path / "loans.db", tmp_path / "away.db"

    def write_while_it_is_moved():
        with store.write(NOW) as write:
            assert write.revision == 1
            file.rename(away)

    with pytest.raises(DatabaseUnusable, match="was moved"):
        write_while_it_is_moved()
    away.rename(file)
    assert revision_seen(store) == 0
    store.close()


def test_a_disk_that_answers_with_an_error_is_said() -> None:
    # The one file of every machine that cannot be locked, grown and read like a file.
    with pytest.raises(DatabaseUnusable, match="The disk that holds /dev/null answers with an error"):
        Store("sqlite:////dev/null")


@pytest.mark.parametrize("clock", [timedelta(0), timedelta(seconds=-5), timedelta(seconds=5)], ids=str)
def test_every_revision_is_later_than_the_one_before_whatever_the_clocks_say(store, clock):
    for now in (NOW, NOW + clock):
        with store.write(now) as write:
            assert write.revision
    with store.read() as session:
        first, second = (session.get_one(Revision, number).written_at for number in (1, 2))
        assert first == NOW < second
        assert second == max(NOW + clock, NOW + timedelta(microseconds=1)) == edition(session).written_at


def test_a_write_that_changes_nothing_is_no_revision(store):
    with store.write(NOW):
        pass
    with store.read() as session:
        assert session.get(Revision, 1) is None
        assert edition(session).written_at is None


@pytest.mark.parametrize("table", [Loan, Repayment])
def test_a_reference_is_looked_up_without_reading_every_row(sqlite_url, table):
    store, asked = Store(sqlite_url), []

    def keep(connection, cursor, statement, values, *_):
        asked.append((statement, values))

    with store.read() as session:
        event.listen(session.connection(), "before_cursor_execute", keep)
        taken_references(session, table, ["x"])
        ((statement, values),) = asked
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    store.close()
    steps = [row.detail for row in plan if table.__tablename__ in row.detail]
    assert [step.split()[0] for step in steps] == ["SEARCH", "SEARCH"]
