"""Goal: whoever asks for all elements of a pathway gets all, each with its place."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from orchestrator.pathway.elements import elements
from orchestrator.pathway.kinds import Mark
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Pathway
from tests.patients import WORKFLOWS

PATHWAYS = load_library(WORKFLOWS).pathways
APART = {"cache", "expression", "when", "unless", "passes", "refuses", "waits"}
"""Guards, and what is derived: no marks are in them."""
ROWS = {"standing", "replacement", "offer", "derivation"}
PARTS = {"dose", "schedule", "alternative dose"}
"""Of a regimen, a line or two below its name."""


def marks(value: object) -> Iterator[Mark]:
    """Yield every mark that a pathway holds, wherever it hangs."""
    if isinstance(value, Mark):
        yield value
        return
    parts: Iterable[object] = ()
    if isinstance(value, Mapping):
        parts = value.values()
    elif isinstance(value, tuple | list | frozenset):
        parts = value
    elif dataclasses.is_dataclass(value):
        names = {field.name for field in dataclasses.fields(value)} - APART
        parts = [getattr(value, name) for name in sorted(names)]
    for part in parts:
        yield from marks(part)


@pytest.mark.parametrize("pathway", PATHWAYS, ids=lambda each: f"{each.name}@{each.version}")
def test_everything_with_a_mark_is_an_element(pathway: Pathway) -> None:
    found = [each.mark for each in elements(pathway)]
    assert {id(mark) for mark in marks(pathway)} == {id(mark) for mark in found}
    assert len(found) == len({(each.kind, each.name, id(each.mark)) for each in elements(pathway)})


@pytest.mark.parametrize("pathway", PATHWAYS, ids=lambda each: f"{each.name}@{each.version}")
def test_every_element_stands_where_its_mark_says(pathway: Pathway) -> None:
    for each in elements(pathway):
        if each.mark.line == 0:
            assert each.kind == "state", "only the closed states are made, not written"
            continue
        lines = Path(each.mark.file).read_text(encoding="utf-8").splitlines()
        place = lines[max(each.mark.line - 2, 0) : each.mark.line]
        if each.kind in ROWS:
            assert place[-1].strip().startswith("- {"), f"{each.kind} {each.name}"
        elif each.kind not in PARTS:
            assert any(each.name in line for line in place), f"{each.kind} {each.name}"
