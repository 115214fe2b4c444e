"""Goal: a process that is killed before any one statement of any write leaves all of it or nothing, and it can go on.

Every statement is a crash point: each write is tried again and again, and ends once before each statement that it
makes, COMMIT included, until it comes through. Killed means that no line of ours runs any more: the connection is gone.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event

from orchestrator.episode.commands import ChangeWard, Close
from orchestrator.service.grouped import Grouped
from orchestrator.service.handlers import Request
from orchestrator.service.people.principal import EVERYWHERE
from orchestrator.service.people.rows import PersonRow, PostRow
from orchestrator.service.rows import EpisodeRow, Lease, OutgoingId
from orchestrator.service.worklist.rows import ClaimRow
from orchestrator.store.pipeline import Statement
from orchestrator.store.postgres import PostgresStore
from orchestrator.store.sqlite import SqliteStore
from tests.contract.conftest import BUILDERS, System, with_something_due
from tests.contract.test_transactions import contents
from tests.factories import CLINICIAN, OPERATOR, T0, enrolment, record
from tests.letterbox import Everything

Work = Callable[[], object]


class Killed(BaseException):
    """The process ends here; nothing of ours catches it."""


class Knife:
    """Kills before the statement of this number, from 1. BEGIN is none: before it there is nothing to lose."""

    def __init__(self, left: int) -> None:
        self.left = left

    def before(self, statement: str | bytes, cut: Callable[[], None]) -> None:
        """Count a statement. cut: ends the connection."""
        if statement[:5] in {"BEGIN", b"BEGIN"}:
            return
        self.left -= 1
        if self.left == 0:
            cut()
            raise Killed


@contextmanager
def held_to(sut: System, knife: Knife, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have every statement that is sent to the store pass the knife."""
    engine = sut.store._engine if isinstance(sut.store, PostgresStore) else sut.store._writer

    def before(connection: Connection, cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401
        driver: Any = connection.connection.driver_connection
        knife.before(statement, driver.pgconn.finish if isinstance(sut.store, PostgresStore) else lambda: None)

    with ExitStack() as stack, patch.context() as patched:
        event.listen(engine, "before_cursor_execute", before)
        stack.callback(event.remove, engine, "before_cursor_execute", before)
        if isinstance(sut.store, PostgresStore):
            _hold_pipeline(knife, patched)
        else:
            _hold_driver(sut.store, knife, patched)
        yield


def _hold_pipeline(knife: Knife, patched: pytest.MonkeyPatch) -> None:
    send = Statement.send

    def sent(statement: Statement, libpq: Any, values: Any) -> None:  # noqa: ANN401
        knife.before(statement.text, libpq.finish)
        send(statement, libpq, values)

    patched.setattr(Statement, "send", sent)


def _hold_driver(store: SqliteStore, knife: Knife, patched: pytest.MonkeyPatch) -> None:
    with store.change() as change:
        for name in ("_run", "_run_many"):
            patched.setattr(change, name, _held(getattr(change, name), knife))


def _held(real: Callable[..., object], knife: Knife) -> Callable[..., object]:
    def run(statement: str, *values: object) -> object:
        knife.before(statement, lambda: None)  # closing the store ends the connection, as a dead process does
        return real(statement, *values)

    return run


@pytest.fixture(params=["sqlite", "postgres"])
def sut(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[System]:  # noqa: ANN401
    """A system on each store that can be left and opened again; every notice has two ways out."""
    made = BUILDERS[request.param](request, tmp_path)
    made.desk.directory = Everything("a", "b")
    yield made
    made.store.close()


def leased(sut: System) -> Lease:
    with_something_due(sut, 1)
    assert sut.firing.fire_due().fired == 1
    return sut.deliveries.take()[0]


def dead(sut: System) -> OutgoingId:
    lease = leased(sut)
    assert sut.deliveries.give_up(lease, "refused")
    return OutgoingId(lease.notice.episode_id, lease.notice.key, lease.route)


def enrol(sut: System) -> Work:
    return lambda: sut.enrolments.enrol(enrolment(key="k"))


def enrol_known(sut: System) -> Work:
    sut.enrolments.enrol(enrolment("7", pathway="other"))
    return lambda: sut.enrolments.enrol(enrolment("7", key="k"))


def command(sut: System) -> Work:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    return lambda: sut.handlers.execute(record(episode_id, key="k", a=1, b=2))


def command_after_timer(sut: System) -> Work:
    (episode_id,) = with_something_due(sut, 1)
    return lambda: sut.handlers.execute(record(episode_id, key="k", a=1))


def close(sut: System) -> Work:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, a=1))
    return lambda: sut.handlers.execute(Request(episode_id, Close("recovered"), CLINICIAN, "k"))


def change_ward(sut: System) -> Work:
    """Move a patient with two episodes, of whose open things two were taken: one by who works there too."""
    episode_id, _ = (sut.enrolments.enrol(enrolment("7", pathway=each)).episode_id for each in ("small", "other"))
    sut.handlers.execute(record(episode_id, a=1, b=2))
    with sut.store.change() as change:
        for who, ward in (("u-1", "w-1"), ("u-2", EVERYWHERE)):
            change.add_person(PersonRow(who, who, who, "", "", False, T0, None))
            change.set_posts(who, [PostRow(who, ward, "nurse")])
        for key, who in (("a", "u-1"), ("b", "u-2")):
            change.put_claim(ClaimRow(episode_id, "task", key, "w-1", who, T0, None, None, None))
    sut.enrolments.enrol(enrolment("8", ward="w-2"))
    wish = Request(episode_id, ChangeWard("w-2", reason="a bed"), CLINICIAN, "k")
    return lambda: Grouped(sut.handlers).execute(wish)


def fire_batch(sut: System) -> Work:
    with_something_due(sut, 5)  # so many that what is added goes as columns

    def fire() -> list[EpisodeRow]:
        claimed = list[EpisodeRow]()
        sut.desk.transact(lambda change: sut.firing._fire_batch(change, 10, claimed))
        return claimed

    return until_some(fire)


def until_some(claim: Callable[[], list[Any]]) -> Work:
    """Return what claims until it has something: what was killed just before may hold its locks for a moment yet."""

    def work() -> None:
        deadline = time.monotonic() + 30
        while not claim() and time.monotonic() < deadline:
            pass

    return work


def fire_alone(sut: System) -> Work:
    (episode_id,) = with_something_due(sut, 1)
    return lambda: sut.firing._fire_alone(episode_id, [])


def set_aside(sut: System) -> Work:
    (episode_id,) = with_something_due(sut, 1)
    sut.engine.poisoned = {episode_id}
    return lambda: sut.firing._fire_alone(episode_id, [])


def take(sut: System) -> Work:
    with_something_due(sut)
    assert sut.firing.fire_due().fired == 3
    return until_some(sut.deliveries.take)


def finish(sut: System) -> Work:
    lease = leased(sut)
    return lambda: sut.deliveries.finish(lease, "post")


def give_back(sut: System) -> Work:
    lease = leased(sut)._replace(attempts=99)  # so often that its owners are told
    return lambda: sut.deliveries.give_back(lease, "closed-today")


def give_up(sut: System) -> Work:
    lease = leased(sut)
    return lambda: sut.deliveries.give_up(lease, "refused")


def resend(sut: System) -> Work:
    outgoing = dead(sut)
    return lambda: sut.deliveries.resend(OPERATOR, outgoing)


def drop(sut: System) -> Work:
    outgoing = dead(sut)
    return lambda: sut.deliveries.drop(OPERATOR, outgoing, "said by telephone")


WRITES: dict[str, tuple[Callable[[System], Work], int]] = {
    # by name: what prepares it and returns it, and the least number of statements that it must make to be one
    "enrol": (enrol, 8), "enrol a known patient": (enrol_known, 6), "command": (command, 5),
    "command after a timer": (command_after_timer, 7), "close": (close, 5), "change ward": (change_ward, 12),
    "fire a batch": (fire_batch, 8), "fire alone": (fire_alone, 6), "set aside": (set_aside, 4), "take": (take, 3),
    "finish": (finish, 3), "give back": (give_back, 4), "give up": (give_up, 4), "resend": (resend, 4),
    "drop": (drop, 3),
}  # fmt: skip


@pytest.mark.parametrize("write", WRITES)
def test_killed_before_any_statement_a_write_has_left_nothing_and_comes_through_the_next_time(
    sut: System, write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, least = WRITES[write]
    work = prepare(sut)
    before = contents(sut)
    number = 0
    while True:
        number += 1
        knife = Knife(number)
        try:
            with held_to(sut, knife, monkeypatch):
                work()
            break
        except Killed:
            sut.store.close()
        assert contents(sut) == before, f"killed before statement {number}"
    assert number > least
    assert contents(sut) != before
    for episode_id in sut.audit.episode_ids():
        assert sut.audit.verify(episode_id).whole
        assert sut.audit.replay(episode_id).equal


@pytest.mark.parametrize(
    "write", ["enrol", "enrol a known patient", "command", "command after a timer", "close", "change ward"]
)
def test_killed_after_the_last_statement_a_command_is_done_and_asked_again_gives_its_answer(
    sut: System, write: str
) -> None:
    work = WRITES[write][0](sut)
    first: Any = work()  # nobody heard of it
    sut.store.close()
    done = contents(sut)
    again: Any = work()
    assert (again.seq, again.repeated) == (first.seq, True)
    assert contents(sut) == done
