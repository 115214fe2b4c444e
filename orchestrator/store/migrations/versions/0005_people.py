"""Who comes in, and who has looked at what? Accounts, posts, sessions, tokens; the record of looks and of changes."""

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
    """Make the tables. Nothing that older programs use is changed."""
    _accounts()
    _ways_in()
    _records()
    _looks()
    _demonstration()


def _accounts() -> None:
    op.create_table(
        "person",
        _col("person_id", sa.Text(), "opaque id: it stands in entries, which can never be erased"),
        _col("login", sa.Text(), "name to sign in with, in lower case"),
        _col("name", sa.Text(), "as people call this person"),
        _col("language", sa.Text(), "of the pages; empty: the hospital's"),
        _col("password_hash", sa.Text(), "Argon2id; empty where the person signs in by other means alone"),
        _col("renew", Flag(), "the password was given by somebody else, and is to be changed before anything"),
        _col("failures", sa.Integer(), "wrong passwords in a row"),
        _col("locked_until", Instant(), "wall time until which no password is even tried", null=True),
        _col("created_at", Instant(), "wall time at which the account was made"),
        _col("ended_at", Instant(), "wall time from which nobody comes in by it; it is never deleted", null=True),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person")),
        sa.UniqueConstraint("login", name=op.f("uq_person_login")),
        sqlite_strict=True,
    )
    op.create_table(
        "post",
        _col("person_id", sa.Text(), "who", sa.ForeignKey("person.person_id", name=op.f("fk_post_person_id"))),
        _col("ward", sa.Text(), "on which ward; an asterisk for all"),
        _col("role", sa.Text(), "in which role"),
        sa.PrimaryKeyConstraint("person_id", "ward", "role", name=op.f("pk_post")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _ways_in() -> None:
    op.create_table(
        "session",
        _col("session_hash", sa.LargeBinary(), "SHA-256 of the random token in the browser's cookie"),
        _col(
            "person_id",
            sa.Text(),
            "who is signed in",
            sa.ForeignKey("person.person_id", name=op.f("fk_session_person_id")),
        ),
        _col("made_at", Instant(), "wall time of the signing in"),
        _col("seen_at", Instant(), "wall time at which it was last used, to the minute"),
        sa.PrimaryKeyConstraint("session_hash", name=op.f("pk_session")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_session_person_id"), "session", ["person_id"], unique=False)
    op.create_table(
        "personal_token",
        _col("token_id", sa.Text(), "names it to people, opens nothing"),
        _col("token_hash", sa.LargeBinary(), "SHA-256 of a random token of 256 bits; the token is never kept"),
        _col(
            "person_id",
            sa.Text(),
            "for whom it acts",
            sa.ForeignKey("person.person_id", name=op.f("fk_personal_token_person_id")),
        ),
        _col("label", sa.Text(), "what it is for, in that person's words"),
        _col("scopes", sa.Text(), "actions that it may do, with blanks between, of those that the person may"),
        _col("made_at", Instant(), "wall time at which it was made"),
        _col("expires_at", Instant(), "wall time from which it opens nothing"),
        _col("ended_at", Instant(), "wall time at which somebody ended it before that", null=True),
        _col("last_used_at", Instant(), "wall time of its last use, to the minute", null=True),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_personal_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_personal_token_token_hash")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_personal_token_person_id"), "personal_token", ["person_id"], unique=False)


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
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_staff_record")),
        sqlite_strict=True,
    )


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


def _demonstration() -> None:
    what = "simulated: making or made, of a demonstration, whose people all have one shown password"
    op.add_column("store_info", _col("demo", sa.Text(), what, null=True))
