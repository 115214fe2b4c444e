"""Goal: every dose says how much, by which route, how often, when and who gives it; what comes next stands beside."""

import re

import pytest

from orchestrator.api.app import PREFIX
from orchestrator.clock import VirtualClock
from tests.integration.api.conftest import enrolment
from tests.integration.web.conftest import House
from tests.integration.web.filling import form, send
from tests.integration.web.test_episode import PULSE, treated, words

TAPER = "steroid-taper"


def test_a_dose_says_how_much_by_which_route_and_for_whom(house: House) -> None:
    page = treated(house)
    shown = words(house.signed_in("nurse").get(page).text)
    assert "Methylprednisolone IV pulse 1 g IV Dose 1 of 3, Mon 2 Mar 2026, 08:00" in shown
    assert "for the clinician" in shown
    assert re.search("Next: Tue 3 Mar 2026, 08:00 , [^:]*: Methylprednisolone IV pulse 1 g IV", shown)
    assert "1 g IV planned" in shown, "each administration of the course"


def test_a_dose_that_another_weight_makes_another_says_which_one_was_confirmed(house: House) -> None:
    page, nurse = treated(house), house.signed_in("nurse")
    house.ward.do(page, "record", role="clinician", facts={"weight_kg": 70})
    house.ward.do(page, "confirm", role="clinician", regimens=["ivig"], reason="made up")
    anew = "Confirmed was 28 g. What it is made from has been recorded anew since."
    assert anew not in words(nurse.get(page).text)
    house.ward.do(page, "record", role="clinician", facts={"weight_kg": 100})
    told = words(nurse.get(page).text)
    assert re.search(f"immunoglobulin 40 g .*{re.escape(anew)}", told)
    house.ward.do(page, "record", role="clinician", facts={"weight_kg": None})
    assert anew in words(nurse.get(page).text), "now no dose can be told"


def test_a_dose_of_days_to_come_is_not_given_by_a_slip(house: House) -> None:
    page = treated(house)
    nurse = house.signed_in("nurse")
    assert send(nurse, form(nurse.get(page).text, "give", regimen=PULSE)).status_code == 303
    text = nurse.get(page).text
    told = words(text)
    assert "Record dose 2 before its time" in told
    assert "It is planned for Tue 3 Mar 2026, 08:00" in told
    assert "Given now all the same" in told
    assert "Given now" not in _buttons(text)
    house.ward.advance(hours=13)
    assert "Given now" in _buttons(nurse.get(page).text)


def test_a_dose_of_days_to_come_is_not_given_by_a_slip_from_the_worklist(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, clock = treated(house), VirtualClock(house.ward.now)
    monkeypatch.setitem(vars(house.ward.system), "clock", clock)
    nurse, doses = house.signed_in("nurse"), "/worklist?kind=dose"
    assert "Given now" in _buttons(nurse.get(doses).text)
    assert send(nurse, form(nurse.get(page).text, "give", regimen=PULSE)).status_code == 303
    text = nurse.get(doses).text
    told = words(text)
    assert "Before its time …" in told
    assert re.search(r"It is planned for Tue 3 Mar 2026, 08:00 ?, in 24 hours", told)
    assert "Given?" not in told
    assert "Given now" not in _buttons(text)
    house.ward.advance(hours=13)
    clock.set(house.ward.now)
    assert "Given now" in _buttons(nurse.get(doses).text)


def test_a_taper_is_a_daily_dose_with_a_first_and_a_last_day(house: House) -> None:
    page = treated(house)
    house.ward.do(page, "confirm", role="clinician", regimens=[TAPER], reason="made up",
                  parameters={"dose": 50, "taper_days": 28})  # fmt: skip
    text = house.signed_in("nurse").get(page).text
    told = words(text)
    for amount, first, last in (
        ("50", "Thu 5 Mar", "Thu 12 Mar"), ("37.5", "Thu 12 Mar", "Thu 19 Mar"), ("25", "Thu 19 Mar", "Thu 26 Mar"),
        ("12.5", "Thu 26 Mar", "Thu 2 Apr"),
    ):  # fmt: skip
        assert f"{first} 2026, 08:00 until {last} 2026," in told
        assert f"{amount} mg PO daily" in told
        assert re.search(rf'<text class="value middle"[^>]*>{re.escape(amount)}</text>', text), (
            "in the chart, to the milligram"
        )
    assert '<path class="now"' not in text, "it begins when the pulse ends"
    house.ward.advance(days=4)
    assert '<path class="now"' in house.signed_in("nurse").get(page).text


def _buttons(text: str) -> list[str]:
    return re.findall(r"<button[^>]*>([^<]*)</button>", text)


def test_what_was_given_is_drawn_until_now(house: House) -> None:
    page = treated(house)
    house.ward.do(page, "confirm", role="clinician", regimens=[TAPER], reason="made up", parameters={"dose": 40})
    house.ward.advance(days=3)
    house.ward.do(page, "give", role="nurse", regimen=TAPER)
    house.ward.advance(days=4)
    system = house.ward.system
    story = system.telling.whole(page.rpartition("/")[2]).story
    (step,) = next(each for each in story["courses"] if each["regimen"] == TAPER)["chart"]["given"]
    assert step["until"] == "2026-03-09T08:00:00.000000Z", "the clock's, though no entry was made since"


def test_what_can_be_taken_back_is_offered_where_it_was_charted(house: House) -> None:
    page, nurse = treated(house), house.signed_in("nurse")

    def offered() -> list[str]:
        """Return of each course, the newest first, what its card offers to take back."""
        cards = nurse.get(page).text.split('<article class="card course"')[1:]
        return [" ".join(re.findall(r"Take back what was recorded of (dose \d)", card)) for card in cards]

    assert offered() == [""]
    house.ward.do(page, "give", role="nurse", regimen=PULSE)
    assert offered() == ["dose 1"]
    house.ward.do(page, "stop", role="lead", regimen=PULSE, override=["steroid-stop"], reason="made up")
    house.ward.do(page, "confirm", role="clinician", regimens=[PULSE], reason="made up")
    assert offered() == ["", "dose 1"], "the last that was recorded of the regimen is of the course before"
    house.ward.do(page, "give", role="nurse", regimen=PULSE)
    assert offered() == ["dose 1", ""], "on the other card it would take back this one"


def test_a_time_that_cannot_be_is_told_in_words_and_kept(house: House) -> None:
    page = treated(house)
    nurse = house.signed_in("nurse")
    late = form(nurse.get(page).text, "give", place=f"course-{PULSE}-given")
    ahead = send(nurse, late, typed={"given_at": "2027-03-02T09:00"})
    assert "the time at which the dose was given lies in the future" in words(ahead.text)
    assert form(ahead.text, "give", place=f"course-{PULSE}-given")["given_at"] == "2027-03-02T09:00"
    assert send(nurse, form(nurse.get(page).text, "give", regimen=PULSE)).status_code == 303
    late = form(nurse.get(page).text, "give", place=f"course-{PULSE}-given")
    before = send(nurse, late, typed={"given_at": "2026-03-02T07:30"})
    assert "if that one was charted with a wrong time, take it back first" in words(before.text)
    assert form(before.text, "give", place=f"course-{PULSE}-given")["given_at"] == "2026-03-02T07:30"


def ataxia(house: House) -> str:
    """Return the page of a patient on a pathway whose own document gives no dose of the pulse."""
    answer = house.ward.post("/episodes", enrolment(pathway="autoimmune-cerebellar-ataxia"))
    page = str(answer.headers["location"]).removeprefix(PREFIX)
    house.ward.do(page, "record", facts={"severity": "severe", "weight_kg": 70, "infection_status": "excluded"})
    return page


def test_a_formula_that_another_document_lends_is_told_without_a_mark_before_it(house: House) -> None:
    """Of a dose that is made from no fact it began with a semicolon: `1 g IV ; formula lent by`."""
    shown = words(house.signed_in("clinician").get(ataxia(house)).text)
    assert "1 g IV formula lent by" in shown


def test_what_comes_next_says_which_task_falls_due(house: House) -> None:
    shown = words(house.signed_in("nurse").get(ataxia(house)).text)
    assert re.search(r"Next: [^;]*: A task is due \(\w[^)]*", shown)


def test_a_taper_of_one_step_is_told_as_one_administration(house: House) -> None:
    page = treated(house)
    house.ward.do(page, "confirm", role="lead", regimens=[TAPER], reason="made up",
                  parameters={"dose": 50, "taper_days": 5}, override=["taper-minimum"])  # fmt: skip
    assert "one administration planned" in words(house.signed_in("nurse").get(page).text)
