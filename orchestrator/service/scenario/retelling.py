"""Does what the solver found happen to a patient? Its deeds, played on the engine until the promise is broken there.

A deed can be done in several ways: a course is over when its doses were given or missed, something is taken back by
taking back one of several things. Each way is tried that leads to where the solver came. Where none breaks the promise
on the engine, the solver allowed what the engine does not: there is no story.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from orchestrator.episode.commands import (
    Close,
    Command,
    Complete,
    Confirm,
    Decline,
    Give,
    Miss,
    Record,
    Retract,
    Stop,
)
from orchestrator.episode.model import Episode
from orchestrator.pathway.kinds import Regimen
from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.proof import story as told
from orchestrator.pathway.proof.story import Deed
from orchestrator.service.scenario.entering import dose, entered
from orchestrator.service.scenario.stagehand import START, Point, Stagehand
from orchestrator.service.scenario.story import DEFAULT_ROLE

MOST = 6_000
"""Entries that are played before a story is given up."""
REASON = "Found by carepath verify"
_MEASURES = {"weight": 70, "height": 170}
"""Of an ordinary adult, in kg and cm: recorded at the start, so that doses can be made."""
_FAITHFUL, _SAME_STAGE, _FREE = 2, 1, 0
"""How closely the engine must follow the solver: stage and courses, the stage alone, or not at all."""

Until = Callable[[Episode], bool]
Way = tuple["Command | Until", ...]


def retell(pathway: Pathway, promise: Property, deeds: Sequence[Deed]) -> Point | None:
    """Return where a story ends in which these deeds break the promise on the engine; None if there is none."""
    hand = Stagehand(pathway, promise)
    begun = _measured(hand, hand.begin())
    for closeness in (_FAITHFUL, _SAME_STAGE, _FREE):
        found = _Telling(hand, closeness).go(begun, tuple(deeds))
        if found is not None:
            return found
    return None


def _measured(hand: Stagehand, point: Point) -> Point:
    """Record weight and height, where the pathway asks for them."""
    facts: dict[str, Any] = {
        fact.name: _MEASURES[fact.measures] for fact in hand.pathway.facts.values() if fact.measures in _MEASURES
    }
    return (hand.act(point, Record(facts=facts), DEFAULT_ROLE) if facts and not point.broken else None) or point


class _Telling:
    """One attempt, as close to the solver's way as is said."""

    def __init__(self, hand: Stagehand, closeness: int) -> None:
        self.hand, self.closeness = hand, closeness
        self.most = hand.played + MOST // 3

    def go(self, point: Point, deeds: tuple[Deed, ...]) -> Point | None:
        """Return where the promise is broken, after as many of the deeds as it takes."""
        if point.broken:
            return point
        if not deeds or self.hand.played > self.most:
            return None
        for way in ways(self.hand.pathway, deeds[0], point.episode):
            after = self._done(point, way, _role(self.hand.pathway, deeds[0]))
            if after is None or not (after.broken or self._fits(after.episode, deeds[0].after)):
                continue
            found = self.go(after, deeds[1:])
            if found is not None:
                return found
        return None

    def _done(self, point: Point, way: Way, role: str) -> Point | None:
        for act in way:
            after = self.hand.act(point, act, role) if isinstance(act, Command) else self.hand.wait(point, act)
            if after is None or after.broken:
                return after
            point = after
        return point

    def _fits(self, episode: Episode, after: frozenset[str] | None) -> bool:
        if after is None or self.closeness == _FREE:
            return True
        if f"stage {episode.stage}" not in after:
            return False
        running = {f"{each.regimen} in force" for each in episode.courses if each.in_force}
        said = {each for each in after if each.endswith(" in force")}
        return self.closeness == _SAME_STAGE or running == said


def _role(pathway: Pathway, deed: Deed) -> str:
    """Return who does it: a clinician, or whoever may pass gates where that is needed."""
    may = pathway.permissions.get("override", frozenset())
    return min(may) if may and deed.lead else DEFAULT_ROLE


# the ways in which a deed can be done


def ways(pathway: Pathway, deed: Deed, episode: Episode) -> Iterator[Way]:
    """Yield the ways in which the deed can be done now, the plainest first."""
    if _is_so_already(deed, episode):
        yield ()
    yield from _WAYS[deed.kind](pathway, deed, episode)


def _is_so_already(deed: Deed, episode: Episode) -> bool:
    ended = deed.kind in {told.ENDS, told.OVER, told.NOT_GIVEN, told.GIVES_WAY}
    return ended and episode.in_force(deed.names[0]) is None


def _common(deed: Deed) -> dict[str, Any]:
    return {"reason": REASON if deed.reason or deed.lead else None, "override": deed.override}


def _record(_: Pathway, deed: Deed, __: Episode) -> Iterator[Way]:
    if not deed.facts:
        yield ()
        return
    days = (START.date().isoformat(), START.date().replace(year=START.year - 1).isoformat())
    for day in days if told.SOME_DAY in deed.facts.values() else days[:1]:
        yield (Record(facts={name: day if value == told.SOME_DAY else value for name, value in deed.facts.items()}),)


def _confirm(pathway: Pathway, deed: Deed, _: Episode) -> Iterator[Way]:
    """Confirm them together; those whose dose is text apart from those whose dose is a number, or one by one."""
    regimens = [pathway.regimens[name] for name in deed.names]
    worded = [each for each in regimens if entered(each) and each.dose is not None and each.dose.unit is None]
    apart = [[each for each in regimens if each not in worded], worded]
    for parts in ([regimens], apart, [[each] for each in regimens]):
        yield tuple(
            Confirm(tuple(each.name for each in part), _parameters(part, deed), **_common(deed))
            for part in parts
            if part
        )


def _parameters(regimens: Sequence[Regimen], deed: Deed) -> dict[str, Any]:
    """Return what a dose needs, and the length of a taper that is planned too short."""
    made = dose(regimens)
    for each in regimens:
        if each.name in deed.short and each.schedule is not None and each.schedule.parameter is not None:
            made[each.schedule.parameter] = deed.days or each.schedule.low
    return made


def _complete(_: Pathway, deed: Deed, __: Episode) -> Iterator[Way]:
    yield (Complete(deed.names[0]),)


def _stop(_: Pathway, deed: Deed, __: Episode) -> Iterator[Way]:
    yield (Stop(deed.names[0], **_common(deed)),)


def _end(pathway: Pathway, deed: Deed, _: Episode) -> Iterator[Way]:
    """Stop what runs, or close with whatever outcome."""
    yield from ((Stop(each),) for each in deed.names)
    yield from ((Close(each),) for each in pathway.outcomes)


def _retract(_: Pathway, __: Deed, episode: Episode) -> Iterator[Way]:
    recorded = [name for name, each in episode.facts.items() if each]
    given = [each.regimen for each in episode.courses if each.recorded]
    for target in dict.fromkeys([*reversed(recorded), *reversed(given)]):
        yield (Retract(target, reason=REASON),)
    yield ()


def _close(pathway: Pathway, deed: Deed, _: Episode) -> Iterator[Way]:
    saved = {name for gate in pathway.gates.values() for name in gate.save_outcomes}
    outcomes = sorted(pathway.outcomes, key=lambda each: (each in saved) is not deed.saved)
    yield from ((Close(each, **_common(deed)),) for each in outcomes)


def _due(pathway: Pathway, deed: Deed, episode: Episode) -> Iterator[Way]:
    check = pathway.checks[deed.names[0]]
    if check.selector is None:
        yield (lambda now: check.name in now.checked,)
        return
    of = check.selector
    checked = sum(1 for each in episode.courses if each.regimen in of and each.checked)
    yield (lambda now: sum(1 for each in now.courses if each.regimen in of and each.checked) > checked,)


def _ends(_: Pathway, deed: Deed, __: Episode) -> Iterator[Way]:
    """Only time ends it."""
    yield (lambda now: now.in_force(deed.names[0]) is None,)


def _over(_: Pathway, deed: Deed, episode: Episode) -> Iterator[Way]:
    name = deed.names[0]
    course = episode.in_force(name)
    left = 0 if course is None else (course.planned or 0) - course.done
    if left > 0:
        yield (Give(name), *(Miss(name) for _ in range(left - 1)))
        yield tuple(Miss(name) for _ in range(left))


def _not_given(_: Pathway, deed: Deed, episode: Episode) -> Iterator[Way]:
    name = deed.names[0]
    course = episode.in_force(name)
    left = 0 if course is None else (course.planned or 0) - course.done
    if left > 0:
        yield tuple(Decline(name) for _ in range(left))
    if course is not None and course.recorded:
        yield (Retract(name, reason=REASON),)


_WAYS: dict[str, Callable[[Pathway, Deed, Episode], Iterator[Way]]] = {
    told.RECORD: _record,
    told.CONFIRM: _confirm,
    told.COMPLETE: _complete,
    told.STOP: _stop,
    told.END: _end,
    told.RETRACT: _retract,
    told.CLOSE: _close,
    told.DUE: _due,
    told.ENDS: _ends,
    told.GIVES_WAY: _ends,
    told.OVER: _over,
    told.NOT_GIVEN: _not_given,
}
