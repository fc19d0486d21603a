"""How is the book doing?"""

import pandas as pd
import streamlit as st

from loan_core import currency
from pages import _charts
from pages._desk import as_of, book, chart, come_back, empty_book, go, here, in_url, sum_column, theme
from pages._look import (
    BookDay,
    book_figures,
    book_gap,
    book_key,
    book_rows,
    count_badge,
    counted,
    day,
    major,
    markdown,
    month_before,
    month_so_far,
    month_to,
    not_past_due,
    year_to,
)

CALLS = 6
# How the Loans page shows what stands behind each figure, in their order.
ROWS = (
    {"sort": "Outstanding"},
    {"sort": "Days past due"},
    {"sort": "Arrears"},
    {"state": "all", "sort": "Next due"},
    {"status": "Behind"},
)


def loans_link(label: str, icon: str = "", **query: str) -> None:
    """To the loans of the chosen currency."""
    named = {"currency": code} if len(codes) > 1 else {}
    st.page_link("loans.py", label=label, icon=icon, icon_position="right", query_params=here(**query, **named))


come_back(but_not_with="loan")
with st.container(gap=None):
    st.title("Portfolio", anchor=False)
    summary = st.empty()

days = [*year_to(as_of()), month_before(as_of())]
portfolios = book().portfolios(days)
by_currency = portfolios[-2].by_currency
if not by_currency:
    empty_book()
summary.caption(f"As of {day(as_of())}. Changes since {day(days[-1])}.")

codes = sorted(by_currency, key=lambda code: (-by_currency[code].loans, code))
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    code = codes[0]
    if len(codes) == 1:
        st.caption(f"Amounts in {currency(code).name}")
    else:
        code = st.segmented_control(
            "Currency",
            codes,
            required=True,
            format_func=lambda code: f":gray[{code} · {counted(by_currency[code].active, 'loan')}]",
            label_visibility="collapsed",
            **in_url("currency", codes[0], codes),
        )
    totals = by_currency[code]
    with st.container(horizontal=True, width="content"):
        for status, loans in {"Behind": totals.behind, "On Track": totals.on_track, "Ahead": totals.ahead}.items():
            loans_link(count_badge(status, loans), status=status)

periods = {period for on in days for period in (month_to(on), month_so_far(on))}
collected = {period: book().collections(*period)[code] for period in periods}
*year, before = (
    BookDay(on, each.by_currency[code], collected[month_to(on)], collected[month_so_far(on)])
    for on, each in zip(days, portfolios, strict=True)
)
grid = st.grid(5, min_column_width=150, gap="small")
figures = book_figures(year, before, code)
for figure, rows, query in zip(figures, book_rows(year[-1], code), ROWS, strict=True):
    with grid.cell(), st.container(gap="xxsmall", horizontal_alignment="right"):
        st.metric(**figure)
        loans_link(f":gray[{rows}]", icon=":material/arrow_forward:", **query)

left, right = st.columns([7, 5], gap="medium")
with left:
    st.header("Expected and received", anchor=False)
    st.markdown(book_key(totals, code))
    curve = book().curves(as_of())[code]
    figure = _charts.book_chart(curve, as_of(), code, theme(), book().today())
    chart(figure, _charts.book_sentence(curve, as_of(), code))
    st.caption(f"{markdown(book_gap(totals, code))} Dotted: still to fall due.")
with right:
    st.header("Past due, by age", anchor=False)
    if totals.loans_in_arrears:
        st.markdown(":small[:gray[Outstanding principal of loans past due]]")
        figure = _charts.ageing_chart(totals.ageing, code, theme())
        chart(figure, _charts.ageing_sentence(totals.ageing, code))
        st.caption(markdown(not_past_due(totals, code)))
    else:
        st.markdown(":gray[Nothing is past due.]")

behind = book().loans(as_of(), status="Behind", state="active", currency=code)
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.header("Needs attention", anchor=False)
    if len(behind) > CALLS:
        loans_link(f"All {len(behind):,} behind", icon=":material/arrow_forward:", status="Behind", sort="Arrears")
if behind.empty:
    st.markdown(":gray[No loan is behind.]")
    st.stop()
first = behind.sort_values(["arrears", "id"], ascending=[False, True]).head(CALLS)
calls = pd.DataFrame(
    {
        "Borrower": first["borrower"].where(first["borrower"] != "", first["reference"]),
        "Arrears": major(first["arrears"], code),
        "Days past due": first["days_past_due"],
        "Outstanding": major(first["outstanding_principal"], code),
        "Next due": first["next_due_on"],
        "Loan": first["reference"],
    }
)
chosen = st.dataframe(
    calls,
    hide_index=True,
    row_height=38,
    height="content",
    placeholder="",
    on_select="rerun",
    selection_mode="single-row",
    column_config={
        "Borrower": st.column_config.TextColumn(width=118),
        "Arrears": sum_column(code, calls["Arrears"], 92),
        "Days past due": st.column_config.NumberColumn(width=104, format="%d"),
        "Outstanding": sum_column(code, calls["Outstanding"], 106),
        "Next due": st.column_config.DateColumn(width=110, format="D MMM YYYY"),
        "Loan": st.column_config.TextColumn(width=80),
    },
    key="calls",
    alt=f"{counted(len(calls), 'loan')} behind, the largest arrears first",
).selection.rows
st.caption(f"The largest arrears first, amounts in {currency(code).name}. Select a row to open the loan.")
if chosen:
    go("status", loan=first["id"].iloc[chosen[0]])
