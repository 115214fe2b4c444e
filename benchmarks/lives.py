"""Which lives fill a hospital's store? The pathways' own stories: patients at every stage now, and many who were there.

Each story is played through the handlers that everybody uses so that it ends when it is said to: an open one now, a
closed one at some time in the last years. Most who have left were soon seen to be ill of something else.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from benchmarks.five_years import DAYS, five_years
from benchmarks.generate import PATHWAY, ROOT, Copies, Template, template
from orchestrator.bootstrap import throwaway_system
from orchestrator.clock import VirtualClock
from orchestrator.pathway.loader import Library
from orchestrator.service.demo.choosing import Part, choose
from orchestrator.service.demo.ward import Patient
from orchestrator.service.demo.ward import play as played

Staff = Mapping[tuple[str, str], str]
"""The person for each ward of `demo.cast.WARDS` and role: who did what is told of in the stories."""
SEEDS = (1, 2, 3)
YEARS = 5
DATES = 12
"""So many times, evenly over the years, each story of a patient who has left is played."""
SHORT, LONG, LONGEST = 10, 40, 250
_OLD = 0.01
"""Part of those who are there that has been there for five years."""
_SHORT, _LONG = 0.985, 0.002
"""Parts of those who have left with at most `SHORT` entries, and with more than `LONG`; none has over `LONGEST`."""


def lives(library: Library, now: datetime, *, still: int, gone: int, staff: Staff) -> list[Copies]:
    """Return the lives of so many patients who are there now, evenly of each story, and of so many who have left.

    The first of them has been there for five years, with some others.
    """
    found = [part for seed in SEEDS for part in choose(library.pathways, ROOT / "workflows", seed, now)]
    there = [life(library, part, now, staff) for part in found if not _closes(part)]
    left = [
        life(library, part, now - timedelta(days=365 * YEARS * (number + 0.5) / DATES), staff)
        for part in found if _closes(part) for number in range(DATES)
    ]  # fmt: skip
    oldest = next(part for part in found if part.pathway.name == PATHWAY)
    few = max(1, round(still * _OLD))
    old = Copies(long_life(library, oldest, now, staff), few)
    return [old, *_shared(there, still - few), *_weighed(left, gone)]


def life(library: Library, part: Part, now: datetime, staff: Staff) -> Template:
    """Return the life of a patient whose story ends at a moment."""
    clock = VirtualClock(now)
    with throwaway_system(library, clock) as system:
        patient = Patient(system.desk, clock, part, number=0, staff=staff)
        played(patient, part, now, "Europe/London")
        return template(system, patient.episode_id)


def long_life(library: Library, like: Part, now: datetime, staff: Staff) -> Template:
    """Return the life of a patient who has been there for five years: every line, two relapses (see five_years.py).

    like: a part of the same pathway.
    """
    play = five_years(like.pathway, now - timedelta(days=DAYS))
    clock = VirtualClock(play.start)
    with throwaway_system(library, clock) as system:
        patient = Patient(system.desk, clock, like, number=0, staff=staff)
        patient.enrol("Europe/London", "clinician")
        for at, command in play.done:
            patient.advance(at)
            answer = patient.act(command, "clinician")
            assert answer.accepted, answer
        patient.advance(now)
        return template(system, patient.episode_id)


def _closes(part: Part) -> bool:
    return part.state.startswith("closed/")


def _weighed(left: Sequence[Template], count: int) -> list[Copies]:
    """Return so many copies of those who have left, most of them of short lives, as far as there are any."""
    short = [each for each in left if len(each.entries) <= SHORT]
    long = [each for each in left if LONG < len(each.entries) <= LONGEST]
    others = [each for each in left if SHORT < len(each.entries) <= LONG]
    made = [*_shared(short, round(count * _SHORT)), *_shared(long, round(count * _LONG))]
    return [*made, *_shared(others or left, count - sum(each.count for each in made))]


def _shared(templates: Sequence[Template], count: int) -> list[Copies]:
    """Return so many copies, as many of each template as of any other; nothing where there is no template."""
    each, more = divmod(count, len(templates) or 1)
    return [Copies(one, each + (place < more)) for place, one in enumerate(templates)]
