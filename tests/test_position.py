"""Where a loan stands on a day, against DOMAIN's table written out loan by loan in plain Python."""

import json
import os
from dataclasses import fields
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loan_core.book import Book
from loan_core.calculation import schedule as schedules
from loan_core.calculation.dates import Frequency
from loan_core.calculation.money import LARGEST
from loan_core.calculation.position import Outcome, Position, State, Status, Thresholds, outcomes
from loan_core.calculation.schedule import Method, schedule
from loan_core.store import Store
from tests import by_definition, forked
from tests.by_definition import EXAMPLE, HIGHEST_RATE_PPM, LONGEST, USUAL, Loan
from tests.calculated import day, plain_position, position_of, positions_of, terms_of_one
from tests.lending import FixedClock
from tests.random_loans import books, due_days, questions, thresholds_of_a_book


@given(question=questions(), is_voided=st.booleans(), thresholds=st.one_of(st.just(USUAL), thresholds_of_a_book))
def test_every_field_equals_the_table_of_the_domain(question, is_voided, thresholds):
    kept = {"is_voided": is_voided, "thresholds": thresholds}
    assert position_of(*question, **kept) == by_definition.position(*question, **kept)


@given(book=books())
def test_a_loan_alone_stands_where_the_same_loan_in_a_book_does(book):
    rows, as_of = book
    together = positions_of(rows, as_of)
    for at, (loan, paid, is_voided) in enumerate(rows):
        assert plain_position(together[at]) == position_of(loan, paid, as_of, is_voided=is_voided)


@given(book=books(), random=st.randoms(use_true_random=False), cells=st.integers(1, 60))
def test_a_book_in_slices_and_in_any_order_of_rows_is_the_same_book(book, random, cells):
    rows, as_of = book
    order = list(range(len(rows)))
    random.shuffle(order)
    whole = positions_of(rows, as_of)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedules, "_CELLS_AT_ONCE", cells)
        shuffled = positions_of([rows[at] for at in order], as_of)
    assert [plain_position(shuffled[at]) for at in range(len(rows))] == [plain_position(whole[at]) for at in order]


def test_an_empty_book_has_positions_of_nobody():
    at = positions_of([], date(2026, 6, 2))
    assert [getattr(at, field.name).shape for field in fields(Position)] == [(0,)] * len(fields(Position))


@given(question=questions())
def test_what_is_paid_what_is_left_and_what_is_over_add_up(question):
    at = position_of(*question)
    assert at["total_amount_paid"] + at["remaining_balance"] - at["overpaid_amount"] == at["total_due"]
    assert at["ahead_by"] == at["total_amount_paid"] - at["expected_paid"]
    assert not (at["remaining_balance"] and at["overpaid_amount"])
    assert (at["arrears"] > 0) == (at["days_past_due"] > 0) == (at["days_ahead"] < 0)
    assert at["overdue_principal"] <= min(at["arrears"], at["outstanding_principal"])


# What somebody pays who pays on the day: nobody is late on a due date, whatever the method, on any date of the life.
@given(question=questions(), data=st.data())
def test_nobody_who_paid_what_was_due_before_is_behind_or_in_arrears_on_a_due_date(question, data):
    loan, _, _ = question
    as_of = data.draw(st.sampled_from(due_days(loan)))
    at = position_of(loan, sum(line.due for line in by_definition.schedule(loan) if line.due_on < as_of), as_of)
    assert (at["arrears"], at["overdue_principal"], at["days_past_due"]) == (0, 0, 0)
    assert at["status"] != Status.BEHIND


@pytest.mark.parametrize(
    ("as_of", "arrears", "days_past_due", "status"),
    [
        (date(2025, 10, 31), 0, 0, Status.ON_TRACK),
        (date(2025, 11, 1), 0, 0, Status.ON_TRACK),
        (date(2025, 11, 2), 94_56, 1, Status.BEHIND),
        (date(2025, 12, 1), 94_56, 30, Status.BEHIND),
        (date(2025, 12, 2), 189_12, 31, Status.BEHIND),
    ],
)
def test_an_unpaid_installment_is_late_from_the_day_after_its_due_date(as_of, arrears, days_past_due, status):
    at = position_of(EXAMPLE, 0, as_of)
    assert (at["arrears"], at["days_past_due"], at["days_ahead"]) == (arrears, days_past_due, -days_past_due)
    assert at["status"] == status


# The reference program calls such a loan Ahead.
@pytest.mark.parametrize("as_of", [date(2025, 9, 1), date(2025, 10, 1), date(2025, 10, 31)])
def test_a_loan_with_nothing_due_and_nothing_paid_is_on_track(as_of):
    at = position_of(EXAMPLE, 0, as_of)
    assert (at["status"], at["expected_paid"], at["ahead_by"]) == (Status.ON_TRACK, 0, 0)


# Ten installments of 100.00 at no interest; on 2026-03-15 five are due, 500.00.
TENS = Loan(1_000_00, 0, 10)
MID_MARCH, DUE_DATE = date(2026, 3, 15), date(2026, 3, 1)


@pytest.mark.parametrize(
    ("paid", "as_of", "thresholds", "status"),
    [
        # 110 % of 500.00 is Ahead, a cent less is not; 90 % is not Behind, a cent less is.
        (550_00, MID_MARCH, USUAL, Status.AHEAD),
        (549_99, MID_MARCH, USUAL, Status.ON_TRACK),
        (450_00, MID_MARCH, USUAL, Status.ON_TRACK),
        (449_99, MID_MARCH, USUAL, Status.BEHIND),
        # On the due date itself Ahead asks for 110 % of 500.00, Behind for 90 % of the 400.00 due before it.
        (550_00, DUE_DATE, USUAL, Status.AHEAD),
        (549_99, DUE_DATE, USUAL, Status.ON_TRACK),
        (360_00, DUE_DATE, USUAL, Status.ON_TRACK),
        (359_99, DUE_DATE, USUAL, Status.BEHIND),
        # The thresholds are settings.
        (500_00, MID_MARCH, Thresholds(ahead_percent=100, behind_percent=100), Status.AHEAD),
        (499_99, MID_MARCH, Thresholds(ahead_percent=100, behind_percent=100), Status.BEHIND),
        (625_00, MID_MARCH, Thresholds(ahead_percent=125, behind_percent=50), Status.AHEAD),
        (624_99, MID_MARCH, Thresholds(ahead_percent=125, behind_percent=50), Status.ON_TRACK),
        (250_00, MID_MARCH, Thresholds(ahead_percent=125, behind_percent=50), Status.ON_TRACK),
        (249_99, MID_MARCH, Thresholds(ahead_percent=125, behind_percent=50), Status.BEHIND),
        # The smallest sum before anything is due is Ahead; when all is due, all of it is On Track.
        (1, date(2025, 10, 15), USUAL, Status.AHEAD),
        (1_000_00, date(2027, 1, 1), USUAL, Status.ON_TRACK),
    ],
)
def test_the_thresholds_are_met_exactly_and_missed_by_a_cent(paid, as_of, thresholds, status):
    assert position_of(TENS, paid, as_of, thresholds=thresholds)["status"] == status


# 55 is 110 % of 50, and in floats it is not: 1.1 × 50 is 55.00000000000001.
@given(tenth=st.integers(1, LARGEST // 10))
@example(tenth=5)
def test_the_boundaries_are_exact_at_every_size(tenth):
    loan, after = Loan(10 * tenth, 0, 1), date(2025, 11, 2)
    for paid, status in [
        (11 * tenth, Status.AHEAD),
        (11 * tenth - 1, Status.ON_TRACK),
        (9 * tenth, Status.ON_TRACK),
        (9 * tenth - 1, Status.BEHIND),
    ]:
        assert position_of(loan, paid, after)["status"] == status


# The design's example on 2026-06-02, of which the status page shows every figure.
def test_the_example_of_the_design():
    assert position_of(EXAMPLE, 401_08, date(2026, 6, 2)) == {
        "state": State.ACTIVE,
        "status": Status.BEHIND,
        "months_passed": 8,
        # 8 × 94.56
        "expected_paid": 756_48,
        "total_amount_paid": 401_08,
        # 1,134.70 − 401.08
        "remaining_balance": 733_62,
        "outstanding_principal": 683_71,
        "overpaid_amount": 0,
        # 756.48 − 401.08
        "arrears": 355_40,
        # 683.71 less the principal of the last four installments, 360.05.
        "overdue_principal": 323_66,
        # 401.08 is four installments and 22.84 of the fifth, due 2026-03-01.
        "days_past_due": 93,
        "next_due_on": date(2026, 7, 1),
        "next_due_amount": 94_56,
        "ahead_by": -355_40,
        "days_ahead": -93,
        "paid_up_to": date(2026, 2, 1),
        "total_due": 1_134_70,
    }


@pytest.mark.parametrize(
    ("loan", "paid", "as_of", "is_voided", "state"),
    [
        (EXAMPLE, 0, date(2025, 9, 30), False, State.PENDING),
        (EXAMPLE, 0, date(2025, 10, 1), False, State.ACTIVE),
        (EXAMPLE, 1_134_69, date(2025, 10, 1), False, State.ACTIVE),
        (EXAMPLE, 1_134_70, date(2025, 10, 1), False, State.PAID_OFF),
        (EXAMPLE, 2_000_00, date(2027, 1, 1), False, State.PAID_OFF),
        (EXAMPLE, 0, date(2027, 1, 1), False, State.ACTIVE),
        (EXAMPLE, 0, date(2025, 9, 30), True, State.VOIDED),
        (EXAMPLE, 0, date(2026, 6, 2), True, State.VOIDED),
    ],
)
def test_a_loan_is_pending_active_paid_off_or_voided(loan, paid, as_of, is_voided, state):
    assert position_of(loan, paid, as_of, is_voided=is_voided)["state"] == state


def test_more_than_the_whole_schedule_is_overpaid_beside_a_balance_of_nothing():
    at = position_of(EXAMPLE, 1_200_00, date(2026, 1, 15))
    assert (at["remaining_balance"], at["outstanding_principal"], at["overpaid_amount"]) == (0, 0, 65_30)
    assert (at["next_due_on"], at["next_due_amount"], at["paid_up_to"]) == (None, 0, date(2026, 10, 1))


# Two installments ahead on 2025-10-15: the money reaches to 2025-12-01, 47 days away.
def test_money_ahead_of_the_schedule_is_counted_in_days_too():
    at = position_of(EXAMPLE, 2 * 94_56 + 50_00, date(2025, 10, 15))
    assert (at["status"], at["ahead_by"], at["days_ahead"]) == (Status.AHEAD, 239_12, 47)
    assert (at["paid_up_to"], at["next_due_on"], at["next_due_amount"]) == (
        date(2025, 12, 1),
        date(2026, 1, 1),
        44_56,
    )


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("frequency", Frequency)
def test_nothing_leaves_int64_at_the_extremes(frequency, method):
    loan = Loan(LARGEST, HIGHEST_RATE_PPM, LONGEST, frequency, method, start_on=date(1900, 1, 1))
    lines = by_definition.schedule(loan)
    whole = sum(line.due for line in lines)
    for as_of in (lines[299].due_on, lines[-1].due_on + timedelta(days=1)):
        for paid in (0, LARGEST, whole // 2, whole - 1, whole, 2 * whole):
            assert position_of(loan, paid, as_of) == by_definition.position(loan, paid, as_of)


# No repayment is larger than 10^13, but nobody counts them: ten thousand such on one loan are far beyond its schedule.
@pytest.mark.parametrize("repayments", [10_000, 100_000])
def test_a_loan_that_is_overpaid_beyond_measure_is_ahead(repayments):
    question = (EXAMPLE, repayments * LARGEST, date(2026, 6, 2))
    assert position_of(*question) == by_definition.position(*question)
    assert position_of(*question)["status"] == Status.AHEAD


@given(question=questions(), data=st.data())
def test_the_outcome_of_each_installment_equals_its_slow_twin(question, data):
    loan, paid, as_of = question
    lines = by_definition.schedule(loan)
    unpaid = [line.due - sum(each) for line, each in zip(lines, by_definition.cover(paid, lines), strict=True)]
    paid_on = [
        data.draw(st.dates(loan.start_on, line.due_on + timedelta(days=9))) if not left else None
        for line, left in zip(lines, unpaid, strict=True)
    ]
    first_open = next((at for at, line in enumerate(lines) if unpaid[at] and line.due_on >= as_of), None)
    expected = [
        by_definition.outcome(line, unpaid[at], paid_on[at], at == first_open, as_of) for at, line in enumerate(lines)
    ]
    days = np.array([day(on) for on in paid_on])
    found = outcomes(schedule(terms_of_one(loan)), np.array(unpaid), days, day(as_of))
    assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


# Paid: two days early, on the day, five days late; then 50.00 of the fourth; the fifth is missed; today is the sixth.
def test_a_statement_tells_what_became_of_each_installment():
    unpaid = np.array([0, 0, 0, 44_56, *[94_56] * 7, 94_54])
    days = np.array([day("2025-10-30"), day("2025-12-01"), day("2026-01-06"), *[day(None)] * 9])
    outcome, off_by = outcomes(schedule(terms_of_one(EXAMPLE)), unpaid, days, day("2026-04-01"))
    assert [Outcome(each).name.lower() for each in outcome[:8]] == (
        "early on_time late part_paid missed due_today upcoming upcoming".split()
    )
    assert off_by[:8].tolist() == [-2, 0, 5, 59, 31, 0, 0, 0]


@pytest.fixture
def kept_book(sqlite_url):
    """The design's example in a real file: 401.08 received by 2026-06-02, when 756.48 were expected."""
    book = Book(Store(sqlite_url), FixedClock())
    loan = book.create_loan(loan_amount="1000.00", repayment_period=12, start_on="2025-10-01", reference="L-1")
    book.add_repayment(loan.id, "401.08", received_on="2026-02-03")
    book.close()
    return sqlite_url


# 401.08 is 53.02 % of 756.48.
@pytest.mark.parametrize(
    ("ahead_percent", "behind_percent", "status"),
    [(110, 90, "Behind"), (110, 54, "Behind"), (110, 53, "On Track"), (54, 53, "On Track"), (53, 53, "Ahead")],
)
def test_a_book_keeps_to_the_thresholds_of_its_settings(kept_book, ahead_percent, behind_percent, status):
    thresholds = Thresholds(ahead_percent=ahead_percent, behind_percent=behind_percent)
    book, as_of = Book(Store(kept_book), FixedClock(thresholds=thresholds)), date(2026, 6, 2)
    assert book.status(1, as_of).status == status
    assert book.loans(as_of)["status"].tolist() == [status]
    book.close()


def said_in(zone: str, url: str) -> str:
    words = ("loan_core", "status", "L-1", "--as-of", "2026-06-02", "--json")
    done = forked.run(words, {**os.environ, "TZ": zone, "SQLALCHEMY_DATABASE_URI": url})
    assert done.returncode == 0, done.stderr
    return done.stdout


# The two ends of the calendar: UTC+14 and UTC−11 are never on the same day.
def test_a_status_does_not_depend_on_the_machines_time_zone(kept_book):
    first, last = (said_in(zone, kept_book) for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"))
    assert first == last
    figures = json.loads(first)
    assert (figures["as_of"], figures["status"], figures["days_past_due"]) == ("2026-06-02", "Behind", 93)
    assert (figures["remaining_balance"], figures["arrears"], figures["next_due_on"]) == (733.62, 355.40, "2026-07-01")
