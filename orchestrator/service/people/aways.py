"""Who is away, and who is told instead? Absences with or without a deputy, checked and recorded."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from orchestrator.audit import looks
from orchestrator.audit.seal import instant
from orchestrator.errors import Conflict, InputError, NotFound
from orchestrator.service.people.principal import EVERYWHERE
from orchestrator.service.people.recording import Author, note
from orchestrator.service.people.rota import check_span
from orchestrator.service.people.rows import AwayRow, PostRow
from orchestrator.service.people.there import held_person, person_row
from orchestrator.service.ports import Change, Reader, Store

LONGEST_ABSENCE = timedelta(days=366)


class Aways:
    """The absences. mac: chains what is recorded.   changed: called when a change has been committed."""

    def __init__(self, store: Store, mac: looks.Mac, changed: Callable[[], None]) -> None:
        self._store, self._mac, self._changed = store, mac, changed

    def add(
        self, by: Author, person_id: str, *, deputy_id: str | None, starts_at: datetime, ends_at: datetime
    ) -> str:  # fmt: skip
        """Let a person be away, from a moment until before another; return the absence's id.

        deputy_id: who is told instead, in each role that both hold; None for nobody. Raises InputError; NotFound;
        Conflict for an account that was ended, a second absence in that time, or a deputy with no post of that person.
        """
        row = AwayRow(f"a-{secrets.token_hex(8)}", person_id, deputy_id, starts_at, ends_at)
        with self._store.change() as change:
            person = held_person(change, person_id)
            check_span(starts_at, ends_at, change.times().now, LONGEST_ABSENCE)
            for other in change.aways(starts_at):
                if other.person_id == person_id and other.starts_at < ends_at:
                    raise Conflict(f"{person.name} is away already during that time: take that back first")
            if deputy_id is not None:
                _check_deputy(change, person_id, deputy_id)
            change.add_away(row)
            note(change, self._mac, by, "away", about=person_id, detail=_detail(row))
        self._changed()
        return row.away_id

    def remove(self, by: Author, person_id: str, away_id: str) -> None:
        """Take back an absence that has not ended. Raises NotFound."""
        with self._store.change() as change:
            change.last_staff_record()
            row = next((each for each in change.aways(change.times().now) if each.away_id == away_id), None)
            if row is None or row.person_id != person_id:
                raise NotFound("there is no such absence, or it is over")
            change.remove_away(away_id)
            note(change, self._mac, by, "away-removed", about=person_id, detail=_detail(row))
        self._changed()

    def of(self, person_id: str) -> list[dict[str, Any]]:
        """Return a person's absences that have not ended, the first to start first. Raises NotFound.

        uncovered: the posts in which the deputy does not stand in: he does not hold them.
        """
        with self._store.read() as reader:
            person_row(reader, person_id)
            people = {each.person_id: each.name for each in reader.people()}
            rows = [each for each in reader.aways(reader.times().now) if each.person_id == person_id]
            return [_told(reader, row, people) for row in rows]

    def deputies(self, person_id: str) -> list[dict[str, str]]:
        """Return who could stand in for a person: everybody else who holds one of his posts, by name."""
        with self._store.read() as reader:
            own = reader.posts(person_id)
            able = {post.person_id for post in reader.posts() if any(_covers(post, each) for each in own)} - {person_id}
            return [{"person_id": row.person_id, "name": row.name} for row in reader.people() if row.person_id in able]


def _check_deputy(change: Change, person_id: str, deputy_id: str) -> None:
    if deputy_id == person_id:
        raise InputError("nobody is his own deputy")
    deputy = held_person(change, deputy_id)
    if len(_uncovered(change, person_id, deputy_id)) == len(change.posts(person_id)):
        raise Conflict(f"{deputy.name} holds none of the same posts on the same wards, and so could not stand in")


def _uncovered(reader: Reader, person_id: str, deputy_id: str) -> list[PostRow]:
    """Return the posts of a person that a deputy does not hold."""
    held = reader.posts(deputy_id)
    return [own for own in reader.posts(person_id) if not any(_covers(post, own) for post in held)]


def _covers(post: PostRow, own: PostRow) -> bool:
    return post.role == own.role and post.ward in {own.ward, EVERYWHERE}


def _told(reader: Reader, row: AwayRow, people: dict[str, str]) -> dict[str, Any]:
    deputy = None if row.deputy_id is None else {"person_id": row.deputy_id, "name": people[row.deputy_id]}
    missing = reader.posts(row.person_id) if row.deputy_id is None else _uncovered(reader, row.person_id, row.deputy_id)
    return {
        "away_id": row.away_id, "starts_at": instant(row.starts_at), "ends_at": instant(row.ends_at), "deputy": deputy,
        "uncovered": [{"ward": post.ward, "role": post.role} for post in missing],
    }  # fmt: skip


def _detail(row: AwayRow) -> dict[str, Any]:
    return {
        "away": row.away_id, "deputy": row.deputy_id, "starts_at": instant(row.starts_at),
        "ends_at": instant(row.ends_at),
    }  # fmt: skip
