"""What may time bring next? A check falls due, a taper ends, the doses of a course are over."""

from collections.abc import Iterator

import z3

from orchestrator.pathway.model import Check, Replacement
from orchestrator.pathway.proof import world
from orchestrator.pathway.proof.ending import another, discount, end
from orchestrator.pathway.proof.guards import TRUE, Moment, Signals
from orchestrator.pathway.proof.moves import moved
from orchestrator.pathway.proof.system import Option, System
from orchestrator.pathway.proof.world import Situation, all_of, any_of


def passing(system: System, now: Situation, choose: world.Choose) -> Iterator[Option]:
    """Yield what may happen by itself."""
    for check in system.pathway.checks.values():
        yield _falls_due(system, check, now, choose)
    for regimen in system.regimens:
        definition = system.pathway.regimens[regimen]
        if definition.schedule is None:
            continue
        if definition.schedule.kind == "taper":
            yield _taper_ends(system, regimen, now, choose)
        if definition.schedule.kind != "monthly":
            yield from _over(system, regimen, now, choose)
    for row in system.pathway.replaces:
        if row.at == "start":
            yield from _begun(system, row, Moment(now, choose))


def _falls_due(system: System, check: Check, now: Situation, choose: world.Choose) -> Option:
    name = world.due(check.name)
    changes: dict[str, z3.BoolRef] = {name: TRUE}
    of = [each for each in system.regimens if check.selector is not None and each in check.selector]
    if check.selector is None:
        treatments = (each for each in system.regimens if system.reader.treats(each))
        earlier = (e for e in system.pathway.checks.values() if e.selector is None and e.after < check.after)
        may = z3.And(
            any_of(now[world.course("confirmed", each)] for each in treatments),
            z3.Not(now[name]),
            all_of(now[world.due(each.name)] for each in earlier),
        )
    else:
        asked = any_of(now[world.course("unanswered", each)] for each in of)
        latest = z3.Or(z3.Not(now[world.several(check.name)]), choose(f"{name} of the latest course"))
        changes[name] = z3.Or(now[name], z3.And(asked, latest))
        may = z3.Or(asked, *_going_on(check, of, now))
    changes |= moved(system, "due", Moment({**now, **changes}, choose, Signals({}, {check.name: TRUE})))
    if check.ends and check.selector is not None:
        for each in of:
            end(system, each, TRUE, Moment(now, choose), changes)
    return Option(name, may, changes)


def _going_on(check: Check, of: list[str], now: Situation) -> Iterator[z3.BoolRef]:
    """Yield what else lets a check fall due: one that ends a course ends it although the response has decided."""
    if check.ends:
        yield from (now[world.course("in force", each)] for each in of)


def _taper_ends(system: System, regimen: str, now: Situation, choose: world.Choose) -> Option:
    changes: dict[str, z3.BoolRef] = {}
    end(system, regimen, TRUE, Moment(now, choose), changes)
    changes[world.TAPERED] = choose("the last course was tapered")
    changes |= moved(system, "due", Moment({**now, **changes}, choose, Signals({}, {}, TRUE)))
    return Option(f"{regimen} ends", now[world.course("in force", regimen)], changes)


def _over(system: System, regimen: str, now: Situation, choose: world.Choose) -> Iterator[Option]:
    """The doses of a course are all recorded; if none was given, it counts no more. A taper runs on to its last day."""
    schedule, running = system.pathway.regimens[regimen].schedule, world.course("in force", regimen)
    ends = schedule is not None and schedule.kind != "taper"
    left = z3.And(now[running], another(system, regimen, Moment(now, choose)))
    if ends and regimen not in system.pathway.lasting:
        yield Option(f"{regimen} is over", now[running], {running: left})
    changes: dict[str, z3.BoolRef] = {running: left} if ends else {}
    discount(system, regimen, TRUE, Moment(now, choose), changes)
    yield Option(f"{regimen} was not given", now[world.course("confirmed", regimen)], changes)


def _begun(system: System, row: Replacement, at: Moment) -> Iterator[Option]:
    running = any_of(at.now[world.course("in force", each)] for each in system.regimens if each in row.by)
    for regimen in system.regimens:
        if regimen in row.what and regimen not in row.by:
            changes: dict[str, z3.BoolRef] = {}
            end(system, regimen, TRUE, at, changes)
            may = z3.And(running, at.now[world.course("in force", regimen)])
            yield Option(f"{regimen} gives way", may, changes)
