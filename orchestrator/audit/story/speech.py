"""How is a thing called in a story? Titles, values and spans in words, and where each comes from."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from orchestrator.audit.seal import instant
from orchestrator.pathway.kinds import stage_of
from orchestrator.pathway.model import Mark, Pathway
from orchestrator.pathway.naming import regimen_title
from orchestrator.saying import Said, said
from orchestrator.saying import joined as in_a_row

SOURCED, LOCAL, MIXED, UNSTATED = "sourced", "local", "mixed", "unstated"


def origin(pathway: Pathway, mark: Mark, *, local: bool = False) -> dict[str, Any]:
    """Return where an element comes from.

    kind: sourced (a document says so), local (no document does; a hospital may change it), mixed (a document, with
    local values in it) or unstated (the pathway's own structure). local: a value in it is local whatever the mark says.
    """
    is_local = mark.local or local
    kind = (MIXED if is_local else SOURCED) if mark.sources else LOCAL if is_local else UNSTATED
    sources = [{"key": key, "title": pathway.sources.get(key, key)} for key in mark.sources]
    return {"kind": kind, "rules": list(mark.rules), "sources": sources}


def joined(marks: Sequence[Mark]) -> Mark:
    """Return the mark of elements that are told as one."""
    rules = tuple(dict.fromkeys(rule for mark in marks for rule in mark.rules))
    sources = tuple(dict.fromkeys(source for mark in marks for source in mark.sources))
    return Mark(rules, sources, any(mark.local for mark in marks))


def plain(value: object) -> Any:  # noqa: ANN401  # JSON
    """Return any value of an event or a command as JSON: decimals, dates and moments as text, sets sorted."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, dt.datetime):
        return instant(value.astimezone(dt.UTC))
    if isinstance(value, Decimal | dt.date):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, Sequence) else str(value)


def seconds(begin: dt.datetime, end: dt.datetime) -> int:
    """Return the whole seconds from one moment to another."""
    return round((end - begin).total_seconds())


def span(length: int) -> str:
    """Return seconds in words, by the two largest units: ``3 d 4 h``, ``12 min``, ``0 min``."""
    minutes = abs(length) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    parts = [f"{count} {unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes % 60, "min")) if count]
    return " ".join(parts[:2]) or "0 min"


def state_title(pathway: Pathway, state: str) -> str:
    """Return the title of a state; its name when this version does not know it."""
    found = pathway.states.get(state)
    return found.title if found else state


def stage_title(state: str) -> str:
    """Return the stage of a state in words."""
    return said(stage_of(state).replace("-", " "))


def task_title(pathway: Pathway, task: str) -> str:
    """Return the title of a task; its name when this version does not know it."""
    found = pathway.tasks.get(task)
    return found.title if found else task


def reminder_title(pathway: Pathway, name: str) -> str:
    """Return the title of a reminder; its name when this version does not know it."""
    found = pathway.reminders.get(name)
    return found.title if found else name


def about(pathway: Pathway, subject: str) -> str:
    """Return what a reminder's subject is: a task's title, that of a course's regimen, or empty."""
    if subject in pathway.tasks:
        return task_title(pathway, subject)
    regimen = subject.rpartition(" ")[0] or subject
    return regimen_title(pathway, regimen) if regimen in pathway.regimens else said(regimen)


def reminder_words(pathway: Pathway, name: str, subject: str) -> str:
    """Return what a reminder asks for, and of what."""
    what = about(pathway, subject)
    title = reminder_title(pathway, name)
    return Said(f"{title} ({what})", "%(title)s (%(what)s)", {"title": title, "what": what}) if what else title


def amount(value: str | None, unit: str | None) -> str:
    """Return a dose in words; empty when there is none."""
    return "" if value is None else f"{value} {unit or ''}".rstrip()


def listed(names: Sequence[str]) -> str:
    """Return names as one enumerates them: ``a, b and c``."""
    if len(names) <= 1:
        return names[0] if names else ""
    return said("%(most)s and %(last)s", most=in_a_row(", ", names[:-1]), last=names[-1])
