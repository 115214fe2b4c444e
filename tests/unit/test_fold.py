"""Goal: an episode keeps what it needs to go on and no more: of old courses, of what was closed, of who was told."""

from datetime import timedelta

import pytest

from orchestrator.episode import events as ev
from orchestrator.episode.fold import KEPT_WHOLE, fold
from orchestrator.episode.model import (
    COMPLETED,
    GIVEN,
    MISSED,
    STOPPED,
    Administration,
    Course,
    Episode,
    Moment,
    Reminder,
    Task,
    Turn,
    Wait,
)
from tests.patients import T0, Patient

PULSE = "ivmp-pulse"
NOW = T0 + timedelta(days=200)
LONG_AGO = NOW - KEPT_WHOLE


def doses(statuses: str) -> tuple[Administration, ...]:
    """Return a dose a day: g for one given, an hour late; m for one missed."""
    planned = [T0 + timedelta(days=day) for day in range(len(statuses))]
    hour = timedelta(hours=1)
    return tuple(
        Administration(GIVEN, at + hour, at, 5, "1 g") if status == "g" else Administration(MISSED, at, at, 5)
        for at, status in zip(planned, statuses, strict=True)
    )


def course(number: int, recorded: str = "mggm", **otherwise: object) -> Course:
    """Return a course that was stopped 31 days ago."""
    made = Course(number, PULSE, T0, number, "first-line", 0, T0, {"days": 5}, doses(recorded), LONG_AGO, STOPPED)
    whole = made._replace(planned=5, baseline={"severity": "severe"}, accepted=("gate",), offered=(PULSE,))
    return whole._replace(**otherwise)  # type: ignore[arg-type]


def ended(*earlier: Course) -> Episode:
    """Return the patient after the end, now, of one more course."""
    last = course(9, ended_at=None, end=None)
    patient = Patient().episode._replace(courses=(*earlier, last))
    return fold(patient, ev.CourseEnded(9, PULSE, STOPPED), 20, NOW)


def test_of_what_ended_31_days_ago_the_first_and_the_last_dose_that_was_given_are_kept() -> None:
    lasting = course(2, ended_at=None, end=None)
    first, second, _, _ = ended(course(1, "mgggm"), lasting, course(3)).courses
    one, *_, other = (each for each in doses("mgggm") if each.status == GIVEN)
    assert first.recorded == tuple(Administration(GIVEN, each.at, each.at, 0) for each in (one, other))
    assert (first.planned, first.parameters, first.baseline, first.accepted, first.offered) == (None, {}, {}, (), ())
    assert first.shortened
    assert second == lasting, "what has not ended is kept whole"
    assert len(ended(course(1, "mgm"), course(3)).courses[0].recorded) == 1


def test_the_two_that_ended_last_and_all_that_ended_lately_are_kept_whole() -> None:
    lately = course(2, ended_at=LONG_AGO + timedelta(seconds=1))
    first, *others = ended(course(1), lately, course(3)).courses
    assert first.shortened
    assert others[:2] == [lately, course(3)]
    assert others[2] == course(9, ended_at=NOW)


@pytest.mark.parametrize("recorded", ["", "m", "g", "mm", "mmmmm", "mgm", "ggggg"])
@pytest.mark.parametrize("end", [STOPPED, COMPLETED])
@pytest.mark.parametrize("taken_back", [True, False])
@pytest.mark.parametrize(("planned", "dropped"), [(5, 0), (None, 0), (None, 2)])
def test_what_counted_as_given_counts_for_ever_and_what_did_not_never(
    recorded: str, planned: int | None, end: str, dropped: int, *, taken_back: bool
) -> None:
    old = course(1, recorded, planned=planned, end=end, dropped=dropped, taken_back=taken_back)
    assert ended(old, course(2)).courses[0].counts is old.counts


def test_nothing_of_an_episode_that_was_closed_is_still_to_come() -> None:
    reminder = Reminder("r", "s", 1, "ladder", (3, 0), NOW)
    open_still = Patient().episode._replace(
        reminders=(reminder,), tasks=(Task("eeg", 3, T0, NOW),), wait=Wait("x", 3, T0), turns=(Turn(3, "workup/a"),),
        holding=frozenset({"c"}), since={"c": Moment(3, T0)},
    )  # fmt: skip
    closed = fold(open_still, ev.Closed("recovered", "closed/recovered"), 20, NOW)
    assert closed == Patient().episode._replace(
        state="closed/recovered", tasks=(), reminders=(), wait=None, turns=(), holding=frozenset(), since={}
    )


def test_a_patient_is_on_the_ward_to_which_he_was_moved() -> None:
    patient = Patient().episode
    assert fold(patient, ev.WardChanged("w-1", "w-2"), 20, NOW) == patient._replace(ward="w-2")


def test_every_rung_that_was_passed_over_is_known_of_that_reminder_alone() -> None:
    mine, others = Reminder("r", "s", 2, "ladder", (3, 0), NOW), Reminder("r", "s", 1, "ladder", (3, 0), NOW)
    episode = Patient().episode._replace(reminders=(others._replace(skipped=(7,)), mine))
    for rung, skipped in ((1, ("nurse",)), (4, ("lead", "on-call"))):
        told = ev.ReminderTold("r", "s", 2, "clinician", rung, NOW, NOW, skipped=skipped)
        episode = fold(episode, told, 20, NOW)
    assert [each.skipped for each in episode.reminders] == [(7,), (0, 2, 3)]
    assert [each.told for each in episode.reminders] == [others.told, 5]
