"""What every number of a loan means, in plain Python: dates, whole numbers and exact fractions, as one would on paper.

It takes one loan at a time and one installment after the other, and of the package only the names of its kinds: what
the calculation answers is held against it.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import Any

from loan_core.calculation.dates import Frequency
from loan_core.calculation.position import Outcome, State, Status, Thresholds
from loan_core.calculation.schedule import Method, Rounding

# The most that may be written in the book.
HIGHEST_RATE_PPM = 12 * 10**6
LONGEST = 600

PERIODS_A_YEAR = {
    Frequency.MONTHLY: 12,
    Frequency.EVERY_TWO_WEEKS: 26,
    Frequency.WEEKLY: 52,
    Frequency.QUARTERLY: 4,
}
# Of one period.
MONTHS = {Frequency.MONTHLY: 1, Frequency.QUARTERLY: 3}
DAYS = {Frequency.WEEKLY: 7, Frequency.EVERY_TWO_WEEKS: 14}
# The days of each bucket, as DOMAIN names them.
BUCKETS = {
    "current": range(0, 1),
    "1-30": range(1, 31),
    "31-60": range(31, 61),
    "61-90": range(61, 91),
    "91+": range(91, 10**6),
}

USUAL = Thresholds()


@dataclass(frozen=True)
class Loan:
    """What was agreed, in plain values. ``installment`` None: by the method's formula."""

    principal: int
    annual_rate_ppm: int
    periods: int
    frequency: Frequency = Frequency.MONTHLY
    method: Method = Method.ANNUITY
    rounding: Rounding = Rounding.HALF_UP
    start_on: date = date(2025, 10, 1)
    first_due_on: date | None = None
    installment: int | None = None

    @property
    def rate(self) -> Fraction:
        """The exact rate of one period."""
        return Fraction(self.annual_rate_ppm, PERIODS_A_YEAR[self.frequency] * 10**6)

    @property
    def agreed(self) -> int:
        return installment(self) if self.installment is None else self.installment


@dataclass(frozen=True)
class Line:
    """One installment, in plain values."""

    due_on: date
    interest: int
    principal: int

    @property
    def due(self) -> int:
        return self.interest + self.principal


# The design's example: 1,000.00 over 12 months at 2 % a month, lent on 2025-10-01: 94.56 on the first of each month.
EXAMPLE = Loan(100_000, 240_000, 12)


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def due_dates(start_on: date, first_due_on: date | None, frequency: Frequency, count: int) -> list[date]:
    """Installment 1, 2, … by the definition: each so many periods after the anchor."""
    if first_due_on is None:
        return [periods_later(start_on, frequency, k) for k in range(1, count + 1)]
    return [periods_later(first_due_on, frequency, k) for k in range(count)]


def periods_later(anchor: date, frequency: Frequency, periods: int) -> date:
    if frequency in DAYS:
        return anchor + timedelta(days=DAYS[frequency] * periods)
    year, month = anchor.year, anchor.month
    for _ in range(MONTHS[frequency] * periods):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(anchor.day, monthrange(year, month)[1]))


@lru_cache(maxsize=256)
def installment(loan: Loan) -> int:
    """The level installment by DOMAIN's formulas, in fractions."""
    rounded = ceil if loan.rounding == Rounding.UP else half_up
    amount, i, n = Fraction(loan.principal), loan.rate, loan.periods
    if loan.method == Method.INTEREST_ONLY:
        return half_up(amount * i)
    if loan.method == Method.EQUAL_PRINCIPAL:
        return rounded(amount / n) + half_up(amount * i)
    if loan.method == Method.FLAT:
        return rounded((amount + half_up(amount * i * n)) / n)
    return rounded(amount / n if i == 0 else amount * i / (1 - (1 + i) ** -n))


def first_interest(loan: Loan) -> int:
    if loan.method == Method.FLAT:
        return half_up(Fraction(half_up(loan.principal * loan.rate * loan.periods), loan.periods))
    return half_up(loan.principal * loan.rate)


@lru_cache(maxsize=256)
def schedule(loan: Loan) -> tuple[Line, ...]:
    """One installment after the other, as one would on paper."""
    lines = []
    balance = loan.principal
    flat_interest = half_up(loan.principal * loan.rate * loan.periods)
    flat_part = half_up(Fraction(flat_interest, loan.periods))
    for due_on in due_dates(loan.start_on, loan.first_due_on, loan.frequency, loan.periods):
        is_last = len(lines) == loan.periods - 1
        if loan.method == Method.FLAT:
            interest = flat_interest if is_last else min(flat_part, flat_interest)
            flat_interest -= interest
        else:
            interest = half_up(balance * loan.rate)
        if is_last:
            principal = balance
        elif loan.method == Method.EQUAL_PRINCIPAL:
            principal = min(loan.agreed - first_interest(loan), balance)
        else:
            principal = min(loan.agreed - interest, balance)
        balance -= principal
        lines.append(Line(due_on, interest, principal))
    return tuple(lines)


def cover(paid: int, lines: Sequence[Line]) -> list[tuple[int, int]]:
    """(interest, principal) covered of each installment: what is left goes to the next thing that is owed."""
    covered = []
    for line in lines:
        interest = min(paid, line.interest)
        paid -= interest
        principal = min(paid, line.principal)
        paid -= principal
        covered.append((interest, principal))
    return covered


def paid_on(lines: Sequence[Line], received: list[tuple[date, int]]) -> list[date | None]:
    """The first day from the end of which on the money for an installment and all before it never went away again."""
    days, due_so_far = [], 0
    by_day: dict[date, int] = {}
    for on, amount in received:
        by_day[on] = by_day.get(on, 0) + amount
    received = sorted(by_day.items())
    for line in lines:
        due_so_far += line.due
        found = None
        for at in reversed(range(len(received))):
            if sum(amount for _, amount in received[: at + 1]) < due_so_far:
                break
            found = received[at][0]
        days.append(found)
    return days


def position(
    loan: Loan, paid: int, as_of: date, *, is_voided: bool = False, thresholds: Thresholds = USUAL
) -> dict[str, Any]:
    """DOMAIN's "Status of a loan on a day", row by row."""
    lines = schedule(loan)
    covered = cover(paid, lines)
    unpaid = [line.due - sum(each) for line, each in zip(lines, covered, strict=True)]
    unpaid_principal = [line.principal - principal for line, (_, principal) in zip(lines, covered, strict=True)]
    total_due = sum(line.due for line in lines)
    expected_paid = sum(line.due for line in lines if line.due_on <= as_of)
    late = [at for at, line in enumerate(lines) if line.due_on < as_of and unpaid[at] > 0]
    to_come = [at for at, line in enumerate(lines) if line.due_on >= as_of and unpaid[at] > 0]
    reached = [line.due_on for at, line in enumerate(lines) if line.due > 0 and unpaid[at] == 0]
    days_past_due = (as_of - lines[late[0]].due_on).days if late else 0
    paid_up_to = reached[-1] if reached else None
    return {
        "state": state(loan, paid >= total_due, as_of, is_voided),
        "status": status(lines, paid, as_of, thresholds),
        "months_passed": len([line for line in lines if line.due_on <= as_of]),
        "expected_paid": expected_paid,
        "total_amount_paid": paid,
        "remaining_balance": total_due - paid if paid < total_due else 0,
        "outstanding_principal": sum(unpaid_principal),
        "overpaid_amount": paid - total_due if paid > total_due else 0,
        "arrears": sum(unpaid[at] for at in late),
        "overdue_principal": sum(unpaid_principal[at] for at in late),
        "days_past_due": days_past_due,
        "next_due_on": lines[to_come[0]].due_on if to_come else None,
        "next_due_amount": unpaid[to_come[0]] if to_come else 0,
        "ahead_by": paid - expected_paid,
        "days_ahead": days_ahead(days_past_due, paid_up_to, as_of),
        "paid_up_to": paid_up_to,
        "total_due": total_due,
    }


def status(lines: Sequence[Line], paid: int, as_of: date, thresholds: Thresholds) -> Status:
    through_today = sum(line.due for line in lines if line.due_on <= as_of)
    before_today = sum(line.due for line in lines if line.due_on < as_of)
    if paid > 0 and 100 * paid >= thresholds.ahead_percent * through_today:
        return Status.AHEAD
    if 100 * paid < thresholds.behind_percent * before_today:
        return Status.BEHIND
    return Status.ON_TRACK


def state(loan: Loan, is_paid: bool, as_of: date, is_voided: bool) -> State:
    if is_voided:
        return State.VOIDED
    if as_of < loan.start_on:
        return State.PENDING
    return State.PAID_OFF if is_paid else State.ACTIVE


def days_ahead(days_past_due: int, paid_up_to: date | None, as_of: date) -> int:
    """The gap to the day that the money reaches: behind it counts from the oldest day in arrears."""
    if days_past_due:
        return -days_past_due
    return max((paid_up_to - as_of).days, 0) if paid_up_to else 0


def outcome(line: Line, unpaid: int, paid_on: date | None, is_first_open: bool, as_of: date) -> tuple[Outcome, int]:
    """What became of one installment, and the days that go with it."""
    if line.due == 0:
        return Outcome.NOTHING_DUE, 0
    if unpaid == 0:
        days = (paid_on - line.due_on).days
        return (Outcome.ON_TIME if days == 0 else Outcome.LATE if days > 0 else Outcome.EARLY), days
    if line.due_on < as_of:
        return (Outcome.PART_PAID if unpaid < line.due else Outcome.MISSED), (as_of - line.due_on).days
    if line.due_on == as_of:
        return Outcome.DUE_TODAY, 0
    return (Outcome.NEXT if is_first_open else Outcome.UPCOMING), 0
