"""Does every element say what its kind needs? Reminders without a moment, numbers without an origin, empty choices."""

from collections.abc import Iterator

from orchestrator.errors import PathwayError
from orchestrator.pathway.checks.asked import expressions, fault, marked, parts_of, written
from orchestrator.pathway.expression import DURATION, NUMBER, Expression, Literal
from orchestrator.pathway.model import Pathway, ReminderKind, Selector

_NEEDS: dict[str, tuple[str, ...]] = {
    "task": ("task",),
    "course": ("after",),
    "first-line": ("after",),
    "condition": ("guard",),
    "recurring": ("anchors",),
    "waiting": ("after",),
    "unchecked-courses": ("after",),
}
_WRITTEN = {"guard": "when", "anchors": "from"}


def faults(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield the elements that say too little."""
    yield from _reminders(pathway)
    yield from _regimens(pathway)
    yield from _titles(pathway)
    yield from _numbers(pathway)
    yield from _selections(pathway)


def _reminders(pathway: Pathway) -> Iterator[PathwayError]:
    for kind in pathway.reminders.values():
        for need in _NEEDS.get(kind.of, ()):
            if not getattr(kind, need) and not (kind.of == "course" and kind.after_months):
                written = _WRITTEN.get(need, need)
                what = f"reminder '{kind.name}' of {kind.of} says nothing of '{written}'"
                yield fault(what, kind.mark, f"add {written}:")
        if _without_rhythm(kind):
            what = f"reminder '{kind.name}' recurs without a period"
            yield fault(what, kind.mark, "add every: or every_months:, longer than nothing")
    if not pathway.again:
        yield PathwayError("a reminder that fires again at once would never rest", hint="again: {after: 24h}")


def _without_rhythm(kind: ReminderKind) -> bool:
    return kind.of == "recurring" and not kind.every and kind.every_months < 1


def _regimens(pathway: Pathway) -> Iterator[PathwayError]:
    kinds = {regimen.kind for regimen in pathway.regimens.values()}
    for regimen in pathway.regimens.values():
        kind = pathway.reminders.get(regimen.reminder)
        if regimen.schedule is not None and (kind is None or kind.of != "administrations"):
            what = f"regimen '{regimen.name}' names '{regimen.reminder}', which is no reminder of administrations"
            yield fault(what, regimen.mark, "name one with of: administrations")
        if regimen.tapers and regimen.tapers not in kinds:
            what = f"regimen '{regimen.name}' tapers '{regimen.tapers}', which is no kind of regimen"
            yield fault(what, regimen.mark, f"kinds: {', '.join(sorted(kinds))}")


def _titles(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield the regimens that people could read by their identifier alone, or take for another."""
    known: dict[str, str] = {}
    for regimen in pathway.regimens.values():
        other = known.setdefault(regimen.title.casefold(), regimen.name)
        if not regimen.title:
            hint = "add title: the full name of the drug or the measure, without an amount"
            yield fault(f"regimen '{regimen.name}' has no 'title'", regimen.mark, hint)
        elif other != regimen.name:
            what = f"regimen '{regimen.name}' has the title of '{other}': '{regimen.title}'"
            yield fault(what, regimen.mark, "give each a title of its own")


def _numbers(pathway: Pathway) -> Iterator[PathwayError]:
    """Yield the elements whose conditions hold a number that rests on nothing."""
    for element in marked(pathway):
        mark = element.mark
        if not (mark.sources or mark.local) and any(map(_has_number, expressions(element))):
            what = f"a number in a condition of '{_name(element)}' has neither source nor local"
            yield fault(what, mark, "add source: or local: true")


def _has_number(expression: Expression) -> bool:
    """Return whether a condition holds a number of its own; a named value carries its own mark."""
    literals = [each for each in written(expression.tree) if isinstance(each, Literal) and not each.name]
    return any(each.type in (NUMBER, DURATION) for each in literals)


def _selections(pathway: Pathway) -> Iterator[PathwayError]:
    for element in marked(pathway):
        for selector in parts_of(element):
            if isinstance(selector, Selector) and not selector.regimens:
                what = f"'{_name(element)}' speaks of {selector.text}, and there is none"
                yield fault(what, element.mark, "name regimens, or drop it")


def _name(element: object) -> str:
    """Return what people call an element: its name, or what its row speaks of."""
    for key in ("name", "outcome"):
        if hasattr(element, key):
            return str(getattr(element, key))
    for key in ("selector", "by"):
        if hasattr(element, key):
            return str(getattr(element, key).text)
    return type(element).__name__
