"""Which values of this story does no document give, and who set them? What a hospital is expected to look at."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestrator.audit.story.speech import LOCAL, MIXED
from orchestrator.pathway.expression import Literal, walk
from orchestrator.pathway.model import Guard, Pathway, Setting

_LOCAL = frozenset({LOCAL, MIXED})

Row = tuple[str, str, Sequence[str]]
"""What, its value in words, the rules."""


def local_values(story: Mapping[str, Any], pathway: Pathway) -> list[dict[str, Any]]:
    """Return what is local of what this story shows, each once: first the values that a hospital may set.

    Each: what, value, rules, address, default, range (in words), hospital (whose value it is, empty for the pathway's
    own) and set_by (in words). Of what is local as such and cannot be set, the last five are empty.
    """
    found: dict[str, dict[str, Any]] = {}
    names = dict(_courses(story))
    shown = {*names, *_work(story, pathway), *_guarded(story, pathway)}
    for setting in pathway.settings:
        if setting.address in shown:
            what = names.get(setting.address, setting.words)
            found.setdefault(what, _row(what, setting))
    for what, value, rules in (*_standings(story), *_reminders(story), *_moves(story)):
        found.setdefault(
            what,
            {
                "what": what, "value": value, "rules": list(rules), "address": "", "default": "", "range": "",
                "hospital": "", "set_by": "",
            },
        )  # fmt: skip
    return list(found.values())


def _row(what: str, setting: Setting) -> dict[str, Any]:
    return {
        "what": what, "value": setting.value, "rules": list(setting.rules), "address": setting.address,
        "default": setting.default, "range": setting.range, "hospital": setting.hospital, "set_by": setting.set_by,
    }  # fmt: skip


# values within a range, by address


def _courses(story: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the addresses of what is local in the courses, and what each is called there."""
    for course in story["courses"]:
        for each in course["origin"]["local"]:
            yield each["address"], f"{course['title']}: {each['what']}"


def _work(story: Mapping[str, Any], pathway: Pathway) -> Iterator[str]:
    """Yield the addresses of times: of tasks, of reminders and the ladders that they climb, of checks."""
    addresses = [setting.address for setting in pathway.settings]
    shown = [("tasks", task["name"]) for task in story["tasks"]]
    for reminder in story["reminders"]:
        shown += [("reminders", reminder["name"]), ("ladders", reminder["ladder"])]
        if reminder["firings"]:
            yield "again.after"
    given = {course["regimen"] for course in story["courses"]}
    for check in pathway.checks.values():
        if check.selector is None or given & check.selector.regimens:
            shown.append(("checks", check.name))
    starts = tuple(f"{section}.{name}." for section, name in shown)
    yield from (address for address in addresses if address.startswith(starts))


def _guarded(story: Mapping[str, Any], pathway: Pathway) -> Iterator[str]:
    """Yield the addresses of the named values by which something in the story was decided."""
    warnings = {each["name"] for decision in story["decisions"] for each in decision["warnings"]}
    moves = {stay["transition"] for stay in story["way"]}
    tasks = {task["name"] for task in story["tasks"]}
    proposed = {each["regimen"] for decision in story["decisions"] for each in decision["proposals"]}
    guards = [row.guard for row in pathway.warnings if row.name in warnings]
    guards += [row.guard for row in pathway.transitions if row.name in moves]
    guards += [guard for kind in pathway.tasks.values() if kind.name in tasks for guard in kind.guards]
    guards += [row.guard for row in pathway.standings if proposed & row.selector.regimens]
    yield from (f"values.{name}.value" for name in _named(guards))


def _named(guards: Iterable[Guard]) -> Iterator[str]:
    for guard in guards:
        for expression in (guard.when, guard.unless):
            for node in () if expression is None else walk(expression.tree):
                if isinstance(node, Literal) and node.name:
                    yield node.name


# what is local as such


def _standings(story: Mapping[str, Any]) -> Iterator[Row]:
    for decision in story["decisions"]:
        for proposal in decision["proposals"]:
            for reason in proposal["reasons"]:
                if reason["origin"]["kind"] in _LOCAL:
                    yield (
                        f"standing of {proposal['title']} where {reason['words']}",
                        reason["standing"],
                        reason["origin"]["rules"],
                    )
        for warning in decision["warnings"]:
            if warning["origin"]["kind"] in _LOCAL:
                yield f"warning {warning['name']}", "when it shows", warning["origin"]["rules"]


def _reminders(story: Mapping[str, Any]) -> Iterator[Row]:
    for reminder in story["reminders"]:
        if reminder["origin"] is not None and reminder["origin"]["kind"] in _LOCAL:
            yield f"reminder {reminder['name']}", "that and when it comes", reminder["origin"]["rules"]


def _moves(story: Mapping[str, Any]) -> Iterator[Row]:
    for stay in story["way"]:
        if stay["origin"] is not None and stay["origin"]["kind"] in _LOCAL:
            yield f"move {stay['transition']}", stay["when"] or "", stay["rules"]
