"""Do notices leave the house? The channels are named and answer, and nothing waits for them or was given up."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.cli.checking import FAIL, OK, WARN, Line, at, lateness
from orchestrator.config import Settings
from orchestrator.errors import CarepathError
from orchestrator.saying import counted

if TYPE_CHECKING:
    from orchestrator.bootstrap import Health

_SERVER_SECONDS = 3.0


def channels(settings: Settings) -> Iterator[Line]:
    """Yield how the routes out of the house are."""
    from orchestrator.bootstrap import open_library, read_outside  # noqa: PLC0415  not for --help
    from orchestrator.service.notices import OWNERS  # noqa: PLC0415  not for --help
    from orchestrator.service.pulse import OVERDUE  # noqa: PLC0415  not for --help

    named = settings.channels
    if named is None:
        yield Line(OK, "channels", "no notice leaves the house: they stand in the inbox alone")
        return
    if settings.simulated:
        yield Line(OK, "channels", "a simulated store calls nobody: no notice leaves the house")
        return
    try:
        outside = read_outside(settings, open_library(settings))
    except CarepathError as error:
        yield Line(FAIL, "channels", str(error))
        return
    assert outside is not None, "the settings name a file"
    yield Line(OK, "channels", f"{counted(len(outside.routes), 'route')} in {named}")
    if not any(outside.directory.routes(OVERDUE, role, "") for role in OWNERS):
        nobody = "no route takes notices of the kind overdue to lead or administrator, of any ward"
        yield Line(WARN, "channels", f"{nobody}: when reminders are late nobody outside is told but by own channels")
    for what, code in outside.faults(_SERVER_SECONDS):
        yield Line(WARN, "channels", f"{what} would not leave now: {code}; what it means is in docs/channels.md")


def notices(found: "Health") -> Line:
    """Return what waits to leave the house, or never did."""
    if found.dead_letters:
        return Line(FAIL, "notices", f"{found.dead_letters} could not be delivered: see carepath deliveries --dead")
    if found.oldest_leaving is None:
        return Line(OK, "notices", "none waits to leave the house")
    level = lateness(found.times.wall - found.oldest_leaving)
    text = f"{found.leaving} wait to leave the house, the oldest since {at(found.oldest_leaving)}"
    return Line(level, "notices", text if level == OK else f"{text}: see that a worker runs, and its log")
