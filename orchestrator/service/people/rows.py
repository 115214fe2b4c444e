"""What is kept of people, and of what they look at? Plain rows; instants are aware, in UTC and by the wall."""

from datetime import datetime
from typing import NamedTuple


class PersonRow(NamedTuple):
    """A person with an account. None is ever deleted: entries name them for ever.

    person_id: opaque, for it stands in entries.   login: in lower case.   language: of the pages; empty: the house's.
    password_hash: Argon2id; empty where the person signs in by other means alone.   renew: the password was given by
    somebody else, and opens nothing but the page on which to choose one.
    """

    person_id: str
    login: str
    name: str
    language: str
    password_hash: str
    renew: bool
    created_at: datetime
    ended_at: datetime | None


class GuessRow(NamedTuple):
    """How many wrong passwords were tried for a login, from one place, or from an address for whomever.

    who, whence: keyed hashes, for what is typed as a login may be anything; empty for all: see `people.guessing`.
    free_at: until then nothing is tried; when it lies a day back the count begins anew.
    """

    who: bytes
    whence: bytes
    failures: int
    free_at: datetime


class PostRow(NamedTuple):
    """A role that a person holds on a ward; the ward `*` stands for all."""

    person_id: str
    ward: str
    role: str


class SessionRow(NamedTuple):
    """A person who is signed in with a browser. session_hash: SHA-256 of the random token in the cookie.

    bare: opened by a password alone where a second factor is required, so that it leads to nothing but setting one up.
    """

    session_hash: bytes
    person_id: str
    made_at: datetime
    seen_at: datetime
    bare: bool = False


class FactorRow(NamedTuple):
    """A person's authenticator app. sealed: the secret that both know, encrypted with a key of the key file.

    confirmed_at: of the first right code; None until then.   last_step: of the last code that was taken.
    """

    person_id: str
    kek_id: str
    sealed: bytes
    made_at: datetime
    confirmed_at: datetime | None
    last_step: int


class PendingRow(NamedTuple):
    """A browser that sent the right password and has to send a code yet: no session, and good for nothing else.

    pending_hash: SHA-256 of the random token in its cookie.
    """

    pending_hash: bytes
    person_id: str
    made_at: datetime


class PersonalTokenRow(NamedTuple):
    """A token with which a program acts for a person. scopes: actions that it may do, of those that the person may.

    token_id: names it to people, opens nothing.   last_used_at: to the minute.
    """

    token_id: str
    token_hash: bytes
    person_id: str
    label: str
    scopes: str
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    last_used_at: datetime | None


class StaffRow(NamedTuple):
    """What was changed about people, or done to the installation, by whom. One chain for the store: see `audit.looks`.

    kind: added, posts, token, keys-rotated …   about: whose account; empty for none.   detail: JSON without secrets.
    cause: hash of who asked with which idempotency key; request: hash of what was asked. None where there is no key.
    """

    seq: int
    at: datetime
    by: str
    role: str
    kind: str
    about: str
    detail: str
    hash: bytes
    cause: bytes | None = None
    request: bytes | None = None


class IdentityRow(NamedTuple):
    """As whom another house's provider of identities knows a person. Issuer and subject together, never an e-mail.

    issuer: the provider's address.   subject: its own opaque name for the person.
    """

    issuer: str
    subject: str
    person_id: str
    linked_at: datetime


class LookRow(NamedTuple):
    """Who looked at what of a patient, or saw his line in a ward's list. Chained per patient, lists per ward.

    chain: a patient's id, or `ward/NAME`.   role: as it is chained: see `looking.ASSERTED`.   kind: read, list, glass
    (the glass was broken), claim …   what: page or filter, without a patient's data.   episode_id: empty where it is
    about none.   glass: seen by a broken glass alone.
    sealed: a reason, encrypted with the patient's key; None where there is none.
    """

    chain: str
    seq: int
    at: datetime
    by: str
    role: str
    kind: str
    what: str
    episode_id: str
    glass: bool
    sealed: bytes | None
    hash: bytes


class GlassRow(NamedTuple):
    """A person broke the glass to a patient of another ward, until a moment."""

    person_id: str
    patient_id: str
    ward: str
    opened_at: datetime
    until: datetime


class Span(NamedTuple):
    """Some of a chain's records: from a moment on, and until another; None for no bound."""

    chain: str
    since: datetime | None
    until: datetime | None


class ContactRow(NamedTuple):
    """One way by which notices reach a person, of those that she chose herself.

    name: tells it from her others, and by which channel it goes: `e-mail-1`.   kinds: of the notices that go there,
    with blanks between; empty for all.   quiet: hours of the hospital's day, `22:00-06:30`, in which it is left alone
    unless she is on duty or nobody else can be told; empty for none.
    """

    person_id: str
    name: str
    channel: str
    address: str
    kinds: str
    quiet: str

    @property
    def route(self) -> str:
        """The name of the route by which a notice goes there; no route of the file has a slash."""
        return f"{self.person_id}/{self.name}"


class DutyRow(NamedTuple):
    """Who is on duty in a role of a ward, `*` for all, from a moment until before another; by the store's clock."""

    duty_id: str
    ward: str
    role: str
    person_id: str
    starts_at: datetime
    ends_at: datetime


class AwayRow(NamedTuple):
    """Who is away from a moment until before another, by the store's clock.

    deputy_id: who is told instead, in each role that both hold; None for nobody.
    """

    away_id: str
    person_id: str
    deputy_id: str | None
    starts_at: datetime
    ends_at: datetime


class HoldRow(NamedTuple):
    """A patient's record is not to be erased: a legal hold. reason: the case; nothing of the patient."""

    patient_id: str
    held_at: datetime
    held_by: str
    reason: str


class MergeRow(NamedTuple):
    """A person said that two records are of the same patient. Nothing of either is moved: see `people.merged`.

    patient_id: the record that is replaced; it is so by one other at most.   kept_id: that one.   merged_at: by the
    store's clock.   sealed: why, encrypted with the key of the replaced record.
    """

    patient_id: str
    kept_id: str
    merged_at: datetime
    merged_by: str
    sealed: bytes
