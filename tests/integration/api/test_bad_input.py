"""Goal: whatever is wrong with a request, a problem of one line comes, nothing is half-written, the chain is whole."""

import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from httpx2 import Response

from orchestrator.http.bounds import MAX_BODY
from tests.integration.api.conftest import Ward, enrolment

RECORD = "/record"
NAN = b'{"facts": {"weight_kg": NaN}}'
DEEP = b'{"facts": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
BAD_BODIES: dict[str, tuple[Any, int, str | None]] = {
    "not JSON": (b"facts: severe", 400, "invalid-json"),
    "not UTF-8": (b'{"facts": {"a": "\xff"}}', 400, "invalid-json"),
    "NaN": (NAN, 400, "invalid-json"),
    "Infinity": (NAN.replace(b"NaN", b"-Infinity"), 400, "invalid-json"),
    "a number without end": (b'{"facts": {"weight_kg": 1e%s}}' % (b"9" * 60), 400, "invalid-json"),
    "an integer without end": (b'{"facts": {"weight_kg": %s}}' % (b"9" * 5000), 400, "invalid-json"),
    "a huge exponent": (b'{"facts": {"weight_kg": 1e999999999}}', 422, "invalid-value"),
    "the same name twice": (b'{"facts": {}, "facts": {"severity": "mild"}}', 400, "invalid-json"),
    "nested without end": (DEEP, 400, "invalid-json"),
    "nested too deeply": (b'{"facts": {"a": [[[[[[[[1]]]]]]]]}}', 400, "invalid-json"),
    "half a character": (b'{"facts": {"severity": "\\ud800"}}', 400, "invalid-json"),
    "a NUL": (b'{"facts": {"severity": "\\u0000"}}', 400, "invalid-json"),
    "no body": (b"", 422, "invalid-request"),
    "a list": ([], 422, "invalid-request"),
    "an unknown field": ({"facts": {"severity": "mild"}, "force": True}, 422, "invalid-request"),
    "a missing field": ({}, 422, "invalid-request"),
    "no facts": ({"facts": {}}, 422, "invalid-request"),
    "an object as a value": ({"facts": {"severity": {"a": 1}}}, 422, "invalid-request"),
    "a long text": ({"facts": {"severity": "x" * 4001}}, 422, "invalid-request"),
    "a long reason": ({"facts": {"severity": "mild"}, "reason": "x" * 4001}, 422, "invalid-request"),
    "a reason of another type": ({"facts": {"severity": "mild"}, "reason": 1}, 422, "invalid-request"),
    "1 MB of text": ({"facts": {"severity": "x" * 1_048_576}}, 413, "too-large"),
    "an unknown fact": ({"facts": {"sevrity": "mild"}}, 422, "unknown-fact"),
    "a wrong type": ({"facts": {"severity": 3}}, 422, "invalid-value"),
    "a number as an enum's value": ({"facts": {"severity": True}}, 422, "invalid-value"),
    "out of range": ({"facts": {"weight_kg": 7000}}, 422, "invalid-value"),
    "the year 9999": ({"facts": {"onset_date": "9999-12-31"}}, 422, None),
}


@pytest.mark.parametrize("what", BAD_BODIES)
def test_a_bad_body_is_a_problem_and_writes_no_fact(ward: Ward, what: str) -> None:
    body, status, code = BAD_BODIES[what]
    episode = ward.enrol()
    answer = ward.post(episode + RECORD, body)
    _is_problem(answer, status, code)
    assert ward.get(episode).json()["facts"] == {}
    assert ward.get(f"{episode}/story").json()["chain"]["whole"]
    on_record = "seq" in answer.json()
    assert len(ward.get(f"{episode}/timeline").json()["entries"]) == 1 + on_record


COMMANDS: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "an unknown regimen": ("confirm", {"regimens": ["aspirin"]}, 422, "invalid-value"),
    "not proposed": ("confirm", {"regimens": ["prednisone-oral"]}, 422, "infection-excluded"),
    "an unknown gate": ("confirm", {"regimens": ["ivmp-pulse"], "override": ["nix"]}, 422, "invalid-value"),
    "an unknown parameter": ("confirm", {"regimens": ["observation"], "parameters": {"nix": 1}}, 422, "invalid-value"),
    "a start in the year 9999": (
        "confirm", {"regimens": ["observation"], "parameters": {"start": "9999-12-31T00:00:00Z"}}, 422, "invalid-value"
    ),
    "half a day": ("confirm", {"regimens": ["observation"], "parameters": {"days": 1.5}}, 422, "invalid-value"),
    "given in the year 9999": ("give", {"regimen": "ivig", "given_at": "9999-12-31T23:59:59Z"}, 422, "invalid-request"),
    "given without an offset": ("give", {"regimen": "ivig", "given_at": "2026-03-02T08:00:00"}, 422, "invalid-request"),
    "given nothing": ("give", {"regimen": "ivig"}, 422, "no-such-course"),
    "no such task": ("complete", {"task": "nix"}, 422, "no-such-task"),
    "no such reminder": ("acknowledge", {"reminder": "nix"}, 422, "no-such-reminder"),
    "an unknown outcome": ("close", {"outcome": "nix"}, 422, "invalid-value"),
    "an empty name": ("stop", {"regimen": ""}, 422, "invalid-request"),
    "an override where there are no gates": ("give", {"regimen": "ivig", "override": []}, 422, "invalid-request"),
}  # fmt: skip


@pytest.mark.parametrize("what", COMMANDS)
def test_a_command_that_cannot_be_done_is_a_problem(ward: Ward, what: str) -> None:
    verb, body, status, code = COMMANDS[what]
    episode = ward.enrol()
    answer = ward.post(f"{episode}/{verb}", body)
    _is_problem(answer, status, code)
    assert ward.get(f"{episode}/story").json()["chain"]["whole"]


def test_a_refusal_stands_in_the_record(ward: Ward) -> None:
    episode = ward.enrol()
    answer = ward.post(f"{episode}/confirm", {"regimens": ["ivmp-pulse"]}, "nurse")
    assert answer.status_code == 422
    last = ward.get(f"{episode}/timeline").json()["entries"][-1]
    assert (last["seq"], last["result"]) == (answer.json()["seq"], f"refused:{answer.json()['code']}")
    assert answer.headers["etag"] == f'"{last["seq"]}-{last["hash"][:16]}"'
    assert (last["actor"], last["role"], last["authenticated"]) == ("u-nurse", "nurse", False)


def test_an_unknown_episode_is_not_found(ward: Ward) -> None:
    for name in ("0" * 8 + "-0000-0000-0000-" + "0" * 12, "nix", "%00", "A" * 5000):
        for answer in (ward.get(f"/episodes/{name}"), ward.post(f"/episodes/{name}/complete", {"task": "eeg"})):
            _is_problem(answer, 404, "not-found")


def test_a_closed_episode_is_a_conflict(ward: Ward) -> None:
    episode = ward.enrol()
    ward.do(episode, "close", outcome="withdrawn")
    for verb, body in (("record", {"facts": {"severity": "mild"}}), ("close", {"outcome": "withdrawn"})):
        _is_problem(ward.post(f"{episode}/{verb}", body), 409, "episode-closed")


def test_a_command_needs_its_key(ward: Ward) -> None:
    episode = ward.enrol()
    for verb in (
        "record", "confirm", "give", "miss", "decline", "retract", "stop", "complete", "acknowledge", "close",
        "change-ward",
    ):  # fmt: skip
        bare = ward.client.post(f"/api/v1{episode}/{verb}", json={}, headers=ward._bearer())
        _is_problem(bare, 400, "idempotency-key-missing")
    for key in ("", " ", "x" * 201, "a b"):
        _is_problem(ward.post(f"{episode}/complete", {"task": "eeg"}, idempotency_key=key), 422, "invalid-request")
    for name, another in (("Idempotency-Key", "b"), ("Carepath-On-Behalf-Of", "u-9")):
        twice = [*ward._bearer().items(), ("Idempotency-Key", "a"), (name, "u-8"), (name, another)]
        answer = ward.client.post(f"/api/v1{episode}/complete", json={"task": "eeg"}, headers=twice)
        _is_problem(answer, 400, "invalid-request")


def test_a_body_must_be_json_by_name(ward: Ward) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""):
        _is_problem(ward.post("/episodes", b"{}", content_type=kind), 415, "unsupported-media-type")
    _is_problem(ward.post("/episodes", b"{}", content_encoding="gzip"), 415, "unsupported-media-type")
    assert ward.post("/episodes", b"{}", content_type="application/json; charset=UTF-8").status_code == 422


def test_a_body_is_cut_off_while_it_arrives(ward: Ward) -> None:
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b"x" * (MAX_BODY // 10)

    headers = {**ward._bearer(), "Content-Type": "application/json", "Idempotency-Key": "a"}
    _is_problem(ward.client.post("/api/v1/episodes", content=chunks(), headers=headers), 413, "too-large")


def test_bad_enrolments(ward: Ward) -> None:
    nobody: dict[str, Any] = {"identifiers": []}
    blank = {"identifiers": [{"system": "a", "value": " "}]}
    for other, code in (
        (nobody, "invalid-request"),
        (blank, "invalid-request"),
        ({"timezone": "Mars/Olympus"}, "invalid-request"),
        ({"timezone": "../../etc/passwd"}, "invalid-request"),
        ({"timezone": "localtime"}, "invalid-request"),
        ({"ward": "N2\n"}, "invalid-request"),
        ({"pathway": "no such"}, "invalid-request"),
        ({"pathway": None}, "invalid-request"),
    ):
        _is_problem(ward.post("/episodes", enrolment(**other)), 422, code)
    _is_problem(ward.post("/episodes", enrolment(pathway="no-such")), 404, "not-found")
    _is_problem(ward.post("/episodes", enrolment(pathway=f"{enrolment()['pathway']}@0.0.1")), 404, "not-found")
    _is_problem(ward.post("/episodes", enrolment(), "auditor"), 422, "needs-role")
    assert ward.get("/worklist").json()["items"] == []


def test_identifiers_of_two_patients_are_a_conflict(ward: Ward) -> None:
    ward.enrol("1")
    ward.enrol("2")
    both = [{"system": "hospital-number", "value": value} for value in ("1", "2")]
    _is_problem(ward.post("/episodes", enrolment(identifiers=both)), 409, "conflict")


def test_who_acts_is_an_opaque_id_in_a_role(ward: Ward) -> None:
    episode = ward.enrol()
    for name, values in {
        "carepath_actor": ("", "A person's name", "x" * 101, "ä"),
        "carepath_role": ("Lead", "lead nurse", "x" * 41),
        "carepath_on_behalf_of": ("a b",),
    }.items():
        for value in values:
            answer = ward.post(f"{episode}/complete", {"task": "eeg"}, **{name: value.encode()})  # type: ignore[arg-type]
            _is_problem(answer, 422, "invalid-request")
    _is_problem(ward.post(f"{episode}/complete", {"task": "eeg"}, "gardener"), 422, "needs-role")


def test_bad_parameters_of_a_list(ward: Ward) -> None:
    for query in ("limit=0", "limit=501", "limit=x", "after=nix", "after=9999-99-99~a~b~c", "ward=%00", "ward="):
        _is_problem(ward.get(f"/worklist?{query}"), 422, "invalid-request")
    early = "0001-01-01T00:00:00%2B23:59~a~b"
    assert ward.get(f"/inbox?before={early}").status_code < 500


def test_a_parameter_or_role_that_nobody_knows_is_refused(ward: Ward) -> None:
    episode = ward.enrol()
    for path in ("/worklist?wards=N2", "/inbox?after=x", "/pathways?limit=1", f"{episode}?full=1", "/inbox?role=nurze"):
        _is_problem(ward.get(path), 422, "invalid-request")
    _is_problem(ward.post(f"{episode}/complete?force=1", {"task": "eeg"}), 422, "invalid-request")
    assert "query wards: " in ward.get("/worklist?wards=N2").json()["detail"]
    assert "ward, role, kind, overdue, holder, after, limit" in ward.get("/worklist?wards=N2").json()["detail"]
    assert "nurse" in ward.get("/worklist?role=nurze").json()["detail"]
    assert ward.get("/worklist?role=nurse&role=lead").status_code == 200


def test_what_is_not_there(ward: Ward) -> None:
    _is_problem(ward.get("/nix"), 404, "not-found")
    _is_problem(ward.get("/episodes/find/"), 404, "not-found")
    wrong = ward.client.delete("/api/v1/worklist", headers=ward._bearer())
    _is_problem(wrong, 405, "method-not-allowed")
    assert wrong.headers["allow"] == "GET"


def test_no_problem_repeats_a_value(ward: Ward) -> None:
    episode, canary = ward.enrol(), "Canary-7391"
    for body in (
        {"facts": {"severity": canary}},
        {"facts": {"weight_kg": canary}},
        {"facts": {"severity": {canary: 1}}},
        {"facts": {"severity": "mild"}, "reason": [canary]},
    ):
        answer = ward.post(episode + RECORD, body)
        assert answer.status_code == 422
        assert canary not in answer.text, answer.text
    for bad in (
        ward.post("/episodes", enrolment(timezone=canary)),
        ward.post("/episodes", enrolment(ward=f"{canary}\n")),
        ward.post(f"{episode}/confirm", {"regimens": ["observation"], "parameters": {"start": canary}}),
        ward.post(f"{episode}/give", {"regimen": "ivig", "given_at": canary}),
        ward.post(f"{episode}/complete", {"task": "eeg"}, if_match=canary),
        ward.post(f"{episode}/complete", {"task": "eeg"}, carepath_actor=f"{canary} "),
        ward.get(f"/worklist?role={canary}&after={canary}"),
        ward.get(f"/inbox?before={canary}"),
    ):
        assert bad.status_code == 422
        assert canary not in bad.text, bad.text
    numbers = {
        ward.post(episode + RECORD, NAN.replace(b"NaN", each)).text for each in (b"NaN", b"Infinity", b"-Infinity")
    }
    assert len(numbers) == 1


def test_a_name_comes_back_only_short_and_shaped_like_a_name(ward: Ward) -> None:
    episode, long = ward.enrol(), "x" * 200
    for verb, body in {
        "record": {"facts": {long: 1}},
        "confirm": {"regimens": [long]},
        "stop": {"regimen": long},
        "retract": {"target": long},
        "complete": {"task": long},
        "acknowledge": {"reminder": long},
        "close": {"outcome": long},
        "change-ward": {"ward": long},
    }.items():
        answer = ward.post(f"{episode}/{verb}", body)
        assert answer.status_code == 422
        assert "x" * 61 not in answer.text, verb
        unlike = orjson.loads(orjson.dumps(body).replace(long.encode(), b"Jo Doe, *1960"))
        assert "Doe" not in ward.post(f"{episode}/{verb}", unlike).text, verb
    for pathway in (long, "x" * 100):
        assert "x" * 101 not in ward.post("/episodes", enrolment(pathway=pathway)).text
    assert "Doe" not in ward.get("/worklist?Jo Doe, *1960=1").text


def test_a_problem_says_in_its_title_what_kind_it_is(ward: Ward) -> None:
    episode = ward.enrol()
    ward.do(episode, "record", facts={"severity": "severe"})
    for verb, body, title in (
        ("confirm", {"regimens": ["ivmp-pulse"]}, "Refused by a gate"),
        ("record", {"facts": {"severity": 3}}, "A value does not fit"),
        ("record", {"facts": {"nix": 3}}, "The pathway knows no such fact"),
        ("complete", {"task": "nix"}, "No such task is open"),
        ("retract", {"target": "severity"}, "A reason is needed"),
    ):
        assert ward.post(f"{episode}/{verb}", body).json()["title"] == title
    assert ward.post(f"{episode}/complete", {"task": "eeg"}, "auditor").json()["title"] == "Another role is needed"
    wrong = ward.client.delete("/api/v1/worklist", headers=ward._bearer())
    assert wrong.json()["title"] == "The address does not take this method"


def test_a_tag_that_is_none_gets_one_sentence(ward: Ward) -> None:
    answer = ward.post(f"{ward.enrol()}/complete", {"task": "eeg"}, if_match="7")
    _is_problem(answer, 422, "invalid-request")
    assert 'such as "12-' in answer.json()["detail"]
    assert not re.search(r"pattern|\^|\[", answer.json()["detail"])


def _is_problem(answer: Response, status: int, code: str | None) -> None:
    told = answer.json()
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert told["status"] == status
    assert code is None or told["code"] == code, told
    assert told["type"] == f"/api/v1/problems/{told['code']}"
    assert told["title"]
    assert told["detail"]
    assert "\n" not in told["detail"]
    assert len(told["detail"]) < 500
    assert told["simulated"] is False
