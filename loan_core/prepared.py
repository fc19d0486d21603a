"""Statements that are run at every call: compiled once, and handed to the driver without a session's ceremony.

SQLAlchemy takes several times as long to pass a statement on as SQLite takes to answer it.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError

Processor = Callable[[Any], Any]


class Prepared:
    """A statement of Core, with its values as the driver takes them and its rows as the columns' types give them."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self._text, self._dialect = str(compiled), dialect
        binds = {name: stored(bind.type, dialect) for name, bind in compiled.binds.items()}
        # By place or by name, as the driver wants them.
        self._places = [(name, binds[name]) for name in compiled.positiontup] if compiled.positional else None
        self._names = binds
        # What stands in the statement itself: a zero, a word.
        self._constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        columns = getattr(statement, "selected_columns", ())
        self._read = [each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns]

    def run(self, driver: Any, values: Mapping[str, Any]) -> Any:
        """The driver's cursor; ``DBAPIError`` as SQLAlchemy would raise it."""
        given: Any
        values = {**self._constants, **values}
        if self._places is not None:
            given = [process(values[name]) if process else values[name] for name, process in self._places]
        else:
            given = {name: process(values[name]) if process else values[name] for name, process in self._names.items()}
        try:
            return driver.execute(self._text, given)
        except self._dialect.loaded_dbapi.Error as error:
            raise as_raised(error, self._dialect, self._text, given) from error

    def first(self, driver: Any, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The first row, or None."""
        found = self.run(driver, values).fetchone()
        return found and self._typed(found)

    def _typed(self, row: Iterable[Any]) -> tuple[Any, ...]:
        return tuple([process(value) if process else value for process, value in zip(self._read, row, strict=True)])


@lru_cache(maxsize=256)
def prepared(statement: Any, dialect: Dialect) -> Prepared:
    """A statement that the program keeps, prepared for a database the first time that it is wanted there."""
    return Prepared(statement, dialect)


def stored(kind: Any, dialect: Dialect) -> Processor | None:
    """What makes of a value the one that the driver takes for a type; None where it is the same."""
    processor: Processor | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return processor


def as_raised(error: Any, dialect: Dialect, text: str, given: Any = ()) -> BaseException:
    """What SQLAlchemy raises for an error of the driver's."""
    said: BaseException = DBAPIError.instance(text, given, error, dialect.loaded_dbapi.Error, dialect=dialect)
    return said


def driver_of(connection: Connection) -> Any:
    """The driver's own connection under one of SQLAlchemy's."""
    return connection.connection.driver_connection
