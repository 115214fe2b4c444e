"""How does the installation do? What is due and late, what is set aside, what waits to leave, which programs run.

Whoever keeps it sees ids and counts here, and no patient.
"""

from typing import Any

from orchestrator.audit.seal import instant
from orchestrator.episode import formats
from orchestrator.service.desk import Desk
from orchestrator.service.overview.rows import SetAsideRow
from orchestrator.service.presence import Presence
from orchestrator.service.rows import Figures, ProcessRow

MOST = 100
"""Episodes set aside that are named; `figures.set_aside` counts all."""


class Operations:
    """Reads how things stand; everything returned is JSON-ready."""

    def __init__(self, desk: Desk, presence: Presence) -> None:
        self._desk, self._presence = desk, presence

    def show(self, wards: frozenset[str] | None = None) -> dict[str, Any]:
        """Return figures, the episodes set aside, the processes that run, and in which format is written.

        wards: whose episodes are named; None for all. The figures count all: they tell of no patient.
        format: written now; own: this program's; they differ while an upgrade is not finished.
        """
        with self._desk.store.read() as reader:
            found, aside, form = reader.figures(), reader.set_asides(MOST, wards), reader.format()
            running = reader.processes()
        older = {row.process_id for row in self._presence.older(running)}
        return {
            "figures": _figures(found),
            "set_aside": [_aside(row) for row in aside],
            "processes": [_process(row, older=row.process_id in older) for row in running],
            "format": form,
            "own": formats.OWN,
        }


def _figures(found: Figures) -> dict[str, Any]:
    """Return the figures; seconds are the store's for what is due, the wall's for what waits to leave."""
    late = 0 if found.oldest_due is None else round((found.times.now - found.oldest_due).total_seconds())
    waits = 0 if found.oldest_leaving is None else round((found.times.wall - found.oldest_leaving).total_seconds())
    looked = None if found.seen_at is None else round((found.times.wall - found.seen_at).total_seconds())
    return {
        "schema": found.schema,
        "at": instant(found.times.now),
        "wall": instant(found.times.wall),
        "due": found.due,
        "oldest_due_at": found.oldest_due and instant(found.oldest_due),
        "oldest_due_seconds": late,
        "set_aside": found.set_aside,
        "leaving": found.leaving,
        "oldest_leaving_at": found.oldest_leaving and instant(found.oldest_leaving),
        "oldest_leaving_seconds": waits,
        "dead_letters": found.dead_letters,
        "clock_looked_at": found.seen_at and instant(found.seen_at),
        "clock_looked_seconds": looked,
    }


def _aside(row: SetAsideRow) -> dict[str, Any]:
    return {**row._asdict(), "until": instant(row.until)}


def _process(row: ProcessRow, *, older: bool) -> dict[str, Any]:
    return {**row._asdict(), "seen_at": instant(row.seen_at), "older": older}
