"""What is the episode after an event? ``fold`` applies one; it decides nothing and needs no pathway."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import Any

from orchestrator.episode import events as ev
from orchestrator.episode.model import (
    GIVEN,
    NOTHING,
    Administration,
    Course,
    Episode,
    Moment,
    Recorded,
    Reminder,
    Task,
    Turn,
    Wait,
)
from orchestrator.pathway.kinds import stage_of
from orchestrator.pathway.model import Standing

RECOMMENDED = Standing.RECOMMENDED.value
OfReminder = (
    ev.ReminderMoved
    | ev.ReminderFired
    | ev.ReminderTold
    | ev.ReminderAcknowledged
    | ev.ReminderFulfilled
    | ev.ReminderReopened
    | ev.ReminderEnded
)
"""What happens to a reminder that was armed."""
KEPT_RECORDINGS = 4
"""So many recordings of a fact are kept in the document; an earlier one can no longer come back by a retraction."""
KEPT_TURNS = 4
"""So many of the last turns are kept in the document; an earlier one can no longer be taken back."""
KEPT_DOSES = 6
"""So many administrations of a course without end are kept in the document."""
KEPT_COURSES, KEPT_WHOLE = 2, dt.timedelta(days=31)
"""So many ended courses, and all that ended so lately, keep in the document what taking back a dose needs; earlier ones
keep their first and last dose, and of these none can be taken back any more."""


def fold(episode: Episode | None, event: ev.Event, seq: int, at: dt.datetime) -> Episode:
    """Return the episode after ``event`` of entry ``seq``, made at ``at`` (UTC)."""
    if isinstance(event, ev.Enrolled):
        return _enrolled(event, seq, at)
    if episode is None:
        raise ValueError("the first event of an episode is its enrolment")
    apply = _FOLDS.get(type(event))
    return episode if apply is None else apply(episode, event, seq, at)


def stamp(episode: Episode, seq: int, at: dt.datetime) -> Episode:
    """Return the episode with the number and time of its last entry."""
    return episode._replace(seq=seq, at=at)


def _enrolled(event: ev.Enrolled, seq: int, at: dt.datetime) -> Episode:
    stage = stage_of(event.state)
    return Episode(
        event.episode_id, event.patient_id, event.pathway, event.version, event.ward, event.timezone, event.state,
        at, seq, at, reached=frozenset({stage}),
    )  # fmt: skip


def _fact_recorded(episode: Episode, event: ev.FactRecorded, seq: int, at: dt.datetime) -> Episode:
    earlier = episode.facts.get(event.fact, ())[-KEPT_RECORDINGS + 1 :]
    made = Recorded(event.value, seq, at, derived=bool(event.rules))
    return episode._replace(facts={**episode.facts, event.fact: (*earlier, made)})


def _fact_retracted(episode: Episode, event: ev.FactRetracted, _: int, __: dt.datetime) -> Episode:
    left = episode.facts[event.fact][:-1]
    facts = {name: each for name, each in episode.facts.items() if name != event.fact}
    return episode._replace(facts={**facts, event.fact: left} if left else facts)


def _fact_expired(episode: Episode, event: ev.FactExpired, _: int, __: dt.datetime) -> Episode:
    last = episode.facts[event.fact][-1]
    return episode._replace(facts={**episode.facts, event.fact: (last._replace(expired=True),)})


def _fact_decided(episode: Episode, event: ev.FactDecided, seq: int, _: dt.datetime) -> Episode:
    recordings = episode.facts[event.fact]
    spent = (*recordings[:-1], recordings[-1]._replace(spent=True))
    turn = Turn(seq, event.origin, event.fact, event.of, event.courses, event.ended, event.relapse)
    courses = tuple(each._replace(answer=event.value) if each.id in event.courses else each for each in episode.courses)
    decided = {**episode.decided, event.value: event.of}
    answered = episode._replace(facts={**episode.facts, event.fact: spent}, courses=courses, decided=decided)
    return _turned(answered, turn)


def _turned(episode: Episode, turn: Turn) -> Episode:
    return episode._replace(turns=(*episode.turns, turn)[-KEPT_TURNS:])


def _taken_back(episode: Episode, event: ev.DecisionTakenBack, _: int, __: dt.datetime) -> Episode:
    courses = tuple(each._replace(answer=None) if each.id in event.courses else each for each in episode.courses)
    gone = [
        each for each in episode.turns if each.entry in event.entries and each.fact in event.facts and not each.chosen
    ]
    went_back = bool(gone) and event.state == gone[0].origin
    left = {stage for turn in gone for stage in turn.reached} if went_back else set()
    undone = {(turn.fact, turn.of) for turn in gone}  # these have still to decide, also behind one recorded since
    entries = {turn.of for turn in gone}
    facts = {
        fact: tuple(each._replace(spent=each.spent and (fact, each.seq) not in undone) for each in recordings)
        if fact in event.facts else recordings
        for fact, recordings in episode.facts.items()
    }  # fmt: skip
    return episode._replace(
        state=event.state,
        reached=episode.reached - left,
        decided=_still_decided(episode.decided, facts, entries),
        facts=facts,
        courses=courses,
        turns=tuple(each for each in episode.turns if each not in gone),
        round=episode.round - sum(turn.relapse for turn in gone if event.relapse),
    )


def _still_decided(
    decided: Mapping[str, int], facts: Mapping[str, tuple[Recorded, ...]], undone: Collection[int]
) -> dict[str, int]:
    """Return the values that have decided although recordings of these entries have not: others that decided stand."""
    others = {each.value: each.seq for recordings in facts.values() for each in recordings if each.spent}
    left = {value: others.get(value, 0) if of in undone else of for value, of in decided.items()}
    return {value: of for value, of in left.items() if of}


def _confirmed(episode: Episode, event: ev.CourseConfirmed, seq: int, at: dt.datetime) -> Episode:
    course = Course(
        event.course, event.regimen, at, seq, episode.stage, event.round, event.start, event.parameters,
        baseline=event.baseline, accepted=event.accepted, planned=event.planned,
        offered=tuple(each["regimen"] for each in event.proposals if each["standing"] == RECOMMENDED),
        follows=event.follows,
    )  # fmt: skip
    return episode._replace(courses=(*episode.courses, course))


def _course(episode: Episode, course_id: int, change: Callable[[Course], Course]) -> Episode:
    return episode._replace(courses=tuple(change(each) if each.id == course_id else each for each in episode.courses))


def _administration(episode: Episode, event: ev.AdministrationRecorded, seq: int, at: dt.datetime) -> Episode:
    made = Administration(event.status, event.at, event.planned_at, seq, event.amount)
    laid = _put_off(episode, event.course, event.at - event.planned_at, at)
    return _course(laid, event.course, lambda course: _shortened(course._replace(recorded=(*course.recorded, made))))


def _put_off(episode: Episode, followed: int, late: dt.timedelta, at: dt.datetime) -> Episode:
    """Put off what follows a course by as much as its rest is laid out later (X-14)."""
    courses = (each.put_off(late, at) if late and each.follows == followed else each for each in episode.courses)
    return episode._replace(courses=tuple(courses))


def _shortened(course: Course) -> Course:
    """Keep of a course without end its first administration, from which the months count, and the last few."""
    if course.planned is not None or len(course.recorded) <= KEPT_DOSES:
        return course
    return course._replace(recorded=(course.recorded[0], *course.recorded[2:]), dropped=course.dropped + 1)


def _administration_retracted(episode: Episode, event: ev.AdministrationRetracted, _: int, at: dt.datetime) -> Episode:
    last = episode.course(event.course).recorded[-1]
    laid = _put_off(episode, event.course, last.planned_at - last.at, at)
    return _course(laid, event.course, lambda course: course._replace(recorded=course.recorded[:-1], taken_back=True))


def _ended(episode: Episode, event: ev.CourseEnded, _: int, at: dt.datetime) -> Episode:
    return _thin(_course(episode, event.course, lambda course: course._replace(ended_at=at, end=event.end)), at)


def _thin(episode: Episode, now: dt.datetime) -> Episode:
    """Keep of the older ended courses when their first and last dose were, so that the document stays small."""
    ended = [(each.id, each.ended_at) for each in episode.courses if each.ended_at is not None][:-KEPT_COURSES]
    older = {course for course, at in ended if at <= now - KEPT_WHOLE}
    if not older:
        return episode
    return episode._replace(courses=tuple(_thinned(each) if each.id in older else each for each in episode.courses))


def _thinned(course: Course) -> Course:
    if not course.counts or not course.recorded:  # of silence nothing could be kept that tells what was to come
        return course
    given = [each for each in course.recorded if each.status == GIVEN]
    kept = tuple(Administration(GIVEN, each.at, each.at, 0) for each in dict.fromkeys((*given[:1], *given[-1:])))
    return course._replace(recorded=kept, planned=None, parameters=NOTHING, baseline=NOTHING, accepted=(), offered=())


def _reopened(episode: Episode, event: ev.CourseReopened, _: int, __: dt.datetime) -> Episode:
    return _course(episode, event.course, lambda course: course._replace(ended_at=None, end=None))


def _accepted(episode: Episode, event: ev.ConcernAccepted, _: int, __: dt.datetime) -> Episode:
    def accept(course: Course) -> Course:
        return course._replace(accepted=tuple(dict.fromkeys((*course.accepted, event.concern))))

    return _course(episode, event.course, accept)


def _check_due(episode: Episode, event: ev.CheckDue, seq: int, _: dt.datetime) -> Episode:
    if not event.course:
        return episode._replace(checked={**episode.checked, event.check: seq})
    return _course(episode, event.course, lambda course: course._replace(checked=seq))


def _check_withdrawn(episode: Episode, event: ev.CheckWithdrawn, _: int, __: dt.datetime) -> Episode:
    if not event.course:
        return episode._replace(checked={name: each for name, each in episode.checked.items() if name != event.check})
    return _course(episode, event.course, lambda course: course._replace(checked=0))


def _moved(episode: Episode, event: ev.Moved, seq: int, _: dt.datetime) -> Episode:
    stage = stage_of(event.target)
    courses = tuple(each._replace(stage=stage) if each.seq == seq else each for each in episode.courses)
    moved = episode._replace(
        state=event.target, reached=episode.reached | {stage}, courses=courses,
        round=episode.round + int(event.relapse),
    )  # fmt: skip
    new = (stage,) if stage not in episode.reached else ()
    latest = episode.turns[-1] if episode.turns else None
    if latest is None or latest.entry != seq or latest.chosen is not event.chosen:
        return _turned(moved, Turn(seq, event.origin, chosen=event.chosen, reached=new, anew=event.anew))
    turn = latest._replace(reached=(*latest.reached, *new))  # what decided in this entry stands for its move too
    return moved._replace(turns=(*moved.turns[:-1], turn))


def _condition(episode: Episode, event: ev.ConditionChanged, seq: int, at: dt.datetime) -> Episode:
    named = frozenset({event.name})
    if not event.holds:
        return episode._replace(holding=episode.holding - named)
    held = episode._replace(holding=episode.holding | named)
    if not event.timed or event.again:
        return held
    return held._replace(since={**episode.since, event.name: Moment(seq, at)})


def _task_opened(episode: Episode, event: ev.TaskOpened, seq: int, at: dt.datetime) -> Episode:
    opened = episode._replace(tasks=(*episode.tasks, Task(event.task, seq, at, event.due_at)))
    return _touched(opened, event.task, seq, at) if event.repeats else opened


def _touched(episode: Episode, task: str, seq: int, at: dt.datetime) -> Episode:
    """Note when a repeated task was last opened or done: it opens again at the next of its rhythm after that."""
    return episode._replace(since={**episode.since, f"task {task}": Moment(seq, at)})


def _task_left(episode: Episode, name: str) -> Episode:
    return episode._replace(tasks=tuple(task for task in episode.tasks if task.name != name))


def _task_completed(episode: Episode, event: ev.TaskCompleted, seq: int, at: dt.datetime) -> Episode:
    left = _task_left(episode, event.task)._replace(completed=episode.completed | {event.task})
    return _touched(left, event.task, seq, at) if f"task {event.task}" in episode.since else left


def _task_withdrawn(episode: Episode, event: ev.TaskWithdrawn, _: int, __: dt.datetime) -> Episode:
    return _task_left(episode, event.task)


def _armed(episode: Episode, event: ev.ReminderArmed, seq: int, _: dt.datetime) -> Episode:
    made = Reminder(event.name, event.subject, event.n, event.ladder, (seq, event.place), event.due_at)
    return episode._replace(reminders=(*episode.reminders, made))


def _reminder(
    episode: Episode,
    event: OfReminder,
    **changes: Any,  # noqa: ANN401 - each field of a reminder has its own type
) -> Episode:
    name, subject, n = event.name, event.subject, event.n
    reminders = episode.reminders
    for place, each in enumerate(reminders):
        if each.n == n and each.name == name and each.subject == subject:
            changed = each._replace(**changes)
            return episode._replace(reminders=(*reminders[:place], changed, *reminders[place + 1 :]))
    return episode


def _reminder_moved(episode: Episode, event: ev.ReminderMoved, _: int, __: dt.datetime) -> Episode:
    return _reminder(episode, event, due_at=event.due_at)


def _fired(episode: Episode, event: ev.ReminderFired, _: int, at: dt.datetime) -> Episode:
    return _reminder(
        episode, event, fired_at=at, due_at=event.next_at, told=0, acknowledged=False, climb_at=None, skipped=()
    )


def _told(episode: Episode, event: ev.ReminderTold, _: int, __: dt.datetime) -> Episode:
    changes: dict[str, Any] = {"told": event.rung + 1, "climb_at": event.climb_at}
    if event.skipped:
        changes["skipped"] = (*_skipped(episode, event), *range(event.rung - len(event.skipped), event.rung))
    if event.again_at is not None:
        changes["due_at"] = event.again_at
    return _reminder(episode, event, **changes)


def _skipped(episode: Episode, event: ev.ReminderTold) -> tuple[int, ...]:
    key = (event.name, event.subject, event.n)
    return next((each.skipped for each in episode.reminders if each.key == key), ())


def _acknowledged(episode: Episode, event: ev.ReminderAcknowledged, _: int, __: dt.datetime) -> Episode:
    changes: dict[str, Any] = {"acknowledged": True, "climb_at": None}
    if event.again_at is not None:
        changes["due_at"] = event.again_at
    return _reminder(episode, event, **changes)


def _fulfilled(episode: Episode, event: ev.ReminderFulfilled, _: int, __: dt.datetime) -> Episode:
    return _reminder(episode, event, fulfilled_by=event.by, climb_at=None, due_at=None)


def _reminder_reopened(episode: Episode, event: ev.ReminderReopened, _: int, __: dt.datetime) -> Episode:
    return _reminder(episode, event, fulfilled_by=None, due_at=event.due_at)


def _reminder_ended(episode: Episode, event: ev.ReminderEnded, _: int, __: dt.datetime) -> Episode:
    if event.over:
        return _reminder(episode, event, over=True, climb_at=None, due_at=None)
    key = (event.name, event.subject, event.n)
    return episode._replace(reminders=tuple(each for each in episode.reminders if each.key != key))


def _wait_began(episode: Episode, event: ev.WaitBegan, seq: int, at: dt.datetime) -> Episode:
    return episode._replace(wait=Wait(event.what, seq, at))


def _wait_ended(episode: Episode, _: ev.WaitEnded, __: int, ___: dt.datetime) -> Episode:
    return episode._replace(wait=None)


def _alarm(episode: Episode, event: ev.AlarmSet, _: int, __: dt.datetime) -> Episode:
    return episode._replace(next_due_at=event.due_at)


def _closed(episode: Episode, event: ev.Closed, _: int, __: dt.datetime) -> Episode:
    return episode._replace(
        state=event.state,
        reminders=(),
        tasks=(),
        wait=None,
        turns=(),
        holding=frozenset(),
        since=NOTHING,
    )


def _ward_changed(episode: Episode, event: ev.WardChanged, _: int, __: dt.datetime) -> Episode:
    return episode._replace(ward=event.target)


_FOLDS: dict[type[ev.Event], Callable[[Episode, Any, int, dt.datetime], Episode]] = {
    ev.FactRecorded: _fact_recorded,
    ev.FactRetracted: _fact_retracted,
    ev.FactExpired: _fact_expired,
    ev.FactDecided: _fact_decided,
    ev.DecisionTakenBack: _taken_back,
    ev.CourseConfirmed: _confirmed,
    ev.AdministrationRecorded: _administration,
    ev.AdministrationRetracted: _administration_retracted,
    ev.CourseEnded: _ended,
    ev.CourseReopened: _reopened,
    ev.ConcernAccepted: _accepted,
    ev.CheckDue: _check_due,
    ev.CheckWithdrawn: _check_withdrawn,
    ev.Moved: _moved,
    ev.ConditionChanged: _condition,
    ev.TaskOpened: _task_opened,
    ev.TaskCompleted: _task_completed,
    ev.TaskWithdrawn: _task_withdrawn,
    ev.ReminderArmed: _armed,
    ev.ReminderMoved: _reminder_moved,
    ev.ReminderFired: _fired,
    ev.ReminderTold: _told,
    ev.ReminderAcknowledged: _acknowledged,
    ev.ReminderFulfilled: _fulfilled,
    ev.ReminderReopened: _reminder_reopened,
    ev.ReminderEnded: _reminder_ended,
    ev.WaitBegan: _wait_began,
    ev.WaitEnded: _wait_ended,
    ev.AlarmSet: _alarm,
    ev.Closed: _closed,
    ev.WardChanged: _ward_changed,
}
