"""What is at risk, by time and by age, and how a portfolio is spread: rows of ``loan_core.tables`` in, figures out.

Each has the same in words. A part that lies in a whole is drawn in it, and never added to it.
"""

from collections.abc import Sequence
from typing import Any

from loan_core import AGES, PAR_DAYS, currency
from pages._analysis_words import HISTOGRAMS, share, step
from pages._book_charts import LATE_AGES
from pages._charts import ROLES, Chart, date_ticks, line, template
from pages._look import counted, day, money, plotly, short_money

Rows = Sequence[dict[str, Any]]

HEIGHT = 300
BAR = 34


def par_chart(rows: Rows, mode: str) -> Chart:
    """The portfolio at risk at the ends of months, a line for each age, its name and its last value at its end."""
    role = ROLES[mode]
    ages = dict(zip(PAR_DAYS, role["ages"], strict=True))
    # It begins where there was a portfolio.
    began = next((at for at, row in enumerate(rows) if row["par_1"] is not None), 0)
    rows = rows[min(began, len(rows) - 2) :]
    dates = [row["day"] for row in rows]
    known = [row[f"par_{days}"] for row in rows for days in ages if row[f"par_{days}"] is not None]
    top = max(100 * max(known, default=0) * 1.1, 1)
    lines = [
        {
            **line(dates, 3 if days == 30 else 1.75, color),
            "y": [None if row[f"par_{days}"] is None else 100 * row[f"par_{days}"] for row in rows],
            "text": [share(row[f"par_{days}"]) for row in rows],
            "hovertemplate": f"PAR {days} %{{text}}<extra></extra>",
        }
        for days, color in ages.items()
    ]
    return {
        "data": lines,
        "layout": {
            "template": template(role),
            "height": HEIGHT,
            "margin": {"r": 96},
            "annotations": _ends(rows[-1], top, role),
            "xaxis": {"range": [dates[0].isoformat(), dates[-1].isoformat()], **date_ticks(dates[0], dates[-1])},
            "yaxis": {"range": [0, top], "ticksuffix": "%"},
        },
    }


def _ends(row: dict[str, Any], top: float, role: dict[str, Any]) -> list[dict[str, Any]]:
    """The words at the ends of the lines, the lowest where it belongs, the others not nearer than a line of text."""
    labels, apart = [], top * 20 / (HEIGHT - 60)
    lowest = -apart
    for days in reversed(PAR_DAYS):
        value = row[f"par_{days}"]
        if value is None:
            continue
        lowest = max(100 * value, lowest + apart)
        words = f"PAR {days} {share(value)}"
        labels.append(
            {
                "text": f"<b>{words}</b>" if days == 30 else words,
                "x": row["day"].isoformat(),
                "y": lowest,
                "xanchor": "left",
                "xshift": 6,
                "showarrow": False,
                "font": {"size": 13, "color": role["text"]},
            }
        )
    return labels


def par_sentence(rows: Rows) -> str:
    """The same lines for who cannot see them."""
    days = [
        f"{day(row['day'])} " + ", ".join(f"PAR {days} {share(row[f'par_{days}'])}" for days in PAR_DAYS)
        for row in rows
    ]
    return f"Line chart of the portfolio at risk at the ends of months: {'; '.join(days)}."


def nested_ages_chart(rows: Rows, code: str, mode: str) -> Chart:
    """What is owed on late loans by age: the whole of it as an outline, and within it the part that is overdue."""
    role, units = ROLES[mode], 10 ** currency(code).exponent
    late = [row for row in rows if row["days_past_due"] in LATE_AGES]
    names = [AGES[row["days_past_due"]] for row in late]
    whole = [row["outstanding_principal"] / units for row in late]
    marks = [
        f"<b>{plotly(short_money(row['outstanding_principal'], code))}</b> {counted(row['loans'], 'loan')}<br>"
        f"{plotly(short_money(row['overdue_principal'], code))} overdue"
        for row in late
    ]
    bar = {"type": "bar", "orientation": "h", "y": names}
    return {
        "data": [
            {
                **bar,
                "x": whole,
                "width": 0.62,
                "marker": {"color": "rgba(0,0,0,0)", "line": {"width": 1.5, "color": role["ages"]}},
                # Where there is no bar its words begin where the others' bars do.
                "text": [""] * len(late),
                "customdata": [money(row["outstanding_principal"], code) for row in late],
                "hovertemplate": "%{y}: %{customdata} outstanding<extra></extra>",
            },
            {
                **bar,
                "x": [row["overdue_principal"] / units for row in late],
                "width": 0.34,
                "marker": {"color": role["ages"]},
                "customdata": [money(row["overdue_principal"], code) for row in late],
                "hovertemplate": "%{y}: of it %{customdata} overdue<extra></extra>",
            },
        ],
        "layout": {
            "template": template(role),
            "height": HEIGHT,
            "barmode": "overlay",
            "hovermode": "closest",
            "xaxis": {"visible": False, "range": [0, max(*whole, 1 / units) * 1.6]},
            "yaxis": {"autorange": "reversed", "showgrid": False, "tickfont": {"size": 14, "color": role["text"]}},
            "annotations": [_beside(*each, role) for each in zip(whole, names, marks, strict=True)],
        },
    }


def _beside(end: float, name: str, words: str, role: dict[str, Any]) -> dict[str, Any]:
    """Words right of a bar, also of one that is too short to be seen."""
    return {
        "text": words,
        "x": end,
        "y": name,
        "xanchor": "left",
        "xshift": 4,
        "align": "left",
        "showarrow": False,
        "font": {"size": 14, "color": role["text"]},
    }


def nested_ages_sentence(rows: Rows, code: str) -> str:
    """The same bars for who cannot see them."""
    said = [
        f"{AGES[row['days_past_due']]} {money(row['outstanding_principal'], code)} in {counted(row['loans'], 'loan')}, "
        f"of it {money(row['overdue_principal'], code)} overdue"
        for row in rows
        if row["days_past_due"] in LATE_AGES
    ]
    return f"Bar chart of the outstanding principal of late loans, and the overdue part of it: {'; '.join(said)}."


def histogram_chart(rows: Rows, kind: str, code: str, mode: str) -> Chart:
    """The outstanding principal of active loans by steps of a figure, with the number of loans in words."""
    role, units = ROLES[mode], 10 ** currency(code).exponent
    names = [step(kind, code, row) for row in rows]
    amounts = [row["outstanding_principal"] / units for row in rows]
    words = [f"{share(row['share'])} {counted(row['loans'], 'loan')}" for row in rows]
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": names,
                "x": amounts,
                "marker": {"color": role["actual"]},
                "customdata": [money(row["outstanding_principal"], code) for row in rows],
                "hovertemplate": "%{y}: %{customdata}<extra></extra>",
            }
        ],
        "layout": {
            "template": template(role),
            "height": BAR * len(rows) + 12,
            "bargap": 0.45,
            "hovermode": "closest",
            "xaxis": {"visible": False, "range": [0, max(*amounts, 1 / units) * 1.9]},
            "yaxis": {
                "autorange": "reversed",
                "showgrid": False,
                "type": "category",
                "dtick": 1,
                "tickfont": {"size": 13, "color": role["text"]},
            },
            "annotations": [_beside(*each, role) for each in zip(amounts, names, words, strict=True)],
        },
    }


def histogram_sentence(rows: Rows, kind: str, code: str) -> str:
    """The same bars for who cannot see them."""
    said = [
        f"{step(kind, code, row)} {money(row['outstanding_principal'], code)}, {counted(row['loans'], 'loan')}"
        for row in rows
    ]
    return f"Bar chart of the outstanding principal of active loans by {HISTOGRAMS[kind].lower()}: {'; '.join(said)}."
