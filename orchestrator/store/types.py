"""How are instants and flags kept? One Python value, one form in each database."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import TIMESTAMP, Boolean, ColumnElement, Dialect, Integer, case, literal
from sqlalchemy.types import TypeDecorator, TypeEngine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, tzinfo=UTC)
"""The last midnight of UTC that the calendar has in every zone."""
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return an aware instant as microseconds since 1970, UTC."""
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return microseconds since 1970 as an aware instant in UTC."""
    return EPOCH + timedelta(microseconds=micros)


def from_any_micros(micros: int) -> datetime:
    """Return the same of whatever stands in a column `Until`."""
    return from_micros(min(max(micros, 0), to_micros(LAST)))


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite."""

    impl = TIMESTAMP
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = Integer() if dialect.name == "sqlite" else TIMESTAMP(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | datetime | None:
        return to_micros(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: int | datetime | None, dialect: Dialect) -> datetime | None:
        if isinstance(value, int):
            return from_micros(value)
        return None if value is None else value.astimezone(UTC)


class Until(Instant):
    """An instant that a person may write by hand beyond the calendar, such as `infinity`: read as the nearest in it.

    Whoever read it as it is could read no row with it, nor any that is read together with such a row.
    """

    cache_ok = True

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        early, late = (column < EPOCH, literal(EPOCH, Instant())), (column > LAST, literal(LAST, Instant()))
        return case(early, late, else_=column)


class Flag(TypeDecorator[bool]):
    """True or false: `boolean` on PostgreSQL, 0 or 1 on SQLite, whose strict tables know no booleans."""

    impl = Boolean
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = Integer() if dialect.name == "sqlite" else Boolean()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | bool | None:
        return int(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: int | bool | None, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)
