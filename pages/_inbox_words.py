"""What looks wrong, in words: each kind of finding, and the question that one asks."""

from typing import Any

from loan_core import findings
from pages._look import NOTHING, counted, day, days, instant, isolated, money


def about(finding: Any) -> str:
    """``Amara Okafor · 3 Mar 2026``: whom it is about, and the day."""
    who = isolated(finding.borrower or finding.loan_reference)
    is_of_a_day = finding.on and finding.kind != "no_repayment_for_long"
    return f"{who} · {day(finding.on)}" if is_of_a_day else who


def asked(finding: Any) -> str:
    """The sentence of a finding, with its figures in words."""
    said = {name: _figure(name, value, finding.currency) for name, value in finding.figures.items()}
    return str(finding.sentence.format(**said))


def looked_at(acknowledged: Any) -> str:
    by = isolated(acknowledged.recorded_by)
    return f"Found right{f' by {by}' if by else ''} on {instant(acknowledged.created_at)}."


def _figure(name: str, value: Any, code: str) -> str:
    if name in findings.MONEY:
        return money(value, code)
    if name == "annual_rate":
        return f"{value / 10_000:.4g}%"
    if name == "installments":
        return counted(value, "installment")
    return days(value) if name in ("days", "days_past_due") else isolated(value) or NOTHING
