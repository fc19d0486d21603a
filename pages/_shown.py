"""What is shown the same way on every page: tables, sums in a grid, charts, and what to do where there is nothing."""

from collections.abc import Callable, Mapping, Sized
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from pages._address import go
from pages._charts import STILL, Chart, Drawn
from pages._desk import book
from pages._look import NOTHING, day, decimals, signed
from pages._small_table import small_table

SHORT = 60
"""So many rows are a table that reads as text; more are a grid that scrolls."""


def theme() -> str:
    return st.context.theme.type or "light"


def say(sentence: str) -> None:
    """To be shown once what follows has been drawn: what was done."""
    st.session_state.setdefault("said", []).append(sentence)


def is_short(rows: Sized) -> bool:
    return len(rows) <= SHORT


def table(columns: Mapping[str, Any], code: str, alt: str) -> None:
    """Columns of days, sums in major units, and words. The words are Markdown where the table is short, else plain."""
    if is_short(next(iter(columns.values()))):
        small_table({name: _said(np.asarray(cells), code) for name, cells in columns.items()}, alt)
        return
    frame = pd.DataFrame(columns)
    shown = {name: st.column_config.DateColumn(format="D MMM YYYY") for name in frame.select_dtypes("datetime")}
    shown |= {name: sum_column(code, frame[name]) for name in frame.select_dtypes("number")}
    st.dataframe(frame, hide_index=True, column_config=shown, placeholder="", row_height=38, height=600, alt=alt)


def _said(cells: Any, code: str) -> tuple[list[Any], Callable[[Any], str]]:
    """Cells as Python's own values, and how one is said."""
    match cells.dtype.kind:
        case "M":
            return cells.astype("datetime64[D]").tolist(), lambda on: NOTHING if on is None else day(on)
        case "f":
            return cells.tolist(), lambda amount: NOTHING if amount != amount else signed(amount, code)
    return cells.tolist(), str


def arrow(columns: Mapping[str, Any]) -> pa.Table:
    """Columns as a grid takes them quickest."""
    return pa.table({name: pa.array(cells, from_pandas=True) for name, cells in columns.items()})


def sum_column(code: str, amounts: Any, least: int = 0, sign: str = "", **more: Any) -> Any:
    """A column of sums in a grid, ``least`` pixels wide or as its longest: a grid cuts off what does not fit."""
    sizes = np.abs(np.asarray(amounts, dtype=float))
    longest = len(sign) + len(signed(np.nanmax(sizes, initial=0), code))
    return st.column_config.NumberColumn(width=max(least, 24 + 8 * longest), format=f"%{sign}{decimals(code)}", **more)


def chart(figure: Chart, alt: str, **more: Any) -> Any:
    """A figure, and the same in words for who cannot see it."""
    height = figure["layout"]["height"]
    return st.plotly_chart(Drawn(figure), theme=None, height=height, config=STILL, alt=alt, **more)


def clicked(figure: Chart, alt: str, key: str) -> list[Any]:
    """The same of a figure whose points know what they stand for: that of the one which was clicked on."""
    picked = chart(figure, alt, key=key, on_select="rerun", selection_mode="points").selection.points
    return [point["customdata"] for point in picked if "customdata" in point]


def empty_book() -> NoReturn:
    """What to do when there is nothing to show."""
    with st.container(border=True, horizontal_alignment="center"):
        st.header("No loans yet", anchor=False, text_alignment="center")
        st.markdown(
            "Write the first loan, bring a book in as a file, or look around in a made-up one.",
            text_alignment="center",
        )
        with st.container(horizontal=True, horizontal_alignment="center"):
            if st.button("New loan", type="primary", icon=":material/add:", key="first loan"):
                go("new_loan")
            if st.button("Import", icon=":material/upload:", key="first import"):
                go("exchange")
            if st.button("Load the demo book", icon=":material/science:"):
                book().load_demo()
                st.rerun()
    st.stop()
