"""What follows from a change? Moves, tasks, waits and reminders, until nothing follows any more; then what is due by now.

Everything here is a consequence that the pathway's table prescribes. Persons' choices are in ``decide``.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator

from orchestrator.episode import events as ev
from orchestrator.episode.courses import c0, taper_end
from orchestrator.episode.draft import Draft
from orchestrator.episode.host import QUIET, Signals, follows, pending_check
from orchestrator.episode.machine import enabled, way
from orchestrator.episode.model import COMPLETED, GIVEN, REPLACED, REVIEWED, Course
from orchestrator.episode.proposals import missing
from orchestrator.episode.reminders import act, next_moment, reconcile
from orchestrator.errors import Ambiguous
from orchestrator.pathway.model import Check, Standing, TaskKind, Transition

MAX_ROUNDS = 200
"""Consequences of one entry; more would mean that the pathway never comes to rest."""

Due = tuple[dt.datetime, int, tuple[int, int], Callable[[], None]]


def settle(draft: Draft, signals: Signals = QUIET) -> None:
    """Draw every consequence of the draft's events, fire what is due, and set the episode's one alarm."""
    if signals is not QUIET:
        move(draft, "confirmation", signals)
    for _ in range(MAX_ROUNDS):
        _rest(draft)
        due = min(_due(draft), key=lambda each: each[:3], default=None)
        if due is None or due[0] > draft.now:
            alarm = None if due is None else due[0]
            if alarm != draft.episode.next_due_at:
                draft.emit(ev.AlarmSet(alarm))
            return
        due[3]()
    raise Ambiguous(f"{draft.pathway.name}: an entry has more than {MAX_ROUNDS} consequences")


def _rest(draft: Draft) -> None:
    for _ in range(MAX_ROUNDS):
        before = len(draft.events)
        if not draft.episode.closed:
            _end_completed(draft)
            move(draft, "any", QUIET)
            _open_tasks(draft)
            _wait(draft)
        reconcile(draft)
        if len(draft.events) == before:
            return
    raise Ambiguous(f"{draft.pathway.name}: the episode does not come to rest in {draft.episode.state}")


# what is due


def _due(draft: Draft) -> Iterator[Due]:
    """Yield all that is to come, with its moment; at one moment reminders come first, in the order of their arming."""
    for reminder in draft.episode.reminders:
        at = next_moment(reminder)
        if at is not None:
            yield at, 0, reminder.order, lambda reminder=reminder: act(draft, reminder)  # type: ignore[misc]
    if draft.episode.closed:
        return
    for course in draft.episode.courses:
        check = pending_check(draft.pathway, course)
        if check is not None:
            at = c0(draft.pathway, course, draft.episode.timezone) + check.after
            yield at, 1, (course.seq, course.id), lambda course=course, check=check, at=at: _check(draft, course, check, at)  # type: ignore[misc]
        if course.in_force:
            yield from _course_moments(draft, course)


def _course_moments(draft: Draft, course: Course) -> Iterator[Due]:
    end = taper_end(draft.pathway, course)
    if end is not None:
        yield end, 2, (course.seq, course.id), lambda: _end_taper(draft, course)
    began = None
    for row in draft.pathway.replaces:
        if row.at == "start" and course.regimen in row.by:
            began = began or c0(draft.pathway, course, draft.episode.timezone)
            for other in follows(draft.pathway, draft.episode, row.what):
                if other.id != course.id:
                    yield began, 2, (course.seq, course.id), lambda other=other: end_course(draft, other, REPLACED)  # type: ignore[misc]


def _check(draft: Draft, course: Course, check: Check, at: dt.datetime) -> None:
    draft.emit(ev.CheckDue(check.name, course.id, at))
    move(draft, "due", Signals(checks=frozenset({check.name})))
    if check.ends and course.in_force:
        end_course(draft, course, REVIEWED)
    for task in check.opens:
        open_task(draft, draft.pathway.tasks[task])


def _end_taper(draft: Draft, course: Course) -> None:
    end_course(draft, course, COMPLETED)
    move(draft, "due", Signals(taper_ending=True))


def end_course(draft: Draft, course: Course, end: str) -> None:
    """End a course; its open administrations, and with them their reminders, end too."""
    draft.emit(ev.CourseEnded(course.id, course.regimen, end))


def _end_completed(draft: Draft) -> None:
    """End the courses whose last administration is recorded, but those that last until their taper (X-16)."""
    for course in draft.episode.courses:
        if not course.in_force or course.planned is None or len(course.recorded) < course.planned:
            continue
        given = any(each.status == GIVEN for each in course.recorded)
        lasts = course.regimen in draft.pathway.lasting and given
        if not lasts and taper_end(draft.pathway, course) is None:
            end_course(draft, course, COMPLETED)


# moves


def move(draft: Draft, cause: str, signals: Signals) -> None:
    """Make the one move that ``cause`` enables, if there is one; raises Ambiguous when there are two."""
    row = enabled(draft.pathway, draft.host_with(signals), draft.values, cause)
    if row is None:
        return
    passed = way(draft.pathway, row, draft.host_with(signals), draft.values)
    origin = draft.episode.state
    ending = [course for course in draft.episode.courses if course.in_force and course.regimen in row.ends]
    if row.decides is not None:
        _decide(draft, row, passed, ending)
    for number, target in enumerate(passed):
        relapse = row.relapse and number == len(passed) - 1
        draft.emit(ev.Moved(origin, target, row.name, row.mark.rules, relapse))
        origin = target
        _enter(draft)
    for course in ending:
        end_course(draft, course, REVIEWED)
    for task in row.opens:
        open_task(draft, draft.pathway.tasks[task])


def _decide(draft: Draft, row: Transition, passed: list[str], ending: list[Course]) -> None:
    fact = row.decides or ""
    current = draft.episode.current(fact)
    if current is None:
        raise AssertionError(f"{row.name} decides on {fact}, which is unknown")
    draft.emit(
        ev.FactDecided(
            fact, current.value, current.seq, draft.episode.state, passed[-1] if passed else draft.episode.state,
            tuple(course.id for course in draft.host.unanswered()), tuple(course.id for course in ending), row.relapse,
        )  # fmt: skip
    )


# tasks


def _enter(draft: Draft) -> None:
    for kind in draft.pathway.tasks.values():
        entered = kind.entering == draft.episode.stage
        if entered and (kind.guard is None or kind.guard.holds(draft.values, draft.host)):
            open_task(draft, kind)


def open_task(draft: Draft, kind: TaskKind) -> None:
    """Open a work item unless it is open already."""
    if draft.episode.task(kind.name) is None:
        due_at = None if kind.due is None else draft.now + kind.due
        draft.emit(ev.TaskOpened(kind.name, due_at, kind.mark.rules))


def _open_tasks(draft: Draft) -> None:
    """Open the tasks whose condition begins to hold; withdraw one whose condition was taken back by a retraction."""
    for kind in draft.pathway.tasks.values():
        if kind.guard is None or kind.entering is not None:
            continue
        holds = kind.guard.holds(draft.values, draft.host)
        if holds == (kind.name in draft.episode.holding):
            continue
        draft.emit(ev.ConditionChanged(kind.name, holds))
        if holds:
            open_task(draft, kind)
        elif draft.retracting and draft.episode.task(kind.name) is not None:
            draft.emit(ev.TaskWithdrawn(kind.name))


# waiting


def _wait(draft: Draft) -> None:
    """Note when the episode begins to wait for a person's choice or a fact, and for which (X-18)."""
    what = _waits_for(draft)
    wait = draft.episode.wait
    if wait is not None and wait.what != what:
        draft.emit(ev.WaitEnded())
    if what and (wait is None or wait.what != what):
        draft.emit(ev.WaitBegan(what))


def _waits_for(draft: Draft) -> str:
    """Return what tells one wait from the next, or empty while the episode waits for nobody."""
    state = draft.pathway.states[draft.episode.state]
    options = {regimen: each.standing for regimen, each in draft.table.proposals.items()}
    waits = state.waits is not None and state.waits.test(draft.values, draft.host) is True
    if not waits and Standing.RECOMMENDED not in options.values():
        return ""
    parts = [state.name, *(f"{regimen}={standing}" for regimen, standing in options.items())]
    parts += sorted(missing(draft.host, draft.values, draft.table))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12]
