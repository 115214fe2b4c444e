"""How does a line of the worklist, or of the inbox, read? What is to be done, for which patient, how much of what.

Everything for a page of lines is read at once: identifiers in one statement, and the episodes of doses in another.
"""

import logging
from collections.abc import Sequence
from typing import Any

from orchestrator.audit.seal import instant
from orchestrator.episode.brief import next_doses
from orchestrator.episode.items import REMINDER, reminds_of, subject_of
from orchestrator.errors import CarepathError, NotFound
from orchestrator.pathway.model import Pathway
from orchestrator.service.cursor import closed, opened
from orchestrator.service.desk import Desk
from orchestrator.service.firing import of_the_store
from orchestrator.service.identity import Identities, identifiers_json
from orchestrator.service.ledger import unpack
from orchestrator.service.overview.naming import item_words
from orchestrator.service.ports import Reader
from orchestrator.service.rows import EpisodeRow
from orchestrator.service.worklist.claims import handle_of, open_item
from orchestrator.service.worklist.rows import ItemId

_log = logging.getLogger(__name__)
Json = dict[str, Any]


class Agenda:
    """Puts lists into words, for whoever may see them."""

    def __init__(self, desk: Desk, identities: Identities) -> None:
        self._desk, self._identities = desk, identities

    def items(self, rows: Sequence[Json]) -> list[Json]:
        """Return the rows of `Queries.worklist` with the words of their pathways; what is not known stays a name.

        title: what is to be done; empty for a decision.   subject: what a reminder is of; empty where it is of nothing.
        dose: amount, number and of how many, of a dose, else None.   handle: stands for the item in addresses.
        reminds_of: handle of the item that a reminder is about, whether it is open or not; empty where it is of none.
        identifiers: of the patient; none where they cannot be read.
        """
        known = self._identities.of([row["patient_id"] for row in rows])
        with self._desk.store.read() as reader:
            doses = self._doses(reader, [row for row in rows if row["kind"] == "dose"])
            return [
                {
                    **row,
                    **self._words(reader, row["version"], row["state"]),
                    **self._what(reader, row["version"], row["kind"], row["name"], row["key"]),
                    "identifiers": identifiers_json(known.get(row["patient_id"], ())),
                    "dose": doses.get((row["episode_id"], row["key"])),
                    "handle": self._handle(row["episode_id"], row["kind"], row["key"]),
                    "reminds_of": self._reminds_of(reader, row) if row["kind"] == REMINDER else "",
                }
                for row in rows
            ]

    def _handle(self, *item: str) -> str:
        return handle_of(self._desk.keyring, ItemId(*item))

    def _reminds_of(self, reader: Reader, row: Json) -> str:
        pathway = self._pathway(reader, row["version"])
        found = None if pathway is None else reminds_of(pathway, row["name"], row["key"])
        return "" if found is None else self._handle(row["episode_id"], found.kind, found.key)

    def cursor(self, after: str | None) -> str | None:
        """Return a page's cursor as an address may hold it: with a handle in place of what the item is."""
        if after is None:
            return None
        due_at, *item = opened(after, 4)
        return closed(due_at, item[0], handle_of(self._desk.keyring, ItemId(*item)))

    def place(self, cursor: str) -> str:
        """Return the cursor that an address holds as `Queries.worklist` takes it. Raises InputError.

        Where the item has gone meanwhile, the page begins with what else its episode has open.
        """
        due_at, episode_id, handle = opened(cursor, 3)
        found = open_item(self._desk, episode_id, handle)
        return closed(due_at, *(found or ItemId(episode_id, "", "")))

    def rest(self, wards: Sequence[str]) -> Json:
        """Return whether an episode is open on these wards (none: on all), and when one of them is next due."""
        with self._desk.store.read() as reader:
            anybody, first = reader.next_due(wards)
        return {"open": anybody, "next_due_at": first and instant(first)}

    def notices(self, rows: Sequence[Json]) -> list[Json]:
        """Return the rows of `Queries.inbox` with the words of their pathways, as `items` does."""
        known = self._identities.of([row["patient_id"] for row in rows if row["patient_id"]])
        with self._desk.store.read() as reader:
            return [
                {
                    **row,
                    **self._words(reader, row["version"], row["state"]),
                    **self._what(reader, row["version"], REMINDER, row["name"], row["about"]),
                    "identifiers": identifiers_json(known.get(row["patient_id"], ())),
                }
                for row in rows
            ]

    def _pathway(self, reader: Reader, version: str) -> Pathway | None:
        if not version:
            return None
        try:
            return self._desk.shelf.version(version, reader)
        except NotFound:
            return None  # a list is shown all the same, with names in place of titles

    def _words(self, reader: Reader, version: str, state: str) -> Json:
        pathway = self._pathway(reader, version)
        title = "" if pathway is None or state not in pathway.states else pathway.states[state].title
        return {"pathway_title": pathway.title if pathway else "", "state_title": title or state}

    def _what(self, reader: Reader, version: str, kind: str, name: str, key: str) -> Json:
        pathway = self._pathway(reader, version)
        subject = subject_of(key) if kind == REMINDER else ""
        nameless = "" if kind == name else name
        title = nameless if pathway is None else item_words(pathway, kind, name)
        return {"title": title, "subject": _about(pathway, subject)}

    def _doses(self, reader: Reader, rows: Sequence[Json]) -> dict[tuple[str, str], Json]:
        """Return the doses of these rows by episode and key. One that cannot be read is left out: the others stand."""
        found: dict[tuple[str, str], Json] = {}
        ids = list({row["episode_id"] for row in rows})
        for row in reader.episodes(ids) if ids else ():
            try:
                laid_out = self._next_doses(reader, row)
            except CarepathError as error:
                if of_the_store(error):
                    raise
                _log.error("the doses of %s cannot be read: %s", row.episode_id, error.code, extra={"event": "dose"})
                continue
            for key, (amount, number, planned) in laid_out.items():
                found[row.episode_id, key] = {"amount": amount, "number": number, "of": planned}
        return found

    def _next_doses(self, reader: Reader, row: EpisodeRow) -> dict[str, tuple[str, int, int | None]]:
        known = self._desk.recent.get(row.chain_hash)
        episode = (
            known[0] if known else self._desk.engine.load(unpack(self._desk.key(row), row.episode_id, row.document))
        )
        return next_doses(self._desk.shelf.version(row.version, reader), episode, max(reader.times().now, row.at))


def _about(pathway: Pathway | None, subject: str) -> str:
    """Return the title of the task, or of the regimen, that a reminder's subject names."""
    if pathway is None or not subject:
        return ""
    if subject in pathway.tasks:
        return pathway.tasks[subject].title
    course = subject.partition(" ")[0]
    return pathway.regimens[course].called if course in pathway.regimens else ""
