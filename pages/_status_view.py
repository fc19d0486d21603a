"""What the status chart shows of a statement, before it is drawn: dates, sums, and how high they stand."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from loan_core import LoanStatus, Statement, currency
from pages._charts import LABEL_SHARE
from pages._look import money, plotly, short_money

STATUS_HEIGHT = 380
# What the day above and the two lines of ticks below leave of that height, in pixels.
_PLOT = 302
LINE = 18
# A bracket narrower than this share of the chart is a smudge.
_SMUDGE = 0.03


@dataclass(frozen=True)
class View:
    """What the status chart shows of a statement. Amounts are in minor units, ``top`` of the axis in major ones.

    All amounts are of money received; ``level`` is where one stands: itself, or the balance that it leaves. ``path``
    is where the loan goes at the pace of the last installments: dates and amounts. ``edge`` is where the day stands:
    ``as_of``, or as near to it as the chart goes. ``gap`` is what is paid above what was expected, negative where it
    is below, and 0 where the loan is neither Ahead nor Behind.
    """

    status: LoanStatus
    role: dict[str, str]
    code: str
    start: date
    edge: date
    end: date
    dates: list[date]
    expected: np.ndarray
    paid: np.ndarray
    top: float
    gap: int
    path: tuple[list[date], np.ndarray]
    is_balance: bool

    @property
    def is_marked(self) -> bool:
        return self.status.as_of >= self.start

    @property
    def is_early(self) -> bool:
        """Whether a label left of the day would be cut off."""
        return self.share(self.start, self.edge) < LABEL_SHARE

    def share(self, first: date, last: date) -> float:
        return (last - first) / (self.end - self.start)

    def level(self, amount: Any) -> Any:
        return np.maximum(self.status.total_due - amount, 0) if self.is_balance else amount

    def major(self, amount: Any) -> Any:
        return amount / 10 ** currency(self.code).exponent

    def pixels(self, amount: float) -> float:
        """How high an amount stands above the axis."""
        return self.major(amount) / self.top * _PLOT

    def minor(self, pixels: float) -> float:
        return pixels / _PLOT * self.top * 10 ** currency(self.code).exponent

    def text(self, amount: int) -> str:
        whole = money(amount, self.code)
        return plotly(whole if len(whole) <= 11 else short_money(amount, self.code))


def view_of(statement: Statement, role: dict[str, str], is_balance: bool = False) -> View:
    status, start = statement.status, statement.loan.start_on
    installments, repayments = statement.installments, statement.repayments
    due_on, received_on = _days_of(installments["due_on"]), _days_of(repayments["received_on"])
    length = max(due_on[-1] - start, timedelta(days=14))
    edge = max(start, min(status.as_of, due_on[-1] + 2 * length))
    end = _end(statement, due_on[-1], length, edge)
    dates = sorted({start, edge, end, *due_on, *(on for on in received_on if on < end)})
    gaps = {"Behind": -status.arrears, "Ahead": status.ahead_by, "On Track": 0}
    # As high as the schedule, and as the words above what is expected and what is paid by now.
    top = max(status.total_due * 1.13, status.expected_paid * 1.21, status.total_amount_paid * 1.2, 1)
    if is_balance:
        top = max(status.total_due * 1.21, 1)
    return View(
        status=status,
        role=role,
        code=status.currency,
        start=start,
        edge=edge,
        end=end,
        dates=dates,
        expected=_running(due_on, installments["due"], dates),
        paid=_running(received_on, repayments["amount"], dates),
        top=top / 10 ** currency(status.currency).exponent,
        gap=gaps[status.status] if status.state == "active" else 0,
        path=_path(statement, edge, end),
        is_balance=is_balance,
    )


def _end(statement: Statement, last_due_on: date, length: timedelta, edge: date) -> date:
    """Where the chart ends: with the schedule, or where the path pays it off, but no more than half as long again.

    Right of the day stands a label: the chart goes on for at least as long as one is wide.
    """
    start, projection = statement.loan.start_on, statement.projection
    past_edge = edge + (edge - start) * (LABEL_SHARE / (1 - LABEL_SHARE))
    last = last_due_on
    if projection and not np.isnat(projection.paid_off_on):
        last = max(last, min(projection.on[-1].item(), last_due_on + length / 2))
    return max(last + max(length * 0.05, timedelta(days=1)), past_edge)


def _path(statement: Statement, edge: date, end: date) -> tuple[list[date], np.ndarray]:
    """The projection as far as the chart goes; none from a day beyond the chart."""
    projection = statement.projection
    if projection is None or projection.on[0].item() != edge:
        return [], np.empty(0)
    is_shown = projection.on <= np.datetime64(end)
    on, paid = projection.on[is_shown].tolist(), projection.paid[is_shown]
    is_open = statement.status.total_due > paid[-1] and on[-1] < end
    return ([*on, end], np.append(paid, paid[-1])) if is_open else (on, paid)


def _days_of(column: pd.Series) -> list[date]:
    return [when.date() for when in pd.to_datetime(column)]


def _running(on: list[date], amounts: pd.Series, dates: list[date]) -> np.ndarray:
    """What amounts have come to by each date: ``(n), (n), (dates) -> (dates)``."""
    sums = np.concatenate([[0], amounts.to_numpy(dtype=np.int64).cumsum()])
    return sums[np.searchsorted(np.array(on, dtype="M8[D]"), np.array(dates, dtype="M8[D]"), side="right")]


def bracket(view: View) -> tuple[date, date, float, int] | None:
    """From and to, how many pixels above the axis, and on which side of it (1 above) stand its words."""
    status, paid = view.status, view.status.total_amount_paid
    if view.gap >= 0:
        first, last = view.edge, status.paid_up_to or view.edge
        least = paid
    else:
        first = min(max(view.start, status.as_of - timedelta(days=status.days_past_due)), view.edge)
        last = view.edge
        # Beyond the least that was paid along its length: there it crosses nothing.
        least = min(paid, *view.paid[[first <= on <= last for on in view.dates]])
    # On the far side of what was expected, unless that lies so low that the words would leave the plot.
    is_above = (view.gap >= 0) != view.is_balance
    side = 1 if is_above or view.pixels(view.level(least)) <= 2 * LINE else -1
    height = view.pixels(view.level(least if side < 0 or view.is_balance else paid))
    is_shown = view.gap and view.share(first, last) > _SMUDGE
    return (first, last, height + 9 * side, side) if is_shown else None
