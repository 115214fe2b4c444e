"""A RabbitMQ node of the suite's own, where its server is installed: another node name, ports and folder, on loopback.

It takes some ten seconds to start, so there is one for a session. It names itself to a port mapper of its own, so that
neither knows of a service of the machine's.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amqp import Connection

from orchestrator.cli.valkey import dies_with_parent
from tests.servers.ports import free_port

START_SECONDS = 90.0
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.1


def find_server() -> Path | None:
    """Return the server's own script, not the wrapper that changes to another user; None where there is none."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    return found[-1] if found and shutil.which("epmd") else None


@contextmanager
def running_rabbitmq(server: Path) -> Iterator[str]:
    """Yield the URL of a fresh node as Celery spells it, and remove it afterwards."""
    root = Path(tempfile.mkdtemp(prefix="cp-rmq-", dir="/tmp"))
    mapper, port, distribution = (free_port() for _ in range(3))
    environ = _environ(root, mapper, port, distribution)
    try:
        with (root / "log").open("wb") as log:
            names = _start(["epmd", "-port", str(mapper), "-address", "127.0.0.1"], environ, log.fileno())
            node = _start([str(server)], environ, log.fileno())
        try:
            _await_answer(node, port, root / "log")
            yield f"amqp://guest:guest@127.0.0.1:{port}//"
        finally:
            _stop(node)
            _stop(names)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _environ(root: Path, mapper: int, port: int, distribution: int) -> dict[str, str]:
    (root / "plugins").write_text("[].\n")
    (root / "rabbitmq.conf").write_text("log.console = true\n")
    (root / "environment").write_text("")
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(root),  # of the cookie by which nodes know each other
        "LC_ALL": "C.UTF-8",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"carepath-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(root / "mnesia"),
        "RABBITMQ_LOG_BASE": str(root),
        "RABBITMQ_CONFIG_FILE": str(root / "rabbitmq"),
        "RABBITMQ_CONF_ENV_FILE": str(root / "environment"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(root / "plugins"),
        "RABBITMQ_PID_FILE": str(root / "pid"),
        "RUNNING_UNDER_SYSTEMD": "true",  # the script then becomes the server, so that ending it ends the server
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
            "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1} +sbwt none"
        ),
    }


def _start(command: list[str], environ: dict[str, str], log: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=environ,
        cwd="/",
        start_new_session=True,
        preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, no lock
    )


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _await_answer(node: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline, pause = time.monotonic() + START_SECONDS, threading.Event()
    while node.poll() is None and time.monotonic() < deadline:
        try:
            with Connection(host=f"127.0.0.1:{port}", connect_timeout=2):
                return
        except OSError:
            pause.wait(_POLL_SECONDS)
    raise RuntimeError(f"RabbitMQ does not answer: {log.read_text(errors='replace')[-2000:]}")
