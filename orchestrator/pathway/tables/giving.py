"""How is given what a pathway proposes? Doses with their formula, schedules, tapers; which course takes whose place."""

from decimal import Decimal
from typing import Any

from orchestrator.pathway.kinds import Alternative, Dose, Mark, Regimen, Schedule
from orchestrator.pathway.language.grammar import listed
from orchestrator.pathway.model import Pathway, Standing
from orchestrator.pathway.tables.saying import Saying, mark
from orchestrator.saying import counted

Json = dict[str, Any]


def given(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return how each regimen that the pathway proposes is given, in the order of the vocabulary."""
    proposed = {
        name
        for row in pathway.standings
        if row.standing is not Standing.CONTRAINDICATED
        for name in row.selector.regimens
    }
    return [_regimen(pathway.regimens[name], pathway) for name in saying.regimens({*proposed, *pathway.lines})]


def _regimen(regimen: Regimen, pathway: Pathway) -> Json:
    other = regimen.alternative
    chosen = other if other is not None and pathway.name in other.pathways else None
    return {
        "name": regimen.name,
        "title": regimen.called,
        "kind": regimen.kind,
        "line": pathway.lines.get(regimen.name, ""),
        "lasting": regimen.name in pathway.lasting,
        "dose": {"words": _dose(regimen.dose), **mark(regimen.dose.mark if regimen.dose else Mark())},
        "choice": None if chosen is None else {"words": _alternative(chosen), **mark(chosen.mark)},
        "schedule": {
            "words": _schedule(regimen.schedule),
            "local": _local(regimen.schedule),
            **_without_local(regimen.schedule),
        },
        **mark(regimen.mark),
    }


def _dose(dose: Dose | None) -> str:
    if dose is None:
        return "none is needed"
    return " ".join(filter(None, (_amount(dose), dose.route))) + (f", {dose.total} in all" if dose.total else "")


def _amount(dose: Dose) -> str:
    if dose.amount is None:
        return f"entered by the clinician{f', in {dose.unit}' if dose.unit else ', with its unit'}"
    per = {"per_kg": " per kg body weight", "per_m2": " per m² body surface"}.get(dose.kind, "")
    return f"{_number(dose.amount)} {dose.unit or ''}".rstrip() + per


def _number(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _alternative(other: Alternative) -> str:
    amount = f"{_number(other.low)} to {_number(other.high)} {other.unit} per kg body weight {other.route}".rstrip()
    return f"or {amount}, where the clinician gives {other.parameter.replace('_', ' ')}"


def _schedule(schedule: Schedule | None) -> str:
    return "no doses are planned" if schedule is None else _SCHEDULES[schedule.kind](schedule)


def _ranged(schedule: Schedule, unit: str) -> str:
    if schedule.low == schedule.high:
        return counted(schedule.low, unit)
    return f"{schedule.low} to {schedule.high} {unit}s, {schedule.default} unless chosen otherwise"


def _daily(schedule: Schedule) -> str:
    return f"daily for {_ranged(schedule, 'day')}"


def _every_days(schedule: Schedule) -> str:
    rhythm = "on alternate days" if schedule.every == 2 else f"every {counted(schedule.every, 'day')}"
    return f"{_ranged(schedule, 'session')}, {rhythm}"


def _on_days(schedule: Schedule) -> str:
    return f"on days {listed([str(day) for day in schedule.days], 'and')}"


def _monthly(schedule: Schedule) -> str:
    return "every calendar month" if schedule.every == 1 else f"every {schedule.every} calendar months"


def _taper(schedule: Schedule) -> str:
    return (
        f"tapered over {_ranged(schedule, 'day')}, in equal steps of {counted(schedule.step_days, 'day')} down to zero"
    )


_SCHEDULES = {"daily": _daily, "every_days": _every_days, "on_days": _on_days, "monthly": _monthly, "taper": _taper}


def _local(schedule: Schedule | None) -> list[str]:
    """Return what of a schedule no document gives."""
    if schedule is None:
        return []
    return [
        *(["the number unless chosen otherwise"] if schedule.default_local and schedule.low != schedule.high else []),
        *(["the shape of the taper"] if schedule.shape_local else []),
    ]


def _without_local(schedule: Schedule | None) -> Json:
    return {key: value for key, value in mark(schedule.mark if schedule else Mark()).items() if key != "local"}


def replaced(pathway: Pathway, saying: Saying) -> list[Json]:
    """Return which course ends which other, and when."""
    moments = {"start": "with its first dose", "confirmation": "when it is confirmed"}
    return [
        {
            "by": saying.any_of(each.by),
            "what": saying.any_of(each.what),
            "at": moments[each.at],
            **mark(each.mark),
        }
        for each in pathway.replaces
    ]
