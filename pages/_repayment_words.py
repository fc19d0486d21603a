"""The sentences of a repayment: what it covers, what it changes, what was noted beside it."""

import re
from datetime import date
from typing import Any

from loan_core import LoanStatus, currency
from pages._look import NOTHING, SPACE, badge, day, isolated, markdown, money
from pages._words import next_installment, past_due, sum_of


def remark(repayment: Any) -> str:
    """What to say beside a repayment: that it undoes another or was undone, else what the person noted."""
    if repayment.reverses:
        return f"Reverses {isolated(repayment.reverses)}"
    return f"Reversed by {isolated(repayment.reversed_by)}" if repayment.reversed_by else repayment.note


def offers(status: LoanStatus) -> dict[str, str]:
    """The sums that somebody is likely to bring, as a button shows them and as they are typed."""
    sums = {"Balance": status.remaining_balance, "Arrears": status.arrears, "Next": status.next_due_amount}
    names = {amount: name for name, amount in sums.items() if amount}
    unit = currency(status.currency)
    return {f"{name} {sum_of(amount, status)}": str(unit.major(amount)) for amount, name in sorted(names.items())}


def covers(first: int, last: int, interest: int, principal: int, code: str) -> str:
    """What a sum went to: ``Installments 3 to 5: $46.70 interest, $237.00 principal``."""
    which = f"Installment {first}" if first == last else f"Installments {first} to {last}"
    sums = {"interest": interest, "principal": principal}
    parts = ", ".join(f"{money(amount, code)} {part}" for part, amount in sums.items() if amount)
    return f"{which}: {parts}" if parts else "No installment"


def covered(repayment: Any, code: str) -> str:
    """The same for a repayment of a statement, with what was more than the loan came to."""
    said = covers(
        repayment.first_installment,
        repayment.last_installment,
        repayment.covered_interest,
        repayment.covered_principal,
        code,
    )
    return f"{said}; {money(repayment.overpaid, code)} more than is left" if repayment.overpaid else said


def file_name(as_of: date, since: date | None, search: str, currency: str, loan_id: int | None) -> str:
    """What a CSV is of, as its name: ``repayments-2026-05-04-to-2026-06-02-usd-loan-7-amara``."""
    days = f"{since or 'all'}-to-{as_of}"
    searched = re.sub(r"\W+", "-", search).strip("-")[:40]
    named = ["repayments", days, currency.lower(), f"loan-{loan_id}" * (loan_id is not None), searched.lower()]
    return "-".join(filter(None, named))


def which_installments(repayment: Any) -> str:
    """The numbers of the installments that a repayment went to: ``3``, ``3 to 5``."""
    first, last = repayment.first_installment, repayment.last_installment
    if not last:
        return NOTHING
    return f"{first}" if first == last else f"{first}{SPACE}to{SPACE}{last}"


def preview_covers(preview: Any) -> str:
    """The same for a repayment that is not recorded yet."""
    rows, code = preview.covers, preview.before.currency
    if rows.empty:
        return "Covers no installment: everything is paid."
    said = covers(
        rows["number"].iloc[0], rows["number"].iloc[-1], rows["interest"].sum(), rows["principal"].sum(), code
    )
    first, last = day(rows["due_on"].iloc[0]), day(rows["due_on"].iloc[-1])
    return f"{said}. Due {'on ' + first if first == last else first + ' to ' + last}."


def changes(*each: LoanStatus) -> list[list[str]]:
    """A line for each thing that a repayment changes, for Markdown: its name, and how it stood each time."""
    return [
        ["Status", *(badge(status) for status in each)],
        ["Arrears", *(sum_of(status.arrears, status) for status in each)],
        ["Days past due", *(f"{status.days_past_due:,}" for status in each)],
        ["Remaining balance", *(sum_of(status.remaining_balance, status) for status in each)],
    ]


def effect(status: LoanStatus) -> str:
    """What a repayment led to, for Markdown: ``Arrears now **$260.84**, 62 days past due.``"""
    if status.state == "paid_off":
        more = f", with {sum_of(status.overpaid_amount, status)} more than it came to" if status.overpaid_amount else ""
        return f"The loan is paid off{more}."
    if status.arrears:
        return f"Arrears now **{sum_of(status.arrears, status)}**, {past_due(status)}."
    return f"Nothing past due now. {markdown(next_installment(status))}"
