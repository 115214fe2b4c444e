"""Would the simulation notice? Faults that somebody could write, planted in the product while seeds are played."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from itertools import count
from unittest import mock

from sqlalchemy import select

from orchestrator.bootstrap import System
from orchestrator.notify import sending
from orchestrator.notify.channel import Sent
from orchestrator.notify.post import Post
from orchestrator.service import aside, cause, firing, handlers, ledger, transfers
from orchestrator.service.deliveries import Deliveries
from orchestrator.service.firing import Sound
from orchestrator.service.people import erasure
from orchestrator.service.pulse import Look
from orchestrator.service.rows import EpisodeRow, Lease, Times, Write
from orchestrator.service.trust import Trust
from orchestrator.store import rare, tables
from orchestrator.store.rare import RareWrites
from orchestrator.store.sqlite import SqliteChange
from tests.simulation import staff
from workers import clock
from workers.clock import Ticker
from workers.fire import fire
from workers.sweep import sweep

Mutant = Callable[[], AbstractContextManager[object]]


def told_after_the_commit() -> AbstractContextManager[object]:
    """Notices are written by a transaction of their own, after the entry that tells them."""
    right = SqliteChange._append

    def append(self: SqliteChange, write: Write) -> None:
        right(self, write._replace(notices=[], outbox=[]))
        if write.notices:
            self._run("COMMIT")
            self._run("BEGIN IMMEDIATE")
            right(self, write._replace(entries=[], gone=[], changed=[]))

    return mock.patch.object(SqliteChange, "_append", append)


def the_alarm_stays() -> AbstractContextManager[object]:
    """What has fired stays due."""
    right = SqliteChange._save

    def save(self: SqliteChange, write: Write) -> None:
        fired = write.entries[-1].header.find(b'"tick"') > 0
        right(self, write._replace(row=write.row._replace(next_due_at=write.row.at)) if fired else write)

    return mock.patch.object(SqliteChange, "_save", save)


def fires_late() -> AbstractContextManager[object]:
    """What is due is claimed a minute later."""
    right = SqliteChange.claim_due

    def claim_due(self: SqliteChange, limit: int) -> tuple[list[EpisodeRow], Times]:
        rows, times = right(self, limit)
        minute_ago = times.now - timedelta(minutes=1)
        return [row for row in rows if row.next_due_at is not None and row.next_due_at < minute_ago], times

    return mock.patch.object(SqliteChange, "claim_due", claim_due)


def waits_for_the_workers() -> AbstractContextManager[object]:
    """A clock asks for ever, and never fires itself."""
    right = Ticker._fire

    def fire(self: Ticker, look: Look, sound: Sound) -> tuple[bool, bool]:
        late = self._seconds(look)
        if late is None or late < 0:
            return right(self, look, sound)
        return self._hints.fire(), False

    return mock.patch.object(Ticker, "_fire", fire)


def trusts_any_clock() -> AbstractContextManager[object]:
    """A wall clock that was moved is believed."""
    return mock.patch.object(Trust, "fault", return_value=None)


def mistakes_a_stall_for_a_jump() -> AbstractContextManager[object]:
    """Between the machine's even clock and the wall's no time may pass."""
    right = Trust.fault
    return mock.patch.object(Trust, "fault", lambda self, look, began, _: right(self, look, began, began))


def set_aside_for_good() -> AbstractContextManager[object]:
    """An episode that failed once never comes back."""
    return mock.patch.object(aside, "delay", return_value=timedelta(days=3650))


def holds_up_its_neighbours() -> AbstractContextManager[object]:
    """A batch that fails is tried again as a whole."""
    return mock.patch.object(firing.Firing, "_fire_alone", return_value=False)


def a_group_mixes_up_its_answers() -> AbstractContextManager[object]:
    """Who shares a transaction is given the answer of another."""
    right = handlers.Handlers.execute_together
    return mock.patch.object(handlers.Handlers, "execute_together", lambda self, asked: right(self, asked)[::-1])


def moves_without_telling() -> AbstractContextManager[object]:
    """The receiving ward is not told of its new patient."""
    return mock.patch.object(transfers.Transfers, "_told", return_value=[])


def erases_what_is_open() -> AbstractContextManager[object]:
    """A record is erased though an episode of it is open: its alarms cannot fire."""
    return mock.patch.object(erasure, "episodes_of", return_value=[])


def workers_trust_any_clock() -> AbstractContextManager[object]:
    """A worker fires whatever a hint finds due, though the clocks hold."""

    def fire_whatever(system: System, ask: Callable[[], bool]) -> None:
        fire(system)
        sweep(system, ask)

    return mock.patch.object(staff, "work", fire_whatever)


def taken_is_gone() -> AbstractContextManager[object]:
    """To take a notice is to delete it: who dies with it loses it."""
    right = RareWrites.take

    def take(self: RareWrites, limit: int, seconds: int, kind: str = "", since: timedelta = timedelta()) -> list[Lease]:
        leases = right(self, limit, seconds, kind, since)
        for each in leases:
            self._sql.execute(rare._FINISH, rare._fence(each))
        return leases

    return mock.patch.object(RareWrites, "take", take)


def recorded_before_it_is_sent() -> AbstractContextManager[object]:
    """A notice is delivered because it is about to be sent."""
    right = sending.send

    def send(post: Post, deliveries: Deliveries, lease: Lease) -> tuple[Sent, bool]:
        deliveries.finish(lease, "early")
        return right(post, deliveries, lease)

    return mock.patch.object(sending, "send", send)


def no_fence() -> AbstractContextManager[object]:
    """Whoever held a lease once may say what became of the notice."""

    stack = ExitStack()
    for word in ("finish", "give_back", "give_up", "release"):
        stack.enter_context(mock.patch.object(RareWrites, word, _unfenced(getattr(RareWrites, word))))
    return stack


def _unfenced(right: Callable[..., bool]) -> Callable[..., bool]:
    def say(self: RareWrites, lease: Lease, *said: object) -> bool:
        outbox = tables.outbox.c
        its = (outbox.episode_id == lease.notice.episode_id) & (outbox.key == lease.notice.key)
        token = self._sql.execute(select(outbox.lease_token).where(its, outbox.route == lease.route)).scalar()
        return token is not None and right(self, lease._replace(token=token), *said)

    return say


def nobody_sweeps() -> AbstractContextManager[object]:
    """A clock looks after timers alone."""
    return mock.patch.object(clock, "sweep", return_value=False)


def tells_no_owner() -> AbstractContextManager[object]:
    """A reminder for nobody is told to nobody."""
    return mock.patch.object(ledger, "unassigned", return_value=[])


def a_repeat_is_done_again() -> AbstractContextManager[object]:
    """The same key twice is two causes."""
    number = count()

    def cause_id(kind: str, actor: str, episode: str, key: str) -> bytes:
        return cause.cause_id(kind, actor, episode, key if kind == "tick" else f"{key} {next(number)}")

    return mock.patch.object(handlers, "cause_id", cause_id)


def decides_on_a_stale_page() -> AbstractContextManager[object]:
    """Whatever a person had before his eyes, his decision counts."""
    return mock.patch.object(handlers, "check_seen", return_value=None)


MUTANTS: dict[str, Mutant] = {
    each.__name__: each
    for each in (
        told_after_the_commit, the_alarm_stays, fires_late, waits_for_the_workers, trusts_any_clock,
        mistakes_a_stall_for_a_jump, set_aside_for_good, holds_up_its_neighbours,
        workers_trust_any_clock, nobody_sweeps, tells_no_owner, taken_is_gone, recorded_before_it_is_sent, no_fence,
        a_repeat_is_done_again, decides_on_a_stale_page,
        a_group_mixes_up_its_answers, moves_without_telling, erases_what_is_open,
    )
}  # fmt: skip
