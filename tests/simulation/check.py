"""Is everything there, and everything once? Asked of the whole store, now and then and when all has come to rest."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from orchestrator.service.notices import OWNERS
from orchestrator.store.types import to_micros
from tests.simulation.gateway import ROUTES
from tests.simulation.ladders import Ladders

if TYPE_CHECKING:
    from tests.simulation.world import World

Event = dict[str, Any]
_NEVER_BY_SILENCE = {"closed", "task-completed", "course-confirmed", "reminder-acknowledged", "fact-recorded"}


def at_any_time(world: "World") -> None:
    """Hold what must be so at any moment: of each episode and of all notices."""
    notices = _notices(world)
    told: set[tuple[str, str]] = set()
    for episode_id in _episodes(world):
        entries = world.base.queries.timeline(episode_id)
        told |= {(episode_id, key) for key in _check_entries(world, episode_id, entries)}
        _check_journal(world, episode_id, entries)
        verdict, compared = world.base.replay.verify(episode_id), world.base.replay.replay(episode_id)
        world.hold(verdict.whole, f"the chain of {episode_id} is broken: {verdict.faults}")
        world.hold(compared.equal, f"{episode_id} does not follow from its entries: {compared.differs}")
        world.count("entries checked", len(entries))
    called = "clock" in notices.values()
    world.hold(not called or world.counts["wall"], "people were called for a clock that nobody had moved")
    reminders = {key for key, kind in notices.items() if kind == "reminder"}
    world.hold(reminders == told, f"told, and in the inbox: {sorted(reminders ^ told)[:3]}")
    _check_unassigned(world)
    world.hold(not _rows(world, "SELECT 1 FROM episode WHERE closed = 1 AND next_due_at IS NOT NULL"), "closed, armed")
    _check_deliveries(world, set(notices))


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
        for entry in world.base.queries.timeline(episode_id):
            events = [{**event, "patient_id": ""} for event in entry["events"]]
            yield f"{episode_id} {entry['seq']} {entry['at']} {entry['result']} {events}"
    yield from map(str, _rows(world, "SELECT episode_id, key, kind, told_at FROM notice ORDER BY 1, 2"))
    yield from map(str, _rows(world, "SELECT episode_id, key, route, result, done_at FROM delivery ORDER BY 1, 2, 3"))


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
    """Hold that each answer has its entry, and each request with a failure for an answer none."""
    by_cause = Counter(entry["cause_id"] for entry in entries)
    tags = {entry["seq"]: entry["tag"] for entry in entries}
    for asked in world.journal.of(episode_id):
        made = by_cause[asked.cause]
        world.hold(made <= 1, f"{asked.request.key} stands in the trail {made} times")
        world.hold(made or not asked.answers, f"{asked.request.key} was answered, and is in no entry")
        for answer in asked.answers:
            fresh = asked.request.seen is None or tags[asked.request.seen] == tags[answer.seq - 1]
            world.hold(fresh, f"{asked.request.key} was decided on a page that was no longer so")
        world.hold(not made or asked.answers or asked.unknown, f"{asked.request.key} failed, and is in the trail")


def _check_unassigned(world: "World") -> None:
    """Hold that the owners know of each reminder that was told to nobody, and of no other."""
    rows = _rows(world, "SELECT episode_id, key, role FROM notice WHERE kind = 'reminder'")
    nobodys = {
        (row[0], f"unassigned.{row[1]}.{role}") for row in rows if row[2] in world.plan.unheld for role in OWNERS
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


def _rows(world: "World", statement: str) -> list[Any]:
    return list(world.sql(statement).fetchall())
