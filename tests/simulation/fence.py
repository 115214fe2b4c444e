"""Who may say what became of a notice? Only whoever took it last; asked of each word that the product takes."""

from typing import TYPE_CHECKING

from orchestrator.service.deliveries import LEASE_SECONDS, Deliveries
from orchestrator.service.handlers import Desk
from orchestrator.service.rows import Lease, OutgoingId

if TYPE_CHECKING:
    from tests.simulation.world import World


class FencedDeliveries(Deliveries):
    """The product's own, with a note of who took each notice last."""

    def __init__(self, desk: Desk, world: "World") -> None:
        super().__init__(desk)
        self._world = world

    def take(self, limit: int = 20, seconds: int = LEASE_SECONDS, kind: str = "") -> list[Lease]:
        leases = super().take(limit, seconds, kind)
        for each in leases:
            self._world.leases[_id(each)] = max(each.token, self._world.leases.get(_id(each), 0))
        return leases

    def finish(self, lease: Lease, channel: str) -> bool:
        return self._said(lease, super().finish(lease, channel))

    def give_back(self, lease: Lease, error: str) -> bool:
        return self._said(lease, super().give_back(lease, error))

    def give_up(self, lease: Lease, error: str) -> bool:
        return self._said(lease, super().give_up(lease, error))

    def _said(self, lease: Lease, counts: bool) -> bool:  # noqa: FBT001  what the product answered
        late = self._world.leases[_id(lease)] > lease.token
        self._world.hold(not (counts and late), f"{_id(lease)}: the word of token {lease.token} counted, and was stale")
        return counts


def _id(lease: Lease) -> OutgoingId:
    return OutgoingId(lease.notice.episode_id, lease.notice.key, lease.route)
