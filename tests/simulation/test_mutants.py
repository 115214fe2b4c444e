"""Goal: the simulation can fail: each fault that is planted in the product is found, by a seed that finds it soon.

Without the fault the same seed plays through: nothing else is what was found.
"""

import shlex
from dataclasses import replace
from typing import NamedTuple

import pytest

from tests.simulation.faults import Plan, plan
from tests.simulation.mutants import MUTANTS
from tests.simulation.play import play
from tests.simulation.run import command, main, shorten


class By(NamedTuple):
    """What finds a fault: a seed, with these kinds of faults and no others; None: with those that the seed draws."""

    seed: int
    faults: str | None = ""
    patients: int = 1
    pace: float = 1.0


FOUND_BY = {
    "told_after_the_commit": By(1, "crash statement"),
    "the_alarm_stays": By(1),
    "fires_late": By(1),
    "waits_for_the_workers": By(4, "broker"),
    "trusts_any_clock": By(1, "wall", pace=4.0),
    "workers_trust_any_clock": By(1, "wall broker", pace=4.0),
    "mistakes_a_stall_for_a_jump": By(10, "stall"),
    "set_aside_for_good": By(1, "poison", pace=4.0),
    "holds_up_its_neighbours": By(1, "poison", pace=4.0),
    "nobody_sweeps": By(1, "broker crash"),
    "tells_no_owner": By(5),
    "taken_is_gone": By(1, "channel"),
    "recorded_before_it_is_sent": By(1, "channel"),
    "no_fence": By(5, None),
    "a_repeat_is_done_again": By(1),
    "decides_on_a_stale_page": By(1),
    "a_group_mixes_up_its_answers": By(21, None, patients=6),
    "moves_without_telling": By(2),
    "erases_what_is_open": By(1),
}
"""Where the simulation itself has changed, and a seed finds its fault no longer: choose another that does."""


def _plan(by: By) -> Plan:
    drawn = plan(by.seed, years=0.1, patients=by.patients)
    if by.faults is None:
        return drawn
    faults, unheld = frozenset(by.faults.split()), drawn.unheld or frozenset({"lead"})
    return replace(drawn, faults=faults, pace=by.pace, crash_rate=0.03, statement_rate=0.005, unheld=unheld)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_fault_is_found(name: str) -> None:
    with MUTANTS[name]():
        found = play(_plan(FOUND_BY[name]))
    assert found.error, f"nothing noticed that {name.replace('_', ' ')}"


@pytest.mark.parametrize("by", sorted(set(FOUND_BY.values()), key=str), ids=str)
def test_nothing_else_is_found(by: By) -> None:
    assert play(_plan(by)).error == ""


def test_what_fails_is_shortened_and_its_command_replays_it(capsys: pytest.CaptureFixture[str]) -> None:
    with MUTANTS["taken_is_gone"]():
        failing = play(plan(5, years=0.1, patients=2))
        short = shorten(failing)
        assert short.error
        assert short.plan.patients == 1
        assert short.plan.faults < failing.plan.faults
        assert main(shlex.split(command(short.plan))[3:]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-2:] == [f"hash {short.hash}", short.error]
    assert said[: len(short.lines)] == short.lines
