"""Goal: whatever a pathway promises is proved of every patient, anew each time, and the list of promises is whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.tracing.book import read_book
from orchestrator.service.proving.found import PROVED
from orchestrator.service.proving.kept import Kept
from orchestrator.service.proving.race import Race
from orchestrator.service.proving.verify import promises, verify
from tests.patients import WORKFLOWS

LIBRARY = load_library(WORKFLOWS)
PATHWAYS = [LIBRARY.newest(name) for name in sorted({each.name for each in LIBRARY.pathways})]
SECONDS = 120.0


@pytest.fixture(scope="module")
def race() -> Iterator[Race]:
    with Race() as running:
        yield running


def no_story(*_: object) -> Path | None:
    return None


@pytest.mark.parametrize("pathway", PATHWAYS, ids=lambda each: each.name)
def test_every_promise_is_proved(pathway: Pathway, race: Race) -> None:
    wanted = promises([pathway], None)[pathway.hash]
    stories = WORKFLOWS / pathway.name / "scenarios"
    asked = verify(pathway, wanted, race, Kept(None), seconds=SECONDS, show=no_story, stories=stories)
    found = {promise.name: finding for promise, finding in asked}
    assert found, "it promises nothing"
    assert {name: each.how for name, each in found.items() if each.status != PROVED} == {}


def test_what_the_rules_list_as_a_property_is_promised_by_some_pathway() -> None:
    promised = {each.name[: len("S-01")] for pathway in PATHWAYS for each in pathway.properties}
    assert read_book(WORKFLOWS).properties - promised == set()
