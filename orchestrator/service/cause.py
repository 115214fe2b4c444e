"""What caused an entry? A hash that tells a repeat, and a keyed hash of what was asked, that tells another request."""

import hashlib
import uuid

from orchestrator.audit.keys import PatientKey


def cause_id(kind: str, actor_id: str, episode_id: str, key: str) -> bytes:
    """Return the cause of an entry: SHA-256 over kind, actor, episode and the client's idempotency key.

    Kind and actor are in it, so that no client can pass for another, or for a timer.
    """
    # Neither a kind nor an episode's id holds a blank, and the actor's length is told: no two causes read the same.
    told = f"carepath cause {kind} {len(actor_id)} {actor_id} {episode_id} {key}"
    return hashlib.sha256(told.encode()).digest()


def episode_id_of(actor_id: str, key: str) -> str:
    """Return the id of the episode that an enrolment makes: a UUID (version 8) of actor and key: a repeat finds it."""
    digest = hashlib.sha256(f"carepath episode {len(actor_id)} {actor_id} {key}".encode()).digest()
    number = int.from_bytes(digest[:16])
    number = number & ~(0xF << 76) | 8 << 76
    return str(uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62))


def entity_tag(seq: int, hashed: bytes) -> str:
    """Return what stands for a state in which an entry was the last: its number, and 16 hex digits of its hash.

    The number alone could name another entry: in a store that was restored from a backup and written on.
    """
    return f"{seq}-{hashed[:8].hex()}"


def request_hash(key: PatientKey, asked: bytes) -> str:
    """Return the keyed hash of a request's canonical bytes, hex; a bare one could be guessed."""
    return key.mac(b"request", asked).hex()


def decision_tag(key: PatientKey, raw: str) -> str:
    """Return the keyed form of an engine's decision tag, 16 hex digits, fit to stand in a plain header."""
    return key.mac(b"tag", raw.encode())[:8].hex()
