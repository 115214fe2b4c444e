"""How does a person come in by whom the hospital's provider vouches for? By an identity that was linked to an account.

An identity is issuer and subject, never an e-mail address: that may pass from one person to the next. An administrator
links it, or whoever is signed in by password, with that password. Nobody gets an account by coming along.

A journey to the provider and back is remembered by the browser alone, in a cookie that says nothing secret; what it is
checked against (state, nonce, verifier) is made from the cookie with a key of ours, and so cannot be made by others.
"""

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson

from orchestrator.audit import looks
from orchestrator.audit.keys import prefixed
from orchestrator.errors import Conflict, InputError, NotFound, NotSignedIn
from orchestrator.service.people.provider import Trip
from orchestrator.service.people.recording import Author, begin, note
from orchestrator.service.people.rows import IdentityRow
from orchestrator.service.people.signing import SignedIn, open_session
from orchestrator.service.people.there import live_person
from orchestrator.service.ports import Store

JOURNEY = timedelta(minutes=10)
"""A journey, and the confirming of a link, take no longer."""
_LONGEST_SUBJECT, _LONGEST_COOKIE = 255, 2000
_STALE = "this was begun too long ago, or in another browser: begin again"


class Setting(NamedTuple):
    """How a browser set out. person: who wants to link what comes back to the own account; empty to sign in.

    next: the page of ours to which it leads.
    """

    next: str
    person: str


class Linking:
    """Knows as whom a provider knows people. mac: chains what is recorded, and makes what a journey is checked by."""

    def __init__(self, store: Store, mac: looks.Mac) -> None:
        self._store, self._mac = store, mac

    def enter(self, issuer: str, subject: str) -> SignedIn | None:
        """Return a new session of whose identity this is; None where it is nobody's. Raises NotSignedIn.

        A password that somebody else gave and that was never used is gone then: nobody waits for it any more.
        """
        with self._store.change() as change:
            change.last_staff_record()  # whoever changes the account meanwhile waits, or was before us
            row = change.identity(issuer, subject)
            if row is None:
                return None
            person = change.person(row.person_id)
            if person is None or person.ended_at is not None:
                raise NotSignedIn("this account was ended: ask an administrator")
            if person.renew:
                person = person._replace(password_hash="", renew=False)
                change.save_person(person)
            return open_session(change, self._mac, person, {"issuer": issuer})

    def link(self, by: Author, person_id: str, issuer: str, subject: str) -> None:
        """Let a person come in by an identity. Raises InputError, NotFound, Conflict when it is somebody's already."""
        if not subject or len(subject) > _LONGEST_SUBJECT or not (subject.isascii() and subject.isprintable()):
            raise InputError(f"a subject is 1 to {_LONGEST_SUBJECT} visible characters, as the provider gives it")
        told = {"issuer": issuer, "subject": subject}
        with self._store.change() as change:
            mark = begin(change, by, "linked", person_id, told)
            live_person(change, person_id)
            if (held := change.identity(issuer, subject)) is not None:
                whose = "this account" if held.person_id == person_id else "another account"
                raise Conflict(f"this identity is linked to {whose} already")
            change.add_identity(IdentityRow(issuer, subject, person_id, change.times().wall))
            note(change, self._mac, by, "linked", about=person_id, detail=told, mark=mark)

    def unlink(self, by: Author, person_id: str, issuer: str, subject: str) -> None:
        """Let a person come in by an identity no longer; ends his sessions. Raises NotFound."""
        if not (issuer + subject).isprintable():
            raise NotFound("there is no such identity")
        told = {"issuer": issuer, "subject": subject}
        with self._store.change() as change:
            mark = begin(change, by, "unlinked", person_id, told)
            held = change.identity(issuer, subject)
            if held is None or held.person_id != person_id:
                raise NotFound("there is no such identity")
            change.end_identity(issuer, subject)
            change.end_sessions(person_id)
            note(change, self._mac, by, "unlinked", about=person_id, detail=told, mark=mark)

    def set_out(self, back: str, setting: Setting) -> tuple[str, Trip]:
        """Return the cookie of a new journey, and by what it is known."""
        told = {"id": secrets.token_urlsafe(24), "at": self._seconds(), "next": setting.next, "person": setting.person}
        cookie = base64.urlsafe_b64encode(orjson.dumps(told)).decode()
        return cookie, self._trip(cookie, back)

    def returned(self, cookie: str, state: str, back: str) -> tuple[Setting, Trip]:
        """Return how a journey was begun that comes back with this state. Raises NotSignedIn when it is not ours."""
        trip = self._trip(cookie, back)
        if len(cookie) > _LONGEST_COOKIE or not hmac.compare_digest(trip.state.encode(), state.encode()):
            raise NotSignedIn(_STALE)
        told = orjson.loads(base64.urlsafe_b64decode(cookie))  # ours: the state proves it
        if not self._is_fresh(told["at"]):
            raise NotSignedIn(_STALE)
        return Setting(told["next"], told["person"]), trip

    def vouched(self, person_id: str, issuer: str, subject: str) -> str:
        """Return a word that says whom the provider vouched for, to be sent back when the person confirms the link."""
        told = orjson.dumps({"person": person_id, "issuer": issuer, "subject": subject, "at": self._seconds()})
        return f"{base64.urlsafe_b64encode(told).decode()}.{self._proof(b'vouched', told)}"

    def read_vouched(self, word: str, person_id: str) -> tuple[str, str]:
        """Return issuer and subject of such a word of the same person. Raises InputError."""
        text, _, proof = word.partition(".")
        try:
            told = base64.urlsafe_b64decode(text)
        except ValueError:
            raise InputError(_STALE) from None
        if not hmac.compare_digest(self._proof(b"vouched", told).encode(), proof.encode()):
            raise InputError(_STALE)
        read = orjson.loads(told)
        if read["person"] != person_id or not self._is_fresh(read["at"]):
            raise InputError(_STALE)
        return read["issuer"], read["subject"]

    def _trip(self, cookie: str, back: str) -> Trip:
        state, nonce, verifier = (self._proof(each, cookie.encode()) for each in (b"state", b"nonce", b"verifier"))
        return Trip(state, nonce, verifier, back)

    def _proof(self, purpose: bytes, content: bytes) -> str:
        """Return 43 characters that nobody else can make. No purpose is as long as what `looks.link` begins with."""
        proof = self._mac(prefixed(b"journey", purpose, content))
        return base64.urlsafe_b64encode(proof).decode().rstrip("=")

    def _seconds(self) -> int:
        return int(self._wall().timestamp())

    def _is_fresh(self, begun: int) -> bool:
        return 0 <= self._seconds() - begun <= JOURNEY.total_seconds()

    def _wall(self) -> datetime:
        with self._store.read() as reader:
            return reader.times().wall
