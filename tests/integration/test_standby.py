"""Goal: when the database's machine fails and its standby is promoted, nothing is lost that anybody was told is done.

Two real servers, one copied from the other and streaming from it; people and a clock at work, on one address for both.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from orchestrator.errors import StoreError
from orchestrator.service.handlers import Answer, Request
from orchestrator.store import server
from orchestrator.store.opening import open_store, prepare
from orchestrator.store.postgres import PostgresStore
from tests.contract.conftest import SqlClock, System, system
from tests.factories import enrolment, record
from tests.integration.installation import until
from tests.servers.postgres import USER, Cluster, Postgres, new_cluster, new_standby

NAME = "second"


@pytest.fixture
def primary() -> Iterator[Cluster]:
    with new_cluster(durable=True) as primary:
        primary.start()
        yield primary


def ask(database: Postgres, question: str) -> object:
    """Return one value."""
    with psycopg.connect(host=str(database.socket), user=USER, dbname="postgres") as connection:
        (row,) = connection.execute(question.encode())
        return row[0]


def standing(database: Postgres, check: str) -> tuple[bool, str]:
    (found,) = (each for each in server.findings(database.url()) if each.check == check)
    return found.well, found.text


class Ward:
    """People who record, each on a patient of their own, and a clock; what is not answered is sent again as it was."""

    def __init__(self, sut: System) -> None:
        self._sut = sut
        self.patients = [sut.enrolments.enrol(enrolment(str(number))).episode_id for number in range(4)]
        self.answered: list[tuple[Request, Answer]] = []
        self.unanswered = 0
        self._stop = threading.Event()

    def _record(self, patient: str) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            asked = record(patient, key=f"{patient}-{number}", a=number)
            while (answer := self._sent(asked)) is None and not self._stop.is_set():
                self.unanswered += 1
            if answer is not None:
                self.answered.append((asked, answer))

    def _sent(self, asked: Request) -> Answer | None:
        try:
            return self._sut.handlers.execute(asked)
        except StoreError:
            return None

    def _tick(self) -> None:
        while not self._stop.is_set():
            try:
                self._sut.firing.fire_due()
            except StoreError:
                self.unanswered += 1

    @contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._record, args=(each,)) for each in self.patients]
        threads.append(threading.Thread(target=self._tick))
        for thread in threads:
            thread.start()
        try:
            yield
            so_far = len(self.answered)
            until(lambda: len(self.answered) > so_far + 20, "they go on")
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()


def opened(address: str, keys: Path) -> System:
    found = open_store(address, keys)
    assert isinstance(found.store, PostgresStore)
    return system(found.store, found.keyring, SqlClock(found.store))


def test_what_was_answered_is_there_after_the_standby_was_promoted(primary: Cluster, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    prepare(primary.server.url(), keys)
    assert standing(primary.server, "standby") == (True, "none follows")
    with new_standby(primary) as standby:
        standby.start(cluster_name=NAME)
        until(
            lambda: ask(primary.server, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"),
            "it follows",
        )
        well, told = standing(primary.server, "standby")
        assert (well, "no commit waits" in told) == (False, True)
        primary.server.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{NAME}'")
        primary.server.execute("SELECT pg_reload_conf()")
        until(lambda: ask(primary.server, "SELECT max(sync_state) FROM pg_stat_replication") == "sync", "commits wait")
        assert standing(primary.server, "standby")[0]
        well, told = standing(standby.server, "primary")
        assert (well, "name the primary" in told) == (False, True)

        either = f"host={primary.server.socket},{standby.server.socket}&target_session_attrs=read-write"
        sut = opened(f"postgresql://{USER}@/postgres?{either}", keys)
        ward = Ward(sut)
        due = sut.enrolments.enrol(enrolment("due")).episode_id
        sut.handlers.execute(record(due, alarm="1"))
        with ward.at_work():
            until(lambda: len(ward.answered) > 40, "people work")
            primary.kill()
            standby.server.execute("SELECT pg_promote()")
            sut.clock.advance(timedelta(hours=2))
        until(lambda: not sut.firing.fire_due().fired, "nothing is due any more")

        assert ward.unanswered, "nobody noticed anything: the primary was not gone"
        for asked, answer in ward.answered:
            assert sut.handlers.execute(asked)[:3] == answer[:3], "another answer than the first one"
        assert all(sut.audit.verify(each).whole for each in (*ward.patients, due))
        assert [each["cause"] for each in sut.queries.timeline(due)].count("tick") == 1
        sut.store.close()

        standby.server.execute("ALTER SYSTEM SET synchronous_standby_names = 'third'")
        standby.server.execute("SELECT pg_reload_conf()")
        until(lambda: not standing(standby.server, "standby")[0], "it is seen that commits would wait for nobody")
