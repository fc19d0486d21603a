"""Risk, its four definitions, and how loans move between ages: against position by position, and by hand."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loan_core.calculation import schedule as schedules
from loan_core.calculation.portfolio import AGEING, PAR_DAYS
from loan_core.calculation.position import State
from loan_core.calculation.risk import DEFINITIONS, Age, Risk, risks
from loan_core.calculation.rolling import PLACES, Moves, moves
from tests import by_definition
from tests.by_definition import BUCKETS, Loan
from tests.calculated import day
from tests.random_books import Came, Held, held_books, some_days, terms_and_receipts
from tests.worked_check import AS_OF, WORKED_CHECK

days = st.lists(some_days, min_size=1, max_size=4, unique=True).map(sorted)


def risks_of(book: list[Held], on: list[date]) -> list[Risk]:
    return risks(*terms_and_receipts(book), [day(each) for each in on])


def moves_of(book: list[Held], on: list[date]) -> list[Moves]:
    return moves(*terms_and_receipts(book), [day(each) for each in on])


def slow_at(held: Held, on: date) -> dict:
    return by_definition.position(held.loan, held.paid(on), on)


def slow_age(rows: list[dict]) -> Age:
    return Age(len(rows), sum(at["outstanding_principal"] for at in rows), sum(at["overdue_principal"] for at in rows))


def slow_risk(book: list[Held], on: date) -> Risk:
    active = [(held, slow_at(held, on)) for held in book if slow_at(held, on)["state"] == State.ACTIVE]
    rows = [at for _, at in active]
    return Risk(
        day(on),
        {name: slow_age([at for at in rows if at["days_past_due"] in ages]) for name, ages in BUCKETS.items()},
        {d: sum(at["outstanding_principal"] for at in rows if at["days_past_due"] > d) for d in PAR_DAYS},
        {d: len([at for at in rows if at["days_past_due"] > d]) for d in PAR_DAYS},
        slow_age([at for held, at in active if held.lines[-1].due_on < on]),
    )


@given(book=held_books, on=days, cells=st.integers(1, 40))
def test_the_risk_of_several_days_is_that_of_each_day_loan_by_loan(book, on, cells):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedules, "_CELLS_AT_ONCE", cells)
        found = risks_of(book, on)
    assert found == [slow_risk(book, each) for each in on]


@given(book=held_books, on=some_days, at=st.integers(0, 5))
@settings(max_examples=50)
def test_the_risks_of_two_parts_of_a_book_add_up_to_the_book(book, on, at):
    (first,), (other,), (whole,) = (risks_of(part, [on]) for part in (book[:at], book[at:], book))
    assert first + other == whole


@given(book=held_books, on=some_days)
@settings(max_examples=50)
def test_buckets_never_overlap_and_their_overdue_part_lies_within_the_whole(book, on):
    (found,) = risks_of(book, [on])
    active = [at for at in (slow_at(held, on) for held in book) if at["state"] == State.ACTIVE]
    # Each active loan is in one bucket; the whole is the outstanding principal alone, and the overdue part no more.
    assert found.all == slow_age(active)
    assert all(age.overdue_principal <= age.outstanding_principal for age in found.ageing.values())
    assert found.ageing["current"].overdue_principal == 0


# DOMAIN's worked check; B, C and D are late; C is past its term.
@pytest.mark.parametrize(
    ("key", "shares"),
    [
        # 600 + 400 + 100, 600 + 400, 400, 400 of 2,000.
        ("par", [0.55, 0.5, 0.2, 0.2]),
        # 50 + 400 + 20 of 2,000, whatever the days.
        ("arrears_rate", [0.235] * 4),
        # Three, two, one, one of four loans.
        ("loans_at_risk", [0.75, 0.5, 0.25, 0.25]),
        # One of four loans.
        ("past_term", [0.25] * 4),
    ],
)
def test_the_worked_check_by_each_definition(key, shares):
    (found,) = risks_of([Held(loan) for loan in WORKED_CHECK], [AS_OF])
    assert [found.share(key, d) for d in PAR_DAYS] == shares
    assert (found.all, found.past_term) == (Age(4, 2_000_00, 470_00), Age(1, 400_00, 400_00))


def test_every_definition_has_a_figure_and_an_empty_book_has_none():
    (empty,) = risks_of([], [AS_OF])
    assert [empty.share(each.key, 30) for each in DEFINITIONS] == [None] * 4
    assert empty.all == Age()


def test_two_days_are_not_added():
    first, other = risks_of([], [AS_OF, AS_OF + timedelta(days=1)])
    with pytest.raises(ValueError, match="Two days"):
        first + other


def slow_place(held: Held, on: date) -> str:
    at = slow_at(held, on)
    if at["state"] == State.PENDING:
        return "new"
    if at["state"] == State.PAID_OFF:
        return "paid off"
    return next(name for name, ages in BUCKETS.items() if at["days_past_due"] in ages)


@given(book=held_books, on=days, cells=st.integers(1, 40))
def test_moves_are_counted_loan_by_loan(book, on, cells):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedules, "_CELLS_AT_ONCE", cells)
        found = moves_of(book, on)
    assert len(found) == len(on) - 1
    for span, start, end in zip(found, on, on[1:], strict=False):
        expected = np.zeros((2, len(PLACES), len(PLACES)), dtype=object)
        for held in book:
            before, after = slow_place(held, start), slow_place(held, end)
            if after == "new":
                continue
            owed = 0 if before == "new" else slow_at(held, start)["outstanding_principal"]
            cell = PLACES.index(before), PLACES.index(after)
            for layer, amount in enumerate((1, owed)):
                expected[layer][cell] += amount
        assert [span.loans.tolist(), span.principal_before.tolist()] == expected.tolist()


# 100.00 on the first of each month. March's unpaid: 30 days past due on the last of March, 60 on the last of April.
def test_rolls_by_hand():
    loan = Loan(400_00, 0, 4, start_on=date(2026, 2, 1))
    book = [
        Held(loan),  # 1-30 → 31-60
        Held(loan, (Came(date(2026, 3, 1), 100_00),)),  # current → 1-30
        Held(loan, (Came(date(2026, 4, 30), 300_00),)),  # 1-30 → current
        Held(loan, (Came(date(2026, 3, 1), 100_00), Came(date(2026, 4, 2), 300_00))),  # current → paid off
        Held(Loan(50_00, 0, 1, start_on=date(2026, 4, 15))),  # new → current
        Held(Loan(70_00, 0, 1, start_on=date(2026, 5, 15))),  # not begun
    ]
    (span,) = moves_of(book, [date(2026, 3, 31), date(2026, 4, 30)])
    found = {
        (PLACES[row], PLACES[column]): (span.loans[row, column], span.principal_before[row, column])
        for row, column in np.argwhere(span.loans)
    }
    assert found == {
        ("1-30", "31-60"): (1, 400_00),
        ("current", "1-30"): (1, 300_00),
        ("1-30", "current"): (1, 400_00),
        ("current", "paid off"): (1, 300_00),
        ("new", "current"): (1, 0),
    }


@given(book=held_books, on=days.filter(lambda each: len(each) > 1), at=st.integers(0, 5))
@settings(max_examples=30)
def test_the_moves_of_two_parts_of_a_book_add_up_to_the_book(book, on, at):
    for first, other, whole in zip(*(moves_of(part, on) for part in (book[:at], book[at:], book)), strict=True):
        assert ((first + other).loans == whole.loans).all()
        assert ((first + other).principal_before == whole.principal_before).all()
    with pytest.raises(ValueError, match="Two spans"):
        whole + moves_of([], [on[0], on[-1] + timedelta(days=1)])[0]


def test_the_places_are_each_age_once_between_new_and_paid_off():
    assert ("new", *AGEING, "paid off") == PLACES
