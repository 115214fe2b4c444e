"""Goal: whatever goes wrong, and whenever, nothing is lost, nothing doubled, and nothing late once somebody is up.

A few seeds, those of `test_mutants` among them; `make simulate` plays as many as one likes. And the same seed is the
same course of events.
"""

import os
import subprocess
import sys

import pytest

from tests.simulation.faults import KINDS, plan
from tests.simulation.play import play
from tests.simulation.run import command

SEEDS = (1, 4, 5, 6, 8)
YEARS = 0.1
WARD = 32
CALM = 7
ACTS = (
    "groups", "change-ward", "claim", "break-glass", "mend-glass", "compare", "merge", "unmerge", "looks checked",
    "upgrades", "kills", "answers", "transactions",
)  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_is_there_and_everything_once(seed: int) -> None:
    played = play(plan(seed, years=YEARS, patients=1))
    assert not played.error, "\n".join([*played.lines[-20:], f"replay: {command(played.plan)}"])
    assert played.counts["transactions"] > 0


def test_what_a_ward_does_is_played_too() -> None:
    """Commands share a transaction; patients move; records are merged and separated; versions change under way."""
    played = play(plan(WARD, years=YEARS, patients=5))
    assert not played.error, "\n".join([*played.lines[-20:], f"replay: {command(played.plan)}"])
    assert [each for each in ACTS if not played.counts[each]] == []


def test_years_go_by_where_patients_do_well_and_all_is_answered() -> None:
    """Three years of one patient with hardly more entries than a tenth of a year has where nobody answers."""
    played = play(plan(CALM, years=3.0, patients=1, attended=True))
    assert not played.error, "\n".join([*played.lines[-20:], f"replay: {command(played.plan)}"])
    assert 0 < played.counts["answers"] < played.counts["entries checked"] < 1000


def test_a_quarter_of_the_seeds_is_attended_unless_their_years_are_given() -> None:
    drawn = [plan(seed) for seed in range(200)]
    attended = [each for each in drawn if each.attended]
    assert 30 < len(attended) < 70
    assert min(each.years for each in attended) > max(each.years for each in drawn if not each.attended)
    assert not any(plan(seed, years=YEARS).attended for seed in range(20))


def test_the_same_seed_is_the_same_course_of_events() -> None:
    """In another process too, in which sets and dictionaries of text have another order, and keys are others."""
    told = "from tests.simulation import faults, play; print(play.play(faults.plan(0, years=0.1, patients=1)).hash)"
    hashes = {play(plan(0, years=YEARS, patients=1)).hash}
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=True)
    hashes.add(done.stdout.strip())
    assert len(hashes) == 1


def test_another_seed_is_another_course_of_events() -> None:
    assert play(plan(0, years=YEARS, patients=1)).hash != play(plan(4, years=YEARS, patients=1)).hash


def test_a_plan_is_replayed_by_its_command() -> None:
    planned = plan(3, years=0.5, patients=2).without("crash")
    words = command(planned)
    assert "--seed 3 --years 0.5 --patients 2" in words
    assert all((kind in words) == (kind not in planned.faults) for kind in KINDS)
    assert "--attended" not in words
    assert "--attended" in command(plan(3, years=5.0, patients=1, attended=True))
