"""How is the book doing?"""

import pandas as pd
import streamlit as st

from loan_core import currency
from pages._book_charts import ageing_chart, ageing_sentence, book_chart, book_sentence
from pages._book_words import (
    BookDay,
    book_figures,
    book_gap,
    book_key,
    book_rows,
    month_before,
    month_so_far,
    month_to,
    not_past_due,
    year_to,
)
from pages._desk import as_of, book, chart, come_back, empty_book, go, here, in_url, sum_column, theme
from pages._look import count_badge, counted, day, major, markdown

CALLS = 6
# The pixels that the line of a figure takes.
LINE = 68
# Where the rows are that stand behind each figure, in their order.
ROWS = (
    ("loans", {"sort": "Outstanding"}),
    ("loans", {"sort": "Days past due"}),
    ("loans", {"sort": "Arrears"}),
    ("repayments", {"period": "This month"}),
    ("loans", {"status": "Behind"}),
)


def link(page: str, label: str, icon: str = "", **query: str) -> None:
    """To the rows of the chosen currency."""
    named = {"currency": code} if len(codes) > 1 else {}
    st.page_link(f"{page}.py", label=label, icon=icon, icon_position="right", query_params=here(**query, **named))


come_back(but_not_with="loan")
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(gap=None, width="content"):
        st.title("Portfolio", anchor=False)
        summary = st.empty()
    buttons = st.container(horizontal=True, width="content")

days = [*year_to(as_of()), month_before(as_of())]
portfolios = book().portfolios(days)
by_currency = portfolios[-2].by_currency
if not by_currency:
    empty_book()
if buttons.button("New loan", type="primary", icon=":material/add:"):
    go("new_loan")
if buttons.button("Import", icon=":material/upload:"):
    go("exchange")
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
    with st.container(horizontal=True, width="content", gap=None):
        for status, loans in {"Behind": totals.behind, "On Track": totals.on_track, "Ahead": totals.ahead}.items():
            link("loans", count_badge(status, loans), status=status)

periods = {period for on in days for period in (month_to(on), month_so_far(on))}
collected = {period: book().collections(*period)[code] for period in periods}
*year, before = (
    BookDay(on, each.by_currency[code], collected[month_to(on)], collected[month_so_far(on)])
    for on, each in zip(days, portfolios, strict=True)
)
grid = st.grid(5, min_column_width=150, gap="small")
figures = book_figures(year, before, code)
for figure, words, (page, query) in zip(figures, book_rows(year[-1], code), ROWS, strict=True):
    with grid.cell(), st.container(gap="xxsmall", horizontal_alignment="right"):
        st.metric(**figure)
        if not figure["chart_data"]:
            st.space(LINE)
        link(page, f":gray[{words}]", icon=":material/arrow_forward:", **query)

left, right = st.columns([7, 5], gap="medium")
with left:
    st.header("Expected and received", anchor=False)
    if totals.loans > totals.pending:
        st.markdown(book_key(totals, code))
        curve = book().curves(as_of())[code]
        figure = book_chart(curve, as_of(), code, theme(), book().today())
        chart(figure, book_sentence(curve, as_of(), code))
        st.caption(f"{markdown(book_gap(totals, code))} Dotted: still to fall due.")
    else:
        st.markdown(f":gray[No loan had started by {day(as_of())}.]")
with right:
    st.header("Past due, by age", anchor=False)
    if totals.loans_in_arrears:
        st.markdown(":small[:gray[Outstanding principal of loans past due]]")
        figure = ageing_chart(totals.ageing, code, theme())
        chart(figure, ageing_sentence(totals.ageing, code))
        st.caption(markdown(not_past_due(totals, code)))
    else:
        st.markdown(":gray[Nothing is past due.]")

behind = book().loans(as_of(), status="Behind", state="active", currency=code)
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    st.header("Needs attention", anchor=False)
    if len(behind) > CALLS:
        everyone = f"All {len(behind):,} behind"
        link("loans", everyone, icon=":material/arrow_forward:", status="Behind", sort="Arrears")
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
