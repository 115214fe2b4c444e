"""How does a pathway read? Its stages, what can be given, what holds back, what is owed, and how it moves."""

from collections.abc import Iterable, Iterator
from typing import Any

from orchestrator.cli.wording.lines import ACTIONS, columns, origin, section, settings, wrapped
from orchestrator.episode.known import mark_json
from orchestrator.pathway.language.grammar import together
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.tables.choices import choices
from orchestrator.pathway.tables.knowing import derived
from orchestrator.pathway.tables.saying import Saying

Json = dict[str, Any]


def document(pathway: Pathway) -> Json:
    """Return a pathway as JSON: what people ask of it first. Its page says everything."""
    saying = Saying(pathway)
    return {
        "stages": [
            {"stage": name, "states": [state.name for state in pathway.states.values() if state.stage == name]}
            for name in pathway.stages
        ],
        "regimens": [
            {"name": each.name, "title": each.called, "kind": each.kind, **mark_json(each.mark)}
            for each in pathway.regimens.values()
            if any(each.name in row.selector for row in pathway.standings)
        ],
        "choices": choices(pathway, saying),
        "derived": derived(pathway, saying),
        "gates": [
            {"name": each.name, "actions": sorted(each.actions), "on": each.selector.text, **mark_json(each.mark)}
            for each in sorted(pathway.gates.values(), key=lambda each: each.order)
        ],
        "tasks": [{"name": each.name, "title": each.title, **mark_json(each.mark)} for each in pathway.tasks.values()],
        "reminders": [
            {
                "name": each.name,
                "title": each.title,
                "ladder": [rung.role for rung in pathway.ladders[each.ladder]],
                **mark_json(each.mark),
            }
            for each in pathway.reminders.values()
        ],
        "settings": [each.to_json() for each in pathway.settings],
        "moves": [
            {
                "name": each.name,
                "from": sorted(each.origins),
                "to": each.target,
                "when": each.guard.when.words,
                "unless": each.guard.unless.words if each.guard.unless else None,
                **mark_json(each.mark),
            }
            for each in pathway.transitions
        ],
    }


def pathway_text(told: Json) -> str:
    """Return a pathway as text."""
    lines = [f"{told['name']} {told['version']}: {told['title']}", f"content {told['hash']}"]
    lines += section("Stages", columns([(each["stage"], ", ".join(each["states"])) for each in told["stages"]]))
    proposed = [(e["name"], e["title"], e["kind"], origin(e)) for e in told["regimens"]]
    lines += section("What can be proposed", columns(proposed))
    lines += section("When each is proposed, what outranks the rest first", _choices(told["choices"]))
    lines += section("Facts that follow from others", _derived(told["derived"]))
    lines += section("Gates", _gates(told["gates"]))
    lines += section("Tasks", columns([(e["name"], f"{e['title']} {origin(e)}") for e in told["tasks"]]))
    lines += section(
        "Reminders",
        columns(
            [(e["name"], f"{e['title']}, to {', then '.join(e['ladder'])} {origin(e)}") for e in told["reminders"]]
        ),
    )
    lines += section("Moves", _moves(told["moves"]))
    lines += section("Local values, which a hospital may set within their range", settings(told["settings"]))
    return "\n".join(lines)


def _choices(tables: Iterable[Json]) -> Iterator[str]:
    for each in tables:
        yield f"  {', '.join(each['regimens'])}"
        for row in each["rows"]:
            where = f"in {', '.join(row['stages'])}: " if row["stages"] else ""
            yield from wrapped(f"{row['standing']:<15} {where}{_guard(row)} {origin(row)}", 6)


def _derived(tables: Iterable[Json]) -> Iterator[str]:
    for each in tables:
        yield from wrapped(f"{each['fact']}, from {', '.join(each['sources_of'])} {origin(each)}", 2)
        for row in each["rows"]:
            yield from wrapped(f"{row['value']:<15} {_guard(row)} {origin(row)}", 6)


def _guard(row: Json) -> str:
    when = f"when {together(row['when'])}" if row["when"] else "always"
    return f"{when}, unless {row['unless']}" if row["unless"] else when


def _gates(gates: Iterable[Json]) -> Iterator[str]:
    for each in gates:
        actions = " or ".join(ACTIONS.get(name, name) for name in each["actions"])
        yield from wrapped(f"{each['name']}: {actions} {each['on']} {origin(each)}", 2)


def _moves(moves: Iterable[Json]) -> Iterator[str]:
    for each in moves:
        yield f"  {each['name']}: {', '.join(each['from'])} to {each['to']} {origin(each)}"
        unless = f", unless {each['unless']}" if each["unless"] else ""
        yield from wrapped(f"when {each['when']}{unless}", 6)
