"""What was found out about the promises of a version, as far as it is kept here? Nothing is proved anew."""

from pathlib import Path

from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.promises import REACHED
from orchestrator.service.ports import Library
from orchestrator.service.proving.found import Finding
from orchestrator.service.proving.kept import Kept
from orchestrator.service.proving.reached import digest
from orchestrator.service.scenario.proof import FOLDER


def findings(pathway: Pathway, library: Library, kept: Kept) -> list[tuple[Property, Finding | None]]:
    """Return each promise with what is kept of it; None where nothing is, since nobody asked or the files changed."""
    file = library.places(pathway.hash).get("pathway.yaml")
    stories = digest(None if file is None else Path(file).parent / FOLDER)
    promises = sorted(pathway.properties, key=lambda each: each.name)
    return [(each, kept.find(pathway, each.name, stories if each.kind == REACHED else "")) for each in promises]
