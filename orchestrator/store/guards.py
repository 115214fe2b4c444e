"""What keeps entries as they were written? Triggers that refuse to change or delete them, in both databases.

On PostgreSQL the program's role should moreover be granted no more than SELECT and INSERT on `entry`.
"""

from sqlalchemy import DDL, event

from orchestrator.store.tables import entry

SQLITE = tuple(
    f"CREATE TRIGGER entry_no_{verb} BEFORE {verb.upper()} ON entry"
    " BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END"
    for verb in ("update", "delete")
)
POSTGRESQL = (
    "CREATE FUNCTION entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'entries are append-only'; END $$",
    "CREATE TRIGGER entry_no_change BEFORE UPDATE OR DELETE ON entry"
    " FOR EACH ROW EXECUTE FUNCTION entry_is_append_only()",
    "CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON entry"
    " FOR EACH STATEMENT EXECUTE FUNCTION entry_is_append_only()",
)

for _dialect, _statements in (("sqlite", SQLITE), ("postgresql", POSTGRESQL)):
    for _statement in _statements:
        event.listen(entry, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
