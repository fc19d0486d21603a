"""Loans in a table, one row each: a row that is selected opens its loan."""

from typing import Any

import pandas as pd
import streamlit as st

from pages._desk import sum_column
from pages._look import STANDINGS, major, standing


def loan_list(rows: pd.DataFrame, code: str, names: tuple[str, ...], key: str, alt: str) -> int | None:
    """Some loans as ``Book.loans`` gives them, with these of the columns; the id of the one that is selected."""
    shown = _columns(rows, code)[list(names)]
    chosen = st.dataframe(
        shown,
        hide_index=True,
        row_height=38,
        height="content",
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        column_config={name: _shown_as(name, shown[name], code) for name in names},
        key=key,
        alt=alt,
    ).selection.rows
    return int(rows["id"].iloc[chosen[0]]) if chosen else None


def _columns(rows: pd.DataFrame, code: str) -> pd.DataFrame:
    """What the columns say. Nothing past due is an empty cell, and so is a share of nothing."""
    expected = rows["expected_paid"].where(rows["expected_paid"] > 0)
    return pd.DataFrame(
        {
            "Borrower": rows["borrower"].where(rows["borrower"] != "", rows["reference"]),
            "Status": [[standing(*each).word] for each in zip(rows["state"], rows["status"], strict=True)],
            "Ahead or behind": major(rows["ahead_by"], code),
            "Days": rows["days_ahead"],
            "Outstanding": major(rows["outstanding_principal"], code),
            "Arrears": major(rows["arrears"].where(rows["arrears"] > 0), code),
            "Days past due": rows["days_past_due"].where(rows["days_past_due"] > 0),
            "Paid of expected": (100 * rows["total_amount_paid"] / expected).clip(upper=100),
            "Next due": rows["next_due_on"],
            "Installment": major(rows["installment"], code),
            "Loan": rows["reference"],
        }
    )


def _shown_as(name: str, cells: pd.Series, code: str) -> Any:
    column = st.column_config
    match name:
        case "Borrower":
            return column.TextColumn(width=118)
        case "Status":
            return column.MultiselectColumn(
                width=94,
                options=[each.word for each in STANDINGS.values()],
                color=[each.color for each in STANDINGS.values()],
                format_func={each.word: f"{each.mark} {each.word}" for each in STANDINGS.values()}.get,
            )
        case "Ahead or behind":
            said = "Paid less what was expected through the day: ahead, or with a minus sign behind."
            return sum_column(code, cells, 116, sign="+", help=said)
        case "Days":
            said = "How far the money reaches beyond the day, or with a minus sign falls short of it."
            return column.NumberColumn(width=64, format="%+d", help=said)
        case "Days past due":
            return column.NumberColumn(width=104, format="%d")
        case "Paid of expected":
            return column.ProgressColumn(width=130, format="%.0f%%", min_value=0, max_value=100)
        case "Next due":
            return column.DateColumn(width=110, format="D MMM YYYY")
        case "Loan":
            return column.TextColumn(width=80)
        case _:
            return sum_column(code, cells, 104)
