"""Where does this loan stand?"""

from functools import partial

import streamlit as st

from loan_core import currency
from pages import _filters
from pages._address import as_of, go, here
from pages._agreement import void
from pages._controls import switch
from pages._desk import book, made
from pages._loan_picker import choose_loan
from pages._loan_tables import installments_table, repayments_table
from pages._look import badge, day, isolated, markdown, tolerance
from pages._print import statement_page
from pages._shown import chart, table, theme
from pages._status_chart import status_chart, status_sentence
from pages._words import chart_key, figures, headline, terms

VIEWS = {"Payments": "Expected and actual payments", "Balance": "Remaining balance"}


def step(to: int | None, label: str, icon: str) -> None:
    """To the loan beside this one in the list that the URL asks for; where there is none, its place is kept."""
    with st.container(width=112):
        if to and st.button(label, icon=f":material/{icon}:", width="stretch"):
            go("status", loan=to, **_filters.filters_asked())


with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    asked = choose_loan(label_visibility="collapsed", width=260)
    buttons = st.container(horizontal=True, width="content")

if not asked:
    st.title("Status", anchor=False)
    st.markdown("Choose a loan above: by its name, its number or its reference.")
    st.page_link("loans.py", label="All loans", icon=":material/list_alt:", query_params=here())
    st.stop()

statement = book().statement(asked, as_of())
loan, status = statement.loan, statement.status
# Of several in tabs side by side one tells which is which; a borrower's name would stay in the browser's history.
st.set_page_config(page_title=f"{loan.reference} · Status")

meant, sort = _filters.selection_asked()
before, after = book().beside(statement, sort, **meant | {"currency": loan.currency})
with buttons:
    step(before, "Previous", "chevron_left")
    step(after, "Next", "chevron_right")
    if status.state != "voided" and st.button("Record repayment", type="primary", icon=":material/payments:"):
        go("repayments", loan=loan.id)
with st.container(gap=None):
    st.title(f"{markdown(isolated(loan.borrower or loan.reference))} {badge(status)}", anchor=False)
    st.caption(markdown(terms(loan)))
with st.container(gap=None):
    st.header(markdown(headline(statement)), anchor=False)
    if status.state == "voided":
        st.caption(f"As of {day(as_of())}.")
        st.stop()
    st.caption(f"As of {day(as_of())}. On Track means {tolerance(book().thresholds)} what was expected by this day.")

with st.grid(6, min_column_width=150, gap="small"):
    for figure in figures(statement, book().today()):
        st.metric(**figure)

with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
    heading = st.empty()
    view = switch("View", "view", VIEWS)
heading.subheader(VIEWS[view], anchor=False)
is_balance = view == "Balance"
chart(
    status_chart(statement, book().thresholds, theme(), book().today(), is_balance=is_balance),
    status_sentence(statement, is_balance),
)
st.caption(markdown(chart_key(statement, tolerance(book().thresholds))))

left, right = st.columns([7, 5], gap="medium")
with left:
    st.subheader("Installments", anchor=False)
    table(installments_table(statement), loan.currency, f"Installments of loan {loan.reference}")
with right:
    st.subheader("Repayments", anchor=False)
    if statement.repayments.empty:
        st.markdown(f":gray[None by {day(as_of())}.]")
    else:
        table(repayments_table(statement), loan.currency, f"Repayments of loan {loan.reference}")
st.caption(f"Amounts in {currency(loan.currency).name}.")

FILES = {
    "Schedule": ("csv", "download", partial(made, book().export_schedule, as_of(), loan.id)),
    "Statement": ("csv", "download", partial(made, book().export_statement, as_of(), loan.id)),
    "Printable statement": ("html", "print", partial(statement_page, statement)),
}
with st.container(horizontal=True, vertical_alignment="center"):
    for label, (kind, icon, file) in FILES.items():
        name = f"{label.lower().removeprefix('printable ')}-{loan.id}-{as_of()}.{kind}"
        icon = f":material/{icon}:"
        st.download_button(label, file, file_name=name, mime=f"text/{kind}", icon=icon, on_click="ignore")
    if not status.total_amount_paid:
        void(loan.id)
