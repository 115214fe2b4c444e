"""What passes between the service and the store? Plain rows; instants are aware and in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from orchestrator.audit.seal import Sealed
from orchestrator.service.worklist.rows import ClaimRow

LONGEST_WAIT = timedelta(minutes=15)
"""The longest that what is to leave the house waits for a try; what is to wait longer was written by a wrong clock."""
LONGEST_ASIDE = timedelta(hours=1)
"""The longest that an episode whose timers fail is set aside; what is set aside for longer was so by a wrong clock."""
NO_DUE = datetime(9999, 12, 31, tzinfo=UTC)
"""Stands in `ItemRow.due_at` where nothing says by when, so that such items come last."""


class Times(NamedTuple):
    """What time it is, read once and after the lock. They differ in a simulated store."""

    now: datetime  # by the store's clock: decides
    wall: datetime  # by the wall: records, leases, tries again


@dataclass(frozen=True, slots=True)
class Figures:
    """What waits in a store. times: by the store's clock and the wall's, read at one moment.

    oldest_due: the earliest alarm that is due and not set aside.   leaving: notices that wait to leave the house, not
    counting dead letters; oldest_leaving: wall time since which one does.
    seen_at: when a clock process last looked (at most half a minute old while one runs); None: none ever did.
    Each comes from an index or a table that is small while all is well: a store of any size is asked at no cost.
    """

    schema: str
    times: Times
    seen_at: datetime | None
    oldest_due: datetime | None
    due: int
    set_aside: int
    leaving: int
    oldest_leaving: datetime | None
    dead_letters: int


class EpisodeRow(NamedTuple):
    """An episode as stored, with the wrapped key of its patient."""

    episode_id: str
    patient_id: str
    pathway: str
    version: str
    ward: str
    state: str
    seq: int
    at: datetime
    enrolled_at: datetime
    next_due_at: datetime | None
    closed: bool
    tag: str
    chain_hash: bytes
    document: bytes
    set_aside_until: datetime | None
    attempts: int
    kek_id: str
    wrapped_key: bytes | None  # None: destroyed


class AlarmRow(NamedTuple):
    """Of an episode what says where it is and when it fires."""

    episode_id: str
    ward: str
    next_due_at: datetime | None
    set_aside_until: datetime | None


class ItemRow(NamedTuple):
    """One open thing of an episode, for worklists and diaries."""

    episode_id: str
    kind: str
    key: str
    name: str
    role: str
    ward: str
    due_at: datetime


class NoticeRow(NamedTuple):
    """One notice in the inbox, where every notice stands from the transaction on that caused it.

    key: what tells it from its like; written twice it stands there once.   kind: reminder, set-aside, clock, overdue,
    restored, undelivered, unassigned, glass, ward-changed.   name: the reminder's, or what happened as a code.
    about: key of the reminder, by which it is acknowledged.   ward: that was told, whichever the patient is on now.
    skipped: roles that were passed over because nobody holds them, with commas between.
    """

    episode_id: str
    key: str
    kind: str
    name: str
    about: str
    role: str
    ward: str
    rung: int
    due_at: datetime
    told_at: datetime
    late: bool
    skipped: str = ""


class OutboxRow(NamedTuple):
    """One notice that is to leave the house by one route."""

    episode_id: str
    key: str  # of the notice
    route: str
    since: datetime  # wall time


class Write(NamedTuple):
    """Everything that one command or one firing changes, written at once."""

    row: EpisodeRow
    entries: list[Sealed]
    gone: list[tuple[str, str, str]]  # keys of items that are no longer open: episode, kind, key
    changed: list[ItemRow]  # items that are new or differ
    notices: list[NoticeRow]
    outbox: list[OutboxRow]


class Locked(NamedTuple):
    """An episode under lock, the entry that the same cause made before (if any), and the time after the lock."""

    row: EpisodeRow
    prior: Sealed | None
    times: Times


class PatientRow(NamedTuple):
    """A patient as stored."""

    patient_id: str
    kek_id: str
    wrapped_key: bytes | None
    created_at: datetime


class IdentifierRow(NamedTuple):
    """One identifier of a patient: found by its keyed hash, readable with the patient's key."""

    identifier_hash: bytes
    patient_id: str
    sealed: bytes


class PathwayRow(NamedTuple):
    """A version that was released, or that an episode runs on, with its whole text."""

    version: str
    pathway: str
    label: str
    text: str
    first_used_at: datetime


class UsedRow(NamedTuple):
    """A version on which patients are: how many episodes are open on it."""

    pathway: str
    label: str
    version: str
    open: int


class TokenRow(NamedTuple):
    """An access token, as its hash, and who acts with it."""

    token_hash: bytes
    actor_id: str
    role: str
    created_at: datetime  # wall time


UNHEARD = timedelta(minutes=2)
"""After so long a process that has not said that it runs is taken to have ended."""


class ProcessRow(NamedTuple):
    """A process that runs. program: its version.   revision: the schema that it was made for.   format: the newest that
    it reads.   seen_at: wall time."""

    process_id: str
    role: str
    program: str
    revision: str
    format: int
    seen_at: datetime


class Lease(NamedTuple):
    """A notice on its way out that one worker has for a while; only the holder of the last token may say what became
    of it. attempts: how often it was taken, this time too.   before: the code of the last failure; None for none.
    """

    notice: NoticeRow
    route: str
    attempts: int
    token: int
    before: str | None = None


class OutgoingRow(NamedTuple):
    """One notice that has not left the house yet by a route, as people look at it. Times are the wall's.

    next_try_at: None for a dead letter, which waits for a person; given_up_at: since when it does.
    last_error: code of the last failure; empty where there was none, and while it is tried.
    """

    notice: NoticeRow
    route: str
    since: datetime
    next_try_at: datetime | None
    attempts: int
    last_error: str
    given_up_at: datetime | None


class WorkRow(NamedTuple):
    """One line of a worklist: an item, with what its episode tells, and who has taken it upon himself, if anybody.

    holder: that person's name; empty for who has no account here.   seq, chain_hash: of the episode's last entry.
    """

    item: ItemRow
    patient_id: str
    pathway: str
    state: str
    seq: int
    chain_hash: bytes
    version: str
    claim: ClaimRow | None
    holder: str


class ToldRow(NamedTuple):
    """A notice, with what its episode tells; that is empty for a notice about none.

    patient_id, state: empty too once the patient has left the ward that was told.

    waits: it tells of a reminder that nobody has answered yet.   seq, chain_hash: of the episode's last entry; 0 and
    nothing for a notice about none.
    """

    notice: NoticeRow
    patient_id: str
    version: str
    state: str
    seq: int
    chain_hash: bytes
    waits: bool


class AnswerRow(NamedTuple):
    """What a program was answered, for when it asks again with the same key: see `service.once`.

    cause: hash of who asked with which key.   request: keyed hash of what was asked.   answer: JSON.
    """

    cause: bytes
    request: bytes
    at: datetime
    answer: str


class OutgoingId(NamedTuple):
    """Names one notice on its way out by one route. As text: all three with dots between, as `parse` reads it."""

    episode_id: str
    key: str
    route: str

    def __str__(self) -> str:
        return f"{self.episode_id}.{self.key}.{self.route}"

    @classmethod
    def parse(cls, text: str) -> "OutgoingId":
        """Return the id that `str` wrote: neither an episode's id nor a route's name has a dot. Raises ValueError."""
        episode_id, dot, rest = text.partition(".")
        key, other, route = rest.rpartition(".")
        if not (dot and other and key and route):
            raise ValueError("names no delivery")
        return cls(episode_id, key, route)
