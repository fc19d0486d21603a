"""The loans of a book at the end of a day, block by block, and some rows of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from loan_core.blocks import Block
from loan_core.calculation.position import Position
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Terms


@dataclass(frozen=True)
class Snapshot:
    """The loans at the end of a day, block by block. It is shared by whoever asks, and never changed."""

    as_of: date
    revision: int
    blocks: Sequence[Block]
    positions: Sequence[Position]

    def __iter__(self) -> Iterator[tuple[Block, Position]]:
        return zip(self.blocks, self.positions, strict=True)


class Part(NamedTuple):
    """Some rows of a block of a snapshot."""

    loans: Block
    at: Position
    rows: Any

    @property
    def terms(self) -> Terms:
        return self.loans.terms[self.rows]

    @property
    def receipts(self) -> Receipts:
        return self.loans.receipts[self.rows]

    def borrowers(self) -> list[str | int]:
        """Who each is lent to: the name as it is written, the id of a loan without one."""
        names: list[str] = self.loans.borrowers.take(pa.array(self.rows)).to_pylist()
        return [name or loan_id for name, loan_id in zip(names, self.loans.ids[self.rows].tolist(), strict=True)]


def located(starts: Any, places: Any) -> Iterator[tuple[int, Any, Any]]:
    """Places counted through several runs of rows, run by run: its number, which of the places lie in it, and where.

    ``starts``: the place at which each run begins, and that after the last one.
    """
    run_of = np.searchsorted(starts, places, side="right") - 1
    for number in np.unique(run_of).tolist():
        mine = np.flatnonzero(run_of == number)
        yield number, mine, places[mine] - starts[number]
