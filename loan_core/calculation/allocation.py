"""What a sum of money has covered. Splits are never stored: they follow from how much came in, and when.

Covering is pouring: the order of the axis is the order of allocation, oldest installment first.
"""

from dataclasses import dataclass

import numpy as np

from loan_core.calculation.dates import NO_DAY
from loan_core.calculation.money import Integers, sums_by
from loan_core.calculation.receipts import LAST_DAY, Receipts, loan_days
from loan_core.calculation.schedule import Schedule


def pour(paid: Integers, due: Integers) -> Integers:
    """How much of each installment a sum covers, the oldest first: ``(...), (..., n) -> (..., n)``."""
    due_before = due.cumsum(-1) - due
    return np.clip(np.asarray(paid)[..., None] - due_before, 0, due)


@dataclass(frozen=True)
class Covered:
    """What money has covered of each installment, interest before principal: each field ``(..., n)``."""

    interest: Integers
    principal: Integers


def cover(paid: Integers, lines: Schedule) -> Covered:
    """What a sum has covered: ``(...), (..., n) -> (..., n)``."""
    covered = pour(paid, lines.due)
    interest = np.minimum(covered, lines.interest)
    return Covered(interest, covered - interest)


def lasting(paid_after: Integers) -> Integers:
    """What had come in after each repayment and was not taken back later: ``(r) -> (r)``, never falling.

    ``paid_after`` is the running sum, reversals included. Money that a later reversal took back paid for nothing.
    """
    return np.minimum.accumulate(paid_after[::-1])[::-1]


def paid_on(due: Integers, received_on: Integers, paid_after: Integers) -> Integers:
    """The day on which each installment was covered in full, NaT where it is not: ``(n), (r), (r) -> (n)``.

    A day counts as it ended: in which order its repayments and reversals were entered says nothing.
    """
    ends_a_day = np.append(received_on[1:] != received_on[:-1], True)[: len(received_on)]
    received_on, paid_after = received_on[ends_a_day], paid_after[ends_a_day]
    first = np.searchsorted(lasting(paid_after), due.cumsum(), side="left")
    days = np.append(received_on, NO_DAY)
    return days[first]


def on_time(lines: Schedule, receipts: Receipts) -> Integers:
    """How much of each installment was paid by the end of its due date: ``(loans, n), (loans) -> (loans, n)``."""
    loans, most = lines.due_on.shape
    number = lines.due_on.astype(np.int64)
    # Past a loan's last installment comes a day that nothing is received after, so that every loan's days rise.
    due_days = loan_days(np.arange(loans)[:, None], np.where(np.isnat(lines.due_on), LAST_DAY, number)).ravel()
    first: Integers = np.searchsorted(due_days, loan_days(receipts.loan, receipts.received_on.astype(np.int64)))
    counts = first < (receipts.loan + 1) * most
    paid = sums_by(first[counts], receipts.amount[counts], loans * most).reshape(loans, most).cumsum(-1)
    return np.clip(paid - (lines.due.cumsum(-1) - lines.due), 0, lines.due)
