"""Which processes are at work on a store, and of which program? Those that said so within the last two minutes."""

from datetime import datetime

from sqlalchemy import Connection, select, text

from orchestrator.clock import HostClock
from orchestrator.service.rows import UNHEARD, ProcessRow
from orchestrator.store.tables import process

COLUMNS = [process.c[name] for name in ProcessRow._fields]


def running(connection: Connection) -> list[ProcessRow]:
    """Return the processes that run, by role; those that were killed count until two minutes later."""
    heard = select(*COLUMNS).where(process.c.seen_at > wall(connection) - UNHEARD)
    return [ProcessRow(*row) for row in connection.execute(heard.order_by(process.c.role, process.c.process_id))]


def wall(connection: Connection) -> datetime:
    """Return the wall time by which the store goes: the database's own, or this machine's for a file."""
    if connection.dialect.name == "sqlite":
        return HostClock().now()
    found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found
