"""Goal: the simulation can fail: each fault that is planted in the product is found within a few seeds."""

import pytest

from tests.simulation.faults import plan
from tests.simulation.mutants import MUTANTS
from tests.simulation.play import play

SEEDS = 12


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_fault_is_found(name: str) -> None:
    with MUTANTS[name]():
        found = any(play(plan(seed, years=0.1, patients=1)).error for seed in range(SEEDS))
    assert found, f"nothing noticed that {name.replace('_', ' ')}"
