"""A made-up book that looks like life: early, late, missed, partial, reversed, paid off; the same for a seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from random import Random
from typing import Any

from loan_core.batches import next_ids, store_loans, store_repayments
from loan_core.calculation.money import CURRENCIES
from loan_core.calculation.schedule import schedule
from loan_core.checking import Checked, Progress, as_spooled
from loan_core.entries import LoanEntry, RepaymentEntry, loan_entry, repayment_entry, terms_of
from loan_core.models import Repayment
from loan_core.recording import Signature
from loan_core.spool import Spool
from loan_core.writing import Write

_FIRST = (
    "Amara, Samuel, Mariam, Liam, Xin, Chen, Diego, Elif, Farida, Grace, Hassan, Ingrid, João, Kavya, Lucía, Mwangi, "
    "Nadia, Omar, Priya, Rosa, Sofía, Tomasz, Uma, Viktor, Wanjiru, Yusuf, Zainab, Aiko, Bongani, Carmen"
).split(", ")
_LAST = (
    "Okafor, Otieno, Keïta, O'Connor, Li, Wei, Fernández, Yildiz, Rahimi, Mwangi, Diallo, Sørensen, Almeida, Nair, "
    "Torres, Kamau, Haddad, Shah, Jiménez, Bello, Nowak, Petrov, Tanaka, Dlamini, Ruiz, Johansson, Abebe, Mensah"
).split(", ")
_TERMS = (
    # weight, frequency, installments to choose from, method, rates a month to choose from
    (70, "monthly", (6, 12, 12, 18, 24, 36), "annuity", ("0.015", "0.02", "0.02", "0.025")),
    (10, "monthly", (6, 12), "flat", ("0.01", "0.015")),
    (8, "weekly", (16, 24, 40), "annuity", ("0.02", "0.03")),
    (6, "every_two_weeks", (12, 26), "annuity", ("0.02",)),
    (3, "quarterly", (4, 8), "equal_principal", ("0.015",)),
    (3, "monthly", (12,), "interest_only", ("0.02",)),
)
_HABITS = (
    # weight, name of a way to pay
    (52, "punctual"),
    (12, "early"),
    (16, "late"),
    (8, "partial"),
    (6, "misses"),
    (4, "stopped"),
    (2, "settles"),
)
_LOANS_AT_ONCE = 1_000
_NOTES = ("Transfer", "Transfer", "Cash", "Mobile money", "")


@dataclass(frozen=True)
class MadeUpLoan:
    """A loan with what came in on it; beside a reversal, the place in the list of what it undoes."""

    entry: LoanEntry
    repayments: Sequence[tuple[RepaymentEntry, int | None]]


def make(loans: int, seed: int, today: date, currency: str) -> Iterator[MadeUpLoan]:
    """So many loans of the last years, up to today, one after the other."""
    chance = Random(seed)  # noqa: S311 - a made-up book is no secret
    for _ in range(loans):
        entry = _loan(chance, today, currency)
        yield MadeUpLoan(entry, list(_received(chance, entry, today)))


def insert(
    seed: int,
    today: date,
    currency: str,
    write: Write,
    checked: Checked,
    rows: Spool,
    signature: Signature,
    progress: Progress,
) -> None:
    """Make the book up as it is written, some loans at a time: of a large one nothing is kept."""
    made_up, loans, done = make(checked.new, seed, today, currency), checked.new, 0
    while part := list(islice(made_up, _LOANS_AT_ONCE)):
        ids = store_loans(write, [as_spooled(each.entry) for each in part], signature, checked.references)
        received = [(at, *each) for at, loan in zip(ids, part, strict=True) for each in loan.repayments]
        _insert_received(write, received, signature, checked)
        amount = sum(each.entry.loan_amount for each in part)
        checked.amounts[currency] = checked.amounts.get(currency, 0) + amount
        done += len(part)
        progress("Writing", done, loans)


def _insert_received(
    write: Write, received: Sequence[tuple[int, RepaymentEntry, int | None]], signature: Signature, checked: Checked
) -> None:
    """What came in on some loans: by loan id, each with the place among its loan's of what it undoes."""
    ids, rows, first = next_ids(write, Repayment, len(received)), [], 0
    for at, (loan_id, entry, place) in enumerate(received):
        first = at if not at or received[at - 1][0] != loan_id else first
        reverses_id = None if place is None else ids[first + place]
        rows.append((loan_id, entry.amount, entry.received_on.isoformat(), "", entry.note, reverses_id))
    store_repayments(write, ids, rows, signature, checked.references)


def _loan(chance: Random, today: date, currency: str) -> LoanEntry:
    _, frequency, periods, method, rates = _choice(chance, _TERMS)
    days_ago = -chance.randint(1, 25) if chance.random() < 0.04 else int(chance.triangular(0, 900, 240))
    stated = {
        "borrower": f"{chance.choice(_FIRST)} {chance.choice(_LAST)}",
        "loan_amount": int(chance.lognormvariate(7.6, 0.9)) // 50 * 50 + 200,
        "currency": currency,
        "interest_rate": chance.choice(rates),
        "repayment_period": chance.choice(periods),
        "frequency": frequency,
        "method": method,
        "start_on": today - timedelta(days=days_ago),
    }
    return loan_entry(stated, today, currency)


def _received(chance: Random, entry: LoanEntry, today: date) -> Iterator[tuple[RepaymentEntry, int | None]]:
    """What came in, in the order of entry: by a habit, with the odd mistake put right by a reversal."""
    if entry.start_on > today:
        return
    lines = schedule(terms_of(entry))
    _, habit = _choice(chance, _HABITS)
    stops_after = chance.randint(0, max(entry.repayment_period // 2, 1))
    carried = place = 0
    for number, (due_on, due) in enumerate(zip(lines.due_on.tolist(), lines.due.tolist(), strict=True)):
        received_on, amount = _pays(chance, habit, due_on, due + carried)
        if habit == "settles" and number >= stops_after:
            amount = int(lines.due[number:].sum()) + carried
        if (habit == "stopped" and number >= stops_after) or received_on > today:
            return
        carried = max(due + carried - amount, 0) if habit == "misses" and chance.random() < 0.7 else 0
        if amount <= 0:
            continue
        received_on = max(received_on, entry.start_on)
        if chance.random() < 0.015:
            yield _entry(entry, amount * 10, received_on, "Typed wrong", today), None
            yield _entry(entry, -amount * 10, received_on, "A digit too many", today), place
            place += 2
        yield _entry(entry, amount, received_on, chance.choice(_NOTES), today), None
        place += 1
        if habit == "settles" and number >= stops_after:
            return


def _pays(chance: Random, habit: str, due_on: date, due: int) -> tuple[date, int]:
    """When, and how much, somebody of this habit pays of an installment."""
    if habit == "early":
        return due_on - timedelta(days=chance.randint(1, 12)), due if chance.random() < 0.8 else due * 3 // 2
    if habit == "late":
        return due_on + timedelta(days=int(chance.triangular(0, 40, 4))), due
    if habit == "partial":
        return due_on + timedelta(days=chance.randint(0, 6)), due if chance.random() < 0.5 else due * chance.randint(
            4, 9
        ) // 10
    if habit == "misses" and chance.random() < 0.35:
        return due_on, 0
    return due_on - timedelta(days=chance.choice((0, 0, 0, 0, 1, 2))), due


def _entry(loan: LoanEntry, amount: int, received_on: date, note: str, today: date) -> RepaymentEntry:
    stated = {
        "amount": CURRENCIES[loan.currency].major(amount),
        "received_on": received_on,
        "note": note,
        "reverses": "above" if amount < 0 else "",
    }
    return repayment_entry(stated, loan.currency, loan.start_on, today)


def _choice(chance: Random, table: Sequence[Any]) -> Any:
    return chance.choices(table, [row[0] for row in table])[0]
