"""Goal: a part of the store that cannot be read keeps from firing whoever lies there, and nobody else.

The head of a page is overwritten while nobody has the store open, as a disk does that fails; then all goes on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.audit.seal import open_header
from orchestrator.errors import StoreDamaged
from orchestrator.service import salvage
from orchestrator.service.firing import Fired
from orchestrator.service.notices import OWNERS
from orchestrator.service.pulse import Pulse
from orchestrator.service.sheets import Sheets
from orchestrator.store.opening import open_store, prepare
from orchestrator.store.postgres import PostgresStore
from tests.contract.conftest import SqlClock, System, system
from tests.factories import HOUR, T0, enrolment, record
from tests.integration.test_store_faults import running
from tests.servers.postgres import Cluster, new_cluster

PATIENTS = 60


@dataclass
class Broken:
    """A store that is opened again, two hours later, and in which a page was overwritten meanwhile."""

    sut: System
    ids: list[str]
    outcome: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        self.firing = self.sut.firing  # one process's own: it knows what it could not read

    def lost(self) -> list[str]:
        """Return the episodes that cannot be locked."""
        found = []
        for each in self.ids:
            try:
                with self.sut.store.change() as change:
                    change.lock(each, b"")
            except StoreDamaged:
                found.append(each)
        return found

    def fire(self) -> Fired:
        return self.firing.fire_due(20)

    def fire_all(self) -> tuple[int, int]:
        """Fire until nothing is left; return how many episodes fired, and how many were set aside."""
        fired, aside, more = 0, 0, True
        while more:
            done = self.fire()
            fired, aside, more = fired + done.fired, aside + done.set_aside, done.more
        return fired, aside

    def fired(self, episode_id: str) -> int:
        with self.sut.store.change() as change:
            headers = [open_header(each) for each in change.entries(episode_id, 0, 9)]
        return sum(each.cause == "tick" for each in headers)

    def told_of(self) -> list[tuple[str, str, str]]:
        """Return episode, role and ward of each notice that an episode cannot fire, as they stand in the store."""
        with self.sut.store.read() as reader:
            rows = reader._sql.exec_driver_sql("SELECT episode_id, role, ward FROM notice WHERE kind = 'set-aside'")
            return sorted((row.episode_id, row.role, row.ward) for row in rows)


def enrolled(sut: System) -> list[str]:
    """Enrol patients, all of whose alarms are due within the hour."""
    ids = [sut.enrolments.enrol(enrolment(str(each))).episode_id for each in range(PATIENTS)]
    for each in ids:
        sut.handlers.execute(record(each, alarm="1"))
    return ids


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with new_cluster(durable=False) as made:
        made.start()
        yield made


def on_postgres(cluster: Cluster, folder: Path, table: str, page: int) -> Broken:
    name = re.sub(r"\W", "_", folder.name.lower())
    cluster.server.execute(f"CREATE DATABASE {name}")
    address, keys = cluster.server.url(name), folder / "keys.json"
    prepare(address, keys)
    sut = opened(address, keys)
    ids = enrolled(sut)
    with sut.store.read() as reader:
        file = reader._sql.exec_driver_sql(f"SELECT pg_relation_filepath('{table}')").scalar_one()
    sut.store.close()
    cluster.end()
    cluster.damage(file, page)
    cluster.start()
    sut = opened(address, keys)
    sut.clock.set(T0 + 2 * HOUR)
    return Broken(sut, ids)


def opened(address: str, keys: Path) -> System:
    found = open_store(address, keys)
    assert isinstance(found.store, PostgresStore)
    return system(found.store, found.keyring, SqlClock(found.store))


def on_sqlite(folder: Path) -> Broken:
    """Overwrite the head of the page on which one episode's row lies: where its id and its version are side by side."""
    prepare(f"sqlite:///{folder / 'store.db'}", folder / "keys.json")
    sut = running(folder)
    ids = enrolled(sut)
    sut.store.close()
    content = (folder / "store.db").read_bytes()
    row = re.search(re.escape(ids[9].encode()) + b".{1,60}small" + sut.library.pathways[0].hash.encode(), content)
    assert row is not None
    size = int.from_bytes(content[16:18], "big")
    with (folder / "store.db").open("r+b") as file:
        file.seek(row.start() - row.start() % size)
        file.write(bytes(64))
    sut = running(folder)
    sut.clock.set(T0 + 2 * HOUR)
    return Broken(sut, ids)


@pytest.fixture(scope="module", params=["episode", "patient", "sqlite"])
def broken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    """A store in which some episodes, or the keys of their patients, cannot be read, and all has fired that can; they
    are looked for a few at once.
    """
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        made = on_sqlite(folder)
    else:
        made = on_postgres(request.getfixturevalue("cluster"), folder, request.param, 0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(salvage, "_AT_ONCE", 7)
        made.outcome = made.fire_all()
        yield made
    made.sut.store.close()


def test_who_lies_on_a_damaged_page_keeps_nobody_else_from_firing(broken: Broken) -> None:
    lost = broken.lost()
    assert 0 < len(lost) < PATIENTS
    others = [each for each in broken.ids if each not in lost]
    assert broken.outcome == (len(others), len(lost))
    assert [broken.fired(each) for each in others] == [1] * len(others)
    assert broken.told_of() == sorted((each, role, "w-1") for each in lost for role in OWNERS)
    assert broken.fire()[:3] == (0, 0, False), "who cannot be read is tried again in a minute at the soonest"


def test_a_clock_sees_past_a_damaged_page_what_is_due_next(broken: Broken) -> None:
    lost = broken.lost()
    others = sorted(each for each in broken.ids if each not in lost)
    for other, hours in zip(others, ("5", "3", "4"), strict=False):  # whoever stands first is not the first to be due
        broken.sut.handlers.execute(record(other, alarm=hours))
    look = Pulse(broken.sut.desk).look()
    assert (look.now, look.next_alarm) == (T0 + 2 * HOUR, T0 + 5 * HOUR)


def test_what_serves_people_is_ready_for_those_on_other_pages(broken: Broken) -> None:
    broken.sut.store.ready()


def test_the_sheets_tell_of_all_others_and_name_whom_they_cannot_tell_of(broken: Broken) -> None:
    sheets = Sheets(broken.sut.desk)
    (ids,) = sheets.wards().values()
    assert sorted(ids) == sorted(broken.ids)
    told = {each["episode_id"]: each["unreadable"] for each in sheets.patients(ids)}
    assert sorted(told) == sorted(ids)
    assert [each for each in broken.ids if told[each] == "StoreDamaged"] == broken.lost()


def test_where_the_index_of_alarms_cannot_be_read_everybody_fires(cluster: Cluster, tmp_path: Path) -> None:
    broken = on_postgres(cluster, tmp_path, "ix_episode_due", 1)
    assert broken.fire_all() == (PATIENTS, 0)
    assert broken.told_of() == []
    broken.sut.store.close()
