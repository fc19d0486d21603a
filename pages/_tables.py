"""Tables of figures: a real table where it is small, else a grid; below it the same rows as a file."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd
import streamlit as st

from loan_core import currency, tables
from pages._controls import offer_csv
from pages._look import NOTHING, day, signed
from pages._shown import sum_column
from pages._small_table import small_table

SMALL = 60, 46
"""So many rows, and so many characters in a row, two between its cells, are a table: a wider one scrolls on a phone."""

NUMBERS = ("loans", "of_loans", "worst", "months_on_book")
"""How the names of columns begin that hold whole numbers."""

Rows = Sequence[dict[str, Any]]


_FORMATS: dict[str, Callable[[str], Callable[[Any], str]]] = {
    "money": lambda code: lambda amount: signed(amount, code),
    "share": lambda _: lambda part: NOTHING if part is None else f"{part:.1f}%",
    "day": lambda _: day,
    "number": lambda _: lambda number: NOTHING if pd.isna(number) else f"{number:,}",
    "words": lambda _: str,
}


def show(
    rows: Rows,
    columns: dict[str, str],
    code: str,
    alt: str,
    said: Mapping[str, Callable[[Any], str]] = MappingProxyType({}),
) -> None:
    """Rows of ``loan_core.tables`` under the words of their columns; ``said``: how a row says some of them."""
    spoken = [row | {name: say(row) for name, say in said.items()} for row in rows]
    kinds = {words: "words" if name in said else _kind(name) for name, words in columns.items()}
    cells = {words: _cells([row[name] for row in spoken], kinds[words], code) for name, words in columns.items()}
    formats = {words: _FORMATS[kind](code) for words, kind in kinds.items()}
    widths = (max(len(words), *(len(formats[words](cell)) for cell in cells[words])) for words in cells)
    if len(rows) <= SMALL[0] and sum(widths) + 2 * len(cells) <= SMALL[1]:
        small_table({words: (cells[words], formats[words]) for words in cells}, alt)
        return
    frame = pd.DataFrame(cells)
    config = {words: _column(kind, words, frame[words], code) for words, kind in kinds.items()}
    height: Any = "content" if len(rows) <= SMALL[0] else 600
    st.dataframe(frame, hide_index=True, column_config=config, placeholder="", row_height=38, height=height, alt=alt)


def as_table(rows: Rows, columns: dict[str, str], code: str, name: str, said: Any = MappingProxyType({})) -> None:
    """What a chart above shows, as a table that can be opened, and as a file."""
    with st.expander("The same as a table", icon=":material/table:"):
        show(rows, columns, code, f"The same as a table: {name}", said)
        offer(rows, code, name)


def offer(rows: Rows, code: str, name: str, label: str = "CSV") -> None:
    """The rows as a file, made on the click."""
    offer_csv(name, tables.csv, rows, code, label=label, key=f"download {name}")


def _cells(values: list[Any], kind: str, code: str) -> Any:
    """Money in major units, shares in percent, whole numbers that may be missing, the rest as it is."""
    units = 10 ** currency(code).exponent
    if kind == "money":
        return [amount / units for amount in values]
    if kind == "number":
        return pd.array(values, dtype="Int64")
    return [None if value is None else 100 * value for value in values] if kind == "share" else values


def _kind(name: str) -> str:
    if name in tables.MONEY:
        return "money"
    if name in tables.SHARES or name.startswith("share_"):
        return "share"
    # A month names a column of days late in it.
    is_number = name.startswith(NUMBERS) or name[:1].isdecimal()
    return "day" if name == "day" else "number" if is_number else "words"


def _column(kind: str, words: str, cells: pd.Series, code: str) -> Any:
    # A grid cuts off a header that is longer than its column.
    column, least = st.column_config, 28 + 7 * len(words)
    match kind:
        case "money":
            return sum_column(code, cells, least)
        case "share":
            return column.NumberColumn(width=least, format="%.1f%%")
        case "day":
            return column.DateColumn(format="D MMM YYYY")
        case "number":
            return column.NumberColumn(width=least, format="%,d")
    return column.TextColumn()
