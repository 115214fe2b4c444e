"""How does anything ever change? The episode under lock, a pure decision, one write. The only writer of state."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from orchestrator.audit.canonical import canonical
from orchestrator.audit.keys import Keyring, PatientKey
from orchestrator.audit.seal import Header, Sealed, open_body, open_header
from orchestrator.episode import formats
from orchestrator.episode.commands import Actor, Command, Tick, command_to_json
from orchestrator.errors import CarepathError, Changed, Erased, KeyReused, StoreError
from orchestrator.service.cause import cause_id, entity_tag, request_hash
from orchestrator.service.ledger import ACCEPTED, Ledger, unpack
from orchestrator.service.notices import InHouse
from orchestrator.service.ports import Change, Collision, Directory, Engine, Store
from orchestrator.service.recent import Recent
from orchestrator.service.rows import EpisodeRow, Locked, Times, Write
from orchestrator.service.shelf import Shelf
from orchestrator.service.there import not_there

T = TypeVar("T")
CLOCK = Actor(id="clock", role="service", authenticated=True)
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Request:
    """A person's command on an episode.

    key: the client's idempotency key, scoped to actor and episode; a repeat gets the first answer.
    seen: number of the entry that the person had before his eyes; None asks for no check.
    tag: that entry's entity tag, where the caller knows it: another entry of that number was not seen.
    wards: on which the caller may act; None for all. An episode that has left them meanwhile is not there.
    glass: the caller may act by a broken glass alone, and the entry says so.
    """

    episode_id: str
    command: Command
    actor: Actor
    key: str
    seen: int | None = None
    tag: str = ""
    wards: frozenset[str] | None = None
    glass: bool = False


class Answer(NamedTuple):
    """What became of a request. code, text: of a refusal, else empty.   repeated: the first answer again.

    tag: entity tag of the entry; empty where none was made.
    along: the patient's other episodes that changed wards with this one.
    """

    episode_id: str
    seq: int
    code: str
    text: str
    state: str
    at: str
    repeated: bool = False
    along: tuple[str, ...] = ()
    tag: str = ""

    @property
    def accepted(self) -> bool:
        """Tell whether it was done."""
        return not self.code


def new_key() -> str:
    """Return an idempotency key for a caller that has none: each call is a request of its own."""
    return secrets.token_hex(16)


class Desk:
    """What every use case needs: the store, the keys, the pathways, the engine, who is told by which means."""

    def __init__(
        self, store: Store, keyring: Keyring, shelf: Shelf, engine: Engine, directory: Directory | None = None
    ) -> None:
        self.store, self.keyring, self.shelf, self.engine = store, keyring, shelf, engine
        self.directory = directory or InHouse()
        self.recent = Recent()
        self.format = formats.OWN
        self.check_time: Callable[[Change, Times], object] = lambda change, times: None
        """Raises TimeUntrusted; a process that stays goes by `service.trust.Guard`."""

    def write_in(self, form: int) -> None:
        """Write documents and entries in this format from now on. Raises NewerFormat for one that is not known."""
        formats.check(form)
        self.format = form

    def transact(self, work: Callable[[Change], T]) -> T:
        """Do the work in one transaction; after a collision once more, for then it reads what the other wrote."""
        for attempt in range(_TRIES):
            try:
                with self.store.change() as change:
                    return work(change)
            except Collision:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def key(self, row: EpisodeRow) -> PatientKey:
        """Return the key of the episode's patient. Raises Erased when it was destroyed."""
        if row.wrapped_key is None:
            raise Erased("this patient's key was destroyed: the episode can be proved, but no longer read")
        return self.keyring.open(row.kek_id, row.wrapped_key, row.patient_id)

    def ledger(self, change: Change, row: EpisodeRow, times: Times) -> Ledger:
        """Open an episode that is under lock."""
        key, pathway = self.key(row), self.shelf.version(row.version, change)
        known = self.recent.get(row.chain_hash)
        if known is None:
            episode = self.engine.load(unpack(key, row.episode_id, row.document))
            known = episode, self.engine.items(pathway, episode)
        return Ledger(self.engine, self.directory, pathway, key, row=row, known=known, times=times, form=self.format)

    def written(self, ledger: Ledger) -> Write:
        """Return what a ledger has to write, and remember where it leaves the episode.

        What is written in an older format is not remembered: it may hold less than what was decided.
        """
        write = ledger.write()
        if ledger.form == formats.OWN:
            self.recent.put(ledger.row.chain_hash, ledger.episode, ledger.items)
        return write


class Handlers:
    """The commands on an episode."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def execute(self, request: Request) -> Answer:
        """Carry out a person's command, or refuse it on the record; what is due fires before.

        Raises NotFound; InvalidCommand; Conflict for a key used with another body, or when what the person saw has
        changed.
        """
        cause = _cause(request)
        return self.desk.transact(lambda change: self._alone(change, request, cause))

    def execute_together(self, requests: Sequence[Request]) -> list[Answer | CarepathError | None]:
        """Carry out commands on different episodes in one transaction; return what became of each.

        An error is what to raise for that command, of which nothing is written. None: its episode is not there, or
        somebody else holds it, so that it is to be tried by itself. Raises whatever undoes all of them.
        """
        causes = [_cause(each) for each in requests]
        with self.desk.store.change() as change:
            found = change.lock_free([(each.episode_id, cause) for each, cause in zip(requests, causes, strict=True)])
            wanted = zip(requests, causes, found, strict=True)
            return [locked and self._outcome(change, each, cause, locked) for each, cause, locked in wanted]

    def _alone(self, change: Change, request: Request, cause: bytes) -> Answer:
        locked = change.lock(request.episode_id, cause)
        if locked is None:
            raise not_there()
        return self._execute(change, request, cause, locked)

    def _outcome(self, change: Change, request: Request, cause: bytes, locked: Locked) -> Answer | CarepathError:
        try:
            return self._execute(change, request, cause, locked)
        except StoreError:
            raise
        except CarepathError as error:
            return error

    def _execute(self, change: Change, request: Request, cause: bytes, locked: Locked) -> Answer:
        if request.wards is not None and locked.row.ward not in request.wards:
            raise not_there()
        key = self.desk.key(locked.row)
        asked = command_to_json(request.command)
        hashed = request_hash(key, canonical([request.actor.role, request.actor.on_behalf_of, asked]))
        if locked.prior is not None:
            return repeat(locked.prior, key, hashed)
        self.desk.check_time(change, locked.times)
        ledger = self.desk.ledger(change, locked.row, locked.times)
        if ledger.due:
            fire(ledger)
        check_seen(change, request, ledger, locked)
        outcome = ledger.decide(request.command, request.actor)
        header = ledger.add(request.actor, (request.command.kind, cause), hashed, asked, outcome, glass=request.glass)
        change.save([self.desk.written(ledger)])
        return answer_of(header, getattr(outcome, "text", ""), ledger.row.chain_hash)


def check_seen(change: Change, request: Request, ledger: Ledger, locked: Locked) -> None:
    """Raise Changed when what a decision depends on has changed since it was read; another entry alone is no matter."""
    if request.seen is None:
        return
    if request.seen == ledger.row.seq:
        _check_same(request, ledger.row.chain_hash)
        return
    if request.seen > ledger.row.seq:  # a store that was restored from a backup has lost what people saw
        raise Changed(f"entry {request.seen} is not on record, the last one is {locked.row.seq}: read it anew")
    seen = change.entries(request.episode_id, request.seen - 1, 1)
    _check_same(request, seen[0].hash)
    if open_header(seen[0]).tag != ledger.row.tag:
        now = locked.row.seq
        raise Changed(
            f"proposals, warnings, gates or courses have changed since entry {request.seen}; read entry {now}"
        )


def _check_same(request: Request, hashed: bytes) -> None:
    """Refuse what was decided on another entry of the same number, which a restored backup has lost."""
    if request.seen is not None and request.tag not in {"", entity_tag(request.seen, hashed)}:
        raise Changed(f"entry {request.seen} is not the one that was seen: the store was restored; read it anew")


def _cause(request: Request) -> bytes:
    return cause_id(request.command.kind, request.actor.id, request.episode_id, request.key)


def fire(ledger: Ledger) -> Header:
    """Let what is due fire, as an entry of its own."""
    row = ledger.row
    cause = cause_id(Tick.kind, CLOCK.id, row.episode_id, f"after {row.seq}")
    return ledger.add(CLOCK, (Tick.kind, cause), "", {}, ledger.decide(Tick(), CLOCK))


def repeat(prior: Sealed, key: PatientKey, request: str) -> Answer:
    """Return the first answer to a repeated request. Raises Conflict when it asks for something else than the first."""
    header = open_header(prior)
    if header.request != request:
        raise KeyReused("idempotency-key-reused: this key was used with another request; take a new one")
    events = open_body(key, prior)["events"] if header.result != ACCEPTED else []
    return answer_of(header, events[0]["text"] if events else "", prior.hash)._replace(repeated=True)


def answer_of(header: Header, text: str, hashed: bytes) -> Answer:
    """Return what an entry answers. text: of a refusal; hashed: the entry's hash."""
    code = "" if header.result == ACCEPTED else header.result.removeprefix("refused:")
    tag = entity_tag(header.seq, hashed)
    return Answer(header.episode_id, header.seq, code, text if code else "", header.to_state, header.at, tag=tag)
