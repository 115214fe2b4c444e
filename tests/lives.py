"""What may people do in a patient's life, by whatever role, and how does the clock go? As Hypothesis draws it."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from orchestrator.episode.commands import Actor, Command, Tick
from orchestrator.episode.model import Episode
from orchestrator.episode.view import view
from orchestrator.pathway.model import Pathway
from tests.patients import (
    CLOCK,
    Acknowledge,
    Close,
    Complete,
    Confirm,
    Decline,
    Give,
    Miss,
    Patient,
    Record,
    Retract,
    Stop,
)
from tests.worlds import NAMES, PATHWAYS, as_json, spoken_facts, spoken_regimens

ROLES = ("clinician", "lead", "lead", "on-call", "nurse", "pharmacist", "auditor")
JUMPS = ("1m", "1h", "4h", "1d", "1d", "2d", "3d", "3d", "7d", "14d", "42d", "200d")
UNITS = {"m": 1, "h": 60, "d": 1440}
UNFIT: dict[str, Any] = {
    "weight_kg": 0,
    "height_cm": 9999,
    "symptom_onset": "soon",
    "no_such_fact": 1,
    "age_years": "old",
}
reasons = st.sampled_from([None, "a reason", "a reason", "a reason"])
offsets = st.sampled_from([None, None, None, -200, -75, -24, -1, 0, 1, 24])


def regimens(pathway: Pathway) -> st.SearchStrategy[str]:
    return st.sampled_from([*spoken_regimens(pathway), "steroid-taper", "no-such-regimen"])


def overrides(pathway: Pathway) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sampled_from([(), (), tuple(pathway.gates), ("infection-excluded",), ("steroid-stop",)])


def facts(pathway: Pathway) -> st.SearchStrategy[dict[str, Any]]:
    """Return what may be recorded at once: often the response, or what opens the gates, now and then nonsense."""
    spoken = [*spoken_facts(pathway), *pathway.derivations, *(each.fact for each in pathway.plots)]
    one = {name: st.one_of(as_json(pathway.facts[name]), st.none()) for name in spoken}
    single = [st.fixed_dictionaries({name: each}) for name, each in one.items()]
    response = st.fixed_dictionaries({"response": one["response"]})
    several = st.fixed_dictionaries({}, optional=one)
    unfit = st.sampled_from(sorted(UNFIT)).map(lambda name: {name: UNFIT[name]})
    return st.one_of(response, response, *single, several, st.just({"infection_status": "excluded"}), unfit)


def parameters(pathway: Pathway) -> st.SearchStrategy[dict[str, Any]]:
    doses = [{"dose": each} for each in (60, Decimal("62.5"), "750 mg", 0)]
    tapers = [{"dose": 60, "taper_days": each} for each in (21, 28, 42, 50)]
    steps = [{"steps": [{"days": 14, "dose": 20}] * number} for number in range(5)]
    lengths = [{"days": 2}, {"days": 5}, {"sessions": 4}, {"sessions": 10}]
    others = [{each.alternative.parameter: Decimal("1.5")} for each in pathway.regimens.values() if each.alternative]
    return st.one_of(st.just({}), st.just({}), st.sampled_from([*doses, *tapers, *steps, *lengths, *others]))


def choices(pathway: Pathway) -> st.SearchStrategy[Confirm]:
    return st.builds(
        Confirm,
        regimens=st.lists(regimens(pathway), min_size=1, max_size=2).map(tuple),
        parameters=parameters(pathway),
        reason=reasons,
        override=overrides(pathway),
    )


def minutes(jump: str) -> int:
    return int(jump[:-1]) * UNITS[jump[-1]]


class Lives(RuleBasedStateMachine):
    """One patient's life on a pathway."""

    patient: Patient

    @initialize(
        name=st.sampled_from(NAMES),
        timezone=st.sampled_from(["UTC", "Europe/London", "Australia/Lord_Howe"]),
        start=st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001  (made aware below)
        known=st.booleans(),
    )
    def enrol(self, name: str, timezone: str, start: datetime, *, known: bool) -> None:
        aware = start.replace(tzinfo=CLOCK_ZONE)
        self.patient = Patient(PATHWAYS[name], aware, timezone)
        if known:
            ready = {"infection_status": "excluded", "weight_kg": 70, "height_cm": 170}
            clear = {"cns_lymphoma_suspected": False, "neurosarcoidosis_suspected": False}
            self.act(Record(facts=ready | clear), "nurse")

    @property
    def pathway(self) -> Pathway:
        return self.patient.pathway

    @property
    def episode(self) -> Episode:
        return self.patient.episode

    # time

    @rule(jump=st.sampled_from(JUMPS), down=st.booleans())
    def pass_time(self, jump: str, *, down: bool) -> None:
        moment = self.patient.now + timedelta(minutes=minutes(jump))
        due = self.episode.next_due_at
        while due is not None and due <= moment:
            self.patient.now = moment if down else max(due, self.patient.now)
            self.act(Tick(), "clock")
            due = self.episode.next_due_at
        self.patient.now = moment

    @rule()
    def to_the_next_alarm(self) -> None:
        if self.episode.next_due_at is not None:
            self.patient.now = max(self.episode.next_due_at, self.patient.now)
            self.act(Tick(), "clock")

    # people

    @rule(data=st.data(), role=st.sampled_from(ROLES))
    def record(self, data: st.DataObject, role: str) -> None:
        self.act(Record(facts=data.draw(facts(self.pathway))), role)

    @rule(data=st.data(), start=offsets, role=st.sampled_from(ROLES))
    def confirm(self, data: st.DataObject, start: int | None, role: str) -> None:
        chosen = data.draw(choices(self.pathway))
        if start is not None:
            moment = (self.patient.now + timedelta(hours=start)).isoformat()
            chosen = replace(chosen, parameters={**chosen.parameters, "start": moment})
        self.act(chosen, role)

    @rule(data=st.data())
    def take_what_is_proposed(self, data: st.DataObject) -> None:
        proposed = [each["regimen"] for each in view(self.pathway, self.episode, self.patient.now)["proposals"]]
        if proposed:
            regimen = data.draw(st.sampled_from(proposed))
            dose = self.pathway.regimens[regimen].dose
            entered = {"dose": 60 if dose.unit else "1 g"} if dose is not None and dose.kind == "entered" else {}
            self.act(Confirm((regimen,), entered, reason="a reason", override=tuple(self.pathway.gates)), "lead")

    @precondition(lambda self: any(each.in_force for each in self.episode.courses))
    @rule(
        data=st.data(), hours=offsets, kind=st.sampled_from([Give, Give, Give, Miss, Decline]), times=st.integers(1, 5)
    )
    def chart(self, data: st.DataObject, hours: int | None, kind: type[Command], times: int) -> None:
        regimen = data.draw(st.sampled_from([each.regimen for each in self.episode.courses if each.in_force]))
        for _ in range(times):
            at = None if hours is None else self.patient.now + timedelta(hours=hours)
            self.act(Give(regimen, at) if kind is Give else kind(regimen=regimen), "nurse")  # type: ignore[call-arg]

    @rule(data=st.data(), role=st.sampled_from(ROLES), reason=reasons)
    def stop(self, data: st.DataObject, role: str, reason: str | None) -> None:
        regimen, override = data.draw(regimens(self.pathway)), data.draw(overrides(self.pathway))
        self.act(Stop(regimen, reason=reason, override=override), role)

    @rule(data=st.data(), role=st.sampled_from(ROLES), reason=reasons)
    def retract(self, data: st.DataObject, role: str, reason: str | None) -> None:
        known = sorted(self.episode.facts) or ["response"]
        what = data.draw(st.one_of(regimens(self.pathway), st.sampled_from(known), st.just("response")))
        self.act(Retract(what, reason=reason), role)

    @rule(data=st.data(), role=st.sampled_from(ROLES))
    def complete(self, data: st.DataObject, role: str) -> None:
        task = data.draw(st.sampled_from([*self.pathway.tasks, "no-such-task"]))
        self.act(Complete(task), role)

    @rule()
    def complete_everything(self) -> None:
        for task in self.episode.tasks:
            self.act(Complete(task.name), "nurse")

    @rule(data=st.data(), role=st.sampled_from(ROLES), reason=reasons)
    def acknowledge(self, data: st.DataObject, role: str, reason: str | None) -> None:
        reminder = data.draw(st.sampled_from([*self.pathway.reminders, "no-such"]))
        self.act(Acknowledge(reminder, reason=reason), role)

    @precondition(lambda self: len(self.patient.entries) > 40)
    @rule(data=st.data(), role=st.sampled_from(ROLES), reason=reasons)
    def close(self, data: st.DataObject, role: str, reason: str | None) -> None:
        outcome, override = data.draw(st.sampled_from(self.pathway.outcomes)), data.draw(overrides(self.pathway))
        self.act(Close(outcome, reason=reason, override=override), role)

    def act(self, command: Command, role: str) -> None:
        """Carry out a command, by a person of this role or by the clock."""
        self.patient.do(command, CLOCK if role == "clock" else Actor(f"{role}-1", role))


CLOCK_ZONE = Patient().now.tzinfo
