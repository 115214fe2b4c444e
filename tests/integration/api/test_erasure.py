"""Goal: an erased record is read by nobody and proved by everybody; nobody erases what is open, or held."""

import threading

import pytest

from orchestrator.errors import Conflict, Erased
from orchestrator.service.people.recording import Author
from tests.integration.api.conftest import Ward, enrolment
from tests.integration.api.test_glass import holder, post

WHY = {"reason": "request 2026-117"}
EVERY = ("see", "act", "audit", "hold", "erase")
ADMINISTRATOR = Author("u-1", "administrator")


@pytest.fixture
def closed(each_ward: Ward) -> str:
    """The path of an episode that is closed."""
    episode = each_ward.enrol()
    each_ward.do(episode, "record", "nurse", facts={"severity": "mild"})
    each_ward.do(episode, "close", "clinician", outcome="withdrawn", reason="moved away")
    return episode


def test_nobody_can_read_it_any_more_and_every_proof_holds(each_ward: Ward, closed: str) -> None:
    ward, system = each_ward, each_ward.system
    other = ward.enrol("0002")
    administrator = holder(ward, "administrator", "N2", EVERY)
    assert post(administrator, f"{closed}/erase", WHY) == (200, {"erased": [closed[10:]], "simulated": False})
    for path in (closed, f"{closed}/explain", f"{closed}/timeline"):
        answer = ward.get(path)
        assert (answer.status_code, answer.json()["code"]) == (410, "record-erased")
    story = ward.get(f"{closed}/story").json()
    assert story["episode"]["erased"] == story["episode"]["entries"] == 3
    assert story["chain"]["whole"]
    assert ward.post(f"{closed}/record", {"facts": {"severity": "mild"}}).status_code == 410
    assert system.replay.verify(closed[10:]).whole
    assert all(each.equal for each in system.replay.replay_all())
    assert system.sight.check_all().faults == ()
    assert system.people.faults() == []
    assert ward.post("/episodes", enrolment("0001")).status_code == 409
    (record,) = [each for each in ward.get(f"{closed}/looks").json()["looks"] if each["kind"] == "erased"]
    assert (record["what"], record["role"], record["name"]) == (WHY["reason"], "administrator", "administrator")
    assert ward.get(other).status_code == 200, "other patients' records are as they were"
    assert post(administrator, f"{closed}/erase", WHY)[0] == 409
    ward.advance(days=400)
    ward.fire()
    assert not [each for each in ward.get("/inbox").json()["notices"] if each["kind"] == "set-aside"]


def test_an_open_episode_is_closed_first(ward: Ward) -> None:
    episode = ward.enrol()
    status, told = post(holder(ward, "administrator", "N2", EVERY), f"{episode}/erase", WHY)
    assert status == 409
    assert "close it first" in str(told["detail"])
    assert ward.get(episode).status_code == 200


def test_a_hold_keeps_it_until_the_auditor_ends_it(each_ward: Ward, closed: str) -> None:
    ward = each_ward
    administrator, auditor = (holder(ward, role, "N2", EVERY) for role in ("administrator", "auditor"))
    status, told = post(auditor, f"{closed}/hold", WHY)
    assert (status, told["erased"]) == (200, False)
    assert told["held"]
    assert post(auditor, f"{closed}/hold", WHY)[0] == 409
    (held,) = auditor.get("/holds").json()["holds"]
    assert (held["episode_id"], held["reason"], held["name"]) == (closed[10:], WHY["reason"], "auditor")
    assert administrator.get("/holds").status_code == 403
    assert post(administrator, f"{closed}/erase", WHY)[0] == 409
    assert ward.get(closed).status_code == 200
    assert post(administrator, f"{closed}/hold/end", WHY)[0] == 403
    assert post(auditor, f"{closed}/hold/end", WHY)[1]["held"] is None
    assert post(auditor, f"{closed}/hold/end", WHY)[0] == 409
    assert post(auditor, f"{closed}/erase", WHY)[0] == 403
    assert post(administrator, f"{closed}/erase", WHY)[0] == 200
    assert post(auditor, f"{closed}/hold", WHY)[0] == 409, "there is nothing left to hold"
    told = ward.get(f"{closed}/looks").json()
    kinds = [each["kind"] for each in told["looks"]]
    assert [each for each in kinds if each in {"held", "hold-ended", "erased"}] == ["erased", "hold-ended", "held"]
    assert told["whole"]


def test_a_patient_of_other_wards_too_is_theirs_as_well(each_ward: Ward, closed: str) -> None:
    """The key is the patient's: who erases it, or gives it free, must be allowed to on each ward that knows him."""
    ward = each_ward
    there = enrolment("0001", ward="N9", pathway="autoimmune-hemiplegia")
    answer = ward.post("/episodes", there)
    assert answer.status_code == 201, answer.text
    away = answer.headers["location"].partition("/api/v1")[2]
    ward.do(away, "close", "clinician", outcome="withdrawn", reason="moved away")
    auditor, administrator = (holder(ward, role, "N2", EVERY) for role in ("auditor", "administrator"))
    assert post(auditor, f"{closed}/hold", WHY)[0] == 200, "whoever may keep it on one ward keeps it for all"
    for role, one, verb in (("auditor", auditor, "hold/end"), ("administrator", administrator, "erase")):
        status, told = post(one, f"{closed}/{verb}", WHY)
        assert (status, told["code"]) == (403, "not-allowed"), verb
        assert "other wards" in str(told["detail"])
        assert post(holder(ward, role, "*", EVERY), f"{closed}/{verb}", WHY)[0] == 200


def test_it_needs_a_reason(ward: Ward) -> None:
    episode = ward.enrol()
    administrator = holder(ward, "administrator", "N2", EVERY)
    for reason in ("", "x", "y" * 501):
        assert post(administrator, f"{episode}/erase", {"reason": reason})[0] == 422


def test_who_is_erased_is_not_enrolled_at_the_same_moment(each_ward: Ward, closed: str) -> None:
    """Whoever comes first: never is there an open episode whose reminders nobody could ever fire."""
    system = each_ward.system
    both = threading.Barrier(2)
    done: list[int] = []

    def enrol() -> None:
        both.wait()
        done.append(each_ward.post("/episodes", enrolment("0001")).status_code)

    thread = threading.Thread(target=enrol)
    thread.start()
    both.wait()
    try:
        system.sight.erasure.erase(ADMINISTRATOR, closed[10:], "case 7")
        erased = True
    except Conflict:
        erased = False
    thread.join()
    assert done == [409] if erased else done == [201]
    with system.store.read() as reader:
        rows = reader.episodes_of(system.sight.looked.patient_of(closed[10:]))
    assert all(row.closed for row in rows) is erased
    if erased:
        with pytest.raises(Erased):
            system.queries.show(closed[10:])
