"""How is somebody told? By a notice in the inbox, in the transaction of its cause, and in the outbox for each route."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from orchestrator.service.ports import Change, Directory
from orchestrator.service.rows import NoticeRow, OutboxRow, Times

OWNERS = ("lead", "administrator")
"""Who looks after what the program itself cannot do: an episode that does not fire, a notice that does not arrive."""

UNROUTED = "_unrouted"
"""Stands in the outbox instead of routes while nobody can say which there are; no route of the file is called so."""


class InHouse:
    """The directory where none is configured: nothing leaves the house, and every role is held."""

    def routes(self, kind: str, role: str, ward: str, at: datetime) -> Sequence[str]:
        """Return none."""
        return ()

    def unheld(self, ward: str, at: datetime) -> frozenset[str]:
        """Return none."""
        return frozenset()


def routed(directory: Directory, notices: Iterable[NoticeRow], times: Times) -> list[OutboxRow]:
    """Return what has to leave the house for these notices to reach those who are there to be told now.

    Who is told of one matter in two roles is told once by each of his own ways.
    """
    found: list[OutboxRow] = []
    told: set[tuple[NoticeRow, str]] = set()
    for notice in notices:
        for route in directory.routes(notice.kind, notice.role, notice.ward, times.now):
            if is_personal(route):
                matter = notice._replace(key="", role=""), route
                if matter in told:
                    continue
                told.add(matter)
            found.append(OutboxRow(notice.episode_id, notice.key, route, times.wall))
    return found


def is_personal(route: str) -> bool:
    """Tell whether a route leads to a person's own address: no route of the file has a slash in its name."""
    return "/" in route


def unassigned(notices: Iterable[NoticeRow], unheld: frozenset[str]) -> list[NoticeRow]:
    """Return what the owners are told of reminders for a role that nobody holds, nor any above it on its ladder."""
    return [
        notice._replace(key=f"unassigned.{notice.key}.{role}", kind="unassigned", role=role)
        for notice in notices
        if notice.role in unheld
        for role in OWNERS
    ]


def tell(change: Change, directory: Directory, notices: Sequence[NoticeRow], *, apart_from: str = "") -> None:
    """Write notices of the program's own; what was told before is not told again. apart_from: a route not to take."""
    outgoing = routed(directory, change.put_notices(notices), change.times())
    change.put_outbox([row for row in outgoing if row.route != apart_from])
