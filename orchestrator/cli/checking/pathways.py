"""Are the pathways sound? They load, none was changed behind its version, and what is in use is released."""

from typing import TYPE_CHECKING

from orchestrator.cli.checking import FAIL, OK, WARN, Line
from orchestrator.config import Settings
from orchestrator.errors import CarepathError, VersionChanged

if TYPE_CHECKING:
    from orchestrator.bootstrap import System


def pathways(settings: Settings) -> Line:
    """Return whether the pathways load, with the hospital's values."""
    from orchestrator.bootstrap import open_library  # noqa: PLC0415  half a second, not for --help

    try:
        library = open_library(settings)
    except CarepathError as error:
        return Line(FAIL, "pathways", str(error))
    local = settings.local_file
    values = f", with the hospital's values in {local}" if local is not None else ""
    return Line(OK, "pathways", f"{len(library.pathways)} in {settings.workflows}{values}")


def versions(system: "System") -> Line:
    """Return whether a version in use was changed."""
    try:
        system.check_versions()
    except VersionChanged as error:
        return Line(FAIL, "versions", str(error))
    return Line(OK, "versions", "no pathway was changed since it was released, or patients were enrolled on it")


def releases(system: "System") -> Line:
    """Return whether the record of releases is whole, and what is in use and not released."""
    found = system.releases.standing(system.library.pathways)
    if not found.verdict.whole:
        return Line(FAIL, "releases", f"the record of releases was changed: {found.verdict.text}")
    said = [f"{found.verdict.entries} on record"]
    if found.unreleased:
        used = ", ".join(f"{row.pathway}@{row.label} ({row.open} open episodes)" for row in found.unreleased)
        said.append(f"in use and not released: {used}: carepath pathway release FILE")
    if found.missed:
        missed = ", ".join(f"{each.pathway}@{each.label}" for each in found.missed)
        said.append(f"the newest release has no file any more: {missed}: nobody new comes onto it; put the file back")
    if older := len(found.gone) - len(found.missed):
        said.append(f"{older} older ones have no file any more: patients on them go on from the stored text")
    level = WARN if found.missed or (found.unreleased and not system.simulated) else OK
    return Line(level, "releases", "; ".join(said))
