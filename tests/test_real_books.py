"""Two real books, brought in through the CSV door: LendingClub's of 2018 and a Czech bank's of 1993 to 1998."""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loan_core.answers import ImportReceipt
from loan_core.book import Book
from loan_core.calculation.money import CURRENCIES
from loan_core.calculation.schedule import Schedule, schedule
from loan_core.store import Store
from tests.lending import FixedClock

# One worker makes the books, and asks them everything.
# The day to which the source's totals are dated.
MID_2018 = date(2018, 6, 30)
# The last repayment of the Czech bank's file.
LAST_OF_BERKA = date(1994, 4, 12)
CENTS = CURRENCIES["USD"].exponent


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def exported(lines: Iterator[bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(b"".join(lines).decode("utf-8-sig"), newline="")))


def minor(written: str, exponent: int = CENTS) -> int:
    """Money as a file has it, by moving the point and nothing else."""
    whole, _, part = written.partition(".")
    return int(whole + part.ljust(exponent, "0"))


class RealBook:
    """A book made of one folder's files, and what its imports said."""

    def __init__(self, folder: Path, database: Path) -> None:
        self.book = Book(Store(f"sqlite:///{database}"), FixedClock())
        with (folder / "loans.csv").open("rb") as loans, (folder / "repayments.csv").open("rb") as repayments:
            self.loans: ImportReceipt = self.book.import_loans(loans)
            self.repayments: ImportReceipt = self.book.import_repayments(repayments)


@pytest.fixture(scope="module")
def lendingclub(reference, tmp_path_factory):
    real = RealBook(reference / "lendingclub", tmp_path_factory.mktemp("lendingclub") / "loans.db")
    yield real
    real.book.close()


@pytest.fixture(scope="module")
def berka(reference, tmp_path_factory):
    real = RealBook(reference / "berka", tmp_path_factory.mktemp("berka") / "loans.db")
    yield real
    real.book.close()


@pytest.fixture(scope="module")
def beside_the_lender(lendingclub, reference) -> pd.DataFrame:
    """Our loans in the middle of 2018 with what the lender published of each, in cents."""
    published = pd.DataFrame(rows_of(reference / "lendingclub" / "published.csv")).set_index("reference")
    ours = lendingclub.book.loans(MID_2018).set_index("reference")
    for name in ("installment", "paid_principal"):
        ours[f"published_{name}"] = published[name].map(minor)
    return ours.assign(lender_status=published["lender_status"])


@pytest.fixture(scope="module")
def scheduled(lendingclub) -> Schedule:
    """What was agreed of each, in the same order."""
    return schedule(lendingclub.book.standing(MID_2018).terms)


# Fifteen of the ten thousand had paid nothing.
def test_all_of_lendingclub_comes_in(lendingclub, reference):
    loans, repayments = (rows_of(reference / "lendingclub" / f"{kind}.csv") for kind in ("loans", "repayments"))
    assert (lendingclub.loans.new, lendingclub.repayments.new) == (len(loans), len(repayments)) == (10_000, 9_985)
    assert lendingclub.loans.amounts == {"USD": sum(minor(row["loan_amount"]) for row in loans)}
    assert lendingclub.repayments.amounts == {"USD": sum(minor(row["amount"]) for row in repayments)}


# The annuity rounded up to the cent. The three others are all that bear exactly 6 %.
def test_the_exported_installment_is_the_lenders_own_for_9997_of_10000(lendingclub, reference):
    published = {row["reference"]: row["installment"] for row in rows_of(reference / "lendingclub" / "published.csv")}
    ours = {row["reference"]: row["installment"] for row in exported(lendingclub.book.export_loans(MID_2018))}
    assert len(ours) == 10_000
    differ = {reference for reference in ours if ours[reference] != published[reference]}
    assert differ == {"LC-01548", "LC-01968", "LC-09687"}


# Beside the lender's verdict. It calls a loan late from the 16th day, we ask what 90 % of the schedule would have been;
# and a loan that was paid off early still owes the interest to come here, where there is no early settlement.
def test_the_status_of_ten_thousand_loans_beside_the_lenders_own(beside_the_lender):
    assert Counter(zip(beside_the_lender["lender_status"], beside_the_lender["status"], strict=True)) == {
        ("Current", "Ahead"): 456,
        ("Current", "On Track"): 7_346,
        ("Current", "Behind"): 1_573,
        ("Fully Paid", "Ahead"): 447,
        ("In Grace Period", "Ahead"): 1,
        ("In Grace Period", "Behind"): 66,
        ("Late (16-30 days)", "Ahead"): 1,
        ("Late (16-30 days)", "On Track"): 2,
        ("Late (16-30 days)", "Behind"): 35,
        ("Late (31-120 days)", "Behind"): 66,
        ("Charged Off", "Behind"): 7,
    }


def test_the_portfolio_of_ten_thousand_loans_is_the_sum_of_them(lendingclub, beside_the_lender):
    found = lendingclub.book.portfolio(MID_2018).by_currency["USD"]
    assert (found.ahead, found.on_track, found.behind) == (905, 7_348, 1_747)
    assert (found.loans, found.active, found.pending, found.paid_off) == (10_000, 10_000, 0, 0)
    sums = beside_the_lender[["outstanding_principal", "remaining_balance", "arrears", "total_amount_paid"]].sum()
    assert found.gross_portfolio == sums["outstanding_principal"]
    assert found.remaining_balance == sums["remaining_balance"]
    assert found.arrears == sums["arrears"]
    assert found.total_amount_paid == sums["total_amount_paid"] == lendingclub.repayments.amounts["USD"]


@pytest.fixture(scope="module")
def installments_repaid(beside_the_lender, scheduled) -> pd.Series:
    """Of how many installments the lender had got the principal back, to 2 cents; −1 where it is no such sum."""
    repaid = scheduled.principal.cumsum(-1)
    sums = np.concatenate([np.zeros((len(repaid), 1), dtype=np.int64), repaid], axis=-1)
    off_by = np.abs(sums - beside_the_lender["published_paid_principal"].to_numpy()[:, None])
    return pd.Series(np.where(off_by.min(-1) <= 2, off_by.argmin(-1), -1), beside_the_lender.index)


# The lender's principal follows our schedule; its first period's interest is by days, and so less than a month's.
def test_whoever_repaid_all_principal_due_lacks_at_most_the_first_months_interest(
    beside_the_lender, installments_repaid, scheduled
):
    current = beside_the_lender["lender_status"] == "Current"
    assert ((installments_repaid >= 0) & current).sum() == 8_541
    is_on_schedule = current & (installments_repaid == beside_the_lender["months_passed"])
    on_schedule, first_interest = beside_the_lender[is_on_schedule], scheduled.interest[is_on_schedule, 0]
    assert len(on_schedule) == 7_006
    assert (on_schedule["arrears"] > 0).sum() == 6_496
    assert (on_schedule["arrears"] <= first_interest).all()
    assert Counter(on_schedule["status"]) == {"On Track": 7_000, "Behind": 6}


# The file says in which month a loan was made, and counts it from the first; one installment may not have been due yet.
def test_whom_the_lender_calls_current_and_we_call_behind_is_one_installment_short(
    beside_the_lender, installments_repaid
):
    behind = (beside_the_lender["lender_status"] == "Current") & (beside_the_lender["status"] == "Behind")
    short = (beside_the_lender["months_passed"] - installments_repaid)[behind & (installments_repaid >= 0)]
    assert Counter(short.tolist()) == {1: 1_490, 0: 6}


@pytest.mark.parametrize("name", ["LC-00001", "LC-01548", "LC-10000"])
def test_a_loan_of_a_real_book_stands_alone_where_it_stands_in_the_book(lendingclub, beside_the_lender, name):
    alone = vars(lendingclub.book.status(lendingclub.book.loan_id(name), MID_2018))
    row = beside_the_lender.loc[name].map(lambda value: value.date() if isinstance(value, pd.Timestamp) else value)
    shared = set(alone) & set(row.index)
    assert {"status", "arrears", "next_due_on", "outstanding_principal"} < shared
    assert {field: row[field] for field in shared} == {field: alone[field] for field in shared}


# 682 loans; the transactions that the source gives are of 40 of them.
def test_all_of_berka_comes_in(berka, reference):
    loans, repayments = (rows_of(reference / "berka" / f"{kind}.csv") for kind in ("loans", "repayments"))
    assert (berka.loans.new, berka.repayments.new) == (len(loans), len(repayments)) == (682, 163)
    assert len({row["loan_reference"] for row in repayments}) == 40
    assert berka.loans.amounts == {"CZK": sum(minor(row["loan_amount"]) for row in loans)}
    assert berka.repayments.amounts == {"CZK": sum(minor(row["amount"]) for row in repayments)}


def test_every_schedule_of_berka_repays_the_amount_lent_on_the_twelfth_of_each_month(berka, reference):
    lent = {row["reference"]: row for row in rows_of(reference / "berka" / "loans.csv")}
    principal: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for row in exported(berka.book.export_schedule(LAST_OF_BERKA)):
        loan = row["loan_reference"]
        principal[loan] += minor(row["principal"])
        numbers[loan] += 1
        assert row["due_on"].endswith("-12")
        assert row["number"] != "1" or row["due_on"] == lent[loan]["first_due_on"]
    assert principal == {loan: minor(row["loan_amount"]) for loan, row in lent.items()}
    assert numbers == {loan: int(row["repayment_period"]) for loan, row in lent.items()}


def test_the_installment_of_berka_is_the_one_that_was_stated(berka, reference):
    stated = {row["reference"]: minor(row["installment"]) for row in rows_of(reference / "berka" / "loans.csv")}
    kept = berka.book.loans(LAST_OF_BERKA).set_index("reference")["installment"]
    assert kept.to_dict() == stated
