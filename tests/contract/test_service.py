"""Goal: the use cases keep their promises on every store: one cause one entry, the first answer, set aside and told."""

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import pytest

from orchestrator.episode.commands import Close
from orchestrator.episode.items import Item
from orchestrator.episode.model import Episode
from orchestrator.errors import CarepathError, Changed, Conflict, InvalidCommand, NotFound, VersionChanged
from orchestrator.pathway.model import Pathway
from orchestrator.service.cause import entity_tag
from orchestrator.service.enrolment import Identifier
from orchestrator.service.handlers import Request, new_key
from tests.contract.conftest import System, whole
from tests.factories import CLINICIAN, HOUR, NURSE, T0, SmallEngine, enrolment, record

T = TypeVar("T")


def test_an_enrolled_patient_has_an_episode_with_one_entry(sut: System) -> None:
    answer = sut.enrolments.enrol(enrolment())
    assert (answer.accepted, answer.seq, answer.state) == (True, 1, "workup/start")
    shown = sut.queries.show(answer.episode_id)
    assert (shown["seq"], shown["ward"], shown["closed"]) == (1, "w-1", False)
    assert whole(sut, answer.episode_id)


def test_the_same_patient_is_not_enrolled_twice_while_an_episode_is_open(sut: System) -> None:
    first = sut.enrolments.enrol(enrolment("1"))
    with pytest.raises(Conflict, match="open episode"):
        sut.enrolments.enrol(enrolment("1"))
    assert sut.enrolments.enrol(enrolment("1", pathway="other")).accepted
    sut.handlers.execute(Request(first.episode_id, Close(outcome="discharged"), CLINICIAN, new_key()))
    assert sut.enrolments.enrol(enrolment("1")).accepted
    assert len(sut.queries.episodes_of(Identifier("mrn", "1"))) == 3


def test_a_patient_is_found_by_any_of_several_identifiers(sut: System) -> None:
    both = (Identifier("mrn", "1"), Identifier("national", "99"))
    first = sut.enrolments.enrol(replace(enrolment(), identifiers=both))
    second = sut.enrolments.enrol(replace(enrolment(pathway="other"), identifiers=both[1:]))
    found = [each["episode_id"] for each in sut.queries.episodes_of(Identifier("national", "99"))]
    assert sorted(found) == sorted([first.episode_id, second.episode_id])
    sut.enrolments.enrol(enrolment("2"))
    with pytest.raises(Conflict, match="different patients"):
        sut.enrolments.enrol(replace(enrolment(), identifiers=(*both, Identifier("mrn", "2"))))


def test_a_repeated_enrolment_gets_the_first_answer_and_another_body_is_refused(sut: System) -> None:
    first = sut.enrolments.enrol(enrolment(key="k"))
    again = sut.enrolments.enrol(enrolment(key="k"))
    assert again == first._replace(repeated=True)
    with pytest.raises(Conflict, match="idempotency-key-reused"):
        sut.enrolments.enrol(enrolment(key="k", ward="w-2"))


def test_a_version_whose_files_changed_takes_nobody_in_and_its_patients_go_on(sut: System) -> None:
    first = sut.enrolments.enrol(enrolment("1", key="k"))
    sut.change_files()
    says = r"^small@1 was changed after patients were enrolled on it: [a-z/]*facts\.yaml .* raise the version$"
    with pytest.raises(VersionChanged, match=says):
        sut.enrolments.enrol(enrolment("2"))
    with sut.store.read() as reader, pytest.raises(VersionChanged, match=says):
        sut.desk.shelf.check_all(reader)
    assert sut.queries.episodes_of(Identifier("mrn", "2")) == []
    assert list(sut.audit.episode_ids()) == [first.episode_id]
    assert sut.enrolments.enrol(enrolment("1", key="k")).repeated
    assert sut.handlers.execute(record(first.episode_id, a=1)).accepted
    assert whole(sut, first.episode_id)
    assert sut.enrolments.enrol(enrolment("2", pathway="other")).accepted  # nobody was on it yet


def test_a_refused_enrolment_leaves_nothing(sut: System) -> None:
    refused = sut.enrolments.enrol(replace(enrolment(), actor=replace(CLINICIAN, role="nobody")))
    assert refused.code == "needs-role"
    assert sut.queries.episodes_of(Identifier("mrn", "1")) == []
    assert list(sut.audit.episode_ids()) == []


@pytest.mark.parametrize("ward", ["", " w", "a\x00b", "w" * 201])
def test_a_ward_that_is_no_text_is_refused(sut: System, ward: str) -> None:
    with pytest.raises(InvalidCommand, match="ward"):
        sut.enrolments.enrol(enrolment(ward=ward))


def test_an_unknown_pathway_and_an_unknown_episode_are_not_found(sut: System) -> None:
    for ask in (
        lambda: sut.enrolments.enrol(enrolment(pathway="none")),
        lambda: sut.handlers.execute(record("none", a=1)),
        lambda: sut.queries.show("none"),
        lambda: sut.queries.timeline("none"),
        lambda: sut.audit.verify("none"),
        lambda: sut.audit.replay("none"),
    ):
        with pytest.raises(NotFound):
            ask()


def test_the_same_command_twice_is_one_entry_and_one_answer(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    first = sut.handlers.execute(record(episode_id, key="k", a=1))
    sut.handlers.execute(record(episode_id, b=1))
    again = sut.handlers.execute(record(episode_id, key="k", a=1))
    assert again == first._replace(repeated=True)
    assert sut.queries.show(episode_id)["seq"] == 3
    with pytest.raises(Conflict, match="idempotency-key-reused"):
        sut.handlers.execute(record(episode_id, key="k", a=2))


@pytest.mark.parametrize("otherwise", [{"role": "lead"}, {"on_behalf_of": "c-9"}])
def test_a_key_is_not_taken_again_in_another_role_or_for_somebody_else(sut: System, otherwise: dict[str, str]) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, key="k", a=1))
    with pytest.raises(Conflict, match="idempotency-key-reused"):
        sut.handlers.execute(record(episode_id, key="k", actor=replace(CLINICIAN, **otherwise), a=1))  # type: ignore[arg-type]


def test_a_key_is_scoped_to_actor_and_episode(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    other = sut.enrolments.enrol(enrolment("2")).episode_id
    seqs = [
        sut.handlers.execute(record(episode_id, key="k", a=1)).seq,
        sut.handlers.execute(record(episode_id, key="k", actor=NURSE, a=1)).seq,
        sut.handlers.execute(record(other, key="k", a=1)).seq,
    ]
    assert seqs == [2, 3, 2]


def test_a_refusal_is_an_entry_that_changes_nothing_else(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    refused = sut.handlers.execute(record(episode_id, key="k", refuse=1))
    assert (refused.code, refused.text, refused.seq) == ("not-proposed", "that is not proposed", 2)
    entry = sut.queries.timeline(episode_id)[-1]
    assert (entry["result"], entry["events"][0]["type"]) == ("refused:not-proposed", "refused")
    assert sut.handlers.execute(record(episode_id, key="k", refuse=1)) == refused._replace(repeated=True)
    assert whole(sut, episode_id)


def test_a_decision_is_refused_only_when_what_it_depends_on_has_changed(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, weight_kg=70))
    assert sut.handlers.execute(record(episode_id, seen=1, a=1)).accepted
    sut.handlers.execute(record(episode_id, decisive=True))
    with pytest.raises(Conflict, match="changed since entry 3; read entry 4"):
        sut.handlers.execute(record(episode_id, seen=3, a=2))
    assert sut.handlers.execute(record(episode_id, seen=4, a=2)).accepted
    with pytest.raises(Conflict, match="entry 99 is not on record"):
        sut.handlers.execute(record(episode_id, seen=99, a=2))


def test_a_decision_on_an_entry_that_the_store_has_lost_is_refused(sut: System) -> None:
    """A store that was restored from a backup may have another entry of that number."""
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    seen = sut.handlers.execute(record(episode_id, a=1))
    lost = replace(record(episode_id, seen=seen.seq, a=2), tag=entity_tag(seen.seq, b"another"))
    with pytest.raises(Changed, match="entry 2 is not the one that was seen"):
        sut.handlers.execute(lost)
    sut.handlers.execute(record(episode_id, b=1))
    with pytest.raises(Changed, match="entry 2 is not the one that was seen"):
        sut.handlers.execute(lost)
    assert sut.handlers.execute(replace(lost, tag=seen.tag)).accepted


def test_what_is_due_fires_before_a_command(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, alarm="2"))
    sut.clock.advance(2 * HOUR)
    assert sut.handlers.execute(record(episode_id, a=1)).seq == 4
    causes = [entry["cause"] for entry in sut.queries.timeline(episode_id)]
    assert causes == ["enrol", "record", "tick", "record"]
    assert whole(sut, episode_id)


def test_a_clock_that_was_set_back_never_makes_an_entry_before_the_last(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.clock.set(T0 - HOUR)
    assert sut.handlers.execute(record(episode_id, a=1)).at == "2026-03-02T08:00:00.000000Z"


def test_a_worklist_is_longest_overdue_first_page_by_page(sut: System) -> None:
    ids = [sut.enrolments.enrol(enrolment(str(n), ward=f"w-{n % 2}")).episode_id for n in range(4)]
    for hours, episode_id in zip((3, 1, 2), ids, strict=False):
        sut.handlers.execute(record(episode_id, alarm=str(hours)))
    sut.handlers.execute(record(ids[3], a=1))
    sut.clock.advance(2 * HOUR + timedelta(minutes=1))
    first = sut.queries.worklist(limit=2)
    second = sut.queries.worklist(limit=2, after=first.after)
    rows = first.rows + second.rows
    assert [row["episode_id"] for row in rows] == [ids[1], ids[2], ids[0], ids[3]]
    assert [row["overdue"] for row in rows] == [True, True, False, False]
    assert rows[3]["due_at"] is None
    assert sut.queries.worklist(limit=2, after=second.after).rows == []
    assert {row["episode_id"] for row in sut.queries.worklist(wards=("w-1",), roles=("nurse",)).rows} == {
        ids[1],
        ids[3],
    }
    assert sut.queries.worklist(roles=("lead",)).rows == []
    with pytest.raises(CarepathError):
        sut.queries.worklist(after="nonsense")


class Open(SmallEngine):
    """Knows what the test says is open."""

    things: tuple[Item, ...] = ()

    def items(self, pathway: Pathway, episode: Episode) -> tuple[Item, ...]:
        return self.things


@pytest.mark.parametrize("number", [1, 5])
def test_what_is_open_stands_in_the_worklist_as_it_is_now(sut: System, number: int) -> None:
    engine = sut.desk.engine = Open()
    one, other = (Item("task", key, "look", "nurse", T0 + HOUR) for key in ("one", "other"))
    dose, reminder = (Item(kind, "one", "early", "nurse", T0 + HOUR) for kind in ("dose", "reminder"))
    engine.things = (one, other, dose, reminder)
    for n in range(number):
        sut.handlers.execute(record(sut.enrolments.enrol(enrolment(str(n))).episode_id, alarm="1"))
    engine.things = (other, dose, reminder._replace(name="late", role="lead", due_at=T0 + 3 * HOUR))
    sut.clock.advance(2 * HOUR)
    assert sut.firing.fire_due().fired == number
    rows = [
        (row["kind"], row["key"], row["name"], row["role"], row["due_at"][11:16]) for row in sut.queries.worklist().rows
    ]
    now = [
        ("dose", "one", "early", "nurse", "09:00"),
        ("reminder", "one", "late", "lead", "11:00"),
        ("task", "other", "look", "nurse", "09:00"),
    ]
    assert sorted(rows) == sorted(now * number)


def test_a_closed_episode_has_nothing_open_and_refuses(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, a=1, alarm="1"))
    sut.handlers.execute(Request(episode_id, Close(outcome="discharged"), CLINICIAN, new_key()))
    assert sut.queries.worklist().rows == []
    assert sut.queries.next_alarm() is None
    assert sut.handlers.execute(record(episode_id, b=1)).code == "episode-closed"
    assert whole(sut, episode_id)


def test_a_timeline_tells_who_did_what_when(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, actor=replace(NURSE, on_behalf_of="c-9"), a="x"))
    entry = sut.queries.timeline(episode_id)[1]
    assert (entry["actor"], entry["role"], entry["on_behalf_of"], entry["authenticated"]) == (
        "n-1",
        "nurse",
        "c-9",
        False,
    )
    assert entry["command"] == {"facts": {"a": "x"}}
    assert entry["from_state"] == entry["to_state"] == "workup/start"
