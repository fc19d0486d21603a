"""Loans in a table, one row each: a row that is selected opens its loan."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from pages._controls import pick_row
from pages._look import BADGES, badge_of, major
from pages._shown import sum_column


def loan_list(rows: pd.DataFrame, code: str, names: tuple[str, ...], key: str, alt: str) -> int | None:
    """Some loans as ``Book.loans`` gives them, with these of the columns; the id of the one that is selected."""
    shown = {name: _COLUMNS[name](rows, code) for name in names}
    config = {name: _shown_as(name, cells, code) for name, cells in shown.items()}
    chosen = pick_row(shown, config, key, rows["id"], alt)
    return None if chosen is None else int(rows["id"].iloc[chosen])


def named(borrowers: Sequence[str], references: Sequence[str]) -> list[str]:
    """Loans by their borrower's name or, where there is none, by their reference."""
    return [borrower or reference for borrower, reference in zip(borrowers, references, strict=True)]


def _sums(name: str, only_above_0: bool = False) -> Callable[[pd.DataFrame, str], Any]:
    """A column of sums in major units; without those that are nothing where they alone are said."""

    def column(rows: pd.DataFrame, code: str) -> Any:
        amounts = rows[name].to_numpy()
        return major(np.where(amounts > 0, amounts, np.nan) if only_above_0 else amounts, code)

    return column


def _status(rows: pd.DataFrame, _: str) -> list[list[str]]:
    return [[badge_of(*each).word] for each in zip(rows["state"], rows["status"], strict=True)]


def _days_past_due(rows: pd.DataFrame, _: str) -> Any:
    days = rows["days_past_due"].to_numpy()
    return np.where(days > 0, days, np.nan)


def _paid_of_expected(rows: pd.DataFrame, _: str) -> Any:
    paid, expected = rows["total_amount_paid"].to_numpy(), rows["expected_paid"].to_numpy()
    return np.where(expected > 0, np.minimum(100 * paid / np.maximum(expected, 1), 100), np.nan)


_COLUMNS: dict[str, Callable[[pd.DataFrame, str], Any]] = {
    "Borrower": lambda rows, _: named(rows["borrower"], rows["reference"]),
    "Status": _status,
    "Ahead or behind": _sums("ahead_by"),
    "Days": lambda rows, _: rows["days_ahead"].to_numpy(),
    "Outstanding": _sums("outstanding_principal"),
    "Arrears": _sums("arrears", only_above_0=True),
    "Days past due": _days_past_due,
    "Paid of expected": _paid_of_expected,
    "Next due": lambda rows, _: rows["next_due_on"].to_numpy(),
    "Installment": _sums("installment"),
    "Loan": lambda rows, _: rows["reference"].tolist(),
}
"""What the cells of each column say. Nothing past due is an empty cell, and so is a share of nothing."""


def _shown_as(name: str, cells: Any, code: str) -> Any:
    column = st.column_config
    match name:
        case "Borrower":
            return column.TextColumn(width=118)
        case "Status":
            return column.MultiselectColumn(
                width=94,
                options=[each.word for each in BADGES.values()],
                color=[each.color for each in BADGES.values()],
                format_func={each.word: f"{each.mark} {each.word}" for each in BADGES.values()}.get,
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
