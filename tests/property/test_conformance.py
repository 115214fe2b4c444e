"""Goal: every step of the engine is a step of the model that is proved, so that what is proved holds of the engine.

Every entry of every story and of random lives is cut into the model's steps; each must be what the option of its name
may do. More lives than `make test` has time for: ``LIVES=2000 make test ARGS="-k conformance"``.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orchestrator.episode.commands import Actor, Command
from orchestrator.episode.decide import Accepted, Refused
from orchestrator.episode.host import Host, Signals
from orchestrator.episode.model import REPLACED, Episode
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.proof.system import System
from orchestrator.service.scenario.bedside import Bedside
from orchestrator.service.scenario.story import read_story
from tests.abstraction import situation
from tests.lives import Lives
from tests.modelled import asked, modelled
from tests.patients import (
    CLOCK,
    WORKFLOWS,
    Close,
    Complete,
    Confirm,
    Decline,
    Give,
    Miss,
    Record,
    Retract,
    Stop,
)
from tests.property.test_moves import courses, states, story
from tests.worlds import NAMES, PATHWAYS, spoken_facts, spoken_regimens, values

LIVES = int(os.environ.get("LIVES", "60"))


def conforms(pathway: Pathway, before: Episode, command: Command, answer: Accepted | Refused, at: datetime) -> None:
    if isinstance(answer, Accepted):
        found = modelled(pathway.name).deviations(before, command, answer, at)
        assert not found, "\n".join(found)


def begins(pathway: Pathway, episode: Episode, at: datetime) -> None:
    """Check the enrolment: what the model calls a patient's beginning, and at rest."""
    model = modelled(pathway.name)
    assert model.may_begin(situation(model.system, episode, at))


class Conforming(Bedside):
    """A story's world in which every entry is looked at."""

    def noted(self, before: Episode | None, command: Command, answer: Accepted | Refused, now: datetime) -> None:
        if before is None:
            begins(self.pathway, self.episode(), now)
        else:
            conforms(self.pathway, before, command, answer, now)


def stories(name: str) -> list[Path]:
    return sorted((WORKFLOWS / name / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_of_every_story_is_made_of_steps_of_the_model(name: str) -> None:
    found = []
    for path in stories(name):
        try:
            list(Conforming(read_story(path), PATHWAYS[name]).play())
        except AssertionError as error:
            found.append(f"{path.name}: {error}")
    assert not found, "\n".join(found[:10])
    used = modelled(name).used
    assert {"record", "confirm", "close", "retract"} <= used.keys()
    assert len([each for each in used if each.startswith("move ")]) > 5


# random lives


class Life(Lives):
    """A patient of whom much is done: everything is asked for by a lead who gives reasons and passes the gates."""

    def act(self, command: Command, role: str) -> None:
        before = self.episode
        actor = CLOCK if role == "clock" else Actor(f"{role}-1", role)
        answer = self.patient.do(command, actor)
        conforms(self.pathway, before, command, answer, self.patient.now)

    @property
    def all_gates(self) -> dict[str, Any]:
        return {"reason": "a reason", "override": tuple(self.pathway.gates)}

    @rule(data=st.data())
    def respond(self, data: st.DataObject) -> None:
        fact = data.draw(st.sampled_from(self.pathway.course_facts))
        self.act(Record(facts={fact.name: data.draw(values(fact))}), "lead")

    @rule(data=st.data())
    def observe(self, data: st.DataObject) -> None:
        """Record one thing of which the moves speak."""
        spoken = sorted({name for row in self.pathway.transitions for name in row.guard.facts})
        named = data.draw(st.sampled_from(spoken))
        found = data.draw(values(self.pathway.facts[named]))
        self.act(Record(facts={named: sorted(found) if isinstance(found, frozenset) else found}), "lead")

    @rule(data=st.data(), given=st.booleans())
    def treat(self, data: st.DataObject, *, given: bool) -> None:
        regimens = data.draw(st.lists(st.sampled_from(self.of_all()), min_size=1, max_size=2, unique=True))
        doses = [self.pathway.regimens[each].dose for each in regimens]
        entered = any(each is not None and each.kind == "entered" for each in doses)
        parameters: dict[str, Any] = (
            {"dose": 60 if len(regimens) > 1 or (doses[0] and doses[0].unit) else "1 g"} if entered else {}
        )
        if given:
            parameters["given"] = [self.patient.now.isoformat()]
        self.act(Confirm(tuple(regimens), parameters, **self.all_gates), "lead")

    def of_all(self) -> list[str]:
        """Return the regimens, those that the pathway offers more often."""
        return [*self.pathway.regimens, *spoken_regimens(self.pathway), *self.pathway.lines, *self.pathway.lines]

    @precondition(lambda self: any(each.in_force and each.planned for each in self.episode.courses))
    @rule(data=st.data())
    def chart_to_the_end(self, data: st.DataObject) -> None:
        running = [each for each in self.episode.courses if each.in_force and each.planned]
        course = data.draw(st.sampled_from(running))
        kinds = data.draw(st.sampled_from([(Give,), (Miss,), (Decline,), (Miss, Give), (Give, Decline)]))
        for number in range((course.planned or 0) - len(course.recorded)):
            self.act(kinds[number % len(kinds)](course.regimen), "lead")

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        recorded = [*self.episode.facts, *(each.regimen for each in self.episode.courses if each.recorded)]
        if recorded:
            self.act(Retract(data.draw(st.sampled_from(recorded)), reason="a reason"), "lead")

    @rule()
    def take_back_the_latest(self) -> None:
        latest = max(self.episode.facts, key=lambda each: self.episode.facts[each][-1].seq, default=None)
        if latest is not None:
            self.act(Retract(latest, reason="a reason"), "lead")

    @precondition(lambda self: any(each.in_force for each in self.episode.courses))
    @rule(data=st.data())
    def halt(self, data: st.DataObject) -> None:
        regimen = data.draw(st.sampled_from([each.regimen for each in self.episode.courses if each.in_force]))
        self.act(Stop(regimen, **self.all_gates), "lead")

    @rule(data=st.data())
    def see_to(self, data: st.DataObject) -> None:
        tasks = modelled(self.pathway.name).system.tasks
        if tasks:
            self.act(Complete(data.draw(st.sampled_from(tasks))), "lead")

    @precondition(lambda self: len(self.patient.entries) > 60)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        self.act(Close(data.draw(st.sampled_from(self.pathway.outcomes)), **self.all_gates), "lead")


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=LIVES, stateful_step_count=60, suppress_health_check=list(HealthCheck))


# guards alone


def facts(system: System) -> st.SearchStrategy[dict[str, Any]]:
    """Return some of the facts of which the pathway speaks, numbers often where guards compare them."""
    found = {}
    for name in sorted({*spoken_facts(system.pathway), *system.names.facts}):
        cuts = {
            each
            for region in system.names.regions.get(name, ())
            for each in (region.low, region.high)
            if each is not None
        }
        found[name] = values(system.pathway.facts[name])
        if cuts:
            found[name] = st.one_of(found[name], st.sampled_from(sorted(cuts)))
    return st.fixed_dictionaries({}, optional=found)


def replaced(pathway: Pathway) -> frozenset[str]:
    """Return the regimens of which another can take the place."""
    rows = (row for row in pathway.replaces if row.at == "confirmation")
    return frozenset().union(*(row.what.regimens for row in rows))


def signals(pathway: Pathway) -> st.SearchStrategy[Signals]:
    return st.builds(
        Signals,
        confirmed=st.frozensets(st.sampled_from(spoken_regimens(pathway)), max_size=2),
        checks=st.frozensets(st.sampled_from(sorted(pathway.checks)), max_size=1),
        taper_ending=st.booleans(),
    )


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=LIVES, suppress_health_check=list(HealthCheck))
@given(data=st.data(), relapsed=st.booleans())
def test_the_model_reads_a_guard_as_the_engine_does(name: str, data: st.DataObject, *, relapsed: bool) -> None:
    questions, pathway = asked(name), PATHWAYS[name]
    before, after = data.draw(facts(questions.system)), data.draw(facts(questions.system))
    made = [
        each for each in data.draw(courses(pathway)) if each["end"] != REPLACED or each["regimen"] in replaced(pathway)
    ]
    episode = story(pathway, data.draw(states(pathway)), made, before, after, relapsed=relapsed)
    happening = data.draw(signals(pathway))
    host = Host(pathway, episode, episode.at, happening)
    found = list(questions.disagreeing(episode, episode.at, happening, host))
    assert not found, "\n".join(found)


def test_there_are_guards_to_read() -> None:
    assert all(len(asked(name).answers) > 40 for name in NAMES)


# who stands for whom


def selectors(pathway: Pathway) -> Iterator[frozenset[str]]:
    """Yield the sets of regimens of which anything in a pathway speaks."""
    yield from (gate.selector.regimens for gate in pathway.gates.values())
    yield from (check.selector.regimens for check in pathway.checks.values() if check.selector is not None)
    yield from (row.selector.regimens for row in pathway.standings)
    yield from (each.regimens for row in pathway.replaces for each in (row.by, row.what))
    yield from (row.ends for row in pathway.transitions)
    yield from (each.selector.regimens for each in pathway.properties if each.selector is not None)
    yield pathway.lasting


@pytest.mark.parametrize("name", NAMES)
def test_who_stands_for_a_regimen_is_like_it_in_all_that_the_model_reads(name: str) -> None:
    system = modelled(name).system
    pathway, spoken = system.pathway, list(selectors(system.pathway))
    for regimen, other in system.stand_ins.items():
        one, two = pathway.regimens[regimen], pathway.regimens[other]
        assert [regimen in each for each in spoken] == [other in each for each in spoken], (regimen, other)
        assert (one.treats, one.tapers, one.kind) == (two.treats, two.tapers, two.kind)
        assert (one.schedule and one.schedule.kind) == (two.schedule and two.schedule.kind)
