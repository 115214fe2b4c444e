"""What is kept of people: accounts, posts, ways in, rota, channels, and what they looked at? Part of the schema."""

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from orchestrator.store.columns import CLUSTERED, STRICT, metadata
from orchestrator.store.columns import col as _col
from orchestrator.store.types import Flag, Instant

person = Table(
    "person", metadata,
    _col("person_id", Text(), "opaque id: it stands in entries, which can never be erased"),
    _col("login", Text(), "name to sign in with, in lower case"),
    _col("name", Text(), "as people call this person"),
    _col("language", Text(), "of the pages; empty: the hospital's"),
    _col("password_hash", Text(), "Argon2id; empty where the person signs in by other means alone"),
    _col("renew", Flag(), "the password was given by somebody else, and is to be changed before anything"),
    _col("created_at", Instant(), "wall time at which the account was made"),
    _col("ended_at", Instant(), "wall time from which nobody comes in by it; it is never deleted", null=True),
    PrimaryKeyConstraint("person_id"), UniqueConstraint("login"), Index(None, "name", "login"), **STRICT,
)  # fmt: skip

post = Table(
    "post", metadata,
    _col("person_id", Text(), "who", ForeignKey("person.person_id")),
    _col("ward", Text(), "on which ward; an asterisk for all"),
    _col("role", Text(), "in which role"),
    PrimaryKeyConstraint("person_id", "ward", "role"), **CLUSTERED,
)  # fmt: skip

session = Table(
    "session", metadata,
    _col("session_hash", LargeBinary(), "SHA-256 of the random token in the browser's cookie"),
    _col("person_id", Text(), "who is signed in", ForeignKey("person.person_id")),
    _col("made_at", Instant(), "wall time of the signing in"),
    _col("seen_at", Instant(), "wall time at which it was last used, to the minute"),
    _col("bare", Flag(), "opened by a password alone where a second factor is required: it leads to setting one up"),
    PrimaryKeyConstraint("session_hash"), Index(None, "person_id"), **STRICT,
)  # fmt: skip

guess = Table(
    "guess", metadata,
    _col("who", LargeBinary(), "keyed hash of the login for which wrong passwords are counted; empty: for all"),
    _col("whence", LargeBinary(), "keyed hash of the browser, session or address they come from; empty: from all"),
    _col("failures", Integer(), "how many"),
    _col("free_at", Instant(), "wall time until which nothing is tried; a day later it is forgotten"),
    PrimaryKeyConstraint("who", "whence"), Index(None, "free_at"), **CLUSTERED,
)  # fmt: skip

browser = Table(
    "browser", metadata,
    _col("browser_hash", LargeBinary(), "SHA-256 of the random token by which a browser is known again"),
    _col("person_id", Text(), "who came in with it and is known there", ForeignKey("person.person_id")),
    _col("seen_at", Instant(), "wall time of the last time"),
    PrimaryKeyConstraint("browser_hash", "person_id"), Index(None, "seen_at"), **CLUSTERED,
)  # fmt: skip

factor = Table(
    "factor", metadata,
    _col("person_id", Text(), "whose authenticator app", ForeignKey("person.person_id")),
    _col("kek_id", Text(), "with which key of the key file its secret is sealed"),
    _col("sealed", LargeBinary(), "the secret that the app shares with us, encrypted, bound to the person"),
    _col("made_at", Instant(), "wall time at which the secret was made"),
    _col("confirmed_at", Instant(), "wall time of the first right code; until then it is not asked for", null=True),
    _col("last_step", Integer(), "half minute, since 1970, of the last code that was taken: none is good twice"),
    PrimaryKeyConstraint("person_id"), **STRICT,
)  # fmt: skip

recovery_code = Table(
    "recovery_code", metadata,
    _col("person_id", Text(), "who may come in by it, once, when the app is lost", ForeignKey("person.person_id")),
    _col("code_hash", LargeBinary(), "SHA-256 of a random code of 120 bits; the code is never kept"),
    PrimaryKeyConstraint("person_id", "code_hash"), **CLUSTERED,
)  # fmt: skip

pending_sign_in = Table(
    "pending_sign_in", metadata,
    _col("pending_hash", LargeBinary(), "SHA-256 of the random token of a browser that has to send a code yet"),
    _col("person_id", Text(), "whose password was right", ForeignKey("person.person_id")),
    _col("made_at", Instant(), "wall time at which it was"),
    PrimaryKeyConstraint("pending_hash"), Index(None, "person_id"), Index(None, "made_at"), **STRICT,
)  # fmt: skip

personal_token = Table(
    "personal_token", metadata,
    _col("token_id", Text(), "names it to people, opens nothing"),
    _col("token_hash", LargeBinary(), "SHA-256 of a random token of 256 bits; the token is never kept"),
    _col("person_id", Text(), "for whom it acts", ForeignKey("person.person_id")),
    _col("label", Text(), "what it is for, in that person's words"),
    _col("scopes", Text(), "actions that it may do, with blanks between, of those that the person may"),
    _col("made_at", Instant(), "wall time at which it was made"),
    _col("expires_at", Instant(), "wall time from which it opens nothing"),
    _col("ended_at", Instant(), "wall time at which somebody ended it before that", null=True),
    _col("last_used_at", Instant(), "wall time of its last use, to the minute", null=True),
    PrimaryKeyConstraint("token_id"), UniqueConstraint("token_hash"), Index(None, "person_id"), **STRICT,
)  # fmt: skip

contact = Table(
    "contact", metadata,
    _col("person_id", Text(), "whom it reaches", ForeignKey("person.person_id")),
    _col("name", Text(), "tells it from the others of that person: channel and number"),
    _col("channel", Text(), "by which channel"),
    _col("address", Text(), "an address of that channel"),
    _col("kinds", Text(), "kinds of notices that go there, with blanks between; empty for all"),
    _col("quiet", Text(), "hours of the hospital's day in which it is left alone, such as 22:00-06:30; or empty"),
    PrimaryKeyConstraint("person_id", "name"), **CLUSTERED,
)  # fmt: skip

duty = Table(
    "duty", metadata,
    _col("duty_id", Text(), "random"),
    _col("ward", Text(), "on which ward; an asterisk for all"),
    _col("role", Text(), "in which role"),
    _col("person_id", Text(), "who is on duty", ForeignKey("person.person_id")),
    _col("starts_at", Instant(), "from when, by the store's clock"),
    _col("ends_at", Instant(), "until before when, by the store's clock"),
    PrimaryKeyConstraint("duty_id"), Index(None, "ends_at"), **STRICT,
)  # fmt: skip

deputy = Table(
    "deputy", metadata,
    _col("away_id", Text(), "random"),
    _col("person_id", Text(), "who is away", ForeignKey("person.person_id")),
    _col("deputy_id", Text(), "who is told instead; NULL for nobody", ForeignKey("person.person_id"), null=True),
    _col("starts_at", Instant(), "from when, by the store's clock"),
    _col("ends_at", Instant(), "until before when, by the store's clock"),
    PrimaryKeyConstraint("away_id"), Index(None, "ends_at"), **STRICT,
)  # fmt: skip

staff_record = Table(
    "staff_record", metadata,
    _col("seq", Integer(), "1, 2, 3 … without a gap"),
    _col("at", Instant(), "wall time"),
    _col("by", Text(), "who changed something about people"),
    _col("role", Text(), "in which role"),
    _col("kind", Text(), "what was done"),
    _col("about", Text(), "whose account"),
    _col("detail", Text(), "what it is now, as JSON; never a secret"),
    _col("hash", LargeBinary(), "keyed hash over the record before and this one: see audit.looks"),
    _col("cause", LargeBinary(), "hash of who asked with which key: a repeat finds the first answer", null=True),
    _col("request", LargeBinary(), "hash of what was asked: the same key with another wish is refused", null=True),
    PrimaryKeyConstraint("seq"), UniqueConstraint("cause"), Index(None, "about", "seq"), **STRICT,
)  # fmt: skip

identity = Table(
    "identity", metadata,
    _col("issuer", Text(), "address of the provider of OpenID Connect that vouches"),
    _col("subject", Text(), "its own opaque name for the person, never an e-mail address"),
    _col("person_id", Text(), "who comes in by it", ForeignKey("person.person_id")),
    _col("linked_at", Instant(), "wall time at which it was linked"),
    PrimaryKeyConstraint("issuer", "subject"), Index(None, "person_id"), **CLUSTERED,
)  # fmt: skip

look = Table(
    "look", metadata,
    _col("chain", Text(), "the patient whose record was looked at; ward/NAME for a ward's lists"),
    _col("seq", Integer(), "1, 2, 3 … without a gap within the chain"),
    _col("at", Instant(), "when, by the store's clock"),
    _col("by", Text(), "who"),
    _col("role", Text(), "in which role"),
    _col("kind", Text(), "read, list, glass, claim …"),
    _col("what", Text(), "which page or list, without a patient's data"),
    _col("episode_id", Text(), "the episode, if it was about one; else empty"),
    _col("glass", Flag(), "seen by a broken glass alone"),
    _col("sealed", LargeBinary(), "a reason, encrypted with the patient's key", null=True),
    _col("hash", LargeBinary(), "keyed hash over the record before and this one: see audit.looks"),
    PrimaryKeyConstraint("chain", "seq"), Index(None, "chain", "at"), **CLUSTERED,
)  # fmt: skip

glass = Table(
    "glass", metadata,
    _col("person_id", Text(), "who broke the glass", ForeignKey("person.person_id")),
    _col("patient_id", Text(), "to which patient", ForeignKey("patient.patient_id")),
    _col("ward", Text(), "on which ward the patient was then"),
    _col("opened_at", Instant(), "when, by the store's clock"),
    _col("until", Instant(), "until when it lets in, by the store's clock"),
    PrimaryKeyConstraint("person_id", "patient_id", "opened_at"), **CLUSTERED,
)  # fmt: skip

legal_hold = Table(
    "legal_hold", metadata,
    _col("patient_id", Text(), "whose record is not to be erased", ForeignKey("patient.patient_id")),
    _col("held_at", Instant(), "wall time since which it is held"),
    _col("held_by", Text(), "who holds it"),
    _col("reason", Text(), "the case for which it is held; nothing of the patient"),
    PrimaryKeyConstraint("patient_id"), **STRICT,
)  # fmt: skip

patient_merge = Table(
    "patient_merge", metadata,
    _col("patient_id", Text(), "the record that is replaced: the same patient's", ForeignKey("patient.patient_id")),
    _col("kept_id", Text(), "as this one, which is kept", ForeignKey("patient.patient_id")),
    _col("merged_at", Instant(), "since when, by the store's clock"),
    _col("merged_by", Text(), "who said so"),
    _col("sealed", LargeBinary(), "why, encrypted with the key of the replaced record"),
    PrimaryKeyConstraint("patient_id"), Index(None, "kept_id"), **CLUSTERED,
)  # fmt: skip

answer = Table(
    "answer", metadata,
    _col("cause", LargeBinary(), "hash of who asked with which key: a repeat finds the first answer"),
    _col("request", LargeBinary(), "keyed hash of what was asked: the same key with another wish is refused"),
    _col("at", Instant(), "wall time of the first answer; after a week it is forgotten"),
    _col("answer", Text(), "what was answered, as JSON; never what opens anything"),
    PrimaryKeyConstraint("cause"), Index(None, "at"), **CLUSTERED,
)  # fmt: skip
