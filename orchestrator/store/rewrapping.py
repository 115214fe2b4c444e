"""How is a key exchanged for the same one under another key? Only where it still is as it was read."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from orchestrator.service.people.rows import FactorRow
from orchestrator.service.rows import PatientRow
from orchestrator.store import tables as t
from orchestrator.store.staff_tables import factor as _factor

_P, _F = t.patient.c, _factor.c


class RewrapWrites:
    """Writes within the transaction of one connection; see `service.ports.Change`."""

    @property
    def _sql(self) -> Connection:
        raise NotImplementedError

    def wrapped_by_others(self, kek_id: str, after: str, limit: int) -> list[PatientRow]:
        held = select(*(_P[name] for name in PatientRow._fields)).where(
            _P.patient_id > after, _P.kek_id != kek_id, _P.wrapped_key.is_not(None)
        )
        return [PatientRow(*row) for row in self._all(held.order_by(_P.patient_id).limit(limit))]

    def rewrap(self, patient: PatientRow, kek_id: str, wrapped: bytes) -> bool:
        as_read = update(t.patient).where(
            _P.patient_id == patient.patient_id, _P.kek_id == patient.kek_id, _P.wrapped_key == patient.wrapped_key
        )
        return self._sql.execute(as_read.values(kek_id=kek_id, wrapped_key=wrapped)).rowcount == 1

    def factors_of_others(self, kek_id: str) -> list[FactorRow]:
        held = select(*(_F[name] for name in FactorRow._fields)).where(_F.kek_id != kek_id)
        return [FactorRow(*row) for row in self._all(held.order_by(_F.person_id))]

    def reseal_factor(self, factor: FactorRow, kek_id: str, sealed: bytes) -> bool:
        as_read = update(_factor).where(
            _F.person_id == factor.person_id, _F.kek_id == factor.kek_id, _F.sealed == factor.sealed
        )
        return self._sql.execute(as_read.values(kek_id=kek_id, sealed=sealed)).rowcount == 1

    def _all(self, statement: Any) -> Sequence[Any]:  # noqa: ANN401  SQLAlchemy's own
        return self._sql.execute(statement).all()
