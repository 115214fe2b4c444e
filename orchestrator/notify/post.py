"""By which channel and to which address does a route lead? What is sent by it, and what came of that."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from orchestrator.clock import elapsed
from orchestrator.notify.channel import Channel, Message, Result, Sent
from orchestrator.service.deliveries import TRIES_UNTOLD
from orchestrator.service.rows import Lease, NoticeRow

NO_ROUTE = Sent(Result.PERMANENT, "no-such-route")
NO_ROUTE_YET = Sent(Result.PASSING, NO_ROUTE.code)


HANGS_SECONDS = 2.0
REST_SECONDS = 30.0
"""For so long nothing more is tried by a server that kept its last caller waiting for nothing: else each letter for it
would keep all the others waiting, a pager's too."""


class Way(NamedTuple):
    """Where a route leads. server: what routes that hang together have in common; the address where nothing is said."""

    channel: Channel
    to: str
    server: str = ""


class Post:
    """The ways out of the house, by the names of their routes. link: the web face's address, without a slash at its
    end; empty where there is none, and messages then hold no link.   elapsed: seconds that pass evenly.
    """

    def __init__(
        self, ways: Mapping[str, Way] | None = None, link: str = "", elapsed: Callable[[], float] = elapsed
    ) -> None:
        self._ways, self._link, self._elapsed = ways or {}, link, elapsed
        self._resting: dict[str, tuple[float, Sent]] = {}  # by server: until when, and what it did last

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
        began, server = self._elapsed(), way.server or way.to
        until, last = self._resting.get(server, (began, NO_ROUTE_YET))
        if began < until:
            return last
        sent = way.channel.send(self._message(lease.notice), way.to)
        if sent.result is Result.PASSING and self._elapsed() - began >= HANGS_SECONDS:
            self._resting[server] = self._elapsed() + REST_SECONDS, sent
        return sent

    def _message(self, notice: NoticeRow) -> Message:
        told = f"{notice.episode_id}.{notice.key}"
        return Message(
            told, notice.kind, notice.role, notice.ward, notice.rung, notice.due_at, notice.told_at, notice.late,
            f"{self._link}/open/{told}" if self._link else "",
        )  # fmt: skip
