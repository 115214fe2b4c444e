"""Does some patient come to everything that a pathway speaks of (S-11)? The witnesses are its stories, on the engine.

Every state, every move, every standing that a row of the pathway gives, every task and every reminder. A story counts
as a whole, whatever it expects. What no story comes to is told by name; nothing is guessed for it.
"""

import datetime as dt
import hashlib
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from orchestrator.episode import events as ev
from orchestrator.episode.commands import Command
from orchestrator.episode.decide import Accepted, Refused
from orchestrator.episode.draft import Draft
from orchestrator.episode.model import Episode
from orchestrator.episode.proposals import OFFERED, warnings
from orchestrator.errors import CarepathError
from orchestrator.pathway.kinds import CLOSED_STAGE, Mark, stage_of
from orchestrator.pathway.model import Pathway, WarningRow
from orchestrator.service.proving.found import PROVED, UNKNOWN, Finding
from orchestrator.service.scenario.bedside import Bedside
from orchestrator.service.scenario.story import Scenario, read_story

_TOLD = 5
"""Things that are told by name when no story comes to them."""


def story_files(folder: Path | None) -> list[Path]:
    """Return the stories in a folder, in order; none where there is no folder."""
    return sorted(folder.glob("*.yaml")) if folder is not None else []


def digest(folder: Path | None) -> str:
    """Return what names the stories of a folder and their content."""
    found = hashlib.sha256()
    for path in story_files(folder):
        found.update(f"{path.name} ".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def reach(pathway: Pathway, promise: str, folder: Path | None) -> Finding:
    """Return whether the stories come to everything."""
    began, found, files = time.monotonic(), set[str](), story_files(folder)
    for path in files:
        found |= come_to(pathway, path)
    left = [each for each in wanted(pathway) if each not in found]
    spent = time.monotonic() - began
    if not left:
        how = f"{len(files)} stories, which come to all of {sum(1 for _ in wanted(pathway))} things"
        return Finding(promise, PROVED, how, spent)
    more = f" and {len(left) - _TOLD} more" if len(left) > _TOLD else ""
    where = f"of {len(files)} stories" if files else "for there is none"
    return Finding(promise, UNKNOWN, f"no story comes to {', '.join(left[:_TOLD])}{more}, {where}", spent)


def come_to(pathway: Pathway, path: Path) -> frozenset[str]:
    """Return what the patient of a story comes to; nothing for one that cannot be read or does not play."""
    try:
        story = read_story(path)
        if story.pathway.partition("@")[0] != pathway.name:
            return frozenset()
        watched = _Watched(story, pathway)
        deque(watched.play(), maxlen=0)
    except CarepathError:
        return frozenset()
    return frozenset(watched.found)


def wanted(pathway: Pathway) -> Iterator[str]:
    """Yield everything that somebody has to come to."""
    stages = dict.fromkeys(state.stage for state in pathway.states.values())
    yield from (_stage(each) for each in stages if each != CLOSED_STAGE)
    yield _stage(CLOSED_STAGE)
    yield from (_move(row.name) for row in pathway.transitions)
    yield from dict.fromkeys(_row(row.mark) for row in pathway.standings)
    yield from (_task(each.name) for each in pathway.tasks.values() if not each.of_administrations)
    yield from (_reminder(each) for each in pathway.reminders if each not in unused(pathway))


def unused(pathway: Pathway) -> frozenset[str]:
    """Return the reminders that all pathways share of what this one never proposes: a monthly course, a taper."""
    proposed = {name for row in pathway.standings if row.standing in OFFERED for name in row.selector.regimens}
    tapered = any((schedule := pathway.regimens[each].schedule) and schedule.kind == "taper" for each in proposed)
    named = {pathway.regimens[name].reminder for name in proposed}
    monthly = {each.name for each in pathway.reminders.values() if each.of == "administrations"} - named
    tapers = {each.name for each in pathway.reminders.values() if each.of in {"steps", "taper-ends"}}
    return frozenset(monthly | (set() if tapered else tapers))


def _stage(name: str) -> str:
    return f"stage '{name}'"


def _move(name: str) -> str:
    return f"move '{name}'"


def _task(name: str) -> str:
    return f"task '{name}'"


def _reminder(name: str) -> str:
    return f"reminder '{name}'"


def _row(mark: Mark) -> str:
    return f"the row at {Path(mark.file).parent.name}/{Path(mark.file).name}:{mark.line}"


class _Watched(Bedside):
    """A story that is watched. found: what its patient has come to."""

    def __init__(self, scenario: Scenario, pathway: Pathway) -> None:
        self.found = set[str]()
        super().__init__(scenario, pathway)

    def noted(self, before: Episode | None, command: Command, answer: Accepted | Refused, now: dt.datetime) -> None:  # noqa: ARG002
        if not isinstance(answer, Accepted):
            return
        episode, moved = answer.episode, any(isinstance(each, ev.Moved) for each in answer.events)
        self.found.add(_stage(episode.stage))
        for event in answer.events:
            if isinstance(event, ev.Moved):
                self.found |= {_move(event.transition), _stage(stage_of(event.target))}
            elif isinstance(event, ev.FactDecided) and not moved:  # a move on the spot leaves no other trace
                self.found |= set(self._on_the_spot(episode.stage))
            elif isinstance(event, ev.ReminderFired):
                self.found.add(_reminder(event.name))
            elif isinstance(event, ev.TaskOpened):
                self.found.add(_task(event.task))
        if not episode.closed:
            self._look(Draft(self.pathway, episode, now))

    def _on_the_spot(self, stage: str) -> Iterator[str]:
        rows = (row for row in self.pathway.transitions if row.decides is not None and row.target == stage)
        return (_move(row.name) for row in rows if stage in row.origins)

    def _look(self, draft: Draft) -> None:
        for proposal in draft.table.proposals.values():
            self.found |= {_row(row.mark) for row in proposal.rows}
        shown = warnings(draft.host, draft.values, draft.table)
        self.found |= {_row(row.mark) for row in shown if isinstance(row, WarningRow)}
