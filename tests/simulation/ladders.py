"""Does each ladder climb as it should? Rung by rung, each told once a firing and never early, until it is answered."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.world import World

Event = dict[str, Any]
_BEGINS = {"reminder-armed", "reminder-fired"}
_SLACK = timedelta(hours=1)


class Ladders:
    """The ladders of one episode, as its entries tell of them one after the other."""

    def __init__(self, world: "World", episode_id: str) -> None:
        self._world, self._episode = world, episode_id
        self._told: dict[tuple[str, str, int], int] = {}
        self._climbs: dict[tuple[str, str, int], str] = {}

    def see(self, event: Event) -> None:
        """Take the next event of the trail."""
        kind = event["type"]
        if kind == "closed":
            self._climbs.clear()
        if not kind.startswith("reminder-"):
            return
        ladder = (event["name"], event["subject"], event["n"])
        self._climbs.pop(ladder, None)
        if kind == "reminder-told":
            self._tell(ladder, event)
        elif kind in _BEGINS:
            self._told.pop(ladder, None)

    def _tell(self, ladder: tuple[str, str, int], event: Event) -> None:
        told = f"{self._episode}: rung {event['rung']} of {ladder}"
        skipped, unheld = event.get("skipped", ()), self._world.plan.unheld_at(datetime.fromisoformat(event["told_at"]))
        due = self._told.get(ladder, -1) + 1 + len(skipped)
        self._world.hold(event["rung"] == due, f"{told} was told where rung {due} was to be")
        self._world.hold(unheld.issuperset(skipped), f"{told} passed over somebody: {skipped}")
        self._world.hold(not (skipped and event["role"] in unheld), f"{told} passed over others for nobody")
        self._world.hold(event["due_at"] <= event["told_at"], f"{told} was told before it was due")
        self._told[ladder] = event["rung"]
        if event.get("climb_at"):
            self._climbs[ladder] = event["climb_at"]

    def end(self) -> None:
        """Hold, at rest, that no ladder stands still that nobody has answered."""
        if not self._world.healed:
            return
        limit = self._world.scheduler.now - _SLACK
        for ladder, climb_at in self._climbs.items():
            late = datetime.fromisoformat(climb_at) < limit
            self._world.hold(not late, f"{self._episode}: {ladder} was to climb at {climb_at}, and nobody answered it")
