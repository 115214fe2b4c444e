"""A port for a server that is told its port before it is started: nobody else takes it in between.

The kernel gives whoever asks for any port, and whoever connects, one of a range; those below it are taken by name
alone. What two runs of the tests would take at once is told apart by a name that the kernel keeps while a run lasts.
"""

import random
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000
_mine: list[socket.socket] = []


def free_port() -> int:
    """Return a port of loopback on which nobody listens now, and which no other test is given while this run lasts."""
    above = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 0
    tries = random.SystemRandom().sample(range(_LOWEST, above), min(200, above - _LOWEST)) if above > _LOWEST else []
    for port in tries:
        if _kept(port) and _free(port):
            return port
    with socket.create_server(("127.0.0.1", 0)) as taken:  # a machine on which the kernel gives any
        return int(taken.getsockname()[1])


def _kept(port: int) -> bool:
    """Take the name of a port; tell whether nobody had it."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0carepath-tests-{port}")
    except OSError:
        name.close()
        return False
    _mine.append(name)
    return True


def _free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
