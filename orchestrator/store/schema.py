"""Is the database's schema the one that this program knows? Checks it without Alembic; brings it up to date with it."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from orchestrator.errors import StoreError
from orchestrator.store import processes

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""All revisions that this program knows, the last one its own."""
OLDEST = "0004"
"""The revision of the oldest program that may run on the newest schema (ADR 13).

A migration that only adds leaves it. One that takes away or changes what older programs use raises it to its own
number, and waits until none of them runs.
"""
_ADVISORY_LOCK = 7_310_001  # any number, the same in every process that upgrades


def revision(connection: Connection) -> str | None:
    """Return the database's revision, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def check(engine: Engine) -> None:
    """Raise StoreError, with what to do, unless this program may run on the schema: its own, or one that only adds."""
    with engine.connect() as connection:
        fits(connection)


def fits(connection: Connection) -> None:
    """Raise StoreError, with what to do, unless this program may run on the schema that a connection finds."""
    found, own = revision(connection), REVISIONS[-1]
    if found is None:
        raise StoreError("the store has no tables yet: run carepath db upgrade")
    if found in REVISIONS:
        if found != own:
            raise StoreError(f"the store's schema {found} is older than this program ({own}): run carepath db upgrade")
        return
    oldest = connection.execute(text("SELECT oldest_revision FROM store_info")).scalar()
    if oldest not in REVISIONS:
        raise StoreError(
            f"the store's schema {found} is newer than this program ({own}), and serves none before {oldest}:"
            " install a newer carepath"
        )


def upgrade(engine: Engine) -> None:
    """Bring the schema up to date, in one transaction; a schema newer than this program is left alone.

    Raises StoreError: where this program may not run on it, or a step must wait until older programs have ended.
    """
    with engine.connect() as connection:
        found = revision(connection)
        if found is not None and found not in REVISIONS:
            check(engine)
            return
        if found == REVISIONS[-1]:
            return
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        try:
            _wait_for_none(connection)
            _run(connection)
            note(connection)
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise


def _wait_for_none(connection: Connection) -> None:
    """Raise StoreError where programs run that could not go on with the new schema."""
    if not inspect(connection).has_table("process"):
        return
    older = [f"{row.role} ({row.program})" for row in processes.running(connection) if row.revision < OLDEST]
    if older:
        raise StoreError(
            f"the new schema serves no program before {OLDEST}, and there run {', '.join(older)}: end them first; who"
            " was killed is forgotten after two minutes"
        )


def _run(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  slow to import, and seldom wanted
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, REVISIONS[-1])


def note(connection: Connection) -> None:
    """Write which programs the schema serves from now on."""
    if REVISIONS[-1] >= "0004":
        connection.execute(text("UPDATE store_info SET oldest_revision = :oldest"), {"oldest": OLDEST})
