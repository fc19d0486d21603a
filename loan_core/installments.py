"""Every installment of every loan with what covers it, as a file takes them: row by row, out of columns."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from loan_core.answers import outcome_words
from loan_core.blocks import CODES, Block
from loan_core.calculation.allocation import cover, paid_on
from loan_core.calculation.position import Position, outcomes
from loan_core.calculation.schedule import schedule
from loan_core.snapshot import Snapshot

_LOANS_AT_ONCE = 1_000


def installments(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """As ``Statement.installments``, loan by loan, voided loans left out."""
    day = np.datetime64(snapshot.as_of, "D")
    for block, at in snapshot:
        standing = np.flatnonzero(~block.is_voided)
        for start in range(0, len(standing), _LOANS_AT_ONCE):
            rows = standing[start : start + _LOANS_AT_ONCE]
            yield from _of(block[rows], at[rows], day)


def _of(loans: Block, at: Position, day: np.datetime64) -> Iterator[dict[str, Any]]:
    lines = schedule(loans.terms)
    covered = cover(at.total_amount_paid, lines)
    paid = covered.interest + covered.principal
    receipts = loans.receipts.until(day)
    ends = receipts.starts[1:-1]
    history = zip(np.split(receipts.received_on, ends), np.split(receipts.paid_after, ends), strict=True)
    days = np.stack([paid_on(due, *received) for due, received in zip(lines.due, history, strict=True)])
    outcome, off_by = outcomes(lines, lines.due - paid, days, day)
    loan, number = there = np.nonzero(~np.isnat(lines.due_on))
    references, codes = loans.references.to_numpy(zero_copy_only=False), np.array(CODES)[loans.currencies]
    columns = {
        "loan_reference": references[loan],
        "currency": codes[loan],
        "number": number + 1,
        "due_on": lines.due_on[there],
        "due": lines.due[there],
        "interest": lines.interest[there],
        "principal": lines.principal[there],
        "balance": lines.balance[there],
        "covered": paid[there],
        "paid_on": days[there],
        "outcome": outcome_words(outcome[there]),
        "days": off_by[there],
    }
    for values in zip(*(column.tolist() for column in columns.values()), strict=True):
        yield dict(zip(columns, values, strict=True))
