"""A repayment being recorded, looked at and undone: the left of its page, and what is selected in the list."""

from typing import Any

import streamlit as st

from loan_core import LoanStatus, Statement
from pages._address import as_of, go, here
from pages._desk import attempt, book
from pages._form import Fields, Form, day_input, form, is_second_click, plain, start_over, take_back, turn_over
from pages._loan_picker import choose_loan
from pages._look import day, instant, isolated, markdown, money
from pages._repayment_words import changes, covered, effect, offers, preview_covers, remark
from pages._small_table import small_table
from pages._words import named


def fill_in(new: Form) -> None:
    """One repayment, with what it would do before it is recorded."""
    with st.container(horizontal=True):
        st.header("Record a repayment", anchor=False)
    if not (loan := chosen_loan()):
        return
    fields = Fields(new)
    with fields.pair():
        fields.ask("amount", st.text_input, f"Amount, {loan.currency}", read=plain, live="300ms")
        fields.ask("received_on", day_input, "Received on", value=book().today())
    status = book().status(loan.id, max(as_of(), fields.stated.get("received_on", book().today())))
    with st.container(horizontal=True, gap="xsmall"):
        for words, amount in offers(status).items():
            st.button(words, on_click=take_up, args=(fields.key("amount"), amount))
    with fields.pair():
        fields.ask("reference", st.text_input, "Reference", help="The bank's, say. Left empty: the next number.")
        fields.ask("note", st.text_input, "Note")
    preview, refusal = attempt(book().preview_repayment, loan.id, as_of=as_of(), **fields.stated)
    what_this_does(status, preview)
    fields.keep_room()
    is_pressed = st.button("Record repayment", type="primary", icon=":material/check:", key=fields.key("record"))
    if is_pressed:
        refusal = new.write(book().add_repayment, loan.id, **fields.stated)
    if new.written:
        turn_over()
    fields.refuse(refusal, is_pressed)


def chosen_loan() -> Any:
    """The loan that is picked by its borrower or its reference, or that the link names."""
    if asked := choose_loan():
        return book().loan(asked)
    if book().find_loans(limit=1).empty:
        st.caption("There is no loan in this book yet.")
        st.page_link("new_loan.py", label="New loan", icon=":material/add:", query_params=here())
    else:
        st.caption("Choose the loan that the money is for.")
    return None


def take_up(field: str, amount: str) -> None:
    st.session_state[field] = amount


def what_this_does(before: LoanStatus, preview: Any) -> None:
    with st.container(gap=None):
        st.subheader("What this does", anchor=False)
        st.caption(f"As of {day(before.as_of)}.")
    if preview:
        st.markdown(markdown(preview_covers(preview)))
        if preview.same_amount_on:
            st.warning(
                f"The same amount was received on {day(preview.same_amount_on)}. Record it only if it came in twice.",
                icon=":material/priority_high:",
            )
        if preview.overpaid:
            more = markdown(money(preview.overpaid, before.currency))
            st.warning(f"{more} of it is more than what is left of the loan.", icon=":material/priority_high:")
    else:
        st.caption("Write an amount to see which installments it pays.")
    stands = {"Before": preview.before, "After": preview.after} if preview else {"Now": before}
    columns = zip(["Figure", *stands], zip(*changes(*stands.values()), strict=True), strict=True)
    said = " and ".join(stands).lower()
    small_table({name: (cells, str) for name, cells in columns}, f"The loan {said}")


def receipt(repayment: Any) -> None:
    """What was written, in place of the form."""
    undoing = form(f"reverse {repayment.id}")
    # Looked at once: another run of this page may be undoing it right now.
    undone = undoing.written
    written = undone or repayment
    statement = book().statement(written.loan_id, max(as_of(), written.received_on))
    with st.container(border=True):
        st.header(f":green[:material/check_circle:] Repayment {'reversed' if undone else 'recorded'}", anchor=False)
        details(statement, written.id)
        st.markdown(effect(statement.status))
        for twin in [] if undone else statement.twins(written.id).tail(1).itertuples():
            st.warning(
                f"The same amount was received on {day(twin.received_on)}, as {markdown(twin.reference)}. "
                "Undo this one if it came in once.",
                icon=":material/priority_high:",
            )
        with st.container(horizontal=True):
            st.button("Record another", type="primary", on_click=start_over, args=("repayment", "loan", "find", "only"))
            if st.button("Open loan") and not is_second_click():
                go("status", loan=written.loan_id)
            if not undone:
                reverse(undoing, repayment.id, "Undo", reason="Entered by mistake")


def details(statement: Statement, repayment_id: int) -> None:
    rows, code = statement.repayments, statement.loan.currency
    row = next(rows[rows["id"] == repayment_id].itertuples())
    lines = {
        "Amount": money(row.amount, code),
        "Loan": named(statement.loan),
        "Received on": day(row.received_on),
        "Covers": covered(row, code),
        "Reference": row.reference,
        "Recorded": instant(row.created_at) + (f" by {isolated(row.recorded_by)}" if row.recorded_by else ""),
    }
    if row.reverses or row.reversed_by:
        lines["Reversal"] = remark(row)
    if row.note:
        lines["Note"] = row.note
    shown = {name: markdown(words) for name, words in lines.items()}
    st.table(shown, hide_header=True, border="horizontal", alt=f"Repayment {row.reference}")


def reverse(undoing: Form, repayment_id: int, label: str, reason: str = "") -> None:
    both = "The repayment and its reversal both stay visible."
    verb, dated = book().reverse_repayment, "Money went back on"
    take_back(undoing, label, "undo", "Reverse repayment", both, verb, repayment_id, reason=reason, dated=dated)
