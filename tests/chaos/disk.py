"""What if the disk is full? A small one of the database's own, in a mount namespace, that can be filled and freed."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from orchestrator.cli.valkey import dies_with_parent

MEGABYTES = 768
_SECONDS = 10.0
_MOUNT = 'mount -t tmpfs -o size={size}m,mode=755 chaos "$0" && echo mounted && exec sleep infinity'


class Disk:
    """A file system in memory that only whoever enters its namespace can see."""

    def __init__(self, folder: Path, holder: "subprocess.Popen[bytes]") -> None:
        self.folder, self._pid = folder, holder.pid
        self.inside = ("nsenter", "--target", str(holder.pid), "--user", "--mount", "--preserve-credentials", "--")

    @property
    def _ballast(self) -> Path:
        return Path(f"/proc/{self._pid}/root{self.folder}/ballast")

    def fill(self) -> None:
        """Leave no room."""
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:  # ends with: no space left on device
            while True:
                file.write(bytes(4096))

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk | None]:
    """Yield a disk that is mounted at a folder for its own processes; None where this machine allows no such thing."""
    folder.mkdir()
    command = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        _MOUNT.format(size=MEGABYTES),
        str(folder),
    ]
    try:
        holder = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call, no lock
        )
    except OSError:
        yield None
        return
    assert holder.stdout is not None
    with holder.stdout:
        said = holder.stdout.readline()
        try:
            yield Disk(folder, holder) if said else None
        finally:
            holder.kill()
            holder.wait(_SECONDS)
