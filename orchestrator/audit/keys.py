"""Which key opens what? Patient data keys, wrapped by key-encryption keys (KEK) that live outside the database.

Destroying a patient's wrapped key erases every body and document of that patient, and leaves every hash provable.
Reading and writing the key file is `store.keyfile`'s affair; nothing here touches a disk.
"""

import hashlib
import hmac
import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from orchestrator.errors import KeyMissing, WrongKey

_NONCE_BYTES = 12
_CACHED_KEYS = 4096
_PROOF = b"carepath: this key opens this store"


def derive(secret: bytes, purpose: bytes) -> bytes:
    """Return a 256-bit key for one purpose: HKDF-Expand (RFC 5869), one block, from a uniform secret."""
    return hmac.digest(secret, b"carepath/" + purpose + b"\x01", "sha256")


def prefixed(*parts: bytes) -> bytes:
    """Return the parts joined, each behind its length in four bytes: no two lists of parts give the same bytes."""
    return b"".join([len(part).to_bytes(4) + part for part in parts])


def parted(joined: bytes) -> list[bytes]:
    """Return the parts that `prefixed` joined."""
    parts, place = [], 0
    while place < len(joined):
        begin = place + 4
        place = begin + int.from_bytes(joined[place:begin])
        parts.append(joined[begin:place])
    return parts


class PatientKey:
    """What one patient's 256-bit secret opens: AES-256-GCM under one derived key, keyed hashes under another."""

    __slots__ = ("_aes", "_mac")

    def __init__(self, secret: bytes) -> None:
        self._aes = AESGCM(derive(secret, b"encrypt"))
        self._mac = derive(secret, b"mac")

    def encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        """Return nonce and ciphertext, bound to a context (the additional authenticated data)."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aes.encrypt(nonce, plaintext, context)

    def decrypt(self, sealed: bytes, context: bytes) -> bytes:
        """Return the plaintext. Raises WrongKey when key, context or any byte differs."""
        try:
            return self._aes.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise WrongKey("what is stored cannot be decrypted: it was changed, or this is not its key") from None

    def mac(self, purpose: bytes, content: bytes) -> bytes:
        """Return a keyed hash (HMAC-SHA-256, 32 bytes): nobody can test a guess against it without the key."""
        return hmac.digest(self._mac, purpose + b"\x00" + content, "sha256")  # no purpose holds a zero byte


@dataclass(frozen=True, slots=True)
class KeyEncryptionKey:
    """A key that wraps patients' keys. `created_at` is an ISO instant in UTC; `secret` is 32 random bytes."""

    id: str
    created_at: str
    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Name the key without telling it: 16 hex digits."""
        return hashlib.sha256(b"carepath key fingerprint" + self.secret).hexdigest()[:16]


class Keyring:
    """All keys of one installation in memory. `active` wraps new patients; the others open what they once wrapped."""

    def __init__(self, keys: Mapping[str, KeyEncryptionKey], active: str, lookup: bytes) -> None:
        self.keys = MappingProxyType(dict(keys))
        self.active = self.keys[active]
        self._lookup = lookup
        self._wrapping = {key.id: AESGCM(derive(key.secret, b"wrap")) for key in self.keys.values()}
        self._opened: OrderedDict[bytes, PatientKey] = OrderedDict()

    @classmethod
    def ephemeral(cls) -> "Keyring":
        """Return a ring with one new key that is kept nowhere: for throw-away stores."""
        key = KeyEncryptionKey("ephemeral", "", os.urandom(32))
        return cls({key.id: key}, key.id, os.urandom(32))

    def new_patient_key(self, patient_id: str) -> tuple[str, bytes]:
        """Return (KEK id, wrapped key) of a new random patient key."""
        return self.active.id, self._wrap(self.active.id, os.urandom(32), patient_id.encode())

    def open(self, kek_id: str, wrapped: bytes, patient_id: str) -> PatientKey:
        """Return the patient's key. Raises KeyMissing for an unknown KEK, WrongKey when it does not open.

        Opened keys are remembered by their wrapped form: one destroyed in the store is never found here again.
        """
        if key := self._opened.get(wrapped):
            return key
        key = PatientKey(self._unwrap(kek_id, wrapped, patient_id.encode()))
        self._opened[wrapped] = key
        if len(self._opened) > _CACHED_KEYS:
            self._opened.popitem(last=False)
        return key

    def rewrap(self, kek_id: str, wrapped: bytes, patient_id: str) -> bytes:
        """Return the same key of a patient, wrapped by the active KEK. Raises as `open`."""
        context = patient_id.encode()
        return self._wrap(self.active.id, self._unwrap(kek_id, wrapped, context), context)

    def seal_factor(self, person_id: str, secret: bytes) -> tuple[str, bytes]:
        """Return (KEK id, sealed secret) of a person's authenticator app: opened by this key file, for this person."""
        return self.active.id, self._wrap(self.active.id, secret, _factor_of(person_id))

    def open_factor(self, kek_id: str, sealed: bytes, person_id: str) -> bytes:
        """Return the secret. Raises KeyMissing for an unknown KEK, WrongKey when it was changed or is another's."""
        return self._unwrap(kek_id, sealed, _factor_of(person_id))

    def identifier_hash(self, system: str, value: str) -> bytes:
        """Return the keyed hash by which a patient's identifier is found: equal identifiers, equal hashes; 32 bytes."""
        return hmac.digest(self._lookup, prefixed(system.encode(), value.encode()), "sha256")

    def look_mac(self, content: bytes) -> bytes:
        """Return a keyed hash (32 bytes) that only who holds this key file can make, for `audit.looks`."""
        return hmac.digest(derive(self._lookup, b"looks"), content, "sha256")

    def release_mac(self, kek_id: str, content: bytes) -> bytes:
        """Return a keyed hash (32 bytes) that only who holds this KEK can make. Raises KeyMissing."""
        if kek_id not in self.keys:
            raise _missing(kek_id)
        return hmac.digest(derive(self.keys[kek_id].secret, b"release"), content, "sha256")

    def proof(self, kek_id: str) -> bytes:
        """Return a value for the store that only this KEK opens: see `proves`."""
        return self._wrap(kek_id, _PROOF, kek_id.encode())

    def proves(self, kek_id: str, proof: bytes) -> bool:
        """Tell whether this ring holds the KEK that made the proof."""
        try:
            return self._unwrap(kek_id, proof, kek_id.encode()) == _PROOF
        except (KeyMissing, WrongKey):
            return False

    def _wrap(self, kek_id: str, secret: bytes, context: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._wrapping[kek_id].encrypt(nonce, secret, context)

    def _unwrap(self, kek_id: str, wrapped: bytes, context: bytes) -> bytes:
        if kek_id not in self._wrapping:
            raise _missing(kek_id)
        try:
            return self._wrapping[kek_id].decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise WrongKey(f"the key {kek_id} of the key file does not open what it should have wrapped") from None


def _factor_of(person_id: str) -> bytes:
    """Return to what a secret is bound. No id of a patient or key reads like this."""
    return prefixed(b"second factor", person_id.encode())


def _missing(kek_id: str) -> KeyMissing:
    return KeyMissing(f"the key file does not hold the key {kek_id}: restore it from its backup")
