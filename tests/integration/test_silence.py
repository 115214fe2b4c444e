"""Goal: a database that says nothing, and closes nothing, is waited for so long and no longer; nothing is guessed.

The way to the server swallows everything at each step of the write path, as a broken network does.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import event

from orchestrator.errors import CarepathError, OutcomeUnknown, StoreError
from orchestrator.service.handlers import Answer, Request
from orchestrator.store.opening import open_store
from orchestrator.store.postgres import PostgresChange, PostgresStore
from orchestrator.store.silence import PATIENCE_S, Waiting
from tests.chaos.links import Link, Network
from tests.contract.conftest import SqlClock, System, system
from tests.contract.test_grouped import Paused, gathered
from tests.factories import HOUR, enrolment, record
from tests.integration.conftest import on
from tests.servers.postgres import Postgres
from workers.app import LONGEST_JOB_SECONDS

_PATIENCE_S = 1.0
"""From when nothing comes any more. Until then there is time for a machine that has much else to do."""
_LONG_S = 60.0


@dataclass
class Far:
    """A store behind a way that can swallow what passes, and the same one reached directly."""

    link: Link
    through: System
    direct: System
    episode_id: str
    patience_s: float = _LONG_S

    def hold(self) -> None:
        """Swallow from now on whatever passes."""
        self.patience_s = _PATIENCE_S
        self.link.hold()

    def fails(self, work: Callable[[], object], kind: type[StoreError]) -> str:
        """Do something that must fail in this way; return what is said, once the way is whole again."""
        begun = monotonic()
        with pytest.raises(StoreError) as told:
            work()
        assert monotonic() - begun < PATIENCE_S, "it was waited for by another's patience"
        assert type(told.value) is kind
        self.patience_s = _LONG_S
        self.link.heal()
        return str(told.value)


@pytest.fixture
def far(database: str, tmp_path: Path, postgres_server: Postgres) -> Iterator[Far]:
    network, door = Network(), tmp_path / ".s.PGSQL.5432"
    link = network.link(door, postgres_server.socket / ".s.PGSQL.5432")
    address = database.replace(str(postgres_server.socket), str(tmp_path))
    direct = on(database, tmp_path)
    opened = open_store(address, tmp_path / "keys.json", patience_s=_LONG_S)
    assert isinstance(opened.store, PostgresStore)
    through = system(opened.store, opened.keyring, SqlClock(opened.store))
    episode_id = direct.enrolments.enrol(enrolment()).episode_id
    through.queries.show(episode_id)  # it has a connection, which knows a statement or two
    made = Far(link, through, direct, episode_id)

    @event.listens_for(opened.store._engine, "checkout")
    def _lend(connection: Waiting, *_: object) -> None:
        connection.patience_s = made.patience_s

    yield made
    opened.store.close()
    direct.store.close()
    network.close()


@contextmanager
def at_commit(monkeypatch: pytest.MonkeyPatch, befalls: Callable[[], None]) -> Iterator[None]:
    """Have something befall the way to the server when all is decided and the commit is about to be sent."""
    commit = PostgresChange._commit

    def late(change: PostgresChange) -> None:
        befalls()
        change._pipeline._patience_s = _PATIENCE_S
        commit(change)

    with monkeypatch.context() as patched:
        patched.setattr(PostgresChange, "_commit", late)
        yield


def test_the_patience_lies_between_a_lock_and_a_job() -> None:
    assert 10 < PATIENCE_S < LONGEST_JOB_SECONDS


def test_a_reader_is_told_that_the_database_does_not_answer(far: Far) -> None:
    far.hold()
    assert "does not answer" in far.fails(lambda: far.through.queries.show(far.episode_id), StoreError)
    assert far.through.queries.show(far.episode_id)["seq"] == 1, "it comes back by itself"


def test_a_command_whose_lock_is_not_answered_is_not_done(far: Far) -> None:
    far.hold()
    said = far.fails(lambda: far.through.handlers.execute(record(far.episode_id, a=1)), StoreError)
    assert "does not answer" in said
    assert far.direct.queries.show(far.episode_id)["seq"] == 1
    assert far.through.handlers.execute(record(far.episode_id, a=1)).seq == 2


@pytest.mark.parametrize("befalls", ["hold", "cut"])
def test_what_was_lost_at_its_commit_is_said_to_be_unknown_and_is_done_once_when_it_is_sent_again(
    far: Far, monkeypatch: pytest.MonkeyPatch, befalls: str
) -> None:
    request = record(far.episode_id, key="k", a=1)
    with at_commit(monkeypatch, getattr(far.link, befalls)):
        said = far.fails(lambda: far.through.handlers.execute(request), OutcomeUnknown)
    assert "not known" in said
    again = far.through.handlers.execute(request)
    assert (again.seq, again.repeated) == (2, befalls == "hold"), "what was held arrived; what was cut did not"
    assert far.through.audit.verify(far.episode_id).whole


def test_timers_whose_commit_is_not_answered_count_as_fired_once(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    far.direct.handlers.execute(record(far.episode_id, alarm="1"))
    for each in (far.direct, far.through):
        each.clock.advance(2 * HOUR)
    with at_commit(monkeypatch, far.link.hold):
        far.fails(far.through.firing.fire_due, OutcomeUnknown)
    far.direct.handlers.execute(record(far.episode_id, a=1))  # waits for who holds it, and fires what is due still
    entries = far.direct.queries.timeline(far.episode_id)
    assert [entry["cause"] for entry in entries].count("tick") == 1


def test_nobody_of_a_group_that_was_lost_is_told_that_nothing_was_done(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = ("2", "3", "4", "5")  # two go at once, each alone, and those who come meanwhile together
    wanted = [record(far.direct.enrolments.enrol(enrolment(each)).episode_id, key="k", a=1) for each in numbers]
    leads = threading.local()

    class Led(Paused):
        def execute_together(self, requests: Sequence[Request]) -> list[Answer | CarepathError | None]:
            leads.here = True
            return super().execute_together(requests)

    def cut() -> None:
        if getattr(leads, "here", False):
            far.link.cut()

    paused = Led(far.through.desk)
    with at_commit(monkeypatch, cut), gathered(paused, wanted) as results:
        pass
    assert paused.groups == [wanted[2:]]
    assert [type(each) for each in results[2:]] == [OutcomeUnknown] * 2
    far.link.heal()
    assert [far.through.handlers.execute(each).seq for each in wanted] == [2] * 4
