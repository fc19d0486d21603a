"""What fell due and what came in, month by month, and how the two met.

Months are calendar months of a year. The month that ``as_of`` lies in is counted through ``as_of``: what falls due
after that day has not fallen due, and money for it is an advance payment. Columns of one currency, voided loans left
out; the results of disjoint sets of loans add up (``+``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property, reduce
from operator import add
from typing import NamedTuple

import numpy as np

from loan_core.calculation.dates import PERIODS_PER_YEAR
from loan_core.calculation.money import Integers, ratio, sums_by
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
    what falls due after it, ``overpaid`` nothing. Money that was taken back by ``as_of``
    has covered nothing, and it is what came in last that is taken back: ``taken_back`` is what the period received of
    such money, less what it gave back; 0 over the whole life of a book. ``arrears_before`` is what had fallen due
    before the period and was unpaid when it began.

    Each sum is a number; of ``collected_of_each`` it is ``(loans)``, and there the rates are not asked for.
    """

    first: np.datetime64
    last: np.datetime64
    due: Integers
    early: Integers
    on_time: Integers
    late: Integers
    received: Integers
    arrears_recovered: Integers
    current: Integers
    advance: Integers
    overpaid: Integers
    arrears_before: Integers

    @property
    def unpaid(self) -> Integers:
        return self.due - self.early - self.on_time - self.late

    @property
    def taken_back(self) -> Integers:
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
        came, owed, amount = self._met
        covered = {name: sum(amount[which].tolist()) for name, which in _met_in(came, owed, start, end).items()}
        fell_due_before = sum(amount for month, amount in self.due.items() if month < start)
        return Period(
            first=first.astype("datetime64[M]"),
            last=last.astype("datetime64[M]"),
            arrears_recovered=covered["arrears"],
            current=covered["current"],
            advance=covered["advance"] + _between(self.ahead, start, end),
            arrears_before=fell_due_before - covered["before"],
            **{name: _between(getattr(self, name), start, end) for name in _BY_MONTH},
        )

    @cached_property
    def _met(self) -> tuple[Integers, Integers, Integers]:
        """``covered`` as columns: the month of receipt, that of the due date, and the amount."""
        pairs = np.array([*self.covered], np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1], np.array([*self.covered.values()], object)

    def by_month(self) -> list[Period]:
        """Each month as a period of its own, in order, months in which nothing happened too."""
        return [self.over(month, month) for month in self.months]

    def implied_annual_loss(self, period: Period) -> float | None:
        """The share of its portfolio that a lender loses in a year at the period's current collection rate.

        ``(1 − rate) ÷ T × 2``, T the average term in years: what is lent in a year is the portfolio times 2 ÷ T, as a
        portfolio is roughly one half of what was lent (Rosenberg 1999, in his abstract), and 1 − rate of it is lost. So
        R. Rosenberg in "Is 95% a Good Collection Rate?", CGAP: loans of 3 months, collected to 95 %, lose almost 40 %.
        Over a period in which chance evens out, a year or so. None without a rate; a rate above 1 loses nothing.
        """
        rate, term = period.current_collection_rate, self.average_term
        return None if rate is None or not term else max(1 - rate, 0.0) / term * 2


def collections(terms: Terms, receipts: Receipts, as_of: np.datetime64) -> Collections:
    """What a book has collected through a day: ``(loans), Receipts of the same loans``."""
    nothing = Collections(as_of, 0, 0, *({} for _ in range(8)))
    return reduce(add, (_of_slice(terms[rows], receipts[rows], as_of) for rows in slices(terms)), nothing)


def collected_of_each(
    terms: Terms, receipts: Receipts, as_of: np.datetime64, first: np.datetime64, last: np.datetime64
) -> Period:
    """The same figures of the months from ``first`` through ``last``, loan by loan: ``(loans) -> (loans)``."""
    sums = [each.name for each in fields(Period) if each.name not in ("first", "last")]
    found = {name: np.zeros(len(receipts), np.int64) for name in sums}
    for rows in slices(terms):
        part = _flows(terms[rows], receipts[rows], as_of).of_each(_month(first), _month(last))
        for name, column in part.items():
            found[name][rows] = column
    return Period(first=first.astype("datetime64[M]"), last=last.astype("datetime64[M]"), **found)


_BY_MONTH = ("due", "early", "on_time", "late", "received", "overpaid")
"""What a period has of the months that it is made of."""


def _met_in(came: Integers, owed: Integers, start: int, end: int) -> dict[str, Integers]:
    """Which money for what has fallen due covered, in a period of months, arrears, what fell due in it or after it.

    ``before``: which covered, before the period, what had fallen due before it. By the months of receipt and of the
    due date: ``(n), (n) -> (n)``.
    """
    came_in = (start <= came) & (came <= end)
    return {
        "arrears": came_in & (owed < start),
        "current": came_in & (start <= owed) & (owed <= end),
        "advance": came_in & (owed > end),
        "before": (came < start) & (owed < start),
    }


class _Flow(NamedTuple):
    """Amounts of loans in months, one a row: ``(n)`` each."""

    loan: Integers
    month: Integers
    amount: Integers

    def tally(self) -> dict[int, int]:
        return tally(self.month, self.amount)

    def of_each(self, loans: int, which: Integers) -> Integers:
        return sums_by(self.loan[which], self.amount[which], loans)

    def between(self, loans: int, start: int, end: int) -> Integers:
        return self.of_each(loans, (start <= self.month) & (self.month <= end))


@dataclass(frozen=True)
class _Flows:
    """What of loans fell due, came in, and how the two met: by month, or loan by loan in a period of months.

    ``by_month`` and ``ahead`` as in ``Collections``; ``covered`` is by the month of receipt, ``owed`` beside it is the
    month of the due date.
    """

    loans: int
    by_month: Mapping[str, _Flow]
    ahead: _Flow
    covered: _Flow
    owed: Integers

    def of_each(self, start: int, end: int) -> dict[str, Integers]:
        """The sums of a ``Period``, each ``(loans)``."""
        met = _met_in(self.covered.month, self.owed, start, end)
        covered = {name: self.covered.of_each(self.loans, which) for name, which in met.items()}
        due = self.by_month["due"]
        return {
            "arrears_recovered": covered["arrears"],
            "current": covered["current"],
            "advance": covered["advance"] + self.ahead.between(self.loans, start, end),
            "arrears_before": due.of_each(self.loans, due.month < start) - covered["before"],
            **{name: self.by_month[name].between(self.loans, start, end) for name in _BY_MONTH},
        }


def _of_slice(terms: Terms, receipts: Receipts, as_of: np.datetime64) -> Collections:
    flows = _flows(terms, receipts, as_of)
    return Collections(
        as_of=as_of,
        loans=len(terms.principal),
        parts_of_a_year=int((terms.repayment_period * (_PARTS_OF_A_YEAR // PERIODS_PER_YEAR[terms.frequency])).sum()),
        ahead=flows.ahead.tally(),
        covered=tally_pairs(flows.covered.month, flows.owed, flows.covered.amount),
        **{name: flow.tally() for name, flow in flows.by_month.items()},
    )


def _flows(terms: Terms, receipts: Receipts, as_of: np.datetime64) -> _Flows:
    lines, days = schedule(terms), by_day(receipts, as_of)
    stayed = kept(days)
    met = pieces(lines, stayed)
    row, number = np.nonzero(lines.due_on <= as_of)
    due_on, received_on = lines.due_on[met.loan, met.number], stayed.received_on[met.receipt]
    due_month, came_in, has_fallen = months_of(due_on), months_of(received_on), due_on <= as_of

    def part(month: Integers, which: Integers) -> _Flow:
        return _Flow(met.loan[which], month[which], met.amount[which])

    return _Flows(
        loans=len(lines.due),
        by_month={
            "due": _Flow(row, months_of(lines.due_on[row, number]), lines.due[row, number]),
            "early": part(due_month, has_fallen & (received_on < due_on)),
            "on_time": part(due_month, has_fallen & (received_on == due_on)),
            "late": part(due_month, has_fallen & (received_on > due_on)),
            "received": _Flow(days.loan, months_of(days.received_on), days.amount),
            "overpaid": _overpaid(lines.due.sum(-1), stayed),
        },
        ahead=part(came_in, ~has_fallen),
        covered=part(came_in, has_fallen),
        owed=due_month[has_fallen],
    )


def _overpaid(whole: Integers, stayed: Receipts) -> _Flow:
    beyond = np.clip(stayed.paid_after - whole[stayed.loan], 0, stayed.amount)
    over = beyond > 0
    return _Flow(stayed.loan[over], months_of(stayed.received_on[over]), beyond[over])


def _month(day: np.datetime64) -> int:
    return int(day.astype("datetime64[M]").astype(np.int64))


def _between(by_month: Mapping[int, int], start: int, end: int) -> int:
    return sum(amount for month, amount in by_month.items() if start <= month <= end)
