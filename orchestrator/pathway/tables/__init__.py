"""What does a pathway say, as tables of words? One plain structure: pages, commands and diagrams are made from it.

Pure, and JSON throughout. Every row that carries out a rule has ``rules``, ``sources``, ``local`` (a value of it is
local) and ``settable`` (the keys that a hospital may set). A guard is ``when``, a list of what must hold together
(empty: always), and ``unless``, empty for none.

    source, stages   the pathway's own document, its open stages in order
    regimens         what each regimen is called, by its name
    facts            what it asks about a patient
    definitions, values
                     its named conditions, lengths of time and numbers
    derived, forms   facts that follow from others; what is looked at before one is recorded, and what is plotted
    states, moves, checks
                     the way; moves are numbered as in the diagram
    choices          the decision tables, rows in the order in which they outrank each other
    never_proposed, shown_elsewhere
                     rows about what is never proposed; stages in which rows of other stages hold too
    given, replaced  doses, schedules, tapers; which course takes whose place
    gates, warnings, offers, tasks, reminders, ladders, again
    promises         what holds of every patient
    documents        the sources that its elements rest on
    settings, local  the values that a hospital may set, with their ranges; what else no document gives
"""

from collections.abc import Mapping
from typing import Any

from orchestrator.pathway.elements import elements
from orchestrator.pathway.language.grammar import span
from orchestrator.pathway.model import Pathway, Setting
from orchestrator.pathway.tables import choices, giving, knowing, moving, owing
from orchestrator.pathway.tables.saying import Saying, mark

Json = dict[str, Any]


def tables(pathway: Pathway) -> Json:
    """Return all that a pathway says, in words."""
    saying = Saying(pathway)
    found = {
        "name": pathway.name,
        "version": pathway.version,
        "title": pathway.title,
        "hash": pathway.hash,
        "source": pathway.source,
        "stages": list(saying.own_stages),
        "regimens": saying.titles,
        "facts": knowing.facts(pathway),
        "definitions": knowing.definitions(pathway, saying),
        "values": knowing.values(pathway),
        "derived": knowing.derived(pathway, saying),
        "forms": knowing.forms(pathway, saying),
        "states": moving.states(pathway, saying),
        "moves": moving.moves(pathway, saying),
        "checks": moving.checks(pathway, saying),
        "choices": choices.choices(pathway, saying),
        "never_proposed": choices.never_proposed(pathway, saying),
        "shown_elsewhere": choices.shown_elsewhere(pathway, saying),
        "given": giving.given(pathway, saying),
        "replaced": giving.replaced(pathway, saying),
        "gates": owing.gates(pathway, saying),
        "warnings": owing.warnings(pathway, saying),
        "offers": owing.offers(pathway, saying),
        "tasks": owing.tasks(pathway, saying),
        "reminders": owing.reminders(pathway, saying),
        "ladders": owing.ladders(pathway),
        "again": span(pathway.again),
        "promises": _promises(pathway),
        "settings": [_setting(each) for each in pathway.settings],
        "local": _local(pathway),
    }
    return {**found, "documents": _documents(found, pathway)}


def _promises(pathway: Pathway) -> list[Json]:
    listed = sorted(pathway.properties, key=lambda each: each.name)
    return [{"name": each.name, "words": each.words, **mark(each.mark)} for each in listed]


def _setting(setting: Setting) -> Json:
    return {
        "address": setting.address,
        "words": setting.words,
        "value": setting.value,
        "default": setting.default,
        "low": setting.low,
        "high": setting.high,
        "hospital": setting.hospital,
        "author": setting.author,
        "approver": setting.approver,
        "approved": setting.approved,
    }


def _local(pathway: Pathway) -> list[Json]:
    """Return the elements that no document gives and no hospital may set; of regimens those that are spoken of."""
    names = {name for row in pathway.standings for name in row.selector.regimens}
    return [
        {"kind": each.kind, "name": each.name, "words": each.words, **mark(each.mark)}
        for each in elements(pathway)
        if each.mark.local and not each.mark.settable and (each.kind not in _REGIMEN_PARTS or each.name in names)
    ]


_REGIMEN_PARTS = frozenset({"regimen", "dose", "schedule", "alternative dose"})


def _documents(found: Mapping[str, Any], pathway: Pathway) -> list[Json]:
    """Return the documents that anything told here rests on, with the rules that do."""
    rules: dict[str, set[str]] = {key: set() for key in pathway.sources}
    for row in _rows(found):
        for key in row["sources"]:
            rules[key] |= set(row["rules"])
    return [
        {"key": key, "title": title, "rules": sorted(rules[key], key=_numbered)}
        for key, title in pathway.sources.items()
        if rules[key] or key == pathway.source
    ]


def _numbered(rule: str) -> tuple[str, int]:
    letter, _, number = rule.partition("-")
    return letter, int(number)


def _rows(value: object) -> list[Mapping[str, Any]]:
    """Return everything that has sources, however deep."""
    if isinstance(value, Mapping):
        own = [value] if "sources" in value and "rules" in value else []
        return own + [row for each in value.values() for row in _rows(each)]
    return [row for each in value for row in _rows(each)] if isinstance(value, list) else []
