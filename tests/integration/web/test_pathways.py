"""Goal: whoever has an account reads what a pathway says, what is proved of it, what is local, and who released it."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.pathway.tables import tables
from orchestrator.service.proving.found import PROVED, Finding
from orchestrator.service.proving.kept import Kept
from orchestrator.service.releases import ReleaseRequest
from orchestrator.service.scenario.proof import Proof
from tests.integration.api.conftest import PATHWAY
from tests.integration.web.conftest import House, shown


def test_the_list_tells_versions_and_releases(each_house: House) -> None:
    system = each_house.ward.system
    pathway = system.library.newest(PATHWAY)
    each_house.ward.enrol("0001")
    system.releases.release(ReleaseRequest(pathway, "A. Clinician", "first use"), Proof("scenarios", 1, ()))
    nurse, administrator = each_house.signed_in("nurse"), each_house.signed_in("administrator", ("*", "administrator"))
    text = shown(nurse.get("/pathways"))
    for words in (pathway.title, "A. Clinician", "first use", "nobody released it", '<td class="number">1</td>'):
        assert words in text, words
    assert "Open episodes" not in shown(administrator.get("/pathways")), "how many patients there are is the wards'"


@pytest.mark.parametrize("number", range(4))
def test_every_pathway_reads_as_a_page(house: House, number: int) -> None:
    pathway = house.ward.system.library.pathways[number]
    browser = house.signed_in("administrator", ("*", "administrator"))
    answer = browser.get(f"/pathways/{pathway.name}")
    text = shown(answer)
    told = tables(pathway)
    for row in (*told["moves"], *told["gates"], *told["tasks"], *told["reminders"], *told["warnings"]):
        assert row["name"] in text or row["title"] in text, row["name"]
    assert "<style" not in text
    assert 'class="way diagram"' in text
    assert text.count("<h1") == 1
    assert shown(browser.get(f"/pathways/{pathway.name}/{pathway.version}"))
    for unknown in (f"/pathways/{pathway.name}/9.9.9", "/pathways/nix"):
        assert browser.get(unknown).status_code == 404


def test_the_pictures_styles_are_files(house: House) -> None:
    browser = house.signed_in("nurse")
    text = shown(browser.get(f"/pathways/{PATHWAY}"))
    sheets = [part.partition('"')[0] for part in text.split('<link rel="stylesheet" href="')[1:]]
    assert {"way.css", "diagram.css"} < {each.rpartition("/")[2] for each in sheets}
    for sheet in sheets:
        answer = browser.get(sheet)
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/css")


def test_what_was_proved_is_told_and_what_was_not_asked_is_not_passed_for_it(house: House, tmp_path: Path) -> None:
    pathway = house.ward.system.library.newest(PATHWAY)
    first = next(each for each in sorted(pathway.properties, key=lambda each: each.name))
    browser = house.signed_in("nurse")
    assert "proved</span>" not in shown(browser.get(f"/pathways/{PATHWAY}"))
    Kept(tmp_path).keep(pathway, Finding(first.name, PROVED, "by induction", 1.0))
    state = browser.client.app.state  # type: ignore[attr-defined]
    state.serving = replace(state.serving, proofs=tmp_path)
    text = shown(browser.get(f"/pathways/{PATHWAY}"))
    assert text.count("proved</span>") == 1
    assert "by induction" in text
    assert text.count("not asked here") == len(pathway.properties) - 1


def test_programs_read_the_same(house: House) -> None:
    told = house.ward.get(f"/pathways/{PATHWAY}").json()
    assert told["pathway"] == tables(house.ward.system.library.newest(PATHWAY))
    assert told["versions"][0]["open"] == 0
    assert house.ward.get(f"/pathways/{PATHWAY}/0.0.1").status_code == 404
