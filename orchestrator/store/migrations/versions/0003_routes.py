"""How do notices leave the house? A row in the outbox for each notice and route; in the inbox stands each at once."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from orchestrator.store.types import Instant

revision = "0003"
down_revision = "0002"

_TO_INBOX = """
INSERT INTO notice (episode_id, key, kind, name, about, role, ward, rung, due_at, told_at, late)
SELECT episode_id, {key}, 'reminder', reminder, key, role, ward, rung, due_at, told_at, late FROM outbox o
WHERE NOT EXISTS (SELECT 1 FROM notice n WHERE n.episode_id = o.episode_id AND n.key = {key})
"""
_TO_DELIVERY = """
INSERT INTO delivery (episode_id, key, route, channel, result, attempts, done_at)
SELECT episode_id, {key}, channel, channel, result, attempts, done_at FROM delivery_before
"""
_KEY = "CAST(seq AS text) || '.' || CAST(number AS text)"
_COMMENTS = (
    ("episode_id", "the episode that the notice is about; empty where it is about none"),
    ("kind", "reminder, set-aside, clock, undelivered or unassigned"),
    ("about", "key of the reminder, by which it is acknowledged; empty where there is none"),
)


def _col(name: str, kind: TypeEngine[Any], comment: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, comment=comment)


def upgrade() -> None:
    """What was still on its way to the inbox is put there; what was delivered stays on record."""
    op.execute(_TO_INBOX.format(key=_KEY))
    op.drop_table("outbox")
    _outbox()
    op.execute("ALTER TABLE delivery RENAME TO delivery_before")
    if op.get_bind().dialect.name == "postgresql":  # its indexes' names are the schema's, not the table's
        op.execute("ALTER INDEX pk_delivery RENAME TO pk_delivery_before")
    _delivery()
    op.execute(_TO_DELIVERY.format(key=_KEY))
    op.drop_table("delivery_before")
    skipped = "roles that were passed over since nobody holds them, with commas between"
    op.add_column("notice", sa.Column("skipped", sa.Text(), nullable=False, server_default="", comment=skipped))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("notice", "skipped", server_default=None)
        for column, comment in _COMMENTS:
            op.alter_column("notice", column, comment=comment)


def _outbox() -> None:
    op.create_table(
        "outbox",
        _col("episode_id", sa.Text(), "the episode that a notice is about; empty where it is about none"),
        _col("key", sa.Text(), "the notice's key: with the episode it names the row of notice"),
        _col("route", sa.Text(), "the way by which it is to leave the house, as the hospital's configuration names it"),
        _col("since", Instant(), "wall time from which it waits"),
        _col(
            "next_try_at",
            Instant(),
            "when a worker may next take it; while one has it, when the lease ends; NULL: never",
            null=True,
        ),
        _col("attempts", sa.Integer(), "how often a worker took it"),
        _col(
            "lease_token",
            sa.Integer(),
            "fencing token: grows with each lease, only the last may say what became of it",
        ),
        _col("last_error", sa.Text(), "code of the last failure, never a patient's data", null=True),
        _col("given_up_at", Instant(), "a dead letter since then: refused for good, it waits for a person", null=True),
        sa.PrimaryKeyConstraint("episode_id", "key", "route", name=op.f("pk_outbox")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_outbox_next_try_at"), "outbox", ["next_try_at"], unique=False)


def _delivery() -> None:
    op.create_table(
        "delivery",
        _col("episode_id", sa.Text(), "the episode that the notice was about"),
        _col("key", sa.Text(), "the notice's key"),
        _col("route", sa.Text(), "the way by which it was to leave the house"),
        _col("channel", sa.Text(), "by which means it went; empty where it was dropped"),
        _col("result", sa.Text(), "delivered or dropped"),
        _col("attempts", sa.Integer(), "how many tries it took"),
        _col("done_at", Instant(), "when it was recorded as done"),
        _col("dropped_by", sa.Text(), "who saw to it otherwise", null=True),
        _col("reason", sa.Text(), "why it need not be sent, in that person's words", null=True),
        sa.PrimaryKeyConstraint("episode_id", "key", "route", name=op.f("pk_delivery")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
