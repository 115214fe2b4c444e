"""How does anything ever change? The episode under lock, a pure decision, one write. The only writer of state."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.audit.canonical import canonical
from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import ACCEPTED, Header, Sealed, open_body, open_header, refusal_in
from orchestrator.episode.commands import Actor, Command, Tick, command_to_json
from orchestrator.errors import CarepathError, Changed, KeyReused, StoreError
from orchestrator.service.cause import cause_id, entity_tag, request_hash
from orchestrator.service.desk import Desk
from orchestrator.service.ledger import Ledger
from orchestrator.service.ports import Change
from orchestrator.service.rows import Locked
from orchestrator.service.there import not_there

KEY = r"[!-~]{1,200}"
"""What a client's idempotency key may be, whatever face takes it."""
CLOCK = Actor(id="clock", role="service", authenticated=True)


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
    code = refusal_in(header.result)
    tag = entity_tag(header.seq, hashed)
    return Answer(header.episode_id, header.seq, code, text if code else "", header.to_state, header.at, tag=tag)
