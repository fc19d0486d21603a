"""References that were given up are found without reading every row: a made-up one is none of them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for table, ended in (("loans", "voided_at"), ("repayments", "undone_at")):
        is_given_up = sa.text(f"{ended} IS NOT NULL")
        op.create_index(
            f"ix_{table}_given_up",
            table,
            ["reference"],
            unique=False,
            sqlite_where=is_given_up,
            postgresql_where=is_given_up,
        )
