"""What is kept, column by column? The schema of both databases; migrations/ makes it, a test holds the two together.

Every primary and unique key of a per-episode table begins with `episode_id`, so that such tables can be partitioned by
its hash. The tables of the write path carry no foreign keys: their rows are written in the transaction that updates the
episode, under its lock. (A claim carries one to its item, so that it goes with it whoever removes that: 8 µs of the 34
that a removal takes PostgreSQL.)
"""

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from orchestrator.store import staff_tables
from orchestrator.store.columns import CLUSTERED, STRICT, metadata
from orchestrator.store.columns import col as _col
from orchestrator.store.types import Flag, Instant, Until

__all__ = ["metadata", "staff_tables"]
"""What belongs to the schema though it is made elsewhere."""

_HAS_ALARM = text("next_due_at IS NOT NULL")

store_info = Table(
    "store_info", metadata,
    _col("id", Integer(), "always 1: the table has one row"),
    _col("kind", Text(), "real or simulated; a store is born so and stays so"),
    _col("created_at", Instant(), "wall time at which the store was made"),
    _col("simulated_start", Instant(), "simulated: what the simulated clock showed at created_at", null=True),
    _col("simulated_factor", Integer(), "simulated: how many times as fast as the wall it runs", null=True),
    _col(
        "seen_at", Instant(), "wall time last seen by a clock process: firing holds when the wall stands before it",
        null=True,
    ),
    _col(
        "oldest_revision", Text(), "revision of the oldest program that may run on this schema", default="0004"
    ),
    _col(
        "format", Integer(), "the format in which documents and entries are written; raised when no older program runs",
        default="1",
    ),
    _col(
        "demo", Text(), "simulated: making or made, of a demonstration, whose people all have one shown password",
        null=True,
    ),
    PrimaryKeyConstraint("id"), CheckConstraint("id = 1", name="one_row"),
    CheckConstraint("kind IN ('real', 'simulated')", name="kind"), **STRICT,
)  # fmt: skip

kek = Table(
    "kek", metadata,
    _col("kek_id", Text(), "name of a key-encryption key; the key itself is never in the database"),
    _col("fingerprint", Text(), "16 hex digits that name the key's content without telling it"),
    _col("proof", LargeBinary(), "a constant encrypted with this key: whoever opens it holds the key"),
    _col("first_used_at", Instant(), "wall time of its first use in this store"),
    PrimaryKeyConstraint("kek_id"), **STRICT,
)  # fmt: skip

key_backup = Table(
    "key_backup", metadata,
    _col("backed_up_at", Instant(), "wall time at which the key file was copied"),
    _col("fingerprint", Text(), "fingerprint of one key in the copy"),
    _col("place_hash", Text(), "SHA-256 of the copy's path, hex: the path itself is kept in the key file alone"),
    PrimaryKeyConstraint("backed_up_at", "fingerprint"), **STRICT,
)  # fmt: skip

access_token = Table(
    "access_token", metadata,
    _col("token_hash", LargeBinary(), "SHA-256 of a random token of at least 256 bits; the token is never kept"),
    _col("actor_id", Text(), "the actor who acts with it"),
    _col("role", Text(), "the role in which the actor acts"),
    _col("created_at", Instant(), "wall time at which it was made"),
    _col("revoked_at", Instant(), "wall time from which it is refused", null=True),
    PrimaryKeyConstraint("token_hash"), **STRICT,
)  # fmt: skip

process = Table(
    "process", metadata,
    _col("process_id", Text(), "random, another at each start"),
    _col("role", Text(), "what it does: api, worker, clock or sheets"),
    _col("program", Text(), "the version of its program, as people call it"),
    _col("revision", Text(), "the schema that its program was made for"),
    _col("format", Integer(), "the newest format of documents and entries that it reads"),
    _col("seen_at", Instant(), "wall time at which it last said that it runs"),
    PrimaryKeyConstraint("process_id"), **STRICT,
)  # fmt: skip

pathway_version = Table(
    "pathway_version", metadata,
    _col("version", Text(), "content hash of the effective pathway: SHA-256, hex"),
    _col("pathway", Text(), "name of the pathway"),
    _col("label", Text(), "the version as people call it"),
    _col("text", Text(), "the effective text itself: an episode can always run on its own version"),
    _col("first_used_at", Instant(), "when it was first kept: released, or the first episode enrolled on it"),
    PrimaryKeyConstraint("version"), UniqueConstraint("pathway", "label"), **STRICT,
)  # fmt: skip

pathway_release = Table(
    "pathway_release", metadata,
    _col("number", Integer(), "1, 2, 3 … without a gap, over all pathways"),
    _col("pathway", Text(), "name of the pathway"),
    _col("label", Text(), "the version as people call it"),
    _col(
        "version", Text(), "content hash of the released text: SHA-256, hex", ForeignKey("pathway_version.version")
    ),
    _col("released_by", Text(), "who answers for it, as given; no account is asked yet"),
    _col("reason", Text(), "why it was released, in that person's words"),
    _col("released_at", Instant(), "when, by the store's clock"),
    _col("replaces", LargeBinary(), "hash of the release of this pathway that was current before", null=True),
    _col("previous", LargeBinary(), "hash of the release before, of whatever pathway"),
    _col("kek_id", Text(), "the key that the commitment was made with"),
    _col("commitment", LargeBinary(), "keyed hash over the record and the release before"),
    _col("hash", LargeBinary(), "hash over the release before, record and commitment: see audit.release"),
    PrimaryKeyConstraint("number"),
    UniqueConstraint("version"), CheckConstraint("number >= 1", name="number"), **STRICT,
)  # fmt: skip

patient = Table(
    "patient", metadata,
    _col("patient_id", Text(), "opaque id, made here; never an identifier of the outside"),
    _col("kek_id", Text(), "the key-encryption key that wraps this patient's key", ForeignKey("kek.kek_id")),
    _col("wrapped_key", LargeBinary(), "the patient's key, wrapped; NULL when destroyed", null=True),
    _col("created_at", Instant(), "when the patient was first enrolled"),
    PrimaryKeyConstraint("patient_id"), **STRICT,
)  # fmt: skip

patient_identifier = Table(
    "patient_identifier", metadata,
    _col("identifier_hash", LargeBinary(), "keyed hash of system and value: finds the patient, tells nothing"),
    _col("patient_id", Text(), "whose identifier it is", ForeignKey("patient.patient_id")),
    _col("sealed", LargeBinary(), "system and value, encrypted with the patient's key"),
    PrimaryKeyConstraint("identifier_hash"),
    Index(None, "patient_id"), **STRICT,
)  # fmt: skip

open_enrolment = Table(
    "open_enrolment", metadata,
    _col("patient_id", Text(), "a patient with an open episode"),
    _col("pathway", Text(), "the pathway that it is on: at most one open episode a patient and pathway"),
    _col("episode_id", Text(), "that episode; the row goes when it closes"),
    PrimaryKeyConstraint("patient_id", "pathway"), **CLUSTERED,
)  # fmt: skip

episode = Table(
    "episode", metadata,
    _col("episode_id", Text(), "opaque id, derived from the request that enrolled: a repeat finds it"),
    _col("patient_id", Text(), "whose episode it is", ForeignKey("patient.patient_id")),
    _col("pathway", Text(), "name of the pathway"),
    _col("version", Text(), "content hash of the version that it runs on", ForeignKey("pathway_version.version")),
    _col("ward", Text(), "the ward that has the patient now"),
    _col("state", Text(), "where the patient stands: stage/state"),
    _col("seq", Integer(), "number of the last entry; the entity tag of the API"),
    _col("at", Instant(), "time of the last entry, by the store's clock"),
    _col("enrolled_at", Instant(), "time of the first entry"),
    _col("next_due_at", Instant(), "the earliest pending timer: the one alarm of the episode", null=True),
    _col("closed", Flag(), "closed with an outcome"),
    _col("tag", Text(), "keyed hash of what a decision depends on, as in the last entry's header"),
    _col("chain_hash", LargeBinary(), "hash of the last entry: the head of the chain"),
    _col("document", LargeBinary(), "the whole state: dumped, compressed, encrypted with the patient's key"),
    _col("set_aside_until", Until(), "operational: firing failed for this episode alone, next try then", null=True),
    _col("attempts", Integer(), "operational: how often in a row firing failed"),
    PrimaryKeyConstraint("episode_id"),
    Index(None, "patient_id"),
    Index("ix_episode_due", "next_due_at", sqlite_where=_HAS_ALARM, postgresql_where=_HAS_ALARM),
    Index("ix_episode_open", "ward", sqlite_where=text("closed = 0"), postgresql_where=text("closed = false")),
    Index("ix_episode_closed", "ward", "at", sqlite_where=text("closed = 1"), postgresql_where=text("closed = true")),
    **STRICT,
)  # fmt: skip

entry = Table(
    "entry", metadata,
    _col("episode_id", Text(), "the episode whose trail this is"),
    _col("seq", Integer(), "1, 2, 3 … without a gap"),
    _col("cause_id", LargeBinary(), "SHA-256 over what caused it: see service.cause; a repeat finds the first answer"),
    _col("header", Text(), "the plain part, see audit.seal.Header; chained as these exact bytes"),
    _col("commitment", LargeBinary(), "salted hash of the body: chained in the body's stead"),
    _col("body", LargeBinary(), "command, events and reason, encrypted with the patient's key"),
    _col("hash", LargeBinary(), "hash over the entry before, header and commitment"),
    PrimaryKeyConstraint("episode_id", "seq"),
    UniqueConstraint("episode_id", "cause_id"), CheckConstraint("seq >= 1", name="seq"), **CLUSTERED,
)  # fmt: skip

log_pending = Table(
    "log_pending", metadata,
    _col("episode_id", Text(), "the episode of an entry that is not yet in the log of all entries, or: releases"),
    _col("seq", Integer(), "its number"),
    _col("hash", LargeBinary(), "its hash, which the log takes up"),
    PrimaryKeyConstraint("episode_id", "seq"), **CLUSTERED,
)  # fmt: skip

item = Table(
    "item", metadata,
    _col("episode_id", Text(), "the episode in which something is open"),
    _col("kind", Text(), "task, dose, decision or reminder"),
    _col("key", Text(), "what tells it from its like within the episode"),
    _col("name", Text(), "what it is, by the pathway's own name"),
    _col("role", Text(), "who owes it"),
    _col("ward", Text(), "where: the episode's ward"),
    _col("due_at", Instant(), "by when; the last moment of the year 9999 where nothing says"),
    PrimaryKeyConstraint("episode_id", "kind", "key"),
    Index(None, "ward", "due_at"),
    Index(None, "role", "due_at"), **CLUSTERED,
)  # fmt: skip

claim = Table(
    "claim", metadata,
    _col("episode_id", Text(), "the episode in which something is open"),
    _col("kind", Text(), "the item's kind"),
    _col("key", Text(), "the item's key; the claim goes when the item does"),
    _col("ward", Text(), "on which ward it was taken: moved to another, it is nobody's again"),
    _col("person_id", Text(), "who has taken it upon himself"),
    _col("at", Instant(), "since when, by the store's clock"),
    _col("snoozed_until", Instant(), "until when it stands aside from what this person has taken", null=True),
    _col("snoozed_due", Instant(), "when the item was due then: once that moves, it is put off no longer", null=True),
    _col("sealed", LargeBinary(), "why it was handed over or put off, encrypted with the patient's key", null=True),
    PrimaryKeyConstraint("episode_id", "kind", "key"),
    ForeignKeyConstraint(
        ["episode_id", "kind", "key"], ["item.episode_id", "item.kind", "item.key"], ondelete="CASCADE"
    ),
    Index(None, "person_id"), **CLUSTERED,
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    _col("episode_id", Text(), "the episode that a notice is about; empty where it is about none"),
    _col("key", Text(), "the notice's key: with the episode it names the row of notice"),
    _col("route", Text(), "the way by which it is to leave the house, as the hospital's configuration names it"),
    _col("since", Instant(), "wall time from which it waits"),
    _col(
        "next_try_at", Until(), "when a worker may next take it; while one has it, when the lease ends; NULL: never",
        null=True,
    ),
    _col("attempts", Integer(), "how often a worker took it"),
    _col("lease_token", Integer(), "fencing token: grows with each lease, only the last may say what became of it"),
    _col("last_error", Text(), "code of the last failure, never a patient's data", null=True),
    _col("given_up_at", Instant(), "a dead letter since then: refused for good, it waits for a person", null=True),
    PrimaryKeyConstraint("episode_id", "key", "route"),
    Index(None, "next_try_at"), **STRICT,
)  # fmt: skip

delivery = Table(
    "delivery", metadata,
    _col("episode_id", Text(), "the episode that the notice was about"),
    _col("key", Text(), "the notice's key"),
    _col("route", Text(), "the way by which it was to leave the house"),
    _col("channel", Text(), "by which means it went; empty where it was dropped"),
    _col("result", Text(), "delivered or dropped"),
    _col("attempts", Integer(), "how many tries it took"),
    _col("done_at", Instant(), "when it was recorded as done"),
    _col("dropped_by", Text(), "who saw to it otherwise", null=True),
    _col("reason", Text(), "why it need not be sent, in that person's words", null=True),
    PrimaryKeyConstraint("episode_id", "key", "route"), **CLUSTERED,
)  # fmt: skip

notice = Table(
    "notice", metadata,
    _col("episode_id", Text(), "the episode that the notice is about; empty where it is about none"),
    _col("key", Text(), "stable key of the notice: told twice, it stands here once"),
    _col("kind", Text(), "reminder, set-aside, clock, undelivered or unassigned"),
    _col("name", Text(), "the reminder's name, or what went wrong as a code"),
    _col("about", Text(), "key of the reminder, by which it is acknowledged; empty where there is none"),
    _col("role", Text(), "who is told"),
    _col("ward", Text(), "of which ward"),
    _col("rung", Integer(), "how far up the ladder, from 0"),
    _col("due_at", Instant(), "when it was due"),
    _col("told_at", Instant(), "when it was told"),
    _col("late", Flag(), "told later than its grace allows"),
    _col("skipped", Text(), "roles that were passed over since nobody holds them, with commas between"),
    PrimaryKeyConstraint("episode_id", "key"),
    Index(None, "role", "told_at"),
    Index(None, "ward", "role", "told_at"), **STRICT,
)  # fmt: skip
