"""The newest repayments are found without looking at all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    standing = sa.text("undone_at IS NULL")
    op.create_index(
        "ix_repayments_newest",
        "repayments",
        ["received_on", "id"],
        sqlite_where=standing,
        postgresql_where=standing,
    )
