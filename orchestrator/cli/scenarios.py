"""Do the stories hold? Plays scenario files on the real engine, each in a throw-away store with a clock of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.face import json_option
from orchestrator.cli.failure import REFUSED, UNUSABLE, tell
from orchestrator.config import read

if TYPE_CHECKING:
    from orchestrator.service.scenario.runner import Report

_LONGEST = 100


@click.group()
def scenario() -> None:
    """Play scenarios: one patient's story each."""


@scenario.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@json_option
@click.option("--workflows", type=click.Path(path_type=Path), metavar="DIR", help="Folder of the pathways.")
@click.option("--local", type=click.Path(path_type=Path), metavar="FILE", help="Play with these local values.")
@click.option("--database", metavar="URL", help="Play in a place of its own in this database, gone afterwards.")
def run(files: tuple[str, ...], as_json: bool, workflows: Path | None, local: Path | None, database: str | None) -> int:
    """Play each story, and print its checks.

    On the pathways' own values; on a hospital's with --local alone.
    Exit codes: 0 all hold; 1 one does not; 2 a file cannot be read, or does not fit the format.
    """
    from orchestrator.bootstrap import stage  # noqa: PLC0415  not for --help
    from orchestrator.pathway.loader import load_library  # noqa: PLC0415
    from orchestrator.service.scenario.runner import run_file  # noqa: PLC0415

    settings = read(workflows=workflows, database_url=database)
    reports = []
    library = load_library(settings.workflows, local)  # stories speak of the pathways' own values, unless it is said
    with stage(library, database) as opened:
        for file in files:
            reports.append(run_file(Path(file), opened))
            _print(reports[-1], as_json)
    if any(each.error is not None for each in reports):
        return UNUSABLE
    return 0 if all(each.passed for each in reports) else REFUSED


def _print(report: "Report", as_json: bool) -> None:
    if as_json:
        import orjson  # noqa: PLC0415  not for --help

        click.echo(orjson.dumps(report.to_json(), default=str).decode())
    elif report.error is not None:
        tell(report.error, "invalid-scenario", as_json=False)
    else:
        click.echo("\n".join(_lines(report)))


def _lines(report: "Report") -> Iterator[str]:
    yield f"{'passed' if report.passed else 'FAILED'}  {report.scenario}  ({report.file})"
    for check in report.checks:
        word = "holds" if check.passed else "DOES NOT HOLD"
        said = f"  {check.at:>8}  {word:<13}  {check.key}: {_short(check.expected)}"
        yield said if check.passed else f"{said}; it is: {_short(check.actual)}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


COMMANDS = (scenario,)
