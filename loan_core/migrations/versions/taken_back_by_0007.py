"""Who voided a loan, and who undid an import. Of what was taken back before, nobody wrote it down."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for table, column in (("loans", "voided_by"), ("batches", "undone_by")):
        op.add_column(table, sa.Column(column, sa.String(length=100), server_default=sa.text("''"), nullable=False))
