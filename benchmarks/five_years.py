"""What does an episode look like after five years? Every line, two relapses, long surveillance, played on the engine.

Used by the benchmarks and by the test that bounds the size of an episode's document.
"""

import datetime as dt
from collections.abc import Mapping
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
_CLINICIAN, _CLOCK = Actor("anna", "clinician"), Actor("clock", "service")
_TEXTS = {
    "severity": "severe",
    "infection_status": "excluded",
    "virus": "other",
    "jcv_pcr": "negative",
    "symptom_onset": "2026-02-20",
}
_FLAGS = (
    "symptoms_progressing", "consciousness_declining", "respiratory_compromise", "agitated", "bleeding_disorder",
    "steroids_contraindicated", "central_line_difficult", "severe_hyponatremia", "thromboembolic_risk_high",
    "demyelination", "gbs_diagnosed", "cerebellar_atrophy",
)  # fmt: skip
_NUMBERS = {"age_years": 41, "weight_kg": "71.5", "height_cm": 172, "icars": "23.5"}


class Play:
    """One patient, played by a caller: what comes due between two commands fires at its moment."""

    def __init__(self, pathway: Pathway, timezone: str = "Europe/London") -> None:
        self.pathway = pathway
        wish = Enrolment(pathway, "5e1f0c9a-0000-4000-8000-000000000001", "patient", "ward", timezone)
        self.episode = self._taken(enrol(wish, _CLINICIAN, START))
        self.at = START

    def to(self, days: float) -> None:
        """Move on to so many days after the enrolment; doses that are due are given, reminders acknowledged."""
        until = START + dt.timedelta(days=days)
        while self.episode.next_due_at is not None and self.episode.next_due_at <= until:
            self.at = max(self.at, self.episode.next_due_at)
            self.episode = self._taken(decide(self.pathway, self.episode, Tick(), _CLOCK, self.at))
            self._answer()
        self.at = until

    def do(self, command: Command) -> None:
        """Carry out a clinician's command; it must be accepted."""
        self.episode = self._taken(decide(self.pathway, self.episode, command, _CLINICIAN, self.at))

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
    play = Play(pathway)
    facts: Mapping[str, Any] = {**_TEXTS, **dict.fromkeys(_FLAGS, False), **_NUMBERS, "antibodies": ["gad", "tpo"]}
    play.do(Record(facts=facts))
    for task in [task.name for task in play.episode.tasks]:
        play.do(Complete(task))
    day = _round(play, 0.1)
    for _ in range(2):
        play.to(day + 400)
        play.do(Record(facts={"response": "worse"}))
        day = _round(play, day + 401)
    play.to(5 * 365.25)
    return play.episode


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
    play.do(Record(facts={"response": "partial", "icars": "11.5"}))
    play.do(Confirm(("steroid-taper",), {"dose": 60}))
    play.to(day + 95)
    for task in [task.name for task in play.episode.tasks]:
        play.do(Complete(task))
    return day + 95
