"""Goal: it is seen what people are asked, how soon they answer, what climbs, and what rings at night."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestrator.service.overview import load as loads
from tests.integration.api.conftest import Ward
from tests.integration.web.conftest import House

TASK = "neurology-consult"


def evening(ward: Ward) -> str:
    """A task with an urgent ladder: told at 8, 9 and 10 in the evening, acknowledged by the lead at 9:30."""
    ward.advance(hours=12)
    episode = ward.enrol("no-0001")
    ward.fire()
    ward.advance(hours=1)
    ward.fire()
    ward.advance(minutes=30)
    ward.do(episode, "acknowledge", "lead", reminder=_key(ward, episode))
    return episode


def _key(ward: Ward, episode: str) -> str:
    shown = ward.get(episode).json()["reminders"]
    return str(next(each["key"] for each in shown if TASK in each["key"]))


def test_what_was_told_answered_and_climbed(each_house: House) -> None:
    ward = each_house.ward
    evening(ward)
    ward.advance(hours=1)
    nurse, lead = each_house.signed_in("nurse"), each_house.signed_in("lead")
    text = " ".join(nurse.get("/load").text.split())
    assert "The last day" in text
    assert "Alarm load N2" in text
    day = _span(ward, "day")
    roles = {each["role"]: each for each in day["roles"]}
    told = [(name, each["told"], each["acknowledged"], each["climbed"]) for name, each in roles.items()]
    assert told == [("clinician", 1, 1, 1), ("lead", 1, 1, 0)]
    assert [each["median_seconds"] for each in roles.values()] == [5400, 1800]
    assert roles["lead"]["rungs"] == [{"rung": 1, "told": 1}]
    assert (day["told"], day["night"], day["slowest_seconds"]) == (2, 0, 5400)
    people = {each["name"]: each for each in day["people"]}
    assert (people["Lead"]["told"], people["Nurse"]["told"], people["u-lead"]["answered"]) == (1, 0, 1)
    assert lead.get("/load?ward=N2").status_code == 200


def _span(ward: Ward, name: str) -> dict[str, Any]:
    spans = ward.system.overview.load.show("N2", ZoneInfo("Europe/London"))["spans"]
    return dict(next(each for each in spans if each["span"] == name))


def test_what_is_done_answers_too_and_nights_are_the_hospitals(ward: Ward) -> None:
    ward.advance(hours=14)  # ten in the evening
    episode = ward.enrol("0001")
    ward.fire()
    ward.advance(minutes=10)
    ward.do(episode, "complete", "nurse", task=TASK)
    day = _span(ward, "day")
    assert (day["told"], day["done"], day["acknowledged"], day["unanswered"]) == (1, 1, 0, 0)
    assert (day["night"], day["median_seconds"]) == (1, 600)
    ward.advance(days=2)
    assert _span(ward, "day")["told"] == 0
    assert _span(ward, "week")["told"] == 1


def test_a_reminder_that_comes_again_is_answered_anew(ward: Ward) -> None:
    evening(ward)
    for _ in range(30):
        ward.advance(hours=1)
        ward.fire()
    week = _span(ward, "week")
    assert week["told"] > 2
    clinician = next(each for each in week["roles"] if each["role"] == "clinician")
    assert clinician["acknowledged"] == 1, "the answer to the first says nothing of the next"
    assert clinician["unanswered"] == clinician["told"] - 1


def test_more_than_are_counted_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    evening(house.ward)
    monkeypatch.setattr(loads, "MOST", 1)
    assert "There were more than 1 notices" in house.signed_in("nurse").get("/load").text
    assert _span(house.ward, "day")["told"] == 1


def test_who_may_see_it(house: House) -> None:
    evening(house.ward)
    assert house.signed_in("other", ("N3", "nurse")).get("/load?ward=N2").status_code == 404
    assert house.signed_in("administrator", ("*", "administrator")).get("/load").status_code == 403
    assert "no-0001" not in house.signed_in("nurse").get("/load").text, "it is about alarms, not about patients"
    told = house.ward.get("/load?ward=N2").json()
    assert told["spans"][0]["told"] == 2
    assert timedelta(seconds=told["spans"][0]["slowest_seconds"]) == timedelta(minutes=90)
