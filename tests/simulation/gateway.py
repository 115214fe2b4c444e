"""What becomes of a notice that leaves the house? The gateway takes it, fails, refuses, hangs, or breaks."""

from collections import Counter
from typing import TYPE_CHECKING

from orchestrator.notify.channel import DELIVERED, Message, Result, Sent
from orchestrator.notify.post import Post, Way
from orchestrator.service.deliveries import LEASE_SECONDS

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World

ROUTES = ("mail", "pager")
_PASSING, _REFUSED = Sent(Result.PASSING, "unreachable"), Sent(Result.PERMANENT, "unknown-address")
_FATES = {"takes": 80, "fails": 8, "refuses": 2, "breaks": 2, "hangs": 4, "hangs and takes": 4}


class Gateway:
    """The other side: what it has taken, by message and route, outlives every process."""

    def __init__(self, world: "World") -> None:
        self._world, self._dice = world, world.dice("gateway")
        self.taken: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], Message] = {}

    def post(self, process: "Process") -> Post:
        """Return the ways out of one process."""
        ways = {route: Way(Line(self, process, route), f"to {route}") for route in ROUTES}
        return Post(ways, elapsed=self._world.scheduler.elapsed)

    def send(self, process: "Process", route: str, message: Message) -> Sent:
        fate = self._fate()
        self._world.tell(process.name, f"sends {message.id} by {route}, which {fate}")
        process.point(f"before {route} {fate}")
        if fate.startswith("hangs"):
            self._world.count("hangs")
            self._world.scheduler.sleep(self._dice.uniform(0.5, 2) * LEASE_SECONDS)
        if fate == "breaks":
            raise RuntimeError("a channel's own defect")
        if fate == "refuses":
            return _REFUSED
        if not fate.endswith("takes"):
            return _PASSING
        self._take(route, message)
        process.point(f"{route} took it")
        return DELIVERED

    def _fate(self) -> str:
        if not self._world.rough("channel"):
            return "takes"
        return self._dice.choices(list(_FATES), list(_FATES.values()))[0]

    def _take(self, route: str, message: Message) -> None:
        first = self._first.setdefault((message.id, route), message)
        self._world.hold(first == message, f"the message {message.id} was sent again with another content")
        self.taken[message.id, route] += 1
        self._world.count("sent")


class Line:
    """A channel of one process."""

    def __init__(self, gateway: Gateway, process: "Process", route: str) -> None:
        self._gateway, self._process, self.name = gateway, process, route

    def send(self, message: Message, to: str) -> Sent:
        assert to == f"to {self.name}"
        return self._gateway.send(self._process, self.name, message)
