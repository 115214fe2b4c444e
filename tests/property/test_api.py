"""Goal: whatever is sent, in whichever order, nothing brings the API down and the record stays whole."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.api.app import PREFIX, create_app
from orchestrator.bootstrap import throwaway_system
from orchestrator.clock import VirtualClock
from orchestrator.pathway.loader import load_library

LIBRARY = load_library(Path(__file__).parents[2] / "workflows")
PATHWAY = LIBRARY.pathways[0]
ROLES = ("nurse", "clinician", "lead", "gardener")
TEXT = st.text(max_size=12)
NAMES = st.sampled_from(
    [*PATHWAY.facts, *PATHWAY.regimens, *PATHWAY.gates, *PATHWAY.tasks, *PATHWAY.reminders, *PATHWAY.outcomes]
)
NUMBERS = st.integers(-(10**20), 10**20) | st.decimals(allow_nan=False, allow_infinity=False).map(float)
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat)
VALUES = st.none() | st.booleans() | NUMBERS | TEXT | MOMENTS | NAMES | st.lists(NAMES | TEXT, max_size=3)
WELL_MEANT = st.sampled_from(
    [value for fact in PATHWAY.facts.values() for value in fact.values] + [True, False, 65, 61.7, "61.7", "2026-02-01"]
)
STEPS = st.lists(st.fixed_dictionaries({"days": VALUES, "dose": VALUES}), max_size=3)
PARAMETERS = st.dictionaries(
    st.sampled_from(["days", "sessions", "taper_days", "dose", "dose_per_kg", "steps", "start", "given", "x"]),
    st.integers(1, 60) | VALUES | STEPS,
    max_size=3,
)
REGIMENS = st.sampled_from(list(PATHWAY.regimens))
SHARED: dict[str, Any] = {
    "reason": st.none() | TEXT,
    "override": st.lists(st.sampled_from(list(PATHWAY.gates)), max_size=2),
}
BODIES: dict[str, Any] = {
    "record": st.fixed_dictionaries(
        {"facts": st.dictionaries(st.sampled_from(list(PATHWAY.facts)), WELL_MEANT | VALUES)}
    ),
    "confirm": st.fixed_dictionaries(
        {"regimens": st.lists(REGIMENS, min_size=1, max_size=2)}, optional={**SHARED, "parameters": PARAMETERS}
    ),
    "give": st.fixed_dictionaries({"regimen": REGIMENS}, optional={"given_at": MOMENTS | VALUES}),
    "miss": st.fixed_dictionaries({"regimen": REGIMENS}),
    "decline": st.fixed_dictionaries({"regimen": REGIMENS}),
    "stop": st.fixed_dictionaries({"regimen": REGIMENS}, optional=SHARED),
    "retract": st.fixed_dictionaries({"target": NAMES, "reason": TEXT}),
    "complete": st.fixed_dictionaries({"task": st.sampled_from(list(PATHWAY.tasks)) | TEXT}),
    "acknowledge": st.fixed_dictionaries({"reminder": st.sampled_from(list(PATHWAY.reminders)) | TEXT}),
    "close": st.fixed_dictionaries({"outcome": NAMES | TEXT}, optional=SHARED),
    "change-ward": st.fixed_dictionaries({"ward": TEXT, "reason": TEXT}, optional={"anyway": st.booleans() | VALUES}),
}
ANY_BODY = st.dictionaries(TEXT | st.sampled_from(["facts", "regimens", "task"]), VALUES, max_size=4)
WISHES = st.one_of(*(st.tuples(st.just(verb), st.just(verb).flatmap(BODIES.__getitem__) | ANY_BODY) for verb in BODIES))
ALLOWED = {200, 400, 409, 412, 422}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    wishes=st.lists(st.tuples(WISHES, st.sampled_from(ROLES), st.integers(0, 3)), min_size=1, max_size=12),
    hours=st.integers(0, 30),
)
def test_nothing_brings_it_down(wishes: list[tuple[tuple[str, Any], str, int]], hours: int) -> None:
    clock = VirtualClock(datetime(2026, 3, 2, 8, tzinfo=UTC))
    with throwaway_system(LIBRARY, clock) as system, TestClient(create_app(system)) as client:
        client.headers["Authorization"] = f"Bearer {system.access.first_token()}"
        client.headers["Carepath-Actor"] = "u-1"
        episode = _enrol(client)
        tags = [client.get(episode).headers["etag"]]
        for number, ((verb, body), role, seen) in enumerate(wishes):
            headers = {"Carepath-Role": role, "Idempotency-Key": str(number)}
            if seen:
                headers["If-Match"] = tags[-min(seen, len(tags))]
            answer = client.post(f"{episode}/{verb}", json=body, headers=headers)
            _is_an_answer(answer)
            tags.append(answer.headers.get("etag", tags[-1]))
            clock.advance(timedelta(hours=hours))
            while system.firing.fire_due().more:
                pass
        for part in ("", "/explain", "/timeline", "/report"):
            assert client.get(episode + part).status_code == 200, part
        assert client.get(f"{episode}/story").json()["chain"]["whole"]
        assert system.replay.replay(episode.rpartition("/")[2]).equal


def _is_an_answer(answer: Response) -> None:
    assert answer.status_code in ALLOWED, answer.text
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].isprintable()


def _enrol(client: TestClient) -> str:
    identifiers = [{"system": "n", "value": "1"}]
    body = {"pathway": PATHWAY.name, "ward": "N2", "timezone": "Europe/London", "identifiers": identifiers}
    headers = {"Carepath-Role": "nurse", "Idempotency-Key": "patient"}
    answer = client.post(f"{PREFIX}/episodes", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])
