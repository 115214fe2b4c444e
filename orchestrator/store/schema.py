"""Is the database's schema the one that this program knows? Checks it without Alembic; brings it up to date with it."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from orchestrator.errors import StoreError

REVISIONS = ("0001", "0002", "0003")
"""All revisions that this program knows, the last one its own."""
_ADVISORY_LOCK = 7_310_001  # any number, the same in every process that upgrades


def revision(connection: Connection) -> str | None:
    """Return the database's revision, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def check(engine: Engine) -> None:
    """Raise StoreError, with what to do, unless the schema is this program's own."""
    with engine.connect() as connection:
        fits(connection)


def fits(connection: Connection) -> None:
    """Raise StoreError unless the schema that a connection finds is this program's own."""
    found = revision(connection)
    if found is None:
        raise StoreError("the store has no tables yet: run carepath db upgrade")
    if found not in REVISIONS:
        raise StoreError(
            f"the store's schema {found} is newer than this program ({REVISIONS[-1]}): install a newer carepath"
        )
    if found != REVISIONS[-1]:
        raise StoreError(f"the store's schema {found} is older than this program: run carepath db upgrade")


def upgrade(engine: Engine) -> None:
    """Bring the schema up to date, in one transaction; a schema newer than this program is refused and left alone."""
    with engine.connect() as connection:
        found = revision(connection)
        if found is not None and found not in REVISIONS:
            check(engine)
        if found == REVISIONS[-1]:
            return
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        try:
            _run(connection)
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise


def _run(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  slow to import, and seldom wanted
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, REVISIONS[-1])
