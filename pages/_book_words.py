"""The sentences and the figures of a book: what it comes to on a day, and what became of that in a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from loan_core import FIGURES, currency
from pages._look import BADGES, NOTHING, day, figure, markdown, money, percent


def month_before(when: date) -> date:
    """The same day a month earlier, or that month's last; from the last day of a month, the last of the one before."""
    last = when.replace(day=1) - timedelta(days=1)
    is_last = (when + timedelta(days=1)).day == 1
    return last if is_last else last.replace(day=min(when.day, last.day))


def year_to(when: date) -> list[date]:
    """The last twelve month ends, and the day itself; oldest first."""
    ends = [end.date() for end in pd.date_range(end=when, periods=12, freq="ME")]
    return ends if ends[-1] == when else [*ends, when]


def month_to(when: date) -> tuple[date, date]:
    """The first and the last day of the month that ends on a day: 3 May and 2 June."""
    return month_before(when) + timedelta(days=1), when


def month_so_far(when: date) -> tuple[date, date]:
    """The first day of the calendar month, and the day."""
    return when.replace(day=1), when


@dataclass(frozen=True)
class BookDay:
    """A book on a day, in one currency: what it comes to, and what was collected in the month that ends on the day
    and in the calendar month so far."""

    on: date
    totals: Any
    month: Any
    so_far: Any

    @property
    def par(self) -> float | None:
        return 100 * self.totals.par_ratio(30) if self.totals.gross_portfolio else None

    @property
    def on_time(self) -> float | None:
        rate = self.month.on_time_rate
        return None if rate is None else 100 * rate


def book_figures(year: Sequence[BookDay], before: BookDay, code: str) -> list[dict[str, Any]]:
    """The figures of a book on the last of these days, each the keywords of a metric."""
    first, as_of, month = *map(day, month_to(year[-1].on)), f"{year[-1].on:%b %Y}"
    on = [each.totals for each in (*year, before)]
    so_far = [each.so_far for each in (*year, before)]
    compared = f"this month through {as_of}, compared with the same days of the month before."
    return [
        _sums(
            "Gross portfolio",
            [each.gross_portfolio for each in on],
            code,
            FIGURES["gross_portfolio"].definition,
        ),
        _counts("Active loans", [each.active for each in on], FIGURES["active_loans"].definition),
        _sums(
            f"Expected in {month}", [each.due for each in so_far], code, f"What fell due {compared}", chart_type="bar"
        ),
        _sums(
            f"Received in {month}",
            [each.received for each in so_far],
            code,
            f"What came in {compared}",
            chart_type="bar",
        ),
        _shares(
            "On-time collection",
            [each.on_time for each in (*year, before)],
            f"Of what fell due from {first} to {as_of}, the share that had been paid by the end of its due date.",
            better="up",
        ),
        _sums(
            "Arrears",
            [each.arrears for each in on],
            code,
            f"What fell due before {as_of} and is unpaid.",
            better="down",
        ),
        _shares(
            "PAR 30",
            [each.par for each in (*year, before)],
            FIGURES["par_30"].definition,
            better="down",
        ),
        *(_status(word, [_loans(word, each) for each in on], way) for word, way in _WAYS.items()),
    ]


def book_rows(today: BookDay) -> list[tuple[str, str, dict[str, str]]]:
    """What stands behind each of these figures: the words of a link, its page, and what it asks there."""
    late = sum(bucket.loans for age, bucket in today.totals.ageing.items() if age not in ("current", "1-30"))
    return [
        ("largest first", "loans", {"state": "active", "sort": "Outstanding"}),
        ("newest first", "loans", {"state": "active", "sort": "Newest"}),
        ("next due first", "loans", {"state": "active", "sort": "Next due"}),
        ("what came in", "repayments", {"period": "This month"}),
        ("by month", "collection", {}),
        (f"{today.totals.loans_in_arrears:,} in arrears", "loans", {"past_due": "1+", "sort": "Arrears"}),
        (f"{late:,} over 30 days", "loans", {"past_due": "31+", "sort": "Days past due"}),
        *(
            (f"{percent(_loans(word, today.totals), today.totals.active)} of loans", "loans", {"status": word})
            for word in _WAYS
        ),
    ]


def book_explained(today: date) -> list[dict[str, str]]:
    """What to ask for to have each of these figures explained."""
    so_far, month = (_period(*each) for each in (month_so_far(today), month_to(today)))
    return [
        {"figure": "gross_portfolio"},
        {"figure": "active_loans"},
        {"figure": "due"} | so_far,
        {"figure": "received"} | so_far,
        {"figure": "on_time_collection"} | month,
        {"figure": "arrears"},
        {"figure": "par_30"},
        *({"figure": word.lower().replace(" ", "_")} for word in _WAYS),
    ]


def _period(first: date, last: date) -> dict[str, str]:
    return {"first": first.isoformat(), "last": last.isoformat()}


# A status, and which way it is good news that more loans or fewer are of it.
_WAYS = {"Behind": "down", "On Track": "up", "Ahead": "up"}


def _loans(word: str, totals: Any) -> int:
    return int(getattr(totals, word.lower().replace(" ", "_")))


def _status(word: str, numbers: list[int], better: str) -> dict[str, Any]:
    shown = BADGES[word]
    label = f":{shown.color}[:material/{shown.icon}: {word}]"
    return _counts(label, numbers, f"Active loans that are {word} on the day.", better)


def _sums(label: str, amounts: list[int], code: str, meaning: str, better: str = "", **more: str) -> dict[str, Any]:
    """A sum on a day, with what it was on the days before; the last amount is that of a month before."""
    *year, then = amounts
    shown = figure(year[-1], code)
    change = 100 * (year[-1] - then) / then if then else (None if year[-1] else 0)
    whole = f"{shown['help']}. " if "help" in shown else ""
    return {
        "label": label,
        **shown,
        **_change(change, "%", better),
        "help": whole + meaning + _range([markdown(money(amount, code)) for amount in (min(year), max(year))]),
        "chart_data": [round(amount / 10 ** currency(code).exponent) for amount in year],
        **more,
    }


def _shares(label: str, percents: list[float | None], meaning: str, better: str) -> dict[str, Any]:
    """The same of a share, in percent; None is a share of nothing, and no point of the line."""
    *year, then = percents
    known = [each for each in year if each is not None]
    change = None if year[-1] is None or then is None else year[-1] - then
    return {
        "label": label,
        "value": NOTHING if year[-1] is None else f"{year[-1]:.1f}%",
        **_change(change, " points", better),
        "help": meaning + (_range([f"{each:.1f}%" for each in (min(known), max(known))]) if known else ""),
        "chart_data": [round(each, 1) for each in known],
    }


def _counts(label: str, numbers: list[int], meaning: str, better: str = "") -> dict[str, Any]:
    """A number of loans on a day, with what it was on the days before; the last is that of a month before."""
    *year, then = numbers
    return {
        "label": label,
        "value": f"{year[-1]:,}",
        **_change(year[-1] - then, "", better),
        "help": meaning + _range([f"{each:,}" for each in (min(year), max(year))]),
        "chart_data": year,
    }


def _range(ends: list[str]) -> str:
    return f" In the last 12 months from {ends[0]} to {ends[1]}."


def _change(change: float | None, unit: str, better: str) -> dict[str, str]:
    """What became of a figure in a month. That nothing did is said as well: so all figures are of one height."""
    if change is None or round(change, 1) == 0:
        said = "none a month before" if change is None else "unchanged"
        return {"delta": said, "delta_color": "gray", "delta_arrow": "off"}
    way = "up" if change > 0 else "down"
    return {
        "delta": f"{abs(change):,.1f}{unit}" if unit else f"{abs(change):,}",
        "delta_arrow": way,
        "delta_color": {"": "gray", way: "green"}.get(better, "orange"),
        "delta_description": way,
    }


def book_key(totals: Any, code: str) -> str:
    """The key of the book's chart, which nearly touching lines leave no room for."""
    received, expected = (markdown(money(each, code)) for each in (totals.total_amount_paid, totals.expected_paid))
    return f":small[:violet[**━** **Received {received}**]\N{EM SPACE}:gray[╍ Expected {expected}]]"


def book_gap(totals: Any, code: str) -> str:
    """``Received is $59,000.00 (4.5%) short of expected.``"""
    expected, more = totals.expected_paid, totals.total_amount_paid - totals.expected_paid
    if not more:
        return "Received is what was expected."
    share = f" ({percent(abs(more), expected)})" if expected else ""
    return f"Received is {money(abs(more), code)}{share} {'more than' if more > 0 else 'short of'} expected."


def not_past_due(totals: Any, code: str) -> str:
    """``The other 125 loans, $1,143,910.55 (89.1%), have nothing past due.``"""
    loans, amount = totals.ageing["current"].loans, totals.ageing["current"].outstanding_principal
    if not loans:
        return "Every active loan is past due."
    who = "The other loan" if loans == 1 else f"The other {loans:,} loans"
    share = f"{money(amount, code)} ({percent(amount, totals.gross_portfolio)})"
    return f"{who}, {share}, {'has' if loans == 1 else 'have'} nothing past due."
