"""Lists out of memory: any filter, any order, any page of them says what the loans say one by one."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loan_core.book import Book
from loan_core.lists import SORTS
from loan_core.order import by_number, by_text, letters, ordered
from loan_core.store import Store
from tests import lending
from tests.lending import CLOCK, STARTED, TODAY, lend

kept, store, database_url, book, many = (
    lending.kept,
    lending.store,
    lending.database_url,
    lending.book,
    lending.many,
)

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
ALIKE = st.builds(lambda n, end: "Wanjiru W" * n + end, st.integers(0, 3), st.sampled_from(["", "a", "ab", "é", "😀"]))


@given(texts=st.lists(TEXTS | ALIKE, max_size=30), start=st.integers(0, 30), length=st.integers(0, 30))
def test_a_page_by_text_is_the_page_of_the_whole_list_in_order(texts, start, length):
    column = pa.array(texts, pa.string())
    for is_falling in (False, True):
        rows = np.arange(len(texts))[:: -1 if is_falling else 1]
        keys = by_text(pa.chunked_array([column]), letters(column, 0), is_falling)
        whole = sorted(range(len(texts)), key=lambda row: (texts[row], row), reverse=is_falling)
        assert ordered(keys, rows, start, start + length).tolist() == whole[start : start + length]


@given(
    values=st.lists(st.none() | st.integers(-3, 3), max_size=30), start=st.integers(0, 30), length=st.integers(0, 30)
)
def test_a_page_by_day_is_the_page_of_the_whole_list_in_order_and_no_day_is_last(values, start, length):
    days = np.array([np.datetime64("NaT") if each is None else np.datetime64(each, "D") for each in values], "M8[D]")
    for is_falling in (False, True):
        rows = np.arange(len(values))[:: -1 if is_falling else 1]
        some, none = ([row for row in rows if (values[row] is None) == is_none] for is_none in (False, True))
        whole = sorted(some, key=lambda row: values[row], reverse=is_falling) + none
        found = ordered(by_number(days, is_falling), rows, start, start + length)
        assert found.tolist() == whole[start : start + length]


def plain(value):
    return None if pd.isna(value) else value


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("sort", [f"{sign}{name}" for name in SORTS for sign in ("", "-")])
def test_pages_on_end_are_the_list_by_place_and_by_number(book, sort):
    whole = book.loan_page(TODAY, sort, limit=100)
    column = whole.rows[sort.removeprefix("-")].tolist()
    told = [each for each in column if plain(each) is not None]
    assert told == sorted(told, reverse=sort.startswith("-"))
    assert column[: len(told)] == told, "what has no value stands last"
    ids, after, by_place = whole.rows["id"].tolist(), None, []
    while True:
        page = book.loan_page(TODAY, sort, after=after, limit=2)
        by_place += page.rows["id"].tolist()
        if (after := page.end) is None:
            break
    by_number = [each for start in (0, 2, 4) for each in book.loan_page(TODAY, sort, limit=2, offset=start).rows["id"]]
    assert by_place == by_number == ids
    assert (whole.count, whole.end) == (5, None)


@pytest.mark.usefixtures("many")
def test_a_page_says_what_all_of_the_list_comes_to(book):
    loans = book.loans(TODAY, state="active")
    found = book.loan_page(TODAY, limit=1, state="active").by_currency
    assert list(found) == ["KES", "USD"]
    for code, each in found.items():
        mine = loans[loans["currency"] == code]
        assert (each.loans, each.outstanding_principal) == (len(mine), mine["outstanding_principal"].sum())
        assert each.arrears == mine["arrears"].sum()


@pytest.mark.usefixtures("many")
def test_days_past_due_may_be_bounded_on_either_side(book):
    days = book.loans(TODAY).set_index("id")["days_past_due"]
    late = int(days.max())
    assert late > 0
    for least, most in ((1, None), (None, 0), (late, late), (1, late - 1)):
        meant = book.loans(TODAY, past_due_from=least, past_due_to=most)["id"].tolist()
        assert meant == days[(days >= (least or 0)) & (days <= (late if most is None else most))].index.tolist()


@pytest.mark.usefixtures("many")
def test_loans_are_found_by_their_number_and_by_a_part_of_a_name(book):
    assert book.find_loans("ÉMILE")["id"].tolist() == [2]
    assert book.find_loans("3").iloc[0].tolist()[0] == 3
    assert book.find_loans("", limit=2)["id"].tolist() == [1, 2]
    assert book.find_loans("nobody at all").empty
    assert 5 not in book.find_loans("5")["id"].tolist(), "it is voided"
    assert list(book.find_loans("x").columns) == ["id", "reference", "borrower"]


def test_a_standing_is_the_loans_with_all_that_came_in_by_its_day(book):
    lend(book)
    lend(book, currency="KES")
    book.add_repayment(1, "94.56", received_on="2025-11-01")
    book.add_repayment(1, "10.00", received_on="2026-06-01")
    early = book.standing(date(2025, 12, 1))
    assert (early.ids.tolist(), early.currencies.tolist()) == ([1, 2], ["USD", "KES"])
    assert early.receipts.amount.tolist() == [94_56]
    assert early.at.total_amount_paid.tolist() == [94_56, 0]
    assert {code: each.ids.tolist() for code, each in early.by_currency().items()} == {"KES": [2], "USD": [1]}
    assert len(book.standing(STARTED, search="nobody").receipts) == 0


@pytest.fixture(params=["sqlite", "postgresql of locale C"])
def of_no_language(request, tmp_path):
    """A store whose database knows of no letters but A to Z that they have two cases."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path / 'loans.db'}")
    else:
        store = Store(request.getfixturevalue("postgresql").new_database(locale="C"))
    yield store
    store.close()


NAMES = ("ÉLODIE", "Élodie", "ΟΔΟΣ", "οδος", "İpek", "ipek", "STRASSE", "straße", "ǅemal", "10 % A_B", "K", "Ω")


def test_a_name_is_found_on_repayments_where_it_is_found_on_loans(of_no_language):
    book = Book(of_no_language, CLOCK)
    for name in NAMES:
        book.add_repayment(lend(book, borrower=name).id, "1.00")
    for search in (*NAMES, *map(str.lower, NAMES), *map(str.upper, NAMES), "%", "_", "é", "Σ", "k", "ω", "\\"):
        on_loans = book.loans(TODAY, search=search)["id"].tolist()
        found = book.repayments(TODAY, search=search)
        assert (sorted(found.rows["loan_id"].tolist()), found.count) == (on_loans, len(on_loans)), search
    assert book.repayments(TODAY, search="élodie").rows["loan_id"].tolist() == [2, 1]
    book.add_repayment(1, "1.00", reference="REÇU Nº 7")
    assert book.repayments(TODAY, search="reçu nº").count == 1
