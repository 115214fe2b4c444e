"""How is a store copied while it runs, and how is a copy put back? Whole or not at all; never with its keys.

SQLite copies itself from one snapshot (VACUUM INTO), which holds up nobody; PostgreSQL's own programs copy and put
back the other. Neither takes the key file along: whoever finds a copy must not find what opens it.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, func, make_url, select
from sqlalchemy.pool import NullPool

from orchestrator.errors import CarepathError, StoreError
from orchestrator.store import disk, keyfile, opening, schema
from orchestrator.store import tables as t
from orchestrator.store.connect import make_file, postgres_engine, sqlite_module
from orchestrator.store.faults import translate

_WAIT_S = 10.0
_LONGEST_SAID = 200
_CLIENTS = "install PostgreSQL's client programs, of the server's version or newer, or run it where they are"
_DUMP = ("--format=custom", "--no-owner", "--no-privileges")
_RESTORE = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")


def back_up(url: str, file: Path | None, keys: Path, destination: Path) -> int:
    """Copy the store as it is at one moment, whoever works meanwhile; return how many bytes the copy has.

    file: that of an SQLite store, None for PostgreSQL.   destination: a path that is not there yet, in a folder
    without the keys. Raises StoreError.
    """
    if destination.exists():
        raise StoreError(f"there is a file at {destination} already: choose another place")
    if destination.absolute().parent.resolve() == keys.parent.resolve():
        raise StoreError(
            f"the keys lie in {keys.parent}: choose another folder, a copy beside its keys is not protected"
        )
    with _whole(destination) as part:
        if file is None:
            _run("pg_dump", *_DUMP, f"--file={part}", url=url)
        else:
            _vacuum(file, part, at_rest=False)
    return destination.stat().st_size


def restore(url: str, file: Path | None, keys: Path, source: Path) -> datetime | None:
    """Put a copy back where no store is; return when its last entry was made, None where it has none.

    keys: the key file, put back before; a copy that it does not open is refused. Raises StoreError.
    """
    if not source.is_file():
        raise StoreError(f"there is no backup at {source}")
    keyfile.load(keys)
    try:
        return _into_database(url, keys, source) if file is None else _into_file(file, keys, source)
    except CarepathError:
        raise
    except Exception as error:
        raise translate(error) or error from None


# SQLite


def _into_file(file: Path, keys: Path, source: Path) -> datetime | None:
    for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm", "-journal"))):
        if path.exists():  # what was left of another store would be played into this one
            raise StoreError(f"there is {path} already: move it away, and restore again")
    with _reading(source, at_rest=True) as connection:
        reached = _checked(connection, keys, source)
    with _whole(file) as part:
        _vacuum(source, part, at_rest=True)
    return reached


def _vacuum(source: Path, part: Path, *, at_rest: bool) -> None:
    make_file(part)
    try:
        with _reading(source, at_rest=at_rest) as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(part),))
        with _reading(part, at_rest=True) as copy:
            sound = copy.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    except CarepathError:
        raise
    except Exception as error:
        raise translate(error) or error from None
    if sound != "ok":
        raise StoreError(f"the copy of {source} is damaged, and so may be {source}: compare with another backup")


@contextmanager
def _reading(path: Path, *, at_rest: bool) -> Iterator[Connection]:
    """Open a file to read it. One at rest, to which nobody writes, need not lie where a log could be made beside it.

    Of any other that is not asked even where nobody has it open: whoever opens it meanwhile must see who reads.
    """
    alone = at_rest and not path.with_name(f"{path.name}-wal").exists()
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"

    def connect() -> Any:  # noqa: ANN401  a driver's connection
        return sqlite_module().connect(address, uri=True, isolation_level=None, timeout=_WAIT_S)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


# PostgreSQL


def _into_database(url: str, keys: Path, source: Path) -> datetime | None:
    ring = keyfile.load(keys).ring
    for kek_id, proof in _keks(_run("pg_restore", "--data-only", "--table=kek", "--file=-", str(source))):
        opening.prove_one(ring, kek_id, proof, keys)
    engine = postgres_engine(url, _WAIT_S, patience_s=None)
    try:
        with engine.connect() as connection:
            if schema.revision(connection) is not None:
                raise StoreError("the database holds a store already: make an empty one, and name that")
        _run("pg_restore", *_RESTORE, str(source), url=url)
        with engine.connect() as connection:
            return _checked(connection, keys, source)
    finally:
        engine.dispose()


def _keks(script: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and proof of each key in use, from what `pg_restore` writes of that table."""
    columns: list[str] = []
    for line in script.splitlines():
        if line.startswith("COPY ") and line.endswith(" FROM stdin;"):
            columns = line[line.index("(") + 1 : line.index(")")].split(", ")
        elif line == "\\.":
            columns = []
        elif columns:
            row = dict(zip(columns, line.split("\t"), strict=True))
            yield row["kek_id"], bytes.fromhex(row["proof"].removeprefix("\\\\x"))


def _run(program: str, *words: str, url: str | None = None) -> str:
    """Run one of PostgreSQL's programs and return what it wrote.

    url: the database to speak to; its password goes through the environment, which no list of processes shows.
    """
    if shutil.which(program) is None:
        raise StoreError(f"there is no {program} on this machine: {_CLIENTS}")
    environ = dict(os.environ)
    if url is not None:
        address, password = _parted(url)
        environ |= {} if password is None else {"PGPASSWORD": password}
        words = (*words, f"--dbname={address}")
    ended = subprocess.run(
        [program, *words], env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False, errors="replace"
    )
    if ended.returncode:
        lines = ended.stderr.splitlines() or [f"it ended with status {ended.returncode}"]
        raise StoreError(f"{program} failed, and nothing was kept: {lines[0][:_LONGEST_SAID]}")
    return ended.stdout


def _parted(url: str) -> tuple[str, str | None]:
    """Return an address as PostgreSQL's programs take it, and the password that stood in it."""
    found = make_url("postgresql://" + url.partition("://")[2])
    more = dict(found.query)
    password = more.pop("password", found.password)
    bare = URL.create("postgresql", found.username, None, found.host, found.port, found.database, more)
    return bare.render_as_string(), None if password is None else str(password)


# both


def _checked(connection: Connection, keys: Path, source: Path) -> datetime | None:
    """See that a copy is one of a store, and that the keys open it; return when its last entry was made."""
    try:
        found = schema.revision(connection)
    except Exception as error:
        raise StoreError(f"{source} is no backup of a store, or a damaged one") from error
    if found is None:
        raise StoreError(f"{source} is no backup of a store, or a damaged one")
    opening.prove(connection, keyfile.load(keys).ring, keys)
    reached: datetime | None = connection.execute(select(func.max(t.episode.c.at))).scalar()
    return reached


@contextmanager
def _whole(destination: Path) -> Iterator[Path]:
    """Give a path to write to, which becomes the destination once all of it is on the disk; else nothing is left."""
    try:
        destination.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with disk.becoming(destination) as part:
            disk.write_new(part, b"")  # where it cannot be made, that is said of the copy, not of a store
            yield part
    except OSError as error:
        raise StoreError(f"{destination} cannot be written: {error.strerror}") from None
