"""Celery with eta on Redis (Valkey): a prefork worker of two processes; visibility timeout beyond the longest eta."""

import os
import subprocess
import sys

from celery import Celery

from benchmarks.peers.common import fired, ready, wish

asked = wish()
app = Celery("celery_eta", broker=asked.broker)
app.conf.update(
    broker_transport_options={"visibility_timeout": 6 * 3600},
    task_ignore_result=True,
    task_acks_late=True,
    broker_connection_retry_on_startup=True,
)


@app.task(name="fire")
def fire(number: int) -> None:
    """Write the row."""
    fired(number)


def main() -> None:
    """Schedule, and have a worker fire."""
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "benchmarks.peers.celery_eta",
        "worker",
        "-c",
        "2",
        "-l",
        "WARNING",
    ]
    command += ["--without-gossip", "--without-mingle"]
    worker = subprocess.Popen(command, env={**os.environ}, stdout=subprocess.DEVNULL)  # what it says is not 'ready'
    with app.producer_pool.acquire() as producer:
        for number, due in asked.moments():
            fire.apply_async((number,), eta=due, producer=producer)
    ready()
    worker.wait()


if __name__ == "__main__":
    main()
