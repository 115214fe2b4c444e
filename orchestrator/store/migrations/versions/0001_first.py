"""How did it begin? Episodes, their sealed entries, worklists, outbox, keys in use."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from orchestrator.store.types import Flag, Instant

revision = "0001"
down_revision = None


_SQLITE = tuple(
    f"CREATE TRIGGER entry_no_{verb} BEFORE {verb.upper()} ON entry"
    " BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END"
    for verb in ("update", "delete")
)
_POSTGRESQL = (
    "CREATE FUNCTION entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'entries are append-only'; END $$",
    "CREATE TRIGGER entry_no_change BEFORE UPDATE OR DELETE ON entry"
    " FOR EACH ROW EXECUTE FUNCTION entry_is_append_only()",
    "CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON entry"
    " FOR EACH STATEMENT EXECUTE FUNCTION entry_is_append_only()",
)


def _col(name: str, kind: TypeEngine[Any], comment: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null, comment=comment)


def upgrade() -> None:
    """Make all tables, and the triggers that keep entries as they were written."""
    _access_token()
    _delivery()
    _entry()
    _item()
    _kek()
    _key_backup()
    _log_pending()
    _notice()
    _open_enrolment()
    _outbox()
    _pathway_version()
    _store_info()
    _patient()
    _episode()
    _patient_identifier()
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def _access_token() -> None:
    op.create_table(
        "access_token",
        _col("token_hash", sa.LargeBinary(), "SHA-256 of a random token of at least 256 bits; the token is never kept"),
        _col("actor_id", sa.Text(), "the actor who acts with it"),
        _col("role", sa.Text(), "the role in which the actor acts"),
        _col("created_at", Instant(), "wall time at which it was made"),
        _col("revoked_at", Instant(), "wall time from which it is refused", null=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_access_token")),
        sqlite_strict=True,
    )


def _delivery() -> None:
    op.create_table(
        "delivery",
        _col("episode_id", sa.Text(), "the episode that the notice was about"),
        _col("seq", sa.Integer(), "the entry that told the reminder"),
        _col("number", sa.Integer(), "which of that entry's notices"),
        _col("channel", sa.Text(), "by which means it went"),
        _col("result", sa.Text(), "delivered, or why it was given up"),
        _col("attempts", sa.Integer(), "how many tries it took"),
        _col("done_at", Instant(), "when it was recorded as done"),
        sa.PrimaryKeyConstraint("episode_id", "seq", "number", "channel", name=op.f("pk_delivery")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _entry() -> None:
    op.create_table(
        "entry",
        _col("episode_id", sa.Text(), "the episode whose trail this is"),
        _col("seq", sa.Integer(), "1, 2, 3 … without a gap"),
        _col(
            "cause_id",
            sa.LargeBinary(),
            "SHA-256 over what caused it: see service.cause; a repeat finds the first answer",
        ),
        _col("header", sa.Text(), "the plain part, see audit.seal.Header; chained as these exact bytes"),
        _col("commitment", sa.LargeBinary(), "salted hash of the body: chained in the body's stead"),
        _col("body", sa.LargeBinary(), "command, events and reason, encrypted with the patient's key"),
        _col("hash", sa.LargeBinary(), "hash over the entry before, header and commitment"),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_entry_seq")),
        sa.PrimaryKeyConstraint("episode_id", "seq", name=op.f("pk_entry")),
        sa.UniqueConstraint("episode_id", "cause_id", name=op.f("uq_entry_episode_id_cause_id")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _item() -> None:
    op.create_table(
        "item",
        _col("episode_id", sa.Text(), "the episode in which something is open"),
        _col("kind", sa.Text(), "task, dose, decision or reminder"),
        _col("key", sa.Text(), "what tells it from its like within the episode"),
        _col("name", sa.Text(), "what it is, by the pathway's own name"),
        _col("role", sa.Text(), "who owes it"),
        _col("ward", sa.Text(), "where: the episode's ward"),
        _col("due_at", Instant(), "by when; the last moment of the year 9999 where nothing says"),
        sa.PrimaryKeyConstraint("episode_id", "kind", "key", name=op.f("pk_item")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_item_due_at"), "item", ["due_at"], unique=False)
    op.create_index(op.f("ix_item_ward_due_at"), "item", ["ward", "due_at"], unique=False)


def _kek() -> None:
    op.create_table(
        "kek",
        _col("kek_id", sa.Text(), "name of a key-encryption key; the key itself is never in the database"),
        _col("fingerprint", sa.Text(), "16 hex digits that name the key's content without telling it"),
        _col("proof", sa.LargeBinary(), "a constant encrypted with this key: whoever opens it holds the key"),
        _col("first_used_at", Instant(), "wall time of its first use in this store"),
        sa.PrimaryKeyConstraint("kek_id", name=op.f("pk_kek")),
        sqlite_strict=True,
    )


def _key_backup() -> None:
    op.create_table(
        "key_backup",
        _col("backed_up_at", Instant(), "wall time at which the key file was copied"),
        _col("fingerprint", sa.Text(), "fingerprint of one key in the copy"),
        _col("place_hash", sa.Text(), "SHA-256 of the copy's path, hex: the path itself is kept in the key file alone"),
        sa.PrimaryKeyConstraint("backed_up_at", "fingerprint", name=op.f("pk_key_backup")),
        sqlite_strict=True,
    )


def _log_pending() -> None:
    op.create_table(
        "log_pending",
        _col("episode_id", sa.Text(), "the episode of an entry that is not yet in the log of all entries"),
        _col("seq", sa.Integer(), "its number"),
        _col("hash", sa.LargeBinary(), "its hash, which the log takes up"),
        sa.PrimaryKeyConstraint("episode_id", "seq", name=op.f("pk_log_pending")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _notice() -> None:
    op.create_table(
        "notice",
        _col("episode_id", sa.Text(), "the episode that the notice is about"),
        _col("key", sa.Text(), "stable key of the notice: told twice, it stands here once"),
        _col("kind", sa.Text(), "reminder or set-aside"),
        _col("name", sa.Text(), "the reminder's name, or what went wrong as a code"),
        _col("about", sa.Text(), "key of the reminder, by which it is acknowledged; empty for set-aside"),
        _col("role", sa.Text(), "who is told"),
        _col("ward", sa.Text(), "of which ward"),
        _col("rung", sa.Integer(), "how far up the ladder, from 0"),
        _col("due_at", Instant(), "when it was due"),
        _col("told_at", Instant(), "when it was told"),
        _col("late", Flag(), "told later than its grace allows"),
        sa.PrimaryKeyConstraint("episode_id", "key", name=op.f("pk_notice")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_notice_role_told_at"), "notice", ["role", "told_at"], unique=False)
    op.create_index(op.f("ix_notice_ward_told_at"), "notice", ["ward", "told_at"], unique=False)


def _open_enrolment() -> None:
    op.create_table(
        "open_enrolment",
        _col("patient_id", sa.Text(), "a patient with an open episode"),
        _col("pathway", sa.Text(), "the pathway that it is on: at most one open episode a patient and pathway"),
        _col("episode_id", sa.Text(), "that episode; the row goes when it closes"),
        sa.PrimaryKeyConstraint("patient_id", "pathway", name=op.f("pk_open_enrolment")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        _col("episode_id", sa.Text(), "the episode that a notice is about"),
        _col("seq", sa.Integer(), "the entry that told the reminder"),
        _col("number", sa.Integer(), "which of that entry's notices, from 0"),
        _col("reminder", sa.Text(), "the reminder's name in the pathway"),
        _col("key", sa.Text(), "which of its openings: the key by which it is acknowledged"),
        _col("rung", sa.Integer(), "how far up its ladder, from 0"),
        _col("role", sa.Text(), "who is to be told"),
        _col("ward", sa.Text(), "of which ward"),
        _col("due_at", Instant(), "when this rung was due"),
        _col("told_at", Instant(), "when it fired"),
        _col("late", Flag(), "it fired later than its grace allows"),
        _col("next_try_at", Instant(), "when a worker is next asked to deliver it"),
        _col("attempts", sa.Integer(), "how often a worker was asked"),
        _col("lease_until", Instant(), "a worker has it until then", null=True),
        _col("lease_token", sa.Integer(), "fencing token: grows with each lease, only the last may finish"),
        _col("last_error", sa.Text(), "code of the last failure, never a patient's data", null=True),
        sa.PrimaryKeyConstraint("episode_id", "seq", "number", name=op.f("pk_outbox")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_outbox_next_try_at"), "outbox", ["next_try_at"], unique=False)


def _pathway_version() -> None:
    op.create_table(
        "pathway_version",
        _col("version", sa.Text(), "content hash of the effective pathway: SHA-256, hex"),
        _col("pathway", sa.Text(), "name of the pathway"),
        _col("label", sa.Text(), "the version as people call it"),
        _col("text", sa.Text(), "the effective text itself: an episode can always run on its own version"),
        _col("first_used_at", Instant(), "when the first episode was enrolled on it"),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_pathway_version")),
        sa.UniqueConstraint("pathway", "label", name=op.f("uq_pathway_version_pathway_label")),
        sqlite_strict=True,
    )


def _store_info() -> None:
    op.create_table(
        "store_info",
        _col("id", sa.Integer(), "always 1: the table has one row"),
        _col("kind", sa.Text(), "real or simulated; a store is born so and stays so"),
        _col("created_at", Instant(), "wall time at which the store was made"),
        _col("simulated_start", Instant(), "simulated: what the simulated clock showed at created_at", null=True),
        _col("simulated_factor", sa.Integer(), "simulated: how many times as fast as the wall it runs", null=True),
        _col(
            "seen_at",
            Instant(),
            "wall time last seen by a clock process: firing holds when the wall stands before it",
            null=True,
        ),
        sa.CheckConstraint("kind IN ('real', 'simulated')", name=op.f("ck_store_info_kind")),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_info_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_info")),
        sqlite_strict=True,
    )


def _patient() -> None:
    op.create_table(
        "patient",
        _col("patient_id", sa.Text(), "opaque id, made here; never an identifier of the outside"),
        _col("kek_id", sa.Text(), "the key-encryption key that wraps this patient's key"),
        _col("wrapped_key", sa.LargeBinary(), "the patient's key, wrapped; NULL when destroyed", null=True),
        _col("created_at", Instant(), "when the patient was first enrolled"),
        sa.ForeignKeyConstraint(["kek_id"], ["kek.kek_id"], name=op.f("fk_patient_kek_id")),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_patient")),
        sqlite_strict=True,
    )


def _episode() -> None:
    op.create_table(
        "episode",
        _col("episode_id", sa.Text(), "opaque id, derived from the request that enrolled: a repeat finds it"),
        _col("patient_id", sa.Text(), "whose episode it is"),
        _col("pathway", sa.Text(), "name of the pathway"),
        _col("version", sa.Text(), "content hash of the version that it runs on"),
        _col("ward", sa.Text(), "the ward that has the patient now"),
        _col("state", sa.Text(), "where the patient stands: stage/state"),
        _col("seq", sa.Integer(), "number of the last entry; the entity tag of the API"),
        _col("at", Instant(), "time of the last entry, by the store's clock"),
        _col("enrolled_at", Instant(), "time of the first entry"),
        _col("next_due_at", Instant(), "the earliest pending timer: the one alarm of the episode", null=True),
        _col("closed", Flag(), "closed with an outcome"),
        _col("tag", sa.Text(), "keyed hash of what a decision depends on, as in the last entry's header"),
        _col("chain_hash", sa.LargeBinary(), "hash of the last entry: the head of the chain"),
        _col("document", sa.LargeBinary(), "the whole state: dumped, compressed, encrypted with the patient's key"),
        _col(
            "set_aside_until", Instant(), "operational: firing failed for this episode alone, next try then", null=True
        ),
        _col("attempts", sa.Integer(), "operational: how often in a row firing failed"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_episode_patient_id")),
        sa.ForeignKeyConstraint(["version"], ["pathway_version.version"], name=op.f("fk_episode_version")),
        sa.PrimaryKeyConstraint("episode_id", name=op.f("pk_episode")),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_episode_due",
        "episode",
        ["next_due_at"],
        unique=False,
        sqlite_where=sa.text("next_due_at IS NOT NULL"),
        postgresql_where=sa.text("next_due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_episode_patient_id"), "episode", ["patient_id"], unique=False)


def _patient_identifier() -> None:
    op.create_table(
        "patient_identifier",
        _col("identifier_hash", sa.LargeBinary(), "keyed hash of system and value: finds the patient, tells nothing"),
        _col("patient_id", sa.Text(), "whose identifier it is"),
        _col("sealed", sa.LargeBinary(), "system and value, encrypted with the patient's key"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_patient_identifier_patient_id")),
        sa.PrimaryKeyConstraint("identifier_hash", name=op.f("pk_patient_identifier")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_patient_identifier_patient_id"), "patient_identifier", ["patient_id"], unique=False)
