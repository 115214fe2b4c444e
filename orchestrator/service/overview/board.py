"""Where does each patient of a ward stand, what comes next for each, and what is late? A ward's board.

Four readings, however many patients there are: the episodes, what is open in them, as whom the ward knows them, and
what time it is. Of a ward with more patients than a wall can show, the most urgent of each stage are told, and how many
more there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from orchestrator.audit.seal import instant
from orchestrator.errors import InvalidCommand
from orchestrator.pathway.kinds import stage_of
from orchestrator.pathway.model import Pathway
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import Identifier
from orchestrator.service.identity import Identities, identifiers_json
from orchestrator.service.overview.naming import item_words, owed, stage_order
from orchestrator.service.overview.rows import StayRow
from orchestrator.service.ports import Library, Reader
from orchestrator.service.rows import NO_DUE, ItemRow

MANY, FEW = 60, 10
"""A ward of at most `MANY` is shown as it is; of a larger one the `FEW` most urgent of each stage."""


class Board:
    """Reads a ward's board; everything returned is JSON-ready."""

    def __init__(self, desk: Desk, library: Library, identities: Identities) -> None:
        self._desk, self._library, self._identities = desk, library, identities

    def show(self, ward: str, most: int | None = None) -> dict[str, Any]:
        """Return the ward's open episodes by stage, what is due first first. See `_stage` and `_patient`.

        most: of each stage at most so many, for a screen that nobody scrolls.
        open, late: how many episodes, and in how many of them something is late.   folded: not all are shown.
        """
        with self._desk.store.read() as reader:
            now = reader.times().now
            rows = reader.board(ward, now, many=MANY, few=FEW)
            shown, pathways = _folded(rows, most), self._pathways(reader, rows)
            items = _by_episode(reader.items_of([row.episode_id for row in shown]))
        stages = self._stages(rows, shown, self._patients(shown, items, pathways, now), pathways)
        return {
            "ward": ward,
            "at": instant(now),
            "open": sum(each["open"] for each in stages),
            "late": sum(each["late"] for each in stages),
            "folded": any(each["more"] for each in stages),
            "stages": stages,
        }

    def stage(self, ward: str, stage: str, page: int = 1) -> dict[str, Any]:
        """Return the ward's open episodes in one stage, at most `MANY` a page. page: from 1. Raises InvalidCommand."""
        if page < 1:
            raise InvalidCommand("pages are counted from 1")
        with self._desk.store.read() as reader:
            now = reader.times().now
            rows = reader.stage_board(ward, stage, now, offset=(page - 1) * MANY, limit=MANY)
            pathways = self._pathways(reader, rows)
            items = _by_episode(reader.items_of([row.episode_id for row in rows]))
        patients = self._patients(rows, items, pathways, now)
        total, late = (rows[0].total, rows[0].late) if rows else (0, 0)
        told = {"stage": stage, "open": total, "late": late, "patients": patients}
        return {"ward": ward, "at": instant(now), "page": page, "pages": max(1, -(-total // MANY)), **told}

    def _pathways(self, reader: Reader, rows: Iterable[StayRow]) -> dict[str, Pathway]:
        return {version: self._desk.shelf.version(version, reader) for version in {row.version for row in rows}}

    def _patients(
        self,
        rows: Sequence[StayRow],
        items: Mapping[str, list[ItemRow]],
        pathways: Mapping[str, Pathway],
        now: datetime,
    ) -> list[dict[str, Any]]:
        known = self._identities.of({row.patient_id for row in rows})
        return [
            _patient(row, pathways[row.version], items.get(row.episode_id, []), known[row.patient_id], now)
            for row in rows
        ]

    def _stages(
        self,
        rows: Sequence[StayRow],
        shown: Sequence[StayRow],
        patients: Sequence[dict[str, Any]],
        pathways: Mapping[str, Pathway],
    ) -> list[dict[str, Any]]:
        counted = {row.state: (row.total, row.late) for row in rows}
        order = stage_order([*pathways.values(), *self._library.pathways])
        return [
            _stage(
                stage,
                [each for state, each in counted.items() if stage_of(state) == stage],
                [told for row, told in zip(shown, patients, strict=True) if stage_of(row.state) == stage],
            )
            for stage in order
        ]


def _folded(rows: Sequence[StayRow], most: int | None) -> list[StayRow]:
    """Return what is shown: all, or of each stage the few that are due first."""
    many = sum({row.state: row.total for row in rows}.values()) > MANY
    few = min(most or MANY, FEW if many else MANY)
    by_stage = sorted(rows, key=lambda row: (stage_of(row.state), row.first_due_at or NO_DUE, row.enrolled_at))
    return [row for _, group in groupby(by_stage, key=lambda row: stage_of(row.state)) for row in list(group)[:few]]


def _by_episode(items: Iterable[ItemRow]) -> dict[str, list[ItemRow]]:
    found: dict[str, list[ItemRow]] = {}
    for item in items:
        found.setdefault(item.episode_id, []).append(item)
    return found


def _stage(stage: str, counted: Iterable[tuple[int, int]], patients: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a column. more: how many patients in it are not shown, more_late: how many of those are late."""
    counts = list(counted)
    opened, late = sum(total for total, _ in counts), sum(late for _, late in counts)
    more_late = max(0, late - sum(1 for each in patients if each["late"]))
    return {
        "stage": stage, "open": opened, "late": late, "more": opened - len(patients), "more_late": more_late,
        "patients": patients,
    }  # fmt: skip


def _patient(
    row: StayRow, pathway: Pathway, items: Sequence[ItemRow], identifiers: Iterable[Identifier], now: datetime
) -> dict[str, Any]:
    """Return an episode. next: what is due first; None where nothing is open, then next_due_at says when a timer
    falls due.   late: how many open things are late.
    """
    open_things = owed(pathway, items)
    late = [each for each in open_things if each.due_at < now]
    return {
        "episode_id": row.episode_id,
        "patient_id": row.patient_id,
        "identifiers": identifiers_json(identifiers),
        "pathway": pathway.name,
        "title": pathway.title,
        "state": row.state,
        "state_title": pathway.states[row.state].title if row.state in pathway.states else row.state,
        "enrolled_at": instant(row.enrolled_at),
        "next": _item(pathway, open_things[0], now) if open_things else None,
        "late": len(late),
        "open": len(open_things),
        "next_due_at": row.next_due_at and instant(row.next_due_at),
        "set_aside": row.set_aside_until is not None,
    }


def _item(pathway: Pathway, item: ItemRow, now: datetime) -> dict[str, Any]:
    timed = item.due_at != NO_DUE
    return {
        "kind": item.kind,
        "name": item.name,
        "words": item_words(pathway, item.kind, item.name),
        "role": item.role,
        "due_at": instant(item.due_at) if timed else None,
        "overdue": item.due_at < now,
    }
