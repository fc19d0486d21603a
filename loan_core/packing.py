"""Whole columns out of the database, a few values at a time: it writes each into one text, and its rows cost no Python.

As quick as ADBC, inside the transaction that asks; and SQLite must not be opened by a second library in one process,
whose closing would take away the locks of the first.
"""

from collections.abc import Collection
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from sqlalchemy import LargeBinary, Select, String, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

_NO_DAY = date.min
_LETTERS_OF_A_DAY = len("2026-06-02")


class _packed_numbers(FunctionElement[str]):
    """All of a column's whole numbers, a comma between them."""

    type = String()
    inherit_cache = True


class _packed_days(FunctionElement[str]):
    """All of a column's dates, nothing between them: each has as many letters."""

    type = String()
    inherit_cache = True


class _packed_texts(FunctionElement[bytes]):
    """All of a column's texts in UTF-8, a zero between them, which no text of ours has in it."""

    type = LargeBinary()
    inherit_cache = True


_SAID: dict[type[Any], dict[str, str]] = {
    _packed_numbers: {"sqlite": "group_concat({0})", "postgresql": "string_agg(({0})::text, ',')"},
    _packed_days: {"sqlite": "group_concat({0}, '')", "postgresql": "string_agg(({0})::text, '')"},
    _packed_texts: {
        "sqlite": "CAST(group_concat({0}, char(0)) AS BLOB)",
        "postgresql": r"string_agg(convert_to({0}, 'UTF8'), '\x00'::bytea)",
    },
}


@compiles(_packed_numbers)
@compiles(_packed_days)
@compiles(_packed_texts)
def _compiled(element: Any, compiler: Any, **kw: Any) -> str:
    return _SAID[type(element)][compiler.dialect.name].format(compiler.process(element.clauses, **kw))


def columns(session: Session, query: Select[Any], days: Collection[str], texts: Collection[str]) -> dict[str, Any]:
    """A query's columns by name: ``int64``, ``datetime64[D]`` where they are ``days``, in Arrow where ``texts``.

    The rows come in no order but that of a subquery that they are all selected from.
    """
    asked = query.selected_columns.items()
    packed = {name: _packing(each, name in days, name in texts) for name, each in asked}
    found = session.execute(query.with_only_columns(*(each.label(name) for name, each in packed.items()))).one()
    return {
        name: _texts(value) if name in texts else _days(value) if name in days else _numbers(value)
        for name, value in zip(packed, found, strict=True)
    }


def _packing(column: Any, is_day: bool, is_text: bool) -> Any:
    if is_text:
        return _packed_texts(column)
    # Nothing at all would be left out of what is packed.
    return _packed_days(func.coalesce(column, _NO_DAY)) if is_day else _packed_numbers(column)


def _numbers(packed: str | None) -> Any:
    return np.fromstring(packed, np.int64, sep=",") if packed else np.empty(0, dtype=np.int64)


def _days(packed: str | None) -> Any:
    letters = (packed or "").encode()
    ends = np.arange(0, len(letters) + 1, _LETTERS_OF_A_DAY, dtype=np.int32)
    texts = pa.StringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(letters))
    found = texts.cast(pa.date32()).to_numpy(zero_copy_only=False)
    return np.where(found == np.datetime64(_NO_DAY), np.datetime64("NaT"), found)


def _texts(packed: bytes | None) -> pa.Array:
    if packed is None:
        return pa.array([], pa.string())
    letters = np.frombuffer(packed, dtype=np.uint8)
    is_end = letters == 0
    # Each text ends where its zero stands, less the zeros before it.
    ends = np.flatnonzero(np.append(is_end, True))
    offsets = np.concatenate([[0], ends - np.arange(len(ends))]).astype(np.int32)
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(letters[~is_end]))
