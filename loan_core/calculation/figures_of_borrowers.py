"""Who owes most, explained: the share of the largest borrowers together, and of one of them."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import numpy as np

from loan_core.calculation.money import Integers
from loan_core.calculation.of_each import Figure, Loans

_SHARE: Any = {
    "part_name": "Owed by them",
    "whole_name": "Outstanding principal",
    "whole": attrgetter("outstanding_principal"),
    "group": "Largest borrowers",
}
_AS_WRITTEN = "A borrower is a name as it is written; a loan without one stands for itself."


def of_borrowers() -> Iterator[Figure]:
    """The share of those who owe most."""
    yield Figure(
        key="largest_borrowers",
        name="Owed by the ten largest borrowers",
        definition="The outstanding principal of the active loans of the ten borrowers who owe most, as a share of the "
        f"gross portfolio. {_AS_WRITTEN}",
        formula="outstanding principal of the ten largest borrowers ÷ gross portfolio",
        part=lambda loans: loans.is_of_the_largest * loans.outstanding_principal,
        of_the_largest=True,
        **_SHARE,
    )


def borrower(key: str) -> Figure | None:
    """What one borrower owes, ``borrower_Amara``, or what is owed on a loan without a name, ``loan_7``; else None."""
    kind, _, of = key.partition("_")
    if not of or kind not in ("borrower", "loan") or (kind == "loan" and not (of.isdecimal() and len(of) < 19)):
        return None
    who: str | int = int(of) if kind == "loan" else of

    def owed(loans: Loans) -> Integers:
        return np.array([each == who for each in loans.borrowers()], np.int64) * loans.outstanding_principal

    return Figure(
        key=key,
        name=f"Owed by {of}" if kind == "borrower" else "Owed on a loan without a borrower's name",
        definition="The outstanding principal of a borrower's active loans, as a share of the gross portfolio. "
        f"{_AS_WRITTEN}",
        formula="outstanding principal of this borrower ÷ gross portfolio",
        part=owed,
        **_SHARE,
    )
