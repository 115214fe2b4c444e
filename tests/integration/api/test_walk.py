"""Goal: a patient goes his way over HTTP, from enrolment to the report, on both stores."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from orchestrator.api import answers
from orchestrator.api.app import create_app
from tests.integration.api.conftest import PATHWAY, Ward


def test_from_enrolment_to_the_report(each_ward: Ward) -> None:
    ward = each_ward
    episode = ward.enrol()
    ward.do(episode, "record", "nurse", facts={"severity": "severe", "infection_status": "excluded"})
    proposed = {each["regimen"]: each["standing"] for each in ward.get(episode).json()["proposals"]}
    assert proposed["ivmp-pulse"] == "recommended"
    confirmed = ward.do(episode, "confirm", "clinician", regimens=["ivmp-pulse"], parameters={"days": 3})
    assert confirmed.json()["state"] == "first-line/treatment"
    ward.do(episode, "give", "nurse", regimen="ivmp-pulse")

    ward.advance(hours=72)
    ward.fire()
    told = [(each["name"], each["role"]) for each in ward.get("/inbox?ward=N2").json()["notices"]]
    assert ("day-3-response", "clinician") in told
    ward.advance(minutes=61)
    ward.fire()
    roles = [each["role"] for each in ward.get("/inbox").json()["notices"] if each["name"] == "day-3-response"]
    assert sorted(roles) == ["clinician", "lead"]
    open_things = ward.get("/worklist?ward=N2&ward=N3").json()["items"]
    assert ("reminder", "day-3-response") in {(each["kind"], each["name"]) for each in open_things}
    ward.do(episode, "acknowledge", "clinician", reminder="day-3-response")

    explained = ward.get(f"{episode}/explain")
    assert {"response"} <= {name for move in explained.json()["moves"] for name in move["awaits"]}
    moved = ward.do(episode, "record", "clinician", facts={"response": "none"})
    assert moved.json()["state"] == "second-line/addition"

    timeline = ward.get(f"{episode}/timeline").json()["entries"]
    assert [each["seq"] for each in timeline] == list(range(1, len(timeline) + 1))
    story = ward.get(f"{episode}/story")
    assert story.json()["chain"]["whole"]
    assert story.json()["episode"]["pathway"] == PATHWAY
    assert ward.get(episode).headers["etag"] == f'"{len(timeline)}-{timeline[-1]["hash"][:16]}"'
    page = ward.get(f"{episode}/report")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Post-viral cerebellar demyelination" in page.text
    closed = ward.do(episode, "close", "lead", outcome="transferred", reason="to another hospital")
    assert closed.json()["state"] == "closed/transferred"


def test_every_command_reaches_the_engine(ward: Ward) -> None:
    episode = ward.enrol()
    ward.do(episode, "record", facts={"severity": "severe", "infection_status": "excluded", "weight_kg": 65.5})
    ward.do(episode, "complete", "nurse", task="eeg")
    ward.do(episode, "confirm", "clinician", regimens=["ivmp-pulse"])
    for verb in ("give", "decline", "miss"):
        ward.do(episode, verb, "nurse", regimen="ivmp-pulse", reason="as told")
    ward.do(episode, "retract", "nurse", target="weight_kg", reason="another patient's")
    ward.do(episode, "stop", "lead", regimen="ivmp-pulse", override=["steroid-stop"], reason="psychosis")
    courses = ward.get(episode).json()["courses"]
    assert [course["in_force"] for course in courses if course["regimen"] == "ivmp-pulse"] == [False]
    kinds = [each["cause"] for each in ward.get(f"{episode}/timeline").json()["entries"]]
    assert {"record", "complete", "confirm", "give", "decline", "miss", "retract", "stop"} <= set(kinds)


def test_a_patient_is_found_by_an_identifier_and_several_lead_to_him(ward: Ward) -> None:
    both = [{"system": "hospital-number", "value": "7"}, {"system": "national-number", "value": "99"}]
    enrolled = ward.post("/episodes", {**_enrolment(), "identifiers": both})
    for identifier in both:
        found = ward.post("/episodes/find", {"identifier": identifier}).json()["episodes"]
        assert [each["episode_id"] for each in found] == [enrolled.json()["episode_id"]]
    assert ward.post("/episodes/find", {"identifier": {"system": "x", "value": "7"}}).json()["episodes"] == []


def test_without_a_zone_the_hospitals_counts(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, zone in enumerate(("", "Europe/Vienna")):
        monkeypatch.setenv("CAREPATH_TIMEZONE", zone)
        with TestClient(create_app(ward.system)) as ward.client:
            body = _enrolment() | {"identifiers": [{"system": "hospital-number", "value": str(number)}]}
            del body["timezone"]
            done = ward.post("/episodes", body)
            assert done.status_code == 201, done.text
            story = ward.get(f"/episodes/{done.json()['episode_id']}/story").json()
            assert story["episode"]["timezone"] == (zone or "UTC")


def test_numbers_stay_exact(ward: Ward) -> None:
    episode = ward.enrol()
    for sent in (b"65", b"65.5", b"65.50"):
        done = ward.post(f"{episode}/record", b'{"facts": {"weight_kg": %s}}' % sent)
        assert done.status_code == 200, done.text
        recorded = ward.get(f"{episode}/timeline").json()["entries"][-1]["command"]["facts"]["weight_kg"]
        assert str(recorded) == sent.decode()
    text = ward.post(f"{episode}/record", {"facts": {"weight_kg": "65.5"}})
    assert text.json()["detail"] == "weight_kg must be a number"


def test_the_answers_are_of_the_shape_that_is_promised(ward: Ward) -> None:
    episode = ward.enrol()
    shapes: dict[str, type[answers.Reply]] = {
        episode: answers.EpisodeNow,
        f"{episode}/explain": answers.Explanation,
        f"{episode}/timeline": answers.Timeline,
        f"{episode}/story": answers.Story,
        "/worklist": answers.Items,
        "/inbox": answers.Notices,
        "/pathways": answers.Pathways,
    }
    for path, shape in shapes.items():
        shape.model_validate(ward.get(path).json())
    done = ward.post(f"{episode}/record", {"facts": {"severity": "mild"}})
    answers.Done.model_validate(done.json())
    answers.ProblemDetails.model_validate(ward.post(f"{episode}/record", {"facts": {"nix": 1}}).json())


def test_a_list_comes_in_pages(ward: Ward) -> None:
    ward.enrol()
    first = ward.get("/worklist?limit=2").json()
    rest = ward.get(f"/worklist?limit=500&after={first['after']}").json()
    assert len(first["items"]) == 2
    assert rest["after"] is None
    keys = [(each["kind"], each["key"]) for each in first["items"] + rest["items"]]
    assert len(keys) == len(set(keys)) > 4


def test_the_page_may_apply_its_own_styles_alone(ward: Ward) -> None:
    page = ward.get(f"{ward.enrol()}/report")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"<script|\sstyle=|\son[a-z]+=|(?:src|href)=\"(?!#|data:)", page.text)


def _enrolment() -> dict[str, Any]:
    return {"pathway": PATHWAY, "ward": "N2", "timezone": "Europe/London"}
