"""Whole columns out of the database, a few values at a time: it writes each into one text, and its rows cost no Python.

As quick as ADBC, inside the transaction that asks; and SQLite must not be opened by a second library in one process,
whose closing would take away the locks of the first.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import BigInteger, LargeBinary, Select, String, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

_NO_DAY = -(10**7)
_NAT = np.iinfo(np.int64).min


class day_number(FunctionElement[int]):
    """A date as its number of days since 1970."""

    type = BigInteger()
    inherit_cache = True


class _packed_numbers(FunctionElement[str]):
    """All of a column's whole numbers, a comma between them."""

    type = String()
    inherit_cache = True


class _packed_texts(FunctionElement[bytes]):
    """All of a column's texts in UTF-8, a zero between them, which no text of ours has in it."""

    type = LargeBinary()
    inherit_cache = True


_SAID: dict[type[Any], dict[str, str]] = {
    # Midnight is a whole number of days before 1970 too.
    day_number: {"sqlite": "unixepoch({0}) / 86400", "postgresql": "({0} - DATE '1970-01-01')"},
    _packed_numbers: {"sqlite": "group_concat({0})", "postgresql": "string_agg(({0})::text, ',')"},
    _packed_texts: {
        "sqlite": "CAST(group_concat({0}, char(0)) AS BLOB)",
        "postgresql": r"string_agg(convert_to({0}, 'UTF8'), '\x00'::bytea)",
    },
}


@compiles(day_number)
@compiles(_packed_numbers)
@compiles(_packed_texts)
def _compiled(element: Any, compiler: Any, **kw: Any) -> str:
    return _SAID[type(element)][compiler.dialect.name].format(compiler.process(element.clauses, **kw))


def columns(session: Session, query: Select[Any], days: Collection[str], texts: Collection[str]) -> dict[str, Any]:
    """A query's columns by name: ``int64``, ``datetime64[D]`` where they are ``days``, in Arrow where ``texts``."""
    rows = query.subquery()
    packed = {each.key: _packing(each, each.key in days, each.key in texts) for each in rows.c}
    found = session.execute(select(*(each.label(name) for name, each in packed.items()))).one()
    return {
        name: _texts(value) if name in texts else _days(value) if name in days else _numbers(value)
        for name, value in zip(packed, found, strict=True)
    }


def _packing(column: Any, is_day: bool, is_text: bool) -> Any:
    if is_text:
        return _packed_texts(column)
    if not is_day:
        return _packed_numbers(column)
    # Nothing at all would be left out of what is packed.
    is_stated = not getattr(column, "nullable", True)
    return _packed_numbers(day_number(column) if is_stated else func.coalesce(day_number(column), _NO_DAY))


def _numbers(packed: str | None) -> Any:
    if packed is None:
        return np.empty(0, dtype=np.int64)
    lines = pa.BufferReader(packed.encode().replace(b",", b"\n"))
    found = pyarrow.csv.read_csv(
        lines,
        pyarrow.csv.ReadOptions(use_threads=False, block_size=2**24, column_names=["n"]),
        convert_options=pyarrow.csv.ConvertOptions(column_types={"n": pa.int64()}),
    )
    return found.column(0).to_numpy()


def _days(packed: str | None) -> Any:
    number = _numbers(packed)
    return np.where(number == _NO_DAY, _NAT, number).view("datetime64[D]")


def _texts(packed: bytes | None) -> pa.Array:
    if packed is None:
        return pa.array([], pa.string())
    letters = np.frombuffer(packed, dtype=np.uint8)
    is_end = letters == 0
    # Each text ends where its zero stands, less the zeros before it.
    ends = np.flatnonzero(np.append(is_end, True))
    offsets = np.concatenate([[0], ends - np.arange(len(ends))]).astype(np.int32)
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(letters[~is_end]))
