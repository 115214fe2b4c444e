"""What if somebody sets the clock? The database gets functions of its own that tell the time, and can be moved.

They stand in a schema that the connections' search path names before pg_catalog; nobody needs to be root for it.
"""

import time

import psycopg

SCHEMA = "chaos"
_SECONDS = 30.0
OPTIONS = f"-csearch_path={SCHEMA},pg_catalog,public"
_MAKE = f"""
CREATE SCHEMA {SCHEMA};
CREATE TABLE {SCHEMA}.moved (by interval NOT NULL);
INSERT INTO {SCHEMA}.moved VALUES ('0');
CREATE FUNCTION {SCHEMA}.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT pg_catalog.clock_timestamp() + (SELECT by FROM {SCHEMA}.moved)';
CREATE FUNCTION {SCHEMA}.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT pg_catalog.now() + (SELECT by FROM {SCHEMA}.moved)';
"""


class Wall:
    """The wall clock of one database. conninfo: as libpq reads it, past every link."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._do(_MAKE)

    def move(self, seconds: float) -> None:
        """Set the clock so much before (negative) or after the true time."""
        self._do(f"UPDATE {SCHEMA}.moved SET by = interval '{seconds} seconds'")

    def _do(self, statement: str) -> None:
        """Carry out a statement; a server that is not there yet, or no longer, is waited for."""
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                return self._try(statement)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _try(self, statement: str) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(statement.encode())
