"""Which courses keep an episode open, and what ends them? For whoever asks whether everybody can leave (S-06)."""

from collections.abc import Iterable

from orchestrator.pathway.checks.closing import options
from orchestrator.pathway.model import Pathway


def holding(pathway: Pathway, outcomes: Iterable[str]) -> tuple[str, ...]:
    """Return the regimens of which a course in force lets nobody close with any of the outcomes."""
    gates = [each for each in pathway.gates.values() if "close" in each.actions]

    def held(regimen: str) -> bool:
        refusing = [each for each in gates if regimen in each.selector]
        return all(any(outcome not in each.save_outcomes for each in refusing) for outcome in outcomes)

    return tuple(each for each in sorted(pathway.regimens) if held(each))


def ends_by_itself(pathway: Pathway, regimen: str) -> bool:
    """Return whether a course is over once its doses are recorded or its days have passed, or anybody may stop it."""
    if not any("stop" in gate.actions and regimen in gate.selector for gate in pathway.gates.values()):
        return True
    schedule = pathway.regimens[regimen].schedule
    return schedule is not None and schedule.kind != "monthly" and regimen not in pathway.lasting


def successors(pathway: Pathway, regimen: str) -> tuple[str, ...]:
    """Return the regimens that end by themselves and, once begun, take the place of a course of this one."""
    found = {each for row in pathway.replaces if regimen in row.what for each in row.by.regimens} - {regimen}
    return tuple(each for each in sorted(found & options(pathway)) if ends_by_itself(pathway, each))
