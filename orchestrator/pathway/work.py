"""What does a pathway owe? Its tasks and reminders, read from the files."""

from collections.abc import Iterator

from orchestrator.pathway.fields import Fields
from orchestrator.pathway.model import Anchor, Guard, ReminderKind, TaskKind, Until
from orchestrator.pathway.reader import Map, Seq
from orchestrator.pathway.sections import Sections
from orchestrator.pathway.terms import name_in, names_in, take_duration, take_durations

_REMINDER_OF = (
    "task", "tasks", "administrations", "steps", "taper-ends", "course", "first-line", "condition", "recurring",
    "waiting", "concerns", "unchecked-courses",
)  # fmt: skip
_TIMES = ("after", "after_months", "every", "every_months", "overdue")


def tasks(sections: Sections) -> dict[str, TaskKind]:
    """Return the kinds of task, shared ones first."""
    return sections.each("tasks", "task", lambda name, entry: _task(sections, name, entry))


def _task(sections: Sections, name: str, entry: Fields) -> TaskKind:
    due = take_duration(entry, "due")
    of = entry.take("of", str, "")
    if of:
        name_in(entry, "of", of, ("administration",), "kind of task")
    guards, every = _conditions(sections, entry), take_duration(entry, "every")
    asks = names_in(entry, "asks", sections.words.facts, "fact")
    title, entering = entry.take("title", str), sections.stage(entry, "entering")
    ladder, reminder = sections.ladder(entry), entry.take("reminder", str, None)
    mark = sections.mark(entry, number=due is not None or every is not None, settable=("due", "every"))
    return TaskKind(name, title, due, ladder, reminder, entering, guards, mark, bool(of), every, asks)


def _conditions(sections: Sections, entry: Fields) -> tuple[Guard, ...]:
    """Read ``when``, one condition or a list of them, and ``unless``, which holds for each."""
    unless = sections.optional(entry, "unless")
    texts = entry.texts("when", ()) or (("true",) if unless is not None else ())
    return tuple(Guard(sections.parsed(entry, "when", text), unless) for text in texts)


def reminders(sections: Sections) -> dict[str, ReminderKind]:
    """Return the kinds of reminder, shared ones first."""
    return sections.each("reminders", "reminder", lambda name, entry: _reminder(sections, name, entry))


def _reminder(sections: Sections, name: str, entry: Fields) -> ReminderKind:
    of = name_in(entry, "of", entry.take("of", str), _REMINDER_OF, "kind of reminder")
    selected = of == "course"
    return ReminderKind(
        name=name, title=entry.take("title", str), of=of, ladder=sections.ladder(entry),
        selector=sections.selector(entry) if selected else None,
        after=take_durations(entry, "after"), every=take_duration(entry, "every"),
        every_months=entry.take("every_months", int, 0), overdue=take_duration(entry, "overdue"),
        overdue_ladder=sections.ladder(entry, "overdue_ladder"), until=_until(sections, entry),
        guard=sections.guard(entry) if of == "condition" else None, anchors=tuple(_anchors(sections, entry)),
        stages=sections.stages(entry), task=_task_name(sections, entry, "task"),
        opens=_task_name(sections, entry, "opens"),
        ends_with_course=entry.take("ends_with_course", bool, False), after_months=_months(entry),
        once=entry.take("once", bool, False),
        mark=sections.mark(entry, number=True, settable=_TIMES),
    )  # fmt: skip


def _task_name(sections: Sections, entry: Fields, key: str) -> str | None:
    name = entry.take(key, str, None)
    return None if name is None else name_in(entry, key, name, sections.task_names, "task")


def _months(entry: Fields) -> tuple[int, ...]:
    months = tuple(entry.take("after_months", Seq, Seq()))
    if any(isinstance(each, bool) or not isinstance(each, int) or each < 1 for each in months):
        raise entry.error(f"the months of {entry.what} must be whole numbers from 1", "after_months")
    return months


def _until(sections: Sections, entry: Fields) -> Until | None:
    table = entry.take("until", Map, None)
    if table is None:
        return None
    until = Fields(table, entry.file, f"'until' of {entry.what}")
    fact, task, stage = until.take("recorded", str, None), until.take("completed", str, None), None
    if "confirmed_in" in until.values:
        stage = sections.stage(until, "confirmed_in")
    if (fact is None and stage is None) == (task is None):
        raise until.error(f"{until.what} must be one of recorded (or confirmed_in) and completed")
    if fact is not None:
        name_in(until, "recorded", fact, sections.words.facts, "fact")
    if task is not None:
        name_in(until, "completed", task, sections.task_names, "task")
    since = until.take("since", str, "")
    if since:
        name_in(until, "since", since, ("previous",), "moment")
    until.done()
    return Until(fact, task, bool(since), stage)


def _anchors(sections: Sections, entry: Fields) -> Iterator[Anchor]:
    """Read what a rhythm counts from: ``course``, ``entering`` (a stage or a span of stages), or ``when``."""
    table = entry.take("from", Seq, None)
    for index, value in enumerate(table or ()):
        anchor = Fields(value, entry.file, "anchor", line=table.line_of(index) if table is not None else 0)
        course, stages = anchor.take("course", str, None), names_in(anchor, "entering", sections.words.stages, "stage")
        if course is not None:
            name_in(anchor, "course", course, sections.words.regimens, "regimen")
        guard = sections.guard(anchor) if "when" in anchor.values else None
        if sum((course is not None, bool(stages), guard is not None)) != 1:
            raise anchor.error(f"an anchor of {entry.what} must be one of course, entering and when")
        anchor.done()
        yield Anchor(course, frozenset(stages), guard)
