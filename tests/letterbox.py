"""A channel for tests whose letterbox is a folder: whoever sends, in whatever process, leaves a line there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from orchestrator.bootstrap import System
from orchestrator.notify.channel import DELIVERED, Message, Result, Sent
from orchestrator.notify.post import Post, Way

ROUTE = "letterbox"


class Letterbox:
    """Delivers at once, unless it was told of other results, one a try. to: a folder, with a file for each message."""

    name = "letters"

    def __init__(self, *results: Result) -> None:
        self._results = list(results)

    def send(self, message: Message, to: str) -> Sent:
        result = self._results.pop(0) if self._results else Result.DELIVERED
        with (Path(to) / message.id).open("a") as file:
            file.write(f"{result.value}\n")
        return DELIVERED if result is Result.DELIVERED else Sent(result, "closed-today")


class Everything:
    """A directory by which every notice goes out by these routes, and in which these roles are held by nobody."""

    def __init__(self, *routes: str, unheld: frozenset[str] = frozenset()) -> None:
        self._routes, self._unheld = routes, unheld

    def routes(self, kind: str, role: str, ward: str, at: datetime) -> Sequence[str]:
        return self._routes

    def unheld(self, ward: str, at: datetime) -> frozenset[str]:
        return self._unheld


def with_letterbox(system: System, folder: Path, channel: Letterbox | None = None) -> System:
    """Return the system with one way out of the house: into the folder."""
    folder.mkdir(exist_ok=True)
    system.desk.directory = Everything(ROUTE)
    return replace(system, post=Post({ROUTE: Way(channel or Letterbox(), str(folder))}))
