"""Goal: an entry's bytes are exact, its body is bound to its place, and nothing can be guessed from it."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from orchestrator.audit.canonical import canonical
from orchestrator.audit.keys import KeyEncryptionKey, Keyring, PatientKey
from orchestrator.audit.seal import GENESIS, Header, Sealed, instant, open_body, open_header, seal
from orchestrator.errors import KeyMissing, NotCanonical, WrongKey

KEY = PatientKey(bytes(range(32)))


def header(seq: int = 1, episode_id: str = "e-1") -> Header:
    cause = f"{seq:064x}"
    at = "2026-03-02T08:00:00.000000Z"
    return Header(
        episode_id, seq, at, at, "n-7", "clinician", None, False, "ward-1", "ab" * 32, "workup/a", "workup/b",
        "record", cause, "00" * 32, "accepted", None, "0011223344556677",
    )  # fmt: skip


def chain(length: int, key: PatientKey = KEY) -> list[Sealed]:
    entries: list[Sealed] = []
    for seq in range(1, length + 1):
        previous = entries[-1].hash if entries else GENESIS
        entries.append(seal(key, header(seq), {"command": {"n": seq}, "events": []}, previous))
    return entries


def test_keys_are_sorted_and_text_is_utf8() -> None:
    assert canonical({"b": [1, True, None], "a": "Müller"}) == '{"a":"Müller","b":[1,true,null]}'.encode()


@pytest.mark.parametrize(
    "value",
    [1.0, float("nan"), 2**53, -(2**53), Decimal("1.5"), date(2026, 1, 1), uuid.UUID(int=1), {"é": 1}, {1: 2},
     (1,), "\ud800"],
)  # fmt: skip
def test_what_has_no_exact_form_is_refused_without_being_told(value: object) -> None:
    with pytest.raises(NotCanonical) as told:
        canonical({"weight_kg": [value]})
    assert "1.5" not in str(told.value)


def test_an_entry_opens_again() -> None:
    entry = chain(2)[1]
    assert open_header(entry) == header(2)
    assert open_body(KEY, entry) == {"command": {"n": 2}, "events": []}


def test_a_body_cannot_be_moved_to_another_entry() -> None:
    first, second = chain(2)
    with pytest.raises(WrongKey):
        open_body(KEY, second._replace(body=first.body))


def test_the_commitment_tells_nothing_without_the_key() -> None:
    other = PatientKey(bytes(32))
    same_body = seal(other, header(), {"command": {"n": 1}, "events": []}, GENESIS)
    assert same_body.commitment != chain(1)[0].commitment


def test_an_instant_is_written_with_microseconds_in_utc() -> None:
    assert instant(datetime(2026, 3, 2, 8, tzinfo=UTC)) == "2026-03-02T08:00:00.000000Z"


def two_keys() -> Keyring:
    keys = {name: KeyEncryptionKey(name, "2026-03-02T08:00:00Z", bytes([n]) * 32) for n, name in enumerate("ab")}
    return Keyring(keys, "b", bytes(32))


def test_after_a_rotation_the_old_key_still_opens() -> None:
    ring = two_keys()
    old = Keyring(ring.keys, "a", bytes(32))
    kek, wrapped = old.new_patient_key("p-1")
    assert kek == "a"
    assert ring.new_patient_key("p-1")[0] == "b"
    sealed = old.open(kek, wrapped, "p-1").encrypt(b"x", b"")
    assert ring.open(kek, wrapped, "p-1").decrypt(sealed, b"") == b"x"


def test_a_wrapped_key_belongs_to_one_patient_and_one_key() -> None:
    ring = two_keys()
    kek, wrapped = ring.new_patient_key("p-1")
    with pytest.raises(WrongKey):
        ring.open(kek, wrapped, "p-2")
    with pytest.raises(WrongKey):
        ring.open("a", wrapped, "p-1")
    with pytest.raises(KeyMissing, match="key c: restore"):
        ring.open("c", wrapped, "p-1")


def test_a_ring_proves_which_keys_it_holds() -> None:
    ring = two_keys()
    proof = ring.proof("a")
    assert ring.proves("a", proof)
    assert not ring.proves("b", proof)
    assert not Keyring.ephemeral().proves("a", proof)


def test_a_key_is_never_shown() -> None:
    key = KeyEncryptionKey("a", "", b"secret-secret-secret-secret-1234")
    assert "secret-secret" not in repr(key)
    assert len(key.fingerprint) == 16


def test_equal_identifiers_have_equal_hashes_and_no_others() -> None:
    ring = two_keys()
    assert ring.identifier_hash("nhs", "12") == ring.identifier_hash("nhs", "12")
    assert ring.identifier_hash("nhs", "12") != ring.identifier_hash("nhs1", "2")
    assert ring.identifier_hash("nhs", "12") != Keyring.ephemeral().identifier_hash("nhs", "12")
