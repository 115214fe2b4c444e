"""How do notices leave the house? Taken under a lease, sent one by one: the last token alone says how it went."""

from functools import partial

from orchestrator.bootstrap import System
from orchestrator.notify import sending
from orchestrator.service.rows import Lease
from workers import metrics
from workers.app import DELIVER, app, carry_out

LONGEST_SECONDS = 10.0


@app.task(name=DELIVER)
def job() -> None:
    """Send what waits."""
    carry_out(deliver)


def deliver(system: System, seconds: float = LONGEST_SECONDS) -> int:
    """Send what waits, and return how many left: see `sending.send_waiting`."""
    send_one = partial(send, system)
    return sending.send_waiting(system.post, system.deliveries, send_one, system.elapsed, seconds)


def send(system: System, lease: Lease) -> bool:
    """Send one notice, and record what became of it; return whether it left and this call recorded it."""
    sent, left = sending.send(system.post, system.deliveries, lease)
    channel = "" if sent is sending.DEFECT else system.post.channel(lease.route)
    metrics.delivered(channel or "none", sending.DEFECT.code if sent is sending.DEFECT else sent.result.value)
    return left
