"""How much of the book is at risk?"""

from functools import partial

import streamlit as st

from loan_core import AGES, tables
from pages import _risk_charts as charts
from pages._address import as_of, come_back, currency_asked, in_url
from pages._analysis_words import (
    AGEING_COLUMNS,
    HISTOGRAM_COLUMNS,
    HISTOGRAMS,
    RISK_COLUMNS,
    at_risk,
    concentrated,
    month_ends,
    risk_figures,
    step,
)
from pages._asked import loans_asked
from pages._bars import of_nested_ages, of_steps
from pages._controls import switch
from pages._explaining import explain, explain_one
from pages._look import counted, day, markdown
from pages._risk_parts import show_borrowers, show_definitions
from pages._shown import chart, theme
from pages._tables import as_table, offer

SPANS = {"12 months": 12, "24 months": 24}


come_back("figure")
loans, summary, inputs = loans_asked("Risk", through_time=True)
code = currency_asked()
with inputs:
    months = switch("Span", "span", SPANS)
risks = loans.risks(month_ends(as_of(), SPANS[months]))
risk = risks[-1]
summary.caption(f"{counted(risk.all.loans, 'active loan')} · as of {day(as_of())}")
if not risk.all.loans:
    st.markdown(f":gray[No loan was active on {day(as_of())}.]")
    st.stop()

st.header(markdown(at_risk(risk, code)), anchor=False)
grid = st.grid(4, min_column_width=150, gap="small")
for days, figure in zip(risk.at_risk, risk_figures(risk, risks[-2], code), strict=True):
    with grid.cell(), st.container(gap="xxsmall"):
        st.metric(**figure)
        explain(f"par_{days}")

over_time, ages = tables.risk_over_time(risks), tables.ageing(risk)
left, right = st.columns([7, 5], gap="medium")
with left:
    st.header("Portfolio at risk, at the ends of months", anchor=False)
    chart(charts.par_chart(over_time, theme()), charts.par_sentence(over_time))
    explain("par_30", "Explain these lines")
    as_table(over_time[::-1], RISK_COLUMNS, code, f"risk-{as_of()}")
with right:
    st.header("Past due, by age", anchor=False)
    st.markdown(":small[:gray[Outlined: all that is owed on late loans. Filled: the part of it that is overdue.]]")
    chart(charts.nested_ages_chart(ages, code, theme()), charts.nested_ages_sentence(ages, code))
    explain_one(of_nested_ages(ages, code), "ages")
    as_table(ages, AGEING_COLUMNS, code, f"ages-{as_of()}", {"days_past_due": lambda row: AGES[row["days_past_due"]]})

if st.toggle("Show the other definitions in use", **in_url("definitions", False, [True, False])):
    show_definitions(risk, code)

with st.container(width=640):
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header("Largest borrowers", anchor=False)
        offer(tables.borrowers(loans), code, f"borrowers-{as_of()}")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(markdown(concentrated(loans.concentration(), code)), width="content")
        explain("largest_borrowers")
    show_borrowers(loans, code)

st.header("How the portfolio is spread", anchor=False)
for kind, column in zip(HISTOGRAMS, st.columns(3, gap="medium"), strict=True):
    rows = tables.histogram(loans, kind)
    with column:
        st.subheader(HISTOGRAMS[kind], anchor=False)
        chart(charts.histogram_chart(rows, kind, code, theme()), charts.histogram_sentence(rows, kind, code))
        explain_one(of_steps(rows, kind, code), kind)
        columns = {f"{kind}_from": HISTOGRAMS[kind], **HISTOGRAM_COLUMNS}
        as_table(rows, columns, code, f"{kind}-{as_of()}", {f"{kind}_from": partial(step, kind, code)})
