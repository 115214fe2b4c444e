"""Does a pathway hang together? Cycles, states out of reach, reminders without a moment: what no element tells alone.

The loader refuses a pathway with a problem. Proofs over all patients are another matter.
"""

from collections.abc import Iterator

from orchestrator.errors import PathwayError
from orchestrator.pathway.model import CLOSED_STAGE, Pathway, ReminderKind, TaskKind, Transition

_NEEDS: dict[str, tuple[str, ...]] = {
    "task": ("task",),
    "course": ("after",),
    "first-line": ("after",),
    "condition": ("guard",),
    "recurring": ("anchors",),
    "waiting": ("after",),
    "unchecked-courses": ("after",),
}
_WRITTEN = {"guard": "when", "anchors": "from"}


def problems(pathway: Pathway, file: str = "") -> list[PathwayError]:
    """Return all that is wrong with a loaded pathway, each with file and line; empty when it hangs together."""
    found = [*_cycles(pathway), *_out_of_reach(pathway), *_tasks(pathway), *_regimens(pathway), *_reminders(pathway)]
    return [PathwayError(what, file=file, line=line, hint=hint) for what, line, hint in found]


Problem = tuple[str, int, str]


def _cycles(pathway: Pathway) -> Iterator[Problem]:
    """Moves that any change may start, and that spend nothing, must not lead back: they would never come to rest."""
    moves: dict[str, list[Transition]] = {}
    for row in pathway.transitions:
        if row.on == "any" and row.decides is None:
            for origin in row.origins:
                moves.setdefault(origin, []).append(row)
    for start in moves:
        way = _way_back(start, moves)
        if way:
            names = " -> ".join(row.name for row in way)
            yield (
                f"the moves {names} lead from {start} back to {start} without end",
                way[0].mark.line,
                "let one decide, or start it with on:",
            )
            return


def _way_back(start: str, moves: dict[str, list[Transition]]) -> list[Transition]:
    """Return moves that lead from a stage back to it, or none."""
    ways: list[tuple[str, list[Transition]]] = [(start, [])]
    seen: set[str] = set()
    while ways:
        stage, way = ways.pop()
        for row in moves.get(stage, ()):
            if row.target == start:
                return [*way, row]
            if row.target not in seen:
                seen.add(row.target)
                ways.append((row.target, [*way, row]))
    return []


def _out_of_reach(pathway: Pathway) -> Iterator[Problem]:
    reached = {pathway.states[pathway.initial].stage}
    grown = True
    while grown:
        before = len(reached)
        for row in pathway.transitions:
            if row.origins & reached:
                reached |= {row.target} | ({row.through} if row.through else set())
        grown = len(reached) > before
    for state in pathway.states.values():
        if state.stage != CLOSED_STAGE and state.stage not in reached:
            yield f"no transition leads to the state '{state.name}'", state.mark.line, "add one, or drop the state"


def _tasks(pathway: Pathway) -> Iterator[Problem]:
    for task in pathway.tasks.values():
        if task.reminder is not None and task.reminder not in pathway.reminders:
            yield f"task '{task.name}' names the unknown reminder '{task.reminder}'", task.mark.line, ""
        if _without_time(task):
            yield (
                f"task '{task.name}' has neither a due time nor a reminder of its own",
                task.mark.line,
                "add due: or reminder:",
            )


def _without_time(task: TaskKind) -> bool:
    return task.due is None and task.reminder is None and not task.of_administrations


def _regimens(pathway: Pathway) -> Iterator[Problem]:
    for regimen in pathway.regimens.values():
        kind = pathway.reminders.get(regimen.reminder)
        if regimen.schedule is not None and (kind is None or kind.of != "administrations"):
            what = f"regimen '{regimen.name}' names '{regimen.reminder}', which is no reminder of administrations"
            yield what, regimen.mark.line, ""


def _reminders(pathway: Pathway) -> Iterator[Problem]:
    for kind in pathway.reminders.values():
        for need in _NEEDS.get(kind.of, ()):
            if not getattr(kind, need):
                written = _WRITTEN.get(need, need)
                yield (
                    f"reminder '{kind.name}' of {kind.of} says nothing of '{written}'",
                    kind.mark.line,
                    f"add {written}:",
                )
        if _without_rhythm(kind):
            yield f"reminder '{kind.name}' recurs without a period", kind.mark.line, "add every: or every_months:"


def _without_rhythm(kind: ReminderKind) -> bool:
    return kind.of == "recurring" and not kind.every and not kind.every_months
