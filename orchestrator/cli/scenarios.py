"""Do the stories hold? Plays scenario files on the real engine, each in a throw-away store with a clock of its own."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.ending import Ending
from orchestrator.cli.failure import REFUSED, UNUSABLE, tell
from orchestrator.cli.invocation import json_option
from orchestrator.config import read

if TYPE_CHECKING:
    from orchestrator.service.scenario.runner import Report

_IN_MEMORY = {"sqlite://", "sqlite:///:memory:"}
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

    named = None if database in _IN_MEMORY else database
    settings = read(workflows=workflows, database_url=named)
    reports = []
    library = load_library(settings.workflows, local)  # stories speak of the pathways' own values, unless it is said
    with Ending() as ending, stage(library, None if named is None else settings.database_url) as opened:
        for file in files:
            reports.append(run_file(Path(file), opened))
            _print(reports[-1], as_json)
            ending.end_if_asked()
    if any(each.error is not None for each in reports):
        return UNUSABLE
    return 0 if all(each.passed for each in reports) else REFUSED


def _print(report: "Report", as_json: bool) -> None:
    if as_json:
        import orjson  # noqa: PLC0415  not for --help

        click.echo(orjson.dumps(report.to_json(), default=_number).decode())
    elif report.error is not None:
        for fault in report.error.splitlines():
            tell(fault, "invalid-scenario", as_json=False)
    else:
        click.echo("\n".join(_lines(report)))


def _number(value: object) -> object:
    """Return an amount as a number of JSON."""
    if not isinstance(value, Decimal):
        return str(value)
    return int(value) if value == value.to_integral_value() else float(value)


def _lines(report: "Report") -> Iterator[str]:
    yield f"{'passed' if report.passed else 'FAILED'}  {report.scenario}  ({report.file})"
    for check in report.checks:
        expected = _written(check.expected)
        if check.passed:
            yield f"  {check.at:>8}  holds          {check.key}: {_short(expected)}"
        else:
            note = f" ({check.note})" if check.note else ""
            yield f"  {check.at:>8}  DOES NOT HOLD  {check.key}: {expected}; it is: {_written(check.actual)}{note}"


def _written(value: object) -> str:
    """Return a value much as a story writes it."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_written(each)}' for key, each in value.items())}}}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_written, value))}]"
    return "null" if value is None else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


COMMANDS = (scenario,)
