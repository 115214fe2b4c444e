"""What has a decision made so far? The events of one entry, and the episode as it stands after them."""

import datetime as dt
from typing import Any

from orchestrator.episode.events import (
    BOOKKEEPING,
    AdministrationRetracted,
    DecisionTakenBack,
    Event,
    FactRetracted,
)
from orchestrator.episode.fold import fold
from orchestrator.episode.host import QUIET, Host, Signals
from orchestrator.episode.model import Episode
from orchestrator.episode.proposals import Table, missing, table
from orchestrator.pathway.model import Pathway


class Draft:
    """Gathers the events of one entry. now: UTC, not before the episode's last entry.

    unheld: roles that nobody holds on the patient's ward.
    """

    before: Episode | None
    """The episode as it stood before this entry; None at the enrolment."""
    wanted_before: frozenset[tuple[str, str, int]] | None
    """Keys of the reminders that were wanted before something was taken back; None for any other command."""
    wound_back: frozenset[int]
    """Entries of the turns that are wound back in this one."""
    missed: Signals
    """What fell due while the episode was where it should not have been: it moves the episode now."""

    def __init__(
        self, pathway: Pathway, episode: Episode | None, now: dt.datetime, unheld: frozenset[str] = frozenset()
    ) -> None:
        self.pathway, self.now, self.unheld = pathway, now, unheld
        self.wanted_before, self.wound_back, self.missed = None, frozenset(), QUIET
        self.seq = 1 if episode is None else episode.seq + 1
        self.events: list[Event] = []
        self._episode = self.before = episode
        self._host: Host | None = None
        self._values: dict[str, Any] | None = None
        self._table: Table | None = None
        self._missing: frozenset[str] | None = None

    @property
    def episode(self) -> Episode:
        """Return the episode after the events so far."""
        if self._episode is None:
            raise AssertionError("not enrolled yet")
        return self._episode

    def emit(self, event: Event) -> None:
        """Add an event and fold it."""
        self.events.append(event)
        self._episode = fold(self._episode, event, self.seq, self.now)
        if type(event) not in BOOKKEEPING:
            self._host = self._values = self._table = self._missing = None

    @property
    def taken_back(self) -> int:
        """Return the earliest entry of which something is taken back in this one, or 0."""
        retracted = (each for each in self.events if isinstance(each, FactRetracted | AdministrationRetracted))
        decided = (each for each in self.events if isinstance(each, DecisionTakenBack))
        return min((*(each.of for each in retracted), *(of for each in decided for of in each.entries)), default=0)

    @property
    def values(self) -> dict[str, Any]:
        """Return the known facts."""
        if self._values is None:
            self._values = self.episode.values()
        return self._values

    @property
    def host(self) -> Host:
        """Return the episode as guards see it."""
        if self._host is None:
            self._host = Host(self.pathway, self.episode, self.now)
        return self._host

    def host_with(self, signals: Signals) -> Host:
        """Return the episode as guards see it in a moment in which something happens."""
        return self.host if signals is QUIET else Host(self.pathway, self.episode, self.now, signals)

    @property
    def table(self) -> Table:
        """Return the table of proposals now."""
        if self._table is None:
            self._table = table(self.host, self.values)
        return self._table

    @property
    def missing(self) -> frozenset[str]:
        """Return the unknown facts on which something open now depends."""
        if self._missing is None:
            self._missing = missing(self.host, self.values, self.table)
        return self._missing
