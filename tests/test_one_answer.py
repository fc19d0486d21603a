"""One loan, one answer: the list, the page of the loan, the export and the prompt say the same word and sums."""

import csv
import json
import re
from datetime import date
from decimal import Decimal

import pytest
from click.testing import CliRunner
from streamlit.testing.v1 import AppTest

from loan_core import Book
from loan_core.__main__ import cli
from tests import pages_at_hand
from tests.pages_at_hand import opened, run

book = pages_at_hand.book

# In turn: nothing has fallen due, the first due date itself, the day after it, in the middle, after the end.
DAYS = ("2025-10-31", "2025-11-01", "2025-11-02", "2026-06-02", "2027-01-15")
WORDS = {"pending": "Not started", "paid_off": "Paid off"}
RECEIVED = {
    "BEHIND": (("2025-11-05", "94.56"), ("2026-02-20", "60.00")),
    "AHEAD": (("2025-10-20", "200.00"), ("2026-03-01", "700.00")),
    "PAID OFF": (("2025-11-01", "94.56"), ("2026-06-02", "1052.14")),
}


@pytest.fixture
def several(book: Book) -> Book:
    """Of each kind one, and one that begins after four of the five days."""
    for reference, repayments in RECEIVED.items():
        loan = book.create_loan(
            reference=reference, borrower="Ana", loan_amount="1000.00", repayment_period=12, start_on="2025-10-01"
        )
        for received_on, amount in repayments:
            book.add_repayment(loan.id, amount, received_on=received_on)
    book.create_loan(reference="PENDING", loan_amount="500.00", repayment_period=6, start_on="2026-12-31")
    return book


def by_the_prompt(reference: str, day: str) -> dict[str, object]:
    said = CliRunner().invoke(cli, ["status", reference, "--as-of", day, "--json"], catch_exceptions=False)
    assert said.exit_code == 0
    return of_a_record(json.loads(said.output))


def by_the_export(book: Book, day: str) -> dict[str, dict[str, object]]:
    file = b"".join(book.export_loans(date.fromisoformat(day))).decode().removeprefix("\ufeff")
    return {row["reference"]: of_a_record(row) for row in csv.DictReader(file.splitlines())}


def of_a_record(record: dict[str, object]) -> dict[str, object]:
    state = str(record["state"])
    return {
        "word": record["status"] if state == "active" else WORDS[state],
        "outstanding": Decimal(str(record["outstanding_principal"])),
        "arrears": Decimal(str(record["arrears"])),
        "days past due": int(str(record["days_past_due"])),
        "ahead by": Decimal(str(record["ahead_by"])),
        "paid": Decimal(str(record["total_amount_paid"])),
        "expected": Decimal(str(record["expected_paid"])),
        "remaining": Decimal(str(record["remaining_balance"])),
    }


def by_the_list(day: str) -> dict[str, dict[str, object]]:
    """Nothing past due is an empty cell there."""
    rows = opened("loans.py", state="all", sort="Loan", as_of=day).dataframe[0].value.fillna({"Arrears": 0})
    return {
        row["Loan"]: {
            "word": next(iter(row["Status"])),
            "outstanding": Decimal(f"{row['Outstanding']:.2f}"),
            "arrears": Decimal(f"{row['Arrears']:.2f}"),
            "days past due": max(-int(row["Days"]), 0),
            "ahead by": Decimal(f"{row['Ahead or behind']:.2f}"),
        }
        for _, row in rows.iterrows()
    }


def by_its_page(at: AppTest, reference: str, day: str) -> dict[str, object]:
    """The badge beside the name, and the figures below the sentence."""
    at.query_params.update({"loan": reference, "as_of": day})
    run(at)
    shown = {each.label.split(" by")[0]: each for each in at.metric}
    said = {
        "word": re.search(r"-badge\[:material/\w+: (.+)\]", at.title[0].value)[1],
        "outstanding": amount(shown["Outstanding principal"]),
        "paid": amount(shown["Paid so far"]),
        "expected": amount(shown["Expected"]),
        "remaining": amount(shown["Remaining balance"]),
    }
    if "Arrears" not in shown:
        return said | {"ahead by": amount(shown["Ahead"])}
    late = re.match(r"[0-9,]+", shown["Arrears"].delta)
    return said | {"arrears": amount(shown["Arrears"]), "days past due": int(late[0]) if late else 0}


def amount(metric: object) -> Decimal:
    return Decimal(metric.value.replace("$", "").replace(",", ""))


def test_every_door_says_the_same_of_a_loan_on_five_days(several: Book) -> None:
    page, told = opened("status.py", loan="BEHIND"), set()
    for day in DAYS:
        exported, listed = by_the_export(several, day), by_the_list(day)
        assert list(exported) == list(listed) == [*RECEIVED, "PENDING"]
        for reference, said in exported.items():
            assert by_the_prompt(reference, day) == said
            for partly in (listed[reference], by_its_page(page, reference, day)):
                assert partly == {name: said[name] for name in partly}
            told.add(said["word"])
    assert told == {"Behind", "On Track", "Ahead", "Paid off", "Not started"}
