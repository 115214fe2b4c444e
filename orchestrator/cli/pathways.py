"""Which pathways are there, what do they say, and are they well-formed?"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import drawing, releasing, verifying
from orchestrator.cli.failure import DONE
from orchestrator.cli.invocation import Invocation, with_settings
from orchestrator.config import Settings
from orchestrator.errors import InputError, PathwayErrors

if TYPE_CHECKING:
    from orchestrator.pathway.loader import Library
    from orchestrator.pathway.model import Pathway


@click.group()
def pathway() -> None:
    """Look at pathways, and check pathway files."""


@pathway.command("list")
@with_settings
def list_pathways(invocation: Invocation) -> None:
    """List the pathways on which patients can be enrolled, all versions, and who released them.

    Where there is no store yet, nothing is said of releases.
    """
    from orchestrator.pathway.loader import version_key  # noqa: PLC0415  not for --help

    library, releases = releasing.library_and_releases(invocation)
    rows = [
        {**_row(library, each), **releasing.standing(each, releases)}
        for each in sorted(library.pathways, key=lambda each: (each.name, version_key(each.version)))
    ]
    store = None if releases is None else invocation.settings.database_name
    invocation.show({"pathways": rows, "store": store}, _listed)


def _listed(told: dict[str, Any]) -> str:
    from orchestrator.cli.wording.lines import columns  # noqa: PLC0415  not for --help

    rows: list[tuple[str, ...]] = [
        (row["name"], row["version"], row["hash"][:12], row["title"]) for row in told["pathways"]
    ]
    if told["store"] is not None:
        said = [releasing.by_whom(row) for row in told["pathways"]]
        rows = [(*row[:3], each, row[3]) for row, each in zip(rows, said, strict=True)]
    return "\n".join(columns(rows, 0))


@pathway.command()
@click.argument("name", metavar="NAME[@VERSION]")
@with_settings
def show(invocation: Invocation, name: str) -> None:
    """Show a pathway: its parts and moves, with their rules."""
    from orchestrator.cli.wording.pathway import document, pathway_text  # noqa: PLC0415  not for --help

    library = _library(invocation.settings)
    found = library.newest(name)
    invocation.show({**_row(library, found), **document(found)}, pathway_text)


@pathway.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--prove", is_flag=True, help="Then prove what they promise, as `carepath verify` does.")
@with_settings
def check(invocation: Invocation, file: Path, prove: bool) -> int:
    """Check a pathway file, or a folder of pathways.

    Tells every fault: file, line, what is wrong, what would mend it. A file is read together with the shared files
    beside its folder. Of a folder it also tells what no pathway uses of what they share (exit code 1).
    """
    if not file.exists():
        raise InputError(f"there is no file or folder {file}")
    library = _checked(invocation.settings, file)
    told = {"file": str(file), "pathways": [_row(library, each) for each in library.pathways]}
    if not (prove and invocation.as_json):
        invocation.show(told, _well_formed)
    if not prove:
        return DONE
    found = verifying.proving(invocation.settings, library, library.pathways)
    return verifying.tell(invocation, found, library.pathways, more=told)


def _well_formed(told: dict[str, Any]) -> str:
    lines = (f"{each['name']}@{each['version']}: well-formed, content {each['hash'][:12]}" for each in told["pathways"])
    return "\n".join(lines)


def _checked(settings: Settings, file: Path) -> "Library":
    """Return the pathways of a file's folder, or of a folder; raises Faulty with all that is wrong with them."""
    from orchestrator.cli.failure import REFUSED, Faulty  # noqa: PLC0415  not for --help
    from orchestrator.pathway.loader import SHARED_FOLDER, load_library, unused_words  # noqa: PLC0415

    folder = file.absolute().parent
    try:
        if not file.is_dir() and folder.name != SHARED_FOLDER:
            settings = replace(settings, workflows=folder.parent)
            return load_library(folder.parent, settings.local_file, only=folder.name)
        root = file if file.is_dir() else folder.parent
        library = load_library(root, replace(settings, workflows=root).local_file)
        unused = unused_words(root, library)
    except PathwayErrors as errors:
        raise Faulty(errors.faults, str(file)) from None
    if unused:
        raise Faulty(unused, str(file), REFUSED)
    return library


def _library(settings: Settings) -> "Library":
    from orchestrator.pathway.loader import load_library  # noqa: PLC0415  not for --help

    return load_library(settings.workflows, settings.local_file)


def _row(library: "Library", each: "Pathway") -> dict[str, Any]:
    newest = library.newest(each.name).hash == each.hash
    return {"name": each.name, "version": each.version, "hash": each.hash, "title": each.title, "newest": newest}


for _command in (*drawing.COMMANDS, *releasing.COMMANDS):
    pathway.add_command(_command)

COMMANDS = (pathway,)
