"""The database: one way to read, one way to write. SQLite or PostgreSQL, by its URL; nothing connects on import."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, Select, create_engine, event, func, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from loan_core.errors import DatabaseBusy, DatabaseUnusable, Refusal, TookTooLong, shortened
from loan_core.models import Edition
from loan_core.prepared import as_raised, prepared
from loan_core.watched import WatchedFile
from loan_core.writing import Round, Write, Writers

LOCK_WAIT_MS = 5_000
MIGRATION_WAIT_MS = 120_000
STATEMENT_WAIT_MS = 120_000
"""No question of a book of a million loans takes half as long. Exports read a thousand rows at a statement, imports
write ten thousand; what ``takes_time`` by its nature, and migrations, are not broken off."""
IDLE_WAIT_MS = 300_000
"""A process that hangs with the book's lock in hand loses it then."""
_CONNECTIONS_KEPT = 5
_ROWS_AT_ONCE = 1_000
_MIGRATION_LOCK = 0x10A2_B00C
_EMPTY_TYPES = {int: "int64", str: "str", datetime: "datetime64[us, UTC]"}
_KEPT_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
_POSTGRES_OPTIONS = {"connect_timeout": 10, **_KEPT_ALIVE}
_SQLITE_BUSY = ("database is locked", "database table is locked", "database schema is locked")
_POSTGRES_BUSY = ("55P03", "40001", "40P01", "53300")
_POSTGRES_TIMED_OUT = "57014"
_NEWEST = select(Edition.book_id, Edition.revision)


class Store:
    """A loan book's database, brought to the newest schema when it is opened.

    ``after_commit`` is told the ids of the loans that a write has touched. To PostgreSQL there are at most so many
    ``connections`` at a time; who needs another waits.
    """

    def __init__(self, uri: str, connections: int = 15) -> None:
        self.after_commit: Callable[[set[int]], None] = lambda loan_ids: None
        self._engine = _engine(uri, connections)
        watched = WatchedFile(self._engine) if self.is_near else None
        self._writers = Writers(self._engine.execution_options(begin="BEGIN IMMEDIATE"))
        self._reading = self._engine
        self._round: ContextVar[Round | None] = ContextVar("round", default=None)
        if self._engine.dialect.name == "postgresql":
            # One snapshot for every statement of a question, so that an answer is of one revision.
            self._reading = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        try:
            with _refused_in_words(self._engine.url):
                _migrate(self._engine)
            if watched:
                watched.remember()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot of the book: every statement in it sees the same revision."""
        with _refused_in_words(self._engine.url), Session(self._reading, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def beside(self, session: Session, most: int) -> Iterator[list[Session]]:
        """This snapshot, and others of the same revision, at most so many in all: one for each thread that reads.

        What was written between the beginnings of two shows in their revisions. Only of a file there are others: a
        server works beside us already, and the connections to it are counted.
        """
        with ExitStack() as stack:
            others = [stack.enter_context(self.read()) for _ in range(most - 1 if self.is_near else 0)]
            seen = edition_seen(session)
            yield [session, *(each for each in others if edition_seen(each) == seen)]

    def glance(self, statement: Any, **values: object) -> Any:
        """The first row of one statement, or None, without a session's ceremony: for what is asked at every call."""
        dialect = self._engine.dialect
        with _refused_in_words(self._engine.url):
            try:
                with closing(self._engine.raw_connection()) as connection:
                    return prepared(statement, dialect).first(connection.driver_connection, values)
            except dialect.loaded_dbapi.Error as error:
                raise as_raised(error, dialect, "connect") from error

    def edition(self) -> tuple[str, int]:
        """The book's id and revision right now."""
        book_id, revision = self.glance(_NEWEST)
        return book_id, revision

    @property
    def is_near(self) -> bool:
        """Whether a glance costs no more than asking another thread for it would: the book is a file here."""
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction for all that this thread writes meanwhile, each all or nothing; then it is on the disk."""
        with self._begun(is_shared=True) as round, self._joined(round):
            yield

    @contextmanager
    def write(self, now: datetime, *, takes_time: bool = False) -> Iterator[Write]:
        """The one way to change anything: alone under the book's lock, all or nothing.

        It is on the disk when it is over; within ``together``, when that is. Of a write that ``takes_time``, an import
        or the undoing of one, no statement is broken off.
        """
        round = self._round.get()
        with (
            _refused_in_words(self._engine.url),
            nullcontext(round) if round else self._begun(is_shared=False) as round,
            round.write(now) as write,
        ):
            if takes_time and self._engine.dialect.name == "postgresql":
                write.session.execute(text("SET LOCAL statement_timeout = 0"))
            yield write

    @contextmanager
    def _begun(self, is_shared: bool) -> Iterator[Round]:
        with _refused_in_words(self._engine.url), self._writers.round(LOCK_WAIT_MS / 1000, is_shared) as round:
            yield round
        self.after_commit(round.touched)

    @contextmanager
    def _joined(self, round: Round) -> Iterator[None]:
        token = self._round.set(round)
        try:
            yield
        finally:
            self._round.reset(token)

    def close(self) -> None:
        self._engine.dispose()


_THE_BOOK: Select[Edition] = select(Edition)


def edition(session: Session) -> Edition:
    """The book's id and revision, as this snapshot sees them."""
    return session.scalars(_THE_BOOK).one()


def edition_seen(session: Session) -> tuple[str, int]:
    """The same as plain values, to be compared."""
    found = edition(session)
    return found.book_id, found.revision


def frame(session: Session, query: Any, **values: object) -> pd.DataFrame:
    """The rows of a query as a table, under the names of its columns."""
    return pd.DataFrame(columns_of(session, query, **values))


def columns_of(session: Session, query: Any, **values: object) -> dict[str, Any]:
    """The same as columns, for who adds more of them: a table that grows column by column takes three times as long."""
    result = session.execute(query, values)
    if rows := result.all():
        return dict(zip(result.keys(), map(list, zip(*rows, strict=True)), strict=True))
    return no_rows(query)


def in_turn(session: Session, query: Any, **values: object) -> Iterator[dict[str, Any]]:
    """The same row by row, read as they are asked for."""
    with session.execute(query, values, execution_options={"yield_per": _ROWS_AT_ONCE}) as result:
        names = tuple(result.keys())
        for row in result:
            yield dict(zip(names, row, strict=True))


def no_rows(query: Any) -> dict[str, Any]:
    """What ``columns_of`` says where there is nothing: without a row, a column is still of numbers or of words."""
    types = {column.key: _EMPTY_TYPES.get(column.type.python_type, "object") for column in query.selected_columns}
    return {name: pd.Series(dtype=kind).array for name, kind in types.items()}


def _engine(uri: str, connections: int) -> Engine:
    try:
        url = make_url(uri.replace("postgres://", "postgresql://", 1))
        if url.get_backend_name() == "postgresql":
            return create_engine(
                url.set(drivername="postgresql+psycopg", query={}),
                # A connection that died in the pool, as when the server was restarted, is noticed and made anew.
                pool_pre_ping=True,
                pool_size=min(connections, _CONNECTIONS_KEPT),
                max_overflow=max(connections - _CONNECTIONS_KEPT, 0),
                pool_timeout=LOCK_WAIT_MS / 1000,
                connect_args={**_POSTGRES_OPTIONS, **url.query, "options": _postgres_options(url)},
            )
        is_file = url.database and "memory" not in f"{url.database}{url.query.get('mode', '')}"
        if url.drivername not in ("sqlite", "sqlite+pysqlite") or not is_file:
            raise ArgumentError(uri)
        # A connection to a file costs nothing, and a reader never waits for one.
        engine = create_engine(url, max_overflow=-1)
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise DatabaseUnusable(
            f"{shortened(uri.rpartition('@')[2])} is not a database that a loan book can be kept in. Write "
            "sqlite:///loans.db for a file, or postgresql://user:password@host/name."
        ) from error
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgres_options(url: URL) -> str:
    """What the URL asks of the server, and what we ask beside it; the URL may ask for other time-outs of statements."""
    ours = f"-c statement_timeout={STATEMENT_WAIT_MS} -c idle_in_transaction_session_timeout={IDLE_WAIT_MS}"
    return f"{ours} {url.query.get('options', '')} -c lock_timeout={LOCK_WAIT_MS} -c timezone=UTC -c datestyle=ISO"


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # The driver's own way of beginning transactions starts them too late to lock out a second writer.
    connection.isolation_level = None
    for pragma in (f"busy_timeout = {LOCK_WAIT_MS}", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("translate", 3, _translated, deterministic=True)


def _translated(text: str, before: str, after: str) -> str:
    """PostgreSQL's ``translate``, where it makes small letters of capitals; of plain text it is quicker to take all."""
    return text.lower() if text.isascii() else text.translate(_letters(before, after))


_letters = lru_cache(maxsize=64)(str.maketrans)


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _migrate(engine: Engine) -> None:
    """Bring the schema to its newest revision. Of several starters one does it, the others wait and find it done."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        if _schema(connection, scripts) == scripts.get_current_head():
            return
    with engine.execution_options(begin="BEGIN EXCLUSIVE").connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.connection.execute(f"PRAGMA busy_timeout = {MIGRATION_WAIT_MS}")
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = {MIGRATION_WAIT_MS}"))
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            if _schema(connection, scripts) != scripts.get_current_head():
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        connection.invalidate()


def _schema(connection: Connection, scripts: ScriptDirectory) -> str | None:
    found = MigrationContext.configure(connection).get_current_revision()
    if found and found not in {script.revision for script in scripts.walk_revisions()}:
        raise DatabaseUnusable("This book was written by a newer version of Loan Book. Update this one to open it.")
    return found


@contextmanager
def _refused_in_words(url: URL) -> Iterator[None]:
    """What the database refuses, in the words of our refusals; a constraint that fails stays a programmer's error."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseBusy from error
    except DBAPIError as error:
        refusal = _refusal(error, url)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(error: DBAPIError, url: URL) -> Refusal | None:
    # What a constraint says quotes the row, and a row may say anything.
    if isinstance(error, IntegrityError | DataError):
        return None
    said = str(error.orig)
    place = url.database if url.get_backend_name() == "sqlite" else f"{url.host or 'the local server'}/{url.database}"
    if any(words in said for words in _SQLITE_BUSY) or getattr(error.orig, "sqlstate", None) in _POSTGRES_BUSY:
        return DatabaseBusy()
    if getattr(error.orig, "sqlstate", None) == _POSTGRES_TIMED_OUT:
        return TookTooLong()
    for words, sentence in _UNUSABLE.items():
        if words in said:
            return DatabaseUnusable(sentence.format(place=place))
    if error.connection_invalidated or "connection" in said:
        return DatabaseUnusable(f"The database {place} does not answer. Check that it runs and that its URL is right.")
    return None


_UNUSABLE = {
    "unable to open database file": "The file {place} cannot be opened: check that its folder exists and is yours.",
    "file is not a database": "The file {place} is not a database. Name another one in SQLALCHEMY_DATABASE_URI.",
    "attempt to write a readonly database": "The file {place} may only be read: give this account the right to write.",
    "database or disk is full": "The disk that holds {place} is full. Nothing was written.",
    "disk I/O error": "The disk that holds {place} answers with an error, or the file was replaced while it was open. "
    "Start again; if that does not help, restore it from a backup.",
    "disk image is malformed": "The file {place} is damaged. Restore it from a backup.",
    "already exists": "The database {place} holds tables of another program. Give the loan book one of its own.",
}
