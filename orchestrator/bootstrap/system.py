"""What is an opened system made of? A store, and every use case over it, put together in one place."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from orchestrator import __version__
from orchestrator.audit.keys import Keyring
from orchestrator.audit.seal import Sealed
from orchestrator.bootstrap.channels import ChannelsFile
from orchestrator.clock import Clock, HostClock, elapsed
from orchestrator.episode import formats
from orchestrator.notify.post import SHUT, Post
from orchestrator.notify.reading import NOWHERE, Outside
from orchestrator.pathway.loader import Library, load_text
from orchestrator.pathway.model import Pathway
from orchestrator.service.access import Access
from orchestrator.service.deliveries import Deliveries
from orchestrator.service.desk import Desk
from orchestrator.service.engine import EpisodeEngine
from orchestrator.service.enrolment import Enrolments
from orchestrator.service.firing import Firing
from orchestrator.service.grouped import Grouped
from orchestrator.service.handlers import Handlers
from orchestrator.service.identity import Identities
from orchestrator.service.outgoing import Outgoing
from orchestrator.service.overview.views import Overview, overview
from orchestrator.service.people.accounts import People
from orchestrator.service.people.duty import Duty
from orchestrator.service.people.factors import Factors
from orchestrator.service.people.halfway import Demanded
from orchestrator.service.people.linking import Linking
from orchestrator.service.people.sight import Sight
from orchestrator.service.people.signing import Signing
from orchestrator.service.presence import Presence, Program
from orchestrator.service.pulse import Pulse
from orchestrator.service.queries import Queries
from orchestrator.service.releases import Releases
from orchestrator.service.replay import Audit, all_entries
from orchestrator.service.sheets import Sheets
from orchestrator.service.shelf import Shelf
from orchestrator.service.telling import Telling
from orchestrator.service.there import not_there
from orchestrator.service.trust import LONGEST_UNSEEN, Trust
from orchestrator.service.worklist.claims import Claims
from orchestrator.store import schema
from orchestrator.store.opening import Simulation
from orchestrator.store.postgres import PostgresStore
from orchestrator.store.sqlite import SqliteStore


@dataclass(frozen=True)
class System:
    """One opened system: a store and the use cases over it. Close it when done; `with` does.

    simulation: None for a real store.   clock: this machine's view of the store's time; the store's own decides.
    post: the ways by which notices leave the house.   elapsed: seconds that pass evenly, by this machine.
    channels: the file of channels, which may be faulty.
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
    factors: Factors
    sight: Sight
    identities: Identities
    duty: Duty
    overview: Overview
    claims: Claims
    channels: ChannelsFile = field(default_factory=lambda: ChannelsFile(lambda: None))
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

    @property
    def speed(self) -> int:
        """Return how many times as fast as the wall the store's clock runs."""
        return 1 if self.simulation is None else self.simulation.factor

    def lead(self, outside: Outside, zone: dt.tzinfo) -> None:
        """Have notices leave as the file of channels says now, and what waited for that at once. Raises StoreError."""
        self.duty.lead(outside.directory, outside.personal())
        self.post.become(outside.post(zone, self.duty.reach.contact))
        self.hurry()

    def hurry(self) -> None:
        """Have leave at once what waited for the file of channels to be mended. Raises StoreError."""
        self.deliveries.hurry(SHUT.code)

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
            raise not_there()
        return found

    def close(self) -> None:
        """Close every connection of the store."""
        self.store.close()

    def __enter__(self) -> "System":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


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
    second_factor: Demanded = frozenset(),
) -> System:
    """Return the use cases over an opened store, with nothing remembered: what each process has for itself."""
    outside = outside or NOWHERE
    roles = library.roles
    duty = Duty(store, keyring.look_mac, outside.directory, outside.personal(), roles=roles, zone=zone)
    desk = Desk(store, keyring, Shelf(library, load_text), EpisodeEngine(), duty.reach)
    desk.write_in(form)
    post = outside.post(zone, duty.reach.contact)
    deliveries = Deliveries(desk)
    mac, presence = keyring.look_mac, Presence(desk, Program(__version__, schema.REVISIONS[-1]))
    sight, signing = Sight(desk, mac), Signing(store, mac, second_factor)
    issuer = "carepath" if simulation is None else "carepath (simulated)"
    return System(
        store, keyring, library, clock, simulation, desk, Grouped(Handlers(desk)),
        Enrolments(desk, released_only=released_only), Queries(desk), Firing(desk), deliveries, Outgoing(deliveries),
        Audit(desk), Pulse(desk), Access(store, mac), Telling(desk), Releases(desk), post,
        presence, Sheets(desk), People(store, mac, roles, duty.reach.changed), signing, Linking(store, mac),
        Factors(store, keyring, mac, signing, issuer), sight, Identities(desk), duty,
        overview(desk, library, sight, presence), Claims(desk, mac),
    )  # fmt: skip
