"""Goal: a shift tells the next what happened to each patient, what is due, late, undecided; who read it is known."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from orchestrator.service.overview import shift as shifts
from orchestrator.service.overview import since
from orchestrator.service.overview.shift import Span
from orchestrator.service.people.looking import Who
from tests.integration.api.conftest import T0, Ward
from tests.integration.web.conftest import House, shown

NURSE = Who("u-nurse", "nurse")
PULSE = "Methylprednisolone IV pulse"


def day(ward: Ward) -> str:
    """Play a day with a patient, and return the episode's path."""
    episode = ward.enrol("0000417")
    ward.do(episode, "record", "nurse", facts={"severity": "severe", "infection_status": "excluded"})
    refused = ward.post(f"{episode}/confirm", {"regimens": ["rituximab-weekly"]}, "clinician")
    assert refused.status_code == 422
    ward.do(episode, "confirm", "clinician", regimens=["ivmp-pulse"], parameters={"days": 3})
    ward.do(episode, "give", "nurse", regimen="ivmp-pulse")
    ward.advance(hours=24)
    ward.do(episode, "miss", "nurse", regimen="ivmp-pulse", reason="no way into a vein")
    ward.advance(hours=7)
    ward.fire()
    return episode


def test_the_sheet_tells_what_happened_and_what_is_handed_over(each_house: House) -> None:
    ward = each_house.ward
    episode = day(ward)
    browser = each_house.signed_in("nurse")
    assert browser.get("/handover").headers["location"] == "/handover/N2"
    text = shown(browser.get("/handover/N2?hours=40"))
    for words in (
        "0000417", f"Gave administration 1 of {PULSE}", f"Missed administration 2 of {PULSE}",
        "Reason: <q>no way into a vein</q>", "Refused (", "Moved from workup to first line", "u-clinician, clinician",
        "Late, and not done", "Due in the next shift", "dose 3 of 3", f"{PULSE}: 1 of 3 given", "reminders were sent",
    ):  # fmt: skip
        assert words in text, words
    short = shown(browser.get("/handover/N2?hours=8"))
    assert f"Missed administration 2 of {PULSE}" in short
    assert f"Gave administration 1 of {PULSE}" not in short, "that was the shift before"
    looks = ward.system.sight.looks(_patient(ward, episode))
    mine = [
        (each["kind"], each["what"], each["episode_id"]) for each in looks if each["by"] in each_house.people.values()
    ]
    assert mine == [("read", "hand-over", episode.rpartition("/")[2])] * 2


def _patient(ward: Ward, episode: str) -> str:
    with ward.system.store.read() as reader:
        return (reader.whereabouts(episode.rpartition("/")[2]) or ("", ""))[0]


def test_a_shift_is_chosen_by_the_hospitals_clock(house: House) -> None:
    day(house.ward)
    browser = house.signed_in("nurse")
    text = shown(browser.get("/handover/N2?from=2026-03-02T07:30&to=2026-03-02T19:30"))
    assert 'value="2026-03-02T07:30"' in text
    assert f"Gave administration 1 of {PULSE}" in text
    assert "Missed administration" not in text
    summer = browser.get("/handover/N2?from=2026-03-29T00:30&to=2026-03-29T08:30")
    assert summer.status_code == 200, "seven hours, when clocks go forward"
    for wrong in ("from=2026-03-02T07:30&to=2026-03-02T07:00", "from=2026-03-01T07:30&to=2026-03-09T07:30", "from=x"):
        answer = browser.get(f"/handover/N2?{wrong}")
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    assert 'value="2026-03-02T07:30"' in browser.get("/handover/N2?from=2026-03-02T07:30&to=2026-03-01T01:00").text


@pytest.mark.parametrize("hour", [0, 1])
def test_a_shift_that_ends_in_an_hour_that_comes_twice_is_told_to_its_end(house: House, hour: int) -> None:
    """Clocks show it in summer time and then in winter time; a form knows of neither."""
    ward, form = house.ward, re.compile(r'name="(from|to)" type="datetime-local" value="([^"]+)"')
    ward.now = datetime(2026, 10, 25, hour, 20, tzinfo=UTC)
    ward.advance()
    episode = ward.enrol("0000417")
    ward.do(episode, "record", "nurse", facts={"weight_kg": 61})
    ward.advance(minutes=20)
    browser = house.signed_in("nurse")
    first = shown(browser.get("/handover/N2?hours=8"))
    typed = dict(form.findall(first))
    assert typed["to"] == "2026-10-25T01:41"
    for text in (first, shown(browser.get(f"/handover/N2?{urlencode(typed)}"))):
        assert "61 kg" in text
        assert f'<time datetime="2026-10-25T0{hour}:41:00+00:00">' in text, "and no hour that is to come"


def test_an_episode_that_was_closed_in_the_shift_is_on_it_and_one_closed_before_is_not(each_ward: Ward) -> None:
    gone, left = each_ward.enrol("0001"), each_ward.enrol("0002")
    each_ward.do(gone, "close", "lead", outcome="discharged")
    each_ward.advance(hours=12)
    each_ward.do(left, "close", "lead", outcome="discharged")
    span = Span(T0 + timedelta(hours=8), T0 + timedelta(hours=16))
    sheet = each_ward.system.overview.shifts.sheet(NURSE, "N2", span)
    (patient,) = sheet["patients"]
    assert (f"/episodes/{patient['episode_id']}", patient["closed"]) == (left, True)
    assert [line["kind"] for line in patient["happened"]] == ["close"]


def test_a_busy_shift_is_told_whole(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(since, "_AT_ONCE", 3)
    episode = ward.enrol("0001")
    ward.advance(hours=1)
    for weight in range(60, 71):
        ward.do(episode, "record", "nurse", facts={"weight_kg": weight})
    span = Span(ward.now - timedelta(minutes=30), ward.now + timedelta(minutes=1))
    (patient,) = ward.system.overview.shifts.sheet(NURSE, "N2", span)["patients"]
    assert len(patient["happened"]) == 11
    assert patient["happened"][0]["words"].endswith("60 kg")
    whole = Span(T0, ward.now + timedelta(minutes=1))
    (patient,) = ward.system.overview.shifts.sheet(NURSE, "N2", whole)["patients"]
    assert patient["happened"][0]["kind"] == "enrol"


def test_a_large_ward_comes_in_parts(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shifts, "PAGE", 2)
    for number in range(3):
        house.ward.enrol(f"000{number}")
        house.ward.advance(minutes=1)
    browser = house.signed_in("nurse")
    first, second = (shown(browser.get(f"/handover/N2?page={page}")) for page in (1, 2))
    assert "Part 1 of 2; 3 patients in all." in first
    assert [f">000{number}</a>" in first for number in range(3)] == [True, True, False]
    assert [f">000{number}</a>" in second for number in range(3)] == [False, False, True]


def test_nobody_reads_another_wards_sheet(house: House) -> None:
    house.ward.enrol("0001")
    assert house.signed_in("other", ("N3", "nurse")).get("/handover/N2").status_code == 404
    assert house.signed_in("administrator", ("*", "administrator")).get("/handover/N2").status_code == 403


def test_programs_get_the_same_sheet(ward: Ward) -> None:
    day(ward)
    asked = "/handover?ward=N2&from=2026-03-02T07:00:00%2B00:00&to=2026-03-03T18:00:00%2B01:00"
    sheet = ward.get(asked, **{"Carepath-Actor": "u-77", "Carepath-Role": "nurse"}).json()
    kinds = [line["kind"] for line in sheet["patients"][0]["happened"]]
    assert kinds == ["enrol", "record", "confirm", "confirm", "give", "miss"]
    looks = ward.system.sight.looks(sheet["patients"][0]["patient_id"])
    assert [(each["by"], each["role"]) for each in looks] == [("u-77", "nurse")]
    assert ward.get(asked.replace("N2", "N9")).status_code == 404
    assert ward.get("/handover?ward=N2&from=2026-03-02T07:00:00&to=2026-03-03T18:00:00").status_code == 422, "no zone"
