"""What does a process that stays see to beside its work?"""

import gc
from collections.abc import Callable

from orchestrator.bootstrap import channels
from orchestrator.bootstrap.system import System
from orchestrator.notify import sending
from orchestrator.service.lookout import Lookout
from orchestrator.service.presence import SECONDS
from orchestrator.service.pulse import OVERDUE
from orchestrator.service.repeated import Repeated
from orchestrator.service.rows import Lease
from orchestrator.service.trust import REMEMBER_SECONDS, Guard, check_once

LOOKOUT_SENDS_SECONDS = 5.0
"""After so long it looks again: a gateway that hangs must not pass for a store that cannot be read."""


def lookout(system: System) -> Lookout:
    """Return what sees that reminders are late, for a process that serves people."""

    def send_one(lease: Lease) -> bool:
        return sending.send(system.post, system.deliveries, lease)[1]

    def send() -> None:
        sending.send_waiting(
            system.post, system.deliveries, send_one, system.elapsed, LOOKOUT_SENDS_SECONDS, kind=OVERDUE
        )

    return Lookout(system.pulse, system.speed, send, wall=system.host, elapsed=system.elapsed)


def stay_present(system: System, role: str) -> Repeated:
    """Have this process say that it runs, and learn in which format to write, until `stop`."""
    noting = Repeated(lambda: system.presence.note(role), SECONDS, "presence", at_end=system.presence.leave)
    return noting.start()


def watch_time(system: System) -> Repeated:
    """Have this process follow how the wall's time goes, until `stop`: who looks seldom takes a drift for a jump."""
    return Repeated(system.time_fault, REMEMBER_SECONDS, "time").start()


def guard_time(system: System) -> Repeated:
    """Have this process refuse commands at a time that jumped, and follow how the time goes, until `stop`."""
    system.desk.check_time = Guard(system.trust, system.elapsed).check
    return watch_time(system)


def guard_once(system: System) -> None:
    """Have a process that does one thing and ends refuse it at a time that a clock process does not trust."""
    system.desk.check_time = check_once


def watch_channels(system: System, told: Callable[[bool], object]) -> Repeated:
    """Have this process read the file of channels again while it is faulty, until `stop`; its log says what is wrong.

    told: is told each time whether it is faulty.
    """

    def look() -> None:
        try:
            system.channels.look()
        finally:
            told(bool(system.channels.fault))

    return Repeated(look, channels.SECONDS, "channels").start()


def settle_memory() -> None:
    """Have the collector pass over what this process holds by now; for one that stays, when it is ready.

    Else it would walk every pathway again and again: a quarter of the time of whoever fires. And have it look after so
    much more is made: what a long record is read into is no garbage yet, and was walked time and again meanwhile.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
