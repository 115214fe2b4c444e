"""Are the wards' sheets of late? Nothing is said where none are asked for."""

from collections.abc import Iterator
from datetime import timedelta

from orchestrator.cli.checking import OK, WARN, Line, at
from orchestrator.config import Settings

_OLD = timedelta(minutes=30)


def sheets(settings: Settings) -> Iterator[Line]:
    """Yield when the sheets on the disk were made."""
    folder = settings.sheets
    if folder is None:
        return
    from orchestrator.cli.sheets import made_at  # noqa: PLC0415  not for --help
    from orchestrator.clock import HostClock  # noqa: PLC0415  not for --help

    made = made_at(folder)
    if made is None:
        yield Line(WARN, "sheets", f"there are none in {folder}: see that carepath sheets runs, and its log")
    elif HostClock().now() - made > _OLD:
        yield Line(WARN, "sheets", f"the last are of {at(made)}: see that carepath sheets runs, and its log")
    else:
        yield Line(OK, "sheets", f"{folder}, of {at(made)}")
