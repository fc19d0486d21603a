"""Do newer loans do better?"""

from datetime import timedelta
from typing import Any

import streamlit as st

from loan_core import lateness
from pages import _lateness_charts as charts
from pages._address import as_of, come_back, currency_asked, in_url
from pages._analysis_words import month, month_ends
from pages._asked import link_to_loans, loans_asked
from pages._bars import of_moves, of_vintages
from pages._controls import switch
from pages._explaining import explain_one
from pages._lateness_words import (
    MOVE_COLUMNS,
    PLACES,
    VINTAGE_COLUMNS,
    began,
    compared,
    move_words,
    moved_on,
    moves_sentence,
    vintages_sentence,
)
from pages._look import counted, day, markdown
from pages._shown import chart, theme
from pages._tables import as_table

DAYS = {f"Over {days} days": days for days in (30, 60, 90)}
A_YEAR, TOGETHER = 12, "Last 12 months"
MEASURES = ("Loans", "Money")


def show_vintages(rows: list[dict[str, Any]], days: int, code: str) -> None:
    st.header(markdown(compared(rows, days)), anchor=False)
    chart(charts.vintages_chart(rows, theme()), vintages_sentence(rows, days))
    st.caption(
        f"Down: when the loans began. Across: months on book, 0 the month of start. In a cell: what percent had ever "
        f"been more than {days} days past due by then, and of how many loans. Without color: fewer than "
        f"{lateness.THIN} loans, too few to say; how sure each share is stands in the table. Empty: still to come."
    )
    explain_one(of_vintages(rows, days), "vintages", "cell")
    said = {"began": lambda row: began(row["began"]), "is_thin": lambda row: "yes" if row["is_thin"] else ""}
    as_table(rows, VINTAGE_COLUMNS, code, f"vintages-{days}-{as_of()}", said)


def ask_for_moves(months: list[str]) -> tuple[bool, str]:
    """Whether money is meant, and which month, beside the heading."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header("From one month's end to the next", anchor=False)
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            measure = switch("Measure", "measure", MEASURES)
            chosen = st.selectbox(
                "Month",
                [TOGETHER, *months],
                format_func=lambda name: name if name == TOGETHER else month(name),
                label_visibility="collapsed",
                width=160,
                **in_url("month", TOGETHER, [TOGETHER, *months]),
            )
    return measure == "Money", chosen


def show_moves(spans: list[Any], code: str) -> None:
    """Where loans of each age were a month later: in one month, or in the last twelve together."""
    by_month = {str(each.end)[:7]: each for each in reversed(spans) if each.loans.sum()}
    in_money, chosen = ask_for_moves(list(by_month))
    only = by_month.get(chosen)
    when = (only.start.item(), only.end.item()) if only else None
    shown = [only] if only else list(by_month.values())
    rows = lateness.moves(shown)
    if in_money and not any(row["of_principal"] for row in rows):
        st.markdown(":gray[Nothing was owed at the beginning of the month.]")
        return
    st.markdown(markdown(moved_on(rows, when, code, in_money)))
    chart(charts.moves_chart(rows, in_money, when, code, theme()), moves_sentence(rows, when, code))
    together = "" if only else " A loan counts once in each of the months."
    st.caption(
        "Down: where loans were. Across: where they were a month later, as a share of the line, and how many, or how "
        "much was owed on them before. Orange: later than before. Without color: fewer than "
        f"{lateness.THIN} loans in the line, too few to say.{together}"
    )
    first, last = min(each.start.item() for each in shown), max(each.end.item() for each in shown)
    explain_one(of_moves(rows, in_money, first, last, code), "moves", "move")
    said = {"from": lambda row: PLACES[row["from"]], "to": lambda row: PLACES[row["to"]]}
    said["words"] = lambda row: move_words(row, when)
    name = "last-12-months" if only is None else chosen
    as_table(rows, MOVE_COLUMNS, code, f"roll-rates-{name}-{as_of()}", said)


come_back("figure")
loans, summary, inputs = loans_asked("Vintages")
code = currency_asked()
with inputs:
    chosen = switch("Days past due", "days", DAYS, "Over 30 days")
rows = lateness.vintages(loans, DAYS[chosen])
summary.caption(f"{counted(len(loans), 'loan')} · as of {day(as_of())}")
if not rows:
    st.markdown(f":gray[No loan had begun by {day(as_of())}.]")
    st.stop()
show_vintages(rows, DAYS[chosen], code)
ends = month_ends(as_of() + timedelta(days=1), A_YEAR + 1)[:-1]
spans = loans.moves(ends)
if any(each.loans.sum() for each in spans):
    show_moves(spans, code)
else:
    st.markdown(f":gray[No month had ended on these loans by {day(as_of())}.]")
link_to_loans(loans)
