"""What was expected of a loan and what was paid: a table in, a figure out. Its labels are made from minor units."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from loan_core import Statement
from pages._charts import ROLES, Chart, date_ticks, line, money_ticks, template
from pages._look import day, money
from pages._status_labels import labels
from pages._status_view import STATUS_HEIGHT, View, bracket, view_of
from pages._words import pace, past_due


def status_chart(statement: Statement, thresholds: Any, mode: str, today: date, *, is_balance: bool = False) -> Chart:
    """What was expected of a loan and what was paid, in steps, with the gap between them in money and in days.

    Running payments, or the balance that they leave; then the path at the pace of the last installments.
    """
    view = view_of(statement, ROLES[mode], is_balance)
    role = view.role
    color = role[view.status.status]
    gaps = [
        {**line(x, width, color), "y": [view.major(amount) for amount in y], "name": name, "hoverinfo": "skip"}
        for x, y, width, name in _gaps(view)
    ]
    return {
        "data": [*_band(view, thresholds), *_day(view), *_expected(view), *_path(view), *_actual(view), *gaps],
        "layout": {
            "template": template(role),
            "height": STATUS_HEIGHT,
            "margin": {"t": 26},
            "annotations": labels(view, today),
            "xaxis": {"range": [view.start.isoformat(), view.end.isoformat()], **date_ticks(view.start, view.end)},
            "yaxis": {"range": [0, view.top], **money_ticks(view.top, view.code)},
        },
    }


def status_sentence(statement: Statement, is_balance: bool = False) -> str:
    """The same chart for who cannot see it."""
    status = statement.status
    gap = {
        "Behind": f": {money(status.arrears, status.currency)} behind, {past_due(status)}",
        "Ahead": f": {money(status.ahead_by, status.currency)} ahead",
        "On Track": "",
    }
    what, verb = ("the remaining balance", "left") if is_balance else ("cumulative payments", "paid")
    sums = status.expected_paid, status.total_amount_paid
    expected, actual = (max(status.total_due - each, 0) for each in sums) if is_balance else sums
    said = (
        f"Step chart of {what} for loan {status.reference}, as of {day(status.as_of)}. "
        f"Expected {money(expected, status.currency)}, {verb} {money(actual, status.currency)}{gap[status.status]}."
    )
    return f"{said} {going}" if (going := pace(statement)) else said


def _band(view: View, thresholds: Any) -> list[dict[str, Any]]:
    """Within it a loan is On Track."""
    role = view.role
    edges = {"Behind below": thresholds.behind_percent, "Ahead above": thresholds.ahead_percent}
    lower, upper = (
        {
            **_steps(view.dates, 0, role["band"]),
            "y": view.major(view.level(view.expected * percent / 100)),
            "name": name,
            "hoverinfo": "skip",
        }
        for name, percent in edges.items()
    )
    return [lower, upper | {"fill": "tonexty", "fillcolor": role["band"]}]


def _day(view: View) -> list[dict[str, Any]]:
    if not view.is_marked:
        return []
    upright = line([view.edge] * 2, 1, view.role["today"])
    return [{**upright, "y": [0, view.top], "name": "Day", "hoverinfo": "skip"}]


def _expected(view: View) -> list[dict[str, Any]]:
    """Solid where it has fallen due, dotted where it will."""
    levels, seen = view.level(view.expected), _seen(view)
    return [
        {
            # A little thinner, so that no dot shows under the solid line.
            **_steps(view.dates, 1.4, view.role["expected"], dash="2px,4px"),
            **_said(view, "Expected", levels),
        },
        {
            **_steps(seen, 1.75, view.role["expected"]),
            "y": view.major(levels[: len(seen)]),
            "name": "Fallen due",
            "hoverinfo": "skip",
        },
    ]


def _actual(view: View) -> list[dict[str, Any]]:
    seen = _seen(view)
    name = "Left" if view.is_balance else "Paid"
    return [{**_steps(seen, 3, view.role["actual"]), **_said(view, name, view.level(view.paid[: len(seen)]))}]


def _path(view: View) -> list[dict[str, Any]]:
    """Where the loan goes at the pace of its last installments: of the actual's colour, thin, dotted as all to come."""
    on, paid = view.path
    if not on:
        return []
    return [{**_steps(on, 2, view.role["actual"], dash="2px,4px"), **_said(view, "At this pace", view.level(paid))}]


def _seen(view: View) -> list[date]:
    return [on for on in view.dates if on <= view.edge] if view.is_marked else []


def _said(view: View, name: str, levels: Any) -> dict[str, Any]:
    """The heights of a line, and what a pointer reads there, to the last digit."""
    return {
        "y": view.major(levels),
        "name": name,
        "text": [money(amount, view.code) for amount in levels],
        "hovertemplate": f"{name} %{{text}}<extra></extra>",
    }


def _steps(dates: Sequence[date], width: float, color: str, **more: str) -> dict[str, Any]:
    return line(dates, width, color, shape="hv", **more)


def _gaps(view: View) -> list[tuple[list[date], list[float], float, str]]:
    """The gap in money, upright at the day, and the gap in days, a bracket: dates, amounts, width, name."""
    paid = view.status.total_amount_paid
    ends = [view.level(paid), view.level(paid - view.gap)]
    gaps = [([view.edge] * 2, ends, 3, "Gap in money")] if view.gap else []
    if found := bracket(view):
        left, right, height, _ = found
        amounts = [view.minor(height + tick) for tick in (-3, 3, 0, 0, -3, 3)]
        gaps.append(([left, left, left, right, right, right], amounts, 2, "Gap in days"))
    return gaps
