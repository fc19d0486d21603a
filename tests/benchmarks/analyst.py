"""The analyst's figures over a made-up book in memory: processor seconds, beside one day's positions, and memory.

``python -m tests.benchmarks.analyst [loans]``. Loans of 6 to 60 installments, some of them weekly, over six years; a
third pays on the day, the rest early, late, in parts, or stops.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import psutil

from loan_core.calculation.collection import collections
from loan_core.calculation.concentration import RATE_EDGES_PPM, borrowers, histogram
from loan_core.calculation.dates import Frequency
from loan_core.calculation.heat_map import heat_bands, heat_map
from loan_core.calculation.names import nearly_equal
from loan_core.calculation.portfolio import survey
from loan_core.calculation.position import Thresholds
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.risk import risks
from loan_core.calculation.rolling import moves
from loan_core.calculation.sanity import findings, stands
from loan_core.calculation.schedule import Method, Terms, schedule, slices
from loan_core.calculation.vintages import vintages

AS_OF = np.datetime64("2026-06-15")


def made_up(loans: int) -> tuple[Terms, Receipts]:
    chance = np.random.default_rng(1)
    periods = chance.choice([6, 12, 12, 24, 36, 60], loans)
    principal = chance.integers(200_00, 20_000_00, loans)
    terms = Terms(
        principal=principal,
        annual_rate_ppm=chance.choice([0, 120_000, 240_000, 300_000], loans),
        repayment_period=periods,
        frequency=chance.choice([Frequency.MONTHLY] * 8 + [Frequency.WEEKLY], loans).astype(np.int64),
        method=np.full(loans, Method.ANNUITY, np.int64),
        installment=principal // periods + principal // 40 + 1,
        start_on=AS_OF - chance.integers(0, 6 * 365, loans),
        first_due_on=np.full(loans, np.datetime64("NaT", "D")),
    )
    return terms, received(terms, chance)


def received(terms: Terms, chance: np.random.Generator) -> Receipts:
    loan, on, amount = [], [], []
    for rows in slices(terms):
        lines = schedule(terms[rows])
        pays = (lines.due > 0) & (lines.due_on <= AS_OF) & (chance.random(lines.due.shape) < 0.93)
        stops = chance.random(len(rows))[:, None] * 60 < np.arange(lines.due.shape[1]) * 0.2
        row, number = np.nonzero(pays & ~stops)
        by = chance.choice([0, 0, 0, -3, -1, 1, 4, 20, 45], len(row))
        day = np.maximum(lines.due_on[row, number] + by, terms.start_on[rows[row]])
        due = lines.due[row, number]
        loan.append(rows[row])
        on.append(np.minimum(day, AS_OF))
        amount.append(np.where(chance.random(len(row)) < 0.1, due // 2 + 1, due))
    columns = [np.concatenate(each) for each in (loan, on, amount)]
    undone = np.flatnonzero(chance.random(len(columns[0])) < 0.01)
    columns = [np.concatenate([each, each[undone]]) for each in columns]
    columns[2][-len(undone) :] *= -1
    return Receipts.of(*columns, loans=len(terms.principal))


class Watched:
    """The most memory that a process took while something ran."""

    def __init__(self) -> None:
        self._process = psutil.Process()

    def run(self, call: Callable[[], Any]) -> tuple[float, float]:
        """Seconds of the processor, and megabytes above those at the beginning."""
        before = most = self._process.memory_info().rss
        done = threading.Event()

        def watch() -> None:
            nonlocal most
            while not done.wait(0.05):
                most = max(most, self._process.memory_info().rss)

        watching = threading.Thread(target=watch)
        watching.start()
        started = time.process_time()
        call()
        took = time.process_time() - started
        done.set()
        watching.join()
        return took, (most - before) / 1e6


def main(loans: int = 100_000) -> None:
    terms, receipts = made_up(loans)
    installments, rows = int(terms.repayment_period.sum()), len(receipts.amount)
    print(f"{loans:,} loans, {installments:,} installments, {rows:,} receipts")
    ends = np.arange(np.datetime64("2025-06", "M"), np.datetime64("2026-07", "M")).astype("datetime64[D]") - 1
    nobody = np.zeros(loans, bool)
    at = survey(terms, receipts, nobody, [AS_OF], Thresholds(), False, [0]).positions[0]
    names = [f"{first} {last}" for first, last in zip(*spelled(loans), strict=True)]
    some = np.arange(1_000)
    figures = {
        "positions, one day": lambda: survey(terms, receipts, nobody, [AS_OF], Thresholds(), False, [0]),
        "collections": lambda: collections(terms, receipts, AS_OF),
        "risks, 13 days": lambda: risks(terms, receipts, ends),
        "moves, 13 days": lambda: moves(terms, receipts, ends),
        "vintages": lambda: vintages(terms, receipts, AS_OF),
        "heat bands": lambda: heat_bands(terms, receipts, AS_OF),
        "heat map, 1,000 loans": lambda: heat_map(terms[some], receipts[some], AS_OF),
        "findings": lambda: findings(terms, receipts, stands(receipts), AS_OF),
        "borrowers": lambda: borrowers(names, at.state, at.outstanding_principal).top(),
        "histogram": lambda: histogram(terms.annual_rate_ppm, RATE_EDGES_PPM, terms.principal),
        "names": lambda: nearly_equal(names),
    }
    watched, of_positions = Watched(), 0.0
    for name, call in figures.items():
        took, more = watched.run(call)
        of_positions = of_positions or took
        print(f"{name:<24}{took:8.2f} s {took / of_positions:8.1f} x {more:8.0f} MB", flush=True)


def spelled(loans: int) -> tuple[list[str], list[str]]:
    """Names of letters at random: hardly two alike."""
    letters = np.random.default_rng(2).integers(97, 123, (loans, 14), dtype=np.uint8)
    whole = [row.tobytes().decode() for row in letters]
    return [each[:6].title() for each in whole], [each[6:].title() for each in whole]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
