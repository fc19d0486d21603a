"""What looks wrong, in words: each kind of finding, and the question that one asks."""

from typing import Any

from pages._look import NOTHING, counted, day, days, instant, isolated, money

KINDS = {
    "same_amount_twice": "Same amount twice",
    "above_what_was_left": "More than was left",
    "many_installments_at_once": "Many installments at once",
    "almost_paid_off": "All but paid off",
    "no_repayment_for_long": "Nothing for 90 days",
    "rate_below_one_percent": "Rate below 1%",
    "names_nearly_agree": "Names nearly agree",
}
_MONEY = ("amount", "left", "remaining", "installment", "arrears")


def about(finding: Any) -> str:
    """``Amara Okafor · 3 Mar 2026``: whom it is about, and the day."""
    who = isolated(finding.borrower or finding.loan_reference)
    is_of_a_day = finding.on and finding.kind != "no_repayment_for_long"
    return f"{who} · {day(finding.on)}" if is_of_a_day else who


def asked(finding: Any) -> str:
    """The sentence of a finding, with its figures in words."""
    said = {name: _figure(name, value, finding.currency) for name, value in finding.figures.items()}
    sentence: str = finding.sentence.format(**said)
    if finding.figures.get("left") == 0:
        return sentence.replace(said["left"], "nothing")
    return sentence.replace(", 0 days apart", " on one day")


def looked_at(acknowledged: Any) -> str:
    by = isolated(acknowledged.recorded_by)
    return f"Found right{f' by {by}' if by else ''} on {instant(acknowledged.created_at)}."


def _figure(name: str, value: Any, code: str) -> str:
    if name in _MONEY:
        return money(value, code)
    if name == "annual_rate":
        return f"{value / 10_000:.4g}%"
    if name == "installments":
        return counted(value, "installment")
    return days(value) if name in ("days", "days_past_due") else isolated(value) or NOTHING
