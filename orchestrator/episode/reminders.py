"""How do reminders come, climb and go?

They are brought in line with what is wanted, fired, told rung by rung, and ended.
"""

import datetime as dt
from collections.abc import Sequence

from orchestrator.episode import events as ev
from orchestrator.episode.draft import Draft
from orchestrator.episode.model import Reminder
from orchestrator.episode.wants import (
    AT_ONCE,
    CLIMBS_ON,
    SERIES,
    Want,
    course_subject,
    fulfilled_by,
    has_until,
    rhythm_from,
    wants,
)
from orchestrator.pathway.kinds import Rung
from orchestrator.pathway.model import ReminderKind

QUIETLY = object()
"""An episode at rest stays so: nobody but the reminder itself is concerned."""
GRACE = dt.timedelta(minutes=1)
"""What is told later than this after it was due is marked late."""


def reconcile(draft: Draft) -> None:
    """Bring the reminders in line with what is wanted now: end, fulfil, arm, move."""
    wanted = {want.key: want for want in wants(draft)}
    for reminder in draft.episode.reminders:
        want = wanted.pop(reminder.key, None)
        if want is None:
            _leave(draft, reminder)
        else:
            _follow(draft, reminder, want)
    for place, want in enumerate(wanted.values(), start=len(draft.events)):
        draft.emit(ev.ReminderArmed(*want.key, want.ladder, want.due_at, place))
        armed = draft.episode.reminders[-1]
        by = fulfilled_by(draft, want, armed)
        if by is not None:
            draft.emit(ev.ReminderFulfilled(*want.key, by))


def _leave(draft: Draft, reminder: Reminder) -> None:
    """End a reminder that is no longer wanted; one that nobody has answered climbs on where its kind does,
    unless what armed it is being taken back.
    """
    kind = draft.pathway.reminders[reminder.name]
    decided = _decided_by(draft, kind)
    if decided is not None and reminder.fulfilled_by is None:
        draft.emit(ev.ReminderFulfilled(*reminder.key, decided))
    taken_back = draft.wanted_before is not None and reminder.key in draft.wanted_before
    if kind.of not in CLIMBS_ON or not reminder.open or taken_back:
        draft.emit(ev.ReminderEnded(*reminder.key))
    elif reminder.due_at is not None:
        draft.emit(ev.ReminderMoved(*reminder.key, None))


def _decided_by(draft: Draft, kind: ReminderKind) -> int | None:
    """Return the recording that has just decided what a reminder of this kind asks for, or None."""
    fact = kind.until.fact if kind.until is not None else None
    made = (event.of for event in draft.events if isinstance(event, ev.FactDecided) and event.fact == fact)
    return next(made, None)


def _follow(draft: Draft, reminder: Reminder, want: Want) -> None:
    by = fulfilled_by(draft, want, reminder)
    if by is not None:
        draft.emit(ev.ReminderFulfilled(*reminder.key, by))
    elif _laid_anew(draft, reminder, want):
        draft.emit(ev.ReminderEnded(*reminder.key))
        draft.emit(ev.ReminderArmed(*want.key, want.ladder, want.due_at, len(draft.events)))
    elif reminder.due_at != want.due_at and _moves(reminder, want):
        draft.emit(ev.ReminderMoved(*reminder.key, want.due_at))


def _laid_anew(draft: Draft, reminder: Reminder, want: Want) -> bool:
    """Return whether what a reminder counts from was laid to a later moment after it had fired.

    The old alarm would press for what is not due, and the new moment pass in silence (X-09).
    """
    if reminder.fired_at is None or reminder.fulfilled_by is not None or reminder.over:
        return False
    return want.kind.of in {"administrations", "steps", "course", "first-line"} and want.due_at > draft.now


def _moves(reminder: Reminder, want: Want) -> bool:
    """Return whether a reminder's moment goes with what it counts from; once fired only a recurring one's does."""
    if reminder.fulfilled_by is not None or reminder.over or want.kind.of in AT_ONCE:
        return False
    return want.kind.of == "recurring" or reminder.fired_at is None


def next_moment(reminder: Reminder) -> dt.datetime | None:
    """Return when something is next to be done about a reminder: a rung to be told, or a firing."""
    if reminder.climb_at is None or reminder.due_at is None:
        return reminder.climb_at or reminder.due_at
    return min(reminder.climb_at, reminder.due_at)


def act(draft: Draft, reminder: Reminder) -> object:
    """Fire a reminder, or tell its next rung, whichever is due first;
    return QUIETLY when nothing can follow from it.
    """
    if reminder.climb_at is not None and (reminder.due_at is None or reminder.climb_at < reminder.due_at):
        tell(draft, reminder, reminder.climb_at)
        return QUIETLY
    _fire(draft, reminder)
    kind = draft.pathway.reminders[reminder.name]
    goes_on = kind.of == "recurring" or kind.opens is not None or kind.once  # the next of its kind is wanted then
    return None if goes_on else QUIETLY


def _fire(draft: Draft, reminder: Reminder) -> None:
    kind = draft.pathway.reminders[reminder.name]
    due_at = reminder.due_at or draft.now
    draft.emit(ev.ReminderFired(*reminder.key, due_at, draft.now - due_at > GRACE, _next_tick(draft, reminder)))
    if kind.of in SERIES:
        for other in draft.episode.reminders:
            if (
                other.name == reminder.name
                and other.subject == reminder.subject
                and other.n < reminder.n
                and not other.over
            ):
                draft.emit(ev.ReminderEnded(*other.key, over=True))
    if kind.opens is not None and draft.episode.task(kind.opens) is None:
        draft.emit(ev.TaskOpened(kind.opens, None, kind.mark.rules))
    tell(draft, _same(draft, reminder), due_at)


def _next_tick(draft: Draft, reminder: Reminder) -> dt.datetime | None:
    """Return the next of a reminder's own rhythm, or None where it has none. It counts from the moment that was first
    due: a question that came again in between, a day later, does not move it (X-10, X-18). Several missed are one.

    A recurring kind's is wanted anew.
    """
    kind = draft.pathway.reminders[reminder.name]
    if kind.every is None or kind.of == "recurring":
        return None
    began = rhythm_from(draft, reminder)
    return began + kind.every * ((draft.now - began) // kind.every + 1)


def _same(draft: Draft, reminder: Reminder) -> Reminder:
    return next(each for each in draft.episode.reminders if each.key == reminder.key)


def tell(draft: Draft, reminder: Reminder, due_at: dt.datetime) -> None:
    """Tell the next rung, or at once the first above it that somebody holds.

    ``after`` counts from the first rung; a rung told late, or early since those before it were skipped, shifts the
    later ones by as much.
    """
    ladder = draft.pathway.ladders[reminder.ladder]
    place = _held(draft, ladder, reminder.told)
    skipped = tuple(rung.role for rung in ladder[reminder.told : place])
    rung = ladder[place]
    climb_at = again_at = None
    if place + 1 < len(ladder):
        climb_at = draft.now + (ladder[place + 1].after - rung.after)
    elif has_until(draft.pathway.reminders[reminder.name]):
        again_at = again(draft, reminder.due_at)
    late = draft.now - due_at > GRACE
    draft.emit(ev.ReminderTold(*reminder.key, rung.role, place, due_at, draft.now, late, climb_at, again_at, skipped))


def _held(draft: Draft, ladder: Sequence[Rung], place: int) -> int:
    """Return the first rung from ``place`` up that somebody holds; ``place`` itself where nobody holds any."""
    held = (each for each in range(place, len(ladder)) if ladder[each].role not in draft.unheld)
    return next(held, place)


def again(draft: Draft, rhythm: dt.datetime | None) -> dt.datetime:
    """Return when an unfulfilled reminder fires again:
    after the pathway's delay, or earlier by its own rhythm (X-10).
    """
    at = draft.now + draft.pathway.again
    return at if rhythm is None else min(at, rhythm)


def acknowledge(draft: Draft, reminder: Reminder) -> None:
    """Note that a person saw a reminder: the climb ends; unfulfilled it fires again.

    What the ladder's top had set for nobody having answered no longer counts.
    """
    kind = draft.pathway.reminders[reminder.name]
    rhythm = reminder.due_at if reminder.climb_at is not None else _next_tick(draft, reminder)
    draft.emit(ev.ReminderAcknowledged(*reminder.key, again(draft, rhythm) if has_until(kind) else None))


def reopen(draft: Draft, fact: str, seq: int) -> None:
    """Reopen the reminders that the recording of ``fact`` in entry ``seq`` had fulfilled, since it was taken back."""
    for reminder in draft.episode.reminders:
        until = draft.pathway.reminders[reminder.name].until
        if until is not None and until.fact == fact and reminder.fulfilled_by == seq:
            draft.emit(ev.ReminderReopened(*reminder.key, draft.now))


def reopen_for(draft: Draft, fact: str, courses: Sequence[int]) -> None:
    """Reopen what ``fact`` had fulfilled of the courses' own reminders, now that they are unanswered again (X-20)."""
    own = {course_subject(draft.episode.course(each)) for each in courses}
    for reminder in draft.episode.reminders:
        kind = draft.pathway.reminders[reminder.name]
        asked = kind.of == "course" and kind.until is not None and kind.until.fact == fact
        if asked and reminder.subject in own and reminder.fulfilled_by is not None:
            draft.emit(ev.ReminderReopened(*reminder.key, draft.now))


def reopen_unknown(draft: Draft, fact: str) -> None:
    """Reopen what the recordings of ``fact`` had fulfilled, now that it is unknown again before any of them decided."""
    for recording in reversed(draft.episode.facts.get(fact, ())):
        if recording.value is None or recording.spent or recording.expired:
            return
        reopen(draft, fact, recording.seq)
