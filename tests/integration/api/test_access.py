"""Goal: nothing but health is answered without the token; every answer is dressed; who acts is recorded as proved."""

import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from orchestrator import __version__, config
from orchestrator.api.app import PREFIX, create_app
from orchestrator.api.guard import PUBLIC
from orchestrator.bootstrap import Simulation, open_system, prepare_store
from orchestrator.errors import InputError
from orchestrator.http.failures import Failures
from orchestrator.service import readiness
from tests.factories import OPERATOR
from tests.integration.api.conftest import T0, Ward, enrolment

ALWAYS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "carepath-store": "real",
}


def routes(ward: Ward) -> list[tuple[str, str]]:
    described = ward.get("/openapi.json").json()["paths"]
    found = [(method.upper(), path) for path, operations in described.items() for method in operations]
    return [*found, ("GET", f"{PREFIX}/openapi.json"), ("GET", "/docs"), ("GET", "/nix"), ("GET", f"{PREFIX}/../x")]


def test_every_route_but_health_needs_the_token(ward: Ward) -> None:
    tried = routes(ward)
    assert len(tried) > 22
    for method, path in tried:
        for authorization in (
            None,
            "Bearer",
            "Bearer wrong",
            "Basic YTpi",
            f"Token {ward.token}",
            f"Bearer {ward.token}x",
        ):
            headers = {} if authorization is None else {"Authorization": authorization}
            answer = ward.client.request(method, path, headers=headers)
            if path in PUBLIC:
                assert answer.status_code == 200
            elif answer.status_code != 429:
                assert answer.status_code == 401, (method, path)
                assert answer.headers["www-authenticate"].startswith('Bearer realm="carepath"')
                assert answer.json()["code"] == "token-needed"


def test_every_answer_is_dressed(ward: Ward) -> None:
    for method, path in routes(ward):
        for headers in ({}, ward._bearer()):
            answer = ward.client.request(method, path, headers=headers)
            assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS, path
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert "access-control-allow-origin" not in answer.headers
            assert "server" not in answer.headers


def test_health_says_what_runs(ward: Ward) -> None:
    said = {"version": __version__, "store": "real", "simulated": False}
    assert ward.client.get("/healthz").json() == {"status": "ok", **said}
    assert ward.client.get("/readyz").json() == {"status": "ready", **said}


def test_a_simulated_store_says_so_everywhere(tmp_path: Path) -> None:
    settings = config.read({}, home=tmp_path, simulated=True)
    prepare_store(settings, Simulation(T0, 3600))
    with open_system(settings) as system, TestClient(create_app(system)) as client:
        client.headers["Authorization"] = f"Bearer {system.access.first_token()}"
        asked = [client.get("/healthz"), client.get(f"{PREFIX}/worklist"), client.get(f"{PREFIX}/nix")]
        keyed = {"Idempotency-Key": "a", "Carepath-Role": "nurse"}
        asked.append(client.post(f"{PREFIX}/episodes", json=enrolment(), headers=keyed))
        asked.append(client.get(asked[-1].headers["location"]))
        asked.append(client.get(PREFIX, headers={"Authorization": ""}))
        for answer in asked:
            assert answer.headers["carepath-store"] == "simulated"
            assert answer.json()["simulated"] is True


def test_without_another_name_the_administrator_acts_and_that_is_proved(ward: Ward) -> None:
    episode = ward.enrol()
    own = {**ward._bearer(), "Idempotency-Key": "a"}
    refused = ward.client.post(f"{PREFIX}{episode}/complete", json={"task": "eeg"}, headers=own)
    assert (refused.status_code, refused.json()["code"]) == (422, "needs-role")
    assert "such as Carepath-Role: clinician" in refused.json()["detail"]
    gardener = ward.post(f"{episode}/complete", {"task": "eeg"}, "gardener")
    assert "Carepath-Role" not in gardener.json()["detail"], "whoever named a role knows how"
    ward.post(f"{episode}/complete", {"task": "eeg"}, "nurse", carepath_on_behalf_of="u-9")
    _, own_entry, _, asserted = ward.get(f"{episode}/timeline").json()["entries"]
    assert (own_entry["actor"], own_entry["role"], own_entry["authenticated"]) == (
        "administrator",
        "administrator",
        True,
    )
    told = (asserted["actor"], asserted["role"], asserted["on_behalf_of"], asserted["authenticated"])
    assert told == ("u-nurse", "nurse", "u-9", False)


def test_in_whose_name_is_refused_where_no_record_would_keep_it(ward: Ward) -> None:
    episode = ward.enrol()
    for answer in (
        ward.post(f"{episode}/hold", {"reason": "asked for by a court"}, "auditor", carepath_on_behalf_of="u-9"),
        ward.get(episode, **{"Carepath-On-Behalf-Of": "u-9"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
        assert "header carepath-on-behalf-of: it is recorded in an episode's entries alone" in answer.json()["detail"]
    assert ward.get("/holds").json()["holds"] == []
    moved = {"ward": "N3", "reason": "a bed there", "anyway": True}
    assert ward.post(f"{episode}/change-ward", moved, carepath_on_behalf_of="u-9").status_code == 200
    entries = ward.get(f"{episode}/timeline").json()["entries"]
    assert [each["on_behalf_of"] for each in entries] == [None, "u-9"]


def test_wrong_tokens_are_slowed_down_and_the_right_one_is_always_let_in(ward: Ward) -> None:
    now = [0.0]
    failures = Failures(3, 60.0, lambda: now[0])
    with TestClient(create_app(ward.system, failures=failures)) as client:
        wrong = {"Authorization": "Bearer wrong"}
        got = [client.get(f"{PREFIX}/worklist", headers=wrong).status_code for _ in range(5)]
        assert got == [401, 401, 401, 429, 429]
        assert client.get(f"{PREFIX}/worklist", headers=wrong).headers["retry-after"] == "60"
        assert client.get(f"{PREFIX}/worklist", headers=ward._bearer()).status_code == 200
        now[0] = 61.0
        assert client.get(f"{PREFIX}/worklist", headers=wrong).status_code == 401


def test_the_count_of_wrong_tokens_is_bounded() -> None:
    failures = Failures(1, 60.0, lambda: 0.0)
    for number in range(10_000):
        failures.add(str(number))
    assert len(failures._seen) <= 1024


def test_a_token_is_made_once_kept_as_a_hash_and_replaced(ward: Ward, tmp_path: Path) -> None:
    access = ward.system.access
    assert len(ward.token) >= 43
    assert access.first_token() is None
    for file in (tmp_path / "home").iterdir():
        assert ward.token.encode() not in file.read_bytes()
    fresh = access.new_token(OPERATOR)
    (told,) = ward.system.people.recorded().rows
    assert (told["by"], told["kind"], told["detail"]) == ("o-1", "admin-token", {"asserted": True})
    assert ward.get("/worklist").status_code == 401
    ward.token = fresh
    assert ward.get("/worklist").status_code == 200


def test_the_token_of_a_secret_file_counts(ward: Ward) -> None:
    access, given = ward.system.access, "0123456789abcdef" * 4
    access.adopt(given)
    access.adopt(given)
    assert access.holder(ward.token) is None
    ward.token = given
    assert ward.get("/worklist").status_code == 200
    for guessable in ("secret", "a b" * 30, "x" * 257):
        with pytest.raises(InputError):
            access.adopt(guessable)


def test_processes_that_adopt_the_same_token_at_once_are_all_content(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them may look before any of them wrote."""
    access, given = ward.system.access, "0123456789abcdef" * 4
    access.adopt(given)
    looked = iter([None])
    holder = access.holder
    monkeypatch.setattr(access, "holder", lambda token: next(looked, holder(token)))
    access.adopt(given)
    assert holder(given) is not None


def test_a_token_that_was_ended_never_opens_again(ward: Ward) -> None:
    access, given = ward.system.access, "0123456789abcdef" * 4
    access.adopt(given)
    access.new_token(OPERATOR)
    with pytest.raises(InputError, match="was ended before"):
        access.adopt(given)


def test_a_locked_store_asks_to_come_again_and_nothing_is_written(ward: Ward) -> None:
    episode = ward.enrol()
    ward.system.store._wait_s = 0.01  # type: ignore[union-attr]
    with ward.system.store.change():
        answer = ward.post(f"{episode}/complete", {"task": "eeg"})
    assert (answer.status_code, answer.json()["code"]) == (503, "store-busy")
    assert answer.headers["retry-after"] == "1"
    assert len(ward.get(f"{episode}/timeline").json()["entries"]) == 1


def test_a_full_disk_is_told_so_and_nothing_is_half_written(ward: Ward) -> None:
    episode = ward.enrol()
    with ward.system.store.change() as change:
        pages = change._sql.exec_driver_sql("PRAGMA page_count").scalar()
        change._sql.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    answers = [ward.post(f"{episode}/retract", {"target": "x" * 200, "reason": "y" * 4000}) for _ in range(40)]
    full = answers[-1]
    assert (full.status_code, full.json()["code"]) == (503, "store-unavailable")
    assert full.json()["detail"] == "the disk is full: nothing was written; free some space"
    recorded = ward.get(f"{episode}/timeline").json()["entries"]
    assert len(recorded) == 1 + sum(answer.status_code == 422 for answer in answers)
    assert ward.get(f"{episode}/story").json()["chain"]["whole"]


def test_a_store_that_cannot_be_written_or_read_is_told_so(ward: Ward, tmp_path: Path) -> None:
    episode = ward.enrol()
    with ward.system.store.change() as change:
        change._sql.exec_driver_sql("PRAGMA query_only=ON")
    answer = ward.post(f"{episode}/complete", {"task": "eeg"})
    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
    assert "read-only" in answer.json()["detail"]
    ward.system.store.close()
    with closing(sqlite3.connect(tmp_path / "home" / "carepath.db")) as file, file:
        file.execute("ALTER TABLE access_token RENAME TO gone")
        file.execute("ALTER TABLE episode RENAME TO gone_too")
    assert ward.client.get("/readyz").status_code == 503
    assert ward.get("/worklist").status_code == 503
    assert ward.client.get("/healthz").status_code == 200


def test_whoever_asks_again_and_again_whether_it_is_ready_keeps_nobody_from_writing(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 3600.0)
    state, ready = ward.client.app.state, readiness.Readiness(lambda: asked.append(""))  # type: ignore[attr-defined]
    monkeypatch.setattr(state, "serving", replace(state.serving, ready=ready))
    assert [ward.client.get("/readyz").status_code for _ in range(5)] == [200] * 5
    assert len(asked) == 1


def test_what_nobody_foresaw_is_logged_without_its_text(ward: Ward, caplog: pytest.LogCaptureFixture) -> None:
    value = "weight 61.7"

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(value)

    episode = ward.enrol()
    ward.system.desk.engine.decide = fail  # type: ignore[assignment, method-assign]
    with caplog.at_level(logging.WARNING):
        answer = ward.post(f"{episode}/complete", {"task": "eeg"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert "RuntimeError" in caplog.text
    assert value not in caplog.text + answer.text
