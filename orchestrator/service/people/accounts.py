"""Who has an account, and which posts? Every change of it is recorded, chained, with the name of who made it."""

import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from orchestrator.audit import looks
from orchestrator.audit.canonical import canonical
from orchestrator.audit.chain import Fault
from orchestrator.audit.seal import GENESIS, instant
from orchestrator.errors import Conflict, InputError, NotFound
from orchestrator.service.people import passwords
from orchestrator.service.people.principal import ADMINISTRATOR, EVERYWHERE, Principal
from orchestrator.service.people.rows import PersonRow, PostRow, StaffRow
from orchestrator.service.ports import Change, Reader, Store

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_LONGEST_NAME, _LONGEST_WARD = 100, 200
_PAGE = 500

Post = tuple[str, str]
"""Ward and role."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something about people, and in which role."""

    id: str
    role: str


class People:
    """The accounts. mac: chains what is recorded of their changes.   roles: all that there are."""

    def __init__(self, store: Store, mac: looks.Mac, roles: Collection[str]) -> None:
        self._store, self._mac, self.roles = store, mac, tuple(roles)

    def nobody(self) -> bool:
        """Tell whether there is no account yet."""
        with self._store.read() as reader:
            return not reader.people()

    def people(self) -> list[dict[str, Any]]:
        """Return all accounts with their posts, by name; ended ones too."""
        with self._store.read() as reader:
            posts = reader.posts()
            return [_told(row, [each for each in posts if each.person_id == row.person_id]) for row in reader.people()]

    def person(self, person_id: str) -> dict[str, Any]:
        """Return one account with its posts. Raises NotFound."""
        with self._store.read() as reader:
            return _told(_found(reader, person_id), reader.posts(person_id))

    def names(self, person_ids: Collection[str]) -> dict[str, str]:
        """Return what people are called, by id; what is no account's id is left out."""
        with self._store.read() as reader:
            found = {person_id: reader.person(person_id) for person_id in set(person_ids)}
        return {person_id: row.name for person_id, row in found.items() if row is not None}

    def add(
        self, by: Author, *, login: str, name: str, password: str = "", posts: Sequence[Post] = (), language: str = ""
    ) -> str:
        """Make an account and return its id. password: one that the person must change at once; empty for none.

        Raises InputError; Conflict when the login is taken.
        """
        login = _login(login)
        kept = passwords.hashed(password, own=(login, name)) if password else ""
        person_id = f"u-{secrets.token_hex(8)}"
        with self._store.change() as change:
            if change.person_called(login):
                raise Conflict(f"there is an account with the login '{login}' already: take another")
            now = change.times().wall
            row = PersonRow(person_id, login, _name(name), language, kept, bool(kept), 0, None, now, None)
            change.add_person(row)
            change.set_posts(person_id, self._posts(person_id, posts))
            self._note(change, by, "added", person_id, {"login": login, "name": row.name, "posts": _sorted(posts)})
        return person_id

    def first(self, *, login: str, name: str, password: str) -> str:
        """Make the first account, an administrator's, whose password is his own. Raises Conflict when there is one."""
        row_posts = ((EVERYWHERE, ADMINISTRATOR),)
        with self._store.change() as change:
            if change.last_staff_record() or change.people():
                raise Conflict("there are accounts already: sign in, or ask an administrator for one")
            login, name = _login(login), _name(name)
            kept = passwords.hashed(password, own=(login, name))
            person_id, now = f"u-{secrets.token_hex(8)}", change.times().wall
            change.add_person(PersonRow(person_id, login, name, "", kept, False, 0, None, now, None))
            change.set_posts(person_id, self._posts(person_id, row_posts))
            told = {"login": login, "name": name, "posts": _sorted(row_posts)}
            self._note(change, Author(person_id, ADMINISTRATOR), "added", person_id, told)
        return person_id

    def change(self, by: Author, person_id: str, *, name: str | None = None, language: str | None = None) -> None:
        """Change what is told of a person. Raises NotFound and InputError."""
        with self._store.change() as change:
            row = _there(change, person_id)
            row = row._replace(
                name=row.name if name is None else _name(name), language=row.language if language is None else language
            )
            change.save_person(row)
            self._note(change, by, "changed", person_id, {"name": row.name, "language": row.language})

    def set_posts(self, by: Author, person_id: str, posts: Sequence[Post]) -> None:
        """Let a person hold these posts and no others; it holds at once. Raises NotFound, InputError and Conflict."""
        with self._store.change() as change:
            _there(change, person_id)
            change.set_posts(person_id, self._posts(person_id, posts))
            _check_administered(change)
            self._note(change, by, "posts", person_id, {"posts": _sorted(posts)})

    def set_password(self, by: Author, person_id: str, password: str, *, keep: bytes | None = None) -> None:
        """Give a person another password, to be changed at once unless it is his own; ends his sessions but `keep`.

        Raises NotFound and InputError.
        """
        with self._store.change() as change:
            row = _there(change, person_id)
            kept = passwords.hashed(password, own=(row.login, row.name))
            renew = by.id != person_id
            change.save_person(row._replace(password_hash=kept, renew=renew, failures=0, locked_until=None))
            change.end_sessions(person_id, but=keep)
            self._note(change, by, "password", person_id, {"renew": renew})

    def end(self, by: Author, person_id: str) -> None:
        """Let nobody come in by this account from now on. Raises NotFound, and Conflict for the last administrator."""
        with self._store.change() as change:
            row, now = _there(change, person_id), change.times().wall
            change.save_person(row._replace(ended_at=now, password_hash=""))
            change.end_sessions(person_id)
            for token in change.personal_tokens(person_id):
                change.end_personal_token(token.token_id, now)
            change.set_posts(person_id, ())
            _check_administered(change)
            self._note(change, by, "ended", person_id, {})

    def wards(self) -> list[str]:
        """Return the wards that are known: with open episodes, or with somebody's post."""
        with self._store.read() as reader:
            return reader.wards()

    def records(self) -> list[dict[str, Any]]:
        """Return what was changed about people, the first one first."""
        return [{**_record(row), "seq": row.seq} for row in self._all_records()]

    def faults(self) -> list[Fault]:
        """Return what is wrong with that record; nothing when it is whole."""
        return list(looks.faults(self._mac, ((row.seq, _record(row), row.hash) for row in self._all_records())))

    def _all_records(self) -> Iterable[StaffRow]:
        last = 0
        with self._store.read() as reader:
            while rows := reader.staff_records(last, _PAGE):
                yield from rows
                last = rows[-1].seq

    def _posts(self, person_id: str, posts: Sequence[Post]) -> list[PostRow]:
        for ward, role in posts:
            if role not in self.roles:
                raise InputError(f"there is no role '{role[:40]}'; known are {', '.join(self.roles)}")
            if not ward or len(ward) > _LONGEST_WARD or not ward.isprintable() or ward != ward.strip():
                raise InputError(
                    f"a ward is printable text of 1 to {_LONGEST_WARD} characters, or {EVERYWHERE} for all"
                )
        return [PostRow(person_id, ward, role) for ward, role in sorted(set(posts))]

    def _note(self, change: Change, by: Author, kind: str, about: str, detail: dict[str, Any]) -> None:
        note(change, self._mac, by, kind, about=about, detail=detail)


def note(change: Change, mac: looks.Mac, by: Author, kind: str, *, about: str, detail: dict[str, Any]) -> None:
    """Record that something about people was changed. detail: never a secret."""
    last = change.last_staff_record()
    seq, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    text = canonical(detail).decode()
    row = StaffRow(seq, change.times().wall, by.id, by.role, kind, about, text, b"")
    change.add_staff_record(row._replace(hash=looks.link(mac, previous, _record(row))))


def principal_of(reader: Reader, row: PersonRow) -> Principal:
    """Return what a person may, by the posts that he holds now."""
    posts = frozenset((post.ward, post.role) for post in reader.posts(row.person_id))
    return Principal(row.person_id, row.name, posts, language=row.language, renew=row.renew)


def _record(row: StaffRow) -> dict[str, Any]:
    return {
        "at": instant(row.at), "by": row.by, "role": row.role, "kind": row.kind, "about": row.about,
        "detail": orjson.loads(row.detail),
    }  # fmt: skip


def _told(row: PersonRow, posts: Iterable[PostRow]) -> dict[str, Any]:
    return {
        "person_id": row.person_id, "login": row.login, "name": row.name, "language": row.language,
        "posts": [{"ward": post.ward, "role": post.role} for post in posts], "signs_in": bool(row.password_hash),
        "locked_until": _instant(row.locked_until), "created_at": instant(row.created_at),
        "ended_at": _instant(row.ended_at),
    }  # fmt: skip


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)


def _sorted(posts: Iterable[Post]) -> list[list[str]]:
    return [list(post) for post in sorted(set(posts))]


def _found(reader: Reader, person_id: str) -> PersonRow:
    row = reader.person(person_id)
    if row is None:
        raise NotFound("there is no such person")
    return row


def _there(change: Change, person_id: str) -> PersonRow:
    """Return an account that is not ended. Two who change accounts at once do so one after the other."""
    change.last_staff_record()
    row = _found(change, person_id)
    if row.ended_at is not None:
        raise Conflict("this account was ended")
    return row


def _check_administered(change: Change) -> None:
    if not any(post.role == ADMINISTRATOR for post in change.posts()):
        raise Conflict("somebody must remain administrator: give that post to another first")


def _login(text: str) -> str:
    login = text.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise InputError("a login has 2 to 64 letters a to z, digits and . _ @ -, and begins with a letter or digit")
    return login


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InputError(f"a name is printable text of 1 to {_LONGEST_NAME} characters")
    return name
