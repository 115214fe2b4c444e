"""How does a person come in? By password, with a session in a cookie; by a token of his own, with a program.

Only hashes of random tokens are kept, so that who reads the store can open nothing. A session ends when its person
signs out, after it was not used for a while, and after a shift in any case.
"""

import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from orchestrator.audit import looks
from orchestrator.audit.seal import instant
from orchestrator.errors import InputError, NotFound, NotSignedIn, StoreError
from orchestrator.service.people import passwords
from orchestrator.service.people.accounts import principal_of
from orchestrator.service.people.guessing import WRONG, Count, Guesses, Whence, remember
from orchestrator.service.people.halfway import CodeNeeded, Demanded, begin_waiting, is_asked
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.people.recording import Author, begin, note
from orchestrator.service.people.rows import PersonalTokenRow, PersonRow, SessionRow
from orchestrator.service.people.there import live_person
from orchestrator.service.ports import Change, Reader, Store
from orchestrator.service.tokens import token_hash

_log = logging.getLogger(__name__)
IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=13)
"""A session ends when it was not used for so long, and when it is so old."""
FIRST_LASTS = timedelta(days=7)
"""A first password that was never used opens nothing after so long."""
LONGEST_TOKEN = timedelta(days=366)
_MINUTE = timedelta(minutes=1)
NOWHERE = Whence()


class SignedIn(NamedTuple):
    """token: for the cookie, shown this once.   browser: for another, by which the browser is known again."""

    token: str
    principal: Principal
    browser: str = ""


class Signing:
    """Lets people in and out. mac: chains what is recorded of it.   demanded: of whom a second factor is required."""

    def __init__(self, store: Store, mac: looks.Mac, demanded: Demanded = frozenset()) -> None:
        self._store, self._mac, self._guesses, self.demanded = store, mac, Guesses(mac), demanded

    def sign_in(self, login: str, password: str, whence: Whence = NOWHERE) -> SignedIn:
        """Return a new session. Raises NotSignedIn, which does not say why; CodeNeeded where a code is to follow.

        What comes while wrong passwords keep it waiting is not even tried, nor counted.
        """
        login = login.strip().lower()
        with self._store.read() as reader:  # the hash takes its time: no transaction is held meanwhile
            seen, wall = reader.person_called(login), reader.times().wall
            counts = self._guesses.counts(reader, login, seen and seen.person_id, whence)
            self._guesses.check(reader, counts, wall)
        right = passwords.fits(seen.password_hash if seen and not seen.ended_at else "", password)
        with self._store.change() as change:
            change.last_staff_record()  # whoever changes the account meanwhile waits, or was before us
            wall = change.times().wall
            self._guesses.check(change, counts, wall)
            signed_in = self._let_in(change, seen, password) if right and seen is not None else None
            if isinstance(signed_in, SignedIn):
                self._guesses.right(change, counts)
                browser = remember(change, whence.browser, signed_in.principal.actor_id, wall)
                return signed_in._replace(browser=browser)
            if signed_in is None:
                self.count_wrong(change, seen, counts)
        raise signed_in or NotSignedIn(WRONG)

    def principal(self, token: str, *, touch: bool = True) -> Principal | None:
        """Return who holds this session; None when it has ended. touch: it is being used, and lives on."""
        hashed = token_hash(token)
        with self._store.read() as reader:
            row, wall = reader.session(hashed), reader.times().wall
            person = reader.person(row.person_id) if row else None
            if row is None or person is None or person.ended_at is not None or not _lives(row, wall):
                return None
            found = principal_of(reader, person)._replace(session=hashed, bare=row.bare)
        if touch and wall - row.seen_at >= _MINUTE:
            self._note_use(lambda change: change.touch_session(hashed, wall))
        return found

    def sign_out(self, session: bytes) -> None:
        """End a session."""
        with self._store.change() as change:
            change.end_session(session)

    def check_password(self, principal: Principal, password: str) -> None:
        """Raise NotSignedIn unless this is the password of who is signed in; some wrong ones end the session.

        They count for this session alone: whoever has locked the account elsewhere keeps nobody from a patient.
        """
        with self._store.read() as reader:
            seen = reader.person(principal.actor_id)
        right = passwords.fits(seen.password_hash if seen else "", password)
        with self._store.change() as change:
            right = self.counted(change, principal, right=right)
        if not right:
            raise NotSignedIn("this is not your password: after some wrong ones you are signed out")

    def counted(self, change: Change, principal: Principal, *, right: bool) -> bool:
        """Count a password or code that was asked for again, and return whether it was right, and in time."""
        change.last_staff_record()
        session, person = principal.session, change.person(principal.actor_id)
        if person is None or session is None or change.session(session) is None:
            return False
        counts = self._guesses.in_session(person.login, session)
        if right:
            self._guesses.right(change, counts)
        elif self._guesses.wrong(change, counts, change.times().wall) is not None:
            change.end_session(session)
        return right

    def make_token(
        self,
        by: Author,
        person_id: str,
        *,
        label: str,
        scopes: list[str],
        days: int,
        latest: datetime | None = None,
        token: str = "",
    ) -> tuple[str, str]:
        """Make a token for a program that acts for a person; return its id and the token, to be shown once.

        latest: when it ends at the latest, of one that another makes: what was found must not live on for ever.
        token: one that was made at random already; see `walls`.
        Raises InputError and NotFound.
        """
        unknown = sorted(set(scopes) - set(Action))
        if unknown or not scopes:
            raise InputError(f"name one or more of these scopes: {', '.join(Action)}")
        if not 1 <= days <= LONGEST_TOKEN.days:
            raise InputError(f"a token is for 1 to {LONGEST_TOKEN.days} days")
        if not label.strip() or len(label) > 100 or not label.isprintable():
            raise InputError("say in 1 to 100 characters what the token is for")
        token, token_id = token or f"cpp_{secrets.token_urlsafe(32)}", f"t-{secrets.token_hex(6)}"
        with self._store.change() as change:
            mark = begin(change, by, "token", person_id, {"label": label, "scopes": sorted(set(scopes)), "days": days})
            live_person(change, person_id)
            now = change.times().wall
            until = min(now + timedelta(days=days), latest or datetime.max.replace(tzinfo=UTC))
            kept = " ".join(sorted(set(scopes)))
            row = PersonalTokenRow(token_id, token_hash(token), person_id, label.strip(), kept, now, until, None, None)
            change.add_personal_token(row)
            told = {"token": token_id, "label": row.label, "scopes": kept, "expires_at": instant(until)}
            note(change, self._mac, by, "token", about=person_id, detail=told, mark=mark)
        return token_id, token

    def end_token(self, by: Author, person_id: str, token_id: str) -> None:
        """Let a person's token open nothing from now on. Raises NotFound."""
        with self._store.change() as change:
            mark = begin(change, by, "token-ended", person_id, {"token": token_id})
            if token_id not in {row.token_id for row in change.personal_tokens(person_id)}:
                raise NotFound("there is no such token")
            change.end_personal_token(token_id, change.times().wall)
            note(change, self._mac, by, "token-ended", about=person_id, detail={"token": token_id}, mark=mark)

    def tokens(self, person_id: str) -> list[dict[str, Any]]:
        """Return a person's tokens, the first one first, without what opens anything."""
        with self._store.read() as reader:
            rows, wall = reader.personal_tokens(person_id), reader.times().wall
        return [_told(row, wall) for row in rows]

    def sessions(self, person_id: str, own: bytes | None = None) -> list[dict[str, Any]]:
        """Return where a person is signed in, the last used first. own: the session that asks, marked as such."""
        with self._store.read() as reader:
            rows, wall = reader.sessions(person_id), reader.times().wall
        return [
            {
                "session_id": _name_of(row), "made_at": instant(row.made_at), "seen_at": instant(row.seen_at),
                "own": row.session_hash == own,
            }
            for row in rows if _lives(row, wall)
        ]  # fmt: skip

    def end_sessions(self, by: Author, person_id: str, session_id: str = "", *, but: bytes | None = None) -> None:
        """End one session of a person, or all for an empty id. but: save this one. Raises NotFound."""
        with self._store.change() as change:
            mark = begin(change, by, "sessions-ended", person_id, {"session": session_id})
            rows = [row for row in change.sessions(person_id) if session_id in {"", _name_of(row)}]
            if session_id and not rows:
                raise NotFound("there is no such session: it has ended")
            for row in rows:
                if row.session_hash != but:
                    change.end_session(row.session_hash)
            told = {"session": session_id or "all"}
            note(change, self._mac, by, "sessions-ended", about=person_id, detail=told, mark=mark)

    def bearer(self, token: str) -> Principal | None:
        """Return for whom a token acts; None when it opens nothing, or no longer."""
        with self._store.read() as reader:
            row, wall = reader.personal_token(token_hash(token)), reader.times().wall
            person = reader.person(row.person_id) if row else None
            if row is None or person is None or person.ended_at or row.ended_at or row.expires_at <= wall:
                return None
            found = principal_of(reader, person)._replace(scopes=frozenset(row.scopes.split()), until=row.expires_at)
        if row.last_used_at is None or wall - row.last_used_at >= _MINUTE:
            self._note_use(lambda change: change.used_token(row.token_id, wall))
        return None if found.renew else found

    def _note_use(self, work: Callable[[Change], None]) -> None:
        """Write down that something was used; a store that takes nothing more keeps nobody from looking at patients."""
        try:
            with self._store.change() as change:
                work(change)
        except StoreError as error:
            _log.warning("a use could not be written down (%s)", error.code, extra={"event": "use-unrecorded"})

    def _let_in(self, change: Change, seen: PersonRow, password: str) -> SignedIn | CodeNeeded | None:
        """Open a session, unless the account was changed while the password was tried, or it is a first one and old.

        Where a code is to follow, what was counted as wrong stands until it has: else who knows the password alone
        could try codes for ever.
        """
        person = change.person(seen.person_id)
        if person is None or person.password_hash != seen.password_hash or _is_stale(change, person):
            return None
        if passwords.outdated(person.password_hash):
            person = person._replace(password_hash=passwords.renewed(password))
            change.save_person(person)
        if (waiting := begin_waiting(change, person)) is not None:
            return waiting
        lacks = is_asked(self.demanded, principal_of(change, person))
        return open_session(change, self._mac, person, bare=lacks)

    def count_wrong(self, change: Change, seen: PersonRow | None, counts: tuple[Count, ...]) -> None:
        """Count a wrong password or code; that somebody's login is locked by it stands in the record of accounts."""
        until = self._guesses.wrong(change, counts, change.times().wall)
        if until is not None and seen is not None and seen.ended_at is None:
            told = {"until": instant(until)}
            note(change, self._mac, Author(seen.person_id, ""), "locked", about=seen.person_id, detail=told)


def open_session(
    change: Change, mac: looks.Mac, person: PersonRow, detail: dict[str, Any] | None = None, *, bare: bool = False
) -> SignedIn:
    """Let a person in, with a new session each time. detail: by which other way than a password alone.

    bare: a second factor is required, and there is none.
    """
    now = change.times().wall
    change.forget_sessions(now - LONGEST)
    token = f"cps_{secrets.token_urlsafe(32)}"
    change.add_session(SessionRow(token_hash(token), person.person_id, now, now, bare))
    note(change, mac, Author(person.person_id, ""), "signed-in", about=person.person_id, detail=detail or {})
    return SignedIn(token, principal_of(change, person)._replace(session=token_hash(token), bare=bare))


def _name_of(row: SessionRow) -> str:
    """Return what names a session to people, and opens nothing."""
    return f"s-{row.session_hash[:6].hex()}"


def _is_stale(reader: Reader, person: PersonRow) -> bool:
    """Tell whether a password that somebody else gave waits for its person for too long already."""
    given = reader.last_about(person.person_id, {"added", "password"}) if person.renew else None
    return given is not None and reader.times().wall - given.at > FIRST_LASTS


def _lives(row: SessionRow, wall: datetime) -> bool:
    return wall - row.seen_at < IDLE and wall - row.made_at < LONGEST


def _told(row: PersonalTokenRow, wall: datetime) -> dict[str, Any]:
    return {
        "token_id": row.token_id, "label": row.label, "scopes": row.scopes.split(), "made_at": instant(row.made_at),
        "expires_at": instant(row.expires_at), "ended": row.ended_at is not None or row.expires_at <= wall,
        "last_used_at": row.last_used_at and instant(row.last_used_at),
    }  # fmt: skip
