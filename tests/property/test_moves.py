"""Goal: in no state, and for no facts, do two rows of the table want to move an episode at once (S-07).

The states are put together from events, not reached by commands: whatever courses run beside one another, answered or
not, whatever was recorded since. That is wider than what a patient can come to, and so it needs no luck.
"""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.episode import events as ev
from orchestrator.episode.fold import fold
from orchestrator.episode.host import QUIET, Host, Signals
from orchestrator.episode.machine import enabled, way
from orchestrator.episode.model import Episode
from tests.patients import T0, pathway

PATHWAY = pathway()
STATES = tuple(state.name for state in PATHWAY.states.values() if state.stage != "closed")
REGIMENS = (
    "observation", "prednisone-oral", "ivmp-pulse", "ivig", "plex", "rituximab-two-dose", "steroid-taper", "antiviral",
)  # fmt: skip
RESPONSES = PATHWAY.facts["response"].values

course = st.fixed_dictionaries(
    {
        "regimen": st.sampled_from(REGIMENS),
        "answered": st.booleans(),
        "checked": st.booleans(),
        "end": st.sampled_from([None, None, "completed", "stopped", "replaced"]),
    }
)
courses = st.lists(course, max_size=4, unique_by=lambda each: str(each["regimen"]))
recorded = st.fixed_dictionaries(
    {},
    optional={
        "response": st.sampled_from(RESPONSES),
        "severity": st.sampled_from(PATHWAY.facts["severity"].values),
        "symptoms_progressing": st.booleans(),
    },
)


class Story:
    """An episode made by folding events, an entry for each."""

    def __init__(self, state: str) -> None:
        enrolled = ev.Enrolled("e", "p", PATHWAY.name, PATHWAY.hash, "w", "UTC", PATHWAY.initial)
        self.episode: Episode = fold(None, enrolled, 1, T0)
        self.seq = 1
        self.add(ev.Moved(PATHWAY.initial, state, "placed", ()))

    def add(self, *events: ev.Event) -> None:
        self.seq += 1
        for event in events:
            self.episode = fold(self.episode, event, self.seq, T0 + self.seq * timedelta(hours=1))

    def confirm(self, number: int, regimen: str, baseline: dict[str, str]) -> None:
        planned = 3 if PATHWAY.regimens[regimen].schedule else None
        self.add(
            ev.CourseConfirmed(number, regimen, T0, {}, planned, "recommended", [], [], self.episode.round, baseline)
        )


def story(state: str, made: list[dict[str, object]], before: dict[str, object], after: dict[str, object]) -> Episode:
    """Return an episode in `state`: some courses answered, then others confirmed, then facts recorded."""
    told = Story(state)
    for fact, value in before.items():
        told.add(ev.FactRecorded(fact, value))
    baseline = {fact: str(value) for fact, value in before.items() if fact == "severity"}
    ordered = sorted(made, key=lambda each: not each["answered"])
    for number, each in enumerate(ordered, 1):
        told.confirm(number, str(each["regimen"]), baseline)
    answered = tuple(number for number, each in enumerate(ordered, 1) if each["answered"])
    if answered:
        told.add(ev.FactRecorded("response", "limited"))
        told.add(ev.FactDecided("response", "limited", told.seq, state, state, answered))
    for number, each in enumerate(ordered, 1):
        if each["checked"]:
            told.add(ev.CheckDue("day-3", number, T0))
        if each["end"] is not None:
            told.add(ev.CourseEnded(number, str(each["regimen"]), str(each["end"])))
    for fact, value in after.items():
        told.add(ev.FactRecorded(fact, value))
    return told.episode


def moves(episode: Episode, cause: str, signals: Signals) -> None:
    """Ask for the one row that moves now, and take its way; two rows at once raise Ambiguous."""
    host, values = Host(PATHWAY, episode, episode.at, signals), episode.values()
    row = enabled(PATHWAY, host, values, cause)
    if row is not None:
        passed = way(PATHWAY, row, host, values)
        assert not passed or passed[-1].partition("/")[0] == row.target


@settings(max_examples=600, deadline=None)
@given(state=st.sampled_from(STATES), made=courses, before=recorded, after=recorded)
def test_what_is_recorded_moves_an_episode_one_way(
    state: str, made: list[dict[str, object]], before: dict[str, object], after: dict[str, object]
) -> None:
    before.pop("response", None)  # it would be unknown again with the next course
    moves(story(state, made, before, after), "any", QUIET)


@settings(max_examples=200, deadline=None)
@given(
    state=st.sampled_from(STATES),
    made=courses,
    confirmed=st.frozensets(st.sampled_from(REGIMENS), min_size=1, max_size=3),
)
def test_a_confirmation_moves_an_episode_one_way(
    state: str, made: list[dict[str, object]], confirmed: frozenset[str]
) -> None:
    moves(story(state, made, {}, {}), "confirmation", Signals(confirmed=confirmed))


@given(
    state=st.sampled_from(STATES),
    made=courses,
    checks=st.frozensets(st.sampled_from(sorted(PATHWAY.checks)), max_size=2),
    ending=st.booleans(),
)
def test_what_falls_due_moves_an_episode_one_way(
    state: str, made: list[dict[str, object]], checks: frozenset[str], *, ending: bool
) -> None:
    moves(story(state, made, {}, {}), "due", Signals(checks=checks, taper_ending=ending))
