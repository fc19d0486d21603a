"""Sums by key, exact beyond what a float or int64 holds."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loan_core.calculation.tally import added, sums, tally, tally_pairs

amounts = st.one_of(st.integers(-(2**62), 2**62), st.integers(-1_000, 1_000))


@given(rows=st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9), amounts), max_size=30))
def test_sums_by_key_and_by_two_keys_are_those_of_python(rows):
    by_key, by_both = Counter(), Counter()
    for first, second, amount in rows:
        by_key[first] += amount
        by_both[first, second] += amount
    first, second, each = (np.array(column, np.int64) for column in (zip(*rows, strict=True) if rows else ([], [], [])))
    found, pairs = tally(first, each), tally_pairs(first, second, each)
    assert found == {key: amount for key, amount in by_key.items() if amount}
    assert pairs == {key: amount for key, amount in by_both.items() if amount}
    assert added([found, found]) == {key: 2 * amount for key, amount in found.items()}


def test_millions_of_the_largest_amounts_are_summed_exactly():
    millions, amount = 2**21 + 5, 2**62 - 1
    assert sums(np.zeros(millions, np.int64), np.full(millions, amount), 1).tolist() == [millions * amount]
