"""Is a promise broken, on the engine itself? Asked of each entry of a story, by the promise's own guards.

Nothing here rests on the solver: what it says against a promise is shown only if this finds it so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from orchestrator.episode.commands import Close, Command, Confirm, Stop
from orchestrator.episode.courses import dosed_days
from orchestrator.episode.draft import Draft
from orchestrator.episode.events import CourseConfirmed, Event, FactDecided, GateOverridden, Moved
from orchestrator.episode.host import exempt_taper
from orchestrator.episode.proposals import OFFERED, decision_due, warning_names
from orchestrator.episode.settle import NOBODY
from orchestrator.pathway.model import Property
from orchestrator.pathway.promises import CLOSED, LEADS_TO, WITHIN
from orchestrator.service.scenario.leaving import kept_in


@dataclass(frozen=True, slots=True)
class Made:
    """One entry: the episode before and after it, what was asked, and what happened."""

    before: Draft
    after: Draft
    command: Command
    events: tuple[Event, ...]


def breaks(promise: Property, made: Made) -> bool:
    """Return whether the promise is broken by this entry, or by the situation after it."""
    found = _BREAKS.get(promise.kind)
    return found is not None and found(promise, made)


def _applies(promise: Property, at: Draft) -> bool:
    if promise.when is not None and promise.when.test(at.values, at.host) is not True:
        return False
    return promise.unless is None or promise.unless.test(at.values, at.host) is not True


def _chosen(promise: Property, made: Made) -> list[CourseConfirmed]:
    """Return the courses of which the promise speaks that were confirmed as proposed, past no gate."""
    if not isinstance(made.command, Confirm) or _overridden(made):
        return []
    return [
        each
        for each in made.events
        if isinstance(each, CourseConfirmed) and _speaks_of(promise, each.regimen) and each.standing in OFFERED
    ]


def _overridden(made: Made) -> bool:
    return any(isinstance(each, GateOverridden) for each in made.events)


def _speaks_of(promise: Property, regimen: str) -> bool:
    return promise.selector is None or regimen in promise.selector


def _confirmed(promise: Property, made: Made) -> bool:
    def saved(regimen: str) -> bool:
        return promise.save_taper and exempt_taper(made.before.pathway, made.before.episode, regimen)

    return _applies(promise, made.before) and any(not saved(each.regimen) for each in _chosen(promise, made))


def _planned(promise: Property, made: Made) -> bool:
    regimens = made.before.pathway.regimens
    for each in _chosen(promise, made):
        schedule = regimens[each.regimen].schedule
        if schedule is not None and schedule.kind == "taper" and dosed_days(schedule, each.parameters) < promise.days:
            return True
    return False


def _stopped(promise: Property, made: Made) -> bool:
    if _overridden(made):
        return False
    if isinstance(made.command, Stop):
        return _speaks_of(promise, made.command.regimen)
    running = (each.regimen for each in made.before.episode.courses if each.in_force)
    ends = isinstance(made.command, Close) and made.command.outcome not in promise.outcomes
    return ends and any(_speaks_of(promise, each) for each in running)


def _state(promise: Property, made: Made) -> bool:
    return not made.after.episode.closed and _applies(promise, made.after)


def _untold(_: Property, made: Made) -> bool:
    """Only the engine's own last resort looks after the patient: nothing of the pathway does."""
    wait = made.after.episode.wait
    return not made.after.episode.closed and wait is not None and wait.what == NOBODY


def _nothing_shown(_: Property, made: Made) -> bool:
    after = made.after
    if after.episode.closed:
        return False
    options = any(each.standing in OFFERED for each in after.table.proposals.values())
    warned = warning_names(after.host, after.values, after.table)
    return decision_due(after.host, after.values) and not options and not after.missing and not warned


def _not_offered(promise: Property, made: Made) -> bool:
    after = made.after
    if after.episode.closed or promise.selector is None or not _applies(promise, after):
        return False
    return any(after.table.standing(each) not in OFFERED for each in promise.selector.regimens)


def _kept_in(promise: Property, made: Made) -> bool:
    return kept_in(made.after.pathway, promise, made.after.episode, made.after.now)


def _late(promise: Property, made: Made) -> bool:
    """What was to hold once the check has fallen due does not."""
    after = made.after
    fallen = not after.episode.closed and after.host.due(promise.check)
    return fallen and _applies(promise, after) and not _aimed_at(promise, after)


def _aimed_at(promise: Property, at: Draft) -> bool:
    return promise.target is not None and promise.target.test(at.values, at.host) is True


def _not_led_to(promise: Property, made: Made) -> bool:
    """A situation came about before a move of this entry, or at its end, and the other one has not since."""
    owed = False
    for at in _between(made):
        owed = (owed or _applies(promise, at)) and not _aimed_at(promise, at)
    return owed and not made.after.episode.closed


def _between(made: Made) -> Iterator[Draft]:
    """Yield the situations in which the moves of an entry were made, and the one after them."""
    if made.before.episode is not made.after.episode:  # else it is the enrolment
        at = Draft(made.before.pathway, made.before.episode, made.after.now)
        for event in made.events:
            if isinstance(event, FactDecided | Moved):
                yield at
            at.emit(event)
    yield made.after


_BREAKS: dict[str, Callable[[Property, Made], bool]] = {
    "never confirmed": _confirmed,
    "never planned": _planned,
    "never stopped": _stopped,
    "never state": _state,
    "always told": _untold,
    "always shown": _nothing_shown,
    "always offered": _not_offered,
    WITHIN: _late,
    LEADS_TO: _not_led_to,
    CLOSED: _kept_in,
}
"""What two moves at once break shows itself: the engine refuses to choose between them."""
