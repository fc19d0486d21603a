"""What looks wrong in a book, kind by kind; what was found right stays so until its facts change."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO

import pytest

from loan_core import Book, findings
from loan_core.errors import AcknowledgementNotFound, FindingNotFound, LoanNotFound
from loan_core.inbox import KINDS
from tests import lending
from tests.lending import CLOCK, NOON, TODAY, lend, revisions

kept, store, book = lending.kept, lending.store, lending.book


def kinds(book, as_of=TODAY, **asked):
    return dict(book.inbox(as_of, **asked).kinds)


def paid_on_time(book, loan_id):
    """Seven installments of a loan, of different sums and on their days, so that there is nothing to ask."""
    for month in range(7):
        on = date(2025 + (month + 10) // 12, (month + 10) % 12 + 1, 1)
        book.add_repayment(loan_id, f"{94.56 + month / 100:.2f}", received_on=on)


def right(book, finding):
    return book.acknowledge(finding.loan_id, finding.kind, finding.facts, recorded_by="Ada")


def test_every_kind_is_found_and_listed_in_order(book):
    lend(book, borrower="Amara Okafor", start_on="2026-05-01")  # many at once, more than was left, twice
    book.add_repayment(1, "600.00", received_on="2026-06-01")
    book.add_repayment(1, "600.00", received_on="2026-06-02")
    lend(book, borrower="Amara Okafr")  # silence
    lend(book, interest_rate="0.0001", start_on="2026-05-20")  # a rate below 1 %
    lend(book, loan_amount="100.00", repayment_period=1, start_on="2026-04-01")  # all but some cents
    book.add_repayment(4, "101.50", received_on="2026-05-01")
    found = book.inbox(TODAY)
    assert list(kinds(book)) == [each for each in KINDS if each in kinds(book)] == list(KINDS)
    assert found.count == sum(found.kinds.values())
    (twice,) = book.inbox(TODAY, kind="same_amount_twice").rows
    assert (twice.loan_reference, twice.on, dict(twice.figures)) == ("L-0001", TODAY, {"amount": 600_00, "days": 1})
    (silent,) = book.inbox(TODAY, kind="no_repayment_for_long").rows
    assert (silent.loan_id, silent.on) == (2, date(2025, 10, 1))
    (names,) = book.inbox(TODAY, kind="names_nearly_agree").rows
    assert dict(names.figures) == {"name": "Amara Okafor", "other": "Amara Okafr"}


def test_a_book_in_order_asks_nothing(book):
    lend(book, borrower="Amara Okafor")
    paid_on_time(book, 1)
    assert kinds(book) == {}


def test_what_was_found_right_is_asked_no_more_and_can_be_taken_back(book, store):
    lend(book, interest_rate="0.0001", start_on=TODAY)
    before = revisions(store)
    (finding,) = book.inbox(TODAY).rows
    acknowledged = right(book, finding)
    assert right(book, finding).id == acknowledged.id
    assert (acknowledged.recorded_by, acknowledged.created_at > NOON) == ("Ada", True)
    assert book.inbox(TODAY).count == 0
    shown = book.inbox(TODAY, acknowledged=True)
    assert (shown.count, shown.acknowledged, shown.rows[0].acknowledged.recorded_by) == (1, 1, "Ada")
    # No figure of the book has changed.
    assert revisions(store) == before
    for _ in range(2):
        book.withdraw_acknowledgement(acknowledged.id)
    assert book.inbox(TODAY).rows == [finding]
    assert right(book, finding).id == 2


def test_a_finding_whose_facts_changed_comes_back(book):
    lend(book, start_on="2026-05-01")
    for reference in ("A", "B"):
        book.add_repayment(1, "10.00", received_on=TODAY, reference=reference)
    right(book, *book.inbox(TODAY).rows)
    assert kinds(book) == {}
    # A third one on the same day is in all like the second, and is a question of its own.
    book.add_repayment(1, "10.00", received_on=TODAY, reference="C")
    assert kinds(book) == {"same_amount_twice": 1}


def test_a_silence_is_asked_about_again_only_when_it_lasts_as_long_again(book):
    lend(book)
    silence = timedelta(days=91)
    right(book, *book.inbox(date(2025, 10, 1) + silence).rows)
    days = [91, 120, 179, 180, 200]
    assert [len(kinds(book, date(2025, 10, 1) + timedelta(days=each))) for each in days] == [0, 0, 0, 1, 1]
    book.add_repayment(1, "94.56", received_on="2026-01-15")
    assert kinds(book, date(2026, 1, 15) + silence) == {"no_repayment_for_long": 1}


def test_a_voided_loan_asks_nothing(book):
    lend(book, interest_rate="0.0001", start_on=TODAY)
    book.void_loan(1)
    assert kinds(book) == {}


def test_findings_are_of_one_currency_where_one_is_named_and_come_in_pages(book):
    for code in ("USD", "KES", "USD", "USD"):
        lend(book, interest_rate="0.0001", start_on=TODAY, currency=code)
    assert kinds(book, currency="KES") == {"rate_below_one_percent": 1}
    pages = [[each.loan_id for each in book.inbox(TODAY, currency="USD", limit=2, offset=at).rows] for at in (0, 2)]
    assert pages == [[1, 3], [4]]


def test_findings_are_a_file_in_which_no_name_is_a_formula(book):
    lend(book, borrower="=1+1", start_on="2026-05-01")
    for reference in ("A", "B"):
        book.add_repayment(1, "10.00", received_on=TODAY, reference=reference)
    lend(book, interest_rate="0.0001", start_on=TODAY, currency="KWD", loan_amount="1.500")
    twice, rate = csv.DictReader(StringIO(b"".join(book.export_inbox(TODAY)).decode("utf-8-sig")))
    assert (twice["borrower"], twice["amount"], twice["days"], twice["on"]) == ("'=1+1", "10.00", "0", "2026-06-02")
    assert (rate["kind"], rate["annual_rate_ppm"], rate["amount"]) == ("rate_below_one_percent", "1200", "")


def test_what_can_be_no_finding_is_refused(book):
    lend(book)
    for said, error in (
        ((2, "almost_paid_off", "0" * 64), LoanNotFound),
        ((1, "nonsense", "0" * 64), FindingNotFound),
        ((1, "almost_paid_off", "x"), FindingNotFound),
    ):
        with pytest.raises(error):
            book.acknowledge(*said)
    with pytest.raises(AcknowledgementNotFound):
        book.withdraw_acknowledgement(1)


def test_another_day_is_another_answer(store):
    lend(Book(store, CLOCK))
    book = Book(store, replace(CLOCK, at=NOON + timedelta(days=400)))
    assert [kinds(book, on) for on in (date(2025, 10, 2), TODAY)] == [{}, {"no_repayment_for_long": 1}]


def test_after_a_write_only_what_it_touched_is_looked_at_again_and_nothing_else_is_found(book, store, monkeypatch):
    for module in ("blocks", "memory"):
        monkeypatch.setattr(f"loan_core.{module}.SIZE", 2)
    for name in ("Amara Okafor", "Yuki Tanaka", "Amara Okafr", "Yuki Tanakka", "Yuki Tanaka", "Amara Okafor"):
        lend(book, borrower=name, currency=("USD", "KES")[len(name) % 2])
    looked_at = []
    find = findings.sanity.findings
    monkeypatch.setattr(findings.sanity, "findings", lambda *said: looked_at.append(said) or find(*said))

    def found(which):
        pages = [which.inbox(TODAY, limit=2, offset=at) for at in range(0, 12, 2)]
        return [each for page in pages for each in page.rows]

    def write_twice():
        for reference in ("A", "B"):
            book.add_repayment(4, "10.00", received_on=TODAY, reference=reference)

    for write in (lambda: None, write_twice, lambda: right(book, found(book)[0]), lambda: book.void_loan(1)):
        write()
        looked_at.clear()
        ours = found(book)
        blocks = len(looked_at)
        assert ours == found(Book(store, CLOCK))
        assert ours
        assert blocks < len(looked_at)
