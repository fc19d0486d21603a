"""The bars of the histograms, explained: what is outstanding at each step of the rate, the amount lent and the term."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise

from loan_core.calculation.concentration import RATE_EDGES_PPM, TERM_EDGES, size_edges, term_in_months
from loan_core.calculation.money import Integers
from loan_core.calculation.of_each import Figure, Loans


def of_the_spread() -> Iterator[Figure]:
    """A figure for each step, from its first value up to, not including, the next one's; the last has no end.

    Its key ends with where the step begins: in parts per million a year, in whole units of the currency, in months.
    """
    yield from _steps("rate", "Rate a year", RATE_EDGES_PPM, _rate_step)
    yield from _steps("size", "Amount lent", size_edges(0), _size_step)
    yield from _steps("term", "Term", TERM_EDGES, _term_step)


def _steps(kind: str, name: str, edges: Sequence[int], said: Callable[[int, int | None], str]) -> Iterator[Figure]:
    for start, end in [*pairwise(edges), (edges[-1], None)]:
        yield Figure(
            key=f"{kind}_{start}",
            name=f"{name} {said(start, end)}",
            definition=f"The outstanding principal of active loans of this step: {name.lower()} {said(start, end)}.",
            formula="outstanding principal, summed over active loans of this step",
            part_name="Outstanding principal",
            part=partial(_within, kind, start, end),
            group="How the portfolio is spread",
        )


def _within(kind: str, start: int, end: int | None, loans: Loans) -> Integers:
    value, units = _value(kind, loans), 10**loans.exponent if kind == "size" else 1
    is_within = value >= start * units if end is None else (value >= start * units) & (value < end * units)
    return is_within * loans.outstanding_principal


def _value(kind: str, loans: Loans) -> Integers:
    if kind == "term":
        return term_in_months(loans.terms)
    return loans.terms.annual_rate_ppm if kind == "rate" else loans.terms.principal


def _rate_step(start: int, end: int | None) -> str:
    if end == 1:
        return "0%"
    if start == 1:
        return f"above 0% and below {(end or 0) // 10_000}%"
    return _between(f"{start // 10_000}%", None if end is None else f"{end // 10_000}%")


def _size_step(start: int, end: int | None) -> str:
    return _between(f"{start:,}", None if end is None else f"{end:,}")


def _term_step(start: int, end: int | None) -> str:
    return _between(f"{start} months" if end is None else f"{start}", None if end is None else f"{end} months")


def _between(start: str, end: str | None) -> str:
    return f"{start} and more" if end is None else f"{start} to below {end}"
