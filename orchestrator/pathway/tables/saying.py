"""How is a part of an element said? Guards, origins, stages and the regimens that it speaks of, for one pathway."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Any

from orchestrator.pathway.expression import Expression
from orchestrator.pathway.host import regimen_labels
from orchestrator.pathway.kinds import CLOSED_STAGE, Mark
from orchestrator.pathway.language.grammar import listed, span, together
from orchestrator.pathway.language.words import parts_of, words_of
from orchestrator.pathway.model import Check, Guard, Pathway, Selector

Json = dict[str, Any]
_ALWAYS, _EVERY = "always", "every "


class Saying:
    """The words of one pathway. A check is said with its time: ``day-3 (72 hours after … began)``."""

    def __init__(self, pathway: Pathway) -> None:
        self.pathway = pathway

    @cached_property
    def labels(self) -> dict[str, str]:
        """The words for names: facts by their labels, regimens by their titles, checks with their times."""
        facts = {fact.name: fact.label for fact in self.pathway.facts.values()}
        checks = {f"check {each.name}": f"{each.name} ({self.check(each)})" for each in self.pathway.checks.values()}
        return facts | checks | regimen_labels(self.titles)

    @cached_property
    def titles(self) -> dict[str, str]:
        """What each regimen is called, in the order of the vocabulary."""
        return {name: each.called for name, each in self.pathway.regimens.items()}

    def check(self, check: Check) -> str:
        """Return when a check falls due."""
        what = "the first treatment" if check.selector is None else self.course_of(check.selector)
        return f"{span(check.after)} after {what} began"

    def expression(self, expression: Expression | None) -> str:
        """Return a condition in words; empty for none."""
        return "" if expression is None else words_of(expression.tree, self.labels)

    def guard(self, guard: Guard) -> Json:
        """Return what must hold, part by part (nothing for what always holds), and what must not: when, unless."""
        parts = [text for text in parts_of(guard.when.tree, self.labels) if text != _ALWAYS]
        return {"when": parts, "unless": self.expression(guard.unless)}

    def sentence(self, guard: Guard) -> str:
        """Return a guard as one text; empty for what always holds."""
        said = self.guard(guard)
        when = together(said["when"])
        return f"{when}{', ' if when else ''}unless {said['unless']}" if said["unless"] else when

    def stages(self, stages: Collection[str]) -> list[str]:
        """Return the pathway's own stages among these, in their order; none where it is all that are open."""
        own = [name for name in self.own_stages if name in stages]
        return [] if len(own) == len(self.own_stages) else own

    @cached_property
    def own_stages(self) -> tuple[str, ...]:
        """The open stages in which the pathway has a state, in order."""
        used = {state.stage for state in self.pathway.states.values()} - {CLOSED_STAGE}
        return tuple(name for name in self.pathway.stages if name in used)

    def regimens(self, names: Iterable[str]) -> list[str]:
        """Return regimens in the order of the vocabulary."""
        wanted = frozenset(names)
        return [name for name in self.pathway.regimens if name in wanted]

    def called(self, names: Iterable[str]) -> list[str]:
        """Return the titles of regimens in the order of the vocabulary."""
        return [self.titles[name] for name in self.regimens(names)]

    def any_of(self, selector: Selector) -> str:
        """Return one of the regimens that an element speaks of: ``One or Other``, ``any KIND``."""
        if selector.text.startswith(_EVERY):
            return f"any {selector.text.removeprefix(_EVERY)}"
        return listed(self.called(selector.regimens), "or") if selector.named else selector.text

    def course_of(self, selector: Selector) -> str:
        """Return what is begun: ``One or Other``, ``a course of KIND``."""
        kind = selector.text.removeprefix(_EVERY)
        return self.any_of(selector) if kind == selector.text else f"a course of {kind}"


def mark(found: Mark) -> Json:
    """Return where an element comes from. settable: its keys that a hospital may set."""
    return {
        "rules": list(found.rules),
        "sources": list(found.sources),
        "local": found.local or bool(found.settable),
        "settable": list(found.settable),
    }


def spans(lengths: Sequence[dt.timedelta]) -> str:
    """Return one or several times in words: ``72 hours``, ``7, 14 and 21 days``."""
    said = [span(each) for each in lengths]
    units = {text.partition(" ")[2] for text in said}
    if len(units) == 1 and len(said) > 1:
        unit = units.pop()
        return f"{listed([text.partition(' ')[0] for text in said], 'and')} {unit}"
    return listed(said, "and") if said else ""
