"""What an analyst asks of a book: the pure figures of one standing, remembered, and their tables as files."""

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import StringIO
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from loan_core import analysis, tables
from loan_core.analysis import Analysis
from loan_core.book import Book
from loan_core.calculation.collection import collections
from loan_core.calculation.heat_map import heat_bands, heat_map
from loan_core.calculation.risk import risks
from loan_core.calculation.rolling import moves
from loan_core.calculation.vintages import vintages
from loan_core.errors import LoanNotFound
from loan_core.store import Store
from tests.lending import FixedClock

AS_OF = date(2026, 4, 15)
ENDS = [date(2026, 2, 28), date(2026, 3, 31), AS_OF]
DAYS = [np.datetime64(day, "D") for day in ENDS]


@pytest.fixture
def empty(sqlite_url: str) -> Iterator[Book]:
    book = Book(Store(sqlite_url), FixedClock())
    yield book
    book.close()


@pytest.fixture
def book(empty: Book) -> Book:
    """Loans without interest in two currencies, four of them of one borrower; one is voided."""
    for number, (borrower, amount, periods, code) in enumerate(
        [
            ("Amara", "900.00", 9, "USD"),
            ("Bongani", "600.00", 6, "USD"),
            ("Amara", "300.00", 3, "USD"),
            ("", "120.00", 12, "USD"),
            ("Chen", "90000", 3, "JPY"),
            ("=HYPERLINK(1)", "30000", 6, "JPY"),
        ],
        1,
    ):
        empty.create_loan(
            reference=f"A-{number}",
            borrower=borrower,
            loan_amount=amount,
            interest_rate="0",
            repayment_period=periods,
            currency=code,
            start_on="2026-01-01",
        )
    empty.add_repayment(1, "150.00", received_on="2026-01-20")
    empty.add_repayment(1, "100.00", received_on="2026-03-01")
    empty.add_repayment(2, "100.00", received_on="2026-02-01")
    empty.add_repayment(3, "300.00", received_on="2026-03-10")
    empty.add_repayment(5, "30000", received_on="2026-02-07")
    wrong = empty.create_loan(loan_amount="5000.00", repayment_period=5, start_on="2026-01-01")
    empty.void_loan(wrong.id, reason="entered twice")
    return empty


def facts(found: Analysis) -> list[Any]:
    """Every answer, to be compared."""
    return [
        found.collections,
        found.months,
        found.risks(ENDS),
        [np.stack([each.loans, each.principal_before]).tolist() for each in found.moves(ENDS)],
        found.vintages,
        found.heat_bands,
        found.concentration(),
        {name: (each.edges, each.loans.tolist(), each.amount.tolist()) for name, each in found.histograms.items()},
    ]


def test_every_answer_is_that_of_calculation_over_the_loans_of_one_currency(book):
    found = book.analysis(AS_OF)
    assert [(code, len(each)) for code, each in found.items()] == [("USD", 4), ("JPY", 2)]
    for code, each in found.items():
        mine = book.standing(AS_OF, currency=code)
        these = mine.terms, mine.receipts
        assert each.collections == collections(*these, DAYS[-1])
        assert each.months == each.collections.by_month()
        assert each.risks(ENDS) == risks(*these, DAYS)
        assert [one.loans.tolist() for one in each.moves(ENDS)] == [one.loans.tolist() for one in moves(*these, DAYS)]
        assert each.vintages == vintages(*these, DAYS[-1])
        assert each.heat_bands == heat_bands(*these, DAYS[-1])
        assert each.heat_map(mine.ids[::-1]).days.tolist() == heat_map(*these, DAYS[-1]).days[::-1].tolist()
        assert each.loans.ids.tolist() == mine.ids.tolist()


def test_a_book_in_parts_is_the_same_book(book):
    for whole in book.analysis(AS_OF).values():
        loans = [part._replace(rows=part.rows[at : at + 1]) for part in whole._parts for at in range(len(part.rows))]
        assert facts(Analysis(whole._snapshot, whole.currency, loans)) == facts(whole)


def test_a_write_between_two_questions_changes_nothing_of_what_was_asked(book):
    asked, untouched = book.analysis(AS_OF)["USD"], book.analysis(AS_OF, search="A-")["USD"]
    expected = facts(untouched)
    assert facts(asked)[:2] == expected[:2]
    book.add_repayment(2, "500.00", received_on="2026-03-01")
    assert facts(asked) == expected
    newer = book.analysis(AS_OF)["USD"]
    assert newer.revision > asked.revision
    assert [each.all for each in newer.risks(ENDS)] != [each.all for each in asked.risks(ENDS)]


def test_the_same_question_is_answered_once_until_the_book_changes(book):
    found = book.analysis(AS_OF)
    assert book.analysis(AS_OF) is found
    assert found["USD"].collections is found["USD"].collections
    assert book.analysis(AS_OF, currency="USD") is not found
    assert book.analysis(date(2026, 4, 14)) is not found
    assert book.analysis(AS_OF, search="nobody") == {}
    book.add_repayment(2, "1.00", received_on="2026-03-01")
    assert book.analysis(AS_OF) is not found


def test_only_the_last_few_are_remembered(book, monkeypatch):
    monkeypatch.setattr(analysis, "LOANS_REMEMBERED", 12)
    first, second = book.analysis(ENDS[0]), book.analysis(ENDS[1])
    assert book.analysis(ENDS[0]) is first
    book.analysis(AS_OF)
    # Three of six loans each are too many: that which was asked for longest ago goes.
    assert book.analysis(ENDS[0]) is first
    assert book.analysis(ENDS[1]) is not second
    monkeypatch.setattr(analysis, "LOANS_REMEMBERED", 1)
    latest = book.analysis(date(2026, 4, 1))
    assert book.analysis(date(2026, 4, 1)) is latest


def test_of_many_who_ask_at_once_one_computes(book, monkeypatch):
    asked, computed, barrier = [], [], Barrier(4)
    monkeypatch.setattr(book._analyses, "_on", lambda day: asked.append(1) or book._whole.on(day))
    monkeypatch.setattr(analysis, "vintages", lambda *these: computed.append(1) or vintages(*these))

    def ask(_: int) -> Any:
        barrier.wait()
        return book.analysis(AS_OF)["USD"].vintages

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, range(4)))
    assert all(each is answers[0] for each in answers)
    assert (len(asked), len(computed)) == (1, 1)


def test_only_the_loans_that_are_meant_count(book):
    found = book.analysis(AS_OF, search="amara")["USD"]
    assert found.loans.references.tolist() == ["A-1", "A-3"]
    assert found.collections.over(np.datetime64("2026-01"), np.datetime64("2026-04")).received == 550_00
    assert found.concentration().borrowers == 1


def test_a_heat_map_and_a_name_are_of_loans_that_are_meant(book):
    found = book.analysis(AS_OF)["USD"]
    assert found.reference(4) == "A-4"
    for stranger in (5, 7, 99):
        with pytest.raises(LoanNotFound):
            found.heat_map([1, stranger])
        with pytest.raises(LoanNotFound):
            found.reference(stranger)


def file_of(rows: list[dict[str, Any]], code: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(b"".join(tables.csv(rows, code)).decode("utf-8-sig"), newline="")))


# By hand: 100.00 of each of the first three loans and 10.00 of the fourth fall due in March.
def test_the_table_of_months_as_a_file(book):
    rows = file_of(tables.months(book.analysis(AS_OF)["USD"].months), "USD")
    assert [row["month"] for row in rows] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    march = {
        "month": "2026-03",
        "due": "310.00",
        # The first loan's: 50.00 of it had come in January, 50.00 on the day; the third's came on the 10th.
        "early": "50.00",
        "on_time": "50.00",
        "late": "100.00",
        "unpaid": "110.00",
        # 100.00 on the first loan: half of it for April; 300.00 on the third: for February, March and April.
        "received": "400.00",
        "arrears_recovered": "100.00",
        "current": "150.00",
        "advance": "150.00",
        "overpaid": "0.00",
        "taken_back": "0.00",
        # February's 310.00, less 100.00 on the first loan and 100.00 on the second.
        "arrears_before": "110.00",
        "on_time_rate": "0.322581",
        "current_collection_rate": "0.806452",
        "clean_up_rate": "0.909091",
        "currency": "USD",
    }
    assert rows[2] == march


def test_tables_of_risk_are_of_the_days_and_of_the_ages(book):
    found = book.analysis(AS_OF)["JPY"]
    over_time = tables.risk_over_time(found.risks(ENDS))
    assert [row["day"] for row in over_time] == ENDS
    # 90,000 in three of 30,000, the first paid: on 15 April 45 days late; 30,000 in six, none paid: 73 days.
    last = file_of(over_time, "JPY")[-1]
    assert (last["day"], last["gross_portfolio"], last["at_risk_30"], last["par_60"]) == (
        "2026-04-15",
        "90000",
        "90000",
        "0.333333",
    )
    ages = tables.ageing(found.risks([AS_OF])[0])
    assert [(row["days_past_due"], row["loans"], row["overdue_principal"]) for row in ages if row["loans"]] == [
        ("31-60", 1, 60_000),
        ("61-90", 1, 15_000),
    ]
    assert sum(row["outstanding_principal"] for row in ages) == 90_000


def test_a_name_in_a_file_is_no_formula(book):
    rows = file_of(tables.borrowers(book.analysis(AS_OF)["JPY"]), "JPY")
    assert [(row["borrower"], row["outstanding_principal"], row["share"]) for row in rows] == [
        ("Chen", "60000", "0.666667"),
        ("'=HYPERLINK(1)", "30000", "0.333333"),
    ]


def test_a_loan_without_a_name_stands_for_itself(book):
    *_, nameless = tables.borrowers(book.analysis(AS_OF)["USD"])
    assert (nameless["borrower"], nameless["loan_id"], nameless["loan_reference"]) == ("", 4, "A-4")


def test_a_histogram_begins_and_ends_with_loans(book):
    found = book.analysis(AS_OF)["USD"]
    # The third loan is paid off. 900.00, 600.00 and 120.00 were lent over 9, 6 and 12 months.
    assert [
        (row["size_from"], row["size_below"], row["loans"], row["outstanding_principal"])
        for row in tables.histogram(found, "size")
    ] == [(100_00, 200_00, 1, 120_00), (200_00, 500_00, 0, 0), (500_00, 1_000_00, 2, 650_00 + 500_00)]
    assert [(row["term_from"], row["loans"]) for row in tables.histogram(found, "term")] == [(6, 2), (12, 1)]
    assert file_of(tables.histogram(found, "rate"), "USD")[0]["rate_below"] == "0.000001"
    paid_off = book.analysis(AS_OF, state="paid_off")["USD"]
    assert tables.histogram(paid_off, "rate") == []
