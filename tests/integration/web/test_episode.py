"""Goal: a patient's page says where he stands and why, and lets each do what his role may, and no more."""

import re
from html import unescape
from typing import Any

from tests.integration.api.conftest import PATHWAY
from tests.integration.web.conftest import ADMINISTRATOR, PASSWORD, Browser, House
from tests.integration.web.filling import form, forms, send

PULSE = "ivmp-pulse"
FACTS = {"weight_kg": 70, "infection_status": "excluded", "severity": "severe", "symptoms_progressing": True}


def enrolled(house: House, number: str = "0001") -> str:
    """Enrol a patient and return the address of the page."""
    return house.ward.enrol(number)


def treated(house: House, number: str = "0001") -> str:
    """Return the page of a patient to whom a pulse was confirmed."""
    page = enrolled(house, number)
    house.ward.do(page, "record", facts=FACTS)
    house.ward.do(page, "confirm", role="clinician", regimens=[PULSE], parameters={"days": 3})
    return page


def landed(browser: Browser, answer: object) -> str:
    """Return the page to which a form led."""
    place = answer.headers["location"]  # type: ignore[attr-defined]
    return browser.get(place).text


def words(page: str) -> str:
    """Return what a page says, without marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_nurse_gives_a_dose_with_one_button(each_house: House) -> None:
    house, page = each_house, treated(each_house)
    nurse = house.signed_in("nurse", ("N2", "nurse"))
    shown = nurse.get(page)
    assert shown.status_code == 200
    assert "0001" in shown.text
    assert "0001" not in re.search(r"<title>(.*?)</title>", shown.text)[1]  # type: ignore[index]
    given = send(nurse, form(shown.text, "give", regimen=PULSE))
    assert given.status_code == 303, words(given.text)
    assert re.fullmatch(rf"{page}\?done=give&entry=\d+", given.headers["location"])
    after = landed(nurse, given)
    assert "Gave administration 1 of Methylprednisolone IV pulse, 1 g." in words(after)
    (course,) = house.ward.system.queries.show(page.rpartition("/")[2])["courses"]
    assert [each["status"] for each in course["administrations"]] == ["given", "planned", "planned"]
    entry = house.ward.system.queries.timeline(page.rpartition("/")[2])[-1]
    assert (entry["actor"], entry["role"], entry["authenticated"]) == (house.people["nurse"], "nurse", True)


def test_a_form_sent_twice_is_done_once(house: House) -> None:
    page = treated(house)
    nurse = house.signed_in("nurse")
    button = form(nurse.get(page).text, "give", regimen=PULSE)
    first, second = send(nurse, button), send(nurse, button)
    assert first.headers["location"] == second.headers["location"]
    button.fields.append(("given_at", "2026-03-02T07:00"))
    other = send(nurse, button)
    assert other.status_code == 422
    assert "Not done: this form was sent before, with something else in it" in words(other.text)
    assert form(other.text, "give", given_at="2026-03-02T07:00")["key"] != button["key"]


def test_a_dose_is_missed_declined_and_taken_back(house: House) -> None:
    page = treated(house)
    nurse = house.signed_in("nurse")
    shown = nurse.get(page).text
    assert "Missed administration 1" in landed(nurse, send(nurse, form(shown, "miss", regimen=PULSE), reason="no line"))
    shown = nurse.get(page).text
    declined = send(nurse, form(shown, "miss", regimen=PULSE), to=f"{page}/decline")
    assert "Declined by the patient: administration 2" in words(landed(nurse, declined))
    sure = send(nurse, form(nurse.get(page).text, "retract", target=PULSE))
    assert sure.status_code == 200
    assert "Administration 2 of Methylprednisolone IV pulse, recorded in entry 5, no longer counts" in words(sure.text)
    statuses = [each["status"] for each in _course(house, page)["administrations"]]
    assert statuses == ["missed", "declined", "planned"], "asking whether it is meant does nothing"
    kept = send(nurse, form(sure.text, "retract"))
    assert "Not done: this needs a reason" in words(kept.text)
    assert send(nurse, form(kept.text, "retract", sure="yes"), reason="mistyped").status_code == 303
    assert [each["status"] for each in _course(house, page)["administrations"]] == ["missed", "planned", "planned"]


def test_a_clinician_confirms_with_parameters_and_a_nurse_may_not(house: House) -> None:
    page = enrolled(house)
    house.ward.do(page, "record", facts=FACTS)
    nurse, clinician = house.signed_in("nurse"), house.signed_in("clinician")
    shown = nurse.get(page).text
    assert not [each for each in forms(shown) if each.action.endswith(("/confirm", "/stop", "/close"))]
    assert "Confirming is for: clinician, lead, on-call" in words(shown)
    mine = form(clinician.get(page).text, "confirm", regimen=PULSE)
    own = form(shown, "record")
    theirs = send(nurse, own, to=f"{page}/confirm", regimen=PULSE)
    assert theirs.status_code == 422
    assert "Not done: this is for somebody else to do" in words(theirs.text)
    assert "nurse may not confirm" in theirs.text
    wrong = send(clinician, mine, typed={"parameter.days": "9", "reason": "for the weekend"})
    assert wrong.status_code == 422
    again = form(wrong.text, "confirm", place=f"confirm-{PULSE}")
    assert (again["parameter.days"], again["reason"]) == ("9", "for the weekend"), "what was typed is kept"
    assert again["key"] != mine["key"]
    assert send(clinician, again, typed={"parameter.days": "5"}).status_code == 303
    assert len(_course(house, page)["administrations"]) == 5


def test_a_lead_passes_a_gate_with_a_reason(house: House) -> None:
    page = enrolled(house)
    clinician = house.signed_in("clinician")
    lead = house.signed_in("lead", ("N2", "clinician"), ("N2", "lead"))
    typed = {"regimen": PULSE, "parameter.days": "4", "parameter.start": "2026-03-02T10:00"}
    several = form(clinician.get(page).text, "confirm", place="confirm-several")
    refused = send(clinician, several, typed=typed)
    assert refused.status_code == 422
    told = words(refused.text)
    assert "Not done: a gate refuses" in told
    assert "You wanted : Confirm Methylprednisolone IV pulse (days 4, start 2026-03-02T10:00:00+00:00)" in told.replace(
        "wanted:", "wanted :"
    )
    assert "It lets pass when : unknown infection is excluded" in told.replace("when:", "when :")
    assert "It can be passed, with a reason, by : lead" in told.replace("by:", "by :")
    assert not [each for each in forms(refused.text) if ("override", "infection-excluded") in each.fields]
    refused = send(lead, form(lead.get(page).text, "confirm", place="confirm-several"), typed=typed)
    passing = form(refused.text, "confirm", override="infection-excluded")
    assert passing["parameter.days"] == "4"
    assert send(lead, passing, reason="cannot wait").status_code == 303
    entry = house.ward.system.queries.timeline(page.rpartition("/")[2])[-1]
    assert (entry["role"], entry["result"], entry["command"]["reason"]) == ("lead", "accepted", "cannot wait")


def test_what_is_not_proposed_asks_for_a_reason_in_place(house: House) -> None:
    page = treated(house)
    clinician = house.signed_in("clinician")
    several = form(clinician.get(page).text, "confirm", place="confirm-several")
    asked = send(clinician, several, regimen=["antiviral"])
    assert asked.status_code == 422
    assert "Not done: this needs a reason" in words(asked.text)
    assert send(clinician, form(asked.text, "confirm", regimen="antiviral"), reason="by culture").status_code == 303


def test_stopping_says_what_it_would_do(house: House) -> None:
    page = treated(house)
    clinician = house.signed_in("clinician")
    lead = house.signed_in("lead", ("N2", "lead"))
    stop = form(clinician.get(page).text, "stop", regimen=PULSE)
    refused = send(clinician, stop)
    assert refused.status_code == 422
    assert "steroid-stop" in refused.text
    sure = send(lead, form(lead.get(page).text, "stop", regimen=PULSE))
    assert sure.status_code == 200
    assert "The course of Methylprednisolone IV pulse ended: stopped" in words(sure.text)
    assert "3 planned administrations of Methylprednisolone IV pulse will not be given" in words(sure.text)
    assert "It passes the gate steroid-stop" in words(sure.text)
    assert _course(house, page)["in_force"]
    assert send(lead, form(sure.text, "stop"), reason="psychosis").status_code == 303
    assert not _course(house, page)["in_force"]


def test_closing_and_a_closed_page_that_offers_nothing(house: House) -> None:
    page = enrolled(house)
    clinician = house.signed_in("clinician")
    sure = send(clinician, form(clinician.get(page).text, "close"), outcome="transferred")
    assert "Closed as transferred" not in words(sure.text)
    assert "Close as transferred : is this meant?" in words(sure.text).replace("transferred:", "transferred :")
    assert send(clinician, form(sure.text, "close")).status_code == 303
    closed = clinician.get(page)
    assert forms(closed.text) == []
    assert "This episode is closed" in closed.text
    assert clinician.get(f"{page}/explain").status_code == 200


def test_an_auditor_reads_and_has_no_forms(house: House) -> None:
    page = treated(house)
    auditor = house.signed_in("auditor", ("N2", "auditor"))
    shown = auditor.get(page)
    assert shown.status_code == 200
    assert forms(shown.text) == []
    assert "You may read this record, and change nothing in it" in shown.text
    report = auditor.get(f"{page}/report")
    assert report.status_code == 200
    assert "style-src 'sha256-" in report.headers["content-security-policy"]
    assert auditor.get(f"{page}/explain").status_code == 200
    looks = house.ward.system.sight.looks(house.ward.system.queries.show(page.rpartition("/")[2])["patient_id"])
    assert [each["what"] for each in looks if each["by"] == house.people["auditor"]] == ["episode", "report", "explain"]


def test_the_report_names_people_as_they_are_called_now_and_the_record_never_does(each_house: House) -> None:
    house = each_house
    page = enrolled(house)
    clinician, auditor = house.signed_in("clinician"), house.signed_in("auditor", ("N2", "auditor"))
    actor = house.people["clinician"]
    done = clinician.send(page, f"{page}/record", **{"fact.severity": "mild"})
    assert done.status_code == 303
    house.ward.system.people.change(ADMINISTRATOR, actor, name="Cleo Weiß-Clinician")
    house.ward.system.people.end(ADMINISTRATOR, actor)
    told = words(auditor.get(f"{page}/report").text)
    assert f"Cleo Weiß-Clinician, {actor} , clinician" in told
    assert "The record, and its proof, hold only the id that stands beside the name." in told
    assert "The chain is whole." in told
    for address in (f"{page}/report", f"{page}/story", f"{page}/timeline"):
        kept = house.ward.get(address).text
        assert actor in kept
        assert "Weiß" not in kept
        assert '"Clinician"' not in kept


def test_another_wards_patient_is_not_there(house: House) -> None:
    page = enrolled(house)
    other = house.signed_in("nurse", ("S9", "nurse"))
    own = other.get("/find").text
    for address in (page, f"{page}/explain", f"{page}/report", f"{page}/news"):
        assert other.get(address).status_code == 404
    answer = send(other, form(own, "find"), to=f"{page}/give", regimen=PULSE)
    assert answer.status_code == 404
    assert PATHWAY not in answer.text


def _course(house: House, page: str) -> dict[str, Any]:
    course: dict[str, Any] = house.ward.system.queries.show(page.rpartition("/")[2])["courses"][0]
    return course


def test_a_taper_with_steps_of_its_own(house: House) -> None:
    page = treated(house)
    lead = house.signed_in("lead", ("N2", "lead"))
    shown = lead.get(page).text
    steps = {"parameter.steps.days": ["20", "20", ""], "parameter.steps.dose": ["40", "20", ""]}
    several = form(shown, "confirm", place="confirm-several")
    typed: dict[str, str | list[str]] = {"regimen": "steroid-taper", "reason": "by the pharmacist's plan", **steps}
    made = send(lead, several, typed=typed)
    assert made.status_code == 303, words(made.text)
    courses = house.ward.system.queries.show(page.rpartition("/")[2])["courses"]
    (taper,) = [each for each in courses if each["regimen"] == "steroid-taper"]
    assert [each["amount"] for each in taper["administrations"]] == ["40", "20"]
    assert "Steroid taper: dose by day, planned and given" in lead.get(page).text, "it is drawn"


def test_who_holds_two_roles_acts_in_the_one_he_chose(house: House) -> None:
    page = treated(house)
    both = house.signed_in("both", ("N2", "nurse"), ("N2", "clinician"))
    usual = both.get(page).text
    assert [each for each in forms(usual) if each.action.endswith("/stop")]
    as_nurse = both.get(f"{page}?role=nurse").text
    assert not [each for each in forms(as_nurse) if each.action.endswith("/stop")]
    assert "Act as clinician" in words(as_nurse)
    send(both, form(as_nurse, "give", regimen=PULSE))
    assert house.ward.system.queries.timeline(page.rpartition("/")[2])[-1]["role"] == "nurse"
    as_nurse = both.get(f"{page}?role=nurse").text
    refused = send(
        both, form(as_nurse, "give", regimen=PULSE), to=f"{page}/confirm", typed={"regimen": "ivig"}, reason="too"
    )
    assert "nurse may not confirm" in refused.text
    assert "Do it as clinician" in refused.text
    done = send(both, form(refused.text, "confirm", role="clinician"))
    assert done.status_code == 303, words(done.text)
    assert house.ward.system.queries.timeline(page.rpartition("/")[2])[-1]["role"] == "clinician"
    assert form(both.get(f"{page}?role=lead").text, "give").fields[0][0] == "csrf", "a role not held is not taken"
    assert ("role", "lead") not in form(both.get(f"{page}?role=lead").text, "give").fields


def test_what_is_done_by_a_broken_glass_says_so(house: House) -> None:
    page = treated(house)
    other = house.signed_in("other", ("S9", "nurse"))
    assert other.get(page).status_code == 404
    opened = other.send("/glass", system="hospital-number", number="0001", reason="resuscitation", password=PASSWORD)
    assert opened.status_code == 303, words(opened.text)
    given = send(other, form(other.get(page).text, "give", regimen=PULSE))
    assert given.status_code == 303, words(given.text)
    assert "emergency access" in landed(other, given)


def test_why_a_treatment_is_not_offered_is_told_clause_by_clause(house: House) -> None:
    page = treated(house)
    told = words(house.signed_in("clinician").get(f"{page}/explain").text)
    assert "Treatments that are not proposed now, and why" in told
    absent = told.partition("Treatments that are not proposed now, and why")[2]
    exchange = absent.partition(" plex ")[2].partition(" rituximab")[0]
    assert "recommended in second line" in exchange
    assert "false the patient is in one of these stages" in exchange


def test_which_fact_would_bring_a_treatment_in_is_told(house: House) -> None:
    page = enrolled(house)
    house.ward.do(page, "record", facts={"severity": "severe"})
    text = words(house.signed_in("clinician").get(f"{page}/explain").text)
    absent = text.partition("Treatments that are not proposed now, and why")[2]
    assert (
        "false severity is moderate severity severe" in absent.partition(" prednisone-oral ")[2].partition(" ritux")[0]
    )
    assert "unknown virus is vzv virus unknown" in absent.partition(" antiviral ")[2]


def test_the_newest_entries_stand_there_and_the_earlier_ones_a_link_away(house: House) -> None:
    page, browser = house.ward.enrol(), house.signed_in("clinician", ("N2", "clinician"))
    for weight in range(40):
        house.ward.do(page, "record", facts={"weight_kg": 60 + weight})
    count = len(house.ward.system.queries.timeline(page.rpartition("/")[2]))
    shown = _entries(browser.get(f"{page}?reminders=all").text)
    assert shown == [str(count - number) for number in range(25)]
    told = re.search(
        r'<a href="([^"]*)#h-timeline"[^>]*>(\d+) earlier entries', browser.get(f"{page}?reminders=all").text
    )
    assert told is not None
    assert int(told[2]) == count - 25
    address = unescape(told[1])
    assert address == f"{page}?reminders=all&timeline=all", "the page stays as it was otherwise"
    everything = browser.get(address).text
    assert _entries(everything) == [str(count - number) for number in range(count)]
    assert "earlier entries" not in everything


def _entries(page: str) -> list[str]:
    """Return the numbers of the entries that stand in the timeline, in their order."""
    return re.findall(r"· entry (\d+)", page.partition('id="part-timeline"')[2].partition('id="part-missing"')[0])
