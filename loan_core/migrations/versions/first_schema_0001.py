"""The first schema: the book, its batches, loans and repayments."""

from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("undone_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "kind IN ('loans', 'repayments', 'demo')",
            name=op.f("ck_batches_kind_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index(
        "uq_batches_reference",
        "batches",
        ["reference"],
        unique=True,
        **_where("undone_at IS NULL"),
    )
    op.create_table(
        "book",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("book_id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_book_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book")),
    )
    op.create_table(
        "loans",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("loan_amount", sa.BigInteger(), nullable=False),
        sa.Column("interest_rate", sa.Integer(), nullable=False),
        sa.Column("repayment_period", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("borrower", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("rate_period", sa.String(length=5), nullable=False),
        sa.Column("frequency", sa.String(length=20), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("rounding", sa.String(length=10), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("first_due_on", sa.Date(), nullable=True),
        sa.Column("installment", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", ID, nullable=True),
        sa.Column("voided_at", INSTANT, nullable=True),
        sa.Column("void_reason", sa.String(length=2000), nullable=False),
        sa.CheckConstraint(
            "frequency IN ('monthly', 'every_two_weeks', 'weekly', 'quarterly')",
            name=op.f("ck_loans_frequency_known"),
        ),
        sa.CheckConstraint(
            "interest_rate BETWEEN 0 AND CASE rate_period WHEN 'month' THEN 1000000 ELSE 12000000 END",
            name=op.f("ck_loans_interest_rate_range"),
        ),
        sa.CheckConstraint(
            "method IN ('annuity', 'equal_principal', 'interest_only', 'flat')",
            name=op.f("ck_loans_method_known"),
        ),
        sa.CheckConstraint("rate_period IN ('month', 'year')", name=op.f("ck_loans_rate_period_known")),
        sa.CheckConstraint("reference <> ''", name=op.f("ck_loans_reference_given")),
        sa.CheckConstraint("rounding IN ('half_up', 'up')", name=op.f("ck_loans_rounding_known")),
        sa.CheckConstraint("first_due_on >= start_on", name=op.f("ck_loans_first_due_on_order")),
        sa.CheckConstraint(
            "installment BETWEEN 0 AND 40000000000000",
            name=op.f("ck_loans_installment_range"),
        ),
        sa.CheckConstraint("length(currency) = 3", name=op.f("ck_loans_currency_code")),
        sa.CheckConstraint(
            "loan_amount BETWEEN 1 AND 10000000000000",
            name=op.f("ck_loans_loan_amount_range"),
        ),
        sa.CheckConstraint(
            "repayment_period BETWEEN 1 AND 600",
            name=op.f("ck_loans_repayment_period_range"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_loans_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loans")),
    )
    op.create_index(op.f("ix_loans_batch_id"), "loans", ["batch_id"], unique=False)
    op.create_index(op.f("ix_loans_revision"), "loans", ["revision"], unique=False)
    op.create_index(
        "uq_loans_reference",
        "loans",
        ["reference"],
        unique=True,
        **_where("voided_at IS NULL"),
    )
    op.create_table(
        "repayments",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("loan_id", ID, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("reverses_id", ID, nullable=True),
        sa.Column("batch_id", ID, nullable=True),
        sa.Column("undone_at", INSTANT, nullable=True),
        sa.CheckConstraint("reference <> ''", name=op.f("ck_repayments_reference_given")),
        sa.CheckConstraint(
            "(amount > 0 AND reverses_id IS NULL) OR (amount < 0 AND reverses_id IS NOT NULL)",
            name=op.f("ck_repayments_sign"),
        ),
        sa.CheckConstraint(
            "amount BETWEEN -10000000000000 AND 10000000000000",
            name=op.f("ck_repayments_amount_range"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_repayments_batch_id")),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_repayments_loan_id")),
        sa.ForeignKeyConstraint(["reverses_id"], ["repayments.id"], name=op.f("fk_repayments_reverses_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repayments")),
    )
    op.create_index(op.f("ix_repayments_batch_id"), "repayments", ["batch_id"], unique=False)
    op.create_index(
        "ix_repayments_sums",
        "repayments",
        ["loan_id", "received_on", "amount"],
        **_where("undone_at IS NULL"),
    )
    op.create_index(
        "uq_repayments_reference",
        "repayments",
        ["reference"],
        unique=True,
        **_where("undone_at IS NULL"),
    )
    op.create_index(
        "uq_repayments_reverses_id",
        "repayments",
        ["reverses_id"],
        unique=True,
        **_where("undone_at IS NULL"),
    )
    op.execute(
        sa.text("INSERT INTO book (id, book_id, revision) VALUES (1, :book_id, 0)").bindparams(book_id=uuid4().hex)
    )
