"""What is known of the patient, and how? What follows from what now, and what is looked at before it is recorded?"""

from typing import Any

from orchestrator.episode.codec import plain
from orchestrator.episode.derive import basis, recent, ruling
from orchestrator.episode.draft import Draft
from orchestrator.episode.model import Recorded
from orchestrator.pathway.kinds import Mark
from orchestrator.pathway.model import Derivation, DerivedRow, Guard
from orchestrator.pathway.naming import fact_is, fact_label
from orchestrator.saying import joined, said

Json = dict[str, Any]
OWN = said("own entry, not derived")


def mark_json(mark: Mark) -> Json:
    """Return where an element comes from: rules, sources, local."""
    return {"rules": list(mark.rules), "sources": list(mark.sources), "local": mark.local}


def facts(draft: Draft) -> Json:
    """Return the known facts by name.

    derived: it follows from other facts; own: a person recorded what the pathway would derive, and his entry stands;
    how: either in words, None for a fact that is not derived on this pathway.
    """
    made: Json = {}
    for name in sorted(draft.episode.facts):
        current = draft.episode.current(name)
        if current is not None:
            fact = draft.pathway.facts[name]
            made[name] = {
                "value": _readable(current.value), "label": fact.label, "unit": fact.unit,
                "at": current.at.isoformat(), "seq": current.seq, "spent": current.spent, **_how(draft, name, current),
            }  # fmt: skip
    return made


def _readable(value: object) -> object:
    """Return a fact's value as people and forms have it:
    a number as text, a set as a sorted list, a date as ISO text.
    """
    encoded = plain(value)
    return next(iter(encoded.values())) if isinstance(encoded, dict) else encoded


def _how(draft: Draft, name: str, current: Recorded) -> Json:
    derivation = draft.pathway.derivations.get(name)
    if derivation is None:
        return {"derived": False, "own": False, "how": None}
    how = _follows(draft, derivation, current) if current.derived else OWN
    return {"derived": current.derived, "own": not current.derived, "how": how}


def _follows(draft: Draft, derivation: Derivation, current: Recorded) -> str:
    """Return from what a derived value follows, as far as that still stands."""
    row = ruling(draft, derivation)
    if row is None or row.value != current.value:
        rules = ", ".join(derivation.mark.rules)
        return said("derived (%(rules)s) from what stood in entry %(n)s", rules=rules, n=current.seq)
    held = [fact_is(draft.pathway, name, value) for name, value in basis(draft, derivation, row).items()]
    rules = ", ".join(row.mark.rules)
    if not held:
        return said("derived (%(rules)s)", rules=rules)
    *most, last = held
    told = said("%(most)s and %(last)s", most=joined(", ", most), last=last) if most else last
    return said("derived from %(told)s (%(rules)s)", told=told, rules=rules)


def derivations(draft: Draft) -> list[Json]:
    """Return how facts follow from others, as the rows stand now; nothing for a closed episode.

    value: of the fact now, None while unknown; derived, own: as in ``facts``; awaits_new: what must be recorded anew
    before anything follows, since it is older than the latest treatment, or None. A row's holds: true, false, or None
    while facts are missing; now: by this row the value is derived.
    """
    return [] if draft.episode.closed else [_derivation(draft, each) for each in draft.pathway.derivations.values()]


def _derivation(draft: Draft, derivation: Derivation) -> Json:
    current, row = draft.episode.current(derivation.fact), ruling(draft, derivation)
    derived = current is not None and current.derived
    return {
        "fact": derivation.fact, "label": fact_label(draft.pathway, derivation.fact),
        "value": None if current is None else current.value, "derived": derived,
        "own": current is not None and not current.derived,
        "from": [fact_label(draft.pathway, name) for name in derivation.sources],
        "awaits_new": None if recent(draft, derivation) else fact_label(draft.pathway, derivation.since_treatment),
        "rows": [_row(draft, each, now=derived and each is row) for each in derivation.rows],
        **mark_json(derivation.mark),
    }  # fmt: skip


def _row(draft: Draft, row: DerivedRow, *, now: bool) -> Json:
    unless = row.guard.unless.words if row.guard.unless is not None else None
    return {
        "value": row.value, "words": row.guard.when.words, "unless": unless, "holds": _truth(draft, row.guard),
        "now": now, **mark_json(row.mark),
    }  # fmt: skip


def _truth(draft: Draft, guard: Guard) -> bool | None:
    if guard.unless is not None and guard.unless.test(draft.values, draft.host) is True:
        return False
    return guard.when.test(draft.values, draft.host)


def forms(draft: Draft) -> list[Json]:
    """Return what a person looks at before he records a fact that is missing now: items to read through, optional."""
    return [
        {
            "fact": form.fact, "label": fact_label(draft.pathway, form.fact), "items": list(form.items),
            "optional": list(form.optional), **mark_json(form.mark),
        }
        for form in draft.pathway.forms.values()
        if form.fact in draft.missing
    ]  # fmt: skip


def asks(draft: Draft, task: str, opened: int) -> list[Json]:
    """Return the facts that a task is there to have recorded. recorded: since it opened, in entry ``opened``."""
    made = []
    for name in draft.pathway.tasks[task].asks:
        current = draft.episode.current(name)
        recorded = current is not None and current.seq >= opened
        made.append({"fact": name, "label": fact_label(draft.pathway, name), "recorded": recorded})
    return made
