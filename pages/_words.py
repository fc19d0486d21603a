"""The sentences and the figures of a loan: what was agreed, where it stands, what became of its installments."""

from datetime import date
from typing import Any

from loan_core import LoanStatus, Statement
from pages._look import (
    NOTHING,
    SPACE,
    by_day,
    counted,
    day,
    days,
    figure,
    isolated,
    markdown,
    money,
    percent,
    until,
)


def named(loan: Any) -> str:
    """``L-0007 · Amara Okafor``."""
    reference, borrower = isolated(loan.reference), isolated(loan.borrower)
    return f"{reference} · {borrower}" if borrower else reference


def rate(loan: Any) -> str:
    """Both quotations, the agreed one first and exact: ``2.0% a month (24.0% a year)``."""
    if not loan.interest_rate:
        return "no interest"
    quoted, other = _rate(loan.interest_rate / 1e4, 4), loan.rate_period
    if other == "month":
        return f"{quoted} a month ({_rate(loan.annual_rate_ppm / 1e4, 4)} a year)"
    return f"{quoted} a year ({_rate(loan.annual_rate_ppm / 12e4, 2)} a month)"


def _rate(number: float, places: int) -> str:
    whole, _, rest = f"{number:.{places}f}".partition(".")
    return f"{whole}.{rest.rstrip('0') or '0'}%"


_FREQUENCIES = {
    "monthly": "monthly installment{s}",
    "quarterly": "quarterly installment{s}",
    "weekly": "weekly installment{s}",
    "every_two_weeks": "installment{s} every two weeks",
}
_METHODS = {"equal_principal": " · equal principal", "interest_only": " · interest only", "flat": " · flat interest"}


def terms(loan: Any) -> str:
    """``Loan L-0007 · $1,000.00 over 12 monthly installments from 1 Oct 2025 · 2.0% a month (24.0% a year)``."""
    installments = _FREQUENCIES[loan.frequency].format(s="" if loan.repayment_period == 1 else "s")
    return (
        f"Loan {isolated(loan.reference)} · {money(loan.loan_amount, loan.currency)} over {loan.repayment_period} "
        f"{installments} from {day(loan.start_on)} · {rate(loan)}{_METHODS.get(loan.method, '')}"
    )


def headline(statement: Statement) -> str:
    """Where the loan stands, in a sentence or two."""
    loan, status = statement.loan, statement.status
    match status.state:
        case "voided":
            reason = f": {isolated(loan.void_reason)}" if loan.void_reason else ""
            by = f" by {isolated(loan.voided_by)}" if loan.voided_by else ""
            return f"Voided on {day(statement.voided_on)}{by}{reason}. It counts in no figure."
        case "pending":
            return f"Starts on {day(loan.start_on)}. {next_installment(status, 'First')}"
        case "paid_off":
            received = money(status.overpaid_amount or status.total_amount_paid, status.currency)
            more = " more than the schedule was" if status.overpaid_amount else ""
            return f"Paid off on {day(statement.paid_off_on)}. {received}{more} received."
        case _:
            return f"{_standing_sentence(status)} {next_installment(status)}"


def _standing_sentence(status: LoanStatus) -> str:
    arrears = money(status.arrears, status.currency)
    if status.status == "Behind":
        return f"Behind by {arrears}: {past_due(status)}."
    if status.status == "Ahead":
        reached = f": paid up to {day(status.paid_up_to)}" if status.paid_up_to else ""
        return f"Ahead by {money(status.ahead_by, status.currency)}{reached}."
    if status.arrears:
        return f"On Track, with {arrears} in arrears: {past_due(status)}."
    if not status.months_passed:
        return "On Track: nothing has fallen due."
    paid = f"On Track: {money(status.total_amount_paid, status.currency)} paid"
    return f"{paid}, {'as' if not status.ahead_by else money(status.expected_paid, status.currency)} expected."


def next_installment(status: LoanStatus, which: str = "Next") -> str:
    if not status.next_due_on:
        return "All installments have fallen due."
    return f"{which} installment {money(status.next_due_amount, status.currency)} on {day(status.next_due_on)}."


def past_due(status: LoanStatus) -> str:
    return f"{days(status.days_past_due)} past due"


def figures(statement: Statement, today: date) -> list[dict[str, str | None]]:
    """The six figures of a loan, each the keywords of a metric."""
    loan, status = statement.loan, statement.status
    overpaid = f"{sum_of(status.overpaid_amount, status)} overpaid"
    return [
        {
            "label": "Paid so far",
            **figure(status.total_amount_paid, status.currency),
            "delta_description": f"{percent(status.total_amount_paid, status.expected_paid)} of expected"
            if status.expected_paid
            else "nothing expected yet",
        },
        {
            "label": f"Expected {by_day(status.as_of, today)}",
            **figure(status.expected_paid, status.currency),
            "delta_description": f"{status.months_passed} of {loan.repayment_period} installments",
        },
        _gap_figure(status),
        {
            "label": "Remaining balance",
            **figure(status.remaining_balance, status.currency),
            "delta_description": overpaid if status.overpaid_amount else "principal and interest",
        },
        {
            "label": "Outstanding principal",
            **figure(status.outstanding_principal, status.currency),
            "delta_description": f"of {sum_of(loan.loan_amount, status)} lent",
        },
        _next_figure(status),
    ]


def sum_of(amount: int, status: LoanStatus) -> str:
    return markdown(money(amount, status.currency))


def _gap_figure(status: LoanStatus) -> dict[str, str | None]:
    if status.state == "active" and status.status == "Ahead":
        reached = f"paid up to {day(status.paid_up_to)}" if status.paid_up_to else "before the first installment"
        return {"label": "Ahead by", **figure(status.ahead_by, status.currency), "delta_description": reached}
    shown = {"label": "Arrears", **figure(status.arrears, status.currency)}
    if not status.arrears:
        return {**shown, "delta_description": "nothing past due"}
    return {**shown, "delta": past_due(status), "delta_color": "orange", "delta_arrow": "off"}


def _next_figure(status: LoanStatus) -> dict[str, str | None]:
    if not status.next_due_on:
        return {"label": "Next installment", "value": NOTHING, "delta_description": "none left to fall due"}
    when = f"{day(status.next_due_on)}, {until(status.next_due_on, status.as_of)}"
    return {
        "label": "Next installment",
        **figure(status.next_due_amount, status.currency),
        "delta_description": when,
    }


_EACH_PERIOD = {
    "monthly": " a month",
    "quarterly": " a quarter",
    "weekly": " a week",
    "every_two_weeks": " every two weeks",
}


def pace(statement: Statement) -> str:
    """Where the loan goes if the borrower goes on as in the last installments; nothing where nothing says so."""
    if not (at := statement.projection):
        return ""
    last = "the last installment" if at.periods == 1 else f"the last {at.periods} installments"
    if not at.due:
        last = last.replace("installment", "period")
    if not at.received:
        return f"Nothing was received in {last}: at that pace it is never paid off."
    code, each = statement.status.currency, _EACH_PERIOD[statement.loan.frequency]
    share = f" ({percent(at.received, at.due)} of what fell due)" if at.due else ""
    paid_off_on = at.paid_off_on.item()
    ends = f"paid off on {day(paid_off_on)}" if paid_off_on else f"not paid off by {day(at.on[-1].item())}"
    return f"At the pace of {last}, {money(at.per_period, code)}{each}{share}, it is {ends}."


def chart_key(statement: Statement, tolerance: str) -> str:
    """What the marks of the status chart are that have no words on them, and where the dotted path leads."""
    key = [f"Shaded: {tolerance} expected."]
    if statement.status.expected_paid < statement.status.total_due:
        key.append("Dotted gray: installments still to fall due.")
    if going := pace(statement):
        key.append(f"Dotted violet: {going[0].lower()}{going[1:]}")
    return " ".join(key)


_OUTCOMES = {
    "early": ("blue", "arrow_upward", "↑", "{days} early"),
    "on_time": ("green", "check", "✓", "On time"),
    "late": ("orange", "schedule", "", "{days} late"),
    "part_paid": ("orange", "priority_high", "!", "Part paid, {days}"),
    "missed": ("orange", "priority_high", "!", "Missed, {days}"),
    "due_today": ("gray", "event_upcoming", "", "Due today"),
    "next": ("gray", "event_upcoming", "", "Next"),
    "upcoming": ("gray", "", "", "Upcoming"),
    "nothing_due": ("gray", "", "", "Nothing due"),
}


def outcome(word: str, number: int) -> str:
    """What became of an installment, in plain words: ``! Missed, 62 days``."""
    _, _, mark, text = _OUTCOMES[word]
    return f"{mark} {text.format(days=days(abs(number)))}".strip()


def colored_outcome(word: str, number: int) -> str:
    """The same for Markdown, with its icon and its colour. An icon keeps its word, and a number its days."""
    color, icon, _, text = _OUTCOMES[word]
    said = text.format(days=days(abs(number)).replace(" ", SPACE))
    return f":{color}[:material/{icon}:{SPACE}{said}]" if icon else f":{color}[{said}]"


def installments_of(agreed: Any) -> str:
    """``12 installments of $94.56, the last $94.54``; those in which nothing falls due are not counted."""
    code = agreed.loan.currency
    sums = [amount for amount in agreed.installments["due"].tolist() if amount]
    first, last, many = money(sums[0], code), money(sums[-1], code), counted(len(sums), "installment")
    if len(set(sums[:-1])) > 1:
        return f"{many}, from {first} to {last}"
    return f"{many} of {first}" if first == last else f"{many} of {first}, the last {last}"


def when_due(agreed: Any) -> str:
    """``1 Nov 2025 to 1 Oct 2026, on the 1st of each month``."""
    loan, rows = agreed.loan, agreed.installments
    days_due = rows.loc[rows["due"] > 0, "due_on"]
    first, last, anchor = days_due.iloc[0], days_due.iloc[-1], loan.first_due_on or loan.start_on
    each = {
        "monthly": f"on the {ordinal(anchor.day)} of each month{', or its last day' if anchor.day > 28 else ''}",
        "quarterly": "every three months",
        "every_two_weeks": f"every second {first:%A}",
        "weekly": f"every {first:%A}",
    }
    return f"{day(first)} to {day(last)}, {each[loan.frequency]}" if first < last else day(first)


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``11th``."""
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
