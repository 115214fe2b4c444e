"""Goal: whoever opens carepath sees what is due on her ward, in words, and can see to it from there."""

import re
from datetime import timedelta
from html import unescape

import pytest
from httpx2 import Response

from orchestrator.web import inbox as inbox_page
from orchestrator.web import worklist as worklist_page
from tests.integration.api.conftest import PATHWAY, enrolment
from tests.integration.web.conftest import ADMINISTRATOR, Browser, House

HOME = {"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver"}
REGIMEN = "ivmp-pulse"
KNOWN = {"severity": "severe", "weight_kg": 70, "infection_status": "excluded"}


def shown(answer: Response) -> str:
    """Return a page's text without its tags."""
    assert answer.status_code == 200, answer.text
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def lines(answer: Response) -> list[str]:
    return re.findall(r'<tr class="line.*?</tr>', answer.text, re.DOTALL)


def address(line: str, what: str) -> str:
    """Return where a link or button of a line leads."""
    found = re.search(rf'(?:href|formaction|action)="([^"]*{what}[^"]*)"', line)
    assert found is not None, line
    return unescape(found[1])


def press(browser: Browser, line: str, target: str, /, **typed: str) -> Response:
    """Send the form of a line to an address."""
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', line))
    sent = {name: unescape(value) for name, value in hidden.items()} | typed
    return browser.client.post(target, data=sent, headers=HOME, follow_redirects=False)


def looks_at(house: House, episode: str) -> list[str]:
    """Return which pages of an episode's patient were read, the first one first."""
    sight = house.ward.system.sight
    looks = sight.looks(sight.looked.patient_of(episode.removeprefix("/episodes/")))
    return [each["what"] for each in looks if each["kind"] == "read"]


def test_the_first_page_of_who_works_on_a_ward_is_its_worklist(each_house: House) -> None:
    house = each_house
    house.ward.enrol("4711")
    house.ward.post("/episodes", enrolment("no-4712", ward="N9"))
    browser = house.signed_in("nurse")
    assert browser.get("/").headers["location"] == "/worklist"
    page = browser.get("/worklist")
    text = shown(page)
    assert "4711" in text
    assert "no-4712" not in page.text, "another ward's"
    title = house.ward.system.library.newest(PATHWAY).tasks["neurology-consult"].title
    assert title in text
    assert "neurology-consult-due" not in text, "titles, no names"
    assert browser.get("/worklist?ward=N9").status_code == 404
    assert browser.get("/worklist?kind=nonsense").status_code == 422
    (looked,) = [row["what"] for row in house.ward.system.sight.looks("ward/N2")]
    assert looked == "worklist, ward"


def test_overdue_comes_first_and_filters_stand_in_the_address(house: House) -> None:
    ward = house.ward
    ward.enrol()
    ward.advance(hours=3)
    ward.fire()
    browser = house.signed_in("nurse")
    text = shown(browser.get("/worklist"))
    tasks = lines(browser.get("/worklist?kind=task"))
    late, coming = (next(each for each in tasks if name in each) for name in ("Neurology consultation", "EEG"))
    assert "put off" not in late, "what is due cannot be put off"
    assert "Hand over, put off" in coming
    assert "All times are those of Europe/London (UTC+00:00)." in browser.get("/worklist").text
    assert text.index("Overdue") < text.index("Neurology consultation") < text.index("To come")
    only = shown(browser.get("/worklist?overdue=1&kind=task"))
    assert "To come" not in only
    assert "Reminder" not in only.partition("Record")[2]
    assert "Nothing is owed by your role." in shown(browser.get("/worklist?view=role"))
    clinician = house.signed_in("clinician")
    assert "Overdue" in shown(clinician.get("/worklist?view=role"))


def test_a_list_is_paged_and_its_addresses_name_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklist_page, "SIZE", 4)
    house.ward.enrol("1")
    house.ward.enrol("2")
    browser = house.signed_in("nurse")
    every, there, pages = list[str](), "/worklist", 0
    while there:
        page = browser.get(there)
        every += re.findall(r'id="f-([0-9a-f]{16})"', page.text)
        found = re.search(r'id="more" href="([^"]*)"', page.text)
        there, pages = unescape(found[1]) if found else "", pages + 1
        names = house.ward.system.library.newest(PATHWAY).tasks
        assert not [name for name in names if name in there]
    open_now = len(house.ward.get("/worklist?limit=500").json()["items"])
    assert (len(every), len(set(every))) == (open_now, open_now)
    assert pages > 2


def test_an_item_is_taken_handed_over_and_put_off(each_house: House) -> None:
    house = each_house
    episode = house.ward.enrol()
    nurse, other = house.signed_in("nurse"), house.signed_in("nora", ("N2", "nurse"))
    page = nurse.get("/worklist?kind=task")
    line = next(each for each in lines(page) if "EEG" in each)
    there = address(line, "/items/").partition("/claim")[0].partition("?")[0]
    assert "Hand over, put off …" in line
    assert "To put it off, take it first." in shown(nurse.get(there))
    taken = press(nurse, line, address(line, "/claim"))
    assert (taken.status_code, taken.headers["location"]) == (303, "/worklist?kind=task")
    theirs = next(each for each in lines(other.get("/worklist?kind=task")) if "EEG" in each)
    late = press(other, theirs, address(line, "/claim"))
    assert late.status_code == 409
    assert "Nurse has taken this meanwhile." in late.text
    assert "EEG" in shown(nurse.get("/worklist?view=mine"))
    assert "You have taken nothing upon yourself." in shown(other.get("/worklist?view=mine"))

    item = nurse.get(f"{there}?back=/worklist%3Fview%3Dmine")
    assert "You have taken this." in shown(item)
    until = unescape(re.findall(r'<option value="([^"]*Z)"', item.text)[-1])
    reads = len(looks_at(house, episode))
    refused = press(nurse, item.text, f"{there}/snooze", until=until)
    assert refused.status_code == 422
    assert looks_at(house, episode)[reads:] == ["item"], "the page that says why not shows the patient too"
    assert "say why it is put off" in refused.text
    put_off = press(nurse, item.text, f"{there}/snooze", until=until, reason="asleep")
    assert put_off.headers["location"] == "/worklist?view=mine"
    assert "EEG" not in shown(nurse.get("/worklist?view=mine"))
    assert "EEG" in shown(nurse.get("/worklist?view=mine&asleep=1"))
    assert "EEG" in shown(nurse.get("/worklist"))

    handed = press(nurse, item.text, f"{there}/hand-over", to=house.people["nora"], reason="tube 2 is sent")
    assert handed.status_code == 303
    assert "tube 2 is sent" in shown(other.get(there))
    assert "Take over" in next(each for each in lines(nurse.get("/worklist?kind=task")) if "EEG" in each)
    page_of_nurse = nurse.get(there)
    assert press(nurse, page_of_nurse.text, f"{there}/take-over").status_code == 303
    assert press(nurse, page_of_nurse.text, f"{there}/release").status_code == 303
    assert "Nobody has taken this." in shown(other.get(there))
    outside = press(nurse, item.text, f"{there}/claim", back="https://elsewhere.example/")
    assert outside.headers["location"] == "/worklist"


def test_what_is_done_meanwhile_is_told_so(house: House) -> None:
    episode = house.ward.enrol()
    nurse = house.signed_in("nurse")
    line = next(each for each in lines(nurse.get("/worklist?kind=task")) if "EEG" in each)
    house.ward.do(episode, "complete", task="eeg")
    assert press(nurse, line, address(line, "/claim")).status_code == 404


def test_a_dose_says_how_much_and_is_recorded_from_its_line(house: House) -> None:
    ward = house.ward
    episode = ward.enrol()
    ward.do(episode, "record", "clinician", facts=KNOWN)
    ward.do(episode, "confirm", "clinician", regimens=[REGIMEN])
    nurse = house.signed_in("nurse")
    (line,) = lines(nurse.get("/worklist?kind=dose"))
    assert '<strong class="number">1 g IV</strong>' in line
    assert "Dose 1 of 3" in line
    for field in ("csrf", "key", "seen", "back", "regimen"):
        assert f'name="{field}"' in line
    assert address(line, "/give") == f"{episode}/give"
    assert address(line, "/miss") == f"{episode}/miss"


def test_a_form_of_a_list_names_the_entry_that_was_seen_and_no_other_of_its_number(each_house: House) -> None:
    """A store that was restored from a backup and written on has another entry of the same number."""
    ward = each_house.ward
    episode = ward.enrol().rpartition("/")[2]
    ward.advance(days=1)
    clinician = each_house.signed_in("clinician")
    for page, verb, named in (
        ("/inbox?view=ward", "acknowledge", "reminder"),
        ("/worklist?kind=task", "complete", "task"),
    ):
        text = clinician.get(page).text
        seen = re.search(r'name="seen" value="(\d+)-([0-9a-f]{16})"', text)
        what = re.search(rf'name="{named}" value="([^"]+)"', text)
        assert seen is not None
        assert what is not None
        wish = {"key": "k" * 32, "back": page, named: unescape(what[1])}
        other = clinician.send(page, f"/episodes/{episode}/{verb}", seen=f"{seen[1]}-{'0' * 16}", **wish)
        assert other.status_code == 412, "another entry of this number"
        assert (
            clinician.send(page, f"/episodes/{episode}/{verb}", seen="-".join(seen.groups()), **wish).status_code == 303
        )


def test_what_is_done_is_recorded_from_its_line(house: House) -> None:
    ward = house.ward
    episode = ward.enrol()
    ward.do(episode, "record", "clinician", facts=KNOWN)
    ward.do(episode, "confirm", "clinician", regimens=[REGIMEN])
    nurse = house.signed_in("nurse")
    done = {"dose": "/give", "task": "/complete", "reminder": "/acknowledge"}
    for kind, verb in done.items():
        there = f"/worklist?kind={kind}"
        before = len(lines(nurse.get(there)))
        line = lines(nurse.get(there))[0]
        answer = press(nurse, line, address(line, verb))
        assert answer.status_code == 303, answer.text
        back = answer.headers["location"]
        assert back.startswith(there)
        assert "Done. It stands in the record as entry" in shown(nurse.get(back))
        again = press(nurse, line, address(line, verb))
        assert again.headers["location"] == back, "sent twice it is done once"
        assert len(lines(nurse.get(there))) <= before
    kinds = [entry["cause"] for entry in ward.get(f"{episode}/timeline").json()["entries"]]
    assert [kind for kind in kinds if kind in {"give", "complete", "acknowledge"}] == [
        "give",
        "complete",
        "acknowledge",
    ]


def test_what_cannot_be_read_hides_nobody_else(house: House) -> None:
    ward = house.ward
    episode = ward.enrol("4711")
    ward.enrol("4712")
    ward.do(episode, "record", "clinician", facts=KNOWN)
    ward.do(episode, "confirm", "clinician", regimens=[REGIMEN])
    with ward.system.store.change() as change:
        change._sql.exec_driver_sql(
            "UPDATE patient SET wrapped_key = NULL WHERE patient_id ="
            " (SELECT patient_id FROM episode WHERE episode_id = ?)",
            (episode.rpartition("/")[2],),
        )
    ward.system.desk.recent._held.clear()
    text = shown(house.signed_in("nurse").get("/worklist"))
    assert "4712" in text
    assert "Patient without a readable number" in text


def test_empty_lists_say_how_to_begin_and_when_the_next_thing_comes(house: House) -> None:
    browser = house.signed_in("nurse")
    assert "There is no patient here yet." in shown(browser.get("/worklist"))
    assert 'href="/enrol"' in browser.get("/worklist").text
    assert "Nothing was told yet." in shown(browser.get("/inbox"))
    auditor = house.signed_in("auditor", ("*", "auditor"))
    assert 'href="/enrol"' not in auditor.get("/worklist").text
    house.ward.enrol()
    text = shown(browser.get("/worklist?kind=dose"))
    assert "Nothing of this kind is open." in text
    assert "The next thing comes" in text


def test_who_sees_no_patients_is_told_what_there_is(house: House) -> None:
    admin = house.signed_in("admin", ("*", "administrator"))
    assert "That opens no patient's record." in shown(admin.get("/"))
    assert admin.get("/worklist").status_code == admin.get("/inbox").status_code == 403
    new = house.signed_in("new", ("N2", "nurse"))
    house.ward.system.people.set_posts(ADMINISTRATOR, house.people["new"], [])
    assert "Ask for one: Admin." in shown(new.get("/"))


def test_an_auditor_sees_and_does_nothing(house: House) -> None:
    house.ward.enrol()
    page = house.signed_in("auditor", ("N2", "auditor")).get("/worklist")
    assert lines(page)
    assert "<form id=" not in page.text
    assert "/claim" not in page.text


def test_a_page_that_asks_anew_by_itself_fills_no_record(house: House) -> None:
    house.ward.enrol()
    browser, sight = house.signed_in("nurse"), house.ward.system.sight
    by_itself = {"carepath-by-itself": "1"}
    browser.get("/worklist")
    for _ in range(3):
        assert browser.client.get("/worklist", headers=by_itself).status_code == 200
    assert len(sight.looks("ward/N2")) == 1
    browser.client.get("/worklist?kind=task", headers=by_itself)
    assert len(sight.looks("ward/N2")) == 2, "another list is another look"
    browser.get("/worklist")
    assert len(sight.looks("ward/N2")) == 3
    house.ward.enrol("0002")
    browser.client.get("/worklist", headers=by_itself)
    assert len(sight.looks("ward/N2")) == 4, "who came onto the list meanwhile is seen for the first time"
    browser.client.get("/worklist", headers=by_itself)
    assert len(sight.looks("ward/N2")) == 4
    browser.client.cookies.clear()
    assert browser.client.get("/worklist", headers=by_itself, follow_redirects=False).status_code == 401


def test_the_inbox_tells_what_was_told_to_ones_roles(each_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house, ward = each_house, each_house.ward
    episode = ward.enrol("4711")
    ward.advance(hours=1)
    ward.fire()
    clinician, lead = house.signed_in("clinician"), house.signed_in("lead")
    kind = ward.system.library.newest(PATHWAY).reminders["neurology-consult-due"]
    page = clinician.get("/inbox")
    assert kind.title in shown(page)
    assert "4711" in shown(page)
    assert "Step 2 of its ladder" in shown(lead.get("/inbox"))
    assert "Step 2" not in shown(page)
    assert "Step 2" in shown(clinician.get("/inbox?view=ward"))
    line = lines(page)[0]
    assert address(line, "/acknowledge") == f"{episode}/acknowledge"
    assert 'name="reminder" value="neurology-consult-due#neurology-consult/1"' in line
    ward.do(episode, "acknowledge", reminder="neurology-consult-due")
    answered = clinician.get("/inbox")
    assert "/acknowledge" not in answered.text
    assert "answered, or over" in shown(answered)
    monkeypatch.setattr(inbox_page, "SIZE", 1)
    more = re.search(r'id="more" href="([^"]*)"', clinician.get("/inbox?view=ward").text)
    assert more is not None
    assert kind.title in shown(clinician.get(unescape(more[1])))


def test_what_went_wrong_is_told_in_words(house: House) -> None:
    ward = house.ward
    ward.enrol()
    ward.system.pulse.alarm("clock-jumped", ward.now + timedelta(0))
    text = shown(house.signed_in("lead", ("*", "lead")).get("/inbox"))
    assert "The clock cannot be trusted" in text
    assert "No patient: the program itself" in text
