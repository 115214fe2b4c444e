"""How does somebody try carepath? `carepath demo`: a ward that is made up, in a simulated store of its own."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from orchestrator.cli.invocation import json_option
from orchestrator.config import DEMO, Settings, read
from orchestrator.errors import Conflict

SPEED = 60
Say = Callable[[str], object]
_LOCK = "up.lock"


def _silent(_: str) -> None:
    """Say nothing of how it goes."""


@click.command()
@click.option("--host", help="Where to listen; 127.0.0.1 if not given [CAREPATH_HOST].")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="On which port; 8000 if not given, 0 for any [CAREPATH_PORT]."
)
@click.option("--speed", type=click.IntRange(min=1), metavar="N", help=f"N times as fast as the wall; {SPEED} if new.")
@click.option("--fresh", is_flag=True, help="Forget the ward that is there, and make another.")
@click.option("--home", type=click.Path(path_type=Path), help="In whose folder demo/ it lies [CAREPATH_HOME].")
@click.option("--workflows", type=click.Path(path_type=Path), help="Folder of the pathways [CAREPATH_WORKFLOWS].")
@json_option
def demo(
    *,
    host: str | None,
    port: int | None,
    speed: int | None,
    fresh: bool,
    home: Path | None,
    workflows: Path | None,
    as_json: bool,
) -> int:
    """Try it out: a small ward of made-up patients, on a clock that runs fast.

    The store is made at the first call, and opened again at the next ones. Its sign-in page says how to come in.
    """
    from orchestrator.cli.up import run  # noqa: PLC0415  not for --help

    settings = settings_of(home=home, workflows=workflows, host=host, port=port)
    say = _silent if as_json else click.echo

    def prepared(held: Settings) -> None:
        prepare(held, speed or SPEED, fresh=fresh, say=say)

    return run(settings, speed, prepare=prepared)


def settings_of(
    *, home: Path | None, workflows: Path | None = None, host: str | None = None, port: int | None = None
) -> Settings:
    """Return the settings of the demonstration: a store of its own, beside the real one."""
    found = read(home=home, workflows=workflows, host=host, port=port, simulated=True, beside=DEMO)
    return replace(found, admin_token_file=None, channels=None, sheets=None)


def make(settings: Settings, start: datetime, speed: int, *, say: Say = _silent) -> None:
    """Make the store of a demonstration, whose clock shows `start` when it is done. Raises StoreError."""
    from orchestrator.bootstrap import Simulation, open_system, prepare_store  # noqa: PLC0415  not for --help
    from orchestrator.clock import VirtualClock  # noqa: PLC0415
    from orchestrator.service.demo import MAKING  # noqa: PLC0415
    from orchestrator.service.demo.ward import fill  # noqa: PLC0415

    prepare_store(settings, Simulation(start, speed, MAKING))
    clock = VirtualClock(start)
    with open_system(settings, clock) as system:
        newest = [system.library.newest(name) for name in dict.fromkeys(each.name for each in system.library.pathways)]
        fill(
            system.desk, system.people, newest, clock, workflows=settings.workflows, timezone=settings.timezone, say=say
        )


def prepare(settings: Settings, speed: int, *, fresh: bool = False, say: Say = _silent) -> bool:
    """Make the ward where there is none, or none that was made to its end; tell whether it was made.

    fresh: make it anew in any case.   Raises StoreError, and Conflict for a store that is something else.
    """
    from orchestrator.service.demo import MADE, MAKING  # noqa: PLC0415  not for --help

    there = _found(settings)
    if there == MADE and not fresh:
        return False
    if there == MAKING:
        say("the ward was not made to its end: it is made anew")
    if there is not None:
        _forget(settings.home)
    now = datetime.now(UTC)
    make(settings, now - timedelta(microseconds=now.microsecond), speed, say=say)
    return True


def _found(settings: Settings) -> str | None:
    """Return how far the demonstration is made; None where there is no store. Raises StoreError and Conflict."""
    from orchestrator.bootstrap import open_system, prepare_store  # noqa: PLC0415  not for --help

    if settings.database_file is None or not settings.database_file.exists():
        return None
    prepare_store(settings)
    with open_system(settings) as system:
        if system.simulation is None or not system.simulation.demo:
            raise Conflict(f"the store {settings.database_name} is no demonstration's: choose another home with --home")
        return system.simulation.demo


def _forget(home: Path) -> None:
    """Remove everything of a demonstration but the lock that we hold."""
    for each in home.iterdir():
        if each.is_dir():
            shutil.rmtree(each)
        elif each.name != _LOCK:
            each.unlink()
