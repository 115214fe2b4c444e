"""How are wrong passwords counted, and known browsers kept? The same for both databases."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from orchestrator.service.people.rows import GuessRow
from orchestrator.store import staff_tables as s

_GUESSES = select(*(s.guess.c[name] for name in GuessRow._fields))


class GuessReads:
    """Reads within the transaction of one connection; see `service.people.guess_ports.GuessReader`."""

    @property
    def _sql(self) -> Connection:
        raise NotImplementedError

    def guesses(self, who: Collection[bytes], whence: Collection[bytes]) -> list[GuessRow]:
        c = s.guess.c
        return [GuessRow(*row) for row in self._sql.execute(_GUESSES.where(c.who.in_(who), c.whence.in_(whence)))]

    def locks(self, who: Collection[bytes], now: datetime) -> dict[bytes, datetime]:
        c = s.guess.c
        longest = select(c.who, func.max(c.free_at)).where(c.who.in_(who), c.free_at > now).group_by(c.who)
        return {row[0]: row[1] for row in self._sql.execute(longest)}

    def knows_browser(self, browser_hash: bytes, person_id: str) -> bool:
        c = s.browser.c
        chosen = select(c.person_id).where(c.browser_hash == browser_hash, c.person_id == person_id)
        return self._sql.execute(chosen).first() is not None


class GuessWrites(GuessReads):
    """Writes within the transaction of one connection; see `service.people.guess_ports.GuessChange`."""

    def save_guess(self, row: GuessRow) -> None:
        c = s.guess.c
        there = update(s.guess).where(c.who == row.who, c.whence == row.whence)
        if not self._sql.execute(there.values(failures=row.failures, free_at=row.free_at)).rowcount:
            self._sql.execute(insert(s.guess).values(**row._asdict()))

    def end_guesses(self, who: bytes, whence: Collection[bytes] | None = None) -> None:
        c = s.guess.c
        theirs = delete(s.guess).where(c.who == who)
        self._sql.execute(theirs if whence is None else theirs.where(c.whence.in_(whence)))

    def forget_guesses(self, before: datetime) -> None:
        self._sql.execute(delete(s.guess).where(s.guess.c.free_at < before))

    def remember_browser(self, browser_hash: bytes, person_id: str, now: datetime) -> None:
        c = s.browser.c
        there = update(s.browser).where(c.browser_hash == browser_hash, c.person_id == person_id)
        if not self._sql.execute(there.values(seen_at=now)).rowcount:
            row = {"browser_hash": browser_hash, "person_id": person_id, "seen_at": now}
            self._sql.execute(insert(s.browser).values(**row))

    def forget_browsers(self, before: datetime) -> None:
        self._sql.execute(delete(s.browser).where(s.browser.c.seen_at < before))
