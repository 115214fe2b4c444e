"""How does the list of rules read? For each rule its sentence, what carries it out and what covers it."""

import os
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.pathway.tracing.book import Book, Group
from orchestrator.pathway.tracing.cover import Mention
from orchestrator.pathway.tracing.trace import Carrier, Trace, Traced

Json = dict[str, Any]
_WIDTH = 100
_INDENT = 6


def document(found: Trace, book: Book, root: Path, tests: Path | None) -> Json:
    """Return the trace as JSON. Files are named from the folder of the pathways where they lie in it."""
    return {
        "workflows": str(root),
        "tests": str(tests) if tests else None,
        "complete": not found.findings,
        "groups": [_group(group, traced, root) for group, traced in found.groups],
        "findings": [{"code": each.code, "text": each.text, "pathway": each.pathway} for each in found.findings],
        "prefixes": {group.pathway: group.prefix for group in book.groups if group.pathway is not None},
    }


def _group(group: Group, traced: tuple[Traced, ...], root: Path) -> Json:
    rules = [
        {
            "rule": each.rule.name,
            "sentence": each.rule.sentence,
            "elements": [_carrier(carrier, root) for carrier in each.carriers],
            "stories": [_mention(story, root) for story in each.stories],
            "tests": [_mention(test, root) for test in each.tests],
        }
        for each in traced
    ]
    return {"prefix": group.prefix, "pathway": group.pathway, "rules": rules}


def _carrier(each: Carrier, root: Path) -> Json:
    return {
        "kind": each.kind,
        "name": each.name,
        "words": each.words,
        "pathways": list(each.pathways),
        "file": _place(each.file, root),
        "line": each.line,
    }


def _mention(each: Mention, root: Path) -> Json:
    named = {"name": each.name, "file": _place(each.file, root), "line": each.line}
    return {**named, "pathway": each.pathway} if each.pathway else named


def _place(file: str, root: Path) -> str:
    """Return a file's path from the folder of the pathways, or as it stands where it lies elsewhere."""
    path = Path(os.path.abspath(file))  # noqa: PTH100  links stay as they are written
    base = Path(os.path.abspath(root))  # noqa: PTH100
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)


def rules_text(told: Json, *, verbose: bool) -> str:
    """Return the trace as text, at most 100 columns wide save for the names of tests.

    verbose: with the words of elements, stories and tests.
    """
    lines: list[str] = []
    for group in told["groups"]:
        lines += [f"{group['prefix']}  {group['pathway'] or 'every pathway'}", ""]
        for rule in group["rules"]:
            lines += _rule(rule, group, told["prefixes"], verbose=verbose)
        lines.append("")
    if told["tests"] is None:
        lines.append("No tests lie beside the pathways; name their folder with --tests DIR.")
    return "\n".join([*lines, _verdict(told)])


def _verdict(told: Json) -> str:
    count = sum(len(group["rules"]) for group in told["groups"])
    if told["complete"]:
        return f"{count} rules: each is carried out, and covered by a story."
    return f"{count} rules, {len(told['findings'])} findings; they are named on standard error."


def _rule(rule: Json, group: Json, prefixes: Mapping[str, str], *, verbose: bool) -> Iterator[str]:
    yield from textwrap.wrap(
        f"{rule['rule']}  {rule['sentence']}", _WIDTH, subsequent_indent=" " * _INDENT, break_on_hyphens=False
    )
    shown = [(each["kind"], each["name"], _where(each, group, prefixes)) for each in rule["elements"]]
    widths = [max((len(row[place]) for row in shown), default=0) for place in (0, 1)]
    for each, (kind, name, place) in zip(rule["elements"], shown, strict=True):
        yield f"{' ' * _INDENT}{kind:<{widths[0]}}  {name:<{widths[1]}}  {place}"
        if verbose and each["words"]:
            yield from _wrapped(each["words"], _INDENT + 4)
    if not shown:
        yield f"{' ' * _INDENT}NOTHING CARRIES IT OUT"
    yield from _cover(rule, group, prefixes, verbose=verbose)


def _where(each: Json, group: Json, prefixes: Mapping[str, str]) -> str:
    """Return file and line; of a pathway's own file the name alone, with the pathway's letter among all pathways."""
    place = f"{each['file']}:{each['line']}"
    owners = each["pathways"]
    if each["kind"] == "engine":
        return f"{Path(each['file']).name}:{each['line']}"
    if len(owners) != 1 or not place.startswith(f"{owners[0]}/"):
        return place
    own = place.removeprefix(f"{owners[0]}/")
    return own if group["pathway"] else f"{prefixes.get(owners[0], owners[0])} {own}"


def _cover(rule: Json, group: Json, prefixes: Mapping[str, str], *, verbose: bool) -> Iterator[str]:
    stories, tests = rule["stories"], rule["tests"]
    told = _counted(len(stories), "story", "stories") if stories else "NO STORY COVERS IT"
    counted = f", {_counted(len(tests), 'test', 'tests')}" if tests else ""
    yield f"{' ' * _INDENT}{told}{counted}"
    if not verbose:
        return
    for story in stories:
        own = "" if group["pathway"] else f"{prefixes.get(story['pathway'], story['pathway'])} "
        yield f"{' ' * (_INDENT + 4)}{own}{story['name']}"
    for test in tests:
        yield f"{' ' * (_INDENT + 4)}{test['name']}"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent, break_on_hyphens=False
    )
