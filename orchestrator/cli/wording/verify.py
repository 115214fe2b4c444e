"""How is it said what is proved? A line for each promise; and at length, for whoever answers for the pathway."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.pathway.language.grammar import listed
from orchestrator.pathway.model import Pathway, Property
from orchestrator.pathway.naming import fact_is
from orchestrator.pathway.promises import CLOSED, REACHED
from orchestrator.pathway.tracing.book import Book
from orchestrator.service.proving.found import BROKEN, PROVED, UNKNOWN, Finding

Json = dict[str, Any]
_HOW = (
    "The solver found something that is so of every newly enrolled patient, that every step keeps so, and with which "
    "the promise cannot be broken; where the guards themselves suffice, nothing more is needed. So it holds after any "
    "number of steps, of every combination of facts, known and unknown, and every order of what people do and time "
    "brings."
)
_HOW_REACHED = (
    "The stories that lie beside the pathway were played on the engine that runs patients, and every state, move, "
    "standing, task and reminder was come to by a patient of one of them."
)
_OUT = (
    "Only a gate of closing keeps an episode open, and a course in force under it. Each such course comes to its end "
    "by itself, its doses recorded or its days over; one that lasts until another takes its place gives way to that "
    "one, which is confirmed as proposed. Then the episode is closed. Tests take this way on the engine, from where "
    "every story ends and from where random lives end."
)
_BEYOND = (
    "Times: a check, the end of a taper or of a course's doses may come at any moment once it can come at all. What is "
    "proved holds whatever the times are; how late anything is said is measured, not proved.",
    "Numbers: only on which side of those they lie with which a rule compares them. Dates: only whether one is known.",
    "Taking back: what was recorded in error may leave the patient in any stage reached, with courses as they ever "
    "stood. The engine does less.",
    "Doses: that one is given, missed or over; not how much of it.",
    "Overrides: a promise of what is never confirmed, planned or stopped is one of what nobody overrode on the record.",
    "The documents: that the pathway keeps its promise does not say that the promise is the right one.",
)
_UNKNOWN = (
    "Neither a proof nor a patient's story was found. It counts as not proved; the pathway may be right or wrong."
)
_WIDTH, _FOLDED = 20, 110


def document(pathway: Pathway, promise: Property, found: Finding) -> Json:
    """Return what was found out about one promise, for programs."""
    told = found.to_json()
    del told["promise"]
    if found.status == PROVED:
        del told["trace"]
    return {
        "pathway": pathway.name, "version": pathway.version, "name": promise.name, "kind": promise.kind,
        "words": promise.words, "rules": list(promise.mark.rules), **told, "kept": found.kept,
        "story": found.story or None,
    }  # fmt: skip


def line(promise: Property, found: Finding) -> str:
    """Return what was found out, on one line."""
    before = ", found before" if found.kept else ""
    took = f"{found.seconds:.1f} s"
    if found.status == PROVED:
        return f"  {promise.name:<{_WIDTH}} proved in {took} by {found.how}{before}"
    if found.status == BROKEN:
        story = f"a patient's story: {found.story}" if found.story else found.how
        return f"  {promise.name:<{_WIDTH}} BROKEN, found in {took}{before}: {promise.words} {story}"
    return f"  {promise.name:<{_WIDTH}} unknown after {took}: {found.how}"


def summary(counts: Mapping[str, int], silent: Sequence[str]) -> str:
    """Return how many promises are proved, broken, unknown, and which pathways make none."""
    many = sum(counts.values())
    said = ", ".join(f"{counts[status]} {status}" for status in (PROVED, BROKEN, UNKNOWN))
    lines = [f"{each} promises nothing, so nothing of it is proved" for each in silent]
    return "\n".join([*lines, f"{many} promise{'' if many == 1 else 's'}: {said}"])


def explained(pathway: Pathway, promise: Property, found: Finding, book: Book, workflows: str) -> str:
    """Return at length what is promised, by which rule, how it was proved, and what the proof abstracts from."""
    lines = [f"{promise.name} of {pathway.title}, version {pathway.version}: {found.status}", ""]
    for title, said in (
        ("What is promised", [promise.words]),
        ("By which rule", list(_rules(promise, book))),
        *_answer(promise, found, workflows),
        *((("The way out", list(_way_out(pathway, promise))),) if promise.kind == CLOSED else ()),
        *(() if promise.kind == REACHED else _scope(pathway, found)),
    ):
        lines += [title, *(_folded(each) for each in said), ""]
    return "\n".join(lines).rstrip()


def _folded(said: str) -> str:
    return textwrap.fill(
        said, _FOLDED, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _rules(promise: Property, book: Book) -> Iterator[str]:
    sentences = {rule.name: rule.sentence for group in book.groups for rule in group.rules}
    for name in promise.mark.rules:
        yield f"{name}: {sentences[name]}" if name in sentences else name


def _way_out(pathway: Pathway, promise: Property) -> Iterator[str]:
    """Yield how a patient leaves."""
    yield _OUT
    for way in promise.ways:
        steps = [listed([fact_is(pathway, name, value) for name, value in facts.items()], "and") for facts in way]
        yield f"Where it is not proposed yet, a person comes to that by recording: {'; then '.join(steps)}."


def _scope(pathway: Pathway, found: Finding) -> Iterator[tuple[str, list[str]]]:
    """Yield over what the solver's answer holds."""
    yield "Over which facts", [_facts(pathway, found)]
    yield "Over which regimens", [_regimens(pathway)]
    yield "What is left out", list(_BEYOND)


def _answer(promise: Property, found: Finding, workflows: str) -> Iterator[tuple[str, list[str]]]:
    if found.status == PROVED:
        yield (
            "How it was proved",
            [f"In {found.seconds:.1f} s, by {found.how}.", _HOW_REACHED if promise.kind == REACHED else _HOW],
        )
    elif found.status == BROKEN and found.story:
        play = f"carepath scenario run {found.story} --workflows {workflows}"
        yield "How it is broken", [f"A patient's story shows it on the engine: {found.story}", f"Play it: {play}"]
    elif found.status == BROKEN:
        yield "How it is broken", [found.how]
    else:
        yield "Why it is unknown", [found.how, _UNKNOWN]


def _facts(pathway: Pathway, found: Finding) -> str:
    labels = [pathway.facts[name].label for name in found.facts if name in pathway.facts]
    return f"{'; '.join(labels)}. Each known with any value, or unknown." if labels else "None was named."


def _regimens(pathway: Pathway) -> str:
    named = {*pathway.lines, *(each for row in pathway.standings for each in row.selector.regimens)}
    return f"{', '.join(sorted(named))}; of those of which no rule speaks one of each kind."
