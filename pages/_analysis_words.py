"""The words of an analyst's pages: which months are meant, what came in of what fell due, how much is at risk."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from loan_core import FIGURES, PAR_DAYS
from pages._look import NOTHING, counted, day, figure, markdown, money, percent, short_money

OTHER = "Other months"
PERIODS = ("Last 12 months", "This month", "Last month", "Last quarter", "All", OTHER)
A_YEAR = 12

COLLECTION_COLUMNS = {
    "month": "Month",
    "due": "Fell due",
    "early": "Early",
    "on_time": "On time",
    "late": "Late",
    "unpaid": "Unpaid",
    "received": "Received",
    "arrears_recovered": "Arrears recovered",
    "current": "Of this month",
    "advance": "In advance",
    "overpaid": "Overpaid",
    "taken_back": "Taken back",
    "arrears_before": "Arrears before",
    "on_time_rate": "On-time rate",
    "current_collection_rate": "Current collection rate",
    "clean_up_rate": "Clean-up rate",
}
AGEING_COLUMNS = {
    "days_past_due": "Age",
    "loans": "Loans",
    "outstanding_principal": "Outstanding",
    "overdue_principal": "Overdue",
}
RISK_COLUMNS = {
    "day": "Day",
    "gross_portfolio": "Gross portfolio",
    **{f"at_risk_{days}": f"Over {days} days" for days in PAR_DAYS},
    **{f"par_{days}": f"PAR {days}" for days in PAR_DAYS},
}
HISTOGRAM_COLUMNS = {"loans": "Loans", "outstanding_principal": "Outstanding", "share": "Share"}
HISTOGRAMS = {"rate": "Rate a year", "size": "Amount lent", "term": "Term"}


def months_back(last: date, number: int) -> date:
    """The first day of the month so many before."""
    years, month = divmod(12 * last.year + last.month - 1 - number, 12)
    return date(years, month + 1, 1)


def months_of(period: str, as_of: date, first: date, last: date) -> tuple[date, date]:
    """The first and the last month of a period, each by its first day; ``first`` and ``last`` are all there are."""
    now = as_of.replace(day=1)
    quarter = months_back(now, (now.month - 1) % 3 + 3)
    return {
        "This month": (now, now),
        "Last month": (months_back(now, 1), months_back(now, 1)),
        "Last quarter": (quarter, months_back(quarter, -2)),
        "Last 12 months": (months_back(now, A_YEAR - 1), now),
        "All": (min(first, now), now),
    }.get(period, (first, last))


def months_asked(known: Sequence[date], as_of: date, asked: Mapping[str, str]) -> tuple[date, date]:
    """The first and the last month that a URL asks for, of those that are known, oldest first.

    What it leaves out, or names wrongly, is what the fields of the page stand at: a year, up to the newest month.
    """
    period = asked.get("period")
    if period != OTHER:
        return months_of(period if period in PERIODS else PERIODS[0], as_of, known[0], known[-1])
    by_name = {f"{each:%Y-%m}": each for each in known}
    first = by_name.get(asked.get("first", ""), year_of(known))
    last = by_name.get(asked.get("last", ""), known[-1])
    return first, last if last >= first else known[-1]


def year_of(known: Sequence[date]) -> date:
    """The first of the newest twelve months, or of as many as there are."""
    return known[-A_YEAR:][0]


def month(when: Any) -> str:
    """``May 2026``, of a day or of ``2026-05``."""
    return f"{pd.Timestamp(when):%b\N{NO-BREAK SPACE}%Y}"


def span(first: date, last: date, as_of: date) -> str:
    """``Jul 2025 to Jun 2026``; that the last month is not over is said."""
    said = month(first) if first == last else f"{month(first)} to {month(last)}"
    is_running = last == as_of.replace(day=1) and (as_of + timedelta(days=1)).day != 1
    return f"{said}, through {day(as_of)}" if is_running else said


def collected(period: Any, code: str, said: str) -> str:
    """What came in of what fell due, in a sentence."""
    if not period.due:
        return f"Nothing fell due in {said}."
    in_time = period.early + period.on_time
    share = percent(in_time, period.due)
    return f"{share} of what fell due was paid in time: {money(in_time, code)} of {money(period.due, code)}."


def left_over(period: Any, code: str) -> str:
    """What became of the rest of it."""
    parts = ((period.late, "came late"), (period.unpaid, "is unpaid"))
    said = [f"{money(amount, code)} ({percent(amount, period.due)}) {what}" for amount, what in parts if amount]
    return f"{' and '.join(said)}." if said else "Nothing came late and nothing is unpaid."


def implied_loss(loss: float | None, term: float | None, rate: float | None, months: int) -> str:
    """What a collection rate means over a year, where it is of months enough to say so."""
    if loss is None or rate is None or not term or months < A_YEAR:
        return ""
    if not loss:
        return f"At a current collection rate of {share(rate)}, nothing of the portfolio is lost."
    lost = f"about {100 * loss:.0f}% of the portfolio" if loss < 1 else "the whole portfolio"
    years = f"{term:.1f} years" if term >= 1 else f"{A_YEAR * term:.0f} months"
    return (
        f"To collect {share(rate)} of what falls due, on loans over {years} on average, is to lose {lost} in a year: "
        "what is not collected, divided by the term in years, times two, as a portfolio is about half of what was lent "
        "(R. Rosenberg, “Is 95% a Good Collection Rate?”, CGAP)."
    )


def share(part: float | None) -> str:
    return NOTHING if part is None else f"{100 * part:.1f}%"


COLLECTION_FIGURES = ("due", "received", "on_time_rate", "current_collection_rate", "clean_up_rate")


def collection_figures(period: Any, code: str) -> list[dict[str, Any]]:
    """The figures of a period, each the keywords of a metric."""
    parts = period.due, period.unpaid, period.received, period.advance, period.arrears_before
    due, unpaid, received, advance, before = (markdown(figure(amount, code)["value"]) for amount in parts)
    return [
        {"label": "Fell due", **figure(period.due, code), "delta_description": f"{unpaid} of it unpaid"},
        {"label": "Received", **figure(period.received, code), "delta_description": f"{advance} of it in advance"},
        {
            "label": "On-time rate",
            "value": share(period.on_time_rate),
            "help": FIGURES["on_time_rate"].definition,
            "delta_description": f"of {due} due",
        },
        {
            "label": "Current collection rate",
            "value": share(period.current_collection_rate),
            "help": FIGURES["current_collection_rate"].definition,
            "delta_description": f"of {received} received",
        },
        {
            "label": "Clean-up rate",
            "value": share(period.clean_up_rate),
            "help": FIGURES["clean_up_rate"].definition,
            "delta_description": f"of {before} in arrears before",
        },
    ]


def at_risk(risk: Any, code: str) -> str:
    """``50.0% of the portfolio is at risk: …``."""
    whole = risk.all.outstanding_principal
    if not risk.at_risk[30]:
        return f"Nothing is more than 30 days past due: {money(whole, code)} in {counted(risk.all.loans, 'loan')}."
    return (
        f"{percent(risk.at_risk[30], whole)} of the portfolio is at risk: {money(risk.at_risk[30], code)} of "
        f"{money(whole, code)} is owed on loans more than 30 days past due."
    )


def risk_figures(risk: Any, before: Any, code: str) -> list[dict[str, Any]]:
    """PAR of each age with what became of it since the month's end before."""
    return [
        {
            "label": f"PAR {days}",
            "value": share(risk.share("par", days)),
            "help": f"The whole outstanding principal of loans more than {counted(days, 'day')} past due, "
            f"{markdown(money(risk.at_risk[days], code))}, as a share of the gross portfolio.",
            **_points(risk.share("par", days), before.share("par", days), f"{before.day.item():%-d %b}"),
        }
        for days in risk.at_risk
    ]


def _points(now: float | None, then: float | None, on: str) -> dict[str, str]:
    if now is None or then is None:
        return {"delta_description": f"nothing on {on}"}
    change = 100 * (now - then)
    if round(change, 1) == 0:
        return {"delta_description": f"as on {on}"}
    return {
        "delta": f"{abs(change):.1f} points",
        "delta_arrow": "up" if change > 0 else "down",
        "delta_color": "orange" if change > 0 else "green",
        "delta_description": f"since {on}",
    }


def month_ends(as_of: date, number: int) -> list[date]:
    """The last so many month ends before a day, and the day; oldest first."""
    ends = [end.date() for end in pd.date_range(end=as_of - timedelta(days=1), periods=number, freq="ME")]
    return [*ends, as_of]


def concentrated(found: Any, code: str) -> str:
    """``The 10 largest of 148 borrowers owe 41.2% of the portfolio.``"""
    number = len(found.top)
    if number == found.borrowers:
        who = "The one borrower owes" if number == 1 else f"All {number} borrowers are here: they owe"
    else:
        who = f"The {number} largest of {found.borrowers:,} borrowers owe"
    return f"{who} {share(found.share)} of {money(found.gross_portfolio, code)}."


def step(kind: str, code: str, row: dict[str, Any]) -> str:
    """One step of a histogram: ``10–15%``, ``$1K–$2K``, ``6–11 months``, ``10 years and more``."""
    start, end = row[f"{kind}_from"], row[f"{kind}_below"]
    if kind == "term":
        return f"{start} months and more" if end is None else f"{start}–{end - 1} months"
    if kind == "rate":
        if end == 1:
            return "no interest"
        low = f"{max(start, 0) / 10_000:.0f}"
        return f"{low}% and more" if end is None else f"{'0' if start == 1 else low}–{end / 10_000:.0f}%"
    low = short_money(start, code)
    return f"{low} and more" if end is None else f"{low}–{short_money(end, code)}"


def shown(rows: Sequence[dict[str, Any]], first: date, last: date) -> list[dict[str, Any]]:
    """The rows of some months."""
    return [row for row in rows if f"{first:%Y-%m}" <= row["month"] <= f"{last:%Y-%m}"]
