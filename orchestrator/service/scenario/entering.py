"""What does a person enter in a story that the program tells? A dose where the regimen has none of its own."""

from collections.abc import Iterable
from typing import Any

from orchestrator.pathway.kinds import Regimen

_DOSE = 60


def entered(regimen: Regimen) -> bool:
    """Return whether a person enters the dose."""
    return regimen.dose is not None and regimen.dose.kind == "entered"


def dose(regimens: Iterable[Regimen]) -> dict[str, Any]:
    """Return the parameter with the dose, where one of the regimens needs it; a number where it has a unit."""
    made: dict[str, Any] = {}
    for each in regimens:
        if each.dose is not None and entered(each):
            made["dose"] = _DOSE if each.dose.unit is not None else f"{_DOSE} mg"
    return made
