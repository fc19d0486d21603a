"""What Alembic runs: the migrations, on the connection and in the transaction that the store holds."""

from alembic import context

from loan_core.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
