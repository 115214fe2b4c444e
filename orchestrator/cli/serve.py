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
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orchestrator.bootstrap import (
    System,
    check_durable,
    check_ready,
    figures,
    guard_time,
    lookout,
    open_system,
    open_to_run,
    settle_memory,
    stay_present,
    watch_channels,
)
from orchestrator.cli import logs, watching
from orchestrator.cli.watching import Beat, Probes, of_store, watched
from orchestrator.config import Settings
from orchestrator.entrance import provider_fault
from orchestrator.errors import CarepathError
from orchestrator.service.lookout import SECONDS
from orchestrator.service.repeated import Repeated

if TYPE_CHECKING:
    import uvicorn

_log = logging.getLogger(__name__)
EMBEDDED_THREADS = 4
GRACE_SECONDS = 20
_EMBEDDED_GRACE_SECONDS = 3
_LONGEST_TURN_SECONDS = 60.0
_QUIET: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False}
_NO_BROKER = "there is no broker: set CAREPATH_BROKER_URL, or run carepath up, which starts its own"


def api(settings: Settings, listening: socket.socket | None = None) -> None:
    """Serve HTTP until a signal says otherwise; what is being answered then is finished.

    listening: a socket that listens already, else one is opened at the settings' host and port. Raises CannotStart.
    """
    from orchestrator.cli.listening import bound  # noqa: PLC0415  neither worker nor clock needs it

    with ExitStack() as stack:
        if listening is not None:
            _serve(settings, [stack.enter_context(listening)], _EMBEDDED_GRACE_SECONDS)
            return
        doors = [stack.enter_context(each) for each in bound(settings.host, settings.port)]
        _serve(settings, doors, GRACE_SECONDS)


def _serve(settings: Settings, doors: list[socket.socket], grace_seconds: int) -> None:
    import uvicorn  # noqa: PLC0415

    from orchestrator.cli.asgi import faces  # noqa: PLC0415
    from orchestrator.cli.draining import DrainingServer  # noqa: PLC0415

    system = open_to_run(settings)
    logs.begin("api", system.simulation, as_json=settings.log_json)
    draining, looking = threading.Event(), lookout(system)
    told: dict[str, Any] = {"openid": settings.openid, "proofs": settings.cache / "proofs"}
    app = faces(system, settings.timezone, draining=draining, banner=lambda: looking.banner, **told)
    beside = [Repeated(looking.turn, SECONDS, "lookout").start(), guard_time(system), *_beside(system, "api")]
    settle_memory()
    _warn_of_provider(settings)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        yield
        for each in beside:
            each.stop()
        system.close()

    app.api.router.lifespan_context = lifespan
    config = uvicorn.Config(
        app,
        proxy_headers=True,
        forwarded_allow_ips=settings.proxies,
        **_QUIET,
        timeout_graceful_shutdown=grace_seconds,
    )
    server = DrainingServer(config, draining, settings.drain_seconds)
    # uvicorn raises a signal again once it has ended: that is no news
    _when_told_to_end(lambda: setattr(server, "should_exit", True))
    with watched(settings.metrics, _api_probes(settings, system, server, draining)):
        server.run(sockets=doors)


def _api_probes(settings: Settings, system: System, server: "uvicorn.Server", draining: threading.Event) -> Probes:
    if settings.metrics is not None:
        from prometheus_client import REGISTRY  # noqa: PLC0415

        from orchestrator.api.metrics import StoreCollector  # noqa: PLC0415

        told = StoreCollector(
            lambda: figures(settings, system), lambda: bool(system.channels.fault),
            simulated=system.simulated, speed=system.speed,
        )  # fmt: skip
        REGISTRY.register(told)

    def ready() -> None:
        if not server.started:  # else a proxy would send people to whom nobody listens yet
            raise CarepathError("the API does not listen yet")
        system.store.ready()

    return Probes("api", lambda: None, of_store(ready, draining), watching.local_figures)


def worker(settings: Settings, *, threads: int = 0, processes: int = 0) -> int:
    """Carry out jobs: in a pool of threads, or else in processes, one a processor where their number is 0."""
    with ExitStack() as stack:
        told = watching.local_figures
        if settings.metrics is not None and not threads:
            told = stack.enter_context(watching.shared_figures())  # before the first metric is made
        from workers import app as jobs  # noqa: PLC0415  Celery is slow to import

        with open_to_run(settings) as system:  # before any fork, and only to see that it can be opened
            logs.begin("worker", system.simulation, as_json=settings.log_json)
        jobs.configure(_broker(settings), lambda: open_system(settings))
        probes = Probes("worker", lambda: None, of_store(lambda: check_ready(settings)), told)
        stack.enter_context(watched(settings.metrics, probes))
        return jobs.run_worker(threads=threads, processes=processes)


def clock(settings: Settings) -> None:
    """Look for what is due, until SIGINT or SIGTERM."""
    from workers import app as jobs  # noqa: PLC0415
    from workers import metrics  # noqa: PLC0415
    from workers.clock import run  # noqa: PLC0415
    from workers.publisher import Publisher  # noqa: PLC0415

    stop, beat = threading.Event(), Beat(_LONGEST_TURN_SECONDS)
    _when_told_to_end(stop.set)
    with open_system(settings) as system:
        logs.begin("clock", system.simulation, as_json=settings.log_json)
        _warn_of_loss(settings, system)
        jobs.configure(_broker(settings), lambda: system)
        beside = _beside(system, "clock", metrics.CHANNELS.set)
        probes = Probes("clock", beat.fault, of_store(system.store.ready, stop), watching.local_figures)
        with watched(settings.metrics, probes):
            hints = Publisher()
            hints.open()
            run(system, hints, stop, beat.turned)
        for each in beside:
            each.stop()


def sheets(settings: Settings, every: timedelta | None = None) -> None:
    """Write the wards' sheets into the settings' folder, until SIGINT or SIGTERM."""
    from orchestrator.cli import sheets as paper  # noqa: PLC0415  the others need no templates

    assert settings.sheets is not None
    stop = threading.Event()
    _when_told_to_end(stop.set)
    with open_system(settings) as system:
        logs.begin("sheets", system.simulation, as_json=settings.log_json)
        present = stay_present(system, "sheets")
        paper.keep(settings, system, settings.sheets, every or paper.EVERY, stop)
        present.stop()


def _when_told_to_end(work: Callable[[], object]) -> None:
    """Do this at SIGINT and at SIGTERM, in place of whatever else they do."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: work())


def _beside(system: System, role: str, faulty: Callable[[bool], object] = bool) -> list[Repeated]:
    """Begin what whoever writes entries does beside: it says that it runs, and stays up to date on who is told.

    faulty: is told whether the file of channels cannot be read.
    """
    return [stay_present(system, role), system.duty.reach.follow(), watch_channels(system, faulty)]


def _warn_of_loss(settings: Settings, system: System) -> None:
    """Say what keeps the others from starting: a clock goes on, for patients wait for what is due."""
    try:
        check_durable(settings, system)
    except CarepathError as error:
        _log.error("%s; timers go on", error, extra={"event": "store-may-lose"})


def _warn_of_provider(settings: Settings) -> None:
    """Say why nobody can come in by the hospital's own login: the API goes on, for programs and passwords need it."""
    if fault := provider_fault(settings.openid):
        told = "until it is there people sign in with their passwords alone; no restart is needed"
        _log.error("%s; %s", fault, told, extra={"event": "provider-failed"})


def _broker(settings: Settings) -> str:
    if not settings.broker_url:
        raise CarepathError(_NO_BROKER)
    return settings.broker_url


def _main(role: str, descriptor: str = "") -> int:
    settings: Settings = pickle.load(sys.stdin.buffer)  # from the launcher, our own parent
    try:
        if role == "api":
            api(settings, socket.socket(fileno=int(descriptor)))
        elif role == "worker":
            return worker(settings, threads=EMBEDDED_THREADS)
        elif role == "sheets":
            sheets(settings)
        else:
            clock(settings)
    except CarepathError as error:
        print(f"carepath {role}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
