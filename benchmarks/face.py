"""Which API answers in the benchmarks? `carepath api` as an operator runs it, in a process of its own on loopback.

It says in a header how long it took for an answer, from the request's arrival to the moment at which the answer's first
byte leaves, the page being made and compressed by then. That alone is added here.
"""

import http.client
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.crew import end
from orchestrator.cli import asgi, serve, valkey
from orchestrator.config import Settings

HEADER = "server-timing"
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """What came back. seconds: until its last byte; inside: in the server.   size: bytes on the wire."""

    status: int
    seconds: float
    inside: float
    size: int
    headers: http.client.HTTPMessage
    body: bytes


class Browser:
    """One person's browser: it keeps its connection open, and takes pages compressed. cookie: of the session."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Accept-Encoding": "gzip", "Accept-Language": "en", "Cookie": cookie}

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a page; redirections are not followed."""
        return self._ask("GET", path, None, headers)

    def send(self, path: str, form: bytes, **headers: str) -> Answer:
        """Send a form as a page of ours does."""
        given = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        return self._ask("POST", path, form, {**given, **headers})

    def _ask(self, method: str, path: str, body: bytes | None, headers: MutableMapping[str, str]) -> Answer:
        began = time.perf_counter()
        self._connection.request(method, path, body, {**self._headers, **headers})
        answer = self._connection.getresponse()
        content = answer.read()
        took = time.perf_counter() - began
        told = answer.headers.get(HEADER, "")
        inside = float(told.partition("dur=")[2] or 0) / 1000
        head = sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
        return Answer(answer.status, took, inside, head + len(content), answer.headers, content)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


@contextmanager
def answering(settings: Settings) -> Iterator[int]:
    """Start the API on a port of its own; give the port once it answers; end it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.face"],
        stdin=subprocess.PIPE,
        preexec_fn=valkey.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call, no lock
    )
    try:
        assert process.stdin is not None
        with process.stdin as pipe:
            pickle.dump(replace(settings, host="127.0.0.1", port=port), pipe)
        _await(process, port)
        yield port
    finally:
        end(process)


def _await(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            Browser(port).get("/sign-in")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the API did not start")


def _timed() -> None:
    """Have the faces say how long they took."""
    real = asgi.Faces.__call__

    async def call(self: asgi.Faces, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401
        began = time.perf_counter()

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                took = f"app;dur={1000 * (time.perf_counter() - began):.3f}"
                message["headers"] = [*message["headers"], (HEADER.encode(), took.encode())]
            await send(message)

        await real(self, scope, receive, sending)

    asgi.Faces.__call__ = call  # type: ignore[method-assign]


if __name__ == "__main__":
    _timed()
    serve.api(pickle.load(sys.stdin.buffer))
