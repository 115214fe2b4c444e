"""Goal: a clock that was moved is found, and one that was only looked at slowly is trusted."""

from datetime import UTC, datetime, timedelta

from orchestrator.clock import VirtualClock
from orchestrator.service.pulse import Look
from orchestrator.service.trust import Trust

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)


def at(seconds: float) -> Look:
    """Return what is seen when the wall shows so many seconds after T0."""
    wall = T0 + timedelta(seconds=seconds)
    return Look(wall, wall, None, T0)


def test_a_clock_that_keeps_step_is_trusted() -> None:
    trust = Trust(VirtualClock(T0), float)
    assert [trust.fault(at(each), each, each) for each in (0.0, 1.0, 40.0, 5000.0)] == [None] * 4


def test_a_clock_that_was_moved_is_not_trusted_until_it_is_set_right() -> None:
    trust = Trust(VirtualClock(T0), float)
    assert trust.fault(at(0), 0, 0) is None
    assert trust.fault(at(3601), 1, 1) == "clock-jumped"
    assert trust.fault(at(3640), 40, 40) == "clock-jumped"
    assert trust.fault(at(41), 41, 41) is None
    assert trust.fault(at(-20), 42, 42) == "clock-jumped"


def test_a_look_that_took_long_is_no_jump() -> None:
    """A process stood still, or waited for the store, between its own clock and the wall's."""
    trust = Trust(VirtualClock(T0), float)
    assert trust.fault(at(0), 0, 0) is None
    assert trust.fault(at(70), 2, 71) is None
    assert trust.fault(at(72), 72, 72) is None


def test_a_look_that_took_long_is_no_measure_for_later_ones() -> None:
    """It fits all times of its span: a wall moved ahead by less would pass, and hold the clock once it is set right."""
    trust = Trust(VirtualClock(T0), float)
    assert trust.fault(at(0), 0, 0) is None
    assert trust.fault(at(145), 40, 145) is None
    assert trust.fault(at(265), 200, 200) == "clock-jumped"
    assert trust.fault(at(210), 210, 210) is None


def test_a_first_look_that_took_long_holds_nothing_later() -> None:
    trust = Trust(VirtualClock(T0 + timedelta(seconds=67)), float)
    assert trust.fault(at(67), 0, 67) is None
    assert trust.fault(at(68), 68, 68) is None
    assert trust.fault(at(4000), 4000, 4000) is None
    assert trust.fault(at(4008), 4001, 4001) == "clock-jumped"


def test_a_machine_whose_clock_was_moved_before_the_first_look_is_not_trusted() -> None:
    """Its store may have the same clock, and agrees."""
    passed, host = [0.0], VirtualClock(T0)
    trust = Trust(host, lambda: passed[0])
    passed[0] = 100.0
    host.set(T0 + timedelta(seconds=3700))
    assert trust.fault(at(3700), 100, 100) == "clock-jumped"
    assert not trust.holds(at(3700).wall, 100, 100)
    host.set(T0 + timedelta(seconds=100))
    assert trust.fault(at(100), 100, 100) is None
    assert trust.holds(at(100).wall, 100, 100)
    assert not trust.holds(at(106).wall, 100, 100)


def test_two_clocks_that_agree_again_are_trusted_though_one_was_set_right() -> None:
    host = VirtualClock(T0 - timedelta(hours=1))
    trust = Trust(host, float)
    assert trust.fault(at(0), 0, 0) == "clocks-differ"
    host.set(T0)
    assert trust.fault(at(0), 0, 0) is None
