"""Schedules against their definition in exact fractions, and what holds of every schedule whatever its method."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loan_core.calculation.dates import Frequency
from loan_core.calculation.money import LARGEST, LARGEST_INSTALLMENT
from loan_core.calculation.schedule import (
    Method,
    Rounding,
    Schedule,
    agreed_installment,
    first_interest,
    schedule,
)
from tests import by_definition
from tests.by_definition import EXAMPLE, HIGHEST_RATE_PPM, LONGEST, Line, Loan, half_up
from tests.calculated import lines_of, plain_lines, terms_of_book, terms_of_one
from tests.random_loans import loans

INTEREST_FOLLOWS_THE_BALANCE = (Method.ANNUITY, Method.EQUAL_PRINCIPAL, Method.INTEREST_ONLY)
LEVEL = (Method.ANNUITY, Method.FLAT, Method.INTEREST_ONLY)


@given(loan=loans())
@example(loan=Loan(LARGEST, HIGHEST_RATE_PPM, LONGEST, Frequency.QUARTERLY))
@example(loan=Loan(LARGEST, 1, LONGEST, Frequency.WEEKLY))
def test_the_agreed_installment_is_the_exact_formula_rounded_once(loan):
    by_formula = replace(loan, installment=None)
    codes = (loan.frequency, loan.method, loan.rounding)
    answer = agreed_installment(loan.principal, loan.annual_rate_ppm, loan.periods, *codes)
    assert answer == by_definition.installment(by_formula)
    assert type(answer) is int


@given(loan=loans())
def test_the_first_interest_is_that_of_the_schedule(loan):
    assert int(first_interest(terms_of_one(loan))) == by_definition.first_interest(loan)


@given(loan=loans(most_periods=120))
def test_a_schedule_equals_its_slow_twin_line_by_line(loan):
    assert lines_of(loan) == by_definition.schedule(loan)


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
    assert lines_of(extreme) == by_definition.schedule(extreme)
    in_a_book = schedule(terms_of_book([extreme, replace(extreme, periods=1)]))
    assert in_a_book.due[0].tolist() == [line.due for line in by_definition.schedule(extreme)]


def test_no_installment_is_larger_than_the_largest():
    longest_period = Loan(LARGEST, HIGHEST_RATE_PPM, 1, Frequency.QUARTERLY, rounding=Rounding.UP)
    assert by_definition.installment(longest_period) == LARGEST_INSTALLMENT == lines_of(longest_period)[0].due


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
