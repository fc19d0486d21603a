"""What money has covered, against the definition that pours it into one installment after the other."""

from datetime import date, timedelta
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loan_core.calculation.allocation import cover, lasting, paid_on, pour
from loan_core.calculation.money import LARGEST
from loan_core.calculation.schedule import schedule
from tests import by_definition
from tests.by_definition import EXAMPLE, Loan
from tests.calculated import day, lines_of, terms_of_book, terms_of_one
from tests.random_loans import paid_loans


def covered_of(paid: int, loan: Loan) -> list[tuple[int, int]]:
    covered = cover(np.int64(paid), schedule(terms_of_one(loan)))
    assert covered.interest.dtype == covered.principal.dtype == np.int64
    return list(zip(covered.interest.tolist(), covered.principal.tolist(), strict=True))


@given(paid_loan=paid_loans())
def test_covering_equals_pouring_into_one_installment_after_the_other(paid_loan):
    loan, paid = paid_loan
    assert covered_of(paid, loan) == by_definition.cover(paid, lines_of(loan))


@given(paid_loan=paid_loans())
def test_what_was_paid_is_what_is_covered_and_what_is_overpaid(paid_loan):
    loan, paid = paid_loan
    overpaid = max(paid - sum(line.due for line in lines_of(loan)), 0)
    assert sum(interest + principal for interest, principal in covered_of(paid, loan)) + overpaid == paid


@given(paid_loan=paid_loans())
def test_interest_is_covered_before_principal_and_the_oldest_first(paid_loan):
    loan, paid = paid_loan
    in_order = []
    for line, (interest, principal) in zip(lines_of(loan), covered_of(paid, loan), strict=True):
        assert 0 <= interest <= line.interest
        assert 0 <= principal <= line.principal
        in_order += [(interest, line.interest), (principal, line.principal)]
    # Once something is short, nothing after it has received anything.
    after_the_gap = [covered for covered, before in zip(in_order[1:], short_so_far(in_order), strict=False) if before]
    assert [covered for covered, _ in after_the_gap] == [0] * len(after_the_gap)


def short_so_far(in_order: list[tuple[int, int]]) -> list[bool]:
    return list(accumulate((covered < owed for covered, owed in in_order), lambda before, now: before or now))


@given(book=st.lists(paid_loans(most_periods=15), min_size=1, max_size=6))
def test_a_loan_alone_is_covered_like_the_same_loan_in_a_book(book):
    lines = schedule(terms_of_book([loan for loan, _ in book]))
    covered = cover(np.array([paid for _, paid in book]), lines)
    for row, (loan, paid) in enumerate(book):
        own = slice(loan.periods)
        together = zip(covered.interest[row, own].tolist(), covered.principal[row, own].tolist(), strict=True)
        assert list(together) == covered_of(paid, loan)
        assert not covered.interest[row, loan.periods :].any()
        assert not covered.principal[row, loan.periods :].any()


# 20.00 of interest come first, then 74.56 of principal, then 18.51 of the next interest.
@pytest.mark.parametrize(
    ("paid", "covered"),
    [
        (0, [(0, 0), (0, 0)]),
        (19_99, [(19_99, 0), (0, 0)]),
        (20_00, [(20_00, 0), (0, 0)]),
        (20_01, [(20_00, 1), (0, 0)]),
        (94_56, [(20_00, 74_56), (0, 0)]),
        (94_57, [(20_00, 74_56), (1, 0)]),
        (113_08, [(20_00, 74_56), (18_51, 1)]),
    ],
)
def test_a_sum_covers_interest_then_principal_then_the_next_installment(paid, covered):
    assert covered_of(paid, EXAMPLE)[:2] == covered


def test_one_sum_is_poured_into_each_row_and_each_sum_into_one_row():
    due = np.array([100, 50, 0, 25])
    assert pour(120, due).tolist() == [100, 20, 0, 0]
    assert pour(np.array([0, 100, 160, 500]), due).tolist() == [
        [0, 0, 0, 0],
        [100, 0, 0, 0],
        [100, 50, 0, 10],
        [100, 50, 0, 25],
    ]


@given(amounts=st.lists(st.integers(-LARGEST, LARGEST), max_size=30))
def test_what_stands_is_the_least_that_was_there_from_then_on(amounts):
    running = list(accumulate(amounts))
    stands = lasting(np.array(running, dtype=np.int64)).tolist()
    assert stands == [min(running[at:]) for at in range(len(running))]


@st.composite
def receipts(draw) -> list[tuple[date, int]]:
    """Repayments in the order of their days, some of them taken back on the same day or a later one."""
    received = []
    for _ in range(draw(st.integers(0, 12))):
        on = date(2025, 10, 1) + timedelta(days=draw(st.integers(0, 400)))
        amount = draw(st.sampled_from([94_56, 50_00, 189_12, 1_000_00]))
        received.append((on, amount))
        if draw(st.booleans()):
            received.append((on + timedelta(days=draw(st.sampled_from([0, 1, 40]))), -amount))
    return sorted(received, key=lambda each: each[0])


def paid_on_of(received: list[tuple[date, int]]) -> list[date | None]:
    days = np.array([day(on) for on, _ in received], dtype="M8[D]")
    paid_after = np.array(list(accumulate(amount for _, amount in received)), dtype=np.int64)
    return paid_on(schedule(terms_of_one(EXAMPLE)).due, days, paid_after).tolist()


@given(received=receipts())
def test_an_installment_is_paid_from_the_day_its_money_stayed(received):
    assert paid_on_of(received) == by_definition.paid_on(lines_of(EXAMPLE), received)


def test_money_that_was_taken_back_paid_nothing():
    first, second, third = date(2025, 11, 1), date(2025, 11, 3), date(2025, 11, 20)
    assert paid_on_of([(first, 94_56)])[:2] == [first, None]
    assert paid_on_of([(first, 94_56), (second, -94_56)])[:2] == [None, None]
    assert paid_on_of([(first, 94_56), (second, -94_56), (third, 189_12)])[:3] == [third, third, None]
    # The one of the third day is what stayed, whichever of the two was taken back.
    assert paid_on_of([(first, 94_56), (second, 94_56), (third, -94_56)])[:2] == [first, None]
