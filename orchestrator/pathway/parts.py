"""Of what are the elements of a pathway made? Guards, choices of regimens, derived facts, forms, promises."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestrator.pathway.expression import Expression
from orchestrator.pathway.kinds import Mark


@dataclass(frozen=True, slots=True)
class Guard:
    """``when`` must be true, ``unless`` must not be; what is unknown in ``unless`` holds nothing back."""

    when: Expression
    unless: Expression | None = None

    @property
    def facts(self) -> frozenset[str]:
        """Return the facts that the guard reads."""
        return self.when.facts | (self.unless.facts if self.unless is not None else frozenset())

    @property
    def on_facts_alone(self) -> bool:
        """Return whether the guard reads facts and nothing else."""
        return self.when.on_facts_alone and (self.unless is None or self.unless.on_facts_alone)

    def holds(self, values: Mapping[str, Any], host: object) -> bool:
        """Return whether the guard lets pass now."""
        if self.when.test(values, host) is not True:
            return False
        return self.unless is None or self.unless.test(values, host) is not True

    def unknown(self, values: Mapping[str, Any], host: object) -> frozenset[str]:
        """Return the unknown facts that hold the guard back or would change its outcome."""
        if self.unless is not None and self.unless.test(values, host) is True:
            return frozenset()
        outcome = self.when.test(values, host)
        if outcome is False:
            return frozenset()
        unknown = self.when.missing(values, host) if outcome is None else frozenset()
        return unknown | self.unless.missing(values, host) if self.unless is not None else unknown


@dataclass(frozen=True, slots=True)
class Selector:
    """Which regimens an element speaks of."""

    regimens: frozenset[str]
    text: str

    @property
    def named(self) -> bool:
        """Return whether it names its regimens one by one, and not by what they have in common."""
        return self.text == ", ".join(sorted(self.regimens))

    def __contains__(self, regimen: str) -> bool:
        return regimen in self.regimens


@dataclass(frozen=True, slots=True)
class DerivedRow:
    """One row of a derivation: the fact has this value when the guard holds."""

    value: str
    guard: Guard
    mark: Mark


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a fact follows from others, once one of ``sources`` is recorded; a person's own entry wins.

    since_treatment: the source that must have been recorded after the latest treatment was confirmed, or empty.
    """

    fact: str
    sources: tuple[str, ...]
    since_treatment: str
    rows: tuple[DerivedRow, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Form:
    """What a person looks at before he records a fact: a list to read through, some of it optional."""

    fact: str
    items: tuple[str, ...]
    optional: tuple[str, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Plot:
    """A number that the report shows over time."""

    fact: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A length of time or a number that guards use by its name. text: as written."""

    name: str
    words: str
    value: dt.timedelta | Decimal
    text: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Property:
    """What a pathway promises of every patient, unless an override is on the record. kind: see ``promises.py``."""

    name: str
    words: str
    kind: str
    mark: Mark
    selector: Selector | None = None
    when: Expression | None = None
    unless: Expression | None = None
    save_taper: bool = False
    days: int = 0
    outcomes: frozenset[str] = frozenset()
    check: str = ""
    target: Expression | None = None
    """What has to hold by then, or what is led to."""
    ways: tuple[tuple[Mapping[str, Any], ...], ...] = ()
    """Of what can be closed: facts to record, one time after the other, until a person can go on as proposed."""
