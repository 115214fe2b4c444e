"""Can an episode be closed from every stage? What may keep a person from it: a gate, and a course that never ends.

A course of the pathway's own options that neither ends by itself nor is replaced, and that a gate lets nobody stop,
keeps a gate of closing shut for ever but with the outcomes that the gate exempts.
"""

from collections.abc import Iterator

from orchestrator.errors import PathwayError
from orchestrator.pathway.checks.asked import fault
from orchestrator.pathway.model import Pathway, Standing


def options(pathway: Pathway) -> frozenset[str]:
    """Return the regimens that the pathway can propose: a row gives them a standing that is no contraindication."""
    rows = (row for row in pathway.standings if row.standing is not Standing.CONTRAINDICATED)
    return frozenset(regimen for row in rows for regimen in row.selector.regimens)


def faults(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield each gate that no way leads past, with the course for which it is."""
    if not pathway.permissions.get("close"):
        yield PathwayError("no role may close an episode", hint="add close to the permissions of the shared terms")
    offered = options(pathway)
    for gate in pathway.gates.values():
        if "close" in gate.actions and not set(pathway.outcomes) <= gate.save_outcomes:
            for regimen in sorted(gate.selector.regimens & offered):
                if _endless(pathway, regimen, offered) and _held(pathway, regimen):
                    yield fault(
                        f"under gate '{gate.name}' no episode with a course of '{regimen}' can be closed: the course "
                        "never ends, and nobody may stop it without an override",
                        gate.mark,
                        "let something replace the course (replaces:), or give the gate save_outcomes:",
                    )


def _held(pathway: Pathway, regimen: str) -> bool:
    return any("stop" in gate.actions and regimen in gate.selector for gate in pathway.gates.values())


def _endless(pathway: Pathway, regimen: str, offered: frozenset[str]) -> bool:
    """Return whether nothing but a person's stop ends a course: no last dose, and nothing that could take its place."""
    schedule = pathway.regimens[regimen].schedule
    ends = schedule is not None and schedule.kind != "monthly" and regimen not in pathway.lasting
    if ends or any(regimen in row.ends for row in pathway.transitions):
        return False
    selectors = [check.selector for check in pathway.checks.values() if check.ends]
    if any(each is not None and regimen in each for each in selectors):
        return False
    others = {each for row in pathway.replaces if regimen in row.what for each in row.by.regimens}
    return not (others & offered) - {regimen}
