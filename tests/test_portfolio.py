"""What a book comes to: PAR, ageing, rates and months, against slow twins and a check worked out by hand."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loan_core.calculation.calendar import Collected
from loan_core.calculation.money import LARGEST, parts_by, sums_by, whole
from loan_core.calculation.portfolio import AGEING, PAR_DAYS, Bucket, Survey, Totals, survey, totals
from loan_core.calculation.position import State, Status
from loan_core.calculation.receipts import Receipts
from tests import by_definition
from tests.by_definition import BUCKETS, USUAL, Loan
from tests.calculated import day, positions_of, terms_of_book
from tests.random_loans import books, loans
from tests.worked_check import AS_OF, WORKED_CHECK, days_ago, lent

INT64 = np.iinfo(np.int64)


def totals_of(book: list[tuple[Loan, int, bool]], as_of: date = AS_OF) -> Totals:
    principal = np.array([loan.principal for loan, _, _ in book], dtype=np.int64)
    return totals(principal, positions_of(book, as_of))


def unpaid(*book: Loan) -> list[tuple[Loan, int, bool]]:
    return [(loan, 0, False) for loan in book]


def test_the_worked_check_of_the_domain_gives_half_the_portfolio_at_risk():
    found = totals_of(unpaid(*WORKED_CHECK))
    assert found.gross_portfolio == 2_000_00
    assert found.par[30] == 1_000_00
    assert found.par_ratio(30) == 0.5


# 50 + 400 + 20 overdue of 2,000 is 23.5 %: the arrears rate, which is not PAR.
def test_the_arrears_rate_of_the_worked_check_is_not_its_par():
    found = totals_of(unpaid(*WORKED_CHECK))
    assert (found.overdue_principal, found.arrears) == (470_00, 470_00)
    assert found.arrears_rate == 0.235


# B, C, D; B, C; C; C. By number of loans it would be 75, 50, 25 and 25 %.
@pytest.mark.parametrize(("days", "ratio"), [(1, 0.55), (30, 0.5), (60, 0.2), (90, 0.2)])
def test_par_is_a_share_of_the_money_and_not_of_the_loans(days, ratio):
    assert totals_of(unpaid(*WORKED_CHECK)).par_ratio(days) == ratio


def test_the_worked_check_by_age():
    assert totals_of(unpaid(*WORKED_CHECK)).ageing == {
        "current": Bucket(1, 900_00),
        "1-30": Bucket(1, 100_00),
        "31-60": Bucket(1, 600_00),
        "61-90": Bucket(0, 0),
        "91+": Bucket(1, 400_00),
    }


def test_the_days_of_par_are_those_of_the_domain():
    assert PAR_DAYS == (1, 30, 60, 90)
    assert list(AGEING) == list(BUCKETS)


@pytest.mark.parametrize(
    ("days_past_due", "bucket", "in_par"),
    [
        (-1, "current", []),
        (0, "current", []),
        (1, "1-30", []),
        (2, "1-30", [1]),
        (30, "1-30", [1]),
        (31, "31-60", [1, 30]),
        (60, "31-60", [1, 30]),
        (61, "61-90", [1, 30, 60]),
        (90, "61-90", [1, 30, 60]),
        (91, "91+", [1, 30, 60, 90]),
        (40_000, "91+", [1, 30, 60, 90]),
    ],
)
def test_buckets_begin_on_a_day_and_end_before_the_next_and_par_is_more_than_so_many_days(
    days_past_due, bucket, in_par
):
    found = totals_of(unpaid(lent(1_000_00, 1, days_ago(days_past_due))))
    assert found.ageing == dict.fromkeys(BUCKETS, Bucket(0, 0)) | {bucket: Bucket(1, 1_000_00)}
    assert found.par == {each: 1_000_00 if each in in_par else 0 for each in PAR_DAYS}


def test_the_whole_outstanding_principal_is_at_risk_and_not_the_overdue_part_of_it():
    # 12 × 100.00, of which one was paid and one is 31 days late: 1,100.00 at risk.
    found = totals_of([(lent(1_200_00, 12, days_ago(122)), 100_00, False)])
    assert (found.par[30], found.overdue_principal, found.gross_portfolio) == (1_100_00, 100_00, 1_100_00)


def slow_totals(book: list[tuple[Loan, int, bool]], as_of: date) -> dict[str, object]:
    """DOMAIN's "The book", loan by loan."""
    rows = [
        (loan, by_definition.position(loan, paid, as_of, is_voided=is_voided))
        for loan, paid, is_voided in book
        if not is_voided
    ]
    active = [at for _, at in rows if at["state"] == State.ACTIVE]
    by_age = {name: [at for at in active if at["days_past_due"] in days] for name, days in BUCKETS.items()}
    return {
        "loans": len(rows),
        "pending": len([1 for _, at in rows if at["state"] == State.PENDING]),
        "active": len(active),
        "paid_off": len([1 for _, at in rows if at["state"] == State.PAID_OFF]),
        "ahead": len([1 for at in active if at["status"] == Status.AHEAD]),
        "on_track": len([1 for at in active if at["status"] == Status.ON_TRACK]),
        "behind": len([1 for at in active if at["status"] == Status.BEHIND]),
        "loan_amount": sum(loan.principal for loan, _ in rows),
        "gross_portfolio": sum(at["outstanding_principal"] for at in active),
        "remaining_balance": sum(at["remaining_balance"] for at in active),
        "expected_paid": sum(at["expected_paid"] for _, at in rows),
        "total_amount_paid": sum(at["total_amount_paid"] for _, at in rows),
        "overpaid_amount": sum(at["overpaid_amount"] for _, at in rows),
        "arrears": sum(at["arrears"] for _, at in rows),
        "overdue_principal": sum(at["overdue_principal"] for at in active),
        "loans_in_arrears": len([1 for _, at in rows if at["arrears"] > 0]),
        "par": {
            days: sum(at["outstanding_principal"] for at in active if at["days_past_due"] > days) for days in PAR_DAYS
        },
        "ageing": {
            name: Bucket(len(ats), sum(at["outstanding_principal"] for at in ats)) for name, ats in by_age.items()
        },
    }


@given(book=books())
def test_every_figure_of_a_book_equals_its_slow_twin(book):
    assert vars(totals_of(*book)) == slow_totals(*book)


@given(book=books())
def test_the_parts_of_a_book_add_up(book):
    found = totals_of(*book)
    assert found.loans == found.pending + found.active + found.paid_off
    assert found.active == found.ahead + found.on_track + found.behind
    assert found.active == sum(bucket.loans for bucket in found.ageing.values())
    assert found.gross_portfolio == sum(bucket.outstanding_principal for bucket in found.ageing.values())
    assert found.gross_portfolio >= found.par[1] >= found.par[30] >= found.par[60] >= found.par[90]
    assert found.gross_portfolio >= found.overdue_principal


def test_a_voided_loan_counts_in_no_figure():
    assert totals_of([*unpaid(*WORKED_CHECK), (lent(5_000_00, 1, days_ago(200)), 0, True)]) == totals_of(
        unpaid(*WORKED_CHECK)
    )


def test_an_empty_book_comes_to_nothing_and_its_rates_are_zero():
    found = totals_of([])
    assert (found.loans, found.gross_portfolio, found.par_ratio(30), found.arrears_rate) == (0, 0, 0.0, 0.0)


# A million of the largest loans are 10^19 minor units; int64 ends at 9.2 · 10^18.
def test_the_sums_of_a_book_are_exact_beyond_int64():
    loans = 1_000_000
    largest = positions_of(unpaid(lent(LARGEST, 1, days_ago(31))), AS_OF)[np.zeros(loans, dtype=int)]
    found = totals(np.full(loans, LARGEST), largest)
    whole = loans * LARGEST
    assert whole > INT64.max
    assert (found.gross_portfolio, found.par[30], found.arrears, found.loan_amount) == (whole,) * 4
    assert (found.par_ratio(30), found.ageing["31-60"]) == (1.0, Bucket(loans, whole))


@given(book=st.lists(loans(), min_size=1, max_size=6), cells=st.integers(1, 60))
def test_what_falls_due_by_each_months_end_equals_its_slow_twin(book, cells):
    lines = [line for loan in book for line in by_definition.schedule(loan) if line.due]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loan_core.calculation.schedule._CELLS_AT_ONCE", cells)
        found = surveyed(book, [])
    on, due, received = found.calendar.curves(day(AS_OF))
    assert due == [sum(line.due for line in lines if line.due_on <= end) for end in on.tolist()]
    assert received == [0] * len(on)
    months = [line.due_on.replace(day=1) for line in lines]
    ends = [end for end in on.tolist() if end != AS_OF]
    assert min(months) <= min(ends, default=AS_OF)
    assert max(on.tolist()) >= max(months)


@given(rows=st.lists(st.tuples(st.integers(0, 3), st.integers(-(10**18), INT64.max)), max_size=40))
def test_sums_by_place_are_exact_beyond_int64(rows):
    expected = [sum(amount for place, amount in rows if place == each) for each in range(4)]
    places, amounts = (np.array([row[at] for row in rows], dtype=np.int64) for at in (0, 1))
    parts = parts_by(places, amounts, 4)
    assert [whole(parts[:, place]) for place in range(4)] == expected
    if all(abs(each) <= INT64.max for each in expected):
        assert sums_by(places, amounts, 4).tolist() == expected


@given(one=st.lists(loans(), max_size=3), other=st.lists(loans(), max_size=3))
def test_calendars_and_totals_add_up_and_are_taken_away_again(one, other):
    both, first, second = (surveyed(book, [], [AS_OF]) for book in (one + other, one, other))
    assert first.totals[0] + second.totals[0] == both.totals[0]
    assert both.totals[0] + -second.totals[0] == first.totals[0]
    for period in ((date(1900, 1, 1), date(2199, 1, 1)), (date(2020, 1, 1), AS_OF)):
        days = [day(each) for each in period]
        assert (first.calendar + second.calendar).between(*days) == both.calendar.between(*days)
        assert (both.calendar + -second.calendar).between(*days) == first.calendar.between(*days)


@st.composite
def periods_of_a_book(draw):
    """Short loans, what came in on them on which days, and a period to ask about, often from or to a due date."""
    book = draw(st.lists(loans(most_periods=6, most=2_000_00), min_size=1, max_size=5))
    anchor = book[0].start_on
    any_day = st.integers(-30, 400).map(lambda after: anchor + timedelta(days=after))
    days = st.one_of(any_day, st.sampled_from([line.due_on for loan in book for line in by_definition.schedule(loan)]))
    receipts = draw(
        st.lists(st.tuples(st.integers(0, len(book) - 1), days, st.integers(-500_00, 1_000_00)), max_size=20)
    )
    first, last = sorted([draw(days), draw(days)])
    return book, receipts, first, last


def surveyed(book: list[Loan], received: list[tuple[int, date, int]], days: Sequence[date] = ()) -> Survey:
    receipts = Receipts.of(
        np.array([loan for loan, _, _ in received], dtype=np.int64),
        np.array([day(on) for _, on, _ in received], dtype="M8[D]"),
        np.array([amount for _, _, amount in received], dtype=np.int64),
        len(book),
    )
    nobody = np.zeros(len(book), dtype=bool)
    return survey(terms_of_book(book), receipts, nobody, [day(each) for each in days], USUAL)


def collection_of(book: list[Loan], received: list[tuple[int, date, int]], first: date, last: date) -> Collected:
    return surveyed(book, received).calendar.between(day(first), day(last))


@given(question=periods_of_a_book())
def test_the_collection_of_a_period_equals_its_slow_twin(question):
    book, received, first, last = question
    due = on_time = 0
    for number, loan in enumerate(book):
        due_before = 0
        for line in by_definition.schedule(loan):
            if first <= line.due_on <= last:
                paid = sum(amount for of, on, amount in received if of == number and on <= line.due_on)
                due += line.due
                on_time += min(max(paid - due_before, 0), line.due)
            due_before += line.due
    found = collection_of(*question)
    assert (found.due, found.on_time) == (due, on_time)
    assert found.received == sum(amount for _, on, amount in received if first <= on <= last)


# 100.00 fall due on the first of March, April and May: the first was paid early, the second on its day to the half and
# late for the rest, the third not at all.
def test_on_time_is_what_was_paid_by_the_due_date():
    loan = Loan(300_00, 0, 3, start_on=date(2026, 2, 1))
    received = [
        (0, date(2026, 2, 20), 100_00),
        (0, date(2026, 4, 1), 50_00),
        (0, date(2026, 4, 2), 50_00),
    ]
    spring = collection_of([loan], received, date(2026, 3, 1), date(2026, 5, 31))
    assert (spring.due, spring.on_time, spring.received) == (300_00, 150_00, 100_00)
    assert spring.on_time_rate == 0.5
    # A period has its first day and its last.
    april = collection_of([loan], received, date(2026, 4, 1), date(2026, 5, 1))
    assert (april.due, april.on_time, april.received) == (200_00, 50_00, 100_00)
    between = collection_of([loan], received, date(2026, 4, 2), date(2026, 4, 30))
    assert (between.due, between.on_time, between.received) == (0, 0, 50_00)
    nothing_due = collection_of([loan], received, date(2026, 6, 1), date(2026, 6, 30))
    assert (nothing_due.due, nothing_due.on_time_rate) == (0, None)
