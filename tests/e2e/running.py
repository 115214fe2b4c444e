"""A running `carepath up`, and somebody who talks to it over HTTP."""

import http.client
import json
import os
import queue
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from orchestrator.cli.valkey import dies_with_parent

SECONDS = 45.0
_ADDRESS = re.compile(r" on http://127\.0\.0\.1:(\d+),")


def until(true: Callable[[], Any], what: str) -> Any:  # noqa: ANN401  whatever became true
    """Wait for something to become true and return it; fail when it does not in time."""
    deadline, pause = monotonic() + SECONDS, threading.Event()
    while not (made := true()):
        assert monotonic() < deadline, f"waited {SECONDS:.0f} s in vain: {what}"
        pause.wait(0.05)
    return made


def carepath() -> str:
    return str(Path(sys.executable).with_name("carepath"))


def children(pid: int) -> dict[int, str]:
    """Return the processes that one has started and their command lines."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent == pid:
                found[int(stat.parent.name)] = (stat.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass
class Up:
    """A launcher with its lines so far, the port it listens on and the processes it started."""

    process: "subprocess.Popen[bytes]"
    token: str
    lines: list[str] = field(default_factory=list)
    port: int = 0
    started: dict[int, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: object = None, *, role: str = "clinician", **headers: str) -> Any:  # noqa: ANN401
        """Return the JSON of an answer, or its text; fails when it is a problem."""
        status, answer = self.answer(method, path, body, role=role, **headers)
        assert status < 300, (status, answer)
        return answer

    def answer(
        self, method: str, path: str, body: object = None, *, role: str = "clinician", **headers: str
    ) -> tuple[int, Any]:
        """Return status and content of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {"Authorization": f"Bearer {self.token}", "Carepath-Actor": f"{role}-1", "Carepath-Role": role}
        if method == "POST":
            sent |= {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(8)}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent | headers)
            answer = connection.getresponse()
            content = answer.read().decode()
            return answer.status, json.loads(content) if "json" in str(answer.headers["content-type"]) else content
        finally:
            connection.close()

    def pid_of(self, role: str) -> int:
        """Return the process of a role that runs now; fail when there is none."""
        (pid,) = [pid for pid, command in children(self.process.pid).items() if role in command]
        return pid

    def note(self) -> dict[int, str]:
        """Remember which processes there are."""
        self.started |= children(self.process.pid)
        return self.started

    def end(self, number: signal.Signals) -> int:
        """Send a signal to the launcher; return its status when nothing that it started is left."""
        self.note()
        if number == signal.SIGINT:  # as a terminal's Ctrl-C does: to the whole group
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        status = self.process.wait(SECONDS)
        until(lambda: not any(map(alive, self.started)), f"nothing left running of {self.started}")
        return status


@contextmanager
def up(home: Path, *options: str, terminal: bool = False, token_file: bool = True) -> Iterator[Up]:
    """Run `carepath up` on a free port, with its store in `home`; yield when it says that it is up.

    terminal: its output is one.   token_file: the administrator's token comes from a secret file.
    """
    token = home / "token"
    if not token.exists():
        token.write_text(secrets.token_hex(32))
    ours, theirs = os.openpty() if terminal else os.pipe()
    process = subprocess.Popen(
        [carepath(), "up", "--port", "0", *options],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.STDOUT,
        process_group=0,
        env=os.environ | {"CAREPATH_HOME": str(home), "CAREPATH_ADMIN_TOKEN_FILE": str(token) if token_file else ""},
        preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, no lock
    )
    os.close(theirs)
    running = Up(process, token.read_text())
    heard: queue.Queue[str] = queue.Queue()
    listener = threading.Thread(target=_listen, args=(ours, running.lines, heard))
    listener.start()
    try:
        while not (found := _ADDRESS.search(heard.get(timeout=SECONDS))):
            pass
        running.port = int(found.group(1))
        running.note()
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        listener.join()


def _listen(descriptor: int, lines: list[str], heard: "queue.Queue[str]") -> None:
    with os.fdopen(descriptor, encoding="utf-8") as output, suppress(OSError):  # a terminal ends so, when all have left
        for line in output:
            lines.append(line.rstrip("\n"))
            heard.put(line)
    heard.put(" on http://127.0.0.1:0, ended")  # whoever waits for the address waits no longer
