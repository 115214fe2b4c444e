"""Is every rule carried out by something, and covered by a story? Lists for each rule what does."""

from pathlib import Path

import click

from orchestrator.cli.failure import DONE, REFUSED, tell
from orchestrator.cli.invocation import Invocation, json_option
from orchestrator.config import read
from orchestrator.errors import InputError

_FOLDER = click.Path(path_type=Path)


@click.command()
@click.option("--pathway", metavar="NAME", help="Only this pathway's own rules, and those of every pathway.")
@click.option("--verbose", "-v", is_flag=True, help="Name the stories and tests, and say what each element says.")
@click.option(
    "--tests", type=_FOLDER, metavar="DIR", help="Folder of the tests; the one beside the pathways if not said."
)
@click.option("--workflows", type=_FOLDER, metavar="DIR", help="Folder of the pathways [CAREPATH_WORKFLOWS].")
@json_option
def rules(pathway: str | None, verbose: bool, tests: Path | None, workflows: Path | None, as_json: bool) -> int:
    """List for each rule what carries it out and what covers it.

    Asked of each are an element or module that carries it out, and a story. What is missing is told on standard
    error, one line each. Exit codes: 0 nothing is missing; 1 something is; 2 a file cannot be read.
    """
    from orchestrator.cli.wording.rules import document, rules_text  # noqa: PLC0415  not for --help
    from orchestrator.pathway.loader import load_library  # noqa: PLC0415
    from orchestrator.pathway.tracing import cover  # noqa: PLC0415
    from orchestrator.pathway.tracing.book import read_book  # noqa: PLC0415
    from orchestrator.pathway.tracing.trace import trace  # noqa: PLC0415

    settings = read(workflows=workflows)
    root = settings.workflows
    folder = _tests(root, tests)
    library, book = load_library(root), read_book(root)
    found = trace(book, library, cover.stories(root), cover.tests(folder) if folder else ())
    if pathway is not None:
        found = found.only(library.newest(pathway).name)
    Invocation(settings, as_json).show(
        document(found, book, root, folder), lambda told: rules_text(told, verbose=verbose)
    )
    for finding in found.findings:
        tell(finding.text, finding.code, as_json=as_json)
    return REFUSED if found.findings else DONE


def _tests(root: Path, named: Path | None) -> Path | None:
    """Return the folder of the tests: the one named, else the one beside the pathways, if there is one."""
    if named is not None and not named.is_dir():
        raise InputError(f"there is no folder of tests at {named}")
    beside = root.absolute().parent / "tests"
    return named or (beside if beside.is_dir() else None)
