"""What keeps entries and releases as they were written? Triggers that refuse to change or delete them, in both stores.

On PostgreSQL the program's role should moreover be granted no more than SELECT and INSERT on `entry`,
`pathway_release` and `pathway_version`.
"""

from sqlalchemy import DDL, Table, event

from orchestrator.store.tables import entry, pathway_release


def _sqlite(table: str, name: str, said: str, when: str = "") -> tuple[str, ...]:
    return tuple(
        f"CREATE TRIGGER {name}_no_{verb} BEFORE {verb.upper()} ON {table}{when}"
        f" BEGIN SELECT RAISE(ABORT, '{said}'); END"
        for verb in ("update", "delete")
    )


def _postgresql(table: str, said: str) -> tuple[str, ...]:
    return (
        f"CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{said}'; END $$",
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only()",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()",
    )


_ENTRIES, _RELEASES = "entries are append-only", "releases are append-only"
_IMMUTABLE = "a released version is immutable"
_RELEASED = "EXISTS (SELECT 1 FROM pathway_release WHERE pathway_release.version = OLD.version)"
SQLITE: dict[Table, tuple[str, ...]] = {
    entry: _sqlite("entry", "entry", _ENTRIES),
    pathway_release: (
        *_sqlite("pathway_release", "pathway_release", _RELEASES),
        *_sqlite("pathway_version", "released_version", _IMMUTABLE, f" WHEN {_RELEASED}"),
    ),
}
POSTGRESQL: dict[Table, tuple[str, ...]] = {
    entry: _postgresql("entry", _ENTRIES),
    pathway_release: (
        *_postgresql("pathway_release", _RELEASES),
        "CREATE FUNCTION released_version_is_immutable() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF {_RELEASED} THEN RAISE EXCEPTION '{_IMMUTABLE}'; END IF;"
        " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER released_version_no_change BEFORE UPDATE OR DELETE ON pathway_version"
        " FOR EACH ROW EXECUTE FUNCTION released_version_is_immutable()",
    ),
}

for _dialect, _tables in (("sqlite", SQLITE), ("postgresql", POSTGRESQL)):
    for _table, _statements in _tables.items():
        for _statement in _statements:
            event.listen(_table, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
