"""Goal: a program's user breaks the glass as a person does in the browser; what is done under it says so for ever."""

import pytest

from orchestrator.api.app import PREFIX
from orchestrator.service.people.recording import Author
from tests.integration.api.conftest import Ward, enrolment

ADMINISTRATOR = Author("u-test", "administrator")
WHY = {"reason": "called to a cardiac arrest"}


def holder(ward: Ward, role: str, at: str = "S9", scopes: tuple[str, ...] = ("see", "act", "audit")) -> Ward:
    """Return the same ward as somebody else's program sees it, by a token of that person's own."""
    system = ward.system
    person = system.people.add(
        ADMINISTRATOR, login=f"x-{role}-{at}".lower().replace("*", "all"), name=role, posts=[(at, role)]
    )
    _, token = system.signing.make_token(ADMINISTRATOR, person, label="x", scopes=list(scopes), days=1)
    return Ward(system, ward.client, token, keys=ward.keys)


def post(ward: Ward, path: str, body: object) -> tuple[int, dict[str, object]]:
    """Post as the holder of the token, who needs not say who he is."""
    key = {"Idempotency-Key": f"g-{next(ward.keys)}"}
    answer = ward.client.post(PREFIX + path, json=body, headers={**ward._bearer(), **key})
    return answer.status_code, answer.json()


def test_it_opens_for_an_hour_and_everything_under_it_is_marked(each_ward: Ward) -> None:
    ward = each_ward
    episode = ward.enrol()
    stranger = holder(ward, "clinician")
    assert stranger.get(episode).status_code == 404
    status, told = post(stranger, f"{episode}/glass", WHY)
    assert (status, told["until"], told["repeated"]) == (201, "2026-03-02T09:00:00.000000Z", False)
    assert post(stranger, f"{episode}/glass", WHY)[1]["repeated"] is True
    assert stranger.get(episode).status_code == 200
    assert post(stranger, f"{episode}/record", {"facts": {"severity": "severe"}})[0] == 200
    assert post(stranger, f"{episode}/give", {"regimen": "observation"})[0] == 422, "a refusal is marked too"
    assert stranger.get(f"{episode}/looks").status_code == 403
    entries = ward.get(f"{episode}/timeline").json()["entries"]
    assert [(each["role"], each.get("glass", False)) for each in entries] == [
        ("lead", False), ("clinician", True), ("clinician", True),
    ]  # fmt: skip
    story = ward.get(f"{episode}/story").json()
    assert [each["glass"] for each in story["timeline"]] == [False, True, True]
    assert story["chain"]["whole"]
    assert "broken glass" in ward.get(f"{episode}/report").text
    looks = ward.get(f"{episode}/looks").json()["looks"]
    theirs = {(each["kind"], each["glass"]) for each in looks if each["role"] == "clinician"}
    assert theirs == {("glass", True), ("read", True)}
    ward.advance(hours=1)
    assert stranger.get(episode).status_code == 404
    assert post(stranger, f"{episode}/record", {"facts": {"severity": "mild"}})[0] == 404


def test_each_ward_whose_patient_it_opens_is_told(each_ward: Ward) -> None:
    """It opens the patient, not the one episode: whoever else has him open must hear of it too."""
    ward = each_ward
    episode = ward.enrol()
    for other, pathway in (("N9", "autoimmune-hemiplegia"), ("S9", "leukoencephalopathy")):
        answer = ward.post("/episodes", enrolment("0001", ward=other, pathway=pathway))
        assert answer.status_code == 201, answer.text
    post(holder(ward, "clinician"), f"{episode}/glass", WHY)
    notices = [each for each in ward.get("/inbox").json()["notices"] if each["kind"] == "glass"]
    assert sorted((each["ward"], each["role"]) for each in notices) == [("N2", "lead"), ("N9", "lead")], "S9 is his own"


def test_it_gives_no_role_that_the_person_does_not_have(ward: Ward) -> None:
    episode = ward.enrol()
    nurse = holder(ward, "nurse")
    post(nurse, f"{episode}/glass", WHY)
    status, told = post(nurse, f"{episode}/close", {"outcome": "withdrawn"})
    assert (status, told["code"]) == (422, "needs-role")


def test_it_is_mended_at_once_when_asked(ward: Ward) -> None:
    episode = ward.enrol()
    stranger = holder(ward, "on-call")
    post(stranger, f"{episode}/glass", WHY)
    mended = stranger.client.delete(
        f"{PREFIX}{episode}/glass", headers={**stranger._bearer(), "Idempotency-Key": "mend"}
    )
    assert (mended.status_code, mended.json()["closed"]) == (200, True)
    assert stranger.get(episode).status_code == 404
    own = ward.client.delete(f"{PREFIX}{episode}/glass", headers={**ward._bearer(), "Idempotency-Key": "mend"})
    assert own.json()["closed"] is False


@pytest.mark.parametrize("role", ["auditor", "administrator", "service"])
def test_who_works_at_no_bedside_may_not(ward: Ward, role: str) -> None:
    episode = ward.enrol()
    stranger = holder(ward, role)
    assert post(stranger, f"{episode}/glass", WHY)[0] == 403


def test_a_program_may_no_more_than_its_scopes(ward: Ward) -> None:
    episode = ward.enrol()
    assert post(holder(ward, "nurse", scopes=("see",)), f"{episode}/glass", WHY)[0] == 403


def test_who_sees_the_patient_anyway_is_told_so(ward: Ward) -> None:
    episode = ward.enrol()
    status, told = post(holder(ward, "nurse", at="N2"), f"{episode}/glass", WHY)
    assert (status, told["code"]) == (409, "conflict")
    assert post(ward, f"{episode}/glass", WHY)[0] == 409, "the administrator's token"


def test_a_post_at_the_bedside_that_ends_takes_the_glass_with_it(ward: Ward) -> None:
    episode = ward.enrol()
    stranger, _ = holder(ward, "clinician"), holder(ward, "administrator")
    post(stranger, f"{episode}/glass", WHY)
    person = ward.system.signing.bearer(stranger.token)
    assert person is not None
    ward.system.people.set_posts(ADMINISTRATOR, person.actor_id, [("S9", "auditor")])
    assert stranger.get(episode).status_code == 404


def test_the_reason_can_be_read_with_the_patients_key_alone(ward: Ward) -> None:
    episode = ward.enrol()
    post(holder(ward, "clinician"), f"{episode}/glass", WHY)
    with ward.system.store.change() as change:
        told = change._sql.exec_driver_sql("SELECT * FROM look").all()
        assert WHY["reason"] not in repr(told)
        change._sql.exec_driver_sql("UPDATE patient SET wrapped_key = NULL")
    sight = ward.system.sight
    rows = sight.looked.of(episode[10:]).rows
    assert [each["reason"] for each in rows] == [None]
    faults = sight.faults(sight.looked.patient_of(episode[10:]))
    said = [each.what for each in faults]
    assert said == ["its key is destroyed, and no record says so"], "the chain itself is whole"
