"""How late loans were, explained: by month, since they began, and from one month's end to the next.

A cell of a map is a figure too. They are too many to be listed: ``vintage`` and ``move`` make one from its key.
"""

import re
from collections.abc import Iterator
from functools import partial

import numpy as np

from loan_core.calculation.heat_map import BANDS
from loan_core.calculation.money import Integers
from loan_core.calculation.of_each import Figure, Loans
from loan_core.calculation.pairing import months_of
from loan_core.calculation.rolling import NEW, PLACES, PLACES_SAID
from loan_core.calculation.vintages import LATE_DAYS
from loan_core.calculation.words import counted

_BEGAN = re.compile(r"(?P<year>[0-9]{4})(-((?P<quarter>Q[1-4])|(?P<month>0[1-9]|1[0-2])))?")
_VINTAGE = re.compile(r"ever_(?P<days>[0-9]{1,4})_(?P<began>[0-9Q-]+)_(?P<on_book>[0-9]{1,4})")
_MOVE = re.compile(r"(?P<what>moved|owed)_(?P<start>[^_]+)_(?P<end>[^_]+)")
WORST = "by the worst of the installments that fell due in the month"


def of_lateness() -> Iterator[Figure]:
    """Of the loans that were due in a month, how many were late, and how many were how late."""
    yield _late("late_in_month", "Late", 1, None)
    for band, (start, end) in BANDS.items():
        name = band.replace("-", "–").capitalize() + ("" if band == "on time" else " days late")
        yield _late(f"late_{re.sub('[ -]', '_', band).removesuffix('+')}", name, start, end)


def _late(key: str, name: str, start: int, end: int | None) -> Figure:
    return Figure(
        key=key,
        name=name,
        definition=f"Of the loans of which an installment fell due in the month and was paid or is late, those that "
        f"were {name.lower()}, {WORST}. Of several months, a loan counts once in each.",
        formula=f"loans {name.lower()} ÷ loans due",
        part_name="So late",
        part=lambda loans: loans.months_late(start, end),
        whole_name="Due",
        whole=lambda loans: loans.months_late(0, None),
        unit="loans",
        period="months",
        group="How late, by month",
    )


def vintage(key: str) -> Figure | None:
    """The figure of a cell by when loans began and months on book, ``ever_30_2026-01_6``; None for another key.

    They began in a month, a quarter or a year: ``2026-01``, ``2026-Q1`` or ``2026``.
    """
    asked = _VINTAGE.fullmatch(key)
    began = _BEGAN.fullmatch(asked["began"]) if asked else None
    if not asked or not began or int(asked["days"]) not in LATE_DAYS:
        return None
    days, on_book = int(asked["days"]), int(asked["on_book"])
    after = counted(on_book, "month")
    return Figure(
        key=key,
        name=f"Ever more than {days} days late, begun in {asked['began']}, by {after} on book",
        definition=f"Of the loans that began in {asked['began']}, those that had been more than {days} days past due "
        f"at the end of any day through month {on_book} on book. Months are those of the calendar; the month of start "
        "is 0.",
        formula="loans ever so late ÷ loans that began then",
        part_name="Ever so late",
        part=partial(_ever_late, began, days, on_book),
        whole_name="Began",
        whole=lambda loans: _began(began, loans).astype(np.int64),
        unit="loans",
        group="By when loans began",
    )


def _began(asked: re.Match[str], loans: Loans) -> Integers:
    """Which loans began in a month, a quarter or a year, and have begun."""
    year, quarter, month = asked["year"], asked["quarter"], asked["month"]
    first = np.datetime64(f"{year}-{month or ('01' if not quarter else f'{3 * int(quarter[1]) - 2:02}')}", "M")
    months = loans.terms.start_on.astype("datetime64[M]") - first
    long = 1 if month else 3 if quarter else 12
    within: Integers = (months >= np.timedelta64(0, "M")) & (months < np.timedelta64(long, "M"))
    return within & (loans.terms.start_on <= loans.as_of)


def _ever_late(began: re.Match[str], days: int, on_book: int, loans: Loans) -> Integers:
    rows = np.flatnonzero(_began(began, loans))
    first = loans.first_late(rows, days)
    found = np.zeros(len(loans.receipts), np.int64)
    found[rows] = months_of(first) - months_of(loans.terms.start_on[rows]) <= on_book
    return found


def move(key: str) -> Figure | None:
    """The figure of a cell of the moves, ``moved_1-30_31-60``, in money ``owed_1-30_31-60``; None for another key."""
    asked = _MOVE.fullmatch(key)
    if not asked:
        return None
    start, end = (asked[name].replace("-off", " off") for name in ("start", "end"))
    if start not in PLACES or end not in PLACES or end == NEW:
        return None
    return _move(key, start, end, asked["what"] == "owed")


def _move(key: str, start: str, end: str, in_money: bool) -> Figure:
    def moved(loans: Loans) -> Integers:
        return loans.moved(PLACES.index(start), PLACES.index(end), in_money)

    def there(loans: Loans) -> Integers:
        return loans.moved(PLACES.index(start), None, in_money)

    what = "of what was owed on loans" if in_money else "of the loans"
    several = "" if in_money else " Over several months, a loan counts once in each."
    return Figure(
        key=key,
        name=f"{PLACES_SAID[start].capitalize()} to {PLACES_SAID[end]}",
        definition=f"From each month's end to the next, {what} that were {PLACES_SAID[start]} at the first, the part "
        f"{'on those ' if in_money else ''}that was {PLACES_SAID[end]} at the second"
        f"{', by what was owed at the first' if in_money else ''}.{several}",
        formula=f"{'owed before on those that moved' if in_money else 'loans that moved'} ÷ "
        f"{'owed on all that were there' if in_money else 'loans that were there'}",
        part_name="Owed on what moved" if in_money else "Moved",
        part=moved,
        whole_name="Owed before" if in_money else "Were there",
        whole=there,
        unit="money" if in_money else "loans",
        period="days",
        group="From one month's end to the next" + (", in money" if in_money else ""),
    )
