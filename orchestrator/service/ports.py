"""What does the service ask of the outside? A store in transactions, pathways by name or hash, the pure engine."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from orchestrator.audit.release import Release
from orchestrator.audit.seal import Sealed
from orchestrator.errors import Conflict
from orchestrator.service.overview.ports import OverviewReader
from orchestrator.service.people.ports import PeopleChange, PeopleReader
from orchestrator.service.people.roster_ports import RosterChange, RosterReader
from orchestrator.service.people.rows import FactorRow
from orchestrator.service.rows import (
    AlarmRow,
    AnswerRow,
    EpisodeRow,
    IdentifierRow,
    ItemRow,
    Lease,
    Locked,
    NoticeRow,
    OutboxRow,
    OutgoingId,
    OutgoingRow,
    PathwayRow,
    PatientRow,
    ProcessRow,
    Times,
    TokenRow,
    UsedRow,
    Write,
)
from orchestrator.service.worklist.ports import WorklistChange, WorklistReader

if TYPE_CHECKING:
    from orchestrator.episode.commands import Actor, Command, Enrolment
    from orchestrator.episode.decide import Accepted, Refused
    from orchestrator.episode.events import Event
    from orchestrator.episode.items import Item
    from orchestrator.episode.model import Episode
    from orchestrator.pathway.model import Pathway


class Collision(Conflict):
    """Another transaction wrote the same key first; the use case reads again and decides anew."""


class Engine(Protocol):
    """The pure engine: `orchestrator.episode`, or a small one in a test."""

    def enrol(
        self, enrolment: "Enrolment", actor: "Actor", now: datetime, *, unheld: frozenset[str]
    ) -> "Accepted | Refused": ...
    def decide(
        self,
        pathway: "Pathway",
        episode: "Episode",
        command: "Command",
        actor: "Actor",
        now: datetime,
        *,
        unheld: frozenset[str],
    ) -> "Accepted | Refused": ...
    def fold(self, episode: "Episode | None", event: "Event", seq: int, at: datetime) -> "Episode": ...
    def stamp(self, episode: "Episode", seq: int, at: datetime) -> "Episode": ...
    def dump(self, episode: "Episode", form: int | None = None) -> bytes: ...
    def load(self, data: bytes) -> "Episode": ...
    def form_of(self, data: bytes) -> int: ...
    def items(self, pathway: "Pathway", episode: "Episode") -> "tuple[Item, ...]": ...
    def view(self, pathway: "Pathway", episode: "Episode", now: datetime) -> dict[str, Any]: ...
    def decision_tag(self, pathway: "Pathway", episode: "Episode", now: datetime) -> str: ...


class Library(Protocol):
    """The pathway files."""

    @property
    def pathways(self) -> "Sequence[Pathway]":
        """All versions of all pathways."""
        ...

    def newest(self, name: str) -> "Pathway":
        """Return the newest version. Raises NotFound."""
        ...

    def by_hash(self, version: str) -> "Pathway":
        """Return the version with this content hash. Raises NotFound."""
        ...

    def places(self, digest: str) -> Mapping[str, str]:
        """Return where each file of a version's text was read from, by its name in the text; empty where unknown."""
        ...


class Reader(PeopleReader, RosterReader, OverviewReader, WorklistReader, Protocol):
    """What can be read. Rows come as they were at one moment; nothing is locked."""

    def times(self) -> Times: ...
    def episode(self, episode_id: str) -> EpisodeRow | None: ...
    def episodes_of(self, patient_id: str) -> list[EpisodeRow]: ...
    def episodes(self, episode_ids: Sequence[str]) -> list[EpisodeRow]:
        """Return those of these episodes that are there, first enrolled first."""
        ...

    def open_by_ward(self) -> list[tuple[str, str]]:
        """Return ward and id of every open episode, by ward, first enrolled first."""
        ...

    def open_ids(self) -> list[str]:
        """Return the ids of all open episodes, from another table than their own."""
        ...

    def alarms(self, episode_ids: Sequence[str]) -> list[AlarmRow]:
        """Return those of these episodes that are there, each looked for by its id alone. Raises StoreDamaged."""
        ...

    def episode_ids(self, after: str, limit: int) -> list[str]:
        """Return ids in their order, beginning behind `after` (empty: from the first)."""
        ...

    def entries(self, episode_id: str, after: int, limit: int) -> list[Sealed]:
        """Return entries by number, beginning behind `after`."""
        ...

    def contents(self, episode_id: str) -> list[tuple[int, str, bytes]]:
        """Return number, header and encrypted body of all entries of an episode, by number: for who proves nothing."""
        ...

    def queued(self, episode_id: str) -> list[tuple[int, bytes]]:
        """Return number and hash of the episode's entries that wait for the log of all entries."""
        ...

    def lost_ids(self) -> list[str]:
        """Return ids of which there are entries, or hashes queued for the log, and no episode; not the releases."""
        ...

    def items(self, episode_id: str) -> list[ItemRow]: ...

    def outgoing(
        self, *, dead: bool, after: OutgoingId | None, limit: int, wards: frozenset[str] | None = None
    ) -> list[OutgoingRow]:
        """Return notices that have not left the house yet, or the dead letters alone, by episode, key and route.

        wards: those of these wards, and those of none; None for all.
        """
        ...

    def waiting(self, since: timedelta = timedelta()) -> bool:
        """Tell whether a notice could leave the house now, and could have for so long already."""
        ...

    def find_patients(self, hashes: Sequence[bytes]) -> list[tuple[bytes, PatientRow]]: ...
    def patient(self, patient_id: str) -> PatientRow | None: ...
    def identifiers(self, patient_id: str) -> list[IdentifierRow]: ...
    def open_enrolment(self, patient_id: str, pathway: str) -> str | None: ...
    def pathway_text(self, version: str) -> str | None: ...
    def kept_version(self, pathway: str, label: str) -> str | None:
        """Return the content hash of the version kept under a name and a label; None where none is."""
        ...

    def kept_labels(self, pathway: str) -> list[tuple[str, str]]:
        """Return label and content hash of each version that is kept of a pathway."""
        ...

    def releases(self) -> list[Release]:
        """Return the record of releases, the first one first."""
        ...

    def release_of(self, version: str) -> Release | None:
        """Return the release of the version with this content hash; None where it was never released."""
        ...

    def versions_in_use(self) -> list[UsedRow]:
        """Return the versions on which there are open episodes."""
        ...

    def tokens(self) -> list[TokenRow]:
        """Return the access tokens that are not revoked."""
        ...

    def processes(self) -> list[ProcessRow]:
        """Return the processes that have said within the last two minutes that they run, by role."""
        ...

    def format(self) -> int:
        """Return the number of the format in which documents and entries are written."""
        ...

    def next_alarm(self) -> datetime | None:
        """Return the earliest pending timer of all episodes that are not set aside at present."""
        ...

    def seen_at(self) -> datetime | None:
        """Return the latest wall time that can be trusted: what a clock process saw, or else when the store was made.

        None for a store in memory, which no clock looks after.
        """
        ...

    def alarm_and_seen(self) -> tuple[datetime | None, datetime | None]:
        """Return the next alarm, see `next_alarm`, and what `seen_at` does, by one statement."""
        ...


class Change(Reader, PeopleChange, RosterChange, WorklistChange, Protocol):
    """One transaction. Leaving it normally commits, leaving it by an exception undoes everything."""

    def lock(self, episode_id: str, cause_id: bytes) -> Locked | None: ...
    def lock_free(self, wanted: Sequence[tuple[str, bytes]]) -> list[Locked | None]:
        """Lock episodes that nobody else holds, each with its cause; None where one is held, or is not there."""
        ...

    def claim_due(self, limit: int) -> tuple[list[EpisodeRow], Times]:
        """Lock and return at most `limit` (up to 500) episodes that are due; what others hold is passed over."""
        ...

    def save(self, writes: Sequence[Write]) -> None:
        """Write what was decided; raises Collision when leaving the transaction, if a key exists already."""
        ...

    def add_episode(self, write: Write) -> None:
        """Write a new episode and its open enrolment. Raises Collision."""
        ...

    def add_patient(self, patient: PatientRow) -> None: ...
    def wrapped_by_others(self, kek_id: str, after: str, limit: int) -> list[PatientRow]:
        """Return patients whose key another KEK wraps, by id, beginning behind `after`; none whose key is destroyed."""
        ...

    def rewrap(self, patient: PatientRow, kek_id: str, wrapped: bytes) -> bool:
        """Exchange what wraps a patient's key; False where it is no more as it was read."""
        ...

    def factors_of_others(self, kek_id: str) -> list[FactorRow]:
        """Return the authenticator apps whose secret another KEK encrypts."""
        ...

    def reseal_factor(self, factor: FactorRow, kek_id: str, sealed: bytes) -> bool:
        """Exchange what encrypts a secret; False as for `rewrap`."""
        ...

    def add_identifiers(self, rows: Sequence[IdentifierRow]) -> None: ...
    def keep_pathway(self, row: PathwayRow) -> None:
        """Keep a version, unless one is kept under its name and label already."""
        ...

    def add_release(self, row: Release) -> None:
        """Write a release, and queue its hash for the log of all entries. Raises Collision."""
        ...

    def add_token(self, row: TokenRow) -> None: ...
    def revoke_tokens(self, at: datetime) -> None:
        """Refuse every token from now on."""
        ...

    def answer_of(self, cause: bytes) -> AnswerRow | None:
        """Return what was answered to this cause; until the transaction ends nobody else answers it."""
        ...

    def add_answer(self, row: AnswerRow) -> None: ...
    def amend_answer(self, cause: bytes, answer: str) -> None: ...
    def forget_answers(self, before: datetime, limit: int) -> None:
        """Forget answers of before a moment, the oldest first."""
        ...

    def set_aside(self, episode_id: str, until: datetime, attempts: int) -> None: ...
    def put_notices(self, rows: Sequence[NoticeRow]) -> list[NoticeRow]:
        """Write notices and return those that are new; one that is there already stays as it is."""
        ...

    def put_outbox(self, rows: Sequence[OutboxRow]) -> None:
        """Let notices leave the house."""
        ...

    def note_process(self, row: ProcessRow) -> None:
        """Write that a process runs; those of which nobody has heard for a day are forgotten."""
        ...

    def forget_process(self, process_id: str) -> None: ...
    def set_format(self, number: int) -> None: ...
    def begin_now(self) -> None:
        """Let the clock of a demonstration in the making run from the present moment on: it is made."""
        ...

    def saw(self, wall: datetime) -> None:
        """Remember a trusted wall time, unless a later one is known."""
        ...

    def take(self, limit: int, seconds: int, kind: str = "", since: timedelta = timedelta()) -> list[Lease]:
        """Take notices that wait, longest first, each with a new token; in `seconds` others may take them.

        kind: of this kind alone; empty: of any.   since: those that could have left for so long already.
        """
        ...

    def finish(self, lease: Lease, channel: str) -> bool:
        """Record the delivery and let the notice go; False when the lease has passed to another."""
        ...

    def give_back(self, lease: Lease, seconds: float, error: str) -> bool:
        """Let others try again in `seconds`; `error` is a code, never a patient's data. False as for `finish`."""
        ...

    def let_go(self, lease: Lease) -> bool:
        """Take it out of the outbox, and record no delivery. False as for `finish`."""
        ...

    def hurry(self, error: str) -> int:
        """Let be tried at once what waits with this last error, and nobody tries; return how many there were."""
        ...

    def release(self, lease: Lease) -> bool:
        """Let others have at once what was taken and not tried; it counts as no try. False as for `finish`."""
        ...

    def give_up(self, lease: Lease, error: str) -> bool:
        """Keep the notice as a dead letter, until a person sends it again or drops it. False as for `finish`."""
        ...

    def resend(self, ids: Sequence[OutgoingId], wards: frozenset[str] | None = None) -> list[OutgoingId]:
        """Let dead letters be tried again at once; return which of these there were. wards: as for `outgoing`."""
        ...

    def drop(self, outgoing: OutgoingId, by: str, reason: str, wards: frozenset[str] | None = None) -> bool:
        """Record that a person saw to a dead letter otherwise; False when there is none. wards: as for `outgoing`."""
        ...


class Directory(Protocol):
    """Who is told by which means, and which roles nobody holds: a hospital's own configuration."""

    def routes(self, kind: str, role: str, ward: str, at: datetime) -> Sequence[str]:
        """Return the names of the routes by which a notice of a kind goes out to a role of a ward at a moment.

        ward: empty for what concerns none. It is asked while an episode is locked, and waits for nothing.
        """
        ...

    def unheld(self, ward: str, at: datetime) -> frozenset[str]:
        """Return the roles that nobody holds on a ward at a moment: ladders skip them. It waits for nothing either."""
        ...


class Store(Protocol):
    """Where everything is kept."""

    def change(self) -> AbstractContextManager[Change]: ...
    def together(self) -> AbstractContextManager[Change]:
        """Give a transaction that all others of this thread are part of, until it ends."""
        ...

    def afterwards(self, work: Callable[[], object]) -> None:
        """Do some work when what this thread changes is committed; at once where it holds no transaction."""
        ...

    def read(self) -> AbstractContextManager[Reader]: ...
