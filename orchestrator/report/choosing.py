"""How do the decision tables read on a page? For each regimen its rows, the one that outranks the others first."""

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.pathway.language.grammar import listed
from orchestrator.report.markdown import escaped, guard, origin, regimens, section, stages, table

Json = Mapping[str, Any]


def choices(told: Json) -> Iterator[str]:
    """Yield the decision tables."""
    yield (
        "Of the rows that hold for a patient the highest in its table decides (X-05): contraindicated, discouraged, a "
        "conflict of flags, then the rule with the higher number. A regimen for which no row holds is not proposed; "
        "what is in force is a course, and no longer a proposal. A contraindicated regimen needs a lead and a reason, "
        "a discouraged one a reason."
    )
    yield ""
    for each in told["shown_elsewhere"]:
        yield from _elsewhere(each)
    for each in told["choices"]:
        rows = ((_standing(row, told), stages(row["stages"]), guard(row), origin(row)) for row in each["rows"])
        head = ("Standing", "In", "When", "Rule and origin")
        yield from section(3, listed(regimens(told, each["regimens"]), "and"), table(head, rows))
    yield from section(3, "Never proposed", _never(told))


def _elsewhere(each: Json) -> Iterator[str]:
    stage = escaped(each["stage"])
    if each["of"]:
        yield f"In {stage} the rows of {listed([escaped(name) for name in each['of']], 'and')} hold too."
    if each["after_relapse"]:
        yield f"After a relapse the rows of every line that was reached before hold in {stage} as well."
    yield ""


def _standing(row: Json, told: Json) -> str:
    parts = [f"**{row['standing']}**"]
    parts += (
        [f"a flag pulls toward {escaped(told['regimens'].get(row['pulls'], row['pulls']))}"] if row["pulls"] else []
    )
    parts += ["not for the taper of a steroid already given"] if row["save_taper"] else []
    return "<br>".join(parts)


def _never(told: Json) -> Iterator[str]:
    rows = (
        (
            ", ".join(regimens(told, row["regimens"])),
            f"**{row['standing']}**",
            stages(row["stages"]),
            guard(row),
            origin(row),
        )
        for row in told["never_proposed"]
    )
    yield from table(("Regimen", "Standing", "In", "When", "Rule and origin"), rows)
