"""Is everything there, and everything once? Asked of the whole store, now and then and when all has come to rest."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from orchestrator.episode.commands import ChangeWard
from orchestrator.service.notices import OWNERS
from orchestrator.store.types import from_micros, to_micros
from tests.simulation.gateway import ROUTES
from tests.simulation.ladders import Ladders

if TYPE_CHECKING:
    from tests.simulation.world import World

Event = dict[str, Any]
WARD_CHANGED = "ward-changed"
_NOTICE = "SELECT 1 FROM notice WHERE episode_id = ? AND key = ?"
_ERASED = (
    "SELECT 1 FROM episode e JOIN patient p ON p.patient_id = e.patient_id"
    " WHERE e.episode_id = ? AND p.wrapped_key IS NULL"
)
_CLAIMED = (
    "SELECT 1 FROM claim c LEFT JOIN item i ON i.episode_id = c.episode_id AND i.kind = c.kind AND i.key = c.key"
    " WHERE i.key IS NULL"
)
_NEVER_BY_SILENCE = {"closed", "task-completed", "course-confirmed", "reminder-acknowledged", "fact-recorded"}


def at_any_time(world: "World") -> None:
    """Hold what must be so at any moment: of each episode and of all notices."""
    notices = _notices(world)
    reminders = {key for key, kind in notices.items() if kind == "reminder"}
    for episode_id in _episodes(world):
        verdict = world.base.replay.verify(episode_id)
        world.hold(verdict.whole, f"the chain of {episode_id} is broken: {verdict.faults}")
        world.count("entries checked", verdict.entries)
        if not _rows(world, _ERASED, (episode_id,)):
            _check_episode(world, episode_id, {key for each, key in reminders if each == episode_id})
    _check_unassigned(world)
    _check_deliveries(world, set(notices))
    world.hold(not _rows(world, "SELECT 1 FROM episode WHERE closed = 1 AND next_due_at IS NOT NULL"), "closed, armed")
    world.hold(not _rows(world, _CLAIMED), "somebody has taken what is not open")
    looks = world.base.sight.check_all()
    world.hold(not looks.faults, f"the record of looks is broken: {looks.faults}")
    world.count("looks checked", looks.records)


def at_rest(world: "World") -> None:
    """Hold what must be so once nothing goes wrong any more, and hours have passed."""
    at_any_time(world)
    now = to_micros(world.scheduler.now) - 10_000_000
    world.hold(not _rows(world, f"SELECT 1 FROM episode WHERE next_due_at < {now}"), "something due has not fired")
    world.hold(not _rows(world, "SELECT 1 FROM outbox WHERE next_try_at IS NOT NULL"), "a notice has not left")
    world.hold(len(world.episodes) == world.plan.patients, "a patient was not enrolled")
    missing = set(world.episodes) ^ set(_episodes(world))
    world.hold(not missing, f"enrolled, and not answered for: {missing}")


def outline(world: "World") -> Iterator[str]:
    """Yield what the run left in the store, without what differs by its nature: keys, nonces, a patient's id."""
    for episode_id in _episodes(world):
        for entry in [] if _rows(world, _ERASED, (episode_id,)) else world.base.queries.timeline(episode_id):
            events = [{**event, "patient_id": ""} for event in entry["events"]]
            yield f"{episode_id} {entry['seq']} {entry['at']} {entry['result']} {events}"
    yield from map(str, _rows(world, "SELECT episode_id, key, kind, told_at FROM notice ORDER BY 1, 2"))
    yield from map(str, _rows(world, "SELECT episode_id, key, route, result, done_at FROM delivery ORDER BY 1, 2, 3"))


def _check_episode(world: "World", episode_id: str, reminders: set[str]) -> None:
    """Hold what one episode's trail tells. reminders: keys of those of it that are in the inbox."""
    entries = world.base.queries.timeline(episode_id)
    compared = world.base.replay.replay(episode_id)
    world.hold(compared.equal, f"{episode_id} does not follow from its entries: {compared.differs}")
    told = set(_check_entries(world, episode_id, entries))
    anew = {key for key in reminders if key.startswith(f"{WARD_CHANGED}.")}
    differ = sorted((reminders - anew) ^ told)
    world.hold(not differ, f"told, and in the inbox: {episode_id} {differ[:3]}")
    moves = {entry["seq"] for entry in entries if any(each["type"] == WARD_CHANGED for each in entry["events"])}
    world.hold({int(key.split(".")[1]) for key in anew} <= moves, f"{episode_id}: told anew, and not moved")
    _check_journal(world, episode_id, entries)


def _check_entries(world: "World", episode_id: str, entries: list[Event]) -> Iterator[str]:
    """Hold the order of one trail; yield the keys of the notices that it tells of."""
    before = ""
    ladders = Ladders(world, episode_id)
    for entry in entries:
        world.hold(before <= entry["at"], f"{episode_id}: entry {entry['seq']} lies before the one before it")
        before = entry["at"]
        kinds = {event["type"] for event in entry["events"]}
        silent = entry["cause"] == "tick" and kinds & _NEVER_BY_SILENCE
        world.hold(not silent, f"{episode_id}: entry {entry['seq']} was caused by silence alone: {kinds}")
        told = 0
        for event in entry["events"]:
            ladders.see(event)
            if event["type"] == "reminder-told":
                yield f"{entry['seq']}.{told}"
                told += 1
    ladders.end()


def _check_journal(world: "World", episode_id: str, entries: list[Event]) -> None:
    """Hold that each answer has its entry, and each request with a failure for an answer none.

    Who moved a patient has told the receiving ward of him.
    """
    by_cause = Counter(entry["cause_id"] for entry in entries)
    tags = {entry["seq"]: entry["tag"] for entry in entries}
    for asked in world.journal.of(episode_id):
        made = by_cause[asked.cause]
        world.hold(made <= 1, f"{asked.request.key} stands in the trail {made} times")
        world.hold(made or not asked.answers, f"{asked.request.key} was answered, and is in no entry")
        for answer in asked.answers:
            fresh = asked.request.seen is None or tags[asked.request.seen] == tags[answer.seq - 1]
            world.hold(fresh, f"{asked.request.key} was decided on a page that was no longer so")
            if answer.accepted and isinstance(asked.request.command, ChangeWard):
                of_it = (episode_id, f"{WARD_CHANGED}.{answer.seq}")
                world.hold(_rows(world, _NOTICE, of_it), f"{episode_id}: moved, and nobody was told")
        world.hold(not made or asked.answers or asked.unknown, f"{asked.request.key} failed, and is in the trail")


def _check_unassigned(world: "World") -> None:
    """Hold that the owners know of each reminder that was told to nobody, and of no other."""
    rows = _rows(world, "SELECT episode_id, key, role, told_at FROM notice WHERE kind = 'reminder'")
    nobodys = {
        (row[0], f"unassigned.{row[1]}.{role}")
        for row in rows
        if row[2] in world.plan.unheld_at(from_micros(row[3]))
        for role in OWNERS
    }
    told = {(row[0], row[1]) for row in _rows(world, "SELECT episode_id, key FROM notice WHERE kind = 'unassigned'")}
    world.hold(told == nobodys, f"for nobody, and told to the owners: {sorted(told ^ nobodys)[:3]}")


def _check_deliveries(world: "World", notices: set[tuple[str, str]]) -> None:
    """Hold that each notice has, for each way out, one row that waits or one that tells what became of it."""
    waits = {tuple(row) for row in _rows(world, "SELECT episode_id, key, route FROM outbox")}
    done = {tuple(row[:3]): row[3] for row in _rows(world, "SELECT episode_id, key, route, result FROM delivery")}
    world.hold(not waits & set(done), "a notice both waits and is delivered")
    every = {(*key, route) for key in notices for route in ROUTES}
    told_of = {row[:3] for row in every if not row[1].startswith("undelivered.") or row in waits or row in done}
    lost = told_of - waits - set(done)
    world.hold(not lost, f"neither waiting nor delivered: {sorted(lost)[:3]}")
    for (episode_id, key, route), result in done.items():
        taken = world.gateway.taken[f"{episode_id}.{key}", route]
        world.hold(taken or result != "delivered", f"{key} of {episode_id} is delivered by {route}, and was not taken")


def _episodes(world: "World") -> list[str]:
    return sorted(world.base.replay.episode_ids())


def _notices(world: "World") -> dict[tuple[str, str], str]:
    return {(row[0], row[1]): row[2] for row in _rows(world, "SELECT episode_id, key, kind FROM notice")}


def _rows(world: "World", statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
    return list(world.sql(statement, values).fetchall())
