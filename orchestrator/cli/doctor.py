"""Is everything as it should be? One line a check: ok, warn or fail, and what to do about it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.checking import FAIL, OK, WARN, Line
from orchestrator.cli.checking.broker import broker
from orchestrator.cli.checking.channels import channels, notices
from orchestrator.cli.checking.clockwork import clock, processes, set_aside, ticking, timers
from orchestrator.cli.checking.disk import disk, sqlite
from orchestrator.cli.checking.pathways import pathways, releases, versions
from orchestrator.cli.checking.people import people
from orchestrator.cli.checking.provider import provider
from orchestrator.cli.checking.sheets import sheets
from orchestrator.cli.checking.store import backup, looks, store
from orchestrator.cli.checking.zones import zones
from orchestrator.cli.failure import Failed
from orchestrator.cli.invocation import Invocation, with_settings
from orchestrator.config import Settings
from orchestrator.errors import CarepathError

if TYPE_CHECKING:
    from orchestrator.bootstrap import System


@click.command()
@with_settings
def doctor(invocation: Invocation) -> None:
    """Check the installation and say what is to be done.

    Store, keys, broker, clock, timers, deliveries: one line each, ok, warn or fail.
    """
    lines = list(_lines(invocation))
    levels = {line.level for line in lines}
    worst = next(level for level in (FAIL, WARN, OK) if level in levels)
    invocation.show({"status": worst, "checks": [line._asdict() for line in lines]}, _text)
    if worst == FAIL:
        failed = [line.check for line in lines if line.level == FAIL]
        raise Failed(f"not as it should be: {', '.join(failed)}; see the lines above", "doctor-fail")


def _text(document: dict[str, Any]) -> str:
    return "\n".join(f"{each['level']:<5} {each['check']:<11} {each['text']}" for each in document["checks"])


def _lines(invocation: Invocation) -> Iterator[Line]:
    settings = invocation.settings
    file = settings.database_file
    yield pathways(settings)
    yield from channels(settings)
    yield from provider(settings)
    if file is not None:
        yield sqlite()
    try:
        with invocation.system() as system:
            yield from _of_store(settings, system)
    except CarepathError as error:
        yield Line(FAIL, "store", str(error))
    yield zones(settings.timezone, datetime.now(UTC).date())
    if file is not None:
        yield from disk(file)
    yield from sheets(settings)
    yield from broker(settings)


def _of_store(settings: Settings, system: "System") -> Iterator[Line]:
    from orchestrator.bootstrap import examine  # noqa: PLC0415  not for --help

    found = examine(settings, system)
    yield from store(settings, found, system.simulated)
    yield versions(system)
    yield releases(system)
    yield looks(system)
    yield from people(system)
    yield backup(found, system.simulated)
    yield processes(system)
    yield clock(found, system.pulse.look().seen_at)
    yield ticking(found)
    yield timers(found, system.speed)
    yield set_aside(found)
    yield notices(found)
