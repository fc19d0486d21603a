"""Small random books with what came in on them, and what every slow twin needs: days, sums, and who paid what.

A slow twin is dates and whole numbers, loan by loan and day by day, as one would do it on paper.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from loan_core.calculation.dates import Frequency
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Method, Terms
from tests import by_definition
from tests.by_definition import Line, Loan
from tests.calculated import day, terms_of_book


class Came(NamedTuple):
    """Money that came in (or went back) on a day."""

    on: date
    amount: int


@dataclass(frozen=True)
class Held:
    """A loan with what came in on it, in the order of its days."""

    loan: Loan
    received: tuple[Came, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        return by_definition.schedule(self.loan)

    @property
    def whole(self) -> int:
        return sum(line.due for line in self.lines)

    @property
    def standing(self) -> list[bool]:
        """Which receipts stand: one reversal after the other, each against the last of its amount that still stands."""
        stands = [came.amount > 0 for came in self.received]
        # On one day what came in goes before what went back.
        for came in sorted((each for each in self.received if each.amount < 0), key=lambda each: each.on):
            undone = [
                at
                for at, each in enumerate(self.received)
                if stands[at] and each.amount == -came.amount and each.on <= came.on
            ]
            if undone:
                stands[undone[-1]] = False
        return stands

    def paid(self, through: date) -> int:
        return sum(came.amount for came in self.received if came.on <= through)

    def last_unpaid_day(self, through: date, wanted: int) -> date | None:
        """The last day by ``through`` at whose end less than a sum had come in; None if there is none."""
        days = [self.loan.start_on - timedelta(days=1), *(came.on for came in self.received)]
        changes = sorted({each for each in days if each <= through})
        if self.paid(through) < wanted:
            return through
        short = [at for at, each in enumerate(changes) if self.paid(each) < wanted]
        return changes[short[-1] + 1] - timedelta(days=1) if short else None

    def paid_on(self, through: date) -> list[date | None]:
        """Of each installment, the day from which on its money stayed, as known on a day; None if it is not covered."""
        found: list[date | None] = []
        upto = 0
        for line in self.lines:
            upto += line.due
            short = self.last_unpaid_day(through, upto)
            found.append(None if short == through or short is None else short + timedelta(days=1))
        return found

    def credited(self, through: date) -> list[tuple[date, int]]:
        """Unit by unit, the day that each unit of money that stayed came in: (day, units), in order."""
        days = sorted({came.on for came in self.received if came.on <= through})
        running = [self.paid(each) for each in days]
        stands = [min(running[at:]) for at in range(len(running))]
        return [(on, after - before) for on, after, before in zip(days, stands, [0, *stands], strict=False)]

    def met(self, through: date) -> list[tuple[date, int | None, int]]:
        """(day received, number of the installment or None when overpaid, amount): poured from one into the other."""
        found = []
        owed = [[number, line.due] for number, line in enumerate(self.lines)]
        for on, amount in self.credited(through):
            left = amount
            while left and owed:
                part = min(left, owed[0][1])
                if part:
                    found.append((on, owed[0][0], part))
                left, owed[0][1] = left - part, owed[0][1] - part
                if not owed[0][1]:
                    owed.pop(0)
            if left:
                found.append((on, None, left))
        return found

    def days_past_due(self, on: date) -> int:
        upto, paid = 0, self.paid(on)
        for line in self.lines:
            upto += line.due
            if upto > paid and line.due:
                return max((on - line.due_on).days, 0)
        return 0


def month(on: date) -> date:
    return on.replace(day=1)


def next_month(on: date) -> date:
    return (month(on) + timedelta(days=32)).replace(day=1)


def months_between(first: date, last: date) -> list[date]:
    found = [month(first)]
    while found[-1] < month(last):
        found.append(next_month(found[-1]))
    return found


def terms_and_receipts(book: Sequence[Held]) -> tuple[Terms, Receipts]:
    rows = [(place, came) for place, held in enumerate(book) for came in held.received]
    receipts = Receipts.of(
        np.array([place for place, _ in rows], np.int64),
        np.array([day(came.on) for _, came in rows], "M8[D]"),
        np.array([came.amount for _, came in rows], np.int64),
        len(book),
    )
    return terms_of_book([held.loan for held in book]), receipts


# Most loans begin, and most questions are asked, on a few days of the month: so that many are asked on a due date.
round_days = st.builds(
    lambda months, on: date(2024 + months // 12, months % 12 + 1, on), st.integers(0, 14), st.sampled_from([1, 15])
)
next_days = st.builds(lambda on, by: on + timedelta(days=by), round_days, st.integers(0, 2))
some_days = st.one_of(st.integers(0, 900).map(lambda by: date(2024, 1, 1) + timedelta(days=by)), round_days, next_days)


@st.composite
def held_loans(draw) -> Held:
    start_on = draw(st.one_of(st.integers(0, 420).map(lambda by: date(2024, 1, 1) + timedelta(days=by)), round_days))
    wait = draw(st.one_of(st.none(), st.none(), st.integers(0, 70)))
    loan = Loan(
        principal=draw(st.integers(1, 3_000)),
        annual_rate_ppm=draw(st.sampled_from([0, 0, 1_200, 240_000, 2_400_000])),
        periods=draw(st.integers(1, 9)),
        frequency=draw(st.sampled_from(Frequency)),
        method=draw(st.sampled_from(Method)),
        start_on=start_on,
        first_due_on=None if wait is None else start_on + timedelta(days=wait),
    )
    return Held(loan, tuple(draw(receipts_of(loan))))


@st.composite
def receipts_of(draw, loan: Loan) -> list[Came]:
    """Near due dates or on any day, of any size up to all and more; some taken back on their own day or later."""
    lines = by_definition.schedule(loan)
    whole, received = sum(line.due for line in lines), []
    for _ in range(draw(st.integers(0, 7))):
        line = draw(st.sampled_from(lines))
        near = st.integers(-4, 4).map(lambda by: line.due_on + timedelta(days=by))  # noqa: B023 - drawn at once
        on = max(
            draw(st.one_of(near, st.integers(0, 500).map(lambda by: loan.start_on + timedelta(days=by)))), loan.start_on
        )
        amount = max(draw(st.sampled_from([line.due, line.due // 2, 2 * line.due, line.due + 1, whole, 7])), 1)
        received.append(Came(on, amount))
        if draw(st.integers(0, 4)) == 0:
            received.append(Came(on + timedelta(days=draw(st.sampled_from([0, 0, 1, 35]))), -amount))
    return sorted(received, key=lambda came: came.on)


held_books = st.lists(held_loans(), max_size=5)
