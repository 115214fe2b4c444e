"""Goal: what a store holds is opened, found and verified by every later release: the bytes of today stand here."""

from datetime import UTC, datetime

from orchestrator.audit import looks
from orchestrator.audit.chain import Head, verify
from orchestrator.audit.release import Release, sealed
from orchestrator.audit.seal import GENESIS, Sealed
from tests.unit.test_seal import KEY, two_keys

HEADER = (
    b'{"actor":"n-7","at":"2026-03-02T08:00:00.000000Z","authenticated":false,"cause":"record","cause_id":'
    b'"0000000000000000000000000000000000000000000000000000000000000001","corrects":null,"episode_id":"e-1'
    b'","format":1,"from_state":"workup/a","on_behalf_of":null,"pathway":"abababababababababababababababab'
    b'abababababababababababababababab","recorded_at":"2026-03-02T08:00:00.000000Z","request":"00000000000'
    b'00000000000000000000000000000000000000000000000000000","result":"accepted","role":"clinician","seq":'
    b'1,"tag":"0011223344556677","to_state":"workup/b","ward":"ward-1"}'
)
COMMITMENT = "263e96313a2c6240fea5ff4e002f2bc5de7775d6118d0f956790f23b6e802133"
HASH = "ecb00a96a043aa2d990b8d1e04228cd9043e2e0612d7ae8d4f78698db788d8ba"
BODY = (
    "6a954f849b9548d96ccc648aa4bf87dccb0d4730d84839ba563600cc00c06eaadbf694d46d18345bb7846c9880e0d6b35f94"
    "5cfae4b9477b8f46c6"
)
WRAPPED = (
    "cf3382cc1ed5c76c8c7ff0f0b377ce5dcb4d8348e00375a519e41be6e54f8a74e816ac1ebe877ba64608283d4994cadfd72c"
    "3796256b0e44999e0067"
)
TEXT = "c04669df7f1e41f675fd968de0972ec9df8d5f01a1bc958026a7c484d1fb5513"
FACTOR = "1084203133cb58ff691f249962a1253e931271cd7986225a02d1e9c2654c005c3cff"
PROOF = (
    "09909252aa98017b363fa84f5aec96b2cb95267327bf69a58cd95582b850899845e39f36d2b8fa1834c3ab1fc075047dcbc2"
    "28a5d31da34f09bf7d95928e89"
)


def test_an_entry_of_before_verifies() -> None:
    cause, *rest = (bytes.fromhex(each) for each in (f"{1:064x}", COMMITMENT, BODY, HASH))
    entry = Sealed("e-1", 1, cause, HEADER, *rest)
    verdict = verify("e-1", [entry], Head(1, entry.hash), KEY)
    assert (verdict.faults, verdict.bodies) == ((), 1)


def test_what_was_encrypted_before_opens() -> None:
    ring = two_keys()
    patient = ring.open("b", bytes.fromhex(WRAPPED), "p-1")
    assert patient.decrypt(bytes.fromhex(TEXT), b"place") == b"kept"
    assert ring.open_factor("b", bytes.fromhex(FACTOR), "u-1") == b"secret"
    assert ring.proves("b", bytes.fromhex(PROOF))
    assert ring.keys["b"].fingerprint == "c267d4239f4492b8"


def test_a_patient_of_before_is_found() -> None:
    found = two_keys().identifier_hash("nhs", "12").hex()
    assert found == "e5ead30a4f8cb462bc5b10e470935925f5dec8abad9ad8bf3106766ff4d95f50"


def test_a_look_and_a_release_of_before_verify() -> None:
    ring = two_keys()
    look = looks.link(ring.look_mac, GENESIS, {"seen": 1}).hex()
    assert look == "008d1bba4b16249f94d0cceab2ac819f71338d93fb5eec3aa35b4174837151f8"
    at = datetime(2026, 3, 2, 8, tzinfo=UTC)
    release = sealed(Release(1, "p", "1.0.0", "ab" * 32, "u-1", "why", at, None, GENESIS, "b"), ring.release_mac)
    assert release.commitment.hex() == "f784b412ed298e793352e1fd6d70b6d783bfd98cd3780a86129c3f2dc91cebea"
    assert release.hash.hex() == "548fad350b679594cb4e94682468a2ba600dc198ea67fcac47b1dc666b440068"
