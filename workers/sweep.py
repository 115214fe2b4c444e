"""How is nothing forgotten? Whoever looks after the timers sees to it that what waits to leave the house is sent.

A notice waits until its delivery is recorded, and comes up again when a lease has ended: so a lost message, a worker
that died with a lease, and a channel that failed need no care of their own. (What was set aside is an alarm again in
time.)
"""

import logging
from collections.abc import Callable

from orchestrator.bootstrap import System
from workers import metrics
from workers.app import DELIVER, hint
from workers.deliver import deliver

_log = logging.getLogger(__name__)
INLINE_SECONDS = 1.0


def sweep(
    system: System,
    ask: Callable[[], bool] | None = None,
    *,
    inline: bool = False,
    send: Callable[[], object] | None = None,
    patience: float | None = None,
) -> bool:
    """Have what waits sent, and return whether anything did; by workers, or here where none can be asked.

    ask: asks a worker; False where the broker takes nothing.   inline: ask nobody.   send: how it is sent here; at
    once and to the end where nothing is said.   patience: for how many seconds a notice may wait for workers before it
    is sent here too, for a broker takes hints that nobody hears; None: for ever. Raises StoreError.
    """
    if not system.deliveries.waiting():
        return False
    unheard = inline or not (ask or say_deliver)()
    if unheard or (patience is not None and system.deliveries.waiting(patience)):
        (send or (lambda: deliver(system, INLINE_SECONDS)))()
    return True


def say_deliver() -> bool:
    """Ask a worker to send what waits, unless that is said already and nobody was free to hear it."""
    try:
        hint(DELIVER)
    except Exception as error:  # whatever the broker's client raises
        _log.warning("the broker took no hint: %s", type(error).__name__, extra={"event": "hint-refused"})
        metrics.hint_refused()
        return False
    return True
