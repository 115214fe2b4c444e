"""Goal: the same command twice is one entry and one answer; of two who decide at once one is told what changed."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from httpx2 import Response

from orchestrator.service.rows import PathwayRow
from tests.integration.api.conftest import PATHWAY, T0, Ward, enrolment

FACTS = {"severity": "severe", "infection_status": "excluded"}


def at_once(*asked: Callable[[], Response]) -> list[Response]:
    """Ask everything at the same moment; return the answers."""
    ready = threading.Barrier(len(asked))

    def ask(one: Callable[[], Response]) -> Response:
        ready.wait()
        return one()

    with ThreadPoolExecutor(len(asked)) as people:
        return list(people.map(ask, asked))


def said(answers: list[Response]) -> list[tuple[int, str | None]]:
    return sorted(((each.status_code, each.json().get("code")) for each in answers), key=str)


def entries(ward: Ward, episode: str) -> int:
    return len(ward.get(f"{episode}/timeline").json()["entries"])


def test_a_repeat_gets_the_first_answer(each_ward: Ward) -> None:
    episode = each_ward.enrol()
    first = each_ward.post(f"{episode}/record", {"facts": FACTS}, idempotency_key="once")
    again = each_ward.post(f"{episode}/record", {"facts": FACTS}, idempotency_key="once")
    assert again.json() == {**first.json(), "repeated": True}
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"] == each_ward.get(episode).headers["etag"]
    assert entries(each_ward, episode) == 2


def test_a_version_that_another_process_knows_otherwise_takes_nobody_in(each_ward: Ward) -> None:
    each_ward.enrol()
    with each_ward.system.store.change() as change:  # as if the other were the first
        change._sql.exec_driver_sql("UPDATE pathway_version SET label = 'before'")
        row = PathwayRow("0" * 64, PATHWAY, each_ward.system.library.newest(PATHWAY).version, "{}", T0)
        change.keep_pathway(row)
    refused = each_ward.post("/episodes", enrolment("0002"))
    assert (refused.status_code, refused.json()["code"]) == (409, "version-changed")
    assert refused.json()["title"] == "The pathway was changed, but not its version"
    assert "raise the version" in refused.json()["detail"]


def test_a_repeated_refusal_is_one_entry(ward: Ward) -> None:
    episode = ward.enrol()
    first, again = (ward.post(f"{episode}/give", {"regimen": "ivig"}, idempotency_key="once") for _ in range(2))
    assert first.status_code == again.status_code == 422
    assert again.json() == {**first.json(), "repeated": True}
    assert entries(ward, episode) == 2


def test_the_same_key_with_another_body_is_refused(each_ward: Ward) -> None:
    episode = each_ward.enrol()
    each_ward.post(f"{episode}/record", {"facts": FACTS}, idempotency_key="once")
    other = each_ward.post(f"{episode}/record", {"facts": {"severity": "mild"}}, idempotency_key="once")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    assert other.json()["detail"] == "this key was used with another request; take a new one"
    assert entries(each_ward, episode) == 2


def test_enrolling_is_repeatable_and_nobody_is_enrolled_twice(each_ward: Ward) -> None:
    first = each_ward.post("/episodes", enrolment(), idempotency_key="once")
    again = each_ward.post("/episodes", enrolment(), idempotency_key="once")
    assert again.status_code == 201
    assert again.json() == {**first.json(), "repeated": True}
    other = each_ward.post("/episodes", enrolment("0002"), idempotency_key="once")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")
    twice = each_ward.post("/episodes", enrolment())
    assert (twice.status_code, twice.json()["code"]) == (409, "already-enrolled")


def test_of_two_who_decide_on_the_same_entry_the_second_is_told_what_changed(each_ward: Ward) -> None:
    episode = each_ward.enrol()
    each_ward.do(episode, "record", facts=FACTS)
    seen = each_ward.get(episode).headers["etag"]
    wishes = {
        "lead": {"regimens": ["ivmp-pulse"]},
        "clinician": {"regimens": ["ivmp-pulse"], "parameters": {"days": 4}},
    }
    got = at_once(
        *(partial(each_ward.post, f"{episode}/confirm", wish, role, if_match=seen) for role, wish in wishes.items())
    )
    assert said(got) == [(200, None), (412, "changed-since-read")]
    assert entries(each_ward, episode) == 3
    assert len(each_ward.get(episode).json()["courses"]) == 1


def test_the_same_request_four_times_at_once_is_one_entry(each_ward: Ward) -> None:
    episode = each_ward.enrol()
    ask = partial(each_ward.post, f"{episode}/record", {"facts": FACTS}, idempotency_key="once")
    got = at_once(ask, ask, ask, ask)
    tag = each_ward.get(episode).headers["etag"]
    assert {(each.status_code, each.headers["etag"]) for each in got} == {(200, tag)}
    assert sorted(each.json()["repeated"] for each in got) == [False, True, True, True]
    assert entries(each_ward, episode) == 2


def test_one_patient_enrolled_twice_at_once_is_enrolled_once(each_ward: Ward) -> None:
    got = at_once(*(partial(each_ward.post, "/episodes", enrolment()) for _ in range(2)))
    assert said(got) == [(201, None), (409, "already-enrolled")]
    same = at_once(*(partial(each_ward.post, "/episodes", enrolment("2"), idempotency_key="once") for _ in range(3)))
    assert {each.status_code for each in same} == {201}
    assert len({each.json()["episode_id"] for each in same}) == 1


def test_another_entry_alone_is_no_matter(ward: Ward) -> None:
    episode = ward.enrol()
    ward.do(episode, "record", facts=FACTS)
    seen = ward.get(episode).headers["etag"]
    ward.do(episode, "complete", "nurse", task="eeg")
    assert ward.get(episode).headers["etag"] != seen
    assert ward.post(f"{episode}/confirm", {"regimens": ["ivmp-pulse"]}, if_match=seen).status_code == 200


def test_if_match_holds_for_every_command_and_may_be_left_out(ward: Ward) -> None:
    episode = ward.enrol()
    enrolled = ward.get(episode).headers["etag"]
    ward.do(episode, "record", facts=FACTS)
    bodies = {
        "record": {"facts": {"response": "none"}},
        "confirm": {"regimens": ["ivmp-pulse"]},
        "stop": {"regimen": "ivmp-pulse"},
        "complete": {"task": "eeg"},
        "close": {"outcome": "withdrawn"},
    }
    for verb, body in bodies.items():
        refused = ward.post(f"{episode}/{verb}", body, if_match=enrolled)
        assert (refused.status_code, refused.json()["code"]) == (412, "changed-since-read"), verb
    for lost in ("999-0123456789abcdef", "2-0123456789abcdef", "1-0123456789abcdef"):
        unheard_of = ward.post(f"{episode}/record", bodies["record"], if_match=f'"{lost}"')
        assert (unheard_of.status_code, unheard_of.json()["code"]) == (412, "changed-since-read")
    assert "restored" in unheard_of.json()["detail"], "of that number there is another entry"
    assert entries(ward, episode) == 2
    assert ward.post(f"{episode}/record", bodies["record"], if_match="*").status_code == 200
    for wrong in ('W/"1"', "1", '"0"', '"2"', '"1", "2"', '"x"'):
        assert ward.post(f"{episode}/record", bodies["record"], if_match=wrong).status_code == 422, wrong
