"""Is the store sound? It opens, has its keys, its server loses nothing, its looks are whole, and there is a backup."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.cli.checking import FAIL, OK, WARN, Line
from orchestrator.config import Settings
from orchestrator.saying import counted

if TYPE_CHECKING:
    from orchestrator.bootstrap import Health, System

_MOST_LOOKS = 20_000
"""So many are checked, for a doctor answers soon; `carepath audit verify --all` checks all."""


def store(settings: Settings, found: "Health", simulated: bool) -> Iterator[Line]:
    """Yield what the store is and holds, and whether its server keeps what it is told."""
    from orchestrator.bootstrap import examine_server  # noqa: PLC0415  not for --help

    kind = "simulated" if simulated else "real"
    held = f"{counted(found.episodes, 'episode')}, {found.open_episodes} of them open"
    yield Line(OK, "store", f"{settings.database_name}, {found.database}, schema {found.schema}, {kind}; {held}")
    yield Line(OK, "keys", f"{settings.keys} holds every key that is in use")
    for each in examine_server(settings):
        fault = FAIL if each.loses and not simulated else WARN
        yield Line(OK if each.well else fault, each.check, each.text)


def looks(system: "System") -> Line:
    """Return whether the records of who looked are whole, as far as they are checked."""
    found = system.sight.check_all(_MOST_LOOKS)
    broken = sorted({chain for chain, fault in found.faults if fault.seq})
    if broken:
        said = f"the record of {', '.join(broken[:5])} was changed: carepath audit verify --all, and a backup"
        return Line(FAIL, "looks", said)
    if found.faults:
        said = "; ".join(f"patient {chain}: {fault.what}" for chain, fault in found.faults[:5])
        return Line(FAIL, "looks", f"somebody wrote into the store past carepath ({said}): compare with a backup")
    more = "" if found.records < _MOST_LOOKS else "; audit verify --all checks the others"
    return Line(
        OK, "looks", f"the records of {counted(found.records, 'look')} are whole, holds and merges as they say{more}"
    )


def backup(found: "Health", simulated: bool) -> Line:
    """Return whether a copy of the store was made lately."""
    if simulated:
        return Line(OK, "backup", "none is needed: no real patient is in a simulated store")
    return Line(OK if found.backup.proved else WARN, "backup", found.backup.text)
