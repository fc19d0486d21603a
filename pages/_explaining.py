"""The way from a figure to how it comes about: a quiet link beside it, and the words of the page that it leads to."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from loan_core import figure_of
from pages._address import go, here
from pages._filters import filters_asked
from pages._look import NOTHING, counted, day, major, markdown, money, percent
from pages._shown import sum_column


def explain(figure: str, label: str = "Explain", **period: date | str) -> None:
    """A link to how a figure of these loans comes about; of a period, with its ``first`` and ``last`` day."""
    asked = {name: str(when) for name, when in period.items()}
    st.page_link(
        "explain.py",
        label=f":small[:gray[{label}]]",
        help=f"How {markdown(figure_of(figure).name)} comes about",
        query_params=here(**filters_asked(figure=figure, **asked)),
    )


def explain_one(bars: Mapping[str, Mapping[str, Any]], key: str, what: str = "bar") -> None:
    """The bars of a chart, or the cells of a map, to choose from by their words: the one chosen is explained.

    A list and no click on the chart: it is there for the keyboard as well, and a finger on a chart still scrolls and
    asks what a bar says.
    """
    label = f"Explain a {what}"
    chosen = st.selectbox(
        label, list(bars), index=None, placeholder=label, label_visibility="collapsed", width=300, key=f"explain {key}"
    )
    if chosen:
        go("explain", **filters_asked(**{name: str(each) for name, each in bars[chosen].items()}))


def value(found: Any) -> str:
    """The figure as its card shows it."""
    if found.figure.is_share:
        return percent(found.part, found.whole)
    return amount(found, found.part)


def amount(found: Any, number: int) -> str:
    """A sum or a number of loans, as the figure's columns hold them."""
    return money(number, found.asked.currency) if found.figure.unit == "money" else f"{number:,}"


def arithmetic(found: Any) -> str:
    """The formula with this book's numbers: ``$12,340.00 ÷ $56,789.00 = 21.7%``."""
    if found.figure.is_share:
        return f"{amount(found, found.part)} ÷ {amount(found, found.whole)} = {value(found)}".replace(
            NOTHING, "nothing"
        )
    if found.figure.unit == "loans":
        return counted(found.loans, "loan")
    return f"{value(found)} in {counted(found.loans, 'loan')}"


def period(found: Any) -> str:
    """Over which days the figure is: ``3 May to 2 Jun 2026``; of months, the days of them through the last."""
    if not found.figure.period:
        return ""
    first, last = found.asked.first, found.asked.last
    return f"{day(first.replace(day=1) if found.figure.period == 'months' else first)} to {day(last)}"


def named(key: str) -> str:
    """A figure among all there are: ``Past due, by age: 1–30 days past due``."""
    figure = figure_of(key)
    return f"{figure.group}: {figure.name}" if figure.group else figure.name


def source(figure: Any) -> str:
    """Who defined a figure so."""
    return f"Source: {figure.source}." if figure.source else "The definition is this book's own."


def in_order(found: Any) -> str:
    if found.figure.unit == "money":
        return "the largest first"
    return "the most often first" if found.part > found.loans else "who owes most first"


def parts(rows: pd.DataFrame, found: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The loans under the words of their columns, and how they are shown: sums as sums, what counts as a tick."""
    figure, code = found.figure, found.asked.currency
    cells = {"Loan": rows["loan_reference"], "Borrower": rows["borrower"]}
    columns = dict(zip((figure.part_name, figure.whole_name), found.names, strict=False))
    if figure.unit == "money":
        sums = {words: major(rows[name], code) for words, name in columns.items()}
        return cells | sums, {words: sum_column(code, sums[words], 40 + 7 * len(words)) for words in sums}
    if any((rows[name] > 1).any() for name in found.names):
        return cells | {words: rows[name] for words, name in columns.items()}, {}
    # Each loan counts once: that is said only where some do and some do not.
    counts = ["✓" if part > 0 else "" for part in rows[found.names[0]]]
    return (cells | {figure.part_name: counts} if figure.is_share else cells), {}
