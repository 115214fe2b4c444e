"""What does the API tell whoever watches it? How the store is; read when it is asked for, and not too often.

Every figure is a count or an age of all wards together: no label names a ward, an episode or a person.
"""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from time import monotonic

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from orchestrator.bootstrap import Figures
from orchestrator.errors import CarepathError

KEPT_SECONDS = 5.0


class StoreCollector(Collector):
    """Reads the store's figures, at most every five seconds, however often and by however many it is asked.

    faulty: tells whether this process cannot read the file of channels.
    speed: how many times as fast as the wall a simulated store runs; ages are in seconds of the wall.
    """

    def __init__(self, read: Callable[[], Figures], faulty: Callable[[], bool], *, simulated: bool, speed: int) -> None:
        self._read, self._faulty, self._simulated, self._speed = read, faulty, simulated, speed
        self._kept: tuple[float, Figures | None] | None = None
        self._lock = threading.Lock()

    def describe(self) -> list[Metric]:
        """Say nothing beforehand: to be registered must not cost a reading."""
        return []

    def collect(self) -> Iterator[Metric]:
        found = self._figures()
        yield _gauge("carepath_store_up", "1 while the store can be read.", found is not None)
        what = "1 while the file of channels cannot be read, and nothing leaves."
        yield _gauge("carepath_channels_faulty", what, self._faulty())
        if found is None:
            return
        info = GaugeMetricFamily(
            "carepath_store_info", "The store's schema, and whether it is simulated.", labels=["schema", "simulated"]
        )
        info.add_metric([found.schema, str(self._simulated).lower()], 1)
        yield info
        now = found.times.now
        yield _gauge(
            "carepath_oldest_due_age_seconds",
            "For how long the oldest due alarm has waited; 0 for none.",
            self._age(now, found.oldest_due),
        )
        yield _gauge("carepath_due_episodes", "Episodes that are due and wait to fire.", found.due)
        yield _gauge(
            "carepath_set_aside_episodes", "Episodes that cannot fire: people must look after them.", found.set_aside
        )
        yield _gauge("carepath_notices_waiting", "Notices that wait to leave by a route.", found.leaving)
        seconds = 0.0 if found.oldest_leaving is None else (found.times.wall - found.oldest_leaving).total_seconds()
        yield _gauge("carepath_oldest_notice_age_seconds", "For how long the oldest of them has waited.", seconds)
        yield _gauge(
            "carepath_dead_letters", "Notices that a channel refused for good: people see to them.", found.dead_letters
        )
        if found.seen_at is not None:
            seconds = (found.times.wall - found.seen_at).total_seconds()
            yield _gauge(
                "carepath_clock_looked_age_seconds", "Since a clock process noted that it looks, every 30 s.", seconds
            )

    def _figures(self) -> Figures | None:
        with self._lock:  # whoever comes meanwhile gets what the first one reads
            if self._kept is None or monotonic() - self._kept[0] >= KEPT_SECONDS:
                try:
                    self._kept = monotonic(), self._read()
                except CarepathError:
                    self._kept = monotonic(), None
            return self._kept[1]

    def _age(self, now: datetime, since: datetime | None) -> float:
        return 0.0 if since is None else (now - since).total_seconds() / self._speed


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, value=float(value))
