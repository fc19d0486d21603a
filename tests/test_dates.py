"""Due dates against a slow walk through the calendar: from the anchor, clipped to the month's last day."""

from calendar import monthrange
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loan_core.calculation.dates import PERIODS_PER_YEAR, Frequency, due_dates

MONTHS = {Frequency.MONTHLY: 1, Frequency.QUARTERLY: 3}
DAYS = {Frequency.WEEKLY: 7, Frequency.EVERY_TWO_WEEKS: 14}

# The days that may be written in the book.
days = st.dates(date(1900, 1, 1), date(2199, 12, 31))
month_ends = st.builds(
    lambda year, month, day: date(year, month, min(day, monthrange(year, month)[1])),
    st.integers(1900, 2199),
    st.integers(1, 12),
    st.integers(28, 31),
)
starts = st.one_of(days, month_ends)
frequencies = st.sampled_from(Frequency)


@st.composite
def anchors(draw) -> tuple[date, date | None]:
    """The day a loan starts and, where it is stated, the day its first installment falls due."""
    start_on = draw(starts)
    wait = draw(st.one_of(st.none(), st.integers(0, 100)))
    return start_on, None if wait is None else start_on + timedelta(days=wait)


def slow_due_dates(start_on: date, first_due_on: date | None, frequency: Frequency, count: int) -> list[date]:
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


def fast_due_dates(start_on: date, first_due_on: date | None, frequency: Frequency, count: int) -> list[date]:
    found = due_dates(day(start_on), day(first_due_on), frequency, np.arange(1, count + 1))
    assert found.dtype == np.dtype("datetime64[D]")
    return found.tolist()


def day(written: date | str | None) -> np.datetime64:
    return np.datetime64(written or "NaT", "D")


@given(anchor=anchors(), frequency=frequencies, count=st.integers(1, 60))
@example(anchor=(date(2199, 12, 31), None), frequency=Frequency.QUARTERLY, count=600)
@example(anchor=(date(1900, 1, 31), None), frequency=Frequency.MONTHLY, count=600)
def test_due_dates_equal_the_slow_walk_through_the_calendar(anchor, frequency, count):
    assert fast_due_dates(*anchor, frequency, count) == slow_due_dates(*anchor, frequency, count)


@given(loans=st.lists(st.tuples(anchors(), frequencies), min_size=1, max_size=20), count=st.integers(1, 15))
def test_a_loan_alone_falls_due_when_the_same_loan_in_a_book_does(loans, count):
    start_on, first_due_on = (np.array([day(anchor[at]) for anchor, _ in loans]) for at in (0, 1))
    frequency = np.array([each for _, each in loans])
    together = due_dates(start_on, first_due_on, frequency, np.arange(1, count + 1))
    assert together.shape == (len(loans), count)
    assert together.tolist() == [fast_due_dates(*anchor, each, count) for anchor, each in loans]


@given(anchor=anchors(), frequency=st.sampled_from(list(MONTHS)))
def test_due_dates_never_drift_from_the_anchors_day(anchor, frequency):
    anchor_day = (anchor[1] or anchor[0]).day
    for due_on in fast_due_dates(*anchor, frequency, 60):
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
    assert fast_due_dates(date.fromisoformat(start_on), None, frequency, len(dates)) == dates


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
    assert fast_due_dates(start, first, Frequency.MONTHLY, len(dates)) == dates


def test_the_first_installment_may_fall_due_on_the_day_the_loan_starts():
    start = date(2024, 5, 31)
    assert fast_due_dates(start, start, Frequency.MONTHLY, 2) == [start, date(2024, 6, 30)]


def test_a_year_has_so_many_periods():
    by_name = {each.name.lower(): int(PERIODS_PER_YEAR[each]) for each in Frequency}
    assert by_name == {"monthly": 12, "every_two_weeks": 26, "weekly": 52, "quarterly": 4}
