"""How does PostgreSQL write what happened before now? By a clock of the caller's: for stories and demonstrations."""

from sqlalchemy import Engine

from orchestrator.clock import Clock
from orchestrator.store.postgres import PostgresStore


def past_store(engine: Engine, story: Clock) -> PostgresStore:
    """Return a PostgreSQL store on a clock of this process: the instant stands in the SQL of each transaction."""
    return PostgresStore(engine, lambda: f"timestamptz '{story.now().isoformat()}'")
