"""The book's loans in blocks of neighboring ids, by columns, with all that came in on them. A block never changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache, cached_property
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ColumnElement, Integer, case, cast, func, select, union_all
from sqlalchemy.orm import Session

from loan_core.calculation.columns import Columns
from loan_core.calculation.money import CURRENCIES
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Terms
from loan_core.known import NOW, Known
from loan_core.models import ENUMERATED, RATES_PER_YEAR, Loan, Repayment
from loan_core.order import letters
from loan_core.packing import columns

SIZE = 2**15
CODES = tuple(CURRENCIES)
_TYPES = {"start_on": "M8[D]", "first_due_on": "M8[D]"}


@dataclass(frozen=True)
class Block(Columns):
    """Loans as agreed, voided ones too, in the order of their ids: row i of every column is loan i.

    ``currencies`` are places in ``CODES``. ``references``, ``borrowers`` stay in Arrow: nobody calculates with them.
    """

    ids: Any
    currencies: Any
    is_voided: Any
    references: pa.Array
    borrowers: pa.Array
    terms: Terms
    receipts: Receipts

    @classmethod
    def empty(cls) -> Self:
        no_number, no_text = np.empty(0, dtype=np.int64), pa.array([], pa.string())
        terms = Terms(**{each.name: no_number.astype(_TYPES.get(each.name, "i8")) for each in fields(Terms)})
        receipts = Receipts(np.zeros(1, dtype=np.int64), no_number.astype("M8[D]"), no_number)
        return cls(no_number, no_number, no_number == 1, no_text, no_text, terms, receipts)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def rows_by_currency(self) -> dict[str, Any]:
        """Which rows are of each currency."""
        return {CODES[code]: np.flatnonzero(self.currencies == code) for code in np.unique(self.currencies)}

    def by_currency(self) -> Iterator[tuple[str, Self]]:
        """The loans of each currency by themselves."""
        for code, rows in self.rows_by_currency.items():
            yield code, self if len(rows) == len(self) else self[rows]

    @cached_property
    def loans_by_currency(self) -> dict[str, int]:
        """How many loans that are not voided there are of each currency."""
        counts = {code: int((~self.is_voided[rows]).sum()) for code, rows in self.rows_by_currency.items()}
        return {code: count for code, count in counts.items() if count}

    @cached_property
    def start_months(self) -> set[date]:
        """The first days of the months in which loans that are not voided began."""
        return set(np.unique(self.terms.start_on[~self.is_voided].astype("M8[M]")).astype("M8[D]").tolist())

    @cached_property
    def prefixes(self) -> dict[str, Any]:
        """References and borrowers as the numbers by which a list is sorted at first."""
        return {"reference": letters(self.references, 0), "borrower": letters(self.borrowers, 0)}

    @cached_property
    def lowered(self) -> tuple[pa.Array, pa.Array]:
        """References and borrowers as a search compares them."""
        return lowered(self.references), lowered(self.borrowers)

    def __getitem__(self, rows: Any) -> Self:
        """The same of some of the loans."""
        columns = ((field.name, getattr(self, field.name)) for field in fields(self))
        return type(self)(**{name: _taken(each, rows) for name, each in columns})

    def rows_of(self, ids: Any) -> Any:
        """The rows of those of these loans that are here."""
        return np.flatnonzero(np.isin(self.ids, ids))

    def patched(self, newer: Self, replaced: Any) -> tuple[Self, Any]:
        """The block with newer loans in the places of those replaced, which may be more of them.

        And where each row comes from in the two of them on end.
        """
        stays = np.flatnonzero(~np.isin(self.ids, replaced))
        order = np.argsort(np.concatenate([self.ids[stays], newer.ids]))
        rows = np.concatenate([stays, len(self) + np.arange(len(newer))])[order]
        return joined([self, newer])[rows], rows


def most_first(loans: Mapping[str, int]) -> list[str]:
    """Currencies by how many loans are of each: that of most loans first."""
    return sorted(loans, key=lambda code: (-loans[code], code))


def joined(blocks: Sequence[Any]) -> Any:
    """Records of the same kind, one after the other, as one."""
    kind = type(blocks[0])
    if len(blocks) == 1:
        return blocks[0]
    return kind(**{field.name: _joined([getattr(each, field.name) for each in blocks]) for field in fields(kind)})


def _taken(column: Any, rows: Any) -> Any:
    return column.take(pa.array(rows)) if isinstance(column, pa.Array) else column[rows]


def _joined(columns: Sequence[Any]) -> Any:
    match columns[0]:
        case Receipts():
            ends = np.concatenate([[0], np.cumsum([each.starts[-1] for each in columns])])
            starts = [each.starts[:-1] + end for each, end in zip(columns, ends, strict=False)]
            parts = ((each.received_on, each.amount) for each in columns)
            return Receipts(np.concatenate([*starts, ends[-1:]]), *map(np.concatenate, zip(*parts, strict=True)))
        case Columns():
            return joined(columns)
        case pa.Array():
            return pa.concat_arrays(columns)
    return np.concatenate(columns)


def lowered(text: pa.Array | str) -> Any:
    """As names are compared: there is more than one opinion about the letters of some alphabets, and this is ours."""
    return pc.utf8_lower(text)


@cache
def capitals() -> dict[str, str]:
    """The same for who has no such text: by letter, all those that are compared as it is. No ideograph is."""
    each = "".join(chr(number) for number in range(0x20000) if not 0xD800 <= number < 0xE000)
    found: dict[str, str] = {}
    for capital, letter in zip(each, lowered(each).as_py(), strict=True):
        if capital != letter:
            found[letter] = found.get(letter, "") + capital
    return found


# Reading


def read_range(session: Session) -> range:
    """The numbers of the blocks that the book's loans are in."""
    first, last = session.execute(select(func.min(Loan.id), func.max(Loan.id))).one()
    return range(0) if first is None else range(first // SIZE, last // SIZE + 1)


def count_newer(session: Session, revision: int) -> int:
    """How many loans writes after a revision have touched."""
    return session.scalar(select(func.count()).select_from(Loan).where(Loan.revision > revision)) or 0


def ids_newer(session: Session, revision: int) -> Any:
    """The ids of the loans that writes after a revision have touched."""
    return np.sort(columns(session, select(Loan.id).where(Loan.revision > revision), (), ())["id"])


def read_block(session: Session, number: int, known: Known = NOW) -> Block:
    """A block as this transaction sees it, of what was known."""
    ids = SIZE * number, SIZE * (number + 1) - 1
    return _read(session, known, Loan.id.between(*ids), Repayment.loan_id.between(*ids))


def read_newer(session: Session, revision: int, known: Known = NOW) -> Block:
    """The loans that writes after a revision have touched, as far as they were known."""
    newer = select(Loan.id).where(Loan.revision > revision)
    return _read(session, known, Loan.id.in_(newer), Repayment.loan_id.in_(newer))


_CODED = {name: {each.name.lower(): int(each) for each in ENUMERATED[name]} for name in ("frequency", "method")}

_LOANS: Any = select(
    Loan.id,
    Loan.currency,
    Loan.reference,
    Loan.borrower,
    Loan.loan_amount.label("principal"),
    (Loan.interest_rate * case(RATES_PER_YEAR, value=Loan.rate_period)).label("annual_rate_ppm"),
    Loan.repayment_period,
    *(case(words, value=getattr(Loan, name)).label(name) for name, words in _CODED.items()),
    Loan.installment,
    Loan.start_on,
    Loan.first_due_on,
)

_RECEIPT: Any = select(Repayment.loan_id, Repayment.received_on, Repayment.amount)


def _receipts(known: Known, which: ColumnElement[bool]) -> Any:
    """What came in on these loans as far as it was known."""
    parts = [_RECEIPT.where(which, condition) for condition in known.standing_repayments()]
    return parts[0] if len(parts) == 1 else select(*union_all(*parts).subquery().columns)


def _read(session: Session, known: Known, which: ColumnElement[bool], of_them: ColumnElement[bool]) -> Block:
    agreed = _LOANS.add_columns(cast(known.is_voided(), Integer).label("is_voided")).where(which, known.is_recorded())
    loans = columns(
        session, select(*agreed.subquery().columns), ("start_on", "first_due_on"), ("reference", "borrower", "currency")
    )
    loans = _by_id(loans)
    came_in = columns(session, _receipts(known, of_them), ("received_on",), ())
    ids, codes = loans["id"], loans["currency"].dictionary_encode()
    places = np.array([CODES.index(code) for code in codes.dictionary.to_pylist()], dtype=np.int16)
    return Block(
        ids=ids,
        currencies=places[codes.indices.to_numpy()],
        is_voided=loans["is_voided"] == 1,
        references=loans["reference"],
        borrowers=loans["borrower"],
        terms=Terms(**{field.name: loans[field.name] for field in fields(Terms)}),
        receipts=Receipts.of(_places(ids, came_in["loan_id"]), came_in["received_on"], came_in["amount"], len(ids)),
    )


def _by_id(loans: dict[str, Any]) -> dict[str, Any]:
    """The columns in the order of the ids; a database may give the rows in another."""
    ids = loans["id"]
    if (ids[1:] > ids[:-1]).all():
        return loans
    order = np.argsort(ids)
    return {name: _taken(column, order) for name, column in loans.items()}


def _places(ids: Any, loan_ids: Any) -> Any:
    """Each receipt's loan by its row; those of one loan come one after the other, and are looked up once."""
    starts = np.flatnonzero(np.append(True, loan_ids[1:] != loan_ids[:-1])[: len(loan_ids)])
    return np.repeat(np.searchsorted(ids, loan_ids[starts]), np.diff(np.append(starts, len(loan_ids))))
