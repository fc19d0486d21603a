"""When installments fall due. Every date counts from the anchor, never from the date before it."""

from enum import IntEnum

import numpy as np

from loan_core.calculation.money import Integers

NO_DAY = np.datetime64("NaT", "D")
NEVER = np.datetime64("9999-12-31", "D")
"""The end of days, later than any that is asked about: unlike ``NO_DAY`` it can be compared."""


class Frequency(IntEnum):
    """How often an installment falls due; the value is the row of the table below."""

    MONTHLY = 0
    EVERY_TWO_WEEKS = 1
    WEEKLY = 2
    QUARTERLY = 3


PERIODS_PER_YEAR = np.array([12, 26, 52, 4])
_MONTHS = np.array([1, 0, 0, 3])
_DAYS = np.array([0, 14, 7, 0])


def due_dates(start_on: Integers, first_due_on: Integers, frequency: Integers, numbers: Integers) -> Integers:
    """The dates on which installments ``numbers`` (1 is the first) fall due: ``(...), (...), (...), (n) -> (..., n)``.

    Installment k falls due k periods after ``start_on`` or, where ``first_due_on`` is not NaT, k − 1 periods after
    that; a day that the month does not have becomes the month's last (Apache Fineract, validateSeedDate31).
    """
    is_stated = ~np.isnat(first_due_on)
    anchor: Integers = np.where(is_stated, first_due_on, start_on)
    anchor_month = anchor.astype("datetime64[M]")
    # Loans side by side, installment after installment: the last axis of what comes out is the slow one in memory.
    periods = numbers.reshape(-1, *(1,) * np.ndim(anchor)) - is_stated.astype(np.int64)
    first_day, next_first_day = _months(anchor_month.astype(np.int64) + periods * _MONTHS[frequency])
    day = np.minimum(anchor - anchor_month.astype("datetime64[D]"), next_first_day - first_day - 1)
    return np.moveaxis(first_day + day + periods * _DAYS[frequency], 0, -1)


def _months(month: Integers) -> tuple[Integers, Integers]:
    """The first day of each month, and of the month after it; the calendar is asked once a month, not once a date."""
    earliest = int(month.min(initial=0))
    first_days = np.arange(earliest, int(month.max(initial=0)) + 2).astype("datetime64[M]").astype("datetime64[D]")
    return first_days[month - earliest], first_days[month - earliest + 1]
