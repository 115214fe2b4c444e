"""Goal: in no state, and for no facts, do two rows of the table want to move an episode at once (S-07).

The states are put together from events, not reached by commands: whatever courses run beside one another, answered or
not, whatever was recorded since. That is wider than what a patient can come to, and so it needs no luck.
"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.episode import events as ev
from orchestrator.episode.fold import fold
from orchestrator.episode.host import QUIET, Host, Signals
from orchestrator.episode.machine import enabled, way
from orchestrator.episode.model import Episode
from orchestrator.pathway.model import Pathway
from tests.patients import T0
from tests.worlds import NAMES, PATHWAYS, spoken_facts, spoken_regimens, values

Course = dict[str, Any]


def courses(pathway: Pathway) -> st.SearchStrategy[list[Course]]:
    """Return up to four courses: which, answered or not, assessed or not, how it ended."""
    course = st.fixed_dictionaries(
        {
            "regimen": st.sampled_from(spoken_regimens(pathway)),
            "answered": st.booleans(),
            "checked": st.booleans(),
            "end": st.sampled_from([None, None, "completed", "stopped", "replaced"]),
        }
    )
    return st.lists(course, max_size=4, unique_by=lambda each: str(each["regimen"]))


def recorded(pathway: Pathway, *, also: tuple[str, ...] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """Return some of the facts of which the pathway speaks."""
    facts = {name: values(pathway.facts[name]) for name in spoken_facts(pathway) if name not in also}
    return st.fixed_dictionaries({}, optional=facts)


class Story:
    """An episode made by folding events, an entry for each."""

    def __init__(self, pathway: Pathway, state: str) -> None:
        self.pathway = pathway
        enrolled = ev.Enrolled("e", "p", pathway.name, pathway.hash, "w", "UTC", pathway.initial)
        self.episode: Episode = fold(None, enrolled, 1, T0)
        self.seq = 1
        self.add(ev.Moved(pathway.initial, state, "placed", ()))

    def add(self, *events: ev.Event) -> None:
        self.seq += 1
        for event in events:
            self.episode = fold(self.episode, event, self.seq, T0 + self.seq * timedelta(hours=1))

    def confirm(self, number: int, regimen: str, baseline: dict[str, str]) -> None:
        schedule = self.pathway.regimens[regimen].schedule
        planned = None if schedule is None or schedule.kind == "monthly" else 3  # monthly doses have no end
        self.add(
            ev.CourseConfirmed(number, regimen, T0, {}, planned, "recommended", [], [], self.episode.round, baseline)
        )

    def check(self, number: int, regimen: str) -> None:
        """Let the check of a course have fallen due, and of the first one those of the first treatment."""
        for check in self.pathway.checks.values():
            if check.selector is None and number == 1:
                self.add(ev.CheckDue(check.name, 0, T0))
            elif check.selector is not None and regimen in check.selector:
                self.add(ev.CheckDue(check.name, number, T0))


def story(
    pathway: Pathway, state: str, made: list[Course], before: dict[str, Any], after: dict[str, Any], *, relapsed: bool
) -> Episode:
    """Return an episode in `state`: some courses answered, then others confirmed, then facts recorded."""
    told = Story(pathway, state)
    if relapsed:
        told.add(ev.Moved(state, state, "placed", (), relapse=True))
    for fact, value in before.items():
        told.add(ev.FactRecorded(fact, value))
    baseline = {fact: str(value) for fact, value in before.items() if pathway.facts[fact].kind == "enum"}
    run(told, sorted(made, key=lambda each: not each["answered"]), baseline, state)
    for fact, value in after.items():
        told.add(ev.FactRecorded(fact, value))
    return told.episode


def run(told: Story, ordered: list[Course], baseline: dict[str, str], state: str) -> None:
    """Confirm courses, let a response have decided on those that are answered, assess and end them."""
    for number, each in enumerate(ordered, 1):
        told.confirm(number, str(each["regimen"]), baseline)
    answered = tuple(number for number, each in enumerate(ordered, 1) if each["answered"])
    if answered:
        told.add(ev.FactRecorded("response", "limited"))
        told.add(ev.FactDecided("response", "limited", told.seq, state, state, answered))
    for number, each in enumerate(ordered, 1):
        if each["checked"]:
            told.check(number, str(each["regimen"]))
        if each["end"] is not None:
            told.add(ev.CourseEnded(number, str(each["regimen"]), str(each["end"])))


def states(pathway: Pathway) -> st.SearchStrategy[str]:
    return st.sampled_from([state.name for state in pathway.states.values() if state.stage != "closed"])


def moves(pathway: Pathway, episode: Episode, cause: str, signals: Signals) -> None:
    """Ask for the one row that moves now, and take its way; two rows at once raise Ambiguous."""
    host, known = Host(pathway, episode, episode.at, signals), episode.values()
    row = enabled(pathway, host, known, cause)
    if row is not None:
        passed = way(pathway, row, host, known)
        assert not passed or passed[-1].partition("/")[0] == row.target


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=400)
@given(data=st.data(), relapsed=st.booleans())
def test_what_is_recorded_moves_an_episode_one_way(name: str, data: st.DataObject, *, relapsed: bool) -> None:
    pathway = PATHWAYS[name]
    before = data.draw(recorded(pathway, also=("response",)))  # it would be unknown again with the next course
    made, after = data.draw(courses(pathway)), data.draw(recorded(pathway))
    moves(pathway, story(pathway, data.draw(states(pathway)), made, before, after, relapsed=relapsed), "any", QUIET)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150)
@given(data=st.data(), relapsed=st.booleans())
def test_a_confirmation_moves_an_episode_one_way(name: str, data: st.DataObject, *, relapsed: bool) -> None:
    pathway = PATHWAYS[name]
    regimens = st.sampled_from(spoken_regimens(pathway))
    confirmed = data.draw(st.frozensets(regimens, min_size=1, max_size=3))
    episode = story(pathway, data.draw(states(pathway)), data.draw(courses(pathway)), {}, {}, relapsed=relapsed)
    moves(pathway, episode, "confirmation", Signals(confirmed=confirmed))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data(), ending=st.booleans(), relapsed=st.booleans())
def test_what_falls_due_moves_an_episode_one_way(
    name: str, data: st.DataObject, *, ending: bool, relapsed: bool
) -> None:
    pathway = PATHWAYS[name]
    checks = data.draw(st.sampled_from([None, *sorted(pathway.checks)]))  # checks fall due one by one
    episode = story(pathway, data.draw(states(pathway)), data.draw(courses(pathway)), {}, {}, relapsed=relapsed)
    moves(pathway, episode, "due", Signals(checks=frozenset({checks} if checks else ()), taper_ending=ending))
