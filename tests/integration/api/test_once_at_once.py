"""Goal: a command is done once for its key also when it comes again while it is being done, or when that fails."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from httpx2 import Response

from orchestrator.errors import StoreBusy
from orchestrator.service import once
from orchestrator.service.people.recording import Author
from orchestrator.store.answers import AnswerWrites
from tests.integration.api.conftest import Ward
from tests.integration.api.test_concurrency import at_once

ADMINISTRATOR = Author("u-test", "administrator")


def nurse(ward: Ward) -> str:
    return ward.system.people.add(ADMINISTRATOR, login="nurse", name="Nurse", posts=[("N2", "nurse")])


def duty(person_id: str, day: int = 3) -> dict[str, Any]:
    span = {"starts_at": f"2026-03-0{day}T08:00", "ends_at": f"2026-03-0{day}T20:00"}
    return {"role": "nurse", "person_id": person_id, **span}


def duties(ward: Ward) -> list[dict[str, Any]]:
    return list(ward.get("/rota/N2?from=2026-03-03&days=7").json()["duties"])


def known(ward: Ward) -> int:
    """Return how much of the changes about people the process knows by heart."""
    return ward.system.duty.reach._roster.mark


def mark(ward: Ward) -> int:
    with ward.system.store.read() as reader:
        return reader.staff_mark()


def said(answers: list[Response]) -> list[tuple[int, str | None]]:
    return sorted((each.status_code, each.headers.get("idempotent-replayed")) for each in answers)


def test_of_the_same_command_four_times_at_once_one_acts(each_ward: Ward) -> None:
    ask = partial(each_ward.post, "/rota/N2/add", duty(nurse(each_ward)), idempotency_key="once")
    got = at_once(ask, ask, ask, ask)
    assert {each.status_code for each in got} == {201}
    assert len({each.json()["duty_id"] for each in got}) == 1
    assert [each.headers.get("idempotent-replayed") for each in got].count(None) == 1
    assert len(duties(each_ward)) == 1


def test_of_two_who_change_the_same_list_at_once_one_is_told(each_ward: Ward) -> None:
    person_id = nurse(each_ward)
    seen = each_ward.get("/rota/N2").headers["etag"]
    asks = [partial(each_ward.post, "/rota/N2/add", duty(person_id, day), if_match=seen) for day in (3, 4, 5)]
    got = at_once(*asks)
    assert sorted(each.status_code for each in got) == [201, 412, 412]
    assert {each.json().get("code") for each in got if each.status_code == 412} == {"changed-since-read"}
    assert len(duties(each_ward)) == 1
    assert each_ward.get("/rota/N2").headers["etag"] != seen


def test_what_cannot_be_answered_is_not_done(each_ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = partial(each_ward.post, "/rota/N2/add", duty(nurse(each_ward)), idempotency_key="once")
    before = mark(each_ward)

    def fails(*_: object) -> None:
        raise StoreBusy("another transaction holds it")

    with monkeypatch.context() as patch:
        patch.setattr(AnswerWrites, "add_answer", fails)
        assert ask().status_code == 503
    assert duties(each_ward) == [], "neither is done without the other"
    assert known(each_ward) == before == mark(each_ward), "what is not committed is not known"
    assert (ask().status_code, len(duties(each_ward))) == (201, 1)
    assert known(each_ward) == mark(each_ward), "what is committed counts at once"
    assert said([ask()]) == [(201, "true")]


def test_a_key_belongs_to_who_asks_and_an_answer_is_kept_for_a_week(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    person_id = nurse(ward)
    first = ward.post("/rota/N2/add", duty(person_id), idempotency_key="k")
    other = ward.post("/rota/N2/add", duty(person_id, 4), "administrator", idempotency_key="k")
    assert (first.status_code, other.status_code, len(duties(ward))) == (201, 201, 2)
    monkeypatch.setattr(once, "KEPT", timedelta(seconds=-1))
    assert ward.post("/rota/N2/add", duty(person_id, 5), idempotency_key="new").status_code == 201
    again = ward.post("/rota/N2/remove", {"duty_id": first.json()["duty_id"]}, idempotency_key="k")
    assert again.status_code == 200, "the key is forgotten"


def test_a_refusal_is_not_kept(ward: Ward) -> None:
    person_id = nurse(ward)
    body = {"starts_at": "2026-03-03T08:00", "ends_at": "2026-03-03T20:00"}
    path = f"/people/{person_id}/absences/add"
    assert ward.post(path, {**body, "deputy_id": "u-none"}, idempotency_key="k").status_code == 404
    assert ward.post(path, body, idempotency_key="k").status_code == 201
