"""What a book was expected to receive and what it did, and what of it is past due: tables in, figures out."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from loan_core import AGES, currency
from pages._charts import LABEL_SHARE, ROLES, Chart, date_ticks, day_words, line, money_ticks, template
from pages._look import counted, day, money, plotly, short_money

BOOK_HEIGHT = 300
LATE_AGES = {age: words for age, words in AGES.items() if age != "current"}


def book_chart(curve: pd.DataFrame, as_of: date, code: str, mode: str, today: date) -> Chart:
    """What was expected of a book and what it received, running, by month; then what is still to fall due."""
    role, dates, due, paid = ROLES[mode], *_course(curve, as_of)
    past, parts = paid.size, 10 ** currency(code).exponent
    expected, received = due / parts, paid / parts
    met, met_expected, met_received = _with_crossings(dates[:past], expected[:past], received)
    top = max(expected.max(), received.max(), 1 / parts) * 1.06

    def mark(name: str, x: Any, y: Any, width: float, color: str, dash: str = "solid", **more: Any) -> dict[str, Any]:
        return {"name": name, "y": y, "hoverinfo": "skip", **line(x, width, role[color], dash=dash), **more}

    def shade(name: str, edge: Any) -> list[dict[str, Any]]:
        """From what was expected to what was received, where that is ``edge`` of the two: a fill needs both lines."""
        reach = {"fill": "tonexty", "fillcolor": role[name]}
        return [
            mark("", met, met_expected, 0, "expected"),
            mark(name, met, edge(met_expected, met_received), 0, "expected", **reach),
        ]

    return {
        "data": [
            *shade("short", np.minimum),
            *shade("more", np.maximum),
            mark("day", [as_of] * 2, [0, top], 1, "today"),
            mark("fallen due", dates[:past], expected[:past], 1.75, "expected", dash="6px,4px"),
            mark("to fall due", dates[past - 1 :], expected[past - 1 :], 1.4, "expected", dash="2px,4px"),
            mark("received", dates[:past], received, 3, "actual", **_said("Received", paid, code)),
            # Only for the pointer: one line of words for what has fallen due and for what will.
            mark("expected", dates, expected, 0, "expected", **_said("Expected", due, code)),
        ],
        "layout": {
            "template": template(role),
            "height": BOOK_HEIGHT,
            "margin": {"t": 26},
            "annotations": [_day_words(as_of, today, role, (as_of - dates[0]) / (dates[-1] - dates[0]))],
            "xaxis": {"range": [dates[0].isoformat(), dates[-1].isoformat()], **date_ticks(dates[0], dates[-1])},
            "yaxis": {"range": [0, top], **money_ticks(top, code)},
        },
    }


def book_sentence(curve: pd.DataFrame, as_of: date, code: str) -> str:
    """The same chart for who cannot see it."""
    dates, due, paid = _course(curve, as_of)
    said = (
        f"Line chart of what was expected and received in all, from {day(dates[0])} to {day(as_of)}: "
        f"expected {money(due[paid.size - 1], code)}, received {money(paid[-1], code)}."
    )
    return said if due.size == paid.size else f"{said} By {day(dates[-1])}, {money(due[-1], code)} will be expected."


def _course(curve: pd.DataFrame, as_of: date) -> tuple[list[date], np.ndarray, np.ndarray]:
    """Dates, expected and, through the day, received: from nothing, before the first month, on.

    It goes half as far ahead as it goes back, and at least three months: ``(n), (n), (past)``.
    """
    on = curve["on"].to_numpy().astype("M8[D]")
    first = on[0].item()
    shown, past = (on <= np.datetime64(end) for end in (as_of + max(timedelta(92), (as_of - first) / 2), as_of))
    expected, received = (
        np.insert(curve[name][rows].to_numpy(dtype=np.int64), 0, 0)
        for name, rows in (("expected", shown), ("received", past))
    )
    return [first.replace(day=1) - timedelta(1), *on[shown].tolist()], expected, received


def _with_crossings(dates: list[date], one: np.ndarray, other: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
    """Two lines with a point more wherever they cross: ``(n), (n), (n) -> (m), (m), (m)``."""
    at, gap = np.array(dates, dtype="M8[s]").astype(np.int64), other - one
    before = np.flatnonzero(gap[:-1] * gap[1:] < 0)
    share = gap[before] / (gap[before] - gap[before + 1])
    met = one[before] + share * np.diff(one)[before]
    moment = (at[before] + share * np.diff(at)[before]).astype(np.int64)
    moments = np.insert(at, before + 1, moment).astype("M8[s]").tolist()
    return moments, np.insert(one, before + 1, met), np.insert(other, before + 1, met)


def _said(name: str, amounts: np.ndarray, code: str) -> dict[str, Any]:
    """What a line says of each of its points, to the last digit."""
    texts = [money(amount, code) for amount in amounts]
    return {"text": texts, "hovertemplate": f"{name} %{{text}}<extra></extra>", "hoverinfo": "all"}


def _day_words(as_of: date, today: date, role: dict[str, Any], share: float) -> dict[str, Any]:
    """The day above its line; near an edge of the chart, on the side that has room."""
    anchor = "left" if share < LABEL_SHARE / 2 else "center" if share < 1 - LABEL_SHARE / 2 else "right"
    return day_words(as_of, as_of, today, role, anchor)


def ageing_chart(ageing: dict[str, Any], code: str, mode: str) -> Chart:
    """The outstanding principal of loans past due, by age, the youngest at the top."""
    role, buckets = ROLES[mode], [ageing[age] for age in LATE_AGES]
    amounts = [each.outstanding_principal for each in buckets]
    bars = [amount / 10 ** currency(code).exponent for amount in amounts]
    # As annotations: the words of a bar of no length would stand around its end, not beside it.
    marks = [
        {
            "text": f"<b>{plotly(short_money(each.outstanding_principal, code))}</b><br>{counted(each.loans, 'loan')}",
            "x": bar,
            "y": name,
            "xanchor": "left",
            "xshift": 4,
            "align": "left",
            "showarrow": False,
        }
        for name, bar, each in zip(LATE_AGES.values(), bars, buckets, strict=True)
    ]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": list(LATE_AGES.values()),
                "x": bars,
                "marker": {"color": role["ages"]},
                "customdata": [money(amount, code) for amount in amounts],
                "hovertemplate": "%{y}: %{customdata}<extra></extra>",
            }
        ],
        "layout": {
            "template": template(role),
            "height": BOOK_HEIGHT,
            "annotations": marks,
            "bargap": 0.4,
            "hovermode": "closest",
            # Right of the longest bar stand its words, also where the chart is narrow.
            "xaxis": {"visible": False, "range": [0, max(bars) * 1.6]},
            "yaxis": {"autorange": "reversed", "showgrid": False, "tickfont": {"size": 14, "color": role["text"]}},
        },
    }


def ageing_sentence(ageing: dict[str, Any], code: str) -> str:
    """The same bars for who cannot see them."""
    said = [
        f"{name} {money(ageing[age].outstanding_principal, code)}, {counted(ageing[age].loans, 'loan')}"
        for age, name in LATE_AGES.items()
    ]
    return f"Bar chart of the outstanding principal of loans past due: {'; '.join(said)}."
