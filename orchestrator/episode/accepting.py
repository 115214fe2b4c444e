"""What speaks against a course in force, and what of that has a person accepted?

What was accepted counts for as long as it lasts: an infection that was cleared and turns active again is another one
(X-19). The episode notes among what holds that something accepted has ended.
"""

from collections.abc import Iterator

from orchestrator.episode import events as ev
from orchestrator.episode.draft import Draft
from orchestrator.episode.host import Host
from orchestrator.episode.model import Course
from orchestrator.episode.proposals import concerns
from orchestrator.pathway.model import Standing


def unaccepted(draft: Draft, course: Course) -> list[str]:
    """Return the concerns about a course that nobody has accepted, or that were accepted, ended and are here again."""
    ended = draft.episode.holding
    now = concerns(draft.host, draft.values, course.regimen)
    return [each for each in now if each not in course.accepted or _ended(course, each) in ended]


def accept(draft: Draft, course: Course) -> None:
    """Note that a person accepts everything that speaks against a course now."""
    for concern in unaccepted(draft, course):
        if concern in course.accepted:
            draft.emit(ev.ConditionChanged(_ended(course, concern), holds=False))
        draft.emit(ev.ConcernAccepted(course.id, concern))


def arisen(draft: Draft, course: Course) -> bool:
    """Return whether something that nobody has accepted speaks against a course since this entry."""
    before = draft.before
    was = () if before is None else concerns(Host(draft.pathway, before, draft.now), before.values(), course.regimen)
    return not set(unaccepted(draft, course)) <= set(was)


def note_ended(draft: Draft) -> None:
    """Note which accepted concerns speak no more against the courses in force; what is taken back has ended none."""
    if draft.episode.closed:
        return
    for course in draft.episode.courses:
        if course.in_force and course.accepted:
            for concern in _never_over(draft, course):
                draft.emit(ev.ConditionChanged(_ended(course, concern), holds=False))
            for concern in _over(draft, course):
                draft.emit(ev.ConditionChanged(_ended(course, concern), holds=True, timed=True))


def _never_over(draft: Draft, course: Course) -> Iterator[str]:
    """Yield what was accepted, is here again, and had ended since what is being taken back was recorded (X-20)."""
    if not draft.taken_back:
        return
    for concern in concerns(draft.host, draft.values, course.regimen):
        name = _ended(course, concern)
        moment = draft.episode.since.get(name) if name in draft.episode.holding else None
        if moment is not None and moment.seq >= draft.taken_back:
            yield concern


def _over(draft: Draft, course: Course) -> Iterator[str]:
    """Yield what was accepted and lasts no more. A gate that refuses for another reason has not let pass since."""
    now = concerns(draft.host, draft.values, course.regimen)
    refusing = {_name(each) for each in now} - {Standing.CONTRAINDICATED.value}
    for concern in dict.fromkeys(course.accepted):
        lasts = concern in now or _name(concern) in refusing
        if not lasts and _ended(course, concern) not in draft.episode.holding:
            yield concern


def _name(concern: str) -> str:
    return concern.partition(":")[0]


def _ended(course: Course, concern: str) -> str:
    """Return the name under which the episode notes that an accepted concern about a course has ended."""
    return f"ended {course.id} {concern}"
