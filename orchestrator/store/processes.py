"""Which processes are at work on a store, and of which program? Those that said so within the last two minutes."""

from sqlalchemy import Connection, select

from orchestrator.service.rows import UNHEARD, ProcessRow
from orchestrator.store.tables import process
from orchestrator.store.walltime import walltime

COLUMNS = [process.c[name] for name in ProcessRow._fields]


def running(connection: Connection) -> list[ProcessRow]:
    """Return the processes that run, by role; those that were killed count until two minutes later."""
    heard = select(*COLUMNS).where(process.c.seen_at > walltime(connection) - UNHEARD)
    return [ProcessRow(*row) for row in connection.execute(heard.order_by(process.c.role, process.c.process_id))]
