"""Who guesses? Wrong tokens and passwords are counted by client; after some of them wrong ones must wait."""

import time
from collections.abc import Callable

_MOST_CLIENTS = 1024


class Failures:
    """Counts wrong tokens by client: after `most` in a window the wrong ones are told to wait.

    A right token is always let in: who guesses must not lock out a ward that comes through the same proxy.
    """

    def __init__(self, most: int = 10, window_s: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._window_s, self._clock = most, window_s, clock
        self._seen: dict[str, tuple[float, int]] = {}

    def add(self, client: str) -> int:
        """Count one more; return for how many seconds the client is to wait, 0 as long as it need not."""
        now = self._clock()
        since, count = self._seen.pop(client, (now, 0))
        if now - since >= self._window_s:
            since, count = now, 0
        self._seen[client] = (since, count + 1)
        if len(self._seen) > _MOST_CLIENTS:
            del self._seen[next(iter(self._seen))]  # whoever was not heard of for longest
        return 0 if count < self._most else max(1, round(self._window_s - (now - since)))

    def waits(self, client: str) -> bool:
        """Tell whether a client is to wait, for whoever cannot let in the right one without letting others guess on."""
        since, count = self._seen.get(client, (0.0, 0))
        return count >= self._most and self._clock() - since < self._window_s
