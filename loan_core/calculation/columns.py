"""A record whose fields share one shape: values for one loan, columns for a book."""

from dataclasses import fields
from typing import Any, Self


class Columns:
    """The base of such dataclasses: ``record[rows]`` is the same record of some of a book's loans."""

    def __getitem__(self, rows: Any) -> Self:
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})  # type: ignore[arg-type]
