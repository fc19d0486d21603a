"""How the book is written: by one at a time, one by itself or several in one transaction.

To reach the disk takes longer than to write. So what many callers wait for can be written in one round, each all or
nothing. Each is answered only when all of it is on the disk; what one of them does wrong is undone for that one alone,
and what keeps the round from the disk is told to all of them.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cache, cached_property
from threading import Event, Lock
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Select,
    Table,
    Transaction,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy.orm import Session

from loan_core.errors import DatabaseBusy
from loan_core.models import Edition, Loan, Revision
from loan_core.prepared import as_raised, driver_of, prepared, stored

_MOMENT = timedelta(microseconds=1)

_LAST = select(Edition.revision, Edition.written_at).with_for_update()
_MOVED = (
    cast(Table, Edition.__table__).update().values(revision=bindparam("revision"), written_at=bindparam("written_at"))
)
_STAMPED = cast(Table, Loan.__table__).update().where(Loan.id == bindparam("of")).values(revision=bindparam("stamp"))


@cache
def _largest_id(table: Table) -> Select[Any]:
    return select(func.max(table.c.id))


@cache
def _inserted(table: Table) -> tuple[Insert, dict[str, Any]]:
    """How a row of a table is inserted, and what its columns are that nobody has set."""
    return table.insert(), {each.key: getattr(each.default, "arg", None) for each in table.columns}


class Write:
    """One writer's part under the book's lock. To ask for its ``revision`` is to move it; else it stays.

    ``at`` is its instant, later than that of every write before, whatever the clocks of those who write say: what was
    recorded by an instant is what some revision held.
    """

    def __init__(self, session: Session, connection: Connection, now: datetime) -> None:
        self.session = session
        self._connection = connection
        self._driver = driver_of(connection)
        self.revision_before: int
        self.revision_before, written_at = self.first(_LAST)
        self.touched: set[int] = set()
        self.at = max(now, written_at + _MOMENT) if written_at else now

    def first(self, statement: Any, **values: object) -> Any:
        """The first row of a statement that the program keeps, or None."""
        return prepared(statement, self._connection.dialect).first(self._driver, values)

    def run(self, statement: Any, **values: object) -> None:
        prepared(statement, self._connection.dialect).run(self._driver, values)

    @cached_property
    def revision(self) -> int:
        revision = self.revision_before + 1
        self.run(_MOVED, revision=revision, written_at=self.at)
        self.add(Revision(revision=revision, written_at=self.at))
        return revision

    def stamp(self, loan_id: int) -> None:
        """Mark a loan as changed by this write."""
        self.run(_STAMPED, of=loan_id, stamp=self.revision)
        self.touched.add(loan_id)

    def add(self, row: Any) -> None:
        """Insert a row at once, without the ceremony by which a session finds out what is new: all of it is."""
        insert, defaults = _inserted(row.__table__)
        for name, value in defaults.items():
            if value is not None and getattr(row, name) is None:
                setattr(row, name, value)
        self.run(insert, **{name: getattr(row, name) for name in defaults})

    def stamp_where(self, condition: ColumnElement[bool]) -> int:
        """Mark all such loans as changed by this write, and count them."""
        marked = update(Loan).where(condition).values(revision=self.revision).returning(Loan.id)
        ids = self.session.scalars(marked).all()
        self.touched.update(ids)
        return len(ids)

    def next_id(self, table: type[Any]) -> int:
        """The id of the next row of a table; the lock keeps it ours."""
        largest: int | None = self.first(_largest_id(table.__table__))[0]
        return (largest or 0) + 1

    def insert(self, table: type[Any], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Many rows of some columns, by the driver's own fast path; a value is as its column stores it."""
        connection, driver = self._connection, self._driver
        named = f"{table.__tablename__} ({', '.join(columns)})"
        try:
            if connection.dialect.name == "sqlite":
                driver.executemany(f"INSERT INTO {named} VALUES ({', '.join('?' * len(columns))})", rows)  # noqa: S608
                return
            with driver.cursor() as cursor, cursor.copy(f"COPY {named} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        except connection.dialect.loaded_dbapi.Error as error:
            raise as_raised(error, connection.dialect, f"INSERT INTO {named}") from error

    def as_stored(self, column: Any, value: object) -> Any:
        """A value as the driver takes it for a column."""
        process = stored(column.type, self._connection.dialect)
        return process(value) if process else value


class Round:
    """One transaction, and those who write in it, one after the other."""

    def __init__(self, connection: Connection, is_shared: bool) -> None:
        self._connection = connection
        self._is_shared = is_shared
        self._failure: BaseException | None = None
        self.touched: set[int] = set()

    @contextmanager
    def write(self, now: datetime) -> Iterator[Write]:
        """Of the next who writes: all of the transaction, or a part of it that can be undone by itself."""
        if self._failure:
            raise self._failure
        try:
            with self._part(), self._session() as session:
                write = Write(session, self._connection, now)
                yield write
                # Who used it may have changed rows of it, and in a part it may have begun one of its own.
                if session.in_transaction():
                    session.commit()
        except BaseException as error:
            # Whoever failed has undone what was theirs; where that ended the transaction, it ended for all.
            if not self._is_open:
                self._failure = error
            raise
        self.touched |= write.touched

    def _session(self) -> Session:
        mode: Any = "create_savepoint" if self._is_shared else "rollback_only"
        return Session(self._connection, expire_on_commit=False, join_transaction_mode=mode)

    @contextmanager
    def _part(self) -> Iterator[None]:
        if not self._is_shared:
            yield
            return
        run = driver_of(self._connection).execute
        run("SAVEPOINT part")
        try:
            yield
        except BaseException:
            # Where the transaction has ended, the part has ended with it.
            with suppress(self._connection.dialect.loaded_dbapi.Error):
                run("ROLLBACK TO SAVEPOINT part")
            raise
        run("RELEASE SAVEPOINT part")

    @property
    def _is_open(self) -> bool:
        """Whether the transaction is still there: some failures, a full disk among them, end it on their own."""
        if self._connection.invalidated:
            return False
        driver = driver_of(self._connection)
        if self._connection.dialect.name == "sqlite":
            return bool(driver.in_transaction)
        return bool(driver.info.transaction_status.name == "INTRANS")

    def commit(self, transaction: Transaction) -> None:
        if self._failure:
            raise self._failure
        assert self._is_open
        try:
            transaction.commit()
        except BaseException as error:
            # Nobody knows what a connection still holds that could not commit.
            self._connection.invalidate(error)
            raise


class Writers:
    """Those of one process who write, first come, first served.

    At a database's own lock each would sleep a little longer than the last time, or take up a connection to wait.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mutex = Lock()
        self._waiting: deque[Event] = deque()
        self._is_busy = False

    @contextmanager
    def round(self, patience: float, is_shared: bool) -> Iterator[Round]:
        """The transaction to write in, once it is one's turn, within so many seconds; it is on the disk afterwards."""
        self._come(patience)
        try:
            with self._engine.connect() as connection, connection.begin() as transaction:
                round = Round(connection, is_shared)
                yield round
                round.commit(transaction)
        finally:
            self._pass_on()

    def _come(self, patience: float) -> None:
        mine = Event()
        with self._mutex:
            if not self._is_busy:
                self._is_busy = True
                return
            self._waiting.append(mine)
        if not mine.wait(patience):
            with self._mutex:
                # Unless it came just now, and is to be taken.
                if mine in self._waiting:
                    self._waiting.remove(mine)
                    raise DatabaseBusy

    def _pass_on(self) -> None:
        with self._mutex:
            self._is_busy = bool(self._waiting)
            if self._waiting:
                self._waiting.popleft().set()
