"""What holds back, warns, is owed and is told? Gates, warnings, offers, tasks, reminders with their ladders."""

from collections.abc import Callable, Sequence
from typing import Any

from orchestrator.pathway.language.grammar import listed, span, together
from orchestrator.pathway.model import (
    GATE_ACTIONS,
    Anchor,
    Gate,
    Pathway,
    ReminderKind,
    Standing,
    StandingRow,
    TaskKind,
    Until,
)
from orchestrator.pathway.tables.saying import Saying, mark, spans
from orchestrator.saying import counted

Json = dict[str, Any]
_UNLESS = "unless "


def gates(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the gates in the order in which they refuse."""
    ordered = sorted(pathway.gates.values(), key=lambda each: each.order)
    return [
        {
            "name": each.name,
            "actions": [name for name in GATE_ACTIONS if name in each.actions],
            "holds": _held(each, saying),
            "passes": saying.expression(each.passes),
            "refuses": saying.expression(each.refuses),
            "minimum_days": each.minimum_days,
            "save_taper": each.save_taper,
            "save_outcomes": [name for name in pathway.outcomes if name in each.save_outcomes],
            **mark(each.mark),
        }
        for each in ordered
    ]


def _held(gate: Gate, saying: Saying) -> str:
    what = saying.any_of(gate.selector)
    said = {
        "confirm": f"confirming {what}",
        "taper": f"planning {what} over fewer than {gate.minimum_days} days",
        "stop": f"stopping {what}",
        "close": f"closing the episode while {what} is in force",
    }
    return listed([words for name, words in said.items() if name in gate.actions], "or")


def warnings(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the warnings, each with its text and when it shows."""
    return [
        {
            "name": each.name,
            "text": pathway.warning_texts[each.name],
            "stages": saying.stages(each.stages),
            "proposing": saying.any_of(each.proposing) if each.proposing is not None else "",
            "otherwise": each.otherwise,
            **saying.guard(each.guard),
            **mark(each.mark),
        }
        for each in pathway.warnings
    ]


def offers(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the outcomes with which the facts suggest to close."""
    return [{"outcome": each.outcome, **saying.guard(each.guard), **mark(each.mark)} for each in pathway.offers]


def tasks(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the tasks: what opens each, when it is due, who is told."""
    return [
        {
            "name": each.name,
            "title": each.title,
            "opens": _openings(each, pathway, saying),
            "due": _due(each, pathway),
            "every": span(each.every) if each.every else "",
            "asks": [saying.labels[name] for name in each.asks],
            "reminder": each.reminder,
            "ladder": each.ladder,
            **mark(each.mark),
        }
        for each in pathway.tasks.values()
    ]


def _openings(task: TaskKind, pathway: Pathway, saying: Saying) -> list[str]:
    if task.of_administrations:
        return ["with each planned dose"]
    found = [saying.sentence(guard) for guard in task.guards]
    if task.entering is not None:
        found = [_entering(task.entering, [words for words in found if words])]
    else:
        found = [f"as soon as {words}" for words in found if words]
    found += [f"by the check {each.name}" for each in pathway.checks.values() if task.name in each.opens]
    found += [f"by the move {each.name}" for each in pathway.transitions if task.name in each.opens]
    return found + [f"by the reminder {each.name}" for each in pathway.reminders.values() if each.opens == task.name]


def _entering(stage: str, conditions: Sequence[str]) -> str:
    if not conditions:
        return f"on entering {stage}"
    joined = together(conditions)
    return f"on entering {stage}, {joined if joined.startswith(_UNLESS) else f'if {joined}'}"


def _due(task: TaskKind, pathway: Pathway) -> str:
    if task.of_administrations:
        return "when the dose is planned"
    if task.due is not None:
        return span(task.due) if not task.due else f"{span(task.due)} after it opened"
    return f"by the reminder {task.reminder}" if task.reminder in pathway.reminders else ""


# reminders


def reminders(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return the reminders: when each comes, until when, and its ladder."""
    return [
        {
            "name": each.name,
            "title": each.title,
            "comes": _COMES[each.of](each, saying),
            "until": _until(each.until, saying),
            "opens": each.opens,
            "ladder": each.ladder,
            **mark(each.mark),
        }
        for each in pathway.reminders.values()
    ]


def ladders(pathway: Pathway) -> list[Json]:
    """Return who is told, and how long after the reminder came, for each ladder that is used."""
    used = {each.ladder for each in pathway.reminders.values()} | {each.ladder for each in pathway.tasks.values()}
    used |= {each.overdue_ladder for each in pathway.reminders.values() if each.overdue}
    return [
        {"name": name, "rungs": [f"{rung.role} {_after(span(rung.after))}" for rung in rungs]}
        for name, rungs in pathway.ladders.items()
        if name in used
    ]


def _after(said: str) -> str:
    return said if said == "at once" else f"after {said}"


def _until(until: Until | None, saying: Saying) -> str:
    if until is None:
        return ""
    ways = [f"{saying.labels[until.fact]} is recorded{' anew' if until.since_previous else ''}"] if until.fact else []
    ways += [f"the task {until.task} is completed"] if until.task else []
    ways += [f"a {until.stage} treatment is confirmed"] if until.stage else []
    return listed(ways, "or")


def _task(kind: ReminderKind, _: Saying) -> str:
    return f"when the task {kind.task} is due"


def _tasks(_: ReminderKind, __: Saying) -> str:
    return "when a task is due that has no reminder of its own, by the task's ladder"


def _administrations(kind: ReminderKind, saying: Saying) -> str:
    names = saying.regimens(name for row in saying.pathway.standings for name in _options(row))
    regimens = (saying.pathway.regimens[name] for name in names)
    named = [saying.titles[each.name] for each in regimens if each.reminder == kind.name and each.schedule is not None]
    return (
        f"at each planned dose of {listed(named, 'or')}" if named else "at each planned dose of a regimen that names it"
    )


def _options(row: StandingRow) -> frozenset[str]:
    return row.selector.regimens if row.standing is not Standing.CONTRAINDICATED else frozenset()


def _course(kind: ReminderKind, saying: Saying) -> str:
    assert kind.selector is not None  # the loader sees to it
    while_ = ", while it is in force" if kind.ends_with_course else ""
    return f"{_times(kind)} after {saying.course_of(kind.selector)} began{while_}"


def _first_line(kind: ReminderKind, _: Saying) -> str:
    overdue = f"; once more after {span(kind.overdue)}, by the ladder {kind.overdue_ladder}" if kind.overdue else ""
    return f"{_times(kind)} after the first treatment began{overdue}"


def _times(kind: ReminderKind) -> str:
    months = [_months(each) for each in kind.after_months]
    return listed([*([spans(kind.after)] if kind.after else []), *months], "and")


def _months(count: int) -> str:
    years, rest = divmod(count, 12)
    return f"{counted(years, 'calendar year')}" if years and not rest else f"{counted(count, 'calendar month')}"


def _condition(kind: ReminderKind, saying: Saying) -> str:
    assert kind.guard is not None  # the loader sees to it
    return f"as soon as {saying.sentence(kind.guard) or 'the episode begins'}"


def _recurring(kind: ReminderKind, saying: Saying) -> str:
    rhythm = f"every {span(kind.every)}" if kind.every else f"every {_months(kind.every_months)}"
    return f"{rhythm}, counted {listed([_anchor(each, saying) for each in kind.anchors], 'or')}"


def _anchor(anchor: Anchor, saying: Saying) -> str:
    if anchor.regimen is not None:
        return f"from the beginning of {saying.titles[anchor.regimen]} while it is in force"
    if anchor.guard is not None:
        return f"since {saying.sentence(anchor.guard)}"
    return f"from entering {listed([name for name in saying.own_stages if name in anchor.stages], 'or')}"


def _waiting(kind: ReminderKind, _: Saying) -> str:
    return f"{spans(kind.after)} after the episode began to wait for a person or a fact{_again(kind)}"


def _unchecked(kind: ReminderKind, saying: Saying) -> str:
    stages = listed([name for name in saying.own_stages if name in kind.stages], "or")
    return (
        f"{spans(kind.after)} after a treatment without a check of its own, confirmed in {stages}, began{_again(kind)}"
    )


def _again(kind: ReminderKind) -> str:
    return f", then every {span(kind.every)}" if kind.every else ""


_COMES: dict[str, Callable[[ReminderKind, Saying], str]] = {
    "task": _task,
    "tasks": _tasks,
    "administrations": _administrations,
    "steps": lambda _, __: "at each step of a taper after the first",
    "taper-ends": lambda _, __: "at the end of a taper",
    "course": _course,
    "first-line": _first_line,
    "condition": _condition,
    "recurring": _recurring,
    "waiting": _waiting,
    "concerns": lambda _, __: "as soon as a course in force becomes contraindicated, or its gate would refuse it now",
    "unchecked-courses": _unchecked,
}
