"""What a period collected, explained: its sums, then its rates."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from loan_core.calculation.of_each import Figure

ROSENBERG = "R. Rosenberg, Measuring Microcredit Delinquency, CGAP Occasional Paper 3, 1999"

_COLLECTED = {
    "What fell due": {
        "due": ("Fell due", "What first fell due in the period.", "installments whose due date lies in the period"),
        "early": (
            "Early",
            "What fell due in the period and was paid before its due date.",
            "money that covered installments due in the period and came in before the due date",
        ),
        "on_time": (
            "On time",
            "What fell due in the period and was paid on its due date.",
            "money that covered installments due in the period and came in on the due date",
        ),
        "late": (
            "Late",
            "What fell due in the period and was paid after its due date, by the day.",
            "money that covered installments due in the period and came in after the due date",
        ),
        "unpaid": (
            "Unpaid",
            "What fell due in the period and is unpaid on the day.",
            "fell due − early − on time − late",
        ),
    },
    "What came in": {
        "received": (
            "Received",
            "What came in in the period, less what went back in it.",
            "repayments received in the period, reversals with their minus sign",
        ),
        "arrears_recovered": (
            "Arrears recovered",
            "What came in in the period for what had fallen due before it.",
            "money of the period that covered installments due before it",
        ),
        "current": (
            "Of the period",
            "What came in in the period for what fell due in it.",
            "money of the period that covered installments due in it",
        ),
        "advance": (
            "In advance",
            "What came in in the period for what falls due after it.",
            "money of the period that covered installments due after it",
        ),
        "overpaid": (
            "Overpaid",
            "What came in in the period beyond all that its loans ever owe.",
            "money of the period that covered no installment",
        ),
        "taken_back": (
            "Taken back",
            "Money of the period that went back in a later one, less money of an earlier one that went back in this. "
            "It has paid for nothing.",
            "received − arrears recovered − of the period − in advance − overpaid",
        ),
    },
}
"""What a period has of what fell due, and of what came in: its name, what it means, how it is made."""


def of_a_period() -> Iterator[Figure]:
    """The figures of a period of calendar months, and that of a period of days."""
    yield from _sums()
    yield from _rates()
    yield Figure(
        key="on_time_collection",
        name="On-time collection",
        definition="Of what fell due in these days, the share that had been paid by the end of its due date. What went "
        "back later counts as it stood that day.",
        formula="paid by its due date ÷ fell due",
        part_name="Paid in time",
        part=lambda loans: loans.between[1],
        whole_name="Fell due",
        whole=lambda loans: loans.between[0],
        period="days",
        source=ROSENBERG,
    )


def _sums() -> Iterator[Figure]:
    """What fell due in months, what came in, and what was open before them."""
    for group, figures in _COLLECTED.items():
        for key, (name, definition, formula) in figures.items():
            yield Figure(
                key=key,
                name=name,
                definition=definition,
                formula=formula,
                part_name=name,
                part=attrgetter(f"collected.{key}"),
                period="months",
                group=group,
            )
    yield Figure(
        key="arrears_before",
        name="Arrears before",
        definition="What had fallen due before the period and was unpaid when it began.",
        formula="what fell due before the period, less what had covered it by then, summed over loans",
        part_name="Arrears before",
        part=attrgetter("collected.arrears_before"),
        period="months",
    )


def _rates() -> Iterator[Figure]:
    """The three rates of collection of months."""
    rate: Any = {"period": "months", "group": "Collection rates"}
    of_due: Any = {"whole_name": "Fell due", "whole": attrgetter("collected.due"), **rate}
    yield Figure(
        key="on_time_rate",
        name="On-time rate",
        definition="Of what first fell due in the period, the share paid on or before its due date. What went back "
        "since has paid nothing.",
        formula="(early + on time) ÷ fell due",
        part_name="Paid in time",
        part=lambda loans: loans.collected.early + loans.collected.on_time,
        source=ROSENBERG,
        **of_due,
    )
    yield Figure(
        key="current_collection_rate",
        name="Current collection rate",
        definition="All received in the period, less advance payments, over what first fell due in it. Arrears that "
        "came in count: it may exceed 100%. What went back since does not.",
        formula="(arrears recovered + received of the period) ÷ fell due",
        part_name="Received, less advances",
        part=lambda loans: loans.collected.arrears_recovered + loans.collected.current,
        source=ROSENBERG,
        **of_due,
    )
    yield Figure(
        key="clean_up_rate",
        name="Clean-up rate",
        definition="Of what was in arrears when the period began, the share recovered in it.",
        formula="arrears recovered ÷ arrears before",
        part_name="Arrears recovered",
        part=attrgetter("collected.arrears_recovered"),
        source="The clean-up report is Rosenberg's (1999); the ratio is this book's own",
        whole_name="Arrears before",
        whole=attrgetter("collected.arrears_before"),
        **rate,
    )
