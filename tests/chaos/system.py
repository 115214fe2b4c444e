"""What is tried? A whole carepath in its production shape, each process of which is started again after it ended."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from orchestrator import bootstrap, config
from orchestrator.bootstrap import Simulation
from orchestrator.cli import valkey
from orchestrator.config import Settings
from tests.chaos.checker import Commits
from tests.chaos.disk import Disk, small_disk
from tests.chaos.history import History, Outage
from tests.chaos.links import Link, Network
from tests.chaos.pager import channels
from tests.chaos.services import END_SECONDS, Service, answers, wait_until
from tests.chaos.wall import OPTIONS, Wall
from tests.servers.outside import Outside, hook_server
from tests.servers.ports import free_port
from tests.servers.postgres import USER, Cluster, new_cluster

_SOCKET = ".s.PGSQL.5432"
_DATABASE = "chaos"
_COMMITS = "SELECT episode_id, seq, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM entry"


@dataclass(frozen=True)
class Shape:
    """How many there are of each. processes: of a worker's pool.   factor: of the store's simulated clock.

    real: the store is a real one, with the wall's clock, for a simulated one sends nothing to the outside.
    """

    apis: int = 2
    workers: int = 2
    processes: int = 2
    clocks: int = 2
    factor: int = 3600
    real: bool = False


class System:
    """Everything that runs. Made, tended and ended on the main thread, with which the kernel ends it all."""

    def __init__(self, shape: Shape, folder: Path, cluster: Cluster, disk: Disk | None, history: History) -> None:
        self.shape, self.folder, self.cluster, self.disk, self.history = shape, folder, cluster, disk, history
        self.pager: Outside | None = None
        self.start_seconds = 0.0  # what a process needs here, measured when all were started
        self.token = secrets.token_hex(32)
        self._commands_file = str(Path(sys.executable).with_name("carepath"))
        self._broker: valkey.Valkey | None = None
        self._no_clock: float | None = None
        self.network = Network()
        (folder / "database").mkdir()
        server = cluster.server
        self.links: dict[str, Link] = {
            "database": self.network.link(folder / "database" / _SOCKET, server.socket / _SOCKET),
            "broker": self.network.link(folder / "broker.sock", folder / "broker" / "valkey.sock"),
        }
        self.services: dict[str, Service] = {}
        self.wall: Wall | None = None
        self.ports = [free_port() for _ in range(shape.apis)]

    @property
    def conninfo(self) -> str:
        """The database past every link, on its true clock, as libpq reads it."""
        return f"host={self.cluster.server.socket} user={USER} dbname={_DATABASE}"

    @property
    def factor(self) -> int:
        """How many times as fast as the wall the store's clock runs."""
        return 1 if self.shape.real else self.shape.factor

    def keep_logs(self, folder: Path) -> None:
        """Copy what everybody wrote."""
        for log in self.folder.glob("*.log"):
            shutil.copy(log, folder)
        (folder / "postgres.log").write_text(self.cluster.log)

    def settings(self) -> Settings:
        """Return the settings of somebody who looks at the store past every link, on its true clock."""
        environ = {"CAREPATH_HOME": str(self.folder / "home"), "CAREPATH_BROKER_URL": self._broker_url}
        return config.read(environ, simulated=not self.shape.real, database_url=self.cluster.server.url(_DATABASE))

    def start(self) -> None:
        """Make the store, and start everything."""
        self._serve("postgres", self._postgres, self.cluster.answers)
        wait_until(self.cluster.answers, lambda: self.cluster.log)
        self.cluster.server.execute(f"CREATE DATABASE {_DATABASE}")
        settings = self.settings()
        bootstrap.prepare_store(settings, None if self.shape.real else Simulation(datetime.now(UTC), self.factor))
        with bootstrap.open_system(settings) as system:
            system.access.adopt(self.token)
        self.wall = Wall(self.conninfo)
        self._serve("broker", self._valkey)
        for number, port in enumerate(self.ports, start=1):
            self._carepath(f"api-{number}", "api", "--port", str(port))
        for number in range(1, self.shape.workers + 1):
            self._carepath(f"worker-{number}", "worker", "--processes", str(self.shape.processes))
        for number in range(1, self.shape.clocks + 1):
            self._carepath(f"clock-{number}", "clock")
        begun = time.monotonic()
        wait_until(lambda: all(map(answers, self.ports)), (self.folder / "api-1.log").read_text)
        self.start_seconds = time.monotonic() - begun

    def commits(self, _: bootstrap.System) -> Commits:
        """Return when each entry was committed, as the server itself noted it."""
        with psycopg.connect(self.conninfo) as connection:
            rows = connection.execute(_COMMITS).fetchall()
        return {(episode_id, seq): at for episode_id, seq, at in rows}

    def tend(self) -> None:
        """Start again what has ended, and note what was down for how long."""
        for service in self.services.values():
            over = service.tend(excuses=service.name == "postgres")
            if over is not None:
                self.history.add(over)
        self._look_at_clocks()

    def end(self) -> list[str]:
        """Ask everybody to end, the servers last; return who did not do so as he should."""
        names = [name for name in self.services if name not in {"postgres", "broker"}]
        for name in names:
            self.services[name].process.terminate()
        bad = []
        for name in names:
            try:
                status = self.services[name].process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                bad.append(f"{name} did not end within {END_SECONDS:g} s of SIGTERM")
                continue
            if status not in {0, -signal.SIGTERM}:
                bad.append(f"{name} ended with status {status}")
        return bad

    def kill_all(self) -> None:
        """Leave nothing running, but the database."""
        for name, service in self.services.items():
            if name != "postgres":
                service.end_group()
        if self._broker is not None:
            self._broker.stop()
        self.network.close()

    @property
    def _broker_url(self) -> str:
        return f"redis+socket://{self.folder / 'broker.sock'}?virtual_host=0"

    def _postgres(self) -> "subprocess.Popen[bytes]":
        self.cluster.launch(track_commit_timestamp="on")
        assert self.cluster.process is not None
        return self.cluster.process

    def _valkey(self) -> "subprocess.Popen[bytes]":
        self._broker = valkey.start(self.folder / "broker")
        return self._broker.process

    def _carepath(self, name: str, *words: str) -> None:
        url = f"postgresql+psycopg://{USER}@/{_DATABASE}?host={self.folder / 'database'}&options={OPTIONS}"
        kind = [] if self.shape.real else ["--simulated"]
        command = [self._commands_file, *words, *kind, "--home", str(self.folder / "home"), "--database", url]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CAREPATH_")}
        environ["CAREPATH_BROKER_URL"] = self._broker_url
        environ["TMPDIR"] = str(self.folder)  # a process that is killed cannot clear up after itself
        if self.pager is not None:
            environ["CAREPATH_CHANNELS"] = str(channels(self.folder, self.pager.port))

        def launch() -> "subprocess.Popen[bytes]":
            with (self.folder / f"{name}.log").open("ab") as log:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=environ,
                    start_new_session=True,
                    preexec_fn=valkey.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call, no lock
                )

        self._serve(name, launch)

    def _serve(
        self, name: str, launch: Callable[[], "subprocess.Popen[bytes]"], ready: Callable[[], bool] = lambda: True
    ) -> None:
        self.services[name] = Service(name, launch, ready)

    def _look_at_clocks(self) -> None:
        """Note for how long there was no clock at all: one of several may be away without excuse."""
        some = any(service.up for name, service in self.services.items() if name.startswith("clock"))
        if some and self._no_clock is not None:
            ready = time.time() + self.start_seconds
            self.history.add(Outage("no clock was there", self._no_clock, ready, True))
        self._no_clock = None if some else self._no_clock or time.time()


@contextmanager
def running(shape: Shape, history: History) -> Iterator[System]:
    """Run a whole system in a folder of its own, and leave nothing of it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cp-ch-", dir="/tmp")))
        disk = stack.enter_context(small_disk(folder / "disk"))
        inside, data = ((), None) if disk is None else (disk.inside, disk.folder / "data")
        cluster = stack.enter_context(new_cluster(durable=True, inside=inside, data=data))
        system = System(shape, folder, cluster, disk, history)
        if shape.real:
            system.pager = stack.enter_context(hook_server(None))
        stack.callback(system.kill_all)
        system.start()
        yield system
