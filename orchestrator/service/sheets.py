"""What must a ward know when everything is down? Its patients and what is open for each, read to be put on paper."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import instant
from orchestrator.episode.brief import brief
from orchestrator.errors import StoreDamaged
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import opened
from orchestrator.service.firing import of_the_store
from orchestrator.service.identity import identifiers_json
from orchestrator.service.ledger import unpack
from orchestrator.service.ports import Reader
from orchestrator.service.rows import EpisodeRow
from orchestrator.service.salvage import salvage, ward_of

_log = logging.getLogger(__name__)
PAGE = 20
NO_WARD = "not known"
"""Stands for the ward of a patient of whom nothing can be read."""


class Sheets:
    """Reads what stands on the sheets. Whatever is wrong with one episode, the others are told, and it is named."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def wards(self) -> dict[str, list[str]]:
        """Return the wards that have patients, each with the ids of the open episodes there: two texts an episode."""
        try:
            with self._desk.store.read() as reader:
                rows = reader.open_by_ward()
        except StoreDamaged:
            rows = self._past_damage()
        return {ward: [each for _, each in group] for ward, group in groupby(rows, key=lambda row: row[0])}

    def times(self) -> datetime:
        """Return what time it is, by the store's clock."""
        with self._desk.store.read() as reader:
            return reader.times().now

    def patients(self, episode_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield each open episode, JSON-ready: identifiers in plain, and what `episode.brief` tells; a page at a time.

        Of one that cannot be read `unreadable` says why, as a code.
        """
        for start in range(0, len(episode_ids), PAGE):
            page = episode_ids[start : start + PAGE]
            try:
                with self._desk.store.read() as reader:
                    told = self._told(reader, page)
            except StoreDamaged:
                told = [each for episode_id in page for each in self._alone(episode_id)]
            yield from told

    def _past_damage(self) -> list[tuple[str, str]]:
        """Return what `Reader.open_by_ward` does, of those too who cannot be read, as far as their ward is known."""
        found = salvage(self._desk.store)
        lost = [(ward_of(self._desk.store, each) or NO_WARD, each) for each in found.lost]
        return sorted([*((row.ward, row.episode_id) for row in found.rows), *lost])

    def _told(self, reader: Reader, episode_ids: Sequence[str]) -> list[dict[str, Any]]:
        now, rows = reader.times().now, reader.episodes(episode_ids)
        return [self._patient(reader, row, now) for row in rows if not row.closed]

    def _alone(self, episode_id: str) -> list[dict[str, Any]]:
        """Tell of one patient by himself: in a transaction that could write, which looks for him by his id alone."""
        try:
            with self._desk.store.change() as change:
                return self._told(change, [episode_id])
        except StoreDamaged as error:
            code = type(error).__name__
            _log.error("episode %s cannot be put on a sheet: %s", episode_id, code, extra={"event": "sheet-unreadable"})
            return [{"episode_id": episode_id, "seq": 0, "identifiers": [], "unreadable": code}]

    def _patient(self, reader: Reader, row: EpisodeRow, now: datetime) -> dict[str, Any]:
        told = {"episode_id": row.episode_id, "ward": row.ward, "seq": row.seq, "at": instant(row.at)}
        told |= {"set_aside": row.set_aside_until is not None, "identifiers": [], "unreadable": ""}
        try:
            key = self._desk.key(row)
            told["identifiers"] = self._identifiers(reader, key, row.patient_id)
            episode = self._desk.engine.load(unpack(key, row.episode_id, row.document))
            pathway = self._desk.shelf.version(row.version, reader)
            return {**told, **brief(pathway, episode, max(now, row.at))}
        except Exception as error:  # the others must stand on paper all the same
            if of_the_store(error):
                raise
            code = type(error).__name__
            _log.error(
                "episode %s cannot be put on a sheet: %s", row.episode_id, code, extra={"event": "sheet-unreadable"}
            )
            return {**told, "unreadable": code}

    def _identifiers(self, reader: Reader, key: PatientKey, patient_id: str) -> list[dict[str, str]]:
        found = [opened(key, row) for row in reader.identifiers(patient_id)]
        return identifiers_json(sorted(found, key=lambda each: each.system))
