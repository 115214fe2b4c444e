"""How does the whole system run on one machine? `carepath up` starts broker, API, worker and clock, and ends them.

Everything lives in one folder, the home: store, keys, broker's queue. One launcher holds it at a time.
"""

import fcntl
import http.client
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

from orchestrator import __version__
from orchestrator.bootstrap import Simulation, System, open_library, open_to_run, prepare_store
from orchestrator.cli import valkey
from orchestrator.cli.children import Child, Signals
from orchestrator.cli.listening import CannotStart, opened
from orchestrator.cli.logs import mark
from orchestrator.config import Settings, secret
from orchestrator.errors import CarepathError
from orchestrator.service.demo import PASSWORD, cast
from orchestrator.wire.hosts import is_loopback

DEFAULT_SPEED = 3600
_START_SECONDS = 45.0
_MOST_FAILURES = 4
_LAST_PORT = 65535
_LOOK_SECONDS = 1.0
_BROKER_PAUSE_SECONDS = 10.0
_API_END_SECONDS, _CLOCK_END_SECONDS, _WORKER_END_SECONDS = 5.0, 6.0, 10.0


def run(settings: Settings, speed: int | None = None, *, prepare: Callable[[Settings], None] = lambda _: None) -> int:
    """Run until a signal ends it; return the exit code: 0 when it was asked to end, 1 when it did not come up.

    speed: of a simulated store that is born now; of one that exists, it must be the same or None.
    prepare: is done before the store is opened, while nobody else can run in this home.
    Raises CarepathError, in one line that says what to do, when it cannot be started here; nothing is left running.
    """
    if speed is not None and not settings.simulated:
        raise CannotStart("--speed is for a simulated store: add --simulated")
    if settings.metrics is not None and settings.metrics.port > _LAST_PORT - 2:
        raise CannotStart(f"figures are told on --metrics and the two ports after it: name one up to {_LAST_PORT - 2}")
    open_library(settings)  # what is wrong with the pathways is said before anything is made that would be left behind
    with ExitStack() as stack:
        listening = stack.enter_context(opened(settings.host, settings.port))
        stack.callback(os.close, _hold(settings))
        prepare(settings)
        signals = stack.enter_context(Signals())
        system = stack.enter_context(_open(settings, speed))
        return Launcher(settings, system, listening, signals).run()


class Launcher:
    """The running system: a broker and three processes, looked after until a signal ends it."""

    def __init__(self, settings: Settings, system: System, listening: socket.socket, signals: Signals) -> None:
        self._system, self._listening, self._signals = system, listening, signals
        self._settings = replace(settings, port=listening.getsockname()[1])
        self._own_broker = not settings.broker_url
        self._mark = mark(system.simulation)
        self._broker: valkey.Valkey | None = None
        self._broker_next = 0.0
        self._api = Child("api", self._say, descriptor=listening.fileno())
        self._worker, self._clock = Child("worker", self._say, 1), Child("clock", self._say, 2)
        self._sheets = [Child("sheets", self._say)] if settings.sheets is not None else []
        self._children = (self._api, self._worker, self._clock, *self._sheets)

    def run(self) -> int:
        """Start everything, look after it, and end it in order, whatever happens."""
        try:
            self._look_after_broker()
            for child in self._children:
                child.start(self._settings)
            if not self._comes_up():
                return 0 if self._signals.asked else 1
            self._greet()
            while not self._signals.asked:
                self._signals.wait(_LOOK_SECONDS)
                self._look_after()
            return 0
        finally:
            self._end()

    def _comes_up(self) -> bool:
        """Wait until the API answers; False when it does not, or somebody asks to end."""
        deadline = monotonic() + _START_SECONDS
        while not self._signals.asked:
            if _answers(self._settings.host, self._settings.port):
                return True
            if monotonic() > deadline or self._api.failures >= _MOST_FAILURES:
                self._say("the API does not come up: see the lines above", error=True)
                return False
            self._signals.wait(0.05)
            self._look_after()
        return False

    def _look_after(self) -> None:
        if self._signals.asked:
            return
        self._look_after_broker()
        for child in self._children:
            child.look_after(self._settings)

    def _look_after_broker(self) -> None:
        """Start the broker, or start it again; where its address is another one now, so are those who talk to it."""
        if not self._own_broker or (self._broker is not None and self._broker.process.poll() is None):
            return
        if self._broker is None:
            self._broker = valkey.start(self._settings.broker_folder)
        elif monotonic() >= self._broker_next:
            self._restart_broker(self._broker)
        if self._broker.url != self._settings.broker_url:
            self._settings = replace(self._settings, broker_url=self._broker.url)
            self._worker.ask_to_end()
            self._clock.ask_to_end()

    def _restart_broker(self, ended: valkey.Valkey) -> None:
        """Start it again; where that fails, later: until then the clock fires without it."""
        self._say("the broker has ended; it is started again")
        ended.stop()
        try:
            self._broker = valkey.start(self._settings.broker_folder)
        except CarepathError as error:
            self._say(f"{error}; it is tried again in {_BROKER_PAUSE_SECONDS:g} s", error=True)
            self._broker_next = monotonic() + _BROKER_PAUSE_SECONDS

    def _greet(self) -> None:
        shown = "127.0.0.1" if self._settings.host in {"0.0.0.0", "::"} else self._settings.host
        address = f"http://{f'[{shown}]' if ':' in shown else shown}:{self._settings.port}"
        self._say(f"carepath {__version__} on {address}, with its store in {self._settings.home}")
        if self._system.simulation is not None:
            self._say("this store is for trying things out: its clock is not the wall's, and no patient belongs in it")
        if self._system.simulation is not None and self._system.simulation.demo:
            logins = ", ".join(each.login for each in cast.CAST)
            self._say(f"open {address} and sign in as one of {logins}; the password of each is: {PASSWORD}")
            return
        if self._system.people.nobody():
            self._say(f"nobody has an account yet: open {address}/welcome, and have the administrator's token at hand")
        else:
            self._say(f"open {address} in a browser")
        self._show_token()

    def _show_token(self) -> None:
        """Show the first administrator's token, once, and to nobody who may sit elsewhere."""
        if self._settings.admin_token_file is not None:
            return
        if is_loopback(self._settings.host) and sys.stdout.isatty():
            if (token := self._system.access.first_token()) is not None:
                self._say(f"the administrator's token, shown this once: {token}")
        elif not self._system.access.exists():
            option = " --simulated" if self._settings.simulated else ""
            self._say(f"there is no access token yet: run carepath token{option}, or set CAREPATH_ADMIN_TOKEN_FILE")

    def _end(self) -> None:
        """API first, so that nothing new comes in; then the clock; the worker drains while its broker still runs."""
        self._say("ending")
        self._api.end(_API_END_SECONDS, self._signals)
        for child in (self._clock, self._worker, *self._sheets):
            child.ask_to_end()
        for child in self._sheets:
            child.end(_CLOCK_END_SECONDS, self._signals)
        self._clock.end(_CLOCK_END_SECONDS, self._signals)
        self._worker.end(_WORKER_END_SECONDS, self._signals)
        if self._broker is not None:
            self._broker.stop()
        self._say("ended")

    def _say(self, line: str, *, error: bool = False) -> None:
        stream = sys.stderr if error else sys.stdout
        try:
            print(f"{self._mark}{line}", file=stream, flush=True)
        except OSError:  # nobody listens any more: a closed terminal must not keep us from ending in order
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())


def _open(settings: Settings, speed: int | None) -> System:
    """Make the store where it is not there, open it, and see that it is what was asked for."""
    born = Simulation(datetime.now(UTC), speed or DEFAULT_SPEED) if settings.simulated else None
    prepare_store(settings, born)
    system = open_to_run(settings)
    try:
        if speed is not None and system.simulation is not None and system.simulation.factor != speed:
            raise CannotStart(
                f"this simulated store was born at speed {system.simulation.factor} and never runs at another:"
                " leave --speed out, or choose another home"
            )
        if settings.admin_token_file is not None:
            system.access.adopt(secret(settings.admin_token_file, "CAREPATH_ADMIN_TOKEN_FILE"))
    except BaseException:
        system.close()
        raise
    return system


def _hold(settings: Settings) -> int:
    """Return a descriptor that holds the home for as long as this process lives."""
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(settings.home / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(
            f"the folder {settings.home} cannot be written: {error.strerror}; choose another with CAREPATH_HOME"
        ) from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise CannotStart(f"another carepath runs in {settings.home}: stop it first") from None
    return held


def _answers(host: str, port: int) -> bool:
    asked = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(asked, port, timeout=1.0)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
