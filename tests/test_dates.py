"""Due dates against a slow walk through the calendar: from the anchor, clipped to the month's last day."""

from calendar import monthrange
from datetime import date

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loan_core.calculation.dates import PERIODS_PER_YEAR, Frequency, due_dates
from tests import by_definition
from tests.by_definition import MONTHS
from tests.calculated import day, due_dates_of
from tests.random_loans import anchors, frequencies


@given(anchor=anchors(), frequency=frequencies, count=st.integers(1, 60))
@example(anchor=(date(2199, 12, 31), None), frequency=Frequency.QUARTERLY, count=600)
@example(anchor=(date(1900, 1, 31), None), frequency=Frequency.MONTHLY, count=600)
def test_due_dates_equal_the_slow_walk_through_the_calendar(anchor, frequency, count):
    assert due_dates_of(*anchor, frequency, count) == by_definition.due_dates(*anchor, frequency, count)


@given(loans=st.lists(st.tuples(anchors(), frequencies), min_size=1, max_size=20), count=st.integers(1, 15))
def test_a_loan_alone_falls_due_when_the_same_loan_in_a_book_does(loans, count):
    start_on, first_due_on = (np.array([day(anchor[at]) for anchor, _ in loans]) for at in (0, 1))
    frequency = np.array([each for _, each in loans])
    together = due_dates(start_on, first_due_on, frequency, np.arange(1, count + 1))
    assert together.shape == (len(loans), count)
    assert together.tolist() == [due_dates_of(*anchor, each, count) for anchor, each in loans]


@given(anchor=anchors(), frequency=st.sampled_from(list(MONTHS)))
def test_due_dates_never_drift_from_the_anchors_day(anchor, frequency):
    anchor_day = (anchor[1] or anchor[0]).day
    for due_on in due_dates_of(*anchor, frequency, 60):
        last = monthrange(due_on.year, due_on.month)[1]
        assert due_on.day == min(anchor_day, last)


# 2024 is a leap year, 1900 and 2100 are not, 2000 is: the Gregorian calendar's rule of 100 and 400.
@pytest.mark.parametrize(
    ("start_on", "frequency", "expected"),
    [
        ("2023-12-31", Frequency.MONTHLY, "2024-01-31 2024-02-29 2024-03-31 2024-04-30"),
        ("2024-01-31", Frequency.MONTHLY, "2024-02-29 2024-03-31 2024-04-30 2024-05-31"),
        ("2023-01-29", Frequency.MONTHLY, "2023-02-28 2023-03-29 2023-04-29"),
        ("2024-02-29", Frequency.MONTHLY, "2024-03-29 2024-04-29 2024-05-29"),
        ("2024-11-30", Frequency.QUARTERLY, "2025-02-28 2025-05-30 2025-08-30 2025-11-30"),
        ("1999-12-31", Frequency.MONTHLY, "2000-01-31 2000-02-29"),
        ("2099-12-31", Frequency.MONTHLY, "2100-01-31 2100-02-28"),
        ("2024-02-22", Frequency.WEEKLY, "2024-02-29 2024-03-07 2024-03-14"),
        ("2023-02-15", Frequency.EVERY_TWO_WEEKS, "2023-03-01 2023-03-15 2023-03-29"),
    ],
)
def test_installments_fall_due_so_many_periods_after_the_start(start_on, frequency, expected):
    dates = [date.fromisoformat(each) for each in expected.split()]
    assert due_dates_of(date.fromisoformat(start_on), None, frequency, len(dates)) == dates


# Apache Fineract, LoanApplicationScheduleMonthlyTest: validateSeedDate31, validateSeedDate30.
@pytest.mark.parametrize(
    ("first_due_on", "expected"),
    [
        ("2023-01-31", "2023-01-31 2023-02-28 2023-03-31 2023-04-30"),
        ("2023-01-30", "2023-01-30 2023-02-28 2023-03-30 2023-04-30"),
    ],
)
@pytest.mark.parametrize("start_on", ["2022-12-05", "2023-01-29"])
def test_a_stated_first_due_date_is_the_anchor_whenever_the_loan_starts(start_on, first_due_on, expected):
    dates = [date.fromisoformat(each) for each in expected.split()]
    start, first = date.fromisoformat(start_on), date.fromisoformat(first_due_on)
    assert due_dates_of(start, first, Frequency.MONTHLY, len(dates)) == dates


def test_the_first_installment_may_fall_due_on_the_day_the_loan_starts():
    start = date(2024, 5, 31)
    assert due_dates_of(start, start, Frequency.MONTHLY, 2) == [start, date(2024, 6, 30)]


def test_a_year_has_so_many_periods():
    by_name = {each.name.lower(): int(PERIODS_PER_YEAR[each]) for each in Frequency}
    assert by_name == {"monthly": 12, "every_two_weeks": 26, "weekly": 52, "quarterly": 4}
