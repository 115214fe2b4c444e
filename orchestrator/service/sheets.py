"""What must a ward know when everything is down? Its patients and what is open for each, read to be put on paper."""

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from orchestrator.audit.keys import PatientKey
from orchestrator.audit.seal import instant
from orchestrator.episode.brief import brief
from orchestrator.service.desk import Desk
from orchestrator.service.enrolment import opened
from orchestrator.service.firing import of_the_store
from orchestrator.service.identity import identifiers_json
from orchestrator.service.ledger import unpack
from orchestrator.service.ports import Reader
from orchestrator.service.rows import EpisodeRow

_log = logging.getLogger(__name__)
PAGE = 20


class Sheets:
    """Reads what stands on the sheets. Whatever is wrong with one episode, the others are told, and it is named."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def wards(self) -> dict[str, list[str]]:
        """Return the wards that have patients, each with the ids of the open episodes there: two texts an episode."""
        with self._desk.store.read() as reader:
            rows = reader.open_by_ward()
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
            with self._desk.store.read() as reader:
                now = reader.times().now
                rows = reader.episodes(episode_ids[start : start + PAGE])
                page = [self._patient(reader, row, now) for row in rows if not row.closed]
            yield from page

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
