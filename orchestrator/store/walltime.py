"""What does the wall show by which a store goes? Its server's clock, on every machine; this machine's for a file."""

from datetime import datetime

from sqlalchemy import Connection, text

from orchestrator.clock import HostClock


def walltime(connection: Connection) -> datetime:
    """Return the wall's time, in UTC."""
    if connection.dialect.name == "sqlite":
        return HostClock().now()
    found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found
