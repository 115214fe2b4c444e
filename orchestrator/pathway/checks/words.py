"""Which of the words that all pathways share does no pathway use? Facts, regimens, warnings, ladders, stages, sources.

A word is unused when not one pathway of the folder uses it, so it takes the whole folder to say so. It harms nobody: a
hospital that offers some of the pathways leaves such words behind. So a program starts with them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from orchestrator.errors import PathwayError
from orchestrator.pathway.checks.asked import marked, names, own_stages
from orchestrator.pathway.checks.closing import options
from orchestrator.pathway.checks.unused import never
from orchestrator.pathway.fields import Fields
from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.reader import Map

Use = Callable[[Pathway], Collection[str]]


def faults(pathways: Sequence[Pathway], files: Mapping[str, Fields]) -> list[PathwayError]:
    """Return what no pathway uses, in order of file and line. files: the shared ones as read, by name."""
    found: list[PathwayError] = []
    for name, table, what, use in _TABLES:
        used = {each for pathway in pathways for each in use(pathway)}
        found += _unused(files[name], table, what, used)
    found += _never([[*never(pathway)] for pathway in pathways], {each.file for each in files.values()})
    return sorted(found, key=lambda each: (each.file, each.line))


def _unused(part: Fields, table: str, what: str, used: Collection[str]) -> Iterator[PathwayError]:
    entries = part.values.get(table)
    if isinstance(entries, Map):
        for name, value in entries.items():
            if name not in used and (table != "gates" or value is None):
                said = f"no pathway {what} '{name}'"
                yield PathwayError(said, file=part.file, line=entries.line_of(name), hint="use it, or drop it")


def _never(found: Sequence[Sequence[PathwayError]], files: Collection[str]) -> Iterator[PathwayError]:
    """Yield the faults of shared elements that all pathways have."""
    places = [{(each.file, each.line) for each in faults} for faults in found]
    for each in found[0] if found else ():
        if each.file in files and all((each.file, each.line) in others for others in places):
            what = f"in every pathway, {each.what}" if len(found) > 1 else each.what
            yield PathwayError(what, file=each.file, line=each.line, hint=each.hint)


def _facts(pathway: Pathway) -> set[str]:
    """Return the facts that the pathway asks for: in conditions, doses and tasks, and those that report on courses."""
    used = {name for element in marked(pathway) for name in names(element)}
    doses = [pathway.regimens[name].dose for name in options(pathway)]
    measured = any(dose is not None and dose.kind in {"per_kg", "per_m2"} for dose in doses)
    of_themselves = (each.name for each in pathway.facts.values() if each.of_courses or (each.measures and measured))
    return used | set(of_themselves)


def _warnings(pathway: Pathway) -> set[str]:
    return {row.name for row in pathway.warnings} | {pathway.conflict_warning}


def _ladders(pathway: Pathway) -> set[str]:
    """Return the ladders by which somebody is told."""
    of_reminders = {each for kind in pathway.reminders.values() for each in (kind.ladder, kind.overdue_ladder)}
    return of_reminders | {task.ladder for task in pathway.tasks.values()}


def _stages(pathway: Pathway) -> frozenset[str]:
    return own_stages(pathway) | {CLOSED_STAGE}


def _sources(pathway: Pathway) -> set[str]:
    words = (*pathway.facts.values(), *pathway.regimens.values())
    marks = [each.mark for each in (*marked(pathway), *words)]
    parts = (part for each in pathway.regimens.values() for part in (each.dose, each.schedule, each.alternative))
    marks += [part.mark for part in parts if part is not None]
    return {pathway.source} | {source for mark in marks for source in mark.sources}


_TABLES: tuple[tuple[str, str, str, Use], ...] = (
    ("sources.yaml", "sources", "names the source", _sources),
    ("terms.yaml", "stages", "has a state in the stage", _stages),
    ("terms.yaml", "ladders", "tells anybody by the ladder", _ladders),
    ("terms.yaml", "warnings", "shows the warning", _warnings),
    ("facts.yaml", "facts", "asks for the fact", _facts),
    ("regimens.yaml", "regimens", "proposes the regimen", options),
    ("every-pathway.yaml", "gates", "has the gate", lambda pathway: pathway.gates.keys()),
)
