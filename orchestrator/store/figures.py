"""What waits in a store? Counts and ages from indexes, or from tables that are small while all is well."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from orchestrator.service.overview.rows import SetAsideRow
from orchestrator.service.rows import Figures, Times
from orchestrator.store import tables as t
from orchestrator.store.schema import revision


def figures(connection: Connection, times: Times) -> Figures:
    """Return what waits, at no cost, whatever the store's size."""
    e, o = t.episode.c, t.outbox.c
    due, aside = _due(times)
    return Figures(
        schema=revision(connection) or "none",
        times=times,
        seen_at=one(connection, t.store_info.c.seen_at),
        oldest_due=one(connection, func.min(e.next_due_at), due),
        due=one(connection, func.count(e.episode_id), due),
        set_aside=one(connection, func.count(e.episode_id), aside),
        leaving=one(connection, func.count(o.episode_id), o.given_up_at.is_(None)),
        oldest_leaving=one(connection, func.min(o.since), o.given_up_at.is_(None)),
        dead_letters=one(connection, func.count(o.episode_id), o.given_up_at.is_not(None)),
    )


def set_asides(
    connection: Connection, times: Times, limit: int, wards: Collection[str] | None = None
) -> list[SetAsideRow]:
    """Return the episodes that are set aside, the one that failed most often first. wards: None for all."""
    e = t.episode.c
    chosen = select(e.episode_id, e.ward, e.attempts, e.set_aside_until).where(_due(times)[1])
    within = chosen if wards is None else chosen.where(e.ward.in_(wards))
    return [
        SetAsideRow(*row) for row in connection.execute(within.order_by(e.attempts.desc(), e.episode_id).limit(limit))
    ]


def one(connection: Connection, what: Any, *where: ColumnElement[bool]) -> Any:  # noqa: ANN401  SQLAlchemy's own
    """Return the one value that is asked for."""
    return connection.execute(select(what).where(*where)).scalar()


def _due(times: Times) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return what is due and what is set aside; the latter is due too, so that the index of alarms finds it."""
    e = t.episode.c
    alarm = e.next_due_at <= times.now
    return alarm & e.set_aside_until.is_(None), alarm & e.set_aside_until.is_not(None)
