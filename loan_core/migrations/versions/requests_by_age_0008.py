"""Which requests are old enough to be forgotten is found without looking at all of them."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("ix_requests_created_at", "requests", ["created_at"])
