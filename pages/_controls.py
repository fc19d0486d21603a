"""What is switched, taken away and picked the same way on every page: its state is in the URL, or nowhere."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from pages._address import in_url
from pages._desk import made
from pages._shown import arrow

NAME = "Borrower"
TO_OPEN_A_LOAN = "Click a name, or tick a row, to open the loan."


def switch(label: str, name: str, options: Iterable[str], default: str = "", words: Any = None) -> Any:
    """One of a few that stand side by side, under ``name`` in the URL: the first of them unless another is chosen."""
    options = list(options)
    # As they are, the chosen words would be of the primary color, too pale in dark.
    return st.segmented_control(
        label,
        options,
        required=True,
        format_func=words or ":gray[{}]".format,
        label_visibility="collapsed",
        **in_url(name, default or options[0], options),
    )


def offer_csv(
    name: str,
    export: Callable[..., Iterable[bytes]],
    *said: Any,
    label: str = "Export CSV",
    place: Any = st,
    key: str | None = None,
) -> None:
    """A file of this name, made by ``export`` of what is ``said`` once it is asked for."""
    place.download_button(
        label,
        partial(made, export, *said),
        f"{name}.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=key,
    )


def pick_row(
    columns: Mapping[str, Any],
    column_config: Mapping[str, Any],
    key: str,
    of: Iterable[int],
    alt: str,
    stays: bool = False,
) -> int | None:
    """A list, and which of its rows is selected: by its tick, or by a click on the borrower's name.

    ``of``: what each of its rows is. A tick is a place in the list: ticked while others come, it would be one of them,
    so that with other rows it is another list. ``stays``: a click on a name ticks the row; else it is one click, as
    what it opens is another page.
    """
    config, clicked = dict(column_config), f"{key} {NAME}"
    key = " ".join(map(str, (key, *of)))
    if NAME in columns:
        columns = {**columns, NAME: [plain_label(name) for name in columns[NAME]]}
        config[NAME] = st.column_config.ButtonColumn(
            width=config.get(NAME, {}).get("width"),
            type="tertiary",
            alignment="left",
            on_click=_tick if stays else None,
            args=(clicked, key) if stays else None,
            key=clicked,
        )
    rows = st.dataframe(
        arrow(columns),
        hide_index=True,
        row_height=38,
        height="content",
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        column_config=config,
        key=key,
        alt=alt,
    ).selection.rows
    if click := st.session_state.get(clicked):
        return clicked_row(click, columns[NAME])
    return rows[0] if rows else None


def clicked_row(click: Any, names: Sequence[str]) -> int | None:
    """The row whose name was clicked; None where a write has meanwhile put another name there, or none."""
    row: int = click.row
    return row if names[row : row + 1] == [click.label] else None


def plain_label(name: str) -> str:
    """A name that looks like the code of an icon would be shown as one."""
    return f"\N{WORD JOINER}{name}" if name.startswith(":") else name


def _tick(clicked: str, key: str) -> None:
    row = st.session_state[clicked].row
    st.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
