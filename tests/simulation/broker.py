"""What becomes of a message? It arrives, is lost, doubled, late or forgotten; or the broker is down for a while."""

from collections import deque
from typing import TYPE_CHECKING

from workers.app import DELIVER, FIRE
from workers.publisher import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World

VISIBILITY_SECONDS = 120.0


class Broker:
    """Hands messages to whichever worker is free."""

    def __init__(self, world: "World") -> None:
        self._world, self._dice = world, world.dice("broker")
        self._waiting: deque[str] = deque()
        self._idle: list[Process] = []
        self._woken: dict[str, str] = {}
        self.down = False

    def publish(self, process: "Process", job: str) -> bool:
        """Take a message; False where it was not taken in time, though it may arrive after all."""
        process.point(f"send {job}")
        self._world.tell(process.name, f"asks for {job}{', in vain' if self.down else ''}")
        if self.down:
            self._world.scheduler.sleep(PATIENCE_SECONDS)
            if self._dice.random() < 0.1:
                self._arrive_after(self._dice.uniform(0, 100), job)
            return False
        self._send(job)
        process.point(f"sent {job}")
        return True

    def waits(self, job: str) -> bool:
        """Tell whether a job is said already and nobody was free to hear it."""
        return job in self._waiting

    def take(self, process: "Process") -> str:
        """Return the next message; the worker sleeps until there is one."""
        if not self._waiting:
            process.resume = self._world.scheduler.park()
            self._idle.append(process)
            self._world.scheduler.wait()
            return self._woken.pop(process.name)
        return self._waiting.popleft()

    def give_back(self, job: str) -> None:
        """Hand a message out again that a dead worker had not acknowledged; late, or never."""
        if self._dice.random() < 0.7:
            self._arrive_after(VISIBILITY_SECONDS, job)

    def bring(self, job: str, seconds: float) -> None:
        """Bring what was given up for lost, so many seconds from now."""
        self._arrive_after(seconds, job)

    def forget(self) -> None:
        """Lose whatever waits."""
        self._world.tell("broker", f"forgets {len(self._waiting)} messages")
        self._waiting.clear()

    def _send(self, job: str) -> None:
        if not self._world.rough("broker"):
            self._arrive_after(0.001, job)
            return
        for _ in range(self._dice.choices((0, 1, 2, 3), (10, 80, 8, 2))[0]):
            late = self._dice.choices((0.001, 0.3, 5.0, 900.0), (80, 12, 6, 2))[0]
            self._arrive_after(late * self._dice.uniform(0.5, 1.5), job)

    def _arrive_after(self, seconds: float, job: str) -> None:
        self._world.scheduler.after(seconds, lambda: self._arrive(job))

    def _arrive(self, job: str) -> None:
        self._world.count("messages")
        if not self._idle:
            self._waiting.append(job)
            return
        process = self._idle.pop(self._dice.randrange(len(self._idle)))
        self._world.tell(process.name, f"hears {job}")
        self._woken[process.name] = job
        process.resume()


class Hints:
    """The broker as one process sees it: what `workers.publisher.Publisher` is to the product."""

    def __init__(self, broker: Broker, process: "Process") -> None:
        self._broker, self._process = broker, process

    def fire(self) -> bool:
        return self._say(FIRE)

    def deliver(self) -> bool:
        return self._say(DELIVER)

    def _say(self, job: str) -> bool:
        return self._broker.waits(job) or self._broker.publish(self._process, job)
