"""Maps of lateness: a cell for each loan or band and month, for each vintage and month on book, for each move.

Rows of ``loan_core.lateness`` in, figures out; the same in words is in ``_lateness_words``.
"""

from collections.abc import Sequence
from typing import Any

from loan_core import lateness
from pages._analysis_words import month, share
from pages._charts import ROLES, Chart
from pages._lateness_words import BANDS, PLACES, began, late, move_words, sureness, who
from pages._look import counted, money, plotly, short, short_money
from pages._map_chart import Cell, draw

Row = dict[str, Any]
Rows = Sequence[Row]

MOST_COLUMNS = 13
"""More columns of two-line cells do not fit a phone: of more months on book every second, third … is drawn."""
SHARE_STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
"""From each share on the next color of the ramp: the same on every day and for every book."""
BAND_COLORS = dict(zip(BANDS, (0, 1, 3, 5, 7, 9), strict=True))
"""The place in the ramp of each band of days late."""
LONGEST_NAME = 14
PLACES_IN_ORDER = tuple(PLACES)


def loans_chart(rows: Rows, months: Sequence[str], mode: str) -> Chart:
    """Days late of some loans by month. The point of a cell knows the id of its loan."""
    cells = [
        Cell(
            column,
            line,
            BAND_COLORS[_band(row[name])],
            f"{row[name]}",
            f"{_named(row)}<br>{month(name)}: {late(row[name])}",
            row["loan_id"],
        )
        for line, row in enumerate(rows)
        for column, name in enumerate(months)
        if row[name] is not None
    ]
    return draw(cells, [month(name) for name in months], [short(who(row), LONGEST_NAME) for row in rows], 26, mode)


def bands_chart(rows: Rows, mode: str) -> Chart:
    """How many of the loans due in each month were how late, in percent."""
    cells = [
        Cell(
            column,
            line,
            "band" if name == "on_time" else _step(row[f"share_{name}"]),
            _percent(row[f"share_{name}"]),
            f"<b>{month(row['month'])}, {words.lower()}</b><br>{row[f'loans_{name}']:,} of "
            f"{counted(row['loans'], 'loan')}<br>{share(row[f'share_{name}'])}",
        )
        for column, row in enumerate(rows)
        for line, (name, words) in enumerate(BANDS.items())
        if row["loans"]
    ]
    return draw(cells, [month(row["month"]) for row in rows], list(BANDS.values()), 34, mode)


def vintages_chart(rows: Rows, mode: str) -> Chart:
    """By when loans began and months on book, what share was ever late, and of how many; thin cells are gray."""
    names = list(dict.fromkeys(row["began"] for row in rows))
    columns = months_shown(rows)
    cells = [
        Cell(
            columns.index(row["months_on_book"]),
            names.index(row["began"]),
            None if row["is_thin"] else _step(row["share"]),
            f"{_percent(row['share'])}{_small(_thousands(row['loans']))}",
            f"<b>Begun in {began(row['began'])}, {counted(row['months_on_book'], 'month')} on book</b><br>"
            f"{row['loans_late']:,} of {counted(row['loans'], 'loan')}: {share(row['share'])}<br>{sureness(row)}",
        )
        for row in rows
        if row["months_on_book"] in columns
    ]
    chart = draw(cells, [str(each) for each in columns], [began(name) for name in names], 40, mode)
    title = {"text": "Months on book", "font": {"size": 13, "color": ROLES[mode]["muted"]}, "standoff": 12}
    chart["layout"]["xaxis"]["title"] = title
    chart["layout"]["height"] += 28
    return chart


def months_shown(rows: Rows) -> list[int]:
    """The months on book that are drawn: all, or every second, third, sixth … of them."""
    last = max(row["months_on_book"] for row in rows)
    every = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120, 240, 600) if last // step < MOST_COLUMNS)
    return list(range(0, last + 1, every))


def moves_chart(rows: Rows, in_money: bool, when: Any, code: str, mode: str) -> Chart:
    """Where loans of each age were a month later. What became later is colored; what is thin is not."""
    rows = [row for row in rows if not in_money or row["of_principal"]]
    names = list(dict.fromkeys(row["from"] for row in rows))
    cells = [
        Cell(
            PLACES_IN_ORDER.index(row["to"]) - 1,
            names.index(row["from"]),
            _color_of(row, in_money),
            _move(row, in_money, code),
            _said(row, when, code),
        )
        for row in rows
        if row["loans"]
    ]
    # Nothing becomes new.
    columns, lines = list(PLACES.values())[1:], [PLACES[name] for name in names]
    return draw(cells, columns, lines, 44, mode, least=0)


def _band(days: int) -> str:
    return [name for name, start in lateness.BANDS.items() if start <= days][-1]


def _step(part: float) -> int | str:
    """The place of a share in the ramp; nothing is gray."""
    return sum(part >= step for step in SHARE_STEPS) if part else "band"


def _percent(part: float) -> str:
    """A whole percent, for a mark: ``43``, ``<1`` for what is some, ``>99`` for what is not all."""
    if 0 < part < 0.005:
        return "<1"
    return ">99" if 0.995 <= part < 1 else f"{100 * part:.0f}"


def _small(words: str) -> str:
    return f"<br><span style='font-size:10px'>{words}</span>"


def _thousands(number: int) -> str:
    """In at most four letters: ``940``, ``1.2K``, ``12K``."""
    for unit, letter in ((1_000_000, "M"), (1_000, "K")):
        if number >= 0.9995 * unit:
            return f"{number / unit:.{1 if number < 9.95 * unit else 0}f}{letter}"
    return f"{number}"


def _named(row: Row) -> str:
    return f"<b>{plotly(who(row)[:40])}</b><br>{plotly(row['loan_reference'][:40])}"


def _color_of(row: Row, in_money: bool) -> int | str | None:
    if row["is_thin"]:
        return None
    start, end = (PLACES_IN_ORDER.index(row[name]) for name in ("from", "to"))
    is_later = row["to"] != "paid off" and end > max(start, PLACES_IN_ORDER.index("current"))
    return _step(row["share_of_principal" if in_money else "share"]) if is_later else "band"


def _move(row: Row, in_money: bool, code: str) -> str:
    number = plotly(short_money(row["outstanding_principal"], code)) if in_money else _thousands(row["loans"])
    return f"{share(row['share_of_principal' if in_money else 'share'])}{_small(number)}"


def _said(row: Row, when: Any, code: str) -> str:
    first, then = move_words(row, when).split(", ", 1)
    return (
        f"{first},<br>{then}: <b>{share(row['share'])}</b>,<br>{sureness(row)}.<br>"
        f"{plotly(money(row['outstanding_principal'], code))} of {plotly(money(row['of_principal'], code))} "
        f"({share(row['share_of_principal'])})"
    )
