"""How is carepath run? The whole of it on one machine, or each process by itself."""

from dataclasses import replace

import click

from orchestrator.cli.face import Face, with_settings
from orchestrator.config import Settings, place, secret

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
def up(face: Face, host: str | None, port: int | None, metrics: str | None, speed: int | None) -> int:
    """Bring the whole system up on this machine.

    API, worker, clock and broker, in one process group, until Ctrl-C. With --metrics the API tells its figures on that
    port, the worker and the clock on the two after it.
    """
    from orchestrator.cli.up import run  # noqa: PLC0415  not for --help

    return run(_watched(_at(face.settings, host, port), metrics), speed)


@click.command()
@_HOST
@_PORT
@_METRICS
@with_settings
def api(face: Face, host: str | None, port: int | None, metrics: str | None) -> None:
    """Serve HTTP: one process of several.

    On a store that `carepath db upgrade` has made.
    """
    from orchestrator.bootstrap import open_system  # noqa: PLC0415  not for --help
    from orchestrator.cli import serve  # noqa: PLC0415

    settings = _watched(_at(face.settings, host, port), metrics)
    if settings.admin_token_file is not None:
        token = secret(settings.admin_token_file, "CAREPATH_ADMIN_TOKEN_FILE")
        with open_system(settings) as system:
            system.access.adopt(token)
    serve.api(settings)


@click.command()
@click.option("--processes", type=click.IntRange(min=0), default=0, help="How many; one a processor if not given.")
@_METRICS
@with_settings
def worker(face: Face, processes: int, metrics: str | None) -> int:
    """Carry out jobs: one process of several.

    Needs CAREPATH_BROKER_URL.
    """
    from orchestrator.cli import serve  # noqa: PLC0415  not for --help

    return serve.worker(_watched(face.settings, metrics), processes=processes)


@click.command()
@_METRICS
@with_settings
def clock(face: Face, metrics: str | None) -> None:
    """Look for what is due: one process of several.

    As many as one likes; needs CAREPATH_BROKER_URL.
    """
    from orchestrator.cli import serve  # noqa: PLC0415  not for --help

    serve.clock(_watched(face.settings, metrics))


def _at(settings: Settings, host: str | None, port: int | None) -> Settings:
    return replace(settings, host=host or settings.host, port=settings.port if port is None else port)


def _watched(settings: Settings, metrics: str | None) -> Settings:
    return replace(settings, metrics=place(metrics)) if metrics else settings


COMMANDS = (up, api, worker, clock)
