"""Tables in, figures out. Only marks are floats, in major units: every label is made from whole minor units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import floor, log10
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from loan_core import LoanStatus, Statement, currency
from pages._look import counted, day, days, money, past_due, plotly, short_money, thousands

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
    },
}

STILL = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}
"""No zoom and no drag: a finger on a chart scrolls the page."""

STATUS_HEIGHT = 380
# What the day above and the two lines of ticks below leave of that height, in pixels.
_PLOT = 302
_LINE = 18
# The widest label, and the widest name of a number of days, as shares of the plot on a phone.
_LABEL_SHARE, _DAYS_SHARE = 0.28, 0.2
# A bracket narrower than this is a smudge.
_SMUDGE = 0.03


def template(role: dict[str, str]) -> go.layout.Template:
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
    return go.layout.Template(
        layout={
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
    )


def status_chart(statement: Statement, thresholds: Any, mode: str, today: date) -> go.Figure:
    """What was expected of a loan and what was paid, in steps, with the gap between them in money and in days."""
    view = _view(statement, ROLES[mode])
    role, expected = view.role, view.major(view.expected)
    seen = [on for on in view.dates if on <= view.edge] if view.is_marked else []
    band = {"hoverinfo": "skip", **_steps(view.dates, 0, role["band"])}

    fig = go.Figure()
    fig.add_scatter(**band, y=expected * thresholds.behind_percent / 100, name="Behind below")
    fig.add_scatter(
        **band, y=expected * thresholds.ahead_percent / 100, name="Ahead above", fill="tonexty", fillcolor=role["band"]
    )
    if view.is_marked:
        fig.add_scatter(**_line([view.edge] * 2, 1, role["today"]), y=[0, view.top], name="Day", hoverinfo="skip")
    fig.add_scatter(
        # A little thinner, so that no dot shows under the solid line.
        **_steps(view.dates, 1.4, role["expected"], dash="2px,4px"),
        y=expected,
        name="Expected",
        text=[money(amount, view.code) for amount in view.expected],
        hovertemplate="Expected %{text}<extra></extra>",
    )
    fig.add_scatter(
        **_steps(seen, 1.75, role["expected"]), y=expected[: len(seen)], name="Fallen due", hoverinfo="skip"
    )
    fig.add_scatter(
        **_steps(seen, 3, role["actual"]),
        y=view.major(view.paid[: len(seen)]),
        name="Paid",
        text=[money(amount, view.code) for amount in view.paid[: len(seen)]],
        hovertemplate="Paid %{text}<extra></extra>",
    )
    for x, y, width, name in _gaps(view):
        color = role[view.status.status]
        fig.add_scatter(**_line(x, width, color), y=[view.major(amount) for amount in y], name=name, hoverinfo="skip")
    return fig.update_layout(
        template=template(role),
        height=STATUS_HEIGHT,
        margin_t=26,
        annotations=_labels(view, today),
        xaxis={"range": [view.start.isoformat(), view.end.isoformat()], **_date_ticks(view.start, view.end)},
        yaxis={"range": [0, view.top], **_money_ticks(view.top, view.code)},
    )


def status_sentence(statement: Statement) -> str:
    """The same chart for who cannot see it."""
    status = statement.status
    gap = {
        "Behind": f": {money(status.arrears, status.currency)} behind, {past_due(status)}",
        "Ahead": f": {money(status.ahead_by, status.currency)} ahead",
        "On Track": "",
    }
    return (
        f"Step chart of cumulative payments for loan {status.reference}, as of {day(status.as_of)}. "
        f"Expected {money(status.expected_paid, status.currency)}, "
        f"paid {money(status.total_amount_paid, status.currency)}{gap[status.status]}."
    )


@dataclass(frozen=True)
class _View:
    """What the status chart shows of a statement. Amounts are in minor units, ``top`` of the axis in major ones.

    ``edge`` is where the day stands: ``as_of``, or as near to it as the chart goes. ``gap`` is what is paid above
    what was expected, negative where it is below, and 0 where the loan is neither Ahead nor Behind.
    """

    status: LoanStatus
    role: dict[str, str]
    code: str
    start: date
    edge: date
    end: date
    dates: list[date]
    expected: np.ndarray
    paid: np.ndarray
    top: float
    gap: int

    @property
    def is_marked(self) -> bool:
        return self.status.as_of >= self.start

    @property
    def is_early(self) -> bool:
        """Whether a label left of the day would be cut off."""
        return self.share(self.start, self.edge) < _LABEL_SHARE

    def share(self, first: date, last: date) -> float:
        return (last - first) / (self.end - self.start)

    def major(self, amount: Any) -> Any:
        return amount / 10 ** currency(self.code).exponent

    def pixels(self, amount: float) -> float:
        """How high an amount stands above the axis."""
        return self.major(amount) / self.top * _PLOT

    def minor(self, pixels: float) -> float:
        return pixels / _PLOT * self.top * 10 ** currency(self.code).exponent

    def text(self, amount: int) -> str:
        whole = money(amount, self.code)
        return plotly(whole if len(whole) <= 11 else short_money(amount, self.code))


def _view(statement: Statement, role: dict[str, str]) -> _View:
    status, start = statement.status, statement.loan.start_on
    installments, repayments = statement.installments, statement.repayments
    due_on, received_on = _days_of(installments["due_on"]), _days_of(repayments["received_on"])
    length = max(due_on[-1] - start, timedelta(days=14))
    edge = max(start, min(status.as_of, due_on[-1] + 2 * length))
    # Right of the day stands a label: the chart goes on for as long as one is wide.
    end = max(
        due_on[-1] + max(length * 0.05, timedelta(days=1)), edge + (edge - start) * (_LABEL_SHARE / (1 - _LABEL_SHARE))
    )
    dates = sorted({start, edge, end, *due_on, *(on for on in received_on if on < end)})
    gaps = {"Behind": -status.arrears, "Ahead": status.ahead_by, "On Track": 0}
    # As high as the schedule, and as the words above what is expected and what is paid by now.
    top = max(status.total_due * 1.13, status.expected_paid * 1.21, status.total_amount_paid * 1.2, 1)
    return _View(
        status=status,
        role=role,
        code=status.currency,
        start=start,
        edge=edge,
        end=end,
        dates=dates,
        expected=_running(due_on, installments["due"], dates),
        paid=_running(received_on, repayments["amount"], dates),
        top=top / 10 ** currency(status.currency).exponent,
        gap=gaps[status.status] if status.state == "active" else 0,
    )


def _days_of(column: pd.Series) -> list[date]:
    return [when.date() for when in pd.to_datetime(column)]


def _running(on: list[date], amounts: pd.Series, dates: list[date]) -> np.ndarray:
    """What amounts have come to by each date: ``(n), (n), (dates) -> (dates)``."""
    sums = np.concatenate([[0], amounts.to_numpy(dtype=np.int64).cumsum()])
    return sums[np.searchsorted(np.array(on, dtype="M8[D]"), np.array(dates, dtype="M8[D]"), side="right")]


def _line(dates: Sequence[date], width: float, color: str, **more: str) -> dict[str, Any]:
    line = {"width": width, "color": color, **more}
    return {"x": [on.isoformat() for on in dates], "mode": "lines", "line": line}


def _steps(dates: Sequence[date], width: float, color: str, **more: str) -> dict[str, Any]:
    return _line(dates, width, color, shape="hv", **more)


def _gaps(view: _View) -> list[tuple[list[date], list[float], float, str]]:
    """The gap in money, upright at the day, and the gap in days, a bracket: dates, amounts, width, name."""
    paid = view.status.total_amount_paid
    gaps = [([view.edge] * 2, [paid, paid - view.gap], 3, "Gap in money")] if view.gap else []
    if bracket := _bracket(view):
        left, right, height, _ = bracket
        amounts = [view.minor(height + tick) for tick in (-3, 3, 0, 0, -3, 3)]
        gaps.append(([left, left, left, right, right, right], amounts, 2, "Gap in days"))
    return gaps


def _bracket(view: _View) -> tuple[date, date, float, int] | None:
    """From and to, how many pixels above the axis, and on which side of it (1 above) stand its words."""
    status, height = view.status, view.pixels(view.status.total_amount_paid)
    if view.gap >= 0:
        first, last, side = view.edge, status.paid_up_to or view.edge, 1
    else:
        first = min(max(view.start, status.as_of - timedelta(days=status.days_past_due)), view.edge)
        # Under the line of what was paid, unless that lies so low that the words would leave the plot.
        last, side = view.edge, -1 if height > 2 * _LINE else 1
    is_shown = view.gap and view.share(first, last) > _SMUDGE
    return (first, last, height + 9 * side, side) if is_shown else None


def _labels(view: _View, today: date) -> list[dict[str, Any]]:
    """The words on the marks: each where nothing else stands, early and late, at 390 pixels and at 1,440."""
    if not view.is_marked:
        return []
    status, role = view.status, view.role
    paid, expected = view.text(status.total_amount_paid), view.text(status.expected_paid)
    paid_at, expected_at = view.pixels(status.total_amount_paid), view.pixels(status.expected_paid)
    above, below = max(expected_at * 1.1, paid_at), max(min(expected_at * 0.9, paid_at) - 1.3 * _LINE, 1.1 * _LINE)
    labels = [_day_label(view, today), *_days_label(view)]
    if status.total_amount_paid > status.expected_paid:
        ahead = f'<br><span style="color:{role["Ahead_text"]}"><b>{view.text(view.gap)}</b> ahead</span>'
        height = above + (2.2 * _LINE if view.is_early and view.gap else 8) + (_LINE if view.gap else _LINE / 2)
        said = f"<b>Paid</b> {paid}{ahead if view.gap else ''}"
        return [
            *labels,
            _label(view, said, height, "actual_text", is_left=not view.is_early),
            _label(view, f"Expected<br>{expected}", below, "muted"),
        ]
    labels.append(_expected_label(view, expected, above))
    # A gap under a tenth of the whole has no room for words.
    if -view.gap * 10 >= status.total_due:
        below = max(paid_at - _LINE / 2, 1.1 * _LINE)
        middle = max((paid_at + expected_at) / 2, below + 2.1 * _LINE)
        labels.append(_label(view, f"<b>{view.text(-view.gap)}</b><br>behind", middle, "Behind_text"))
    return [*labels, _label(view, f"<b>Paid</b><br><b>{paid}</b>", below, "actual_text")]


def _label(view: _View, text: str, height: float, color: str, is_left: bool = False) -> dict[str, Any]:
    """Words beside the day, their middle so many pixels above the axis."""
    side = {"xanchor": "right", "xshift": -5, "align": "right"} if is_left else {"xanchor": "left", "xshift": 7}
    return {**_words(view, text, view.edge, height, color), "align": "left", **side}


def _words(view: _View, text: str, on: date, height: float, color: str) -> dict[str, Any]:
    return {
        "text": text,
        "x": on.isoformat(),
        "y": view.major(view.minor(height)),
        "yanchor": "middle",
        "showarrow": False,
        "font": {"size": 14, "color": view.role[color]},
        # Where it does cross a line, the words win.
        "bgcolor": view.role["veil"],
    }


def _expected_label(view: _View, expected: str, height: float) -> dict[str, Any]:
    """Above the band, left of the day; early in a loan right of it, above the steps still to come."""
    if not view.is_early:
        return _label(view, f"Expected {expected}", height + 0.9 * _LINE, "muted", is_left=True)
    further = view.edge + (view.end - view.start) * _LABEL_SHARE * 1.4
    coming = view.pixels(view.expected[[on <= further for on in view.dates]][-1]) * 1.1
    return _label(view, f"Expected {expected}", max(height, coming) + 0.9 * _LINE, "muted")


def _days_label(view: _View) -> list[dict[str, Any]]:
    """The length of the bracket: in its middle, or from its end at the day where it is too short for that."""
    if not (bracket := _bracket(view)):
        return []
    left, right, height, side = bracket
    is_short, is_ahead = view.share(left, right) < _DAYS_SHARE, view.gap > 0
    color = "Ahead_text" if is_ahead else "Behind_text"
    on = view.edge if is_short else left + (right - left) / 2
    words = _words(view, f"<b>{plotly(days(abs(view.status.days_ahead)))}</b>", on, height + side * 0.75 * _LINE, color)
    return [words | {"xanchor": ("left" if is_ahead else "right") if is_short else "center", "xshift": 0}]


def _day_label(view: _View, today: date) -> dict[str, Any]:
    as_of = view.status.as_of
    text = f"Today, {as_of.day} {as_of:%b}" if as_of == today else day(as_of)
    return {
        "text": text if as_of == view.edge else f"{text} →",
        "x": view.edge.isoformat(),
        "xanchor": "center" if view.share(view.start, view.edge) > _LABEL_SHARE / 2 else "left",
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 13, "color": view.role["muted"]},
    }


def _date_ticks(start: date, end: date) -> dict[str, Any]:
    """At most six ticks: weeks for a short loan, then months, then years."""
    length = (end - start).days
    for weeks in (1, 2):
        if length <= weeks * 7 * 6:
            return {"tick0": start.isoformat(), "dtick": weeks * 7 * 86_400_000, "tickformat": "%-d %b<br>%Y"}
    months = next(step for step in (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200) if length <= step * 30.4 * 6)
    first = start.replace(day=1) if months < 12 else start.replace(month=1, day=1)
    return {"tick0": first.isoformat(), "dtick": f"M{months}", "tickformat": "%b<br>%Y" if months < 12 else "%Y"}


def _money_ticks(top: float, code: str) -> dict[str, Any]:
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


BOOK_HEIGHT = 300
AGES = {"1-30": "1–30 days", "31-60": "31–60 days", "61-90": "61–90 days", "91+": "91+ days"}


def book_chart(curve: pd.DataFrame, as_of: date, code: str, mode: str, today: date) -> go.Figure:
    """What was expected of a book and what it received, running, by month; then what is still to fall due."""
    role, dates, due, paid = ROLES[mode], *_course(curve, as_of)
    past, parts = paid.size, 10 ** currency(code).exponent
    expected, received = due / parts, paid / parts
    met, met_expected, met_received = _with_crossings(dates[:past], expected[:past], received)
    top = max(expected.max(), received.max(), 1 / parts) * 1.06

    def line(name: str, x: Any, y: Any, width: float, color: str, dash: str = "solid", **more: Any) -> dict[str, Any]:
        return {"name": name, "y": y, "hoverinfo": "skip", **_line(x, width, role[color], dash=dash), **more}

    def shade(name: str, edge: Any) -> list[dict[str, Any]]:
        """From what was expected to what was received, where that is ``edge`` of the two: a fill needs both lines."""
        reach = {"fill": "tonexty", "fillcolor": role[name]}
        return [
            line("", met, met_expected, 0, "expected"),
            line(name, met, edge(met_expected, met_received), 0, "expected", **reach),
        ]

    return go.Figure(
        data=[
            *shade("short", np.minimum),
            *shade("more", np.maximum),
            line("day", [as_of] * 2, [0, top], 1, "today"),
            line("fallen due", dates[:past], expected[:past], 1.75, "expected", dash="6px,4px"),
            line("to fall due", dates[past - 1 :], expected[past - 1 :], 1.4, "expected", dash="2px,4px"),
            line("received", dates[:past], received, 3, "actual", **_said("Received", paid, code)),
            # Only for the pointer: one line of words for what has fallen due and for what will.
            line("expected", dates, expected, 0, "expected", **_said("Expected", due, code)),
        ],
        layout={
            "template": template(role),
            "height": BOOK_HEIGHT,
            "margin": {"t": 26},
            "annotations": [_day_words(as_of, today, role, (as_of - dates[0]) / (dates[-1] - dates[0]))],
            "xaxis": {"range": [dates[0].isoformat(), dates[-1].isoformat()], **_date_ticks(dates[0], dates[-1])},
            "yaxis": {"range": [0, top], **_money_ticks(top, code)},
        },
    )


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
    return {
        "text": f"Today, {as_of.day} {as_of:%b}" if as_of == today else day(as_of),
        "x": as_of.isoformat(),
        "xanchor": "left" if share < _LABEL_SHARE / 2 else "center" if share < 1 - _LABEL_SHARE / 2 else "right",
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": 13, "color": role["muted"]},
    }


def ageing_chart(ageing: dict[str, Any], code: str, mode: str) -> go.Figure:
    """The outstanding principal of loans past due, by age, the youngest at the top."""
    role, buckets = ROLES[mode], [ageing[age] for age in AGES]
    amounts = [each.outstanding_principal for each in buckets]
    bars = [amount / 10 ** currency(code).exponent for amount in amounts]
    marks = [
        f"<b>{plotly(short_money(each.outstanding_principal, code))}</b>  {counted(each.loans, 'loan')}"
        for each in buckets
    ]
    return go.Figure(
        data={
            "type": "bar",
            "orientation": "h",
            "y": list(AGES.values()),
            "x": bars,
            "marker": {"color": role["ages"]},
            "text": marks,
            "textposition": "outside",
            "textfont": {"color": role["text"]},
            "cliponaxis": False,
            "customdata": [money(amount, code) for amount in amounts],
            "hovertemplate": "%{y}: %{customdata}<extra></extra>",
        },
        layout={
            "template": template(role),
            "height": BOOK_HEIGHT,
            "bargap": 0.4,
            "hovermode": "closest",
            # The words right of the longest bar take about as much room as the bar.
            "xaxis": {"visible": False, "range": [0, max(bars) * 1.9]},
            "yaxis": {"autorange": "reversed", "showgrid": False, "tickfont": {"size": 14, "color": role["text"]}},
        },
    )


def ageing_sentence(ageing: dict[str, Any], code: str) -> str:
    """The same bars for who cannot see them."""
    said = [
        f"{name} {money(ageing[age].outstanding_principal, code)}, {counted(ageing[age].loans, 'loan')}"
        for age, name in AGES.items()
    ]
    return f"Bar chart of the outstanding principal of loans past due: {'; '.join(said)}."


SCHEDULE_HEIGHT = 220


def schedule_chart(installments: pd.DataFrame, code: str, mode: str) -> go.Figure:
    """What of each installment is principal and what is interest, stacked."""
    role, count = ROLES[mode], len(installments)
    top = installments["due"].max() / 10 ** currency(code).exponent
    fig = go.Figure()
    for part, color in (("principal", role["actual"]), ("interest", role["interest"])):
        fig.add_bar(
            x=installments["number"],
            y=installments[part] / 10 ** currency(code).exponent,
            name=part.capitalize(),
            marker={"color": color, "line": {"width": 0}},
            text=[money(amount, code) for amount in installments[part]],
            textposition="none",
            hovertemplate=f"{part.capitalize()} %{{text}}<extra></extra>",
        )
    return fig.update_layout(
        template=template(role),
        height=SCHEDULE_HEIGHT,
        barmode="stack",
        # Hundreds of bars with gaps between them would flicker.
        bargap=0.3 if count <= 60 else 0,
        showlegend=True,
        legend={
            "orientation": "h",
            "traceorder": "normal",
            "y": 1.02,
            "yanchor": "bottom",
            "itemclick": False,
            "itemdoubleclick": False,
        },
        xaxis={
            # A loan of one installment is a bar too, not a wall.
            "range": [0.4, max(count, 6) + 0.6],
            "tickvals": list(range(1, count + 1, -(-count // 12))),
            "unifiedhovertitle": {"text": "Installment %{x}"},
        },
        yaxis={"range": [0, max(top, 1e-9) * 1.02], **_money_ticks(max(top, 1e-9), code)},
    )


def schedule_sentence(installments: pd.DataFrame, code: str) -> str:
    """The same chart for who cannot see it."""
    first, last = installments.iloc[0], installments.iloc[-1]
    return (
        f"Stacked bars of {counted(len(installments), 'installment')}, principal and interest. "
        f"The first, on {day(first['due_on'])}, has {money(first['interest'], code)} interest; "
        f"the last, on {day(last['due_on'])}, {money(last['interest'], code)}."
    )
