"""Where does a request go? An address of http or https, taken apart; one that hides something is refused."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from orchestrator.wire.hosts import is_host

_PATH = re.compile(r"[!-~]*")
PORTS = {"https": 443, "http": 80}


class Target(NamedTuple):
    """Where one request goes. path: with its query."""

    scheme: str
    host: str
    port: int
    path: str


def target(url: str) -> Target:
    """Return where a URL leads. Raises ValueError, saying in a few words what is wrong with it.

    Taken are http and https, a plain host name or address, a port, a path and a query; visible ASCII alone.
    """
    if not _PATH.fullmatch(url) or "\\" in url:
        raise ValueError("holds a blank, a backslash or a character that is not ASCII")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if parts.scheme not in PORTS:
        raise ValueError("does not begin with https://")
    if "@" in parts.netloc:
        raise ValueError("names a user; a secret belongs into a file")
    if parts.fragment or url.endswith("#"):
        raise ValueError("has a fragment, which is never sent")
    if not is_host(host):
        raise ValueError("names no host")
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.scheme, host, port or PORTS[parts.scheme], (parts.path or "/") + query)
