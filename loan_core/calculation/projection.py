"""Where a loan goes from here if the borrower goes on as in the last installments. For one loan, on one day.

The pace is a share: what was received in the last three installment periods, of what fell due in them. Each
installment still to come brings that share of itself, so whoever pays as agreed arrives exactly at the schedule's end,
whatever its method: an amount a period would pay off a loan of falling installments early, and one with its principal
at the end never. After the last due date nothing falls due, and each further period brings what the three brought on
average.

Only periods that have ended count: of one who pays ten days late, the days since the last due date would hold a fourth
repayment against three installments. What came in since counts as paid, and says nothing of the pace.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from loan_core.calculation.dates import NO_DAY, due_dates
from loan_core.calculation.money import Integers, share
from loan_core.calculation.schedule import Schedule, Terms

PERIODS = 3
"""So many installment periods make a pace; of a younger loan, those that there were."""

_LEAST_AHEAD = 12


@dataclass(frozen=True)
class Projection:
    """A path of what will have been received: ``on`` and ``paid`` are ``(m)``, the first the day itself.

    ``received`` in the last ``periods`` installment periods, of what was ``due`` in them: 0 where they lie after the
    last due date. ``per_period`` is their average. ``paid_off_on`` NaT: not by the path's last day, which is as many
    periods after the last due date, or after the day where that is later, as the loan has installments, and at
    least 12.
    """

    periods: int
    received: int
    due: int
    on: Integers
    paid: Integers
    paid_off_on: np.datetime64

    @property
    def per_period(self) -> int:
        return int(share(self.received, 1, self.periods))


def project(
    terms: Terms, lines: Schedule, received_on: Integers, amount: Integers, as_of: np.datetime64
) -> Projection | None:
    """Where one loan goes that received these amounts by the end of ``as_of``: ``(n), (r), (r) -> (m)``.

    None where there is nothing to go by: it has not begun, no installment has fallen due, all is paid, or nothing was
    due in the last periods of a schedule that goes on. Money that was taken back in them makes no pace below 0.
    """
    due = lines.due[: np.flatnonzero(lines.due)[-1] + 1]
    ends = _period_ends(terms, due.size, as_of)
    passed = int((ends <= as_of).sum())
    paid, periods = int(amount.sum()), min(PERIODS, passed)
    if passed == 0 or as_of < terms.start_on or paid >= due.sum():
        return None
    is_within = received_on <= ends[passed - 1]
    if passed > periods:
        is_within &= received_on > ends[passed - periods - 1]
    received = max(int(amount[is_within].sum()), 0)
    due_within = int(due[passed - periods : passed].sum())
    if due_within == 0 and passed < due.size:
        return None
    coming = _coming(due[passed:], received, due_within, periods)
    total, path = int(due.sum()), [paid]
    ahead = ends[passed : max(passed, due.size) + max(due.size, _LEAST_AHEAD)]
    for more, _ in zip(coming, ahead, strict=False):
        path.append(min(paid + more, total))
        if path[-1] == total:
            break
    on = np.append(as_of, ahead[: len(path) - 1])
    paid_off_on = on[-1] if path[-1] == total else NO_DAY
    return Projection(periods, received, due_within, on, np.array(path), paid_off_on)


def _period_ends(terms: Terms, installments: int, as_of: np.datetime64) -> Integers:
    """The due dates, and those that would follow them, well beyond the day: ``() -> (m)``."""

    def ends(numbers: Integers) -> Integers:
        return due_dates(terms.start_on, terms.first_due_on, terms.frequency, numbers)

    last = ends(np.array([installments]))[0]
    weeks_since = max((as_of - last).astype(np.int64) // 7, 0) + 1
    return ends(np.arange(1, installments + weeks_since + max(installments, _LEAST_AHEAD) + 1))


def _coming(due: Integers, received: int, due_within: int, periods: int) -> Iterator[int]:
    """What comes in all by the end of each period from now on, without end: shares of what falls due, then averages.

    Sums are shared, not each installment by itself: no rounding adds up. Python's integers do not overflow.
    """
    sums = due.cumsum().tolist()
    yield from (int(share(each, received, due_within)) for each in sums)
    base = int(share(sums[-1], received, due_within)) if sums else 0
    yield from (base + int(share(received, number, periods)) for number in count(1))
