"""What does an episode look like after five years? Every line, two relapses, long surveillance, played on the engine.

Used by the benchmarks and by the test that bounds the size of an episode's document.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orchestrator.episode.commands import (
    Acknowledge,
    Actor,
    Command,
    Complete,
    Confirm,
    Enrolment,
    Give,
    Record,
    Tick,
)
from orchestrator.episode.decide import Accepted, decide, enrol
from orchestrator.episode.model import Episode
from orchestrator.pathway.model import Pathway

START = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
DAYS = 5 * 365.25
_CLINICIAN, _CLOCK = Actor("anna", "clinician"), Actor("clock", "service")
_TEXTS = {
    "severity": "severe",
    "infection_status": "excluded",
    "virus": "other",
    "jcv_pcr": "negative",
}
_FLAGS = (
    "symptoms_progressing", "consciousness_declining", "respiratory_compromise", "agitated", "bleeding_disorder",
    "steroids_contraindicated", "central_line_difficult", "severe_hyponatremia", "thromboembolic_risk_high",
    "demyelination", "gbs_diagnosed", "cerebellar_atrophy",
)  # fmt: skip
_NUMBERS = {"age_years": 41, "weight_kg": Decimal("71.5"), "height_cm": 172, "icars": Decimal("23.5")}


class Play:
    """One patient, played by a caller: what comes due between two commands fires at its moment.

    done: what people did, and when.
    """

    def __init__(self, pathway: Pathway, timezone: str = "Europe/London", start: dt.datetime = START) -> None:
        self.pathway = pathway
        wish = Enrolment(pathway, "5e1f0c9a-0000-4000-8000-000000000001", "patient", "ward", timezone)
        self.episode = self._taken(enrol(wish, _CLINICIAN, start))
        self.start = self.at = start
        self.done: list[tuple[dt.datetime, Command]] = []

    def to(self, days: float) -> None:
        """Move on to so many days after the enrolment; doses that are due are given, reminders acknowledged."""
        until = self.start + dt.timedelta(days=days)
        while self.episode.next_due_at is not None and self.episode.next_due_at <= until:
            self.at = max(self.at, self.episode.next_due_at)
            self.episode = self._taken(decide(self.pathway, self.episode, Tick(), _CLOCK, self.at))
            self._answer()
        self.at = until

    def do(self, command: Command) -> None:
        """Carry out a clinician's command; it must be accepted."""
        self.episode = self._taken(decide(self.pathway, self.episode, command, _CLINICIAN, self.at))
        self.done.append((self.at, command))

    def _answer(self) -> None:
        for reminder in self.episode.reminders:
            if reminder.open and reminder.name == "dose-due":
                self.do(Give(reminder.subject.rpartition(" ")[0]))
                return
        names = {reminder.name for reminder in self.episode.reminders if reminder.open}
        for name in sorted(names):
            self.do(Acknowledge(name))

    @staticmethod
    def _taken(outcome: Any) -> Episode:  # noqa: ANN401  Accepted, or a Refused that the assertion shows
        assert isinstance(outcome, Accepted), outcome
        return outcome.episode


def episode_after_five_years(pathway: Pathway) -> Episode:
    """Return the episode of the fifth year: every line, two relapses, then surveillance."""
    return five_years(pathway).episode


def five_years(pathway: Pathway, start: dt.datetime = START) -> Play:
    """Return a patient who was enrolled five years ago."""
    play = Play(pathway, start=start)
    onset = (start - dt.timedelta(days=10)).date().isoformat()
    facts: Mapping[str, Any] = {
        "symptom_onset": onset,
        **_TEXTS,
        **dict.fromkeys(_FLAGS, False),
        **_NUMBERS,
        "antibodies": ["gad", "tpo"],
    }
    play.do(Record(facts=facts))
    for task in [task.name for task in play.episode.tasks]:
        play.do(Complete(task))
    day = _round(play, 0.1)
    for _ in range(2):
        play.to(day + 400)
        play.do(Record(facts={"response": "worse"}))
        day = _round(play, day + 401)
    play.to(DAYS)
    return play


def _round(play: Play, day: float) -> float:
    """Pulse and IVIG without effect, then rituximab with: bridging, taper, maintenance. Return the day it ends."""
    play.to(day)
    play.do(Confirm(("ivmp-pulse",), {"days": 5}))
    play.to(day + 4)
    play.do(Record(facts={"response": "none"}))
    play.do(Confirm(("ivig",)))
    play.to(day + 18)
    play.do(Record(facts={"response": "limited"}))
    play.do(Confirm(("rituximab-weekly",)))
    play.to(day + 50)
    play.do(Record(facts={"response": "partial", "icars": Decimal("11.5")}))
    play.do(Confirm(("steroid-taper",), {"dose": 60}))
    play.to(day + 95)
    for task in [task.name for task in play.episode.tasks]:
        play.do(Complete(task))
    return day + 95
