"""What fell due and what came in, month by month, and how the two met.

Months are calendar months of a year. The month that ``as_of`` lies in is counted through ``as_of``: what falls due
after that day has not fallen due, and money for it is an advance payment. Columns of one currency, voided loans left
out; the results of disjoint sets of loans add up (``+``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from loan_core.calculation.dates import PERIODS_PER_YEAR
from loan_core.calculation.money import Integers
from loan_core.calculation.pairing import by_day, kept, months_of, pieces
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Terms, schedule, slices
from loan_core.calculation.tally import added, tally, tally_pairs

# Every period is a whole number of these: a month has 13, two weeks have 6, a week has 3, a quarter has 39.
_PARTS_OF_A_YEAR = 156


@dataclass(frozen=True)
class Period:
    """What a book collected from one month through another, in minor units.

    Of what first fell due in the period, ``early``, ``on_time`` and ``late`` were paid before, on and after the due
    date, ``late`` by ``as_of``; ``unpaid`` is the rest. Of what was ``received`` in it, reversals included,
    ``arrears_recovered`` covered what had fallen due before the period, ``current`` what fell due in it, ``advance``
    what falls due after it, ``overpaid`` nothing. A repayment that was taken back later has covered nothing:
    ``taken_back`` is what the period received of such money, less what it gave back; 0 over the whole life of a book.
    ``arrears_before`` is what had fallen due before the period and was unpaid when it began.
    """

    first: np.datetime64
    last: np.datetime64
    due: int
    early: int
    on_time: int
    late: int
    received: int
    arrears_recovered: int
    current: int
    advance: int
    overpaid: int
    arrears_before: int

    @property
    def unpaid(self) -> int:
        return self.due - self.early - self.on_time - self.late

    @property
    def taken_back(self) -> int:
        return self.received - self.arrears_recovered - self.current - self.advance - self.overpaid

    @property
    def on_time_rate(self) -> float | None:
        """Of what first fell due in the period, the share paid on or before its due date; None if nothing did.

        "On-time collection rate": R. Rosenberg, Measuring Microcredit Delinquency, CGAP Occasional Paper 3, 1999.
        """
        return ratio(self.early + self.on_time, self.due)

    @property
    def current_collection_rate(self) -> float | None:
        """All received in the period, less advance payments, over what first fell due in it; it may exceed 1.

        "Current collection rate" (Rosenberg 1999): arrears recovered count, prepayments do not. What was overpaid has
        covered nothing that fell due, and money that was taken back is none: neither counts.
        """
        return ratio(self.arrears_recovered + self.current, self.due)

    @property
    def clean_up_rate(self) -> float | None:
        """Of what was in arrears when the period began, the share recovered in it; None if nothing was.

        Rosenberg (1999) wants an on-time rate beside a "clean-up report" of late payments; the ratio is ours.
        """
        return ratio(self.arrears_recovered, self.arrears_before)


@dataclass(frozen=True)
class Collections:
    """What a book collected through ``as_of``, by month; periods are cut from it without looking at a loan again.

    ``due``, ``early``, ``on_time``, ``late`` by the month of the due date; ``received``, ``overpaid``, and ``ahead`` of
    all that has fallen due, by the month of receipt; ``covered`` by both: (month of receipt, month of due date).
    ``parts_of_a_year``: Σ terms of ``loans``.
    """

    as_of: np.datetime64
    loans: int
    parts_of_a_year: int
    due: Mapping[int, int]
    early: Mapping[int, int]
    on_time: Mapping[int, int]
    late: Mapping[int, int]
    received: Mapping[int, int]
    overpaid: Mapping[int, int]
    ahead: Mapping[int, int]
    covered: Mapping[tuple[int, int], int]

    def __add__(self, other: "Collections") -> "Collections":
        if self.as_of != other.as_of:
            raise ValueError("Two days are not added.")
        mappings = ("due", "early", "on_time", "late", "received", "overpaid", "ahead", "covered")
        return Collections(
            as_of=self.as_of,
            loans=self.loans + other.loans,
            parts_of_a_year=self.parts_of_a_year + other.parts_of_a_year,
            **{name: added([getattr(self, name), getattr(other, name)]) for name in mappings},
        )

    @property
    def months(self) -> Integers:
        """Every month from the first in which anything fell due or, on balance, came in through that of ``as_of``."""
        known = [*self.due, *self.received]
        end = _month(self.as_of) + 1
        return np.arange(min(known, default=end), end).astype("datetime64[M]")

    @property
    def average_term(self) -> float | None:
        """The average agreed term of the loans, in years."""
        return ratio(self.parts_of_a_year, self.loans * _PARTS_OF_A_YEAR)

    def over(self, first: np.datetime64, last: np.datetime64) -> Period:
        """The figures of the months from ``first`` through ``last`` as one period."""
        start, end = _month(first), _month(last)
        met = [(came, owed, amount) for (came, owed), amount in self.covered.items()]
        here = [(owed, amount) for came, owed, amount in met if start <= came <= end]
        fell_due = {
            name: _between(getattr(self, name), start, end)
            for name in ("due", "early", "on_time", "late", "received", "overpaid")
        }
        return Period(
            first=first.astype("datetime64[M]"),
            last=last.astype("datetime64[M]"),
            arrears_recovered=sum(amount for owed, amount in here if owed < start),
            current=sum(amount for owed, amount in here if start <= owed <= end),
            advance=sum(amount for owed, amount in here if owed > end) + _between(self.ahead, start, end),
            arrears_before=sum(amount for owed, amount in self.due.items() if owed < start)
            - sum(amount for came, owed, amount in met if came < start and owed < start),
            **fell_due,
        )

    def by_month(self) -> list[Period]:
        """Each month as a period of its own, in order, months in which nothing happened too."""
        return [self.over(month, month) for month in self.months]

    def implied_annual_loss(self, period: Period) -> float | None:
        """The share of its portfolio that a lender loses in a year at the period's current collection rate.

        ``(1 − rate) ÷ T × 2``, T the average term in years: a portfolio is roughly one half of what was lent (Rosenberg
        1999; CGAP Technical Guide 2009, "annual loan-loss rate": loans of 3 months collected to 95 % lose 40 %). Over a
        period long enough that chance evens out, a year or so. None without a rate; a rate above 1 loses nothing.
        """
        rate, term = period.current_collection_rate, self.average_term
        return None if rate is None or not term else max(1 - rate, 0.0) / term * 2


def collections(terms: Terms, receipts: Receipts, as_of: np.datetime64) -> Collections:
    """What a book has collected through a day: ``(loans), Receipts of the same loans``."""
    nothing = Collections(as_of, 0, 0, *({} for _ in range(8)))
    return reduce(add, (_of_slice(terms[rows], receipts[rows], as_of) for rows in slices(terms)), nothing)


def ratio(part: int, whole: int) -> float | None:
    """A share, None of nothing."""
    return part / whole if whole else None


def _of_slice(terms: Terms, receipts: Receipts, as_of: np.datetime64) -> Collections:
    lines, days = schedule(terms), by_day(receipts, as_of)
    stayed = kept(days)
    met = pieces(lines, stayed)
    fell_due = lines.due_on <= as_of
    due_on, received_on = lines.due_on[met.loan, met.number], stayed.received_on[met.receipt]
    due_month, has_fallen = months_of(due_on), due_on <= as_of
    by_due_date = {
        name: tally(due_month[which], met.amount[which])
        for name, which in (
            ("early", has_fallen & (received_on < due_on)),
            ("on_time", has_fallen & (received_on == due_on)),
            ("late", has_fallen & (received_on > due_on)),
        )
    }
    came_in = months_of(received_on)
    return Collections(
        as_of=as_of,
        loans=len(terms.principal),
        parts_of_a_year=int((terms.repayment_period * (_PARTS_OF_A_YEAR // PERIODS_PER_YEAR[terms.frequency])).sum()),
        due=tally(months_of(lines.due_on[fell_due]), lines.due[fell_due]),
        received=tally(months_of(days.received_on), days.amount),
        overpaid=_overpaid(lines.due.sum(-1), stayed),
        ahead=tally(came_in[~has_fallen], met.amount[~has_fallen]),
        covered=tally_pairs(came_in[has_fallen], due_month[has_fallen], met.amount[has_fallen]),
        **by_due_date,
    )


def _overpaid(whole: Integers, stayed: Receipts) -> dict[int, int]:
    beyond = np.clip(stayed.paid_after - whole[stayed.loan], 0, stayed.amount)
    over = beyond > 0
    return tally(months_of(stayed.received_on[over]), beyond[over])


def _month(day: np.datetime64) -> int:
    return int(day.astype("datetime64[M]").astype(np.int64))


def _between(by_month: Mapping[int, int], start: int, end: int) -> int:
    return sum(amount for month, amount in by_month.items() if start <= month <= end)
