"""Who left a ward for another in a shift? It hands over that they are gone, and where to; nothing else of them.

Found by what the receiving wards were told: one notice a move.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from orchestrator.audit.seal import Header, open_header
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import Identifier
from orchestrator.service.identity import identifiers_json
from orchestrator.service.ports import Reader
from orchestrator.service.rows import EpisodeRow
from orchestrator.service.transfers import KIND

MOST = 200
"""More patients leave no ward in 48 hours."""


class Departure(NamedTuple):
    """A patient's move. header: of the entry, made on the receiving ward."""

    row: EpisodeRow
    header: Header


def departures(reader: Reader, ward: str, begin: datetime, end: datetime) -> list[Departure]:
    """Return who left this ward from one moment up to another, in that order; who came back too."""
    told = reader.moved(KIND, begin, end, MOST)
    rows = {row.episode_id: row for row in reader.episodes(sorted({each.episode_id for each in told}))}
    found = []
    for notice in told:
        before, move = reader.entries(notice.episode_id, int(notice.key.rpartition(".")[2]) - 2, 2)
        if open_header(before).ward == ward:
            found.append(Departure(rows[notice.episode_id], open_header(move)))
    return found


def told_of(gone: Sequence[Departure], known: dict[str, tuple[Identifier, ...]], desk: Desk) -> list[dict[str, Any]]:
    """Return departures JSON-ready. known: identifiers by patient.   to: the ward on which he was from then on."""
    with desk.store.read() as reader:
        return [
            {
                "episode_id": row.episode_id, "identifiers": identifiers_json(known[row.patient_id]),
                "title": desk.shelf.version(row.version, reader).title, "to": header.ward, "at": header.at,
                "actor": header.actor, "role": header.role,
            }
            for row, header in gone
        ]  # fmt: skip
