"""Goal: whatever people do, by whatever role and however late the clock, an episode keeps its promises.

Random commands and jumps of the clock on the real pathway. What must hold is checked after every step, the replay of
the whole trail at the end.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator.audit.canonical import canonical
from orchestrator.episode import events as ev
from orchestrator.episode.commands import Actor, Command, Tick, command_from_json, command_to_json
from orchestrator.episode.decide import Accepted, Refused, decide
from orchestrator.episode.document import dump, load
from orchestrator.episode.event_json import event_from_json, event_to_json
from orchestrator.episode.explain import explain
from orchestrator.episode.fold import fold, stamp
from orchestrator.episode.items import items
from orchestrator.episode.model import Episode
from orchestrator.episode.view import decision_tag, view
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
    pathway,
)

PATHWAY = pathway()
ROLES = ("clinician", "lead", "lead", "on-call", "nurse", "pharmacist", "auditor")
CODES = {
    *PATHWAY.gate_names, "unknown-fact", "invalid-value", "not-proposed", "needs-reason", "needs-role", "missing-input",
    "no-such-course", "no-such-task", "no-such-reminder", "episode-closed",
}  # fmt: skip
REGIMENS = (
    "observation", "ivmp-pulse", "prednisone-oral", "steroid-taper", "ivig", "plex", "rituximab-weekly",
    "rituximab-two-dose", "antiviral", "ivig-monthly", "cyclophosphamide", "no-such-regimen",
)  # fmt: skip
JUMPS = ("1m", "1h", "4h", "1d", "1d", "2d", "3d", "3d", "7d", "14d", "42d", "200d")
UNITS = {"m": 1, "h": 60, "d": 1440}
reasons = st.sampled_from([None, "a reason", "a reason", "a reason"])
overrides = st.sampled_from([(), (), tuple(PATHWAY.gates), ("infection-excluded",), ("steroid-stop",)])

facts = st.one_of(
    st.fixed_dictionaries({"response": st.sampled_from([*PATHWAY.facts["response"].values, None])}),
    st.fixed_dictionaries({"severity": st.sampled_from([*PATHWAY.facts["severity"].values, None])}),
    st.fixed_dictionaries({"infection_status": st.sampled_from(["excluded", "excluded", "active", None])}),
    st.fixed_dictionaries({"symptoms_progressing": st.sampled_from([True, False, None])}),
    st.fixed_dictionaries(
        {},
        optional={
            "jcv_pcr": st.sampled_from(["negative", "positive", None]),
            "virus": st.sampled_from(["vzv", "sars-cov-2", None]),
            "steroids_contraindicated": st.booleans(),
            "consciousness_declining": st.booleans(),
            "antibodies": st.lists(st.sampled_from(["gad", "mog", "hu", "tpo"]), max_size=2),
            "weight_kg": st.sampled_from([70, "61.5", 0, None]),
            "height_cm": st.sampled_from([170, 9999]),
            "symptom_onset": st.sampled_from(["2026-02-20", "9999-12-31", "soon"]),
            "no_such_fact": st.just(1),
        },
    ),
)
parameters = st.one_of(
    st.just({}),
    st.just({}),
    st.fixed_dictionaries({"dose": st.sampled_from([60, "62.5", "750 mg", 0])}),
    st.fixed_dictionaries({"days": st.integers(2, 6)}),
    st.fixed_dictionaries({"sessions": st.integers(4, 11)}),
    st.fixed_dictionaries({"dose": st.just(60), "taper_days": st.sampled_from([21, 28, 42, 50])}),
    st.integers(0, 4).map(lambda number: {"steps": [{"days": 14, "dose": 20}] * number}),
)
choices = st.builds(
    Confirm,
    regimens=st.lists(st.sampled_from(REGIMENS), min_size=1, max_size=2).map(tuple),
    parameters=parameters,
    reason=reasons,
    override=overrides,
)
offsets = st.sampled_from([None, None, None, -200, -75, -24, -1, 0, 1, 24])
targets = st.one_of(st.sampled_from(REGIMENS), st.sampled_from(sorted(PATHWAY.facts)), st.just("response"))


def minutes(jump: str) -> int:
    return int(jump[:-1]) * UNITS[jump[-1]]


class Life(RuleBasedStateMachine):
    """One patient's life on the pathway."""

    patient: Patient

    @initialize(
        timezone=st.sampled_from(["UTC", "Europe/London", "Australia/Lord_Howe"]),
        start=st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001  (made aware below)
        known=st.booleans(),
    )
    def enrol(self, timezone: str, start: datetime, *, known: bool) -> None:
        aware = start.replace(tzinfo=CLOCK_ZONE)
        self.patient = Patient(PATHWAY, aware, timezone)
        if known:
            self.act(Record(facts={"infection_status": "excluded", "weight_kg": 70, "height_cm": 170}), "nurse")

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

    @rule(facts=facts, role=st.sampled_from(ROLES))
    def record(self, facts: Mapping[str, Any], role: str) -> None:
        self.act(Record(facts=facts), role)

    @rule(chosen=choices, start=offsets, role=st.sampled_from(ROLES))
    def confirm(self, chosen: Confirm, start: int | None, role: str) -> None:
        if start is not None:
            moment = (self.patient.now + timedelta(hours=start)).isoformat()
            chosen = replace(chosen, parameters={**chosen.parameters, "start": moment})
        self.act(chosen, role)

    @rule(data=st.data())
    def take_what_is_proposed(self, data: st.DataObject) -> None:
        proposed = [each["regimen"] for each in view(PATHWAY, self.episode, self.patient.now)["proposals"]]
        if proposed:
            regimen = data.draw(st.sampled_from(proposed))
            dose = {"dose": 60} if regimen == "steroid-taper" else {}
            self.act(Confirm((regimen,), dose, reason="a reason", override=tuple(PATHWAY.gates)), "lead")

    @precondition(lambda self: any(each.in_force for each in self.episode.courses))
    @rule(
        data=st.data(), hours=offsets, kind=st.sampled_from([Give, Give, Give, Miss, Decline]), times=st.integers(1, 5)
    )
    def chart(self, data: st.DataObject, hours: int | None, kind: type[Command], times: int) -> None:
        regimen = data.draw(st.sampled_from([each.regimen for each in self.episode.courses if each.in_force]))
        for _ in range(times):
            at = None if hours is None else self.patient.now + timedelta(hours=hours)
            self.act(Give(regimen, at) if kind is Give else kind(regimen=regimen), "nurse")  # type: ignore[call-arg]

    @rule(regimen=st.sampled_from(REGIMENS), role=st.sampled_from(ROLES), reason=reasons, override=overrides)
    def stop(self, regimen: str, role: str, reason: str | None, override: tuple[str, ...]) -> None:
        self.act(Stop(regimen, reason=reason, override=override), role)

    @rule(what=targets, role=st.sampled_from(ROLES), reason=reasons)
    def retract(self, what: str, role: str, reason: str | None) -> None:
        self.act(Retract(what, reason=reason), role)

    @rule(task=st.sampled_from([*PATHWAY.tasks, "no-such-task"]), role=st.sampled_from(ROLES))
    def complete(self, task: str, role: str) -> None:
        self.act(Complete(task), role)

    @rule()
    def complete_everything(self) -> None:
        for task in self.episode.tasks:
            self.act(Complete(task.name), "nurse")

    @rule(reminder=st.sampled_from([*PATHWAY.reminders, "no-such"]), role=st.sampled_from(ROLES), reason=reasons)
    def acknowledge(self, reminder: str, role: str, reason: str | None) -> None:
        self.act(Acknowledge(reminder, reason=reason), role)

    @precondition(lambda self: len(self.patient.entries) > 40)
    @rule(outcome=st.sampled_from(PATHWAY.outcomes), role=st.sampled_from(ROLES), reason=reasons, override=overrides)
    def close(self, outcome: str, role: str, reason: str | None, override: tuple[str, ...]) -> None:
        self.act(Close(outcome, reason=reason, override=override), role)

    # what must hold of every answer

    def act(self, command: Command, role: str) -> None:
        actor = CLOCK if role == "clock" else Actor(f"{role}-1", role)
        before, at = self.episode, self.patient.now
        kept = dump(before)
        answer = self.patient.do(command, actor)
        assert decide(PATHWAY, before, command, actor, at) == answer, "the same question, another answer"
        assert dump(before) == kept, "an episode is never changed, only followed by another"
        canonical(command_to_json(command))
        if not isinstance(command, Tick):
            command_from_json(command.kind, orjson.loads(orjson.dumps(command_to_json(command))))
        if isinstance(answer, Refused):
            assert answer.code in CODES
            assert "\n" not in answer.text
            assert dump(self.episode) == dump(stamp(before, before.seq + 1, at)), "a refusal changes nothing"
        else:
            check(before, command, answer, at)

    @invariant()
    def what_is_shown_can_be_sent(self) -> None:
        canonical(view(PATHWAY, self.episode, self.patient.now))
        orjson.dumps(explain(PATHWAY, self.episode, self.patient.now), default=str)
        assert decision_tag(PATHWAY, self.episode, self.patient.now)
        assert len({(each.kind, each.key) for each in items(PATHWAY, self.episode)}) == len(
            items(PATHWAY, self.episode)
        )

    @invariant()
    def one_course_of_a_regimen_is_in_force(self) -> None:
        running = [each.regimen for each in self.episode.courses if each.in_force]
        assert len(set(running)) == len(running)

    @invariant()
    def nobody_is_forgotten(self) -> None:
        """S-05: whatever is open has an alarm that lies ahead; what waits for a person has its reminder."""
        alarm = self.episode.next_due_at
        if self.episode.closed:
            assert alarm is None
            assert (self.episode.tasks, self.episode.reminders, items(PATHWAY, self.episode)) == ((), (), ())
            return
        assert alarm is not None
        assert alarm > self.patient.episode.at
        if self.episode.wait is not None:
            assert any(each.name == "decision-due" and each.due_at for each in self.episode.reminders)
        for task in self.episode.tasks:
            names = {PATHWAY.tasks[task.name].reminder or "task-due"}
            assert any(each.name in names for each in self.episode.reminders), f"nobody is told of {task.name}"

    @invariant()
    def the_document_comes_back_as_it_was(self) -> None:
        assert load(dump(self.episode)) == self.episode

    def teardown(self) -> None:
        """Replay: the events as they are written, folded, give the episode as it stands."""
        replayed: Episode | None = None
        for entry in self.patient.entries:
            for event in entry.events:
                sealed = canonical(event_to_json(event))
                replayed = fold(replayed, event_from_json(orjson.loads(sealed)), entry.seq, entry.at)
            assert replayed is not None
            replayed = stamp(replayed, entry.seq, entry.at)
        assert replayed == self.episode


def check(before: Episode, command: Command, answer: Accepted, at: datetime) -> None:
    """Check one accepted command by what it left on the record."""
    after = answer.episode
    if before.closed:
        assert after.closed
        assert after.state == before.state
    overridden = {event.gate for event in answer.events if isinstance(event, ev.GateOverridden)}
    for event in answer.events:
        if isinstance(event, ev.CourseConfirmed):
            _check_confirmed(before, event, overridden)
    if overridden:
        assert command.reason
        assert overridden <= set(command.override)
    if isinstance(command, Tick):
        _check_late(before, after, answer.events, at)


def _check_confirmed(before: Episode, event: ev.CourseConfirmed, overridden: set[str]) -> None:
    regimen, values = PATHWAY.regimens[event.regimen], before.values()
    tapers = bool(regimen.tapers) and any(
        PATHWAY.regimens[each.regimen].kind == regimen.tapers and each.counts for each in before.courses
    )
    excluded = values.get("infection_status") == "excluded" and values.get("jcv_pcr") != "positive"
    if regimen.immunotherapy and not tapers and not excluded:  # S-01
        assert "infection-excluded" in overridden
    if regimen.kind == "rituximab" and "neurology-consult" not in before.completed:  # S-02
        assert "neurology-consulted" in overridden
    steps = event.parameters.get("steps")
    days = sum(each["days"] for each in steps) if steps else event.parameters.get("taper_days", 42)
    if regimen.tapers and days < 28:  # S-04
        assert "taper-minimum" in overridden


def _check_late(before: Episode, after: Episode, events: tuple[ev.Event, ...], at: datetime) -> None:
    """Firing late moves nothing that has not fired to an earlier moment, and nobody is told before it was due."""
    due = {each.key: each.due_at for each in before.reminders if each.fired_at is None}
    for each in after.reminders:
        old = due.get(each.key)
        if each.fired_at is None and old is not None and each.due_at is not None:
            assert each.due_at >= old
    for event in events:
        if isinstance(event, ev.ReminderTold | ev.ReminderFired):
            assert event.due_at <= at


CLOCK_ZONE = Patient().now.tzinfo
TestLife = pytest.mark.rules("X-01", "X-18", "P-10", "P-14")(Life.TestCase)  # by S-01, S-05, S-04, S-02
TestLife.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
