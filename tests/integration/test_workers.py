"""Goal: what is due fires and what was told arrives, once, whatever becomes of messages, workers and their leases.

Real Celery workers, a real Valkey, both stores. Leases end and second hints come due because the test moves the store's
own columns, never because it waits.
"""

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from orchestrator.cli import valkey
from orchestrator.config import Settings
from orchestrator.notify.channel import Result, Sent
from orchestrator.service.rows import Lease, NoticeId
from tests.integration.installation import Installation, installed, running, until
from workers.app import DELIVER, FIRE, publish, waiting
from workers.deliver import deliver
from workers.fire import fire
from workers.publisher import Publisher
from workers.sweep import HandOver, sweep

WORKER = ["-m", "orchestrator.cli.serve", "worker"]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, redis_server: valkey.Valkey
) -> Iterator[Installation]:
    """An installation on each store in turn, with one real worker."""
    url = request.getfixturevalue("new_postgres_database")() if request.param == "postgres" else None
    with installed(request.param, tmp_path_factory.mktemp("home"), redis_server, url) as place:
        place.forget_messages()
        with running(WORKER, place.settings):
            yield place


def told(place: Installation) -> tuple[str, NoticeId]:
    """Enrol a patient, and fire here; return the episode and the notice of its second rung. No worker was asked."""
    episode = place.enrol()
    fire(place.system)
    notices = [each for each in place.system.deliveries.hint() if each.episode_id == episode]
    assert len(notices) == 2
    assert deliver(place.system, notices[0])
    return episode, notices[1]


def test_what_is_due_fires_in_a_worker_and_lands_in_the_inbox(place: Installation) -> None:
    episode = place.enrol()
    assert place.fired(episode) == 0
    assert Publisher(patience_seconds=5.0).fire()
    until(lambda: place.quiet(episode), "fired and delivered by the worker")
    assert place.once(episode)
    assert [row["rung"] for row in place.inbox(episode)] == [1, 0]


def test_a_lost_message_is_sent_again(place: Installation) -> None:
    episode, _ = told(place)  # and nothing is sent: the hint was all that there was
    assert len(place.inbox(episode)) == 1
    place.let_hints_come_due()
    sweep(place.system, HandOver(place.system))
    until(lambda: place.quiet(episode), "delivered after the second hint")
    assert place.once(episode)


def test_a_doubled_message_has_one_effect(place: Installation) -> None:
    episode = place.enrol()
    for _ in range(5):
        publish(FIRE)
    until(lambda: place.quiet(episode), "fired and delivered")
    for _ in range(5):
        publish(DELIVER, str(NoticeId(episode, 2, 0)))
        publish(FIRE)
    other = place.enrol()  # its message comes last, so when it is done, so are the others
    publish(FIRE)
    until(lambda: place.quiet(other) and waiting(DELIVER) == waiting(FIRE) == 0, "all messages acted upon")
    assert place.once(episode)


def test_a_message_that_names_no_notice_is_dropped(place: Installation) -> None:
    publish(DELIVER, "'; DROP TABLE outbox")
    episode = place.enrol()
    publish(FIRE)
    until(lambda: place.quiet(episode), "the worker goes on")


PROCESSES = """
import pickle, sys
from orchestrator.bootstrap import open_system
from orchestrator.cli import serve
from workers import app

settings = pickle.load(sys.stdin.buffer)
app.configure(settings.broker_url, lambda: open_system(settings))
for _ in range(4):
    app.publish(app.FIRE)
sys.exit(serve.worker(settings, processes=2))
"""


def elsewhere(place: Installation) -> Settings:
    """Return the settings with a broker of its own, of which the worker of all tests hears nothing."""
    return replace(place.settings, broker_url=place.settings.broker_url.replace("virtual_host=0", "virtual_host=1"))


def test_forked_workers_open_the_store_for_themselves(place: Installation) -> None:
    episodes = [place.enrol() for _ in range(5)]
    with running(["-c", PROCESSES], elsewhere(place)):
        until(lambda: all(map(place.quiet, episodes)), "fired and delivered by forked processes")
    assert all(map(place.once, episodes))


STUCK = """
import pickle, sys, threading
from orchestrator import bootstrap
from workers import app

class Stuck:
    name = "inbox"
    def send(self, notice, key):
        print(key, flush=True)
        threading.Event().wait()

settings = pickle.load(sys.stdin.buffer)
bootstrap.System.channel = property(lambda system: Stuck())
app.configure(settings.broker_url, lambda: bootstrap.open_system(settings))
app.publish(app.DELIVER, sys.argv[1])
app.run_worker(threads=1)
"""


def test_a_worker_killed_while_it_delivers_loses_and_doubles_nothing(place: Installation) -> None:
    episode, notice = told(place)
    with running(["-c", STUCK, str(notice)], elsewhere(place), ends_with=-signal.SIGKILL) as stuck:
        assert stuck.stdout is not None
        assert stuck.stdout.readline().decode().strip() == str(notice)
        stuck.kill()
        stuck.wait()
    assert (len(place.inbox(episode)), place.rows("outbox", episode)) == (1, 1)
    assert not deliver(place.system, notice), "the dead worker's lease still holds"
    place.let_hints_come_due()
    sweep(place.system, HandOver(place.system))
    until(lambda: place.quiet(episode), "delivered by another worker")
    assert place.once(episode)


def test_a_worker_whose_lease_has_passed_on_is_fenced_out(place: Installation) -> None:
    episode, notice = told(place)
    paused = place.system.deliveries.lease(notice)
    assert paused is not None
    place.let_hints_come_due()
    assert deliver(place.system, notice)
    assert place.system.channel.send(paused, str(notice)).result is Result.DELIVERED
    assert not place.system.deliveries.finish(paused, "inbox")
    assert place.once(episode)


class Failing:
    """A channel that fails as it is told to."""

    name = "post"

    def __init__(self, *results: Result) -> None:
        self._results = list(results)
        self.keys: list[str] = []

    def send(self, notice: Lease, key: str) -> Sent:
        self.keys.append(key)
        return Sent(self._results.pop(0), "closed-today")


def test_a_channel_that_fails_is_tried_again_with_the_same_key(place: Installation) -> None:
    episode, notice = told(place)
    channel = Failing(Result.PASSING, Result.DELIVERED)
    assert not deliver(place.system, notice, channel)
    assert place.rows("outbox", episode) == 1
    assert deliver(place.system, notice, channel)
    assert channel.keys == [str(notice), str(notice)]
    assert (place.rows("outbox", episode), place.rows("delivery", episode)) == (0, 2)


def test_what_cannot_be_delivered_has_an_owner(place: Installation) -> None:
    episode, notice = told(place)
    assert deliver(place.system, notice, Failing(Result.PERMANENT))
    undelivered = [row["role"] for row in place.inbox(episode) if row["kind"] == "undelivered"]
    assert sorted(undelivered) == ["administrator", "lead"]
    assert (place.rows("outbox", episode), place.rows("delivery", episode)) == (0, 2)
