"""Goal: what is due fires and what was told leaves the house, once, whatever becomes of messages, workers and leases.

Real Celery workers, a real Valkey, both stores. Leases end because the test moves the store's own columns, never
because it waits.
"""

import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from orchestrator.bootstrap import System
from orchestrator.cli import valkey
from orchestrator.config import Settings
from orchestrator.errors import StoreError
from orchestrator.notify.channel import Message, Result, Sent
from orchestrator.notify.post import NO_ROUTE, Post, Way
from orchestrator.service.deliveries import TRIES_UNTOLD
from orchestrator.service.rows import Lease
from tests.integration.installation import Installation, installed, running, until
from tests.letterbox import ROUTE, Letterbox, with_letterbox
from workers import app as jobs
from workers.app import DELIVER, FIRE, publish, waiting
from workers.deliver import deliver, send
from workers.deliver import job as deliver_job
from workers.fire import job as fire_job
from workers.publisher import Publisher
from workers.sweep import sweep

WORKER = """
import pickle, sys
from pathlib import Path
from orchestrator.bootstrap import open_system
from tests.letterbox import with_letterbox
from workers import app

settings, size = pickle.load(sys.stdin.buffer), {sys.argv[2]: int(sys.argv[3])}
app.configure(settings.broker_url, lambda: with_letterbox(open_system(settings), Path(sys.argv[1])))
sys.exit(app.run_worker(**size))
"""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, redis_server: valkey.Valkey
) -> Iterator[Installation]:
    """An installation on each store in turn, with one real worker."""
    url = request.getfixturevalue("new_postgres_database")() if request.param == "postgres" else None
    with installed(request.param, tmp_path_factory.mktemp("home"), redis_server, url) as place:
        place.forget_messages()
        with running(working(place, threads=4), place.settings):
            yield place


def working(place: Installation, **size: int) -> list[str]:
    """Return the command of a worker whose letters go to the installation's letterbox."""
    (pool, count), *_ = size.items()
    return ["-c", WORKER, str(place.letterbox), pool, str(count)]


def told(place: Installation) -> tuple[str, Lease]:
    """Enrol a patient, and fire here; return the episode and its second notice, taken. No worker was asked."""
    episode = place.enrol()
    fire_here(place)
    mine = [each for each in place.system.deliveries.take(200) if each.notice.episode_id == episode]
    assert len(mine) == 2
    assert send(place.system, mine[0])
    return episode, mine[1]


def fire_here(place: Installation) -> None:
    """Fire what is due without a word to anybody."""
    while place.system.firing.fire_due().more:
        pass


def test_what_is_due_fires_in_a_worker_and_leaves_the_house(place: Installation) -> None:
    episode = place.enrol()
    assert place.fired(episode) == 0
    assert Publisher(patience_seconds=5.0).fire()
    until(lambda: place.quiet(episode), "fired and delivered by the worker")
    assert place.once(episode)
    assert [row["rung"] for row in place.inbox(episode)] == [1, 0]


def test_what_was_told_stands_in_the_inbox_whatever_becomes_of_its_way_out(place: Installation) -> None:
    episode = place.enrol()
    fire_here(place)
    assert [row["rung"] for row in place.inbox(episode)] == [1, 0]
    assert place.letters(episode) == []
    sweep(place.system)
    until(lambda: place.quiet(episode), "delivered by the worker")
    assert place.once(episode)


def test_a_lost_message_is_sent_again(place: Installation) -> None:
    episode, _ = told(place)  # taken, and nobody sends it
    assert place.letters(episode) == ["delivered"]
    assert not sweep(place.system)
    place.let_leases_end()
    assert sweep(place.system)
    until(lambda: place.quiet(episode), "delivered after the second hint")
    assert place.once(episode)


def test_a_doubled_message_has_one_effect(place: Installation) -> None:
    episode = place.enrol()
    for _ in range(5):
        publish(FIRE)
    until(lambda: place.quiet(episode), "fired and delivered")
    for _ in range(5):
        publish(DELIVER)
        publish(FIRE)
    other = place.enrol()  # its message comes last, so when it is done, so are the others
    publish(FIRE)
    until(lambda: place.quiet(other) and waiting(DELIVER) == waiting(FIRE) == 0, "all messages acted upon")
    assert place.once(episode)


def elsewhere(place: Installation) -> Settings:
    """Return the settings with a broker of its own, of which the worker of all tests hears nothing."""
    return replace(place.settings, broker_url=place.settings.broker_url.replace("virtual_host=0", "virtual_host=1"))


def say(place: Installation, job: str, times: int) -> str:
    """Return as Python what puts a job into the broker before a worker begins."""
    return f"for _ in range({times}): app.publish({job!r})\n"


def test_forked_workers_open_the_store_for_themselves(place: Installation) -> None:
    episodes = [place.enrol() for _ in range(5)]
    command = working(place, processes=2)
    command[1] = command[1].replace("sys.exit", f"{say(place, FIRE, 4)}sys.exit")
    with running(command, elsewhere(place)):
        until(lambda: all(map(place.quiet, episodes)), "fired and delivered by forked processes")
    assert all(map(place.once, episodes))


STUCK = """
import pickle, sys, threading
from dataclasses import replace
from orchestrator import bootstrap
from workers import app

class Stuck:
    open = True

    def send(self, lease):
        print(lease.notice.episode_id, lease.notice.key, flush=True)
        threading.Event().wait()

settings = pickle.load(sys.stdin.buffer)
app.configure(settings.broker_url, lambda: replace(bootstrap.open_system(settings), post=Stuck()))
app.publish(app.DELIVER)
app.run_worker(threads=1)
"""


def test_a_worker_killed_while_it_delivers_loses_and_doubles_nothing(place: Installation) -> None:
    episode, notice = told(place)
    assert place.system.deliveries.release(notice)
    with running(["-c", STUCK], elsewhere(place), ends_with=-signal.SIGKILL) as stuck:
        assert stuck.stdout is not None
        assert stuck.stdout.readline().decode().split() == [episode, notice.notice.key]
        stuck.kill()
        stuck.wait()
    assert (len(place.letters(episode)), place.rows("outbox", episode)) == (1, 1)
    assert not deliver(place.system), "the dead worker's lease still holds"
    place.let_leases_end()
    sweep(place.system)
    until(lambda: place.quiet(episode), "delivered by another worker")
    assert place.once(episode)


def test_a_worker_whose_lease_has_passed_on_is_fenced_out(place: Installation) -> None:
    episode, paused = told(place)
    place.let_leases_end()
    assert deliver(place.system) == 1
    assert place.once(episode)
    assert not send(place.system, paused), "its word counts no more"
    assert not place.system.deliveries.give_back(paused, "late")
    assert not place.system.deliveries.give_up(paused, "late")
    assert place.letters(episode) == ["delivered"] * 3  # after a pause like this one nothing can keep it from twice
    assert (place.rows("outbox", episode), place.rows("delivery", episode)) == (0, 2)


def test_a_channel_that_fails_is_tried_again_with_the_same_id(place: Installation) -> None:
    episode, notice = told(place)
    failing = with_letterbox(place.system, place.letterbox, Letterbox(Result.PASSING))
    assert not send(failing, notice)
    assert not deliver(failing), "not before its time"
    assert place.rows("outbox", episode) == 1
    place.let_leases_end()
    assert deliver(failing) == 1
    assert (place.letterbox / f"{episode}.{notice.notice.key}").read_text() == "passing\ndelivered\n"
    assert (place.rows("outbox", episode), place.rows("delivery", episode)) == (0, 2)


def test_what_cannot_be_delivered_has_an_owner_and_waits_for_a_person(place: Installation) -> None:
    episode, notice = told(place)
    refusing = with_letterbox(place.system, place.letterbox, Letterbox(Result.PERMANENT))
    assert not send(refusing, notice)
    assert place.undelivered(episode) == ["administrator", "lead"]
    (dead,) = [each for each in refusing.deliveries.outgoing(dead=True) if each.notice.episode_id == episode]
    assert (dead.notice, dead.route, dead.last_error, dead.next_try_at) == (notice.notice, ROUTE, "closed-today", None)
    place.let_leases_end()
    assert not deliver(refusing), "it waits for a person"


def test_what_fails_for_long_has_an_owner_too(place: Installation) -> None:
    episode, notice = told(place)
    failing = with_letterbox(place.system, place.letterbox, Letterbox(*[Result.PASSING] * (TRIES_UNTOLD + 1)))
    assert not send(failing, notice)
    for _ in range(TRIES_UNTOLD - 2):
        place.let_leases_end()
        assert not deliver(failing)
    assert place.undelivered(episode) == []
    for _ in range(2):
        place.let_leases_end()
        assert not deliver(failing)
    assert place.undelivered(episode) == ["administrator", "lead"]
    place.let_leases_end()
    assert deliver(failing) == 1


def test_a_route_that_is_configured_no_more_leaves_a_dead_letter(place: Installation) -> None:
    episode, notice = told(place)
    without = replace(place.system, post=Post())
    assert not send(without, notice)
    for _ in range(TRIES_UNTOLD - 1):  # whoever told may know a newer file than this worker
        assert place.undelivered(episode) == []
        place.let_leases_end()
        assert not deliver(without)
    (dead,) = [each for each in place.system.deliveries.outgoing(dead=True) if each.notice.episode_id == episode]
    assert dead.last_error == NO_ROUTE.code


class Breaking:
    """A channel with a fault of its own."""

    name = "broken"

    def send(self, message: Message, to: str) -> Sent:
        raise LookupError(to)


def test_a_channel_that_breaks_keeps_nobody_else_waiting(place: Installation) -> None:
    episode, notice = told(place)
    broken = replace(place.system, post=Post({ROUTE: Way(Breaking(), "somewhere")}))
    assert not send(broken, notice)
    (left,) = [each for each in place.system.deliveries.outgoing() if each.notice.episode_id == episode]
    assert (left.last_error, left.given_up_at) == ("defect", None)


def test_a_store_that_cannot_be_used_is_one_line_in_a_workers_log(caplog: pytest.LogCaptureFixture) -> None:
    def gone() -> System:
        raise StoreError("the database cannot be reached")

    before = jobs.process._open
    jobs.process.close()
    jobs.process.prepare(gone)
    try:
        fire_job()
        deliver_job()
        jobs._after_fork()
    finally:
        jobs.process._open = before
    assert [record.getMessage() for record in caplog.records] == [
        "nothing was done: the database cannot be reached"
    ] * 3
    assert not any(record.exc_info for record in caplog.records)
