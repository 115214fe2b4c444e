"""Plays an episode through the engine and keeps its entries as a store would hand them to a story."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestrator.audit.chain import Verdict
from orchestrator.audit.seal import instant
from orchestrator.audit.story import StoryEntry, tell
from orchestrator.episode.commands import (
    Acknowledge,
    Actor,
    Close,
    Command,
    Complete,
    Confirm,
    Decline,
    Enrolment,
    Give,
    Miss,
    Record,
    Retract,
    Stop,
    Tick,
    command_to_json,
)
from orchestrator.episode.decide import Accepted, decide, enrol
from orchestrator.episode.event_json import event_to_json
from orchestrator.episode.events import Event, Refused
from orchestrator.episode.fold import stamp
from orchestrator.episode.model import Episode
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Pathway

START = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
CLINICIAN, LEAD, NURSE = Actor("u-17", "clinician", authenticated=True), Actor("u-3", "lead"), Actor("u-204", "nurse")
CLOCK = Actor("clock", "service")
WORKFLOWS = Path(__file__).parents[2] / "workflows"


def cerebellar() -> Pathway:
    return load_library(WORKFLOWS).newest("post-viral-cerebellar-demyelination")


class Played:
    """One episode. Between two commands everything that falls due is fired, each alarm at its moment."""

    def __init__(self, pathway: Pathway, timezone: str = "Europe/London") -> None:
        self.pathway, self.now = pathway, START
        self.entries: list[StoryEntry] = []
        made = enrol(Enrolment(pathway, "e-1", "p-1", "N2", timezone), CLINICIAN, START)
        assert isinstance(made, Accepted)
        self.episode: Episode = made.episode
        self._keep("enrol", CLINICIAN, {"ward": "N2"}, made.events, origin=None, result="accepted")

    def at(self, hours: float, *commands: tuple[Actor, Command]) -> "Played":
        """Let the time come, then carry out the commands."""
        moment = START + dt.timedelta(hours=hours)
        while (due := self.episode.next_due_at) is not None and due <= moment:
            self.now = max(due, self.now)
            self._do(CLOCK, Tick())
        self.now = moment
        for actor, command in commands:
            self._do(actor, command)
        return self

    def _do(self, actor: Actor, command: Command) -> None:
        origin, answer = self.episode.state, decide(self.pathway, self.episode, command, actor, self.now)
        if isinstance(answer, Accepted):
            self.episode = answer.episode
            self._keep(command.kind, actor, command_to_json(command), answer.events, origin=origin, result="accepted")
        else:
            events = (Refused(answer.code, answer.text),)
            self.episode = stamp(self.episode, len(self.entries) + 1, self.now)
            result = f"refused:{answer.code}"
            self._keep(command.kind, actor, command_to_json(command), events, origin=origin, result=result)

    def _keep(
        self,
        kind: str,
        actor: Actor,
        asked: dict[str, Any],
        events: tuple[Event, ...],
        *,
        origin: str | None,
        result: str,
    ) -> None:
        header = {
            "episode_id": "e-1", "seq": len(self.entries) + 1, "at": instant(self.now), "actor": actor.id,
            "role": actor.role, "on_behalf_of": actor.on_behalf_of, "authenticated": actor.authenticated, "ward": "N2",
            "from_state": origin, "to_state": self.episode.state, "cause": kind, "result": result, "corrects": None,
        }  # fmt: skip
        body = {"command": asked, "events": [event_to_json(each) for each in events]}
        self.entries.append(StoryEntry(header, body))

    def story(self, *, simulated: bool = False) -> dict[str, Any]:
        verdict = Verdict("e-1", len(self.entries), len(self.entries), ())
        return tell(self.entries, self.pathway, verdict, simulated=simulated)


def long_way(pathway: Pathway) -> Played:
    """Severe, nothing after the pulse, plasma exchange, rituximab, improvement, and a taper in the middle."""
    facts = {"severity": "severe", "infection_status": "excluded", "weight_kg": 80, "height_cm": 180, "age_years": 46}
    refused = Confirm(regimens=("ivmp-pulse",))
    played = Played(pathway)
    played.at(0.2, (CLINICIAN, refused))
    played.at(0.5, (NURSE, Record(facts=facts)))
    played.at(0.75, (NURSE, Confirm(regimens=("ivmp-pulse",))), (CLINICIAN, Confirm(regimens=("ivmp-pulse",))))
    played.at(1, (NURSE, Give(regimen="ivmp-pulse")))
    played.at(2, (NURSE, Complete(task="mri-brain-spine")), (CLINICIAN, Acknowledge(reminder="neurology-consult-due")))
    done = ("lumbar-puncture", "serum-studies", "eeg", "hospital-admission")
    played.at(26, *((NURSE, Complete(task=task)) for task in done))
    played.at(27, (NURSE, Give(regimen="ivmp-pulse")))
    played.at(49, (CLINICIAN, Complete(task="symptom-management")), (NURSE, Give(regimen="ivmp-pulse")))
    played.at(50, (NURSE, Record(facts={"weight_kg": 82}, reason="Weighed again on the bed scale")))
    played.at(79, (CLINICIAN, Record(facts={"response": "none"})))
    played.at(80, (CLINICIAN, Confirm(regimens=("plex",))))
    for session in range(5):
        command: Command = Decline(regimen="plex") if session == 3 else Give(regimen="plex")
        played.at(81 + 48 * session, (NURSE, command))
    played.at(300, (CLINICIAN, Record(facts={"response": "limited"})))
    played.at(301, (CLINICIAN, Confirm(regimens=("rituximab-two-dose",))))
    played.at(302, (CLINICIAN, Complete(task="neurology-consult")))
    played.at(303, (CLINICIAN, Confirm(regimens=("rituximab-two-dose",))))
    played.at(304, (NURSE, Give(regimen="rituximab-two-dose")))
    played.at(500, (NURSE, Record(facts={"response": "worse"})))
    played.at(501, (NURSE, Retract(target="response", reason="Recorded for another patient")))
    played.at(640, (NURSE, Give(regimen="rituximab-two-dose")))
    played.at(648, (CLINICIAN, Record(facts={"response": "partial"})))
    taper = Confirm(
        regimens=("steroid-taper",), parameters={"taper_days": 21, "dose": 60}, override=("taper-minimum",),
        reason="Steroid psychosis after the pulse",
    )  # fmt: skip
    played.at(650, (CLINICIAN, taper), (LEAD, taper))
    played.at(652, (NURSE, Give(regimen="steroid-taper")))
    return played.at(652 + 8 * 24, (NURSE, Give(regimen="steroid-taper")))


def closed_way(pathway: Pathway) -> Played:
    """Moderate, oral prednisone, stopped by a lead, closed as transferred."""
    played = Played(pathway).at(
        0, (NURSE, Record(facts={"severity": "moderate", "infection_status": "excluded", "weight_kg": Decimal("62.5")}))
    )
    played.at(1, (CLINICIAN, Confirm(regimens=("prednisone-oral",))))
    played.at(2, (NURSE, Give(regimen="prednisone-oral")))
    played.at(200, (NURSE, Miss(regimen="prednisone-oral")))
    played.at(210, (CLINICIAN, Stop(regimen="prednisone-oral")))
    return played.at(220, (CLINICIAN, Close(outcome="transferred", reason="Moves to the regional centre")))
