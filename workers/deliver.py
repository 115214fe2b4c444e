"""How do notices leave the house? Taken under a lease, sent one by one: the last token alone says how it went."""

import logging

from orchestrator.bootstrap import System
from orchestrator.notify.channel import Result, Sent
from orchestrator.service.rows import Lease
from workers import metrics
from workers.app import DELIVER, app, carry_out

_log = logging.getLogger(__name__)
LONGEST_SECONDS = 10.0
BATCH = 20
DEFECT = Sent(Result.PASSING, "defect")


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
    sent = _sent(system, lease)
    told = lease.notice.episode_id, lease.notice.key, lease.route
    if sent.result is Result.DELIVERED:
        return _recorded(system.deliveries.finish(lease, system.post.channel(lease.route)), lease)
    if sent.result is Result.PERMANENT:
        _log.error("notice %s.%s cannot be delivered by %s: %s", *told, sent.code, extra={"event": "notice-refused"})
        _recorded(system.deliveries.give_up(lease, sent.code), lease)
        return False
    _log.warning(
        "notice %s.%s was not delivered by %s: %s; it is tried again",
        *told,
        sent.code,
        extra={"event": "notice-not-delivered"},
    )
    _recorded(system.deliveries.give_back(lease, sent.code), lease)
    return False


def _sent(system: System, lease: Lease) -> Sent:
    try:
        sent = system.post.send(lease)
        metrics.delivered(system.post.channel(lease.route) or "none", sent.result.value)
        return sent
    except Exception as error:  # a channel's own defect: it must not keep the others from being sent
        _log.error(
            "the channel of route %s failed with %s",
            lease.route,
            type(error).__name__,
            extra={"event": "channel-failed"},
        )
        metrics.delivered("none", DEFECT.code)
        return DEFECT


def _recorded(done: bool, lease: Lease) -> bool:
    if not done:
        _log.warning(
            "notice %s.%s passed to another worker meanwhile",
            lease.notice.episode_id,
            lease.notice.key,
            extra={"event": "lease-passed-on"},
        )
    return done
