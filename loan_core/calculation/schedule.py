"""From terms to installments. One builder for every method, one loan or a book of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from math import gcd

import numpy as np

from loan_core.calculation.columns import Columns
from loan_core.calculation.dates import NO_DAY, PERIODS_PER_YEAR, due_dates
from loan_core.calculation.money import Integers, share, share_up

MILLION = 10**6
_CELLS_AT_ONCE = 500_000


class Method(IntEnum):
    """How principal and interest are spread over the installments."""

    ANNUITY = 0
    EQUAL_PRINCIPAL = 1
    INTEREST_ONLY = 2
    FLAT = 3


class Rounding(IntEnum):
    """How an installment that follows from a formula becomes whole minor units."""

    HALF_UP = 0
    UP = 1


@dataclass(frozen=True)
class Terms(Columns):
    """What was agreed: each field a value (one loan) or a column (a book), all of one shape ``(...)``.

    ``principal`` and ``installment`` in minor units, ``annual_rate_ppm`` in parts per million a year, ``frequency``,
    ``method`` as their enumerations' values; ``first_due_on`` is NaT where it follows from ``start_on``.
    """

    principal: Integers
    annual_rate_ppm: Integers
    repayment_period: Integers
    frequency: Integers
    method: Integers
    installment: Integers
    start_on: Integers
    first_due_on: Integers


@dataclass(frozen=True)
class Schedule(Columns):
    """Installments: each field ``(..., n)``, n the longest loan's; past its last a loan owes 0 on NaT."""

    due_on: Integers
    interest: Integers
    principal: Integers

    @property
    def due(self) -> Integers:
        return self.interest + self.principal

    @property
    def balance(self) -> Integers:
        """The principal that is left after each installment."""
        return self.principal.sum(-1, keepdims=True) - self.principal.cumsum(-1)


def schedule(terms: Terms) -> Schedule:
    """Every installment that the terms come to: ``(...) -> (..., n)``, Σ principal = the amount lent, always.

    Interest of a period is ``balance × rate ÷ periods a year``, rounded half up once; flat interest is one sum on the
    amount lent, spread evenly. The last installment takes what is left.
    """
    periods, numbers = terms.repayment_period, np.arange(1, int(np.max(terms.repayment_period, initial=0)) + 1)
    due_on = due_dates(terms.start_on, terms.first_due_on, terms.frequency, numbers)
    interest, principal = np.empty((2, len(numbers), *np.shape(periods)), dtype=np.int64)

    a_year, is_flat = _rate_denominator(terms.frequency), terms.method == Method.FLAT
    falling_rate = terms.annual_rate_ppm * (1 - is_flat)
    flat_left = _flat_interest(terms) * is_flat
    flat_part = share(flat_left, 1, periods)
    is_equal = terms.method == Method.EQUAL_PRINCIPAL
    level = terms.installment - first_interest(terms) * is_equal
    left = terms.principal
    for k in range(len(numbers)):
        is_last = k >= periods - 1
        flat_now = _part(flat_part, flat_left, is_last)
        interest[k] = share(left, falling_rate, a_year) + flat_now
        principal[k] = _part(level - interest[k] * (1 - is_equal), left, is_last)
        flat_left = flat_left - flat_now
        left = left - principal[k]
    due_on[numbers > np.asarray(periods)[..., None]] = NO_DAY
    return Schedule(
        due_on=due_on,
        interest=np.moveaxis(interest, 0, -1),
        principal=np.moveaxis(principal, 0, -1),
    )


def slices(terms: Terms) -> Iterator[Integers]:
    """Rows of a book, longest loans first: as many at once as keep a table of (loans, installments) small, and full."""
    order = np.argsort(-terms.repayment_period, kind="stable")
    periods = terms.repayment_period[order]
    start = 0
    while start < len(order):
        longest = int(periods[start])
        # Past a loan's last installment the table holds nothing: much shorter loans come in a table of their own.
        end = int(np.searchsorted(-periods, -(3 * longest // 4), side="right"))
        end = min(end, start + max(1, _CELLS_AT_ONCE // longest))
        yield order[start:end]
        start = end


def first_interest(terms: Terms) -> Integers:
    """The interest of the first period; a stated installment must exceed it, else the loan is never repaid."""
    is_flat = terms.method == Method.FLAT
    falling = share(terms.principal, terms.annual_rate_ppm, _rate_denominator(terms.frequency))
    return falling * (1 - is_flat) + share(_flat_interest(terms), 1, terms.repayment_period) * is_flat


def agreed_installment(
    principal: int, annual_rate_ppm: int, repayment_period: int, frequency: int, method: int, rounding: int
) -> int:
    """The level installment of one loan, in minor units, exact: no float comes near it.

    Annuity: ``P·i ÷ (1 − (1+i)^−n)``, ``P ÷ n`` at rate 0. Flat: principal and interest ÷ n. Equal principal: the
    first installment, the largest. Interest only: the interest of one period.
    """
    whole = share_up if rounding == Rounding.UP else share
    a_year = int(PERIODS_PER_YEAR[frequency]) * MILLION
    interest: int = share(principal, annual_rate_ppm, a_year)
    if method == Method.INTEREST_ONLY:
        return interest
    if method == Method.EQUAL_PRINCIPAL:
        return int(whole(principal, 1, repayment_period)) + interest
    if method == Method.FLAT:
        return int(whole(principal + share(principal, annual_rate_ppm * repayment_period, a_year), 1, repayment_period))
    return int(whole(principal, *_annuity_factor(annual_rate_ppm, a_year, repayment_period)))


@lru_cache(maxsize=4096)
def _annuity_factor(rate: int, a_year: int, periods: int) -> tuple[int, int]:
    """``i ÷ (1 − (1+i)^−n)`` for i = rate ÷ a_year, as an exact fraction; loans of one book share most of theirs."""
    if rate == 0:
        return 1, periods
    common = gcd(rate, a_year)
    step, base = rate // common, a_year // common
    grown = (base + step) ** periods
    return step * grown, base * (grown - base**periods)


def _part(each: Integers, left: Integers, is_last: Integers) -> Integers:
    """An equal part of what is left, never more than that; the last part takes it all."""
    return np.minimum(np.where(is_last, left, each), left)


def _flat_interest(terms: Terms) -> Integers:
    return share(terms.principal, terms.annual_rate_ppm * terms.repayment_period, _rate_denominator(terms.frequency))


def _rate_denominator(frequency: Integers) -> Integers:
    return PERIODS_PER_YEAR[frequency] * MILLION
