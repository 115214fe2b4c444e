"""How does a pathway read as a page? Markdown made from its tables of words, for those who answer for it clinically.

The page says what the files say, all of it, and nothing else; the same pathway gives the same bytes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.pathway.kinds import CLOSED_STAGE
from orchestrator.pathway.language.grammar import listed
from orchestrator.pathway.tables.moving import CAUSES
from orchestrator.report import mermaid
from orchestrator.report.choosing import choices
from orchestrator.report.markdown import ORIGIN, code, escaped, guard, lines_of, names, origin, regimens, section, table
from orchestrator.report.owing import documents, gates, local, owed, said, telling

Json = Mapping[str, Any]


def page(told: Json, picture: str = "") -> str:
    """Return the page. told: the pathway in words, as ``tables`` has it; picture: a link to its diagram, if any."""
    lines = [*_head(told)]
    for title, make in (
        ("The way", lambda each: _way(each, picture)), ("What is asked", _asked),
        ("When each regimen is proposed", choices), ("How it is given", _given), ("What holds back", gates),
        ("What is said beside the proposals", said), ("What is owed", owed), ("What is told, and to whom", telling),
        ("What is promised", _promised),
        ("Where it comes from", documents), ("What is local", local),
    ):  # fmt: skip
        lines += section(2, title, make(told))
    return "\n".join(lines).rstrip() + "\n"


def _head(told: Json) -> Iterator[str]:
    yield f"# {escaped(told['title'])}"
    yield ""
    yield f"<!-- made from the pathway's files; do not edit: carepath pathway page {told['name']} -->"
    yield ""
    source = next((each["title"] for each in told["documents"] if each["key"] == told["source"]), told["source"])
    version = f"Pathway {code(told['name'])}, version {escaped(told['version'])}"
    yield f"{version}, after document {escaped(told['source'])}: {escaped(source)}."
    yield ""
    yield (
        "The software proposes, reminds, refuses and records; a clinician decides. What nobody has recorded is "
        "unknown, and never counts as no. *Local* marks what no document gives: a default that a hospital is expected "
        "to look at."
    )
    yield ""


# the way


def _way(told: Json, picture: str) -> Iterator[str]:
    yield "```mermaid"
    yield mermaid.draw(told).rstrip()
    yield "```"
    yield ""
    link = f" [The whole diagram]({picture}) has every guard in words." if picture else ""
    yield f"The numbers are those of the moves below.{link} A person may close the episode from every stage (X-12)."
    yield ""
    yield from section(3, "Stages", table(("Stage", "State", "Waits for a person", "What time brings"), _states(told)))
    head = ("No.", "Move", "Starts when", "When", "With it", ORIGIN)
    yield from section(3, "Moves", table(head, (_move(move, told) for move in told["moves"])))
    yield from section(
        3,
        "When the response falls due",
        table(
            ("Check", "Due", "With it", ORIGIN),
            ((code(each["name"]), escaped(each["due"]), _check(each), origin(each)) for each in told["checks"]),
        ),
    )


def _states(told: Json) -> Iterator[tuple[str, ...]]:
    for state in told["states"]:
        if state["stage"] != CLOSED_STAGE:
            begins = " (enrolment begins here)" if state["initial"] else ""
            yield (
                code(state["stage"]),
                escaped(state["title"]) + begins,
                _waits(state),
                lines_of(state["clocks"]) or "–",
            )
    outcomes = [state["title"].partition(": ")[2] for state in told["states"] if state["stage"] == CLOSED_STAGE]
    yield code(CLOSED_STAGE), f"Closed as {listed([escaped(each) for each in outcomes], 'or')}", "–", "–"


def _waits(state: Json) -> str:
    waits = {"always": "always", "never": "only while something is recommended", "": "–"}.get(state["waits"])
    said = waits or f"when {escaped(state['waits'])}"
    return f"{said}, but not when {escaped(state['content'])}" if state["content"] else said


def _move(move: Json, told: Json) -> tuple[str, ...]:
    through = f", through {escaped(move['through'])}" if move["through"] else ""
    way = f"{listed([escaped(each) for each in move['from']], 'or')} → {escaped(move['to'])}{through}"
    return (
        str(move["n"]),
        f"{way}<br>{code(move['name'])}",
        CAUSES[move["on"]],
        guard(move),
        _with(move, told),
        origin(move),
    )


def _with(move: Json, told: Json) -> str:
    """Return what happens together with a move."""
    parts = [f"the {escaped(move['decides'])} has decided"] if move["decides"] else []
    parts += [f"ends {', '.join(regimens(told, move['ends']))}"] if move["ends"] else []
    parts += [f"opens {names(move['opens'])}"] if move["opens"] else []
    parts += ["a relapse: a new round begins"] if move["relapse"] else []
    parts += ["made whatever is missing; the record says what is"] if move["tells_missing"] else []
    return "<br>".join(parts) or "–"


def _check(check: Json) -> str:
    parts = ["ends the course"] if check["ends"] else []
    parts += [f"opens {names(check['opens'])}"] if check["opens"] else []
    return "<br>".join(parts) or "–"


# what is asked


def _asked(told: Json) -> Iterator[str]:
    yield from table(("Fact", "Read as", "Values", ORIGIN), (_fact(each) for each in told["facts"]))
    yield from section(3, "Facts that follow from others", _derived(told))
    rows = ((escaped(each["words"]), escaped(each["means"]), origin(each)) for each in told["definitions"])
    yield from section(3, "What is meant by", table(("Words", "Meaning", ORIGIN), rows))
    named = ((escaped(each["words"]), escaped(each["value"]), origin(each)) for each in told["values"])
    yield from section(3, "Values with a name", table(("Words", "Value", ORIGIN), named))
    forms = ((escaped(each["label"]), _form(each), origin(each)) for each in told["forms"])
    yield from section(3, "What is looked at", table(("Fact", "Before it is recorded, and after", ORIGIN), forms))


def _fact(fact: Json) -> tuple[str, ...]:
    unit = f" {escaped(fact['unit'])}" if fact["unit"] and not fact["unit"].startswith("{") else ""
    more = [escaped(fact["note"])] if fact["note"] else []
    more += [f"meaningful improvement: {listed(fact['improved'], 'or')}"] if fact["improved"] else []
    more += (
        ["of courses: it decides once, and is unknown again when another course is confirmed"]
        if fact["of_courses"]
        else []
    )
    more += ["follows from others, see below"] if fact["derived"] else []
    return (
        code(fact["fact"]),
        escaped(fact["label"]),
        "<br>".join([escaped(fact["values"]) + unit, *more]),
        origin(fact),
    )


def _derived(told: Json) -> Iterator[str]:
    for each in told["derived"]:
        since = escaped(each["since_treatment"])
        counts = f" What is recorded of {since} counts only after the latest treatment." if since else ""
        yield (
            f"**{escaped(each['label'])}** follows from {listed([escaped(name) for name in each['sources_of']], 'and')}"
            ", as soon as one of them is recorded: the first row that holds says its value. What a clinician enters "
            f"wins.{counts}"
        )
        yield ""
        rows = ((escaped(row["value"]), guard(row), origin(row)) for row in each["rows"])
        yield from table(("Value", "When", ORIGIN), rows)


def _form(form: Json) -> str:
    parts = [f"looks at {escaped(listed(form['items'], 'and'))}"] if form["items"] else []
    parts += [f"if wanted, {escaped(listed(form['optional'], 'and'))}"] if form["optional"] else []
    parts += ["the report shows it over time"] if form["plotted"] else []
    return "<br>".join(parts)


# what is given


def _given(told: Json) -> Iterator[str]:
    head = ("Regimen", "Kind", "Line", "Dose", "Schedule")
    yield from table(head, (_regimen(each, told) for each in told["given"]))
    yield "Where no document states a dose the confirming clinician enters it. Numbers are never rounded (X-02)."
    yield ""
    rows = ((escaped(each["what"]), f"{escaped(each['by'])}, {each['at']}", origin(each)) for each in told["replaced"])
    yield from section(3, "What takes whose place", table(("A course of", "ends through one of", ORIGIN), rows))


def _regimen(each: Json, told: Json) -> tuple[str, ...]:
    dose, schedule, choice = each["dose"], each["schedule"], each["choice"]
    said = [f"{escaped(dose['words'])}{_source(dose)}"]
    said += [f"{escaped(choice['words'])}{_source(choice)}"] if choice else []
    planned = [f"{escaped(schedule['words'])}{_source(schedule)}"]
    planned += [f"*local*: {listed(schedule['local'], 'and')}"] if schedule["local"] else []
    planned += ["lasts on until its taper begins"] if each["lasting"] else []
    return (
        *regimens(told, [each["name"]]),
        code(each["kind"]),
        escaped(each["line"]) or "–",
        "<br>".join(said),
        "<br>".join(planned),
    )


def _source(row: Json) -> str:
    return f" (source {', '.join(escaped(key) for key in row['sources'])})" if row["sources"] else ""


# what is promised


def _promised(told: Json) -> Iterator[str]:
    """Return the promises; that they are kept is no part of what the pathway says, and is proved elsewhere."""
    if told["promises"]:
        yield (
            "What holds of every patient, whatever is recorded, confirmed or left undone, unless an override is on the "
            "record. `carepath verify` proves it, and `carepath verify --explain` says how."
        )
        yield ""
        rows = ((escaped(each["name"]), escaped(each["words"]), origin(each)) for each in told["promises"])
        yield from table(("Promise", "Words", ORIGIN), rows)
