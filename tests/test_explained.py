"""Each figure that is explained: the sum of its rows is the figure that the book's own answers give."""

import csv
from collections.abc import Iterator
from datetime import date
from io import StringIO
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from loan_core import lateness
from loan_core.book import Book
from loan_core.calculation.calendar import Collected
from loan_core.calculation.collection import collections
from loan_core.calculation.concentration import (
    RATE_EDGES_PPM,
    TERM_EDGES,
    Histogram,
    borrowers,
    histogram,
    size_edges,
    term_in_months,
)
from loan_core.calculation.figures import FIGURES, figure_of
from loan_core.calculation.heat_map import BANDS, heat_bands
from loan_core.calculation.money import total
from loan_core.calculation.of_each import Loans
from loan_core.calculation.portfolio import AGEING, PAR_DAYS, Totals, survey, totals
from loan_core.calculation.position import State, Thresholds
from loan_core.calculation.risk import Risk, risks
from loan_core.calculation.rolling import PLACES
from loan_core.calculation.rolling import moves as moves_of
from loan_core.calculation.vintages import LATE_DAYS, vintages
from loan_core.errors import FigureNotFound
from loan_core.explained import Explained
from loan_core.store import Store
from tests import hand_made_book
from tests.by_definition import Loan
from tests.calculated import day
from tests.lending import FixedClock
from tests.random_books import Held, held_books, some_days, terms_and_receipts

TODAY = date(2026, 6, 2)


def told(
    figures: Totals,
    risk: Risk,
    period: Any,
    month: Collected,
    spread: dict[str, Histogram],
    late: dict[str, int],
    largest: int,
) -> dict[str, tuple[int, int | None]]:
    """What the pages' own answers say of every figure: its sum, and what that is divided by where it is a share."""
    gross, active = risk.all.outstanding_principal, risk.all.loans
    sums = "due early on_time late unpaid received arrears_recovered current advance overpaid taken_back arrears_before"
    return {
        "gross_portfolio": (figures.gross_portfolio, None),
        "active_loans": (figures.active, None),
        "arrears": (figures.arrears, None),
        "loans_in_arrears": (figures.loans_in_arrears, None),
        "expected_paid": (figures.expected_paid, None),
        "total_amount_paid": (figures.total_amount_paid, None),
        "behind": (figures.behind, None),
        "on_track": (figures.on_track, None),
        "ahead": (figures.ahead, None),
        **{f"age_{name}": (each.outstanding_principal, None) for name, each in figures.ageing.items()},
        **{f"overdue_{name}": (risk.ageing[name].overdue_principal, None) for name in list(AGEING)[1:]},
        **{f"par_{days}": (risk.at_risk[days], gross) for days in PAR_DAYS},
        "arrears_rate": (risk.all.overdue_principal, gross),
        "loans_at_risk": (risk.loans_late[30], active),
        "past_term": (risk.past_term.loans, active),
        **{name: (getattr(period, name), None) for name in sums.split()},
        "on_time_rate": (period.early + period.on_time, period.due),
        "current_collection_rate": (period.arrears_recovered + period.current, period.due),
        "clean_up_rate": (period.arrears_recovered, period.arrears_before),
        "on_time_collection": (month.on_time, month.due),
        **{
            f"{kind}_{edge // (100 if kind == 'size' else 1)}": (int(amount), None)
            for kind, each in spread.items()
            for edge, amount in zip(each.edges, each.amount, strict=True)
        },
        **{f"late_{name}": (late[band], sum(late.values())) for name, band in zip(lateness.BANDS, BANDS, strict=True)},
        "late_in_month": (sum(late.values()) - late["on time"], sum(late.values())),
        "largest_borrowers": (largest, gross),
    }


@settings(max_examples=40)
@given(held_books, some_days, some_days, some_days)
def test_the_rows_of_each_figure_sum_to_what_the_book_says(held, one, two, three):
    first, last, as_of = sorted((one, two, three))
    start, end, on = day(first), day(last), day(as_of)
    terms, receipts = terms_and_receipts(held)
    nobody = np.zeros(len(held), bool)
    seen = survey(terms, receipts, nobody, [on], Thresholds(), kept=[0])
    at, calendar = seen.positions[0], seen.calendar
    who = [("Amara", "Chen", row)[row % 3] for row in range(len(held))]
    owing = borrowers(who, at.state, at.outstanding_principal)
    top = owing.top(2)
    loans = Loans(terms, receipts, at, on, start, end, 2, lambda: who, [name for name, _ in top])
    bands = heat_bands(terms, receipts, on)
    between = np.arange(start.astype("M8[M]"), end.astype("M8[M]") + 1)
    owed = np.where(at.state == State.ACTIVE, at.outstanding_principal, 0)
    expected = told(
        totals(terms.principal, at),
        risks(terms, receipts, [on])[0],
        collections(terms, receipts, on).over(start, end),
        calendar.between(start, end),
        {
            "rate": histogram(terms.annual_rate_ppm, RATE_EDGES_PPM, owed),
            "size": histogram(terms.principal, size_edges(2), owed),
            "term": histogram(term_in_months(terms), TERM_EDGES, owed),
        },
        {name: sum(bands.of(month)[name] for month in between) for name in BANDS},
        sum(each.outstanding_principal for _, each in top),
    )
    found = {
        key: (total(figure.part(loans)), total(figure.whole(loans)) if figure.whole else None)
        for key, figure in FIGURES.items()
    }
    assert found == expected


@settings(max_examples=25)
@given(held_books, some_days)
def test_the_rows_of_each_cell_by_months_on_book_sum_to_the_cell(held, as_of):
    loans = only_loans(held, as_of, as_of, as_of)
    found = vintages(loans.terms, loans.receipts, loans.as_of)
    for began in found.months:
        for days in LATE_DAYS:
            # Of all that was ever, what changes is where the first ones were late: there, before, and at the end.
            cells = found.cells(began, days)
            changes = {at for at, (one, other) in enumerate(pairwise(cells), 1) if one != other}
            for on_book in {at - 1 for at in changes} | changes | {len(cells) - 1} if cells else ():
                cell = cells[on_book]
                assert sums(f"ever_{days}_{began}_{on_book}", loans) == (cell.late, cell.loans)


@settings(max_examples=25)
@given(held_books, some_days, some_days)
def test_the_rows_of_each_move_sum_to_the_cell(held, one, two):
    first, last = sorted((one, two))
    loans = only_loans(held, first, last, last)
    ends = np.arange(loans.first.astype("M8[M]") + 1, loans.last.astype("M8[M]") + 2).astype("M8[D]") - 1
    days = sorted({loans.first, *(each for each in ends if each < loans.last), loans.last})
    spans = moves_of(loans.terms, loans.receipts, days)
    counted = sum((each.loans for each in spans), np.zeros((len(PLACES), len(PLACES)), np.int64))
    owed = sum((each.principal_before for each in spans), np.zeros_like(counted))
    for row, start in enumerate(PLACES):
        for column, end in list(enumerate(PLACES))[1:]:
            for what, table in (("moved", counted), ("owed", owed)):
                key = f"{what}_{start}_{end}".replace(" ", "-")
                assert sums(key, loans) == (table[row, column], table[row].sum())


def only_loans(held, first: date, last: date, as_of: date) -> Loans:
    """What figures are asked of that need no position."""
    terms, receipts = terms_and_receipts(held)
    return Loans(terms, receipts, None, day(as_of), day(first), day(last), exponent=2)


def sums(key: str, loans: Loans) -> tuple[int, int]:
    figure = figure_of(key)
    return total(figure.part(loans)), total(figure.whole(loans))


@pytest.mark.parametrize(
    "key",
    [
        *("ever_31_2026-01_6", "ever_30_2026-13_6", "ever_30_2026-Q5_6", "ever_30_2026-01", "ever_30_26_6"),
        *("moved_1-30_new", "moved_1-31_31-60", "moved_1-30", "lent_1-30_31-60", "borrower_", "loan_x", "loan_"),
    ],
)
def test_a_cell_that_there_is_not_has_no_figure(key: str) -> None:
    assert figure_of(key) is None


def test_a_quarter_and_a_year_are_their_months():
    held = [Held(Loan(100_00, 0, 2, start_on=date(2026, month, 5))) for month in range(1, 13)]
    loans = only_loans(held, *[date(2027, 6, 1)] * 3)
    whole = {began: sums(f"ever_30_{began}_5", loans)[1] for began in ("2026", "2026-Q1", "2026-Q4", "2026-11", "2025")}
    assert whole == {"2026": 12, "2026-Q1": 3, "2026-Q4": 3, "2026-11": 1, "2025": 0}


@pytest.fixture
def book(sqlite_url: str) -> Iterator[Book]:
    opened = Book(Store(sqlite_url), FixedClock())
    yield opened
    opened.close()


@pytest.fixture
def made_up(book: Book) -> Book:
    """The demo book, with a loan in another currency and a voided one."""
    book.load_demo(loans=40)
    book.create_loan(loan_amount="1000", currency="JPY", repayment_period=3, start_on="2026-01-01")
    book.void_loan(book.create_loan(loan_amount="50.00", repayment_period=1).id)
    return book


def said(book: Book, first: date, last: date, **meant: Any) -> dict[str, tuple[int, int | None]]:
    """The same of a book by what its pages ask it."""
    loans = book.analysis(TODAY, **meant)["USD"]
    return told(
        book.portfolio(TODAY, **meant).by_currency["USD"],
        loans.risks([TODAY])[0],
        loans.collected(first, last),
        book.collections([(first, last)], chosen_on=TODAY, **meant)[0]["USD"],
        loans.histograms,
        {
            name: sum(loans.heat_bands.of(month)[name] for month in np.arange(as_months(first), as_months(last) + 1))
            for name in BANDS
        },
        sum(owed.outstanding_principal for _, owed in loans.concentration().top),
    )


def as_months(day: date) -> np.datetime64:
    return np.datetime64(day, "M")


@pytest.mark.parametrize("meant", [{}, {"status": "Behind"}, {"smallest": 3_000_00}])
def test_the_rows_of_each_figure_of_a_book_sum_to_what_its_pages_show(made_up: Book, meant: dict[str, Any]) -> None:
    first, last = date(2026, 3, 14), date(2026, 5, 9)
    figures = said(made_up, first, last, **meant)
    assert set(figures) == set(FIGURES)
    assert sum(part != 0 for part, _ in figures.values()) > 15
    for key, expected in figures.items():
        found = made_up.explain(key, TODAY, first, last, currency="USD", **meant)
        assert found
        assert (found.part, found.whole) == expected
        rows = found.rows(limit=found.count)
        sums = [int(rows[name].sum()) for name in found.names]
        assert sums == [each for each in expected if each is not None]
        assert set(rows["loan_id"]) <= set(made_up.loans(TODAY, currency="USD", **meant)["id"])


def explained(book: Book, key: str, as_of: date = TODAY, **more: Any) -> Explained:
    found = book.explain(key, as_of, currency="USD", **more)
    assert found
    return found


@pytest.fixture
def by_hand(book: Book) -> Book:
    """Three of the loans worked out by hand: 3 and 6 are past due, 1 is not."""
    for number in (1, 3, 6):
        agreed, received = hand_made_book.BOOK[number - 1].loan, hand_made_book.BOOK[number - 1].received
        loan = book.create_loan(
            reference=f"H-{number}",
            borrower="=1+1" if number == 3 else "Amara",
            loan_amount=f"{agreed.principal / 100:.2f}",
            interest_rate="0",
            repayment_period=agreed.periods,
            start_on=agreed.start_on,
        )
        for came in received:
            if came.on <= TODAY:
                book.add_repayment(loan.id, f"{came.amount / 100:.2f}", received_on=came.on)
    return book


def test_a_share_names_its_loans_the_largest_part_first(by_hand: Book) -> None:
    # On 2 June 6 owes 400.00 since 20 April, 3 owes 300.00 since 15 March, 1 has 100.00 left and pays on its days.
    found = explained(by_hand, "par_30")
    rows = found.rows(limit=10)
    assert found.names == ["at_risk", "outstanding_principal"]
    assert rows["loan_reference"].tolist() == ["H-6", "H-3", "H-1"]
    assert rows["at_risk"].tolist() == [400_00, 300_00, 0]
    assert rows["outstanding_principal"].tolist() == [400_00, 300_00, 100_00]
    assert (found.part, found.whole, found.loans, found.count) == (700_00, 800_00, 2, 3)


def test_a_number_of_loans_has_those_first_who_owe_most(by_hand: Book) -> None:
    found = explained(by_hand, "active_loans")
    assert (found.part, found.rows(limit=1, offset=1)["loan_reference"].tolist()) == (3, ["H-3"])


def test_pages_of_rows_are_all_the_rows(made_up: Book) -> None:
    found = explained(made_up, "gross_portfolio")
    pages = [found.rows(limit=7, offset=offset) for offset in range(0, found.count, 7)]
    assert [loan for page in pages for loan in page["loan_id"]] == found.rows(limit=found.count)["loan_id"].tolist()
    assert found.rows(limit=7, offset=found.count).empty


def test_the_file_of_the_rows_adds_up_and_holds_no_formula(by_hand: Book) -> None:
    found = explained(by_hand, "par_30")
    lines = list(csv.DictReader(StringIO(b"".join(found.csv()).decode("utf-8-sig"))))
    assert lines[1] == {
        "loan_id": "2",
        "loan_reference": "H-3",
        "borrower": "'=1+1",
        "at_risk": "300.00",
        "outstanding_principal": "300.00",
        "currency": "USD",
    }
    assert [line["at_risk"] for line in lines] == ["400.00", "300.00", "0.00"]
    counts = b"".join(explained(by_hand, "loans_at_risk").csv()).decode("utf-8-sig").splitlines()
    assert counts[0] == "loan_id,loan_reference,borrower,late,active_loans,currency"
    assert counts[3] == "1,H-1,Amara,0,1,USD"


def test_a_period_ends_on_the_day_and_is_this_month_unless_given(by_hand: Book) -> None:
    # 1 pays 100.00 on 1 June; nothing else falls due by 2 June.
    assert explained(by_hand, "due").part == explained(by_hand, "due", last=date(2026, 12, 1)).part == 100_00
    assert explained(by_hand, "due").asked.first == date(2026, 6, 1)
    assert explained(by_hand, "due", first=date(2026, 7, 1)).asked.first == TODAY


def test_all_of_an_explanation_is_of_one_revision(by_hand: Book) -> None:
    before = explained(by_hand, "total_amount_paid")
    by_hand.add_repayment(1, "7.00", received_on=TODAY)
    assert sum(before.rows(limit=9)["received"]) == before.part
    after = explained(by_hand, "total_amount_paid")
    assert (after.part - before.part, after.asked.revision - before.asked.revision) == (7_00, 1)


def test_only_the_last_explanations_are_remembered(by_hand: Book) -> None:
    loans = by_hand.analysis(TODAY, currency="USD")["USD"]
    assert explained(by_hand, "arrears") is explained(by_hand, "arrears")
    for key in FIGURES:
        loans.explained(FIGURES[key], TODAY, TODAY)
    assert list(loans._known["explained"]) == [(key, TODAY, TODAY) for key in list(FIGURES)[-2:]]


def test_what_is_no_figure_is_refused_in_words(book: Book) -> None:
    with pytest.raises(FigureNotFound, match=r"^There is no figure par_31 in this book\.$"):
        book.explain("par_31", TODAY, currency="USD")


def test_a_borrower_is_who_bears_the_name_and_a_loan_without_one_is_itself(by_hand: Book) -> None:
    # Amara's two loans owe 100.00 and 400.00 of 800.00; Amara Okafor is another.
    today: dict[str, Any] = {"interest_rate": "0", "repayment_period": 1, "start_on": TODAY}
    by_hand.create_loan(borrower="Amara Okafor", loan_amount="50", **today)
    by_hand.create_loan(loan_amount="150", **today)
    amara, nobody, all_of_them = (explained(by_hand, key) for key in ("borrower_Amara", "loan_5", "largest_borrowers"))
    assert (amara.part, amara.loans, amara.whole) == (500_00, 2, 1_000_00)
    assert (nobody.part, nobody.loans) == (150_00, 1)
    assert (all_of_them.part, all_of_them.whole) == (1_000_00, 1_000_00)
    assert explained(by_hand, "borrower_5").part == 0, "a name is no number of a loan"


def test_of_no_loans_nothing_is_explained(book: Book) -> None:
    assert book.explain("par_30", TODAY, currency="USD") is None


def test_a_figure_says_what_it_means() -> None:
    for figure in FIGURES.values():
        assert figure.definition.endswith(".")
        assert not figure.formula.endswith(".")
        assert figure.name
        assert bool(figure.whole_name) == figure.is_share == ("÷" in figure.formula)


def test_the_steps_of_a_histogram_are_in_whole_units_of_any_currency(book: Book) -> None:
    # 1,000 yen have no decimals, 1,000 dollars have two.
    for code in ("JPY", "USD"):
        book.create_loan(
            loan_amount="1000", currency=code, interest_rate="0", repayment_period=4, start_on="2026-06-01"
        )
        found = book.explain("size_1000", TODAY, currency=code)
        assert found
        assert (found.loans, found.figure.name) == (1, "Amount lent 1,000 to below 2,000")
    assert FIGURES["rate_0"].name == "Rate a year 0%"
    assert FIGURES["rate_1"].name == "Rate a year above 0% and below 5%"
    assert FIGURES["term_120"].name == "Term 120 months and more"
