"""Goal: over HTTP too the rota, people's channels and absences are read and changed by whom they concern."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from orchestrator.api.app import PREFIX, create_app
from orchestrator.service.handlers import new_key
from orchestrator.service.people.recording import Author
from tests.integration.api.conftest import Ward

ADMINISTRATOR = Author("u-test", "administrator")
DAY = "2026-03-02"


class Person:
    """Somebody with an account and a token."""

    def __init__(self, ward: Ward, login: str, *posts: tuple[str, str]) -> None:
        people = ward.system.people
        self.id = people.add(ADMINISTRATOR, login=login, name=login.capitalize(), posts=posts)
        scopes = ["see", "know", "operate", "people"]
        _, self.token = ward.system.signing.make_token(ADMINISTRATOR, self.id, label="test", scopes=scopes, days=1)
        self._client = TestClient(create_app(ward.system))

    def get(self, path: str) -> Response:
        return self._client.get(PREFIX + path, headers={"Authorization": f"Bearer {self.token}"})

    def post(self, path: str, *, seen: str | None = None, **body: object) -> Response:
        """Post a body. seen: the entity tag of the list that was looked at."""
        held = {} if seen is None else {"If-Match": seen}
        own = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": new_key()}
        return self._client.post(PREFIX + path, json=body, headers=own | held)


def duty(person: Person, **other: object) -> dict[str, Any]:
    return {"role": "nurse", "person_id": person.id, "starts_at": f"{DAY}T08:00", "ends_at": f"{DAY}T20:00"} | other


def test_a_lead_makes_a_rota_and_the_ward_reads_it(each_ward: Ward) -> None:
    lead, nurse = Person(each_ward, "lead", ("N2", "lead")), Person(each_ward, "nurse", ("N2", "nurse"))
    made = lead.post("/rota/N2/add", **duty(nurse))
    assert made.status_code == 201, made.text
    assert lead.post("/rota/N2/add", **duty(nurse)).status_code == 409, "a second time"
    shown = nurse.get(f"/rota/N2?from={DAY}&days=1").json()
    assert shown["duties"] == [
        {
            "duty_id": made.json()["duty_id"], "ward": "N2", "role": "nurse", "person_id": nurse.id, "name": "Nurse",
            "starts_at": f"{DAY}T08:00:00.000000Z", "ends_at": f"{DAY}T20:00:00.000000Z", "reached": False,
        }
    ]  # fmt: skip
    assert [each["on_duty"] for each in shown["told"]["nurse"]] == [False, True, False]
    assert nurse.get("/rota/N2").json()["from"] == DAY, "today, by the store's clock"
    gone = lead.post("/rota/N2/remove", duty_id=made.json()["duty_id"])
    assert gone.json()["removed"] == made.json()["duty_id"]
    assert lead.post("/rota/N2/remove", duty_id=made.json()["duty_id"]).status_code == 404


def test_who_says_himself_who_he_is_stands_on_record_as_asserted(ward: Ward) -> None:
    lead, nurse = Person(ward, "lead", ("N2", "lead")), Person(ward, "nurse", ("N2", "nurse"))
    assert lead.post("/rota/N2/add", **duty(nurse)).status_code == 201
    later = {"starts_at": f"{DAY}T20:00", "ends_at": f"{DAY}T23:00"}
    assert ward.post("/rota/N2/add", duty(nurse, **later), "lead").status_code == 201
    told = ward.get("/people/records").json()["records"]
    made = [(each["by"], each["detail"].get("asserted", False)) for each in told if each["kind"] == "duty"]
    assert made == [("u-lead", True), (lead.id, False)]


def test_what_was_decided_on_another_list_than_there_is_now_is_refused(ward: Ward) -> None:
    lead = Person(ward, "lead", ("N2", "lead"), ("N2", "nurse"))
    before = lead.get("/rota/N2").headers["etag"]
    made = lead.post("/rota/N2/add", seen=before, **duty(lead)).json()["duty_id"]
    own, span = f"/people/{lead.id}", {"starts_at": f"{DAY}T12:00Z", "ends_at": f"{DAY}T14:00Z"}
    another = lead.get("/rota/N2").headers["etag"]
    for path, seen, body in (
        ("/rota/N2/add", before, duty(lead, role="lead")), ("/rota/N2/remove", before, {"duty_id": made}),
        (f"{own}/absences/add", another, span), (f"{own}/absences/remove", another, {"away_id": "a-1"}),
        (f"{own}/contacts/add", another, {"channel": "e-mail", "address": "lead@home.example"}),
        (f"{own}/contacts/remove", another, {"name": "e-mail-1"}),
    ):  # fmt: skip
        answer = lead.post(path, seen=seen, **body)
        assert (answer.status_code, answer.json().get("code")) == (412, "changed-since-read"), path
    assert lead.post("/rota/N2/remove", seen=lead.get("/rota/N2").headers["etag"], duty_id=made).status_code == 200


def test_who_may_not_is_refused_and_other_wards_are_not_there(ward: Ward) -> None:
    nurse, stranger = Person(ward, "nurse", ("N2", "nurse")), Person(ward, "stranger", ("N9", "lead"))
    assert nurse.post("/rota/N2/add", **duty(nurse)).status_code == 403
    assert stranger.get("/rota/N2").status_code == stranger.post("/rota/N2/add", **duty(nurse)).status_code == 404
    administrator = Person(ward, "root", ("*", "administrator"))
    assert administrator.get("/rota/N2").status_code == 200
    assert administrator.post("/rota/N2/add", **duty(nurse)).status_code == 201
    assert ward.get("/rota/N2").status_code == 200
    for path in ("contacts", "absences"):
        assert nurse.get(f"/people/{nurse.id}/{path}").status_code == 200
        assert stranger.get(f"/people/{nurse.id}/{path}").status_code == 404
        assert administrator.get(f"/people/{nurse.id}/{path}").status_code == 200
        assert administrator.get(f"/people/u-nobody/{path}").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"starts_at": "soon"}, {"starts_at": DAY}, {"ends_at": f"{DAY}T08:00"}, {"role": "queen"}, {"role": ""},
        {"person_id": 7}, {"more": 1}, {"starts_at": "0001-01-01T00:00:00+14:00"},
        {"ends_at": "9999-12-31T23:59-14:00"},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(ward: Ward, wrong: dict[str, object]) -> None:
    lead = Person(ward, "lead", ("N2", "lead"), ("N2", "nurse"))
    answer = lead.post("/rota/N2/add", **duty(lead, **wrong))
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("query", ["from=soon", "from=0001-01-01", "from=9999-12-31", "days=0", "days=36", "week=1"])
def test_a_view_that_cannot_be_is_refused(ward: Ward, query: str) -> None:
    assert ward.get(f"/rota/N2?{query}").status_code == 422


def test_absences_are_entered_and_taken_back(ward: Ward) -> None:
    nurse, deputy = Person(ward, "nurse", ("N2", "nurse"), ("N2", "lead")), Person(ward, "deputy", ("*", "nurse"))
    span = {"starts_at": f"{DAY}T12:00Z", "ends_at": f"{DAY}T14:00Z"}
    path = f"/people/{nurse.id}/absences"
    made = nurse.post(f"{path}/add", deputy_id=deputy.id, **span)
    assert made.status_code == 201, made.text
    assert nurse.post(f"{path}/add", **span).status_code == 409
    assert nurse.get(path).json()["absences"] == [
        {
            "away_id": made.json()["away_id"], "starts_at": f"{DAY}T12:00:00.000000Z",
            "ends_at": f"{DAY}T14:00:00.000000Z", "deputy": {"person_id": deputy.id, "name": "Deputy"},
            "uncovered": [{"ward": "N2", "role": "lead"}],
        }
    ]  # fmt: skip
    assert nurse.post(f"{path}/remove", away_id=made.json()["away_id"]).status_code == 200
    assert nurse.get(path).json()["absences"] == []


def test_a_channel_that_the_house_has_not_is_refused(ward: Ward) -> None:
    nurse = Person(ward, "nurse", ("N2", "nurse"))
    path = f"/people/{nurse.id}/contacts"
    refused = nurse.post(f"{path}/add", channel="e-mail", address="nurse@home.example")
    assert refused.status_code == 422
    assert "none is configured" in refused.json()["detail"]
    assert nurse.get(path).json()["contacts"] == []
    for verb in ("remove", "test"):
        assert nurse.post(f"{path}/{verb}", name="e-mail-1").status_code == 404
