"""Cases that other systems and regulators worked out: each is a test here, or is listed with the reason why not."""

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loan_core.book import Book
from loan_core.calculation.dates import Frequency
from loan_core.calculation.money import LARGEST
from loan_core.calculation.position import outcomes
from loan_core.calculation.schedule import Method, Rounding, Schedule, agreed_installment
from loan_core.store import Store
from tests.by_definition import Loan, half_up
from tests.calculated import day, due_dates_of, lines_of, position_of
from tests.lending import FixedClock

# A case is named by its own id or, where it has none, by its function and its place among that function's cases.
FILES = {
    "worked_cases.json": lambda case, _: case["id"],
    "spreadsheet_functions.json": lambda case, seen: f"{case['function']}-{seen[case['function']]}",
    "numpy_financial_cases.json": lambda case, seen: f"np.{case['f']}-{seen[case['f']]}",
    "frappe_lending_cases.json": lambda _, seen: f"frappe-{sum(seen.values())}",
}

PMT = "PMT-0 PMT-5 np.pmt-0 np.pmt-1 np.pmt_decimal-0".split()
PV = "PV-0 PV-10 PV-12 PV-13".split()
RATE = "RATE-0 RATE-1 RATE-3 RATE-7 RATE-8 RATE-16".split()
NPER = "NPER-3 np.nper-2".split()
PARTS = [
    *"IPMT-0 IPMT-2 IPMT-4 IPMT-6 PPMT-0 PPMT-2 PPMT-4 PPMT-6".split(),
    *"np.ipmt-0 np.ppmt-0 np.ppmt-2 np.ppmt-4 np.ppmt-5 np.ppmt-6 np.ppmt-7".split(),
    *(f"{function}-{place}" for function in ("CUMIPMT", "CUMPRINC") for place in range(8)),
]
ALONE = "FIN-01 FIN-05 FIN-07 FIN-21 FIN-29 FIN-31 FIN-36 FIN-37 FRA-03 FRA-05 REGZ-01 OCA-01 frappe-0 frappe-1".split()
TESTED = [*PMT, *PV, *RATE, *NPER, *PARTS, *ALONE]

# A range is of places: PMT-8..13 is PMT-8, PMT-9, … PMT-13.
NOT_TESTED = {
    "interest by the days of each period; ours are equal periods": "FIN-02 FIN-03 FRA-01",
    "the first period's interest is pro-rated by days; ours is a whole period's": "FIN-14",
    "the first period is odd, and an APR counts its days": "REGZ-02",
    "halves go to the even neighbour; ours go up": "FIN-24",
    "the rest is split over the installments to come; ours covers the oldest first": "FIN-34",
    "an effective rate of payments on given days; ours are nominal": "EU-01",
    "a settlement figure with daily interest; there is no early pay-off": "UKS-01",
    "a day count; ours are equal periods": "DC-01",
    "an argument that is no number, or impossible: refused at the door, never calculated": (
        "PMT-8..13 IPMT-12..20 PPMT-10..18 CUMIPMT-8..15 CUMPRINC-8..16 NPER-10..18 RATE-12 RATE-13 RATE-17..22 "
        "EFFECT-4..7 NOMINAL-4..7 PV-14..21 FV-19..23 FV-27 FV-28"
    ),
    "a negative rate: refused at the door": (
        "PMT-1 PMT-3 IPMT-1 IPMT-3 IPMT-5 IPMT-7 IPMT-9 IPMT-11 PPMT-1 PPMT-3 PPMT-5 PPMT-7 NPER-5 PV-1 PV-3 PV-9"
    ),
    "the payments come to less than was lent: the rate would be negative": "RATE-2 RATE-14",
    "a number of periods that is not whole": "RATE-4 RATE-5",
    "payments at the beginning of the period; ours fall due at its end": (
        "PMT-2 np.ppmt-1 np.ppmt-3 RATE-6 PV-2 PV-4 PV-11"
    ),
    "a sum beside the loan at the end of its life; ours are paid back": (
        "PMT-4 PMT-6 PMT-7 IPMT-8 IPMT-10 PPMT-8 PPMT-9 NPER-0 NPER-1 NPER-4 NPER-6..9 RATE-9..11 RATE-15 PV-5..8 "
        "np.nper-0 np.nper-1 np.nper-3 np.rate-0 np.rate_decimal-0"
    ),
    "saving up, not paying back": "NPER-2 FV-0..18 FV-24..26",
    "effective against nominal rates; ours are nominal, quoted by the month or the year": "EFFECT-0..3 NOMINAL-0..3",
    "the present value of uneven amounts": "np.npv-0",
}


def listed(ids: str) -> list[str]:
    names = []
    for each in ids.split():
        first, _, last = each.partition("..")
        function, _, place = first.rpartition("-")
        names += [f"{function}-{at}" for at in range(int(place), int(last) + 1)] if last else [each]
    return names


@pytest.fixture(scope="module")
def published(reference) -> dict[str, Any]:
    """Every case of the four files, by its name."""
    cases: dict[str, Any] = {}
    for file, name_of in FILES.items():
        content = json.loads((reference / "published" / file).read_text("utf-8"))
        seen: Counter[str] = Counter()
        for case in content if isinstance(content, list) else content["cases"]:
            name = name_of(case, seen)
            assert name not in cases
            cases[name] = case
            seen[case.get("function") or case.get("f") or ""] += 1
    return cases


def test_every_published_case_is_a_test_or_is_listed_with_a_reason(published):
    # 22 worked cases, 196 of spreadsheets, 19 of numpy-financial, 2 of frappe: the reference data's own README.
    assert len(published) == 22 + 196 + 19 + 2
    named = [*TESTED, *(name for ids in NOT_TESTED.values() for name in listed(ids))]
    assert sorted(named) == sorted(published)
    # What is no parameter of a test has one of its own, which looks it up by its name.
    assert [name for name in ALONE if f'"{name}"' not in Path(__file__).read_text("utf-8")] == []


# Financial functions. An argument is the rate of a period; a payment is negative, as money that leaves.

A_MONTHS_RATE_OF_A_YEAR = 12 * 10**6
FINE = 10**25
CLOSE = Fraction(1, 10**12)


def ppm_of(rate: float | str) -> int:
    """A published rate of one month as ours a year; the float stands for the exact rate next to it."""
    exact = Fraction(Decimal("0.08")) / 12 if rate == "0.08/12" else Fraction(rate)
    ppm = round(exact * A_MONTHS_RATE_OF_A_YEAR)
    assert abs(Fraction(ppm, A_MONTHS_RATE_OF_A_YEAR) - exact) <= exact / 10**9
    return ppm


def exact_installment(principal: float | Fraction, annual_rate_ppm: int, periods: int) -> Fraction:
    """Our installment before it is rounded to a currency: to 25 decimals."""
    codes = (Frequency.MONTHLY, Method.ANNUITY, Rounding.HALF_UP)
    scaled = Fraction(principal) * FINE
    return Fraction(agreed_installment(int(scaled), annual_rate_ppm, periods, *codes), FINE)


def expected_of(case: Any) -> Fraction:
    return Fraction(str(case["expected"]))


def allowed(case: Any) -> Fraction:
    """How far a published figure may be off: by its own tolerance, or by the last digits of a float."""
    return max(Fraction(case.get("tol", 0)), abs(expected_of(case)) * CLOSE)


@pytest.mark.parametrize("name", PMT)
def test_the_level_installment_equals_the_published_one(published, name):
    rate, periods, principal = published[name]["args"]
    installment = exact_installment(principal, ppm_of(rate), periods)
    assert abs(installment + expected_of(published[name])) <= allowed(published[name])


# numpy-financial worked in decimals of 28 digits, of which 60 multiplications take the last three.
def test_the_level_installment_equals_the_published_one_to_25_digits(published):
    rate, periods, principal = published["np.pmt_decimal-0"]["args"]
    installment = exact_installment(principal, ppm_of(rate), periods)
    assert abs(installment + expected_of(published["np.pmt_decimal-0"])) < installment / 10**25


@pytest.mark.parametrize("name", PV)
def test_the_published_present_value_is_repaid_by_the_published_payment(published, name):
    rate, periods, payment, *_ = published[name]["args"]
    installment = exact_installment(-expected_of(published[name]), ppm_of(rate), periods)
    assert abs(installment - payment) <= payment * CLOSE


@pytest.mark.parametrize("name", RATE)
def test_the_published_rate_lies_where_our_installment_passes_the_published_payment(published, name):
    periods, payment, principal = published[name]["args"]
    a_year = expected_of(published[name]) * A_MONTHS_RATE_OF_A_YEAR
    below, above = (exact_installment(principal, ppm, periods) for ppm in (floor(a_year), ceil(a_year)))
    assert below < -payment < above


@pytest.mark.parametrize("name", NPER)
def test_a_stated_installment_repays_in_the_published_number_of_periods(published, name):
    rate, payment, principal, *_ = published[name]["args"]
    periods = ceil(expected_of(published[name]))
    loan = Loan(principal * 100, ppm_of(rate), periods + 12, installment=-payment * 100)
    dues = [line.due for line in lines_of(loan)]
    assert [due > 0 for due in dues] == [True] * periods + [False] * 12


def parts_asked_for(name: str, args: list[Any]) -> tuple[str, float, int, int, range]:
    """Interest or principal, rate, periods, amount, and which installments: of one, or of several together."""
    part = "interest" if "IPMT" in name.upper() else "principal"
    if name.startswith("CUM"):
        rate, periods, principal, first, last, _ = args
    else:
        rate, first, periods, principal = args
        last = first
    return part, rate, periods, principal, range(first - 1, last)


def rounding_bound(part: str, i: Fraction, periods: int, places: range) -> Fraction:
    """By how many units whole units may differ from real numbers.

    Each period adds half a unit of its interest and half a unit of the installment to the balance, which then bears
    interest. The last installment takes what all of them left behind.
    """
    half = Fraction(1, 2)
    balance = list(accumulate(range(periods - 1), lambda off, _: off * (1 + i) + 1, initial=Fraction(0)))
    if part == "interest":
        return sum((balance[at] * i + half for at in places), Fraction(0))
    return sum((balance[at] if at == periods - 1 else balance[at] * i + 2 * half for at in places), Fraction(0))


@pytest.mark.parametrize("name", PARTS)
def test_interest_and_principal_equal_the_published_ones_but_for_rounding(published, name):
    part, rate, periods, principal, places = parts_asked_for(name, published[name]["args"])
    # As fine as the largest loan allows, so that rounding is next to nothing.
    unit = LARGEST // principal
    loan = Loan(principal * unit, ppm_of(rate), periods)
    ours = Fraction(sum(getattr(lines_of(loan)[at], part) for at in places), unit)
    rounding = rounding_bound(part, loan.rate, periods, places) / unit
    assert rounding < abs(expected_of(published[name])) / 10**6
    assert abs(ours + expected_of(published[name])) <= rounding + allowed(published[name])


# Worked cases.


def cents(written: str) -> int:
    return int(Decimal(written) * 100)


def loan_of(given: Any, unit: int = 100, **also: Any) -> Loan:
    """The loan of a case, in minor units."""
    start_on = date.fromisoformat(given.get("disbursed", "2025-10-01"))
    ppm = int(Decimal(given["annual_rate_pct"]) * 10_000)
    return Loan(int(Decimal(given["principal"]) * unit), ppm, given["n"], start_on=start_on, **also)


def as_published(loan: Loan) -> list[dict[str, Any]]:
    left, rows = loan.principal, []
    for number, line in enumerate(lines_of(loan), 1):
        left -= line.principal
        rows.append(
            {
                "n": number,
                "due": line.due_on.isoformat(),
                "instalment": line.due,
                "interest": line.interest,
                "principal": line.principal,
                "balance_after": left,
            }
        )
    return rows


def in_cents(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value if name in ("n", "due") else cents(value) for name, value in row.items()}


# FIN-05: the plain formula has 33.58, 33.58, 33.56, as its notes say; Fineract then agrees on 33.57.
@pytest.mark.parametrize(
    ("name", "also"),
    [
        ("FIN-01", {}),
        ("FIN-05", {"frequency": Frequency.EVERY_TWO_WEEKS, "installment": 33_57}),
        ("FIN-07", {}),
    ],
)
def test_a_schedule_equals_the_published_one_line_by_line(published, name, also):
    rows = as_published(loan_of(published[name]["input"], **also))
    expected = [in_cents(row) for row in published[name]["expected"]["schedule"]]
    assert [{column: row[column] for column in wanted} for row, wanted in zip(rows, expected, strict=True)] == expected


def test_fin_05_without_its_smoothing_has_the_installments_of_a_plain_engine(published):
    assert "33.58, 33.58, 33.56" in published["FIN-05"]["convention_notes"]
    loan = loan_of(published["FIN-05"]["input"], frequency=Frequency.EVERY_TWO_WEEKS)
    assert [line.due for line in lines_of(loan)] == [33_58, 33_58, 33_56]


def test_fin_21_whole_units_round_half_up_and_the_last_takes_what_is_left(published):
    given, expected = published["FIN-21"]["input"], published["FIN-21"]["expected"]
    loan = loan_of(given, unit=1)
    rows = as_published(loan)
    assert [row["instalment"] for row in rows] == [int(each) for each in expected["instalments"]]
    assert [row["balance_after"] for row in rows] == [int(each) for each in expected["balances"]]
    days = [loan.start_on, *(line.due_on for line in lines_of(loan))]
    assert [(b - a).days for a, b in pairwise(days)] == expected["days_per_period"]


@pytest.fixture
def repaid(sqlite_url):
    """A book in which a case's loan was lent and its payments were recorded; closed at the end."""
    books = []

    def open_with(given: Any) -> tuple[Book, Any, list[Any]]:
        book = Book(Store(sqlite_url), FixedClock())
        books.append(book)
        terms = {"loan_amount": given["principal"], "interest_rate": "0", "repayment_period": 1}
        loan = book.create_loan(**terms, start_on=given["disbursed"])
        paid = [book.add_repayment(loan.id, each["amount"], received_on=each["date"]) for each in given["payments"]]
        return book, loan, paid

    yield open_with
    for book in books:
        book.close()


def test_fin_29_a_reversal_changes_what_later_payments_covered(published, repaid):
    given, expected = published["FIN-29"]["input"], published["FIN-29"]["expected"]
    book, loan, paid = repaid(given)
    before = book.statement(loan.id, date(2022, 11, 30))
    assert before.repayments["remaining_balance"].tolist() == [cents(each) for each in expected["balances_before"]]
    assert before.repayments["covered_principal"].tolist()[-1] == cents(expected["last_payment_principal_part_before"])
    assert before.status.overpaid_amount == cents(expected["overpaid_before"])

    (undone,) = [each for each in paid if each.received_on.isoformat() == given["then_reverse"]["date"]]
    reversal = book.reverse_repayment(undone.id)
    after = book.statement(loan.id, date(2022, 11, 30))
    rows = after.repayments.set_index("reference")
    of_4_november, last = paid[2].reference, paid[3].reference
    then = expected["after_reversal"]
    assert rows.loc[of_4_november, "remaining_balance"] == cents(then["balance_after_2022_11_04"])
    assert rows.loc[last, "covered_principal"] == cents(then["last_payment_principal_part"])
    assert after.status.overpaid_amount == cents(then["overpaid"])
    # Both stay visible, and name each other.
    assert rows.loc[undone.reference, "reversed_by"] == reversal.reference
    assert rows.loc[reversal.reference, "reverses"] == undone.reference


def test_fin_31_undoing_the_first_of_three_payments_reopens_the_loan(published, repaid):
    given, expected = published["FIN-31"]["input"], published["FIN-31"]["expected"]
    book, loan, paid = repaid(given)
    before = book.status(loan.id, date(2023, 1, 31))
    assert (before.state, before.overpaid_amount) == ("paid_off", cents(expected["before"]["overpaid"]))
    book.reverse_repayment(paid[0].id)
    after = book.status(loan.id, date(2023, 1, 31))
    assert (after.state, after.remaining_balance) == ("active", cents(expected["after"]["outstanding"]))
    assert after.overpaid_amount == 0


@pytest.mark.parametrize("which", ["a", "b"])
def test_fin_36_due_dates_count_from_the_first_one_and_do_not_drift(published, which):
    given, expected = published["FIN-36"]["input"], published["FIN-36"]["expected"]
    first_due_on = date.fromisoformat(given[f"first_due_{which}"])
    found = due_dates_of(first_due_on, first_due_on, Frequency.MONTHLY, given["count"])
    assert [each.isoformat() for each in found] == expected[f"sequence_{which}"]


@pytest.mark.parametrize("as_of", ["2023-11-16", "2023-12-16"])
def test_fin_37_each_installment_is_as_many_days_past_due(published, as_of):
    given, expected = published["FIN-37"]["input"], published["FIN-37"]["expected"]
    due_on = np.array([each["due"] for each in given["instalments"]], dtype="M8[D]")
    due = np.array([cents(each["amount"]) for each in given["instalments"]])
    lines = Schedule(due_on, np.zeros_like(due), due)
    _, days = outcomes(lines, due, np.full(due.size, day(None)), day(as_of))
    by_range = {name: int(due[(days >= low) & (days <= high)].sum()) for name, low, high in given["buckets"]}
    wanted = {name: cents(amount) for name, amount in expected[f"on_{as_of.replace('-', '_')}"].items()}
    assert {name: amount for name, amount in by_range.items() if amount} == wanted


# Frappe counts the due date itself as day 1, DOMAIN as day 0: ours is one less, and never below nothing.
def test_fra_03_days_past_due_are_one_less_than_frappes(published):
    given, expected = published["FRA-03"]["input"], published["FRA-03"]["expected"]
    assert given["emi"] == "3782 (exact 3781.14)"
    assert loan_of(given).agreed == 3_781_14
    loan = loan_of(given, first_due_on=date.fromisoformat(given["first_due"]), installment=3_782_00)
    ours = {
        on: position_of(
            loan, sum(cents(each["amount"]) for each in given["payments"] if each["date"] <= on), date.fromisoformat(on)
        )["days_past_due"]
        for on in expected["dpd"]
    }
    assert ours == {on: max(theirs - 1, 0) for on, theirs in expected["dpd"].items()}


# Users reported the whole unit as a bug: up only where the loan says so, and to the cent.
@pytest.mark.parametrize("which", ["a", "b"])
def test_fra_05_an_installment_is_not_rounded_up_unless_the_loan_says_so(published, which):
    given, expected = published["FRA-05"]["input"][which], published["FRA-05"]["expected"][which]
    assert lines_of(loan_of(given))[0].due == cents(expected["exact_emi"])
    assert len([line for line in lines_of(loan_of(given)) if line.due]) == given["n"]
    assert loan_of(given, unit=1, rounding=Rounding.UP).agreed * 100 == cents(expected["ceil_emi"])


# 12 CFR 1026, Appendix J (c)(1)(i): 24 payments of 230 on 5,000 have a nominal rate of 9.69 % a year, to two decimals.
def test_reg_z_appendix_j_c_1_i(published):
    given, expected = published["REGZ-01"]["input"], published["REGZ-01"]["expected"]
    ppm = int(Decimal(expected["apr_pct"]) * 10_000)
    amount = Fraction(given["amount_financed"])
    below, above = (exact_installment(amount, ppm + by, given["n"]) for by in (-50, 50))
    assert below <= Fraction(given["payment"]) < above


def test_oca_01_the_last_installment_absorbs_what_rounding_left(published):
    given, expected = published["OCA-01"]["input"], published["OCA-01"]["expected"]
    loan = loan_of(given)
    assert half_up(exact_installment(100_000, loan.annual_rate_ppm, 60) * 10**5) == int(
        Decimal(expected["pmt_exact"]) * 10**5
    )
    dues = [line.due for line in lines_of(loan)]
    assert dues[:-1] == [1_864_30] * 59
    assert abs(dues[-1] - dues[0]) == cents(expected["remainder_absorbed_by_last_instalment"])


def whole(amount: int) -> int:
    """Cents as whole units: the figures of frappe's tests are rounded."""
    return half_up(Fraction(amount, 100))


def test_frappe_0_a_stated_installment_over_a_number_of_periods(published):
    case = published["frappe-0"]
    given = {"principal": case["principal"], "annual_rate_pct": str(case["annual_rate_pct"]), "n": case["n"]}
    emi = case["emi_rounded_up_to_whole_unit"]
    assert loan_of(given, unit=1, rounding=Rounding.UP).agreed == emi
    rows = as_published(loan_of(given, installment=emi * 100))
    assert whole(sum(row["interest"] for row in rows)) == case["total_interest"]
    assert whole(sum(row["instalment"] for row in rows)) == case["total_payment"]
    found = [
        [at, *(whole(rows[at][name]) for name in ("principal", "interest", "balance_after"))] for at in (3, 17, 19)
    ]
    assert found == case["rows_0based"]


def test_frappe_1_a_fixed_amount_each_period_until_nothing_is_left(published):
    case = published["frappe-1"]
    given = {"principal": case["principal"], "annual_rate_pct": str(case["annual_rate_pct"]), "n": 30}
    lines = lines_of(loan_of(given, installment=case["emi"] * 100))
    assert [line.due > 0 for line in lines] == [True] * case["n_periods_expected"] + [False] * 8
    assert whole(sum(line.interest for line in lines)) == case["total_interest"]
    assert whole(sum(line.due for line in lines)) == case["total_payment"]
