"""By what do people come in? Sessions, tokens, known browsers and what is counted of guesses, identities, factors."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from orchestrator.store.types import Flag, Instant

revision = "0006"
down_revision = "0005"


def _col(name: str, kind: TypeEngine[Any], comment: str, *more: SchemaItem, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, *more, nullable=null, comment=comment)


def _person(table: str, comment: str) -> sa.Column[Any]:
    named = sa.ForeignKey("person.person_id", name=op.f(f"fk_{table}_person_id"))
    return _col("person_id", sa.Text(), comment, named)


def upgrade() -> None:
    """Make the tables; older programs know nothing of them."""
    _ways_in()
    _guesses()
    _identities()
    _factors()


def _ways_in() -> None:
    op.create_table(
        "session",
        _col("session_hash", sa.LargeBinary(), "SHA-256 of the random token in the browser's cookie"),
        _person("session", "who is signed in"),
        _col("made_at", Instant(), "wall time of the signing in"),
        _col("seen_at", Instant(), "wall time at which it was last used, to the minute"),
        _col(
            "bare", Flag(), "opened by a password alone where a second factor is required: it leads to setting one up"
        ),
        sa.PrimaryKeyConstraint("session_hash", name=op.f("pk_session")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_session_person_id"), "session", ["person_id"], unique=False)
    op.create_table(
        "personal_token",
        _col("token_id", sa.Text(), "names it to people, opens nothing"),
        _col("token_hash", sa.LargeBinary(), "SHA-256 of a random token of 256 bits; the token is never kept"),
        _person("personal_token", "for whom it acts"),
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


def _guesses() -> None:
    op.create_table(
        "guess",
        _col("who", sa.LargeBinary(), "keyed hash of the login for which wrong passwords are counted; empty: for all"),
        _col(
            "whence", sa.LargeBinary(), "keyed hash of the browser, session or address they come from; empty: from all"
        ),
        _col("failures", sa.Integer(), "how many"),
        _col("free_at", Instant(), "wall time until which nothing is tried; a day later it is forgotten"),
        sa.PrimaryKeyConstraint("who", "whence", name=op.f("pk_guess")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_guess_free_at"), "guess", ["free_at"], unique=False)
    op.create_table(
        "browser",
        _col("browser_hash", sa.LargeBinary(), "SHA-256 of the random token by which a browser is known again"),
        _person("browser", "who came in with it and is known there"),
        _col("seen_at", Instant(), "wall time of the last time"),
        sa.PrimaryKeyConstraint("browser_hash", "person_id", name=op.f("pk_browser")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_browser_seen_at"), "browser", ["seen_at"], unique=False)


def _identities() -> None:
    op.create_table(
        "identity",
        _col("issuer", sa.Text(), "address of the provider of OpenID Connect that vouches"),
        _col("subject", sa.Text(), "its own opaque name for the person, never an e-mail address"),
        _person("identity", "who comes in by it"),
        _col("linked_at", Instant(), "wall time at which it was linked"),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identity")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_identity_person_id"), "identity", ["person_id"], unique=False)


def _factors() -> None:
    op.create_table(
        "factor",
        _person("factor", "whose authenticator app"),
        _col("kek_id", sa.Text(), "with which key of the key file its secret is sealed"),
        _col("sealed", sa.LargeBinary(), "the secret that the app shares with us, encrypted, bound to the person"),
        _col("made_at", Instant(), "wall time at which the secret was made"),
        _col(
            "confirmed_at",
            Instant(),
            "wall time of the first right code; until then it is not asked for",
            null=True,
        ),
        _col("last_step", sa.Integer(), "half minute, since 1970, of the last code that was taken: none is good twice"),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_factor")),
        sqlite_strict=True,
    )
    op.create_table(
        "recovery_code",
        _person("recovery_code", "who may come in by it, once, when the app is lost"),
        _col("code_hash", sa.LargeBinary(), "SHA-256 of a random code of 120 bits; the code is never kept"),
        sa.PrimaryKeyConstraint("person_id", "code_hash", name=op.f("pk_recovery_code")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pending_sign_in",
        _col("pending_hash", sa.LargeBinary(), "SHA-256 of the random token of a browser that has to send a code yet"),
        _person("pending_sign_in", "whose password was right"),
        _col("made_at", Instant(), "wall time at which it was"),
        sa.PrimaryKeyConstraint("pending_hash", name=op.f("pk_pending_sign_in")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_pending_sign_in_person_id"), "pending_sign_in", ["person_id"], unique=False)
    op.create_index(op.f("ix_pending_sign_in_made_at"), "pending_sign_in", ["made_at"], unique=False)
