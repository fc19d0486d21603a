"""Who paid late, and when?"""

from typing import Any

import streamlit as st

from loan_core import lateness
from pages import _lateness_charts as charts
from pages._address import as_of, come_back, currency_asked, go, here, in_url
from pages._analysis_words import month, span
from pages._asked import link_to_loans, loans_asked
from pages._bars import of_bands, of_month
from pages._controls import switch
from pages._explaining import explain, explain_one
from pages._filters import filters_asked
from pages._lateness_words import BAND_COLUMNS, bands_sentence, loans_sentence, month_told, months_late, who
from pages._look import counted, day, markdown, short
from pages._paging import page_of, turn_page
from pages._shown import chart, clicked, theme
from pages._tables import as_table

FEW, LINES, MONTHS = 60, 20, 12
VIEWS = ("Loan by loan", "All loans")


def ask_for_months(known: list[Any]) -> list[Any]:
    """Twelve months, the last ones unless others are chosen."""
    spans = {f"{known[end]:%Y-%m}": known[max(end - MONTHS + 1, 0) : end + 1] for end in range(len(known))[::-MONTHS]}
    latest, *_ = spans
    chosen = st.selectbox(
        "Months",
        spans,
        format_func=lambda last: f"{month(spans[last][0])} to {month(last)}",
        label_visibility="collapsed",
        width=220,
        **in_url("last", latest, spans),
    )
    return spans[chosen]


def show_loans(rows: list[dict[str, Any]], months: list[str]) -> None:
    """So many loans as fit a page, the worst first; a click on a cell, or on a name, opens the loan."""
    number = page_of(len(rows), LINES)
    shown = rows[LINES * (number - 1) : LINES * number]
    figure = charts.loans_chart(shown, months, theme())
    chosen = clicked(figure, loans_sentence(shown, months), key="loans by month")
    st.caption(
        "The number of days late, the worst loan first: the later, the stronger the orange. Empty: nothing due, or "
        "neither paid nor late yet."
    )
    turn_page(len(rows), LINES)
    st.markdown(":small[:gray[A click on a cell opens the loan, and so do these, each with its most days late:]]")
    with st.grid(5, min_column_width=150, gap="xsmall"):
        for row in shown:
            asked = here(loan=row["loan_id"], **filters_asked())
            label = f"{markdown(short(who(row), 20))} · {row['worst']}"
            st.page_link("status.py", label=label, query_params=asked, help=markdown(row["loan_reference"]))
    if chosen:
        go("status", loan=chosen[0], **filters_asked())


come_back("loan", "figure")
loans, summary, inputs = loans_asked("Lateness")
code = currency_asked()
known = [each for each in lateness.months_said(loans) if each <= as_of()]
if not known:
    st.markdown(f":gray[Nothing had fallen due or come in by {day(as_of())}.]")
    st.stop()
with inputs:
    default = VIEWS[0 if len(loans) <= FEW else 1]
    view = VIEWS[1]
    if len(loans) <= lateness.LOANS_AT_ONCE:
        view = switch("View", "view", VIEWS, default)
    months = ask_for_months(known)
bands, names = lateness.bands(loans, months), [f"{each:%Y-%m}" for each in months]
summary.caption(f"{counted(len(loans), 'loan')} · {span(months[0], months[-1], as_of())} · as of {day(as_of())}")
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    st.header(markdown(months_late(bands)), anchor=False, width="content")
    if told := month_told(bands):
        explain("late_in_month", **of_month(told["month"], as_of()))
file = f"lateness-{names[0]}-{names[-1]}"
if view == VIEWS[0]:
    rows = lateness.loan_by_loan(loans, months)
    show_loans(rows, names)
    columns = {"borrower": "Borrower", "loan_reference": "Loan", "worst": "Worst"}
    as_table(rows, columns | {name: month(name) for name in names}, code, file)
else:
    chart(charts.bands_chart(bands, theme()), bands_sentence(bands))
    st.caption(
        "Of the loans due in a month the share in percent that was so many days late, by the worst of the month's "
        "installments: the more were late, the stronger the orange."
    )
    explain_one(of_bands(bands, as_of()), "bands", "cell")
    as_table(bands, BAND_COLUMNS, code, file)
    if len(loans) > lateness.LOANS_AT_ONCE:
        st.caption(f"With a filter that leaves {lateness.LOANS_AT_ONCE:,} loans or fewer, each of them is shown.")
link_to_loans(loans)
