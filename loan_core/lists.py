"""A page of a book's loans, filtered and in order, of columns: only the rows of the page are asked of the database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from loan_core.answers import status_columns
from loan_core.blocks import Block
from loan_core.calculation.position import POSITION_TYPES, Position
from loan_core.known import NOW, Known
from loan_core.models import Loan, id_in
from loan_core.order import Keys, by_number, by_text, ordered
from loan_core.selection import LoanPage, Place, Selection, named, subtotals
from loan_core.snapshot import Part, Snapshot, located
from loan_core.store import columns_of, no_rows

_TERMS = {"id": "ids", "loan_amount": "principal", "start_on": "start_on", "installment": "installment"}
_TEXTS = ("reference", "borrower")
SORTS = (
    "id",
    "reference",
    "borrower",
    "loan_amount",
    "installment",
    "start_on",
    "days_past_due",
    "arrears",
    "outstanding_principal",
    "remaining_balance",
    "expected_paid",
    "total_amount_paid",
    "ahead_by",
    "next_due_on",
    "next_due_amount",
    "paid_share",
)
"""By which columns a list can be sorted; with ``-`` before it, the largest first. What has no value stands last."""

_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True)
class List:
    """The loans of a snapshot that are meant. A place is a loan's row, counted through all blocks."""

    snapshot: Snapshot
    selection: Selection
    known: Known = NOW

    @cached_property
    def parts(self) -> list[Part]:
        return self.selection.of(self.snapshot)

    @cached_property
    def starts(self) -> Any:
        return np.cumsum([0, *(len(block) for block in self.snapshot.blocks)])

    @cached_property
    def places(self) -> Any:
        found = [start + part.rows for start, part in zip(self.starts, self.parts, strict=False)]
        return np.concatenate([np.empty(0, dtype=np.int64), *found])

    @cached_property
    def ids(self) -> Any:
        """The ids of all loans of the snapshot."""
        return self._column("id")

    def page(self, session: Session, sort: str, after: Place | None, limit: int, offset: int) -> LoanPage:
        """So many of the loans in order, from ``offset`` or ``after`` on.

        Equal values are in the order of their ids, so a page begins where the last ended, whatever was written since.
        """
        places, keys = self._after(sort, after)
        rows = self.rows(session, ordered(keys, places, offset, offset + limit))
        has_more = limit > 0 and len(places) > offset + limit
        end = _end(rows, sort.removeprefix("-")) if has_more else None
        return LoanPage(rows, len(self.places), subtotals(self.parts), self.snapshot.revision, end)

    def next_to(self, after: Place, sort: str) -> Place | None:
        """The first of the loans in order that stands after a place, without its row; None: there is none."""
        places, keys = self._after(sort, after)
        first = ordered(keys, places, 0, 1)
        if not len(first):
            return None
        column = sort.removeprefix("-")
        values = self._text(column) if column in _TEXTS else self._column(column)
        value = values[int(first[0])]
        return Place(value.as_py() if column in _TEXTS else value.item(), int(self.ids[first[0]]))

    def _after(self, sort: str, after: Place | None) -> tuple[Any, Keys]:
        """The places that stand after one, of a list of any order, and the keys of that order."""
        column, is_falling = sort.removeprefix("-"), sort.startswith("-")
        places = self.places[::-1] if is_falling else self.places
        keys = self._keys(column, is_falling)
        return (places[self._is_beyond(places, keys, column, is_falling, after)] if after else places), keys

    def rows(self, session: Session, places: Any) -> pd.DataFrame:
        """Loans as agreed with every field of their status, out of a transaction of the snapshot's revision."""
        at = Position.empty(len(places))
        for number, mine, rows in located(self.starts, places):
            at[mine] = self.snapshot.positions[number][rows]
        agreed = _agreed(session, self.ids[places], self.known)
        share = at.total_amount_paid / np.maximum(at.total_due, 1)
        said = status_columns(at) | {"expected_monthly_installment": agreed["installment"], "paid_share": share}
        return pd.DataFrame(agreed | said)

    def in_turn(self, session: Session, sort: str = "id") -> Iterator[pd.DataFrame]:
        """All that are meant, in order, some at a time."""
        places, keys = self._after(sort, None)
        places = ordered(keys, places, 0, len(places))
        for start in range(0, max(len(places), 1), _ROWS_AT_ONCE):
            yield self.rows(session, places[start : start + _ROWS_AT_ONCE])

    def one(self, session: Session, loan_id: int) -> pd.DataFrame:
        """The loan of this id, if it is meant."""
        return self.rows(session, self.places[self.ids[self.places] == loan_id])

    def _column(self, name: str) -> Any:
        blocks, positions = self.snapshot.blocks, self.snapshot.positions
        if name in POSITION_TYPES:
            columns = [getattr(at, name) for at in positions]
        elif name == "paid_share":
            columns = [at.total_amount_paid / np.maximum(at.total_due, 1) for at in positions]
        else:
            columns = [block.ids if name == "id" else getattr(block.terms, _TERMS[name]) for block in blocks]
        return np.concatenate(columns) if columns else np.empty(0, dtype=np.int64)

    def _keys(self, column: str, is_falling: bool) -> Keys:
        if column == "id":
            return lambda level, rows: None
        if column not in _TEXTS:
            return by_number(self._column(column), is_falling)
        prefixes = [block.prefixes[column] for block in self.snapshot.blocks]
        return by_text(self._text(column), np.concatenate([np.empty(0, np.int64), *prefixes]), is_falling)

    def _text(self, column: str) -> pa.ChunkedArray:
        return pa.chunked_array([getattr(block, f"{column}s") for block in self.snapshot.blocks], pa.string())

    def _is_beyond(self, places: Any, keys: Keys, column: str, is_falling: bool, after: Place) -> Any:
        """Which places stand after a place of the list that may be one no longer."""
        ids = self.ids[places]
        follows = ids < after.id if is_falling else ids > after.id
        if column == "id":
            return follows
        if column in _TEXTS:
            text = self._text(column)
            beyond = pc.less(text, after.value) if is_falling else pc.greater(text, after.value)
            equal = pc.equal(text, after.value)
            beyond, equal = (each.to_numpy()[places] for each in (beyond, equal))
        else:
            dtype = POSITION_TYPES.get(column, "f8" if column == "paid_share" else "i8")
            value = np.array([after.value], dtype="M8[D]" if column.endswith("_on") else dtype)
            values, end = keys(0, places), by_number(value, is_falling)(0, [0])
            beyond, equal = values > end, values == end
        return beyond | (equal & follows)


def find(blocks: Sequence[Block], text: str, limit: int) -> pd.DataFrame:
    """Loans by their id, or by a part of a reference or of a borrower's name: ``id, reference, borrower``."""
    wanted = id_in(text.strip()) or 0
    exact = [(block, np.flatnonzero((block.ids == wanted) & ~block.is_voided)) for block in blocks]
    found, left = [each for each in exact if len(each[1])], limit
    for block in blocks:
        left = limit - sum(len(rows) for _, rows in found)
        if left <= 0:
            break
        is_meant = ~block.is_voided & (block.ids != wanted)
        found.append((block, np.flatnonzero(is_meant & named(block, text) if text else is_meant)[:left]))
    columns = {
        "id": [loan_id for block, rows in found for loan_id in block.ids[rows].tolist()],
        "reference": [words for block, rows in found for words in block.references.take(pa.array(rows)).to_pylist()],
        "borrower": [words for block, rows in found for words in block.borrowers.take(pa.array(rows)).to_pylist()],
    }
    return pd.DataFrame(columns).head(limit).astype({"id": "int64", "reference": "str", "borrower": "str"})


def _agreed(session: Session, ids: Any, known: Known) -> dict[str, Any]:
    query: Any = select(*known.loan_columns())
    if not (wanted := ids.tolist()):
        return no_rows(query)
    agreed = columns_of(session, query.where(Loan.id.in_(wanted)))
    place = {loan_id: number for number, loan_id in enumerate(agreed["id"])}
    return {name: [column[place[each]] for each in wanted] for name, column in agreed.items()}


def _end(rows: pd.DataFrame, column: str) -> Place:
    last = rows[column].iloc[-1]
    value = last.date() if isinstance(last, pd.Timestamp) else rows[column].tolist()[-1]
    return Place(None if pd.isna(last) else value, int(rows["id"].iloc[-1]))
