"""How does a file come onto the disk? Whole, for its owner alone, and there still when the power fails at once."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NOT_OF_FOLDERS = {errno.EINVAL, errno.EBADF}
"""Says a file system that keeps no folder on request, such as some shares: it does so by itself."""


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet; what cannot be written whole is not left behind.

    Raises OSError, of which FileExistsError where a file is there.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _keep_names(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@contextmanager
def becoming(path: Path) -> Iterator[Path]:
    """Give a place beside a path, of which there is nothing yet; left in order it becomes the path, else it goes.

    Its name is this process's own, and one that was killed may have left it: in a container all have the same number.
    Raises OSError.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        yield part
        _keep(part)
        os.replace(part, path)
        _keep_names(path.parent)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _keep(path: Path) -> None:
    """Have the disk keep what a file holds, or which names stand in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _keep_names(folder: Path) -> None:
    try:
        _keep(folder)
    except OSError as error:
        if error.errno not in _NOT_OF_FOLDERS:
            raise
