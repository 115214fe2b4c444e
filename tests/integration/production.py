"""The processes of production as an operator starts them, on PostgreSQL and a broker, each watched on its own port."""

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.cli.valkey import dies_with_parent
from tests.integration.installation import SECONDS, Installation, until
from tests.servers.ports import free_port

START_SECONDS = 90.0


def ask(
    port: int, path: str, method: str = "GET", body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """Return status and content of an answer; raises OSError when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except http.client.HTTPException as error:
        raise ConnectionError(type(error).__name__) from None
    finally:
        connection.close()


@dataclass
class Running:
    """One process. port: the API's own, 0 for others.   watch: where it tells figures and health."""

    role: str
    process: "subprocess.Popen[bytes]"
    log: Path
    watch: int
    port: int = 0

    def status(self, path: str) -> int:
        """Return how a path of the watched port answers; 0 when nobody does."""
        try:
            return ask(self.watch, path)[0]
        except OSError:
            return 0

    def figures(self) -> dict[str, float]:
        """Return what `/metrics` tells: each sample by its name and labels."""
        status, content = ask(self.watch, "/metrics")
        assert status == 200
        lines = [line for line in content.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def await_ready(self) -> "Running":
        def ready() -> bool:
            assert self.process.poll() is None, f"{self.role} ended: {self.said()}"
            return self.status("/readyz") == 200

        until(ready, f"{self.role} is ready", START_SECONDS)
        return self

    def end(self) -> int:
        """Ask it to end; return its status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def lines(self) -> list[dict[str, Any]]:
        """Return its log."""
        return [json.loads(line) for line in self.said().splitlines()]


@dataclass
class Production:
    """Processes on the store of an installation; `start` adds one."""

    place: Installation
    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_hex(32))
    started: list[Running] = field(default_factory=list)

    def start(self, role: str, *options: str, code: str = "", **environ: str) -> Running:
        """Start a process; it need not be ready yet. code: a program that is run instead of `carepath`."""
        program = [sys.executable, "-c", code] if code else [str(Path(sys.executable).with_name("carepath"))]
        command = [*program, role, "--simulated"]
        command += ["--database", self.place.settings.database_url, *options]
        watch, port = free_port(), free_port() if role == "api" else 0
        command += ["--metrics", str(watch), *(("--port", str(port)) if port else ())]
        log = self.home / f"{role}-{len(self.started)}.log"
        (self.home / "token").write_text(self.token)
        given = {
            "CAREPATH_HOME": str(self.place.settings.home.parent),
            "CAREPATH_BROKER_URL": self.place.settings.broker_url,
            "CAREPATH_ADMIN_TOKEN_FILE": str(self.home / "token"),
            "CAREPATH_LOG": "json",
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | given | self.environ | environ,
                preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call, no lock
            )
        running = Running(role, process, log, watch, port)
        self.started.append(running)
        return running

    def ask(self, api: Running, method: str, path: str, body: object = None, key: str = "") -> tuple[int, str]:
        """Send a request of a clinician to one of the APIs."""
        said = {"Authorization": f"Bearer {self.token}", "Carepath-Actor": "c-1", "Carepath-Role": "clinician"}
        if method == "POST":
            said |= {"Content-Type": "application/json", "Idempotency-Key": key or secrets.token_hex(8)}
        return ask(api.port, path, method, body, said)


@contextmanager
def production(place: Installation, home: Path, **environ: str) -> Iterator[Production]:
    """Give a place to start processes in; all that still run are killed at its end."""
    made = Production(place, home, environ)
    try:
        yield made
    finally:
        for running in made.started:
            if running.process.poll() is None:
                running.process.kill()
            running.process.wait()
