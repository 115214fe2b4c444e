"""Goal: the story of an episode says all that happened, why, who decided and how late, and what is not known."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson
import pytest

from orchestrator.audit.chain import Fault, Verdict
from orchestrator.audit.seal import instant
from orchestrator.audit.story import StoryEntry, tell
from orchestrator.audit.story.speech import origin
from orchestrator.episode.commands import Confirm, Give, Miss, Record, Retract
from orchestrator.episode.courses import open_slots
from orchestrator.pathway.kinds import Mark
from orchestrator.pathway.model import Pathway
from tests.unit.playing import CLINICIAN, NURSE, START, Played, cerebellar, closed_way, long_way

Story = dict[str, Any]


@pytest.fixture(scope="module")
def pathway() -> Pathway:
    return cerebellar()


@pytest.fixture(scope="module")
def played(pathway: Pathway) -> Played:
    return long_way(pathway)


@pytest.fixture(scope="module")
def story(played: Played) -> Story:
    return played.story(simulated=True)


@pytest.fixture(scope="module")
def closed(pathway: Pathway) -> Story:
    return closed_way(pathway).story()


def course(story: Story, regimen: str) -> Story:
    return next(each for each in story["courses"] if each["regimen"] == regimen)


def test_a_story_is_json_of_texts_and_whole_numbers(story: Story) -> None:
    assert orjson.loads(orjson.dumps(story)) == story
    assert (story["format"], story["version"], story["simulated"]) == ("carepath-story", 1, True)


def test_it_says_where_the_patient_stands(story: Story, closed: Story) -> None:
    assert story["episode"]["state"] == "bridging/taper"
    assert story["episode"]["outcome"] is None
    assert story["episode"]["timezone"] == "Europe/London"
    assert (closed["episode"]["stage"], closed["episode"]["outcome"]) == ("closed", "transferred")


def test_the_way_is_numbered_and_says_what_brought_the_patient_there(story: Story) -> None:
    way = story["way"]
    assert [stay["stage"] for stay in way] == [
        "workup",
        "first-line",
        "reassess",
        "second-line",
        "refractory",
        "bridging",
    ]
    assert [stay["n"] for stay in way] == [1, 2, 3, 4, 5, 6]
    assert [stay["from"] for stay in way[1:]] == [stay["state"] for stay in way[:-1]]
    assert [stay["until"] for stay in way[:-1]] == [stay["at"] for stay in way[1:]]
    assert way[2]["transition"] == "assessment-due"
    assert "X-15" in way[2]["rules"]
    assert way[3]["cause"]["words"] == "Recorded response none"


def test_a_closing_is_a_stay_of_its_own(closed: Story) -> None:
    last = closed["way"][-1]
    assert (last["state"], last["transition"], last["until"]) == ("closed/transferred", None, None)


@pytest.mark.rules("X-08")
def test_a_decision_keeps_the_proposals_as_they_stood(story: Story) -> None:
    decision = story["decisions"][1]
    assert decision["words"] == "Confirmed Plasma exchange"
    standings = {each["regimen"]: (each["standing"], each["chosen"]) for each in decision["proposals"]}
    assert standings["ivig"] == ("recommended", False)
    assert standings["plex"] == ("recommended", True)
    reason = story["decisions"][0]["proposals"][0]["reasons"][0]
    assert reason["origin"]["rules"] == ["P-05"]
    assert reason["origin"]["kind"] == "sourced"
    facts = {each["fact"]: each["words"] for each in reason["facts"]}
    assert facts["severity"] == "severe"
    assert facts["symptoms_progressing"] == "unknown"


def test_an_override_names_gate_person_and_reason(story: Story) -> None:
    (override,) = story["overrides"]
    assert (override["gate"], override["role"], override["reason"]) == (
        "taper-minimum", "lead", "Steroid psychosis after the pulse",
    )  # fmt: skip
    assert story["decisions"][-1]["overridden"][0]["gate"] == "taper-minimum"


def test_refusals_are_told_and_are_no_decisions(story: Story) -> None:
    codes = [each["code"] for each in story["refusals"]]
    assert codes == ["infection-excluded", "needs-role", "neurology-consulted", "needs-role"]
    assert story["refusals"][0]["words"] == "Confirm Methylprednisolone IV pulse"
    refused = [line for line in story["timeline"] if line["refused"]]
    assert [line["refused"] for line in refused] == codes
    assert not {line["seq"] for line in refused} & {each["seq"] for each in story["decisions"]}


def test_every_entry_is_in_the_timeline(story: Story, played: Played) -> None:
    assert [line["seq"] for line in story["timeline"]] == [entry.header["seq"] for entry in played.entries]
    assert all(line["words"] for line in story["timeline"])


def test_administrations_are_compared_with_the_plan(story: Story) -> None:
    plex = course(story, "plex")["administrations"]
    assert [each["status"] for each in plex] == ["given", "given", "given", "declined", "given"]
    pulse = course(story, "ivmp-pulse")["administrations"]
    assert pulse[0]["deviation"] == "15 min late"
    assert pulse[0]["given"]["words"] == "1 g"
    taper = course(story, "steroid-taper")["administrations"]
    assert taper[1]["off_seconds"] == 24 * 3600
    assert taper[2]["status"] == "planned"


@pytest.mark.rules("X-09")
def test_open_doses_are_due_as_the_late_one_before_them_lays_them_out_anew(story: Story, played: Played) -> None:
    _, late, third = course(story, "steroid-taper")["administrations"]
    assert (late["at"], third["planned_at"]) == ("2026-04-06T12:00:00.000000Z", "2026-04-12T10:00:00.000000Z")
    assert third["due_at"] == "2026-04-13T12:00:00.000000Z", "seven days from when the second was given (X-09)"
    assert third["deviation"] == "laid out anew from what was given before"
    for each in played.episode.courses:
        if each.in_force:
            shown = open_slots(played.pathway, each, played.episode.timezone)
            told = [
                row["due_at"] for row in course(story, each.regimen)["administrations"] if row["status"] == "planned"
            ]
            assert told == [instant(at) for _, at in shown]


@pytest.mark.rules("X-14")
def test_a_taper_is_told_as_late_as_the_pulse_that_it_follows(pathway: Pathway) -> None:
    played = Played(pathway).at(0, (NURSE, Record(facts={"severity": "severe", "infection_status": "excluded"})))
    played.at(0, (CLINICIAN, Confirm(regimens=("ivmp-pulse",)))).at(20, (NURSE, Record(facts={"response": "partial"})))
    played.at(21, (CLINICIAN, Confirm(regimens=("steroid-taper",), parameters={"dose": 60})))
    for hours, command, late in (
        (30, Give(regimen="ivmp-pulse"), 30),
        (60, Give(regimen="ivmp-pulse"), 36),
        (61, Retract(target="ivmp-pulse", reason="Wrong chart"), 30),
        (62, Miss(regimen="ivmp-pulse"), 30),
    ):
        first, *others = course(played.at(hours, (NURSE, command)).story(), "steroid-taper")["administrations"]
        assert first["due_at"] == instant(START + dt.timedelta(hours=72 + late))
        assert first["deviation"] == "laid out anew from what was given before"
        shown = open_slots(pathway, played.episode.courses[-1], "Europe/London")
        assert [each["due_at"] for each in (first, *others)] == [instant(at) for _, at in shown]


@pytest.mark.rules("X-02")
def test_open_doses_are_as_much_as_the_weight_now_makes_them(pathway: Pathway) -> None:
    facts = {"severity": "moderate", "infection_status": "excluded", "weight_kg": Decimal("62.5")}
    played = Played(pathway).at(0, (NURSE, Record(facts=facts)))
    played.at(1, (CLINICIAN, Confirm(regimens=("prednisone-oral",)))).at(2, (NURSE, Give(regimen="prednisone-oral")))
    played.at(3, (NURSE, Record(facts={"weight_kg": 60})))
    first, second, *_ = course(played.story(), "prednisone-oral")["administrations"]
    assert (first["due"], first["planned"]["amount"]) == (None, "62.5")
    assert (second["due"]["amount"], second["due"]["inputs"]) == ("45", {"weight_kg": "60"})
    assert "45 mg by the facts now known instead of 46.875 mg" in second["deviation"]
    played.at(4, (NURSE, Retract(target="weight_kg", reason="Another patient")))
    assert course(played.story(), "prednisone-oral")["administrations"][1]["due"]["amount"] == "46.875"


@pytest.mark.rules("X-02")
def test_a_dose_shows_formula_and_inputs(closed: Story) -> None:
    first = course(closed, "prednisone-oral")["administrations"][0]
    assert first["planned"]["words"].startswith("62.5 mg")
    assert first["planned"]["formula"].startswith("1 mg/kg × 62.5 kg")
    assert first["inputs"] == {"weight_kg": "62.5"}


def test_what_an_ended_course_still_planned_was_not_given(closed: Story) -> None:
    statuses = [each["status"] for each in course(closed, "prednisone-oral")["administrations"]]
    assert statuses == ["given", "missed", "not-given", "not-given"]


def test_a_taper_is_charted_as_planned_and_as_given(story: Story) -> None:
    chart = course(story, "steroid-taper")["chart"]
    assert [step["amount"] for step in chart["planned"]] == ["60", "40", "20"]
    assert chart["planned"][-1]["until"] == "2026-04-19T12:00:00.000000Z", (
        "its last day counts from the first step given"
    )
    assert chart["planned"][-1]["at"] == "2026-04-13T12:00:00.000000Z"
    assert [step["amount"] for step in chart["given"]] == ["60", "40"]
    assert chart["given"][0]["until"] == chart["given"][1]["at"]
    assert course(story, "plex")["chart"] is None


@pytest.mark.rules("X-10")
def test_a_reminder_says_who_was_told_when_and_what_came_of_it(story: Story) -> None:
    reminder = next(each for each in story["reminders"] if each["name"] == "day-3-response")
    (firing,) = reminder["firings"]
    assert [(each["role"], each["told_at"][11:16]) for each in firing["told"]] == [
        ("clinician", "09:00"), ("lead", "10:00"), ("on-call", "11:00"),
    ]  # fmt: skip
    assert (firing["late"], firing["late_seconds"]) == (False, 0)
    assert reminder["status"] == "answered"
    assert reminder["fulfilled"]["took_seconds"] == 6 * 3600
    assert reminder["about"] == "Methylprednisolone IV pulse"


@pytest.mark.rules("X-10")
def test_a_reminder_that_was_seen_and_not_answered_fires_again(story: Story) -> None:
    reminder = next(each for each in story["reminders"] if each["name"] == "neurology-consult-due")
    assert reminder["firings"][0]["acknowledged"]["actor"] == "u-17"
    assert len(reminder["firings"]) > 1
    assert reminder["status"] == "answered"


def test_a_reminder_that_nobody_answered_to_the_top_of_its_ladder_says_so(story: Story) -> None:
    reminder = next(each for each in story["reminders"] if each["name"] == "taper-milestone")
    assert len(reminder["firings"][0]["told"]) == 3
    assert reminder["status"] == "unanswered"


def test_what_is_to_come_is_told_apart(story: Story, closed: Story) -> None:
    coming = [each for each in story["reminders"] if each["status"] == "to-come"]
    assert "taper-complete" in {each["name"] for each in coming}
    assert all(each["due_at"] > story["episode"]["told_until"] for each in coming)
    assert not [each for each in closed["reminders"] if each["status"] in {"to-come", "waiting"}]


def test_tasks_say_who_completed_them_and_how_late(story: Story, closed: Story) -> None:
    consult = next(each for each in story["tasks"] if each["name"] == "neurology-consult")
    assert (consult["status"], consult["left"]["actor"]) == ("completed", "u-17")
    assert consult["late_seconds"] == 302 * 3600
    assert {each["status"] for each in closed["tasks"]} <= {"withdrawn", "closed", "completed"}


@pytest.mark.rules("X-13")
def test_a_correction_keeps_both_values(story: Story) -> None:
    first, second = (each for each in story["facts"] if each["fact"] == "weight_kg")
    assert (first["status"], first["left"]["reason"]) == ("replaced", "Weighed again on the bed scale")
    assert (second["status"], second["corrects"], second["words"]) == ("stands", first["seq"], "82 kg")


@pytest.mark.rules("X-20")
def test_a_retraction_keeps_what_was_taken_back_and_brings_the_earlier_value_back(pathway: Pathway) -> None:
    played = (
        Played(pathway)
        .at(0, (NURSE, Record(facts={"severity": "mild"})))
        .at(1, (NURSE, Record(facts={"severity": "severe"})))
    )
    played.at(2, (NURSE, Retract(target="severity", reason="Another patient")))
    first, second = played.story()["facts"]
    assert (first["status"], second["status"]) == ("stands", "retracted")
    assert second["left"]["reason"] == "Another patient"


@pytest.mark.rules("X-20")
def test_a_dose_taken_back_is_planned_again(pathway: Pathway) -> None:
    played = Played(pathway).at(0, (NURSE, Record(facts={"severity": "severe", "infection_status": "excluded"})))
    played.at(1, (CLINICIAN, Confirm(regimens=("ivmp-pulse",)))).at(2, (NURSE, Give(regimen="ivmp-pulse")))
    pulse = course(played.at(3, (NURSE, Retract(target="ivmp-pulse", reason="Wrong chart"))).story(), "ivmp-pulse")
    assert pulse["administrations"][0]["status"] == "planned"
    assert (pulse["retracted"][0]["n"], pulse["retracted"][0]["reason"]) == (1, "Wrong chart")


def test_local_sourced_and_unstated_are_three_different_things(story: Story, pathway: Pathway) -> None:
    kinds = {stay["origin"]["kind"] for stay in story["way"] if stay["origin"]}
    kinds |= {each["origin"]["kind"] for each in story["reminders"]}
    kinds |= {course(story, "ivmp-pulse")["origin"]["schedule"]["kind"]}
    assert kinds == {"sourced", "local", "mixed"}, "a move names no source and is not local"
    kinds |= {origin(pathway, Mark(("P-18",)))["kind"]}
    assert kinds == {"sourced", "local", "mixed", "unstated"}
    assert kinds == set(story["origins"])


def test_local_values_are_listed_with_their_rule(story: Story) -> None:
    listed = {each["what"]: each for each in story["local"]}
    assert listed["reminder dose-due"]["rules"] == ["X-09"]
    assert listed["Methylprednisolone IV pulse: days, when nobody chooses"]["value"] == "3"
    assert "Plasma exchange: sessions, when nobody chooses" in listed


def test_erased_entries_leave_who_when_and_the_way(played: Played, pathway: Pathway) -> None:
    erased = [StoryEntry(entry.header, None) for entry in played.entries]
    story = tell(erased, pathway, None)
    assert story["episode"]["erased"] == len(erased)
    assert [stay["stage"] for stay in story["way"]] == [
        "workup", "first-line", "reassess", "second-line", "refractory", "bridging",
    ]  # fmt: skip
    assert [story[part] for part in ("facts", "decisions", "courses", "reminders")] == [[], [], [], []]
    assert len(story["refusals"]) == 4
    assert "psychosis" not in orjson.dumps(story).decode()
    assert story["timeline"][0]["actor"] == "u-17"


def test_one_entry_that_cannot_be_read_does_not_hide_the_others(played: Played, pathway: Pathway) -> None:
    for gone in range(len(played.entries)):
        entries = [
            StoryEntry(entry.header, None if number == gone else entry.body)
            for number, entry in enumerate(played.entries)
        ]
        assert len(tell(entries, pathway)["timeline"]) == len(played.entries)


def test_the_verdict_is_told_with_its_reach(played: Played, pathway: Pathway) -> None:
    broken = Verdict("e-1", 3, 2, (Fault(2, "its body is not the one committed to"),))
    chain = tell(played.entries, pathway, broken)["chain"]
    assert (chain["whole"], chain["faults"]) == (False, [{"seq": 2, "what": "its body is not the one committed to"}])
    assert chain["reach"] == "finds every change that does not recompute the whole chain"
    assert tell(played.entries, pathway)["chain"]["checked"] is False


@pytest.mark.parametrize("play", [long_way, closed_way])
def test_the_story_agrees_with_the_episode(play: Callable[[Pathway], Played], pathway: Pathway) -> None:
    played = play(pathway)
    story, episode = played.story(), played.episode
    assert story["way"][-1]["state"] == episode.state
    assert [each["name"] for each in story["tasks"] if each["status"] == "open"] == [
        task.name for task in episode.tasks
    ]
    in_force = {each["id"] for each in story["courses"] if each["status"] == "in-force"}
    assert in_force == {each.id for each in episode.courses if each.in_force}
    standing = {each["fact"] for each in story["facts"] if each["status"] == "stands" and each["value"] is not None}
    assert standing == set(episode.values())


def test_no_entries_are_no_story(pathway: Pathway) -> None:
    with pytest.raises(ValueError, match="without entries"):
        tell([], pathway)
