"""Goal: a patient changes wards with all that is open of him, and from then on the receiving ward is told; or nothing.

On each store, with a small engine; reminders and ladders are looked at in tests/integration/web/test_transfers.py.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from orchestrator.audit.seal import open_header
from orchestrator.episode.commands import Actor, ChangeWard, Close
from orchestrator.errors import (
    Changed,
    KeyReused,
    NotAllowed,
    NotFound,
    UnknownWard,
    UpgradeUnfinished,
    WardUnattended,
)
from orchestrator.service.handlers import Request, new_key
from orchestrator.service.people.looking import Who
from orchestrator.service.people.principal import EVERYWHERE
from orchestrator.service.people.rows import PersonRow, PostRow
from orchestrator.service.transfers import Transfers
from orchestrator.service.worklist.claims import Claims
from orchestrator.service.worklist.rows import ItemId
from orchestrator.store.postgres import PostgresChange
from tests.contract.conftest import System
from tests.factories import CLINICIAN, HOUR, T0, enrolment, record
from tests.letterbox import Everything


def asked(episode_id: str, ward: str = "w-2", **more: object) -> Request:
    command = ChangeWard(ward, reason="needs a bed with a monitor", anyway=bool(more.pop("anyway", False)))
    return Request(episode_id, command, CLINICIAN, str(more.pop("key", None) or new_key()), **more)  # type: ignore[arg-type]


def transfers(sut: System) -> Transfers:
    return Transfers(sut.handlers)


def two(sut: System) -> tuple[str, str]:
    """Enrol one patient on two pathways."""
    return (
        sut.enrolments.enrol(enrolment("1")).episode_id,
        sut.enrolments.enrol(enrolment("1", pathway="other")).episode_id,
    )


def ward_of(sut: System, episode_id: str) -> str:
    with sut.store.read() as reader:
        row = reader.episode(episode_id)
    assert row is not None
    return row.ward


def staff(sut: System, *posts: tuple[str, str, str]) -> None:
    """Let people hold posts: person, ward, role."""
    with sut.store.change() as change:
        for who in dict.fromkeys(person for person, _, _ in posts):
            change.add_person(PersonRow(who, who, who, "", "", False, T0, None))
            change.set_posts(who, [PostRow(*post) for post in posts if post[0] == who])


def test_all_that_is_open_on_the_ward_moves_in_one_transaction(sut: System) -> None:
    first, second = two(sut)
    elsewhere = sut.enrolments.enrol(enrolment("2")).episode_id
    sut.handlers.execute(record(first, a=1, alarm="3"))
    before = sut.queries.show(first)
    answer = transfers(sut).move(asked(first))
    assert (answer.accepted, answer.along) == (True, (second,))
    assert [ward_of(sut, each) for each in (first, second, elsewhere)] == ["w-2", "w-2", "w-1"]
    assert {row["ward"] for row in sut.queries.worklist(wards=("w-2",)).rows} == {"w-2"}
    assert sut.queries.worklist(wards=("w-1",)).rows == []
    after = sut.queries.show(first)
    own = {name: before[name] for name in ("ward", "seq", "at", "tag")}
    assert {**after, **own} == before, "nothing but the ward"
    for episode_id, other in ((first, second), (second, first)):
        entry = sut.queries.timeline(episode_id)[-1]
        assert (entry["cause"], entry["ward"], entry["from_state"]) == ("change-ward", "w-2", entry["to_state"])
        assert entry["events"] == [{"type": "ward-changed", "origin": "w-1", "target": "w-2", "along": [other]}]
        assert sut.audit.verify(episode_id).whole
        assert sut.audit.replay(episode_id).equal


def test_asked_again_it_is_done_once_and_who_sees_the_patient_no_more_has_the_answer(sut: System) -> None:
    first, second = two(sut)
    own = frozenset({"w-1"})
    answer = transfers(sut).move(asked(first, key="k", wards=own))
    again = transfers(sut).move(asked(first, key="k", wards=own))
    assert again == answer._replace(repeated=True)
    nobody = Actor(CLINICIAN.id, "", authenticated=True)
    known = transfers(sut).again(Request(first, asked(first).command, nobody, "k"))
    assert known == again
    assert transfers(sut).again(asked(first, key="other")) is None
    assert transfers(sut).again(Request(first, asked(first).command, Actor("x-1", "lead"), "k")) is None
    with pytest.raises(KeyReused):
        transfers(sut).again(asked(first, "w-3", key="k"))
    with pytest.raises(NotFound):
        transfers(sut).move(asked(first, wards=own))
    assert [len(sut.queries.timeline(each)) for each in (first, second)] == [2, 2]


def test_the_answer_is_that_of_who_acted_in_the_same_role_for_the_same_person(sut: System) -> None:
    first, _ = two(sut)
    wish = replace(asked(first, key="k"), actor=replace(CLINICIAN, on_behalf_of="c-9"))
    answer = transfers(sut).move(wish)
    nobody = Actor(CLINICIAN.id, "", authenticated=True)
    assert transfers(sut).again(replace(wish, actor=nobody)) == answer._replace(repeated=True)
    for other in (CLINICIAN, replace(wish.actor, role="lead")):
        with pytest.raises(KeyReused):
            transfers(sut).move(replace(wish, actor=other))


def test_what_one_of_them_refuses_none_does_and_it_stands_where_it_was_asked(sut: System) -> None:
    first, second = two(sut)
    sut.handlers.execute(Request(first, Close(outcome="discharged"), CLINICIAN, new_key()))
    answer = transfers(sut).move(asked(first, key="k"))
    assert (answer.code, answer.along) == ("episode-closed", ())
    assert transfers(sut).move(asked(first, key="k")) == answer._replace(repeated=True)
    assert [ward_of(sut, each) for each in (first, second)] == ["w-1", "w-1"]
    assert len(sut.queries.timeline(second)) == 1
    assert sut.queries.inbox().rows == [], "nobody is told of who stays"
    moved = transfers(sut).move(asked(second))
    assert (moved.accepted, moved.along) == (True, ())
    assert ward_of(sut, first) == "w-1", "what is closed stays where it was closed"


def test_who_moves_a_patient_means_the_ward_on_which_he_saw_him(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, a=1))
    assert transfers(sut).move(asked(episode_id, seen=1)).accepted, "another entry alone is no matter"
    with pytest.raises(Changed, match="has changed wards since entry 2; read entry 3"):
        transfers(sut).move(asked(episode_id, "w-3", seen=2))
    with pytest.raises(Changed, match="entry 9 is not on record"):
        transfers(sut).move(asked(episode_id, "w-3", seen=9))
    assert ward_of(sut, episode_id) == "w-2"


def test_a_ward_without_people_or_patients_is_none(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    staff(sut, ("u-1", EVERYWHERE, "nurse"), ("u-2", "w-2", "nurse"), ("u-3", "w-3", "auditor"))
    with pytest.raises(UnknownWard):
        transfers(sut).move(asked(episode_id, "w-22", anyway=True))
    assert transfers(sut).move(asked(episode_id, "w-3")).accepted, "who works everywhere works there"
    assert transfers(sut).move(asked(episode_id, "w-2")).accepted


def test_while_nobody_works_at_a_bedside_any_ward_is_taken(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    staff(sut, ("u-1", EVERYWHERE, "administrator"))
    assert transfers(sut).move(asked(episode_id, "w-22")).accepted


class Deserted(Everything):
    """A directory in which all who work on w-2 are away."""

    def unheld(self, ward: str, at: datetime) -> frozenset[str]:
        return frozenset({"nurse", "lead"}) if ward == "w-2" else frozenset()


def test_where_all_are_away_it_must_be_meant_and_the_administrator_is_told(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    staff(sut, ("u-1", "w-1", "nurse"), ("u-2", "w-2", "nurse"), ("u-3", "w-2", "lead"))
    sut.desk.directory = Deserted()
    with pytest.raises(WardUnattended):
        transfers(sut).move(asked(episode_id))
    assert transfers(sut).move(asked(episode_id, anyway=True)).accepted
    assert [(row["kind"], row["role"]) for row in sut.queries.inbox().rows] == [("ward-changed", "administrator")]


def test_where_nobody_could_be_told_it_must_be_meant(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    staff(sut, ("u-1", "w-1", "nurse"), ("u-2", "w-2", "auditor"), ("u-3", "w-2", "pharmacist"))
    with pytest.raises(WardUnattended):
        transfers(sut).move(asked(episode_id))
    assert len(sut.queries.timeline(episode_id)) == 1
    assert transfers(sut).move(asked(episode_id, anyway=True)).accepted
    assert sut.queries.timeline(episode_id)[-1]["command"]["anyway"] is True


def test_an_emergency_moves_nobody(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    with pytest.raises(NotAllowed):
        transfers(sut).move(asked(episode_id, glass=True))


def test_while_an_older_program_may_read_nobody_is_moved(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.desk.write_in(1)
    with pytest.raises(UpgradeUnfinished, match="carepath db finish"):
        transfers(sut).move(asked(episode_id))
    sut.desk.write_in(2)
    assert transfers(sut).move(asked(episode_id)).accepted
    with sut.store.read() as reader:
        assert open_header(reader.entries(episode_id, 1, 1)[0]).format == 2


def test_a_claim_goes_along_with_who_works_there_too(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, a=1, b=2, c=3))
    staff(
        sut, ("u-1", "w-1", "nurse"), ("u-2", "w-1", "nurse"), ("u-3", EVERYWHERE, "clinician"),
        ("u-1", "w-2", "auditor"),
    )  # fmt: skip
    staff(sut, ("u-4", "w-2", "nurse"))
    with sut.store.change() as change:
        change.set_posts("u-2", [PostRow("u-2", "w-1", "nurse"), PostRow("u-2", "w-2", "nurse")])
    claims = Claims(sut.desk, sut.desk.keyring.look_mac)
    for name, who in zip("abc", ("u-1", "u-2", "u-3"), strict=True):
        claims.claim(ItemId(episode_id, "task", name), Who(who, "nurse"))
    transfers(sut).move(asked(episode_id))
    rows = {row["key"]: row["claim"] for row in sut.queries.worklist(wards=("w-2",)).rows}
    assert {key: claim and claim["person_id"] for key, claim in rows.items()} == {"a": None, "b": "u-2", "c": "u-3"}
    with sut.store.read() as reader:
        assert [each.ward for each in reader.claims_of(episode_id)] == ["w-2", "w-2"]
    assert claims.claim(ItemId(episode_id, "task", "a"), Who("u-4", "nurse"))["claim"]["person_id"] == "u-4"


def test_the_receiving_wards_lead_is_told_once_and_what_was_told_stays(sut: System) -> None:
    sut.desk.directory = Everything("a")
    first, second = two(sut)
    for each in (first, second):
        sut.handlers.execute(record(each, alarm="1"))
    sut.clock.advance(2 * HOUR)
    assert transfers(sut).move(asked(first)).accepted, "what was due is told to the ward on which it fell due"
    told = [(row["kind"], row["ward"], row["role"], bool(row["patient_id"])) for row in sut.queries.inbox().rows]
    late = ("reminder", "w-1", "lead", False)
    assert sorted(told) == [late, late, ("ward-changed", "w-2", "lead", True)]
    with sut.store.read() as reader:
        leaving = reader.outgoing(dead=False, after=None, limit=10)
    assert sorted((each.notice.kind, each.notice.ward) for each in leaving) == [
        ("reminder", "w-1"),
        ("reminder", "w-1"),
        ("ward-changed", "w-2"),
    ]


def test_two_who_move_a_patient_at_once_do_it_one_after_the_other(sut: System) -> None:
    first, second = two(sut)
    real = sut.desk.store.change

    def between() -> object:
        sut.desk.store.change = real  # type: ignore[method-assign]
        transfers(sut).move(asked(second, "w-3"))
        return real()

    sut.desk.store.change = between  # type: ignore[method-assign,assignment]
    with pytest.raises(NotFound):
        transfers(sut).move(asked(first, wards=frozenset({"w-1"})))
    assert [ward_of(sut, each) for each in (first, second)] == ["w-3", "w-3"]


def test_whichever_is_named_they_are_locked_in_one_order(sut: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two who move a patient at once, each by another episode, would else wait for each other."""
    both, locked = two(sut), []
    with sut.store.change() as change:
        kind = type(change)
    real: Callable[..., Any] = kind.lock

    def noted(change: object, episode_id: str, cause: bytes) -> Any:  # noqa: ANN401  what the real one returns
        locked.append(episode_id)
        return real(change, episode_id, cause)

    monkeypatch.setattr(kind, "lock", noted)
    for named, ward in zip(both, ("w-2", "w-3"), strict=True):
        assert transfers(sut).move(asked(named, ward)).accepted
    assert locked == sorted(both) * 2


@pytest.mark.parametrize("sut", ["postgres"], indirect=True)  # the others let nobody write meanwhile
def test_another_that_is_closed_before_it_is_locked_stays(sut: System, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = two(sut)
    real = PostgresChange.lock

    def late(change: PostgresChange, episode_id: str, cause: bytes) -> Any:  # noqa: ANN401  what the real one returns
        monkeypatch.setattr(PostgresChange, "lock", real)
        sut.handlers.execute(Request(second, Close(outcome="discharged"), CLINICIAN, new_key()))
        return real(change, episode_id, cause)

    monkeypatch.setattr(PostgresChange, "lock", late)
    answer = transfers(sut).move(asked(first))
    assert (answer.accepted, answer.along) == (True, ())
    assert ward_of(sut, second) == "w-1"
