"""How is a store made, opened and shut? Which kind is it, what time is it in it, and are its keys at hand?"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, create_mock_engine, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestrator.audit.keys import Keyring
from orchestrator.clock import Clock, HostClock, SimulatedClock
from orchestrator.episode import formats
from orchestrator.errors import CarepathError, KeyMissing, StoreError
from orchestrator.service.demo import MAKING
from orchestrator.store import guards, keyfile, schema  # noqa: F401  guards: the triggers belong to the tables
from orchestrator.store.connect import make_file, memory_engine, postgres_engine, sqlite_engines
from orchestrator.store.faults import translate
from orchestrator.store.past import past_store
from orchestrator.store.postgres import PostgresStore
from orchestrator.store.silence import PATIENCE_S
from orchestrator.store.sqlite import SqliteStore
from orchestrator.store.tables import kek, metadata, store_info
from orchestrator.store.walltime import walltime

REAL, SIMULATED = "real", "simulated"
_ANOTHER = "this store is a real one: an accelerated clock needs a store of its own"
LARGEST_FACTOR = 100_000
_WAIT_S = 10.0
_LOCK_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Simulation:
    """A store's own time: what its clock shows when it is born, and how many times as fast as the wall it runs.

    demo: of a demonstration `MAKING` until its ward is whole, then `MADE`; empty for any other.
    """

    start: datetime
    factor: int
    demo: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A store that is ready for use. simulation: None for a real one.   clock: this machine's view of its time.
    format: in which documents and entries are written.
    """

    store: SqliteStore | PostgresStore
    keyring: Keyring
    simulation: Simulation | None
    clock: Clock
    format: int = formats.OWN

    @property
    def simulated(self) -> bool:
        """Tell whether the store is one for trying things out."""
        return self.simulation is not None


def prepare(url: str, keys: Path, simulation: Simulation | None = None) -> None:
    """Make a store and its key file if they are not there, and bring the schema up to date; what is there stays.

    url: sqlite:///PATH or postgresql://…   Raises StoreError: a store of the other kind, or one whose key file is
    missing.
    """
    engine = _writer(url)
    try:
        schema.upgrade(engine)
        with _transaction(engine) as connection:
            _settle(connection, keys, simulation)
    except Exception as error:
        raise _said(error) from None
    finally:
        engine.dispose()


def rotate(url: str, keys: Path) -> str:
    """Add a key to the key file of a store, and note it as the one in use; return its name.

    The others stay, and go on opening what they wrapped. Whoever holds the store open does not have the new one.
    Raises StoreError.
    """
    engine = _writer(url)
    try:
        with _transaction(engine) as connection:
            ring = keyfile.rotate(keys, now := HostClock().now()).ring
            _register(connection, ring, now)
    except Exception as error:
        raise _said(error) from None
    finally:
        engine.dispose()
    return ring.active.id


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN")
        try:
            yield connection
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


def born(url: str) -> Simulation | None:
    """Return what the simulated store at a database was born as, whatever its schema; None where there is no store.

    Raises StoreError: for a real store too.
    """
    engine = _writer(url)
    try:
        with engine.connect() as connection:
            if schema.revision(connection) is None:
                return None
            found, _ = _kind(connection)
    except Exception as error:
        raise _said(error) from None
    finally:
        engine.dispose()
    if found is None:
        raise StoreError(_ANOTHER)
    return found


def open_store(url: str, keys: Path, past: Clock | None = None, patience_s: float = PATIENCE_S) -> Opened:
    """Open a store that `prepare` has made. Raises StoreError, in one line that says what to do.

    patience_s: for how long a database may say nothing.
    past: a clock of the caller's, for a demonstration in the making, on which its past is played; no other has any.
    """
    engine = _writer(url, patience_s)
    try:
        schema.check(engine)
        with engine.connect() as connection:
            simulation, since = _kind(connection)
            form = _format(connection)
            simulation = _with_demo(connection, simulation)
            ring = keyfile.load(keys).ring
            prove(connection, ring, keys)
            _register(connection, ring, walltime(connection))  # a rotation that was killed left the file alone new
    except Exception as error:
        engine.dispose()
        raise _said(error) from None
    clock: Clock = HostClock() if simulation is None else SimulatedClock(simulation.start, simulation.factor, since)
    if past is not None:
        if simulation is None or simulation.demo != MAKING:
            engine.dispose()
            raise StoreError("only a demonstration in the making has a past to be played: choose another store")
        clock = past
    if engine.dialect.name == "postgresql":
        told = _sql_clock(simulation, since)
        made = PostgresStore(engine, lambda: told) if past is None else past_store(engine, past)
        return Opened(made, ring, simulation, clock, form)
    engine.dispose()
    store = SqliteStore(*sqlite_engines(_path(url), _WAIT_S), clock, wait_s=_WAIT_S)
    return Opened(store, ring, simulation, clock, form)


def open_throwaway(clock: Clock, wall: Clock | None = None) -> tuple[SqliteStore, Keyring]:
    """Return an empty store in memory with keys of its own, on the given clock: for scenarios and simulations.

    wall: what the wall shows, where that is not this machine's clock.
    """
    engine, wall = memory_engine(), wall or HostClock()
    ring = furnish(engine, wall.now())
    return SqliteStore(engine, None, clock, wall=wall), ring


def furnish(engine: Engine, now: datetime) -> Keyring:
    """Make every table in an empty database that lasts for a while, and return keys of its own. now: wall time."""
    ring = Keyring.ephemeral()
    if engine.dialect.name != "sqlite":
        metadata.create_all(engine, checkfirst=False)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.connection.cursor().executescript(_tables_in_sqlite())
        _register(connection, ring, now)
    return ring


@cache
def _tables_in_sqlite() -> str:
    """Return the statements that make the tables in SQLite; worked out once, as each story has a store of its own."""
    made: list[str] = []
    dialect = sqlite.dialect()
    engine = create_mock_engine("sqlite://", lambda each, *_: made.append(str(each.compile(dialect=dialect))))
    metadata.create_all(engine, checkfirst=False)
    return ";\n".join(["BEGIN", *made, "COMMIT"])


def _settle(connection: Connection, keys: Path, simulation: Simulation | None) -> None:
    """Write what kind of store this is if nothing says so yet, and see to its keys."""
    now = walltime(connection)
    if connection.execute(select(store_info.c.id)).first() is None:
        _check_simulation(simulation)
        start, factor = (None, None) if simulation is None else (simulation.start, simulation.factor)
        values: dict[str, object] = {"created_at": now, "simulated_start": start, "simulated_factor": factor}
        if simulation is not None and simulation.demo:  # a store of an older schema has no such column
            values["demo"] = simulation.demo
        connection.execute(insert(store_info).values(id=1, kind=SIMULATED if simulation else REAL, **values))
        schema.note(connection)
        if formats.OWN > 1:  # no older program has ever been here
            connection.execute(update(store_info).values(format=formats.OWN))
    found, _ = _kind(connection)
    if simulation is not None and found is None:
        raise StoreError(_ANOTHER)
    if simulation is None and found is not None:
        raise StoreError("this store is a simulated one, and never becomes real: choose another")
    used = connection.execute(select(kek.c.kek_id)).first() is not None
    held = keyfile.load(keys) if used or keys.exists() else keyfile.create(keys, now)
    prove(connection, held.ring, keys)
    _register(connection, held.ring, now)


def _check_simulation(simulation: Simulation | None) -> None:
    if simulation is not None and not 1 <= simulation.factor <= LARGEST_FACTOR:
        raise StoreError(f"the speed of a simulated clock must lie between 1 and {LARGEST_FACTOR}")


def _kind(connection: Connection) -> tuple[Simulation | None, datetime]:
    c = store_info.c  # by name: a store of an older schema has not all columns
    info = connection.execute(select(c.kind, c.created_at, c.simulated_start, c.simulated_factor)).first()
    if info is None:
        raise StoreError("the store was not made to its end: run carepath db upgrade")
    if info.kind == REAL:
        return None, info.created_at
    return Simulation(info.simulated_start, info.simulated_factor), info.created_at


def _with_demo(connection: Connection, simulation: Simulation | None) -> Simulation | None:
    """Add what the present schema knows besides."""
    return simulation and replace(simulation, demo=connection.execute(select(store_info.c.demo)).scalar() or "")


def _format(connection: Connection) -> int:
    """Return the format in which the store is written. Raises NewerFormat."""
    form: int = connection.execute(select(store_info.c.format)).scalar_one()
    formats.check(form)
    return form


def prove(connection: Connection, ring: Keyring, keys: Path) -> None:
    """Raise KeyMissing, with what to do, unless the keys open what is in the store."""
    for row in connection.execute(select(kek.c.kek_id, kek.c.proof)):
        prove_one(ring, row.kek_id, row.proof, keys)


def prove_one(ring: Keyring, kek_id: str, proof: bytes, keys: Path) -> None:
    """Raise KeyMissing, with what to do, unless a key that is in use is among the keys."""
    if not ring.proves(kek_id, proof):
        raise KeyMissing(f"the key file {keys} does not hold the key {kek_id} of this store: put back its backup")


def _register(connection: Connection, ring: Keyring, now: datetime) -> None:
    """Note the active key as one in use, with a proof that only it opens."""
    known = connection.execute(select(kek.c.kek_id).where(kek.c.kek_id == ring.active.id)).first()
    if known is None:
        proof = {"fingerprint": ring.active.fingerprint, "proof": ring.proof(ring.active.id), "first_used_at": now}
        made = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(made(kek).values(kek_id=ring.active.id, **proof).on_conflict_do_nothing())


def _sql_clock(simulation: Simulation | None, begun: datetime) -> str:
    """Return the SQL of the store's clock, `{wall}` standing for the wall's, so that both come from one reading."""
    if simulation is None:
        return "{wall}"
    start, since = (f"timestamptz '{moment.isoformat()}'" for moment in (simulation.start, begun))
    return f"({start} + ({{wall}} - {since}) * {simulation.factor})"


def _writer(url: str, patience_s: float | None = None) -> Engine:
    kind = url.partition(":")[0].partition("+")[0]
    if kind in {"postgresql", "postgres"}:
        return postgres_engine(url, _LOCK_WAIT_S, patience_s)
    if kind != "sqlite":
        raise StoreError("the store's address must begin with sqlite:/// or postgresql://")
    path = _path(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the store's folder {path.parent} cannot be made: {error.strerror}") from None
    make_file(path)
    return sqlite_engines(path, _WAIT_S)[0]


def _path(url: str) -> Path:
    path = url.partition(":///")[2].partition("?")[0]
    if not path:
        raise StoreError("the store's address must name a file: sqlite:///PATH")
    return Path(path)


def _said(error: Exception) -> Exception:
    return error if isinstance(error, CarepathError) else translate(error) or error
