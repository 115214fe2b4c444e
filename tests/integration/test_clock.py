"""Goal: a clock asks once and waits for nobody: with the broker down, hanging or unheard, what is due fires in time."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from orchestrator.bootstrap import open_system
from orchestrator.cli import valkey
from orchestrator.clock import HostClock
from orchestrator.errors import StoreError
from orchestrator.notify.channel import Result, Sent
from orchestrator.service.firing import Fired, Firing, Sound
from orchestrator.service.pulse import Look
from orchestrator.service.rows import Lease
from tests.integration.installation import SECONDS, Installation, installed, until
from tests.letterbox import with_letterbox
from workers import app as jobs
from workers import clock
from workers.app import DELIVER, FIRE, waiting
from workers.beside import Beside
from workers.clock import ASKED_SLEEP_SECONDS, LONGEST_SLEEP_SECONDS, Ticker
from workers.publisher import Publisher
from workers.sweep import sweep


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path, redis_server: valkey.Valkey) -> Iterator[Installation]:
    """An installation on each store in turn; nobody works there."""
    url = request.getfixturevalue("postgres_database") if request.param == "postgres" else None
    with installed(request.param, tmp_path, redis_server, url) as made:
        made.forget_messages()
        yield made


@pytest.fixture(autouse=True)
def sends_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a clock send all that waits: it gives up after a second, which on a slow machine one letter may take."""
    monkeypatch.setattr("workers.sweep.INLINE_SECONDS", SECONDS)


class Ears:
    """Hears what a clock says; deaf: like a broker that is down."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.deaf, self.fires, self.delivers = deaf, 0, 0

    def fire(self) -> bool:
        self.fires += not self.deaf
        return not self.deaf

    def deliver(self) -> bool:
        self.delivers += not self.deaf
        return not self.deaf


def test_a_clock_sleeps_a_second_at_most_when_nothing_is_due(place: Installation) -> None:
    ears = Ears()
    assert Ticker(place.system, ears).tick() == LONGEST_SLEEP_SECONDS
    assert ears.fires == 0


def test_a_clock_sleeps_until_the_next_alarm(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "LONGEST_SLEEP_SECONDS", 3600.0)  # half a second may be over on a slow machine
    place.enrol()
    place.sql(f"UPDATE episode SET next_due_at = {place.from_now(1800)}")
    assert 1700 < Ticker(place.system, Ears()).tick() <= 1800


@contextmanager
def unhurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have clocks leave what is due to workers for an hour: on a slow machine a second may be over when they look."""
    with monkeypatch.context() as patched:
        patched.setattr(clock, "LATEST_SECONDS", 3600.0)
        yield


def test_a_clock_asks_the_workers_and_does_not_fire_itself(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    episode = place.enrol()
    place.sql(f"UPDATE episode SET next_due_at = {place.from_now(-0.2)}")
    ears = Ears()
    ticker = Ticker(place.system, ears)
    with unhurried(monkeypatch):
        assert ticker.tick() == ASKED_SLEEP_SECONDS
    assert (ears.fires, place.fired(episode)) == (1, 0)
    assert (ears.delivers, place.letters(episode)) == (1, [])


def test_a_clock_fires_itself_when_nobody_did_within_a_second(place: Installation) -> None:
    episode = place.enrol()
    ears = Ears()
    Ticker(place.system, ears).tick()
    assert (ears.fires, place.once(episode)) == (0, True)


def test_with_the_broker_down_what_is_due_fires_and_arrives(place: Installation) -> None:
    episode = place.enrol()
    place.sql(f"UPDATE episode SET next_due_at = {place.from_now(-0.2)}")
    Ticker(place.system, Ears(deaf=True)).tick()
    assert place.once(episode)


def test_past_damage_a_clock_fires_itself_and_waits_for_a_second_and_notes_that_it_looks(place: Installation) -> None:
    lost, other = place.enrol(), place.enrol()
    beyond = str(-(2**62)) if place.kind == "sqlite" else "'-infinity'"
    place.sql(f"UPDATE episode SET next_due_at = {beyond} WHERE episode_id = '{lost}'")
    place.sql("UPDATE store_info SET seen_at = {past}")
    ears = Ears()
    assert Ticker(place.system, ears).tick() == LONGEST_SLEEP_SECONDS
    assert (ears.fires, place.once(other)) == (0, True)
    assert sorted(row["role"] for row in place.inbox(lost) if row["kind"] == "set-aside") == ["administrator", "lead"]
    seen = place.system.pulse.look()
    assert seen.seen_at is not None
    assert seen.wall - seen.seen_at < timedelta(seconds=SECONDS)


_FIRST_HINT = """
import sys
from workers import app as jobs
from workers.publisher import Publisher

jobs.configure(sys.argv[1], lambda: None)
hints = Publisher(patience_seconds=60)
assert hints.open(60)
loaded = set(sys.modules)
assert hints.fire()
assert set(sys.modules) == loaded, sorted(set(sys.modules) - loaded)
"""


def test_the_first_hint_finds_everything_ready(place: Installation, redis_server: valkey.Valkey) -> None:
    """To load Celery's way to the broker takes twice a hint's patience: the first one was taken for refused."""
    subprocess.run([sys.executable, "-c", _FIRST_HINT, redis_server.url], check=True, timeout=120)
    assert waiting(FIRE) == 1


def test_a_broker_that_is_only_slow_is_not_called_down(
    place: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As where a machine has much to do when a clock begins: the hint goes through a second later."""
    goes, publisher = threading.Event(), Publisher(patience_seconds=0.01)

    def slowly(job: str) -> None:
        goes.wait(SECONDS)
        jobs.hint(job)

    monkeypatch.setattr("workers.publisher.hint", slowly)
    assert not publisher.open(0.01)
    assert not publisher.fire()
    goes.set()
    until(lambda: waiting(FIRE) == 1, "it went through")
    until(publisher.fire, "the next one is taken in time")
    assert [each for each in caplog.records if getattr(each, "event", "").startswith("broker")] == []


def test_a_broker_that_takes_nothing_is_called_down_once_and_then_back(
    place: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher(patience_seconds=SECONDS)

    def refuse(_: str) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr("workers.publisher.hint", refuse)
        assert not publisher.open()
        assert not publisher.fire()
    assert publisher.fire()
    assert [getattr(each, "event", "") for each in caplog.records] == ["broker-down", "broker-back"]


def test_one_message_waits_however_often_a_clock_asks(place: Installation) -> None:
    publisher = Publisher(patience_seconds=SECONDS)
    assert all(publisher.fire() for _ in range(5))
    assert waiting(FIRE) == 1
    assert all(publisher.deliver() for _ in range(5))
    assert waiting(DELIVER) == 1


def test_what_the_broker_forgot_fires_in_time(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    episode = place.enrol()
    place.sql(f"UPDATE episode SET next_due_at = {place.from_now(-0.2)}")
    ticker = Ticker(place.system, Publisher(patience_seconds=SECONDS))
    with unhurried(monkeypatch):
        ticker.tick()
    place.forget_messages()
    assert place.fired(episode) == 0
    place.sql(f"UPDATE episode SET next_due_at = {place.from_now(-2)}")
    ticker.tick()
    assert place.once(episode)


def test_a_broker_that_hangs_is_waited_for_no_longer_than_its_patience(
    place: Installation, redis_server: valkey.Valkey
) -> None:
    episode = place.enrol()
    place.sql(f"UPDATE episode SET next_due_at = {place.from_now(-0.2)}")
    publisher = Publisher()
    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        began = monotonic()
        assert not publisher.fire()
        assert not publisher.deliver()
        took = monotonic() - began
        Ticker(place.system, publisher).tick()
        assert place.once(episode)
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    assert took < 4.0, "the broker's own connection is given up after five seconds"
    until(publisher.fire, "the broker is used again once it answers")


def test_a_broker_that_is_gone_holds_up_nothing(place: Installation, tmp_path: Path) -> None:
    gone = valkey.start(tmp_path / "gone")
    gone.stop()
    jobs.configure(gone.url, lambda: place.system)
    episode = place.enrol()
    place.sql(f"UPDATE episode SET next_due_at = {place.from_now(-0.2)}")
    Ticker(place.system, Publisher()).tick()
    assert place.once(episode)


def test_a_broker_that_its_client_could_not_ask_is_used_once_it_can(
    place: Installation, redis_server: valkey.Valkey
) -> None:
    publisher = Publisher(patience_seconds=5.0)
    jobs.configure("nothing://nowhere", lambda: place.system)
    assert not publisher.fire()
    jobs.configure(redis_server.url, lambda: place.system)
    assert publisher.fire()
    assert waiting(FIRE) == 1


def test_what_was_set_aside_comes_back(place: Installation) -> None:
    episode = place.enrol()
    with place.system.store.change() as change:
        change.set_aside(episode, change.times().wall + timedelta(minutes=1), 1)
    Ticker(place.system, Ears()).tick()
    assert place.fired(episode) == 0
    place.sql("UPDATE episode SET set_aside_until = {past}")
    Ticker(place.system, Ears()).tick()
    assert place.fired(episode) == 1


class Hanging:
    """A gateway that takes nothing until it is told to, and gives in after a while all the same."""

    def __init__(self) -> None:
        self.begun, self.over, self.open = threading.Event(), threading.Event(), True
        self.asked, self.gave_in = 0, False

    def channel(self, route: str) -> str:
        return "hanging"

    def send(self, lease: Lease) -> Sent:
        self.asked += 1
        self.begun.set()
        self.gave_in |= not self.over.wait(10)
        return Sent(Result.PASSING, "timeout")


def test_a_gateway_that_hangs_holds_up_no_timer(place: Installation) -> None:
    hanging = Hanging()
    system = replace(place.system, post=hanging)  # type: ignore[arg-type]
    beside = Beside(system)
    ticker = Ticker(system, Ears(deaf=True), send=beside.send)
    for _ in range(3):
        episode = place.enrol()
        ticker.tick()
        assert place.fired(episode) == 1
        assert hanging.begun.wait(10)
    assert (hanging.asked, hanging.gave_in) == (1, False), "one round at a time, and the clock waits for none"
    hanging.over.set()
    beside.finish(10)


def test_clocks_that_fire_at_once_fire_everything_once(place: Installation) -> None:
    episodes = [place.enrol() for _ in range(30)]

    def one_clock(_: int) -> None:
        with open_system(place.settings) as system:
            ticker = Ticker(with_letterbox(system, place.letterbox), Ears(deaf=True))
            for _ in range(3):
                ticker.tick()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one_clock, range(4)))
    until(lambda: not sweep(place.system, inline=True), "all delivered")
    assert all(map(place.once, episodes))


def test_what_no_worker_sends_a_clock_sends_though_the_broker_takes_its_hints(place: Installation) -> None:
    episode = place.enrol()
    place.sql(f"UPDATE episode SET next_due_at = {place.from_now(3600)}")
    place.sql("UPDATE outbox SET next_try_at = {past}")
    ears = Ears()  # nobody listens
    Ticker(place.system, ears).tick()
    assert (ears.fires, ears.delivers, place.letters(episode)) == (0, 1, ["delivered"])


class Stuck(Firing):
    """Fires nothing: the store fails whatever is claimed."""

    def fire_due(self, limit: int = 200, sound: Sound | None = None) -> Fired:
        raise StoreError("the database refuses: SQLSTATE XX001")


def test_what_was_told_leaves_though_nothing_can_fire(place: Installation) -> None:
    episode = place.enrol()
    stuck, ears = replace(place.system, firing=Stuck(place.system.desk)), Ears()
    with pytest.raises(StoreError):
        Ticker(stuck, ears).tick()
    assert (place.fired(episode), place.rows("outbox", episode), ears.delivers) == (0, 1, 1)


class Broken:
    """A store that fails a few times."""

    def __init__(self, times: int, stop: threading.Event) -> None:
        self.times, self.stop = times, stop
        self.pulse, self.simulation = self, None
        self.elapsed, self.host = monotonic, HostClock()

    def look(self) -> Look:
        self.times -= 1
        if self.times == 0:
            self.stop.set()
        raise StoreError("the store is busy")


def test_a_clock_outlives_a_store_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "LONGEST_SLEEP_SECONDS", 0.01)
    stop = threading.Event()
    clock.run(Broken(3, stop), Ears(), stop)  # type: ignore[arg-type]
    assert stop.is_set()
