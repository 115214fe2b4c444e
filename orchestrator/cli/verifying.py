"""Is what pathways promise so, of every patient? Proves it, or writes the story of one of whom it is not so."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.failure import DONE, REFUSED
from orchestrator.cli.invocation import Invocation, json_option
from orchestrator.config import Settings, read

if TYPE_CHECKING:
    from orchestrator.pathway.loader import Library
    from orchestrator.pathway.model import Pathway, Property
    from orchestrator.service.proving.found import Finding

    Found = tuple[Pathway, Property, Finding]

SECONDS = 60.0
"""For one promise: a hundred times what a proof takes."""
_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("names", nargs=-1, metavar="[PATHWAY[@VERSION]]...")
@click.option("--explain", metavar="PROMISE", help="This promise alone, at length and in a clinician's words.")
@click.option("--timeout", "seconds", type=click.FloatRange(0.01, 86_400), default=SECONDS, metavar="SECONDS",
              help=f"How long to look for an answer, each promise; {SECONDS:g} if not said.")  # fmt: skip
@click.option("--no-cache", is_flag=True, help="Prove anew what was proved before.")
@click.option("--stories", type=_PATH, metavar="DIR", help="Where to write stories; in the cache's folder if not said.")
@click.option("--workflows", type=_PATH, metavar="DIR", help="Folder of the pathways [CAREPATH_WORKFLOWS].")
@click.option("--local", type=_PATH, metavar="FILE", help="The hospital's local values [CAREPATH_LOCAL].")
@json_option
def verify(
    *,
    names: tuple[str, ...],
    explain: str | None,
    seconds: float,
    no_cache: bool,
    stories: Path | None,
    workflows: Path | None,
    local: Path | None,
    as_json: bool,
) -> int:
    """Prove what pathways promise of every patient: the newest version of each, or those that are named.

    A promise is proved without a bound on the length of a history, or answered with the shortest patient's story that
    breaks it: a scenario file, which `carepath scenario run` plays. What neither a proof nor a story settles within the
    time is unknown, and never counts as proved. Exit codes: 0 all are proved; 1 one is broken or unknown; 2 what was
    given cannot be used, or the solver is not installed (pip install carepath[proof]).
    """
    from orchestrator.pathway.loader import load_library  # noqa: PLC0415  not for --help

    settings = read(workflows=workflows, local=local)
    library = load_library(settings.workflows, settings.local_file)
    wanted = list(names) or sorted({each.name for each in library.pathways})
    pathways = list({each.hash: each for each in map(library.newest, wanted)}.values())
    found = proving(settings, library, pathways, promise=explain, seconds=seconds, cached=not no_cache, stories=stories)
    return tell(Invocation(settings, as_json), found, pathways, explain=explain)


def proving(
    settings: Settings,
    library: "Library",
    pathways: "Iterable[Pathway]",
    *,
    promise: str | None = None,
    seconds: float = SECONDS,
    cached: bool = True,
    stories: Path | None = None,
) -> "Iterator[Found]":
    """Yield what is found out about each promise of the pathways, as it is found out. Raises InputError, NotFound."""
    from orchestrator.bootstrap import stage  # noqa: PLC0415  not for --help
    from orchestrator.service.proving.kept import Kept  # noqa: PLC0415
    from orchestrator.service.proving.race import Race  # noqa: PLC0415
    from orchestrator.service.proving.verify import need_solver, promises, verify  # noqa: PLC0415

    need_solver()
    pathways = list(pathways)
    wanted = promises(pathways, promise)
    folder = stories or settings.cache / "stories"
    with stage(library) as opened, Race() as race:

        def show(pathway: "Pathway", promise: "Property", found: "Finding") -> Path | None:
            from orchestrator.service.proving.showing import show as written  # noqa: PLC0415  imports the solver

            return written(pathway, promise, found.trace, folder, opened)

        kept = Kept(settings.cache / "proofs" if cached else None)
        for pathway in pathways:
            asked, beside = wanted[pathway.hash], _folder(library, pathway)
            for one, finding in verify(pathway, asked, race, kept, seconds=seconds, show=show, stories=beside):
                yield pathway, one, finding


def _folder(library: "Library", pathway: "Pathway") -> Path | None:
    """Return where the stories of a pathway lie: beside its file."""
    from orchestrator.service.scenario.proof import FOLDER  # noqa: PLC0415  not for --help

    file = library.places(pathway.hash).get("pathway.yaml")
    return None if file is None else Path(file).parent / FOLDER


def tell(
    invocation: Invocation,
    found: "Iterator[Found]",
    pathways: "Iterable[Pathway]",
    *,
    explain: str | None = None,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    """Say what is found out, each promise as soon as it is, and return the exit code. more: what JSON says besides."""
    from orchestrator.cli.wording import verify as words  # noqa: PLC0415  not for --help
    from orchestrator.service.proving.found import BROKEN, PROVED, UNKNOWN  # noqa: PLC0415

    counts: Counter[str] = Counter({PROVED: 0, BROKEN: 0, UNKNOWN: 0})
    rows: list[dict[str, Any]] = []
    say = _say(invocation, explain)
    for pathway, promise, finding in found:
        counts[finding.status] += 1
        rows.append(words.document(pathway, promise, finding))
        say(pathway, promise, finding)
    silent = [] if explain else [f"{each.name}@{each.version}" for each in pathways if not each.properties]
    told = {**more, "promises": rows, **counts, "without_promises": silent}
    invocation.show(told, lambda _: "" if explain else words.summary(counts, silent))
    return DONE if rows and counts[PROVED] == len(rows) and not silent else REFUSED


def _say(invocation: Invocation, explain: str | None) -> "Callable[[Pathway, Property, Finding], None]":
    """Return what says one finding to people; to programs all is said at the end."""
    from orchestrator.cli.wording import verify as words  # noqa: PLC0415
    from orchestrator.pathway.tracing.book import read_book  # noqa: PLC0415

    said: list[str] = []
    root = invocation.settings.workflows

    def say(pathway: "Pathway", promise: "Property", finding: "Finding") -> None:
        if invocation.as_json:
            return
        if explain:
            click.echo(("\n" if said else "") + words.explained(pathway, promise, finding, read_book(root), str(root)))
        elif pathway.hash not in said:
            click.echo(f"{pathway.name}@{pathway.version}")
        said.append(pathway.hash)
        if not explain:
            click.echo(words.line(promise, finding))

    return say


COMMANDS = (verify,)
