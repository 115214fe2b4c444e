"""What is one audit entry, and how is it sealed? A plain header, an encrypted body, a commitment, and a link back.

    salt       = HMAC(patient key; episode, seq)
    commitment = SHA-256(0x02, salt, body)
    hash       = SHA-256(0x00, previous hash, header, commitment)      each part behind its length

The chain runs over header and commitment, never over the body: when the patient's key is destroyed the body is gone,
nobody can test a guess against the commitment, and every hash still holds. The header holds nothing clinical but the
states it moved between: what is chained in plain text can never be erased, so even the hashes in it (request, tag)
are keyed.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from orchestrator.audit.canonical import canonical
from orchestrator.audit.keys import PatientKey
from orchestrator.episode import formats

_LENGTH_32 = (32).to_bytes(4)
GENESIS = bytes(32)
"""Stands for the hash before the first entry."""
ACCEPTED, _REFUSED = "accepted", "refused:"


def refused_with(code: str) -> str:
    """Return the result of an entry in which a command was refused."""
    return f"{_REFUSED}{code}"


def refusal_in(result: str) -> str:
    """Return the code of the refusal that a result tells of; empty for what was accepted."""
    return result.removeprefix(_REFUSED) if result.startswith(_REFUSED) else ""


class Header(NamedTuple):
    """Who did what to which episode, when: the plain part of an entry. Instants are ISO 8601, UTC, microseconds."""

    episode_id: str
    seq: int  # 1, 2, 3 … without a gap within the episode
    at: str  # when it happened, by the store's clock; never before the entry before
    recorded_at: str  # when it was written, by the wall; parts from `at` in a simulated store
    actor: str  # an opaque id, never a name
    role: str  # the role in which the actor acted
    on_behalf_of: str | None  # an actor's id
    authenticated: bool  # False: the actor was asserted by whoever called
    ward: str
    pathway: str  # content hash of the version decided under
    from_state: str | None  # stage/state; None at enrolment
    to_state: str
    cause: str  # the kind of command; enrol, tick
    cause_id: str  # hex, 64 digits; unique in the episode
    request: str  # keyed hash of what was asked, hex: the same key with another body is told by it
    result: str  # ACCEPTED, or `refused_with` a code
    corrects: int | None  # the entry that this one corrects
    tag: str  # keyed hash of what a decision depends on, after this entry; hex
    format: int = formats.OWN  # of the body: see episode.formats

    def canonical(self) -> bytes:
        """Return the exact bytes that are stored and chained."""
        return canonical(self._asdict())


class Sealed(NamedTuple):
    """One row of the audit trail, as it is stored."""

    episode_id: str
    seq: int
    cause_id: bytes
    header: bytes
    commitment: bytes
    body: bytes
    hash: bytes


def instant(moment: datetime) -> str:
    """Return an aware UTC datetime as ISO 8601 with microseconds and Z: text that sorts as time."""
    return f"{moment.isoformat(timespec='microseconds')[:26]}Z"


def seal(key: PatientKey, header: Header, body: dict[str, Any], previous: bytes) -> Sealed:
    """Return the entry, sealed behind the one whose hash is `previous` (GENESIS for the first). Raises NotCanonical."""
    return seal_text(key, header, canonical(body), previous)


def seal_text(key: PatientKey, header: Header, text: bytes, previous: bytes) -> Sealed:
    """Return the entry as `seal` does. text: the body's canonical bytes, where they are at hand."""
    plain, place = header.canonical(), _place(header.episode_id, header.seq)
    bound = commit(key, place, text)
    return Sealed(
        header.episode_id,
        header.seq,
        bytes.fromhex(header.cause_id),
        plain,
        bound,
        key.encrypt(text, place),
        link(previous, plain, bound),
    )


def open_header(entry: Sealed) -> Header:
    """Return the header. Raises ValueError or TypeError when the bytes are no header of this format."""
    return Header(**orjson.loads(entry.header))


def open_body(key: PatientKey, entry: Sealed) -> dict[str, Any]:
    """Return the body, in this program's own format. Raises WrongKey when it cannot be decrypted, and NewerFormat."""
    return opened(key, entry.episode_id, entry.seq, orjson.loads(entry.header), entry.body)


def opened(key: PatientKey, episode_id: str, seq: int, header: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    """Return a body as `open_body` does. header: its entry's own fields, read before; body: as it is stored."""
    content: dict[str, Any] = orjson.loads(key.decrypt(body, _place(episode_id, seq)))
    return content if header["format"] == formats.OWN else formats.body_up(content, header["format"])


def plaintext(key: PatientKey, entry: Sealed) -> bytes:
    """Return the body's canonical bytes. Raises WrongKey when they cannot be decrypted."""
    return key.decrypt(entry.body, _place(entry.episode_id, entry.seq))


def committed(key: PatientKey, entry: Sealed, body: bytes) -> bool:
    """Tell whether the entry's commitment was made for this body."""
    return commit(key, _place(entry.episode_id, entry.seq), body) == entry.commitment


def commit(key: PatientKey, place: bytes, body: bytes) -> bytes:
    """Return the salted commitment to a body; the salt comes from the patient's key and dies with it."""
    return hashlib.sha256(b"\x02" + key.mac(b"salt", place) + body).digest()


def link(previous: bytes, header: bytes, commitment: bytes) -> bytes:
    """Return the hash that chains an entry to the one before."""
    parts = (b"\x00", _LENGTH_32, previous, len(header).to_bytes(4), header, _LENGTH_32, commitment)
    return hashlib.sha256(b"".join(parts)).digest()


def _place(episode_id: str, seq: int) -> bytes:
    return b"%b\x00%d" % (episode_id.encode(), seq)  # no episode's id holds a zero byte
