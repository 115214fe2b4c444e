"""In which ways is a pathway broken? Each way is an operator: from an element of a file to the edits that break it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from orchestrator.pathway.loader import SHARED_FOLDER
from orchestrator.pathway.reader import Value, read_file
from tests.mutants import parts, timing
from tests.mutants.elements import Element, elements
from tests.mutants.guards import negated, thinned
from tests.mutants.trees import GONE, Edit, Place, dump, edited, line_of

EVERY = "every-pathway"
"""Stands for the pathway of a mutant of the shared file: it is one of all of them."""

Breach: TypeAlias = tuple[str, str, tuple[Edit, ...]]
"""An operator, what it was done to within the element, and the edits."""
Operator: TypeAlias = Callable[[Element], Iterator[Breach]]


@dataclass(frozen=True)
class Mutant:
    """A pathway file with one thing broken.

    file: below the folder of pathways.   line: of the element, in the file as it is.   edits: what is broken.
    """

    name: str
    pathway: str
    file: str
    line: int
    element: Element
    operator: str
    tree: Value
    edits: tuple[Edit, ...]

    @property
    def text(self) -> str:
        """The text of the broken file."""
        return dump(edited(self.tree, self.edits))


def mutants(root: Path) -> Iterator[Mutant]:
    """Yield every mutant of the pathways in a folder, and of the file that they share, in the order of the files."""
    files = [(path.parent.name, str(path.relative_to(root))) for path in sorted(root.glob("*/pathway.yaml"))]
    files += [(EVERY, f"{SHARED_FOLDER}/{EVERY}.yaml")]
    for pathway, file in files:
        yield from _of_file(pathway, file, read_file(root / file))


def _of_file(pathway: str, file: str, tree: Value) -> Iterator[Mutant]:
    seen: Counter[str] = Counter()
    for element in elements(tree):
        for operator in OPERATORS:
            for name, detail, edits in operator(element):
                said = f"{pathway}: {element.name}: {name}{' ' + detail if detail else ''}"
                seen[said] += 1
                said += f" ({seen[said]})" if seen[said] > 1 else ""
                yield Mutant(said, pathway, file, line_of(tree, element.place), element, name, tree, edits)


def guard_dropped(element: Element) -> Iterator[Breach]:
    """Nothing is asked any more: a condition always holds, an exception never does."""
    for place, text in element.guards():
        if place[-1] in {"unless", "refuses", "content"}:
            yield "guard dropped", said(element, place), (Edit(place, GONE),)
        elif text != "true":
            yield "guard dropped", said(element, place), (Edit(place, "true"),)


def guard_negated(element: Element) -> Iterator[Breach]:
    """A condition holds where it did not."""
    for place, text in element.guards():
        yield "guard negated", said(element, place), (Edit(place, negated(text)),)


def part_of_guard_dropped(element: Element) -> Iterator[Breach]:
    """One part of a conjunction or of a disjunction is not asked any more."""
    for place, text in element.guards():
        for operator, part, left in thinned(text):
            yield operator, f"{said(element, place)}: {part}", (Edit(place, left),)


def said(element: Element, place: Place) -> str:
    """Return a place within an element as people write it."""
    return ".".join(map(str, place[len(element.place) :]))


def element_dropped(element: Element) -> Iterator[Breach]:
    """A whole row is gone; of what the pathway's own file gives in its place, the shared one is back."""
    words = {
        "standings": "option", "gates": "gate", "warnings": "warning", "offers": "offer", "replaces": "replacement",
        "checks": "check", "transitions": "transition", "tasks": "task", "reminders": "reminder", "rows": "row",
        "derived": "derivation",
    }  # fmt: skip
    if word := words.get(element.section):
        kept = element.section == "gates" and not element.stages  # in the shared file a gate has a place in an order
        yield f"{word} dropped", "", (Edit(element.place, None if kept else GONE),)


def standings_swapped(element: Element) -> Iterator[Breach]:
    """Two options have changed their standings, or two rows of one rule their places."""
    if element.section != "standings":
        return
    own: Any = element.node
    table: Any = element.table
    index = int(element.place[-1])
    for other in range(index + 1, len(table)):
        if table[other].get("standing") != own.get("standing"):
            edits = (
                Edit((*element.place, "standing"), table[other].get("standing")),
                Edit((*element.place[:-1], other, "standing"), own.get("standing")),
            )
            yield "standings swapped", f"with row {other + 1}", edits
            break
    after: Any = table[index + 1] if index + 1 < len(table) else {}
    if (
        after.get("rule") == own.get("rule")  # of rows of one rule the first wins, if they speak of the same
        and after.get("standing") != own.get("standing")
        and regimens(after) & regimens(own)
    ):
        edits = (Edit(element.place, table[index + 1]), Edit((*element.place[:-1], index + 1), own))
        yield "rows swapped", f"with row {index + 2}", edits


def regimens(row: Any) -> set[str]:  # noqa: ANN401 - a row of the file
    """Return the regimens that a row names."""
    return {*row.get("regimens", ()), row.get("regimen")} - {None}


def redirected(element: Element) -> Iterator[Breach]:
    """A move leads to another stage."""
    if element.section == "transitions":
        for stage in element.stages:
            if stage != element.node.get("to"):
                yield "transition redirected", f"to {stage}", (Edit((*element.place, "to"), stage),)


def minimum_shortened(element: Element) -> Iterator[Breach]:
    """A gate asks for less: by one day, and for half."""
    days = element.node.get("minimum_days") if element.section == "gates" else None
    if isinstance(days, int):
        for fewer in (days - 1, days // 2):
            yield "minimum shortened", f"to {fewer} days", (Edit((*element.place, "minimum_days"), fewer),)


OPERATORS: tuple[Operator, ...] = (
    guard_dropped, guard_negated, part_of_guard_dropped, element_dropped, standings_swapped, redirected,
    minimum_shortened, timing.lengthened, timing.removed, parts.key_dropped, parts.item_dropped,
)  # fmt: skip
