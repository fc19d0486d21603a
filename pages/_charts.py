"""The look of every chart: colours, axes, lines and the words on them. Only marks are floats, in major units.

A chart is a dict of Plotly's ``data`` and ``layout``. ``go.Figure(chart)`` checks every word of it, which takes longer
than all else of it: the tests do, and a page that draws it does not.
"""

from collections.abc import Sequence
from datetime import date
from math import floor, log10
from typing import Any, TypeAlias

import numpy as np
from plotly.basedatatypes import BaseFigure

from loan_core import currency
from pages._look import day, thousands

Chart: TypeAlias = dict[str, Any]

ROLES = {
    "light": {
        "veil": "rgba(255,255,255,0.7)",
        "surface": "#f6f7f9",
        "text": "#10182b",
        "muted": "#566074",
        "grid": "#e6e9ef",
        "axis": "#b9bfca",
        "today": "#868e9e",
        "band": "#e6e9f0",
        "expected": "#677084",
        "actual": "#4149c3",
        "actual_text": "#373fae",
        "interest": "#868cd8",
        "Behind": "#c8500a",
        "Behind_text": "#9a3c05",
        "Ahead": "#1668c7",
        "Ahead_text": "#14539e",
        "On Track": "#0f8a6d",
        "short": "rgba(200,80,10,0.22)",
        "more": "rgba(22,104,199,0.18)",
        "ages": ("#d5651d", "#b9500f", "#8f3a06", "#5f2503"),
        "ramp": (
            *("#fdf0e6", "#fbdcc4", "#f6c19b", "#efa26d", "#e58245"),
            *("#d9671f", "#c8500a", "#a84207", "#873505", "#662804"),
        ),
        "inks": ("#10182b", "#ffffff"),
    },
    "dark": {
        "veil": "rgba(15,18,24,0.7)",
        "surface": "#181c24",
        "text": "#e9ecf2",
        "muted": "#a9b1c0",
        "grid": "#252b36",
        "axis": "#4a5261",
        "today": "#626b7c",
        "band": "#222833",
        "expected": "#99a2b2",
        "actual": "#8b93f5",
        "actual_text": "#a9b0fa",
        "interest": "#5b62b5",
        "Behind": "#f08a3c",
        "Behind_text": "#f7a768",
        "Ahead": "#6aaef5",
        "Ahead_text": "#8cc2fa",
        "On Track": "#35c29b",
        "short": "rgba(240,138,60,0.3)",
        "more": "rgba(106,174,245,0.3)",
        "ages": ("#b05f1d", "#d17529", "#f5a263", "#fcd6b9"),
        "ramp": (
            *("#37210f", "#4f2d12", "#6d3b13", "#8e4b14", "#b05f1d"),
            *("#d17529", "#f08a3c", "#f5a263", "#f9bb8d", "#fcd6b9"),
        ),
        "inks": ("#0f1218", "#ffffff"),
    },
}

STILL = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
"""No zoom and no drag: a finger on a chart scrolls the page."""

LABEL_SHARE = 0.28
"""The widest label on a mark, as a share of the plot on a phone."""


class Drawn(BaseFigure):
    """A chart as it is, for who would check it first and copy it twice."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart

    def to_dict(self) -> Chart:
        return self._chart


def template(role: dict[str, str]) -> dict[str, Any]:
    """The look of every chart: no frame, no legend, the words on the marks."""
    font = {"family": '"Source Sans", "Segoe UI", system-ui, sans-serif', "size": 14, "color": role["text"]}
    axis = {
        "showline": False,
        "zeroline": False,
        "ticks": "",
        "tickfont": {"size": 13, "color": role["muted"]},
        "automargin": True,
        "fixedrange": True,
        "ticklabelstandoff": 4,
    }
    across = {"showgrid": False, "showline": True, "linecolor": role["axis"], "ticks": "outside", "ticklen": 4}
    layout = {
        "font": font,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 0, "r": 0, "t": 12, "b": 0},
        "colorway": [role[name] for name in ("actual", "expected", "Behind", "On Track", "Ahead")],
        "showlegend": False,
        "dragmode": False,
        "separators": ".,",
        "hovermode": "x unified",
        "hoverdistance": 60,
        "hoverlabel": {"bgcolor": role["surface"], "bordercolor": role["axis"], "font": font | {"size": 13}},
        "xaxis": axis | across | {"tickcolor": role["axis"], "hoverformat": "%-d %b %Y"},
        "yaxis": axis | {"showgrid": True, "gridcolor": role["grid"], "rangemode": "tozero", "nticks": 5},
    }
    return {"layout": layout}


def line(dates: Sequence[date], width: float, color: str, **more: str) -> dict[str, Any]:
    """A line without points, its amounts still to be given."""
    drawn = {"width": width, "color": color, **more}
    return {"type": "scatter", "x": [on.isoformat() for on in dates], "mode": "lines", "line": drawn}


def day_words(as_of: date, on: date, today: date, role: dict[str, Any], anchor: str) -> dict[str, Any]:
    """The day above its line, which stands at ``on``: on the day, or at the edge of the chart nearest to it."""
    text = f"Today, {as_of.day} {as_of:%b}" if as_of == today else day(as_of)
    return {
        "text": text if as_of == on else f"{text} →",
        "x": on.isoformat(),
        "xanchor": anchor,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 13, "color": role["muted"]},
    }


def date_ticks(start: date, end: date) -> dict[str, Any]:
    """At most six ticks: weeks for a short loan, then months, then years."""
    length = (end - start).days
    for weeks in (1, 2):
        if length <= weeks * 7 * 6:
            return {"tick0": start.isoformat(), "dtick": weeks * 7 * 86_400_000, "tickformat": "%-d %b<br>%Y"}
    months = next(step for step in (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200) if length <= step * 30.4 * 6)
    first = start.replace(day=1) if months < 12 else start.replace(month=1, day=1)
    return {"tick0": first.isoformat(), "dtick": f"M{months}", "tickformat": "%b<br>%Y" if months < 12 else "%Y"}


def money_ticks(top: float, code: str) -> dict[str, Any]:
    """At most five round sums, in one unit: ``$0 $500 $1,000``, ``$0M $0.5M $1M``."""
    rough = top / 4
    power = 10.0 ** floor(log10(rough))
    step = max(next(power * n for n in (1, 2, 5, 10) if power * n >= rough), 10.0 ** -currency(code).exponent)
    values = np.arange(0, top, step)
    unit, letter = thousands(step) if top >= 1e5 else (1, "")
    places = 0 if step >= 1 else currency(code).exponent
    return {
        "tickvals": values,
        "ticktext": [f"{currency(code).symbol}{value / unit:,.{places}f}{letter if value else ''}" for value in values],
    }
