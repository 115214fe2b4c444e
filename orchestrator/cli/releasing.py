"""Who answers for a pathway? Releases a version once its checks and its stories hold, and lists what was released."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.invocation import Invocation, with_settings
from orchestrator.errors import InputError, StoreError, StoriesFail

if TYPE_CHECKING:
    from orchestrator.audit.release import Release
    from orchestrator.pathway.loader import Library
    from orchestrator.pathway.model import Pathway
    from orchestrator.service.releases import Released
    from orchestrator.service.scenario.proof import Proof

_SHOWN = 5


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--by", required=True, metavar="NAME", help="Who answers for it. It is on the record for ever.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is released, or what changed.")
@click.option("--older", is_flag=True, help="Release it although a higher version is released; the reason says why.")
@with_settings
def release(invocation: Invocation, file: Path, by: str, reason: str, older: bool) -> None:
    """Release the version in a pathway file: check it, play its stories, store it for ever.

    From then on it is immutable: start and enrolment refuse files that were changed under its number.
    The very same content again is answered with its release, and nothing is written.
    """
    from orchestrator.bootstrap import prove  # noqa: PLC0415  half a second, not for --help
    from orchestrator.service.releases import ReleaseRequest  # noqa: PLC0415

    invocation.settings = replace(invocation.settings, workflows=_root(file))
    with invocation.system() as system:
        request = ReleaseRequest(_version_in(file, system.library), by.strip(), " ".join(reason.split()), older)
        if found := system.releases.check(request):
            invocation.show(_document(found, None), _said)
            return
        proof = prove(request.pathway, file)
        try:
            made = system.releases.release(request, proof)
        except StoriesFail:
            invocation.show({"released": False, "stories": _stories(proof)}, _failing)
            raise
    invocation.show(_document(made, proof), _said)


@click.command()
@click.argument("name", required=False)
@with_settings
def releases(invocation: Invocation, name: str | None) -> None:
    """List the record of releases, the first first: of the pathway NAME, or of all."""
    with invocation.system() as system:
        found = system.releases.record(name)
        labels = {each.hash: each.label for each in system.releases.record()}
    rows = [{**_row(each, labels), "kek_id": each.kek_id, "commitment": each.commitment.hex()} for each in found]
    invocation.show({"releases": rows}, lambda told: _listed(told["releases"]))


def library_and_releases(invocation: Invocation) -> "tuple[Library, list[Release] | None]":
    """Return the pathway files, and the record of releases; None for that where no store can be read."""
    from orchestrator.bootstrap import open_library  # noqa: PLC0415  half a second, not for --help

    file = invocation.settings.database_file
    if file is None or file.exists():
        with suppress(StoreError), invocation.system() as system:
            return system.library, system.releases.record()
    return open_library(invocation.settings), None


def standing(pathway: "Pathway", releases: "list[Release] | None") -> dict[str, Any]:
    """Return who released a version, when and why. changed_since: who released another content under its number."""
    found = {each.version: each for each in releases or () if (each.pathway, each.label) == _numbered(pathway)}
    released = found.pop(pathway.hash, None)
    return {"released": _shortly(released), "changed_since": _shortly(next(iter(found.values()), None))}


def by_whom(row: dict[str, Any]) -> str:
    """Say of a version who released it, and when."""
    if changed := row["changed_since"]:
        return f"CHANGED since its release by {changed['released_by']}, {day(changed['released_at'])}"
    released = row["released"]
    return "not released" if released is None else f"by {released['released_by']}, {day(released['released_at'])}"


def _numbered(pathway: "Pathway") -> tuple[str, str]:
    return pathway.name, pathway.version


def _shortly(release: "Release | None") -> dict[str, Any] | None:
    if release is None:
        return None
    told = release.to_json()
    return {name: told[name] for name in ("number", "released_by", "released_at", "reason")}


def _root(file: Path) -> Path:
    if not file.is_file():
        raise InputError(f"there is no pathway file {file}")
    return file.absolute().parent.parent


def _version_in(file: Path, library: "Library") -> "Pathway":
    for each in library.pathways:
        if file.samefile(library.places(each.hash)["pathway.yaml"]):
            return each
    raise InputError(f"{file} is no pathway file: expected NAME/pathway.yaml, or a name that begins with pathway")


def _document(made: "Released", proof: "Proof | None") -> dict[str, Any]:
    replaced = made.replaced
    return {
        "released": True,
        "repeated": made.repeated,
        **_row(made.release, {} if replaced is None else {replaced.hash: replaced.label}),
        "stories": None if proof is None else _stories(proof),
    }


def _row(each: "Release", labels: dict[bytes, str]) -> dict[str, Any]:
    replaces = None if each.replaces is None else labels.get(each.replaces)
    return {**each.to_json(), "replaces_version": replaces}


def _stories(proof: "Proof") -> dict[str, Any]:
    return {
        "folder": proof.folder,
        "played": proof.played,
        "held": proof.played - len(proof.failing),
        "failing": [{"file": file, "why": why} for file, why in proof.failing],
    }


def _said(told: dict[str, Any]) -> str:
    named = f"{told['pathway']}@{told['version']}"
    if told["repeated"]:
        return f"{named} is released already: {_stamp(told)}; nothing was written"
    replaced = f", replacing {told['replaces_version']}" if told["replaces_version"] else ""
    stories = f"{told['stories']['played']} stories hold"
    return f"released: {named}{replaced}, content {told['hash'][:12]}; {stories}; {_stamp(told)}"


def _failing(told: dict[str, Any]) -> str:
    failing = told["stories"]["failing"]
    lines = [f"does not hold: {each['file']}: {each['why']}" for each in failing[:_SHOWN]]
    return "\n".join([*lines, *([f"… and {len(failing) - _SHOWN} more"] if len(failing) > _SHOWN else [])])


def _stamp(told: dict[str, Any]) -> str:
    return f"release {told['number']}, by {told['released_by']}, {day(told['released_at'])}"


def day(instant: str) -> str:
    """Return an instant to the minute, in UTC: a release holds for all wards, whatever their zone."""
    return f"{instant[:10]} {instant[11:16]} UTC"


def _listed(rows: list[dict[str, Any]]) -> str:
    from orchestrator.cli.wording.lines import columns  # noqa: PLC0415  not for --help

    if not rows:
        return "nothing is released yet: carepath pathway release FILE --by NAME --reason TEXT"
    return "\n".join(
        columns(
            [
                (
                    str(row["number"]),
                    day(row["released_at"]),
                    f"{row['pathway']}@{row['version']}",
                    row["hash"][:12],
                    f"replaces {row['replaces_version']}" if row["replaces_version"] else "the first",
                    f"by {row['released_by']}",
                    row["reason"],
                )
                for row in rows
            ],
            0,
        )
    )


COMMANDS = (release, releases)
