"""A book as it was known: what it answered at a revision it answers for ever, whatever is written afterwards."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from loan_core import blocks
from loan_core.book import Book
from loan_core.errors import RevisionNotKept
from loan_core.lists import SORTS
from tests import test_book, test_memory
from tests.test_book import CLOCK, NOON, STARTED, TODAY, lend
from tests.test_memory import ASKED

kept, store = test_book.kept, test_book.store

MEANT = {"state": "active", "past_due_from": 1}


def answers(book):
    """What a book says of itself on the days that are asked about, in every way that there is."""
    analyses = book.analysis(TODAY)
    return {
        "portfolios": [each.by_currency for each in book.portfolios(ASKED)],
        "late": book.portfolio(TODAY, **MEANT).by_currency,
        "collections": book.collections(STARTED, TODAY),
        "curves": {code: each.to_csv() for code, each in book.curves(TODAY).items()},
        "currencies": book.currencies(),
        "months": book.start_months(),
        "standing": vars(book.standing(TODAY).at),
        "lists": [listed(book.loan_page(TODAY, sort, state=state).rows) for sort, state in LISTS],
        "exports": list(book.export_loans(TODAY, state="voided")),
        "analysis": {code: (each.months, each.risks(ASKED[:2]), each.vintages) for code, each in analyses.items()},
        "found": book.find_loans().to_csv(),
    }


LISTS = [("-arrears", None), ("reference", "active"), ("id", "voided")]


def listed(rows):
    # Of a loan that was written to since, its own revision is known no more than by the book's.
    return rows.drop(columns="revision").to_csv()
