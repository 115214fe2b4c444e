"""Goal: a ward sees where each patient stands, what comes next and what is late; no other ward's, and never a part
for the whole."""

from urllib.parse import quote

import pytest

from orchestrator.service.overview import board as boards
from orchestrator.service.rows import ItemRow
from orchestrator.web import board as page
from tests.integration.api.conftest import Ward, enrolment
from tests.integration.web.conftest import House, shown


def test_each_patient_stands_in_a_stage_with_what_comes_next(each_house: House) -> None:
    ward = each_house.ward
    episode = ward.enrol("0000417")
    browser = each_house.signed_in("nurse")
    assert browser.get("/board").headers["location"] == "/board/N2"
    text = shown(browser.get("/board/N2"))
    assert "0000417" in text
    assert f'href="{episode}"' in text
    assert "Workup <span" in text
    told = ward.system.overview.board.show("N2")
    (patient,) = next(each for each in told["stages"] if each["open"])["patients"]
    assert patient["next"]["words"] in text, "what comes first, by its title"
    assert (told["open"], told["late"], told["folded"]) == (1, 0, False)
    assert 'class="tag late"' not in text
    ward.advance(days=2)
    told = ward.system.overview.board.show("N2")
    (patient,) = next(each for each in told["stages"] if each["open"])["patients"]
    assert (told["late"], patient["next"]["overdue"]) == (1, True)
    assert f"! {patient['late']} late</span>" in shown(browser.get("/board/N2"))


def test_what_is_due_first_comes_first_and_each_thing_is_told_once(ward: Ward) -> None:
    first_come = ward.enrol("0001")
    ward.advance(hours=6)
    last_come = ward.enrol("0002")
    ward.fire()
    stage = next(each for each in ward.system.overview.board.show("N2")["stages"] if each["open"])
    assert [f"/episodes/{each['episode_id']}" for each in stage["patients"]] == [first_come, last_come]
    first = stage["patients"][0]
    kinds = [row.kind for row in _items(ward, first["episode_id"])]
    assert "reminder" in kinds, "the reminder of a task that is open itself"
    assert first["open"] == len([kind for kind in kinds if kind != "reminder"])


def _items(ward: Ward, episode_id: str) -> list[ItemRow]:
    with ward.system.store.read() as reader:
        return reader.items_of([episode_id])


def test_of_a_large_ward_the_most_urgent_are_shown_and_it_is_said_how_many_more(
    each_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boards, "MANY", 4)
    monkeypatch.setattr(boards, "FEW", 2)
    for number in range(5):
        each_house.ward.enrol(f"000{number}")
        each_house.ward.advance(minutes=1)
    browser = each_house.signed_in("nurse")
    text = shown(browser.get("/board/N2"))
    assert [f">000{number}</a>" in text for number in range(5)] == [True, True, False, False, False]
    assert "3 more are not shown" in text
    assert "! 3 late" in text
    pages = [shown(browser.get(f"/board/N2?stage=workup&page={number}")) for number in (1, 2, 3)]
    assert [sum(f">000{number}</a>" in each for number in range(5)) for each in pages] == [4, 1, 0]
    assert "Page 2 of 2" in pages[1]


def test_nobody_sees_another_wards_board(house: House) -> None:
    house.ward.post("/episodes", {**enrolment("0009"), "ward": "N3"})
    house.ward.enrol("no-0001")
    nurse, auditor = house.signed_in("nurse"), house.signed_in("auditor", ("*", "auditor"))
    assert nurse.get("/board/N3").status_code == 404
    assert house.signed_in("administrator", ("*", "administrator")).get("/board/N2").status_code == 403
    assert auditor.get("/board/N3").status_code == 200
    assert auditor.get("/board/N33").status_code == 404, "a misspelt ward is no ward without patients"
    assert "no-0001" not in shown(auditor.get("/board/N3"))
    choices = shown(auditor.get("/board"))
    assert 'href="/board/N2"' in choices
    assert 'href="/board/N3"' in choices


def test_a_ward_may_have_any_name(house: House) -> None:
    name = "Neuro/2 – Süd"
    house.ward.post("/episodes", {**enrolment("0009"), "ward": name})
    browser = house.signed_in("nurse", (name, "nurse"))
    address = browser.get("/board").headers["location"]
    assert address == f"/board/{quote(name, safe='')}"
    assert "0009" in shown(browser.get(address))


def test_the_look_is_on_record_before_and_again_while_the_board_stands_open(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.ward.enrol("0001")
    browser = house.signed_in("nurse")
    sight = house.ward.system.sight

    def looks() -> list[str]:
        return [each["what"] for each in sight.looks("ward/N2") if each["by"] == house.people["nurse"]]

    browser.get("/board/N2?screen=1")
    assert looks() == ["board"]
    for _ in range(3):
        part = browser.client.get("/board/N2?screen=1", headers={"HX-Request": "true"})
        assert part.text.lstrip().startswith('<div id="board"'), "the part alone"
    assert looks() == ["board"]
    house.ward.enrol("0002")
    browser.client.get("/board/N2?screen=1", headers={"HX-Request": "true"})
    assert looks() == ["board", "board"], "who came onto it meanwhile is seen for the first time"
    monkeypatch.setattr(page, "RECORDED_SECONDS", 0.0)
    browser.client.get("/board/N2?screen=1", headers={"HX-Request": "true"})
    assert looks() == ["board", "board", "board"]
    assert sight.faults("ward/N2") == []


def test_the_wall_says_when_it_was_made_and_what_to_show_when_it_cannot_be_fetched(house: House) -> None:
    house.ward.enrol("0001")
    text = shown(house.signed_in("nurse").get("/board/N2?screen=1"))
    assert 'class="screen"' in text
    assert 'hx-trigger="every 30s, sse:changed throttle:2s"' in text
    assert 'id="stale" role="alert" hidden' in text
    assert "as of <b><time" in text
    title = text.partition("<title>")[2].partition("</title>")[0]
    assert "0001" not in title


def test_an_empty_ward_says_so(house: House) -> None:
    assert "No episode is open on this ward." in shown(house.signed_in("nurse").get("/board/N2"))


def test_one_patients_lost_key_hides_nobody_elses_name(house: House) -> None:
    first, _ = house.ward.enrol("0001"), house.ward.enrol("0002")
    _damage(house.ward, first.rpartition("/")[2])
    text = shown(house.signed_in("nurse").get("/board/N2"))
    assert ">0002</a>" in text
    assert f"No identifier {first.rpartition('/')[2][:8]}" in text


def _damage(ward: Ward, episode_id: str) -> None:
    with ward.system.store.change() as change:
        patient_id, _ = change.whereabouts(episode_id) or ("", "")
        change._sql.exec_driver_sql(
            "UPDATE patient SET kek_id = kek_id, wrapped_key = zeroblob(60) WHERE patient_id = ?", (patient_id,)
        )
