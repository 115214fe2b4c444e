"""Goal: under TLS a broker that does not show itself to be the one meant hears nothing, least of all the password."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from tests.servers.certificates import authority
from workers import app as jobs
from workers.asking import Unanswered, listeners

SECONDS = 5.0


@contextmanager
def stranger(shown: ssl.SSLContext) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the port of a server that shows a certificate, and what it hears after that; it answers nothing."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    taken, _ = door.accept()
                    taken.settimeout(SECONDS)
                    with taken, suppress(OSError), shown.wrap_socket(taken, server_side=True) as secured:
                        heard.append(secured.recv(1000))

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield door.getsockname()[1], heard
        finally:
            door.shutdown(socket.SHUT_RDWR)


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    url, process = jobs.app.conf.broker_url, jobs.process._open
    yield
    if url and process:
        jobs.configure(url, process)


@pytest.mark.parametrize("scheme", ["rediss", "amqps"])
@pytest.mark.parametrize(
    "shown", [(True, "localhost", True), (True, "elsewhere.example", False), (False, "localhost", False)]
)
def test_who_does_not_show_itself_hears_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, shown: tuple[bool, str, bool]
) -> None:
    known, name, speaks = shown
    ours, others = authority(tmp_path, "ours"), authority(tmp_path, "others")
    monkeypatch.setenv("SSL_CERT_FILE", str((ours if known else others).file))
    with stranger(ours.server(name)) as (port, heard):
        url = f"{scheme}://carepath:canary@127.0.0.1:{port}//"
        jobs.configure(url, lambda: pytest.fail("no System is wanted"))
        with jobs.app.connection_for_write() as connection, pytest.raises((OSError, redis.RedisError)):
            connection.connect()
        if scheme == "amqps":
            with pytest.raises(Unanswered):
                listeners(url, SECONDS)
    assert any(heard) == speaks
