"""The words on the marks of the status chart: each where nothing else stands, at 390 pixels and at 1,440."""

from datetime import date
from typing import Any

from pages._charts import LABEL_SHARE, day_words
from pages._look import days, plotly
from pages._status_view import LINE, View, bracket

# The widest name of a number of days, as a share of the plot on a phone.
_DAYS_SHARE = 0.2


def labels(view: View, today: date) -> list[dict[str, Any]]:
    """The day, the sums at the day, and the two gaps; nothing of a loan that has not begun."""
    if not view.is_marked:
        return []
    sums = _balances(view) if view.is_balance else _payments(view)
    return [_day_label(view, today), *_days_label(view), *sums]


def _payments(view: View) -> list[dict[str, Any]]:
    status, role = view.status, view.role
    paid, expected = view.text(status.total_amount_paid), view.text(status.expected_paid)
    paid_at, expected_at = view.pixels(status.total_amount_paid), view.pixels(status.expected_paid)
    above, below = max(expected_at * 1.1, paid_at), max(min(expected_at * 0.9, paid_at) - 1.3 * LINE, 1.1 * LINE)
    if status.total_amount_paid > status.expected_paid:
        ahead = f'<br><span style="color:{role["Ahead_text"]}"><b>{view.text(view.gap)}</b> ahead</span>'
        height = above + (2.2 * LINE if view.is_early and view.gap else 8) + (LINE if view.gap else LINE / 2)
        said = f"<b>Paid</b> {paid}{ahead if view.gap else ''}"
        return [
            _label(view, said, height, "actual_text", is_left=not view.is_early),
            _label(view, f"Expected<br>{expected}", below, "muted"),
        ]
    said = [_expected_label(view, expected, above)]
    # A gap under a tenth of the whole has no room for words.
    if -view.gap * 10 >= status.total_due:
        # Below the path, where there is one.
        below = max(paid_at - LINE * (1.4 if view.path[0] else 0.5), 1.1 * LINE)
        middle = max((paid_at + expected_at) / 2, below + 2.1 * LINE)
        said.append(_label(view, f"<b>{view.text(-view.gap)}</b><br>behind", middle, "Behind_text"))
    return [*said, _label(view, f"<b>Paid</b><br><b>{paid}</b>", below, "actual_text")]


def _balances(view: View) -> list[dict[str, Any]]:
    """The higher of the two balances above its line, right of the day, where both lines fall away from the words.

    The lower one stands below, left of the day: all that is left there is the room under the lines.
    """
    status = view.status
    left, expected = (int(view.level(each)) for each in (status.total_amount_paid, status.expected_paid))
    said = {
        "actual_text": (left, f"<b>Left</b> {view.text(left)}"),
        "muted": (expected, f"Expected {view.text(expected)}"),
    }
    (high, high_words, high_color), (low, low_words, low_color) = sorted(
        ((amount, words, color) for color, (amount, words) in said.items()), key=lambda each: -each[0]
    )
    top, bottom = view.pixels(high) + 0.9 * LINE, max(view.pixels(low) - 1.1 * LINE, 0.8 * LINE)
    labels = [
        _label(view, high_words, top, high_color),
        _label(view, low_words, bottom, low_color, is_left=not view.is_early),
    ]
    if abs(view.gap) * 10 >= status.total_due:
        word = "Ahead" if view.gap > 0 else "Behind"
        middle = max(min((view.pixels(high) + view.pixels(low)) / 2, top - 1.6 * LINE), 1.1 * LINE)
        text = f"<b>{view.text(abs(view.gap))}</b><br>{word.lower()}"
        labels.append(_label(view, text, middle, f"{word}_text"))
    return labels


def _label(view: View, text: str, height: float, color: str, is_left: bool = False) -> dict[str, Any]:
    """Words beside the day, their middle so many pixels above the axis."""
    side = {"xanchor": "right", "xshift": -5, "align": "right"} if is_left else {"xanchor": "left", "xshift": 7}
    return {**_words(view, text, view.edge, height, color), "align": "left", **side}


def _words(view: View, text: str, on: date, height: float, color: str) -> dict[str, Any]:
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


def _expected_label(view: View, expected: str, height: float) -> dict[str, Any]:
    """Above the band, left of the day; early in a loan right of it, above the steps still to come."""
    if not view.is_early:
        return _label(view, f"Expected {expected}", height + 0.9 * LINE, "muted", is_left=True)
    further = view.edge + (view.end - view.start) * LABEL_SHARE * 1.4
    coming = view.pixels(view.expected[[on <= further for on in view.dates]][-1]) * 1.1
    return _label(view, f"Expected {expected}", max(height, coming) + 0.9 * LINE, "muted")


def _days_label(view: View) -> list[dict[str, Any]]:
    """The length of the bracket: in its middle, or from its end at the day where it is too short for that."""
    if not (found := bracket(view)):
        return []
    left, right, height, side = found
    is_short, is_ahead = view.share(left, right) < _DAYS_SHARE, view.gap > 0
    color = "Ahead_text" if is_ahead else "Behind_text"
    on = view.edge if is_short else left + (right - left) / 2
    words = _words(view, f"<b>{plotly(days(abs(view.status.days_ahead)))}</b>", on, height + side * 0.75 * LINE, color)
    return [words | {"xanchor": ("left" if is_ahead else "right") if is_short else "center", "xshift": 0}]


def _day_label(view: View, today: date) -> dict[str, Any]:
    anchor = "center" if view.share(view.start, view.edge) > LABEL_SHARE / 2 else "left"
    return day_words(view.status.as_of, view.edge, today, view.role, anchor)
