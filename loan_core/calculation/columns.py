"""A record whose fields share one shape: values for one loan, columns for a book."""

from dataclasses import fields
from typing import Any, Self


class Columns:
    """The base of such dataclasses: ``record[rows]`` is the same record of some of a book's loans."""

    def __getitem__(self, rows: Any) -> Self:
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})  # type: ignore[arg-type]

    def __setitem__(self, rows: Any, part: Self) -> None:
        """Write a part of the record in its place, while it is being made."""
        for field in fields(self):  # type: ignore[arg-type]
            getattr(self, field.name)[rows] = getattr(part, field.name)
