"""Goal: what is proved is so on the engine too: no entry of a story breaks a promise, and from where any patient has
come to, the way out that the proof gives leads out (S-06). A possibility is no property of the model's steps alone.
"""

import os
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from orchestrator.episode.commands import Command
from orchestrator.episode.decide import Accepted, Refused
from orchestrator.episode.draft import Draft
from orchestrator.episode.model import Episode
from orchestrator.pathway.checks.closing import options
from orchestrator.pathway.leaving import ends_by_itself, holding
from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.promises import CLOSED
from orchestrator.service.scenario.bedside import Bedside
from orchestrator.service.scenario.breach import Made, breaks
from orchestrator.service.scenario.leaving import leaves
from orchestrator.service.scenario.story import read_story
from tests.lives import Lives
from tests.property.test_conformance import stories
from tests.worlds import NAMES, PATHWAYS

LIVES = int(os.environ.get("LIVES", "60"))


def way_out(pathway: Pathway) -> Property:
    (promise,) = (each for each in pathway.properties if each.kind == CLOSED)
    return promise


def gets_out(pathway: Pathway, episode: Episode, now: datetime) -> bool:
    """Return whether the way out leads out; of one who is on what the pathway never proposes nothing is promised."""
    promise = way_out(pathway)
    beyond = {*holding(pathway, promise.outcomes)} - options(pathway)
    for course in episode.courses:
        if course.in_force and course.regimen in beyond and not ends_by_itself(pathway, course.regimen):
            return True
    return episode.closed or leaves(pathway, promise, episode, now)


class Watched(Bedside):
    """A story's world in which every entry is asked whether it breaks a promise."""

    def __init__(self, path: Path, pathway: Pathway) -> None:
        self.found: list[str] = []
        super().__init__(read_story(path), pathway)

    def noted(self, before: Episode | None, command: Command, answer: Accepted | Refused, now: datetime) -> None:
        if before is not None and isinstance(answer, Accepted):
            was, now_is = (Draft(self.pathway, each, now) for each in (before, answer.episode))
            made = Made(was, now_is, command, answer.events)
            promises = (each for each in self.pathway.properties if each.kind != CLOSED)
            self.found += [f"{each.name} at {command}" for each in promises if breaks(each, made)]


@pytest.mark.parametrize("name", NAMES)
def test_no_entry_of_a_story_breaks_a_promise_and_everybody_gets_out(name: str) -> None:
    broken, kept_in = [], []
    for path in stories(name):
        world = Watched(path, PATHWAYS[name])
        list(world.play())
        broken += [f"{path.stem}: {each}" for each in world.found]
        if not gets_out(world.pathway, world.episode(), world.clock.now()):
            kept_in.append(path.stem)
    assert (broken, kept_in) == ([], [])


class Leaving(Lives):
    """A patient of whom anything is done, and who leaves at the end."""

    def teardown(self) -> None:
        if hasattr(self, "patient"):
            assert gets_out(self.pathway, self.episode, self.patient.now)


TestLeaving = Leaving.TestCase
TestLeaving.settings = settings(max_examples=LIVES, stateful_step_count=40, suppress_health_check=list(HealthCheck))
