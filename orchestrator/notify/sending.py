"""How is one notice sent, and what became of it recorded? Whoever sends, a worker or another process, does it so."""

import logging
from collections.abc import Callable
from datetime import timedelta

from orchestrator.errors import StoreError
from orchestrator.notify.channel import Result, Sent
from orchestrator.notify.post import SHUT, Post
from orchestrator.service.deliveries import Deliveries
from orchestrator.service.notices import UNROUTED
from orchestrator.service.rows import Lease

_log = logging.getLogger(__name__)
DEFECT = Sent(Result.PASSING, "defect")
ROUTED = Sent(Result.PASSING, "routed")
"""Nothing was sent: it waits by its own routes from now on."""
BATCH = 20
OTHERS_FIRST = timedelta(minutes=1)
"""Who knows no way to send anything leaves it to others for so long, before saying why it does not leave."""


def send_waiting(
    post: Post,
    deliveries: Deliveries,
    send_one: Callable[[Lease], bool],
    elapsed: Callable[[], float],
    seconds: float,
    *,
    kind: str = "",
) -> int:
    """Send what waits until nothing does, or begin nothing more after so many seconds; return how many left.

    post: while it is shut, what has waited for long is taken alone.   send_one: sends one, and tells whether it left.
    elapsed: seconds that pass evenly.   kind: of this kind alone; empty: of any.
    A lease outlives what is begun in time. Whatever fails, a notice stays in the outbox until a person or a channel has
    taken it. Raises StoreError.
    """
    deadline = elapsed() + seconds
    left = 0
    while leases := deliveries.take(BATCH, kind=kind, since=timedelta() if post.open else OTHERS_FIRST):
        for lease in leases:
            if elapsed() >= deadline:
                deliveries.release(lease)
            else:
                left += send_one(lease)
        if elapsed() >= deadline:
            break
    return left


def send(post: Post, deliveries: Deliveries, lease: Lease) -> tuple[Sent, bool]:
    """Send one notice, and record what became of it; return that, and whether it left and this call recorded it."""
    if lease.route == UNROUTED and post.open:
        _recorded(deliveries.route(lease), lease)
        return ROUTED, False
    sent = _sent(post, lease)
    told = lease.notice.episode_id, lease.notice.key, lease.route
    if sent.result is Result.DELIVERED:
        return sent, _recorded(deliveries.finish(lease, post.channel(lease.route)), lease)
    if sent.result is Result.PERMANENT:
        _log.error("notice %s.%s cannot be delivered by %s: %s", *told, sent.code, extra={"event": "notice-refused"})
        _recorded(deliveries.give_up(lease, sent.code), lease)
        return sent, False
    _log.warning(
        "notice %s.%s was not delivered by %s: %s; it is tried again",
        *told,
        sent.code,
        extra={"event": "notice-not-delivered"},
    )
    _recorded(deliveries.give_back(lease, sent.code), lease)
    if sent is SHUT and post.open:  # mended meanwhile: what waited for that was let go before this one waited
        deliveries.hurry(SHUT.code)
    return sent, False


def _sent(post: Post, lease: Lease) -> Sent:
    try:
        return post.send(lease)
    except StoreError:  # nothing was tried: the lease ends by itself
        raise
    except Exception as error:  # a channel's own defect: it must not keep the others from being sent
        failed = type(error).__name__
        _log.error("the channel of route %s failed with %s", lease.route, failed, extra={"event": "channel-failed"})
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
