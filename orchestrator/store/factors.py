"""How are second factors kept? Apps with their sealed secrets, recovery codes, and who has to send a code yet."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from orchestrator.service.people.rows import FactorRow, PendingRow
from orchestrator.store import staff_tables as s

_FACTORS = select(*(s.factor.c[name] for name in FactorRow._fields))
_PENDING = select(*(s.pending_sign_in.c[name] for name in PendingRow._fields))


class FactorReads:
    """Reads within the transaction of one connection; see `service.people.factor_ports.FactorReader`."""

    @property
    def _sql(self) -> Connection:
        raise NotImplementedError

    def factor(self, person_id: str) -> FactorRow | None:
        row = self._sql.execute(_FACTORS.where(s.factor.c.person_id == person_id)).first()
        return None if row is None else FactorRow(*row)

    def factors(self, person_ids: Sequence[str]) -> dict[str, datetime]:
        c = s.factor.c
        chosen = select(c.person_id, c.confirmed_at).where(c.person_id.in_(person_ids), c.confirmed_at.is_not(None))
        return {row.person_id: row.confirmed_at for row in self._sql.execute(chosen)}

    def recovery_codes(self, person_id: str) -> int:
        chosen = select(func.count()).where(s.recovery_code.c.person_id == person_id)
        return int(self._sql.execute(chosen).scalar_one())

    def pending_sign_in(self, pending_hash: bytes) -> PendingRow | None:
        row = self._sql.execute(_PENDING.where(s.pending_sign_in.c.pending_hash == pending_hash)).first()
        return None if row is None else PendingRow(*row)


class FactorWrites(FactorReads):
    """Writes within the transaction of one connection; see `service.people.factor_ports.FactorChange`."""

    def put_factor(self, row: FactorRow) -> None:
        self._sql.execute(delete(s.factor).where(s.factor.c.person_id == row.person_id))
        self._sql.execute(insert(s.factor).values(**row._asdict()))

    def end_factor(self, person_id: str) -> None:
        self._sql.execute(delete(s.factor).where(s.factor.c.person_id == person_id))
        self.set_recovery_codes(person_id, ())

    def use_step(self, person_id: str, step: int) -> bool:
        c = s.factor.c
        unused = update(s.factor).where(c.person_id == person_id, c.last_step < step)
        return self._sql.execute(unused.values(last_step=step)).rowcount == 1

    def set_recovery_codes(self, person_id: str, hashes: Sequence[bytes]) -> None:
        self._sql.execute(delete(s.recovery_code).where(s.recovery_code.c.person_id == person_id))
        if hashes:
            rows = [{"person_id": person_id, "code_hash": each} for each in hashes]
            self._sql.execute(insert(s.recovery_code), rows)

    def use_recovery_code(self, person_id: str, code_hash: bytes) -> bool:
        c = s.recovery_code.c
        used = delete(s.recovery_code).where(c.person_id == person_id, c.code_hash == code_hash)
        return self._sql.execute(used).rowcount == 1

    def add_pending_sign_in(self, row: PendingRow) -> None:
        self._sql.execute(insert(s.pending_sign_in).values(**row._asdict()))

    def end_pending_sign_in(self, pending_hash: bytes) -> None:
        self._sql.execute(delete(s.pending_sign_in).where(s.pending_sign_in.c.pending_hash == pending_hash))

    def forget_pending_sign_ins(self, before: datetime) -> None:
        self._sql.execute(delete(s.pending_sign_in).where(s.pending_sign_in.c.made_at < before))

    def set_bare(self, session_hash: bytes, *, bare: bool) -> None:
        self._sql.execute(update(s.session).where(s.session.c.session_hash == session_hash).values(bare=bare))
