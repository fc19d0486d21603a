"""When installments fall due. Every date counts from the anchor, never from the date before it."""

from enum import IntEnum

import numpy as np

from loan_core.calculation.money import Integers


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
    is_stated = np.asarray(~np.isnat(first_due_on))[..., None]
    anchor: Integers = np.where(is_stated, np.asarray(first_due_on)[..., None], np.asarray(start_on)[..., None])
    periods = numbers - is_stated.astype(np.int64)
    anchor_month = anchor.astype("datetime64[M]")
    month = anchor_month + periods * np.asarray(_MONTHS[frequency])[..., None]
    first_day = month.astype("datetime64[D]")
    last_day = (month + 1).astype("datetime64[D]") - first_day - 1
    day = np.minimum(anchor - anchor_month.astype("datetime64[D]"), last_day)
    return first_day + day + periods * np.asarray(_DAYS[frequency])[..., None]
