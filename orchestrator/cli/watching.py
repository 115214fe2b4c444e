"""How is a process watched? By a port of its own: `/metrics`, `/healthz`, `/readyz`; no patient's data pass there.

It answers from a thread of its own, so that a process that hangs still says so. A worker's forked processes count in
files of a shared folder, and are told as one.
"""

import json
import logging
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from orchestrator import __version__
from orchestrator.config import Place
from orchestrator.errors import CarepathError
from orchestrator.service.readiness import Readiness

if TYPE_CHECKING:
    from prometheus_client import Metric

_log = logging.getLogger(__name__)
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where the metrics library looks for the shared folder, at its first import."""
_PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.1
_ENDED = "ended"


class CannotWatch(CarepathError):
    """The port for figures and health cannot be opened."""

    code = "cannot-start"


class Beat:
    """Tells whether a loop still turns. longest: seconds that a turn may take."""

    def __init__(self, longest: float) -> None:
        self._longest, self._last = longest, monotonic()

    def turned(self) -> None:
        """Note that a turn was done."""
        self._last = monotonic()

    def fault(self) -> str | None:
        """Return what is wrong, or None."""
        return "stuck" if monotonic() - self._last > self._longest else None


class Probes(NamedTuple):
    """What a process says of itself. alive, ready: what is wrong as a code, or None.   figures: for `/metrics`."""

    process: str
    alive: Callable[[], str | None]
    ready: Callable[[], str | None]
    figures: Callable[[], bytes]


def local_figures() -> bytes:
    """Return the figures of this process in Prometheus' text form."""
    from prometheus_client import generate_latest  # noqa: PLC0415  not for --help

    return generate_latest()


def of_store(check: Callable[[], None], draining: threading.Event | None = None) -> Callable[[], str | None]:
    """Return a probe that says whether a store can be used; it is asked once a second at most.

    check: raises CarepathError when it cannot.   draining: set when the process was asked to end.
    """
    store = Readiness(check)

    def ready() -> str | None:
        if draining is not None and draining.is_set():
            return "draining"
        try:
            store()
        except CarepathError as error:
            return error.code
        return None

    return ready


class SharedFigures:
    """What several forked processes count, told as one. The folder is this process's own and goes with it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()

    def __call__(self) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

        with self._lock:
            self._fold_ended()
            registry = CollectorRegistry()
            registry.register(self)
            return generate_latest(registry)

    def collect(self) -> "Iterable[Metric]":
        """Add up what the files tell; one that a process has made and not filled yet tells nothing."""
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

        files = [str(file) for file in self._folder.glob("*.db") if file.stat().st_size]
        return MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call, no-any-return]

    def _fold_ended(self) -> None:
        """Add up what processes counted that have ended, so that no count goes back and no file is left behind."""
        from prometheus_client.mmap_dict import MmapedDict  # noqa: PLC0415

        for file in self._folder.glob("*.db"):
            kind, _, pid = file.stem.rpartition("_")
            if not pid.isdigit() or _runs(int(pid)):
                continue
            if file.stat().st_size and not kind.startswith("gauge"):
                sums = MmapedDict(str(self._folder / f"{kind}_{_ENDED}.db"))  # type: ignore[no-untyped-call]
                for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file)):  # type: ignore[no-untyped-call]
                    sums.write_value(key, sums.read_value(key)[0] + value, 0.0)  # type: ignore[no-untyped-call]
                sums.close()  # type: ignore[no-untyped-call]
            file.unlink()


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):  # it is another user's now, and so none of this folder's
        return False
    return True


@contextmanager
def shared_figures() -> Iterator[SharedFigures]:
    """Give a folder in which processes that are forked from now on count; before any metric is made."""
    folder = Path(tempfile.mkdtemp(prefix="carepath-figures-"))
    os.environ[FOLDER_VARIABLE] = str(folder)
    try:
        yield SharedFigures(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def watched(place: Place | None, probes: Probes) -> Iterator[None]:
    """Answer at a place, or nowhere for None. Raises CannotWatch."""
    if place is None:
        yield
        return
    try:
        door = _Door(place, probes)
    except OSError as error:
        raise CannotWatch(
            f"cannot listen on {place.host} port {place.port}: {error.strerror}; choose another with --metrics"
        ) from None
    os.register_at_fork(after_in_child=door.socket.close)  # a worker's processes must not hold the port
    threading.Thread(target=door.serve_forever, args=(_POLL_SECONDS,), name="metrics", daemon=True).start()
    try:
        yield
    finally:
        door.shutdown()
        door.server_close()


class _Door(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, place: Place, probes: Probes) -> None:
        self.probes = probes
        self.address_family = _family(place)
        super().__init__(place, _Answer)

    def server_bind(self) -> None:
        """Bind, and ask no name server who we are."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a caller that went away; anything else is a defect."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            _log.error("cannot tell how it is: %s", type(error).__name__, extra={"event": "not-told"}, exc_info=error)


class _Answer(BaseHTTPRequestHandler):
    server: _Door
    timeout = _PATIENCE_SECONDS
    server_version, sys_version = "carepath", ""

    def do_GET(self) -> None:
        """Answer one of the three paths."""
        probes = self.server.probes
        match self.path.partition("?")[0]:
            case "/metrics":
                self._say(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", probes.figures())
            case "/healthz":
                self._state(probes.alive(), "ok")
            case "/readyz":
                self._state(probes.alive() or probes.ready(), "ready")
            case _:
                self._say(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"/metrics, /healthz or /readyz\n")

    def _state(self, fault: str | None, fine: str) -> None:
        status = HTTPStatus.OK if fault is None else HTTPStatus.SERVICE_UNAVAILABLE
        said = {"status": fault or fine, "process": self.server.probes.process, "version": __version__}
        self._say(status, "application/json", json.dumps(said).encode())

    def _say(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
        """Log nothing: whoever watches asks every few seconds."""


def _family(place: Place) -> socket.AddressFamily:
    return socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)[0][0]
