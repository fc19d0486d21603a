"""What is agreed of a loan, as the fields of a form, in the order in which it is signed."""

import streamlit as st

from pages._desk import book
from pages._form import Fields, choice, day_input, form, fraction, plain, take_back

FREQUENCIES = {"monthly": "Month", "quarterly": "Quarter", "every_two_weeks": "Two weeks", "weekly": "Week"}
METHODS = {
    "annuity": "Level installments",
    "equal_principal": "Equal principal",
    "interest_only": "Interest only, principal at the end",
    "flat": "Flat interest",
}
ROUNDINGS = {"half_up": "To the nearest", "up": "Always up"}


def ask_terms(fields: Fields) -> None:
    """The agreement, by the names of the book."""
    codes = dict.fromkeys([book().default_currency, *book().currencies()])
    fields.ask("borrower", st.text_input, "Borrower (required)")
    with fields.pair():
        fields.ask("loan_amount", st.text_input, "Loan amount", read=plain, live="300ms")
        fields.ask("currency", st.selectbox, "Currency", options=codes, accept_new_options=True)
    with fields.pair():
        fields.ask("interest_rate", st.text_input, "Interest rate, %", value="2.0", read=fraction, live="300ms")
        fields.ask("rate_period", choice, "Quoted per", words={"month": "Month", "year": "Year"})
    fields.keep_room("rate")
    with fields.pair():
        fields.ask("repayment_period", st.number_input, "Installments", min_value=1, value=12)
        fields.ask("frequency", choice, "Every", words=FREQUENCIES)
    with fields.pair():
        fields.ask("start_on", day_input, "Starts on", value=book().today())
        fields.ask("first_due_on", day_input, "First due on", value=None, help="Left empty: a period after the start.")
    with st.expander("More terms", icon=":material/tune:"):
        fields.ask("method", choice, "Method", words=METHODS)
        with fields.pair():
            fields.ask("rounding", choice, "Rounding", words=ROUNDINGS, help="Of the installment that is calculated.")
            fields.ask(
                "installment", st.text_input, "Installment", read=plain, live="300ms", help="Left empty: calculated."
            )
        fields.ask("reference", st.text_input, "Reference", help="Left empty: the next number.")
        fields.ask("note", st.text_area, "Note", height=80)


def void(loan_id: int) -> None:
    """The way out of a loan that was entered by mistake, while nothing was repaid."""
    mistake = "For a loan entered by mistake. It stays in the book, and counts in no figure."
    take_back(form(f"void {loan_id}"), "Void", "block", "Void loan", mistake, book().void_loan, loan_id)
