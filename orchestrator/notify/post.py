"""By which channel and to which address does a route lead? What is sent by it, and what came of that."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from orchestrator.clock import elapsed
from orchestrator.notify.channel import Channel, Message, Result, Sent
from orchestrator.notify.personal import server_of
from orchestrator.service.deliveries import TRIES_UNTOLD
from orchestrator.service.notices import is_personal
from orchestrator.service.rows import Lease

NO_ROUTE = Sent(Result.PERMANENT, "no-such-route")
NO_ROUTE_YET = Sent(Result.PASSING, NO_ROUTE.code)
SHUT = Sent(Result.PASSING, "file-faulty")
"""The file of channels cannot be read: nothing leaves, and nothing is refused for good."""
NO_CONTACT = Sent(Result.PERMANENT, "no-such-contact")
"""A person took the address away meanwhile, or has no account any more."""
_TEST = "test"

HANGS_SECONDS = 2.0
REST_SECONDS = 30.0
"""For so long nothing more is tried by a server that kept its last caller waiting for nothing: else each letter for it
would keep all the others waiting, a pager's too."""


class Way(NamedTuple):
    """Where a route leads. server: what routes that hang together have in common; the address where nothing is said."""

    channel: Channel
    to: str
    server: str = ""


Find = Callable[[str], tuple[str, str] | None]
"""From the name of a personal route to channel and address, as the store has them now; None where they are gone."""


def nobody(route: str) -> tuple[str, str] | None:
    """Find nothing: where people have no addresses of their own."""
    return None


class Post:
    """The ways out of the house, by the names of their routes. link: the web face's address, without a slash at its
    end; empty where there is none, and messages then hold no link.   elapsed: seconds that pass evenly.
    channels: by name, those that carry notices to people's own addresses.   find: those addresses.
    open: False while it cannot be known which ways there are: then whatever is to be sent waits.
    """

    def __init__(
        self,
        ways: Mapping[str, Way] | None = None,
        link: str = "",
        elapsed: Callable[[], float] = elapsed,
        *,
        channels: Mapping[str, Channel] | None = None,
        find: Find = nobody,
        open: bool = True,  # noqa: A002  as a post office is
    ) -> None:
        self._ways, self._link, self._elapsed = ways or {}, link, elapsed
        self._channels, self._find, self.open = channels or {}, find, open
        self._resting: dict[str, tuple[float, Sent]] = {}  # by server: until when, and what it did last

    def become(self, other: "Post") -> None:
        """Lead where another one leads, from now on, for all who hold this one."""
        self._ways, self._link, self._channels, self._find = other._ways, other._link, other._channels, other._find
        self.open = other.open

    def channel(self, route: str) -> str:
        """Return the name of a route's channel; empty for a route that is configured no more."""
        if is_personal(route):  # its name says so, and goes on to when the address is gone
            return route.partition("/")[2].rpartition("-")[0]
        way = self._ways.get(route)
        return "" if way is None else way.channel.name

    def send(self, lease: Lease) -> Sent:
        """Send a notice by its route. One that is not configured is refused for good after some minutes.

        While processes are replaced one after the other, whoever told may know a route that this one does not know yet.
        While the post is shut everything waits. Where a person's own address is asked of the store: raises StoreError.
        """
        if not self.open:
            return SHUT
        way = self._way(lease.route)
        if isinstance(way, Sent):
            return NO_ROUTE if way is NO_ROUTE_YET and lease.attempts >= TRIES_UNTOLD else way
        began, server = self._elapsed(), way.server or way.to
        until, last = self._resting.get(server, (began, NO_ROUTE_YET))
        if began < until:
            return last
        sent = way.channel.send(self._message(lease), way.to)
        if sent.result is Result.PASSING and self._elapsed() - began >= HANGS_SECONDS:
            self._resting[server] = self._elapsed() + REST_SECONDS, sent
        return sent

    def test(self, channel: str, to: str, now: datetime) -> Sent:
        """Send a message to an address that says that it is a test, and nothing else."""
        return self.say(_TEST, channel, to, now)

    def say(self, kind: str, channel: str, to: str, now: datetime) -> Sent:
        """Send a message to a person's address that is about the person's own account, by its kind alone."""
        if channel not in self._channels:
            return NO_ROUTE
        told = Message(f"{kind}.{secrets.token_hex(8)}", kind, "", "", 0, now, now, late=False, link=self._link)
        return self._channels[channel].send(told, to)

    def _way(self, route: str) -> Way | Sent:
        """Return where a route leads, or what is to be said of one that leads nowhere."""
        if not is_personal(route):
            return self._ways.get(route, NO_ROUTE_YET)
        found = self._find(route)
        if found is None:
            return NO_CONTACT
        channel, to = found
        return Way(self._channels[channel], to, server_of(channel, to)) if channel in self._channels else NO_ROUTE_YET

    def _message(self, lease: Lease) -> Message:
        notice = lease.notice
        told = f"{notice.episode_id}.{notice.key}"
        return Message(
            told, notice.kind, notice.role, notice.ward, notice.rung, notice.due_at, notice.told_at, notice.late,
            f"{self._link}/open/{told}" if self._link else "", lease.route,
        )  # fmt: skip
