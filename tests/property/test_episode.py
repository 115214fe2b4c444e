"""Goal: whatever people do, by whatever role and however late the clock, an episode keeps its promises.

Random commands and jumps of the clock on the real pathway. What must hold is checked after every step, the replay of
the whole trail at the end.
"""

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
    P,
    Patient,
    Record,
    Retract,
    Stop,
)
from tests.worlds import NAMES, PATHWAYS, as_json, spoken_facts, spoken_regimens

H, L = "autoimmune-hemiplegia", "leukoencephalopathy"
ROLES = ("clinician", "lead", "lead", "on-call", "nurse", "pharmacist", "auditor")
CODES = {
    *PATHWAYS[P].gate_names, "unknown-fact", "invalid-value", "not-proposed", "needs-reason", "needs-role",
    "missing-input", "no-such-course", "no-such-task", "no-such-reminder", "episode-closed",
}  # fmt: skip
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
    doses = [{"dose": each} for each in (60, "62.5", "750 mg", 0)]
    tapers = [{"dose": 60, "taper_days": each} for each in (21, 28, 42, 50)]
    steps = [{"steps": [{"days": 14, "dose": 20}] * number} for number in range(5)]
    lengths = [{"days": 2}, {"days": 5}, {"sessions": 4}, {"sessions": 10}]
    others = [{each.alternative.parameter: "1.5"} for each in pathway.regimens.values() if each.alternative]
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


class Life(RuleBasedStateMachine):
    """One patient's life on the pathway."""

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

    # what must hold of every answer

    def act(self, command: Command, role: str) -> None:
        actor = CLOCK if role == "clock" else Actor(f"{role}-1", role)
        before, at = self.episode, self.patient.now
        kept = dump(before)
        answer = self.patient.do(command, actor)
        assert decide(self.pathway, before, command, actor, at) == answer, "the same question, another answer"
        assert dump(before) == kept, "an episode is never changed, only followed by another"
        canonical(command_to_json(command))
        if not isinstance(command, Tick):
            command_from_json(command.kind, orjson.loads(orjson.dumps(command_to_json(command))))
        if isinstance(answer, Refused):
            assert answer.code in CODES
            assert "\n" not in answer.text
            assert dump(self.episode) == dump(stamp(before, before.seq + 1, at)), "a refusal changes nothing"
        else:
            check(self.pathway, before, command, answer, at)

    @invariant()
    def what_is_shown_can_be_sent(self) -> None:
        canonical(view(self.pathway, self.episode, self.patient.now))
        orjson.dumps(explain(self.pathway, self.episode, self.patient.now), default=str)
        assert decision_tag(self.pathway, self.episode, self.patient.now)
        assert len({(each.kind, each.key) for each in items(self.pathway, self.episode)}) == len(
            items(self.pathway, self.episode)
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
            assert (self.episode.tasks, self.episode.reminders, items(self.pathway, self.episode)) == ((), (), ())
            return
        assert alarm is not None
        assert alarm > self.patient.episode.at
        if self.episode.wait is not None:
            assert any(each.name == "decision-due" and each.due_at for each in self.episode.reminders)
        for task in self.episode.tasks:
            names = {self.pathway.tasks[task.name].reminder, "task-due"}
            assert any(each.name in names for each in self.episode.reminders), f"nobody is told of {task.name}"

    @invariant()
    def four_weeks_are_the_most_that_an_ineffective_first_line_lasts(self) -> None:
        """S-08: where the pathway forces a move on a day of the first treatment, nobody who never improved stays."""
        for row in self.pathway.transitions:
            forced = row.on == "due" and row.tells_missing and self.episode.round == 0
            if forced and any(
                name in self.episode.checked for name in self.pathway.checks if name in row.guard.when.text
            ):
                assert self.episode.stage not in row.origins

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


def check(pathway: Pathway, before: Episode, command: Command, answer: Accepted, at: datetime) -> None:
    """Check one accepted command by what it left on the record."""
    after = answer.episode
    if before.closed:
        assert after.closed
        assert after.state == before.state
    overridden = {event.gate for event in answer.events if isinstance(event, ev.GateOverridden)}
    for event in answer.events:
        if isinstance(event, ev.CourseConfirmed):
            _check_confirmed(pathway, before, event, overridden)
    if overridden:
        assert command.reason
        assert overridden <= set(command.override)
    if isinstance(command, Tick):
        _check_late(before, after, answer.events, at)


def _check_confirmed(pathway: Pathway, before: Episode, event: ev.CourseConfirmed, overridden: set[str]) -> None:
    regimen, values = pathway.regimens[event.regimen], before.values()
    tapers = bool(regimen.tapers) and any(
        pathway.regimens[each.regimen].kind == regimen.tapers and each.counts for each in before.courses
    )
    positive = values.get("jcv_pcr") == "positive" and pathway.name == P
    excluded = values.get("infection_status") == "excluded" and not positive
    if regimen.immunotherapy and not tapers and not excluded:  # S-01
        assert "infection-excluded" in overridden
    if regimen.kind == "rituximab" and pathway.name == P and "neurology-consult" not in before.completed:  # S-02
        assert "neurology-consulted" in overridden
    first = any(pathway.lines.get(each.regimen) == "first-line" and each.counts for each in before.courses)
    if regimen.kind == "rituximab" and pathway.name == H and not first:  # S-02
        assert "first-line-before-rituximab" in overridden
    if regimen.kind == "steroid" and pathway.name == H and values.get("gbs_diagnosed") and not tapers:  # S-03
        assert event.standing == "contraindicated"
        assert event.reason
    _check_order(pathway, before, event, values)
    steps = event.parameters.get("steps")
    days = sum(each["days"] for each in steps) if steps else event.parameters.get("taper_days", 42)
    if regimen.tapers and days < 28:  # S-04
        assert "taper-minimum" in overridden


def _check_order(pathway: Pathway, before: Episode, event: ev.CourseConfirmed, values: dict[str, Any]) -> None:
    """S-09: after an infection exchange never before steroids, immunoglobulin never before exchange, but by choice."""
    before_it = {"plex": "ivmp-pulse", "ivig": "plex"}.get(event.regimen)
    if pathway.name != L or values.get("leukoencephalopathy_type") != "post-infectious" or before_it is None:
        return
    if event.standing in {"recommended", "acceptable"} and before.round == 0:
        assert any(each.regimen == before_it and each.counts for each in before.courses)


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
TestLife = pytest.mark.rules("X-01", "X-18", "P-10", "P-14", "H-06", "H-07", "H-09", "L-04")(
    Life.TestCase
)  # by S-01, S-05, S-04, S-02, S-03, S-08, S-09
TestLife.settings = settings(
    max_examples=160, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
