"""What a book remembers of itself, against the same figures computed loan by loan, whatever was written in between."""

from datetime import date
from io import BytesIO

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from loan_core import blocks
from loan_core.book import Book
from loan_core.calculation.portfolio import AGEING, PAR_DAYS
from loan_core.lists import SORTS
from tests import lending
from tests.lending import CLOCK, STARTED, TODAY, lend
from tests.life import ASKED, Life, last_id, out_of_memory

kept, store = lending.kept, lending.store

SUMS = ("expected_paid", "total_amount_paid", "overpaid_amount", "arrears")


def loan_by_loan(book: Book, as_of: date) -> dict[str, dict[str, int]]:
    """The portfolio's figures out of every loan's own status."""
    found: dict[str, dict[str, int]] = {}
    for each in (book.status(loan_id, as_of) for loan_id in range(1, last_id(book) + 1)):
        if each.state == "voided":
            continue
        sums = found.setdefault(
            each.currency, dict.fromkeys(("loans", "gross_portfolio", "behind", *SUMS, *PAR_DAYS), 0)
        )
        is_active = each.state == "active"
        sums["loans"] += 1
        sums["behind"] += is_active and each.status == "Behind"
        sums["gross_portfolio"] += is_active * each.outstanding_principal
        for name in SUMS:
            sums[name] += getattr(each, name)
        for days in PAR_DAYS:
            sums[days] += (is_active and each.days_past_due > days) * each.outstanding_principal
    return found


def said(book: Book, as_of: date) -> dict[str, dict[str, int]]:
    """The same figures as the portfolio says them."""
    return {
        code: {name: getattr(each, name) for name in ("loans", "gross_portfolio", "behind", *SUMS)} | each.par
        for code, each in book.portfolio(as_of).by_currency.items()
    }


class Remembered(Life):
    """What is remembered is asked about at every step."""

    @rule(as_of=st.sampled_from(ASKED), sort=st.sampled_from(SORTS))
    def look(self, as_of, sort):
        """Some days are asked about now and then: what is remembered of them is older than of the others."""
        for book in (self.remembering, Book(self.store, CLOCK)):
            page = book.loan_page(as_of, sort, limit=100)
            for row in page.rows.to_dict("records"):
                own = self.writer.status(row["id"], as_of)
                assert [row[name] for name in (*SUMS, "status")] == [getattr(own, name) for name in (*SUMS, "status")]
        assert page.rows.to_csv() == self.remembering.loan_page(as_of, sort, limit=100).rows.to_csv()

    @invariant()
    def what_is_remembered_is_what_the_loans_say(self):
        for as_of in ASKED[1:]:
            assert said(self.remembering, as_of) == loan_by_loan(self.writer, as_of)

    @invariant()
    def sums_that_moved_are_those_of_a_book_that_is_read_anew(self):
        new = Book(self.store, CLOCK)
        assert self.remembering.portfolios(ASKED) == new.portfolios(ASKED)
        assert self.remembering.collections([(STARTED, TODAY)]) == new.collections([(STARTED, TODAY)])
        curves, anew = (book.curves(TODAY) for book in (self.remembering, new))
        assert {code: each.to_csv() for code, each in curves.items()} == {
            code: each.to_csv() for code, each in anew.items()
        }


def test_a_book_remembers_what_is_true_whatever_is_written(store, monkeypatch):
    # So small that even these books have several.
    for module in ("blocks", "memory"):
        monkeypatch.setattr(f"loan_core.{module}.SIZE", 4)
    assert blocks.SIZE == 4
    monkeypatch.setattr(Remembered, "store", store)
    run_state_machine_as_test(Remembered, settings=settings(max_examples=12, stateful_step_count=12, deadline=None))


def test_only_so_many_days_are_remembered_in_full(store):
    book = Book(store, CLOCK)
    lend(book)
    memory = book._whole._memory
    memory._limit = 3 * 8 * 17
    for day in range(1, 9):
        assert book.loan_page(date(2026, 1, day)).count == 1
        assert len(memory._positions) <= 3
    assert date(2026, 1, 8) in memory._positions


def test_a_question_that_breaks_off_in_the_middle_leaves_nothing_half_remembered(store, monkeypatch):
    monkeypatch.setattr("loan_core.memory.SIZE", 2)
    monkeypatch.setattr("loan_core.blocks.SIZE", 2)
    book = Book(store, CLOCK)
    for _ in range(5):
        lend(book)
    questions = {
        "the first": lambda: book.portfolios(ASKED),
        "of another day": lambda: book.loans(STARTED),
        "after a write": lambda: (book.add_repayment(4, "1.00"), book.portfolios(ASKED)),
    }
    for ask in questions.values():
        with monkeypatch.context() as broken:
            broken.setattr("loan_core.memory._assembled", out_of_memory)
            with pytest.raises(MemoryError):
                ask()
        assert book.portfolios(ASKED) == Book(store, CLOCK).portfolios(ASKED)


def test_two_books_on_one_database_see_each_others_writes_at_their_next_question(store):
    one, other = Book(store, CLOCK), Book(store, CLOCK)
    lend(one)
    assert [book.portfolio(TODAY).by_currency["USD"].total_amount_paid for book in (one, other)] == [0, 0]
    other.add_repayment(1, "94.56")
    assert [book.portfolio(TODAY).by_currency["USD"].total_amount_paid for book in (one, other)] == [94_56] * 2
    one.reverse_repayment(1)
    assert [book.loans(TODAY)["total_amount_paid"].tolist() for book in (one, other)] == [[0], [0]]


def test_loans_that_were_written_to_in_another_order_stand_in_their_places(store):
    """A server gives rows back as they lie, and each write lays its loan behind all others."""
    ours, theirs = Book(store, CLOCK), Book(store, CLOCK)
    theirs.import_loans(BytesIO(b"loan_amount,repayment_period,start_on\n" + b"1000,12,2026-01-01\n" * 200))
    ours.portfolio(TODAY)
    paid = range(150, 110, -1)
    for loan_id in paid:
        theirs.add_repayment(loan_id, str(loan_id), received_on=TODAY)
    rows = ours.loan_page(TODAY, limit=200).rows
    assert rows["total_amount_paid"].tolist() == [100 * each if each in paid else 0 for each in range(1, 201)]
    assert said(ours, TODAY) == said(Book(store, CLOCK), TODAY) == loan_by_loan(ours, TODAY)


def test_names_come_out_of_the_database_as_they_went_in(store):
    book, names = Book(store, CLOCK), ["", "a,b;c", "é😀", "", "İpek", '"', "x" * 200]
    for name in names:
        lend(book, borrower=name)
    assert book.standing(TODAY).borrowers.tolist() == names
    assert book.standing(TODAY).terms.first_due_on.astype(str).tolist() == ["NaT"] * len(names)


def test_ageing_is_by_days_past_due(store):
    book = Book(store, CLOCK)
    lend(book)
    late = int(book.standing(TODAY).at.days_past_due[0])
    (bucket,) = [name for name, (start, end) in AGEING.items() if start <= late < end]
    assert [book.loan_page(TODAY, past_due=name).count for name in AGEING] == [int(name == bucket) for name in AGEING]
    assert np.array_equal(book.standing(TODAY, past_due=bucket).ids, [1])


@pytest.mark.parametrize("search", ["%", "_", "\\"])
def test_what_a_pattern_would_mean_is_searched_for_as_it_is(store, search):
    book = Book(store, CLOCK)
    lend(book, borrower="plain")
    lend(book, borrower=f"a{search}b")
    assert book.loans(TODAY, search=search)["id"].tolist() == [2]
