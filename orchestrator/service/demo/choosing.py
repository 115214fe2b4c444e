"""Which stories make a ward? For each stage of each pathway one that stands there now: calm, late, or on a taper.

Stories are tried in memory, where that costs little; each is cut where it suits, and none goes on behind a refusal.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random

from orchestrator.clock import VirtualClock
from orchestrator.episode.items import items
from orchestrator.episode.model import Episode
from orchestrator.errors import CarepathError
from orchestrator.pathway.model import Pathway
from orchestrator.service.scenario.bedside import Bedside
from orchestrator.service.scenario.proof import FOLDER
from orchestrator.service.scenario.runner import ACCEPTED, carry_out
from orchestrator.service.scenario.story import Scenario, read_story

_AGES = tuple(dt.timedelta(minutes=minutes) for minutes in (12, 50, 3 * 60, 9 * 60, 26 * 60, 3 * 24 * 60))
"""How long ago the last entry of a patient was made."""
_MOST_ENTRIES = 40
_MOST_STORIES = 60
"""Of each pathway, tried until each stage is as wished; after so many, whoever stands there will do."""
CALM, LATE, TAPER = "calm", "late", "taper"
_WISHES = (CALM, LATE, CALM, TAPER, CALM)


@dataclass(frozen=True, slots=True)
class Part:
    """One patient's past: the first entries of a story, and how long ago the last of them was."""

    pathway: Pathway
    story: Scenario
    entries: int
    age: dt.timedelta
    state: str

    @property
    def start(self) -> dt.timedelta:
        """Return how long ago the story began."""
        return self.story.entries[self.entries - 1].at + self.age


def choose(pathways: Sequence[Pathway], workflows: Path, seed: int) -> Iterator[Part]:
    """Yield a part for each stage of each pathway, as far as its stories lead there. The same seed, the same parts."""
    for number, pathway in enumerate(pathways):
        dice = Random(f"{seed} {pathway.name}")  # noqa: S311  it chooses stories
        paths = sorted((workflows / pathway.name / FOLDER).glob("*.yaml"))
        dice.shuffle(paths)
        yield from _of_stages(pathway, _stories(paths), dice, number)


def _stories(paths: Iterable[Path]) -> Iterator[Scenario]:
    for path in paths:
        story = read_story(path)
        if "@" not in story.pathway:
            yield story


def _of_stages(pathway: Pathway, stories: Iterable[Scenario], dice: Random, number: int) -> list[Part]:
    """Return a part for each stage: the first one that is as wished, else any that stands there."""
    stages = dict.fromkeys(state.stage for state in pathway.states.values())
    wishes = {stage: _WISHES[(number + place) % len(_WISHES)] for place, stage in enumerate(stages)}
    wished: dict[str, Part] = {}
    other: dict[str, Part] = {}
    for tried, story in enumerate(stories):
        if len(wished) == len(wishes) or (tried >= _MOST_STORIES and len(other) == len(wishes)):
            break
        for part, episode, now in _cuts(pathway, story, dice):
            stage = episode.stage
            if stage in wishes and stage not in wished and _TESTS[wishes[stage]](pathway, episode, now):
                wished[stage] = part
            other.setdefault(stage, part)
    return list({**other, **wished}.values())


def _cuts(pathway: Pathway, story: Scenario, dice: Random) -> Iterator[tuple[Part, Episode, dt.datetime]]:
    """Yield where a story can be cut, with how the patient then stands at which moment."""
    try:
        bedside = Bedside(story, pathway)
        for number, entry in enumerate(story.entries[:_MOST_ENTRIES], 1):
            bedside.advance(story.start + entry.at)
            if entry.action is None:
                continue
            if entry.refused or carry_out(bedside, entry, entry.action, story.start) != ACCEPTED:
                return
            age = dice.choice(_AGES)
            episode, now = _later(bedside, age)
            yield Part(pathway, story, number, age, episode.state), episode, now
    except CarepathError:
        return  # the hospital's own values do not go with this story


def _later(bedside: Bedside, age: dt.timedelta) -> tuple[Episode, dt.datetime]:
    """Return how the patient stands if nobody enters anything for a while."""
    other = copy(bedside)
    other.clock, other.memory = VirtualClock(bedside.clock.now()), deepcopy(bedside.memory)
    other.advance(bedside.clock.now() + age)
    return other.episode(), other.clock.now()


def _is_late(pathway: Pathway, episode: Episode, now: dt.datetime) -> bool:
    open_items = items(pathway, episode)
    overdue = any(each.kind != "reminder" and each.due_at and each.due_at < now for each in open_items)
    return episode.closed or (overdue and any(each.kind == "reminder" for each in open_items))


def _is_calm(pathway: Pathway, episode: Episode, now: dt.datetime) -> bool:
    open_items = items(pathway, episode)
    return episode.closed or (bool(open_items) and all(each.due_at is None or each.due_at > now for each in open_items))


def _is_tapering(pathway: Pathway, episode: Episode, now: dt.datetime) -> bool:
    del now
    regimens = (pathway.regimens[each.regimen] for each in episode.courses if each.in_force)
    return episode.closed or any(each.schedule is not None and each.schedule.kind == "taper" for each in regimens)


_TESTS: dict[str, Callable[[Pathway, Episode, dt.datetime], bool]] = {
    CALM: _is_calm, LATE: _is_late, TAPER: _is_tapering,
}  # fmt: skip
