"""What was expected of a loan and what was paid: a table in, a figure out. Its labels are made from minor units."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from loan_core import LoanStatus, Statement, currency
from pages._charts import LABEL_SHARE, ROLES, date_ticks, day_words, line, money_ticks, template
from pages._look import day, days, money, plotly, short_money
from pages._words import past_due

STATUS_HEIGHT = 380
# What the day above and the two lines of ticks below leave of that height, in pixels.
_PLOT = 302
_LINE = 18
# The widest name of a number of days, as a share of the plot on a phone.
_DAYS_SHARE = 0.2
# A bracket narrower than this is a smudge.
_SMUDGE = 0.03


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
        fig.add_scatter(**line([view.edge] * 2, 1, role["today"]), y=[0, view.top], name="Day", hoverinfo="skip")
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
        fig.add_scatter(**line(x, width, color), y=[view.major(amount) for amount in y], name=name, hoverinfo="skip")
    return fig.update_layout(
        template=template(role),
        height=STATUS_HEIGHT,
        margin_t=26,
        annotations=_labels(view, today),
        xaxis={"range": [view.start.isoformat(), view.end.isoformat()], **date_ticks(view.start, view.end)},
        yaxis={"range": [0, view.top], **money_ticks(view.top, view.code)},
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
        return self.share(self.start, self.edge) < LABEL_SHARE

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
        due_on[-1] + max(length * 0.05, timedelta(days=1)), edge + (edge - start) * (LABEL_SHARE / (1 - LABEL_SHARE))
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


def _steps(dates: Sequence[date], width: float, color: str, **more: str) -> dict[str, Any]:
    return line(dates, width, color, shape="hv", **more)


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
    further = view.edge + (view.end - view.start) * LABEL_SHARE * 1.4
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
    anchor = "center" if view.share(view.start, view.edge) > LABEL_SHARE / 2 else "left"
    return day_words(view.status.as_of, view.edge, today, view.role, anchor)
