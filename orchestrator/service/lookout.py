"""Who says that reminders are late when every clock and worker is dead? Whoever serves people looks for it himself.

When the oldest alarm is a minute late, or the store could not be read for a minute, there is a banner for everybody to
see, and those who look after the program are told once an hour. It goes away by itself.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from orchestrator.audit.seal import instant
from orchestrator.clock import Clock
from orchestrator.service.pulse import OVERDUE, Look, Pulse

UNREADABLE = "store-unreadable"
LATEST_SECONDS = 60.0
SECONDS = 2.0
"""How often it is looked."""
_TEXTS = {
    OVERDUE: "Reminders are late: something that is due has not fired. Watch your patients' times yourselves, and call "
    "whoever looks after carepath.",
    UNREADABLE: "The store cannot be read: nothing can be entered, and nothing reminds. Work from paper, and call "
    "whoever looks after carepath.",
}


class Banner(NamedTuple):
    """What everybody is to see. code: stable.   since: by the store's clock, or the wall's when it cannot be read."""

    code: str
    since: datetime

    @property
    def text(self) -> str:
        """Return it in words."""
        return _TEXTS[self.code]

    def to_json(self) -> dict[str, str]:
        """Return code, since and text."""
        return {"code": self.code, "since": instant(self.since), "text": self.text}


class Lookout:
    """Looks how late the oldest alarm is. `turn` is one look, done by a thread of its own; `banner` never waits.

    speed: how many times as fast as the wall the store's clock runs.   send: sends what was told of this just now, or
    waits from before, whoever wrote it.
    """

    def __init__(
        self,
        pulse: Pulse,
        speed: int,
        send: Callable[[], object],
        *,
        wall: Clock,
        elapsed: Callable[[], float],
    ) -> None:
        self._pulse, self._speed, self._send = pulse, speed, send
        self._wall, self._elapsed = wall, elapsed
        self._answered = elapsed(), self._wall.now()
        self._overdue: Banner | None = None

    @property
    def banner(self) -> Banner | None:
        """Return what there is to be seen now, None while all is well."""
        answered, wall = self._answered
        if self._elapsed() - answered > LATEST_SECONDS:  # it failed all the while, or hangs
            return Banner(UNREADABLE, wall)
        return self._overdue

    def turn(self) -> None:
        """Look once. Raises StoreError."""
        look = self._pulse.look()
        self._answered = self._elapsed(), self._wall.now()
        self._overdue = self._late(look)
        if self._overdue is not None:
            self._pulse.tell_overdue(self._overdue.since, look)
            self._send()

    def _late(self, look: Look) -> Banner | None:
        if look.next_alarm is None:
            return None
        late = (look.now - look.next_alarm) / self._speed
        return Banner(OVERDUE, look.next_alarm) if late > timedelta(seconds=LATEST_SECONDS) else None
