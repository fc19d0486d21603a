"""The check that the domain works out by hand: four loans without interest, half of whose money is at risk."""

from datetime import date, timedelta

from loan_core.calculation.dates import Frequency
from tests.by_definition import Loan

AS_OF = date(2026, 6, 2)


def days_ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def lent(principal: int, installments: int, first_due_on: date, frequency: Frequency = Frequency.QUARTERLY) -> Loan:
    """A loan at no interest, so that every installment is principal."""
    start_on = min(first_due_on, days_ago(0)) - timedelta(days=30)
    return Loan(principal, 0, installments, frequency, start_on=start_on, first_due_on=first_due_on)


# DOMAIN's worked check: outstanding A 900 current; B 600 with 50 overdue 45 days; C 400 all overdue 100 days; D 100
# with 20 overdue 10 days.
WORKED_CHECK = [
    lent(900_00, 9, days_ago(-5)),
    lent(600_00, 12, days_ago(45)),
    lent(400_00, 1, days_ago(100)),
    lent(100_00, 5, days_ago(10)),
]
