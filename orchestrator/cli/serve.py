"""How do API, worker and clock run as processes of their own? Each until a signal ends it.

`carepath api`, `worker` and `clock` call these; so does the launcher, through this module's own command line, which
takes its settings from standard input: no address with a password in it stands in an argument or the environment.
"""

import logging
import pickle
import signal
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orchestrator.bootstrap import Simulation, open_system, open_to_run
from orchestrator.config import Settings
from orchestrator.errors import CarepathError

EMBEDDED_THREADS = 4
_GRACE_SECONDS = 3
_NO_BROKER = "there is no broker: set CAREPATH_BROKER_URL, or run carepath up, which starts its own"


def mark(simulation: Simulation | None) -> str:
    """Return what every line begins with that tells of a simulated store; nothing for a real one."""
    return "" if simulation is None else f"[simulated, {simulation.factor} times as fast] "


def api(settings: Settings, listening: socket.socket | None = None) -> None:
    """Serve HTTP. listening: a socket that listens already, else one is opened at the settings' host and port."""
    import uvicorn  # noqa: PLC0415  neither worker nor clock needs it

    from orchestrator.api.app import create_app  # noqa: PLC0415
    from orchestrator.web.opened import router  # noqa: PLC0415

    system = open_to_run(settings)
    _log_lines("api", system.simulation)
    app = create_app(system, pages=(router,))

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        yield
        system.close()  # here, since uvicorn raises the signal again and nothing after `run` would be reached

    app.router.lifespan_context = lifespan
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=None if listening is None else [listening])


def worker(settings: Settings, *, threads: int = 0, processes: int = 0) -> int:
    """Carry out jobs: in a pool of threads, or else in processes, one a processor where their number is 0."""
    from workers import app as jobs  # noqa: PLC0415  Celery is slow to import

    with open_to_run(settings) as system:  # before any fork, and only to see that it can be opened
        _log_lines("worker", system.simulation)
    jobs.configure(_broker(settings), lambda: open_system(settings))
    return jobs.run_worker(threads=threads, processes=processes)


def clock(settings: Settings) -> None:
    """Look for what is due, until SIGINT or SIGTERM."""
    from workers import app as jobs  # noqa: PLC0415
    from workers.clock import run  # noqa: PLC0415
    from workers.publisher import Publisher  # noqa: PLC0415

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with open_system(settings) as system:
        _log_lines("clock", system.simulation)
        jobs.configure(_broker(settings), lambda: system)
        run(system, Publisher(), stop)


def _broker(settings: Settings) -> str:
    if not settings.broker_url:
        raise CarepathError(_NO_BROKER)
    return settings.broker_url


def _log_lines(name: str, simulation: Simulation | None) -> None:
    handler = logging.StreamHandler(sys.stderr)
    form = f"{mark(simulation)}%(asctime)sZ {name} %(levelname)s %(message)s"
    lines = logging.Formatter(form, datefmt="%Y-%m-%dT%H:%M:%S")
    lines.converter = time.gmtime
    handler.setFormatter(lines)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _main(role: str, descriptor: str = "") -> int:
    settings: Settings = pickle.load(sys.stdin.buffer)  # from the launcher, our own parent
    try:
        if role == "api":
            api(settings, socket.socket(fileno=int(descriptor)))
        elif role == "worker":
            return worker(settings, threads=EMBEDDED_THREADS)
        else:
            clock(settings)
    except CarepathError as error:
        print(f"carepath {role}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
