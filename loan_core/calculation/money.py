"""Money is whole minor units, and is rounded in one place.

Every amount below a door is an ``int`` or an ``int64`` array, in the smallest unit of its currency (ISO 4217).
"""

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

# An int, or an int64 array of any shape; what comes out has the shape that went in, which NumPy's types cannot say.
Integers: TypeAlias = Any

LARGEST = 10**13
"""No loan and no repayment is larger, in minor units: so no product below leaves int64."""

LARGEST_INSTALLMENT = 4 * LARGEST
"""The largest loan with a quarter's interest at the highest rate, 12 a year, paid back at once."""


_LOWER_HALF = 2**32 - 1


def share(amount: Integers, numerator: Integers, denominator: Integers) -> Integers:
    """``amount × numerator ÷ denominator``, rounded half up once: any shapes that broadcast, all ≥ 0.

    Divided first, so that no product leaves int64 where ``denominator × numerator`` is at most 4·10^18.
    """
    whole, rest = amount // denominator, amount % denominator
    return whole * numerator + (2 * rest * numerator + denominator) // (2 * denominator)


def share_up(amount: Integers, numerator: Integers, denominator: Integers) -> Integers:
    """As ``share``, but always rounded up to the next minor unit."""
    whole, rest = amount // denominator, amount % denominator
    return whole * numerator + (rest * numerator + denominator - 1) // denominator


def total(column: Integers) -> Any:
    """The sum of at most 2^31 amounts, exact beyond int64 too: ``(..., n) -> (...)``, Python's ``int``."""
    column = np.asarray(column, dtype=np.int64)
    if _largest(column) * column.shape[-1] < 2**63:
        return column.sum(-1).astype(object)
    return whole(np.stack([(column >> 32).sum(-1), (column & _LOWER_HALF).sum(-1)]))


def count(which: Integers) -> Any:
    """How many there are: ``(..., n) -> (...)`` of Python's ``int``."""
    return which.sum(-1).astype(object)


def sums_by(place: Integers, amount: Integers, places: int) -> Integers:
    """The sum of the amounts at each of so many places: ``(n), (n) -> (places)``, exact where the sums fit int64."""
    # A float holds every whole number to 2^53.
    if _largest(amount) * len(amount) < 2**53:
        return np.bincount(place, amount, places).astype(np.int64)
    sums = np.zeros(places, dtype=np.int64)
    np.add.at(sums, place, amount)
    return sums


def parts_by(place: Integers, amount: Integers, places: int) -> Integers:
    """The same in two parts, so that the sums of 2^31 amounts are exact beyond int64 too: ``(n), (n) -> (2, places)``.

    ``whole`` makes one number of the parts, and of the sums of parts.
    """
    if _largest(amount) * len(amount) < 2**63:
        sums = sums_by(place, amount, places)
        return np.stack([sums >> 32, sums & _LOWER_HALF])
    halves = (amount >> 32, amount & _LOWER_HALF)
    return carried(np.stack([sums_by(place, half, places) for half in halves]))


def carried(parts: Integers) -> Integers:
    """The same numbers, the lower part of each below 2^32: equal ones are alike, and nothing is 0 in both parts."""
    return np.stack([parts[0] + (parts[1] >> 32), parts[1] & _LOWER_HALF])


def whole(parts: Integers) -> Any:
    """The number that two parts make: ``(2, ...) -> (...)``, Python's ``int``."""
    upper, lower = parts.astype(object)
    return upper * 2**32 + lower


def _largest(amount: Integers) -> int:
    """The largest of some amounts, whatever their signs."""
    return max(int(amount.max(initial=0)), -int(amount.min(initial=0)))


# There is one of each: to compare them is to compare two addresses.
@dataclass(frozen=True, eq=False)
class Currency:
    """A currency of ISO 4217: ``exponent`` decimals; the name in the plural; a symbol where it has one of its own."""

    code: str
    exponent: int
    symbol: str
    name: str

    def minor(self, amount: Decimal) -> int:
        """Major to minor units. The amount must not be finer than the currency: ``ValueError``."""
        scaled = amount.scaleb(self.exponent)
        if scaled != scaled.to_integral_value():
            raise ValueError(f"{self.name} have {self.exponent} decimals")
        return int(scaled)

    def major(self, amount: int) -> Decimal:
        """Minor to major units, with exactly the currency's decimals: ``Decimal("94.50")``."""
        return Decimal(int(amount)).scaleb(-self.exponent)


def _read_currencies() -> dict[str, Currency]:
    with (Path(__file__).parent / "iso_4217.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {r["code"]: Currency(r["code"], int(r["exponent"]), r["symbol"], r["name"]) for r in rows}


CURRENCIES = _read_currencies()
"""By code: ISO 4217's active list with its minor units; names and symbols are Unicode CLDR's (en-US)."""
