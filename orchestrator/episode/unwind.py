"""How is what rested on something unsaid or undone wound back? Checks, moves and decisions, the latest first (X-20).

A turn is wound back only while nothing was confirmed on it: what was given stays given.
"""

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.episode import events as ev
from orchestrator.episode.courses import c0, first_line
from orchestrator.episode.draft import Draft
from orchestrator.episode.host import Host, check_of
from orchestrator.episode.machine import enabled
from orchestrator.episode.model import Course, Turn
from orchestrator.episode.reminders import reopen_for
from orchestrator.pathway.kinds import stage_of


def unwind_fact(draft: Draft, fact: str, of: int) -> None:
    """Wind back what the recording of ``fact`` in entry ``of`` decided or moved."""
    turns = draft.episode.turns
    decided = next((place for place, turn in enumerate(turns) if (turn.fact, turn.of) == (fact, of)), None)
    if decided is not None:
        _unwind(draft, turns[decided:], forgotten=fact)
    else:
        _unwind_entry(draft, of, decided=False)
        _unwind_reading(draft, fact, of)


def unwind_administration(draft: Draft, course: Course, of: int) -> None:
    """Wind back what the administration of ``course`` recorded in entry ``of`` moved, and the checks by its C0."""
    unwind_checks(draft, course)
    if of not in {*draft.episode.checked.values(), *(each.checked for each in draft.episode.courses)}:
        _unwind_entry(draft, of)


def unwind_checks(draft: Draft, course: Course) -> None:
    """Wind back the checks that fell due by a C0 that now lies later, and the moves that they made."""
    check, timezone = check_of(draft.pathway, course.regimen), draft.episode.timezone
    if check is not None and course.checked and c0(draft.pathway, course, timezone) + check.after > draft.now:
        draft.emit(ev.CheckWithdrawn(check.name, course.id))
        _unwind_entry(draft, course.checked)
    first = first_line(draft.pathway, draft.episode)
    if first is None or first.id != course.id:
        return
    fallen = sorted(draft.episode.checked.items(), key=lambda pair: pair[1], reverse=True)
    for name, entry in fallen:
        if c0(draft.pathway, first, timezone) + draft.pathway.checks[name].after > draft.now:
            draft.emit(ev.CheckWithdrawn(name, 0))
            _unwind_entry(draft, entry)


def supported(draft: Draft) -> frozenset[int]:
    """Return the entries of the moves made anew that would be made now, were they still to be."""
    return frozenset(turn.entry for turn in draft.episode.turns if turn.anew and _would_move(draft, turn))


def unwind_unsupported(draft: Draft, before: frozenset[int]) -> None:
    """Wind back a move made anew for which there is nothing left. before: those that were ``supported``."""
    gone = before - supported(draft)
    place = next((place for place, turn in enumerate(draft.episode.turns) if turn.entry in gone), None)
    if place is not None and not _rested_upon(draft, draft.episode.turns[place].entry):
        _unwind(draft, draft.episode.turns[place:])


def _would_move(draft: Draft, turn: Turn) -> bool:
    there = Host(draft.pathway, draft.episode._replace(state=turn.origin), draft.now)
    return enabled(draft.pathway, there, draft.values, "any") is not None


def _unwind_entry(draft: Draft, entry: int, *, decided: bool = True) -> None:
    """Wind back what entry ``entry`` turned and all that followed. decided: what another fact decided in it, too."""
    turned = ((turn.entry, turn.chosen, bool(turn.fact) and not decided) for turn in draft.episode.turns)
    place = next((place for place, each in enumerate(turned) if each == (entry, False, False)), None)
    if place is not None and not _rested_upon(draft, entry):
        _unwind(draft, draft.episode.turns[place:])


def _unwind_reading(draft: Draft, fact: str, of: int) -> None:
    """Wind back the latest turn if it went by ``fact`` as recorded in entry ``of``: what counts now decides anew."""
    turn = draft.episode.turns[-1] if draft.episode.turns else None
    if turn is None or turn.entry < of or not turn.fact or not (_stands(draft, turn) or _waits(draft, turn)):
        return
    stage = stage_of(turn.origin)
    rows = [row for row in draft.pathway.transitions if row.decides == turn.fact and stage in row.origins]
    if any(fact in row.guard.facts for row in rows) and not _rested_upon(draft, turn.entry):
        _unwind(draft, (turn,))


def _unwind(draft: Draft, turns: Sequence[Turn], forgotten: str = "") -> None:
    """Wind back turns, the first of which everything after rests on; where a person has confirmed something since,
    or more was decided than can be decided anew, the first one's courses are unanswered and asked about again, no more.

    forgotten: the fact that was itself taken back.
    """
    first, later = turns[0], [turn for turn in turns[1:] if turn.fact]
    if _rested_upon(draft, first.entry) or len(later) > (0 if forgotten else 1):
        draft.emit(ev.DecisionTakenBack(draft.episode.state, first.courses, (first.entry,), (first.fact,)))
        if not forgotten:  # what is forgotten reopens itself what it had fulfilled
            reopen_for(draft, first.fact, first.courses)
        return
    courses = tuple(each for turn in turns for each in turn.courses)
    entries = tuple(dict.fromkeys(turn.entry for turn in turns))
    facts = tuple(dict.fromkeys(turn.fact for turn in turns))
    renewed = tuple(sorted({turn.fact for turn in turns if turn.fact and _stands(draft, turn)}))
    relapse = any(turn.relapse for turn in turns)
    draft.emit(ev.DecisionTakenBack(first.origin, courses, entries, facts, relapse, renewed))
    for course_id in (each for turn in turns for each in turn.ended):
        draft.emit(ev.CourseReopened(course_id, draft.episode.course(course_id).regimen))
    draft.wound_back |= set(entries)
    _check_again(draft, first.entry if first.fact else first.entry - 1)


def _stands(draft: Draft, turn: Turn) -> bool:
    """Return whether the recording that decided is still the one that counts."""
    current = draft.episode.current(turn.fact)
    return current is not None and current.seq == turn.of


def _waits(draft: Draft, turn: Turn) -> bool:
    """Return whether what was recorded since in place of what decided counts and has not decided."""
    current = draft.episode.current(turn.fact)
    return current is not None and not current.spent


def _check_again(draft: Draft, entry: int) -> None:
    """Let the checks that fell due after entry ``entry`` fall due anew: they found the episode in the wrong place, or
    fell due together with the one that made the move.
    """
    for name, fell in draft.episode.checked.items():
        if fell > entry:
            draft.emit(ev.CheckWithdrawn(name, 0))
    late = (check_of(draft.pathway, each.regimen) for each in draft.episode.courses if each.checked > entry)
    checks = frozenset(check.name for check in late if check is not None)
    draft.missed = replace(draft.missed, checks=draft.missed.checks | checks)


def _rested_upon(draft: Draft, entry: int) -> bool:
    """Return whether a treatment was confirmed after entry ``entry``."""
    regimens = draft.pathway.regimens
    return any(course.seq > entry and regimens[course.regimen].treats for course in draft.episode.courses)
