"""Goal: a patient who changes wards is the receiving ward's in every list, and the giving one's in none."""

from datetime import timedelta
from typing import Any

import pytest

from orchestrator.api.app import PREFIX
from orchestrator.service.overview.shift import Span
from orchestrator.service.people.looking import Who
from tests.integration.api.conftest import T0
from tests.integration.web.conftest import ADMINISTRATOR, PASSWORD, House
from tests.integration.web.filling import form, forms, send
from tests.integration.web.test_episode import treated, words

WHY = "needs a bed with a monitor"
MOVED = "Moved from ward N2 to ward N3; our care goes on"


@pytest.fixture
def two_wards(each_house: House) -> House:
    """A house in which people work on N2 and on N3."""
    for login, ward, role in (
        ("clinician", "N2", "clinician"), ("nurse", "N2", "nurse"), ("lead", "N2", "lead"),
        ("taking", "N3", "clinician"), ("matron", "N3", "lead"),
    ):  # fmt: skip
        each_house.add(login, (ward, role))
    each_house.ward.system.duty.reach.refresh()
    return each_house


def notices(house: House, ward: str) -> list[dict[str, Any]]:
    return [dict(row) for row in house.ward.system.queries.inbox(wards=(ward,)).rows]


def test_every_list_and_ladder_is_the_receiving_wards_from_then_on(two_wards: House) -> None:
    house, ward = two_wards, two_wards.ward
    page = ward.enrol()
    episode = page.rpartition("/")[2]
    assert [(each["rung"], each["role"]) for each in notices(house, "N2")] == [(0, "clinician")]
    ward.get("/board?ward=N2")
    ward.advance(minutes=30)
    before = ward.system.queries.show(episode)
    ward.do(page, "change-ward", "clinician", ward="N3", reason=WHY)
    after = ward.system.queries.show(episode)
    moving = ("ward", "seq", "at", "tag")
    assert {**after, **{name: before[name] for name in moving}} == before, "stage, timers and what is open stay"

    again = [each for each in notices(house, "N3") if each["kind"] == "reminder"]
    assert {(each["about"], each["rung"], each["role"], each["waits"]) for each in again} == {
        (each["about"], 0, "clinician", True) for each in notices(house, "N2")
    }
    assert [(each["kind"], each["role"]) for each in notices(house, "N3") if each not in again] == [
        ("ward-changed", "lead")
    ]
    items = ward.get("/worklist?ward=N3").json()["items"]
    assert [each["due_at"] for each in again] == [each["due_at"] for each in items if each["kind"] == "reminder"]
    assert {(each["patient_id"], each["waits"]) for each in notices(house, "N2")} == {("", False)}
    ward.advance(minutes=31)
    ward.fire()
    assert {(each["rung"], each["role"]) for each in notices(house, "N3") if each["told_at"] > after["at"]} == {
        (1, "lead")
    }
    assert len(notices(house, "N2")) == 1, "what N2 was told is what it was"

    system, who, span = ward.system, Who("u-9", "nurse"), Span(T0, T0 + timedelta(hours=8))
    for name, count in (("N2", 0), ("N3", 1)):
        assert ward.get(f"/board?ward={name}").json()["open"] == count
        assert len(system.overview.shifts.sheet(who, name, span)["patients"]) == count
        assert len(system.sheets.wards().get(name, [])) == count
        assert bool(ward.get(f"/worklist?ward={name}").json()["items"]) is bool(count)
    (gone,) = system.overview.shifts.sheet(who, "N2", span)["left"]
    assert (gone["episode_id"], gone["to"], gone["at"]) == (episode, "N3", after["at"]), "who is gone is handed over"
    assert system.overview.shifts.sheet(who, "N3", span)["left"] == []
    later = Span(T0 + timedelta(hours=1), T0 + timedelta(hours=9))
    assert system.overview.shifts.sheet(who, "N2", later)["left"] == [], "the shift after knows it already"
    sheet = words(house.signed_in("nurse").get("/handover/N2").text)
    assert "Went to another ward in this shift" in sheet
    assert "→ Ward N3" in sheet
    (line,) = system.overview.shifts.sheet(who, "N3", span)["patients"][0]["happened"][-1:]
    assert (line["words"], line["reason"]) == (MOVED, WHY)
    lists = [each for each in system.sight.looked.of(episode, lists=True).rows if each["kind"] == "list"]
    sheets = [each["what"] for each in system.sight.looked.of(episode).rows if each["by"] == house.people["nurse"]]
    assert sheets == ["hand-over"], "whoever reads that he is gone is on his record"
    boards = [each["ward"] for each in reversed(lists) if each["what"] == "board"]
    assert boards == ["N2", "N3"], "N2's lists showed the patient until then, N3's from then on"

    assert system.replay.replay(episode).equal
    assert system.replay.verify(episode).whole
    story = system.telling.story(episode, simulated=False)
    assert (story["episode"]["ward"], story["timeline"][-2]["words"]) == ("N3", MOVED)
    assert MOVED in words(ward.get(f"{page}/report").text)


def test_a_person_moves_the_patient_from_the_page_and_sees_him_no_more(two_wards: House) -> None:
    number = "7305182-KH"
    house, page = two_wards, treated(two_wards, number)
    clinician = house.signed_in("clinician")
    seen = clinician.get(page).text
    assert number in seen
    filled = form(seen, "change-ward")
    bare = send(clinician, filled, ward="N3")
    assert bare.status_code == 422
    assert "this needs a reason" in bare.text
    assert form(bare.text, "change-ward", place="change-ward")["ward"] == "N3", "what was typed is kept"
    wrong = send(clinician, filled, ward="N33", reason=WHY, key="k1")
    assert wrong.status_code == 422
    assert "look how it is spelt" in wrong.text
    assert form(wrong.text, "change-ward", place="change-ward")["reason"] == WHY
    done = send(clinician, filled, ward="N3", reason=WHY, key="k2")
    assert done.status_code == 303, words(done.text)
    assert done.headers["location"].startswith("/worklist?done=change-ward&entry=")
    assert "Done. It stands in the record as entry" in clinician.get(done.headers["location"]).text
    assert send(clinician, filled, ward="N3", reason=WHY, key="k2").headers["location"] == done.headers["location"]
    assert send(clinician, filled, ward="N3", reason=WHY, key="k3").status_code == 404
    assert clinician.get(page).status_code == 404
    told = words(clinician.get("/inbox").text)
    assert "A patient who is on another ward now" in told
    assert number not in told
    matron = house.signed_in("matron")
    assert MOVED in words(matron.get(page).text)
    assert "A patient was moved to your ward" in matron.get("/inbox").text
    system = house.ward.system
    entry = system.queries.timeline(page.rpartition("/")[2])[-1]
    assert (entry["actor"], entry["authenticated"]) == (house.people["clinician"], True)


def test_it_is_for_who_may_close_and_works_there(two_wards: House) -> None:
    house, page = two_wards, two_wards.ward.enrol()
    nurse = house.signed_in("nurse")
    offered = [each for each in forms(nurse.get(page).text) if each.action.endswith("/change-ward")]
    assert offered == []
    refused = house.ward.post(f"{page}/change-ward", {"ward": "N3", "reason": WHY}, "nurse")
    assert (refused.status_code, refused.json()["code"]) == (422, "needs-role")
    assert "nurse may not change ward; clinician, lead, on-call may" in refused.json()["detail"]
    assert house.ward.system.queries.timeline(page.rpartition("/")[2])[-1]["result"] == "refused:needs-role"
    taking = house.signed_in("taking")
    taking.send("/glass", number="0001", system="hospital-number", reason=WHY, password=PASSWORD)
    shown = taking.get(page)
    assert shown.status_code == 200
    assert not [each for each in forms(shown.text) if each.action.endswith("/change-ward")], "an emergency moves nobody"
    pressed = send(taking, form(shown.text, "record"), f"{page}/change-ward", ward="N3", reason=WHY)
    assert pressed.status_code == 403


def test_a_ward_on_which_nobody_could_be_told_must_be_meant(two_wards: House) -> None:
    house, page = two_wards, two_wards.ward.enrol()
    house.add("porter", ("N4", "nurse"))
    house.ward.system.duty.reach.refresh()
    lead = house.signed_in("lead")
    filled = form(lead.get(page).text, "change-ward")
    asked = send(lead, filled, ward="N4", reason=WHY)
    assert asked.status_code == 422
    again = form(asked.text, "change-ward", place="change-ward")
    assert ("anyway", "yes") in again.offered
    assert (again["ward"], again["reason"]) == ("N4", WHY)
    assert send(lead, again, anyway="yes").status_code == 303
    told = notices(house, "N4")
    assert {each["kind"] for each in told} == {"reminder", "unassigned", "ward-changed"}
    owners = {each["role"] for each in told if each["kind"] == "unassigned"}
    assert owners == {"lead", "administrator"}, "whoever looks after what reaches nobody"


def test_over_http_it_names_what_moved_along_and_answers_who_asks_again(two_wards: House) -> None:
    house, ward = two_wards, two_wards.ward
    page = ward.enrol()
    other = {"pathway": "leukoencephalopathy", "ward": "N2", "identifiers": [_number("0001")]}
    second = ward.post("/episodes", other).json()["episode_id"]
    _, token = ward.system.signing.make_token(
        ADMINISTRATOR, house.people["clinician"], label="x", scopes=["see", "act"], days=1
    )
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    address, body = f"{PREFIX}{page}/change-ward", {"ward": "N3", "reason": WHY}
    seen = ward.get(page).headers["etag"]
    first = ward.client.post(address, json=body, headers={**headers, "If-Match": seen})
    assert first.status_code == 200, first.text
    assert first.json()["along"] == [second]
    again = ward.client.post(address, json=body, headers=headers)
    assert again.json() == {**first.json(), "repeated": True}
    changed = ward.client.post(address, json={**body, "ward": "N2"}, headers=headers)
    assert (changed.status_code, changed.json()["code"]) == (409, "idempotency-key-reused")
    anew = ward.client.post(address, json=body, headers={**headers, "Idempotency-Key": "other"})
    assert anew.status_code == 404
    stale = ward.post(f"{page}/change-ward", {"ward": "N2", "reason": WHY}, "lead", if_match=seen)
    assert (stale.status_code, stale.json()["code"]) == (412, "changed-since-read")
    unknown = ward.post(f"{page}/change-ward", {"ward": "N33", "reason": WHY}, "lead")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown-ward")
    back = ward.do(page, "change-ward", "lead", ward="N2", reason="the monitor is no longer needed")
    assert back.json()["along"] == [second]


def _number(value: str) -> dict[str, str]:
    return {"system": "hospital-number", "value": value}
