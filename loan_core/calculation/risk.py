"""How much of a portfolio is late, by the definition of those who made PAR and by the others in use.

Columns of one currency, voided loans left out. Every figure counts active loans; ratios are over their gross portfolio
unless they say otherwise. The results of disjoint sets of loans add up (``+``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from loan_core.calculation.exposure import Exposure, exposures_on
from loan_core.calculation.money import Integers, ratio, total
from loan_core.calculation.portfolio import AGEING, PAR_DAYS
from loan_core.calculation.position import State
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Terms
from loan_core.calculation.tally import added


@dataclass(frozen=True)
class Definition:
    """One way to say how much is late: its name, its formula, and why it is not PAR."""

    key: str
    name: str
    formula: str
    why: str


DEFINITIONS = (
    Definition(
        "par",
        "Portfolio at risk",
        "whole outstanding principal of loans more than d days past due ÷ gross portfolio",
        "The definition of the CGAP consensus guidelines (2003): once one installment is late, all that is still "
        "owed on the loan is in doubt.",
    ),
    Definition(
        "arrears_rate",
        "Arrears rate",
        "overdue principal ÷ gross portfolio",
        "Only the installments that are late already: it says little at first, when PAR says much, and hides what "
        "the same borrowers have yet to pay.",
    ),
    Definition(
        "loans_at_risk",
        "Loans at risk",
        "number of loans more than d days past due ÷ number of active loans",
        "Each loan weighs the same: it reads low when the large loans are late, and high when the small ones are.",
    ),
    Definition(
        "past_term",
        "Loans past their term",
        "number of loans whose last due date has passed ÷ number of active loans",
        "A loan counts only when its last installment is late: for most of its life a loan that pays nothing is no "
        "risk at all.",
    ),
)
"""PAR first, then the three other definitions in use. Sources: Rosenberg, CGAP Occasional Paper 3 (1999), for the first
two; CGAP Technical Guide "Measuring Results" (2009) for loans at risk; the last is how lenders count who wait for the
end of a loan. Of the four loans of ``published`` they make, for d = 30, 60: 50 and 20 %; 23.5 %; 50 and 25 %; 25 %."""


@dataclass(frozen=True)
class Age:
    """Active loans of one age. ``overdue_principal`` is a part of ``outstanding_principal``: they are never added."""

    loans: int = 0
    outstanding_principal: int = 0
    overdue_principal: int = 0

    def __add__(self, other: "Age") -> "Age":
        return Age(
            self.loans + other.loans,
            self.outstanding_principal + other.outstanding_principal,
            self.overdue_principal + other.overdue_principal,
        )


@dataclass(frozen=True)
class Risk:
    """A book's risk at the end of a day, in minor units.

    ``at_risk`` and ``loans_late`` by days d: the whole outstanding principal, and the number, of the active loans more
    than d days past due. ``ageing`` by bucket, which never overlap. ``past_term``: those whose last due date is past.
    """

    day: np.datetime64
    ageing: Mapping[str, Age]
    at_risk: Mapping[int, int]
    loans_late: Mapping[int, int]
    past_term: Age

    def __add__(self, other: "Risk") -> "Risk":
        if self.day != other.day:
            raise ValueError("Two days are not added.")
        return Risk(
            self.day,
            {name: age + other.ageing[name] for name, age in self.ageing.items()},
            added([self.at_risk, other.at_risk]),
            added([self.loans_late, other.loans_late]),
            self.past_term + other.past_term,
        )

    @property
    def all(self) -> Age:
        """Every active loan: the sum of the buckets. Its outstanding principal is the gross portfolio."""
        return reduce(add, self.ageing.values())

    def share(self, key: str, days: int) -> float | None:
        """The book's figure by one of the ``DEFINITIONS``; None for a book without active loans."""
        whole = self.all
        part, of = {
            "par": (self.at_risk[days], whole.outstanding_principal),
            "arrears_rate": (whole.overdue_principal, whole.outstanding_principal),
            "loans_at_risk": (self.loans_late[days], whole.loans),
            "past_term": (self.past_term.loans, whole.loans),
        }[key]
        return ratio(part, of)


def risks(terms: Terms, receipts: Receipts, days: Sequence[np.datetime64]) -> list[Risk]:
    """A book's risk at the end of each of several days, all from one pass over its schedules."""
    found = [_risk_of(day, Exposure(*np.empty((5, 0), np.int64))) for day in days]
    for _, at in exposures_on(terms, receipts, days):
        found = [so_far + _risk_of(so_far.day, each) for so_far, each in zip(found, at, strict=True)]
    return found


def bucket_of(days_past_due: Integers) -> Integers:
    """The place in ``AGEING`` of each age: ``(n) -> (n)``."""
    return np.searchsorted([start for start, _ in AGEING.values()], days_past_due, side="right") - 1


def _risk_of(day: np.datetime64, at: Exposure) -> Risk:
    at = at[at.state == State.ACTIVE]
    buckets = bucket_of(at.days_past_due)
    return Risk(
        day=day,
        ageing={name: _age_of(at[buckets == place]) for place, name in enumerate(AGEING)},
        at_risk={days: total(at.outstanding_principal[at.days_past_due > days]) for days in PAR_DAYS},
        loans_late={days: int((at.days_past_due > days).sum()) for days in PAR_DAYS},
        past_term=_age_of(at[at.is_past_term.astype(bool)]),
    )


def _age_of(at: Exposure) -> Age:
    return Age(len(at.state), total(at.outstanding_principal), total(at.overdue_principal))
