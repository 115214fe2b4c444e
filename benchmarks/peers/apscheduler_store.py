"""APScheduler 3: one scheduler with a job store in PostgreSQL and 20 threads; nothing dropped for being late."""

import threading

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from benchmarks.peers.common import fired, ready, wish


def main() -> None:
    """Schedule, and fire."""
    asked = wish()
    store = SQLAlchemyJobStore(url=asked.url.replace("postgresql://", "postgresql+psycopg://"))
    scheduler = BackgroundScheduler(
        jobstores={"default": store},
        executors={"default": ThreadPoolExecutor(20)},
        job_defaults={"misfire_grace_time": None},
    )
    scheduler.start(paused=True)
    for number, due in asked.moments():
        scheduler.add_job(fired, "date", run_date=due, args=(number,))
    scheduler.resume()
    ready()
    threading.Event().wait()


if __name__ == "__main__":
    main()
