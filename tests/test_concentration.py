"""Who owes most and how a book is spread, against plain sums."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loan_core.calculation.concentration import (
    RATE_EDGES_PPM,
    TERM_EDGES,
    Borrowers,
    Owed,
    borrowers,
    histogram,
    size_edges,
    term_in_months,
)
from loan_core.calculation.dates import Frequency
from loan_core.calculation.position import State
from tests.by_definition import Loan
from tests.calculated import terms_of_book

rows = st.lists(
    st.tuples(st.sampled_from(["", "Amara", "Chen", "Diego"]), st.sampled_from(State), st.integers(0, 10**13)),
    max_size=12,
)


def borrowers_of(book) -> Borrowers:
    names, state, amounts = zip(*book, strict=True) if book else ((), (), ())
    who = [name or loan_id for loan_id, name in enumerate(names, 1)]
    return borrowers(who, np.array(state, np.int64), np.array(amounts, np.int64))


@given(book=rows)
def test_what_each_borrower_owes_is_the_sum_of_the_loans(book):
    owed, loans = Counter(), Counter()
    for number, (name, state, amount) in enumerate(book, 1):
        if state == State.ACTIVE:
            owed[name or number] += amount
            loans[name or number] += 1
    found = borrowers_of(book)
    assert found.owed == {name: Owed(loans[name], owed[name]) for name in owed}
    assert found.gross_portfolio == sum(owed.values())


def test_the_largest_borrowers_and_their_share():
    book = [
        ("Amara", State.ACTIVE, 300),
        ("Chen", State.ACTIVE, 250),
        ("Amara", State.ACTIVE, 100),
        ("", State.ACTIVE, 250),
        ("", State.ACTIVE, 100),
        ("Diego", State.PAID_OFF, 999),
    ]
    found = borrowers_of(book)
    # Nameless loans stand for themselves: 250 and 100 are not one borrower of 350.
    assert found.top(3) == [("Amara", Owed(2, 400)), (4, Owed(1, 250)), ("Chen", Owed(1, 250))]
    assert (found.share(1), found.share(3), found.share(10)) == (0.4, 0.9, 1.0)
    assert borrowers_of([]).share(10) is None


steps = st.sampled_from([RATE_EDGES_PPM, TERM_EDGES, size_edges(0), size_edges(2), size_edges(3)])


@given(edges=steps, data=st.data())
def test_each_loan_is_in_the_one_step_that_holds_its_value(edges, data):
    values = data.draw(st.lists(st.one_of(st.integers(0, 2 * edges[-1]), st.sampled_from(edges)), max_size=20))
    amounts = [value % 7 * 10**12 for value in values]
    found = histogram(np.array(values, np.int64), edges, np.array(amounts, np.int64))
    ends = [*edges[1:], float("inf")]
    for at, (start, end) in enumerate(zip(edges, ends, strict=True)):
        inside = [amount for value, amount in zip(values, amounts, strict=True) if start <= value < end]
        assert (found.loans[at], found.amount[at]) == (len(inside), sum(inside))
    assert ((found + found).loans == 2 * found.loans).all()


@pytest.mark.parametrize("edges", [RATE_EDGES_PPM, TERM_EDGES, size_edges(2)])
def test_edges_rise_from_nothing(edges):
    assert edges[0] == 0
    assert list(edges) == sorted(set(edges))
    assert all(type(edge) is int for edge in edges)


def test_the_edges_of_amounts_are_round_in_every_currency():
    assert size_edges(0)[:5] == (0, 100, 200, 500, 1_000)
    assert size_edges(2)[:3] == (0, 100_00, 200_00)
    assert size_edges(2)[-2:] == (5_000_000_00, 10_000_000_00)


def test_histograms_of_different_steps_are_not_added():
    values = np.array([1])
    with pytest.raises(ValueError, match="different edges"):
        histogram(values, TERM_EDGES, values) + histogram(values, RATE_EDGES_PPM, values)


@pytest.mark.parametrize(
    ("frequency", "periods", "months"),
    [
        (Frequency.MONTHLY, 12, 12),
        (Frequency.WEEKLY, 52, 12),
        (Frequency.WEEKLY, 16, 3),
        (Frequency.EVERY_TWO_WEEKS, 13, 6),
        (Frequency.QUARTERLY, 5, 15),
    ],
)
def test_a_term_is_in_whole_months_whatever_the_installments(frequency, periods, months):
    assert term_in_months(terms_of_book([Loan(100_00, 0, periods, frequency)])).tolist() == [months]
