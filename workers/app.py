"""How do jobs travel? The Celery application: what a message may be, and what a process needs to carry one out.

A message says no more than 'fire what is due' or 'send what waits'. It may be lost, doubled or late: what is to be
done stands in the store, and is found there again. So nothing here waits for a result, tries again or carries a time,
and a message is acknowledged when it has been acted upon.
"""

import logging
import os
import signal
import threading
import warnings
from collections.abc import Callable
from typing import Any

from celery import Celery, signals
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from kombu import Exchange, Queue

from orchestrator.bootstrap import Repeated, System, settle_memory, stay_present, watch_channels, watch_time
from orchestrator.errors import CarepathError
from workers import metrics
from workers.tls import tls

_log = logging.getLogger(__name__)

FIRE, DELIVER = "carepath.fire", "carepath.deliver"
"""Names of the jobs, and of the queue that each has for itself: a herd of notices never stands before a firing."""
LONGEST_JOB_SECONDS = 30
NICENESS = 5
"""Workers stand back where the processor is short: behind each command of the API there is a person who waits."""
_HIDDEN = "…"
_REDIS = {
    # A worker that was killed gives its messages back after the visibility timeout, looked for every second; it
    # must be longer than the longest job, and need not be short: the store hints again in any case.
    "visibility_timeout": 120,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
}
_RABBITMQ = {
    "confirm_publish": True,  # else a message that the broker refused would count as sent
    "read_timeout": 5,
    "write_timeout": 5,
}
_QUEUES = [Queue(name, Exchange(name, type="direct", durable=True), name, durable=True) for name in (FIRE, DELIVER)]

app = Celery("carepath", include=["workers.fire", "workers.deliver"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_connection_timeout=5,
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_publish_retry=False,
    task_default_queue=FIRE,
    task_routes={DELIVER: {"queue": DELIVER}},
    task_queues=_QUEUES,
    task_time_limit=LONGEST_JOB_SECONDS,
    task_send_sent_event=False,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_soft_shutdown_timeout=2.0,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    timezone="UTC",
)


class Process:
    """The System of this process: opened when it is first wanted and after any fork, so that no two share a socket."""

    def __init__(self) -> None:
        self._open: Callable[[], System] | None = None
        self._system: System | None = None
        self._beside: list[Repeated] = []
        self._announced = False
        self._pid = 0
        self._lock = threading.Lock()

    def prepare(self, open_one: Callable[[], System]) -> None:
        """Say how a System is opened; done before any fork, and opens nothing."""
        self._open = open_one

    def system(self) -> System:
        """Return this process's own System."""
        with self._lock:
            if self._system is None or self._pid != os.getpid():
                assert self._open is not None, "Process.prepare comes first"
                self._system, self._pid = self._open(), os.getpid()
                self._beside = _beside(self._system) if self._announced else []
                settle_memory()
            return self._system

    def announce(self) -> None:
        """Have this process, and those that it forks, say that they run, and follow how the time goes, from when they
        open their System."""
        self._announced = True

    def close(self) -> None:
        """Close what this process opened."""
        with self._lock:
            if self._system is not None and self._pid == os.getpid():
                for each in self._beside:
                    each.stop()
                self._system.close()
            self._system, self._beside = None, []


def _beside(system: System) -> list[Repeated]:
    """Begin what a process at work does beside its jobs."""
    told = watch_channels(system, metrics.CHANNELS.set)
    return [stay_present(system, "worker"), watch_time(system), system.duty.reach.follow(), told]


process = Process()


def carry_out(work: Callable[[System], object]) -> None:
    """Do a job's work. Where the store cannot be used nothing is lost: what was to be done stands there still."""
    try:
        work(process.system())
    except CarepathError as error:
        _log.error("nothing was done: %s", error, extra={"event": "nothing-done"})


@signals.worker_process_init.connect(weak=False)
def _after_fork(**_: Any) -> None:  # noqa: ANN401  Celery's own
    process._lock = threading.Lock()  # the parent's may have been held by another thread at the fork
    carry_out(lambda system: None)  # opened now, so that no job waits for it


@signals.worker_process_shutdown.connect(weak=False)
def _before_exit(**_: Any) -> None:  # noqa: ANN401
    process.close()


@signals.setup_logging.connect(weak=False)
def _leave_logging_alone(**_: Any) -> None:  # noqa: ANN401
    """Take Celery's own lines away: the process says what may be logged, and how."""


@signals.worker_ready.connect(weak=False)
def _keep_quiet(**_: Any) -> None:  # noqa: ANN401
    """Take back Celery's answer to SIGUSR1: it would write every local variable to the log, a patient's too."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def configure(broker_url: str, open_one: Callable[[], System]) -> None:
    """Say where the broker is, Redis or RabbitMQ, and how a System is opened. Nothing is connected yet."""
    options = _RABBITMQ if broker_url.startswith("amqp") else _REDIS
    app.conf.update(broker_url=broker_url, broker_transport_options=options, broker_use_ssl=tls(broker_url))
    process.prepare(open_one)


def publish(job: str) -> None:
    """Put one message into the broker: it names a job and holds nothing else. Raises the broker's own errors."""
    app.send_task(job, queue=job, argsrepr=_HIDDEN, kwargsrepr=_HIDDEN, ignore_result=True)
    metrics.hint_published()


def waiting(queue: str) -> int:
    """Return how many messages nobody has taken yet. Raises the broker's own errors."""
    with app.connection_for_write() as connection:
        channel = connection.default_channel
        declared: Any = app.amqp.queues[queue].bind(channel).queue_declare()
        return int(declared.message_count)


def hint(job: str) -> None:
    """Have a job done, unless that is said already and nobody was free to hear it. Raises the broker's own errors."""
    if waiting(job) == 0:
        publish(job)


def run_worker(*, threads: int = 0, processes: int = 0) -> int:
    """Work until a signal says otherwise; return the exit code.

    threads: a thread pool, for the embedded system.   processes: prefork; 0 for one per processor.
    """
    # Celery warns whoever is root of pickled messages; there are none here.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    os.nice(NICENESS)
    pool, size = ("threads", threads) if threads else ("prefork", processes or os.cpu_count() or 1)
    worker = app.Worker(
        pool=pool,
        concurrency=size,
        queues=[FIRE, DELIVER],
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    process.announce()
    # Whenever the broker was lost it warns of a default that will change; the setting above says what is wanted. (Said
    # here, for it has just asked for such warnings, and taken them to a log of its own.)
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
    logging.captureWarnings(False)
    if threads:
        carry_out(lambda system: None)  # opened now, so that others know of it
    worker.start()
    process.close()
    return worker.exitcode or 0
