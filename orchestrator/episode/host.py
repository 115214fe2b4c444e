"""What does a guard learn about the episode? The answers to the functions that ``pathway/host.py`` declares.

Each function answers true or false; ``deciding`` alone answers None while its fact is unknown, so that the fact is
awaited.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.episode.calendar import zone
from orchestrator.episode.courses import c0, open_slots
from orchestrator.episode.model import COMPLETED, GIVEN, REPLACED, STOPPED, Course, Episode
from orchestrator.pathway.model import Check, Pathway


@dataclass(frozen=True, slots=True)
class Signals:
    """What happens in this very moment and moves the episode once:
    courses confirmed, checks falling due, a taper ending.
    """

    confirmed: frozenset[str] = frozenset()
    checks: frozenset[str] = frozenset()
    taper_ending: bool = False


QUIET = Signals()


class Host:
    """The episode as guards see it. Cheap to make; holds no state of its own."""

    __slots__ = ("episode", "now", "pathway", "signals", "stage")

    def __init__(self, pathway: Pathway, episode: Episode, now: dt.datetime, signals: Signals = QUIET) -> None:
        self.pathway, self.episode, self.now, self.signals, self.stage = pathway, episode, now, signals, episode.stage

    # courses

    def counted(self) -> Iterator[Course]:
        """Yield the courses that count as given in the present round."""
        episode = self.episode
        return (each for each in episode.courses if each.round == episode.round and each.counts)

    def unanswered(self) -> Iterator[Course]:
        """Yield the courses to which the next response belongs (X-11)."""
        treats = self.pathway.regimens
        return (
            each for each in self.episode.courses if each.answer is None and each.counts and treats[each.regimen].treats
        )

    def _kind(self, course: Course) -> str:
        return self.pathway.regimens[course.regimen].kind

    def in_force(self, regimen: str) -> bool:
        """Return whether a course of ``regimen`` is in force."""
        return self.episode.in_force(regimen) is not None

    def in_force_kind(self, kind: str) -> bool:
        """Return whether a course of this kind is in force."""
        return any(each.in_force and self._kind(each) == kind for each in self.episode.courses)

    def given(self, regimen: str) -> bool:
        """Return whether ``regimen`` was given in this round."""
        return any(each.regimen == regimen for each in self.counted())

    def given_kind(self, kind: str) -> bool:
        """Return whether a regimen of this kind was given in this round."""
        return any(self._kind(each) == kind for each in self.counted())

    def ever_given(self, stage: str) -> bool:
        """Return whether a regimen of this line was given, in whatever round."""
        return any(each.counts and self.pathway.lines.get(each.regimen) == stage for each in self.episode.courses)

    def ever_given_kind(self, kind: str) -> bool:
        """Return whether a regimen of this kind was given, in whatever round."""
        return any(each.counts and self._kind(each) == kind for each in self.episode.courses)

    def begun(self, regimen: str) -> bool:
        """Return whether a course of ``regimen`` given in this round has begun: its C0 is not to come, and came before
        its end.
        """
        courses = (each for each in self.counted() if each.regimen == regimen)
        return any(c0(self.pathway, each, self.episode.timezone) <= (each.ended_at or self.now) for each in courses)

    def confirmed_after(self, regimen: str, fact: str, over: dt.timedelta) -> bool | None:
        """Return whether ``regimen`` was first confirmed over so many days after the date ``fact``, by local dates.

        None while the date is unknown; False while no course was confirmed.
        """
        first = next((each for each in self.episode.courses if each.regimen == regimen), None)
        if first is None:
            return False
        date = self.episode.current(fact)
        if date is None:
            return None
        day = first.confirmed_at.astimezone(zone(self.episode.timezone)).date()
        onset: dt.date = date.value
        return day - onset > over

    def belongs_any(self) -> bool:
        """Return whether there is a course to which the response belongs."""
        return any(True for _ in self.unanswered())

    def belongs(self, regimen: str) -> bool:
        """Return whether the response belongs to a course of ``regimen``."""
        return any(each.regimen == regimen for each in self.unanswered())

    def belongs_kind(self, kind: str) -> bool:
        """Return whether the response belongs to a course of this kind."""
        return any(self._kind(each) == kind for each in self.unanswered())

    def only(self, regimen: str) -> bool:
        """Return whether ``regimen`` and no other treatment was given in this round."""
        given = {each.regimen for each in self.counted() if self.pathway.regimens[each.regimen].treats}
        return given == {regimen}

    def answered(self, regimen: str, value: str) -> bool:
        """Return whether the response that decided on a course of ``regimen`` in this round was ``value``."""
        return any(each.regimen == regimen and each.answer == value for each in self.counted())

    def _failed(self, course: Course) -> bool:
        return course.answer is not None and not answered_well(self.pathway, course)

    def failed(self, regimen: str) -> bool:
        """Return whether a course of ``regimen`` brought no meaningful improvement in this round."""
        return any(each.regimen == regimen and self._failed(each) for each in self.counted())

    def failed_kind(self, kind: str) -> bool:
        """Return whether a course of this kind brought no meaningful improvement in this round."""
        return any(self._kind(each) == kind and self._failed(each) for each in self.counted())

    def treated(self) -> bool:
        """Return whether anything of a treatment is still to come: an administration, the end of a taper, a check.

        Monthly doses come for ever: who waited for their end would never be asked for the response (X-18).
        """
        regimens = self.pathway.regimens
        return any(regimens[each.regimen].treats and self._to_come(each) for each in self.episode.courses)

    def _to_come(self, course: Course) -> bool:
        if pending_check(self.pathway, course) is not None:
            return True
        if self._taken(course) and pending_first_checks(self.pathway, self.episode):
            return True
        if not course.in_force:
            return False
        schedule = self.pathway.regimens[course.regimen].schedule
        tapering = schedule is not None and schedule.kind == "taper"
        return tapering or len(course.recorded) < (course.planned or 0)

    def _taken(self, course: Course) -> bool:
        """Return whether a treatment was taken and is still to be answered; not one that was stopped or never given."""
        treats = self.pathway.regimens[course.regimen].treats
        return treats and course.answer is None and course.counts and course.end != STOPPED

    def taken(self, regimen: str) -> bool:
        """Return whether ``regimen`` was taken, not stopped, and is still to be answered."""
        return any(each.regimen == regimen and self._taken(each) for each in self.episode.courses)

    def taken_kind(self, kind: str) -> bool:
        """Return whether a regimen of this kind was taken, not stopped, and is still to be answered."""
        return any(self._kind(each) == kind and self._taken(each) for each in self.episode.courses)

    def improved(self) -> bool:
        """Return whether meaningful improvement has decided, in whatever round; also where no course was asked of."""
        improved = self.pathway.improvements
        return bool(improved & self.episode.decided.keys()) or any(
            each.answer in improved for each in self.episode.courses
        )

    def tapered(self) -> bool:
        """Return whether the last course of a kind that is tapered has completed its taper."""
        tapered_kinds = {regimen.tapers for regimen in self.pathway.regimens.values() if regimen.tapers}
        courses = [each for each in self.episode.courses if self._kind(each) in tapered_kinds and each.counts]
        if not courses:
            return False
        last = max(courses, key=lambda each: (each.start, each.id))
        schedule = self.pathway.regimens[last.regimen].schedule
        return schedule is not None and schedule.kind == "taper" and last.end == COMPLETED

    def began_within(self, regimen: str, kind: str, within: dt.timedelta) -> bool:
        """Return whether a course of ``regimen`` in force began at most ``within`` after a dose of this kind.

        A dose counts when it was given, and when it was planned for then and nobody has recorded it yet.
        """
        course = self.episode.in_force(regimen)
        if course is None:
            return False
        began = c0(self.pathway, course, self.episode.timezone)
        doses = (at for each in self.episode.courses if self._kind(each) == kind for at in self._dosed(each))
        return any(dt.timedelta(0) <= began - at <= within for at in doses)

    def _dosed(self, course: Course) -> Iterator[dt.datetime]:
        yield from (dose.at for dose in course.recorded if dose.status == GIVEN)
        yield from (at for _, at in open_slots(self.pathway, course, self.episode.timezone))

    # facts

    def known(self, fact: str) -> bool:
        """Return whether ``fact`` is recorded."""
        return self.episode.current(fact) is not None

    def deciding(self, fact: str) -> bool | None:
        """Return whether ``fact`` has not decided yet; None while it is unknown."""
        current = self.episode.current(fact)
        return None if current is None else not current.spent

    def newer(self, fact: str, other: str) -> bool:
        """Return whether ``fact`` was recorded in a later entry than ``other``."""
        recordings, others = self.episode.facts.get(fact), self.episode.facts.get(other)
        if not recordings or recordings[-1].value is None:
            return False
        return not others or recordings[-1].seq > others[-1].seq

    def _latest(self, regimen: str) -> Course | None:
        return next((each for each in reversed(self.episode.courses) if each.regimen == regimen), None)

    def recorded_since(self, fact: str, regimen: str) -> bool:
        """Return whether ``fact`` was recorded after the latest course of ``regimen`` was confirmed."""
        current, course = self.episode.current(fact), self._latest(regimen)
        return current is not None and course is not None and current.seq > course.seq

    def raised(self, fact: str, regimen: str) -> bool:
        """Return whether ``fact`` was recorded after the course was confirmed, and is higher than it stood then.

        Where it was unknown then, anything above the lowest value counts: rather one look too many.
        """
        current, course = self.episode.current(fact), self._latest(regimen)
        if current is None or course is None or current.seq <= course.seq:
            return False
        order = self.pathway.facts[fact].values
        return order.index(current.value) > order.index(course.baseline.get(fact, order[0]))

    # tasks, stages, moments

    def completed(self, task: str) -> bool:
        """Return whether ``task`` was completed."""
        return task in self.episode.completed

    def reached(self, stage: str) -> bool:
        """Return whether ``stage`` was ever reached."""
        return stage in self.episode.reached

    def relapsed(self) -> bool:
        """Return whether there was a relapse."""
        return self.episode.round > 0

    def due(self, check: str) -> bool:
        """Return whether ``check`` has fallen due: for the latest of the courses to which the response belongs, or,
        counted from the first treatment, at all.
        """
        selector = self.pathway.checks[check].selector
        if selector is None:
            return check in self.episode.checked
        latest = next((each for each in reversed(list(self.unanswered())) if each.regimen in selector), None)
        return latest is not None and latest.checked > 0

    def falling_due(self, check: str) -> bool:
        """Return whether ``check`` falls due in this moment."""
        return check in self.signals.checks

    def taper_ending(self) -> bool:
        """Return whether a taper ends in this moment."""
        return self.signals.taper_ending

    def confirming(self, stage: str) -> bool:
        """Return whether a regimen of this line is confirmed in this moment."""
        return any(self.pathway.lines.get(regimen) == stage for regimen in self.signals.confirmed)

    def treating(self) -> bool:
        """Return whether a treatment is confirmed in this moment."""
        return any(self.pathway.regimens[regimen].treats for regimen in self.signals.confirmed)


def check_of(pathway: Pathway, regimen: str) -> Check | None:
    """Return the check of a regimen's courses, or None."""
    checks = pathway.checks.values()
    return next((each for each in checks if each.selector is not None and regimen in each.selector), None)


def pending_check(pathway: Pathway, course: Course) -> Check | None:
    """Return the check of a course that has not fallen due yet; None when it has none, or needs none any more."""
    if course.checked or course.answer is not None or course.end == REPLACED or not course.counts:
        return None
    return check_of(pathway, course.regimen)


def coming_check(pathway: Pathway, course: Course) -> Check | None:
    """Return the check that is still to fall due for a course; None when there is none.

    One that ends the course comes while the course goes on, whatever has decided on it.
    """
    check = check_of(pathway, course.regimen)
    if check is not None and check.ends and course.in_force:
        return None if course.checked else check
    return pending_check(pathway, course)


def answered_well(pathway: Pathway, course: Course) -> bool:
    """Return whether meaningful improvement has decided on a course."""
    return course.answer in pathway.improvements


def pending_first_checks(pathway: Pathway, episode: Episode) -> list[Check]:
    """Return the checks counted from the first treatment that have not fallen due yet."""
    return [each for each in pathway.checks.values() if each.selector is None and each.name not in episode.checked]


def exempt_taper(pathway: Pathway, episode: Episode, regimen: str) -> bool:
    """Return whether ``regimen`` is the taper of something already given (X-01)."""
    tapers = pathway.regimens[regimen].tapers
    if not tapers:
        return False
    return any(pathway.regimens[each.regimen].kind == tapers and each.counts for each in episode.courses)
