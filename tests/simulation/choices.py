"""What does a person do about what the product shows? A command drawn from the page: tasks, doses, proposals, facts."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from orchestrator.episode.commands import (
    Acknowledge,
    Close,
    Command,
    Complete,
    Confirm,
    Decline,
    Give,
    Miss,
    Record,
    Retract,
    Stop,
)
from orchestrator.pathway.kinds import Fact
from orchestrator.pathway.model import Pathway
from tests.lives import UNFIT
from tests.worlds import spoken_facts, spoken_regimens

Page = Mapping[str, Any]
_OPEN_GATES = {"infection_status": "excluded", "weight_kg": 70, "height_cm": 170}


class Chooser:
    """Draws commands for one pathway; `now` is the moment at which the person looks. well: whether patients do well."""

    def __init__(self, pathway: Pathway, dice: Random, *, well: bool = False) -> None:
        self._pathway, self._dice = pathway, dice
        self._true, self._improved = (0.03, 0.9) if well else (0.3, 0.5)
        self._facts = [each for each in spoken_facts(pathway) if _can_draw(pathway.facts[each])]
        self._answers = [name for name in self._facts if pathway.facts[name].of_courses]
        self._regimens = spoken_regimens(pathway)

    def answer(self, kind: str, name: str, key: str, page: Page, now: datetime) -> Command:
        """Return what to do about an item of the worklist. kind: task, dose, decision or reminder."""
        return _ABOUT[kind](self, name, key, page, now)

    def whim(self, page: Page, now: datetime) -> Command:
        """Return something that nobody asked for."""
        drawn = self._dice.random()
        if drawn < 0.45:
            return self.record(self._dice.sample(self._facts, min(len(self._facts), self._dice.randint(1, 3))), now)
        if drawn < 0.6:
            return self._relapse(now)
        if drawn < 0.7:
            return Retract(self._dice.choice([*sorted(page["facts"]), *self._regimens]), reason=self._reason())
        if drawn < 0.8:
            return Stop(self._regimen(page), reason=self._reason(), override=self._overrides())
        if drawn < 0.85:
            name = self._dice.choice(sorted(UNFIT))
            return Record(facts={name: UNFIT[name]})
        if drawn < 0.98:
            return self._confirm(page, now)
        return Close(self._dice.choice(self._pathway.outcomes), reason="a reason", override=self._overrides())

    def record(self, names: list[str], now: datetime) -> Record:
        facts = {name: self._value(self._pathway.facts[name], now) for name in names}
        if self._dice.random() < 0.5:
            facts |= {name: value for name, value in _OPEN_GATES.items() if name in self._pathway.facts}
        return Record(facts=facts)

    # about each kind of item

    def _task(self, name: str, _: str, page: Page, now: datetime) -> Command:
        asked = [each for task in page["tasks"] if task["task"] == name for each in task["asks"]]
        open_ones = [each["fact"] for each in asked if not each["recorded"]]
        if open_ones and self._dice.random() < 0.8:
            return self.record(open_ones, now)
        return Complete(name)

    def _dose(self, name: str, _: str, __: Page, now: datetime) -> Command:
        drawn = self._dice.random()
        if drawn < 0.85:
            earlier = timedelta(hours=self._dice.choice((1, 12, 30)))
            return Give(name, now - earlier if self._dice.random() < 0.3 else None)
        return Miss(name) if drawn < 0.93 else Decline(name)

    def _decision(self, _: str, __: str, page: Page, now: datetime) -> Command:
        missing = [name for name in page["missing"] if _can_draw(self._pathway.facts[name])]
        if missing and self._dice.random() < 0.5:
            return self.record(missing, now)
        return self._confirm(page, now)

    def _reminder(self, name: str, key: str, page: Page, now: datetime) -> Command:
        drawn = self._dice.random()
        if drawn < 0.35 and self._answers:
            return self.record([self._dice.choice(self._answers)], now)
        if drawn < 0.5:
            return self._decision(name, key, page, now)
        return Acknowledge(self._dice.choice((name, key)), reason=self._reason())

    # what they are made of

    def _confirm(self, page: Page, now: datetime) -> Command:
        offered = [each["regimen"] for each in page["proposals"] if each["standing"] != "contraindicated"]
        anything = [each["regimen"] for each in page["proposals"]] or self._regimens
        chosen = self._dice.choice(offered if offered and self._dice.random() < 0.85 else anything)
        together = self._dice.random() < 0.1
        regimens = (chosen, self._dice.choice(anything)) if together else (chosen,)
        dose = self._pathway.regimens[chosen].dose
        entered = {"dose": 60 if dose.unit else "1 g"} if dose is not None and dose.kind == "entered" else {}
        if self._dice.random() < 0.15:
            start = now + timedelta(hours=self._dice.choice((-200, -24, -1, 24, 100)))
            entered["start"] = start.isoformat()
        override = self._overrides() if self._dice.random() < 0.5 else ()
        return Confirm(regimens, entered, reason=self._reason(), override=override)

    def _relapse(self, now: datetime) -> Command:
        return self.record([self._dice.choice(self._answers)], now) if self._answers else self.record([], now)

    def _regimen(self, page: Page) -> str:
        running = [each["regimen"] for each in page["courses"] if each["in_force"]]
        chosen: str = self._dice.choice(running or self._regimens)
        return chosen

    def _reason(self) -> str | None:
        return "a reason" if self._dice.random() < 0.9 else None

    def _overrides(self) -> tuple[str, ...]:
        return tuple(sorted(self._pathway.gates)) if self._dice.random() < 0.6 else ()

    def _value(self, fact: Fact, now: datetime) -> Any:  # noqa: ANN401  (a fact's value may be anything)
        dice = self._dice
        if fact.kind == "bool":
            return dice.random() < self._true
        if fact.kind == "enum":
            good = sorted(fact.improved)
            return dice.choice(good if good and dice.random() < self._improved else fact.values)
        if fact.kind == "set":
            return dice.sample(sorted(fact.values), min(len(fact.values), dice.randint(0, 3)))
        if fact.kind == "date":
            return (now - timedelta(days=dice.randint(0, 60))).date().isoformat()
        assert fact.low is not None
        assert fact.high is not None
        return fact.low + (fact.high - fact.low) * dice.randint(0, 10) / 10


def _can_draw(fact: Fact) -> bool:
    return fact.kind != "number" or (fact.low is not None and fact.high is not None)


_ABOUT: dict[str, Callable[..., Command]] = {
    "task": Chooser._task,
    "dose": Chooser._dose,
    "decision": Chooser._decision,
    "reminder": Chooser._reminder,
}
