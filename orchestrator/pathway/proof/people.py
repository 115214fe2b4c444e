"""What may people do next? Record, confirm, complete, stop, take back, close."""

from collections.abc import Iterator, Mapping

import z3

from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.model import Gate
from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.choosing import OVERRIDE, Confirmation
from orchestrator.pathway.proof.ending import end, has_doses
from orchestrator.pathway.proof.guards import FALSE, TRUE, Moment
from orchestrator.pathway.proof.system import Option, System
from orchestrator.pathway.proof.world import Situation, all_of, any_of


def people(system: System, now: Situation, choose: world.Choose) -> Iterator[Option]:
    """Yield what people may do."""
    yield _record(system, now, choose)
    yield Confirmation(system, now, choose).option()
    for task in system.tasks:
        yield Option(f"complete {task}", z3.Not(now[f"completed {task}"]), {f"completed {task}": z3.BoolVal(True)})
    for regimen in system.regimens:
        gates = [gate for gate in _gates(system, "stop") if regimen in gate.selector]
        passed = all_of(choose(f"{OVERRIDE}: {gate.name}") for gate in gates)
        changes: dict[str, z3.BoolRef] = {}
        end(system, regimen, TRUE, Moment(now, choose), changes)
        yield Option(f"stop {regimen}", z3.And(now[world.course("in force", regimen)], passed), changes)
    yield _retract(system, now, choose)
    yield _close(system, now, choose)


def _record(system: System, now: Situation, choose: world.Choose) -> Option:
    """Facts are recorded, corrected or taken back to unknown: any of them, to anything."""
    changes: dict[str, z3.BoolRef] = {}
    fitting = []
    for fact in system.names.facts:
        told = choose(f"{fact} is recorded")
        new = {name: choose(f"recorded {name}") for name in system.names.of_fact(fact)}
        fitting.append(z3.Implies(told, system.names.fitting(fact, new)))
        changes |= {name: z3.If(told, new[name], now[name]) for name in new}
        if system.pathway.facts[fact].of_courses:
            changes[world.spent(fact)] = z3.And(now[world.spent(fact)], z3.Not(told))
    return Option("record", all_of(fitting), changes)


def _unsaid(system: System, now: Situation, choose: world.Choose) -> Option:
    """One fact is as it was before it was last recorded; what follows from it, and what has decided, may change too."""
    told = _record(system, now, choose)
    changes, following = {**told.changes}, {*system.pathway.derivations}
    for each in system.pathway.course_facts:
        following.add(each.name)
        again = choose(f"again {world.spent(each.name)}")
        changes[world.spent(each.name)] = z3.And(system.names.is_known(each.name, changes), again)
    own = [choose(f"{each} is recorded") for each in system.names.facts if each not in following]
    return Option("unsaid", z3.And(told.may, z3.AtMost(*own, 1)), changes)


def _retract(system: System, now: Situation, choose: world.Choose) -> Option:
    """Something is taken back: a fact is as it ever was, and what follows from it; the stage may be any that was
    reached, courses and responses as they ever stood.
    """
    stages = {each: choose(f"back to {each}") for each in system.names.stages}
    one = z3.And(any_of(stages.values()), z3.AtMost(*stages.values(), 1))
    first = system.pathway.states[system.pathway.initial].stage  # a confirmation leaves it, and none is ever taken back
    reached = all_of(
        z3.Implies(back, now[world.stage(each)] if each == first else now[f"reached {each}"])
        for each, back in stages.items()
    )
    unsaid = _unsaid(system, now, choose)
    changes: dict[str, z3.BoolRef] = {**unsaid.changes, **{world.stage(each): back for each, back in stages.items()}}
    changes |= _still_reached(stages, now, choose)
    fitting = [unsaid.may]
    for regimen in system.regimens:
        confirmed = now[world.course("confirmed", regimen)]
        for what in world.COURSE[:-1]:
            name = world.course(what, regimen)
            changes[name] = z3.And(confirmed, choose(f"again {name}"))
    for regimen, response in system.answers:
        name = world.answered(regimen, response)
        changes[name] = z3.And(now[world.course("confirmed", regimen)], choose(f"again {name}"))
    for check in system.pathway.checks.values():
        names = (world.due(check.name), *((world.several(check.name),) if check.selector is not None else ()))
        for name in names:
            changes[name] = (
                choose(f"again {name}") if check.selector is not None else z3.And(now[name], choose(f"again {name}"))
            )
    for name in (world.RELAPSED, world.IMPROVED):
        changes[name] = z3.And(now[name], choose(f"still {name}"))
    changes[world.TAPERED] = choose("again tapered")
    fitting += [_fits(system, each, now, changes) for each in system.regimens]
    for fact in system.pathway.course_facts:
        fitting.append(_decided(system, fact.name, changes, choose))
        decided = z3.And(system.names.is_known(fact.name, changes), changes[world.spent(fact.name)])
        fitting += [z3.Implies(z3.And(decided, stages[name]), _came(system, name, changes)) for name in stages]
    return Option("retract", z3.And(one, reached, *fitting), changes)


def _still_reached(stages: Mapping[str, z3.BoolRef], now: Situation, choose: world.Choose) -> Situation:
    """Return the stages that count as reached afterwards: what was reached by a mistake no longer does."""
    return {
        f"reached {each}": z3.Or(back, z3.And(now[f"reached {each}"], choose(f"still reached {each}")))
        for each, back in stages.items()
    }


def _came(system: System, stage: str, now: Situation) -> z3.BoolRef:
    """Return whether a patient can be in a stage with a response that has decided: if a decision leads there."""
    leading = [row for row in system.pathway.transitions if row.target == stage and row.decides is not None]
    if not leading:
        others = (row for row in system.pathway.transitions if stage in {row.target, row.through})
        return z3.BoolVal(any(row.on == "any" for row in others))
    return now[world.RELAPSED] if all(row.relapse for row in leading) else z3.BoolVal(True)


def _fits(system: System, regimen: str, before: Situation, after: Situation) -> z3.BoolRef:
    """Return 'what is said of the courses of a regimen fits together': what failed was given, what was given counts,
    what is in force and counts is unanswered or was answered.
    """
    running, asked, given, failed, ever = (
        after[world.course(what, regimen)] for what in ("in force", "unanswered", "given", "failed", "ever")
    )
    schedule = system.pathway.regimens[regimen].schedule
    counts = TRUE  # in force it counts, for what was not given at all has ended; but a taper runs on to its last day
    if schedule is None or schedule.kind != "taper":
        counts = z3.Implies(running, z3.And(ever, z3.Or(given, after[world.RELAPSED])))
    signs = [before[world.IMPROVED], before[world.RELAPSED], *([] if system.reader.treats(regimen) else [TRUE])]
    return z3.And(
        counts, z3.Implies(failed, given), z3.Implies(given, ever), z3.Implies(asked, ever),
        z3.Implies(asked, z3.Or(given, after[world.RELAPSED])),  # one from before a relapse may be asked about again
        z3.Implies(z3.And(running, given), any_of((asked, failed, *signs))),
    )  # fmt: skip


def _decided(system: System, fact: str, after: Situation, choose: world.Choose) -> z3.BoolRef:
    """Return 'a response that has decided has answered all that it belonged to'; but one course may count again, since
    that its doses were not given is taken back.
    """
    parts = []
    again = {each: choose(f"{each} was given after all") for each in system.regimens if has_doses(system, each)}
    for each in system.regimens:
        if system.reader.treats(each):
            asked = after[world.course("unanswered", each)]
            parts.append(z3.And(asked, z3.Not(again[each])) if each in again else asked)
    decided = z3.And(system.names.is_known(fact, after), after[world.spent(fact)])
    return z3.And(z3.AtMost(*again.values(), 1), z3.Implies(decided, z3.Not(any_of(parts))))


def _close(system: System, now: Situation, choose: world.Choose) -> Option:
    saved = choose("transferred or deceased")
    refusing = []
    for gate in _gates(system, "close"):
        running = any_of(now[world.course("in force", each)] for each in system.regimens if each in gate.selector)
        refusing.append(z3.Implies(z3.And(running, z3.Not(saved)), choose(f"{OVERRIDE}: {gate.name}")))
    changes: dict[str, z3.BoolRef] = {world.stage(each): FALSE for each in system.names.stages}
    for each in system.regimens:
        end(system, each, TRUE, Moment(now, choose), changes)
    return Option("close", all_of(refusing), {**changes, world.stage(CLOSED_STAGE): TRUE})


def _gates(system: System, action: str) -> list[Gate]:
    return [gate for gate in system.pathway.gates.values() if action in gate.actions]
