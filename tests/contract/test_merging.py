"""Goal: two records of one patient are one wherever it matters, and apart again when that is taken back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orchestrator.episode.commands import Close
from orchestrator.errors import AlreadyEnrolled, Changed, Conflict, InputError, NotFound
from orchestrator.service.enrolment import Identifier
from orchestrator.service.handlers import Request, new_key
from orchestrator.service.people.accounts import People
from orchestrator.service.people.looking import Who
from orchestrator.service.people.principal import Action, Principal
from orchestrator.service.people.recording import Author
from orchestrator.service.people.sight import Sight
from tests.contract.conftest import System
from tests.contract.test_transfers import asked, transfers
from tests.factories import CLINICIAN, enrolment, record

WHY = "same name, day of birth and address"
LEAD = Principal("u-lead", "Lead", frozenset({("*", "lead")}))
BY = Author("u-lead", "lead")


def one(sut: System, number: str, *, pathway: str = "small", ward: str = "w-1") -> str:
    sut.clock.advance(timedelta(seconds=1))
    made = sut.enrolments.enrol(enrolment(number, pathway=pathway, ward=ward)).episode_id
    sut.clock.advance(timedelta(seconds=1))
    return made


def whose(sut: System, episode_id: str) -> str:
    return str(sut.queries.show(episode_id)["patient_id"])


def merge(sight: Sight, episode_id: str, number: str, principal: Principal = LEAD, by: Author = BY) -> str:
    """Merge as a person does, comparing first; return the record that is replaced."""
    told = sight.compare(principal, Who(by.id, by.role), episode_id, Identifier("mrn", number))
    sight.merging.merge(principal, by, episode_id, told["record"], compared=told["compared"], reason=WHY)
    return str(told["record"])


def shown(sight: Sight, principal: Principal, episode_id: str) -> dict[str, Any]:
    return sight.person(
        principal, Who(principal.actor_id, ""), sight.check(principal, episode_id, Action.SEE), episode_id
    )


def found(sut: System, number: str) -> list[str]:
    return [each["episode_id"] for each in sut.queries.episodes_of(Identifier("mrn", number))]


def ended(sut: System, episode_id: str) -> None:
    assert sut.handlers.execute(Request(episode_id, Close("recovered"), CLINICIAN, new_key())).accepted


def test_either_number_finds_both_and_what_is_taken_back_is_as_before(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1"), one(sut, "2", pathway="other")
    before = {each: (sut.queries.timeline(each), sut.queries.show(each)) for each in (first, second)}
    replaced = merge(sight, first, "2")
    assert found(sut, "1") == found(sut, "2") == [first, second]
    told = shown(sight, LEAD, second)
    assert [each["patient_id"] for each in told["records"]] == [whose(sut, first), whose(sut, second)]
    assert [each["replaced_by"] for each in told["records"]] == [None, whose(sut, first)]
    assert [each["identifiers"][0]["value"] for each in told["records"]] == ["1", "2"]
    assert (told["records"][1]["merged_by"], told["records"][1]["reason"]) == ("u-lead", WHY)
    assert {each: (sut.queries.timeline(each), sut.queries.show(each)) for each in before} == before, "nothing is moved"
    sut.handlers.execute(record(second, a=1))
    back = sight.merging.unmerge(LEAD, BY, second, replaced, "two people of one name")
    assert [(each["person_id"], each["episodes"]) for each in back["acted"]] == [("c-1", [second])]
    assert (found(sut, "1"), found(sut, "2")) == ([first], [second])
    assert [each["patient_id"] for each in shown(sight, LEAD, first)["records"]] == [whose(sut, first)]
    assert sight.check_all().faults == ()
    assert all(sut.audit.verify(each).whole for each in (first, second))


def test_who_changes_wards_does_so_with_what_is_open_on_each_of_the_records(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1"), one(sut, "2", pathway="other")
    merge(sight, first, "2")
    assert transfers(sut).move(asked(second)).along == (first,)
    assert transfers(sut).move(asked(first, "w-3")).along == (second,)


def test_both_stand_in_the_record_with_the_reason(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1"), one(sut, "2", pathway="other")
    replaced = merge(sight, first, "2")
    sight.merging.unmerge(LEAD, BY, first, replaced, "two people of one name")
    kept = whose(sut, first)
    for episode_id, whats in (
        (first, [f"replaces {replaced}", f"replaced {replaced}; acted meanwhile: nobody"]),
        (second, [f"replaced-by {kept}", f"was-replaced-by {kept}; acted meanwhile: nobody"]),
    ):
        rows = [each for each in sight.looked.of(episode_id).rows if each["kind"] in {"merged", "unmerged"}]
        told = [(each["kind"], each["what"], each["reason"]) for each in reversed(rows)]
        assert told == [("merged", whats[0], WHY), ("unmerged", whats[1], "two people of one name")]


def test_who_has_seen_it_covers_both(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1"), one(sut, "2", pathway="other")
    sight.peek(Who("u-early", "nurse"), second, "episode")
    replaced = merge(sight, first, "2")
    assert {each["by"] for each in sight.looked.of(first).rows} == {"u-early", "u-lead"}
    assert len(sight.looked.chains_of(first)) == 2
    sight.merging.unmerge(LEAD, BY, first, replaced, "two people of one name")
    assert {each["by"] for each in sight.looked.of(first).rows} == {"u-lead"}


def test_a_second_open_episode_on_a_pathway_is_refused_under_either_number(sut: System, sight: Sight) -> None:
    first = one(sut, "1")
    second = one(sut, "2", pathway="other")
    replaced = merge(sight, first, "2")
    for number, pathway in (("2", "small"), ("1", "other")):
        with pytest.raises(AlreadyEnrolled):
            one(sut, number, pathway=pathway)
    ended(sut, first)
    later = one(sut, "2")
    assert whose(sut, later) == replaced, "it stays with the record under which it was enrolled"
    sight.merging.unmerge(LEAD, BY, first, replaced, "two people of one name")
    assert found(sut, "2") == [second, later]
    assert whose(sut, one(sut, "1")) == whose(sut, first)


def test_numbers_of_both_enrol_under_the_one_that_is_kept(sut: System, sight: Sight) -> None:
    first = one(sut, "1", pathway="other")
    one(sut, "2", pathway="other")
    asked = replace(enrolment(), identifiers=tuple(Identifier("mrn", each) for each in "213"))
    with pytest.raises(Conflict, match="different patients"):
        sut.enrolments.enrol(asked)
    merge(sight, first, "2")
    made = sut.enrolments.enrol(asked).episode_id
    assert whose(sut, made) == whose(sut, first)
    assert made in found(sut, "3")


def test_two_open_ones_on_one_pathway_are_pointed_out(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1", ward="w-1"), one(sut, "2", ward="w-2")
    told = sight.compare(LEAD, Who("u-lead", "lead"), first, Identifier("mrn", "2"))
    assert told["open_twice"] == [{"pathway": "small", "episodes": [first, second], "elsewhere": False}]
    merge(sight, first, "2")
    nurse = Principal("u-nurse", "Nurse", frozenset({("w-2", "nurse")}))
    seen = shown(sight, nurse, second)
    assert [each["episode_id"] for each in seen["episodes"]] == [second], "another ward's is not there"
    assert seen["open_twice"] == [{"pathway": "small", "episodes": [second], "elsewhere": True}]
    with sut.store.read() as reader:
        notices = {(row.notice.ward, row.notice.name, row.notice.role) for row in reader.told((), (), None, 10)}
    assert notices == {("w-1", "records-merged", "lead"), ("w-2", "records-merged", "lead")}
    ended(sut, first)
    assert shown(sight, nurse, second)["open_twice"] == []


def test_chains_and_what_cannot_be_merged(sut: System, sight: Sight) -> None:
    a, b, c, d = (one(sut, number, pathway="small") for number in "1234")
    with pytest.raises(Conflict, match="same record"):
        merge(sight, a, "1")
    with pytest.raises(NotFound):
        merge(sight, a, "9")
    merge(sight, a, "2")
    for episode_id, number in ((a, "2"), (b, "1")):
        with pytest.raises(Conflict, match="merged already, by u-lead"):
            merge(sight, episode_id, number)
    merge(sight, b, "3")
    assert found(sut, "1") == found(sut, "2") == found(sut, "3")
    assert shown(sight, LEAD, c)["records"][0]["patient_id"] == whose(sut, a), "the kept one comes first"
    with pytest.raises(Conflict, match="through another record"):
        merge(sight, c, "1")
    with pytest.raises(Conflict, match="replaced by another already"):
        merge(sight, d, "3")
    merge(sight, c, "4")
    sight.merging.unmerge(LEAD, BY, a, whose(sut, b), "two people of one name")
    assert found(sut, "1") == [a]
    assert sorted(found(sut, "4")) == sorted([b, c, d]), "what was said of the others still holds"
    with pytest.raises(Conflict, match="taken it back"):
        sight.merging.unmerge(LEAD, BY, a, whose(sut, b), "once more")


def test_who_does_not_lead_a_ward_of_each_merges_nothing(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1", ward="w-1"), one(sut, "2", ward="w-2")
    led = {ward: Principal(f"u-{ward}", ward, frozenset({(ward, "lead"), ("*", "nurse")})) for ward in ("w-1", "w-2")}
    told = sight.compare(LEAD, Who("u-lead", "lead"), first, Identifier("mrn", "2"))
    with pytest.raises(NotFound):
        sight.compare(led["w-1"], Who("u-w-1", "lead"), first, Identifier("mrn", "2"))
    with pytest.raises(NotFound):
        sight.merging.merge(led["w-1"], BY, first, told["record"], compared=told["compared"], reason=WHY)
    replaced = merge(sight, first, "2")
    back = sight.merging.unmerge(led["w-2"], BY, second, replaced, "not this patient")
    assert back == {"acted": []}, "a lead of one of them separates them"


def test_what_was_compared_is_what_is_merged(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1"), one(sut, "2", pathway="other")
    told = sight.compare(LEAD, Who("u-lead", "lead"), first, Identifier("mrn", "2"))
    sut.handlers.execute(record(second, a=1))
    ended(sut, second)
    with pytest.raises(Changed, match="compare them anew"):
        sight.merging.merge(LEAD, BY, first, told["record"], compared=told["compared"], reason=WHY)
    for reason in ("", " x ", "y" * 1001):
        with pytest.raises(InputError):
            sight.merging.merge(LEAD, BY, first, told["record"], compared=told["compared"], reason=reason)
    assert found(sut, "1") == [first]


def test_of_two_who_merge_at_once_one_is_told_by_whom(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1"), one(sut, "2", pathway="other")
    told = {
        episode_id: sight.compare(LEAD, Who("u-lead", "lead"), episode_id, Identifier("mrn", number))
        for episode_id, number in ((first, "2"), (second, "1"))
    }

    def work(episode_id: str) -> str:
        by = Author(f"u-{told[episode_id]['record'][:4]}", "lead")
        try:
            sight.merging.merge(
                LEAD, by, episode_id, told[episode_id]["record"], compared=told[episode_id]["compared"], reason=WHY
            )
        except Conflict as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(work, told))
    assert answers[0] == ""
    assert answers[1].startswith("these two are merged already, by u-")
    assert len(shown(sight, LEAD, first)["records"]) == 2


def test_whoever_is_enrolled_while_merged_has_one_open_episode_or_is_pointed_out(sut: System, sight: Sight) -> None:
    """Whoever comes first: never do two teams treat one disease of one patient without being told."""
    first, second = one(sut, "1", pathway="other"), one(sut, "2")
    told = sight.compare(LEAD, Who("u-lead", "lead"), first, Identifier("mrn", "2"))
    both = threading.Barrier(2)

    def enrol() -> str:
        both.wait()
        try:
            return one(sut, "1")
        except AlreadyEnrolled:
            return ""

    with ThreadPoolExecutor(1) as pool:
        enrolled = pool.submit(enrol)
        both.wait()
        try:
            sight.merging.merge(LEAD, BY, first, told["record"], compared=told["compared"], reason=WHY)
            merged = True
        except Changed:
            merged = False
        made = enrolled.result()
    assert (made == "") is merged
    if made:
        told = sight.compare(LEAD, Who("u-lead", "lead"), first, Identifier("mrn", "2"))
        assert sorted(told["open_twice"][0]["episodes"]) == sorted([second, made])


def test_a_hold_on_either_protects_both_and_what_is_erased_is_said(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1"), one(sut, "2")
    auditor, administrator = Author("u-auditor", "auditor"), Author("u-admin", "administrator")
    sight.erasure.hold(auditor, second, "case 7")
    replaced = merge(sight, first, "2")
    ended(sut, first)
    with pytest.raises(Conflict, match="is held"):
        sight.erasure.erase(administrator, first, "request 5", merged=True)
    assert sight.erasure.standing(first)["held"]["by"] == "u-auditor"
    sight.merging.unmerge(LEAD, BY, first, replaced, "two people of one name")
    assert sight.erasure.standing(first)["held"] is None, "as before"
    assert sight.erasure.standing(second)["held"] is not None
    merge(sight, first, "2")
    sight.erasure.hold(auditor, first, "case 7: both")
    sight.erasure.end_hold(auditor, first, "case 7 is over")
    with pytest.raises(Conflict, match="is open"):
        sight.erasure.erase(administrator, first, "request 5", merged=True)
    ended(sut, second)
    with pytest.raises(Conflict, match="2 records were merged into this one patient, with 2 episodes"):
        sight.erasure.erase(administrator, first, "request 5")
    assert sight.erasure.erase(administrator, first, "request 5", merged=True) == [first, second]
    assert sight.erasure.standing(second)["erased"] is True
    kinds = {(each["kind"], each["what"]) for each in sight.looked.of(second).rows}
    assert ("erased", "request 5") in kinds
    for number in "12":
        with pytest.raises(Conflict, match="was erased"):
            one(sut, number)
    with pytest.raises(Conflict, match="was erased"):
        sight.merging.unmerge(LEAD, BY, first, replaced, "too late")
    assert shown(sight, LEAD, first)["records"][1]["reason"] is None
    assert sight.check_all().faults == ()


def test_a_hold_placed_on_both_stays_with_each(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1"), one(sut, "2")
    replaced = merge(sight, first, "2")
    sight.erasure.hold(Author("u-auditor", "auditor"), first, "case 7")
    sight.merging.unmerge(LEAD, BY, first, replaced, "two people of one name")
    assert all(sight.erasure.standing(each)["held"] for each in (first, second)), "nothing becomes erasable by it"


def test_an_erased_record_is_merged_with_none(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1"), one(sut, "2")
    ended(sut, second)
    sight.erasure.erase(Author("u-admin", "administrator"), second, "request 5")
    for episode_id, number in ((first, "2"), (second, "1")):
        with pytest.raises(Conflict, match="merged with none"):
            merge(sight, episode_id, number)


def test_a_broken_glass_opens_the_patient_and_no_merge_opens_more(sut: System, sight: Sight) -> None:
    first, second = one(sut, "1", ward="w-1"), one(sut, "2", ward="w-2", pathway="other")
    replaced = merge(sight, first, "2")
    people = People(sut.store, sut.desk.keyring.look_mac, ("clinician",))
    far = people.add(BY, login="far", name="Far", posts=[("w-9", "clinician")])
    stranger = Principal(far, "Far", frozenset({("w-9", "clinician")}))
    with pytest.raises(NotFound):
        sight.check(stranger, first, Action.SEE)
    nurse = Principal("u-nurse", "Nurse", frozenset({("w-1", "nurse")}))
    assert sight.check(nurse, first, Action.SEE)
    with pytest.raises(NotFound):
        sight.check(nurse, second, Action.SEE)
    sight.glass.open(stranger, Who(far, "clinician"), second, "called to an arrest")
    assert sight.check(stranger, first, Action.SEE).glass
    assert [each["episode_id"] for each in shown(sight, stranger, first)["episodes"]] == [first, second]
    sight.merging.unmerge(LEAD, BY, first, replaced, "two people of one name")
    assert sight.check(stranger, second, Action.SEE).glass
    with pytest.raises(NotFound):
        sight.check(stranger, first, Action.SEE)
