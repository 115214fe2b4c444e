"""How do two versions run side by side? The store says whom it serves and in which format it is written; who runs."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from orchestrator.store.types import Instant

revision = "0004"
down_revision = "0003"


def _col(name: str, kind: TypeEngine[Any], comment: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, comment=comment, server_default=default)


def upgrade() -> None:
    """Make the table of processes, and the two columns. What was written so far is in format 1."""
    op.create_table(
        "process",
        _col("process_id", sa.Text(), "random, another at each start"),
        _col("role", sa.Text(), "what it does: api, worker, clock or sheets"),
        _col("program", sa.Text(), "the version of its program, as people call it"),
        _col("revision", sa.Text(), "the schema that its program was made for"),
        _col("format", sa.Integer(), "the newest format of documents and entries that it reads"),
        _col("seen_at", Instant(), "wall time at which it last said that it runs"),
        sa.PrimaryKeyConstraint("process_id", name=op.f("pk_process")),
        sqlite_strict=True,
    )
    oldest = "revision of the oldest program that may run on this schema"
    op.add_column("store_info", _col("oldest_revision", sa.Text(), oldest, "0004"))
    written = "the format in which documents and entries are written; raised when no older program runs"
    op.add_column("store_info", _col("format", sa.Integer(), written, "1"))
