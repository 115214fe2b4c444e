"""Goal: who asks for German reads German, the page says so, and nothing of it is English."""

import re

from tests.integration.web.conftest import House


def test_a_page_is_german_for_a_browser_that_asks_for_it(each_house: House) -> None:
    answer = each_house.browser().client.get("/sign-in", headers={"Accept-Language": "de-AT, en;q=0.5"})
    assert answer.headers["content-language"] == "de"
    assert 'lang="de"' in answer.text
    assert "Anmelden" in answer.text
    assert "Sign in" not in answer.text


def test_who_chose_german_reads_german(each_house: House) -> None:
    nurse = each_house.signed_in("nurse", ("N2", "nurse"))
    assert nurse.send("/me", "/me/language", language="de").status_code == 303
    text = nurse.get("/worklist").text
    assert 'lang="de"' in text
    assert "Arbeitsliste" in text


def test_what_keeps_somebody_out_is_said_in_german_too(house: House) -> None:
    house.add("nurse", ("N2", "nurse"))
    door = house.browser()
    door.client.headers["Accept-Language"] = "de"
    said = door.send("/sign-in", login="nurse", password="a guess of mine").text
    told = re.search(r'id="problem">([^<]+)<', said)
    assert told is not None
    assert told[1].startswith("Anmeldename und Kennwort passen nicht zusammen")


def test_a_pathways_own_texts_are_marked_as_english_on_a_german_page(house: House) -> None:
    page = house.ward.enrol("0001")
    house.ward.do(page, "record", facts={"weight_kg": 70, "infection_status": "excluded", "severity": "severe"})
    reader = house.signed_in("clinician")
    assert "<span lang=" not in reader.get(page).text, "an English page is English"
    reader.send("/me", "/me/language", language="de")
    text = reader.get(page).text
    for own in ("Workup and choice of the first line", "EEG for subclinical seizures", "symptoms are progressing"):
        assert f'<span lang="en">{own}</span>' in text, own
    assert 'Aufgabe: <span lang="en">Neurology consultation, at once</span>' in text, "within a sentence, the gap alone"
    assert 'lang="en">Aufgabe' not in text


def test_so_they_are_on_lists_board_sheet_and_the_pathways_own_page(house: House) -> None:
    episode = house.ward.enrol("0001").rpartition("/")[2]
    pathway = house.ward.system.queries.show(episode)["pathway"]
    house.ward.advance(days=1)
    reader = house.signed_in("clinician")
    reader.send("/me", "/me/language", language="de")
    title = house.ward.system.library.newest(pathway).title
    marked = f'<span lang="en">{title}</span>'
    for page in (
        "/worklist",
        "/inbox?view=ward",
        "/board/N2",
        "/handover/N2",
        "/enrol",
        "/pathways",
        f"/pathways/{pathway}",
    ):
        assert marked in reader.get(page).text.replace("\N{SOFT HYPHEN}", ""), page
    assert '<span lang="en">EEG for subclinical seizures</span>' in reader.get("/worklist").text
    assert f"<title>{title}" in reader.get(f"/pathways/{pathway}").text, "no mark where none can stand"


def test_a_chart_names_its_days_as_the_page_does(house: House) -> None:
    page = house.ward.enrol("0001")
    house.ward.do(page, "record", facts={"weight_kg": 70, "infection_status": "excluded", "severity": "moderate"})
    house.ward.do(page, "confirm", role="clinician", regimens=["prednisone-oral"])
    house.ward.do(page, "stop", regimen="prednisone-oral", reason="made up", override=["steroid-stop"])
    reader = house.signed_in("clinician")
    reader.send("/me", "/me/language", language="de")
    text = reader.get(page).text
    assert ">2. März</text>" in text
    assert "1 mg/kg × 70 kg" in text
    assert "70 mg</b> PO täglich" in text
