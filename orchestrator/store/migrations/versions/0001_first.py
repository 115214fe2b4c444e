"""How did it begin? Episodes, their sealed entries, worklists, outbox, keys in use."""

import sqlalchemy as sa
from alembic import op

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
        sa.Column(
            "token_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of a random token of at least 256 bits; the token is never kept",
        ),
        sa.Column("actor_id", sa.Text(), nullable=False, comment="the actor who acts with it"),
        sa.Column("role", sa.Text(), nullable=False, comment="the role in which the actor acts"),
        sa.Column("created_at", Instant(), nullable=False, comment="wall time at which it was made"),
        sa.Column("revoked_at", Instant(), nullable=True, comment="wall time from which it is refused"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_access_token")),
        sqlite_strict=True,
    )


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("episode_id", sa.Text(), nullable=False, comment="the episode that the notice was about"),
        sa.Column("seq", sa.Integer(), nullable=False, comment="the entry that told the reminder"),
        sa.Column("number", sa.Integer(), nullable=False, comment="which of that entry's notices"),
        sa.Column("channel", sa.Text(), nullable=False, comment="by which means it went"),
        sa.Column("result", sa.Text(), nullable=False, comment="delivered, or why it was given up"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how many tries it took"),
        sa.Column("done_at", Instant(), nullable=False, comment="when it was recorded as done"),
        sa.PrimaryKeyConstraint("episode_id", "seq", "number", "channel", name=op.f("pk_delivery")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _entry() -> None:
    op.create_table(
        "entry",
        sa.Column("episode_id", sa.Text(), nullable=False, comment="the episode whose trail this is"),
        sa.Column("seq", sa.Integer(), nullable=False, comment="1, 2, 3 … without a gap"),
        sa.Column(
            "cause_id",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 over what caused it: see service.cause; a repeat finds the first answer",
        ),
        sa.Column(
            "header",
            sa.Text(),
            nullable=False,
            comment="the plain part, see audit.seal.Header; chained as these exact bytes",
        ),
        sa.Column(
            "commitment",
            sa.LargeBinary(),
            nullable=False,
            comment="salted hash of the body: chained in the body's stead",
        ),
        sa.Column(
            "body",
            sa.LargeBinary(),
            nullable=False,
            comment="command, events and reason, encrypted with the patient's key",
        ),
        sa.Column(
            "hash", sa.LargeBinary(), nullable=False, comment="hash over the entry before, header and commitment"
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_entry_seq")),
        sa.PrimaryKeyConstraint("episode_id", "seq", name=op.f("pk_entry")),
        sa.UniqueConstraint("episode_id", "cause_id", name=op.f("uq_entry_episode_id_cause_id")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _item() -> None:
    op.create_table(
        "item",
        sa.Column("episode_id", sa.Text(), nullable=False, comment="the episode in which something is open"),
        sa.Column("kind", sa.Text(), nullable=False, comment="task, dose, decision or reminder"),
        sa.Column("key", sa.Text(), nullable=False, comment="what tells it from its like within the episode"),
        sa.Column("name", sa.Text(), nullable=False, comment="what it is, by the pathway's own name"),
        sa.Column("role", sa.Text(), nullable=False, comment="who owes it"),
        sa.Column("ward", sa.Text(), nullable=False, comment="where: the episode's ward"),
        sa.Column(
            "due_at", Instant(), nullable=False, comment="by when; the last moment of the year 9999 where nothing says"
        ),
        sa.PrimaryKeyConstraint("episode_id", "kind", "key", name=op.f("pk_item")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_item_due_at"), "item", ["due_at"], unique=False)
    op.create_index(op.f("ix_item_ward_due_at"), "item", ["ward", "due_at"], unique=False)


def _kek() -> None:
    op.create_table(
        "kek",
        sa.Column(
            "kek_id",
            sa.Text(),
            nullable=False,
            comment="name of a key-encryption key; the key itself is never in the database",
        ),
        sa.Column(
            "fingerprint",
            sa.Text(),
            nullable=False,
            comment="16 hex digits that name the key's content without telling it",
        ),
        sa.Column(
            "proof",
            sa.LargeBinary(),
            nullable=False,
            comment="a constant encrypted with this key: whoever opens it holds the key",
        ),
        sa.Column("first_used_at", Instant(), nullable=False, comment="wall time of its first use in this store"),
        sa.PrimaryKeyConstraint("kek_id", name=op.f("pk_kek")),
        sqlite_strict=True,
    )


def _key_backup() -> None:
    op.create_table(
        "key_backup",
        sa.Column("backed_up_at", Instant(), nullable=False, comment="wall time at which the key file was copied"),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="fingerprint of one key in the copy"),
        sa.Column(
            "place_hash",
            sa.Text(),
            nullable=False,
            comment="SHA-256 of the copy's path, hex: the path itself is kept in the key file alone",
        ),
        sa.PrimaryKeyConstraint("backed_up_at", "fingerprint", name=op.f("pk_key_backup")),
        sqlite_strict=True,
    )


def _log_pending() -> None:
    op.create_table(
        "log_pending",
        sa.Column(
            "episode_id",
            sa.Text(),
            nullable=False,
            comment="the episode of an entry that is not yet in the log of all entries",
        ),
        sa.Column("seq", sa.Integer(), nullable=False, comment="its number"),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="its hash, which the log takes up"),
        sa.PrimaryKeyConstraint("episode_id", "seq", name=op.f("pk_log_pending")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("episode_id", sa.Text(), nullable=False, comment="the episode that the notice is about"),
        sa.Column(
            "key", sa.Text(), nullable=False, comment="stable key of the notice: told twice, it stands here once"
        ),
        sa.Column("kind", sa.Text(), nullable=False, comment="reminder or set-aside"),
        sa.Column("name", sa.Text(), nullable=False, comment="the reminder's name, or what went wrong as a code"),
        sa.Column(
            "about",
            sa.Text(),
            nullable=False,
            comment="key of the reminder, by which it is acknowledged; empty for set-aside",
        ),
        sa.Column("role", sa.Text(), nullable=False, comment="who is told"),
        sa.Column("ward", sa.Text(), nullable=False, comment="of which ward"),
        sa.Column("rung", sa.Integer(), nullable=False, comment="how far up the ladder, from 0"),
        sa.Column("due_at", Instant(), nullable=False, comment="when it was due"),
        sa.Column("told_at", Instant(), nullable=False, comment="when it was told"),
        sa.Column("late", Flag(), nullable=False, comment="told later than its grace allows"),
        sa.PrimaryKeyConstraint("episode_id", "key", name=op.f("pk_notice")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_notice_role_told_at"), "notice", ["role", "told_at"], unique=False)
    op.create_index(op.f("ix_notice_ward_told_at"), "notice", ["ward", "told_at"], unique=False)


def _open_enrolment() -> None:
    op.create_table(
        "open_enrolment",
        sa.Column("patient_id", sa.Text(), nullable=False, comment="a patient with an open episode"),
        sa.Column(
            "pathway",
            sa.Text(),
            nullable=False,
            comment="the pathway that it is on: at most one open episode a patient and pathway",
        ),
        sa.Column("episode_id", sa.Text(), nullable=False, comment="that episode; the row goes when it closes"),
        sa.PrimaryKeyConstraint("patient_id", "pathway", name=op.f("pk_open_enrolment")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("episode_id", sa.Text(), nullable=False, comment="the episode that a notice is about"),
        sa.Column("seq", sa.Integer(), nullable=False, comment="the entry that told the reminder"),
        sa.Column("number", sa.Integer(), nullable=False, comment="which of that entry's notices, from 0"),
        sa.Column("reminder", sa.Text(), nullable=False, comment="the reminder's name in the pathway"),
        sa.Column(
            "key", sa.Text(), nullable=False, comment="which of its openings: the key by which it is acknowledged"
        ),
        sa.Column("rung", sa.Integer(), nullable=False, comment="how far up its ladder, from 0"),
        sa.Column("role", sa.Text(), nullable=False, comment="who is to be told"),
        sa.Column("ward", sa.Text(), nullable=False, comment="of which ward"),
        sa.Column("due_at", Instant(), nullable=False, comment="when this rung was due"),
        sa.Column("told_at", Instant(), nullable=False, comment="when it fired"),
        sa.Column("late", Flag(), nullable=False, comment="it fired later than its grace allows"),
        sa.Column("next_try_at", Instant(), nullable=False, comment="when a worker is next asked to deliver it"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how often a worker was asked"),
        sa.Column("lease_until", Instant(), nullable=True, comment="a worker has it until then"),
        sa.Column(
            "lease_token",
            sa.Integer(),
            nullable=False,
            comment="fencing token: grows with each lease, only the last may finish",
        ),
        sa.Column("last_error", sa.Text(), nullable=True, comment="code of the last failure, never a patient's data"),
        sa.PrimaryKeyConstraint("episode_id", "seq", "number", name=op.f("pk_outbox")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_outbox_next_try_at"), "outbox", ["next_try_at"], unique=False)


def _pathway_version() -> None:
    op.create_table(
        "pathway_version",
        sa.Column("version", sa.Text(), nullable=False, comment="content hash of the effective pathway: SHA-256, hex"),
        sa.Column("pathway", sa.Text(), nullable=False, comment="name of the pathway"),
        sa.Column("label", sa.Text(), nullable=False, comment="the version as people call it"),
        sa.Column(
            "text",
            sa.Text(),
            nullable=False,
            comment="the effective text itself: an episode can always run on its own version",
        ),
        sa.Column("first_used_at", Instant(), nullable=False, comment="when the first episode was enrolled on it"),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_pathway_version")),
        sqlite_strict=True,
    )


def _store_info() -> None:
    op.create_table(
        "store_info",
        sa.Column("id", sa.Integer(), nullable=False, comment="always 1: the table has one row"),
        sa.Column("kind", sa.Text(), nullable=False, comment="real or simulated; a store is born so and stays so"),
        sa.Column("created_at", Instant(), nullable=False, comment="wall time at which the store was made"),
        sa.Column(
            "simulated_start",
            Instant(),
            nullable=True,
            comment="simulated: what the simulated clock showed at created_at",
        ),
        sa.Column(
            "simulated_factor",
            sa.Integer(),
            nullable=True,
            comment="simulated: how many times as fast as the wall it runs",
        ),
        sa.Column(
            "seen_at",
            Instant(),
            nullable=False,
            comment="wall time last seen by a clock process: firing holds when the wall stands before it",
        ),
        sa.CheckConstraint("kind IN ('real', 'simulated')", name=op.f("ck_store_info_kind")),
        sa.CheckConstraint("id = 1", name=op.f("ck_store_info_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_info")),
        sqlite_strict=True,
    )


def _patient() -> None:
    op.create_table(
        "patient",
        sa.Column(
            "patient_id", sa.Text(), nullable=False, comment="opaque id, made here; never an identifier of the outside"
        ),
        sa.Column("kek_id", sa.Text(), nullable=False, comment="the key-encryption key that wraps this patient's key"),
        sa.Column(
            "wrapped_key", sa.LargeBinary(), nullable=True, comment="the patient's key, wrapped; NULL when destroyed"
        ),
        sa.Column("created_at", Instant(), nullable=False, comment="when the patient was first enrolled"),
        sa.ForeignKeyConstraint(["kek_id"], ["kek.kek_id"], name=op.f("fk_patient_kek_id")),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_patient")),
        sqlite_strict=True,
    )


def _episode() -> None:
    op.create_table(
        "episode",
        sa.Column(
            "episode_id",
            sa.Text(),
            nullable=False,
            comment="opaque id, derived from the request that enrolled: a repeat finds it",
        ),
        sa.Column("patient_id", sa.Text(), nullable=False, comment="whose episode it is"),
        sa.Column("pathway", sa.Text(), nullable=False, comment="name of the pathway"),
        sa.Column("version", sa.Text(), nullable=False, comment="content hash of the version that it runs on"),
        sa.Column("ward", sa.Text(), nullable=False, comment="the ward that has the patient now"),
        sa.Column("state", sa.Text(), nullable=False, comment="where the patient stands: stage/state"),
        sa.Column("seq", sa.Integer(), nullable=False, comment="number of the last entry; the entity tag of the API"),
        sa.Column("at", Instant(), nullable=False, comment="time of the last entry, by the store's clock"),
        sa.Column("enrolled_at", Instant(), nullable=False, comment="time of the first entry"),
        sa.Column(
            "next_due_at", Instant(), nullable=True, comment="the earliest pending timer: the one alarm of the episode"
        ),
        sa.Column("closed", Flag(), nullable=False, comment="closed with an outcome"),
        sa.Column(
            "tag",
            sa.Text(),
            nullable=False,
            comment="keyed hash of what a decision depends on, as in the last entry's header",
        ),
        sa.Column(
            "chain_hash", sa.LargeBinary(), nullable=False, comment="hash of the last entry: the head of the chain"
        ),
        sa.Column(
            "document",
            sa.LargeBinary(),
            nullable=False,
            comment="the whole state: dumped, compressed, encrypted with the patient's key",
        ),
        sa.Column(
            "set_aside_until",
            Instant(),
            nullable=True,
            comment="operational: firing failed for this episode alone, next try then",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="operational: how often in a row firing failed"),
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
        sa.Column(
            "identifier_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="keyed hash of system and value: finds the patient, tells nothing",
        ),
        sa.Column("patient_id", sa.Text(), nullable=False, comment="whose identifier it is"),
        sa.Column(
            "sealed", sa.LargeBinary(), nullable=False, comment="system and value, encrypted with the patient's key"
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.patient_id"], name=op.f("fk_patient_identifier_patient_id")),
        sa.PrimaryKeyConstraint("identifier_hash", name=op.f("pk_patient_identifier")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_patient_identifier_patient_id"), "patient_identifier", ["patient_id"], unique=False)
