"""A small table, beside what Streamlit writes of the same cells with a styler."""

from typing import Any

import pyarrow as pa
from streamlit.testing.v1 import AppTest


def both() -> None:
    from datetime import date

    import pandas as pd
    import streamlit as st

    from pages._look import day, signed
    from pages._small_table import small_table

    days, words = [date(2026, 1, 31), date(2026, 2, 28)], ["**x**", ":orange[y]"]
    sums, some = [-94.56, 1234.5], [1.0, float("nan")]

    def said(amount: float) -> str:
        return "—" if amount != amount else signed(amount, "USD")

    frame = pd.DataFrame({"Due": pd.to_datetime(days), "Amount": sums, "Some": some, "Loans": [1, 2], "Word": words})
    styled = frame.style.format({"Due": day, "Amount": said, "Some": said, "Loans": str})
    st.table(styled, hide_index=True, border="horizontal", alt="Both")
    with st.container():
        small_table(
            {
                "Due": (days, day),
                "Amount": (sums, said),
                "Some": (some, said),
                "Loans": ([1, 2], str),
                "Word": (words, str),
            },
            "Both",
        )


def table(arrow: bytes) -> pa.Table:
    found = pa.ipc.open_stream(arrow).read_all()
    return found.select([name for name in found.column_names if not name.startswith("__index")])


def is_number(column: Any) -> bool:
    return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type))


def test_it_is_what_streamlit_writes_of_a_styled_frame() -> None:
    at = AppTest.from_function(both).run()
    assert not at.exception
    theirs, ours = (each.proto for each in at.table)
    for name in ("border_mode", "hide_index", "hide_header", "alt"):
        assert getattr(ours, name) == getattr(theirs, name)
    their_words, our_words = (table(each.arrow_data.styler.display_values).to_pydict() for each in (theirs, ours))
    assert our_words == their_words
    assert our_words["Amount"] == ["−94.56", "1,234.50"]
    # Numbers stand right because they are numbers.
    their_cells, our_cells = (table(each.arrow_data.data) for each in (theirs, ours))
    assert [is_number(each) for each in our_cells.columns] == [is_number(each) for each in their_cells.columns]
    assert ours.arrow_data.styler.uuid not in ("", theirs.arrow_data.styler.uuid)
