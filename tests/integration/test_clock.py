"""Goal: a clock asks once and waits for nobody: with the broker down, hanging or unheard, what is due fires in time.

When the wall clock cannot be trusted, nothing fires at all.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from orchestrator.bootstrap import open_system, watch_time
from orchestrator.cli import valkey
from orchestrator.clock import HostClock, VirtualClock
from orchestrator.errors import StoreError
from orchestrator.notify.channel import Result, Sent
from orchestrator.service.firing import Fired, Firing, Sound
from orchestrator.service.pulse import Look, Pulse
from orchestrator.service.rows import Lease
from tests.integration.installation import SECONDS, Installation, installed, until
from tests.letterbox import with_letterbox
from workers import app as jobs
from workers import clock
from workers.app import DELIVER, FIRE, waiting
from workers.beside import Beside
from workers.clock import ASKED_SLEEP_SECONDS, LONGEST_SLEEP_SECONDS, Ticker
from workers.fire import work
from workers.publisher import Publisher
from workers.sweep import sweep


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path, redis_server: valkey.Valkey) -> Iterator[Installation]:
    """An installation on each store in turn; nobody works there."""
    url = request.getfixturevalue("postgres_database") if request.param == "postgres" else None
    with installed(request.param, tmp_path, redis_server, url) as made:
        made.forget_messages()
        yield made


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


def test_a_clock_sleeps_until_the_next_alarm(place: Installation) -> None:
    place.enrol()
    place.sql(f"UPDATE episode SET next_due_at = {place.from_now(0.5)}")
    assert 0 < Ticker(place.system, Ears()).tick() <= 0.5


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


@pytest.mark.parametrize("jump", [-3600.0, -6.0, 6.0, 3600.0])
def test_a_clock_that_was_moved_holds_all_firing_and_calls_for_people(place: Installation, jump: float) -> None:
    ears, moved = Ears(), [0.0]  # by its even clock, the wall is moved back by so much
    ticker = Ticker(replace(place.system, elapsed=lambda: monotonic() + moved[0]), ears)
    ticker.tick()
    episode = place.enrol()
    moved[0] = jump
    assert ticker.tick() == LONGEST_SLEEP_SECONDS
    assert place.fired(episode) == 0
    ticker.tick()
    alarms = [(row["kind"], row["name"], row["role"]) for row in place.inbox("")]
    assert sorted(alarms) == [("clock", "clock-jumped", "administrator"), ("clock", "clock-jumped", "lead")]
    assert ears.delivers > 0, "a worker is asked to send the call while firing is held"
    moved[0] = 0.5  # set right again
    ticker.tick()
    assert place.once(episode)


def test_a_clock_that_stood_still_while_the_wall_was_moved_fires_nothing_on_its_word(place: Installation) -> None:
    even, moves = [1000.0], [-3600.0]  # by its even clock, the wall is moved on between look and claim

    class Slow(Firing):
        def fire_due(self, limit: int = 1, sound: Sound | None = None) -> Fired:
            even[0] += moves.pop() if moves else 0.0
            return super().fire_due(limit, sound)

    slow = replace(place.system, firing=Slow(place.system.desk), elapsed=lambda: even[0])
    ticker = Ticker(slow, Ears(deaf=True))
    episode = place.enrol()
    ticker.tick()
    assert not moves
    assert place.fired(episode) == 0
    even[0] += 3600.0  # set right again
    ticker.tick()
    assert place.once(episode)


class Off(HostClock):
    """A machine's clock that is ahead by so many seconds, and runs as the right one does."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.seconds)


@pytest.mark.parametrize("seconds", [-3600.0, -6.0, 6.0, 3600.0])
def test_a_clock_that_is_started_while_the_stores_time_is_another_than_its_machines_holds_all_firing(
    place: Installation, seconds: float
) -> None:
    host = Off(seconds)
    ticker = Ticker(place.system, Ears(), host)
    episode = place.enrol()
    assert ticker.tick() == LONGEST_SLEEP_SECONDS
    assert place.fired(episode) == 0
    assert {row["name"] for row in place.inbox("")} == {"clocks-differ"}
    host.seconds = 0.0
    ticker.tick()
    assert place.once(episode)
    host.seconds = 3600.0  # from here on the passing of time tells enough
    ticker.tick()
    assert len(place.inbox("")) == 2


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0])
def test_a_worker_leaves_firing_to_the_clocks_where_the_stores_time_is_another_than_its_machines(
    place: Installation, seconds: float
) -> None:
    episode = place.enrol()
    work(replace(place.system, host=Off(seconds)), Ears().deliver)
    assert place.fired(episode) == 0
    work(place.system, Ears().deliver)
    assert place.fired(episode) == 1


def test_a_worker_leaves_firing_to_the_clocks_where_none_of_them_has_trusted_the_time_of_late(
    place: Installation,
) -> None:
    """On one machine a wall that was moved takes the store's with it, and a hint may have waited since before."""
    episode = place.enrol()
    place.sql("UPDATE store_info SET seen_at = {past}")
    work(place.system, Ears().deliver)
    assert place.fired(episode) == 0
    place.system.pulse.saw(place.system.pulse.look().wall)
    work(place.system, Ears().deliver)
    assert place.fired(episode) == 1


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_a_worker_fires_nothing_at_a_time_at_which_a_clock_would_hold(place: Installation, jump: float) -> None:
    """Its store and its machine may share one clock, and agree whatever somebody has set it to."""
    passed = [1000.0]
    system = replace(place.system, elapsed=lambda: passed[0])
    work(system, Ears().deliver)
    episode = place.enrol()
    passed[0] -= jump
    work(system, Ears().deliver)
    assert place.fired(episode) == 0
    passed[0] = 1000.0
    work(system, Ears().deliver)
    assert place.fired(episode) == 1


def test_a_worker_whose_time_jumps_before_the_claim_fires_nothing(place: Installation) -> None:
    moments = iter([1000.0] * 4)  # when it begins, before the look, after it, and within; from then on another time
    system = replace(place.system, elapsed=lambda: next(moments, 400.0))
    episode = place.enrol()
    work(system, Ears().deliver)
    assert place.fired(episode) == 0


def test_a_worker_knows_from_its_start_on_how_the_time_went(place: Installation) -> None:
    """Else its first job, after a quiet week, would trust whatever the wall shows by then."""
    passed = [1000.0]
    system = replace(place.system, elapsed=lambda: passed[0])
    episode = place.enrol()
    passed[0] -= 3600.0
    work(system, Ears().deliver)
    assert place.fired(episode) == 0


def test_a_worker_that_has_nothing_to_do_follows_how_the_time_goes(place: Installation) -> None:
    """Else what two machines' clocks part by in a quiet week would look like a jump."""
    watching = watch_time(place.system)
    passed = place.system.elapsed()
    until(lambda: place.system.trust.holds(HostClock().now(), passed, place.system.elapsed()), "the first look")
    watching.stop()


def test_a_clock_that_is_slow_or_fast_by_little_is_trusted(place: Installation) -> None:
    off = [0.0]
    ticker = Ticker(replace(place.system, elapsed=lambda: monotonic() + off[0]), Ears())
    for turn in range(10):
        off[0] = 4.0 * (turn % 2)
        ticker.tick()
    assert place.inbox("") == []


@pytest.mark.parametrize("column", ["seen_at", "created_at"])
def test_a_clock_before_what_the_store_has_seen_holds_all_firing(place: Installation, column: str) -> None:
    episode = place.enrol()
    place.sql(f"UPDATE store_info SET {column} = {{future}}")
    Ticker(place.system, Ears()).tick()
    assert place.fired(episode) == 0
    assert {row["name"] for row in place.inbox("")} == {"clock-behind"}


def test_a_trusted_time_is_remembered_and_never_goes_back(place: Installation) -> None:
    place.sql("UPDATE store_info SET seen_at = {past}")
    Ticker(place.system, Ears()).tick()
    seen = place.system.pulse.look()
    assert seen.seen_at is not None
    assert (seen.wall - seen.seen_at).total_seconds() < 30
    place.system.pulse.saw(seen.wall.replace(year=2001))
    assert place.system.pulse.look().seen_at == seen.seen_at


def test_a_time_that_was_read_while_a_clock_stood_still_is_not_remembered(place: Installation) -> None:
    even, host = [1000.0], VirtualClock(HostClock().now())

    class Slow(Pulse):
        def look(self) -> Look:
            even[0] += 10.0
            host.advance(timedelta(seconds=10))
            return super().look()

    place.sql("UPDATE store_info SET seen_at = {past}")
    before = place.system.pulse.look()
    slow = replace(place.system, pulse=Slow(place.system.desk), elapsed=lambda: even[0])
    episode = place.enrol()
    Ticker(slow, Ears(), host).tick()
    assert place.fired(episode) == 1, "whoever stood still has seen no jump"
    assert place.system.pulse.look().seen_at == before.seen_at


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
