"""Is every rule carried out, and covered by a story? Puts elements, modules, stories and tests together by rule."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.pathway.elements import Element, elements
from orchestrator.pathway.fields import suggest
from orchestrator.pathway.loader import Library
from orchestrator.pathway.model import Pathway
from orchestrator.pathway.tracing.book import Book, Group, Rule
from orchestrator.pathway.tracing.cover import RULES_LINE, Mention, line_naming, module_file


@dataclass(frozen=True, slots=True)
class Carrier:
    """What carries a rule out: an element of a file, or a module of the engine (kind ``engine``, line of the rule).

    pathways: those that the element is part of; a shared one is part of several.
    """

    kind: str
    name: str
    words: str
    pathways: tuple[str, ...]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Traced:
    """One rule with what carries it out and what covers it."""

    rule: Rule
    carriers: tuple[Carrier, ...]
    stories: tuple[Mention, ...]
    tests: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is missing or wrong. pathway: whose fault it is; empty for no pathway's in particular.

    code: what programs tell it by; stable.
    """

    code: str
    text: str
    pathway: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """All rules, by group in the order of the list, and all that was found."""

    groups: tuple[tuple[Group, tuple[Traced, ...]], ...]
    findings: tuple[Finding, ...]

    def only(self, pathway: str) -> "Trace":
        """Return what concerns one pathway: its own rules, and those of every pathway."""
        groups = tuple(pair for pair in self.groups if pair[0].pathway in {None, pathway})
        return Trace(groups, tuple(each for each in self.findings if each.pathway in {"", pathway}))


def trace(book: Book, library: Library, stories: Iterable[Mention], tests: Iterable[Mention]) -> Trace:
    """Return how each rule is carried out and covered, by the newest version of each pathway.

    A rule of one pathway is carried out by elements of that pathway and covered by stories played on it; a rule of
    every pathway by those of any. Asked of each are something that carries it out, and a story.
    """
    stories, tests = tuple(stories), tuple(tests)
    newest = {each.name: library.newest(each.name) for each in library.pathways}
    carried = _carried(newest.values())
    groups = tuple(
        (group, tuple(_traced(rule, group, carried.get(rule.name, ()), stories, tests) for rule in group.rules))
        for group in book.groups
    )
    found = [finding for group, traced in groups for finding in _gaps(group, traced, newest)]
    found += [
        *_engine_faults(book),
        *_unknown(book, carried),
        *_untold(book, stories, carried),
        *_unknown_in_tests(book, tests),
    ]
    return Trace(groups, tuple(found))


def _carried(pathways: Iterable[Pathway]) -> dict[str, tuple[Carrier, ...]]:
    """Return what is written in the files, by rule; a shared element once, with all of its pathways."""
    written: dict[tuple[str, str, str, int], tuple[Element, list[str]]] = {}
    for pathway in pathways:
        for each in elements(pathway):
            if each.mark.line:  # the others are made by the software, of what is written elsewhere
                key = (each.kind, each.name, each.mark.file, each.mark.line)
                written.setdefault(key, (each, []))[1].append(pathway.name)
    found: dict[str, list[Carrier]] = {}
    for each, owners in written.values():
        for rule in each.mark.rules:
            carrier = Carrier(each.kind, each.name, each.words, tuple(owners), each.mark.file, each.mark.line)
            found.setdefault(rule, []).append(carrier)
    return {rule: tuple(each) for rule, each in found.items()}


def _traced(
    rule: Rule, group: Group, carriers: Iterable[Carrier], stories: Iterable[Mention], tests: Iterable[Mention]
) -> Traced:
    own = group.pathway
    return Traced(
        rule,
        (*(each for each in carriers if own is None or own in each.pathways), *_engine(rule)),
        tuple(each for each in stories if rule.name in each.rules and own in {None, each.pathway}),
        tuple(each for each in tests if rule.name in each.rules),
    )


def _engine(rule: Rule) -> Iterator[Carrier]:
    """Yield the modules that carry a rule out and say so."""
    for module in rule.engine:
        file = module_file(module)
        if file is not None and (line := line_naming(file, rule.name)):
            yield Carrier("engine", module, "", (), str(file), line)


# what is missing or wrong


def _gaps(group: Group, traced: Iterable[Traced], pathways: Collection[str]) -> Iterator[Finding]:
    if group.pathway is not None and group.pathway not in pathways:
        text = (
            f"{group.prefix}: there is no pathway '{group.pathway}'; nothing carries out its {len(group.rules)} rules"
        )
        yield Finding("no-pathway", text, group.pathway)
        return
    for each in traced:
        if not each.carriers:
            yield Finding("no-element", f"{each.rule.name}: no element carries it out", group.pathway or "")
        if not each.stories:
            yield Finding("no-story", f"{each.rule.name}: no story covers it", group.pathway or "")


def _engine_faults(book: Book) -> Iterator[Finding]:
    for group in book.groups:
        for rule in group.rules:
            for module in rule.engine:
                file = module_file(module)
                if file is None:
                    yield Finding("no-module", f"{book.file}: {rule.name} names {module}, which is not there")
                elif not line_naming(file, rule.name):
                    yield Finding(
                        "silent-module", f"{book.file}: {module} does not say that it carries out {rule.name}"
                    )


def _unknown(book: Book, carried: Mapping[str, Iterable[Carrier]]) -> Iterator[Finding]:
    for rule in sorted(carried.keys() - book.names):
        for each in carried[rule]:
            place = f"{each.file}:{each.line}: {each.kind} '{each.name}'"
            yield _no_rule(book, place, rule, each.pathways[0] if len(each.pathways) == 1 else "")


def _untold(book: Book, stories: Iterable[Mention], carried: Mapping[str, Iterable[Carrier]]) -> Iterator[Finding]:
    """Yield the stories that name no rule, one that is none, or another pathway's that their own does not carry out."""
    owners = {rule.name: group.pathway for group in book.groups for rule in group.rules}
    for story in stories:
        if not story.rules:
            text = f"{story.file}:1: the story does not say which rules it covers; begin it with '{RULES_LINE} X-01'"
            yield Finding("no-rules", text, story.pathway)
        for rule in story.rules:
            shared = any(story.pathway in each.pathways for each in carried.get(rule, ()))
            if rule not in book.names:
                yield _no_rule(book, f"{story.file}:1: the story", rule, story.pathway)
            elif owners.get(rule) not in {None, story.pathway} and not shared:
                text = f"{story.file}:1: the story names '{rule}', which no element of its own pathway carries out"
                yield Finding("stray-rule", text, story.pathway)


def _unknown_in_tests(book: Book, tests: Iterable[Mention]) -> Iterator[Finding]:
    for test in tests:
        for rule in test.rules:
            if rule not in book.names:
                yield _no_rule(book, f"{test.file}:{test.line}: the test", rule, "")


def _no_rule(book: Book, place: str, rule: str, pathway: str) -> Finding:
    near = suggest(rule, sorted(book.names))
    return Finding(
        "unknown-rule", f"{place} names '{rule[:60]}', which is no rule{f'; {near}' if near else ''}", pathway
    )
