"""What do the moves of the table change, and when is each enabled? One row for one."""

import z3

from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.model import Transition
from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.ending import end
from orchestrator.pathway.proof.guards import FALSE, TRUE, Moment
from orchestrator.pathway.proof.system import System
from orchestrator.pathway.proof.world import Situation, any_of


def settled(system: System, now: Situation, choose: world.Choose) -> z3.BoolRef:
    """Return 'no move that any change starts is enabled': only then does anything else happen."""
    at = Moment(now, choose)
    return z3.Not(any_of(enabled(system, row, at) for row in system.pathway.transitions if row.on == "any"))


def at_rest(system: System, at: Moment) -> z3.BoolRef:
    """Return 'the episode is open, and no move is enabled'."""
    return z3.And(z3.Not(at.now[world.stage(CLOSED_STAGE)]), settled(system, at.now, at.choose))


def enabled(system: System, row: Transition, at: Moment) -> z3.BoolRef:
    """Return when a row of the table is enabled."""
    here = any_of(at.now[world.stage(each)] for each in sorted(row.origins))
    return z3.And(here, system.reader.guard(row.guard, at))


def moved(system: System, cause: str, at: Moment) -> dict[str, z3.BoolRef]:
    """Return what the row that ``cause`` enables changes; no change where none is enabled."""
    changes: dict[str, z3.BoolRef] = {}
    after = at.now
    for row in system.pathway.transitions:
        if row.on == cause:
            holds = enabled(system, row, at)
            for name, new in applied(system, row, at).items():
                changes[name] = z3.If(holds, new, changes.get(name, after[name]))
    return changes


def applied(system: System, row: Transition, at: Moment) -> Situation:
    """Return what a move changes."""
    changes: dict[str, z3.BoolRef] = {}
    if row.decides is not None:
        changes |= _decided(system, row.decides, at.now)
    changes |= {world.stage(each): z3.BoolVal(each == row.target) for each in system.names.stages}
    for each in filter(None, (row.target, row.through)):
        changes[f"reached {each}"] = TRUE
    for each in sorted(row.ends & set(system.regimens)):
        end(system, each, TRUE, at, changes)
    if row.relapse:
        for regimen in system.regimens:
            changes |= {
                world.course("failed", regimen): FALSE,
                world.course("given", regimen): _anew(system, regimen, at),
            }
        changes |= {world.answered(*each): FALSE for each in system.answers} | {world.RELAPSED: TRUE}
    return changes


def _decided(system: System, fact: str, now: Situation) -> dict[str, z3.BoolRef]:
    definition = system.pathway.facts[fact]
    improved = any_of(now[world.value(fact, each)] for each in sorted(definition.improved))
    changes = {world.spent(fact): TRUE, world.IMPROVED: z3.Or(now[world.IMPROVED], improved)}
    for regimen in system.regimens:
        failed = world.course("failed", regimen)
        changes[failed] = z3.Or(now[failed], z3.And(_asked(now, regimen), z3.Not(improved)))
        changes[world.course("unanswered", regimen)] = FALSE
    for regimen, response in system.answers:
        name = world.answered(regimen, response)
        changes[name] = z3.Or(now[name], z3.And(_asked(now, regimen), now[world.value(fact, response)]))
    of_courses = [each.name for each in system.pathway.checks.values() if each.selector is not None]
    return changes | {name: FALSE for each in of_courses for name in (world.due(each), world.several(each))}


def _anew(system: System, regimen: str, at: Moment) -> z3.BoolRef:
    """Return whether a regimen counts as given since the relapse: none does, but what went along with a treatment and
    was confirmed after a relapse that was then taken back.
    """
    if system.reader.treats(regimen):
        return FALSE
    return z3.And(at.now[world.course("ever", regimen)], at.choose(f"{regimen} since a relapse that was taken back"))


def _asked(now: Situation, regimen: str) -> z3.BoolRef:
    """Return 'the response is to a course of this round': one before a relapse is answered too, and counts no more."""
    return z3.And(now[world.course("unanswered", regimen)], now[world.course("given", regimen)])
