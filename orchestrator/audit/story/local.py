"""Which values of this story does no document give? What a hospital is expected to look at, and may change."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.audit.story.speech import LOCAL, MIXED
from orchestrator.pathway.model import Pathway

_LOCAL = frozenset({LOCAL, MIXED})

Row = tuple[str, str, Sequence[str]]
"""What, its value in words, the rules."""


def local_values(story: Mapping[str, Any], pathway: Pathway) -> list[dict[str, Any]]:
    """Return the local values that this story shows, each once: what, value, rules."""
    found: dict[str, dict[str, Any]] = {}
    for what, value, rules in (
        *_courses(story),
        *_standings(story),
        *_reminders(story, pathway),
        *_tasks(story),
        *_moves(story),
    ):
        found.setdefault(what, {"what": what, "value": value, "rules": list(rules)})
    return list(found.values())


def _courses(story: Mapping[str, Any]) -> Iterator[Row]:
    for course in story["courses"]:
        for each in course["origin"]["local"]:
            yield f"{course['regimen']}: {each['what']}", each["value"], course["origin"]["schedule"]["rules"]


def _standings(story: Mapping[str, Any]) -> Iterator[Row]:
    for decision in story["decisions"]:
        for proposal in decision["proposals"]:
            for reason in proposal["reasons"]:
                if reason["origin"]["kind"] in _LOCAL:
                    yield (
                        f"standing of {proposal['regimen']} where {reason['words']}",
                        reason["standing"],
                        reason["origin"]["rules"],
                    )
        for warning in decision["warnings"]:
            if warning["origin"]["kind"] in _LOCAL:
                yield f"warning {warning['name']}", "when it shows", warning["origin"]["rules"]


def _reminders(story: Mapping[str, Any], pathway: Pathway) -> Iterator[Row]:
    for reminder in story["reminders"]:
        kind = pathway.reminders.get(reminder["name"])
        if kind is not None and reminder["origin"]["kind"] in _LOCAL:
            rungs = ", ".join(
                f"{rung.role} after {_hours(rung.after.total_seconds())}" for rung in pathway.ladders[kind.ladder]
            )
            yield f"reminder {reminder['name']}", f"when it comes, and its ladder: {rungs}", reminder["origin"]["rules"]


def _hours(length: float) -> str:
    return f"{int(length // 3600)} h"


def _tasks(story: Mapping[str, Any]) -> Iterator[Row]:
    for task in story["tasks"]:
        if task["due_local"]:
            yield f"due time of the task {task['name']}", "see the tasks", task["rules"]


def _moves(story: Mapping[str, Any]) -> Iterator[Row]:
    for stay in story["way"]:
        if stay["origin"] is not None and stay["origin"]["kind"] in _LOCAL:
            yield f"move {stay['transition']}", stay["when"] or "", stay["rules"]
