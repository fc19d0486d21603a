"""Loans that are meant, as they stand on a day, with everything that calculation takes of them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Self

import numpy as np

from loan_core.blocks import CODES, Block, joined, most_first
from loan_core.calculation.position import Position
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Terms
from loan_core.selection import Selection
from loan_core.snapshot import Part, Snapshot


@dataclass(frozen=True)
class Standing:
    """Loan i is row i of every column, in the order of their ids. ``receipts`` are those through ``as_of``."""

    as_of: date
    revision: int
    loans: Block
    at: Position

    @classmethod
    def of(cls, snapshot: Snapshot, selection: Selection) -> Self:
        """The loans of a snapshot that are meant."""
        return cls.of_parts(snapshot, selection.of(snapshot))

    @classmethod
    def of_parts(cls, snapshot: Snapshot, meant: Iterable[Part]) -> Self:
        """The same, some rows of each block being meant."""
        day = np.datetime64(snapshot.as_of, "D")
        parts = [(block[rows], at[rows]) for block, at, rows in meant if len(rows)]
        parts = parts or [(Block.empty(), Position.empty(0))]
        blocks, positions = zip(*parts, strict=True)
        whole = joined(blocks)
        loans = replace(whole, receipts=whole.receipts.until(day))
        return cls(snapshot.as_of, snapshot.revision, loans, joined(positions))

    def __len__(self) -> int:
        return len(self.loans)

    def __getitem__(self, rows: Any) -> Self:
        """The same of some of the loans."""
        return replace(self, loans=self.loans[rows], at=self.at[rows])

    def by_currency(self) -> dict[str, Self]:
        """Each currency by itself, the one of most loans first."""
        rows = self.loans.rows_by_currency
        return {code: self[rows[code]] for code in most_first({code: len(mine) for code, mine in rows.items()})}

    @property
    def ids(self) -> Any:
        return self.loans.ids

    @property
    def terms(self) -> Terms:
        return self.loans.terms

    @property
    def receipts(self) -> Receipts:
        return self.loans.receipts

    @property
    def is_voided(self) -> Any:
        return self.loans.is_voided

    @cached_property
    def currencies(self) -> Any:
        return np.array(CODES)[self.loans.currencies]

    @cached_property
    def references(self) -> Any:
        return self.loans.references.to_numpy(zero_copy_only=False)

    @cached_property
    def borrowers(self) -> Any:
        return self.loans.borrowers.to_numpy(zero_copy_only=False)
