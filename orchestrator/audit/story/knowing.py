"""How is it known? From what a value follows, when it is a person's own entry, and what a move did not wait for."""

from typing import Any

from orchestrator.audit.story.speech import joined, listed, origin, plain
from orchestrator.episode import events as ev
from orchestrator.pathway.model import Mark, Pathway
from orchestrator.pathway.naming import fact_is, fact_label, fact_value, not_recorded
from orchestrator.saying import said


def is_derived(event: ev.FactRecorded) -> bool:
    """Return whether the value follows from other facts; else a person recorded it."""
    return bool(event.rules)


def is_own(event: ev.FactRecorded, pathway: Pathway) -> bool:
    """Return whether a person recorded himself what the pathway would derive; his entry wins."""
    return not is_derived(event) and event.fact in pathway.derivations


def basis(event: ev.FactRecorded, pathway: Pathway) -> list[dict[str, Any]]:
    """Return the facts from which a value follows, as they stood: fact, label, value, words."""
    return [
        {
            "fact": name,
            "label": fact_label(pathway, name),
            "value": plain(value),
            "words": fact_value(pathway, name, value),
        }
        for name, value in _read(event, pathway)
    ]


def _read(event: ev.FactRecorded, pathway: Pathway) -> list[tuple[str, Any]]:
    """Return the facts of the basis in the order of the derivation: an entry at rest does not keep theirs."""
    found = pathway.derivations.get(event.fact)
    sources = () if found is None else found.sources
    return sorted(event.basis.items(), key=lambda pair: sources.index(pair[0]) if pair[0] in sources else len(sources))


def derived_words(event: ev.FactRecorded, pathway: Pathway) -> str:
    """Return from what a value follows, and by which rule."""
    told = listed([fact_is(pathway, name, value) for name, value in _read(event, pathway)])
    rules = ", ".join(event.rules)
    if event.value is None and not told:
        return said("nothing follows any more (%(rules)s)", rules=rules)
    if event.value is None:
        return said("nothing follows from %(told)s (%(rules)s)", told=told, rules=rules)
    return (
        said("derived from %(told)s (%(rules)s)", told=told, rules=rules)
        if told
        else said("derived (%(rules)s)", rules=rules)
    )


def derived_origin(event: ev.FactRecorded, pathway: Pathway) -> dict[str, Any]:
    """Return where a derivation comes from: its rows that give this value from these facts, or as a whole."""
    found = pathway.derivations.get(event.fact)
    if found is None:
        return origin(pathway, Mark(event.rules))
    own, read = frozenset(found.sources), frozenset(event.basis)
    marks = [
        row.mark
        for row in found.rows
        if (row.value, row.mark.rules, row.guard.facts & own) == (event.value, event.rules, read)
    ]
    return origin(pathway, joined(marks or [found.mark]))


def although(missing: tuple[str, ...], pathway: Pathway) -> str:
    """Return what had not been recorded when a move was made all the same; empty when nothing was missing."""
    return said("although %(missing)s", missing=not_recorded(pathway, missing)) if missing else ""
