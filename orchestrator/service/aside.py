"""What becomes of an episode whose timers fail alone? It is tried again later, and its owners are told at once."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from orchestrator.errors import StoreDamaged, StoreError
from orchestrator.service.desk import Desk
from orchestrator.service.notices import OWNERS, InHouse, tell
from orchestrator.service.ports import Change, Directory
from orchestrator.service.rows import LONGEST_ASIDE, NoticeRow, Times
from orchestrator.service.salvage import waits, ward_of

_log = logging.getLogger(__name__)
_FIRST_DELAY = timedelta(minutes=1)


def delay(attempts: int) -> timedelta:
    """Return how long an episode is set aside after so many failures: a minute, doubled each time, an hour at most."""
    return min(_FIRST_DELAY * (1 << min(attempts - 1, 10)), LONGEST_ASIDE)


class Aside:
    """Sets episodes aside in the store; one whose row cannot be read or written in this process's memory."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: dict[str, tuple[int, datetime]] = {}

    def put(self, episode_id: str, code: str) -> None:
        """Set an episode aside; where that cannot be told outside, its owners have it in their inbox all the same."""
        _log.error("episode %s cannot fire: %s; it is set aside", episode_id, code, extra={"event": "set-aside"})
        try:
            self._write(episode_id, lambda change, directory: _set_aside(change, directory, episode_id, code))
        except StoreDamaged:
            self._keep(episode_id, code)

    def keeps(self, episode_id: str, wall: datetime) -> bool:
        """Tell whether this process alone knows that an episode is to wait still. wall: what the wall shows."""
        kept = self._kept.get(episode_id)
        return kept is not None and waits(kept[1], wall)

    def _write(self, episode_id: str, work: Callable[[Change, Directory], object]) -> None:
        try:
            self._desk.transact(lambda change: work(change, self._desk.directory))
        except StoreError:
            raise
        except Exception as error:
            failed = type(error).__name__
            _log.error("nobody outside is told of episode %s: %s", episode_id, failed, extra={"event": "set-aside"})
            self._desk.transact(lambda change: work(change, InHouse()))

    def _keep(self, episode_id: str, code: str) -> None:
        """Set aside what cannot be read whole: as much of it is written as can be, each by itself."""
        times, ward = self._times(), ward_of(self._desk.store, episode_id)
        attempts = self._kept.get(episode_id, (0, times.wall))[0] + 1
        until = times.wall + delay(attempts)
        self._kept[episode_id] = attempts, until
        notices = _notices(episode_id, code, told=f"{times.wall:%Y%m%dT%H}", ward=ward, times=times)
        with suppress(StoreDamaged):  # it is remembered
            self._desk.transact(lambda change: change.set_aside(episode_id, until, attempts))
        try:
            self._write(episode_id, lambda change, directory: tell(change, directory, notices))
        except StoreDamaged:
            _log.error("nobody can be told of episode %s", episode_id, extra={"event": "set-aside"})

    def _times(self) -> Times:
        with self._desk.store.read() as reader:
            return reader.times()


def _set_aside(change: Change, directory: Directory, episode_id: str, code: str) -> None:
    """Set an episode aside, and in the same transaction tell its owners."""
    locked = change.lock(episode_id, b"")
    if locked is None:
        return
    row, times = locked.row, locked.times
    attempts = row.attempts + 1
    change.set_aside(episode_id, times.wall + delay(attempts), attempts)
    told = f"{row.seq}.{attempts}"
    tell(change, directory, _notices(episode_id, code, told=told, ward=row.ward, times=times, due=row.next_due_at))


def _notices(
    episode_id: str, code: str, *, told: str, ward: str, times: Times, due: datetime | None = None
) -> list[NoticeRow]:
    """Return what the owners are told. told: makes it another notice than the one of the failure before."""
    return [
        NoticeRow(
            episode_id, f"set-aside.{told}.{role}", "set-aside", code, "", role, ward, 0, due or times.now,
            times.now, late=True,
        )
        for role in OWNERS
    ]  # fmt: skip
