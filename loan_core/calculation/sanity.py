"""What looks like a mistake, though it was allowed: each finder takes columns and answers with columns.

A finding is a question to a person, not a verdict. Receipts count as they stand: a reversal, and what it undid,
are no receipt (``stands``). Voided loans are left out, too. Columns of one currency.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from loan_core.calculation.exposure import Running, exposures
from loan_core.calculation.money import Integers
from loan_core.calculation.pairing import entries_up_to
from loan_core.calculation.position import State
from loan_core.calculation.receipts import Receipts
from loan_core.calculation.schedule import Terms, schedule, slices

NEAR_DAYS = 3
MANY_INSTALLMENTS = 3
LOW_RATE_PPM = 10_000
SILENT_DAYS = 90


@dataclass(frozen=True)
class Found:
    """Findings of one kind: ``loan`` is each one's place in the book, ``figures`` the numbers of its sentence.

    ``receipt`` is the row of the receipts that it is about, empty where it is about none.
    """

    kind: str
    loan: Integers
    receipt: Integers
    figures: Mapping[str, Integers]

    def __len__(self) -> int:
        return len(self.loan)


SENTENCES = {
    "same_amount_twice": "{amount} was received twice, {days} apart.",
    "above_what_was_left": "{amount} came in when {left} was left to pay.",
    "many_installments_at_once": "{amount} paid {installments} at once.",
    "almost_paid_off": "All is paid but {remaining}: not a hundredth of an installment of {installment}.",
    "no_repayment_for_long": "Nothing has come in for {days}, and {arrears} is {days_past_due} past due.",
    "rate_below_one_percent": "The rate is {annual_rate} a year. Was a hundred times that meant?",
}
"""What each kind says, with the names of its figures and their units. ``annual_rate`` is in ppm a year."""
WHERE_0 = {
    "same_amount_twice": ("days", "{amount} was received twice on one day."),
    "above_what_was_left": ("left", "{amount} came in when nothing was left to pay."),
}
"""What a kind says instead where this figure of it is 0."""
TITLES = {
    "same_amount_twice": "Same amount twice",
    "above_what_was_left": "More than was left",
    "many_installments_at_once": "Many installments at once",
    "almost_paid_off": "All but paid off",
    "no_repayment_for_long": f"Nothing for {SILENT_DAYS} days",
    "rate_below_one_percent": f"Rate below {LOW_RATE_PPM / 10_000:g}%",
}
"""Each kind in a few words."""


def findings(terms: Terms, receipts: Receipts, standing: Integers, as_of: np.datetime64) -> dict[str, Found]:
    """What there is to ask about a book on a day, by kind: ``(loans), Receipts of the same loans, (r)``.

    ``same_amount_twice``: received again within three days. ``above_what_was_left``: a repayment larger than all that
    was left to pay. ``many_installments_at_once``: one repayment completed more than three. ``almost_paid_off``: less
    than a hundredth of an installment is left. ``no_repayment_for_long``: none in 90 days, though one is past due.
    ``rate_below_one_percent``: above 0 and below 1 % a year, as when 0.12 is typed for 12 %.
    """
    rows = np.flatnonzero(standing & (receipts.amount > 0) & (receipts.received_on <= as_of))
    received = Receipts(np.searchsorted(rows, receipts.starts), receipts.received_on[rows], receipts.amount[rows])
    parts: dict[str, list[Found]] = {kind: [] for kind in SENTENCES}
    for loans in slices(terms):
        part = _Slice(loans, terms[loans], received[loans], rows[received.rows_of(loans)], as_of)
        for kind, find in _FINDERS.items():
            parts[kind].append(find(part))
    return {kind: _joined(kind, each) for kind, each in parts.items()}


def stands(receipts: Receipts) -> Integers:
    """Which receipts stand: no reversals, nor what they undid: ``(r)`` of bool, for who has nothing but the amounts.

    A reversal undoes the last repayment of its amount that its loan received by its day and that nothing has undone.
    """
    stands = receipts.amount > 0
    has_reversals = np.zeros(len(receipts), bool)
    has_reversals[receipts.loan[~stands]] = True
    among = np.flatnonzero(has_reversals[receipts.loan])
    loan, size, on = receipts.loan[among], np.abs(receipts.amount[among]), receipts.received_on[among]
    order = np.lexsort((~stands[among], on, size, loan))
    loan, size, order = loan[order], size[order], among[order]
    is_paid = stands[order]
    begins = np.append(True, (loan[1:] != loan[:-1]) | (size[1:] != size[:-1]))[: len(loan)]
    # As brackets are matched: an opening one at some depth belongs to the next closing one from that depth.
    depth = np.where(is_paid, 1, -1).cumsum()
    depth = depth + ~is_paid - (depth - np.where(is_paid, 1, -1))[begins][begins.cumsum() - 1]
    nested = np.lexsort((depth, begins.cumsum()))
    group, depth, is_paid, rows = (each[nested] for each in (begins.cumsum(), depth, is_paid, order))
    same = (group[1:] == group[:-1]) & (depth[1:] == depth[:-1])
    undone = np.append(same & is_paid[:-1] & ~is_paid[1:], False)[: len(rows)]
    stands[rows[undone]] = False
    return stands


class _Slice:
    """Some loans of a book with the receipts that stand, and what several finders look at."""

    def __init__(self, loans: Integers, terms: Terms, received: Receipts, rows: Integers, as_of: np.datetime64) -> None:
        self.loans, self.terms, self.received, self.rows, self.as_of = loans, terms, received, rows, as_of
        self.running = Running(schedule(terms))
        self.before = received.paid_after - received.amount
        self.paid = received.through(as_of)

    def about_receipts(self, kind: str, which: Integers, **figures: Integers) -> Found:
        loan, receipt = self.loans[self.received.loan[which]], self.rows[which]
        return Found(kind, loan, receipt, {name: each[which] for name, each in figures.items()})

    def about_loans(self, kind: str, which: Integers, **figures: Integers) -> Found:
        return Found(kind, self.loans[which], _NONE, {name: each[which] for name, each in figures.items()})


def _same_amount_twice(part: _Slice) -> Found:
    loan, on, amount = part.received.loan, part.received.received_on, part.received.amount
    near = (loan[1:] == loan[:-1]) & (on[1:] - on[:-1] <= np.timedelta64(NEAR_DAYS, "D"))
    # Only what has a neighbor within three days is put in the order of its amounts.
    among = np.flatnonzero(np.append(near, False)[: len(loan)] | np.append(False, near)[: len(loan)])
    order = among[np.lexsort((on[among], amount[among], loan[among]))]
    first, again = order[:-1], order[1:]
    days = (on[again] - on[first]).astype(np.int64)
    same = (loan[first] == loan[again]) & (amount[first] == amount[again]) & (days <= NEAR_DAYS)
    first, again = first[same], again[same]
    figures = {"amount": amount[again], "days": days[same]}
    return Found("same_amount_twice", part.loans[loan[again]], part.rows[again], figures)


def _above_what_was_left(part: _Slice) -> Found:
    left = np.maximum(part.running.whole[part.received.loan] - part.before, 0)
    amount = part.received.amount
    return part.about_receipts("above_what_was_left", amount > left, amount=amount, left=left)


def _many_installments_at_once(part: _Slice) -> Found:
    # An installment of nothing is not paid by anything.
    owing = np.pad((part.running.lines.due > 0).cumsum(-1), ((0, 0), (1, 0)))
    loan = part.received.loan
    after = owing[loan, part.running.first_unpaid(loan, part.received.paid_after)]
    covered = after - owing[loan, part.running.first_unpaid(loan, part.before)]
    many = covered > MANY_INSTALLMENTS
    return part.about_receipts("many_installments_at_once", many, amount=part.received.amount, installments=covered)


def _almost_paid_off(part: _Slice) -> Found:
    remaining = part.running.whole - part.paid
    few = (remaining > 0) & (remaining * 100 < part.terms.installment)
    return part.about_loans("almost_paid_off", few, remaining=remaining, installment=part.terms.installment)


def _no_repayment_for_long(part: _Slice) -> Found:
    last = part.terms.start_on.copy()
    has = part.received.counts > 0
    last[has] = part.received.received_on[part.received.starts[1:][has] - 1]
    quiet = (part.as_of - last).astype(np.int64)
    at = exposures(part.terms, part.running, part.paid, part.as_of)
    past = entries_up_to(part.running.due_on, part.running.row, np.full(len(last), part.as_of - 1))
    fallen_due = np.pad(part.running.owed, ((0, 0), (1, 0)))[part.running.row, past]
    silent = (at.state == State.ACTIVE) & (at.days_past_due > 0) & (quiet > SILENT_DAYS)
    figures = {"days": quiet, "arrears": fallen_due - part.paid, "days_past_due": at.days_past_due}
    return part.about_loans("no_repayment_for_long", silent, **figures)


def _rate_below_one_percent(part: _Slice) -> Found:
    rate = part.terms.annual_rate_ppm
    return part.about_loans("rate_below_one_percent", (rate > 0) & (rate < LOW_RATE_PPM), annual_rate=rate)


_NONE = np.empty(0, np.int64)
_FINDERS = {
    "same_amount_twice": _same_amount_twice,
    "above_what_was_left": _above_what_was_left,
    "many_installments_at_once": _many_installments_at_once,
    "almost_paid_off": _almost_paid_off,
    "no_repayment_for_long": _no_repayment_for_long,
    "rate_below_one_percent": _rate_below_one_percent,
}


def _joined(kind: str, parts: list[Found]) -> Found:
    """The findings of all slices as one, in the order of the loans."""
    if not parts:
        return Found(kind, _NONE, _NONE, {})
    loan, receipt = (np.concatenate([getattr(each, name) for each in parts]) for name in ("loan", "receipt"))
    order = np.lexsort((receipt, loan) if len(receipt) else (loan,))
    figures = {name: np.concatenate([each.figures[name] for each in parts])[order] for name in parts[0].figures}
    return Found(kind, loan[order], receipt[order] if len(receipt) else receipt, figures)
