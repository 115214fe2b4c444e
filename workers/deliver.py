"""How do notices leave the house? Taken under a lease, sent one by one: the last token alone says how it went."""

from orchestrator.bootstrap import System
from orchestrator.notify import sending
from orchestrator.service.rows import Lease
from workers import metrics
from workers.app import DELIVER, app, carry_out

LONGEST_SECONDS = 10.0
BATCH = 20


@app.task(name=DELIVER)
def job() -> None:
    """Send what waits."""
    carry_out(deliver)


def deliver(system: System, seconds: float = LONGEST_SECONDS) -> int:
    """Send what waits until nothing does, or begin nothing more after so many seconds; return how many left.

    Whatever fails, a notice stays in the outbox until a person or a channel has taken it. Raises StoreError.
    """
    deadline = system.elapsed() + seconds
    left = 0
    while leases := system.deliveries.take(BATCH):
        for lease in leases:
            if system.elapsed() >= deadline:
                system.deliveries.release(lease)
            else:
                left += send(system, lease)
        if system.elapsed() >= deadline:
            break
    return left


def send(system: System, lease: Lease) -> bool:
    """Send one notice, and record what became of it; return whether it left and this call recorded it."""
    sent, left = sending.send(system.post, system.deliveries, lease)
    channel = "" if sent is sending.DEFECT else system.post.channel(lease.route)
    metrics.delivered(channel or "none", sending.DEFECT.code if sent is sending.DEFECT else sent.result.value)
    return left
