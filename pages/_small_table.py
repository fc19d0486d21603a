"""A small table of text: what ``st.table`` shows of a styled frame, without pandas between the cells and the page.

A styler takes 3 to 7 ms a table, most of a page's time where there are several. It is also the only way that
Streamlit offers to words for numbers that stay numbers, and so stand right; what it writes is written here directly.
``tests/test_small_table.py`` holds the two side by side.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import streamlit as st
from streamlit.dataframe_util import convert_arrow_table_to_arrow_bytes
from streamlit.elements.lib.layout_utils import LayoutConfig
from streamlit.proto.Table_pb2 import Table


def small_table(columns: Mapping[str, tuple[Sequence[Any], Callable[[Any], str]]], alt: str) -> None:
    """Each column's cells, and how one is said, for Markdown: numbers stand right, all else left."""
    said = {name: pa.array([say(cell) for cell in cells], pa.string()) for name, (cells, say) in columns.items()}
    meant = {name: _numbers(cells) or said[name] for name, (cells, _) in columns.items()}
    table = Table(border_mode=Table.BorderMode.HORIZONTAL, hide_index=True, alt=alt)
    table.arrow_data.data = convert_arrow_table_to_arrow_bytes(pa.table(meant))
    table.arrow_data.styler.display_values = convert_arrow_table_to_arrow_bytes(pa.table(said))
    # Without a name of its own the page shows the numbers as they are.
    table.arrow_data.styler.uuid = str(hash(st._main._get_delta_path_str()))
    st._main._enqueue("table", table, layout_config=LayoutConfig(width="stretch", height="content"))


def _numbers(cells: Sequence[Any]) -> pa.Array | None:
    """The cells in Arrow, where they are numbers."""
    array = pa.array(cells, from_pandas=True)
    return array if pa.types.is_integer(array.type) or pa.types.is_floating(array.type) else None
