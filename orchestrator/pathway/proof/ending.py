"""What changes when a course ends? It may count as given no more: what was never recorded is not to come any longer."""

import z3

from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.guards import FALSE, Moment
from orchestrator.pathway.proof.system import System


def end(system: System, regimen: str, when: z3.BoolRef, at: Moment, changes: dict[str, z3.BoolRef]) -> None:
    """Note in ``changes`` that the course of a regimen that is in force ends where ``when`` holds."""
    running = world.course("in force", regimen)
    so_far = changes.get(running, at.now[running])
    ends = z3.And(so_far, when)
    changes[running] = z3.And(so_far, z3.Or(z3.Not(when), another(system, regimen, at)))
    if has_doses(system, regimen):
        discount(system, regimen, z3.And(ends, at.choose(f"no dose of {regimen} was given")), at, changes)


def has_doses(system: System, regimen: str) -> bool:
    """Return whether a course has doses. One without always counts as given."""
    return system.pathway.regimens[regimen].schedule is not None


def another(system: System, regimen: str, at: Moment) -> z3.BoolRef:
    """Return whether another course is in force of those for which a regimen stands; it may stand for itself alone."""
    return at.choose(f"another {regimen} is in force") if regimen in system.several else FALSE


def discount(system: System, regimen: str, when: z3.BoolRef, at: Moment, changes: dict[str, z3.BoolRef]) -> None:
    """Note that a course of a regimen counts as given no more where ``when`` holds; an earlier one of it may."""
    names = {what: world.course(what, regimen) for what in ("given", "ever", "unanswered", "failed")}
    so_far = {name: changes.get(name, at.now[name]) for name in (*names.values(), *_answers(system, regimen))}
    still = {name: z3.And(so_far[name], at.choose(f"still {name}")) for name in so_far}
    given, before = still[names["given"]], z3.Not(so_far[names["given"]])
    left = {names["given"]: given, names["ever"]: z3.Or(given, still[names["ever"]])}
    left |= {name: z3.And(still[name], given) for name in (names["failed"], *_answers(system, regimen))}
    left[names["unanswered"]] = z3.And(still[names["unanswered"]], z3.Or(given, before))  # one before a relapse
    for name, new in left.items():
        changes[name] = z3.If(when, new, so_far[name])
    checks = [each for each in system.pathway.checks.values() if each.selector is not None and regimen in each.selector]
    about = [name for each in checks for name in (world.due(each.name), world.several(each.name))]
    if system.pathway.regimens[regimen].kind in tapered_kinds(system):
        about.append(world.TAPERED)
    for name in about:
        changes[name] = z3.If(when, at.choose(f"without it {name}"), changes.get(name, at.now[name]))


def _answers(system: System, regimen: str) -> list[str]:
    return [world.answered(*each) for each in system.answers if each[0] == regimen]


def tapered_kinds(system: System) -> frozenset[str]:
    """Return the kinds of course that a taper follows."""
    return frozenset(each.tapers for each in system.pathway.regimens.values() if each.tapers)
