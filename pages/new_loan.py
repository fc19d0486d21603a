"""What would this loan cost? Shall we lend?"""

from typing import Any

import streamlit as st

from loan_core import currency
from pages._address import go
from pages._agreement import ask_terms, void
from pages._desk import attempt, book
from pages._form import Fields, Form, form, is_second_click, start_over
from pages._look import figure, instant, major, markdown, money, percent
from pages._schedule_chart import schedule_chart, schedule_sentence
from pages._shown import chart, table, theme
from pages._words import headline, installments_of, named, rate, when_due


def fill_in(new: Form) -> None:
    left, right = st.columns([5, 7], gap="medium")
    with left:
        fields = Fields(new)
        ask_terms(fields)
        fields.keep_room()
        with st.container(horizontal=True):
            is_pressed = st.button("Create loan", type="primary", icon=":material/check:", key=fields.key("create"))
            st.button("Clear", on_click=start_over, args=("loan",))

    quote, refusal = attempt(book().quote, **fields.stated)
    if is_pressed and not fields.stated["borrower"].strip():
        fields.say("Write the name of whoever borrows.", "borrower")
    elif is_pressed:
        refusal = new.write(book().create_loan, **fields.stated)
    if new.written:
        st.rerun()
    fields.refuse(refusal, is_pressed)
    # There from the start: a line that came with the amount would move the button from under the pointer.
    fields.room("rate").caption(f"{rate(quote.loan)}, nominal." if quote else "A nominal rate.")
    with right:
        if quote:
            preview(quote)
        else:
            st.caption("The schedule appears here once there is an amount and nothing is left to correct.")


def preview(quote: Any) -> None:
    """The schedule that follows from what is typed."""
    code, rows = quote.loan.currency, quote.installments
    with st.container(gap=None):
        st.header(markdown(installments_of(quote)), anchor=False)
        st.caption(when_due(quote))
    with st.grid(3, min_column_width=150, gap="small"):
        st.metric("Total to repay", **figure(quote.total_due, code))
        st.metric("Total interest", **figure(quote.total_interest, code))
        st.metric("Interest share", percent(quote.total_interest, quote.total_due))
    chart(schedule_chart(rows, code, theme()), schedule_sentence(rows, code))
    sums = {"Amount": "due", "Interest": "interest", "Principal": "principal", "Balance": "balance"}
    shown = {"Due": rows["due_on"]} | {word: major(rows[name], code) for word, name in sums.items()}
    table(shown, code, "Schedule of the loan")
    st.caption(f"Amounts in {currency(code).name}.")


def receipt(loan: Any) -> None:
    """What was written, in place of the form."""
    statement = book().statement(loan.id, book().today())
    loan = statement.loan
    with st.container(border=True, width=560):
        st.header(f":green[:material/check_circle:] Loan {'voided' if loan.voided_at else 'created'}", anchor=False)
        st.table(
            {
                "Loan": markdown(named(loan)),
                "Amount": markdown(money(loan.loan_amount, loan.currency)),
                "Interest": rate(loan),
                "Repaid in": markdown(installments_of(statement)),
                "Due": when_due(statement),
                "Recorded": instant(loan.created_at),
            },
            hide_header=True,
            border="horizontal",
            alt="Receipt",
        )
        st.markdown(markdown(headline(statement)))
        with st.container(horizontal=True):
            st.button("Create another", type="primary", on_click=start_over, args=("loan",))
            if st.button("Open loan", icon=":material/arrow_forward:") and not is_second_click():
                go("status", loan=loan.id)
            if not loan.voided_at:
                void(loan.id)


with st.container(gap=None):
    st.title("New loan", anchor=False)
    st.caption("The agreement as signed. The schedule beside it follows what you type.")
new = form("loan")
if new.written:
    receipt(new.written)
else:
    fill_in(new)
