"""How does a pathway file become a Pathway? Each kind of element is read strictly, against the shared vocabulary.

A pathway's own file comes after the one that holds for every pathway: tables are added up, and an element of the same
name in the pathway's file takes the place of the shared one.
"""

import datetime as dt
from collections.abc import Collection, Iterator
from functools import partial

from orchestrator.errors import PathwayErrors
from orchestrator.pathway.derived import derivations, forms, plots
from orchestrator.pathway.fields import Fields
from orchestrator.pathway.kinds import CLOSED_STAGE, Mark
from orchestrator.pathway.model import (
    GATE_ACTIONS,
    Check,
    Gate,
    Offer,
    Pathway,
    Replacement,
    Standing,
    StandingRow,
    State,
    Transition,
    WarningRow,
)
from orchestrator.pathway.promises import properties
from orchestrator.pathway.reader import Map
from orchestrator.pathway.sections import Sections
from orchestrator.pathway.terms import name_in, names_in, take_duration, take_mark
from orchestrator.pathway.vocabulary import Vocabulary
from orchestrator.pathway.work import reminders, tasks

_HEAD = ("pathway", "version", "title")
_STANDINGS = tuple(standing.value for standing in Standing if standing is not Standing.ABSENT)
_CAUSES = ("confirmation", "due", "any")


class Builder(Sections):
    """Reads one pathway's file, ``own``, after the one for every pathway, ``common``."""

    def build(self, *, text: str, digest: str) -> Pathway:
        """Return the pathway; raises PathwayErrors with all that is wrong, and what could be read nevertheless."""
        own, words = self.own, self.words
        name, version, title = (self.told("head", partial(own.take, key, str), "") for key in _HEAD)
        source = self.told("head", lambda: name_in(own, "source", own.take("source", str), words.sources, "source"), "")
        self.read_names()
        definitions = self.definitions()
        states = own.each("states", "state", self._state)
        states |= {state.name: state for state in self._closed_states()}
        pathway = Pathway(
            name=name, version=version, title=title, source=source, hash=digest, text=text,
            initial=self.told("states", lambda: self._initial(states), next(iter(states))),
            stages=words.stages, states=states, outcomes=words.outcomes, roles=words.roles,
            permissions=words.permissions, facts=words.facts, regimens=words.regimens,
            lines=self.told("lines", self._lines, {}), lasting=self.told("lasting", self._lasting, frozenset()),
            definitions=definitions, standings=self.every("standings", "standing", self._standing),
            gates=self.told("gates", self._gates, {}),
            warnings=self.every("warnings", "warning", self._warning), warning_texts=words.warnings,
            conflict_warning=words.conflict_warning,
            gate_names=tuple(self.common.take("gates", Map, None) or ()),
            offers=self.every("offers", "offer", self._offer),
            replaces=self.every("replaces", "replacement", self._replacement),
            checks=own.each("checks", "check", self._check),
            transitions=tuple(own.each("transitions", "transition", self._transition).values()),
            tasks=tasks(self), reminders=reminders(self), ladders=words.ladders,
            again=self.told("again", self._again, dt.timedelta(days=1)), sources=words.sources,
            derivations=derivations(self), forms=forms(self), plots=plots(self), values=self.values,
            properties=properties(self),
        )  # fmt: skip
        for part in (self.common, own):
            self.told("head", part.done, None)
        if self.faults.found:
            raise PathwayErrors(self.faults.found, read=pathway, sections=frozenset(self.faults.sections))
        return pathway

    # elements

    def _initial(self, states: Collection[str]) -> str:
        return name_in(self.own, "initial", self.own.take("initial", str), states, "state")

    def _again(self) -> dt.timedelta:
        again = self.words.again
        take_mark(again, self.words.sources, number=True, settable=("after",))
        after = take_duration(again, "after")
        again.done()
        if after is None:
            raise again.error(f"{again.what} says nothing of 'after'", hint="such as after: 24h")
        return after

    def _lasting(self) -> frozenset[str]:
        return frozenset(names_in(self.own, "lasting", self.words.regimens, "regimen"))

    def _state(self, name: str, entry: Fields) -> State:
        stage, slash, rest = name.partition("/")
        if not slash or not rest or stage not in self.words.stages or stage == CLOSED_STAGE:
            raise entry.error(
                f"a state is written stage/state, and '{name}' is not",
                hint=f"stages: {', '.join(self.words.stages)}",
            )
        if self.own_stages[stage] != name:
            raise entry.error(f"stage '{stage}' has two states")
        waits, content = self.optional(entry, "waits"), self.optional(entry, "content")
        return State(name, stage, entry.take("title", str), waits, self.mark(entry), content)

    def _closed_states(self) -> Iterator[State]:
        for outcome in self.words.outcomes:
            yield State(f"{CLOSED_STAGE}/{outcome}", CLOSED_STAGE, f"Closed: {outcome}", None, Mark(("X-12",)))

    def _lines(self) -> dict[str, str]:
        lines = self.own.nested("lines")
        found: dict[str, str] = {}
        for stage in tuple(lines.values):
            with self.faults.noting("lines"):
                name_in(lines, stage, stage, self.own_stages, "stage")
                found |= dict.fromkeys(names_in(lines, stage, self.words.regimens, "regimen"), stage)
        return found

    def _standing(self, entry: Fields) -> StandingRow:
        standing = Standing(name_in(entry, "standing", entry.take("standing", str), _STANDINGS, "standing"))
        selector, stages, guard = self.selector(entry), self.stages(entry), self.guard(entry)
        save, pull = self.save_taper(entry), entry.take("pull", str, "")
        takes = entry.take("takes", str, "")
        if takes:
            name_in(entry, "takes", takes, ("one",), "number to take")
        mark = self.mark(entry, number=True)
        return StandingRow(selector, standing, stages, guard, mark, save, pull, bool(takes))

    def _gates(self) -> dict[str, Gate]:
        order = tuple(self.common.take("gates", Map, None) or ())
        place = {name: index for index, name in enumerate(order)}
        return self.each("gates", "gate", lambda name, entry: self._gate(name, entry, place.get(name, len(order))))

    def _gate(self, name: str, entry: Fields, order: int) -> Gate:
        actions = frozenset(names_in(entry, "action", GATE_ACTIONS, "action"))
        selector = self.nested_selector(entry, "regimens")
        passes, refuses = self.optional(entry, "passes"), self.optional(entry, "refuses")
        minimum = entry.take("minimum_days", int, 0)
        if "confirm" in actions and passes is None:
            raise entry.error(f"{entry.what} says nothing of when it passes", hint="add passes: <guard>")
        if "confirm" not in actions and (passes is not None or refuses is not None):
            said = "passes" if passes is not None else "refuses"
            raise entry.error(f"{entry.what} holds whatever is known: only a gate of confirm {said}", said)
        if "taper" in actions and minimum < 1:
            raise entry.error(f"{entry.what} gives no minimum_days")
        outcomes = frozenset(names_in(entry, "save_outcomes", self.words.outcomes, "outcome"))
        save = self.save_taper(entry)
        return Gate(
            name,
            actions,
            selector,
            passes,
            refuses,
            minimum,
            save,
            outcomes,
            self.mark(entry, number=minimum > 0),
            order,
        )

    def _warning(self, entry: Fields) -> WarningRow:
        name = name_in(entry, "warning", entry.take("warning", str), self.words.warnings, "warning")
        stages, guard = self.stages(entry), self.guard(entry)
        proposing = self.nested_selector(entry, "proposing") if "proposing" in entry.values else None
        otherwise = entry.take("otherwise", bool, default=False)
        if otherwise and proposing is not None:
            raise entry.error(f"{entry.what} cannot be about what is proposed and show where nothing is")
        return WarningRow(name, stages, guard, self.mark(entry, number=True), proposing, otherwise)

    def _offer(self, entry: Fields) -> Offer:
        outcome = name_in(entry, "outcome", entry.take("outcome", str), self.words.outcomes, "outcome")
        guard = self.guard(entry)
        return Offer(outcome, guard, self.mark(entry))

    def _replacement(self, entry: Fields) -> Replacement:
        by, what = self.nested_selector(entry, "by"), self.nested_selector(entry, "what")
        at = name_in(entry, "at", entry.take("at", str), ("start", "confirmation"), "moment")
        return Replacement(by, what, at, self.mark(entry))

    def _check(self, name: str, entry: Fields) -> Check:
        first = entry.take("of", str, "")
        if first:
            name_in(entry, "of", first, ("first-line",), "kind of check")
        selector = None if first else self.selector(entry)
        after = take_duration(entry, "after")
        if not after:
            raise entry.error(f"{entry.what} gives no time after which it falls due")
        ends, opens = entry.take("ends", bool, False), names_in(entry, "opens", self.task_names, "task")
        mark = self.mark(entry, number=True, settable=("after",))
        return Check(name, selector, after, ends, opens, mark)

    def _transition(self, name: str, entry: Fields) -> Transition:
        origins = frozenset(names_in(entry, "from", self.own_stages, "stage"))
        target = name_in(entry, "to", entry.take("to", str), self.own_stages, "stage")
        through = entry.take("through", str, None)
        if through is not None:
            name_in(entry, "through", through, self.own_stages, "stage")
        cause = name_in(entry, "on", entry.take("on", str, "any"), _CAUSES, "cause")
        decides = entry.take("decides", str, None)
        if decides is not None:
            name_in(entry, "decides", decides, self.words.facts, "fact")
        guard = self.guard(entry)
        ends = frozenset(names_in(entry, "ends", self.words.regimens, "regimen"))
        opens = names_in(entry, "opens", self.task_names, "task")
        relapse, tells = entry.take("relapse", bool, False), entry.take("tells_missing", bool, False)
        mark = self.mark(entry)
        return Transition(name, origins, target, through, cause, guard, decides, ends, opens, relapse, mark, tells)


def build(vocabulary: Vocabulary, common: Fields, own: Fields, *, text: str, digest: str) -> Pathway:
    """Return the pathway that the two files define; raises PathwayErrors."""
    return Builder(vocabulary, common, own).build(text=text, digest=digest)
