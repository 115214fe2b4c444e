"""Goal: of what falls due at one moment reminders come first, then checks, then ends; nothing due is lost."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from orchestrator.episode import events as ev
from orchestrator.episode.decide import Accepted
from tests.patients import T0, Decline, Entry, Give, Miss, Patient, pathway, severe

DAYS_14 = 14 * 24
OF_REMINDERS = (ev.ReminderFired, ev.ReminderTold)


def ready() -> Patient:
    return Patient(pathway("autoimmune-cerebellar-ataxia")).record(
        infection_status="excluded", weight_kg=70, height_cm=170
    )


def kinds(entry: Entry) -> list[str]:
    """Return what fell due in an entry, in its order."""
    found = {ev.ReminderFired: "reminder", ev.ReminderTold: "reminder", ev.CheckDue: "check", ev.CourseEnded: "end"}
    return [found[type(event)] for event in entry.events if type(event) in found]


def arming(patient: Patient) -> Iterator[tuple[tuple[str, str, int], int]]:
    """Yield each reminder's key with the place of its arming among all events."""
    events = [event for entry in patient.entries for event in entry.events]
    for place, event in enumerate(events):
        if isinstance(event, ev.ReminderArmed):
            yield (event.name, event.subject, event.n), place


def at(hours: float) -> str:
    return (T0 + timedelta(hours=hours)).isoformat()


@pytest.mark.rules("A-10", "X-11")
def test_reminders_come_in_the_order_of_their_arming_and_before_what_ends_them() -> None:
    patient = ready().at(1).confirm("ivmp-pulse").confirm("rituximab-weekly", reason="a choice").at(1 + DAYS_14)
    (entry,) = [each for each in patient.entries if any(isinstance(event, ev.CheckDue) for event in each.events)]
    due = kinds(entry)
    assert due == ["reminder"] * (len(due) - 2) + ["check"] * 2
    assert [event.check for event in entry.events if isinstance(event, ev.CheckDue)] == ["day-14", "rituximab"]
    armed = dict(arming(patient))
    acted = [armed[event.name, event.subject, event.n] for event in entry.events if isinstance(event, OF_REMINDERS)]
    assert len(set(acted)) >= 4
    assert acted == sorted(acted)


@pytest.mark.parametrize("taper_begins", [3 + DAYS_14, 3 + DAYS_14 - 30 * 24], ids=["what it replaces", "the taper"])
@pytest.mark.rules("X-14", "X-16")
def test_a_check_falls_due_before_a_course_ends_at_its_moment(taper_begins: float) -> None:
    patient = ready().at(1).confirm("ivmp-pulse")
    patient.confirm("steroid-taper", dose=60, taper_days=30, start=at(taper_begins), reason="a choice")
    patient.at(3).confirm("rituximab-weekly", reason="a choice").at(3 + DAYS_14)
    due = [kind for kind in kinds(patient.entries[-1]) if kind != "reminder"]
    assert due == ["check", "end"]


@pytest.mark.parametrize(
    ("patient", "after"), [(severe(), 72), (ready(), DAYS_14)], ids=["its own", "the first line's"]
)
@pytest.mark.rules("X-09")
def test_a_check_that_is_due_at_this_moment_stays_so_when_the_dose_is_charted(patient: Patient, after: float) -> None:
    patient.at(1).confirm("ivmp-pulse").at(1 + after)
    assert "check" in kinds(patient.entries[-1])
    patient.accepted(Give("ivmp-pulse", T0 + timedelta(hours=1)), "nurse")
    assert isinstance(patient.answer, Accepted)
    assert [type(event) for event in patient.answer.events] == [ev.AdministrationRecorded, ev.ReminderEnded]


@pytest.mark.parametrize("command", [Miss, Decline])
@pytest.mark.rules("X-09", "P-07")
def test_a_check_counts_from_the_second_dose_when_the_first_is_charted_as_not_given(
    command: type[Miss | Decline],
) -> None:
    patient = severe().at(1).confirm("ivmp-pulse").at(74).accepted(command("ivmp-pulse"), "nurse")
    assert ev.CheckWithdrawn in {type(event) for event in patient.entries[-1].events}
    entries = len(patient.entries)
    patient.at(25 + 72)
    assert ["check" in kinds(entry) for entry in patient.entries[entries:]][-1]


@pytest.mark.rules("P-20")
def test_what_recurs_comes_again_though_nobody_does_anything() -> None:
    patient = severe().at(1).confirm("ivmp-pulse").at(2).record(response="partial").at(2 + 3 * DAYS_14)
    fired = [
        entry.at - T0
        for entry in patient.entries
        for event in entry.events
        if isinstance(event, ev.ReminderFired) and event.name == "neurology-review-due"
    ]
    assert fired == [timedelta(hours=2 + count * DAYS_14) for count in (1, 2, 3)]


@pytest.mark.rules("X-10")
def test_a_rung_that_is_told_late_says_so_and_since_when() -> None:
    patient = Patient().late(10)
    told = [
        (event.rung, event.due_at, event.told_at, event.late)
        for event in patient.entries[-1].events
        if isinstance(event, ev.ReminderTold) and event.name == "neurology-consult-due"
    ]
    assert told == [(1, T0 + timedelta(hours=1), T0 + timedelta(hours=10), True)]
