"""How are accounts looked after? What was changed of them, sessions, and as whom a provider knows people."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select

from orchestrator.service.people.rows import IdentityRow, SessionRow, StaffRow
from orchestrator.store import staff_tables as s

STAFF = select(*(s.staff_record.c[name] for name in StaffRow._fields))
SESSIONS = select(*(s.session.c[name] for name in SessionRow._fields))
_IDENTITIES = select(*(s.identity.c[name] for name in IdentityRow._fields))


class StaffReads:
    """Reads within the transaction of one connection; see `service.people.ports.PeopleReader`."""

    @property
    def _sql(self) -> Connection:
        raise NotImplementedError

    def staff_page(self, before: int | None, limit: int, about: str | None = None) -> list[StaffRow]:
        c = s.staff_record.c
        chosen = STAFF if before is None else STAFF.where(c.seq < before)
        chosen = chosen if about is None else chosen.where(c.about == about)
        return [StaffRow(*row) for row in self._sql.execute(chosen.order_by(c.seq.desc()).limit(limit))]

    def staff_record_of(self, cause: bytes) -> StaffRow | None:
        row = self._sql.execute(STAFF.where(s.staff_record.c.cause == cause)).first()
        return None if row is None else StaffRow(*row)

    def last_about(self, person_id: str, kinds: Collection[str]) -> StaffRow | None:
        c = s.staff_record.c
        chosen = STAFF.where(c.about == person_id, c.kind.in_(sorted(kinds))).order_by(c.seq.desc()).limit(1)
        row = self._sql.execute(chosen).first()
        return None if row is None else StaffRow(*row)

    def sessions(self, person_id: str) -> list[SessionRow]:
        c = s.session.c
        chosen = SESSIONS.where(c.person_id == person_id).order_by(c.seen_at.desc(), c.session_hash)
        return [SessionRow(*row) for row in self._sql.execute(chosen)]

    def identity(self, issuer: str, subject: str) -> IdentityRow | None:
        c = s.identity.c
        row = self._sql.execute(_IDENTITIES.where(c.issuer == issuer, c.subject == subject)).first()
        return None if row is None else IdentityRow(*row)

    def identities(self, person_id: str | None = None) -> list[IdentityRow]:
        c = s.identity.c
        chosen = _IDENTITIES if person_id is None else _IDENTITIES.where(c.person_id == person_id)
        return [IdentityRow(*row) for row in self._sql.execute(chosen.order_by(c.issuer, c.subject))]


class StaffWrites(StaffReads):
    """Writes within the transaction of one connection; see `service.people.ports.PeopleChange`."""

    def add_identity(self, row: IdentityRow) -> None:
        self._sql.execute(insert(s.identity).values(**row._asdict()))

    def end_identity(self, issuer: str, subject: str) -> None:
        c = s.identity.c
        self._sql.execute(delete(s.identity).where(c.issuer == issuer, c.subject == subject))
