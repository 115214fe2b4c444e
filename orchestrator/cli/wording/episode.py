"""How does an episode read? Where it stands, what is proposed and why, what is missing, what comes next."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from orchestrator.cli.wording.lines import ACTIONS, columns, moment, origin, regimen, section, settings, value, wrapped

Json = dict[str, Any]
_PLANNED = "planned"
_SHOWN_PLANNED = 3
_RANKS = {"recommended": 0, "acceptable": 1, "discouraged": 2, "contraindicated": 3}
"""In which order the proposals are read; of one standing in the order of the document."""
_ALWAYS = ("", "always")
_HOLDS = {True: "holds", False: "", None: "unknown"}
_GATES = {"refused": "refuses", "unknown": "refuses, as long as it is unknown,", "person": "asks for a lead when"}


def episode_text(document: Json) -> str:
    """Return an episode as text, its times in its own zone."""
    zone = ZoneInfo(document["timezone"])
    lines = [*_head(document, zone)]
    lines += section("Warnings", _warnings(document))
    lines += section("Courses", _courses(document, zone))
    lines += section("Proposals", _proposals(document))
    lines += section("What is missing", wrapped(", ".join(document["missing"]), 2) if document["missing"] else [])
    lines += section("Look at this before you record", _forms(document))
    lines += section("Gates that do not let everything pass", _gates(document))
    lines += section("The facts suggest to close with", _offers(document))
    lines += section("Open tasks", _tasks(document, zone))
    lines += section("Reminders that nobody has answered", _reminders(document, zone))
    lines += section("What comes next", _upcoming(document, zone))
    lines += section("Facts", _facts(document, zone))
    lines += section("What follows from the facts", _derivations(document))
    lines += section("Local values of this version that the hospital set", settings(document["settings"]))
    return "\n".join(lines)


def _head(document: Json, zone: ZoneInfo) -> Iterator[str]:
    yield f"Episode {document['episode_id']}  ward {document['ward']}"
    yield f"Pathway {document['pathway']} {document['pathway_version']}  (content {document['version'][:12]})"
    yield f"Stage   {document['stage']}: {document['title']}"
    yield f"State   {document['state']}"
    yield f"Entry   {document['seq']}, {moment(document['at'], zone)}; enrolled {moment(document['enrolled_at'], zone)}"
    if document["waits_since"]:
        yield f"Waits   for a person's decision or a fact, since {moment(document['waits_since'], zone)}"
    if document["set_aside_until"]:
        yield f"SET ASIDE until {moment(document['set_aside_until'], zone)}: its timers fail; see carepath doctor"


def _warnings(document: Json) -> Iterator[str]:
    for each in document["warnings"]:
        yield from wrapped(f"{each['warning']}: {each['text']} {origin(each)}", 2)


def _courses(document: Json, zone: ZoneInfo) -> Iterator[str]:
    for course in document["courses"]:
        yield f"  {regimen(course)}: {_standing(course, zone)}"
        if course["gates_refusing"]:
            yield f"      would not be confirmed now: {', '.join(course['gates_refusing'])}"
        yield from _administrations(course, zone)


def _standing(course: Json, zone: ZoneInfo) -> str:
    if not course["in_force"]:
        answer = f"; response {course['response']}" if course["response"] else ""
        return f"{course['end']} {moment(course['ended_at'], zone)}{answer}"
    until = f", until {moment(course['ends_at'], zone)}" if course["ends_at"] else ""
    return f"in force since {moment(course['confirmed_at'], zone)}{until}"


def _administrations(course: Json, zone: ZoneInfo) -> Iterator[str]:
    """Yield what was recorded, and of what is planned the next few; a year of months is no reading."""
    planned = [each for each in course["administrations"] if each["status"] == _PLANNED]
    shown = [each for each in course["administrations"] if each["status"] != _PLANNED] + (
        planned[:_SHOWN_PLANNED] if course["in_force"] else []
    )
    yield from columns(
        [
            (f"{each['number']}.", each["status"], moment(each["at"], zone), _dose(each, course["how"]))
            for each in shown
        ],
        indent=6,
    )
    if course["in_force"] and len(planned) > _SHOWN_PLANNED:
        last = f"the last {moment(planned[-1]['at'], zone)}  {_dose(planned[-1], course['how'])}".rstrip()
        yield f"      … {len(planned) - _SHOWN_PLANNED} more planned, {last}"


def _dose(each: Json, how: str) -> str:
    if not each.get("amount"):
        return ""
    dose = " ".join(part for part in (each["amount"], each["unit"]) if part)
    inputs = ", ".join(f"{name} {value(held)}" for name, held in each["inputs"].items())
    formula = each["formula"] if each["formula"] != dose else ""
    dose = " ".join(part for part in (dose, how) if part)
    why = "; ".join(part for part in (formula, inputs, _sources(each)) if part)
    return f"{dose}  ({why})" if why else dose


def _sources(each: Json) -> str:
    return f"source {', '.join(each['sources'])}" if each["sources"] else ""


def _proposals(document: Json) -> Iterator[str]:
    for each in sorted(document["proposals"], key=lambda each: _RANKS.get(each["standing"], len(_RANKS))):
        conflict = "  (in conflict: a person has to choose)" if each["conflict"] else ""
        yield f"  {each['standing']:<16} {regimen(each)}{conflict}"
        for reason in each["reasons"]:
            why = "in this stage, whatever the facts" if reason["words"] in _ALWAYS else f"because {reason['words']}"
            yield from wrapped(f"{reason['standing']} {why} {origin(reason)}", 6)
            if reason["facts"]:
                used = ", ".join(f"{name} = {value(held)}" for name, held in reason["facts"].items())
                yield from wrapped(f"facts used: {used}", 8)
        if each["would_change"]:
            yield from wrapped(f"would change with: {', '.join(each['would_change'])}", 6)
    absent = [regimen(each) for each in document["absent"]]
    if absent:
        yield from wrapped(f"not proposed: {', '.join(absent)}", 2)


def absent_text(document: Json) -> str:
    """Return what would bring in each regimen that is not proposed now."""
    lines = ["", "What would bring in what is not proposed"]
    for each in document["absent"]:
        lines.append(f"  {regimen(each)}")
        for row in each["brought_in_by"]:
            unless = f", unless {row['unless']}" if row["unless"] else ""
            when = "" if row["words"] in _ALWAYS else f": {row['words']}"
            told = f"{row['standing']} in {', '.join(row['stages'])}{when}{unless} {origin(row)}"
            lines += wrapped(told, 6)
            if row["facts"]:
                used = ", ".join(f"{name} = {value(held)}" for name, held in row["facts"].items())
                lines += wrapped(f"facts used: {used}", 8)
    return "\n".join(lines)


def _gates(document: Json) -> Iterator[str]:
    for each in document["gates"]:
        if each["status"] == "passes":
            continue
        needs = f", unless {each['passes']}" if each["passes"] else ""
        least = f" below {each['minimum_days']} days" if each["minimum_days"] else ""
        action = f"{' or '.join(ACTIONS.get(name, name) for name in each['actions'])} {each['on']}{least}"
        word = _GATES.get(each["status"], each["status"])
        yield from wrapped(f"{each['gate']}: {word} {action}{needs} {origin(each)}", 2)


def _offers(document: Json) -> Iterator[str]:
    for each in document["offers"]:
        yield from wrapped(f"{each['outcome']}: {each['words']} {origin(each)}", 2)


def _tasks(document: Json, zone: ZoneInfo) -> Iterator[str]:
    tasks = sorted(document["tasks"], key=lambda each: str(each["due_at"] or "9"))
    yield from columns([(moment(each["due_at"], zone), each["task"], _task(each)) for each in tasks])


def _task(each: Json) -> str:
    asked = [f"{fact['label']}{', recorded' if fact['recorded'] else ''}" for fact in each["asks"]]
    parts = [f"every {each['every']}"] if each["every"] else []
    parts += [f"asks for {'; '.join(asked)}"] if asked else []
    more = f" ({'; '.join(parts)})" if parts else ""
    return f"{each['title']}{more} {origin(each)}"


def _reminders(document: Json, zone: ZoneInfo) -> Iterator[str]:
    for each in document["reminders"]:
        told = f"told {', '.join(each['told'])}" if each["told"] else "nobody told yet"
        skipped = f"; nobody holds {', '.join(each['skipped'])}" if each["skipped"] else ""
        further = f"; next rung {moment(each['next_rung_at'], zone)}" if each["next_rung_at"] else ""
        yield f"  {each['title']}: due {moment(each['fired_at'], zone)}, {told}{skipped}{further} {origin(each)}"
        yield f"      acknowledge with: {each['key']}"


def _upcoming(document: Json, zone: ZoneInfo) -> Iterator[str]:
    yield from columns(
        [
            (moment(each["at"], zone), each["reminder"], f"{each['title']} {origin(each)}")
            for each in document["upcoming"]
        ]
    )


def _facts(document: Json, zone: ZoneInfo) -> Iterator[str]:
    rows = []
    for name, each in document["facts"].items():
        unit = f" {each['unit']}" if each["unit"] and not each["unit"].startswith("{") else ""
        spent = "; has decided" if each["spent"] else ""
        how = f"; {each['how']}" if each["how"] else ""
        told = f"{moment(each['at'], zone)}, entry {each['seq']}{spent}{how}"
        rows.append((name, f"{value(each['value'])}{unit}", told))
    yield from columns(rows)


def _forms(document: Json) -> Iterator[str]:
    for each in document["forms"]:
        yield from wrapped(f"{each['label']} {origin(each)}", 2)
        yield from (line for item in each["items"] for line in wrapped(item, 6))
        yield from (line for item in each["optional"] for line in wrapped(f"{item} (optional)", 6))


def _derivations(document: Json) -> Iterator[str]:
    for each in document["derivations"]:
        how = "a person's own entry, which wins" if each["own"] else "derived" if each["derived"] else ""
        told = f"{each['label']}: {value(each['value'])}{f', {how}' if how else ''} {origin(each)}"
        yield from wrapped(told, 2)
        if each["awaits_new"]:
            yield from wrapped(f"awaits {each['awaits_new']}, recorded after the latest treatment", 6)
        yield from columns([_derived_row(row) for row in each["rows"]], indent=6)


def _derived_row(row: Json) -> tuple[str, str, str]:
    unless = f", unless {row['unless']}" if row["unless"] else ""
    truth = "now" if row["now"] else _HOLDS[row["holds"]]
    return truth, row["value"], f"when {row['words']}{unless} {origin(row)}"
