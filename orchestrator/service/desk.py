"""What does every use case need? The store, the keys, the pathways, the engine, who is told; and one transaction."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from orchestrator.audit.keys import Keyring, PatientKey
from orchestrator.episode import formats
from orchestrator.errors import Erased
from orchestrator.service.ledger import Ledger, unpack
from orchestrator.service.notices import InHouse
from orchestrator.service.ports import Change, Collision, Directory, Engine, Store
from orchestrator.service.recent import Recent
from orchestrator.service.rows import EpisodeRow, Times, Write
from orchestrator.service.shelf import Shelf

T = TypeVar("T")
_TRIES = 4


def past_collisions(work: Callable[[], T]) -> T:
    """Do the work, a transaction of its own; after a collision once more, for then it reads what the other wrote."""
    for _ in range(_TRIES - 1):
        try:
            return work()
        except Collision:
            continue
    return work()


class OfPatient(Protocol):
    """A row of a patient's, or of an episode's, that holds the patient's key as it is kept; None once destroyed."""

    @property
    def patient_id(self) -> str: ...
    @property
    def kek_id(self) -> str: ...
    @property
    def wrapped_key(self) -> bytes | None: ...


class Desk:
    """What every use case needs: the store, the keys, the pathways, the engine, who is told by which means."""

    def __init__(
        self, store: Store, keyring: Keyring, shelf: Shelf, engine: Engine, directory: Directory | None = None
    ) -> None:
        self.store, self.keyring, self.shelf, self.engine = store, keyring, shelf, engine
        self.directory = directory or InHouse()
        self.recent = Recent()
        self.format = formats.OWN
        self.check_time: Callable[[Change, Times], object] = lambda change, times: None
        """Raises TimeUntrusted; a process that stays goes by `service.trust.Guard`."""

    def write_in(self, form: int) -> None:
        """Write documents and entries in this format from now on. Raises NewerFormat for one that is not known."""
        formats.check(form)
        self.format = form

    def transact(self, work: Callable[[Change], T]) -> T:
        """Do the work in one transaction; over again after a collision."""

        def once() -> T:
            with self.store.change() as change:
                return work(change)

        return past_collisions(once)

    def key(self, row: OfPatient) -> PatientKey:
        """Return the key of the patient whose row this is. Raises Erased when it was destroyed."""
        if row.wrapped_key is None:
            raise Erased("this patient's key was destroyed: the episode can be proved, but no longer read")
        return self.keyring.open(row.kek_id, row.wrapped_key, row.patient_id)

    def ledger(self, change: Change, row: EpisodeRow, times: Times) -> Ledger:
        """Open an episode that is under lock."""
        key, pathway = self.key(row), self.shelf.version(row.version, change)
        known = self.recent.get(row.chain_hash)
        if known is None:
            episode = self.engine.load(unpack(key, row.episode_id, row.document))
            known = episode, self.engine.items(pathway, episode)
        return Ledger(self.engine, self.directory, pathway, key, row=row, known=known, times=times, form=self.format)

    def written(self, ledger: Ledger) -> Write:
        """Return what a ledger has to write, and remember where it leaves the episode.

        What is written in an older format is not remembered: it may hold less than what was decided.
        """
        write = ledger.write()
        if ledger.form == formats.OWN:
            self.recent.put(ledger.row.chain_hash, ledger.episode, ledger.items)
        return write
