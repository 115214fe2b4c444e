"""How does a pathway file become a Pathway? Each kind of element is read strictly, against the shared vocabulary.

A pathway's own file comes after the one that holds for every pathway: tables are added up, and an element of the same
name in the pathway's file takes the place of the shared one.
"""

import dataclasses
from collections.abc import Iterator

from orchestrator.pathway.expression import Expression, Scope, parse
from orchestrator.pathway.fields import Fields
from orchestrator.pathway.host import scope
from orchestrator.pathway.kinds import CLOSED_STAGE, Mark
from orchestrator.pathway.model import (
    Anchor,
    Check,
    Definition,
    Gate,
    Guard,
    Offer,
    Pathway,
    ReminderKind,
    Replacement,
    Selector,
    Standing,
    StandingRow,
    State,
    TaskKind,
    Transition,
    Until,
    WarningRow,
)
from orchestrator.pathway.reader import Map, Seq
from orchestrator.pathway.terms import duration, name_in, names_in, take_duration, take_durations, take_mark
from orchestrator.pathway.vocabulary import Vocabulary, entries

_REMINDER_OF = (
    "task", "tasks", "administrations", "steps", "taper-ends", "course", "first-line", "condition", "recurring",
    "waiting", "concerns", "unchecked-courses",
)  # fmt: skip
_STANDINGS = tuple(standing.value for standing in Standing if standing is not Standing.ABSENT)
_GATE_ACTIONS = ("confirm", "taper", "stop", "close")
_CAUSES = ("confirmation", "due", "any")


class Builder:
    """Reads one pathway's file, ``own``, after the one for every pathway, ``common``."""

    def __init__(self, vocabulary: Vocabulary, common: Fields, own: Fields) -> None:
        self.words, self.common, self.own = vocabulary, common, own
        self.kinds = frozenset(regimen.kind for regimen in vocabulary.regimens.values())
        self.own_stages: dict[str, str] = {}
        self.checks: dict[str, tuple[Fields, Mark]] = {}

    def build(self, *, text: str, digest: str) -> Pathway:
        """Return the pathway; raises PathwayError with file and line."""
        own, words = self.own, self.words
        name, version, title = own.take("pathway", str), own.take("version", str), own.take("title", str)
        source = name_in(own, "source", own.take("source", str), words.sources, "source")
        self._read_names()
        definitions = self._definitions()
        states = dict(self._states())
        states |= {state.name: state for state in self._closed_states()}
        again = words.again
        take_mark(again, words.sources, number=True, settable=("after",))
        pathway = Pathway(
            name=name, version=version, title=title, source=source, hash=digest, text=text,
            initial=name_in(own, "initial", own.take("initial", str), states, "state"),
            stages=words.stages, states=states, outcomes=words.outcomes, roles=words.roles,
            permissions=words.permissions, facts=words.facts, regimens=words.regimens, lines=self._lines(),
            lasting=frozenset(names_in(own, "lasting", words.regimens, "regimen")),
            definitions=definitions, standings=tuple(self._standings()), gates=self._gates(),
            warnings=tuple(self._warnings()), warning_texts=words.warnings, conflict_warning=words.conflict_warning,
            gate_names=tuple(self.common.take("gates", Map, None) or ()), offers=tuple(self._offers()),
            replaces=tuple(self._replaces()), checks=dict(self._checks()), transitions=tuple(self._transitions()),
            tasks=self._tasks(), reminders=self._reminders(), ladders=words.ladders,
            again=duration(again.take("after", str)), sources=words.sources,
        )  # fmt: skip
        self.common.done()
        own.done()
        return pathway

    # names first: guards may speak of anything in the file, whatever its place

    def _read_names(self) -> None:
        states = self.own.nested("states").values
        self.own_stages = {name.split("/")[0]: name for name in states}
        checks = tuple(self.own.take("checks", Map, None) or ())
        self.task_names = tuple(name for part in (self.common, self.own) for name, _ in entries(part, "tasks", "task"))
        response = next((fact for fact in self.words.facts.values() if fact.of_courses), None)
        self.vocabularies = {
            "regimen": tuple(self.words.regimens),
            "kind": tuple(self.kinds),
            "fact": tuple(self.words.facts),
            "task": self.task_names,
            "stage": tuple(self.words.stages),
            "check": checks,
            "response": response.values if response else (),
        }
        self.scope: Scope = scope(self.words.facts, self.vocabularies, {})

    def _definitions(self) -> dict[str, Definition]:
        found: dict[str, Definition] = {}
        for name, entry in entries(self.own, "definitions", "definition"):
            expression = dataclasses.replace(self._expression(entry, "when"), own_words=entry.take("words", str))
            found[name] = Definition(name, expression.words, expression, take_mark(entry, self.words.sources))
            entry.done()
            self.scope = scope(
                self.words.facts, self.vocabularies, {each.name: each.expression for each in found.values()}
            )
        return found

    # small readers

    def _expression(self, entry: Fields, key: str) -> Expression:
        return self._parsed(entry, key, entry.take(key, str))

    def _optional(self, entry: Fields, key: str) -> Expression | None:
        text = entry.take(key, str, None)
        return None if text is None else self._parsed(entry, key, text)

    def _parsed(self, entry: Fields, key: str, text: str) -> Expression:
        return parse(text, self.scope, file=entry.file, line=entry.line_of(key))

    def _guard(self, entry: Fields) -> Guard:
        return Guard(self._expression(entry, "when"), self._optional(entry, "unless"))

    def _selector(self, entry: Fields) -> Selector:
        """Read ``regimen``, ``regimens``, ``kind``, ``immunotherapy`` or ``tapers``, whichever is there;
        exactly one must be.
        """
        regimens = self.words.regimens
        named = frozenset(
            names_in(entry, "regimen", regimens, "regimen") + names_in(entry, "regimens", regimens, "regimen")
        )
        kind, immunotherapy, tapers = (
            entry.take("kind", str, None),
            entry.take("immunotherapy", bool, None),
            entry.take("tapers", str, None),
        )
        given = [each for each in (named or None, kind, immunotherapy, tapers) if each is not None]
        if len(given) != 1:
            raise entry.error(f"{entry.what} must name regimens, or one kind or attribute of them")
        if named:
            return Selector(named, ", ".join(sorted(named)))
        if kind is not None:
            name_in(entry, "kind", kind, self.kinds, "kind of regimen")
            return Selector(frozenset(each.name for each in regimens.values() if each.kind == kind), f"every {kind}")
        if tapers is not None:
            return Selector(
                frozenset(each.name for each in regimens.values() if each.tapers == tapers), f"a taper of a {tapers}"
            )
        return Selector(frozenset(each.name for each in regimens.values() if each.immunotherapy), "every immunotherapy")

    def _nested_selector(self, entry: Fields, key: str) -> Selector:
        nested = entry.nested(key)
        selector = self._selector(nested)
        nested.done()
        return selector

    def _stages(self, entry: Fields, key: str = "in") -> frozenset[str]:
        names = names_in(entry, key, self.words.stages, "stage")
        return frozenset(names) or frozenset(self.words.stages) - {CLOSED_STAGE}

    def _stage(self, entry: Fields, key: str) -> str | None:
        name = entry.take(key, str, None)
        return None if name is None else name_in(entry, key, name, self.words.stages, "stage")

    def _ladder(self, entry: Fields, key: str = "ladder", default: str = "standard") -> str:
        return name_in(entry, key, entry.take(key, str, default), self.words.ladders, "ladder")

    def _mark(self, entry: Fields, *, number: bool = False, settable: tuple[str, ...] = ()) -> Mark:
        mark = take_mark(entry, self.words.sources, number=number, settable=settable)
        entry.done()
        return mark

    def _rows(self, key: str, what: str) -> Iterator[Fields]:
        """Yield the rows under ``key`` of the shared file, then of the pathway's."""
        for part in (self.common, self.own):
            table = part.take(key, Seq, None)
            for index, value in enumerate(table or ()):
                yield Fields(value, part.file, what, line=table.line_of(index) if table is not None else 0)

    def _named(self, key: str, what: str) -> dict[str, Fields]:
        """Return the named entries of the shared file, in its order,
        each replaced by the pathway's own of that name.
        """
        found: dict[str, Fields | None] = {}
        for part in (self.common, self.own):
            table = part.take(key, Map, None)
            for name, value in (table or {}).items():
                line = table.line_of(name) if table is not None else 0
                found[name] = None if value is None else Fields(value, part.file, f"{what} '{name}'", line=line)
        return {name: entry for name, entry in found.items() if entry is not None}

    # elements

    def _states(self) -> Iterator[tuple[str, State]]:
        for name, entry in entries(self.own, "states", "state"):
            stage, slash, rest = name.partition("/")
            if not slash or not rest or stage not in self.words.stages or stage == CLOSED_STAGE:
                raise entry.error(
                    f"a state is written stage/state, and '{name}' is not",
                    hint=f"stages: {', '.join(self.words.stages)}",
                )
            if self.own_stages[stage] != name:
                raise entry.error(f"stage '{stage}' has two states")
            waits = self._optional(entry, "waits")
            yield name, State(name, stage, entry.take("title", str), waits, self._mark(entry))

    def _closed_states(self) -> Iterator[State]:
        for outcome in self.words.outcomes:
            yield State(f"{CLOSED_STAGE}/{outcome}", CLOSED_STAGE, f"Closed: {outcome}", None, Mark(("X-12",)))

    def _lines(self) -> dict[str, str]:
        lines = self.own.nested("lines")
        found: dict[str, str] = {}
        for stage in tuple(lines.values):
            name_in(lines, stage, stage, self.own_stages, "stage")
            found |= dict.fromkeys(names_in(lines, stage, self.words.regimens, "regimen"), stage)
        return found

    def _standings(self) -> Iterator[StandingRow]:
        for entry in self._rows("standings", "standing"):
            standing = Standing(name_in(entry, "standing", entry.take("standing", str), _STANDINGS, "standing"))
            selector, stages, guard = self._selector(entry), self._stages(entry), self._guard(entry)
            save, pull = self._save_taper(entry), entry.take("pull", str, "")
            yield StandingRow(selector, standing, stages, guard, self._mark(entry, number=True), save, pull)

    def _save_taper(self, entry: Fields) -> bool:
        save = entry.take("save", str, "")
        if save:
            name_in(entry, "save", save, ("taper-of-given",), "exemption")
        return bool(save)

    def _gates(self) -> dict[str, Gate]:
        order = tuple(self.common.take("gates", Map, None) or ())
        return {
            name: self._gate(name, entry, order.index(name) if name in order else len(order))
            for name, entry in self._named("gates", "gate").items()
        }

    def _gate(self, name: str, entry: Fields, order: int) -> Gate:
        actions = frozenset(names_in(entry, "action", _GATE_ACTIONS, "action"))
        selector = self._nested_selector(entry, "regimens")
        passes, refuses = self._optional(entry, "passes"), self._optional(entry, "refuses")
        minimum = entry.take("minimum_days", int, 0)
        if "confirm" in actions and passes is None:
            raise entry.error(f"{entry.what} says nothing of when it passes", hint="add passes: <guard>")
        if "taper" in actions and minimum < 1:
            raise entry.error(f"{entry.what} gives no minimum_days")
        outcomes = frozenset(names_in(entry, "save_outcomes", self.words.outcomes, "outcome"))
        save = self._save_taper(entry)
        return Gate(
            name,
            actions,
            selector,
            passes,
            refuses,
            minimum,
            save,
            outcomes,
            self._mark(entry, number=minimum > 0),
            order,
        )

    def _warnings(self) -> Iterator[WarningRow]:
        for entry in self._rows("warnings", "warning"):
            name = name_in(entry, "warning", entry.take("warning", str), self.words.warnings, "warning")
            stages, guard = self._stages(entry), self._guard(entry)
            yield WarningRow(name, stages, guard, self._mark(entry, number=True))

    def _offers(self) -> Iterator[Offer]:
        for entry in self._rows("offers", "offer"):
            outcome = name_in(entry, "outcome", entry.take("outcome", str), self.words.outcomes, "outcome")
            guard = self._guard(entry)
            yield Offer(outcome, guard, self._mark(entry))

    def _replaces(self) -> Iterator[Replacement]:
        for entry in self._rows("replaces", "replacement"):
            by, what = self._nested_selector(entry, "by"), self._nested_selector(entry, "what")
            at = name_in(entry, "at", entry.take("at", str), ("start", "confirmation"), "moment")
            yield Replacement(by, what, at, self._mark(entry))

    def _checks(self) -> Iterator[tuple[str, Check]]:
        for name, entry in entries(self.own, "checks", "check"):
            selector = self._selector(entry)
            after = take_duration(entry, "after")
            if not after:
                raise entry.error(f"{entry.what} gives no time after which it falls due")
            ends, opens = entry.take("ends", bool, False), names_in(entry, "opens", self.task_names, "task")
            mark = self._mark(entry, number=True, settable=("after",))
            yield name, Check(name, selector, after, ends, opens, mark)

    def _transitions(self) -> Iterator[Transition]:
        for name, entry in entries(self.own, "transitions", "transition"):
            origins = frozenset(names_in(entry, "from", self.own_stages, "stage"))
            target = name_in(entry, "to", entry.take("to", str), self.own_stages, "stage")
            through = entry.take("through", str, None)
            if through is not None:
                name_in(entry, "through", through, self.own_stages, "stage")
            cause = name_in(entry, "on", entry.take("on", str, "any"), _CAUSES, "cause")
            decides = entry.take("decides", str, None)
            if decides is not None:
                name_in(entry, "decides", decides, self.words.facts, "fact")
            guard = self._guard(entry)
            ends = frozenset(names_in(entry, "ends", self.words.regimens, "regimen"))
            opens = names_in(entry, "opens", self.task_names, "task")
            relapse = entry.take("relapse", bool, False)
            mark = self._mark(entry)
            yield Transition(name, origins, target, through, cause, guard, decides, ends, opens, relapse, mark)

    def _tasks(self) -> dict[str, TaskKind]:
        return {name: self._task(name, entry) for name, entry in self._named("tasks", "task").items()}

    def _task(self, name: str, entry: Fields) -> TaskKind:
        due = take_duration(entry, "due")
        due_local = entry.take("due_local", bool, False)
        of = entry.take("of", str, "")
        if of:
            name_in(entry, "of", of, ("administration",), "kind of task")
        guards = self._conditions(entry)
        title, entering = entry.take("title", str), self._stage(entry, "entering")
        ladder, reminder = self._ladder(entry), entry.take("reminder", str, None)
        mark = self._mark(entry, number=due is not None and not due_local, settable=("due",))
        if due_local:  # the old way to say it
            mark = dataclasses.replace(mark, settable=("due",))
        return TaskKind(name, title, due, ladder, reminder, entering, guards, mark, bool(of))

    def _conditions(self, entry: Fields) -> tuple[Guard, ...]:
        """Read ``when``, one condition or a list of them, and ``unless``, which holds for each."""
        unless = self._optional(entry, "unless")
        texts = entry.texts("when", ()) or (("true",) if unless is not None else ())
        return tuple(Guard(self._parsed(entry, "when", text), unless) for text in texts)

    def _reminders(self) -> dict[str, ReminderKind]:
        return {name: self._reminder(name, entry) for name, entry in self._named("reminders", "reminder").items()}

    def _reminder(self, name: str, entry: Fields) -> ReminderKind:
        of = name_in(entry, "of", entry.take("of", str), _REMINDER_OF, "kind of reminder")
        selected = of == "course"
        return ReminderKind(
            name=name, title=entry.take("title", str), of=of, ladder=self._ladder(entry),
            selector=self._selector(entry) if selected else None,
            after=take_durations(entry, "after"), every=take_duration(entry, "every"),
            every_months=entry.take("every_months", int, 0), overdue=take_duration(entry, "overdue"),
            overdue_ladder=self._ladder(entry, "overdue_ladder"), until=self._until(entry),
            guard=self._guard(entry) if of == "condition" else None, anchors=tuple(self._anchors(entry)),
            stages=self._stages(entry), task=self._task_name(entry, "task"), opens=self._task_name(entry, "opens"),
            ends_with_course=entry.take("ends_with_course", bool, False),
            mark=self._mark(entry, number=True, settable=("after", "every", "every_months", "overdue")),
        )  # fmt: skip

    def _task_name(self, entry: Fields, key: str) -> str | None:
        name = entry.take(key, str, None)
        return None if name is None else name_in(entry, key, name, self.task_names, "task")

    def _until(self, entry: Fields) -> Until | None:
        table = entry.take("until", Map, None)
        if table is None:
            return None
        until = Fields(table, entry.file, f"'until' of {entry.what}")
        fact, task = until.take("recorded", str, None), until.take("completed", str, None)
        if (fact is None) == (task is None):
            raise until.error(f"{until.what} must be one of recorded and completed")
        if fact is not None:
            name_in(until, "recorded", fact, self.words.facts, "fact")
        if task is not None:
            name_in(until, "completed", task, self.task_names, "task")
        previous = (
            name_in(until, "since", until.take("since", str, "previous"), ("previous",), "moment")
            if "since" in until.values
            else None
        )
        until.done()
        return Until(fact, task, previous is not None)

    def _anchors(self, entry: Fields) -> Iterator[Anchor]:
        table = entry.take("from", Seq, None)
        for index, value in enumerate(table or ()):
            anchor = Fields(value, entry.file, "anchor", line=table.line_of(index) if table is not None else 0)
            course = anchor.take("course", str, None)
            if course is not None:
                name_in(anchor, "course", course, self.words.regimens, "regimen")
            stage = self._stage(anchor, "entering")
            anchor.done()
            yield Anchor(course, stage)


def build(vocabulary: Vocabulary, common: Fields, own: Fields, *, text: str, digest: str) -> Pathway:
    """Return the pathway that the two files define; raises PathwayError."""
    return Builder(vocabulary, common, own).build(text=text, digest=digest)
