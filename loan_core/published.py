"""Single figures that others worked out and published, each with its source, and what our arithmetic makes of them."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from loan_core.calculation.collection import collections
from loan_core.calculation.dates import NO_DAY, Frequency, due_dates
from loan_core.calculation.money import share
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.risk import risks
from loan_core.calculation.schedule import Method, Rounding, Terms, agreed_installment, schedule

_FINERACT = "Apache Fineract, ProgressiveEMICalculatorTest"
_WORKSHEET = "Microsoft Excel's documentation of {}"


@dataclass(frozen=True)
class Case:
    """What was published, where, and the question to ask our arithmetic."""

    claim: str
    source: str
    expected: Any
    found: Callable[[], Any]


def _installment(
    principal: int, ppm: int, periods: int, rounding: Rounding = Rounding.HALF_UP, fortnights: bool = False
) -> int:
    frequency = Frequency.EVERY_TWO_WEEKS if fortnights else Frequency.MONTHLY
    return agreed_installment(principal, ppm, periods, frequency, Method.ANNUITY, rounding)


def _terms(principal: int, ppm: int, periods: int, start_on: str = "2026-01-01", first_due_on: Any = NO_DAY) -> Terms:
    monthly = (int(Frequency.MONTHLY), int(Method.ANNUITY))
    installment = _installment(principal, ppm, periods)
    row = (principal, ppm, periods, *monthly, installment, np.datetime64(start_on), np.datetime64(first_due_on))
    return Terms(*(np.array([each]) for each in row))


def _dues(principal: int, ppm: int, periods: int) -> list[int]:
    return [int(each) for each in schedule(_terms(principal, ppm, periods)).due[0]]


def _parts(name: str, principal: int, ppm: int, periods: int, first: int, last: int) -> int:
    """Interest or principal of some installments in cents, worked out in ten-thousandths of a cent."""
    lines = schedule(_terms(principal * 10**4, ppm, periods))
    return int(share(getattr(lines, name)[0, first - 1 : last].sum(), 1, 10**4))


def _first_days(anchor: str, count: int) -> list[str]:
    on = due_dates(np.datetime64(anchor), np.datetime64(anchor), np.int64(Frequency.MONTHLY), np.arange(1, count + 1))
    return [str(each) for each in on]


def _annual_rate(principal: int, payment: int, periods: int) -> str:
    """The nominal rate a year, in percent to two decimals, at which a payment repays a loan: by halving.

    In ten-thousandths of a cent, so that the rounding of an installment decides nothing.
    """
    low, high = 0, 12_000_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (middle, high) if _installment(principal * 10**4, middle, periods) <= payment * 10**4 else (low, middle)
        )
    return f"{float(Fraction(low, 10_000)):.2f}"


def _worked_check() -> list[float | None]:
    """Four loans without interest, worked out by hand: PAR30, the arrears rate, and one of four loans past its term."""
    as_of = np.datetime64("2026-06-02")
    lent = ((900_00, 9, -5), (600_00, 12, 45), (400_00, 1, 100), (100_00, 5, 10))
    rows = [_terms(principal, 0, periods, "2026-01-01", as_of - late) for principal, periods, late in lent]
    names = Terms.__dataclass_fields__
    book = Terms(**{name: np.concatenate([getattr(row, name) for row in rows]) for name in names})
    # Quarters, so that nothing else of the loans has fallen due.
    book.frequency[:] = Frequency.QUARTERLY
    (found,) = risks(book, _nothing_received(len(lent)), [as_of])
    return [found.share("par", 30), found.share("arrears_rate", 30), found.share("past_term", 30)]


def _annual_loss() -> float | None:
    """Loans of three months of which 95 of 100 come in."""
    as_of = np.datetime64("2026-04-30")
    receipts = Receipts.of(np.zeros(1, np.int64), np.array(["2026-04-01"], "M8[D]"), np.array([285_00]), loans=1)
    found = collections(_terms(300_00, 0, 3), receipts, as_of)
    loss = found.implied_annual_loss(found.over(np.datetime64("2026-01"), np.datetime64("2026-04")))
    return None if loss is None else round(loss, 9)


def _nothing_received(loans: int) -> Receipts:
    none = np.empty(0, np.int64)
    return Receipts.of(none, none.astype("M8[D]"), none, loans)


CASES = (
    Case(
        "24 monthly payments of 230 on 5,000 have an annual percentage rate of 9.69%",
        "12 CFR 1026 (Regulation Z), Appendix J (c)(1)(i)",
        "9.69",
        lambda: _annual_rate(5_000_00, 230_00, 24),
    ),
    Case(
        "10,000 at 8% a year over 10 months is repaid by 1,037.03 a month",
        _WORKSHEET.format("PMT"),
        1_037_03,
        lambda: _installment(10_000_00, 80_000, 10),
    ),
    Case(
        "The last of 3 yearly payments on 8,000 at 10% bears 292.45 of interest",
        _WORKSHEET.format("IPMT"),
        292_45,
        lambda: _parts("interest", 8_000_00, 1_200_000, 3, 3, 3),
    ),
    Case(
        "The first of 24 monthly payments on 2,000 at 10% a year repays 75.62",
        _WORKSHEET.format("PPMT"),
        75_62,
        lambda: _parts("principal", 2_000_00, 100_000, 24, 1, 1),
    ),
    Case(
        "A loan of 125,000 at 9% over 30 years bears 11,135.23 of interest in its second year",
        _WORKSHEET.format("CUMIPMT"),
        11_135_23,
        lambda: _parts("interest", 125_000_00, 90_000, 360, 13, 24),
    ),
    Case(
        "The same loan repays 934.11 in its second year",
        _WORKSHEET.format("CUMPRINC"),
        934_11,
        lambda: _parts("principal", 125_000_00, 90_000, 360, 13, 24),
    ),
    Case(
        "100.00 at 9.4822% over 6 months is repaid by 17.13 a month",
        _FINERACT,
        17_13,
        lambda: _installment(100_00, 94_822, 6),
    ),
    Case("1,000.00 without interest is four times 250.00", _FINERACT, [250_00] * 4, lambda: _dues(1_000_00, 0, 4)),
    Case(
        "1,000 whole units in 6 parts are five of 167, and the last takes the 165 that are left",
        "Apache Fineract, Loan.feature",
        [167] * 5 + [165],
        lambda: _dues(1_000, 0, 6),
    ),
    Case(
        "From 31 January on, the last day of each month, 29 February in a leap year",
        "Apache Fineract, validateSeedDate31",
        ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"],
        lambda: _first_days("2024-01-31", 4),
    ),
    Case(
        "100,000 at 4.5% over 60 months is repaid by 1,864.30 a month",
        "OCA account-financial-tools, account_loan",
        1_864_30,
        lambda: _installment(100_000_00, 45_000, 60),
    ),
    Case(
        "5,000.00 at 12.61% over 36 months is 167.54 a month, rounded up",
        "LendingClub by OpenIntro, loans_full_schema, row 2",
        167_54,
        lambda: _installment(5_000_00, 126_100, 36, Rounding.UP),
    ),
    Case(
        "Of 2,000 on four loans, 50% are at risk for more than 30 days, 23.5% are overdue, and one loan in "
        "four is past its term",
        "the definitions of CGAP, Microfinance Consensus Guidelines, 2003; the example is ours",
        [0.5, 0.235, 0.25],
        _worked_check,
    ),
    Case(
        "Loans of 3 months collected to 95% lose 40% of the portfolio in a year",
        'Rosenberg, "Is 95% a Good Collection Rate?", CGAP',
        0.4,
        _annual_loss,
    ),
)
