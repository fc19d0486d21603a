"""What was written since a revision, entry by entry, and the pages that show a book as it was known."""

import csv
from datetime import date, timedelta
from io import BytesIO, StringIO

import pytest

from loan_core.errors import RevisionNotKept
from tests import lending
from tests.lending import MOMENT, NOON, TODAY, lend

kept, store, book, database_url = lending.kept, lending.store, lending.book, lending.database_url


def kinds(book, revision, **asked):
    return dict(book.since(revision, asked.pop("as_of", TODAY), **asked).kinds)


def test_every_entry_since_is_listed_the_latest_first(book):
    lend(book, borrower="Amara", recorded_by="Ada")
    book.add_repayment(1, "94.56", received_on=date(2025, 11, 1), recorded_by="Ada")
    book.reverse_repayment(1, recorded_by="Bo")
    lend(book)
    book.void_loan(2, recorded_by="Cleo")
    found = book.since(1, TODAY)
    assert found.count == 4
    assert dict(found.kinds) == {"loan": 1, "void": 1, "repayment": 1, "reversal": 1}
    shown = found.rows[["kind", "loan_id", "amount", "recorded_by"]].values.tolist()
    assert shown == [
        ["void", 2, -1000_00, "Cleo"],
        ["loan", 2, 1000_00, ""],
        ["reversal", 1, -94_56, "Bo"],
        ["repayment", 1, 94_56, "Ada"],
    ]
    assert found.rows["recorded_at"].iloc[-1] == NOON + MOMENT


def test_what_an_import_brought_and_its_undoing_are_entries(book):
    lend(book)
    book.import_repayments(
        BytesIO(b"loan_reference,amount,received_on\nL-0001,94.56,2026-01-01\nL-0001,5,2026-01-02\n")
    )
    book.undo_import(1)
    assert [kinds(book, revision) for revision in (1, 2, 3)] == [{"repayment": 2, "undo": 2}, {"undo": 2}, {}]
    assert sum(book.since(1, TODAY).rows["amount"]) == 0


def test_what_counts_only_later_is_no_difference_yet(book):
    lend(book)
    book.add_repayment(1, "94.56", received_on=TODAY)
    assert kinds(book, 1) == {"repayment": 1}
    assert kinds(book, 1, as_of=TODAY - timedelta(days=1)) == {}


def test_entries_are_of_one_currency_where_one_is_named_and_come_in_pages(book):
    for code in ("USD", "KES", "USD", "USD"):
        lend(book, currency=code)
    assert kinds(book, 0, currency="USD") == {"loan": 3}
    pages = [book.since(0, TODAY, "USD", limit=2, offset=offset).rows["loan_id"].tolist() for offset in (0, 2, 4)]
    assert pages == [[4, 3], [1], []]


def test_the_differences_add_up(book):
    """What was received by now is what was known to be, and the money of every entry since."""
    for _ in range(3):
        lend(book)
        book.add_repayment(1, "10")
    book.reverse_repayment(2)
    then = book.as_known(2).portfolio(TODAY).by_currency["USD"]
    now, rows = book.portfolio(TODAY).by_currency["USD"], book.since(2, TODAY).rows
    money = rows["kind"].isin(["repayment", "reversal", "undo"])
    assert then.total_amount_paid + rows["amount"][money].sum() == now.total_amount_paid
    assert then.loan_amount + rows["amount"][~money].sum() == now.loan_amount


def test_entries_are_a_file_in_which_no_name_is_a_formula(book):
    lend(book, borrower="=HYPERLINK(1)")
    book.add_repayment(1, "94.56", recorded_by="+cmd")
    (paid, lent) = csv.DictReader(StringIO(b"".join(book.export_since(0, TODAY)).decode("utf-8-sig")))
    assert (paid["kind"], paid["amount"], paid["recorded_by"]) == ("repayment", "94.56", "'+cmd")
    told = lent["borrower"], lent["recorded_at"], lent["on"]
    assert told == ("'=HYPERLINK(1)", "2026-06-02T12:00:00Z", "2025-10-01")


def test_since_a_revision_that_there_is_not_nothing_is_said(book):
    with pytest.raises(RevisionNotKept):
        book.since(7, TODAY)
