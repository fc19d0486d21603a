"""Every figure of the analyst's view on a book of twelve loans, by hand. Loans are called by their numbers, 1 to 12."""

from datetime import date

import numpy as np
import pytest

from loan_core.calculation.collection import Collections, collections
from loan_core.calculation.concentration import RATE_EDGES_PPM, TERM_EDGES, Owed, borrowers, histogram, term_in_months
from loan_core.calculation.heat_map import heat_bands, heat_map
from loan_core.calculation.position import Thresholds, position
from loan_core.calculation.risk import Age, risks
from loan_core.calculation.rolling import PLACES, moves
from loan_core.calculation.sanity import findings
from loan_core.calculation.vintages import vintages
from tests.calculated import day, plain_findings
from tests.hand_made_book import AS_OF, BOOK, BORROWERS
from tests.random_books import terms_and_receipts

TERMS, RECEIPTS = terms_and_receipts(BOOK)
DAY = day(AS_OF)


@pytest.fixture(scope="module")
def collected() -> Collections:
    return collections(TERMS, RECEIPTS, DAY)


# Beside each sum the loans that it is of.
@pytest.mark.parametrize(
    ("month", "due", "early", "on_time", "late", "unpaid"),
    [
        ("2026-01", 0, 0, 0, 0, 0),
        # 1, 2, 3; 2 paid early.
        ("2026-02", 300_00, 100_00, 200_00, 0, 0),
        # 1, 2, 3, 6; 3 is unpaid.
        ("2026-03", 400_00, 100_00, 200_00, 0, 100_00),
        # 1, 2, 3, 4, 5, 6; 2 early; 1, 5 on time; 4 late; 3, 6 unpaid.
        ("2026-04", 600_00, 100_00, 200_00, 100_00, 200_00),
        # 1, 3, 4, 5, 6, 11 of 100.00 each, 7 four times 25.00, 10 94.56; 7 early once; 1, 4, 10 on time; 7 late thrice.
        ("2026-05", 794_56, 25_00, 294_56, 75_00, 400_00),
        # 1, 4, 6, 11, 12 of 100.00 each, 10 94.56; 1, 12 and 50.00 of 10 on time; 4, 6, 11 and the rest of 10 unpaid.
        ("2026-06", 594_56, 0, 250_00, 0, 344_56),
    ],
)
def test_what_fell_due_in_each_month(collected, month, due, early, on_time, late, unpaid):
    found = collected.over(np.datetime64(month), np.datetime64(month))
    assert (found.due, found.early, found.on_time, found.late, found.unpaid) == (due, early, on_time, late, unpaid)


@pytest.mark.parametrize(
    ("month", "received", "arrears_recovered", "current", "advance", "overpaid", "taken_back"),
    [
        # 2, for February, March and April.
        ("2026-01", 300_00, 0, 0, 300_00, 0, 0),
        # 1, 3.
        ("2026-02", 200_00, 0, 200_00, 0, 0, 0),
        # 1, 6.
        ("2026-03", 200_00, 0, 200_00, 0, 0, 0),
        # 1, 4, 5: late within the month is current.
        ("2026-04", 300_00, 0, 300_00, 0, 0, 0),
        # 1, 4, 10, 7 75.00; and 11, which went back in June.
        ("2026-05", 469_56, 0, 369_56, 0, 0, 100_00),
        # 1, 10 50.00, 12 120.00; 7's last of May, 25.00; 11's 100.00 went back.
        ("2026-06", 195_00, 25_00, 250_00, 0, 20_00, -100_00),
    ],
)
def test_what_came_in_in_each_month(
    collected, month, received, arrears_recovered, current, advance, overpaid, taken_back
):
    found = collected.over(np.datetime64(month), np.datetime64(month))
    assert (found.received, found.arrears_recovered, found.current) == (received, arrears_recovered, current)
    assert (found.advance, found.overpaid, found.taken_back) == (advance, overpaid, taken_back)


def test_the_second_quarter_as_one_period(collected):
    found = collected.over(np.datetime64("2026-04"), np.datetime64("2026-06"))
    # 600.00 + 794.56 + 594.56; 100.00 + 25.00; 200.00 + 294.56 + 250.00; 100.00 + 75.00.
    assert (found.due, found.early, found.on_time, found.late) == (1_989_12, 125_00, 744_56, 175_00)
    # 7's last installment of May is of the quarter, and 11's money came and went within it.
    assert (found.received, found.arrears_recovered, found.current) == (964_56, 0, 944_56)
    assert (found.advance, found.overpaid, found.taken_back) == (0, 20_00, 0)
    assert (found.on_time_rate, found.current_collection_rate) == (869_56 / 1_989_12, 944_56 / 1_989_12)
    # It began with loan 3's March in arrears, of which nothing came in.
    assert (found.arrears_before, found.clean_up_rate) == (100_00, 0.0)
    # June began with 3's three, 5's, 6's two, 7's last and, as we know now, 11's: 300 + 100 + 200 + 25 + 100.
    june = collected.over(np.datetime64("2026-06"), np.datetime64("2026-06"))
    assert (june.arrears_before, june.clean_up_rate) == (725_00, 25 / 725)


def test_the_average_term_and_the_loss_that_a_rate_implies(collected):
    # 6 + 3 + 4 + 12 + 2 + 5 + 6 + 3 + 12 + 2 + 1 months and 4 weeks, of 12 loans.
    years = (56 / 12 + 4 / 52) / 12
    assert collected.average_term == pytest.approx(years)
    quarter = collected.over(np.datetime64("2026-04"), np.datetime64("2026-06"))
    # 1,044.56 of the quarter's 1,989.12 did not come in.
    assert collected.implied_annual_loss(quarter) == pytest.approx(1_044_56 / 1_989_12 / years * 2)


def test_risk_and_age():
    (found,) = risks(TERMS, RECEIPTS, [DAY])
    assert found.ageing == {
        # 1, 8.
        "current": Age(2, 700_00, 0),
        # 4, 29 days; 10, 29 days: 1,000.00 − 74.56 − (50.00 − 18.51), of which 76.05 − 31.49 are overdue.
        "1-30": Age(2, 1_000_00 + 893_95, 100_00 + 44_56),
        # 5, 51 days; 11, 60 days.
        "31-60": Age(2, 300_00, 300_00),
        # 6, 71 days: April, May and June are overdue, July is not.
        "61-90": Age(1, 400_00, 300_00),
        # 3, 107 days.
        "91+": Age(1, 300_00, 300_00),
    }
    assert found.all == Age(8, 3_593_95, 1_044_56)
    # Sixty days past due is not more than sixty.
    assert found.at_risk == {1: 2_893_95, 30: 1_000_00, 60: 700_00, 90: 300_00}
    assert found.loans_late == {1: 6, 30: 4, 60: 2, 90: 1}
    # 3, 5, 11.
    assert found.past_term == Age(3, 600_00, 600_00)
    assert [found.share(key, 30) for key in ("par", "arrears_rate", "loans_at_risk", "past_term")] == [
        1_000_00 / 3_593_95,
        1_044_56 / 3_593_95,
        4 / 8,
        3 / 8,
    ]


def test_risk_at_the_end_of_an_earlier_month_is_what_the_book_said_then():
    (found,) = risks(TERMS, RECEIPTS, [day("2026-05-31")])
    # 11 had paid; 12, 10 and 4 were current, like 1; 8 had not begun. 200 + 1,000 + 925.44 + 100 + 100.
    assert found.ageing["current"] == Age(5, 2_325_44, 0)
    # 5, 21 days; 7, 2 days. 6, 41 days. 3, 77 days.
    assert [(age.loans, age.outstanding_principal) for age in found.ageing.values()][1:] == [
        (2, 125_00),
        (1, 400_00),
        (1, 300_00),
        (0, 0),
    ]


def test_moves_from_the_end_of_may_to_the_end_of_june():
    (span,) = moves(TERMS, RECEIPTS, [day("2026-05-31"), DAY])
    found = {
        (PLACES[row], PLACES[column]): (span.loans[row, column], span.principal_before[row, column])
        for row, column in np.argwhere(span.loans)
    }
    assert found == {
        ("current", "current"): (1, 200_00),  # 1
        ("current", "1-30"): (2, 1_000_00 + 925_44),  # 4, 10
        ("current", "31-60"): (1, 100_00),  # 11, whose money went back
        ("current", "paid off"): (1, 100_00),  # 12
        ("1-30", "31-60"): (1, 100_00),  # 5
        ("1-30", "paid off"): (1, 25_00),  # 7
        ("31-60", "61-90"): (1, 400_00),  # 6
        ("61-90", "91+"): (1, 300_00),  # 3
        ("new", "current"): (1, 0),  # 8
        ("paid off", "paid off"): (1, 0),  # 2
    }


def test_vintages():
    found = vintages(TERMS, RECEIPTS, DAY)

    def late(month: str, days: int) -> tuple[int, list[int]]:
        cells = found.cells(np.datetime64(month), days)
        return cells[0].loans, [cell.late for cell in cells]

    # 1, 2, 3: 3 was 31 days past due on 15 April, 61 on 15 May, 91 on 14 June.
    assert late("2026-01", 30) == (3, [0, 0, 0, 1, 1, 1])
    assert late("2026-01", 60) == (3, [0, 0, 0, 0, 1, 1])
    assert late("2026-01", 90) == (3, [0, 0, 0, 0, 0, 1])
    # 6: on 21 May, and 61 days on 20 June.
    assert (late("2026-02", 30), late("2026-02", 60)) == ((1, [0, 0, 0, 1, 1]), (1, [0, 0, 0, 0, 1]))
    # 4, 5: 5 on 10 June.
    assert (late("2026-03", 30), late("2026-03", 60)) == ((2, [0, 0, 0, 1]), (2, [0, 0, 0, 0]))
    # 10, 11: 11 on 10 June, when its money went back; 60 days on 30 June are not more than 60.
    assert (late("2026-04", 30), late("2026-04", 60)) == ((2, [0, 0, 1]), (2, [0, 0, 0]))
    # 7, 12: 7 was 31 days past due at the end of 29 June, the day before it was paid off.
    assert late("2026-05", 30) == (2, [0, 1])
    # 8. 9 has not begun.
    assert late("2026-06", 30) == (1, [0])
    assert str(found.months[-1]) == "2026-06"


def test_the_heat_map():
    found = heat_map(TERMS, RECEIPTS, DAY)
    assert [str(month) for month in found.months] == ["2026-02", "2026-03", "2026-04", "2026-05", "2026-06"]
    assert found.days.tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 0, -1, -1],
        [0, 107, 76, 46, -1],
        [-1, -1, 10, 0, 29],
        [-1, -1, 0, 51, -1],
        [-1, 0, 71, 41, 10],
        [-1, -1, -1, 32, -1],
        [-1] * 5,
        [-1] * 5,
        [-1, -1, -1, 0, 29],
        [-1, -1, -1, 60, 29],
        [-1, -1, -1, -1, 0],
    ]
    bands = heat_bands(TERMS, RECEIPTS, DAY)
    # 1, 4 and 10 on time; 3, 5, 6, 7, 11.
    assert bands.of(np.datetime64("2026-05")) == {
        "on time": 3,
        "1-7": 0,
        "8-30": 0,
        "31-60": 5,
        "61-90": 0,
        "91+": 0,
    }


def test_who_owes_most():
    paid, voided = RECEIPTS.through(DAY), np.zeros(12, dtype=bool)
    at = position(TERMS, paid, voided, DAY, Thresholds())
    found = borrowers([name or 1 + row for row, name in enumerate(BORROWERS)], at.state, at.outstanding_principal)
    # Amara's second loan is paid off.
    assert found.top() == [
        ("Diego", Owed(1, 1_000_00)),
        ("Ingrid", Owed(1, 893_95)),
        ("Hassan", Owed(1, 600_00)),
        ("Farida", Owed(1, 400_00)),
        ("Chen", Owed(1, 300_00)),
        ("João", Owed(1, 200_00)),
        ("Amara", Owed(1, 100_00)),
        ("Elif", Owed(1, 100_00)),
    ]
    assert (found.gross_portfolio, found.share(3)) == (3_593_95, 2_493_95 / 3_593_95)


def test_rates_and_terms():
    rates = histogram(TERMS.annual_rate_ppm, RATE_EDGES_PPM, TERMS.principal)
    # Eleven loans without interest, 4,500.00 in all, and one at 24 %: from 20 % below 25 %.
    assert {edge: (loans, amount) for edge, loans, amount in zip(*vars(rates).values(), strict=True) if loans} == {
        0: (11, 4_500_00),
        200_000: (1, 1_000_00),
    }
    terms = histogram(term_in_months(TERMS), TERM_EDGES, TERMS.principal)
    # Below 3 months: 5, 7, 11, 12. From 3: 2, 3, 6, 9. From 6: 1, 8. From 12: 4, 10.
    assert terms.loans.tolist() == [4, 4, 2, 2, 0, 0, 0, 0, 0]


def test_what_looks_like_a_mistake():
    stands = np.array([each for held in BOOK for each in held.standing])
    found = {kind: plain_findings(each) for kind, each in findings(TERMS, RECEIPTS, stands, DAY).items() if len(each)}
    assert found == {
        "above_what_was_left": [(11, [len(RECEIPTS.amount) - 1], {"amount": 120_00, "left": 100_00})],
        # 3 since 15 February, 6 since 20 March. 11 has been silent for 90 days, since it began, and not for more.
        "no_repayment_for_long": [
            (2, [], {"days": 135, "arrears": 300_00, "days_past_due": 107}),
            (5, [], {"days": 102, "arrears": 300_00, "days_past_due": 71}),
        ],
    }


def test_the_book_has_twelve_loans_asked_about_on_one_day():
    assert (len(BOOK), len(BORROWERS), AS_OF) == (12, 12, date(2026, 6, 30))
