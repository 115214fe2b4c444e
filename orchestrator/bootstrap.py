"""How does everything come together? The composition root: the only file that knows every adapter.

Importing it costs half a second (SQLAlchemy); faces that answer without a store import it when they need it.
"""

import datetime as dt
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from orchestrator import __version__
from orchestrator.audit.keys import Keyring
from orchestrator.audit.seal import Sealed
from orchestrator.clock import Clock, HostClock, elapsed
from orchestrator.config import Settings
from orchestrator.episode import formats
from orchestrator.errors import NotFound, StoreError
from orchestrator.notify import sending
from orchestrator.notify.post import Post
from orchestrator.notify.reading import NOWHERE, Outside, read_channels
from orchestrator.pathway.loader import Library, load_library, load_text, without_local
from orchestrator.pathway.model import Pathway
from orchestrator.service.access import Access
from orchestrator.service.deliveries import Deliveries
from orchestrator.service.engine import EpisodeEngine
from orchestrator.service.enrolment import Enrolments
from orchestrator.service.firing import Firing
from orchestrator.service.grouped import Grouped
from orchestrator.service.handlers import Desk, Handlers
from orchestrator.service.identity import Identities
from orchestrator.service.lookout import Lookout
from orchestrator.service.outgoing import Outgoing
from orchestrator.service.overview.views import Overview, overview
from orchestrator.service.people.accounts import People
from orchestrator.service.people.duty import Duty
from orchestrator.service.people.linking import Linking
from orchestrator.service.people.sight import Sight
from orchestrator.service.people.signing import Signing
from orchestrator.service.presence import SECONDS, Presence, Program
from orchestrator.service.pulse import OVERDUE, Pulse
from orchestrator.service.queries import Queries
from orchestrator.service.releases import Releases
from orchestrator.service.repeated import Repeated
from orchestrator.service.replay import Audit, all_entries
from orchestrator.service.rows import Figures, Lease
from orchestrator.service.scenario.proof import FOLDER, Proof
from orchestrator.service.scenario.proof import prove as prove_stories
from orchestrator.service.sheets import Sheets
from orchestrator.service.shelf import Shelf
from orchestrator.service.telling import Telling
from orchestrator.service.trust import LONGEST_UNSEEN, REMEMBER_SECONDS, Trust
from orchestrator.service.worklist.claims import Claims
from orchestrator.store import copies, health, opening, schema, server, stages
from orchestrator.store.health import Health
from orchestrator.store.opening import Simulation
from orchestrator.store.postgres import PostgresStore
from orchestrator.store.server import Finding
from orchestrator.store.sqlite import SqliteStore

__all__ = ["Figures", "Finding", "Health", "Repeated", "Simulation"]
"""What others take from here though it is made elsewhere."""
LOOKOUT_SENDS_SECONDS = 5.0
"""After so long it looks again: a gateway that hangs must not pass for a store that cannot be read."""


@dataclass(frozen=True)
class System:
    """One opened system: a store and the use cases over it. Close it when done; `with` does.

    simulation: None for a real store.   clock: this machine's view of the store's time; the store's own decides.
    post: the ways by which notices leave the house.   elapsed: seconds that pass evenly, by this machine.
    host: this machine's wall clock.   trust: whether the wall's time can be trusted; all threads share it.
    """

    store: SqliteStore | PostgresStore
    keyring: Keyring
    library: Library
    clock: Clock
    simulation: Simulation | None
    desk: Desk
    handlers: Grouped
    enrolments: Enrolments
    queries: Queries
    firing: Firing
    deliveries: Deliveries
    outgoing: Outgoing
    replay: Audit
    pulse: Pulse
    access: Access
    telling: Telling
    releases: Releases
    post: Post
    presence: Presence
    sheets: Sheets
    people: People
    signing: Signing
    linking: Linking
    sight: Sight
    identities: Identities
    duty: Duty
    overview: Overview
    claims: Claims
    elapsed: Callable[[], float] = elapsed
    host: Clock = HostClock()
    trust: Trust = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "trust", Trust(self.host, self.elapsed))

    def time_fault(self) -> str | None:
        """Return what is wrong with the wall's time as a code, or None, and remember how it goes. Raises StoreError.

        For a process that is no clock: it trusts no time either that no clock has trusted of late, for it may have been
        started after the wall was moved.
        """
        began = self.elapsed()
        look = self.pulse.look()
        fault = self.trust.fault(look, began, self.elapsed())
        unseen = look.seen_at is not None and look.wall > look.seen_at + LONGEST_UNSEEN
        return fault or ("clock-unseen" if unseen else None)

    @property
    def simulated(self) -> bool:
        """Tell whether the store is one for trying things out: whatever shows anything of it must say so."""
        return self.simulation is not None

    def pathway(self, version: str) -> Pathway:
        """Return the pathway with this content hash, from the files or the store. Raises NotFound."""
        with self.store.read() as reader:
            return self.desk.shelf.version(version, reader)

    def check_versions(self) -> None:
        """Raise VersionChanged when the files of a version are not as the store keeps them."""
        with self.store.read() as reader:
            self.desk.shelf.check_all(reader)

    def sealed_entries(self, episode_id: str) -> list[Sealed]:
        """Return an episode's entries as they are stored, the first one first. Raises NotFound."""
        with self.store.read() as reader:
            found = list(all_entries(reader, episode_id))
        if not found:
            raise NotFound("there is no such episode")
        return found

    def close(self) -> None:
        """Close every connection of the store."""
        self.store.close()

    def __enter__(self) -> "System":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def open_library(settings: Settings) -> Library:
    """Return the pathway files, with the hospital's local values. Raises PathwayErrors, with file and line."""
    return load_library(settings.workflows, settings.local_file)


def prepare_store(settings: Settings, simulation: Simulation | None = None) -> Simulation | None:
    """Make the store and its keys where they are not there, and bring the schema up to date; return its simulation.

    A simulated store is made where `simulation` says as what, and else only brought up to date. Raises StoreError.
    """
    if settings.simulated and simulation is None:
        simulation = _born(settings)
    _see_to_home(settings)
    opening.prepare(settings.database_url, settings.keys, simulation)
    return simulation


def open_system(settings: Settings, past: Clock | None = None) -> System:
    """Open the store that `prepare_store` has made. Raises StoreError or PathwayError. past: see `opening`."""
    library = open_library(settings)
    outside = read_outside(settings, library, files=False)
    opened = opening.open_store(_there(settings).database_url, settings.keys, past)
    if opened.simulation is not None:
        outside = None  # nobody may be called to a patient who does not exist
    system = assemble(
        opened.store, opened.keyring, library, opened.clock, opened.simulation, released_only=settings.released_only,
        outside=outside, zone=ZoneInfo(settings.timezone), form=opened.format,
    )  # fmt: skip
    system.duty.reach.refresh()
    return system


def read_outside(settings: Settings, library: Library, *, files: bool = True) -> Outside | None:
    """Return what the file of channels says; None where there is none. Raises PathwayErrors, with file and line.

    files: whether secrets and authorities are read too; whoever only tells needs none of them.
    """
    if settings.channels is None:
        return None
    roles = {role: None for pathway in library.pathways for role in pathway.roles}  # in the files' order
    return read_channels(settings.channels, tuple(roles), files=files)


def open_to_run(settings: Settings) -> System:
    """Open the store for a process that serves or works. Raises VersionChanged besides: a version is never changed.

    Raises StoreError where the database may lose what it was given, but for a simulated store. Clocks open it without:
    whatever the files say, and however the server is set, the timers of the patients who are there go on.
    """
    system = open_system(settings)
    try:
        check_durable(settings, system)
        system.check_versions()
    except BaseException:
        system.close()
        raise
    return system


def lookout(system: System) -> Lookout:
    """Return what sees that reminders are late, for a process that serves people."""

    def send_one(lease: Lease) -> bool:
        return sending.send(system.post, system.deliveries, lease)[1]

    def send() -> None:
        sending.send_waiting(system.deliveries, send_one, system.elapsed, LOOKOUT_SENDS_SECONDS, OVERDUE)

    speed = system.simulation.factor if system.simulation else 1
    return Lookout(system.pulse, speed, send, wall=system.host, elapsed=system.elapsed)


def stay_present(system: System, role: str) -> Repeated:
    """Have this process say that it runs, and learn in which format to write, until `stop`."""
    noting = Repeated(lambda: system.presence.note(role), SECONDS, "presence", at_end=system.presence.leave)
    return noting.start()


def watch_time(system: System) -> Repeated:
    """Have this process follow how the wall's time goes, until `stop`: who looks seldom takes a drift for a jump."""
    return Repeated(system.time_fault, REMEMBER_SECONDS, "time").start()


def check_durable(settings: Settings, system: System) -> None:
    """Raise StoreError where the database of a real store is set so that it may lose what was committed."""
    if settings.database_file is None and not system.simulated:
        server.check_durable(settings.database_url)


def settle_memory() -> None:
    """Have the collector pass over what this process holds by now; for one that stays, when it is ready.

    Else it would walk every pathway again and again: a quarter of the time of whoever fires.
    """
    gc.collect()
    gc.freeze()


def examine(settings: Settings, system: System) -> Health:
    """Return how an opened store is, for `carepath doctor`. Raises StoreError."""
    now = system.clock.now() if system.simulated else None
    return health.health(settings.database_url, settings.database_file, settings.keys, now)


def examine_server(settings: Settings) -> tuple[Finding, ...]:
    """Return how the database server is set; nothing for SQLite. Raises StoreError."""
    return () if settings.database_file is not None else server.findings(settings.database_url)


def figures(settings: Settings, system: System) -> Figures:
    """Return what waits in an opened store, for the metrics: at no cost, whatever its size. Raises StoreError."""
    now = system.clock.now() if system.simulated else None
    return health.figures(settings.database_url, settings.database_file, now)


def check_ready(settings: Settings) -> None:
    """Raise StoreError unless the store can be opened and written now, for whoever holds no System of its own."""
    opened = opening.open_store(settings.database_url, settings.keys)
    try:
        opened.store.ready()
    finally:
        opened.store.close()


def sqlite_version() -> str:
    """Return the version of SQLite in use. Raises StoreError when there is none without the WAL fault."""
    return health.sqlite_version()


def back_up_keys(settings: Settings, destination: Path) -> None:
    """Copy the key file to a place that is not there yet, and record it in the store. Raises StoreError."""
    health.back_up_keys(settings.database_url, settings.database_file, settings.keys, destination)


def back_up_store(settings: Settings, destination: Path) -> int:
    """Copy the store, not its keys, to a place that is not there yet, while it runs; return the copy's bytes.

    Raises StoreError.
    """
    return copies.back_up(_there(settings).database_url, settings.database_file, settings.keys, destination)


def restore_store(settings: Settings, source: Path) -> dt.datetime | None:
    """Put a copy back where no store is, its keys being there already; return when its last entry was made.

    Raises StoreError.
    """
    _see_to_home(settings)
    return copies.restore(settings.database_url, settings.database_file, settings.keys, source)


def throwaway_system(workflows: Path | Library, clock: Clock, wall: Clock | None = None) -> System:
    """Return a system on an empty store in memory, gone when it is closed: for scenarios and simulations.

    workflows: the folder, or pathways that were read before, which saves reading them for every story anew.
    wall: what the wall shows, where that is not this machine's clock.
    """
    library = load_library(workflows) if isinstance(workflows, Path) else workflows
    store, keyring = opening.open_throwaway(clock, wall)
    return replace(assemble(store, keyring, library, clock, None), host=wall or HostClock())


@contextmanager
def stage(library: Library, url: str | None = None) -> Iterator[Callable[[Clock], Desk]]:
    """Give a place for scenarios: a function from a story's clock to a desk; nothing of it is left afterwards.

    url: a database in which the place is made; in memory for None.
    """
    shelf = Shelf(library, load_text)
    with stages.stage(url) as opened:
        yield lambda clock: Desk(*opened(clock), shelf, EpisodeEngine())


def prove(pathway: Pathway, file: Path) -> Proof:
    """Play the stories beside a pathway file on the pathway, each in a throw-away store.

    They speak of the pathway's own defaults, and are played on those: a hospital's values are held by their ranges.
    """
    plain = without_local(pathway)
    with stage(Library((plain,))) as opened:
        return prove_stories(plain, file.absolute().parent / FOLDER, opened)


def assemble(
    store: SqliteStore | PostgresStore,
    keyring: Keyring,
    library: Library,
    clock: Clock,
    simulation: Simulation | None,
    *,
    released_only: bool = False,
    outside: Outside | None = None,
    zone: dt.tzinfo = dt.UTC,
    form: int = formats.OWN,
) -> System:
    """Return the use cases over an opened store, with nothing remembered: what each process has for itself."""
    outside = outside or NOWHERE
    roles = dict.fromkeys(role for pathway in library.pathways for role in pathway.roles)  # in the files' order
    duty = Duty(store, keyring.look_mac, outside.directory, outside.personal(), roles=roles, zone=zone)
    desk = Desk(store, keyring, Shelf(library, load_text), EpisodeEngine(), duty.reach)
    desk.write_in(form)
    post = outside.post(zone, duty.reach.contact)
    deliveries = Deliveries(desk)
    mac, presence = keyring.look_mac, Presence(desk, Program(__version__, schema.REVISIONS[-1]))
    sight = Sight(desk, mac)
    return System(
        store, keyring, library, clock, simulation, desk, Grouped(Handlers(desk)),
        Enrolments(desk, released_only=released_only), Queries(desk), Firing(desk), deliveries, Outgoing(deliveries),
        Audit(desk), Pulse(desk), Access(store), Telling(desk), Releases(desk), post,
        presence, Sheets(desk), People(store, mac, roles), Signing(store, mac), Linking(store, mac), sight,
        Identities(desk), duty, overview(desk, library, sight, presence), Claims(desk, mac),
    )  # fmt: skip


def _born(settings: Settings) -> Simulation:
    file = settings.database_file
    found = None if file is not None and not file.exists() else opening.born(settings.database_url)
    if found is None:
        where = settings.database_name
        raise StoreError(f"there is no simulated store at {where} yet: carepath up --simulated makes one")
    return found


def _there(settings: Settings) -> Settings:
    """Return the settings. Raises StoreError where they name a file that is not there: to open it would make it."""
    file = settings.database_file
    if file is not None and not file.exists():
        raise StoreError(f"there is no store at {file} yet: run carepath up, or carepath db upgrade")
    return settings


def _see_to_home(settings: Settings) -> None:
    """Make the home for its owner alone where the store is to lie in it; one that is there stays as it is."""
    home, file = settings.home, settings.database_file
    if file is None or home not in file.parents:
        return
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        why = f"{error.strerror}; choose another with CAREPATH_HOME"
        raise StoreError(f"the folder {home} cannot be made: {why}") from None
