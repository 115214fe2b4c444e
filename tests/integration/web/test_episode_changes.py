"""Goal: two people who decide at once get an account of each other; times that clocks skip or repeat are asked for."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orchestrator.web.typed import TwiceThatNight, moment_of
from tests.integration.api.conftest import set_clock
from tests.integration.web.conftest import House
from tests.integration.web.filling import form, forms, send
from tests.integration.web.test_episode import FACTS, PULSE, enrolled, landed, treated, words


def test_two_people_decide_at_once(each_house: House) -> None:
    house, page = each_house, enrolled(each_house)
    house.ward.do(page, "record", facts=FACTS)
    first, second = house.signed_in("clinician"), house.signed_in("oncall", ("N2", "on-call"))
    mine, theirs = first.get(page).text, second.get(page).text
    assert send(first, form(mine, "confirm", regimen=PULSE), reason="as discussed").status_code == 303
    late = form(theirs, "confirm", place="confirm-several")
    changed = send(second, late, typed={"regimen": "plex", "parameter.sessions": "7"}, reason="for the night")
    assert changed.status_code == 412
    told = words(changed.text)
    assert "Not done: somebody was here since you looked" in told
    assert "You wanted: Confirm Plasma exchange (sessions 7)" in told
    assert re.search(
        r"Confirmed Methylprednisolone IV pulse.{0,40}Clinician, clinician, .{0,40}entry 3 “?as discussed", told
    )
    assert len(house.ward.system.queries.show(page.rpartition("/")[2])["courses"]) == 1
    again = form(changed.text, "confirm", place="confirm-several", **{"parameter.sessions": "7"})
    assert (again["regimen"], again["reason"], again["seen"].partition("-")[0]) == ("plex", "for the night", "3")
    assert send(second, again).status_code == 303


def test_what_does_not_change_a_decision_does_not_stand_in_its_way(house: House) -> None:
    page = treated(house)
    nurse = house.signed_in("nurse")
    button = form(nurse.get(page).text, "give", regimen=PULSE)
    house.ward.do(page, "record", role="nurse", facts={"height_cm": 181})
    assert send(nurse, button).status_code == 303


def test_what_was_typed_outlives_a_store_that_is_busy(house: House) -> None:
    page = treated(house)
    nurse = house.signed_in("nurse")
    missed = form(nurse.get(page).text, "miss", regimen=PULSE)
    house.ward.system.store._wait_s = 0.01  # type: ignore[union-attr]
    with house.ward.system.store.change():
        told = send(nurse, missed, reason="no line yet")
    assert told.status_code == 503
    assert "Nobody knows yet whether it was done" in words(told.text)
    again = form(told.text, "miss", reason="no line yet", key=missed["key"])
    assert send(nurse, again).status_code == 303
    assert send(nurse, again).status_code == 303, "it is done once"
    (course,) = house.ward.system.queries.show(page.rpartition("/")[2])["courses"]
    assert [each["status"] for each in course["administrations"]] == ["missed", "planned", "planned"]


def test_the_page_says_that_it_is_no_longer_as_it_stands(house: House) -> None:
    page = treated(house)
    nurse = house.signed_in("nurse")
    shown = nurse.get(page).text
    (news,) = re.findall(r'hx-get="([^"]+/news[^"]*)"', shown)
    assert "This has changed" not in nurse.get(news).text
    house.ward.do(page, "give", role="nurse", regimen=PULSE)
    said = nurse.get(news).text
    assert "This has changed" in said
    assert PULSE not in said


@pytest.mark.parametrize("kind", ["missing", "others"])
def test_facts_are_recorded_by_their_kind(house: House, kind: str) -> None:
    page = enrolled(house)
    nurse = house.signed_in("nurse")
    fields = {name for name, _ in form(nurse.get(page).text, "record", place=kind).offered if name.startswith("fact.")}
    assert fields, "there is a field for each"
    assert "fact.infection_status" in fields or kind == "others"


def test_what_is_typed_of_facts_is_what_is_recorded(house: House) -> None:
    page = enrolled(house)
    nurse = house.signed_in("nurse")
    blank = form(nurse.get(page).text, "record", place="missing")
    nothing = send(nurse, blank)
    assert "nothing was filled in" in nothing.text
    typed: dict[str, str | list[str]] = {
        "fact.severity": "moderate",
        "fact.consciousness_declining": "false",
        "fact.weight_kg": "70.50",
        "fact.antibodies": ["[]"],
    }
    both = send(nurse, form(nothing.text, "record", place="missing"), typed={**typed, "fact.antibodies": ["[]", "gad"]})
    assert both.status_code == 422
    kept = form(both.text, "record", place="missing")
    assert (kept["fact.severity"], kept["fact.consciousness_declining"]) == ("moderate", "false"), (
        "what was typed is kept"
    )
    assert send(nurse, kept, typed=typed).status_code == 303
    facts = house.ward.system.queries.show(page.rpartition("/")[2])["facts"]
    assert {name: row["value"] for name, row in facts.items()} == {
        "severity": "moderate", "consciousness_declining": False, "weight_kg": "70.50", "antibodies": [],
    }  # fmt: skip
    correct = form(nurse.get(page).text, "record", place="fact-weight_kg")
    assert correct["fact.weight_kg"] == "70.50"
    far = send(nurse, correct, typed={"fact.weight_kg": "700", "reason": "misread"})
    assert "weight_kg must lie between 0.5 and 400 kg" in far.text
    assert form(far.text, "record", place="fact-weight_kg")["reason"] == "misread"
    assert send(
        nurse, form(nurse.get(page).text, "record", place="fact-severity"), typed={"fact.severity": "?"}
    ).is_redirect
    assert "severity" not in house.ward.system.queries.show(page.rpartition("/")[2])["facts"]
    unset = send(nurse, form(nurse.get(page).text, "retract", target="weight_kg"))
    assert send(nurse, form(unset.text, "retract"), reason="another patient's").is_redirect
    assert "weight_kg" not in house.ward.system.queries.show(page.rpartition("/")[2])["facts"]


def test_a_task_is_completed_and_a_reminder_seen(house: House) -> None:
    page = treated(house)
    house.ward.advance(hours=30)
    house.ward.fire()
    clinician = house.signed_in("clinician")
    shown = clinician.get(page).text
    done = send(clinician, form(shown, "complete"), back="/worklist?ward=N2&done=give&entry=9#next")
    assert re.fullmatch(r"/worklist\?ward=N2&done=complete&entry=\d+#next", done.headers["location"])
    away = send(clinician, form(clinician.get(page).text, "acknowledge"), back="https://elsewhere.example/")
    assert away.headers["location"].startswith(f"{page}?done=acknowledge")
    assert "Saw the reminder" in landed(clinician, away)


def test_a_time_that_clocks_skipped_or_repeated_is_not_guessed(house: House) -> None:
    set_clock(house.ward.system, datetime(2026, 10, 24, 8, tzinfo=UTC))
    page = treated(house)
    set_clock(house.ward.system, datetime(2026, 10, 25, 8, tzinfo=UTC))
    nurse = house.signed_in("nurse")
    earlier = [each for each in forms(nurse.get(page).text) if ("given_at", "") in each.fields][0]
    asked = send(nurse, earlier, given_at="2026-10-25T01:30")
    assert asked.status_code == 422
    assert "Clocks showed this time twice that night" in asked.text
    answered = send(nurse, form(asked.text, "give", given_at="2026-10-25T01:30"), typed={"which.given_at": "second"})
    assert answered.status_code == 303
    (course,) = house.ward.system.queries.show(page.rpartition("/")[2])["courses"]
    assert course["administrations"][0]["at"] == "2026-10-25T01:30:00+00:00"
    skipped = [each for each in forms(nurse.get(page).text) if ("given_at", "") in each.fields][0]
    refused = send(nurse, skipped, given_at="2026-03-29T01:30")
    assert "there was no such time" in refused.text
    assert 'value="2026-03-29T01:30"' in refused.text


def test_moments_of_the_hospitals_zone() -> None:
    london = ZoneInfo("Europe/London")
    assert moment_of("x", "2026-07-01T12:00", london) == "2026-07-01T12:00:00+01:00"
    assert moment_of("x", "2026-10-25T01:30", london, "first") == "2026-10-25T01:30:00+01:00"
    with pytest.raises(TwiceThatNight) as found:
        moment_of("given_at", "2026-10-25T01:30", london)
    assert found.value.field == "given_at"


def test_what_was_typed_outlives_its_session(house: House) -> None:
    page = enrolled(house)
    nurse = house.signed_in("nurse")
    filled = form(nurse.get(page).text, "record", place="missing")
    system = house.ward.system
    nurse.send("/me", "/sign-out")
    out = send(nurse, filled, typed={"fact.weight_kg": "71.5", "reason": "the scale of the ward"})
    assert out.status_code == 401
    assert "Not done: you are signed out" in words(out.text)
    assert "71.5" not in words(out.text), "who stands there now has not said who it is"
    kept = form(out.text, "record", place="missing")
    assert (kept["fact.weight_kg"], kept["reason"], kept["key"]) == ("71.5", "the scale of the ward", filled["key"])
    assert send(nurse, kept).status_code == 401, "going on without signing in loses nothing either"
    nurse.sign_in("nurse")
    asked = send(nurse, kept)
    assert asked.status_code == 403
    assert "weight kg: 71.5" in words(asked.text)
    assert "weight_kg" not in system.queries.show(page.rpartition("/")[2])["facts"], "not before the person says so"
    assert send(nurse, form(asked.text, "record", place="missing")).status_code == 303
    assert system.queries.show(page.rpartition("/")[2])["facts"]["weight_kg"]["value"] == "71.5"


def test_a_password_is_never_given_back(house: House) -> None:
    nurse = house.signed_in("nurse")
    filled = form(nurse.get("/password").text, "password")
    nurse.send("/me", "/sign-out")
    out = send(nurse, filled, typed={"present": "something to be kept secret", "password": "a", "again": "a"})
    assert out.headers["location"] == "/sign-in?next=/"
    assert "something to be kept" not in out.text
