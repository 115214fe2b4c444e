"""Goal: in a browser the rota is read and changed by whom it concerns, and each person says how notices reach him."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from orchestrator.bootstrap import System
from orchestrator.notify.reading import Outside, read_channels
from orchestrator.service.people.duty import Duty
from orchestrator.web.app import create_pages
from tests.integration.gateways import Gateway, gateway
from tests.integration.web.conftest import WARD, Browser, House
from tests.servers.outside import NEVER

DAY = "2026-03-02"
PAGE = f"/rota/{WARD}"


def text_of(page: str) -> str:
    """Return what a page says, without its marks."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2])).split())


def on_duty(
    browser: Browser, person_id: str, *, role: str = "nurse", starts: str = "08:00", ends: str = "20:00"
) -> str:
    """Put somebody on duty by the form; return where it led, or the problem."""
    answer = browser.send(
        PAGE, do="add", role=role, person=person_id, starts=f"{DAY}T{starts}", ends=f"{DAY}T{ends}"
    )  # fmt: skip
    return answer.headers.get("location") or text_of(answer.text)


def test_a_lead_makes_the_rota_and_everybody_of_the_ward_reads_it(each_house: House) -> None:
    house = each_house
    lead, nurse = house.signed_in("lead"), house.signed_in("nurse")
    assert lead.get("/rota").headers["location"] == PAGE
    assert "Nobody is on duty by the rota in this week" in text_of(lead.get(PAGE).text)
    assert on_duty(lead, house.people["nurse"]) == f"{PAGE}?week={DAY}"
    shown = text_of(nurse.get(PAGE).text)
    assert "today 00:00–08:00 nobody : all who hold the post are told 08:00–20:00 Nurse 20:00–24:00 nobody" in shown
    assert "no channel of their own" in shown
    assert "Put on duty" in text_of(lead.get(PAGE).text)
    assert "Put on duty" not in shown
    assert "Nobody is on duty" in text_of(lead.get(f"{PAGE}?week=2026-03-09").text)
    (duty,) = house.ward.system.duty.rota.view(WARD, house.ward.now.date())["duties"]
    gone = lead.send(PAGE, do="remove", duty=duty["duty_id"])
    assert gone.status_code == 303
    assert "Nobody is on duty" in text_of(nurse.get(PAGE).text)


def test_a_duty_from_midnight_to_midnight_stands_on_its_own_day_in_summer_too(house: House) -> None:
    house.ward.system.duty.rota.zone = ZoneInfo("Europe/London")
    lead, (zoe, _) = house.signed_in("lead"), [house.add(name, (WARD, "nurse")) for name in ("zoe", "ann")]
    for starts, ends in (("2026-07-01T00:00", "2026-07-02T00:00"), ("2026-07-03T09:00", "2026-07-03T17:30")):
        answer = lead.send(
            f"{PAGE}?week=2026-07-01", PAGE, do="add", role="nurse", person=zoe, starts=starts, ends=ends
        )
        assert answer.headers["location"] == f"{PAGE}?week=2026-06-29"
    page = lead.get(f"{PAGE}?week=2026-07-01").text
    nobody = "nobody : all who hold the post are told"
    assert (
        f"Tue 30 Jun 00:00–24:00 {nobody} Wed 1 Jul 00:00–24:00 Zoe Thu 2 Jul 00:00–24:00 {nobody}"
        f" Fri 3 Jul 00:00–09:00 {nobody} 09:00–17:30 Zoe 17:30–24:00 {nobody} Sat 4 Jul"
    ) in text_of(page)
    assert re.findall(r"week=(2026-\d\d-\d\d)", page.partition("<table")[0]) == ["2026-06-22", "2026-07-06"]
    assert page.index("Ann (nurse)") < page.index("Lead (lead)") < page.index("Zoe (nurse)")
    others = text_of(page).partition("Without a rota this week")[2]
    assert "Lead" in others
    assert "Zoe" not in others


def test_who_may_not_change_a_rota_is_refused_and_another_wards_is_not_there(house: House) -> None:
    lead, nurse = house.signed_in("lead"), house.signed_in("nurse")
    own = lead.send(PAGE, "/sign-out")
    assert own.status_code == 303
    refused = nurse.send("/me/reach", PAGE, do="add", role="nurse", person=house.people["nurse"])
    assert refused.status_code == 403
    stranger = house.signed_in("stranger", ("N9", "lead"))
    assert stranger.get(PAGE).status_code == stranger.send("/me/reach", PAGE, do="add").status_code == 404
    assert nurse.get("/rota/N9").status_code == 404
    assert house.signed_in("administrator", ("*", "administrator")).get(PAGE).status_code == 200
    assert house.ward.system.duty.rota.view(WARD, house.ward.now.date())["duties"] == []


def test_what_cannot_be_is_said_and_what_was_typed_is_kept(house: House) -> None:
    lead = house.signed_in("lead")
    house.add("nurse", (WARD, "nurse"))
    answer = lead.send(
        PAGE, do="add", role="nurse", person=house.people["nurse"], starts=f"{DAY}T20:00", ends=f"{DAY}T08:00"
    )
    assert answer.status_code == 422
    assert "it must end after it begins" in answer.text
    assert f'value="{DAY}T20:00"' in answer.text
    assert f'<option value="{house.people["nurse"]}" selected>' in answer.text
    assert "holds no post as lead" in on_duty(lead, house.people["nurse"], role="lead")
    assert "choose a role and a person" in on_duty(lead, "")


def test_a_ward_with_a_slash_and_a_name_with_marks_are_shown_as_they_are(house: House) -> None:
    ward = "N2/east <b>"
    lead = house.signed_in("lead", (ward, "lead"))
    address = lead.get("/rota").headers["location"]
    assert address == "/rota/N2%2Feast%20%3Cb%3E"
    page = lead.get(address).text
    assert "N2/east &lt;b&gt;" in page
    assert "<b>" not in page


def test_when_i_am_away_another_is_told_and_the_rota_says_so(house: House) -> None:
    nurse = house.signed_in("nurse", (WARD, "nurse"), (WARD, "pharmacist"))
    deputy = house.add("deputy", (WARD, "nurse"))
    house.add("stranger", ("N9", "nurse"))
    page = nurse.get("/me/reach").text
    assert "Deputy" in page
    assert "Stranger" not in page
    on_duty(house.signed_in("lead"), house.people["nurse"])
    away = {"starts": f"{DAY}T12:00", "ends": f"{DAY}T14:00"}
    assert nurse.send("/me/reach", "/me/reach/away", deputy=deputy, **away).status_code == 303
    assert "12:00–14:00 Deputy" in text_of(nurse.get(PAGE).text)
    shown = text_of(nurse.get("/me/reach").text)
    assert "Deputy not as pharmacist (N2)" in shown
    again = nurse.send("/me/reach", "/me/reach/away", deputy="", **away)
    assert again.status_code == 422
    assert "is away already during that time" in again.text
    (absence,) = house.ward.system.duty.aways.of(house.people["nurse"])
    assert nurse.send("/me/reach", "/me/reach/away/remove", away=absence["away_id"]).status_code == 303
    assert "08:00–20:00 Nurse" in text_of(nurse.get(PAGE).text)


def test_without_channels_of_the_house_nobody_can_choose_one(house: House) -> None:
    nurse = house.signed_in("nurse")
    assert "has set up no channel" in nurse.get("/me/reach").text
    refused = nurse.send("/me/reach", "/me/reach/contact", channel="e-mail", address="n@home.example")
    assert refused.status_code == 422
    assert "none is configured" in refused.text


# With channels


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gateway]:
    with gateway("e-mail", tmp_path / "outside") as made:
        yield made


@pytest.fixture
def reached(house: House, gate: Gateway) -> House:
    """A house that notices leave by mail."""
    roles = house.ward.system.people.roles
    house.ward.system = with_channels(house.ward.system, read_channels(gate.file(), roles))
    return house


def with_channels(system: System, outside: Outside) -> System:
    mac, rota = system.keyring.look_mac, system.duty.rota
    duty = Duty(system.store, mac, outside.directory, outside.personal(), roles=rota.roles, zone=rota.zone)
    system.desk.directory = duty.reach
    return replace(system, duty=duty, post=outside.post(rota.zone, duty.reach.contact))


def test_i_choose_a_channel_try_it_and_take_it_back(reached: House, gate: Gateway) -> None:
    nurse = reached.signed_in("nurse")
    typed = {"channel": "e-mail", "address": "nurse@home.example", "quiet_from": "22:00"}
    wrong = nurse.send("/me/reach", "/me/reach/contact", **typed, kind=["reminder"])
    assert wrong.status_code == 422
    assert 'value="nurse@home.example"' in wrong.text
    assert 'value="reminder" checked' in wrong.text
    typed["quiet_until"] = "06:30"
    assert nurse.send("/me/reach", "/me/reach/contact", **typed, kind=["reminder"]).status_code == 303
    shown = text_of(nurse.get("/me/reach").text)
    assert "nurse@home.example Reminders quiet 22:00-06:30" in shown
    tried = nurse.send("/me/reach", "/me/reach/contact/test", name="e-mail-1")
    assert tried.headers["location"] == "/me/reach?test=sent"
    assert "The test message has left" in nurse.get("/me/reach?test=sent").text
    assert [each.to for each in gate.server.arrivals] == ["nurse@home.example"]
    assert "wait" in nurse.send("/me/reach", "/me/reach/contact/test", name="e-mail-1").text
    assert nurse.send("/me/reach", "/me/reach/contact/remove", name="e-mail-1").status_code == 303
    assert "You have no channel of your own" in nurse.get("/me/reach").text


def test_a_test_that_does_not_leave_says_so(reached: House, gate: Gateway) -> None:
    nurse = reached.signed_in("nurse")
    nurse.send("/me/reach", "/me/reach/contact", channel="e-mail", address="nurse@home.example")
    gate.server.answers.append(NEVER)
    tried = nurse.send("/me/reach", "/me/reach/contact/test", name="e-mail-1")
    assert tried.headers["location"] == "/me/reach?test=recipient-refused"
    assert "could not be sent: recipient-refused" in nurse.get("/me/reach?test=recipient-refused").text
    assert "problem" not in nurse.get("/me/reach?test=<b>A%20text</b>").text


def test_nobody_sees_or_changes_the_channels_of_another_person(reached: House) -> None:
    nurse, other = reached.signed_in("nurse"), reached.signed_in("other", (WARD, "nurse"))
    nurse.send("/me/reach", "/me/reach/contact", channel="e-mail", address="nurse@home.example")
    assert "nurse@home" not in other.get("/me/reach").text
    for verb in ("remove", "test"):
        answer = other.send("/me/reach", f"/me/reach/contact/{verb}", name="e-mail-1")
        assert answer.status_code == 422
        assert "there is no such channel" in answer.text
    assert len(reached.ward.system.duty.contacts.of(reached.people["nurse"])) == 1


def test_the_pages_are_served_to_nobody_without_a_session(house: House) -> None:
    client = TestClient(create_pages(house.ward.system, timezone="Europe/London"))
    for page in ("/rota", PAGE, "/me/reach"):
        assert client.get(page, follow_redirects=False).headers["location"].startswith("/sign-in")
