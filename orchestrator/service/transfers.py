"""How does a patient come to another ward of the house? With everything that is open of him on the giving one, or not.

One transaction, an entry on each episode's own chain. Stage, timers and reminders stay as they are; from then on the
ladders climb on the receiving ward. What the giving ward was told stays with it, and still leaves the house as it was
addressed: nothing that was promised is taken back. But each reminder that nobody has answered is told anew to whom its
ladder had reached, on the receiving ward, whose lead is told of the patient besides. What somebody has taken upon
himself stays his if he works there too, and else is nobody's again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from orchestrator.audit.canonical import canonical
from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import Sealed, open_body, open_header
from orchestrator.episode import formats
from orchestrator.episode.commands import ChangeWard, command_to_json
from orchestrator.episode.decide import Accepted, Refused
from orchestrator.errors import Changed, NotAllowed, UnknownWard, UpgradeUnfinished, WardUnattended
from orchestrator.service.cause import cause_id, request_hash
from orchestrator.service.handlers import Answer, Handlers, Request, answer_of, check_seen, fire, repeat
from orchestrator.service.ledger import Ledger
from orchestrator.service.notices import unassigned
from orchestrator.service.people.merged import episodes_of, person_of
from orchestrator.service.people.principal import ADMINISTRATOR, AT_THE_BEDSIDE, EVERYWHERE, LEAD
from orchestrator.service.ports import Change
from orchestrator.service.rows import Locked, NoticeRow
from orchestrator.service.there import episode_row, not_there

KIND = "ward-changed"
"""Of the notice to the receiving ward."""
_REMINDER = "reminder"


class Transfers:
    """Moves patients between wards; a request's command is a ChangeWard."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers

    def move(self, request: Request) -> Answer:
        """Move the patient of an episode, with every other that is open of him on the same ward; a repeat is answered.

        A refusal of any of them moves none, and stands on the record of the episode that was named. Raises NotFound,
        InvalidCommand, UnknownWard, WardUnattended, NotAllowed by a broken glass, UpgradeUnfinished while older
        programs may run, and Conflict as for any command.
        """
        desk = self._handlers.desk
        if request.glass:
            raise NotAllowed("an emergency lets nobody move a patient: ask who works on the patient's ward")
        if desk.format < formats.WARD_CHANGES:
            raise UpgradeUnfinished(
                "an upgrade of carepath is not finished, and older programs could not read this: ask whoever operates "
                "carepath to finish it (carepath db finish)"
            )
        return desk.transact(lambda change: self._move(change, request, _command(request)))

    def again(self, request: Request) -> Answer | None:
        """Return the first answer to one who asks again, though the patient has left his wards by that; else None.

        The actor's role is not looked at: with the patient he has lost the one in which he acted. Raises KeyReused.
        """
        with self._handlers.desk.store.change() as change:
            locked = change.lock(request.episode_id, _cause(request, request.episode_id))
            if locked is None or locked.prior is None:
                return None
            header = open_header(locked.prior)
            actor = replace(request.actor, role=header.role, on_behalf_of=header.on_behalf_of)
            return _repeated(locked.prior, self._handlers.desk.key(locked.row), replace(request, actor=actor))

    def _move(self, change: Change, request: Request, command: ChangeWard) -> Answer:
        desk = self._handlers.desk
        named, *others = _lock(change, request)
        if named.prior is not None:
            return _repeated(named.prior, desk.key(named.row), request)
        if request.wards is not None and named.row.ward not in request.wards:
            raise not_there()
        desk.check_time(change, named.times)
        ledgers = [desk.ledger(change, each.row, each.times) for each in (named, *others)]
        self._check_ward(change, command, ledgers[0])
        for ledger in ledgers:
            if ledger.due:
                fire(ledger)
        _check_ward_seen(change, request, named)
        check_seen(change, request, ledgers[0], named)
        outcomes = [ledger.decide(replace(command, along=_but(ledger, ledgers)), request.actor) for ledger in ledgers]
        refused = next((each for each in outcomes if isinstance(each, Refused)), None)
        if refused is not None:
            return self._write(change, request, {ledgers[0]: refused})
        return self._write(change, request, dict(zip(ledgers, outcomes, strict=True)))

    def _write(self, change: Change, request: Request, outcomes: Mapping[Ledger, Accepted | Refused]) -> Answer:
        """Write what was decided, the named episode's first."""
        named, asked = next(iter(outcomes)), command_to_json(request.command)
        for ledger, outcome in outcomes.items():
            cause, hashed = _cause(request, ledger.row.episode_id), _hash(ledger.key, request)
            header = ledger.add(request.actor, (request.command.kind, cause), hashed, asked, outcome)
            if isinstance(outcome, Accepted):
                ledger.tell(self._told(ledger, first=ledger is named))
                _move_claims(change, ledger.row.episode_id, ledger.row.ward)
            if ledger is named:
                answer = answer_of(header, getattr(outcome, "text", ""), ledger.row.chain_hash)
        along = tuple(each.row.episode_id for each in outcomes if each is not named)
        change.save([self._handlers.desk.written(each) for each in outcomes])
        return answer._replace(along=along)

    def _check_ward(self, change: Change, command: ChangeWard, ledger: Ledger) -> None:
        """Raise UnknownWard where the ward has neither people nor patients, WardUnattended where nobody could be told.

        While nobody at all has a post at a bedside, a program knows the wards, and any is taken, as at enrolment.
        """
        ward, roles = command.ward, {rung.role for rungs in ledger.pathway.ladders.values() for rung in rungs}
        posts = [each for each in change.posts() if each.role in AT_THE_BEDSIDE]
        if posts and ward not in change.wards():
            raise UnknownWard("nobody works on a ward of this name, and no patient is there: look how it is spelt")
        there = {each.role for each in posts if each.ward in {ward, EVERYWHERE}} if posts else roles
        unheld = self._handlers.desk.directory.unheld(ward, ledger.now)
        if not roles & there - unheld and not command.anyway:
            raise WardUnattended(
                "nobody works on this ward now who could be told of a reminder: is it meant all the same?"
            )

    def _told(self, ledger: Ledger, *, first: bool) -> list[NoticeRow]:
        """Return what the receiving ward is told. first: of the patient too, not of the reminders alone."""
        row, seq, now = ledger.row, ledger.row.seq, ledger.now
        told = list(self._waiting(ledger))
        told += unassigned(told, ledger.unheld)
        if first:
            role = ADMINISTRATOR if LEAD in ledger.unheld else LEAD
            told.append(
                NoticeRow(row.episode_id, f"{KIND}.{seq}", KIND, KIND, "", role, row.ward, 0, now, now, late=False)
            )
        return told

    def _waiting(self, ledger: Ledger) -> Iterator[NoticeRow]:
        """Yield each reminder that nobody has answered, for whom its ladder has reached."""
        row, now = ledger.row, ledger.now
        rungs = {each.address: max(each.told - 1, 0) for each in ledger.episode.reminders}
        open_things = self._handlers.desk.engine.items(ledger.pathway, ledger.episode)
        for number, item in enumerate(each for each in open_things if each.kind == _REMINDER):
            yield NoticeRow(
                row.episode_id, f"{KIND}.{row.seq}.{number}", _REMINDER, item.name, item.key, item.role, row.ward,
                rungs[item.key], item.due_at or now, now, late=False,
            )  # fmt: skip


def _command(request: Request) -> ChangeWard:
    assert isinstance(request.command, ChangeWard)
    return request.command


def _lock(change: Change, request: Request) -> list[Locked]:
    """Lock the named episode, which comes first, and the others of all the patient's records that are open on its ward.

    All in one order, so that nobody waits in a circle. Raises NotFound.
    """
    row = episode_row(change, request.episode_id)
    his = episodes_of(change, person_of(change, row.patient_id))
    others = {each.episode_id for each in his if not each.closed and each.ward == row.ward}
    ids = sorted(others | {row.episode_id})
    found = {each: change.lock(each, _cause(request, each)) for each in ids}
    named = found.pop(row.episode_id)
    assert named is not None  # an episode that was there stays there
    still = (each for each in found.values() if each is not None and not each.row.closed)
    return [named, *(each for each in still if each.row.ward == named.row.ward)]


def _but(ledger: Ledger, ledgers: list[Ledger]) -> tuple[str, ...]:
    return tuple(each.row.episode_id for each in ledgers if each is not ledger)


def _check_ward_seen(change: Change, request: Request, named: Locked) -> None:
    """Raise Changed when the patient was on another ward when he was read: who moves him means that one."""
    seen = change.entries(request.episode_id, request.seen - 1, 1) if request.seen else []
    if seen and open_header(seen[0]).ward != named.row.ward:
        raise Changed(f"the patient has changed wards since entry {request.seen}; read entry {named.row.seq}")


def _move_claims(change: Change, episode_id: str, ward: str) -> None:
    """Let who works on the receiving ward keep what he has taken; the rest is nobody's again."""
    there = {
        each.person_id for each in change.posts() if each.ward in {ward, EVERYWHERE} and each.role in AT_THE_BEDSIDE
    }
    for item in [each.item for each in change.claims_of(episode_id)]:
        if change.hold_item(item) is None:  # in the order of who takes things: the item, then the claim
            continue
        taken = change.claim_of(item)
        if taken is not None and taken.person_id in there:
            change.put_claim(taken._replace(ward=ward))
        elif taken is not None:
            change.end_claim(item)


def _cause(request: Request, episode_id: str) -> bytes:
    return cause_id(request.command.kind, request.actor.id, episode_id, request.key)


def _hash(key: PatientKey, request: Request) -> str:
    actor = request.actor
    return request_hash(key, canonical([actor.role, actor.on_behalf_of, command_to_json(request.command)]))


def _repeated(prior: Sealed, key: PatientKey, request: Request) -> Answer:
    answer = repeat(prior, key, _hash(key, request))
    events = open_body(key, prior)["events"]
    return answer._replace(along=tuple(events[0].get("along", ())))
