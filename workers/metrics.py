"""What is counted where the work is done? Figures of this process, for whoever watches it.

No label names a ward, an episode or a person. What the store knows the API tells: `orchestrator.api.metrics`.
"""

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from orchestrator.service.firing import Fired

disable_created_metrics()  # type: ignore[no-untyped-call]

_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 60, 600, 3600, 86_400)

LATENESS = Histogram(
    "carepath_lateness_seconds",
    "Of each episode that fired: from due to told, in seconds of the wall.",
    buckets=_BUCKETS,
)
FIRED = Counter("carepath_episodes_fired", "Episodes whose timers fired.")
FAILED_BATCHES = Counter("carepath_firing_batches_failed", "Batches that failed and were fired one by one.")
SET_ASIDE = Counter(
    "carepath_episodes_set_aside", "Times that an episode was set aside, since its timers failed alone."
)
DELIVERIES = Counter("carepath_deliveries", "Tries to deliver a notice.", ["channel", "outcome"])
HINTS = Counter("carepath_hints", "Messages for the broker.", ["outcome"])
HELD = Gauge(
    "carepath_firing_held", "1 while this clock holds all firing, for time cannot be trusted.", multiprocess_mode="max"
)
CHANNELS = Gauge(
    "carepath_channels_faulty",
    "1 while the file of channels cannot be read, and nothing leaves.",
    multiprocess_mode="max",
)

_PUBLISHED, _REFUSED = HINTS.labels("published"), HINTS.labels("refused")


def fired(done: Fired, speed: int) -> None:
    """Count what one call fired. speed: how many times as fast as the wall a simulated store runs."""
    FIRED.inc(done.fired)
    SET_ASIDE.inc(done.set_aside)
    FAILED_BATCHES.inc(done.failed)
    for late in done.late:
        LATENESS.observe(late.total_seconds() / speed)


def hint_published() -> None:
    """Count one message that the broker took."""
    _PUBLISHED.inc()


def hint_refused() -> None:
    """Count one message that the broker did not take, or not in time."""
    _REFUSED.inc()


def delivered(channel: str, outcome: str) -> None:
    """Count one try to deliver a notice. channel: its kind, such as e-mail.   outcome: `notify.channel.Result`."""
    DELIVERIES.labels(channel, outcome).inc()
