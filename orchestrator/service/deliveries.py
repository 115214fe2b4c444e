"""How does a notice reach people for certain? Its outbox row lives until the delivery is recorded."""

from orchestrator.service.firing import TOLD_WHEN_SET_ASIDE
from orchestrator.service.handlers import Desk
from orchestrator.service.ports import Change
from orchestrator.service.rows import Lease, NoticeId, NoticeRow

LEASE_SECONDS = 60


class Deliveries:
    """Hands notices to whoever delivers them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def hint(self, limit: int = 200) -> list[NoticeId]:
        """Return notices that wait for a worker; each comes again, ever more seldom, until it is finished."""
        return self._desk.transact(lambda change: change.hint(limit))

    def lease(self, notice: NoticeId, seconds: int = LEASE_SECONDS) -> Lease | None:
        """Take a notice for a while; None when it is done, or somebody else has it."""
        return self._desk.transact(lambda change: change.lease(notice, seconds))

    def finish(self, lease: Lease, channel: str) -> bool:
        """Record a delivery; False when the lease has passed to another, whose delivery counts."""
        return self._desk.transact(lambda change: change.finish(lease, channel, "delivered"))

    def give_back(self, lease: Lease, error: str) -> bool:
        """Let it be tried again later. error: a code, never a patient's data."""
        return self._desk.transact(lambda change: change.give_back(lease, error))

    def give_up(self, lease: Lease, channel: str, error: str) -> bool:
        """Record that a channel refuses for good, and tell those who look after it: undelivered has an owner.

        error: a code, never a patient's data. False when the lease has passed to another.
        """
        return self._desk.transact(lambda change: _give_up(change, lease, channel, error))

    def put_in_inbox(self, lease: Lease) -> None:
        """Write the notice into the inbox; told twice, it stands there once."""
        self._desk.transact(lambda change: change.put_notices([_reminder(lease)]))


def _give_up(change: Change, lease: Lease, channel: str, error: str) -> bool:
    if not change.finish(lease, channel, error):
        return False
    notice, key = _reminder(lease), f"undelivered.{lease.row.seq}.{lease.row.number}"
    change.put_notices(
        [notice._replace(key=f"{key}.{role}", kind="undelivered", role=role) for role in TOLD_WHEN_SET_ASIDE]
    )
    return True


def _reminder(lease: Lease) -> NoticeRow:
    row = lease.row
    return NoticeRow(
        row.episode_id, f"{row.seq}.{row.number}", "reminder", row.reminder, row.key, row.role, row.ward, row.rung,
        row.due_at, row.told_at, row.late,
    )  # fmt: skip
