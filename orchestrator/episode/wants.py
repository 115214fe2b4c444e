"""Which reminders belong to the episode as it stands now, and when is each due?

Nothing is armed or cancelled by hand: what is wanted is a function of the episode, and ``settle`` brings the reminders
in line with it. A correction that moves a course's C0 thereby moves everything that counts from it.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from orchestrator.episode.accepting import arisen, unaccepted
from orchestrator.episode.calendar import add_months
from orchestrator.episode.courses import c0, first_line, moment, open_slots, taper_end
from orchestrator.episode.draft import Draft
from orchestrator.episode.host import Host, check_of
from orchestrator.episode.model import REPLACED, Course, Recorded, Reminder, Task
from orchestrator.episode.proposals import OFFERED
from orchestrator.pathway.model import Pathway, ReminderKind

IMPLICIT_UNTIL = frozenset({"task", "tasks", "administrations", "waiting", "concerns"})
"""Kinds that are fulfilled by the very thing that they belong to: it leaves the episode, and the reminder with it."""
SERIES = frozenset({"course", "first-line"})
"""Kinds of which a later one takes the place of the earlier."""
CLIMBS_ON = frozenset({"condition", "recurring", "taper-ends"})
"""Kinds whose climb goes on until somebody answers, although what armed them has passed."""

AT_ONCE = frozenset({"condition", "concerns"})
"""Kinds that are due as soon as what they tell of holds, whenever that is asked."""


class Want(NamedTuple):
    """A reminder that ought to be there.

    course: the course whose response it asks for; since: only what is recorded later counts.
    """

    kind: ReminderKind
    subject: str
    n: int
    due_at: dt.datetime
    ladder: str
    course: Course | None = None
    since: dt.datetime | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """Return name, subject and number."""
        return self.kind.name, self.subject, self.n


def has_until(kind: ReminderKind) -> bool:
    """Return whether a reminder of this kind fires again until it is fulfilled (X-10)."""
    return not kind.once and (kind.until is not None or kind.of in IMPLICIT_UNTIL)


def wants(draft: Draft) -> Iterator[Want]:
    """Yield every reminder that belongs to the episode now."""
    if draft.episode.closed:
        return
    for kind in draft.pathway.reminders.values():
        yield from _WANTS[kind.of](draft, kind)


def rhythm_from(draft: Draft, reminder: Reminder) -> dt.datetime:
    """Return from when a reminder's own rhythm counts: the moment that it is first due as the episode stands now;
    of a kind that is due at once, or no longer belongs to the episode, its last firing, or now.
    """
    kind = draft.pathway.reminders[reminder.name]
    due = (want.due_at for want in _WANTS[kind.of](draft, kind) if want.key == reminder.key)
    first = None if kind.of in AT_ONCE else next(due, None)
    return first or reminder.fired_at or draft.now


def _task(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    task = draft.episode.task(kind.task or "")
    if task is not None and task.due_at is not None:
        yield Want(kind, task.name, task.seq, task.due_at, kind.ladder)


def _tasks(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    for task in draft.episode.tasks:
        definition = draft.pathway.tasks[task.name]
        if definition.reminder is None and task.due_at is not None:
            yield Want(kind, task.name, task.seq, task.due_at, definition.ladder)
        elif definition.reminder is not None and not _minded(draft, definition.reminder):
            yield Want(kind, task.name, task.seq, _orphaned(draft, kind, task), definition.ladder)


def _minded(draft: Draft, reminder: str) -> bool:
    """Return whether a reminder of this name belongs to the episode now."""
    own = draft.pathway.reminders[reminder]
    return any(True for _ in _WANTS[own.of](draft, own))


def _orphaned(draft: Draft, kind: ReminderKind, task: Task) -> dt.datetime:
    """Return when an open task is due whose own reminder has gone, since what it counted from no longer holds."""
    known = (each for each in draft.episode.reminders if (each.name, each.subject) == (kind.name, task.name))
    armed = next(known, None)
    return draft.now + draft.pathway.again if armed is None or armed.due_at is None else armed.due_at


def _administrations(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    for course in draft.episode.courses:
        if course.in_force and draft.pathway.regimens[course.regimen].reminder == kind.name:
            for number, at in _reminded(draft, course):
                yield Want(kind, course_subject(course), number, at, kind.ladder)


def _reminded(draft: Draft, course: Course) -> list[tuple[int, dt.datetime]]:
    """Return the administrations to be reminded of: of a course without end the last one due and the next,
    so that one nobody recorded does not hold back those after it.
    """
    made = open_slots(draft.pathway, course, draft.episode.timezone)
    if course.planned is not None:
        return made
    while made and made[-1][1] <= draft.now:
        number = made[-1][0] + 1
        made.append((number, moment(draft.pathway, course, number, draft.episode.timezone)))
    return made[-2:]


def _steps(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    for course in draft.episode.courses:
        if course.in_force and taper_end(draft.pathway, course, draft.episode.timezone) is not None:
            recorded = [each.at for each in course.recorded]
            planned = [at for _, at in open_slots(draft.pathway, course, draft.episode.timezone)]
            for number, at in enumerate([*recorded, *planned]):
                if number:
                    yield Want(kind, course_subject(course), number, at, kind.ladder)


def _taper_ends(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    for course in draft.episode.courses:
        end = taper_end(draft.pathway, course, draft.episode.timezone) if course.in_force else None
        if end is not None:
            yield Want(kind, course_subject(course), 0, end, kind.ladder)


def _course(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    for course in draft.episode.courses:
        if kind.selector is not None and course.regimen in kind.selector and _still_asked(course, kind):
            began = c0(draft.pathway, course, draft.episode.timezone)
            since = None
            for number, after in enumerate(kind.after):
                yield Want(kind, course_subject(course), number, began + after, kind.ladder, course, since)
                since = began + after if kind.until is not None and kind.until.since_previous else None
            for number, months in enumerate(kind.after_months, start=len(kind.after)):
                at = add_months(began, months, draft.episode.timezone)
                yield Want(kind, course_subject(course), number, at, kind.ladder, course)


def _still_asked(course: Course, kind: ReminderKind) -> bool:
    """A check outlives its course, unless another has replaced it or the response has decided (X-16)."""
    if course.in_force:
        return True
    return not kind.ends_with_course and course.end != REPLACED and course.answer is None and course.counts


def _first_line(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    course = first_line(draft.pathway, draft.episode)
    if course is None:
        return
    began = c0(draft.pathway, course, draft.episode.timezone)
    for number, after in enumerate(kind.after):
        yield Want(kind, "first-line", number, began + after, kind.ladder, course)
    if kind.overdue is not None:
        yield Want(kind, "first-line", len(kind.after), began + kind.overdue, kind.overdue_ladder, course)


def _condition(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    if _holds(kind, draft.values, draft.host):
        before = draft.before
        begins = before is None or not _holds(kind, before.values(), Host(draft.pathway, before, draft.now))
        yield Want(kind, "", max(_numbers(draft, kind, "", anew=begins)), draft.now, kind.ladder)


def _holds(kind: ReminderKind, values: Mapping[str, Any], host: Host) -> bool:
    return kind.guard is not None and kind.guard.holds(values, host)


def _numbers(draft: Draft, kind: ReminderKind, subject: str, *, anew: bool) -> list[int]:
    """Return the numbers of what a kind tells of a subject: of those that are there, and of one more for what has come
    anew since this entry. It is told at once, and what nobody has answered climbs on beside it.
    """
    there = [each for each in draft.episode.reminders if (each.name, each.subject) == (kind.name, subject)]
    numbers = [each.n for each in there] or [0]
    if there and anew and all(each.order[0] < draft.seq for each in there):
        numbers.append(max(numbers) + 1)
    return numbers


def _recurring(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    for anchor in kind.anchors:
        if anchor.regimen is not None:
            course = draft.episode.in_force(anchor.regimen)
            if course is not None:
                began = c0(draft.pathway, course, draft.episode.timezone)
                yield _next(draft, kind, course_subject(course), began)
                return
        elif kind.name in draft.episode.holding:
            start = draft.episode.since[kind.name]
            yield _next(draft, kind, f"entry {start.seq}", start.at)
            return


def _next(draft: Draft, kind: ReminderKind, subject: str, began: dt.datetime) -> Want:
    """Return the next occurrence after the last one that fired; several that were missed are one."""
    record = next(
        (each for each in draft.episode.reminders if each.name == kind.name and each.subject == subject), None
    )
    after = max(began, record.fired_at) if record is not None and record.fired_at is not None else began
    number = 1
    while (at := _occurrence(draft, kind, began, number)) <= after:
        number += 1
    return Want(kind, subject, 0, at, kind.ladder)


def _occurrence(draft: Draft, kind: ReminderKind, began: dt.datetime, number: int) -> dt.datetime:
    if kind.every_months:
        return add_months(began, kind.every_months * number, draft.episode.timezone)
    if not kind.every:
        raise AssertionError(f"{kind.name} recurs without a period")
    return began + kind.every * number


def _waiting(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    wait = draft.episode.wait
    if wait is not None:
        yield Want(kind, f"entry {wait.seq}", 0, wait.at + kind.after[0], kind.ladder)


def _concerns(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    for course in draft.episode.courses:
        if course.in_force and unaccepted(draft, course):
            for number in _numbers(draft, kind, course_subject(course), anew=arisen(draft, course)):
                yield Want(kind, course_subject(course), number, draft.now, kind.ladder, course)


def _unchecked(draft: Draft, kind: ReminderKind) -> Iterator[Want]:
    for course in draft.episode.courses:
        asked = course.stage in kind.stages and course.end != REPLACED and course.answer is None and course.counts
        if asked and draft.pathway.regimens[course.regimen].treats and check_of(draft.pathway, course.regimen) is None:
            began = c0(draft.pathway, course, draft.episode.timezone)
            yield Want(kind, course_subject(course), 0, began + kind.after[0], kind.ladder, course)


def course_subject(course: Course) -> str:
    """Return the subject of a reminder that belongs to a course."""
    return f"{course.regimen} {course.id}"


_WANTS: dict[str, Callable[[Draft, ReminderKind], Iterator[Want]]] = {
    "task": _task,
    "tasks": _tasks,
    "administrations": _administrations,
    "steps": _steps,
    "taper-ends": _taper_ends,
    "course": _course,
    "first-line": _first_line,
    "condition": _condition,
    "recurring": _recurring,
    "waiting": _waiting,
    "concerns": _concerns,
    "unchecked-courses": _unchecked,
}


def fulfilled_by(draft: Draft, want: Want, reminder: Reminder) -> int | None:
    """Return the entry that fulfils a reminder by now, or None.

    Once fulfilled it stays so unless the entry is taken back.
    """
    until = want.kind.until
    if until is None or reminder.fulfilled_by is not None:
        return None
    if until.task is not None:
        return draft.seq if until.task in draft.episode.completed else None
    if until.stage is not None and want.course is not None:
        later = (each for each in draft.episode.courses if each.seq > want.course.seq)
        confirmed = next((each for each in later if _of_stage(draft.pathway, each, until.stage)), None)
        if confirmed is not None:
            return confirmed.seq
    recordings = draft.episode.facts.get(until.fact or "", ())
    if not recordings or recordings[-1].value is None or want.course is None:
        return None
    last = recordings[-1]
    late_enough = last.seq > want.course.seq and (want.since is None or last.at > want.since)
    return last.seq if late_enough and not _passed_by(last, want) else None


def _of_stage(pathway: Pathway, course: Course, stage: str) -> bool:
    """Return whether the course is of this stage's line, or was confirmed there and is what is proposed there: another
    treatment that somebody chose meanwhile is no step on.
    """
    if pathway.lines.get(course.regimen) == stage:
        return True
    regimen = pathway.regimens[course.regimen]
    rows = (each for each in pathway.standings if stage in each.stages and each.standing in OFFERED)
    return regimen.treats and course.stage == stage and any(course.regimen in each.selector for each in rows)


def _passed_by(last: Recorded, want: Want) -> bool:
    """Return whether a response decided without the course that is asked about: it did not count as given then."""
    return want.kind.of == "course" and last.spent and want.course is not None and want.course.answer is None
