"""The nouns, each class a table. Rows are only added: what is undone stays and says so.

Money is in minor units, a rate in parts per million of its own ``rate_period``, a date is a day in the book's time
zone, an instant is in UTC. Ids are given out under the book's lock, in the order of entry.
"""

from datetime import UTC, date, datetime
from functools import partial
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from loan_core.calculation.dates import Frequency
from loan_core.calculation.money import LARGEST, LARGEST_INSTALLMENT
from loan_core.calculation.schedule import Method, Rounding

LONGEST_PERIOD = 600
RATE_LIMITS = {"month": 1_000_000, "year": 12_000_000}
RATES_PER_YEAR = {"month": 12, "year": 1}
FREQUENCIES = tuple(each.name.lower() for each in Frequency)
METHODS = tuple(each.name.lower() for each in Method)
ROUNDINGS = tuple(each.name.lower() for each in Rounding)

# SQLite counts rows only in a column whose type is the very word INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")
LARGEST_ID = 2**63 - 1


def is_id(number: int) -> bool:
    """Whether a row may have this id; a database refuses to look for any other."""
    return 0 < number <= LARGEST_ID


def id_in(text: str) -> int | None:
    """The id that a text is, digits and nothing else; None where it is none."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_ID))
    return int(text) if is_number and is_id(int(text)) else None


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC; SQLite itself has no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _one_of(column: str, names: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{name}'" for name in names)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def _index_while(condition: str, name: str, *columns: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(condition), postgresql_where=text(condition))


_unique_while = partial(_index_while, unique=True)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map = {datetime: Instant, date: Date, int: BigInteger, str: String}  # noqa: RUF012


class Edition(Base):
    """The book's one row: which book this is, and its ``revision``, one more with every write.

    ``written_at`` is that write's instant; None while nothing was written.
    """

    __tablename__ = "book"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    book_id: Mapped[str] = mapped_column(String(32))
    revision: Mapped[int]
    written_at: Mapped[datetime | None]


class Revision(Base):
    """When a revision was written, each later than the one before: what was known then is what was recorded by then."""

    __tablename__ = "revisions"

    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    written_at: Mapped[datetime]


class Batch(Base):
    """One import: written whole, undone whole. The same content again is the same import."""

    __tablename__ = "batches"
    __table_args__ = (
        _one_of("kind", ("loans", "repayments", "demo")),
        _unique_while("undone_at IS NULL", "uq_batches_reference", "reference"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(10))
    reference: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200))
    rows: Mapped[int]
    recorded_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(String(100), default="", server_default=text("''"))


class Loan(Base):
    """One agreement as signed. ``installment`` is the agreed level amount; ``first_due_on`` is kept only if stated."""

    __tablename__ = "loans"
    __table_args__ = (
        CheckConstraint(f"loan_amount BETWEEN 1 AND {LARGEST}", name="loan_amount_range"),
        CheckConstraint(f"repayment_period BETWEEN 1 AND {LONGEST_PERIOD}", name="repayment_period_range"),
        CheckConstraint(
            "interest_rate BETWEEN 0 AND CASE rate_period "
            f"WHEN 'month' THEN {RATE_LIMITS['month']} ELSE {RATE_LIMITS['year']} END",
            name="interest_rate_range",
        ),
        CheckConstraint(f"installment BETWEEN 0 AND {LARGEST_INSTALLMENT}", name="installment_range"),
        CheckConstraint("first_due_on >= start_on", name="first_due_on_order"),
        CheckConstraint("reference <> ''", name="reference_given"),
        CheckConstraint("length(currency) = 3", name="currency_code"),
        _one_of("rate_period", tuple(RATE_LIMITS)),
        _one_of("frequency", FREQUENCIES),
        _one_of("method", METHODS),
        _one_of("rounding", ROUNDINGS),
        _unique_while("voided_at IS NULL", "uq_loans_reference", "reference"),
        _index_while("voided_at IS NOT NULL", "ix_loans_given_up", "reference"),
        Index(None, "revision"),
        Index(None, "batch_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    loan_amount: Mapped[int]
    interest_rate: Mapped[int] = mapped_column(Integer)
    repayment_period: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    reference: Mapped[str] = mapped_column(String(100))
    borrower: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(String(3))
    rate_period: Mapped[str] = mapped_column(String(5))
    frequency: Mapped[str] = mapped_column(String(20))
    method: Mapped[str] = mapped_column(String(20))
    rounding: Mapped[str] = mapped_column(String(10))
    start_on: Mapped[date]
    first_due_on: Mapped[date | None]
    installment: Mapped[int]
    note: Mapped[str] = mapped_column(String(2000))
    recorded_by: Mapped[str] = mapped_column(String(100))
    revision: Mapped[int]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batches.id"))
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(String(2000), default="")
    voided_by: Mapped[str] = mapped_column(String(100), default="", server_default=text("''"))

    @property
    def annual_rate_ppm(self) -> int:
        """The nominal rate a year, in parts per million."""
        return self.interest_rate * RATES_PER_YEAR[self.rate_period]


class Repayment(Base):
    """Money received on a loan, or the reversal of it: the negative amount, naming the row it undoes.

    ``undone_at``: the import that brought this row was undone. It stays, but counts on no day and in no list, and its
    reference is free again.
    """

    __tablename__ = "repayments"
    __table_args__ = (
        CheckConstraint(f"amount BETWEEN {-LARGEST} AND {LARGEST}", name="amount_range"),
        CheckConstraint(
            "(amount > 0 AND reverses_id IS NULL) OR (amount < 0 AND reverses_id IS NOT NULL)", name="sign"
        ),
        CheckConstraint("reference <> ''", name="reference_given"),
        _unique_while("undone_at IS NULL", "uq_repayments_reference", "reference"),
        _unique_while("undone_at IS NULL", "uq_repayments_reverses_id", "reverses_id"),
        _index_while("undone_at IS NOT NULL", "ix_repayments_given_up", "reference"),
        # Sums by loan and day are read from this index alone.
        _index_while("undone_at IS NULL", "ix_repayments_sums", "loan_id", "received_on", "amount"),
        # A page of the list of what came in is read from this one.
        _index_while("undone_at IS NULL", "ix_repayments_newest", "received_on", "id"),
        # What was known before it was undone.
        _index_while("undone_at IS NOT NULL", "ix_repayments_undone", "loan_id"),
        Index(None, "batch_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loans.id"))
    amount: Mapped[int]
    created_at: Mapped[datetime]
    received_on: Mapped[date]
    reference: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(String(2000))
    recorded_by: Mapped[str] = mapped_column(String(100))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("repayments.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batches.id"))
    undone_at: Mapped[datetime | None]


class Request(Base):
    """A write that came under an ``Idempotency-Key``: what it asked, and the row that answered it.

    It is kept for ``DAYS_KEPT``: whoever sends a call again does so within minutes, and keys would fill the book.
    """

    DAYS_KEPT: ClassVar = 30

    __tablename__ = "requests"
    __table_args__ = (Index(None, "created_at"),)

    caller: Mapped[str] = mapped_column(String(100), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    row_id: Mapped[int]
    created_at: Mapped[datetime]


class Acknowledgement(Base):
    """Somebody looked at a finding and said that it is right: what was found on which loan, by its facts.

    ``facts`` is the SHA-256 of what the finding says, so that other facts are another finding. ``undone_at``: it was
    taken back.
    """

    __tablename__ = "acknowledgements"
    __table_args__ = (_unique_while("undone_at IS NULL", "uq_acknowledgements_finding", "loan_id", "kind", "facts"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loans.id"))
    kind: Mapped[str] = mapped_column(String(40))
    facts: Mapped[str] = mapped_column(String(64))
    recorded_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


ENUMERATED: dict[str, Any] = {"frequency": Frequency, "method": Method, "rounding": Rounding}
"""The columns whose words stand for a value in calculation."""
