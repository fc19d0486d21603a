"""What came in, by loan and by day: beside the plain sums of a Python loop."""

from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loan_core.calculation.receipts import Receipts

FIRST = date(2024, 1, 1)
LOANS = 5

days = st.integers(0, 40).map(lambda each: FIRST + timedelta(each))
rows = st.lists(st.tuples(st.integers(0, LOANS - 1), days, st.integers(-(10**13), 10**13)), max_size=30)


def receipts(of: list[tuple[int, date, int]]) -> Receipts:
    loan, received_on, amount = zip(*of, strict=True) if of else ((), (), ())
    columns = (np.array(loan, "i8"), np.array(received_on, "M8[D]"), np.array(amount, "i8"))
    return Receipts.of(*columns, loans=LOANS)


def paid(of: list[tuple[int, date, int]], loan: int, day: date) -> int:
    return sum(amount for number, on, amount in of if number == loan and on <= day)


@given(rows, days)
def test_what_each_loan_received_by_a_day_is_the_sum_of_its_own(of: list[Any], day: date) -> None:
    assert receipts(of).through(np.datetime64(day)).tolist() == [paid(of, loan, day) for loan in range(LOANS)]


@given(rows, st.lists(st.integers(0, LOANS - 1)), days)
def test_the_receipts_of_some_loans_are_theirs_alone_and_in_their_order(
    of: list[Any], some: list[int], day: date
) -> None:
    found = receipts(of)[np.array(some, "i8")]
    assert len(found) == len(some)
    assert found.through(np.datetime64(day)).tolist() == [paid(of, loan, day) for loan in some]


@given(rows)
def test_the_running_sum_begins_anew_with_each_loan(of: list[Any]) -> None:
    found = receipts(of)
    for loan in range(LOANS):
        mine = slice(found.starts[loan], found.starts[loan + 1])
        assert found.paid_after[mine].tolist() == np.cumsum(found.amount[mine]).tolist()
        assert (np.diff(found.received_on[mine]) >= np.timedelta64(0)).all()
