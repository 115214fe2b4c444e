"""What is tried besides? `carepath up` on SQLite: its launcher is killed, alone, with its group, or child by child."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from orchestrator import bootstrap, config
from orchestrator.cli import valkey
from orchestrator.config import Settings
from tests.chaos.checker import Commits
from tests.chaos.disk import Disk
from tests.chaos.history import History, Outage
from tests.chaos.links import Link
from tests.chaos.services import END_SECONDS, Service, answers, wait_until
from tests.chaos.wall import Wall
from tests.e2e.running import children
from tests.servers.outside import Outside
from tests.servers.ports import free_port

_LOOK_SECONDS = 0.2


class Embedded:
    """A launcher and all that it started; see `tests.chaos.system.System`, whose place it takes."""

    links: Mapping[str, Link] = MappingProxyType({})
    disk: Disk | None = None
    wall: Wall | None = None
    pager: Outside | None = None

    def __init__(self, folder: Path, history: History, factor: int) -> None:
        self.folder, self.history, self.factor = folder, history, factor
        self.token = secrets.token_hex(32)
        (folder / "token").write_text(self.token)
        self.ports = [free_port()]
        self._no_clock: float | None = None
        self._looked = 0.0
        self.services: dict[str, Service] = {"up": Service("up", self._launch, lambda: answers(self.ports[0]))}
        wait_until(lambda: answers(self.ports[0]), (folder / "up.log").read_text)

    def keep_logs(self, folder: Path) -> None:
        """Copy what everybody wrote."""
        shutil.copy(self.folder / "up.log", folder)

    def settings(self) -> Settings:
        """Return the settings of somebody who looks at the store."""
        return config.read({"CAREPATH_HOME": str(self.folder)}, simulated=True)

    def commits(self, opened: bootstrap.System) -> Commits:
        """Return when each entry was written, by the wall."""
        return {
            (episode_id, entry["seq"]): datetime.fromisoformat(entry["recorded_at"]).timestamp()
            for episode_id in opened.replay.episode_ids()
            for entry in opened.queries.timeline(episode_id)
        }

    def tend(self) -> None:
        """Start the launcher again when it has ended, and note for how long there was no clock."""
        over = self.services["up"].tend()
        if over is not None:
            self.history.add(over)
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        if not any("serve clock" in words for words in children(self.services["up"].process.pid).values()):
            self._no_clock = self._no_clock or time.time()
        elif self._no_clock is not None:
            self.history.add(Outage("no clock was there", self._no_clock, time.time(), True))
            self._no_clock = None

    def end(self) -> list[str]:
        """Ask the launcher to end; return whether it did not do so as it should."""
        process = self.services["up"].process
        process.terminate()
        try:
            status = process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return [f"carepath up did not end within {END_SECONDS:g} s of SIGTERM"]
        return [f"carepath up ended with status {status}"] if status else []

    def kill_all(self) -> None:
        """Leave nothing running."""
        self.services["up"].end_group()

    def _launch(self) -> "subprocess.Popen[bytes]":
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CAREPATH_")}
        environ |= {"TMPDIR": str(self.folder)}  # a process that is killed cannot clear up after itself
        environ |= {"CAREPATH_HOME": str(self.folder), "CAREPATH_ADMIN_TOKEN_FILE": str(self.folder / "token")}
        speed = [] if (self.folder / "simulated").exists() else ["--speed", str(self.factor)]
        command = [str(Path(sys.executable).with_name("carepath")), "up", "--simulated", "--port", str(self.ports[0])]
        with (self.folder / "up.log").open("ab") as log:
            return subprocess.Popen(
                [*command, *speed],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environ,
                start_new_session=True,
                preexec_fn=valkey.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call, no lock
            )


@contextmanager
def running(history: History, factor: int) -> Iterator[Embedded]:
    """Run `carepath up` in a folder of its own, and leave nothing of it."""
    with tempfile.TemporaryDirectory(prefix="cp-ch-", dir="/tmp") as folder:
        system = Embedded(Path(folder), history, factor)
        try:
            yield system
        finally:
            system.kill_all()
