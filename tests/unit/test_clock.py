"""Goal: each clock tells the time that it should; a simulated one runs at its one speed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from orchestrator.clock import HostClock, SimulatedClock, VirtualClock, is_zone

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_a_host_clock_is_in_utc() -> None:
    assert HostClock().now().tzinfo is UTC


def test_a_virtual_clock_moves_when_told() -> None:
    clock = VirtualClock(T0.astimezone(timezone(timedelta(hours=2))))
    assert clock.now() == T0
    assert clock.now().tzinfo is UTC
    clock.advance(timedelta(hours=72))
    assert clock.now() == T0 + timedelta(days=3)
    clock.set(T0)
    assert clock.now() == T0


def test_a_simulated_clock_runs_an_hour_a_second() -> None:
    wall = VirtualClock(datetime(2030, 1, 1, tzinfo=UTC))
    clock = SimulatedClock(T0, 3600, wall.now(), wall)
    assert clock.now() == T0
    wall.advance(timedelta(seconds=72))
    assert clock.now() == T0 + timedelta(hours=72)


@pytest.mark.parametrize("name", ["Europe/London", "UTC", "America/Argentina/Ushuaia"])
def test_a_zone_is_the_same_on_every_machine(name: str) -> None:
    assert is_zone(name)


@pytest.mark.parametrize(
    "name", ["localtime", "posixrules", "Factory", "posix/Europe/London", "right/Europe/London", "Mars/Base", "", "\0"]
)
def test_what_one_machine_was_set_to_is_no_zone(name: str) -> None:
    assert not is_zone(name)
