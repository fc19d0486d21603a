"""What looks like a mistake: each finder against the same asked loan by loan, and the edges of each rule."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loan_core.calculation import schedule as schedules
from loan_core.calculation.position import State
from loan_core.calculation.sanity import SENTENCES, TITLES, WHERE_0, findings, stands
from tests import by_definition
from tests.by_definition import Loan
from tests.calculated import Finding, day, plain_findings
from tests.random_books import Came, Held, held_books, some_days, terms_and_receipts

TENS = Loan(100_00, 0, 10, start_on=date(2026, 1, 1))
FIRST = date(2026, 2, 1)


@given(book=held_books)
def test_what_a_reversal_undid_does_not_stand(book):
    _, receipts = terms_and_receipts(book)
    assert stands(receipts).tolist() == [each for held in book for each in held.standing]


@given(signs=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5), st.booleans()), max_size=14))
def test_reversals_of_equal_amounts_are_matched_like_brackets(signs):
    rows = sorted(signs, key=lambda each: each[1])
    book = [
        Held(
            TENS,
            tuple(Came(FIRST + timedelta(days=on), 5_00 if paid else -5_00) for of, on, paid in rows if of == loan),
        )
        for loan in range(2)
    ]
    # More cannot go back by a day than came in by it.
    book = [held for held in book if all(held.paid(came.on) >= 0 for came in held.received)]
    _, receipts = terms_and_receipts(book)
    assert stands(receipts).tolist() == [each for held in book for each in held.standing]


def found_in(book: list[Held], as_of: date) -> dict[str, list[Finding]]:
    standing = np.array([each for held in book for each in held.standing], dtype=bool)
    found = findings(*terms_and_receipts(book), standing, day(as_of))
    assert list(found) == list(SENTENCES)
    return {kind: plain_findings(each) for kind, each in found.items()}


def slow_findings(book: list[Held], as_of: date) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {kind: [] for kind in SENTENCES}
    row = 0
    for place, held in enumerate(book):
        standing = [
            (row + at, came)
            for at, (came, stands) in enumerate(zip(held.received, held.standing, strict=True))
            if stands and came.on <= as_of
        ]
        row += len(held.received)
        for kind, rows in [*of_receipts(held, standing), *of_loan(held, standing, as_of)]:
            found[kind] += [(place, *each) for each in rows]
    return found


def of_receipts(held: Held, standing: list[tuple[int, Came]]) -> list[tuple[str, list[Any]]]:
    twice, above, many = [], [], []
    paid, dues = 0, [line.due for line in held.lines]
    for at, (row, came) in enumerate(standing):
        before = [(other, each) for other, each in standing[:at] if each.amount == came.amount]
        if before and (days := (came.on - before[-1][1].on).days) <= 3:
            twice.append(([row], {"amount": came.amount, "days": days}))
        left = max(held.whole - paid, 0)
        if came.amount > left:
            above.append(([row], {"amount": came.amount, "left": left}))
        ends = [sum(dues[: k + 1]) for k, due in enumerate(dues) if due]
        completed = len([end for end in ends if paid < end <= paid + came.amount])
        if completed > 3:
            many.append(([row], {"amount": came.amount, "installments": completed}))
        paid += came.amount
    return [("same_amount_twice", twice), ("above_what_was_left", above), ("many_installments_at_once", many)]


def of_loan(held: Held, standing: list[tuple[int, Came]], as_of: date) -> list[tuple[str, list[Any]]]:
    almost, silent, low = [], [], []
    paid = sum(came.amount for _, came in standing)
    at = by_definition.position(held.loan, paid, as_of)
    remaining = at["remaining_balance"]
    if remaining > 0 and remaining * 100 < held.loan.agreed:
        almost.append(([], {"remaining": remaining, "installment": held.loan.agreed}))
    days = (as_of - (standing[-1][1].on if standing else held.loan.start_on)).days
    if at["state"] == State.ACTIVE and at["arrears"] > 0 and days > 90:
        silent.append(([], {"days": days, "arrears": at["arrears"], "days_past_due": at["days_past_due"]}))
    if 0 < held.loan.annual_rate_ppm < 10_000:
        low.append(([], {"annual_rate": held.loan.annual_rate_ppm}))
    return [("almost_paid_off", almost), ("no_repayment_for_long", silent), ("rate_below_one_percent", low)]


@given(book=held_books, as_of=some_days, cells=st.integers(1, 40))
def test_every_finding_equals_its_slow_twin(book, as_of, cells):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedules, "_CELLS_AT_ONCE", cells)
        assert found_in(book, as_of) == slow_findings(book, as_of)


def kinds(held: Held, as_of: date) -> set[str]:
    return {kind for kind, rows in found_in([held], as_of).items() if rows}


@pytest.mark.parametrize(("days", "is_found"), [(0, True), (3, True), (4, False)])
def test_the_same_amount_within_three_days_is_asked_about(days, is_found):
    held = Held(
        TENS, (Came(FIRST, 10_00), Came(FIRST + timedelta(days=1), 5_00), Came(FIRST + timedelta(days=days), 10_00))
    )
    held = Held(TENS, tuple(sorted(held.received)))
    assert ("same_amount_twice" in kinds(held, date(2026, 2, 20))) == is_found


def test_what_was_taken_back_is_not_asked_about():
    held = Held(TENS, (Came(FIRST, 10_00), Came(FIRST, 10_00), Came(FIRST, -10_00)))
    assert kinds(held, date(2026, 2, 20)) == set()


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ((30_00,), set()),
        ((39_99,), set()),
        ((40_00,), {"many_installments_at_once"}),
        ((5_00, 30_00), set()),
        ((30_00, 30_00, 30_00, 10_00), set()),
        ((30_00, 30_00, 30_00, 10_01), {"above_what_was_left"}),
        # 0.09 of installments of 10.00 is almost nothing; 0.10 is a hundredth.
        ((30_00, 30_00, 30_00, 9_91), {"almost_paid_off"}),
        ((30_00, 30_00, 30_00, 9_90), set()),
    ],
)
def test_the_edges_of_the_rules_about_amounts(amounts, expected):
    received = tuple(Came(FIRST + timedelta(days=10 * at), amount) for at, amount in enumerate(amounts))
    assert kinds(Held(TENS, received), received[-1].on) == expected


@pytest.mark.parametrize(("ppm", "is_found"), [(0, False), (1, True), (1_200, True), (9_999, True), (10_000, False)])
def test_a_rate_above_nothing_and_below_one_percent_a_year_is_asked_about(ppm, is_found):
    assert ("rate_below_one_percent" in kinds(Held(Loan(100_00, ppm, 10)), date(2025, 10, 1))) == is_found


@pytest.mark.parametrize(("days", "expected"), [(90, set()), (91, {"no_repayment_for_long"})])
def test_silence_is_asked_about_after_90_days(days, expected):
    held = Held(TENS, (Came(FIRST, 10_00),))
    assert kinds(held, FIRST + timedelta(days=days)) == expected
    # Who has paid ahead owes nothing.
    assert kinds(Held(TENS, (Came(FIRST, 20_00), Came(FIRST, 21_00))), FIRST + timedelta(days=91)) == set()


def test_every_kind_has_a_title_and_a_sentence_that_says_its_figures():
    assert list(TITLES) == list(SENTENCES)
    found = findings(*terms_and_receipts([Held(TENS, (Came(FIRST, 10_00),))]), np.array([True]), day("2026-02-20"))
    for kind, each in found.items():
        assert SENTENCES[kind].format(**dict.fromkeys(each.figures, "1"))
    for kind, (name, of_nothing) in WHERE_0.items():
        assert name in found[kind].figures
        assert of_nothing.format(**dict.fromkeys(found[kind].figures, "1"))
    assert {kind: len(each) for kind, each in found.items()} == dict.fromkeys(SENTENCES, 0)


def test_an_empty_book_has_no_findings():
    assert all(
        len(each) == 0 for each in findings(*terms_and_receipts([]), np.empty(0, bool), day("2026-01-01")).values()
    )
