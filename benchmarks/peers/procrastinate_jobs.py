"""Procrastinate on PostgreSQL: jobs with schedule_at, two workers of 20 at once each, which look for what is due.

How often they look is left as it is (5 s).
"""

import asyncio
import os
import subprocess
import sys

import procrastinate

from benchmarks.peers.common import fired, ready, wish

asked = wish()
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=asked.url))


@app.task(name="fire")
def fire(number: int) -> None:
    """Write the row."""
    fired(number)


async def main() -> None:
    """Schedule, and have workers fire."""
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for number, due in asked.moments():
            await app.configure_task("fire", schedule_at=due).defer_async(number=number)
    command = [sys.executable, "-m", "benchmarks.peers.procrastinate_jobs", "worker"]
    workers = [subprocess.Popen(command, env={**os.environ}) for _ in range(2)]
    ready()
    for each in workers:
        each.wait()


async def work() -> None:
    """Be one worker."""
    async with app.open_async():
        await app.run_worker_async(concurrency=20)


if __name__ == "__main__":
    asyncio.run(work() if sys.argv[1:] == ["worker"] else main())
