"""How is carepath run? The whole of it on one machine, or each process by itself."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click

from orchestrator.cli.invocation import Invocation, with_settings
from orchestrator.config import Settings, place, secret
from orchestrator.errors import InvalidCommand
from orchestrator.saying import counted

_HOST = click.option("--host", help="Where to listen; 127.0.0.1 if not given [CAREPATH_HOST].")
_PORT = click.option(
    "--port", type=click.IntRange(0, 65535), help="On which port; 8000 if not given, 0 for any [CAREPATH_PORT]."
)
_METRICS = click.option(
    "--metrics", metavar="[HOST:]PORT", help="Tell figures and health there, apart from the API [CAREPATH_METRICS]."
)


@click.command()
@_HOST
@_PORT
@_METRICS
@click.option(
    "--speed", type=click.IntRange(min=1), metavar="N", help="Of a simulated store: N times as fast as the wall."
)
@with_settings
def up(invocation: Invocation, host: str | None, port: int | None, metrics: str | None, speed: int | None) -> int:
    """Bring the whole system up on this machine.

    API, worker, clock and broker, in one process group, until Ctrl-C. With --metrics the API tells its figures on that
    port, the worker and the clock on the two after it.
    """
    from orchestrator.cli.up import run  # noqa: PLC0415  not for --help

    return run(_watched(_at(invocation.settings, host, port), metrics), speed)


@click.command()
@_HOST
@_PORT
@_METRICS
@with_settings
def api(invocation: Invocation, host: str | None, port: int | None, metrics: str | None) -> None:
    """Serve HTTP: one process of several.

    On a store that `carepath db upgrade` has made.
    """
    from orchestrator.bootstrap import open_system  # noqa: PLC0415  not for --help
    from orchestrator.cli import serve  # noqa: PLC0415

    settings = _watched(_at(invocation.settings, host, port), metrics)
    if settings.admin_token_file is not None:
        token = secret(settings.admin_token_file, "CAREPATH_ADMIN_TOKEN_FILE")
        with open_system(settings) as system:
            system.access.adopt(token)
    serve.api(settings)


@click.command()
@click.option("--processes", type=click.IntRange(min=0), default=0, help="How many; one a processor if not given.")
@_METRICS
@with_settings
def worker(invocation: Invocation, processes: int, metrics: str | None) -> int:
    """Carry out jobs: one process of several.

    Needs CAREPATH_BROKER_URL.
    """
    from orchestrator.cli import serve  # noqa: PLC0415  not for --help

    return serve.worker(_watched(invocation.settings, metrics), processes=processes)


@click.command()
@_METRICS
@with_settings
def clock(invocation: Invocation, metrics: str | None) -> None:
    """Look for what is due: one process of several.

    As many as one likes; needs CAREPATH_BROKER_URL.
    """
    from orchestrator.cli import serve  # noqa: PLC0415  not for --help

    serve.clock(_watched(invocation.settings, metrics))


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@click.option("--every", default="15m", show_default=True, metavar="TIME", help="How often, such as 15m or 1h.")
@click.option("--once", is_flag=True, help="Once, and no more.")
@with_settings
def sheets(invocation: Invocation, folder: Path | None, every: str, once: bool) -> None:
    """Put each ward's open items on a page to print.

    For the hours in which everything is down: one HTML file a ward, and an index, in DIR [CAREPATH_SHEETS], for their
    owner alone: they name patients. One process of several.
    """
    from orchestrator.cli import serve  # noqa: PLC0415  not for --help
    from orchestrator.cli.sheets import write  # noqa: PLC0415

    settings = replace(invocation.settings, sheets=folder.absolute() if folder else invocation.settings.sheets)
    if settings.sheets is None:
        raise InvalidCommand("name a folder for the sheets, DIR or CAREPATH_SHEETS")
    interval = _interval(every)
    if not once:
        serve.sheets(settings, interval)
        return
    with invocation.system() as system:
        listed = write(settings, system, settings.sheets, interval)
    told = {"folder": str(settings.sheets), "wards": [each._asdict() for each in listed]}
    invocation.show(told, lambda _: f"the sheets of {counted(len(listed), 'ward')} are in {settings.sheets}")


def _interval(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,3})([smh])", text)
    made = timedelta(seconds=int(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]) if found else timedelta(0)
    if not timedelta(seconds=10) <= made <= timedelta(hours=24):
        raise InvalidCommand("--every must lie between 10s and 24h, such as 15m")
    return made


def _at(settings: Settings, host: str | None, port: int | None) -> Settings:
    return replace(settings, host=host or settings.host, port=settings.port if port is None else port)


def _watched(settings: Settings, metrics: str | None) -> Settings:
    return replace(settings, metrics=place(metrics)) if metrics else settings


COMMANDS = (up, api, worker, clock, sheets)
