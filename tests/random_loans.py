"""Any loan that may be written in the book, any sum that came in on it, and any day to ask about it."""

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta
from itertools import accumulate

from hypothesis import strategies as st

from loan_core.calculation.dates import Frequency
from loan_core.calculation.money import LARGEST, LARGEST_INSTALLMENT
from loan_core.calculation.position import Thresholds
from loan_core.calculation.schedule import Method, Rounding
from tests import by_definition
from tests.by_definition import HIGHEST_RATE_PPM, Loan

# The days that may be written in the book.
days = st.dates(date(1900, 1, 1), date(2199, 12, 31))
month_ends = st.builds(
    lambda year, month, day: date(year, month, min(day, monthrange(year, month)[1])),
    st.integers(1900, 2199),
    st.integers(1, 12),
    st.integers(28, 31),
)
starts = st.one_of(days, month_ends)
frequencies = st.sampled_from(Frequency)
thresholds_of_a_book = st.tuples(st.integers(1, 200), st.integers(1, 200)).map(
    lambda both: Thresholds(ahead_percent=max(both), behind_percent=min(both))
)


@st.composite
def anchors(draw) -> tuple[date, date | None]:
    """The day a loan starts and, where it is stated, the day its first installment falls due."""
    start_on = draw(starts)
    wait = draw(st.one_of(st.none(), st.integers(0, 100)))
    return start_on, None if wait is None else start_on + timedelta(days=wait)


@st.composite
def loans(draw, most_periods: int = 40, most: int = LARGEST, methods=tuple(Method)) -> Loan:
    """Any loan that may be written; the odd one states an installment of its own."""
    start_on, first_due_on = draw(anchors())
    loan = Loan(
        principal=draw(st.one_of(st.integers(1, min(2_000, most)), st.integers(1, most), st.just(most))),
        annual_rate_ppm=draw(st.one_of(st.integers(0, 1_000_000), st.integers(0, HIGHEST_RATE_PPM), st.just(0))),
        periods=draw(st.integers(1, most_periods)),
        frequency=draw(frequencies),
        method=draw(st.sampled_from(methods)),
        rounding=draw(st.sampled_from(Rounding)),
        start_on=start_on,
        first_due_on=first_due_on,
    )
    # A stated installment must exceed the first period's interest; an interest-only one cannot be stated.
    if loan.method != Method.INTEREST_ONLY and draw(st.integers(0, 3)) == 0:
        lowest = by_definition.first_interest(loan) + 1
        highest = min(max(2 * by_definition.installment(loan), lowest), LARGEST_INSTALLMENT)
        loan = replace(loan, installment=draw(st.integers(lowest, max(lowest, highest))))
    return loan


@st.composite
def paid_loans(draw, **limits) -> tuple[Loan, int]:
    """A loan and what came in on it: nothing, a part, exactly some installments, one unit beside them, or too much."""
    loan = draw(loans(**limits))
    sums = [0, *accumulate(line.due for line in by_definition.schedule(loan))]
    paid = draw(
        st.one_of(
            st.integers(0, sums[-1]),
            st.builds(lambda edge, by: max(edge + by, 0), st.sampled_from(sums), st.integers(-1, 1)),
            st.integers(sums[-1], sums[-1] + LARGEST),
        )
    )
    return loan, paid


def due_days(loan: Loan) -> list[date]:
    return [line.due_on for line in by_definition.schedule(loan)]


@st.composite
def days_of(draw, loan: Loan) -> date:
    """A day of a loan's life: any day, or a due date, or one beside it."""
    dates = due_days(loan)
    span = (dates[-1] - loan.start_on).days
    any_day = st.integers(-40, span + 200).map(lambda days: loan.start_on + timedelta(days=days))
    edges = st.builds(lambda on, by: on + timedelta(days=by), st.sampled_from(dates), st.integers(-1, 1))
    return draw(st.one_of(any_day, edges))


@st.composite
def questions(draw) -> tuple[Loan, int, date]:
    loan, paid = draw(paid_loans())
    return loan, paid, draw(days_of(loan))


@st.composite
def books(draw) -> tuple[list[tuple[Loan, int, bool]], date]:
    book = draw(st.lists(st.tuples(paid_loans(most_periods=20), st.booleans()), min_size=1, max_size=6))
    rows = [(loan, paid, is_voided) for (loan, paid), is_voided in book]
    return rows, draw(days_of(draw(st.sampled_from(rows))[0]))
