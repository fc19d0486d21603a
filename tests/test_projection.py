"""Where a loan goes at the pace of its last installments: cases worked out by hand, and what holds of every loan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loan_core.calculation.projection import Projection, project
from loan_core.calculation.schedule import Method, schedule
from tests.by_definition import Loan
from tests.calculated import day, lines_of, terms_of_one
from tests.random_loans import loans

# 1,200.00 without interest: 100.00 on the 1st of each month, from 1 Nov 2025 to 1 Oct 2026.
TWELVE = Loan(120_000, 0, 12)


@dataclass(frozen=True)
class Path:
    """A projection in plain values."""

    periods: int
    received: int
    due: int
    on: list[date]
    paid: list[int]
    paid_off_on: date | None


def projected(loan: Loan, received: Sequence[tuple[date, int]], as_of: date) -> Path | None:
    terms = terms_of_one(loan)
    received = sorted(each for each in received if each[0] <= as_of)
    days = np.array([on for on, _ in received], dtype="M8[D]")
    amounts = np.array([amount for _, amount in received], dtype=np.int64)
    said = project(terms, schedule(terms), days, amounts, day(as_of))
    return said and plain(said)


def plain(said: Projection) -> Path:
    return Path(said.periods, said.received, said.due, said.on.tolist(), said.paid.tolist(), said.paid_off_on.item())


def paying(loan: Loan, *amounts: int, late: int = 0) -> list[tuple[date, int]]:
    """One repayment for each of the first installments, so many days after its due date."""
    return [
        (line.due_on + timedelta(late), amount) for line, amount in zip(lines_of(loan), amounts, strict=False) if amount
    ]


def test_half_of_each_installment_is_half_of_those_to_come():
    path = projected(TWELVE, paying(TWELVE, *[5_000] * 6), date(2026, 4, 15))
    assert (path.periods, path.received, path.due) == (3, 15_000, 30_000)
    # 300.00 on the day, and by the last due date half of the six installments to come.
    assert path.paid[:7] == [30_000, 35_000, 40_000, 45_000, 50_000, 55_000, 60_000]
    assert path.on[:7] == [date(2026, 4, 15), *(date(2026, month, 1) for month in range(5, 11))]
    # Then 50.00 a month, on the average of the three: the other 600.00 take twelve months more.
    assert path.paid_off_on == path.on[-1] == date(2027, 10, 1)
    assert path.paid[-2:] == [115_000, 120_000]


def test_only_the_last_three_count():
    path = projected(TWELVE, paying(TWELVE, 0, 0, 0, 10_000, 10_000, 10_000), date(2026, 4, 1))
    assert (path.received, path.due) == (30_000, 30_000)
    # Three installments are missing at the end, and take three months more.
    assert path.paid_off_on == date(2027, 1, 1)


@pytest.mark.parametrize(("as_of", "days"), [(date(2026, 4, 5), 4), (date(2026, 4, 12), 11)])
def test_who_pays_ten_days_late_pays_as_much_as_falls_due(as_of, days):
    """Before and after the repayment of the month: it belongs to a period that has not ended."""
    path = projected(TWELVE, paying(TWELVE, *[10_000] * 6, late=10), as_of)
    assert (as_of - date(2026, 4, 1)).days == days
    assert (path.received, path.due) == (30_000, 30_000)
    assert path.paid_off_on == (date(2026, 11, 1) if days < 10 else date(2026, 10, 1))


@pytest.mark.parametrize(("months", "periods"), [(1, 1), (2, 2), (3, 3), (4, 3)])
def test_a_younger_loan_is_judged_by_the_installments_that_there_were(months, periods):
    on = lines_of(TWELVE)[months - 1].due_on
    path = projected(TWELVE, paying(TWELVE, *[10_000] * months), on)
    assert (path.periods, path.received, path.paid_off_on) == (periods, 10_000 * periods, date(2026, 10, 1))


def test_money_before_the_first_due_date_is_of_the_first_period():
    path = projected(TWELVE, [(TWELVE.start_on, 20_000)], date(2025, 11, 1))
    assert (path.received, path.due) == (20_000, 10_000)
    # Twice what falls due, beginning with the second installment: 200 + 5 × 200.
    assert path.paid_off_on == date(2026, 4, 1)


@pytest.mark.parametrize(
    ("received", "as_of"),
    [
        ([], date(2025, 9, 30)),
        ([], date(2025, 10, 31)),
        ([(date(2025, 10, 2), 120_000)], date(2026, 1, 15)),
        ([(date(2025, 10, 2), 120_001)], date(2026, 1, 15)),
    ],
    ids=["before the start", "nothing has fallen due", "paid off", "overpaid"],
)
def test_where_there_is_nothing_to_go_by_there_is_no_path(received, as_of):
    assert projected(TWELVE, received, as_of) is None


def test_nothing_received_leads_nowhere():
    path = projected(TWELVE, paying(TWELVE, 10_000), date(2026, 3, 15))
    assert (path.received, path.paid_off_on) == (0, None)
    assert set(path.paid) == {10_000}
    # Looked for as long again as the loan was agreed for.
    assert path.on[-1] == date(2027, 10, 1)


def test_money_taken_back_leads_nowhere_either():
    received = [(date(2025, 11, 1), 50_000), (date(2026, 3, 2), -50_000)]
    path = projected(TWELVE, received, date(2026, 4, 1))
    assert (path.received, set(path.paid), path.paid_off_on) == (0, {0}, None)


def test_who_is_ahead_is_paid_off_before_the_end():
    received = [(date(2025, 10, 5), 30_000), *paying(TWELVE, 0, *[10_000] * 4)]
    path = projected(TWELVE, received, date(2026, 3, 1))
    assert (path.received, path.due) == (30_000, 30_000)
    assert path.paid_off_on == date(2026, 8, 1), "two installments early"


def test_after_the_last_due_date_the_pace_is_what_comes_in_now():
    late = [(date(2026, month, 20), 4_000) for month in (10, 11, 12)]
    path = projected(TWELVE, [*paying(TWELVE, *[10_000] * 9), *late], date(2027, 1, 5))
    # The three periods after the end had nothing due: 120.00 in three months, and 180.00 are left.
    assert (path.periods, path.received, path.due) == (3, 12_000, 0)
    assert path.paid == [102_000, 106_000, 110_000, 114_000, 118_000, 120_000]
    assert path.paid_off_on == date(2027, 6, 1)


def test_twenty_years_after_the_end_nothing_comes_in():
    path = projected(TWELVE, paying(TWELVE, 10_000), date(2046, 10, 15))
    assert (path.on[0], path.on[1], path.on[-1]) == (date(2046, 10, 15), date(2046, 11, 1), date(2047, 10, 1))
    assert path.paid_off_on is None


def test_of_one_installment():
    loan = Loan(100_000, 240_000, 1)
    path = projected(loan, [(date(2025, 11, 1), 51_000)], date(2025, 11, 2))
    # Half of 1,020.00 on the day it was due, and the other half a month later.
    assert (path.periods, path.received, path.due, path.paid_off_on) == (1, 51_000, 102_000, date(2025, 12, 1))


def test_interest_only_as_agreed_ends_with_its_principal():
    """An amount a month would never pay it off, and the borrower does nothing wrong."""
    loan = Loan(100_000, 240_000, 6, method=Method.INTEREST_ONLY)
    path = projected(loan, paying(loan, *[2_000] * 3), date(2026, 1, 15))
    assert (path.paid, path.paid_off_on) == ([6_000, 8_000, 10_000, 112_000], date(2026, 4, 1))


def test_nothing_due_so_far_is_no_pace():
    loan = Loan(100_000, 0, 6, method=Method.INTEREST_ONLY)
    assert projected(loan, [(date(2025, 12, 1), 500)], date(2026, 1, 15)) is None


def test_an_installment_stated_higher_ends_the_schedule_early():
    """The last lines of such a loan are 0: it is paid off with the last sum that falls due."""
    loan = Loan(120_000, 0, 12, installment=40_000)
    path = projected(loan, paying(loan, 40_000), date(2025, 11, 1))
    assert path.paid_off_on == date(2026, 1, 1)


@st.composite
def stories(draw) -> tuple[Loan, list[tuple[date, int]], date]:
    """A loan, what came in on it, and a day: before it, in it, long after it."""
    loan = draw(loans(most_periods=30, most=10**9))
    lines = lines_of(loan)
    first, last = loan.start_on, lines[-1].due_on
    as_of = first + timedelta(draw(st.integers(-10, (last - first).days + 800)))
    most = sum(line.due for line in lines)
    days = st.integers(0, max((as_of - first).days, 0)).map(lambda days: first + timedelta(days))
    received = draw(st.lists(st.tuples(days, st.integers(1, max(1, most // 3))), max_size=8))
    return loan, received, as_of


@given(story=stories())
def test_a_path_begins_on_the_day_and_never_falls_nor_rises_above_the_schedule(story):
    loan, received, as_of = story
    path = projected(loan, received, as_of)
    assume(path is not None)
    total = sum(line.due for line in lines_of(loan))
    assert (path.on[0], path.paid[0]) == (as_of, sum(amount for _, amount in received))
    assert path.on == sorted(set(path.on))
    assert path.paid == sorted(path.paid)
    assert path.paid.count(total) == (path.paid_off_on is not None)
    assert path.paid_off_on in (None, path.on[-1])


@given(story=stories())
def test_a_pace_is_the_exact_share_of_what_is_still_to_fall_due(story):
    """A slow twin: for each due date, the sum of what falls due until then, in exact fractions."""
    loan, received, as_of = story
    path = projected(loan, received, as_of)
    assume(path is not None and path.due)
    lines = lines_of(loan)
    total = sum(line.due for line in lines)
    # A schedule ends with the last sum that falls due: lines of nothing may follow it.
    end = max(line.due_on for line in lines if line.due)
    for on, paid in zip(path.on[1:], path.paid[1:], strict=True):
        if on <= end:
            coming = sum(line.due for line in lines if as_of < line.due_on <= on)
            exact = (2 * coming * path.received + path.due) // (2 * path.due)
            assert paid == min(path.paid[0] + exact, total)


@given(loan=loans(most_periods=30), passed=st.integers(1, 30))
def test_whoever_pays_as_agreed_arrives_at_the_end_of_the_schedule(loan, passed):
    lines = lines_of(loan)
    as_of = lines[min(passed, len(lines)) - 1].due_on
    path = projected(loan, [(line.due_on, line.due) for line in lines if line.due_on <= as_of and line.due], as_of)
    assume(path is not None)
    sums = [sum(line.due for line in lines if line.due_on <= on) for on in path.on]
    assert path.paid == sums
    assert path.paid_off_on == next(line.due_on for line in reversed(lines) if line.due)


@given(story=stories(), more=st.integers(1, 10**6))
def test_more_received_today_never_pays_off_later(story, more):
    loan, received, as_of = story
    path = projected(loan, received, as_of)
    assume(path is not None)
    richer = projected(loan, [*received, (as_of, more)], as_of)
    assert richer is None or (richer.paid_off_on or date.max) <= (path.paid_off_on or date.max)
