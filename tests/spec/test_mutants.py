"""Goal: a pathway that says something else is noticed. A seeded sample; `make mutants` tries all of them."""

from collections import Counter

import pytest

from tests.mutants.killers import LOADING, NOTHING, STORY, Killers
from tests.mutants.operators import EVERY, Mutant, mutants
from tests.mutants.run import sample
from tests.mutants.survivors import Survivors
from tests.mutants.trees import dump
from tests.mutants.verdicts import run
from tests.patients import WORKFLOWS

SEED, SIZE = 4, 40
MUTANTS = list(mutants(WORKFLOWS))
LISTED = Survivors.read()


def named(text: str) -> Mutant:
    """Return the first mutant in whose name this stands."""
    return next(each for each in MUTANTS if text in each.name)


def test_a_sample_of_forty_is_noticed() -> None:
    """Or listed: each that lives is in the list, and each that is in the list lives."""
    found = list(run(WORKFLOWS, sample(MUTANTS, SIZE, SEED), jobs=1))
    assert len(found) == SIZE
    assert list(LISTED.faults(found, (each.name for each in MUTANTS))) == []


def test_names_tell_mutants_apart() -> None:
    assert [name for name, count in Counter(each.name for each in MUTANTS).items() if count > 1] == []


def test_every_listed_mutant_is_there() -> None:
    assert sorted(LISTED.names - {each.name for each in MUTANTS}) == []


def test_nothing_is_listed_twice() -> None:
    assert sorted(LISTED.uncaught & LISTED.equivalent.keys()) == []


@pytest.mark.parametrize("pathway", sorted({each.pathway for each in MUTANTS}))
def test_every_mutant_differs_from_its_file(pathway: str) -> None:
    own = [each for each in MUTANTS if each.pathway == pathway]
    assert [each.name for each in own if each.text == dump(own[0].tree)] == []


def test_a_pathway_that_is_not_broken_is_killed_by_nothing() -> None:
    """Else the other verdicts would be worth nothing."""
    whole = named("autoimmune-hemiplegia: transitions.relapse: ")
    killers = Killers(WORKFLOWS)
    try:
        same = Mutant(whole.name, whole.pathway, whole.file, whole.line, whole.element, "none", whole.tree, ())
        assert killers.kill(same).killer == NOTHING
    finally:
        killers.close()


@pytest.mark.parametrize(
    ("name", "killer"),
    [
        (f"{EVERY}: gates.infection-excluded: gate dropped", STORY),
        ("autoimmune-hemiplegia: transitions.begin-maintenance: transition dropped", LOADING),
    ],
)
def test_what_kills(name: str, killer: str) -> None:
    killers = Killers(WORKFLOWS)
    try:
        assert killers.kill(named(name)).killer == killer
    finally:
        killers.close()
