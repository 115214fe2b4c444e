"""How do gates, warnings, tasks and reminders read on a page, the documents behind it all, and what is local?"""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.pathway.language.grammar import listed
from orchestrator.report.markdown import ORIGIN, code, escaped, guard, lines_of, origin, section, stages, table

Json = Mapping[str, Any]


# what holds back, and what is said


def gates(told: Json) -> Iterator[str]:
    """Yield what each gate holds back."""
    if told["gates"]:
        yield "A gate refuses until a lead overrides it with a reason. They refuse in this order."
        yield ""
    yield from table(("Gate", "Holds back", "Lets pass", ORIGIN), (_gate(each) for each in told["gates"]))


def _gate(gate: Json) -> tuple[str, ...]:
    parts = [f"when {escaped(gate['passes'])}"] if gate["passes"] else ["only with a lead's reason"]
    parts += [f"never when {escaped(gate['refuses'])}"] if gate["refuses"] else []
    parts += ["always: the taper of a steroid already given"] if gate["save_taper"] else []
    parts += (
        [f"always: closing as {listed([escaped(each) for each in gate['save_outcomes']], 'or')}"]
        if gate["save_outcomes"]
        else []
    )
    return code(gate["name"]), escaped(gate["holds"]), "<br>".join(parts), origin(gate)


def said(told: Json) -> Iterator[str]:
    """Yield warnings and offers."""
    rows = (
        (code(each["name"]), escaped(each["text"]), _shows(each), guard(each), origin(each))
        for each in told["warnings"]
    )
    yield from section(3, "Warnings", table(("Warning", "Text", "In", "When", ORIGIN), rows))
    offers = ((escaped(each["outcome"]), guard(each), origin(each)) for each in told["offers"])
    yield from section(3, "Ways to close that the facts suggest", table(("Closed as", "When", ORIGIN), offers))


def _shows(warning: Json) -> str:
    about = f"<br>while {escaped(warning['proposing'])} is proposed" if warning["proposing"] else ""
    if warning["otherwise"]:
        about = "<br>where a decision is due and nothing else is shown: no option, no missing fact, no warning"
    return stages(warning["stages"]) + about


# what is owed and told


def owed(told: Json) -> Iterator[str]:
    """Yield the tasks."""
    yield from table(
        ("Task", "What is to be done", "Opens", "Due", "Told by", ORIGIN), (_task(each) for each in told["tasks"])
    )


def _task(task: Json) -> tuple[str, ...]:
    due = [escaped(task["due"])] if task["due"] else []
    due += [f"again every {escaped(task['every'])}, while it holds"] if task["every"] else []
    told = f"reminder {code(task['reminder'])}" if task["reminder"] else f"ladder {code(task['ladder'])}"
    asks = f"<br>to record {escaped(listed(task['asks'], 'and'))}" if task["asks"] else ""
    return (
        code(task["name"]), escaped(task["title"]) + asks, lines_of(task["opens"]), "<br>".join(due) or "–", told,
        origin(task),
    )  # fmt: skip


def telling(told: Json) -> Iterator[str]:
    """Yield the reminders and their ladders."""
    yield from table(
        ("Reminder", "Text", "Comes", "Until", "Ladder", ORIGIN), (_reminder(each) for each in told["reminders"])
    )
    rows = ((code(each["name"]), lines_of(each["rungs"])) for each in told["ladders"])
    yield from section(
        3, "Ladders", table(("Ladder", "Who is told, counted from the moment at which the reminder comes"), rows)
    )
    again = escaped(told["again"])
    yield f"A reminder that nobody answered, or that is not fulfilled, comes again after {again} (X-10)."
    yield ""


def _reminder(reminder: Json) -> tuple[str, ...]:
    opens = f"<br>opens {code(reminder['opens'])}" if reminder["opens"] else ""
    return (
        code(reminder["name"]), escaped(reminder["title"]), escaped(reminder["comes"]) + opens,
        escaped(reminder["until"]) or "–", code(reminder["ladder"]), origin(reminder),
    )  # fmt: skip


# where it comes from


def documents(told: Json) -> Iterator[str]:
    """Yield the documents."""
    rows = (
        (escaped(each["key"]), escaped(each["title"]), ", ".join(each["rules"]) or "–") for each in told["documents"]
    )
    yield from table(("Document", "Title", "Rules that rest on it"), rows)


def local(told: Json) -> Iterator[str]:
    """Yield what no document gives."""
    values = ((code(each["address"]), escaped(each["words"]), *_value(each)) for each in told["settings"])
    head = ("Address", "Value of", "Value", "Least", "Most", "Set by")
    yield from section(3, "Values that a hospital may set", table(head, values))
    rows = (
        (escaped(each["kind"]), code(each["name"]), escaped(each["words"]) or "–", ", ".join(each["rules"]) or "–")
        for each in told["local"]
    )
    yield from section(3, "What else no document gives", table(("Element", "Name", "What it says", "Rule"), rows))


def _value(each: Json) -> tuple[str, ...]:
    by = f"{each['hospital']}: {each['author']}; approved by {each['approver']}, {each['approved']}"
    value, default = escaped(each["value"]), escaped(each["default"])
    said = value if value == default else f"{value}<br>instead of {default}"
    return said, escaped(each["low"]), escaped(each["high"]), escaped(by) if each["hospital"] else "–"
