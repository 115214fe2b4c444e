"""Goal: a process that is asked to end finishes what it has in hand; all are replaced under load, and nothing is late.

Real processes on PostgreSQL and Valkey. A patient's second rung comes due some seconds after the enrolment.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.cli import valkey
from tests.integration.installation import Installation, installed, until
from tests.integration.production import Production, Running, ask, production
from tests.yardstick import measured
from workers.app import FIRE, publish, waiting
from workers.fire import fire

MOST_LATE_SECONDS = 5.0
OPTIONS = {"api": (), "worker": ("--processes", "1"), "clock": ()}
_BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
_DUE = (
    "SELECT count(*) FROM episode, store_info"
    " WHERE next_due_at <= simulated_start + (clock_timestamp() - created_at) * simulated_factor"
)
_LATEST = "SELECT coalesce(max(extract(epoch FROM told_at - due_at)), 0) FROM notice"


@pytest.fixture
def place(tmp_path: Path, redis_server: valkey.Valkey, postgres_database: str) -> Iterator[Installation]:
    made = installed("postgres", tmp_path / "home", redis_server, postgres_database, ahead_seconds=3597, letters=False)
    with made as place:
        place.forget_messages()
        yield place


def one(place: Installation, statement: str) -> float:
    with place.system.store.read() as reader:
        return float(reader._sql.exec_driver_sql(statement).scalar_one())


@contextmanager
def entries_locked(place: Installation) -> Iterator[None]:
    """Have whoever writes an entry wait, until the end of the block; end it when somebody does."""
    with place.system.store.change() as change:
        change._sql.exec_driver_sql("LOCK TABLE entry IN SHARE MODE")
        yield


def end_while_it_writes(place: Installation, running: Running) -> None:
    """Ask a process to end once it waits for the lock on entries."""
    until(lambda: one(place, _BLOCKED), f"{running.role} is writing")
    running.process.terminate()


def test_who_is_asked_to_end_finishes_what_it_has_in_hand(place: Installation, tmp_path: Path) -> None:
    """In one test, since starting the processes is most of its time."""
    with production(place, tmp_path) as shop:
        gone = "redis://127.0.0.1:1/0"  # whoever hears nothing of a broker fires by itself
        api, worker = shop.start("api", CAREPATH_DRAIN="4"), shop.start("worker", "--processes", "2")
        for running in (api, worker):
            running.await_ready()
        a_command(place, shop, api)
        a_batch_in_a_worker(place, worker)
        clock = shop.start("clock", CAREPATH_BROKER_URL=gone).await_ready()
        a_batch_in_a_clock(place, clock)


def a_command(place: Installation, shop: Production, api: Running) -> None:
    episode = place.enrol()
    with ThreadPoolExecutor(1) as pool:
        with entries_locked(place):
            answer: Future[tuple[int, str]] = pool.submit(
                shop.ask, api, "POST", f"/api/v1/episodes/{episode}/record", {"facts": {"weight_kg": 70}}
            )
            end_while_it_writes(place, api)
            until(lambda: api.status("/readyz") == 503, "it says that it drains")
            assert ask(api.port, "/readyz")[0] == 503, "and still answers"
        assert answer.result()[0] == 200
    assert api.process.wait(30) == 0


def is_due(place: Installation, episode: str) -> bool:
    return one(place, f"{_DUE} AND episode_id = '{episode}'") > 0


def assert_fires_once(place: Installation, episode: str) -> None:
    """Whoever was ended has fired it, or given it back; or it was another patient's timer that he was ended at."""
    until(lambda: place.fired(episode) > 0 or is_due(place, episode), "it has fired or is due")
    if not place.fired(episode):
        fire(place.system)
    assert place.told_once(episode)


def a_batch_in_a_worker(place: Installation, worker: Running) -> None:
    episode = place.enrol()
    until(lambda: is_due(place, episode), "it is due")
    with entries_locked(place):
        publish(FIRE)
        end_while_it_writes(place, worker)
    assert worker.process.wait(30) == 0
    assert_fires_once(place, episode)
    assert waiting(FIRE) == 0


def a_batch_in_a_clock(place: Installation, clock: Running) -> None:
    episode = place.enrol()
    with entries_locked(place):
        end_while_it_writes(place, clock)
    assert clock.process.wait(30) == 0
    assert_fires_once(place, episode)


class Load:
    """Patients who are enrolled, and people who record through whichever API answers, as through a proxy."""

    def __init__(self, place: Installation, shop: Production, apis: Callable[[], list[Running]]) -> None:
        self._place, self._shop, self._apis = place, shop, apis
        self._stop = threading.Event()
        self.enrolled: list[str] = []
        self.accepted = 0
        self.refused: list[object] = []

    def run(self) -> None:
        while not self._stop.wait(0.1):
            self.enrolled.append(self._place.enrol())
            self._record(self.enrolled[0], secrets.token_hex(8))

    def end(self) -> None:
        self._stop.set()

    def _record(self, episode: str, key: str) -> None:
        """Send one command until one of the APIs takes it, under one key."""
        said: list[object] = []
        for api in self._apis():
            try:
                status, _ = self._shop.ask(
                    api, "POST", f"/api/v1/episodes/{episode}/record", {"facts": {"weight_kg": 70}}, key
                )
            except OSError as error:
                said.append(type(error).__name__)
                continue
            said.append(status)
            if status == 200:
                self.accepted += 1
                return
        self.refused.append(said)


def test_all_are_replaced_under_load_and_nothing_is_lost_doubled_or_late(place: Installation, tmp_path: Path) -> None:
    stood_still: list[float] = []
    excuse = measured(lambda begun, ended: stood_still.append(ended - begun))
    with excuse, production(place, tmp_path) as shop:
        running = [shop.start(role, *OPTIONS[role]) for role in OPTIONS for _ in range(2)]
        for each in running:
            each.await_ready()
        load = Load(place, shop, lambda: [each for each in reversed(shop.started) if each.role == "api"])
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(load.run)
            try:
                for number in range(2):  # one of each role at a time: the new one is ready before the old one ends
                    old = running[number::2]
                    new = [shop.start(each.role, *OPTIONS[each.role]) for each in old]
                    for each in new:
                        each.await_ready()
                    assert [each.end() for each in old] == [0, 0, 0]
            finally:
                load.end()
            done.result()
        until(lambda: all(map(place.fired, load.enrolled)), "all have fired")
        assert [each.end() for each in shop.started[6:]] == [0] * 6
    assert load.refused == []
    assert load.accepted == len(load.enrolled) > 20
    assert all(map(place.told_once, load.enrolled[1:]))
    assert one(place, _LATEST) <= MOST_LATE_SECONDS + sum(stood_still)
    assert {each["level"] for running in shop.started for each in running.lines()} <= {"info", "warning"}
