"""When each revision was written, so that a book can be asked what was known then."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.DateTime(timezone=True)
BOOK = sa.table("book", sa.column("revision", sa.BigInteger), sa.column("written_at", INSTANT))
WRITTEN = {
    "loans": ("created_at", "voided_at"),
    "repayments": ("created_at", "undone_at"),
    "batches": ("created_at", "undone_at"),
}


def upgrade() -> None:
    with op.batch_alter_table("book") as book:
        book.add_column(sa.Column("written_at", INSTANT, nullable=True))
    revisions = op.create_table(
        "revisions",
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_revisions")),
    )
    # Of the revisions so far only the last one's instant is known; nothing that follows is dated before it.
    instants = [
        sa.select(sa.func.max(sa.column(name, INSTANT)).label("at")).select_from(sa.table(table))
        for table, names in WRITTEN.items()
        for name in names
    ]
    last = sa.select(sa.func.max(sa.union_all(*instants).subquery().c.at)).scalar_subquery()
    op.execute(sa.update(BOOK).values(written_at=last))
    dated = sa.select(BOOK.c.revision, BOOK.c.written_at).where(BOOK.c.written_at.is_not(None))
    op.execute(sa.insert(revisions).from_select(["revision", "written_at"], dated))
