"""Which repayment covered which installment, day by day: money received meets money owed, each in its order.

Two views of what came in. ``by_day``: a day as it ended, reversals included; on any past day it is what the book said.
``kept``: only what no later reversal took back, as of today; money that was taken back paid for nothing.
"""

from dataclasses import dataclass

import numpy as np

from loan_core.calculation.columns import Columns
from loan_core.calculation.dates import NEVER, NO_DAY
from loan_core.calculation.money import Integers
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Schedule


def by_day(receipts: Receipts, as_of: np.datetime64) -> Receipts:
    """One row for each loan and day through ``as_of`` on which anything came in or went back: the day's net."""
    counts = receipts.received_on <= as_of
    loan, on, amount = (column[counts] for column in (receipts.loan, receipts.received_on, receipts.amount))
    begins = np.append(True, (loan[1:] != loan[:-1]) | (on[1:] != on[:-1]))[: len(loan)]
    if not begins.all():
        first = np.flatnonzero(begins)
        loan, on, amount = loan[first], on[first], np.add.reduceat(amount, first)
    return _sorted_receipts(loan, on, amount, len(receipts))


def kept(days: Receipts) -> Receipts:
    """Of the nets of ``by_day``, what stayed: never negative, and in all what each loan has paid.

    A reversal takes from what came in last. It is ``allocation.lasting`` for a book: a day is credited with what the
    running sum rose to and never fell below again.
    """
    stands = _least_from_here(days) if (days.amount < 0).any() else days.paid_after
    before = np.append(0, stands[:-1])[: len(stands)]
    before[days.starts[:-1][days.counts > 0]] = 0
    stayed = stands > before
    return _sorted_receipts(days.loan[stayed], days.received_on[stayed], (stands - before)[stayed], len(days))


@dataclass(frozen=True)
class Pieces(Columns):
    """What of a receipt covered what of an installment: each field ``(p)``, by loan, then in the order of covering.

    ``receipt`` is the row of the receipts, ``loan`` and ``number`` (0 is the first) are the place in the schedule's
    table, ``amount`` is above 0. ``completes``: with this piece the installment is covered in full.
    """

    receipt: Integers
    loan: Integers
    number: Integers
    amount: Integers
    completes: Integers


def pieces(lines: Schedule, stayed: Receipts) -> Pieces:
    """The pieces into which ``kept`` receipts are cut by a schedule ``(loans, n)``; what is left over is overpaid."""
    due = lines.due
    owed = due.cumsum(-1)
    whole = owed[:, -1] if owed.shape[-1] else np.zeros(len(owed), np.int64)
    after = np.minimum(stayed.paid_after, whole[stayed.loan])
    before = stayed.paid_after - stayed.amount
    used = np.flatnonzero(before < after)
    loan, before, after = stayed.loan[used], before[used], after[used]
    first, last = entries_up_to(owed, loan, before), entries_up_to(owed, loan, after - 1)
    each = np.repeat(np.arange(len(used)), last - first + 1)
    number = np.arange(len(each)) - np.repeat((last - first + 1).cumsum() - last - 1, last - first + 1)
    upto = owed[loan[each], number]
    end = np.minimum(after[each], upto)
    amount = end - np.maximum(before[each], upto - due[loan[each], number])
    found = Pieces(used[each], loan[each], number, amount, end == upto)
    return found[amount > 0]


def paid_on(lines: Schedule, stayed: Receipts, found: Pieces) -> Integers:
    """The day from which on each installment was covered in full, NaT where it is not: ``(loans, n)``.

    What is nothing to pay is never paid.
    """
    days = np.full(lines.due.shape, NO_DAY)
    done = found[found.completes]
    days[done.loan, done.number] = stayed.received_on[done.receipt]
    return days


def entries_up_to(table: Integers, row: Integers, value: Integers) -> Integers:
    """How many entries of a row, which never falls, are at most a value: ``(rows, n), (q), (q) -> (q)``."""
    count, width = np.zeros(len(row), dtype=np.int64), table.shape[-1]
    flat, start = table.ravel(), row * width - 1
    for bit in (1 << each for each in reversed(range(width.bit_length()))):
        probe = count + bit
        fits = probe <= width
        count += bit * (fits & (flat[start + np.where(fits, probe, 1)] <= value))
    return count


def days_in_order(lines: Schedule) -> Integers:
    """The due dates of a schedule, past a loan's last the end of all days: a row never falls."""
    return np.where(np.isnat(lines.due_on), NEVER, lines.due_on)


def months_of(days: Integers) -> Integers:
    """Calendar months as whole numbers, each year's its own: ``(n) -> (n)``."""
    numbers = np.asarray(days).astype("datetime64[D]").astype(np.int64)
    if not numbers.size:
        return numbers
    # The calendar is asked once for each day, not for each row.
    least = numbers.min()
    calendar = np.arange(least, numbers.max() + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return calendar[numbers - least]


def _sorted_receipts(loan: Integers, received_on: Integers, amount: Integers, loans: int) -> Receipts:
    starts = np.append(0, np.bincount(loan, minlength=loans).cumsum())
    return Receipts(starts, received_on, amount)


def _least_from_here(days: Receipts) -> Integers:
    """The least running sum of each loan from each row on, by doubling steps."""
    least = days.paid_after.copy()
    follow = days.starts[1:][days.loan] - 1 - np.arange(len(least))
    step, most = 1, int(follow.max(initial=0))
    while step <= most:
        least[:-step] = np.where(follow[:-step] >= step, np.minimum(least[:-step], least[step:]), least[:-step])
        step *= 2
    return least
