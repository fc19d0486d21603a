"""What came in of what fell due?"""

from datetime import date, timedelta
from functools import partial

import streamlit as st

from loan_core import tables
from pages import _collection_charts as charts
from pages._address import as_of, come_back, currency_asked, in_url
from pages._analysis_words import (
    A_YEAR,
    COLLECTION_COLUMNS,
    COLLECTION_FIGURES,
    OTHER,
    PERIODS,
    collected,
    collection_figures,
    implied_loss,
    left_over,
    month,
    months_asked,
    months_back,
    shown,
    span,
    year_of,
)
from pages._asked import link_to_loans, loans_asked
from pages._bars import of_months
from pages._explaining import explain, explain_one
from pages._look import counted, day, markdown
from pages._shown import chart, theme
from pages._tables import offer, show


def ask_for_months(known: list[date]) -> tuple[date, date]:
    """The first and the last month of the period that is meant, of those that are known."""
    first, last = months_asked(known, as_of(), st.query_params)
    period = st.selectbox(
        "Period", PERIODS, label_visibility="collapsed", width=180, **in_url("period", PERIODS[0], PERIODS)
    )
    if period == OTHER:
        newest_first = known[::-1]
        _month_field("From", "first", newest_first, year_of(known))
        _month_field("To", "last", [each for each in newest_first if each >= first], known[-1])
    return first, last


def _month_field(label: str, name: str, months: list[date], default: date) -> None:
    names = [f"{each:%Y-%m}" for each in months]
    st.selectbox(label, names, format_func=month, width=130, **in_url(name, f"{default:%Y-%m}", names))


come_back("figure")
loans, summary, inputs = loans_asked("Collections", inputs_at="bottom")
code = currency_asked()
known = [each.first.item() for each in loans.months]
if not known:
    st.markdown(f":gray[Nothing had fallen due or come in by {day(as_of())}.]")
    st.stop()
with inputs:
    first, last = ask_for_months(known)

period = loans.collected(first, last)
summary.caption(f"{counted(len(loans), 'loan')} · {span(first, last, as_of())} · as of {day(as_of())}")
st.header(markdown(collected(period, code, span(first, last, as_of()))), anchor=False)
if period.due:
    term, rate = loans.collections.average_term, period.current_collection_rate
    of_known = sum(first <= each <= last for each in known)
    loss = implied_loss(loans.collections.implied_annual_loss(period), term, rate, of_known)
    st.markdown(f":gray[{markdown(left_over(period, code))} {markdown(loss)}]")
grid = st.grid(5, min_column_width=150, gap="small")
explained = partial(explain, first=first, last=min(months_back(last, -1) - timedelta(days=1), as_of()))
for key, figure in zip(COLLECTION_FIGURES, collection_figures(period, code), strict=True):
    with grid.cell(), st.container(gap="xxsmall"):
        st.metric(**figure)
        explained(key)

# A short period is shown among the months before it.
rows = shown(tables.months(loans.months), min(first, months_back(last, A_YEAR - 1)), last)
if rows:
    left, right = st.columns(2, gap="medium")
    with left:
        st.header("What fell due", anchor=False)
        st.markdown(charts.key(charts.DUE, rows))
        figure = charts.due_chart(rows, first, last, code, theme())
        chart(figure, charts.months_sentence(rows, charts.DUE, "due", code))
        st.caption("By the month of the due date: when it was paid.")
        explain_one(of_months(rows, charts.DUE, "due", code, as_of()), "due")
    with right:
        st.header("What came in", anchor=False)
        st.markdown(charts.key(charts.RECEIVED, rows, ":gray[╍ Fell due]"))
        figure = charts.received_chart(rows, first, last, code, theme())
        chart(figure, charts.months_sentence(rows, charts.RECEIVED, "received", code))
        st.caption("By the month in which it was received: what it paid.")
        explain_one(of_months(rows, charts.RECEIVED, "received", code, as_of()), "received")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header("Month by month", anchor=False)
        offer(rows[::-1], code, f"collections-{rows[0]['month']}-{rows[-1]['month']}")
    said = {"month": lambda row: month(row["month"])}
    show(rows[::-1], COLLECTION_COLUMNS, code, "What fell due and what came in, month by month", said)
link_to_loans(loans)
