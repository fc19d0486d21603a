"""How the book is written: by one at a time, and by those who wait for each other in one transaction.

To reach the disk takes longer than to write. So whoever has written lets the next who waits write in the same
transaction, and the last of them commits for all. Each is answered only then; what one of them does wrong is undone
for that one alone, and what keeps the transaction from the disk is told to all of them.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache, cached_property
from threading import Event, Lock
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Engine, Insert, Select, Table, bindparam, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from loan_core.errors import DatabaseBusy
from loan_core.models import Edition, Loan, Revision

_MOMENT = timedelta(microseconds=1)
_MOST_IN_A_ROUND = 32

_LAST = select(Edition.revision, Edition.written_at).with_for_update()
_MOVED = cast(Table, Edition.__table__).update()
_STAMPED = cast(Table, Loan.__table__).update().where(Loan.id == bindparam("of")).values(revision=bindparam("stamp"))


@cache
def _largest_id(table: Table) -> Select[Any]:
    return select(func.max(table.c.id))


@cache
def _inserted(table: Table) -> tuple[Insert, dict[str, Any]]:
    """How a row of a table is inserted, and what its columns are that nobody has set."""
    return table.insert(), {each.key: getattr(each.default, "arg", None) for each in table.columns}


class Write:
    """One transaction under the book's lock. To ask for its ``revision`` is to move it; else it stays.

    ``at`` is its instant, later than that of every write before, whatever the clocks of those who write say: what was
    recorded by an instant is what some revision held.
    """

    def __init__(self, session: Session, now: datetime) -> None:
        self.session = session
        # What is said to a session that has no row to say it of takes twice as long as to its connection.
        self._connection = session.connection()
        self.revision_before, written_at = self._connection.execute(_LAST).one()
        self.touched: set[int] = set()
        self.at = max(now, written_at + _MOMENT) if written_at else now

    @cached_property
    def revision(self) -> int:
        revision = self.revision_before + 1
        self._connection.execute(_MOVED, {"revision": revision, "written_at": self.at})
        self.add(Revision(revision=revision, written_at=self.at))
        return revision

    def stamp(self, loan: Loan) -> None:
        """Mark a loan as changed by this write."""
        self._connection.execute(_STAMPED, {"of": loan.id, "stamp": self.revision})
        set_committed_value(loan, "revision", self.revision)
        self.touched.add(loan.id)

    def add(self, row: Any) -> None:
        """Insert a row at once, without the ceremony by which a session finds out what is new: all of it is."""
        insert, defaults = _inserted(row.__table__)
        for name, value in defaults.items():
            if value is not None and getattr(row, name) is None:
                setattr(row, name, value)
        self._connection.execute(insert, {name: getattr(row, name) for name in defaults})

    def stamp_where(self, condition: ColumnElement[bool]) -> int:
        """Mark all such loans as changed by this write, and count them."""
        marked = update(Loan).where(condition).values(revision=self.revision).returning(Loan.id)
        ids = self.session.scalars(marked).all()
        self.touched.update(ids)
        return len(ids)

    def next_id(self, table: type[Any]) -> int:
        """The id of the next row of a table; the lock keeps it ours."""
        return (self._connection.scalar(_largest_id(table.__table__)) or 0) + 1

    def insert(self, table: type[Any], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Many rows of some columns, by the driver's own fast path; a value is as its column stores it."""
        connection = self._connection
        driver: Any = connection.connection.driver_connection
        named = f"{table.__tablename__} ({', '.join(columns)})"
        try:
            if connection.dialect.name == "sqlite":
                driver.executemany(f"INSERT INTO {named} VALUES ({', '.join('?' * len(columns))})", rows)  # noqa: S608
                return
            with driver.cursor() as cursor, cursor.copy(f"COPY {named} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        except connection.dialect.loaded_dbapi.Error as error:
            base = connection.dialect.loaded_dbapi.Error
            raise DBAPIError.instance(f"INSERT INTO {named}", (), error, base) from error

    def as_stored(self, column: Any, value: object) -> Any:
        """A value as the driver takes it for a column."""
        dialect = self._connection.dialect
        process = column.type.dialect_impl(dialect).bind_processor(dialect)
        return process(value) if process else value


class Round:
    """One transaction, and those who write in it, one after the other."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        try:
            self._transaction = connection.begin()
        except BaseException:
            connection.close()
            raise
        self._writers = 0
        self._ended = Event()
        self._failure: BaseException | None = None

    def session(self) -> Session:
        """Of the next writer: all of the transaction for the first, a savepoint in it for everyone after."""
        self._writers += 1
        if self._writers == 1:
            return Session(self.connection, expire_on_commit=False, join_transaction_mode="rollback_only")
        return Session(self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint")

    @property
    def is_open(self) -> bool:
        """Whether the transaction is still there: some failures, a full disk among them, end it on their own."""
        if self._failure or not self._transaction.is_active or self.connection.invalidated:
            return False
        driver: Any = self.connection.connection.driver_connection
        if self.connection.dialect.name == "sqlite":
            return bool(driver.in_transaction)
        return bool(driver.info.transaction_status.name == "INTRANS")

    @property
    def is_full(self) -> bool:
        return self._writers >= _MOST_IN_A_ROUND

    def fail(self, error: BaseException) -> None:
        """Whoever failed has undone what was theirs; where that ended the transaction, it ended for all."""
        if not self.is_open:
            self._failure = self._failure or error

    def end(self) -> None:
        """Commit for all who wrote."""
        try:
            with self.connection:
                if self._failure is None:
                    self._commit()
        finally:
            self._ended.set()

    def _commit(self) -> None:
        assert self.is_open
        try:
            self._transaction.commit()
        except BaseException as error:
            self._failure = error
            # Nobody knows what a connection still holds that could not commit.
            self.connection.invalidate(error)
            raise

    def wait(self) -> BaseException | None:
        """Until what was written is on the disk; or why it is not."""
        self._ended.wait()
        return self._failure


class Turn:
    """One writer's: whether in a round of its own, and the round that it was let into by the writer before."""

    def __init__(self, is_alone: bool) -> None:
        self.is_alone = is_alone
        self.has_come = Event()
        self.round: Round | None = None

    def lets_in(self, other: "Turn") -> bool:
        """Whether the next writer may write in the same round."""
        is_shared = not self.is_alone and not other.is_alone
        return is_shared and self.round is not None and self.round.is_open and not self.round.is_full


class Writers:
    """Those of one process who write, first come, first served.

    At a database's own lock each would sleep a little longer than the last time, or take up a connection to wait.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mutex = Lock()
        self._waiting: deque[Turn] = deque()
        self._is_busy = False

    @contextmanager
    def turn(self, patience: float, is_alone: bool) -> Iterator[Round]:
        """The round to write in, once it is one's turn, within so many seconds; it is on the disk afterwards."""
        mine = self._come(patience, is_alone)
        try:
            if mine.round is None:
                mine.round = Round(self._engine.connect())
            yield mine.round
        except BaseException as error:
            if mine.round:
                mine.round.fail(error)
            self._leave(mine)
            raise
        if failure := self._leave(mine):
            raise failure

    def _come(self, patience: float, is_alone: bool) -> Turn:
        mine = Turn(is_alone)
        with self._mutex:
            if not self._is_busy:
                self._is_busy = True
                return mine
            self._waiting.append(mine)
        if not mine.has_come.wait(patience):
            with self._mutex:
                # Unless it came just now, and is to be taken.
                if mine in self._waiting:
                    self._waiting.remove(mine)
                    raise DatabaseBusy
        return mine

    def _leave(self, mine: Turn) -> BaseException | None:
        """Let the next one write, in the same round or after its end; and why one's own came to nothing, if it did."""
        with self._mutex:
            follower = self._waiting.popleft() if self._waiting and mine.lets_in(self._waiting[0]) else None
        if follower:
            follower.round = mine.round
            follower.has_come.set()
        else:
            try:
                if mine.round:
                    mine.round.end()
            finally:
                self._pass_on()
        return mine.round.wait() if mine.round else None

    def _pass_on(self) -> None:
        with self._mutex:
            self._is_busy = bool(self._waiting)
            if self._waiting:
                self._waiting.popleft().has_come.set()
