"""What fell due by month and when it was paid, what came in by month and what it paid: rows of ``loan_core.tables`` in.

Figures out, each with the same in words. The parts of a bar are parts of one sum.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from loan_core import currency
from pages._analysis_words import month
from pages._charts import ROLES, Chart, date_ticks, line, money_ticks, template
from pages._look import SPACE, money

Rows = Sequence[dict[str, Any]]

HEIGHT = 300
EM_SPACE = "\N{EM SPACE}"


class Part(NamedTuple):
    """A part of a bar: its name, its colour in the chart, none for a hollow one, and its colour and sign in the key."""

    label: str
    role: str
    color: str
    sign: str = "■"


DUE = {
    "early": Part("Early", "Ahead", "blue"),
    "on_time": Part("On time", "On Track", "green"),
    "late": Part("Late", "Behind", "orange"),
    "unpaid": Part("Unpaid", "", "gray", "□"),
}
RECEIVED = {
    "arrears_recovered": Part("Arrears recovered", "Behind", "orange"),
    "current": Part("Of this month", "On Track", "green"),
    "advance": Part("In advance", "Ahead", "blue"),
    "overpaid": Part("Overpaid", "interest", "violet"),
    "taken_back": Part("Taken back", "", "gray", "□"),
}


def key(parts: dict[str, Part], rows: Rows, *more: str) -> str:
    """What each colour stands for; what is nowhere is not named."""
    named = [part for name, part in parts.items() if any(row[name] for row in rows)]
    said = [f":{part.color}[{part.sign} {part.label}]".replace(" ", SPACE) for part in named]
    return f":small[{EM_SPACE.join([*said, *more])}]"


def due_chart(rows: Rows, first: date, last: date, code: str, mode: str) -> Chart:
    """What fell due in each month, in the parts that were paid early, on time and late; hollow: what is unpaid."""
    return _by_month(rows, DUE, "due", first, last, code, mode)


def received_chart(rows: Rows, first: date, last: date, code: str, mode: str) -> Chart:
    """What came in in each month, in the parts that it paid; dashed: what fell due in it."""
    chart = _by_month(rows, RECEIVED, "received", first, last, code, mode)
    role, parts = ROLES[mode], 10 ** currency(code).exponent
    chart["data"].append(
        {
            **line([_first(row) for row in rows], 1.75, role["expected"], dash="6px,4px"),
            "mode": "lines+markers",
            "marker": {"color": role["expected"], "size": 5},
            "y": [row["due"] / parts for row in rows],
            "text": [money(row["due"], code) for row in rows],
            "hovertemplate": "Fell due %{text}<extra></extra>",
        }
    )
    return chart


def _by_month(rows: Rows, parts: dict[str, Part], whole: str, first: date, last: date, code: str, mode: str) -> Chart:
    role, units = ROLES[mode], 10 ** currency(code).exponent
    highest = max(max(row["due"], row[whole], *(sum(max(row[name], 0) for name in parts),)) for row in rows)
    lowest = min(0, *(sum(min(row[name], 0) for name in parts) for row in rows)) / units
    top = max(highest / units * 1.06, 1 / units)
    bars = [
        {
            "type": "bar",
            "x": [_first(row).isoformat() for row in rows],
            "y": [row[name] / units for row in rows],
            "marker": _filled(role, part.role) if part.role else _hollow(role),
            "text": [money(row[name], code) for row in rows],
            "textposition": "none",
            "hovertemplate": f"{part.label} %{{text}}<extra></extra>",
        }
        for name, part in parts.items()
        if any(row[name] for row in rows)
    ]
    ticks = (
        date_ticks(_first(rows[0]), _first(rows[-1])) if len(rows) > 1 else {"dtick": "M1", "tickformat": "%b<br>%Y"}
    )
    if ticks["dtick"] in (7 * 86_400_000, 14 * 86_400_000):
        ticks = {"tick0": _first(rows[0]).isoformat(), "dtick": "M1", "tickformat": "%b<br>%Y"}
    return {
        "data": bars,
        "layout": {
            "template": template(role),
            "height": HEIGHT,
            "barmode": "relative",
            "bargap": 0.3,
            "xaxis": {**ticks, "hoverformat": "%B %Y"},
            "yaxis": {"range": [lowest * 1.06, top], **money_ticks(top, code)},
            "shapes": _meant(rows, first, last, role),
        },
    }


def _first(row: dict[str, Any]) -> date:
    return date.fromisoformat(f"{row['month']}-01")


def _filled(role: dict[str, Any], color: str) -> dict[str, Any]:
    # A thin line of the page parts two colours that some eyes cannot tell apart.
    return {"color": role[color], "line": {"width": 1, "color": role["veil"]}}


def _hollow(role: dict[str, Any]) -> dict[str, Any]:
    return {"color": "rgba(0,0,0,0)", "line": {"width": 1.25, "color": role["expected"]}}


def _meant(rows: Rows, first: date, last: date, role: dict[str, Any]) -> list[dict[str, Any]]:
    """A band behind the months that the figures are of, where more months are shown."""
    if first <= _first(rows[0]):
        return []
    half = 15 * 86_400_000
    start, end = (int((each - date(1970, 1, 1)).days) * 86_400_000 for each in (first, last))
    place = {"type": "rect", "layer": "below", "yref": "paper", "y0": 0, "y1": 1, "x0": start - half, "x1": end + half}
    return [{**place, "fillcolor": role["band"], "line": {"width": 0}}]


def months_sentence(rows: Rows, parts: dict[str, Part], whole: str, code: str) -> str:
    """The same bars for who cannot see them, month by month."""
    said = {"due": "fell due", "received": "came in"}[whole]
    months = [
        f"{month(row['month'])} {money(row[whole], code)}"
        + "".join(f", {part.label.lower()} {money(row[name], code)}" for name, part in parts.items() if row[name])
        for row in rows
    ]
    return f"Bar chart of what {said} by month, and its parts: {'; '.join(months)}."
