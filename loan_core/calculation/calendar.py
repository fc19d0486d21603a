"""What falls due, is paid by its due date, and comes in, day by day: curves and rates are sums of it."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from loan_core.calculation.allocation import on_time
from loan_core.calculation.money import Integers, carried, parts_by, ratio, whole
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Schedule, Terms, schedule, slices


@dataclass(frozen=True)
class Collected:
    """A period in minor units: what first fell due in it, how much of that by its due date was paid, what came in."""

    due: int
    on_time: int
    received: int

    @property
    def on_time_rate(self) -> float | None:
        """Of what first fell due in the period, the share paid on or before its due date (CGAP, on-time collection)."""
        return ratio(self.on_time, self.due)


@dataclass(frozen=True)
class Calendar:
    """Sums of loans of one currency by day, from the day of number ``first`` on: ``parts`` is ``(3, 2, days)``.

    The rows are what falls due, what of that was paid by its due date, what was received; each in the two parts of
    ``parts_by``, so that no sum leaves int64. Calendars of different loans add up.
    """

    first: int
    parts: Integers

    @classmethod
    def empty(cls) -> Self:
        return cls(0, np.zeros((3, 2, 0), dtype=np.int64))

    @classmethod
    def of(cls, lines: Schedule, receipts: Receipts, counts: Integers) -> Self:
        """The calendar of those loans that count, by installments and receipts: ``(loans, n), (loans), (loans)``."""
        is_due, has_come = ~np.isnat(lines.due_on) & counts[:, None], counts[receipts.loan]
        due_on, received_on = lines.due_on[is_due].astype(np.int64), receipts.received_on[has_come].astype(np.int64)
        first = min(due_on.min(initial=2**31), received_on.min(initial=2**31))
        days = max(max(due_on.max(initial=-1), received_on.max(initial=-1)) - first + 1, 0)
        rows = (
            (due_on - first, lines.due[is_due]),
            (due_on - first, on_time(lines, receipts)[is_due]),
            (received_on - first, receipts.amount[has_come]),
        )
        return cls(int(first), np.stack([parts_by(day, amount, int(days)) for day, amount in rows]))

    def __add__(self, other: Self) -> Self:
        if not other.parts.shape[-1] or not self.parts.shape[-1]:
            return self if self.parts.shape[-1] else other
        first = min(self.first, other.first)
        end = max(each.first + each.parts.shape[-1] for each in (self, other))
        parts = np.zeros((3, 2, end - first), dtype=np.int64)
        for each in (self, other):
            start = each.first - first
            parts[..., start : start + each.parts.shape[-1]] += each.parts
        # What is taken away again leaves nothing in either part.
        return type(self)(first, np.stack([carried(row) for row in parts]))

    def __neg__(self) -> Self:
        """What takes these loans away from a calendar that they are in."""
        return type(self)(self.first, -self.parts)

    def between(self, first: np.datetime64, last: np.datetime64) -> Collected:
        """Of one day through another."""
        start, end = (max(int(day.astype(np.int64)) - self.first + over, 0) for day, over in ((first, 0), (last, 1)))
        due, paid, received = self.parts[..., start:end].sum(-1)
        return Collected(whole(due), whole(paid), whole(received))

    def curves(self, as_of: np.datetime64) -> tuple[Integers, list[int], list[int]]:
        """Each month's end from the first that has anything to the last, and ``as_of``; what was due, received by it.

        Nothing is known of what comes in after ``as_of``: there the sum stays.
        """
        today = int(as_of.astype(np.int64))
        known = self.parts.copy()
        known[2, :, max(today + 1 - self.first, 0) :] = 0
        days = self.first + np.flatnonzero(known.any(axis=(0, 1)))
        if not days.size:
            return np.array([as_of]), [0], [0]
        first, last = days[[0, -1]].astype("datetime64[D]").astype("datetime64[M]")
        months = np.arange(first, last + 1)
        ends = np.union1d((months + 1).astype("datetime64[D]") - 1, [as_of])
        running = np.concatenate([np.zeros((3, 2, 1), dtype=np.int64), known.cumsum(-1)], axis=-1)
        places = np.clip(ends.astype(np.int64) - self.first + 1, 0, running.shape[-1] - 1)
        due, received = ([whole(running[row, :, place]) for place in places] for row in (0, 2))
        return ends, due, received


def between_of_each(terms: Terms, receipts: Receipts, first: np.datetime64, last: np.datetime64) -> Integers:
    """What ``Calendar.between`` says of each loan: ``(loans) -> (3, loans)``."""
    found = np.zeros((3, len(receipts)), dtype=np.int64)
    for rows in slices(terms):
        lines, came_in = schedule(terms[rows]), receipts[rows]
        is_due = (lines.due_on >= first) & (lines.due_on <= last)
        due, paid = (np.where(is_due, each, 0).sum(-1) for each in (lines.due, on_time(lines, came_in)))
        found[:, rows] = due, paid, came_in.through(last) - came_in.through(first - 1)
    return found
