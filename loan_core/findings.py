"""What looks wrong in a book on a day, as one Arrow table for each kind of finding.

A block of loans never changes, so what was found in one on a day is found once: after a write only what it touched is
looked at again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loan_core.blocks import CODES, Block
from loan_core.calculation import sanity
from loan_core.calculation.names import nearly_equal
from loan_core.calculation.receipts import Receipts
from loan_core.memory import in_parallel

SENTENCES = sanity.SENTENCES | {
    "names_nearly_agree": "There are loans to {name} and to {other}. Is that one borrower?",
}
TITLES = sanity.TITLES | {"names_nearly_agree": "Names nearly agree"}
KINDS = tuple(SENTENCES)
MONEY = ("amount", "left", "remaining", "installment", "arrears")
"""The figures that are money, in minor units."""
AGREED = ("loan_id", "loan_reference", "borrower", "currency", "on")
DAYS_REMEMBERED = 2

ByKind = Mapping[str, pa.Table]
"""By kind, of which there are any, in the order of the loans: a row a finding, ``AGREED`` and its figures.

``on`` is the day that it is about, if it is about one. Figures are named as in the kind's sentence; money is in minor
units.
"""


def sentence(kind: str, figures: Mapping[str, Any]) -> str:
    """What a finding of a kind says, with the names of its figures for what they are."""
    name, of_nothing = sanity.WHERE_0.get(kind, ("", ""))
    return of_nothing if name and not figures[name] else SENTENCES[kind]


@dataclass(frozen=True)
class _Day:
    """What was found on a day in each block, and in all of them."""

    blocks: Sequence[Block] = ()
    of_each: Sequence[ByKind] = ()
    found: ByKind = field(default_factory=dict)


class Findings:
    """What was found on the last days that were asked about; ``blocks`` gives the loans of the newest revision."""

    def __init__(self, blocks: Callable[[], Sequence[Block]]) -> None:
        self._blocks = blocks
        self._days: OrderedDict[date, _Day] = OrderedDict()
        self._names, self._pairs = pa.array([], pa.string()), list[tuple[str, str]]()
        self._lock = Lock()

    def on(self, as_of: date) -> ByKind:
        with self._lock:
            blocks, known = self._blocks(), self._days.pop(as_of, _Day())
            if [*map(id, blocks)] != [*map(id, known.blocks)]:
                known = self._found(as_of, blocks, known)
            self._days[as_of] = known
            if len(self._days) > DAYS_REMEMBERED:
                self._days.popitem(last=False)
            return known.found

    def _found(self, as_of: date, blocks: Sequence[Block], known: _Day) -> _Day:
        found = dict(zip(map(id, known.blocks), known.of_each, strict=True))
        newer = [block for block in blocks if id(block) not in found]
        found |= zip(map(id, newer), in_parallel(partial(_in_block, as_of), newer), strict=True)
        of_each = [found[id(block)] for block in blocks]
        return _Day(blocks, of_each, _together([*of_each, self._names_in(blocks)]))

    def _names_in(self, blocks: Sequence[Block]) -> ByKind:
        """Pairs of borrowers, each at the first of his loans. They are compared anew only where there is a new one."""
        if not blocks:
            return {}
        standing = [np.flatnonzero(~block.is_voided) for block in blocks]
        borrowers = [block.borrowers.take(rows) for block, rows in zip(blocks, standing, strict=True)]
        names = pa.concat_arrays(borrowers).dictionary_encode()
        if not names.dictionary.equals(self._names):
            self._names, self._pairs = names.dictionary, nearly_equal(names.dictionary.to_pylist())
        first = np.unique(names.indices, return_index=True)[1]
        name, other = (pa.array([pair[side] for pair in self._pairs], pa.string()) for side in (0, 1))
        place, found, start = first[pc.index_in(name, names.dictionary)], [], 0
        for block, rows in zip(blocks, standing, strict=True):
            mine = np.flatnonzero((place >= start) & (place < start + len(rows)))
            figures = {"name": name.take(mine), "other": other.take(mine)}
            found.append(_with(_agreed(block, rows[place[mine] - start]), _no_day(len(mine)), figures))
            start += len(rows)
        return {"names_nearly_agree": _in_order(pa.concat_tables(found))}


def _in_block(as_of: date, block: Block) -> ByKind:
    """What looks wrong in the loans of a block that are not voided, whatever their currencies."""
    standing = block[np.flatnonzero(~block.is_voided)]
    found = _together(_of_currency(np.datetime64(as_of, "D"), loans) for _, loans in standing.by_currency())
    return {kind: _in_order(table) for kind, table in found.items()}


def _of_currency(as_of: np.datetime64, loans: Block) -> ByKind:
    receipts = loans.receipts.until(as_of)
    found = sanity.findings(loans.terms, receipts, sanity.stands(receipts), as_of)
    return {
        kind: _with(_agreed(loans, each.loan), _day_of(each, receipts, as_of), each.figures)
        for kind, each in found.items()
    }


def _day_of(found: sanity.Found, receipts: Receipts, as_of: np.datetime64) -> pa.Array:
    """What day each finding is about: that of a receipt, or the one since which nothing has come in."""
    if found.kind == "no_repayment_for_long":
        return pa.array(as_of - found.figures["days"].astype("m8[D]"))
    return pa.array(receipts.received_on[found.receipt]) if len(found.receipt) else _no_day(len(found))


def _no_day(findings: int) -> pa.Array:
    return pa.nulls(findings, pa.date32())


def _agreed(loans: Block, rows: Any) -> pa.Table:
    """What a finding says of its loan, of some rows of a block."""
    codes = pa.DictionaryArray.from_arrays(loans.currencies[rows].astype(np.int16), list(CODES))
    columns = (pa.array(loans.ids[rows]), loans.references.take(rows), loans.borrowers.take(rows), codes.cast("string"))
    return pa.table(dict(zip(AGREED, columns, strict=False)))


def _with(loans: pa.Table, on: pa.Array, figures: Mapping[str, Any]) -> pa.Table:
    return pa.table({**dict(zip(loans.column_names, loans.columns, strict=True)), "on": on, **figures})


def _in_order(found: pa.Table) -> pa.Table:
    return found.take(np.argsort(found["loan_id"], kind="stable"))


def _together(parts: Iterable[ByKind]) -> dict[str, pa.Table]:
    """What was found in all parts, of the kinds of which there is something."""
    parts = list(parts)
    tables = {kind: [each[kind] for each in parts if len(each.get(kind, ()))] for kind in KINDS}
    return {kind: pa.concat_tables(each).combine_chunks() for kind, each in tables.items() if each}
