"""How a figure comes about: what it means, and the loans that it is the sum of, largest first.

Everything of an explanation is of one revision of the book: its figure, every page of its rows, and their file.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from loan_core.calculation.money import CURRENCIES, total
from loan_core.calculation.of_each import Figure, Loans
from loan_core.exchange import csv_lines, records
from loan_core.memory import in_parallel
from loan_core.snapshot import Part, located

_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Asked:
    """Of which loans a figure is asked: those of a currency on a day, and over which days, both inclusive."""

    currency: str
    as_of: date
    revision: int
    first: date
    last: date


@dataclass(frozen=True)
class Explained:
    """A figure and its rows: the loans that have anything in it, or in what it is a share of.

    ``part`` and, of a share, ``whole`` are sums over all rows; ``loans`` is the number of those with a part. Money is
    in minor units.
    """

    figure: Figure
    asked: Asked
    columns: "_Columns"

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.columns.place)

    @cached_property
    def part(self) -> int:
        part: int = total(self.columns.part)
        return part

    @cached_property
    def whole(self) -> int | None:
        return total(self.columns.whole) if self.figure.is_share else None

    @cached_property
    def loans(self) -> int:
        return int(np.count_nonzero(self.columns.part))

    @property
    def names(self) -> list[str]:
        """What the columns of the rows hold, in the words of a file: ``["at_risk", "outstanding_principal"]``."""
        said = [self.figure.part_name, *([self.figure.whole_name] if self.figure.is_share else [])]
        return [re.sub(r"[^a-z]+", "_", each.lower()) for each in said]

    def rows(self, limit: int, offset: int = 0) -> pd.DataFrame:
        """So many of them: ``loan_id, loan_reference, borrower``, and the columns of ``names``."""
        here = self.columns[slice(offset, offset + limit)]
        numbers = dict(zip(self.names, (here.part, here.whole), strict=False))
        return pd.DataFrame(here.named() | numbers)

    def csv(self) -> Iterator[bytes]:
        """All of them as a file."""
        columns = ["loan_id", "loan_reference", "borrower", *self.names, "currency"]
        return csv_lines(columns, self._records(), self.names if self.figure.unit == "money" else ())

    def _records(self) -> Iterator[dict[str, Any]]:
        for start in range(0, self.count, _ROWS_AT_ONCE):
            yield from records(self.rows(_ROWS_AT_ONCE, start).assign(currency=self.asked.currency))


@dataclass(frozen=True)
class _Columns:
    """Rows in their order, ``(n)`` each: ``place`` is a loan's, counted through the rows of all parts of the book."""

    parts: Sequence[Part]
    place: Any
    part: Any
    whole: Any

    def __getitem__(self, rows: slice) -> "_Columns":
        return _Columns(self.parts, self.place[rows], self.part[rows], self.whole[rows])

    def named(self) -> dict[str, Any]:
        """Who these loans are."""
        starts = np.cumsum([0, *(len(part.rows) for part in self.parts)])
        found = {
            "loan_id": np.zeros(len(self.place), np.int64),
            **{name: np.full(len(self.place), "", object) for name in ("loan_reference", "borrower")},
        }
        for number, mine, at in located(starts, self.place):
            loans, rows = self.parts[number].loans, self.parts[number].rows[at]
            found["loan_id"][mine] = loans.ids[rows]
            found["loan_reference"][mine] = loans.references.take(pa.array(rows)).to_pylist()
            found["borrower"][mine] = loans.borrowers.take(pa.array(rows)).to_pylist()
        return found


def explained(figure: Figure, parts: Sequence[Part], asked: Asked, largest: Sequence[str | int]) -> Explained:
    """A figure with its rows, the largest part first, then the largest whole, then who owes most.

    ``largest``: the borrowers who owe most of all.
    """
    as_of, first, last = (np.datetime64(each, "D") for each in (asked.as_of, asked.first, asked.last))
    exponent = CURRENCIES[asked.currency].exponent

    def of_part(mine: Part) -> tuple[Any, Any, Any]:
        at, days = mine.at[mine.rows], (as_of, first, last)
        loans = Loans(mine.terms, mine.receipts, at, *days, exponent, mine.borrowers, largest)
        whole = figure.whole(loans) if figure.whole else np.zeros(len(mine.rows), np.int64)
        return figure.part(loans), whole, loans.at.outstanding_principal

    found = [*in_parallel(of_part, parts)]
    part, whole, owed = (np.concatenate(each) for each in zip(*found, strict=True))
    place = np.flatnonzero((part != 0) | (whole != 0))
    order = place[np.lexsort((place, -owed[place], -whole[place], -np.abs(part[place])))]
    return Explained(figure, asked, _Columns(parts, order, part[order], whole[order]))
