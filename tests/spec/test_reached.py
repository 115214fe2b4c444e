"""Goal: some patient comes to every stage, makes every move, sees every option and warning, has every task opened and
is reminded of everything (S-11). The witness is a story that holds, played on the real engine.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import pytest

from orchestrator.clock import Clock
from orchestrator.episode import events as ev
from orchestrator.episode.commands import Actor, Command
from orchestrator.episode.decide import Accepted, Refused, decide
from orchestrator.episode.draft import Draft
from orchestrator.episode.model import Episode
from orchestrator.episode.proposals import table, warnings
from orchestrator.pathway.loader import load_library, load_text
from orchestrator.pathway.model import Pathway, Standing, WarningRow
from orchestrator.service.engine import EpisodeEngine
from orchestrator.service.handlers import Desk
from orchestrator.service.scenario.runner import run_file
from orchestrator.service.shelf import Shelf
from orchestrator.store.opening import open_throwaway
from tests.patients import WORKFLOWS

LIBRARY = load_library(WORKFLOWS)
NAMES = sorted(pathway.name for pathway in LIBRARY.pathways)


@dataclass
class Reached:
    """What the patients of all stories came to. lines: of the rows of a table, in their file."""

    stages: set[str] = field(default_factory=set)
    moves: set[str] = field(default_factory=set)
    reminders: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    rows: set[tuple[str, int]] = field(default_factory=set)

    def note(self, pathway: Pathway, answer: Accepted, now: datetime) -> None:
        for event in answer.events:
            if isinstance(event, ev.Moved):
                self.moves.add(event.transition)
                self.stages.add(event.target.partition("/")[0])
            elif isinstance(event, ev.FactDecided):  # a move on the spot leaves no other trace
                self.moves |= {row.name for row in pathway.transitions if row.target == answer.episode.stage}
            elif isinstance(event, ev.ReminderFired):
                self.reminders.add(event.name)
            elif isinstance(event, ev.TaskOpened):
                self.tasks.add(event.task)
        self.look(pathway, answer.episode, now)

    def look(self, pathway: Pathway, episode: Episode, now: datetime) -> None:
        draft = Draft(pathway, episode, now)
        shown = table(draft.host, draft.values)
        marks = [row.mark for each in shown.proposals.values() for row in each.rows]
        marks += [row.mark for row in warnings(draft.host, draft.values, shown) if isinstance(row, WarningRow)]
        self.rows |= {(mark.file, mark.line) for mark in marks}


class Watching(EpisodeEngine):
    """The engine, watched."""

    def __init__(self, seen: Reached) -> None:
        self.seen = seen
        self.decide = self._decide

    def _decide(
        self, pathway: Pathway, episode: Episode, command: Command, actor: Actor, now: datetime
    ) -> Accepted | Refused:
        answer = decide(pathway, episode, command, actor, now)
        if isinstance(answer, Accepted):
            self.seen.note(pathway, answer, now)
        return answer


@lru_cache
def reached(name: str) -> Reached:
    """Play all stories of a pathway, and return what their patients came to."""
    seen = Reached()

    def place(clock: Clock) -> Desk:
        store, ring = open_throwaway(clock)
        return Desk(store, ring, Shelf(LIBRARY, load_text), Watching(seen))

    for story in sorted((WORKFLOWS / name / "scenarios").glob("*.yaml")):
        assert run_file(story, place).passed, story.name
    return seen


@pytest.mark.parametrize("name", NAMES)
def test_some_patient_comes_to_everything(name: str) -> None:
    pathway, seen = LIBRARY.newest(name), reached(name)
    first = pathway.states[pathway.initial].stage
    assert {state.stage for state in pathway.states.values()} - seen.stages - {first, "closed"} == set()
    assert {row.name for row in pathway.transitions} - seen.moves == set()
    marks = [row.mark for row in pathway.standings] + [row.mark for row in pathway.warnings]
    own = [mark for mark in marks if mark.file.endswith(f"{name}/pathway.yaml")]
    assert [(mark.line, mark.rules) for mark in own if (mark.file, mark.line) not in seen.rows] == []
    owed = {each.name for each in pathway.tasks.values() if not each.of_administrations}
    assert owed - seen.tasks - opened_at_enrolment(pathway) == set()
    assert {each.name for each in pathway.reminders.values()} - seen.reminders - unused(pathway) == set()


def opened_at_enrolment(pathway: Pathway) -> set[str]:
    """Return the tasks that open with the enrolment, which is no command."""
    return {
        each.name
        for each in pathway.tasks.values()
        if any("workup" in g.when.text or g.when.text == "true" for g in each.guards)
    }


def unused(pathway: Pathway) -> set[str]:
    """Return the shared reminders of what this pathway never proposes: a course laid out monthly, a taper."""
    proposed = {name for row in pathway.standings if row.standing in _OFFERED for name in row.selector.regimens}
    schedules = {regimen.schedule.kind for name in proposed if (regimen := pathway.regimens[name]).schedule}
    named = {pathway.regimens[name].reminder for name in proposed}
    monthly = {
        each.name for each in pathway.reminders.values() if each.of == "administrations" and each.name not in named
    }
    tapers = {each.name for each in pathway.reminders.values() if each.of in {"steps", "taper-ends"}}
    return monthly | (tapers if "taper" not in schedules else set())


_OFFERED = {Standing.RECOMMENDED, Standing.ACCEPTABLE}
