"""Schedules against a slow twin in exact fractions, and what holds of every schedule whatever its method."""

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loan_core.calculation.dates import Frequency
from loan_core.calculation.money import LARGEST, LARGEST_INSTALLMENT
from loan_core.calculation.schedule import (
    Method,
    Rounding,
    Schedule,
    Terms,
    agreed_installment,
    first_interest,
    schedule,
)
from tests.test_dates import anchors, day, frequencies, slow_due_dates

HIGHEST_RATE_PPM = 12 * 10**6
LONGEST = 600
PERIODS_A_YEAR = {
    Frequency.MONTHLY: 12,
    Frequency.EVERY_TWO_WEEKS: 26,
    Frequency.WEEKLY: 52,
    Frequency.QUARTERLY: 4,
}
INTEREST_FOLLOWS_THE_BALANCE = (Method.ANNUITY, Method.EQUAL_PRINCIPAL, Method.INTEREST_ONLY)
LEVEL = (Method.ANNUITY, Method.FLAT, Method.INTEREST_ONLY)


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
        return slow_installment(self) if self.installment is None else self.installment


@dataclass(frozen=True)
class Line:
    """One installment, in plain values."""

    due_on: date
    interest: int
    principal: int

    @property
    def due(self) -> int:
        return self.interest + self.principal


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


@lru_cache(maxsize=256)
def slow_installment(loan: Loan) -> int:
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


def slow_first_interest(loan: Loan) -> int:
    if loan.method == Method.FLAT:
        return half_up(Fraction(half_up(loan.principal * loan.rate * loan.periods), loan.periods))
    return half_up(loan.principal * loan.rate)


@lru_cache(maxsize=256)
def slow_schedule(loan: Loan) -> tuple[Line, ...]:
    """One installment after the other, as one would on paper."""
    lines = []
    balance = loan.principal
    flat_interest = half_up(loan.principal * loan.rate * loan.periods)
    flat_part = half_up(Fraction(flat_interest, loan.periods))
    for due_on in slow_due_dates(loan.start_on, loan.first_due_on, loan.frequency, loan.periods):
        is_last = len(lines) == loan.periods - 1
        if loan.method == Method.FLAT:
            interest = flat_interest if is_last else min(flat_part, flat_interest)
            flat_interest -= interest
        else:
            interest = half_up(balance * loan.rate)
        if is_last:
            principal = balance
        elif loan.method == Method.EQUAL_PRINCIPAL:
            principal = min(loan.agreed - slow_first_interest(loan), balance)
        else:
            principal = min(loan.agreed - interest, balance)
        balance -= principal
        lines.append(Line(due_on, interest, principal))
    return tuple(lines)


@st.composite
def loans(draw, most_periods: int = 40, most: int = LARGEST, methods=tuple(Method)) -> Loan:
    """Any loan that may be written; the odd one states an installment of its own."""
    start_on, first_due_on = draw(anchors())
    loan = Loan(
        principal=draw(st.one_of(st.integers(1, min(2_000, most)), st.integers(1, most), st.just(most))),
        annual_rate_ppm=draw(st.one_of(st.integers(0, 1_000_000), st.integers(0, HIGHEST_RATE_PPM), st.just(0))),
        periods=draw(st.integers(1, most_periods)),
        frequency=draw(frequencies),
        method=draw(st.sampled_from(methods)),
        rounding=draw(st.sampled_from(Rounding)),
        start_on=start_on,
        first_due_on=first_due_on,
    )
    # A stated installment must exceed the first period's interest; an interest-only one cannot be stated.
    if loan.method != Method.INTEREST_ONLY and draw(st.integers(0, 3)) == 0:
        lowest = slow_first_interest(loan) + 1
        highest = min(max(2 * slow_installment(loan), lowest), LARGEST_INSTALLMENT)
        loan = replace(loan, installment=draw(st.integers(lowest, max(lowest, highest))))
    return loan


def terms_of_one(loan: Loan) -> Terms:
    return Terms(
        loan.principal,
        loan.annual_rate_ppm,
        loan.periods,
        loan.frequency,
        loan.method,
        loan.agreed,
        day(loan.start_on),
        day(loan.first_due_on),
    )


def terms_of_book(book: list[Loan]) -> Terms:
    rows = [terms_of_one(loan) for loan in book]
    dates = {"start_on", "first_due_on"}
    return Terms(
        **{
            name: np.array([getattr(row, name) for row in rows], dtype="M8[D]" if name in dates else np.int64)
            for name in Terms.__dataclass_fields__
        }
    )


def plain_lines(lines: Schedule) -> tuple[Line, ...]:
    assert lines.interest.dtype == lines.principal.dtype == np.int64
    columns = (lines.due_on.tolist(), lines.interest.tolist(), lines.principal.tolist())
    return tuple(Line(*row) for row in zip(*columns, strict=True))


def lines_of(loan: Loan) -> tuple[Line, ...]:
    return plain_lines(schedule(terms_of_one(loan)))


@given(loan=loans())
@example(loan=Loan(LARGEST, HIGHEST_RATE_PPM, LONGEST, Frequency.QUARTERLY))
@example(loan=Loan(LARGEST, 1, LONGEST, Frequency.WEEKLY))
def test_the_agreed_installment_is_the_exact_formula_rounded_once(loan):
    by_formula = replace(loan, installment=None)
    codes = (loan.frequency, loan.method, loan.rounding)
    answer = agreed_installment(loan.principal, loan.annual_rate_ppm, loan.periods, *codes)
    assert answer == slow_installment(by_formula)
    assert type(answer) is int


@given(loan=loans())
def test_the_first_interest_is_that_of_the_schedule(loan):
    assert int(first_interest(terms_of_one(loan))) == slow_first_interest(loan)


@given(loan=loans(most_periods=120))
def test_a_schedule_equals_its_slow_twin_line_by_line(loan):
    assert lines_of(loan) == slow_schedule(loan)


@given(book=st.lists(loans(), min_size=1, max_size=8))
def test_a_loan_alone_has_the_schedule_of_the_same_loan_in_a_book(book):
    together = schedule(terms_of_book(book))
    longest = max(loan.periods for loan in book)
    assert together.due.shape == (len(book), longest)
    for row, loan in enumerate(book):
        of_row = Schedule(together.due_on[row], together.interest[row], together.principal[row])
        own, beyond = plain_lines(of_row)[: loan.periods], plain_lines(of_row)[loan.periods :]
        assert own == lines_of(loan)
        assert beyond == (Line(None, 0, 0),) * (longest - loan.periods)


def test_an_empty_book_has_an_empty_schedule():
    assert schedule(terms_of_book([])).due.shape == (0, 0)


@given(loan=loans())
def test_principal_sums_to_the_amount_lent_and_nothing_is_negative(loan):
    lines = lines_of(loan)
    assert sum(line.principal for line in lines) == loan.principal
    assert all(line.principal >= 0 and line.interest >= 0 for line in lines)


@given(loan=loans(methods=INTEREST_FOLLOWS_THE_BALANCE))
def test_interest_is_the_balances_rounded_half_up_once(loan):
    lines = schedule(terms_of_one(loan))
    before = [loan.principal, *lines.balance.tolist()]
    assert lines.interest.tolist() == [half_up(balance * loan.rate) for balance in before[:-1]]
    assert before[-1] == 0


@given(loan=loans(methods=[Method.FLAT]))
def test_flat_interest_is_one_sum_on_the_amount_lent_spread_evenly(loan):
    interest = [line.interest for line in lines_of(loan)]
    whole = half_up(loan.principal * loan.rate * loan.periods)
    each = half_up(Fraction(whole, loan.periods))
    so_far = [0, *accumulate(interest)]
    assert interest[:-1] == [min(each, whole - paid) for paid in so_far[:-2]]
    assert sum(interest) == whole


@given(loan=loans(methods=LEVEL))
@example(loan=Loan(10, 720_000, 10, method=Method.FLAT))
def test_installments_are_level_until_the_last_or_until_no_principal_is_left(loan):
    lines = schedule(terms_of_one(loan))
    for due, balance in zip(lines.due[:-1].tolist(), lines.balance[:-1].tolist(), strict=True):
        assert due == loan.agreed or balance == 0


@given(loan=loans(methods=[Method.EQUAL_PRINCIPAL]))
def test_equal_principal_pays_back_the_same_each_time_until_little_is_left(loan):
    each = loan.agreed - half_up(loan.principal * loan.rate)
    left = loan.principal
    for line in lines_of(loan)[:-1]:
        assert line.principal == min(each, left)
        left -= line.principal


@given(loan=loans(methods=[Method.INTEREST_ONLY]))
def test_interest_only_pays_the_principal_at_the_end(loan):
    *before, last = lines_of(loan)
    assert [line.principal for line in before] == [0] * (loan.periods - 1)
    assert (last.principal, last.interest) == (loan.principal, loan.agreed)


@pytest.mark.parametrize("principal", [LARGEST, LARGEST - 1])
@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("frequency", Frequency)
def test_nothing_leaves_int64_at_the_extremes(frequency, method, principal):
    extreme = Loan(principal, HIGHEST_RATE_PPM, LONGEST, frequency, method, Rounding.UP)
    assert lines_of(extreme) == slow_schedule(extreme)
    in_a_book = schedule(terms_of_book([extreme, replace(extreme, periods=1)]))
    assert in_a_book.due[0].tolist() == [line.due for line in slow_schedule(extreme)]


def test_no_installment_is_larger_than_the_largest():
    longest_period = Loan(LARGEST, HIGHEST_RATE_PPM, 1, Frequency.QUARTERLY, rounding=Rounding.UP)
    assert slow_installment(longest_period) == LARGEST_INSTALLMENT == lines_of(longest_period)[0].due


# The design's example: 1,000.00 over 12 months at 2 % a month, lent on 2025-10-01.
EXAMPLE = Loan(100_000, 240_000, 12)


def test_the_example_of_the_design():
    lines = lines_of(EXAMPLE)
    assert [line.due for line in lines] == [94_56] * 11 + [94_54]
    assert sum(line.due for line in lines) == 1_134_70
    # 2 % of 1,000.00, then 2 % of 1,000.00 − 74.56.
    assert [(line.interest, line.principal) for line in lines[:2]] == [(20_00, 74_56), (18_51, 76_05)]
    assert (lines[0].due_on, lines[-1].due_on) == (date(2025, 11, 1), date(2026, 10, 1))


# 1,000.00 at 2 % a month: equal principal 83.33 + 20.00 at first; flat 1,000.00 + 240.00 over 12.
@pytest.mark.parametrize(
    ("method", "first", "last", "sum_of_all"),
    [
        (Method.EQUAL_PRINCIPAL, 103_33, 85_04, 1_130_00),
        (Method.INTEREST_ONLY, 20_00, 1_020_00, 1_240_00),
        (Method.FLAT, 103_33, 103_37, 1_240_00),
    ],
)
def test_the_same_loan_by_the_other_methods(method, first, last, sum_of_all):
    dues = [line.due for line in lines_of(replace(EXAMPLE, method=method))]
    assert (dues[0], dues[-1], sum(dues)) == (first, last, sum_of_all)


# LendingClub rounds up: three of its published installments (OpenIntro, loans_full_schema, rows 1, 2 and 4), which are
# exactly 652.5276…, 167.5320… and 664.1835….
@pytest.mark.parametrize(
    ("principal", "annual_rate_ppm", "periods", "half_up_to_the_cent", "published"),
    [
        (28_000_00, 140_700, 60, 652_53, 652_53),
        (5_000_00, 126_100, 36, 167_53, 167_54),
        (21_600_00, 67_200, 36, 664_18, 664_19),
    ],
)
def test_a_loan_says_whether_its_installment_is_rounded_up(
    principal, annual_rate_ppm, periods, half_up_to_the_cent, published
):
    terms = (principal, annual_rate_ppm, periods, Frequency.MONTHLY, Method.ANNUITY)
    assert agreed_installment(*terms, Rounding.HALF_UP) == half_up_to_the_cent
    assert agreed_installment(*terms, Rounding.UP) == published


@pytest.mark.parametrize(
    ("stated", "dues"),
    [
        # 300.00 a month at no interest: three whole ones, a part, and nothing after it.
        (300_00, [300_00, 300_00, 300_00, 100_00, 0, 0]),
        # 100.00 a month: half of it is still there at the end.
        (100_00, [100_00, 100_00, 100_00, 100_00, 100_00, 500_00]),
    ],
)
def test_a_stated_installment_overrides_the_formula_and_the_last_takes_what_is_left(stated, dues):
    assert [line.due for line in lines_of(Loan(1_000_00, 0, 6, installment=stated))] == dues
