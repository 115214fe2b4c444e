"""By which channel and to which address does a route lead? What is sent by it, and what came of that."""

from collections.abc import Mapping
from typing import NamedTuple

from orchestrator.notify.channel import Channel, Message, Result, Sent
from orchestrator.service.deliveries import TRIES_UNTOLD
from orchestrator.service.rows import Lease, NoticeRow

NO_ROUTE = Sent(Result.PERMANENT, "no-such-route")
NO_ROUTE_YET = Sent(Result.PASSING, NO_ROUTE.code)


class Way(NamedTuple):
    """Where a route leads."""

    channel: Channel
    to: str


class Post:
    """The ways out of the house, by the names of their routes. link: the web face's address, without a slash at its
    end; empty where there is none, and messages then hold no link.
    """

    def __init__(self, ways: Mapping[str, Way] | None = None, link: str = "") -> None:
        self._ways, self._link = ways or {}, link

    def channel(self, route: str) -> str:
        """Return the name of a route's channel; empty for a route that is configured no more."""
        way = self._ways.get(route)
        return "" if way is None else way.channel.name

    def send(self, lease: Lease) -> Sent:
        """Send a notice by its route. One that is not configured is refused for good after some minutes.

        While processes are replaced one after the other, whoever told may know a route that this one does not know yet.
        """
        way = self._ways.get(lease.route)
        if way is None:
            return NO_ROUTE if lease.attempts >= TRIES_UNTOLD else NO_ROUTE_YET
        return way.channel.send(self._message(lease.notice), way.to)

    def _message(self, notice: NoticeRow) -> Message:
        told = f"{notice.episode_id}.{notice.key}"
        return Message(
            told, notice.kind, notice.role, notice.ward, notice.rung, notice.due_at, notice.told_at, notice.late,
            f"{self._link}/open/{told}" if self._link else "",
        )  # fmt: skip
