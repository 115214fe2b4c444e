"""Where does a process listen for callers? On sockets of its own, or one line says why it cannot, and what to do."""

import asyncio
import errno
import os
import socket

from orchestrator.errors import CarepathError


class CannotStart(CarepathError):
    """A process cannot be started here: one line says why and what to do."""

    code = "cannot-start"


def opened(host: str, port: int) -> socket.socket:
    """Return a socket that listens: whoever starts the API again loses no caller. Raises CannotStart."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        door = socket.socket(family, kind, protocol)
        try:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
            door.listen(1024)
        except OSError:
            door.close()
            raise
    except (OSError, UnicodeError) as error:
        raise _refused(host, port, error, ", or make … PORT=") from None
    return door


def bound(host: str, port: int) -> list[socket.socket]:
    """Return a socket for each address of a host. None listens yet: nobody waits at a door that is not served.

    Raises CannotStart.
    """
    try:
        return asyncio.run(_bound(host, port))
    except (OSError, UnicodeError) as error:
        raise _refused(host, port, error) from None


async def _bound(host: str, port: int) -> list[socket.socket]:
    made = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port, start_serving=False)
    doors = [socket.socket(fileno=os.dup(each.fileno())) for each in made.sockets]
    made.close()
    return doors


def _refused(host: str, port: int, error: OSError | UnicodeError, more: str = "") -> CannotStart:
    if isinstance(error, socket.gaierror | UnicodeError):
        return CannotStart(f"there is no host '{host}': choose another with --host")
    if error.errno == errno.EADDRINUSE:
        return CannotStart(f"port {port} is in use: choose another with --port{more}")
    why = os.strerror(error.errno) if error.errno else "it has no address"
    return CannotStart(f"cannot listen on {host} port {port}: {why}; choose others with --host and --port")
