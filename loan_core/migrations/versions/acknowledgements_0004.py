"""Findings that somebody looked at and found right; what an undone import had brought, found by its loan."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INSTANT = sa.DateTime(timezone=True)
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "acknowledgements",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("loan_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("facts", sa.String(length=64), nullable=False),
        sa.Column("recorded_by", sa.String(length=100), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("undone_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["loan_id"], ["loans.id"], name=op.f("fk_acknowledgements_loan_id_loans")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgements")),
    )
    standing, undone = sa.text("undone_at IS NULL"), sa.text("undone_at IS NOT NULL")
    op.create_index(
        "uq_acknowledgements_finding",
        "acknowledgements",
        ["loan_id", "kind", "facts"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )
    op.create_index("ix_repayments_undone", "repayments", ["loan_id"], sqlite_where=undone, postgresql_where=undone)
