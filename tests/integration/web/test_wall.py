"""Goal: a screen on a wall shows its ward's board for as long as it hangs there, and opens nothing else."""

import re
from datetime import timedelta

import pytest

from orchestrator.web.door import BY_ITSELF
from tests.integration.web.conftest import PASSWORD, Browser, House

BOARD = "/board/N2?screen=1"
ELSEWHERE = (
    "/board/N2", "/board/N2?screen=1&stage=workup", "/board/N3?screen=1", "/worklist", "/handover/N2", "/me",
)  # fmt: skip


@pytest.fixture
def wall(each_house: House) -> Browser:
    """A browser that a nurse of two wards has left on N2's wall."""
    each_house.ward.enrol("0000417")
    nurse = each_house.signed_in("nurse", ("N2", "nurse"), ("N3", "nurse"))
    assert nurse.send("/wall/N2", present="a guess of mine").status_code == 422
    hung = nurse.send("/wall/N2", present=PASSWORD)
    assert hung.status_code == 303, hung.text
    assert hung.headers["location"] == BOARD
    return nurse


def test_it_stays_when_sessions_end_and_shows_its_board_alone(each_house: House, wall: Browser) -> None:
    with each_house.ward.system.store.change() as change:
        change.end_sessions(each_house.people["nurse"])
    shown = wall.get(BOARD)
    assert shown.status_code == 200
    assert "0000417" in shown.text
    (episode,) = re.findall(r'href="(/episodes/[0-9a-f-]{36})"', shown.text)
    for address in (*ELSEWHERE, episode):
        answer = wall.get(address)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), address
    assert wall.send("/sign-in", f"{episode}/close", outcome="deceased").status_code == 303, (
        "nor is anything done by it"
    )
    assert each_house.ward.system.queries.show(episode.rpartition("/")[2])["closed"] is False
    assert wall.get("/live?ward=N3").status_code == 401, "it hears of no other ward"
    looks = each_house.ward.system.sight.looks("ward/N2")
    assert [(each["by"], each["what"]) for each in looks][-1] == (each_house.people["nurse"], "board")


def test_what_it_keeps_is_no_token_of_the_api_nor_of_another_ward(each_house: House, wall: Browser) -> None:
    kept = wall.client.cookies["carepath-wall"]
    signing = each_house.ward.system.signing
    assert signing.bearer(kept) is None
    assert signing.bearer(kept.partition(".")[0]) is None
    wall.client.cookies["carepath-wall"] = kept.partition(".")[0] + ".N3"
    assert wall.get("/board/N3?screen=1").status_code == 303


def test_it_ends_where_tokens_end(each_house: House, wall: Browser) -> None:
    person = each_house.browser().sign_in("nurse")
    (token,) = re.findall(r'name="token" value="([^"]+)"', person.get("/me").text)
    assert "wall N2" in person.get("/me").text
    assert person.send("/me", "/me/tokens/end", token=token).status_code == 303
    assert wall.get(BOARD).status_code == 303
    assert wall.client.get(BOARD, headers={BY_ITSELF: "1"}).status_code == 401, "the screen says that it is not current"


def test_a_board_that_fetches_itself_keeps_no_session_alive(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    nurse = house.signed_in("nurse")
    assert '"Carepath-By-Itself":"1"' in nurse.get(BOARD).text
    touched: list[bytes] = []
    monkeypatch.setattr("orchestrator.service.people.signing._MINUTE", timedelta(0))
    monkeypatch.setattr(type(house.ward.system.signing), "_note_use", lambda *_: touched.append(b""))
    assert nurse.client.get(BOARD, headers={BY_ITSELF: "1", "HX-Request": "true"}).status_code == 200
    assert touched == []
    assert nurse.get(BOARD).status_code == 200
    assert touched == [b""], "who opens it uses the session"
