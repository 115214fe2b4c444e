"""Which facts follow from those that were just recorded? A person's own entry wins (L-08)."""

from collections.abc import Collection
from typing import Any

from orchestrator.episode import events as ev
from orchestrator.episode.draft import Draft
from orchestrator.episode.model import Episode, Recorded
from orchestrator.episode.reminders import reopen_unknown
from orchestrator.pathway.model import Derivation, DerivedRow


def derive(draft: Draft, recorded: Collection[str]) -> None:
    """Record what follows from the facts that were recorded in this entry."""
    for derivation in draft.pathway.derivations.values():
        if derivation.fact not in recorded and set(recorded) & set(derivation.sources):
            _derive(draft, derivation)


def _derive(draft: Draft, derivation: Derivation) -> None:
    current = draft.episode.current(derivation.fact)
    if current is not None and not _gives_way(draft, derivation, current):
        return
    row = ruling(draft, derivation)
    if row is None:
        if current is not None and current.derived and not current.spent:
            reopen_unknown(draft, derivation.fact)
            draft.emit(_event(draft, derivation, None, current))
    elif current is None or current.value != row.value or _newer(draft, derivation, current):
        draft.emit(_event(draft, derivation, row, current))


def _event(draft: Draft, derivation: Derivation, row: DerivedRow | None, current: Recorded | None) -> ev.FactRecorded:
    value, rules = (None, derivation.mark.rules) if row is None else (row.value, row.mark.rules)
    corrects = None if current is None else current.seq
    return ev.FactRecorded(derivation.fact, value, corrects, rules, basis(draft, derivation, row))


def _gives_way(draft: Draft, derivation: Derivation, current: Recorded) -> bool:
    """Return whether the present value may be derived anew: a derived one may. A person's own entry stands while it has
    still to decide, and against anything that was observed before it.
    """
    return current.derived or (current.spent and _newer(draft, derivation, current))


def _newer(draft: Draft, derivation: Derivation, current: Recorded) -> bool:
    """Return whether what the derivation rests on was observed after the present value was recorded."""
    leading = draft.episode.current(derivation.since_treatment or derivation.sources[0])
    return leading is not None and leading.seq > current.seq


def ruling(draft: Draft, derivation: Derivation) -> DerivedRow | None:
    """Return the row that gives the value now; None when none holds, or while what leads is older than treatment."""
    if not recent(draft, derivation):
        return None
    return next((row for row in derivation.rows if row.guard.holds(draft.values, draft.host)), None)


def still_follows(draft: Draft, derivation: Derivation, current: Recorded) -> bool:
    """Return whether a derived value follows from what is known now, or from what was known when it was derived: what
    was observed since does not undo it.
    """
    if _outranked(draft, derivation):
        return False
    then = Draft(draft.pathway, _as_of(draft.episode, current.seq), draft.now)
    rows = (ruling(draft, derivation), ruling(then, derivation))
    return any(row is not None and row.value == current.value for row in rows)


def _outranked(draft: Draft, derivation: Derivation) -> bool:
    """Return whether a person's own entry lies under the derived value, against which nothing was observed since."""
    recordings = draft.episode.facts.get(derivation.fact, ())
    own = next((each for each in reversed(recordings) if not each.derived and not each.expired), None)
    return own is not None and own.value is not None and not _newer(draft, derivation, own)


def _as_of(episode: Episode, entry: int) -> Episode:
    """Return the episode with the facts and courses of the entries up to ``entry`` alone."""
    facts = {
        fact: tuple(each for each in recordings if each.seq <= entry) for fact, recordings in episode.facts.items()
    }
    known = {fact: recordings for fact, recordings in facts.items() if recordings}
    return episode._replace(facts=known, courses=tuple(each for each in episode.courses if each.seq <= entry))


def recent(draft: Draft, derivation: Derivation) -> bool:
    """Return whether what must be newer than the latest treatment is."""
    if not derivation.since_treatment:
        return True
    leading = draft.episode.current(derivation.since_treatment)
    treatments = (each.seq for each in draft.episode.courses if draft.pathway.regimens[each.regimen].treats)
    return leading is not None and leading.seq > max(treatments, default=0)


def basis(draft: Draft, derivation: Derivation, row: DerivedRow | None) -> dict[str, Any]:
    """Return the facts from which it follows: those that the row reads, or all that are known when no row holds."""
    read = frozenset(derivation.sources) if row is None else row.guard.facts
    return {name: draft.values[name] for name in derivation.sources if name in draft.values and name in read}
