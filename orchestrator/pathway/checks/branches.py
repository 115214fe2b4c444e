"""Does every branch on a fact say what becomes of the rest? A switch without a default leaves some patients nothing.

Rows of one kind *branch* on a fact when two of them, in one stage, answer values that exclude each other. Then each
value of the fact needs an answer there, of whatever kind: a standing, a move, a task, a warning. That a value is
unknown needs none: the fact is then shown as missing.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, groupby
from typing import Any, NamedTuple

from orchestrator.errors import PathwayError
from orchestrator.pathway.checks.asked import Asked, asked, fault, own_stages
from orchestrator.pathway.checks.possible import answered, subjects_of
from orchestrator.pathway.model import Pathway


class Answer(NamedTuple):
    """A row, with the values of one fact that it answers."""

    row: Asked
    values: frozenset[Any]


def faults(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield each branch that leaves values of its fact without an answer, once, with all its stages."""
    rows = [(row, subjects_of(row.guard)) for row in asked(pathway)]
    stages = [each for each in pathway.stages if each in own_stages(pathway)]
    for name in sorted({name for _, found in rows for name in found}):
        reading = [(row, found[name]) for row, found in rows if name in found]
        if len({row.kind for row, _ in reading}) < len(reading):
            answers = [Answer(row, answered(row.guard, subject)) for row, subject in reading]
            yield from _unanswered(name, reading[0][1].values, [each for each in answers if each.values], stages)


def _unanswered(
    name: str, values: Sequence[Any], answers: list[Answer], stages: Sequence[str]
) -> Iterator[PathwayError]:
    """Yield the branches on one fact that leave a value out."""
    found: list[tuple[Asked, tuple[str, ...], str]] = []
    for stage in stages:
        here = [each for each in answers if stage in each.row.stages]
        open_ones = tuple(str(value) for value in values if value is not None and not _among(value, here))
        first = _branch(here) if open_ones else None
        if first is not None:
            found.append((first, open_ones, stage))
    for (first, left), places in groupby(sorted(found, key=_place), key=lambda each: (each[0], each[1])):
        where = ", ".join(stage for _, _, stage in places)
        what = f"the branch on '{name}' says nothing for {', '.join(left)} (in {where})"
        yield fault(what, first.mark, f"add a row for {' and for '.join(left)}, or a warning that says so")


def _among(value: object, answers: list[Answer]) -> bool:
    return any(value in each.values for each in answers)


def _place(found: tuple[Asked, tuple[str, ...], str]) -> tuple[str, int, tuple[str, ...]]:
    return found[0].mark.file, found[0].mark.line, found[1]


def _branch(answers: list[Answer]) -> Asked | None:
    """Return the first of two rows of one kind that answer values that exclude each other, or None."""
    for one, other in combinations(answers, 2):
        if one.row.kind == other.row.kind and not one.values & other.values:
            return one.row
    return None
