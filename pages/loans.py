"""Which loans are there?"""

import pandas as pd
import streamlit as st

from loan_core import currency
from pages._desk import as_of, book, clear_filters, come_back, empty_book, go, in_url, sum_column
from pages._look import STANDINGS, counted, day, major, markdown, money, standing

ROWS = 15
STATES = {
    "active": "Active",
    "pending": "Not started",
    "paid_off": "Paid off",
    "voided": "Voided",
    "all": "All but voided",
}
STATUSES = {
    "All": ":gray[All]",
    "Behind": ":orange[:material/priority_high: Behind]",
    "On Track": ":green[:material/check: On Track]",
    "Ahead": ":blue[:material/arrow_upward: Ahead]",
}
# What each order sorts by, and whether from the lowest.
ORDERS = {
    "Days past due": ("days_past_due", False),
    "Arrears": ("arrears", False),
    "Outstanding": ("outstanding_principal", False),
    "Next due": ("next_due_on", True),
    "Borrower": ("borrower", True),
    "Loan": ("id", True),
}


def columns(shown: pd.DataFrame, code: str) -> dict[str, object]:
    words = [each.word for each in STANDINGS.values()]
    return {
        "Borrower": st.column_config.TextColumn(width=118),
        "Status": st.column_config.MultiselectColumn(
            width=94,
            options=words,
            color=[each.color for each in STANDINGS.values()],
            format_func={each.word: f"{each.mark} {each.word}" for each in STANDINGS.values()}.get,
        ),
        "Outstanding": sum_column(code, shown["Outstanding"], 106),
        "Arrears": sum_column(code, shown["Arrears"], 92),
        "Days past due": st.column_config.NumberColumn(width=104, format="%d"),
        "Next due": st.column_config.DateColumn(width=110, format="D MMM YYYY"),
        "Installment": sum_column(code, shown["Installment"], 104),
        "Paid": st.column_config.ProgressColumn(width=150, format="%.0f%%", min_value=0, max_value=100),
        "Loan": st.column_config.TextColumn(width=80),
    }


def listed(rows: pd.DataFrame, code: str) -> pd.DataFrame:
    """The columns of the list. Nothing past due is an empty cell."""
    return pd.DataFrame(
        {
            "Borrower": rows["borrower"].where(rows["borrower"] != "", rows["reference"]),
            "Status": [[standing(*each).word] for each in zip(rows["state"], rows["status"], strict=True)],
            "Outstanding": major(rows["outstanding_principal"], code),
            "Arrears": major(rows["arrears"].where(rows["arrears"] > 0), code),
            "Days past due": rows["days_past_due"].where(rows["days_past_due"] > 0),
            "Next due": rows["next_due_on"],
            "Installment": major(rows["installment"], code),
            "Paid": (100 * rows["total_amount_paid"] / rows["total_due"]).clip(upper=100),
            "Loan": rows["reference"],
        }
    )


come_back(but_not_with="loan")

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    with st.container(gap=None):
        st.title("Loans", anchor=False)
        summary = st.empty()
    buttons = st.container(horizontal=True, width="content")

bar = st.empty()
with bar.container(horizontal=True, vertical_alignment="center"):
    search = st.text_input(
        "Search",
        type="search",
        placeholder="Name, loan or reference",
        label_visibility="collapsed",
        width=220,
        **in_url("search", ""),
    )
    status = st.segmented_control(
        "Status",
        STATUSES,
        default="All",
        required=True,
        format_func=STATUSES.get,
        label_visibility="collapsed",
        **in_url("status", "All", STATUSES),
    )
    state = st.selectbox(
        "State",
        STATES,
        format_func=STATES.get,
        label_visibility="collapsed",
        width=150,
        **in_url("state", "active", STATES),
    )
    currencies = st.empty()
    order = st.selectbox(
        "Sort",
        ORDERS,
        format_func="Sort: {}".format,
        label_visibility="collapsed",
        width=200,
        **in_url("sort", "Days past due", ORDERS),
    )

rows = book().loans(
    as_of(),
    search=search,
    status=None if status == "All" else status,
    state=None if state == "all" else state,
)
if rows.empty and book().loans(as_of()).empty:
    bar.empty()
    empty_book()
if rows.empty:
    st.markdown("**No loan matches.**")
    st.button("Clear filters", icon=":material/close:", on_click=clear_filters)
    st.stop()

codes = rows["currency"].value_counts().index
code = codes[0]
if len(codes) > 1:
    code = currencies.selectbox(
        "Currency", codes, label_visibility="collapsed", width=96, **in_url("currency", codes[0], codes)
    )
column, is_rising = ORDERS[order]
rows = rows[rows["currency"] == code].sort_values([column, "id"], ascending=[is_rising, True])
outstanding = markdown(money(sum(rows["outstanding_principal"].tolist()), code))
kind = "loan" if state == "all" else f"{STATES[state].lower()} loan"
if buttons.button("New loan", type="primary", icon=":material/add:"):
    go("new_loan")
summary.caption(f"{counted(len(rows), kind)} · {outstanding} outstanding · as of {day(as_of())}")

grid = st.empty()
left, right = st.columns([2, 1], vertical_alignment="center")
pages = -(-len(rows) // ROWS)
with right:
    page = st.pagination(pages, **in_url("page", 1, range(1, pages + 1))) if pages > 1 else 1
first, last = ROWS * (page - 1) + 1, min(ROWS * page, len(rows))
left.caption(f"{first:,}–{last:,} of {len(rows):,}, amounts in {currency(code).name}. Select a row to open the loan.")
shown = listed(rows.iloc[first - 1 : last], code)
chosen = grid.dataframe(
    shown,
    hide_index=True,
    row_height=38,
    height="content",
    placeholder="",
    on_select="rerun",
    selection_mode="single-row",
    column_config=columns(shown, code),
    key="list",
    alt=f"Loans {first:,} to {last:,}, sorted by {order.lower()}",
).selection.rows
if chosen:
    go("status", loan=rows["id"].iloc[first - 1 + chosen[0]])
