"""What is in a simulated world? One store, its processes, the broker, the gateway, people, and what goes wrong."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, cast

from sqlalchemy import event

from orchestrator.bootstrap import System, assemble, throwaway_system
from orchestrator.errors import CarepathError
from orchestrator.pathway.loader import Library
from orchestrator.service.grouped import Grouped
from orchestrator.service.handlers import Answer, Request
from orchestrator.service.people.rows import PersonRow
from orchestrator.store.opening import REAL
from orchestrator.store.sqlite import SqliteStore
from orchestrator.store.tables import store_info
from tests.simulation.broker import Broker
from tests.simulation.callers import asleep_in
from tests.simulation.faults import Plan, dice
from tests.simulation.fence import watch_words
from tests.simulation.gateway import Gateway
from tests.simulation.journal import Journal
from tests.simulation.office import PEOPLE
from tests.simulation.poison import PoisonedEngine
from tests.simulation.process import Door, Process
from tests.simulation.rota import Rota
from tests.simulation.scheduler import Scheduler, Trace
from tests.simulation.upgrade import OLD
from tests.simulation.watch import Watch

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
LIBRARY = Library(OLD)


class Violation(BaseException):
    """Something that must never be so was so; no Exception, for the product must not swallow it and go on."""


class Wall:
    """The wall clock of the machine on which all processes run: true time, unless somebody moved it."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.off = timedelta()
        self.right_since = scheduler.now - timedelta(days=1)

    def now(self) -> datetime:
        return self._scheduler.now + self.off


class World:
    """Everything of one run. outage: what every statement says while the store cannot be used; empty: nothing.
    dark: every process is down.   healed: nothing goes wrong any more.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.trace = Trace(keep_all=plan.keep_all)
        self.scheduler = Scheduler(START, self.trace)
        self.wall = Wall(self.scheduler)
        self.counts: Counter[str] = Counter()
        self.outage = ""
        self.dark = False
        self.healed = False
        self.poisoned: set[str] = set()
        self.episodes: dict[str, str] = {}
        self._away: list[Callable[[], None]] = []
        self.journal = Journal(self)
        self.broker, self.gateway = Broker(self), Gateway(self)
        self._acting: Process | None = None
        self.library = LIBRARY
        self.processes: list[Process] = []
        self._calling = ExitStack()
        self._calling.enter_context(asleep_in(self.scheduler))
        base = throwaway_system(LIBRARY, self.wall, self.wall)
        assert isinstance(base.store, SqliteStore)
        self.base, self._store = base, base.store
        self._hook()
        self.watch = Watch(self)

    def _hook(self) -> None:
        """Note the store's birth, and have each statement pass by the process that says it."""
        with self._store.change() as change:
            born = {"id": 1, "kind": REAL, "created_at": START}
            change._sql.execute(store_info.insert().values(**born))
            for person in PEOPLE:
                change.add_person(PersonRow(person, person, person, "", "", False, START, None))
            run, run_many = change._run, change._run_many
            watch_words(change, self)
        driver: Any = cast("Any", change._connection.connection.driver_connection)
        self.sql = driver.execute
        self._driver = driver

        def hooked(statement: str, *parameters: Any) -> Any:  # noqa: ANN401  a driver's cursor
            if statement != "ROLLBACK":
                self._before(statement)
            return run(statement, *parameters)

        def hooked_many(statement: str, parameters: Any) -> Any:  # noqa: ANN401
            self._before(statement)
            return run_many(statement, parameters)

        change._run, change._run_many = hooked, hooked_many
        event.listen(self._store._writer, "before_cursor_execute", lambda *given: self._before(given[2]))

    def _before(self, statement: str) -> None:
        if self._acting is not None:
            self._acting.before(statement)

    def open(self, process: Process) -> System:
        """Return a System of a process's own, as it opens it when it starts."""
        store = cast("SqliteStore", Door(self._store, process))
        system = assemble(store, self.base.keyring, self.library, self.wall, None)
        system.desk.directory = Rota(self.plan)
        system.desk.engine = PoisonedEngine(self.poisoned)
        self._count_groups(system.handlers)
        return replace(
            system, post=self.gateway.post(process), host=self.wall, elapsed=self.scheduler.elapsed
        )  # fmt: skip

    def _count_groups(self, grouped: Grouped) -> None:
        together = grouped._handlers.execute_together

        def counted(requests: Sequence[Request]) -> list[Answer | CarepathError | None]:
            self.count("groups")
            self.count("grouped commands", len(requests))
            return together(requests)

        grouped._handlers.execute_together = counted  # type: ignore[method-assign]

    @contextmanager
    def acting(self, process: Process) -> Iterator[None]:
        """Within: every statement is this process's."""
        self._acting = process
        before = self._driver.total_changes
        try:
            yield
        finally:
            self._acting = None
            process.changed = self._driver.total_changes - before

    def committed(self, process: Process) -> None:
        """Note what a transaction that went through left behind."""
        if process.changed:
            self.count("transactions")
            self.tell(process.name, f"commits {process.changed}")
            self.watch.look()

    def edition(self) -> object:
        """Return what is another whenever what people see on their lists is."""
        return self.sql("SELECT total(seq), (SELECT count(*) FROM claim), max(at) FROM episode").fetchone()

    # what goes on

    def dice(self, name: str) -> Random:
        return dice(self.plan.seed, name)

    def rough(self, fault: str) -> bool:
        """Tell whether a kind of fault is about; a wall clock that was moved is enough by itself."""
        return not self.healed and not self.wall.off and fault in self.plan.faults

    @property
    def disturbed(self) -> bool:
        """Tell whether nothing can be asked of the clocks at present."""
        return self.dark or bool(self.outage) or bool(self.wall.off)

    def stay_away(self) -> None:
        """Wait while nobody can work: in a power cut, and while the clock on every wall is wrong."""
        while self.dark or self.wall.off:
            self._away.append(self.scheduler.park())
            self.scheduler.wait()

    def come_back(self) -> None:
        """Let those who stayed away come back, one after the other, within a minute."""
        dice = self.dice(f"back {self.scheduler.now}")
        for resume in self._away:
            self.scheduler.after(60.0 * dice.random(), resume)
        self._away.clear()

    def tell(self, who: str, what: str) -> None:
        self.scheduler.tell(who, what)

    def count(self, what: str, by: int = 1) -> None:
        self.counts[what] += by

    def hold(self, true: object, what: str) -> None:
        """Fail the run where something is not so."""
        if not true:
            self.tell("check", what)
            raise Violation(what)

    def end(self) -> None:
        """End every process and close the store."""
        self.healed, self.dark, self.outage = True, False, ""
        self.scheduler.end()
        self._calling.close()
        self.base.close()
