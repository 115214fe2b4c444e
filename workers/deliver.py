"""How is a notice delivered? Under a lease: only whoever holds the last token may record that it was."""

import logging

from orchestrator.bootstrap import System
from orchestrator.notify.channel import Channel, Result
from orchestrator.service.rows import NoticeId
from workers.app import DELIVER, app, process

_log = logging.getLogger(__name__)


@app.task(name=DELIVER)
def job(notice: str) -> None:
    """Deliver the notice with this id. A message that is no such id is somebody else's: it is dropped."""
    try:
        found = NoticeId.parse(notice)
    except ValueError:
        _log.warning("a message was dropped: it names no notice")
        return
    deliver(process.system(), found)


def deliver(system: System, notice: NoticeId, channel: Channel | None = None) -> bool:
    """Deliver one notice if nobody has it; return whether this call recorded what became of it.

    Whatever fails, the notice stays in the outbox and is hinted at again.
    """
    channel = channel or system.channel
    lease = system.deliveries.lease(notice)
    if lease is None:
        return False  # done, or another worker has it
    sent = channel.send(lease, str(notice))
    if sent.result is Result.DELIVERED:
        return _recorded(system.deliveries.finish(lease, channel.name), notice)
    if sent.result is Result.PERMANENT:
        _log.error("notice %s cannot be delivered: %s", notice, sent.code)
        return _recorded(system.deliveries.give_up(lease, channel.name, sent.code), notice)
    _log.warning("notice %s was not delivered: %s; it is tried again", notice, sent.code)
    system.deliveries.give_back(lease, sent.code)
    return False


def _recorded(done: bool, notice: NoticeId) -> bool:
    if not done:
        _log.warning("notice %s passed to another worker meanwhile: its delivery counts", notice)
    return done
