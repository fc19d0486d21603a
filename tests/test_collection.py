"""What fell due and what came in by month, against the same poured unit by unit; and by hand."""

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loan_core.calculation import schedule as schedules
from loan_core.calculation.collection import Collections, Period, collections
from tests.by_definition import PERIODS_A_YEAR, Loan
from tests.calculated import day
from tests.random_books import Came, Held, held_books, month, months_between, some_days, terms_and_receipts


def collections_of(book: list[Held], as_of: date) -> Collections:
    return collections(*terms_and_receipts(book), day(as_of))


def period_of(found: Collections, first: date, last: date) -> Period:
    return found.over(np.datetime64(first, "M"), np.datetime64(last, "M"))


def slow_period(book: list[Held], as_of: date, first: date, last: date) -> dict[str, Any]:
    """One period, one installment and one unit of money after the other."""
    start, end = month(first), month(last)
    figures = dict.fromkeys(
        "due early on_time late received arrears_recovered current advance overpaid arrears_before".split(), 0
    )
    for held in book:
        for line in held.lines:
            if line.due_on <= as_of:
                figures["due"] += line.due if start <= month(line.due_on) <= end else 0
                figures["arrears_before"] += line.due if month(line.due_on) < start else 0
        figures["received"] += sum(
            came.amount for came in held.received if came.on <= as_of and start <= month(came.on) <= end
        )
        for on, number, amount in held.met(as_of):
            due_on = None if number is None else held.lines[number].due_on
            if due_on and due_on <= as_of and start <= month(due_on) <= end:
                figures["early" if on < due_on else "on_time" if on == due_on else "late"] += amount
            if due_on and due_on <= as_of and month(due_on) < start and month(on) < start:
                figures["arrears_before"] -= amount
            if start <= month(on) <= end:
                figures[part_of(due_on, start, end, as_of)] += amount
    return figures


def part_of(due_on: date | None, start: date, end: date, as_of: date) -> str:
    if due_on is None:
        return "overpaid"
    if due_on > as_of or month(due_on) > end:
        return "advance"
    return "arrears_recovered" if month(due_on) < start else "current"


def plain(period: Period) -> dict[str, Any]:
    return {name: value for name, value in vars(period).items() if name not in ("first", "last")}


@given(book=held_books, as_of=some_days, ends=st.tuples(some_days, some_days), cells=st.integers(1, 40))
def test_every_figure_of_a_period_equals_its_slow_twin(book, as_of, ends, cells):
    first, last = sorted(ends)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedules, "_CELLS_AT_ONCE", cells)
        found = collections_of(book, as_of)
    assert plain(period_of(found, first, last)) == slow_period(book, as_of, first, last)


@given(book=held_books, as_of=some_days)
@settings(max_examples=50)
def test_each_month_is_a_period_and_the_months_have_no_gap(book, as_of):
    found = collections_of(book, as_of)
    months = [each.item() for each in found.months]
    due, received = Counter(), Counter()
    for held in book:
        for line in held.lines:
            due[month(line.due_on)] += line.due if line.due_on <= as_of else 0
        for came in held.received:
            received[month(came.on)] += came.amount if came.on <= as_of else 0
    known = [on for on, amount in [*due.items(), *received.items()] if amount]
    assert months == (months_between(min(known), as_of) if known else [])
    assert [plain(each) for each in found.by_month()] == [slow_period(book, as_of, on, on) for on in months]


@given(book=held_books, as_of=some_days, ends=st.tuples(some_days, some_days))
def test_the_parts_of_what_fell_due_and_of_what_was_received_add_up(book, as_of, ends):
    found = collections_of(book, as_of)
    period = period_of(found, *sorted(ends))
    assert period.due == period.early + period.on_time + period.late + period.unpaid
    assert min(period.early, period.on_time, period.late, period.unpaid) >= 0
    parts = period.arrears_recovered + period.current + period.advance + period.overpaid + period.taken_back
    assert parts == period.received
    life = period_of(found, date(1900, 1, 1), as_of)
    assert (life.received, life.taken_back) == (sum(held.paid(as_of) for held in book), 0)
    months = found.by_month()
    for name in ("due", "early", "on_time", "late", "received", "overpaid", "taken_back"):
        assert sum(getattr(each, name) for each in months) == getattr(life, name)


@given(book=held_books, as_of=some_days, at=st.integers(0, 5))
@settings(max_examples=50)
def test_the_collections_of_two_parts_of_a_book_add_up_to_the_book(book, as_of, at):
    assert collections_of(book[:at], as_of) + collections_of(book[at:], as_of) == collections_of(book, as_of)


@given(book=held_books.filter(bool))
@settings(max_examples=30)
def test_the_average_term_is_in_years(book):
    years = [held.loan.periods / PERIODS_A_YEAR[held.loan.frequency] for held in book]
    assert collections_of(book, date(2025, 1, 1)).average_term == pytest.approx(sum(years) / len(years))


# 100.00 on the first of each month from 2025-11-01 to 2026-10-01.
TWELVE = Loan(1_200_00, 0, 12, start_on=date(2025, 10, 1))


def test_a_year_of_one_loan_by_hand():
    held = Held(
        TWELVE,
        (
            Came(date(2025, 10, 20), 100_00),  # November's, early
            Came(date(2025, 12, 1), 150_00),  # December's on its day, and half of January's early
            Came(date(2026, 2, 10), 100_00),  # the rest of January's, and half of February's, both late
            Came(date(2026, 3, 31), 50_00),  # the rest of February's
        ),
    )
    found = collections_of([held], date(2026, 3, 31))
    assert [str(each) for each in found.months] == ["2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03"]
    columns = "due early on_time late unpaid received arrears_recovered current advance overpaid".split()
    assert [[getattr(each, name) // 100 for name in columns] for each in found.by_month()] == [
        # due early on time late unpaid | received arrears current advance overpaid
        [0, 0, 0, 0, 0, 100, 0, 0, 100, 0],
        [100, 100, 0, 0, 0, 0, 0, 0, 0, 0],
        [100, 0, 100, 0, 0, 150, 0, 100, 50, 0],
        [100, 50, 0, 50, 0, 0, 0, 0, 0, 0],
        [100, 0, 0, 100, 0, 100, 50, 50, 0, 0],
        [100, 0, 0, 0, 100, 50, 50, 0, 0, 0],
    ]
    quarter = period_of(found, date(2026, 1, 1), date(2026, 3, 1))
    # Due 300.00, of which 50.00 were there on the day; 150.00 came in, all of it for days of the quarter.
    assert (quarter.on_time_rate, quarter.current_collection_rate) == (50 / 300, 150 / 300)
    assert (quarter.clean_up_rate, quarter.arrears_before) == (None, 0)
    # March began with half of February's 100.00 in arrears, and recovered it.
    assert period_of(found, date(2026, 3, 1), date(2026, 3, 1)).clean_up_rate == 1.0


def test_a_quarter_is_not_the_sum_of_its_months():
    # February's installment paid in January is an advance of the month, and no advance of the quarter.
    found = collections_of([Held(TWELVE, (Came(date(2026, 1, 5), 500_00),))], date(2026, 3, 31))
    january = period_of(found, date(2026, 1, 1), date(2026, 1, 1))
    assert (january.arrears_recovered, january.current, january.advance) == (200_00, 100_00, 200_00)
    quarter = period_of(found, date(2026, 1, 1), date(2026, 3, 31))
    assert (quarter.arrears_recovered, quarter.current, quarter.advance) == (200_00, 300_00, 0)
    # All received, 500.00, less advances, over what fell due: more than all, since arrears came in, too.
    assert quarter.current_collection_rate == 500 / 300


def test_money_that_went_back_in_a_later_month_has_paid_nothing_in_either():
    held = Held(TWELVE, (Came(date(2025, 11, 1), 100_00), Came(date(2025, 12, 15), -100_00)))
    november, december = (
        period_of(collections_of([held], date(2025, 12, 31)), date(2025, number, 1), date(2025, number, 1))
        for number in (11, 12)
    )
    assert (november.received, november.taken_back, november.on_time) == (100_00, 100_00, 0)
    assert (december.received, december.taken_back, december.current) == (-100_00, -100_00, 0)
    # Before it went back, November was on time.
    known_then = period_of(collections_of([held], date(2025, 11, 30)), date(2025, 11, 1), date(2025, 11, 1))
    assert (known_then.received, known_then.taken_back, known_then.on_time) == (100_00, 0, 100_00)


def test_months_of_different_years_are_never_merged():
    found = collections_of([Held(Loan(2_400_00, 0, 24, start_on=date(2024, 1, 1)))], date(2026, 1, 1))
    februaries = [each.due for each in found.by_month() if str(each.first).endswith("-02")]
    assert (februaries, len(found.months)) == ([100_00, 100_00], 24)


def test_what_falls_due_later_in_the_running_month_has_not_fallen_due():
    held = Held(Loan(300_00, 0, 3, start_on=date(2026, 1, 20)), (Came(date(2026, 2, 5), 100_00),))
    found = period_of(collections_of([held], date(2026, 2, 10)), date(2026, 2, 1), date(2026, 2, 1))
    assert (found.due, found.current, found.advance) == (0, 0, 100_00)
    assert (found.on_time_rate, found.current_collection_rate, found.clean_up_rate) == (None, None, None)


# R. Rosenberg, "Is 95% a Good Collection Rate?", cgap.org/blog/95-good-collection-rate: loans of three months of which
# 95 of 100 come in lose almost 40 % of the portfolio in a year.
def test_a_collection_rate_of_95_percent_on_loans_of_three_months_loses_40_percent_a_year():
    held = Held(Loan(300_00, 0, 3, start_on=date(2026, 1, 1)), (Came(date(2026, 4, 1), 285_00),))
    found = collections_of([held], date(2026, 4, 30))
    year = period_of(found, date(2026, 1, 1), date(2026, 4, 1))
    assert (year.current_collection_rate, found.average_term) == (0.95, 0.25)
    assert found.implied_annual_loss(year) == pytest.approx(0.40)


def test_two_days_are_not_added():
    with pytest.raises(ValueError, match="Two days"):
        collections_of([], date(2026, 1, 1)) + collections_of([], date(2026, 1, 2))
