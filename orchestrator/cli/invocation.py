"""What do all commands have in common? Options that say which store, the store opened, and output as text or JSON."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from orchestrator.config import DEMO, SIMULATED, Settings, read
from orchestrator.errors import InvalidCommand

if TYPE_CHECKING:
    from orchestrator.bootstrap import Simulation, System

P = ParamSpec("P")
R = TypeVar("R")
JSON_HELP = "Print JSON, one object on one line."


@dataclass
class Invocation:
    """One call of the program."""

    settings: Settings
    as_json: bool
    simulation: str = ""
    """What is said of a simulated store; empty for a real one."""

    @contextmanager
    def system(self) -> Iterator["System"]:
        """Open the store for a while."""
        from orchestrator.bootstrap import guard_once, open_system  # noqa: PLC0415  half a second, not for --help

        with open_system(self.settings) as system:
            guard_once(system)
            self.mark(system.simulation)
            if system.channels.fault:
                click.echo(
                    f"carepath: no notice leaves the house until this is mended: {system.channels.fault}", err=True
                )
            yield system

    def mark(self, simulation: "Simulation | None") -> None:
        """Note what kind of store this call works on: whatever is shown from now on says so."""
        if simulation is not None:
            start, factor = simulation.start, simulation.factor
            self.simulation = (
                f"SIMULATED STORE: its clock began at {start:%Y-%m-%d %H:%M} UTC and runs {factor} times as fast; "
                "no real patient is in it"
            )

    def show(self, document: dict[str, Any], text: Callable[[dict[str, Any]], str]) -> None:
        """Print a document: as JSON, or as text for people. A simulated store says so in both."""
        if self.as_json:
            import orjson  # noqa: PLC0415  not for --help

            click.echo(orjson.dumps({**document, "simulated": bool(self.simulation)}).decode())
            return
        if self.simulation:
            click.echo(click.style(self.simulation, bold=True))
        if said := text(document):
            click.echo(said)


def json_option(work: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--json`, as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=JSON_HELP)(work)


def with_settings(work: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options that say which store, and `--json`; it gets an Invocation as its first argument."""

    @json_option
    @click.option("--home", type=_FOLDER, help="Folder of the store, its keys and the rest [CAREPATH_HOME].")
    @click.option("--database", metavar="URL", help="sqlite:///PATH or postgresql://… [CAREPATH_DATABASE_URL].")
    @click.option("--workflows", type=_FOLDER, help="Folder of the pathways [CAREPATH_WORKFLOWS].")
    @click.option("--local", type=_FOLDER, metavar="FILE", help="The hospital's local values [CAREPATH_LOCAL].")
    @click.option("--simulated", is_flag=True, help="The simulated store, which lies beside the real one.")
    @click.option("--demo", is_flag=True, help="The demonstration's store, which carepath demo has made.")
    @functools.wraps(work)
    def command(
        *args: Any,  # noqa: ANN401  what click hands over
        as_json: bool,
        home: Path | None,
        database: str | None,
        workflows: Path | None,
        local: Path | None,
        simulated: bool,
        demo: bool,
        **kwargs: Any,  # noqa: ANN401
    ) -> R:
        if simulated and demo:
            raise InvalidCommand("--simulated and --demo are two stores: name one")
        settings = read(
            home=home, database_url=database, workflows=workflows, local=local, simulated=simulated or demo,
            beside=DEMO if demo else SIMULATED,
        )  # fmt: skip
        return work(Invocation(settings, as_json), *args, **kwargs)

    return command


_FOLDER = click.Path(path_type=Path)
EPISODE = click.argument("episode", metavar="EPISODE")
