"""How are rota, deputies and people's own channels read and written? SQLAlchemy Core, the same for both databases."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from orchestrator.service.people.rows import AwayRow, ContactRow, DutyRow
from orchestrator.store import staff_tables as s

_CONTACTS = select(*(s.contact.c[name] for name in ContactRow._fields)).order_by(
    s.contact.c.person_id, s.contact.c.name
)
_DUTIES = select(*(s.duty.c[name] for name in DutyRow._fields)).order_by(s.duty.c.starts_at, s.duty.c.duty_id)
_AWAYS = select(*(s.deputy.c[name] for name in AwayRow._fields)).order_by(s.deputy.c.starts_at, s.deputy.c.away_id)


class RosterReads:
    """Reads within the transaction of one connection; see `service.people.roster_ports.RosterReader`."""

    @property
    def _sql(self) -> Connection:
        raise NotImplementedError

    def staff_mark(self) -> int:
        return int(self._sql.execute(select(func.coalesce(func.max(s.staff_record.c.seq), 0))).scalar_one())

    def contacts(self, person_id: str | None = None) -> list[ContactRow]:
        chosen = _CONTACTS if person_id is None else _CONTACTS.where(s.contact.c.person_id == person_id)
        return [ContactRow(*row) for row in self._sql.execute(chosen)]

    def duties(self, after: datetime) -> list[DutyRow]:
        return [DutyRow(*row) for row in self._sql.execute(_DUTIES.where(s.duty.c.ends_at > after))]

    def aways(self, after: datetime) -> list[AwayRow]:
        return [AwayRow(*row) for row in self._sql.execute(_AWAYS.where(s.deputy.c.ends_at > after))]


class RosterWrites(RosterReads):
    """Writes within the transaction of one connection; see `service.people.roster_ports.RosterChange`."""

    def add_contact(self, row: ContactRow) -> None:
        self._sql.execute(insert(s.contact).values(**row._asdict()))

    def remove_contact(self, person_id: str, name: str) -> None:
        c = s.contact.c
        self._sql.execute(delete(s.contact).where(c.person_id == person_id, c.name == name))

    def add_duty(self, row: DutyRow) -> None:
        self._sql.execute(insert(s.duty).values(**row._asdict()))

    def remove_duty(self, duty_id: str) -> None:
        self._sql.execute(delete(s.duty).where(s.duty.c.duty_id == duty_id))

    def add_away(self, row: AwayRow) -> None:
        self._sql.execute(insert(s.deputy).values(**row._asdict()))

    def remove_away(self, away_id: str) -> None:
        self._sql.execute(delete(s.deputy).where(s.deputy.c.away_id == away_id))
