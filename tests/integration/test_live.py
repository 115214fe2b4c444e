"""Goal: who listens hears of each change on his wards at once, of nothing else and no longer than he may."""

import asyncio
import contextlib
import json
import logging
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from orchestrator.api.app import create_app
from orchestrator.errors import StoreBusy
from orchestrator.http.live import Listener, Live
from orchestrator.service.people.recording import Author
from orchestrator.service.worklist.changes import Changes, Scope
from orchestrator.web.app import create_pages
from tests.integration.api.conftest import Ward, each_ward, empty_store, enrolment, ward
from tests.integration.web.conftest import WARD, Browser, House, each_house

__all__ = ["each_house", "each_ward", "empty_store", "ward"]
ADMINISTRATOR = Author("u-test", "administrator")
ASKED = {"Accept": "text/event-stream"}


@dataclass
class Stream:
    """One open connection to a stream of events."""

    connection: HTTPConnection
    answer: HTTPResponse

    def next(self) -> tuple[str, dict[str, Any], str]:
        """Return name, data and id of the next event; `here` for a sign of life, `end` for the end."""
        told: dict[str, str] = {}
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            told[name or "here"] = value
            if line == "\n":
                if "event" in told:
                    return told["event"], json.loads(told["data"]), told["id"]
                if "" in told or "retry" not in told:
                    return "here", {}, ""
                told = {}
        return "end", {}, ""

    def until(self, wanted: str) -> tuple[str, dict[str, Any], str]:
        """Return the next event, or the end; some signs of life are passed over until then."""
        for _ in range(100):
            found = self.next()
            if found[0] != "here":
                return found
        pytest.fail(f"nothing came, and '{wanted}' was awaited")

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


@dataclass
class Served:
    """A face on a socket of its own."""

    port: int
    streams: list[Stream] = field(default_factory=list)

    def ask(self, path: str, **headers: str) -> Stream:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers=headers)
        self.streams.append(Stream(connection, connection.getresponse()))
        return self.streams[-1]


@contextlib.contextmanager
def serving(app: Any, live: Live) -> Iterator[Served]:  # noqa: ANN401  an ASGI application
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=10))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        yield (served := Served(listening.getsockname()[1]))
        live._draining.set()
        assert all(stream.until("end")[0] == "end" for stream in served.streams if not stream.answer.isclosed())
    finally:
        live._draining.set()
        server.should_exit = True
        thread.join(20)
        listening.close()
        for stream in served.streams:
            stream.close()
    assert not thread.is_alive(), "streams end, and with them the process"


def quick(ward: Ward, **more: Any) -> Live:  # noqa: ANN401  settings of Live
    return Live(ward.system.store, **{"every_s": 0.02, "check_s": 0.2, **more})


@contextlib.contextmanager
def api(ward: Ward, **more: Any) -> Iterator[Served]:  # noqa: ANN401  settings of Live
    live = quick(ward, **more)
    with serving(create_app(ward.system, live=live), live) as served:
        yield served


def a_token(ward: Ward, login: str, *posts: tuple[str, str]) -> tuple[str, dict[str, str]]:
    """Return a person's id, and what a program of hers sends to listen."""
    person_id = ward.system.people.add(ADMINISTRATOR, login=login, name=login, posts=posts)
    _, token = ward.system.signing.make_token(ADMINISTRATOR, person_id, label="t", scopes=["see"], days=1)
    return person_id, {"Authorization": f"Bearer {token}", **ASKED}


def test_a_listener_hears_of_its_own_wards_and_of_nothing_in_them(each_ward: Ward) -> None:
    ward = each_ward
    episode = ward.enrol()
    _, near = a_token(ward, "near", ("N2", "nurse"))
    _, far = a_token(ward, "far", ("N9", "nurse"))
    with api(ward) as served:
        stream, other = served.ask("/api/v1/changes", **near), served.ask("/api/v1/changes", **far)
        assert stream.answer.status == 200
        assert stream.answer.headers["content-type"].startswith("text/event-stream")
        assert stream.answer.headers["cache-control"] == "no-store"
        assert stream.until("ready")[:2] == ("ready", {})
        assert other.until("ready")[:2] == ("ready", {})
        ward.do(episode, "record", "clinician", facts={"severity": "severe"})
        assert stream.until("changed")[:2] == ("changed", {"wards": ["N2"]})
        assert ward.post("/episodes", enrolment("0009", ward="N9")).status_code == 201
        assert other.until("changed")[:2] == ("changed", {"wards": ["N9"]}), "the first thing that it hears"
        ward.do(episode, "close", outcome="transferred", override=["steroid-stop"], reason="r")
        assert stream.until("changed")[:2] == ("changed", {"wards": ["N2"]})
        stream.close()
        other.close()


def test_one_episode_a_claim_and_a_timer_are_heard_of(each_ward: Ward) -> None:
    ward = each_ward
    episode, second = ward.enrol("0001"), ward.enrol("0002")
    _, asked = a_token(ward, "near", ("N2", "nurse"))
    task = next(row for row in ward.get("/worklist").json()["items"] if row["kind"] == "task")
    named = {name: task[name] for name in ("episode_id", "kind", "key")}
    name = second.rpartition("/")[2]
    with api(ward) as served:
        one, all_of_it = served.ask(f"/api/v1/changes?episode={name}", **asked), served.ask("/api/v1/changes", **asked)
        assert one.until("ready")[0] == all_of_it.until("ready")[0] == "ready"
        assert ward.post("/items/claim", named).status_code == 200
        assert all_of_it.until("changed")[:2] == ("changed", {"wards": ["N2"]})
        assert ward.post("/items/release", named).status_code == 200
        assert all_of_it.until("changed")[0] == "changed"
        ward.do(episode, "record", "clinician", facts={"severity": "severe"})
        assert all_of_it.until("changed")[0] == "changed"
        ward.advance(hours=1)
        ward.fire()
        assert one.until("changed")[:2] == ("changed", {"episode": name}), "of the other episode it heard nothing"
        one.close()
        all_of_it.close()


def test_who_comes_back_is_told_what_he_missed(ward: Ward) -> None:
    episode = ward.enrol()
    _, asked = a_token(ward, "near", ("N2", "nurse"))
    with api(ward) as served:
        stream = served.ask("/api/v1/changes", **asked)
        last = stream.until("ready")[2]
        stream.close()
        again = served.ask("/api/v1/changes", **asked, **{"Last-Event-ID": last})
        assert again.until("ready")[0] == "ready"
        assert again.next()[0] == "here", "nothing was missed"
        again.close()
        ward.do(episode, "record", "clinician", facts={"severity": "severe"})
        missed = served.ask("/api/v1/changes", **asked, **{"Last-Event-ID": last})
        assert [missed.until(name)[0] for name in ("ready", "changed")] == ["ready", "changed"]
        missed.close()


def test_a_stream_ends_with_what_lets_in(each_ward: Ward) -> None:
    ward = each_ward
    ward.enrol()
    person, asked = a_token(ward, "near", ("N2", "nurse"))
    other, moved = a_token(ward, "other", ("N2", "nurse"))
    with api(ward) as served:
        stream, second = served.ask("/api/v1/changes", **asked), served.ask("/api/v1/changes", **moved)
        assert stream.until("ready")[0] == second.until("ready")[0] == "ready"
        ward.system.signing.end_token(ADMINISTRATOR, person, ward.system.signing.tokens(person)[0]["token_id"])
        assert stream.until("end")[0] == "end"
        ward.system.people.add(ADMINISTRATOR, login="adm", name="A. Dm", posts=[("*", "administrator")])
        ward.system.people.set_posts(ADMINISTRATOR, other, [("N3", "nurse")])
        assert second.until("end")[0] == "end", "with other wards he listens anew"


def test_what_is_no_wish_to_listen_is_told_so(ward: Ward) -> None:
    episode = ward.enrol()
    _, asked = a_token(ward, "far", ("N9", "nurse"))
    with api(ward, most=2, most_each=1) as served:
        assert served.ask("/api/v1/changes", **{**asked, "Accept": "*/*"}).answer.status == 406
        assert served.ask("/api/v1/changes?ward=N2", **asked).answer.status == 404
        assert served.ask(f"/api/v1/changes?episode={episode.rpartition('/')[2]}", **asked).answer.status == 404
        assert served.ask("/api/v1/changes?nonsense=1", **asked).answer.status == 422
        first = served.ask("/api/v1/changes", **asked)
        assert first.until("ready")[0] == "ready"
        second = served.ask("/api/v1/changes", **asked)
        assert second.answer.status == 503
        assert json.loads(second.answer.read())["code"] == "too-many"
        first.close()


def test_a_page_listens_with_its_session_and_does_not_keep_it_alive(each_house: House) -> None:
    house, signing = each_house, each_house.ward.system.signing
    browser = house.signed_in("nurse")
    token = browser.client.cookies["carepath"]
    live = quick(house.ward)
    seen_before = _seen_at(house, token)
    with serving(create_pages(house.ward.system, timezone="Europe/London", live=live), live) as served:
        cookie = {"Cookie": f"carepath={token}", **ASKED}
        assert served.ask("/live", **ASKED).answer.status == 401
        _age(house, token, timedelta(minutes=20))
        stream = served.ask("/live?ward=N2&since=2026-03-02T08%3A00%3A00%2B00%3A00", **cookie)
        assert stream.until("ready")[0] == "ready"
        house.ward.enrol()
        assert stream.until("changed")[:2] == ("changed", {"wards": ["N2"]})
        stale = served.ask("/live?since=2026-03-02T08%3A00%3A00%2B00%3A00", **cookie)
        assert [stale.until(name)[0] for name in ("ready", "changed")] == ["ready", "changed"], (
            "it came after the page was made"
        )
        assert _seen_at(house, token) == seen_before - timedelta(minutes=20)
        _age(house, token, timedelta(minutes=10))
        assert stream.until("end")[0] == stale.until("end")[0] == "end"
    assert signing.principal(token) is None


def test_a_page_listens_no_longer_than_its_person_may(each_house: House) -> None:
    """At once, whoever it was that ended it, and in whichever process; only what is over by itself is found later."""
    house, system = each_house, each_house.ward.system
    live = quick(house.ward, check_s=3600)
    pages = create_pages(system, timezone="Europe/London", live=live)
    with serving(pages, live) as served:

        def listening(login: str) -> tuple[Browser, Stream]:
            own = house.signed_in(login, (WARD, "nurse")).client.cookies["carepath"]
            stream = served.ask("/live", Cookie=f"carepath={own}", **ASKED)
            assert stream.until("ready")[0] == "ready"
            return Browser(TestClient(pages, client=("127.0.0.1", 50000), cookies={"carepath": own})), stream

        (here, gone), (_, elsewhere), (_, other) = listening("nurse"), listening("nurse"), listening("other")
        assert here.send("/password", "/sign-out").headers["location"] == "/sign-in"
        assert gone.until("end")[0] == "end"
        house.ward.enrol()
        assert elsewhere.until("changed")[0] == other.until("changed")[0] == "changed", "these are signed in"
        system.signing.end_sessions(ADMINISTRATOR, house.people["nurse"])
        assert elsewhere.until("end")[0] == "end"
        _, ended = listening("ended")
        _, stays = listening("stays")
        system.people.add(ADMINISTRATOR, login="adm", name="A. Dm", posts=[("*", "administrator")])
        system.people.set_posts(ADMINISTRATOR, house.people["other"], [])
        assert other.until("end")[0] == "end", "the role was taken"
        system.people.end(ADMINISTRATOR, house.people["ended"])
        assert ended.until("end")[0] == "end"
        house.ward.enrol("0002")
        assert stays.until("changed")[0] == "changed"


def _seen_at(house: House, token: str) -> Any:  # noqa: ANN401  an instant
    found = house.ward.system.signing.principal(token, touch=False)
    assert found is not None
    assert found.session is not None
    with house.ward.system.store.read() as reader:
        row = reader.session(found.session)
    assert row is not None
    return row.seen_at


def _age(house: House, token: str, by: timedelta) -> None:
    found = house.ward.system.signing.principal(token, touch=False)
    assert found is not None
    assert found.session is not None
    seen_at = _seen_at(house, token)
    with house.ward.system.store.change() as change:
        change.touch_session(found.session, seen_at - by)


def test_the_store_may_go_away_and_come_back(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    episode = ward.enrol()
    _, asked = a_token(ward, "near", ("N2", "nurse"))
    look, away, tried = Changes.look, threading.Event(), threading.Semaphore(0)

    def looking(changes: Changes, scopes: Any) -> Any:  # noqa: ANN401  as `look` has them
        if away.is_set():
            tried.release()
            raise StoreBusy("locked")
        return look(changes, scopes)

    monkeypatch.setattr(Changes, "look", looking)
    with caplog.at_level(logging.ERROR), api(ward) as served:
        stream = served.ask("/api/v1/changes", **asked)
        assert stream.until("ready")[0] == "ready"
        away.set()
        ward.do(episode, "record", "clinician", facts={"severity": "severe"})
        assert tried.acquire(timeout=20)
        assert tried.acquire(timeout=20), "it is tried again"
        away.clear()
        assert stream.until("changed")[0] == "changed"
        stream.close()
    assert [record.getMessage() for record in caplog.records].count("nobody is told of changes: store-busy") == 1


def test_all_who_listen_share_one_look_and_leave_nothing_running(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def looking(_: Changes, scopes: Any) -> dict[Any, Any]:  # noqa: ANN401  as `look` has them
        asked.append(len(scopes))
        return {}

    monkeypatch.setattr(Changes, "look", looking)

    async def play() -> None:
        live = quick(ward, every_s=3600.0)
        streams = [live.join(Listener("u", Scope(frozenset({f"N{n % 2}"})), lambda: True)) for n in range(20)]
        bodies: list[Any] = [aiter(stream.body_iterator) for stream in streams]
        for body in bodies:
            assert b"retry" in bytes(await anext(body))
            assert b"event: ready" in bytes(await anext(body))
        for body in bodies:
            await body.aclose()
        assert not live._listeners
        assert live._looking is not None
        await asyncio.wait_for(live._looking, 5)

    asyncio.run(play())
    assert asked == [2], "two scopes, one look"
