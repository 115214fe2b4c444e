"""Goal: over HTTP people see what waits to leave the house and see to dead letters; opening a link does nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from orchestrator.api.app import PREFIX
from orchestrator.bootstrap import System
from orchestrator.cli.asgi import faces
from orchestrator.notify.channel import Result
from orchestrator.store.tables import delivery
from orchestrator.web.opened import page
from tests.integration.api.conftest import Ward
from tests.letterbox import Letterbox, with_letterbox
from workers.deliver import deliver


def refusing(ward: Ward, folder: Path, *results: Result) -> System:
    return with_letterbox(ward.system, folder, Letterbox(*results))


def test_what_waits_and_what_is_dead(each_ward: Ward, tmp_path: Path) -> None:
    ward = each_ward
    system = refusing(ward, tmp_path / "letters", Result.PASSING, Result.PERMANENT)
    assert ward.get("/deliveries").json()["deliveries"] == []
    for number in ("1", "2"):
        ward.enrol(number)
    waiting = ward.get("/deliveries?limit=1").json()
    assert [(each["attempts"], each["last_error"]) for each in waiting["deliveries"]] == [(0, "")]
    rest = ward.get(
        "/deliveries",
    ).json()["deliveries"]
    assert [each["id"] for each in rest][1:] == [
        each["id"] for each in ward.get(f"/deliveries?after={waiting['after']}").json()["deliveries"]
    ]
    assert deliver(system) == 0
    found = ward.get("/deliveries").json()["deliveries"]
    assert sorted((each["last_error"], each["given_up_at"] is None) for each in found if each["attempts"]) == [
        ("closed-today", False),
        ("closed-today", True),
    ]
    (dead,) = ward.get("/deliveries?dead=true").json()["deliveries"]
    assert dead["next_try_at"] is None
    assert ward.post("/deliveries/resend", {"delivery": dead["id"]}).json()["resent"] == 1
    assert ward.get("/deliveries?dead=true").json()["deliveries"] == []
    assert ward.post("/deliveries/resend", {"delivery": dead["id"]}).status_code == 404


def test_all_of_a_route_are_sent_again(ward: Ward, tmp_path: Path) -> None:
    system = refusing(ward, tmp_path / "letters", *[Result.PERMANENT] * 2)
    for number in ("1", "2"):
        ward.enrol(number)
    assert deliver(system) == 0
    assert ward.post("/deliveries/resend", {"all": True, "route": "other"}).json()["resent"] == 0
    assert ward.post("/deliveries/resend", {"all": True}).json()["resent"] == 2


def test_a_person_takes_a_dead_letter_over(ward: Ward, tmp_path: Path) -> None:
    system = refusing(ward, tmp_path / "letters", Result.PERMANENT)
    ward.enrol()
    deliver(system)
    (dead,) = ward.get("/deliveries?dead=true").json()["deliveries"]
    body = {"delivery": dead["id"], "reason": "rang the ward"}
    told = ward.post("/deliveries/drop", body, "lead").json()
    assert (told["by"], told["asserted"]) == ("u-lead", True)
    with ward.system.store.read() as reader:
        kept = reader._sql.execute(select(delivery.c.dropped_by).where(delivery.c.result == "dropped")).scalars().all()
    assert kept == ["u-lead, asserted"], "the administrator's token proves nobody whom it names"
    assert ward.post("/deliveries/drop", body).status_code == 404
    assert ward.post("/deliveries/drop", {"delivery": dead["id"], "reason": " "}).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"delivery": "a.b.c", "all": True},
        {"delivery": "a.b.c", "route": "x"},
        {"route": "x"},
        {"delivery": "nonsense"},
        {"delivery": ""},
        {"deliveries": ["a.b.c"]},
        {"all": 1},
    ],
)
def test_what_does_not_fit(ward: Ward, body: dict[str, object]) -> None:
    answer = ward.post("/deliveries/resend", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


# The page behind a link


@pytest.fixture
def pages(ward: Ward) -> Iterator[TestClient]:
    with TestClient(faces(ward.system, "UTC")) as client:
        yield client


def everything(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "home" / "carepath.db")) as file, file:
        return list(file.iterdump())


def test_opening_a_link_changes_nothing_and_tells_nothing(ward: Ward, pages: TestClient, tmp_path: Path) -> None:
    system = refusing(ward, tmp_path / "letters")
    episode = ward.enrol().removeprefix("/episodes/")
    (notice,) = ward.get("/deliveries").json()["deliveries"]
    link = f"/open/{episode}.{notice['notice']['key']}"
    assert deliver(system) == 1
    before = everything(tmp_path)
    found = {
        pages.request(method, path).text
        for path in (link, "/open/no-such-notice", "/open/", "/open/<script>alert(1)</script>", f"{link}?utm=1&x=<b>")
        for method in ("GET", "HEAD")
        for _ in range(3)
    }
    assert everything(tmp_path) == before
    (shown,) = found - {""}
    assert "has changed nothing, and acknowledged nothing" in shown
    assert "<script" not in shown
    assert episode not in shown
    answer = pages.get(link)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert "set-cookie" not in answer.headers


def test_only_a_signed_in_post_acknowledges(ward: Ward, pages: TestClient, tmp_path: Path) -> None:
    episode = ward.enrol()
    (notice,) = ward.get("/inbox").json()["notices"]
    link = f"/open/{notice['episode_id']}.{notice['key']}"
    before = everything(tmp_path)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        sent = {"reminder": notice["about"]}
        assert pages.request(method, link, json=sent).status_code == 403, "not sent from a page of ours"
        own = {"Sec-Fetch-Site": "same-origin"}
        assert pages.request(method, link, json=sent, headers=own).status_code == 405
    body, keyed = {"reminder": notice["about"]}, {"Idempotency-Key": "k"}
    assert pages.get(f"{PREFIX}{episode}/acknowledge").status_code == 401
    assert pages.post(f"{PREFIX}{episode}/acknowledge", json=body, headers=keyed).status_code == 401
    assert everything(tmp_path) == before
    ward.do(episode, "acknowledge", "clinician", reminder=notice["about"])


def test_nothing_else_becomes_open_by_it(pages: TestClient) -> None:
    for path in ("/open", "/opened/x", "/", "/Open/x"):
        answer = pages.get(path, follow_redirects=False)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in?next=/"), path
    assert pages.get(f"{PREFIX}/open/x").status_code == 401


def test_a_simulated_store_says_so_on_the_page() -> None:
    assert "Simulated store" in page(simulated=True)
    assert "Simulated store" not in page(simulated=False)
