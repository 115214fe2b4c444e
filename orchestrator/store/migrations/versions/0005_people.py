"""Who works here, and who has looked at what? Accounts and posts; the record of looks and of changes; claims; rota."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from orchestrator.store.types import Flag, Instant

revision = "0005"
down_revision = "0004"


def _col(name: str, kind: TypeEngine[Any], comment: str, *more: SchemaItem, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=null, comment=comment)


def upgrade() -> None:
    """Make the tables. What older programs read and write stays; two indexes that they use give way to others."""
    _accounts()
    _records()
    _looks()
    _rota()
    _wards()
    _lists()
    _claims()
    _demonstration()
    _holds()
    _merges()
    _answers()


def _accounts() -> None:
    op.create_table(
        "person",
        _col("person_id", sa.Text(), "opaque id: it stands in entries, which can never be erased"),
        _col("login", sa.Text(), "name to sign in with, in lower case"),
        _col("name", sa.Text(), "as people call this person"),
        _col("language", sa.Text(), "of the pages; empty: the hospital's"),
        _col("password_hash", sa.Text(), "Argon2id; empty where the person signs in by other means alone"),
        _col("renew", Flag(), "the password was given by somebody else, and is to be changed before anything"),
        _col("created_at", Instant(), "wall time at which the account was made"),
        _col("ended_at", Instant(), "wall time from which nobody comes in by it; it is never deleted", null=True),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person")),
        sa.UniqueConstraint("login", name=op.f("uq_person_login")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_person_name_login"), "person", ["name", "login"], unique=False)
    op.create_table(
        "post",
        _col("person_id", sa.Text(), "who", sa.ForeignKey("person.person_id", name=op.f("fk_post_person_id"))),
        _col("ward", sa.Text(), "on which ward; an asterisk for all"),
        _col("role", sa.Text(), "in which role"),
        sa.PrimaryKeyConstraint("person_id", "ward", "role", name=op.f("pk_post")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _records() -> None:
    op.create_table(
        "staff_record",
        _col("seq", sa.Integer(), "1, 2, 3 … without a gap"),
        _col("at", Instant(), "wall time"),
        _col("by", sa.Text(), "who changed something about people"),
        _col("role", sa.Text(), "in which role"),
        _col("kind", sa.Text(), "what was done"),
        _col("about", sa.Text(), "whose account"),
        _col("detail", sa.Text(), "what it is now, as JSON; never a secret"),
        _col("hash", sa.LargeBinary(), "keyed hash over the record before and this one: see audit.looks"),
        _col("cause", sa.LargeBinary(), "hash of who asked with which key: a repeat finds the first answer", null=True),
        _col(
            "request", sa.LargeBinary(), "hash of what was asked: the same key with another wish is refused", null=True
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_staff_record")),
        sa.UniqueConstraint("cause", name=op.f("uq_staff_record_cause")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_staff_record_about_seq"), "staff_record", ["about", "seq"], unique=False)


def _looks() -> None:
    op.create_table(
        "look",
        _col("chain", sa.Text(), "the patient whose record was looked at; ward/NAME for a ward's lists"),
        _col("seq", sa.Integer(), "1, 2, 3 … without a gap within the chain"),
        _col("at", Instant(), "when, by the store's clock"),
        _col("by", sa.Text(), "who"),
        _col("role", sa.Text(), "in which role"),
        _col("kind", sa.Text(), "read, list, glass, claim …"),
        _col("what", sa.Text(), "which page or list, without a patient's data"),
        _col("episode_id", sa.Text(), "the episode, if it was about one; else empty"),
        _col("glass", Flag(), "seen by a broken glass alone"),
        _col("sealed", sa.LargeBinary(), "a reason, encrypted with the patient's key", null=True),
        _col("hash", sa.LargeBinary(), "keyed hash over the record before and this one: see audit.looks"),
        sa.PrimaryKeyConstraint("chain", "seq", name=op.f("pk_look")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_look_chain_at"), "look", ["chain", "at"], unique=False)
    op.create_table(
        "glass",
        _col(
            "person_id",
            sa.Text(),
            "who broke the glass",
            sa.ForeignKey("person.person_id", name=op.f("fk_glass_person_id")),
        ),
        _col(
            "patient_id",
            sa.Text(),
            "to which patient",
            sa.ForeignKey("patient.patient_id", name=op.f("fk_glass_patient_id")),
        ),
        _col("ward", sa.Text(), "on which ward the patient was then"),
        _col("opened_at", Instant(), "when, by the store's clock"),
        _col("until", Instant(), "until when it lets in, by the store's clock"),
        sa.PrimaryKeyConstraint("person_id", "patient_id", "opened_at", name=op.f("pk_glass")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _rota() -> None:
    """Make the tables of who is told, and by which ways."""
    op.create_table(
        "contact",
        _person("contact", "whom it reaches"),
        _col("name", sa.Text(), "tells it from the others of that person: channel and number"),
        _col("channel", sa.Text(), "by which channel"),
        _col("address", sa.Text(), "an address of that channel"),
        _col("kinds", sa.Text(), "kinds of notices that go there, with blanks between; empty for all"),
        _col(
            "quiet", sa.Text(), "hours of the hospital's day in which it is left alone, such as 22:00-06:30; or empty"
        ),
        sa.PrimaryKeyConstraint("person_id", "name", name=op.f("pk_contact")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "duty",
        _col("duty_id", sa.Text(), "random"),
        _col("ward", sa.Text(), "on which ward; an asterisk for all"),
        _col("role", sa.Text(), "in which role"),
        _person("duty", "who is on duty"),
        _col("starts_at", Instant(), "from when, by the store's clock"),
        _col("ends_at", Instant(), "until before when, by the store's clock"),
        sa.PrimaryKeyConstraint("duty_id", name=op.f("pk_duty")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_duty_ends_at"), "duty", ["ends_at"], unique=False)
    op.create_table(
        "deputy",
        _col("away_id", sa.Text(), "random"),
        _person("deputy", "who is away"),
        _person("deputy", "who is told instead; NULL for nobody", name="deputy_id", null=True),
        _col("starts_at", Instant(), "from when, by the store's clock"),
        _col("ends_at", Instant(), "until before when, by the store's clock"),
        sa.PrimaryKeyConstraint("away_id", name=op.f("pk_deputy")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_deputy_ends_at"), "deputy", ["ends_at"], unique=False)


def _person(table: str, comment: str, *, name: str = "person_id", null: bool = False) -> sa.Column[Any]:
    named = sa.ForeignKey("person.person_id", name=op.f(f"fk_{table}_{name}"))
    return _col(name, sa.Text(), comment, named, null=null)


def _wards() -> None:
    """Let a ward's board and its hand-over find their episodes among a million others."""
    op.create_index(
        "ix_episode_open",
        "episode",
        ["ward"],
        sqlite_where=sa.text("closed = 0"),
        postgresql_where=sa.text("closed = false"),
    )
    op.create_index(
        "ix_episode_closed",
        "episode",
        ["ward", "at"],
        sqlite_where=sa.text("closed = 1"),
        postgresql_where=sa.text("closed = true"),
    )


def _lists() -> None:
    """Let lists find their first rows by role, of a ward or of all; the indexes that this makes idle go."""
    op.create_index(op.f("ix_item_role_due_at"), "item", ["role", "due_at"], unique=False)
    op.drop_index(op.f("ix_item_due_at"), table_name="item")
    op.create_index(op.f("ix_notice_ward_role_told_at"), "notice", ["ward", "role", "told_at"], unique=False)
    op.drop_index(op.f("ix_notice_ward_told_at"), table_name="notice")


def _claims() -> None:
    op.create_table(
        "claim",
        _col("episode_id", sa.Text(), "the episode in which something is open"),
        _col("kind", sa.Text(), "the item's kind"),
        _col("key", sa.Text(), "the item's key; the claim goes when the item does"),
        _col("ward", sa.Text(), "on which ward it was taken: moved to another, it is nobody's again"),
        _col("person_id", sa.Text(), "who has taken it upon himself"),
        _col("at", Instant(), "since when, by the store's clock"),
        _col("snoozed_until", Instant(), "until when it stands aside from what this person has taken", null=True),
        _col(
            "snoozed_due",
            Instant(),
            "when the item was due then: once that moves, it is put off no longer",
            null=True,
        ),
        _col(
            "sealed",
            sa.LargeBinary(),
            "why it was handed over or put off, encrypted with the patient's key",
            null=True,
        ),
        sa.PrimaryKeyConstraint("episode_id", "kind", "key", name=op.f("pk_claim")),
        sa.ForeignKeyConstraint(
            ["episode_id", "kind", "key"],
            ["item.episode_id", "item.kind", "item.key"],
            name=op.f("fk_claim_episode_id_kind_key"),
            ondelete="CASCADE",
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_claim_person_id"), "claim", ["person_id"], unique=False)


def _demonstration() -> None:
    what = "simulated: making or made, of a demonstration, whose people all have one shown password"
    op.add_column("store_info", _col("demo", sa.Text(), what, null=True))


def _holds() -> None:
    op.create_table(
        "legal_hold",
        _col(
            "patient_id",
            sa.Text(),
            "whose record is not to be erased",
            sa.ForeignKey("patient.patient_id", name=op.f("fk_legal_hold_patient_id")),
        ),
        _col("held_at", Instant(), "wall time since which it is held"),
        _col("held_by", sa.Text(), "who holds it"),
        _col("reason", sa.Text(), "the case for which it is held; nothing of the patient"),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_legal_hold")),
        sqlite_strict=True,
    )


def _merges() -> None:
    op.create_table(
        "patient_merge",
        _record("patient_id", "the record that is replaced: the same patient's"),
        _record("kept_id", "as this one, which is kept"),
        _col("merged_at", Instant(), "since when, by the store's clock"),
        _col("merged_by", sa.Text(), "who said so"),
        _col("sealed", sa.LargeBinary(), "why, encrypted with the key of the replaced record"),
        sa.PrimaryKeyConstraint("patient_id", name=op.f("pk_patient_merge")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_patient_merge_kept_id"), "patient_merge", ["kept_id"], unique=False)


def _record(name: str, comment: str) -> sa.Column[Any]:
    named = sa.ForeignKey("patient.patient_id", name=op.f(f"fk_patient_merge_{name}"))
    return _col(name, sa.Text(), comment, named)


def _answers() -> None:
    op.create_table(
        "answer",
        _col("cause", sa.LargeBinary(), "hash of who asked with which key: a repeat finds the first answer"),
        _col("request", sa.LargeBinary(), "keyed hash of what was asked: the same key with another wish is refused"),
        _col("at", Instant(), "wall time of the first answer; after a week it is forgotten"),
        _col("answer", sa.Text(), "what was answered, as JSON; never what opens anything"),
        sa.PrimaryKeyConstraint("cause", name=op.f("pk_answer")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_answer_at"), "answer", ["at"], unique=False)
