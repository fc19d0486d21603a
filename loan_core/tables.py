"""An analyst's answers as tables: rows of plain values, as a page shows them, and the CSV of exactly those rows.

Money is in minor units, a share is a fraction (None of nothing), a month is its ISO name. A table has a row for each
month, day, age or borrower, in their order, and names its columns once: in the keys of its rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from loan_core.analysis import Analysis
from loan_core.calculation.collection import Period, ratio
from loan_core.calculation.concentration import Histogram
from loan_core.calculation.portfolio import PAR_DAYS
from loan_core.calculation.risk import DEFINITIONS, Risk
from loan_core.exchange import csv_lines

Row = dict[str, Any]

_PAR_AS_A_RULE = 30
_DUE = ("due", "early", "on_time", "late", "unpaid")
_RECEIVED = ("received", "arrears_recovered", "current", "advance", "overpaid", "taken_back")
_RATES = ("on_time_rate", "current_collection_rate", "clean_up_rate")
MONEY = frozenset(
    (
        *_DUE,
        *_RECEIVED,
        "arrears_before",
        "gross_portfolio",
        *(f"at_risk_{days}" for days in PAR_DAYS),
        "outstanding_principal",
        "overdue_principal",
        "of_principal",
        "size_from",
        "size_below",
    )
)
"""The columns that hold money."""
SHARES = frozenset(("share", *_RATES, *(f"par_{days}" for days in PAR_DAYS)))
"""The columns that hold a part of a whole, as a fraction."""


def months(periods: Sequence[Period]) -> list[Row]:
    """What fell due and what came in, a row a month."""
    names = (*_DUE, *_RECEIVED, "arrears_before", *_RATES)
    return [{"month": str(each.first)} | {name: getattr(each, name) for name in names} for each in periods]


def risk_over_time(risks: Sequence[Risk]) -> list[Row]:
    """The portfolio at risk, a row a day."""
    return [
        {"day": each.day.item(), "gross_portfolio": each.all.outstanding_principal}
        | {f"at_risk_{days}": each.at_risk[days] for days in PAR_DAYS}
        | {f"par_{days}": each.share("par", days) for days in PAR_DAYS}
        for each in risks
    ]


def ageing(risk: Risk) -> list[Row]:
    """Active loans by the age of their arrears: the overdue principal is a part of the outstanding."""
    return [
        {
            "days_past_due": name,
            "loans": age.loans,
            "outstanding_principal": age.outstanding_principal,
            "overdue_principal": age.overdue_principal,
        }
        for name, age in risk.ageing.items()
    ]


def definitions(risk: Risk) -> list[Row]:
    """Portfolio at risk and the other definitions in use, PAR first: what each comes to, and why they differ."""
    return [
        {
            "name": each.name,
            "share": risk.share(each.key, _PAR_AS_A_RULE),
            "formula": each.formula.replace(" d days", f" {_PAR_AS_A_RULE} days").capitalize(),
            "why": each.why,
        }
        for each in DEFINITIONS
    ]


def borrowers(analysis: Analysis) -> list[Row]:
    """Who owes most. A loan without a borrower's name stands for itself, by its id and its reference."""
    found = analysis.concentration()
    return [
        {
            "borrower": name if isinstance(name, str) else "",
            "loan_id": None if isinstance(name, str) else name,
            "loan_reference": "" if isinstance(name, str) else analysis.reference(name),
            "loans": owed.loans,
            "outstanding_principal": owed.outstanding_principal,
            "share": ratio(owed.outstanding_principal, found.gross_portfolio),
        }
        for name, owed in found.top
    ]


def histogram(analysis: Analysis, kind: str) -> list[Row]:
    """Active loans by ``rate``, ``size`` or ``term``, from the first step that has loans through the last."""
    found: Histogram = analysis.histograms[kind]
    steps = [*pairwise(found.edges), (found.edges[-1], None)]
    whole = sum(found.amount.tolist())
    rows = [
        {
            f"{kind}_from": start,
            f"{kind}_below": end,
            "loans": int(loans),
            "outstanding_principal": int(amount),
            "share": ratio(int(amount), whole),
        }
        for (start, end), loans, amount in zip(steps, found.loans, found.amount, strict=True)
    ]
    filled = [place for place, row in enumerate(rows) if row["loans"]]
    return rows[filled[0] : filled[-1] + 1] if filled else []


def csv(rows: Sequence[Mapping[str, Any]], currency: str) -> Iterator[bytes]:
    """A table as a file, its columns in the order of the rows' keys, with the currency of its money."""
    columns = [*(rows[0] if rows else ()), "currency"]
    plain = ({name: _plain(name, value) for name, value in row.items()} | {"currency": currency} for row in rows)
    return csv_lines(columns, plain, MONEY)


def _plain(name: str, value: Any) -> Any:
    """A share in six decimals, a rate as the fraction it is a year; the rest as it is."""
    if name in ("rate_from", "rate_below") and value is not None:
        return f"{value / 1_000_000:.6f}"
    return f"{value:.6f}" if isinstance(value, float) else value
