"""Does a database server keep what it was given? What PostgreSQL must be set to, so that nothing committed is lost."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, text

from orchestrator.errors import StoreError
from orchestrator.store.connect import postgres_engine
from orchestrator.store.faults import translate
from orchestrator.store.tables import metadata

_WAIT_S = 2.0
_APPEND_ONLY = ("entry", "pathway_release")
_FEW_CONNECTIONS = 32
"""A process takes up to 24, one of its size in practice; two of each role and somebody who looks need this many."""
_SETTINGS = text(
    "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),"
    " current_setting('autovacuum'), pg_is_in_recovery(), current_setting('transaction_read_only'),"
    " least(current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,"
    "  nullif(d.datconnlimit, -1), nullif(r.rolconnlimit, -1)),"
    " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),"
    # who may not see more sees a row of each
    " (SELECT count(*) FROM pg_stat_replication WHERE coalesce(state, 'streaming') = 'streaming'),"
    " current_setting('synchronous_standby_names')"
    " FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user"
)
_UNLOGGED = text(
    "SELECT relname FROM pg_class WHERE relpersistence <> 'p' AND relname = ANY(CAST(:tables AS text[]))"
    " AND relnamespace = current_schema()::regnamespace ORDER BY relname"
)
_UNVACUUMED = text(
    "SELECT relname FROM pg_class WHERE 'autovacuum_enabled=false' = ANY(reloptions)"
    " AND relname = ANY(CAST(:tables AS text[])) AND relnamespace = current_schema()::regnamespace ORDER BY relname"
)
_UNREADABLE = text(
    "SELECT relname FROM pg_class WHERE relname = ANY(CAST(:tables AS text[]))"
    " AND relnamespace = current_schema()::regnamespace AND NOT has_table_privilege(oid, 'SELECT') ORDER BY relname"
)
_RIGHTS = text(
    "SELECT name FROM unnest(CAST(:tables AS text[])) AS name WHERE has_table_privilege(name, 'UPDATE')"
    " OR has_table_privilege(name, 'DELETE') OR has_table_privilege(name, 'TRUNCATE')"
)


class Finding(NamedTuple):
    """One thing about a server. loses: it may lose what was committed.   text: what it is, or what to do."""

    check: str
    well: bool
    loses: bool
    text: str


def findings(url: str) -> tuple[Finding, ...]:
    """Return what there is to say of the server at a PostgreSQL address. Raises StoreError."""
    engine = postgres_engine(url, _WAIT_S)
    try:
        with engine.connect() as connection:
            return tuple(_findings(connection))
    except Exception as error:
        raise translate(error) or error from None
    finally:
        engine.dispose()


def check_durable(url: str) -> None:
    """Raise StoreError, with what to do, where a server may lose what was committed, or takes nothing."""
    for each in findings(url):
        if each.loses and not each.well:
            raise StoreError(each.text)


def _findings(connection: Connection) -> Iterator[Finding]:
    fsync, pages, commit, vacuum, standby, read_only, most, taken, followers, waits = connection.execute(
        _SETTINGS
    ).one()
    ours = {"tables": list(metadata.tables)}
    unlogged = [row.relname for row in connection.execute(_UNLOGGED, ours)]
    unvacuumed = [row.relname for row in connection.execute(_UNVACUUMED, ours)]
    rights = [row.name for row in connection.execute(_RIGHTS, {"tables": list(_APPEND_ONLY)})]
    off = [
        name
        for name, value in (("fsync", fsync), ("full_page_writes", pages), ("synchronous_commit", commit))
        if value == "off"
    ]
    yield Finding(
        "durable", not off, True,
        f"the database may lose what was committed: turn on {', '.join(off)}" if off else "what is committed is kept",
    )  # fmt: skip
    yield Finding(
        "primary", not (standby or read_only == "on"), True,
        "the database takes nothing: it is a standby or read-only; name the primary"
        if standby or read_only == "on" else "the server is the primary",
    )  # fmt: skip
    yield Finding(
        "logged", not unlogged, True,
        f"a crash would empty these tables: ALTER TABLE … SET LOGGED: {', '.join(unlogged)}"
        if unlogged else "every table outlives a crash",
    )  # fmt: skip
    yield _connections(most, taken)
    yield _standbys(followers, waited_for=bool(waits) and commit in {"on", "remote_apply", "remote_write"})
    bad = ["autovacuum is off", *unvacuumed] if vacuum == "off" else unvacuumed
    yield Finding(
        "vacuum", not bad, False,
        f"the store will grow and slow down: turn on autovacuum ({', '.join(bad)})" if bad else "autovacuum is on",
    )  # fmt: skip
    yield _rights([row.relname for row in connection.execute(_UNREADABLE, ours)], rights)


def _rights(unreadable: list[str], changeable: list[str]) -> Finding:
    """Say whether the role has what it needs, and no more. unreadable: tables, as an upgrade makes them."""
    if unreadable:
        again = "say the grants again, Install, in operations.md"
        return Finding("rights", False, True, f"the program's role may not read {', '.join(unreadable)}: {again}")
    return Finding(
        "rights", not changeable, False,
        f"the program's role may change or remove rows of {', '.join(changeable)}: give it a role of its own"
        if changeable else "the program's role cannot change entries",
    )  # fmt: skip


def _standbys(followers: int, *, waited_for: bool) -> Finding:
    """Say what a promoted standby would lack. waited_for: commits wait for one."""
    if waited_for and not followers:
        return Finding("standby", False, False, "commits wait for a standby, and none follows: start it, or all hangs")
    if followers and not waited_for:
        lacks = "one that is promoted may lack what was committed last: set synchronous_standby_names"
        return Finding("standby", False, False, f"{followers} standbys follow, and no commit waits for them: {lacks}")
    return Finding(
        "standby", True, False, f"{followers} standbys follow; commits wait" if followers else "none follows"
    )


def _connections(most: int, taken: int) -> Finding:
    well = most >= _FEW_CONNECTIONS and taken <= most * 0.8
    more = "" if well else f": allow more, {_FEW_CONNECTIONS} at least (max_connections)"
    return Finding("connections", well, False, f"{taken} of {most} are taken{more}")
