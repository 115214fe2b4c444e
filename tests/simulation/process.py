"""How does a simulated process live and die? It sees the shared store through points at which it can stall or crash.

A crash is a BaseException of its own: nothing in the product may catch it, and what was in memory is gone with it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from orchestrator.errors import Erased, StoreBusy, StoreError
from orchestrator.store.connect import sqlite_module
from orchestrator.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from orchestrator.bootstrap import System
    from tests.simulation.world import World

BUSY, FULL = "database is locked", "database or disk is full"


class Crash(BaseException):
    """The process is gone, at this very point."""


class Process:
    """One process: a System of its own over the store of all. `crashed` makes it begin anew."""

    def __init__(self, world: "World", name: str) -> None:
        self.world, self.name = world, name
        self._crash, self._statement, self._stall = (world.dice(f"{kind} {name}") for kind in _DRAWS)
        self.changed = 0
        self.doomed = ""
        self.failed = False
        self.life = self.opened = 0
        self.resume: Callable[[], None] = _nobody
        world.processes.append(self)
        self.system: System = world.open(self)

    def point(self, what: str) -> None:
        """Pass a point between two steps: others go on here; the process may stand still, or end."""
        world, plan = self.world, self.world.plan
        world.count("points")
        if world.dark:
            self.die(f"{what}, in a power cut")
        if world.rough("crash") and self._crash.random() < plan.crash_rate:
            self.die(what)
        world.scheduler.sleep(self._latency())

    def die(self, what: str) -> None:
        """End here, and with it whatever else goes on in this process."""
        self.life += 1
        self.world.count("crashes")
        self.world.tell(self.name, f"crashes at {what}")
        raise Crash(what)

    def kill(self) -> None:
        """End from outside: whatever goes on in this process ends at its next point."""
        self.life += 1
        self.world.count("kills")
        self.world.tell(self.name, "is killed")

    def crashed(self) -> None:
        """Begin anew with nothing remembered, unless somebody else has begun this process anew already."""
        if self.opened != self.life:
            self.opened = self.life
            self.system = self.world.open(self)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Within: every statement is this process's own, and the last thing that it does if it is to end at one."""
        with self.world.acting(self):
            try:
                yield
            except StoreError as error:
                planned = self.doomed or isinstance(error, StoreBusy | Erased) or "disk is full" in str(error)
                self.world.hold(planned, f"the store fails by itself: {error}")
                raise
            finally:
                self._end_if_doomed()

    def before(self, statement: str) -> None:
        """Meet a statement on its way to the database: it may fail there, or the process end before it."""
        world = self.world
        if world.outage:
            self.failed = True
            world.watch.ready(self)
            raise _failure(world.outage)
        if not world.rough("statement"):
            return
        world.count("statements")
        if self._statement.random() < world.plan.statement_rate:
            self._fail(statement.split(None, 1)[0])

    def _end_if_doomed(self) -> None:
        """End here if the process was to end before one of the transaction's statements."""
        if self.doomed:
            verb, self.doomed = self.doomed, ""
            self.die(f"statement {verb}")

    def _fail(self, verb: str) -> None:
        kind = self._statement.choice(("crash", BUSY, FULL))
        if kind == "crash":  # as an error at first: SQLAlchemy would throw the one connection away, and the store
            self.doomed = verb
            raise _failure(kind)
        self.failed = True
        self.world.count("refused statements")
        self.world.tell(self.name, f"the store fails at {verb}: {kind}")
        self.world.watch.ready(self)
        raise _failure(kind)

    def _latency(self) -> float:
        """Return for how many seconds the process gives way."""
        dice = self._stall
        drawn = dice.random()
        if self.world.rough("stall"):
            if drawn < 0.002:
                return self._stands_still(dice.uniform(5, 200))
            if drawn < 0.01:
                return dice.uniform(0.05, 0.5)
        return 0.0005 + 0.005 * drawn

    def _stands_still(self, seconds: float) -> float:
        self.world.tell(self.name, f"stands still for {seconds:.1f} s")
        self.world.count("stalls")
        self.world.watch.ready(self, seconds)
        return seconds


_DRAWS = ("crash", "statement", "stall")


def _failure(text: str) -> Exception:
    made: Exception = sqlite_module().OperationalError(text)
    return made


def _nobody() -> None:
    """Wake nobody: the process does not wait."""


class Door:
    """The store as one life of a process sees it: each transaction begins and ends at a point."""

    def __init__(self, store: SqliteStore, process: Process) -> None:
        self._store, self._process, self._life = store, process, process.life

    @contextmanager
    def change(self) -> Iterator[Any]:
        process = self._process
        self._point("begin")
        with process.transaction(), self._store.change() as change:
            yield change
        process.world.committed(process)
        self._point("committed")

    @contextmanager
    def read(self) -> Iterator[Any]:
        process = self._process
        self._point("read")
        with process.transaction(), self._store.read() as reader:
            yield reader

    def _point(self, what: str) -> None:
        if self._process.life == self._life:
            self._process.point(what)
        if self._process.life != self._life:
            raise Crash(f"{what}, with the process")

    def together(self) -> AbstractContextManager[Any]:
        """Begin what no process of the simulation does: it asks by no key of a client's."""
        raise NotImplementedError

    def afterwards(self, work: Callable[[], object]) -> None:
        """Do it at once: no transaction here stands within another."""
        work()

    def close(self) -> None:
        """Leave the store to the others."""
