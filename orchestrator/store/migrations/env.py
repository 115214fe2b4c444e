"""Runs the steps on the connection that `store.schema` hands over, within its transaction."""

from alembic import context

from orchestrator.store import guards  # noqa: F401  the triggers belong to the schema
from orchestrator.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the transaction is the caller's
)
context.run_migrations()
