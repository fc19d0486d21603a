"""A book as it was known: what it answered at a revision it answers for ever, whatever is written afterwards."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from loan_core import blocks
from loan_core.book import Book
from loan_core.errors import RevisionNotKept
from tests import lending
from tests.lending import CLOCK, NOON, STARTED, TODAY, lend
from tests.life import ASKED, Life, out_of_memory

kept, store, book = lending.kept, lending.store, lending.book

MEANT = {"state": "active", "past_due_from": 1}


def answers(book):
    """What a book says of itself, in every way that there is."""
    return plain(
        {
            "portfolios": [each.by_currency for each in book.portfolios(ASKED)],
            "late": book.portfolio(TODAY, **MEANT).by_currency,
            "collections": book.collections([(STARTED, TODAY)]),
            "curves": book.curves(TODAY),
            "currencies": book.currencies(),
            "months": book.start_months(),
            "standing": book.standing(TODAY),
            "lists": [book.loan_page(TODAY, sort, state=state) for sort, state in LISTS],
            "analysis": {code: analyzed(each) for code, each in book.analysis(TODAY).items()},
            "found": book.find_loans(),
        }
    )


LISTS = [("-arrears", None), ("reference", "active"), ("id", "voided")]


def analyzed(loans):
    return loans.months, loans.risks(ASKED[:2]), loans.concentration(), loans.histograms, loans.loans


def plain(answer):
    """An answer as lists and words, which can be compared.

    Of a loan that was written to since, its own revision is known no more than by the book's.
    """
    match answer:
        case dict():
            return {name: plain(each) for name, each in answer.items()}
        case list() | tuple():
            return [plain(each) for each in answer]
        case np.ndarray():
            return answer.tolist()
        case pd.DataFrame():
            return answer.drop(columns="revision", errors="ignore").to_csv()
        case _ if is_dataclass(answer):
            return {each.name: plain(getattr(answer, each.name)) for each in fields(answer)}
    return str(answer)


class Memoir(Life):
    """The same life of a book; now and then it is asked what it was like."""

    @initialize()
    def begin(self):
        self.said = {}
        self.remembering.portfolio(TODAY)

    @property
    def revision(self):
        return self.writer.edition(TODAY).revision

    @invariant()
    def write_down(self):
        if self.revision not in self.said:
            self.said[self.revision] = answers(self.writer)

    @rule(which=st.integers(0, 99))
    def look_back(self, which):
        then = sorted(self.said)[which % len(self.said)]
        assert answers(self.remembering.as_known(then)) == self.said[then]

    def teardown(self):
        """Every revision, of a book that has asked before and of one that knows nothing yet."""
        for number, then in enumerate(self.said):
            view = (self.remembering if number % 2 else Book(self.store, CLOCK)).as_known(then)
            assert view.revision == then
            assert answers(view) == self.said[then]
            assert answers(self.writer.as_known(view.at)) == self.said[then]


def test_what_a_book_said_at_a_revision_it_says_for_ever(store, monkeypatch):
    # So small that even these books have several.
    for module in ("blocks", "memory"):
        monkeypatch.setattr(f"loan_core.{module}.SIZE", 4)
    assert blocks.SIZE == 4
    monkeypatch.setattr(Memoir, "store", store)
    run_state_machine_as_test(Memoir, settings=settings(max_examples=4, stateful_step_count=10, deadline=None))


def paid(view):
    return view.portfolio(TODAY).by_currency["USD"].total_amount_paid


def test_a_back_dated_repayment_was_not_known_before_it_was_recorded(book):
    lend(book)
    book.add_repayment(1, "94.56", received_on=date(2025, 11, 1))
    assert [paid(book.as_known(revision)) for revision in (1, 2)] == [0, 94_56]


def test_before_anything_was_written_nothing_was_known(book):
    lend(book)
    nothing = book.as_known(0)
    assert nothing.portfolio(TODAY).by_currency == {}
    assert nothing.loan_page(TODAY).rows.empty
    assert nothing.analysis(TODAY) == {}


def test_a_loan_that_was_voided_later_stood_then(book):
    lend(book)
    book.void_loan(1, reason="Entered twice", recorded_by="Ada")
    (then,) = book.as_known(1).loans(TODAY).to_dict("records")
    assert (then["state"], then["void_reason"], pd.isna(then["voided_at"])) == ("active", "", True)
    assert book.as_known(2).loans(TODAY, state="voided")["void_reason"].tolist() == ["Entered twice"]


def test_money_that_an_undone_import_brought_was_there_then(book):
    lend(book)
    rows = b"loan_reference,amount,received_on\nL-0001,94.56,2026-01-01\n"
    book.import_repayments(BytesIO(rows))
    book.undo_import(1)
    assert [paid(book.as_known(revision)) for revision in (1, 2, 3)] == [0, 94_56, 0]


@pytest.mark.parametrize("revision", [-1, 2, 10**30])
def test_a_revision_that_is_none_of_the_book_s_is_refused(book, revision):
    lend(book)
    with pytest.raises(RevisionNotKept) as refusal:
        book.as_known(revision)
    assert str(refusal.value) == f"Revision {revision:,} is none of this book's, whose newest is 1."


def test_a_book_from_before_instants_were_kept_goes_by_those_of_its_rows(book, store):
    lend(book)
    lend(replace_clock(store, NOON + timedelta(hours=1)))
    book.add_repayment(1, "94.56")
    with store.write(NOON) as write:
        write.session.execute(text("DELETE FROM revisions WHERE revision < 3"))
    with pytest.raises(RevisionNotKept, match=r"Revision 2 was written before this book kept the instants"):
        book.as_known(2)
    assert book.as_known(NOON).loans(TODAY)["id"].tolist() == [1]
    assert len(book.as_known(3).loans(TODAY)) == 2


def replace_clock(store, at):
    return Book(store, replace(CLOCK, at=at))


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "UTC"])
def test_a_day_ends_in_the_book_s_time_zone(store, zone):
    clock = replace(CLOCK, timezone=ZoneInfo(zone))
    day = date(2026, 3, 8)
    midnight = datetime(2026, 3, 9, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    lend(Book(store, replace(clock, at=midnight - timedelta(seconds=1))))
    lend(Book(store, replace(clock, at=midnight)))
    book = Book(store, clock)
    assert [book.revision_on(each) for each in (day - timedelta(days=1), day, day + timedelta(days=1))] == [0, 1, 2]


def test_few_views_are_remembered_and_nothing_that_is_written_changes_one(book):
    for _ in range(4):
        lend(book)
    view = book.as_known(2)
    before = answers(view)
    lend(book)
    book.add_repayment(1, "94.56")
    assert book.as_known(2) is view
    assert answers(view) == before
    for revision in (3, 4):
        book.as_known(revision)
    assert book.as_known(2) is not view


def test_a_question_that_broke_off_leaves_the_view_whole(book, monkeypatch):
    lend(book)
    view = book.as_known(1)
    with monkeypatch.context() as broken:
        broken.setattr("loan_core.memory._assembled", out_of_memory)
        with pytest.raises(MemoryError):
            view.portfolios(ASKED)
    assert plain(view.portfolios(ASKED)) == plain(book.portfolios(ASKED))
