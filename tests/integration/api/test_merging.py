"""Goal: programs merge and separate records as leads do on the page, by their tokens, and never across wards."""

from typing import Any

from tests.integration.api import test_glass
from tests.integration.api.conftest import Ward
from tests.integration.api.test_glass import holder

WHY = "same name, day of birth and address"
EVERY = ("see", "act", "audit", "hold", "merge", "erase")


def post(ward: Ward, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return test_glass.post(ward, path, body)


def number(value: str) -> dict[str, object]:
    return {"identifier": {"system": "hospital-number", "value": value}}


def test_compared_merged_and_taken_back(each_ward: Ward) -> None:
    ward = each_ward
    first, second = ward.enrol("0001"), ward.enrol("0002")
    lead = holder(ward, "lead", "N2", EVERY)
    status, told = post(lead, f"{first}/merge/compare", number("0002"))
    assert status == 200
    assert [each["pathway"] for each in told["open_twice"]] == ["post-viral-cerebellar-demyelination"]
    wish = {"replaced": told["record"], "compared": told["compared"], "reason": WHY}
    assert post(lead, f"{first}/merge", {**wish, "compared": "0" * 32})[0] == 412
    assert post(lead, f"{first}/merge", {**wish, "reason": "x"})[0] == 422
    status, patient = post(lead, f"{first}/merge", wish)
    assert status == 200
    assert [each["identifiers"][0]["value"] for each in patient["records"]] == ["0001", "0002"]
    assert patient["records"][1]["reason"] == WHY
    assert post(lead, f"{first}/merge", wish)[0] == 409, "what is done is not done again"
    assert ward.get(f"{second}/patient").json()["records"] == patient["records"]
    for value in ("0001", "0002"):
        found = ward.post("/episodes/find", number(value)).json()["episodes"]
        assert {each["episode_id"] for each in found} == {first[10:], second[10:]}
    ward.do(second, "record", "nurse", facts={"severity": "mild"})
    separate = {"replaced": told["record"], "reason": "two people of one name"}
    status, left = post(lead, f"{first}/unmerge", separate)
    assert status == 200
    assert len(left["records"]) == 1
    assert second[10:] in left["acted"][0]["episodes"]
    assert post(lead, f"{first}/unmerge", separate)[0] == 409
    looks = ward.get(f"{second}/looks").json()
    assert looks["whole"]
    kinds = [each["kind"] for each in looks["looks"] if each["kind"].endswith("merged")]
    assert kinds == ["unmerged", "merged"]


def test_a_lead_alone_and_with_the_scope(ward: Ward) -> None:
    first, _ = ward.enrol("0001"), ward.enrol("0002")
    for role, scopes in (("clinician", EVERY), ("auditor", EVERY), ("administrator", EVERY), ("lead", ("see", "act"))):
        status, told = post(holder(ward, role, "N2", scopes), f"{first}/merge/compare", number("0002"))
        assert (status, told["code"]) == (403, "not-allowed"), role
    stranger = holder(ward, "lead", "S9", EVERY)
    assert post(stranger, f"{first}/merge/compare", number("0002"))[0] == 404


def test_what_is_erased_is_said(ward: Ward) -> None:
    first, second = ward.enrol("0001"), ward.enrol("0002")
    lead, administrator = holder(ward, "lead", "N2", EVERY), holder(ward, "administrator", "N2", EVERY)
    _, told = post(lead, f"{first}/merge/compare", number("0002"))
    for episode in (first, second):
        ward.do(episode, "close", "clinician", outcome="withdrawn", reason="moved away")
    assert (
        post(lead, f"{first}/merge", {"replaced": told["record"], "compared": told["compared"], "reason": WHY})[0]
        == 412
    )
    _, told = post(lead, f"{first}/merge/compare", number("0002"))
    post(lead, f"{first}/merge", {"replaced": told["record"], "compared": told["compared"], "reason": WHY})
    status, refused = post(administrator, f"{first}/erase", {"reason": "request 5"})
    assert (status, "2 records" in str(refused["detail"])) == (409, True)
    status, gone = post(administrator, f"{first}/erase", {"reason": "request 5", "merged": True})
    assert (status, set(gone["erased"])) == (200, {first[10:], second[10:]})
