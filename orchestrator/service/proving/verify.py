"""Is every promise of a pathway kept? What was found before is taken as it is; the rest is asked of both solvers."""

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from orchestrator.errors import InputError, NotFound
from orchestrator.pathway.fields import suggest
from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.promises import REACHED
from orchestrator.service.proving.found import BROKEN, Finding
from orchestrator.service.proving.kept import Kept
from orchestrator.service.proving.race import Race
from orchestrator.service.proving.reached import digest, reach

TOO_WIDE = "the abstraction is too wide here: what breaks the promise is nothing that the engine allows"
Show = Callable[[Pathway, Property, Finding], Path | None]
"""Writes the patient's story of a broken promise and returns its file; None if the engine does not allow it."""


def need_solver() -> None:
    """Raise InputError unless the solver is installed."""
    if importlib.util.find_spec("z3") is None:
        raise InputError("proofs need the solver Z3, which is not installed: pip install carepath[proof]")


def promises(pathways: Sequence[Pathway], name: str | None) -> dict[str, list[Property]]:
    """Return the promises of each pathway, by its content hash, in the order of their names.

    name: that promise alone; None for all. Raises NotFound where no pathway makes a promise of that name.
    """
    found = {
        each.hash: [one for one in sorted(each.properties, key=lambda one: one.name) if name in {None, one.name}]
        for each in pathways
    }
    if name is not None and not any(found.values()):
        known = sorted({one.name for each in pathways for one in each.properties})
        hint = suggest(name, known) or (f"known are {', '.join(known)}" if known else "none is declared")
        raise NotFound(f"no pathway here promises '{name}'; {hint}")
    return found


def verify(
    pathway: Pathway,
    wanted: Sequence[Property],
    race: Race,
    kept: Kept,
    *,
    seconds: float,
    show: Show,
    stories: Path | None,
) -> Iterator[tuple[Property, Finding]]:
    """Yield what is found out about each promise, one after the other.

    seconds: for each.   stories: the folder of the pathway's stories; None where it has none.

    A promise counts as broken only with a patient's story that shows it on the engine, or where what is missing is a
    patient: nobody's story shows that something cannot be reached.
    """
    for promise in wanted:
        witnesses = digest(stories) if promise.kind == REACHED else ""
        found = kept.find(pathway, promise.name, witnesses)
        if found is None:
            if promise.kind == REACHED:
                found = reach(pathway, promise.name, stories)
            else:
                found = race.settle(pathway, promise.name, seconds)
            kept.keep(pathway, found, witnesses)
        yield promise, _shown(pathway, promise, found, show)


def _shown(pathway: Pathway, promise: Property, found: Finding, show: Show) -> Finding:
    if found.status != BROKEN or not found.trace:
        return found
    file = show(pathway, promise, found)
    return found.unknown(TOO_WIDE) if file is None else found.told(str(file))
