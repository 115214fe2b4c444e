"""Who released which version of a pathway? The record of releases, and triggers that keep it and what was released."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from orchestrator.store.types import Instant

revision = "0002"
down_revision = "0001"

_SQLITE = (
    *(
        f"CREATE TRIGGER pathway_release_no_{verb} BEFORE {verb.upper()} ON pathway_release"
        " BEGIN SELECT RAISE(ABORT, 'releases are append-only'); END"
        for verb in ("update", "delete")
    ),
    *(
        f"CREATE TRIGGER released_version_no_{verb} BEFORE {verb.upper()} ON pathway_version"
        " WHEN EXISTS (SELECT 1 FROM pathway_release WHERE pathway_release.version = OLD.version)"
        " BEGIN SELECT RAISE(ABORT, 'a released version is immutable'); END"
        for verb in ("update", "delete")
    ),
)
_POSTGRESQL = (
    "CREATE FUNCTION pathway_release_is_append_only() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'releases are append-only'; END $$",
    "CREATE TRIGGER pathway_release_no_change BEFORE UPDATE OR DELETE ON pathway_release"
    " FOR EACH ROW EXECUTE FUNCTION pathway_release_is_append_only()",
    "CREATE TRIGGER pathway_release_no_truncate BEFORE TRUNCATE ON pathway_release"
    " FOR EACH STATEMENT EXECUTE FUNCTION pathway_release_is_append_only()",
    "CREATE FUNCTION released_version_is_immutable() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN IF EXISTS (SELECT 1 FROM pathway_release WHERE pathway_release.version = OLD.version)"
    " THEN RAISE EXCEPTION 'a released version is immutable'; END IF;"
    " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER released_version_no_change BEFORE UPDATE OR DELETE ON pathway_version"
    " FOR EACH ROW EXECUTE FUNCTION released_version_is_immutable()",
)
_COMMENTS = (
    ("pathway_version", "first_used_at", "when it was first kept: released, or the first episode enrolled on it"),
    (
        "log_pending",
        "episode_id",
        "the episode of an entry that is not yet in the log of all entries, or: releases",
    ),
)


def _col(name: str, kind: TypeEngine[Any], comment: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, comment=comment)


def upgrade() -> None:
    """Make the table of releases, and its triggers. What was stored before is there, and not released."""
    op.create_table(
        "pathway_release",
        _col("number", sa.Integer(), "1, 2, 3 … without a gap, over all pathways"),
        _col("pathway", sa.Text(), "name of the pathway"),
        _col("label", sa.Text(), "the version as people call it"),
        _col("version", sa.Text(), "content hash of the released text: SHA-256, hex"),
        _col("released_by", sa.Text(), "who answers for it, as given; no account is asked yet"),
        _col("reason", sa.Text(), "why it was released, in that person's words"),
        _col("released_at", Instant(), "when, by the store's clock"),
        _col("replaces", sa.LargeBinary(), "hash of the release of this pathway that was current before", null=True),
        _col("previous", sa.LargeBinary(), "hash of the release before, of whatever pathway"),
        _col("kek_id", sa.Text(), "the key that the commitment was made with"),
        _col("commitment", sa.LargeBinary(), "keyed hash over the record and the release before"),
        _col("hash", sa.LargeBinary(), "hash over the release before, record and commitment: see audit.release"),
        sa.CheckConstraint("number >= 1", name=op.f("ck_pathway_release_number")),
        sa.ForeignKeyConstraint(["version"], ["pathway_version.version"], name=op.f("fk_pathway_release_version")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_pathway_release")),
        sa.UniqueConstraint("version", name=op.f("uq_pathway_release_version")),
        sqlite_strict=True,
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if sqlite else _POSTGRESQL:
        op.execute(statement)
    for table, column, comment in () if sqlite else _COMMENTS:  # SQLite keeps no comments
        op.alter_column(table, column, comment=comment)
