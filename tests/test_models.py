"""The tables: the migrations arrive at the models, and what must never be is refused by the database itself."""

import re
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine, func, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError

from loan_core.models import Base, Batch, Edition, Loan, Repayment
from loan_core.store import Store
from tests.lending import database_of_a_module

NOW = datetime(2026, 6, 2, 10, 5, tzinfo=UTC)
TABLES = {"book": Edition, "batches": Batch, "loans": Loan, "repayments": Repayment}

# A row of each table that may stand there; what the tests below change of it is what is wrong.
SOUND = {
    "book": {"id": 1, "book_id": "b" * 32, "revision": 0},
    "batches": {
        "id": 1, "kind": "loans", "reference": "f" * 64, "name": "", "rows": 1, "recorded_by": "", "created_at": NOW,
    },
    "loans": {
        "id": 1, "loan_amount": 100_000, "interest_rate": 20_000, "repayment_period": 12, "created_at": NOW,
        "reference": "L-0001", "borrower": "", "currency": "USD", "rate_period": "month", "frequency": "monthly",
        "method": "annuity", "rounding": "half_up", "start_on": date(2025, 10, 1), "first_due_on": None,
        "installment": 9_456, "note": "", "recorded_by": "", "revision": 1, "void_reason": "",
    },
    "repayments": {
        "id": 1, "loan_id": 1, "amount": 9_456, "created_at": NOW, "received_on": date(2025, 11, 1),
        "reference": "RP-0001", "note": "", "recorded_by": "", "reverses_id": None,
    },
}  # fmt: skip

# What a loan or a repayment may be at the most and at the least: the tests below go one step further.
LARGEST = 10**13


@pytest.fixture
def store(database_url):
    opened = Store(database_url)
    yield opened
    opened.close()


def add(store, table, **changed):
    """Write a row by SQL, past all that our own code would say."""
    with store.write(NOW) as write:
        write.session.execute(insert(TABLES[table].__table__), [SOUND[table] | changed])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request, tmp_path_factory):
    """A store with a row in each table, for tests that leave it as it was."""
    with database_of_a_module(request, tmp_path_factory) as url:
        store = Store(url)
        add_one_of_each(store)
        yield store
        store.close()


def rows(store, table):
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(TABLES[table]))


def add_one_of_each(store):
    """An import, a loan and a repayment; the book itself came with the schema."""
    for table in ("batches", "loans", "repayments"):
        add(store, table)


def described(engine):
    """All that a database knows of our tables, in words that can be compared."""
    inspector = inspect(engine)
    asked = (
        inspector.get_columns,
        inspector.get_pk_constraint,
        inspector.get_check_constraints,
        inspector.get_unique_constraints,
        inspector.get_indexes,
        inspector.get_foreign_keys,
    )
    return {table: [in_words(ask(table)) for ask in asked] for table in TABLES}


def in_words(found):
    if isinstance(found, dict):
        return {key: in_words(value) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return sorted((in_words(each) for each in found), key=str)
    return re.sub(r"\s+", " ", str(found))


@pytest.fixture
def second_url(request, blank_url, tmp_path):
    """Another database of the same kind."""
    if blank_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'second.db'}"
    else:
        with request.getfixturevalue("postgresql").database() as url:
            yield url


@contextmanager
def made_by(metadata, url):
    """A database whose tables were made without a migration."""
    engine = create_engine(url)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_the_migrations_arrive_at_the_models(blank_url, second_url):
    Store(blank_url).close()
    migrated = create_engine(blank_url)
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    # Alembic compares neither check constraints nor the conditions of partial indexes.
    with made_by(Base.metadata, second_url) as modelled:
        assert described(migrated) == described(modelled)
    migrated.dispose()


def test_the_description_of_a_schema_sees_checks_and_the_conditions_of_indexes(blank_url, second_url):
    changed = MetaData()
    for table in Base.metadata.sorted_tables:
        table.to_metadata(changed)
    loans, repayments = changed.tables["loans"], changed.tables["repayments"]
    check = next(each for each in loans.constraints if each.name == "ck_loans_repayment_period_range")
    check.sqltext = text("repayment_period BETWEEN 1 AND 601")
    index = next(each for each in repayments.indexes if each.name == "uq_repayments_reference")
    for kind in ("sqlite", "postgresql"):
        index.dialect_options[kind]["where"] = text("undone_at IS NOT NULL")
    with made_by(Base.metadata, blank_url) as ours, made_by(changed, second_url) as theirs:
        one, other = described(ours), described(theirs)
    assert [table for table in TABLES if one[table] != other[table]] == ["loans", "repayments"]


def test_a_new_book_has_its_one_row_and_no_other(store):
    assert {table: rows(store, table) for table in TABLES} == {"book": 1, "batches": 0, "loans": 0, "repayments": 0}
    with store.read() as session:
        book = session.scalars(select(Edition)).one()
    assert book.revision == 0
    assert re.fullmatch("[0-9a-f]{32}", book.book_id)


def test_what_may_be_is_taken(store):
    add_one_of_each(store)
    limits = [
        {"loan_amount": 1, "installment": 0, "interest_rate": 0, "repayment_period": 1},
        {"loan_amount": LARGEST, "installment": 4 * LARGEST, "interest_rate": 1_000_000, "repayment_period": 600},
        {"rate_period": "year", "interest_rate": 12_000_000, "first_due_on": date(2025, 10, 1)},
    ]
    for number, changed in enumerate(limits, start=2):
        add(store, "loans", id=number, reference=f"L-{number}", **changed)
    add(store, "repayments", id=2, reference="RP-0002", amount=LARGEST)
    add(store, "repayments", id=3, reference="RP-0003", amount=-LARGEST, reverses_id=2)
    assert (rows(store, "loans"), rows(store, "repayments")) == (4, 3)


@pytest.mark.parametrize(
    ("table", "changed", "named"),
    [
        ("book", {"id": 2}, "ck_book_one_row"),
        ("book", {}, "book"),
        ("batches", {"kind": "payments", "reference": "other"}, "ck_batches_kind_known"),
        ("loans", {"loan_amount": 0}, "ck_loans_loan_amount_range"),
        ("loans", {"loan_amount": -1}, "ck_loans_loan_amount_range"),
        ("loans", {"loan_amount": LARGEST + 1}, "ck_loans_loan_amount_range"),
        ("loans", {"interest_rate": -1}, "ck_loans_interest_rate_range"),
        ("loans", {"interest_rate": 1_000_001}, "ck_loans_interest_rate_range"),
        ("loans", {"interest_rate": 12_000_001, "rate_period": "year"}, "ck_loans_interest_rate_range"),
        ("loans", {"repayment_period": 0}, "ck_loans_repayment_period_range"),
        ("loans", {"repayment_period": 601}, "ck_loans_repayment_period_range"),
        ("loans", {"installment": -1}, "ck_loans_installment_range"),
        ("loans", {"installment": 4 * LARGEST + 1}, "ck_loans_installment_range"),
        ("loans", {"first_due_on": date(2025, 9, 30)}, "ck_loans_first_due_on_order"),
        ("loans", {"reference": ""}, "ck_loans_reference_given"),
        ("loans", {"currency": "US"}, "ck_loans_currency_code"),
        ("loans", {"rate_period": "week"}, "ck_loans_rate_period_known"),
        ("loans", {"frequency": "daily"}, "ck_loans_frequency_known"),
        ("loans", {"method": "balloon"}, "ck_loans_method_known"),
        ("loans", {"rounding": "down"}, "ck_loans_rounding_known"),
        ("loans", {"batch_id": 99}, "FOREIGN KEY"),
        ("repayments", {"amount": 0}, "ck_repayments_sign"),
        ("repayments", {"amount": -1}, "ck_repayments_sign"),
        ("repayments", {"amount": 1, "reverses_id": 1}, "ck_repayments_sign"),
        ("repayments", {"amount": LARGEST + 1}, "ck_repayments_amount_range"),
        ("repayments", {"amount": -LARGEST - 1, "reverses_id": 1}, "ck_repayments_amount_range"),
        ("repayments", {"reference": ""}, "ck_repayments_reference_given"),
        ("repayments", {"loan_id": 99}, "FOREIGN KEY"),
        ("repayments", {"amount": -1, "reverses_id": 99}, "FOREIGN KEY"),
        ("repayments", {"batch_id": 99}, "FOREIGN KEY"),
        ("repayments", {"loan_id": None}, "loan_id"),
        ("loans", {"start_on": None}, "start_on"),
    ],
)
def test_what_must_never_be_is_refused_by_the_database(filled, table, changed, named):
    its_own = {} if table == "book" else {"id": 2, "reference": "another"}
    with pytest.raises(IntegrityError, match=f"(?i){named}"):
        add(filled, table, **its_own | changed)
    assert rows(filled, table) == 1


@pytest.mark.parametrize(
    ("table", "let_go"),
    [("batches", "undone_at"), ("loans", "voided_at"), ("repayments", "undone_at")],
)
def test_a_reference_is_one_standing_rows_until_that_is_taken_back(store, table, let_go):
    add_one_of_each(store)
    with pytest.raises(IntegrityError, match="reference"):
        add(store, table, id=2)
    add(store, table, id=2, **{let_go: NOW})
    assert rows(store, table) == 2


def test_one_reversal_of_a_repayment_stands(store):
    add_one_of_each(store)
    reversal = {"amount": -9_456, "reverses_id": 1}
    add(store, "repayments", id=2, reference="RP-0002", **reversal)
    with pytest.raises(IntegrityError, match="reverses_id"):
        add(store, "repayments", id=3, reference="RP-0003", **reversal)
    add(store, "repayments", id=3, reference="RP-0003", **reversal, undone_at=NOW)
    assert rows(store, "repayments") == 3


def test_an_instant_comes_back_in_utc_as_it_was_to_the_microsecond(store):
    in_nairobi = datetime(2026, 6, 2, 1, 5, 9, 123_456, tzinfo=timezone(timedelta(hours=3)))
    add(store, "loans", created_at=in_nairobi)
    with store.read() as session:
        loan = session.scalars(select(Loan)).one()
    assert loan.created_at == datetime(2026, 6, 1, 22, 5, 9, 123_456, tzinfo=UTC)
    assert loan.created_at.utcoffset() == timedelta(0)
    assert loan.voided_at is None


@pytest.mark.parametrize(("interest_rate", "rate_period"), [(20_000, "month"), (240_000, "year")])
def test_two_percent_a_month_is_24_percent_a_year(interest_rate, rate_period):
    assert Loan(interest_rate=interest_rate, rate_period=rate_period).annual_rate_ppm == 240_000
