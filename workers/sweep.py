"""How is nothing forgotten? Notices that wait are handed over, whether their first hint was lost or never sent.

A notice comes up again, ever more seldom, until its delivery is recorded: so a lost message, a worker that died with
a lease, and a channel that failed need no care of their own. (What was set aside is an alarm again in time.)
"""

import logging
from collections.abc import Callable

from orchestrator.bootstrap import System
from orchestrator.service.rows import NoticeId
from workers.app import DELIVER, publish
from workers.deliver import deliver

_log = logging.getLogger(__name__)
BATCH = 200
INLINE_BATCH = 20
Publish = Callable[[NoticeId], bool]


class HandOver:
    """Hands notices to the broker; from the first failure on, delivers them itself: a person waits for them."""

    def __init__(self, system: System, publish_one: Publish | None = None, *, inline: bool = False) -> None:
        self._system, self._publish, self.inline = system, publish_one or _publish, inline

    def __call__(self, notice: NoticeId) -> None:
        if not self.inline and not self._publish(notice):
            self.inline = True
        if self.inline:
            deliver(self._system, notice)


def sweep(system: System, hand_over: HandOver) -> int:
    """Hand over every notice that waits, and return how many there were. Raises StoreError.

    Of those that are delivered on the spot, no more than a few: whoever does it has other work too.
    """
    total = 0
    while True:
        limit = INLINE_BATCH if hand_over.inline else BATCH
        notices = system.deliveries.hint(limit)
        for notice in notices:
            hand_over(notice)
        total += len(notices)
        if len(notices) < limit or hand_over.inline:
            return total


def _publish(notice: NoticeId) -> bool:
    try:
        publish(DELIVER, str(notice))
    except Exception as error:  # whatever the broker's client raises: the store hints again
        _log.warning("the broker took no hint: %s", type(error).__name__)
        return False
    return True
