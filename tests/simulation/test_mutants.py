"""Goal: the simulation can fail: each fault that is planted in the product is found, by a seed that finds it soon.

Without the fault the same seed plays through (`test_simulation`): nothing else is what was found.
"""

import shlex

import pytest

from tests.simulation.faults import plan
from tests.simulation.mutants import MUTANTS
from tests.simulation.play import play
from tests.simulation.run import command, main, shorten

FOUND_BY = {
    "told_after_the_commit": 1,
    "the_alarm_stays": 1,
    "fires_late": 6,
    "waits_for_the_workers": 4,
    "trusts_any_clock": 5,
    "workers_trust_any_clock": 1,
    "nobody_sweeps": 5,
    "tells_no_owner": 8,
    "taken_is_gone": 5,
    "recorded_before_it_is_sent": 5,
    "no_fence": 1,
    "a_repeat_is_done_again": 5,
    "decides_on_a_stale_page": 5,
}
"""Where the simulation itself has changed, and a seed finds its fault no longer: choose another that does."""


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_fault_is_found(name: str) -> None:
    with MUTANTS[name]():
        found = play(plan(FOUND_BY[name], years=0.1, patients=1))
    assert found.error, f"nothing noticed that {name.replace('_', ' ')}"


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
