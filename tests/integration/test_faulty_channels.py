"""Goal: a faulty file of channels keeps no timer from firing and no notice from its people once it is mended."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator import config
from orchestrator.bootstrap import System, open_system, prepare_store
from orchestrator.bootstrap import channels as again
from orchestrator.config import Settings
from orchestrator.errors import PathwayError
from orchestrator.notify.post import NO_ROUTE, SHUT
from orchestrator.service.deliveries import TRIES_UNTOLD, Deliveries
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import new_key
from orchestrator.service.notices import UNROUTED
from orchestrator.service.rows import Lease
from tests.integration.gateways import Gateway, gateway
from tests.integration.installation import CLINICIAN, PATHWAY, running, until
from workers.deliver import deliver, send

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gateway]:
    with gateway("e-mail", tmp_path / "outside") as gate:
        yield gate


@pytest.fixture
def settings(gate: Gateway, tmp_path: Path) -> Settings:
    environ = {"CAREPATH_CHANNELS": str(gate.file()), "CAREPATH_BROKER_URL": NOBODY}
    made = config.read(environ, home=tmp_path / "home")
    prepare_store(made)
    return made


def spoil(gate: Gateway) -> None:
    file = gate.file()
    file.write_text(file.read_text().replace("routes:", "route:"))


def enrol(system: System) -> str:
    """Enrol a patient, of whom somebody is told at once; return the episode's id."""
    who = (Identifier("mrn", new_key()),)
    return system.enrolments.enrol(EnrolRequest(PATHWAY, who, "w-1", "UTC", CLINICIAN, new_key())).episode_id


def waiting(system: System) -> dict[str, str]:
    """Return by which routes something waits to leave, and why it did not leave yet."""
    rows = system.outgoing.page().rows
    assert all(row["given_up_at"] is None for row in rows), rows
    return {row["route"]: row["last_error"] for row in rows}


def try_often(system: System) -> None:
    """Try to send what waits so often that a route that is gone would be given up."""
    for _ in range(TRIES_UNTOLD + 1):
        wait_for_long(system)
        assert deliver(system) == 0


def wait_for_long(system: System) -> None:
    """Let all that is to leave have waited for longer than anybody leaves it to others."""
    with system.store.change() as change:
        change._sql.exec_driver_sql("UPDATE outbox SET next_try_at = 0 WHERE given_up_at IS NULL")


def test_what_was_told_meanwhile_waits_and_leaves_once_the_file_is_mended(settings: Settings, gate: Gateway) -> None:
    with open_system(settings) as system:
        before = enrol(system)
    spoil(gate)
    with open_system(settings) as system:
        assert "unknown key 'route'" in system.channels.fault
        meanwhile = enrol(system)
        assert system.queries.inbox(limit=9).rows
        try_often(system)
        assert {"all": SHUT.code, UNROUTED: SHUT.code}.items() <= waiting(system).items()
        with pytest.raises(PathwayError, match="unknown key 'route'"):
            system.channels.look()
        gate.file()
        system.channels.look()
        assert not system.channels.fault
        assert deliver(system) >= 2
        assert not waiting(system)
    assert len(gate.of(meanwhile)) == 1
    assert len(gate.of(before)) == 3, "it, and that it did not arrive for long, to two who look after that"
    assert len(set(gate.references())) == 4


def test_what_waits_for_a_file_without_a_route_for_it_stays_in_the_inbox_alone(
    settings: Settings, gate: Gateway
) -> None:
    spoil(gate)
    with open_system(settings) as system:
        enrol(system)
        settings.channels.write_text("format: 1\nlink: https://carepath.example\nroutes: {}\n")  # type: ignore[union-attr]
        system.channels.look()
        assert deliver(system) == 0
        assert not waiting(system)
        assert system.queries.inbox(limit=9).rows


def test_a_program_that_knows_the_routes_sends_what_one_that_does_not_has_told(
    settings: Settings, gate: Gateway
) -> None:
    with open_system(settings) as knows:
        spoil(gate)
        with open_system(settings) as system:
            episode = enrol(system)
        assert deliver(knows) == 1
    assert len(gate.of(episode)) == 1
    assert NO_ROUTE.code not in waiting(knows).values()


def test_a_file_that_is_not_there_is_a_fault_of_the_same_kind(settings: Settings, gate: Gateway) -> None:
    assert settings.channels is not None
    settings.channels.unlink()
    with open_system(settings) as system:
        assert "cannot be read" in system.channels.fault
        episode = enrol(system)
        gate.file()
        system.channels.look()
        assert deliver(system) == 1
    assert len(gate.of(episode)) == 1


@pytest.mark.parametrize("role", ["clock", "worker"])
def test_a_process_starts_with_a_faulty_file_and_sends_once_it_is_mended(
    settings: Settings, gate: Gateway, role: str
) -> None:
    assert again.SECONDS < 5
    spoil(gate)
    with open_system(settings) as system:
        enrol(system)
        with running(["-m", "orchestrator.cli.serve", role], settings):
            until(system.presence.running, f"a {role} runs")
            gate.file()
            if role == "clock":  # a worker is asked through a broker
                until(lambda: gate.server.arrivals, "the letter")


def test_what_one_process_sends_already_no_other_sends_that_finds_the_file_mended_later(
    settings: Settings, gate: Gateway
) -> None:
    with open_system(settings) as system:
        episode = enrol(system)
    spoil(gate)
    with open_system(settings) as first, open_system(settings) as second:
        wait_for_long(first)
        assert deliver(first) == 0
        gate.file()
        first.channels.look()
        held = first.deliveries.take()
        second.channels.look()
        assert deliver(second) == 0, "it is under way"
        assert [send(first, lease) for lease in held] == [True]
    assert len(gate.of(episode)) == 1


def test_what_waited_leaves_at_once_by_processes_that_were_started_when_the_file_was_mended_already(
    settings: Settings, gate: Gateway
) -> None:
    with open_system(settings) as system:
        episode = enrol(system)
    spoil(gate)
    with open_system(settings) as system:
        wait_for_long(system)
        assert deliver(system) == 0
    gate.file()
    with open_system(settings) as system:
        system.channels.look()
        assert deliver(system) == 1
    assert len(gate.of(episode)) == 1


def test_what_is_given_back_while_the_file_is_mended_leaves_at_once(settings: Settings, gate: Gateway) -> None:
    with open_system(settings) as system:
        episode = enrol(system)
    spoil(gate)
    with open_system(settings) as system:
        wait_for_long(system)

        class Late(Deliveries):
            def give_back(self, lease: Lease, error: str) -> bool:
                gate.file()
                system.channels.look()
                return super().give_back(lease, error)

        assert deliver(replace(system, deliveries=Late(system.desk))) == 1
    assert len(gate.of(episode)) == 1


def test_a_process_that_cannot_read_the_file_takes_nothing_from_one_that_can(settings: Settings, gate: Gateway) -> None:
    with open_system(settings) as knows:
        episode = enrol(knows)
        spoil(gate)
        with open_system(settings) as system:
            assert deliver(system) == 0
        assert deliver(knows) == 1
    assert len(gate.of(episode)) == 1
