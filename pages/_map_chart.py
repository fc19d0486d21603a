"""A map: cells in columns and lines, each with a color and a number, so that no color has to be told from another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pages._charts import ROLES, Chart, template
from pages._look import plotly

LEAST_COLUMNS = 12
"""Fewer columns are not drawn wider than these would be."""


@dataclass(frozen=True)
class Cell:
    """A cell of a map: its place, its color (in the ramp; None: no color, "band": gray), what it says, what it is."""

    column: int
    line: int
    color: int | str | None
    text: str
    more: str
    of: Any = None


def draw(
    cells: Sequence[Cell],
    columns: Sequence[str],
    lines: Sequence[str],
    height: int,
    mode: str,
    least: int = LEAST_COLUMNS,
) -> Chart:
    """Colors, over them the words, over both the points that are pointed at and clicked on."""
    role = ROLES[mode]
    palette = (*role["ramp"], role["band"])
    return {
        "data": [_colors(cells, len(columns), len(lines), palette), *_texts(cells, palette, mode), _points(cells)],
        "layout": {
            "template": template(role),
            "height": height * len(lines) + 76,
            # The names of the months stand upright on a phone: they have their place also above a single line.
            "minreducedheight": height,
            "hovermode": "closest",
            "margin": {"t": 4, "b": 4},
            "xaxis": {
                "side": "top",
                "showline": False,
                "ticks": "",
                "tickvals": list(range(len(columns))),
                "ticktext": list(columns),
                "autotickangles": [0, -90],
                "range": [-0.5, max(len(columns), least) - 0.5],
            },
            "yaxis": {
                "showgrid": False,
                "tickvals": list(range(len(lines))),
                "ticktext": [plotly(name) for name in lines],
                "tickfont": {"size": 13, "color": role["text"]},
                "range": [len(lines) - 0.5, -0.5],
            },
        },
    }


def _colors(cells: Sequence[Cell], columns: int, lines: int, palette: Sequence[str]) -> dict[str, Any]:
    shades: list[list[float | None]] = [[None] * columns for _ in range(lines)]
    for cell in cells:
        if cell.color is not None:
            shades[cell.line][cell.column] = palette.index(_shade(cell, palette))
    steps = [(at / len(palette), color) for at, color in enumerate(palette)]
    ends = [((at + 1) / len(palette), color) for at, color in enumerate(palette)]
    return {
        "type": "heatmap",
        "z": shades,
        "zmin": -0.5,
        "zmax": len(palette) - 0.5,
        "colorscale": [each for pair in zip(steps, ends, strict=True) for each in pair],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hoverinfo": "skip",
    }


def _texts(cells: Sequence[Cell], palette: Sequence[str], mode: str) -> list[dict[str, Any]]:
    """A trace for each color of ink, which stays as it is when another cell is clicked on."""
    muted = ROLES[mode]["muted"]
    inks = [muted if cell.color is None else ink(_shade(cell, palette), mode) for cell in cells]
    return [
        {
            "type": "scatter",
            "mode": "text",
            "x": [cell.column for cell, mine in zip(cells, inks, strict=True) if mine == color],
            "y": [cell.line for cell, mine in zip(cells, inks, strict=True) if mine == color],
            "text": [cell.text for cell, mine in zip(cells, inks, strict=True) if mine == color],
            "textfont": {"size": 12, "color": color},
            "unselected": {"textfont": {"color": color}},
            "hoverinfo": "skip",
        }
        for color in dict.fromkeys(inks)
    ]


def _points(cells: Sequence[Cell]) -> dict[str, Any]:
    """What is pointed at: as wide as a cell on a phone, and not to be seen."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [cell.column for cell in cells],
        "y": [cell.line for cell in cells],
        "customdata": [cell.of for cell in cells],
        "hovertext": [cell.more for cell in cells],
        "hoverinfo": "text",
        "marker": {"size": 20, "opacity": 0},
        "selected": {"marker": {"opacity": 0}},
        "unselected": {"marker": {"opacity": 0}},
    }


def _shade(cell: Cell, palette: Sequence[str]) -> str:
    return palette[-1 if cell.color == "band" else cell.color]


def ink(color: str, mode: str) -> str:
    """Dark or white, what is read better on a color (WCAG's contrast)."""
    dark, white = ROLES[mode]["inks"]
    on = _luminance(color)
    return dark if (on + 0.05) ** 2 > (_luminance(dark) + 0.05) * (_luminance(white) + 0.05) else white


def _luminance(color: str) -> float:
    """Relative luminance of ``#rrggbb``."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
