"""The figures that cards and bars show: what each means, how it is made, and what every loan has in it.

A figure is the sum of a column over loans, a share is one such sum over another. Columns of one currency, voided loans
left out. The pages' own answers are made elsewhere, by sums of whole books; that the two agree is a test of each.
"""

from collections.abc import Iterator
from functools import partial
from operator import attrgetter
from typing import Any

from loan_core.calculation.figures_of_a_period import ROSENBERG, of_a_period
from loan_core.calculation.figures_of_borrowers import borrower, of_borrowers
from loan_core.calculation.figures_of_lateness import move, of_lateness, vintage
from loan_core.calculation.figures_of_the_spread import of_the_spread
from loan_core.calculation.money import Integers
from loan_core.calculation.of_each import Figure, Loans
from loan_core.calculation.portfolio import AGES_SAID, PAR_DAYS
from loan_core.calculation.position import Status
from loan_core.calculation.risk import DEFINITIONS
from loan_core.calculation.words import counted

CGAP = "CGAP, Microfinance Consensus Guidelines, 2003"
GUIDE = "CGAP Technical Guide, Measuring Results of Microfinance Institutions, 2009"


def _of_age(bucket: str, column: str, loans: Loans) -> Integers:
    return loans.is_of_age(bucket) * getattr(loans, column)


def _is_of(status: Status, loans: Loans) -> Integers:
    return loans.is_of(status)


def _is_later_than(days: int, loans: Loans) -> Integers:
    return loans.is_later_than(days)


def _at_risk(days: int, loans: Loans) -> Integers:
    return loans.is_later_than(days) * loans.outstanding_principal


def _of_the_day() -> Iterator[Figure]:
    """What loans come to on a day."""
    yield Figure(
        key="gross_portfolio",
        name="Gross portfolio",
        definition="The outstanding principal of active loans.",
        formula="outstanding principal, summed over active loans",
        part_name="Outstanding principal",
        part=attrgetter("outstanding_principal"),
        source=CGAP,
    )
    yield Figure(
        key="active_loans",
        name="Active loans",
        definition="Loans that have started and are not paid off.",
        formula="number of active loans",
        part_name="Active loans",
        part=attrgetter("is_active"),
        unit="loans",
    )
    yield Figure(
        key="arrears",
        name="Arrears",
        definition="What fell due before the day and is unpaid. The due date itself is day 0: nobody is late on it.",
        formula="installments that fell due before the day, less what was paid, where that is less",
        part_name="Arrears",
        part=attrgetter("at.arrears"),
    )
    yield Figure(
        key="loans_in_arrears",
        name="Loans in arrears",
        definition="Loans of which anything fell due before the day and is unpaid.",
        formula="number of loans with arrears",
        part_name="Loans in arrears",
        part=attrgetter("is_in_arrears"),
        unit="loans",
    )
    for key, name, definition in (
        ("expected_paid", "Expected", "What fell due through the day, since each loan began."),
        ("total_amount_paid", "Received", "What came in through the day, less what went back, since each loan began."),
    ):
        yield Figure(
            key=key,
            name=f"{name} in all",
            definition=definition,
            formula=f"{name.lower()} through the day, summed over loans",
            part_name=name,
            part=attrgetter(f"at.{key}"),
            group="Expected and received",
        )


def _of_status() -> Iterator[Figure]:
    """How many loans are of each status."""
    for status, which in (
        (
            Status.BEHIND,
            "active loans on which less than {behind_percent}% of what was expected before the day is paid",
        ),
        (Status.ON_TRACK, "active loans that are neither Behind nor Ahead"),
        (
            Status.AHEAD,
            "active loans on which at least {ahead_percent}% of what was expected by the day is paid",
        ),
    ):
        word = status.name.replace("_", " ").title()
        yield Figure(
            key=status.name.lower(),
            name=word,
            definition=f"Active loans that are {word} on the day.",
            formula=f"number of {which}",
            part_name=word,
            part=partial(_is_of, status),
            unit="loans",
            group="Status",
        )


def _of_age_buckets() -> Iterator[Figure]:
    """The bars of ageing: what is outstanding at each age, and the overdue part of it."""
    for bucket, said in AGES_SAID.items():
        yield Figure(
            key=f"age_{bucket}",
            name=said.capitalize(),
            definition=f"The whole outstanding principal of active loans with {said}."
            if bucket == "current"
            else f"The whole outstanding principal of active loans that are {said}.",
            formula="outstanding principal, summed over active loans of this age",
            part_name="Outstanding principal",
            part=partial(_of_age, bucket, "outstanding_principal"),
            source=CGAP,
            group="Past due, by age",
        )
    for bucket, said in list(AGES_SAID.items())[1:]:
        yield Figure(
            key=f"overdue_{bucket}",
            name=f"Overdue, {said}",
            definition=f"The principal within the arrears of active loans that are {said}: a part of what is "
            "outstanding on them, never added to it.",
            formula="overdue principal, summed over active loans of this age",
            part_name="Overdue principal",
            part=partial(_of_age, bucket, "overdue_principal"),
            group="The overdue part, by age",
        )


_OF_PORTFOLIO: Any = {"whole_name": "Outstanding principal", "whole": attrgetter("outstanding_principal")}


def _of_risk() -> Iterator[Figure]:
    """Portfolio at risk."""
    par = DEFINITIONS[0]
    for days in PAR_DAYS:
        over = counted(days, "day")
        yield Figure(
            key=f"par_{days}",
            name=f"PAR {days}",
            definition=f"Portfolio at risk: the whole outstanding principal of loans more than {over} past due, as a "
            "share of the gross portfolio.",
            formula=par.formula.replace("d days", over),
            part_name="At risk",
            part=partial(_at_risk, days),
            source=CGAP,
            group="Portfolio at risk",
            **_OF_PORTFOLIO,
        )


def _of_other_definitions() -> Iterator[Figure]:
    """What others call portfolio at risk."""
    _, arrears_rate, loans_at_risk, past_term = DEFINITIONS
    of_loans: Any = {
        "whole_name": "Active loans",
        "whole": attrgetter("is_active"),
        "unit": "loans",
        "group": "The other definitions in use",
    }
    yield Figure(
        key=arrears_rate.key,
        name=arrears_rate.name,
        definition=f"The overdue part of the principal, as a share of the gross portfolio. {arrears_rate.why}",
        formula=arrears_rate.formula,
        part_name="Overdue principal",
        part=attrgetter("overdue_principal"),
        source=ROSENBERG,
        group="The other definitions in use",
        **_OF_PORTFOLIO,
    )
    yield Figure(
        key=loans_at_risk.key,
        name=loans_at_risk.name,
        definition=f"Loans more than 30 days past due, as a share of the number of active loans. {loans_at_risk.why}",
        formula=loans_at_risk.formula.replace("d days", "30 days"),
        part_name="Late",
        part=partial(_is_later_than, 30),
        source=GUIDE,
        **of_loans,
    )
    yield Figure(
        key=past_term.key,
        name=past_term.name,
        definition=f"Active loans whose last due date has passed, as a share of all. {past_term.why}",
        formula=past_term.formula,
        part_name="Past its term",
        part=attrgetter("is_past_term"),
        **of_loans,
    )


FIGURES = {
    figure.key: figure
    for figures in (
        _of_the_day(),
        _of_status(),
        _of_age_buckets(),
        _of_risk(),
        _of_other_definitions(),
        of_a_period(),
        of_the_spread(),
        of_borrowers(),
        of_lateness(),
    )
    for figure in figures
}
"""Every figure by its key, but for those of which there is one for each cell of a map and each borrower."""


def figure_of(key: str) -> Figure | None:
    """The figure of a key, listed or made from it; None where there is no such figure."""
    return FIGURES.get(key) or vintage(key) or move(key) or borrower(key)
