"""The figures of a page, of whoever is asked: the book as it is, or as it was known."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from loan_core import Refusal
from pages._address import as_of, currency_asked, loan_id
from pages._analysis_words import collection_figures, month_ends, months_asked, risk_figures
from pages._book_words import BookDay, book_figures, month_before, month_so_far, month_to, year_to
from pages._filters import selection_asked
from pages._look import NOTHING, badge_of, day, days, money

Figures = dict[str, str]


def course(source: Any, code: str, meant: dict[str, Any]) -> tuple[list[BookDay], BookDay | None]:
    """The last month ends and the day, and a month before it, of the loans that are meant on the day; none: no loan."""
    on = [*year_to(as_of()), month_before(as_of())]
    periods = list(dict.fromkeys(period for each in on for period in (month_to(each), month_so_far(each))))
    collected = dict(zip(periods, source.collections(periods, chosen_on=as_of(), **meant), strict=True))
    portfolios = source.portfolios(on, chosen_on=as_of(), **meant)
    found = [
        BookDay(each.as_of, each.by_currency[code], collected[month_to(each.as_of)][code], so_far[code])
        for each in portfolios
        if code in each.by_currency and (so_far := collected[month_so_far(each.as_of)])
    ]
    return (found[:-1], found[-1]) if found else ([], None)


def _portfolio(source: Any) -> Figures:
    code = currency_asked()
    year, before = course(source, code, selection_asked("all")[0])
    return _said(book_figures(year, before, code)) if before else {}


def _risk(source: Any) -> Figures:
    code = currency_asked()
    loans = source.analysis(as_of(), **selection_asked("all")[0]).get(code)
    if loans is None:
        return {}
    risks = loans.risks(month_ends(as_of(), 2))
    return _said(risk_figures(risks[-1], risks[-2], code))


def _collection(source: Any) -> Figures:
    code = currency_asked()
    loans = source.analysis(as_of(), **selection_asked("all")[0]).get(code)
    if loans is None or not loans.months:
        return {}
    known = [each.first.item() for each in loans.months]
    return _said(collection_figures(loans.collected(*months_asked(known, as_of(), st.query_params)), code))


def _status(source: Any) -> Figures:
    number = loan_id()
    try:
        status = source.status(number, as_of()) if number else None
    except Refusal:
        # It was not in the book then.
        status = None
    if status is None:
        return {}
    return {
        "Status": badge_of(status.state, status.status).word,
        "Paid": money(status.total_amount_paid, status.currency),
        "Arrears": money(status.arrears, status.currency),
        "Past due": days(status.days_past_due),
        "Remaining balance": money(status.remaining_balance, status.currency),
        "Outstanding principal": money(status.outstanding_principal, status.currency),
        "Next installment": day(status.next_due_on) if status.next_due_on else NOTHING,
    }


def _said(metrics: list[dict[str, Any]]) -> Figures:
    return {each["label"]: str(each["value"]) for each in metrics}


FIGURES: dict[str, Callable[[Any], Figures]] = {
    "": _portfolio,
    "risk": _risk,
    "collection": _collection,
    "status": _status,
}
"""By the address of a page. Of a page that is not here, only what came since is said."""


def changes(path: str, then: Any, now: Any) -> list[tuple[str, str, str]] | None:
    """What each figure of a page that changed was, and is; None for a page whose figures are not compared."""
    if path not in FIGURES:
        return None
    was, now_is = FIGURES[path](then), FIGURES[path](now)
    both = {label: (was.get(label, NOTHING), now_is.get(label, NOTHING)) for label in (*now_is, *was)}
    return [(label, *each) for label, each in both.items() if each[0] != each[1]]
