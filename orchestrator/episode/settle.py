"""What follows from a change?

Moves, tasks, waits and reminders, until nothing follows any more; then what is due by now.

Everything here is a consequence that the pathway's table prescribes. Persons' choices are in ``decide``.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from orchestrator.episode import events as ev
from orchestrator.episode.accepting import note_ended
from orchestrator.episode.courses import c0, courses_in_force, first_line, taper_end
from orchestrator.episode.draft import Draft
from orchestrator.episode.host import QUIET, Signals, answered_well, coming_check, pending_first_checks
from orchestrator.episode.machine import enabled, way
from orchestrator.episode.model import COMPLETED, GIVEN, REPLACED, REVIEWED, TAPERED, Course
from orchestrator.episode.proposals import awaited, content, waits
from orchestrator.episode.reminders import QUIETLY, act, next_moment, reconcile
from orchestrator.episode.tasks import enter, note_anchors, open_task, open_tasks, reconsider
from orchestrator.errors import Ambiguous
from orchestrator.pathway.model import Check, Standing, Transition

NOBODY = "nobody would be told"
"""What an episode waits for that nothing would move and of which nobody would be told: for somebody to look at it."""
MAX_ROUNDS = 50
"""Moves of one entry; more would mean that the pathway never comes to rest."""
MAX_DUE = 10_000
"""Moments that may be due at once, after a long downtime."""


class Due(NamedTuple):
    """Something that falls due. rank: reminders before checks before ends; order: what was armed or confirmed first."""

    at: dt.datetime
    rank: int
    order: tuple[int, int]
    act: Callable[..., object]
    on: tuple[Any, ...]


def _moment(due: Due) -> tuple[dt.datetime, int, tuple[int, int]]:
    return due[:3]


def settle(draft: Draft, signals: Signals = QUIET) -> None:
    """Draw every consequence of the draft's events, fire what is due, and set the episode's one alarm."""
    if signals is not QUIET:
        move(draft, "confirmation", signals)
    if draft.missed != QUIET:
        move(draft, "due", draft.missed)
    at_rest = not draft.events
    for _ in range(MAX_DUE):
        if not at_rest:
            _rest(draft)
        due = min(_due(draft), key=_moment, default=None)
        if due is None or due.at > draft.now:
            if reconsider(draft):
                at_rest = False
                continue
            alarm = None if due is None else due.at
            if alarm != draft.episode.next_due_at:
                draft.emit(ev.AlarmSet(alarm))
            return
        at_rest = due.act(*due.on) is QUIETLY
    raise Ambiguous(f"{draft.pathway.name}: an entry has more than {MAX_DUE} moments that are due")


def _rest(draft: Draft) -> None:
    """Draw the consequences in their order: no guard sees a task opened, a wait or a reminder,
    so that each is drawn once.
    """
    _follow(draft)
    note_ended(draft)
    _wait(draft)
    reconcile(draft)
    if draft.episode.wait is None and not draft.episode.closed and not _to_come(draft):
        draft.emit(ev.WaitBegan(NOBODY))
        reconcile(draft)


def _follow(draft: Draft) -> None:
    """Make the moves and open the tasks that follow, until none does."""
    for _ in range(MAX_ROUNDS):
        before = len(draft.events)
        if not draft.episode.closed:
            _end_completed(draft)
            move(draft, "any", QUIET)
            open_tasks(draft)
            note_anchors(draft)
        if all(type(event) in ev.BOOKKEEPING for event in draft.events[before:]):
            return
    raise Ambiguous(f"{draft.pathway.name}: the moves from {draft.episode.state} never end")


# what is due


def _due(draft: Draft) -> Iterator[Due]:
    """Yield what is to come, with its moment: of the reminders the next one, by the order of arming; checks, ends.

    At one moment reminders come first.
    """
    coming = [(at, each.order, each) for each in draft.episode.reminders if (at := next_moment(each)) is not None]
    if coming:
        at, order, reminder = min(coming)
        yield Due(at, 0, order, act, (draft, reminder))
    if draft.episode.closed:
        return
    yield from _first_checks(draft)
    yield from _repeated(draft)
    for course in draft.episode.courses:
        check = coming_check(draft.pathway, course)
        if check is not None:
            at = c0(draft.pathway, course, draft.episode.timezone) + check.after
            yield Due(at, 1, (course.seq, course.id), _check, (draft, course, check, at))
        if course.in_force:
            yield from _course_moments(draft, course)


def _first_checks(draft: Draft) -> Iterator[Due]:
    """Yield the checks that count from the episode's first treatment."""
    first = first_line(draft.pathway, draft.episode)
    if first is not None:
        began = c0(draft.pathway, first, draft.episode.timezone)
        for check in pending_first_checks(draft.pathway, draft.episode):
            at = began + check.after
            yield Due(at, 1, (first.seq, first.id), _check, (draft, None, check, at))


def _repeated(draft: Draft) -> Iterator[Due]:
    """Yield when each repeated task that is not open opens again; several times that were missed are one."""
    since = draft.episode.since
    for kind in draft.pathway.tasks.values():
        if kind.every is None:
            continue
        last = since.get(f"task {kind.name}")
        if last is None or draft.episode.task(kind.name) is not None:
            continue
        held = draft.episode.holding & kind.conditions.keys()
        began = min((since[name].at for name in held), default=None)
        if began is not None:
            at = began + kind.every * ((last.at - began) // kind.every + 1)
            yield Due(at, 1, (last.seq, 0), open_task, (draft, kind))


def _course_moments(draft: Draft, course: Course) -> Iterator[Due]:
    end = taper_end(draft.pathway, course, draft.episode.timezone)
    if end is not None:
        yield Due(end, 2, (course.seq, course.id), _end_taper, (draft, course))
    began = None
    for row in draft.pathway.replaces:
        if row.at == "start" and course.regimen in row.by:
            began = began or c0(draft.pathway, course, draft.episode.timezone)
            how = TAPERED if draft.pathway.regimens[course.regimen].tapers else REPLACED
            for other in courses_in_force(draft.episode, row.what):
                if other.id < course.id:
                    yield Due(began, 2, (course.seq, course.id), end_course, (draft, other, how))


def _check(draft: Draft, course: Course | None, check: Check, at: dt.datetime) -> None:
    """Let a check fall due; course: None for one that counts from the first treatment."""
    draft.emit(ev.CheckDue(check.name, course.id if course else 0, at))
    move(draft, "due", Signals(checks=frozenset({check.name})))
    if check.ends and course is not None and course.in_force:
        end_course(draft, course, REVIEWED)
    if course is None or not answered_well(draft.pathway, course):
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
        if not lasts and taper_end(draft.pathway, course, draft.episode.timezone) is None:
            end_course(draft, course, COMPLETED)


# moves


def move(draft: Draft, cause: str, signals: Signals) -> None:
    """Make the one move that ``cause`` enables, if there is one; raises Ambiguous when there are two."""
    row = enabled(draft.pathway, draft.host_with(signals), draft.values, cause)
    if row is None:
        return
    passed = way(draft.pathway, row, draft.host_with(signals), draft.values)
    origin = draft.episode.state
    missing = tuple(sorted(draft.missing)) if row.tells_missing else ()
    anew = draft.wanted_before is not None and cause == "any" and row.decides is None
    ending = [course for course in draft.episode.courses if course.in_force and course.regimen in row.ends]
    if row.decides is not None:
        _decide(draft, row, passed, ending)
    for number, target in enumerate(passed):
        relapse = row.relapse and number == len(passed) - 1
        draft.emit(ev.Moved(origin, target, row.name, row.mark.rules, relapse, missing, cause == "confirmation", anew))
        origin = target
        enter(draft)
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
            fact,
            current.value,
            current.seq,
            draft.episode.state,
            passed[-1] if passed else draft.episode.state,
            tuple(course.id for course in draft.host.unanswered()),
            tuple(course.id for course in ending),
            row.relapse,
        )  # fmt: skip
    )


# waiting


def _wait(draft: Draft) -> None:
    """Note when the episode begins to wait for a person's choice or a fact, and for which (X-18)."""
    wait = draft.episode.wait
    what = "" if draft.episode.closed else _waits_for(draft)
    if not what and wait is not None and wait.what == NOBODY and not _to_come(draft):
        return
    if wait is not None and wait.what != what:
        draft.emit(ev.WaitEnded())
    if what and (wait is None or wait.what != what):
        draft.emit(ev.WaitBegan(what))


def _to_come(draft: Draft) -> bool:
    """Return whether anything but the wait itself will move the episode or tell somebody (S-05)."""
    waiting = {kind.name for kind in draft.pathway.reminders.values() if kind.of == "waiting"}
    for reminder in draft.episode.reminders:
        if reminder.name not in waiting and next_moment(reminder) is not None:
            return True
    return any(due.rank for due in _due(draft))


def _newly_recommended(draft: Draft) -> bool:
    """Return whether something is recommended that was not when the latest treatment was confirmed."""
    regimens = draft.pathway.regimens
    latest = next((each for each in reversed(draft.episode.courses) if regimens[each.regimen].treats), None)
    known = latest.offered if latest is not None else ()
    options = draft.table.proposals.values()
    return any(each.standing is Standing.RECOMMENDED and each.regimen not in known for each in options)


def _waits_for(draft: Draft) -> str:
    """Return what tells one wait from the next, or empty while the episode waits for nobody."""
    options = {regimen: each.standing for regimen, each in draft.table.proposals.items()}
    if content(draft.host, draft.values) and not _newly_recommended(draft):
        return ""
    if not waits(draft.host, draft.values) and Standing.RECOMMENDED not in options.values():
        return ""
    parts = [draft.episode.state, *(f"{regimen}={standing}" for regimen, standing in options.items())]
    parts += sorted(awaited(draft.host, draft.values, draft.table))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12]
