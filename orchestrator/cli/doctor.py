"""Is everything as it should be? One line a check: ok, warn or fail, and what to do about it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from shutil import disk_usage
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.checking import FAIL, OK, WARN, Line
from orchestrator.cli.checking.broker import broker
from orchestrator.cli.checking.people import people
from orchestrator.cli.checking.zones import zones
from orchestrator.cli.face import Face, with_settings
from orchestrator.cli.failure import Failed
from orchestrator.errors import CarepathError, ProviderFailed, VersionChanged

if TYPE_CHECKING:
    from orchestrator.bootstrap import Health, System

_LATE, _VERY_LATE = timedelta(minutes=1), timedelta(minutes=10)
_SKEW, _MUCH_SKEW = timedelta(seconds=1), timedelta(seconds=5)
_UNSEEN = timedelta(minutes=2)
_OLD_SHEETS = timedelta(minutes=30)
_SERVER_SECONDS = 3.0
_MOST_LOOKS = 20_000
_LEAST_MB, _FEW_MB = 20, 200


@click.command()
@with_settings
def doctor(face: Face) -> None:
    """Check the installation and say what is to be done.

    Store, keys, broker, clock, timers, deliveries: one line each, ok, warn or fail.
    """
    lines = list(_lines(face))
    worst = (
        FAIL if any(line.level == FAIL for line in lines) else WARN if any(line.level == WARN for line in lines) else OK
    )
    face.show({"status": worst, "checks": [line._asdict() for line in lines]}, _text)
    if worst == FAIL:
        failed = [line.check for line in lines if line.level == FAIL]
        raise Failed(f"not as it should be: {', '.join(failed)}; see the lines above", "doctor-fail")


def _text(document: dict[str, Any]) -> str:
    return "\n".join(f"{each['level']:<5} {each['check']:<11} {each['text']}" for each in document["checks"])


def _lines(face: Face) -> Iterator[Line]:
    yield _pathways(face)
    yield from _channels(face)
    yield from _provider(face)
    if face.settings.database_file is not None:
        yield _sqlite()
    try:
        with face.system() as system:
            yield from _of_store(face, system)
    except CarepathError as error:
        yield Line(FAIL, "store", str(error))
    yield zones(face.settings.timezone, datetime.now(UTC).date())
    yield from _disk(face)
    yield from _sheets(face)
    yield from broker(face.settings)


def _pathways(face: Face) -> Line:
    from orchestrator.bootstrap import open_library  # noqa: PLC0415  half a second, not for --help

    try:
        library = open_library(face.settings)
    except CarepathError as error:
        return Line(FAIL, "pathways", str(error))
    local = face.settings.local_file
    values = f", with the hospital's values in {local}" if local is not None else ""
    return Line(OK, "pathways", f"{len(library.pathways)} in {face.settings.workflows}{values}")


def _channels(face: Face) -> Iterator[Line]:
    from orchestrator.bootstrap import open_library, read_outside  # noqa: PLC0415
    from orchestrator.service.notices import OWNERS  # noqa: PLC0415
    from orchestrator.service.pulse import OVERDUE  # noqa: PLC0415

    named = face.settings.channels
    if named is None:
        yield Line(OK, "channels", "no notice leaves the house: they stand in the inbox alone")
        return
    if face.settings.simulated:
        yield Line(OK, "channels", "a simulated store calls nobody: no notice leaves the house")
        return
    try:
        outside = read_outside(face.settings, open_library(face.settings))
    except CarepathError as error:
        yield Line(FAIL, "channels", str(error))
        return
    assert outside is not None, "the settings name a file"
    yield Line(OK, "channels", f"{len(outside.routes)} routes in {named}")
    if not any(outside.directory.routes(OVERDUE, role, "") for role in OWNERS):
        nobody = "no route takes notices of the kind overdue to lead or administrator, of any ward"
        yield Line(WARN, "channels", f"{nobody}: when reminders are late nobody outside is told but by own channels")
    for what, code in outside.faults(_SERVER_SECONDS):
        yield Line(WARN, "channels", f"{what} would not leave now: {code}; what it means is in docs/channels.md")


def _provider(face: Face) -> Iterator[Line]:
    from orchestrator.entrance import open_provider  # noqa: PLC0415  not for --help

    provider = open_provider(face.settings.openid)
    if provider is None:
        return
    try:
        provider.check()
    except ProviderFailed as error:
        yield Line(WARN, "provider", f"{error}; until it does as it should, people sign in with their passwords")
    except CarepathError as error:
        yield Line(FAIL, "provider", str(error))
    else:
        yield Line(OK, "provider", f"{provider.issuer} answers; whether it knows us shows when somebody comes")


def _sqlite() -> Line:
    from orchestrator.bootstrap import sqlite_version  # noqa: PLC0415

    try:
        return Line(OK, "sqlite", f"version {sqlite_version()}, without the WAL fault of 3.7.0 to 3.51.2")
    except CarepathError as error:
        return Line(FAIL, "sqlite", str(error))


def _disk(face: Face) -> Iterator[Line]:
    file = face.settings.database_file
    if file is None or not file.parent.is_dir():
        return
    free = disk_usage(file.parent).free // 1_000_000
    level = FAIL if free < _LEAST_MB else WARN if free < _FEW_MB else OK
    yield Line(
        level, "disk", f"{free} MB free{'' if level == OK else ': free some space, a full disk refuses everything'}"
    )


def _of_store(face: Face, system: "System") -> Iterator[Line]:
    from orchestrator.bootstrap import examine, examine_server  # noqa: PLC0415

    found = examine(face.settings, system)
    kind = "simulated" if system.simulated else "real"
    counted = f"{found.episodes} episodes, {found.open_episodes} of them open"
    yield Line(
        OK, "store", f"{face.settings.database_name}, {found.database}, schema {found.schema}, {kind}; {counted}"
    )
    yield Line(OK, "keys", f"{face.settings.keys} holds every key that is in use")
    for each in examine_server(face.settings):
        fault = FAIL if each.loses and not system.simulated else WARN
        yield Line(OK if each.well else fault, each.check, each.text)
    yield _versions(system)
    yield _releases(system)
    yield _looks(system)
    yield from people(system)
    yield _backup(found, system)
    yield _processes(system)
    yield _clock(found)
    yield _clock_process(found)
    yield _timers(found, system)
    yield _set_aside(found)
    yield _deliveries(found)


def _versions(system: "System") -> Line:
    try:
        system.check_versions()
    except VersionChanged as error:
        return Line(FAIL, "versions", str(error))
    return Line(OK, "versions", "no pathway was changed since it was released, or patients were enrolled on it")


def _releases(system: "System") -> Line:
    found = system.releases.standing(system.library.pathways)
    if not found.verdict.whole:
        return Line(FAIL, "releases", f"the record of releases was changed: {found.verdict.text}")
    said = [f"{found.verdict.entries} on record"]
    if found.unreleased:
        used = ", ".join(f"{row.pathway}@{row.label} ({row.open} open episodes)" for row in found.unreleased)
        said.append(f"in use and not released: {used}: carepath pathway release FILE")
    if found.missed:
        missed = ", ".join(f"{each.pathway}@{each.label}" for each in found.missed)
        said.append(f"the newest release has no file any more: {missed}: nobody new comes onto it; put the file back")
    if older := len(found.gone) - len(found.missed):
        said.append(f"{older} older ones have no file any more: patients on them go on from the stored text")
    level = WARN if found.missed or (found.unreleased and not system.simulated) else OK
    return Line(level, "releases", "; ".join(said))


def _looks(system: "System") -> Line:
    """Check who looked: a bounded part of it, for a doctor answers soon."""
    found = system.sight.check_all(_MOST_LOOKS)
    broken = sorted({chain for chain, fault in found.faults if fault.seq})
    if broken:
        said = f"the record of {', '.join(broken[:5])} was changed: carepath audit verify --all, and a backup"
        return Line(FAIL, "looks", said)
    if found.faults:
        said = "; ".join(f"patient {chain}: {fault.what}" for chain, fault in found.faults[:5])
        return Line(FAIL, "looks", f"somebody wrote into the store past carepath ({said}): compare with a backup")
    more = "" if found.records < _MOST_LOOKS else "; audit verify --all checks the others"
    return Line(OK, "looks", f"the records of {found.records} looks are whole, holds and merges as they say{more}")


def _backup(found: "Health", system: "System") -> Line:
    if system.simulated:
        return Line(OK, "backup", "none is needed: no real patient is in a simulated store")
    return Line(OK if found.backup.proved else WARN, "backup", found.backup.text)


def _processes(system: "System") -> Line:
    from orchestrator.service.presence import named  # noqa: PLC0415  not for --help

    rows = system.presence.running()
    older = system.presence.older(rows)
    if older:
        return Line(WARN, "processes", f"of an older version run {named(older)}: replace them, one after the other")
    if system.presence.unfinished():
        return Line(WARN, "processes", "an upgrade is not finished: carepath db finish, once all processes are new")
    return Line(OK, "processes", f"there run {named(rows)}" if rows else "none runs")


def _clock(found: "Health") -> Line:
    skew = abs(found.skew)
    if found.last_entry_at is not None and found.last_entry_at > found.times.now + _SKEW:
        return Line(
            FAIL, "clock", f"the last entry lies in the future, at {_at(found.last_entry_at)}: set the clock right"
        )
    if found.seen_at is not None and found.seen_at > found.times.wall + _MUCH_SKEW:
        return Line(FAIL, "clock", f"the wall clock stands before {_at(found.seen_at)}, which was seen: set it right")
    if skew > _SKEW:
        level = FAIL if skew > _MUCH_SKEW else WARN
        return Line(level, "clock", f"this machine and the store part by {skew.total_seconds():.0f} s: see to NTP")
    return Line(OK, "clock", f"{_at(found.times.now)} by the store")


def _clock_process(found: "Health") -> Line:
    seen = found.seen_at
    if seen is not None and found.times.wall - seen <= _UNSEEN:
        return Line(OK, "ticking", "a clock process looks after the timers")
    since = "ever looked" if seen is None else f"looked since {_at(seen)}"
    level = FAIL if found.due else WARN
    return Line(level, "ticking", f"no clock process has {since}: run carepath up, or clock")


def _timers(found: "Health", system: "System") -> Line:
    if found.oldest_due is None:
        return Line(OK, "timers", "nothing that is due waits")
    factor = system.simulation.factor if system.simulation else 1
    late = (found.times.now - found.oldest_due) / factor
    text = f"{found.due} episodes wait for a timer to fire, the oldest due {_at(found.oldest_due)}"
    level = FAIL if late > _VERY_LATE else WARN if late > _LATE else OK
    return Line(level, "timers", text if level == OK else f"{text}: see that clock and worker run")


def _set_aside(found: "Health") -> Line:
    if not found.set_aside:
        return Line(OK, "set aside", "no episode is set aside")
    named = ", ".join(f"{each.episode_id} ({each.attempts} tries)" for each in found.stuck)
    return Line(
        FAIL, "set aside", f"{found.set_aside} episodes cannot fire; look after these patients by hand: {named}"
    )


def _deliveries(found: "Health") -> Line:
    if found.dead_letters:
        return Line(FAIL, "notices", f"{found.dead_letters} could not be delivered: see carepath deliveries --dead")
    if found.oldest_leaving is None:
        return Line(OK, "notices", "none waits to leave the house")
    age = found.times.wall - found.oldest_leaving
    text = f"{found.leaving} wait to leave the house, the oldest since {_at(found.oldest_leaving)}"
    level = FAIL if age > _VERY_LATE else WARN if age > _LATE else OK
    return Line(level, "notices", text if level == OK else f"{text}: see that a worker runs, and its log")


def _sheets(face: Face) -> Iterator[Line]:
    folder = face.settings.sheets
    if folder is None:
        return
    from orchestrator.cli.sheets import made_at  # noqa: PLC0415  not for --help
    from orchestrator.clock import HostClock  # noqa: PLC0415

    made = made_at(folder)
    if made is None:
        yield Line(WARN, "sheets", f"there are none in {folder}: see that carepath sheets runs, and its log")
    elif HostClock().now() - made > _OLD_SHEETS:
        yield Line(WARN, "sheets", f"the last are of {_at(made)}: see that carepath sheets runs, and its log")
    else:
        yield Line(OK, "sheets", f"{folder}, of {_at(made)}")


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
