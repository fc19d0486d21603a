"""Vintages and the heat map, against a walk through every day of every loan; and by hand."""

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loan_core.calculation import schedule as schedules
from loan_core.calculation.dates import Frequency
from loan_core.calculation.heat_map import BANDS, NOT_SAID, HeatBands, heat_bands, heat_map
from loan_core.calculation.vintages import LATE_DAYS, Cell, Vintages, vintages, wilson
from tests.by_definition import Loan
from tests.calculated import day
from tests.random_books import Came, Held, held_books, month, months_between, some_days, terms_and_receipts


def vintages_of(book: list[Held], as_of: date) -> Vintages:
    return vintages(*terms_and_receipts(book), day(as_of))


def months_apart(first: date, last: date) -> int:
    return 12 * (last.year - first.year) + last.month - first.month


def slow_first_late(held: Held, days: int, as_of: date) -> date | None:
    """Day by day through the life of a loan: the first at whose end it was more than so many days past due."""
    on = held.loan.start_on
    while on <= as_of:
        if held.days_past_due(on) > days:
            return on
        on += timedelta(days=1)
    return None


def slow_cells(book: list[Held], begun: date, days: int, as_of: date) -> list[Cell]:
    loans = [held for held in book if month(held.loan.start_on) == begun and held.loan.start_on <= as_of]
    firsts = [slow_first_late(held, days, as_of) for held in loans]
    reached = [months_apart(begun, first) for first in firsts if first]
    seen = range(months_apart(begun, as_of) + 1) if loans else range(0)
    return [Cell(len(loans), len([each for each in reached if each <= on_book])) for on_book in seen]


@given(book=held_books, as_of=some_days, cells=st.integers(1, 40))
@settings(max_examples=60)
def test_every_cell_of_a_vintage_equals_a_walk_through_the_days(book, as_of, cells):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedules, "_CELLS_AT_ONCE", cells)
        found = vintages_of(book, as_of)
    begun = [month(held.loan.start_on) for held in book if held.loan.start_on <= as_of]
    months = [each.item() for each in found.months]
    assert months == (months_between(min(begun), max(begun)) if begun else [])
    for on in months:
        for days in LATE_DAYS:
            assert found.cells(np.datetime64(on, "M"), days) == slow_cells(book, on, days, as_of)


@given(book=held_books, as_of=some_days, at=st.integers(0, 5))
@settings(max_examples=40)
def test_the_vintages_and_bands_of_two_parts_of_a_book_add_up_to_the_book(book, as_of, at):
    assert vintages_of(book[:at], as_of) + vintages_of(book[at:], as_of) == vintages_of(book, as_of)
    assert bands_of(book[:at], as_of) + bands_of(book[at:], as_of) == bands_of(book, as_of)


# Due on 2026-02-01, unpaid: more than 30 days past due at the end of the 31st day after, 2026-03-04.
@pytest.mark.parametrize(
    ("received", "late"),
    [
        ((), [0, 0, 1]),
        ((Came(date(2026, 3, 3), 100_00),), [0, 0, 0]),
        # What comes in on the day itself is there at its end.
        ((Came(date(2026, 3, 4), 100_00),), [0, 0, 0]),
        ((Came(date(2026, 3, 5), 100_00),), [0, 0, 1]),
        # Paid in time, and taken back later: from then on it was late again, by the due date.
        ((Came(date(2026, 2, 1), 100_00), Came(date(2026, 3, 20), -100_00)), [0, 0, 1]),
        # Taken back before 30 days had passed: nothing was late so long.
        (
            (Came(date(2026, 2, 1), 100_00), Came(date(2026, 2, 9), -100_00), Came(date(2026, 3, 1), 100_00)),
            [0, 0, 0],
        ),
    ],
)
def test_a_loan_was_late_from_the_day_at_whose_end_it_was(received, late):
    loan = Loan(100_00, 0, 1, start_on=date(2026, 1, 1))
    found = vintages_of([Held(loan, received)], date(2026, 3, 31)).cells(np.datetime64("2026-01"), 30)
    assert [cell.late for cell in found] == late


def test_what_is_to_come_has_no_cell_and_a_loan_not_begun_no_vintage():
    loans = [Loan(100_00, 0, 1, start_on=on) for on in (date(2025, 12, 31), date(2026, 2, 1), date(2026, 3, 16))]
    found = vintages_of([Held(loan) for loan in loans], date(2026, 3, 15))
    assert [(str(on), len(found.cells(on, 30))) for on in found.months] == [
        ("2025-12", 4),
        ("2026-01", 0),  # in which nothing began
        ("2026-02", 2),
    ]


def test_months_of_different_years_are_different_vintages():
    loans = [Loan(100_00, 0, 1, start_on=date(year, 5, 1)) for year in (2024, 2025)]
    found = vintages_of([Held(loan) for loan in loans], date(2025, 6, 1))
    assert {str(on): found.cells(on, 30)[0].loans for on in found.months if found.cells(on, 30)} == {
        "2024-05": 1,
        "2025-05": 1,
    }


# R. G. Newcombe, Statistics in Medicine 17 (1998), table I: the score interval of 81/263, 15/148, 0/20, 1/29.
@pytest.mark.parametrize(
    ("part", "whole", "interval"),
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))],
)
def test_the_interval_is_wilsons(part, whole, interval):
    assert wilson(part, whole) == pytest.approx(interval, abs=0.00005)


def bands_of(book: list[Held], as_of: date) -> HeatBands:
    return heat_bands(*terms_and_receipts(book), day(as_of))


def slow_lateness(held: Held, as_of: date) -> dict[date, int]:
    """By month, the worst of a loan's installments."""
    worst: dict[date, int] = {}
    for line, paid_on in zip(held.lines, paid_days(held, as_of), strict=True):
        if line.due and (paid_on or line.due_on < as_of):
            late = max(((paid_on or as_of) - line.due_on).days, 0)
            worst[month(line.due_on)] = max(late, worst.get(month(line.due_on), 0))
    return worst


def paid_days(held: Held, as_of: date) -> list[date | None]:
    """The day on which each installment's last unit came in."""
    covered, last = [0] * len(held.lines), [None] * len(held.lines)
    for on, number, amount in held.met(as_of):
        if number is not None:
            covered[number] += amount
            last[number] = on
    return [on if line.due == part else None for line, part, on in zip(held.lines, covered, last, strict=True)]


@given(book=held_books, as_of=some_days, cells=st.integers(1, 40))
def test_the_heat_of_every_loan_and_month_equals_its_slow_twin(book, as_of, cells):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedules, "_CELLS_AT_ONCE", cells)
        bands = bands_of(book, as_of)
    expected = [slow_lateness(held, as_of) for held in book]
    known = [on for each in expected for on in each]
    months = months_between(min(known), max(known)) if known else []
    if book:
        table = heat_map(*terms_and_receipts(book), day(as_of))
        assert [each.item() for each in table.months] == months
        assert table.days.tolist() == [[each.get(on, NOT_SAID) for on in months] for each in expected]
    assert [each.item() for each in bands.months] == months
    for on in months:
        late = [each[on] for each in expected if on in each]
        assert bands.of(np.datetime64(on, "M")) == {
            name: len([days for days in late if start <= days < end]) for name, (start, end) in BANDS.items()
        }


# Weekly: four installments of 25.00 in May, of which the second was ten days late.
def test_the_worst_installment_of_a_month_is_the_months():
    loan = Loan(100_00, 0, 4, frequency=Frequency.WEEKLY, start_on=date(2026, 5, 1))
    held = Held(loan, (Came(date(2026, 5, 6), 25_00), Came(date(2026, 5, 25), 50_00)))
    table = heat_map(*terms_and_receipts([held]), day(date(2026, 5, 29)))
    # Due on the 8th, 15th, 22nd and 29th: early, ten days late, three days late, and due today: not late.
    assert ([str(on) for on in table.months], table.days.tolist()) == (["2026-05"], [[10]])
    later = heat_map(*terms_and_receipts([held]), day(date(2026, 6, 30)))
    assert later.days.tolist() == [[32]]


def test_two_days_are_not_added():
    for figures in (vintages_of, bands_of):
        with pytest.raises(ValueError, match="Two days"):
            figures([], date(2026, 1, 1)) + figures([], date(2026, 1, 2))


def test_bands_begin_where_the_last_one_ends():
    edges = list(BANDS.values())
    assert edges[0][0] == 0
    assert all(before[1] == after[0] for before, after in pairwise(edges))
