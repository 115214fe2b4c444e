"""Which stories make a ward? For each stage of each pathway one that stands there now: calm, late, or on a taper.

Stories are tried in memory, where that costs little; each is cut where it suits, and none goes on behind a refusal.
What they leave out, a ward does by itself (`chores`): up to now, or for a patient with something late up to his last
entry. Where no story leads to a stage like that, it is played as it stands.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from random import Random

from orchestrator.clock import VirtualClock
from orchestrator.episode.items import REMINDER, items
from orchestrator.episode.model import Episode
from orchestrator.errors import CarepathError
from orchestrator.pathway.model import Pathway
from orchestrator.service.demo.chores import ALL, DOSES, see_to
from orchestrator.service.scenario.bedside import Bedside
from orchestrator.service.scenario.proof import FOLDER
from orchestrator.service.scenario.runner import ACCEPTED, carry_out
from orchestrator.service.scenario.story import Entry, Scenario, read_story
from orchestrator.service.scenario.world import Scene

_AGES = tuple(dt.timedelta(minutes=minutes) for minutes in (12, 50, 3 * 60, 9 * 60, 26 * 60, 3 * 24 * 60))
"""How long ago the last entry of a patient was made."""
_MOST_ENTRIES = 40
_MOST_STORIES = 60
"""Of each pathway, tried until each stage is as wished; after so many, whoever stands there will do."""
CALM, LATE, TAPER = "calm", "late", "taper"
_WISHES = (CALM, LATE, CALM, TAPER, CALM)


@dataclass(frozen=True, slots=True)
class Part:
    """One patient's past: the first entries of a story, and how long ago the last of them was.

    tended: doses are given between the entries too.   kept: what falls due behind the last one is seen to as well.
    """

    pathway: Pathway
    story: Scenario
    entries: int
    age: dt.timedelta
    state: str
    tended: bool
    kept: bool

    @property
    def start(self) -> dt.timedelta:
        """Return how long ago the story began."""
        return self.story.entries[self.entries - 1].at + self.age


def choose(pathways: Sequence[Pathway], workflows: Path, seed: int, now: dt.datetime) -> Iterator[Part]:
    """Yield a part for each stage of each pathway, as far as its stories lead there. The same seed, the same parts.

    now: where the parts end; each was tried at the very moments at which it is to be played.
    """
    for number, pathway in enumerate(pathways):
        dice = Random(f"{seed} {pathway.name}")  # noqa: S311  it chooses stories
        paths = sorted((workflows / pathway.name / FOLDER).glob("*.yaml"))
        dice.shuffle(paths)
        yield from _of_stages(pathway, tuple(_stories(paths)), dice, number, now)


def _stories(paths: Iterable[Path]) -> Iterator[Scenario]:
    for path in paths:
        story = read_story(path)
        if "@" not in story.pathway:
            yield story


def _of_stages(
    pathway: Pathway, stories: Sequence[Scenario], dice: Random, number: int, now: dt.datetime
) -> list[Part]:
    """Return a part for each stage: the first one that is as wished, else any that stands there."""
    stages = dict.fromkeys(state.stage for state in pathway.states.values())
    wishes = {stage: _WISHES[(number + place) % len(_WISHES)] for place, stage in enumerate(stages)}
    wished: dict[str, Part] = {}
    other: dict[str, Part] = {}
    for tended, (tried, story) in product((True, False), enumerate(stories)):
        if len(wished) == len(wishes) or (len(other) == len(wishes) and (tried >= _MOST_STORIES or not tended)):
            break
        for cut, bedside in _cuts(pathway, story, dice, tended=tended):
            stage = bedside.episode().stage
            if tended and stage in wished:
                continue
            wish = wishes.get(stage, CALM)
            part = replace(cut, kept=wish != LATE)
            if not _promises(bedside, part, wish, other):
                continue
            episode = _played(part, now)
            if episode is None or episode.stage in wished or episode.stage not in wishes:
                continue
            other.setdefault(episode.stage, part)
            if wishes[episode.stage] == wish and _TESTS[wish](pathway, episode, now):
                wished[episode.stage] = part
    return list({**other, **wished}.values())


def _cuts(pathway: Pathway, story: Scenario, dice: Random, *, tended: bool) -> Iterator[tuple[Part, Bedside]]:
    """Yield where a story can be cut, and the patient as he stands there."""
    try:
        bedside = Bedside(story, pathway)
        for number, entry in enumerate(story.entries[:_MOST_ENTRIES], 1):
            if not carried(bedside, entry, story.start, tended=tended):
                return
            if entry.action is not None:
                state = bedside.episode().state
                yield Part(pathway, story, number, dice.choice(_AGES), state, tended, kept=True), bedside
    except CarepathError:
        return  # the hospital's own values do not go with this story


def carried(world: Scene, entry: Entry, start: dt.datetime, *, tended: bool) -> bool:
    """Carry out an entry at its time; tell whether that went as a part needs it. tended: with the doses before it."""
    if tended:
        see_to(world, start + entry.at, DOSES)
    world.advance(start + entry.at)
    return entry.action is None or (not entry.refused and carry_out(world, entry, entry.action, start).code == ACCEPTED)


def leave(world: Scene, now: dt.datetime, *, kept: bool) -> None:
    """Let the time pass from the last entry until now. kept: what falls due meanwhile is seen to."""
    see_to(world, now if kept else world.clock.now(), ALL)
    world.advance(now)


def _played(part: Part, now: dt.datetime) -> Episode | None:
    """Return how the patient stands whose past ends now; None where a part goes otherwise at these moments."""
    start = now - part.start
    try:
        bedside = Bedside(replace(part.story, start=start), part.pathway)
        if not all(carried(bedside, each, start, tended=part.tended) for each in part.story.entries[: part.entries]):
            return None
        leave(bedside, now, kept=part.kept)
    except CarepathError:
        return None
    if bedside.clock.now() > now:  # a story that gives several doses in one entry goes on to the last of them
        return None
    return bedside.episode()


def _promises(bedside: Bedside, part: Part, wish: str, other: Mapping[str, Part]) -> bool:
    """Tell whether it is worth while to play a part: it would do at the story's own times, or leads to a new stage."""
    then = copy(bedside)
    then.clock, then.memory = VirtualClock(bedside.clock.now()), deepcopy(bedside.memory)
    leave(then, bedside.clock.now() + part.age, kept=part.kept)
    episode = then.episode()
    return episode.stage not in other or _TESTS[wish](part.pathway, episode, then.clock.now())


def _is_late(pathway: Pathway, episode: Episode, now: dt.datetime) -> bool:
    open_items = items(pathway, episode)
    overdue = any(each.kind != REMINDER and each.due_at and each.due_at < now for each in open_items)
    return episode.closed or (overdue and any(each.kind == REMINDER for each in open_items))


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
