"""Who breaks it? The hand that carries out a schedule of faults."""

import heapq
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict

import redis

from tests.chaos.embedded import Embedded
from tests.chaos.history import Outage
from tests.chaos.people import Ward
from tests.chaos.schedule import REST_SECONDS, Fault
from tests.chaos.system import System
from tests.e2e.running import children
from tests.servers.outside import DROP, LATER, TAKE

_STEP_SECONDS = 0.02


class Nemesis:
    """Carries out a schedule, and tends the system meanwhile. On the main thread."""

    def __init__(self, system: System | Embedded, ward: Ward, seed: int) -> None:
        self._system, self._ward = system, ward
        self._draw = random.Random(f"{seed} hand")
        self._undo: list[tuple[float, int, Callable[[], None]]] = []
        self._begun = time.monotonic()
        self.done: Counter[str] = Counter()
        self.not_done: Counter[str] = Counter()  # nobody was there, or this machine has no means to it

    def carry_out(self, faults: Iterable[Fault], seconds: float) -> None:
        """Break everything at its time; return when all is healed and so many seconds are over."""
        waiting = sorted(faults, key=lambda fault: fault.at)
        while waiting or self._undo or self._passed < seconds:
            if waiting and waiting[0].at <= self._passed:
                self._break(waiting.pop(0))
            self._heal()
            self._system.tend()
            time.sleep(_STEP_SECONDS)

    @property
    def _passed(self) -> float:
        return time.monotonic() - self._begun

    def _break(self, fault: Fault) -> None:
        self._system.history.note("fault", **asdict(fault))
        happened = {
            "kill": self._signal, "term": self._signal, "stop": self._stop, "flush": self._flush, "cut": self._link,
            "hold": self._link, "delay": self._link, "lose": self._link, "fill": self._fill, "move": self._move,
        }[fault.kind](fault)  # fmt: skip
        (self.done if happened else self.not_done)[f"{fault.kind} {fault.target}"] += 1

    def _heal(self) -> None:
        while self._undo and self._undo[0][0] <= self._passed:
            heapq.heappop(self._undo)[2]()

    def _for(self, fault: Fault, undo: Callable[[], None], *, excuses: bool) -> bool:
        """Let a fault last. excuses: what is due cannot fire meanwhile."""
        begun = time.time()

        def over() -> None:
            undo()
            self._system.history.add(Outage(f"{fault.kind} {fault.target}", begun, time.time(), excuses))

        heapq.heappush(self._undo, (self._passed + fault.seconds, len(self._undo) + int(begun * 1e6), over))
        return True

    def _signal(self, fault: Fault) -> bool:
        pids = self._pids(fault.target)
        if not pids:
            return False
        name, _, part = fault.target.partition("/")
        gentle = signal.SIGINT if name == "postgres" else signal.SIGTERM  # PostgreSQL's fast shutdown
        _send(pids, signal.SIGKILL if fault.kind == "kill" else gentle)
        service = self._system.services[name]
        if part in {"", "group"} and fault.kind == "kill":
            service.process.wait()  # until it is dead it may still look ready, and its outage over before it begins
        if part in {"", "group"} or name == "postgres":  # a backend that is killed takes all others with it
            service.fell()
        return True

    def _stop(self, fault: Fault) -> bool:
        pids = self._pids(fault.target)
        name, _, part = fault.target.partition("/")
        if not pids:
            return False
        if name == "postgres" and not part:
            pids += children(pids[0])
        service = self._system.services[name]
        service.stopped = not part
        _send(pids, signal.SIGSTOP)

        def go_on() -> None:
            _send(pids, signal.SIGCONT)
            service.stopped = False

        return self._for(fault, go_on, excuses=name != "broker")  # whoever is stopped may hold a lock

    def _pids(self, target: str) -> list[int]:
        """Return the process of a service, or one of its children, or all of them with it: its group."""
        name, _, part = target.partition("/")
        process = self._system.services[name].process
        if process.poll() is not None:
            return []
        if not part:
            return [process.pid]
        if part == "group":
            return [process.pid, *children(process.pid)]
        wanted = {"child": "", "backend": "postgres: carepath chaos"}.get(part, part)
        found = sorted(pid for pid, words in children(process.pid).items() if wanted in words)
        return [self._draw.choice(found)] if found else []

    def _flush(self, _: Fault) -> bool:
        socket = str(self._system.folder / "broker" / "valkey.sock")  # of a server that may be stopped just now
        try:
            with redis.Redis(unix_socket_path=socket, socket_timeout=1.0) as client:
                client.flushall()
        except redis.RedisError:
            return False
        return True

    def _link(self, fault: Fault) -> bool:
        if fault.target == "pager":
            return self._refuse(fault)
        link = self._system.links[fault.target]
        if fault.kind == "delay":
            link.delay(fault.by)
        else:
            {"cut": link.cut, "hold": link.hold, "lose": link.lose}[fault.kind]()
        return fault.kind == "lose" or self._for(fault, link.heal, excuses=fault.target == "database")

    def _refuse(self, fault: Fault) -> bool:
        """Let the pager say no: for now, or after it has taken the message, so that nobody knows."""
        pager = self._system.pager
        if pager is None:
            return False
        pager.otherwise = LATER if fault.kind == "cut" else DROP

        def again() -> None:
            pager.otherwise = TAKE

        return self._for(fault, again, excuses=False)

    def _fill(self, fault: Fault) -> bool:
        disk = self._system.disk
        if disk is None:
            return False
        disk.fill()

        def free() -> None:
            disk.free()
            self._system.services["postgres"].fell()  # until it answers

        return self._for(fault, free, excuses=True)

    def _move(self, fault: Fault) -> bool:
        wall = self._system.wall
        if wall is None or not self._ward.rest(REST_SECONDS):
            self._ward.working.set()
            return False
        wall.move(fault.by)

        def right() -> None:
            wall.move(0)
            self._ward.working.set()

        return self._for(fault, right, excuses=True)


def _send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
