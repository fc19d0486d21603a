"""What each bar of a chart and each cell of a map is, in words, and the figure that it shows: no Streamlit.

A bar is told by where it stands and by what it says, so that it is found by typing: ``May 2026, late: $400.00``.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, TypeAlias

from loan_core import AGES, currency
from pages._analysis_words import month, months_back, step
from pages._book_charts import LATE_AGES
from pages._lateness_words import BANDS, PLACES, began
from pages._look import counted, money

Rows = Sequence[dict[str, Any]]
Bars: TypeAlias = dict[str, dict[str, Any]]
"""By the words of a bar what to ask for: the ``figure``, of a period with its ``first`` and ``last`` day."""


def of_ages(ageing: Mapping[str, Any], code: str) -> Bars:
    """What is outstanding on late loans of each age."""
    return {
        f"{words}: {money(ageing[age].outstanding_principal, code)}": {"figure": f"age_{age}"}
        for age, words in LATE_AGES.items()
    }


def of_nested_ages(rows: Rows, code: str) -> Bars:
    """The same, and the overdue part of each."""
    columns = {"age": ("outstanding", "outstanding_principal"), "overdue": ("overdue", "overdue_principal")}
    return {
        f"{AGES[row['days_past_due']]}, {words}: {money(row[column], code)}": {
            "figure": f"{key}_{row['days_past_due']}"
        }
        for row in rows
        if row["days_past_due"] in LATE_AGES
        for key, (words, column) in columns.items()
    }


def of_steps(rows: Rows, kind: str, code: str) -> Bars:
    """The steps of a histogram."""
    units = 10 ** currency(code).exponent if kind == "size" else 1
    return {
        f"{step(kind, code, row)}: {money(row['outstanding_principal'], code)}": {
            "figure": f"{kind}_{row[f'{kind}_from'] // units}"
        }
        for row in rows
    }


def of_months(rows: Rows, parts: Mapping[str, Any], whole: str, code: str, as_of: date) -> Bars:
    """What fell due, or came in, in each month and each part of it; the newest month first."""
    named = {whole: {"due": "fell due", "received": "received"}[whole]}
    named |= {name: part.label.lower() for name, part in parts.items()}
    return {
        f"{month(row['month'])}, {words}: {money(row[name], code)}": {"figure": name, **of_month(row["month"], as_of)}
        for row in reversed(rows)
        for name, words in named.items()
        if row[name] or name == whole
    }


def of_bands(rows: Rows, as_of: date) -> Bars:
    """How many of the loans due in each month were how late; the newest month first."""
    return {
        f"{month(row['month'])}, {words.lower()}: {row[f'loans_{name}']:,} of {counted(row['loans'], 'loan')}": {
            "figure": f"late_{name}",
            **of_month(row["month"], as_of),
        }
        for row in reversed(rows)
        if row["loans"]
        for name, words in BANDS.items()
    }


def of_vintages(rows: Rows, days: int) -> Bars:
    """By when loans began and months on book, how many were ever late."""
    return {
        f"{began(row['began'])}, {counted(row['months_on_book'], 'month')}: {row['loans_late']:,} of "
        f"{counted(row['loans'], 'loan')}": {"figure": f"ever_{days}_{row['began']}_{row['months_on_book']}"}
        for row in rows
    }


def of_moves(rows: Rows, in_money: bool, first: date, last: date, code: str) -> Bars:
    """From each age to each other: the loans that moved, or what was owed on them."""

    def said(row: dict[str, Any]) -> str:
        if in_money:
            return f"{money(row['outstanding_principal'], code)} of {money(row['of_principal'], code)}"
        return f"{row['loans']:,} of {counted(row['of_loans'], 'loan')}"

    kind = "owed" if in_money else "moved"
    return {
        f"{PLACES[row['from']]} to {PLACES[row['to']].lower()}: {said(row)}": {
            "figure": f"{kind}_{row['from']}_{row['to']}".replace(" ", "-"),
            "first": first,
            "last": last,
        }
        for row in rows
        if row["loans"] and (row["of_principal"] or not in_money)
    }


def of_month(name: str, as_of: date) -> dict[str, date]:
    """The first and the last day of a month, ``2026-05``, so far."""
    first = date.fromisoformat(f"{name}-01")
    return {"first": first, "last": min(months_back(first, -1) - timedelta(days=1), as_of)}
