"""Who has an account, and which posts? Every change of it is recorded, chained, with the name of who made it."""

import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from orchestrator.audit import looks
from orchestrator.audit.chain import Fault
from orchestrator.audit.seal import GENESIS, instant
from orchestrator.errors import Conflict, InputError, NotFound
from orchestrator.service.cause import entity_tag
from orchestrator.service.cursor import Page, closed, number, opened
from orchestrator.service.people import passwords
from orchestrator.service.people.administering import Post, check_posts
from orchestrator.service.people.guessing import Guesses
from orchestrator.service.people.principal import ADMINISTRATOR, EVERYWHERE, Principal
from orchestrator.service.people.recording import CHANGES, Author, begin, cause_of, note, record
from orchestrator.service.people.rows import PersonRow, PostRow, StaffRow
from orchestrator.service.people.there import held_person, person_row
from orchestrator.service.ports import Change, Reader, Store

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_LONGEST_NAME, _LONGEST_WARD = 100, 200
_PAGE = 500


class People:
    """The accounts. mac: chains what is recorded of their changes.   roles: all that there are.

    changed: is called when others may have come to hold a post, or none any more, once that is written.
    """

    def __init__(
        self, store: Store, mac: looks.Mac, roles: Collection[str], changed: Callable[[], None] = lambda: None
    ) -> None:
        self._store, self._mac, self.roles, self._changed = store, mac, tuple(roles), changed
        self._guesses = Guesses(mac)

    def nobody(self) -> bool:
        """Tell whether there is no account yet."""
        with self._store.read() as reader:
            return not reader.people()

    def people(self) -> list[dict[str, Any]]:
        """Return all accounts with their posts, by name; ended ones too."""
        return self.page(ended=True).rows

    def page(self, *, words: str = "", ended: bool = False, after: str | None = None, limit: int | None = None) -> Page:
        """Return accounts by name, so many at most. words: what name, login, a ward or a role holds.

        ended: ended accounts too.   after: a page's cursor.   limit: None for all. Raises InputError.
        """
        wanted = words.casefold().split()
        place = None if after is None else tuple(opened(after, 2))
        shown: list[dict[str, Any]] = []
        with self._store.read() as reader:
            while rows := reader.people_page(place, _PAGE, ended=ended):
                place = (rows[-1].name, rows[-1].login)
                shown += [each for each in _with_posts(reader, rows, self._locks(reader, rows)) if _has(each, wanted)]
                if limit is not None and len(shown) > limit:
                    return Page(shown[:limit], closed(shown[limit - 1]["name"], shown[limit - 1]["login"]))
        return Page(shown, None)

    def person(self, person_id: str) -> dict[str, Any]:
        """Return one account with its posts, `seq`: the number of its last change, and `tag`. Raises NotFound."""
        with self._store.read() as reader:
            row, last = person_row(reader, person_id), reader.last_about(person_id, CHANGES)
            linked = [
                {"issuer": each.issuer, "subject": each.subject, "linked_at": instant(each.linked_at)}
                for each in reader.identities(person_id)
            ]
            since, locks = reader.factors([person_id]), self._locks(reader, [row])
            told = _told(row, reader.posts(person_id), since, locks)
        seq, hashed = (last.seq, last.hash) if last else (0, b"")
        return {**told, "identities": linked, "seq": seq, "tag": entity_tag(seq, hashed)}

    def called(self, login: str) -> str:
        """Return the id of whoever has this login. Raises NotFound."""
        with self._store.read() as reader:
            found = reader.person_called(login.strip().lower())
        if found is None:
            raise NotFound("nobody has this login: see who there is")
        return found.person_id

    def names(self, person_ids: Collection[str]) -> dict[str, str]:
        """Return what people are called, by id; what is no account's id is left out."""
        with self._store.read() as reader:
            return reader.names(sorted(set(person_ids)))

    def add(
        self, by: Author, *, login: str, name: str, password: str = "", posts: Sequence[Post] = (), language: str = ""
    ) -> str:
        """Make an account and return its id. password: one that the person must change at once; empty for none.

        Raises InputError; NotAllowed for posts that are not this author's to give; Conflict when the login is taken.
        """
        login, name = _login(login), _name(name)
        kept = passwords.hashed(password, own=(login, name)) if password else ""
        person_id = f"u-{secrets.token_hex(8)}"
        told = {"login": login, "name": name, "posts": _sorted(posts)}
        with self._store.change() as change:
            mark = begin(change, by, "added", "", {**told, "language": language, "signs_in": bool(password)})
            check_posts(change, by.id, "", posts)
            if change.person_called(login):
                raise Conflict(f"there is an account with the login '{login}' already: take another")
            now = change.times().wall
            row = PersonRow(person_id, login, name, language, kept, bool(kept), now, None)
            change.add_person(row)
            change.set_posts(person_id, self._posts(person_id, posts))
            note(change, self._mac, by, "added", about=person_id, detail=told, mark=mark)
        self._changed()
        return person_id

    def first(self, *, login: str, name: str, password: str) -> str:
        """Make the first account, an administrator's, whose password is his own. Raises Conflict when there is one."""
        row_posts = ((EVERYWHERE, ADMINISTRATOR),)
        login, name = _login(login), _name(name)
        kept = passwords.hashed(password, own=(login, name))
        with self._store.change() as change:
            change.last_staff_record()  # of two who make the first account the second waits, and sees it
            if change.people():
                raise Conflict("there are accounts already: sign in, or ask an administrator for one")
            person_id, now = f"u-{secrets.token_hex(8)}", change.times().wall
            change.add_person(PersonRow(person_id, login, name, "", kept, False, now, None))
            change.set_posts(person_id, self._posts(person_id, row_posts))
            told = {"login": login, "name": name, "posts": _sorted(row_posts)}
            note(change, self._mac, Author(person_id, ADMINISTRATOR), "added", about=person_id, detail=told)
        self._changed()
        return person_id

    def change(self, by: Author, person_id: str, *, name: str | None = None, language: str | None = None) -> None:
        """Change what is told of a person. Raises NotFound and InputError."""
        with self._store.change() as change:
            mark = begin(change, by, "changed", person_id, {"name": name, "language": language})
            row = held_person(change, person_id)
            row = row._replace(
                name=row.name if name is None else _name(name), language=row.language if language is None else language
            )
            change.save_person(row)
            told = {"name": row.name, "language": row.language}
            note(change, self._mac, by, "changed", about=person_id, detail=told, mark=mark)

    def set_posts(self, by: Author, person_id: str, posts: Sequence[Post]) -> None:
        """Let a person hold these posts and no others; it holds at once.

        Raises NotFound, InputError and Conflict; NotAllowed for posts that are not this author's to give or take.
        """
        with self._store.change() as change:
            mark = begin(change, by, "posts", person_id, {"posts": _sorted(posts)})
            held_person(change, person_id)
            check_posts(change, by.id, person_id, posts)
            _give_posts(change, person_id, self._posts(person_id, posts))
            note(change, self._mac, by, "posts", about=person_id, detail={"posts": _sorted(posts)}, mark=mark)
        self._changed()

    def set_password(
        self, by: Author, person_id: str, password: str, *, keep: bytes | None = None, made_up: bool = False
    ) -> None:
        """Give a person another password, to be changed at once unless it is his own; ends his sessions but `keep`.

        made_up: by the program, so that it is not his own even where he asked for it.
        Raises NotFound and InputError.
        """
        with self._store.read() as reader:  # the hash takes its time: no transaction is held meanwhile
            seen = person_row(reader, person_id)
        kept = passwords.hashed(password, own=(seen.login, seen.name))
        with self._store.change() as change:
            mark = begin(change, by, "password", person_id, {})
            row = held_person(change, person_id)
            renew = made_up or by.id != person_id
            change.save_person(row._replace(password_hash=kept, renew=renew))
            change.end_guesses(self._guesses.name(row.login))
            change.end_sessions(person_id, but=keep)
            note(change, self._mac, by, "password", about=person_id, detail={"renew": renew}, mark=mark)

    def unlock(self, by: Author, person_id: str) -> None:
        """Let a person try passwords again at once. Raises NotFound and Conflict."""
        with self._store.change() as change:
            mark = begin(change, by, "unlocked", person_id, {})
            change.end_guesses(self._guesses.name(held_person(change, person_id).login))
            note(change, self._mac, by, "unlocked", about=person_id, detail={}, mark=mark)

    def end(self, by: Author, person_id: str) -> None:
        """Let nobody come in by this account from now on. Raises NotFound, and Conflict for the last administrator."""
        with self._store.change() as change:
            mark = begin(change, by, "ended", person_id, {})
            row, now = held_person(change, person_id), change.times().wall
            change.save_person(row._replace(ended_at=now, password_hash=""))
            change.end_sessions(person_id)
            change.end_factor(person_id)
            for token in change.personal_tokens(person_id):
                change.end_personal_token(token.token_id, now)
            for identity in change.identities(person_id):
                change.end_identity(identity.issuer, identity.subject)
            _give_posts(change, person_id, ())
            note(change, self._mac, by, "ended", about=person_id, detail={}, mark=mark)
        self._changed()

    def done(self, by: Author) -> StaffRow:
        """Return what is on record of a change that was made with this author's key. Raises NotFound."""
        with self._store.read() as reader:
            row = reader.staff_record_of(cause_of(by))
        if row is None:
            raise NotFound("nothing was changed with this key")
        return row

    def wards(self) -> list[str]:
        """Return the wards that are known: with open episodes, or with somebody's post."""
        with self._store.read() as reader:
            return reader.wards()

    def records(self) -> list[dict[str, Any]]:
        """Return what was changed about people, the first one first."""
        return [{**record(row), "seq": row.seq} for row in self._all_records()]

    def recorded(self, *, about: str | None = None, before: str | None = None, limit: int = 100) -> Page:
        """Return what was changed, the latest first, with the names of who did it; about one account, or all for None.

        before: a page's cursor. Raises InputError.
        """
        last = None if before is None else number(opened(before, 1)[0])
        with self._store.read() as reader:
            rows = reader.staff_page(last, limit + 1, about)
            about_whom = {person_id for row in rows for person_id in (row.by, row.about)}
            names = {each.person_id: each.name for each in map(reader.person, sorted(about_whom)) if each}
        told = [_named(row, names) for row in rows[:limit]]
        return Page(told, closed(str(rows[limit - 1].seq)) if len(rows) > limit else None)

    def since(self, person_id: str, seen: int) -> list[dict[str, Any]]:
        """Return what others changed of an account since a number, the latest first."""
        rows = self.recorded(about=person_id, limit=50).rows
        return [each for each in rows if each["seq"] > seen and each["kind"] in CHANGES]

    def faults(self, latest: int | None = None) -> list[Fault]:
        """Return what is wrong with that record; nothing when it is whole. latest: of so many alone; all for None."""
        begin_at = None if latest is None else self._before(latest)
        after, previous = (0, GENESIS) if begin_at is None else (begin_at.seq, begin_at.hash)
        told = ((row.seq, record(row), row.hash) for row in self._all_records(after))
        return list(looks.faults(self._mac, told, after=after, previous=previous))

    def _locks(self, reader: Reader, rows: Sequence[PersonRow]) -> dict[str, datetime]:
        """Return until when no password is tried, by the person's id, for somebody at least."""
        named = {self._guesses.name(row.login): row.person_id for row in rows}
        found = reader.locks(list(named), reader.times().wall)
        return {named[who]: until for who, until in found.items()}

    def _before(self, latest: int) -> StaffRow | None:
        """Return the record before the latest ones; None where there are no more than these."""
        with self._store.read() as reader:
            last = reader.staff_page(None, 1)
            found = reader.staff_page(last[0].seq - latest + 1, 1) if last and last[0].seq > latest else []
        return found[0] if found else None

    def _all_records(self, after: int = 0) -> Iterable[StaffRow]:
        last = after
        with self._store.read() as reader:
            while rows := reader.staff_records(last, _PAGE):
                yield from rows
                last = rows[-1].seq

    def _posts(self, person_id: str, posts: Sequence[Post]) -> list[PostRow]:
        for ward, role in posts:
            if role not in self.roles:
                raise InputError(f"there is no role '{role[:40]}'; known are {', '.join(self.roles)}")
            check_ward_name(ward)
        return [PostRow(person_id, ward, role) for ward, role in sorted(set(posts))]


def check_ward_name(ward: str) -> None:
    """Raise InputError for what cannot be a ward."""
    if not ward or len(ward) > _LONGEST_WARD or not ward.isprintable() or ward != ward.strip():
        raise InputError(f"a ward is printable text of 1 to {_LONGEST_WARD} characters, or {EVERYWHERE} for all")


def principal_of(reader: Reader, row: PersonRow) -> Principal:
    """Return what a person may, by the posts that he holds now."""
    posts = frozenset((post.ward, post.role) for post in reader.posts(row.person_id))
    return Principal(row.person_id, row.name, posts, language=row.language, renew=row.renew)


def _with_posts(reader: Reader, rows: Sequence[PersonRow], locks: Mapping[str, datetime]) -> list[dict[str, Any]]:
    held: dict[str, list[PostRow]] = defaultdict(list)
    for post in reader.posts_of([row.person_id for row in rows]):
        held[post.person_id].append(post)
    since = reader.factors([row.person_id for row in rows])
    return [_told(row, held[row.person_id], since, locks) for row in rows]


def _named(row: StaffRow, names: dict[str, str]) -> dict[str, Any]:
    by, about = names.get(row.by, row.by), names.get(row.about, row.about)
    return {**record(row), "seq": row.seq, "by_name": by, "about_name": about}


def _has(told: dict[str, Any], wanted: Sequence[str]) -> bool:
    posts = " ".join(f"{each['ward']} {each['role']}" for each in told["posts"])
    text = f"{told['name']} {told['login']} {posts}".casefold()
    return all(word in text for word in wanted)


def _told(
    row: PersonRow, posts: Iterable[PostRow], since: Mapping[str, datetime], locks: Mapping[str, datetime]
) -> dict[str, Any]:
    return {
        "person_id": row.person_id, "login": row.login, "name": row.name, "language": row.language,
        "posts": [{"ward": post.ward, "role": post.role} for post in posts], "signs_in": bool(row.password_hash),
        "second_factor": _instant(since.get(row.person_id)), "locked_until": _instant(locks.get(row.person_id)),
        "created_at": instant(row.created_at), "ended_at": _instant(row.ended_at),
    }  # fmt: skip


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else instant(moment)


def _sorted(posts: Iterable[Post]) -> list[list[str]]:
    return [list(post) for post in sorted(set(posts))]


def _give_posts(change: Change, person_id: str, posts: Sequence[PostRow]) -> None:
    """Let a person hold these posts. Raises Conflict when nobody would be administrator any more, or nobody of all."""
    before = _administered(change)
    change.set_posts(person_id, posts)
    after = _administered(change)
    if before and not after:
        raise Conflict("somebody must remain administrator: give that post to another first")
    if EVERYWHERE in before and EVERYWHERE not in after:
        raise Conflict("somebody must remain administrator of all wards: give that post to another first")


def _administered(change: Change) -> set[str]:
    """Return the wards that somebody administers."""
    return {post.ward for post in change.posts() if post.role == ADMINISTRATOR}


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
