"""What would break a promise? For each kind of property the situation, or the step, that must never be."""

from collections.abc import Callable, Iterator

import z3

from orchestrator.pathway.model import Guard, Property, Standing
from orchestrator.pathway.promises import CLOSED, LEADS_TO, WITHIN
from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.choosing import Confirmation, shown
from orchestrator.pathway.proof.guards import FALSE, Moment, to_come
from orchestrator.pathway.proof.leaving import kept_in
from orchestrator.pathway.proof.moves import at_rest, enabled
from orchestrator.pathway.proof.system import System
from orchestrator.pathway.proof.world import Choose, Situation, any_of

_FEWEST = "a taper is planned in too few days: "


def broken(system: System, promise: Property, now: Situation, choose: Choose) -> z3.BoolRef:
    """Return when the promise is broken: by this situation, or by a step that may be taken from it now."""
    return _BROKEN[promise.kind](system, promise, Moment(now, choose))


def applies(system: System, promise: Property, at: Moment) -> z3.BoolRef:
    """Return when a promise speaks of a situation: its ``when`` holds, its ``unless`` does not."""
    when = system.reader.tri(promise.when.tree, at).true if promise.when is not None else z3.BoolVal(True)
    unless = system.reader.tri(promise.unless.tree, at).true if promise.unless is not None else FALSE
    return z3.And(when, z3.Not(unless))


def _confirmed(system: System, promise: Property, at: Moment) -> z3.BoolRef:
    confirmation = Confirmation(system, at.now, at.choose)
    parts = []
    for regimen, chosen in confirmation.chosen.items():
        if promise.selector is not None and regimen in promise.selector:
            saved = confirmation.exempt(regimen) if promise.save_taper else FALSE
            parts.append(z3.And(chosen, z3.Not(saved), z3.Not(confirmation.excused(regimen))))
    may = confirmation.option().may
    return z3.And(at_rest(system, at), may, applies(system, promise, at), any_of(parts))


def _planned(system: System, promise: Property, at: Moment) -> z3.BoolRef:
    """A taper of fewer days than the promise allows is confirmed, though no gate that asks for more was passed."""
    confirmation = Confirmation(system, at.now, at.choose)
    gates = [gate for gate in system.pathway.gates.values() if "taper" in gate.actions]
    parts = []
    for regimen, chosen in confirmation.chosen.items():
        if promise.selector is not None and regimen in promise.selector:
            refuses = any(regimen in gate.selector and gate.minimum_days >= promise.days for gate in gates)
            short = confirmation.days[regimen] if refuses else at.choose(f"{_FEWEST}{regimen}")
            parts.append(z3.And(chosen, short, z3.Not(confirmation.excused(regimen))))
    return z3.And(at_rest(system, at), confirmation.option().may, any_of(parts))


def _stopped(system: System, promise: Property, at: Moment) -> z3.BoolRef:
    """A course in force is stopped, or closed with another outcome than those named, past no gate."""
    parts = []
    for regimen in system.regimens:
        if promise.selector is None or regimen not in promise.selector:
            continue
        for action in ("stop", "close"):
            gates = [
                gate
                for gate in system.pathway.gates.values()
                if _guards(gate.actions, action, regimen in gate.selector)
            ]
            saved = all(gate.save_outcomes <= promise.outcomes for gate in gates)
            refused = bool(gates) and (action == "stop" or saved)
            if not refused:
                parts.append(at.now[world.course("in force", regimen)])
    return z3.And(at_rest(system, at), any_of(parts))


def _guards(actions: frozenset[str], action: str, selects: bool) -> bool:  # noqa: FBT001
    return selects and action in actions


def _state(system: System, promise: Property, at: Moment) -> z3.BoolRef:
    return z3.And(at_rest(system, at), applies(system, promise, at))


def _by_then(system: System, promise: Property, at: Moment) -> z3.BoolRef:
    """The check has fallen due, and what was to hold by then does not."""
    assert promise.target is not None
    late = z3.And(at.now[world.due(promise.check)], z3.Not(system.reader.tri(promise.target.tree, at).true))
    return z3.And(at_rest(system, at), applies(system, promise, at), late)


def owing(system: System, promise: Property, at: Moment) -> z3.BoolRef:
    """Return 'a situation has come about that leads to another, and the other has not': now, or before this step."""
    assert promise.target is not None
    come = z3.Or(at.now[world.OWED], applies(system, promise, at))
    return z3.And(come, z3.Not(system.reader.tri(promise.target.tree, at).true))


def _not_led_to(system: System, promise: Property, at: Moment) -> z3.BoolRef:
    return z3.And(at_rest(system, at), owing(system, promise, at))


# what is always so


def _two_moves(system: System, _: Property, at: Moment) -> z3.BoolRef:
    rows = [row for row in system.pathway.transitions if row.on == "any"]
    both = [
        z3.And(enabled(system, one, at), enabled(system, other, at))
        for place, one in enumerate(rows)
        for other in rows[place + 1 :]
        if one.origins & other.origins
    ]
    return any_of(both)


def _waits(system: System, at: Moment) -> z3.BoolRef:
    """Return 'the episode waits for a person'."""
    parts = []
    for state in system.pathway.states.values():
        if state.stage in system.names.stages and state.waits is not None:
            content = system.reader.tri(state.content.tree, at).true if state.content is not None else FALSE
            here = at.now[world.stage(state.stage)]
            parts.append(z3.And(here, system.reader.tri(state.waits.tree, at).true, z3.Not(content)))
    return any_of(parts)


def _untold(system: System, _: Property, at: Moment) -> z3.BoolRef:
    return z3.And(
        at_rest(system, at), z3.Not(z3.Or(_waits(system, at), to_come(system.reader, at), any_of(_told(system, at))))
    )


def _told(system: System, at: Moment) -> Iterator[z3.BoolRef]:
    """Yield what tells somebody, beside waits, doses and checks: rhythms, repeated tasks, questions after a course."""
    for kind in system.pathway.reminders.values():
        for anchor in kind.anchors:
            if anchor.guard is not None:
                yield system.reader.guard(anchor.guard, at)
            elif anchor.regimen is not None and anchor.regimen in system.regimens:
                yield at.now[world.course("in force", anchor.regimen)]
            yield from (at.now[world.stage(each)] for each in sorted(anchor.stages) if world.stage(each) in at.now)
        if kind.of == "unchecked-courses":
            stages = any_of(at.now[world.stage(each)] for each in sorted(kind.stages) if world.stage(each) in at.now)
            yield z3.And(stages, system.reader.some("unanswered", at, system.reader.treats).true)
    for task in system.pathway.tasks.values():
        if task.every is not None:
            yield from (system.reader.guard(guard, at) for guard in task.guards)


def _nothing_shown(system: System, _: Property, at: Moment) -> z3.BoolRef:
    """A choice is due, and neither an option nor a missing fact nor a warning is shown."""
    confirmation = Confirmation(system, at.now, at.choose)
    options = any_of(
        z3.And(confirmation.stands(each, standing), z3.Not(at.now[world.course("in force", each)]))
        for each in system.regimens
        for standing in (Standing.RECOMMENDED, Standing.ACCEPTABLE)
    )
    warned = any_of(z3.And(_in(row.stages, at), system.reader.guard(row.guard, at)) for row in system.pathway.warnings)
    return z3.And(at_rest(system, at), _waits(system, at), z3.Not(z3.Or(options, warned, any_of(_missing(system, at)))))


def _not_offered(system: System, promise: Property, at: Moment) -> z3.BoolRef:
    """One of the regimens is neither recommended nor acceptable where it has to be."""
    confirmation = Confirmation(system, at.now, at.choose)
    absent = any_of(
        z3.Not(z3.Or(confirmation.stands(each, Standing.RECOMMENDED), confirmation.stands(each, Standing.ACCEPTABLE)))
        for each in system.regimens
        if promise.selector is not None and each in promise.selector
    )
    return z3.And(at_rest(system, at), applies(system, promise, at), absent)


def _in(stages: frozenset[str], at: Moment) -> z3.BoolRef:
    return any_of(at.now[world.stage(each)] for each in sorted(stages) if world.stage(each) in at.now)


def _missing(system: System, at: Moment) -> Iterator[z3.BoolRef]:
    """Yield 'a fact is missing on which something open now depends'."""
    for row in system.pathway.standings:
        yield z3.And(shown(system, row.stages, at.now), _awaits(system, row.guard, at))
    for move in system.pathway.transitions:
        if move.on == "any":
            here = _in(move.origins, at)
            if move.decides is not None:
                yield z3.And(here, z3.Not(system.names.is_known(move.decides, at.now)))
            yield z3.And(here, _awaits(system, move.guard, at))
    for gate in system.pathway.gates.values():
        if "confirm" in gate.actions and gate.passes is not None:
            yield system.reader.tri(gate.passes.tree, at).unknown


def _awaits(system: System, guard: Guard, at: Moment) -> z3.BoolRef:
    unknown = system.reader.tri(guard.when.tree, at).unknown
    return unknown if guard.unless is None else z3.And(unknown, z3.Not(system.reader.tri(guard.unless.tree, at).true))


Break = Callable[[System, Property, Moment], z3.BoolRef]
_BROKEN: dict[str, Break] = {
    "never confirmed": _confirmed,
    "never planned": _planned,
    "never stopped": _stopped,
    "never state": _state,
    "always told": _untold,
    "always one-move": _two_moves,
    "always shown": _nothing_shown,
    "always offered": _not_offered,
    WITHIN: _by_then,
    LEADS_TO: _not_led_to,
    CLOSED: kept_in,
}
