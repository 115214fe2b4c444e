"""DBOS on PostgreSQL: a workflow that sleeps durably until its moment and then takes one step; one process."""

import asyncio
import time

from dbos import DBOS, DBOSConfig

from benchmarks.peers.common import fired, ready, wish

asked = wish()
config: DBOSConfig = {
    "name": "peer",
    "system_database_url": asked.url.replace("postgresql://", "postgresql+psycopg://"),
}
DBOS(config=config)


@DBOS.step()
async def write(number: int) -> None:
    """Write the row."""
    await asyncio.to_thread(fired, number)


@DBOS.workflow()
async def wait(number: int, due: float) -> None:
    """Sleep, then write."""
    await DBOS.sleep_async(max(due - time.time(), 0))
    await write(number)


async def main() -> None:
    """Start all, and wait."""
    DBOS.launch()
    for number, due in asked.moments():
        await DBOS.start_workflow_async(wait, number, due.timestamp())
    ready()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
