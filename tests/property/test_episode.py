"""Goal: whatever people do, by whatever role and however late the clock, an episode keeps its promises.

Random commands and jumps of the clock on the real pathway. What must hold is checked after every step, the replay of
the whole trail at the end.
"""

from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from orchestrator.audit.canonical import canonical
from orchestrator.episode import events as ev
from orchestrator.episode.commands import Actor, ChangeWard, Command, Tick, command_from_json, command_to_json
from orchestrator.episode.decide import Accepted, Refused, decide
from orchestrator.episode.document import dump, load
from orchestrator.episode.event_json import event_from_json, event_to_json
from orchestrator.episode.explain import explain
from orchestrator.episode.fold import fold, stamp
from orchestrator.episode.items import DOSE, items, reminds_of
from orchestrator.episode.model import Episode
from orchestrator.episode.view import decision_tag, view
from orchestrator.pathway.model import Pathway
from tests.lives import ROLES, Lives
from tests.patients import CLOCK, P
from tests.worlds import PATHWAYS

H, L = "autoimmune-hemiplegia", "leukoencephalopathy"
CODES = {
    *PATHWAYS[P].gate_names, "unknown-fact", "invalid-value", "not-proposed", "needs-reason", "needs-role",
    "missing-input", "no-such-course", "no-such-task", "no-such-reminder", "episode-closed",
}  # fmt: skip


class Life(Lives):
    """One patient's life on the pathway."""

    @rule(number=st.integers(1, 3), role=st.sampled_from(ROLES))
    def change_ward(self, number: int, role: str) -> None:
        self.act(ChangeWard(f"w-{number}", reason="a bed with a monitor"), role)

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
        canonical(orjson.loads(orjson.dumps(view(self.pathway, self.episode, self.patient.now))))
        orjson.dumps(explain(self.pathway, self.episode, self.patient.now), default=str)
        assert decision_tag(self.pathway, self.episode, self.patient.now)
        assert len({(each.kind, each.key) for each in items(self.pathway, self.episode)}) == len(
            items(self.pathway, self.episode)
        )

    @invariant()
    def what_an_open_reminder_is_about_is_open_by_the_key_that_it_names(self) -> None:
        """Of doses a list has the next one alone: there it is the course that is open."""
        standing = {(each.kind, each.key) for each in items(self.pathway, self.episode)}
        courses = {key.rpartition("/")[0] for kind, key in standing if kind == DOSE}
        for each in self.episode.reminders:
            thing = reminds_of(self.pathway, each.name, each.address) if each.open else None
            if thing is not None and thing.kind == DOSE:
                assert thing.subject in courses
            elif thing is not None and self.pathway.reminders[each.name].opens is None:
                assert (thing.kind, thing.key) in standing

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
    if isinstance(command, ChangeWard):
        _check_ward(before, after, answer.events, at)
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


def _check_ward(before: Episode, after: Episode, events: tuple[ev.Event, ...], at: datetime) -> None:
    """A ward is nothing that a pathway sees: what was due fires as it would have, and nothing else follows."""
    moved = [event for event in events if isinstance(event, ev.WardChanged)]
    assert [(each.origin, each.target) for each in moved] == [(before.ward, after.ward)]
    if before.next_due_at is None or before.next_due_at > at:
        assert list(events) == moved
        assert after == stamp(before._replace(ward=after.ward), before.seq + 1, at)


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


TestLife = pytest.mark.rules("X-01", "X-18", "P-10", "P-14", "H-06", "H-07", "H-09", "L-04")(
    Life.TestCase
)  # by S-01, S-05, S-04, S-02, S-03, S-08, S-09
TestLife.settings = settings(max_examples=160, stateful_step_count=50, suppress_health_check=list(HealthCheck))
