"""How late loans were, as tables: loan by loan, in bands, by when they began, and from one month's end to the next.

Rows as in ``loan_core.tables``. Where a share is of few loans it says so: ``is_thin``, and with 95 % confidence it lies
between ``share_low`` and ``share_high`` (E. B. Wilson's score interval).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from loan_core.analysis import Analysis
from loan_core.calculation.heat_map import BANDS as _BANDS
from loan_core.calculation.heat_map import NOT_SAID
from loan_core.calculation.money import ratio
from loan_core.calculation.rolling import PAID_OFF, PLACES, Moves
from loan_core.calculation.vintages import THIN, Cell, wilson
from loan_core.tables import Row

LOANS_AT_ONCE = 1_000
"""Of so many loans at most it is told how late each was; of more, how many were how late."""
BANDS = {name.replace(" ", "_").replace("-", "_").replace("+", ""): starts for name, (starts, _) in _BANDS.items()}
"""The first day of each band, by the name that its columns have: ``on_time``, ``1_7`` … ``91``."""
MONTHS_BY_THEMSELVES, QUARTERS = 24, 8
"""Loans of more months of start than this are taken by quarter, of more years than this by year."""


def months_said(analysis: Analysis) -> list[date]:
    """The first day of every month of which there is anything to say, without a gap."""
    return [each.item() for each in analysis.heat_bands.months]


def loan_by_loan(analysis: Analysis, months: Sequence[date]) -> list[Row]:
    """Days late in each of these months, by its ISO name, None where there is nothing to say; the worst loan first.

    A loan that none of the months says anything about has no row. Up to ``LOANS_AT_ONCE`` loans.
    """
    loans = analysis.loans
    found = analysis.heat_map(loans.ids.tolist())
    wanted = np.array(months, "datetime64[M]")
    known = np.isin(found.months, wanted)
    days, names = found.days[:, known], [str(each) for each in found.months[known]]
    worst = days.max(axis=1, initial=NOT_SAID)
    order = np.lexsort((loans.ids, -np.maximum(days, 0).sum(axis=1), -worst))
    return [
        {
            "loan_id": int(loans.ids[row]),
            "loan_reference": loans.references[row],
            "borrower": loans.borrowers[row],
            "worst": int(worst[row]),
            **{f"{month:%Y-%m}": None for month in months},
            **{name: int(each) for name, each in zip(names, days[row], strict=True) if each != NOT_SAID},
        }
        for row in order
        if worst[row] != NOT_SAID
    ]


def bands(analysis: Analysis, months: Sequence[date]) -> list[Row]:
    """How many loans, and what share of those there is anything to say of, were how late in each of these months."""
    rows = []
    for month in months:
        counts = dict(zip(BANDS, analysis.heat_bands.of(np.datetime64(month, "M")).values(), strict=True))
        whole = sum(counts.values())
        shares = {f"share_{name}": ratio(loans, whole) for name, loans in counts.items()}
        rows.append(
            {"month": f"{month:%Y-%m}", "loans": whole}
            | {f"loans_{name}": loans for name, loans in counts.items()}
            | shares
        )
    return rows


def vintages(analysis: Analysis, days: int) -> list[Row]:
    """By when loans began, and by months on book: what share of them was ever more than ``days`` days past due.

    A month on book is a calendar month, 0 is the month of start; what is after ``as_of`` has no row. Loans that began
    in one quarter or year are taken together as far as all of them have come: what ever was never becomes less.
    """
    found = analysis.vintages
    starts = {month.item(): cells for month in found.months if (cells := found.cells(month, days))}
    groups: dict[str, list[list[Cell]]] = {}
    for month, cells in starts.items():
        groups.setdefault(_group(month, list(starts)), []).append(cells)
    return [
        {"began": name, "months_on_book": on_book} | _cell(cells)
        for name, group in groups.items()
        for on_book, cells in enumerate(zip(*group, strict=False))
    ]


def moves(spans: Sequence[Moves]) -> list[Row]:
    """From each age of arrears to each other: how many loans moved, taken over all the spans, and how much was owed.

    ``loans`` of ``of_loans``, and ``outstanding_principal`` before the move of ``of_principal``. Where no loan was
    there is no row, and none where all were paid off and stayed so.
    """
    loans = sum(each.loans for each in spans)
    owed = sum(each.principal_before for each in spans)
    return [
        {"from": start, "to": end}
        | _counted(int(loans[row, column]), int(loans[row].sum()))
        | {
            "outstanding_principal": int(owed[row, column]),
            "of_principal": int(owed[row].sum()),
            "share_of_principal": ratio(int(owed[row, column]), int(owed[row].sum())),
        }
        for row, start in enumerate(PLACES)
        if loans[row].sum() > (loans[row, row] if start == PAID_OFF else 0)
        # Nothing becomes new.
        for column, end in list(enumerate(PLACES))[1:]
    ]


def _group(month: date, months: Sequence[date]) -> str:
    """``2026-01``, ``2026-Q1`` or ``2026``, by how many months of start there are."""
    first, last = months[0], months[-1]
    if 12 * (last.year - first.year) + last.month - first.month < MONTHS_BY_THEMSELVES:
        return f"{month:%Y-%m}"
    is_short = last.year - first.year < QUARTERS
    return f"{month.year}-Q{(month.month + 2) // 3}" if is_short else str(month.year)


def _cell(cells: Sequence[Cell]) -> Row:
    part = _counted(sum(each.late for each in cells), sum(each.loans for each in cells))
    return {"loans": part["of_loans"], "loans_late": part["loans"]} | {
        name: part[name] for name in ("share", "share_low", "share_high", "is_thin")
    }


def _counted(part: int, whole: int) -> dict[str, Any]:
    """Some of the loans, as a share of them, and how sure that is; ``whole`` is above 0."""
    low, high = wilson(part, whole)
    return {
        "loans": part,
        "of_loans": whole,
        "share": part / whole,
        "share_low": low,
        "share_high": high,
        "is_thin": whole < THIN,
    }
