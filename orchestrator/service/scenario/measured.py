"""How does a story write lengths of time and doses, and when are two of them the same?"""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from orchestrator.episode.courses import slots
from orchestrator.episode.doses import Dosage
from orchestrator.episode.draft import Draft
from orchestrator.episode.model import DECLINED, MISSED, Episode
from orchestrator.errors import InvalidCommand
from orchestrator.pathway.kinds import FACTORS, decimal, typed_number

TOLERANCE = Decimal("0.005")
"""Amounts are compared within half a per cent."""

_ENTERED = re.compile(r"(\d+(?:\.\d+)?)\s*([^\W\d].*)")
"""A dose entered as text, such as ``750 mg``."""
_OFFSET = re.compile(r"0|(-)?(?:([0-9]{1,5})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,8})m)?")


def offset(text: str) -> dt.timedelta:
    """Return an offset from T0 such as ``2d4h`` or ``72h30m``, a day being 24 hours; raises ValueError."""
    match = _OFFSET.fullmatch(text)
    if match is None or text in {"", "-"}:
        raise ValueError(f"'{text[:40]}' is no offset such as 76h, 2d4h or 72h30m")
    days, hours, minutes = (int(part or 0) for part in match.groups()[1:])
    length = dt.timedelta(days=days, hours=hours, minutes=minutes)
    return -length if match[1] else length


def as_offset(length: dt.timedelta) -> str:
    """Return an offset as a scenario writes it, such as ``3d4h``."""
    sign = "-" if length < dt.timedelta(0) else ""
    seconds = int(abs(length).total_seconds())
    days, rest = divmod(seconds, 86400)
    parts = ((days, "d"), (rest // 3600, "h"), (rest % 3600 // 60, "m"))
    text = "".join(f"{number}{unit}" for number, unit in parts if number)
    return sign + (text or "0h") + (f"+{seconds % 60}s" if seconds % 60 else "")


def same_offset(expected: object, actual: str | None) -> bool:
    """Return whether an offset is the one that is expected, however it is written; None is 'not to come'."""
    if expected is None or actual is None:
        return expected is None and actual is None
    try:
        return as_offset(offset(str(expected))) == actual
    except ValueError:
        return False


def doses_of(regimen: str, episode: Episode, draft: Draft, start: dt.datetime) -> list[dict[str, Any]]:
    """Return what was given and is planned of the regimen's latest course; missed and declined ones are no doses."""
    course = next((each for each in reversed(episode.courses) if each.regimen == regimen), None)
    if course is None:
        return []
    made = []
    for slot in slots(draft.pathway, course, episode.timezone, draft.values):
        if slot.status not in {MISSED, DECLINED}:
            dose: dict[str, Any] = {"at": as_offset(slot.at - start)}
            if slot.dosage is not None:
                dose |= _amount(slot.dosage)
            made.append(dose)
    return made


def _amount(dosage: Dosage) -> dict[str, Decimal | str | None]:
    """Return amount and unit; the amount is a number, save of a text that is none with its unit."""
    entered = _ENTERED.fullmatch(dosage.text)
    if isinstance(dosage.amount, str) and entered is None:
        return {"amount": dosage.amount, "unit": dosage.unit}
    amount, unit = (dosage.text, dosage.unit) if entered is None else entered.groups()
    return {"amount": Decimal(amount), "unit": unit}


def same_doses(expected: object, actual: list[dict[str, Any]]) -> bool:
    """Return whether these are the doses that are expected, each in what is said of it."""
    if not isinstance(expected, list) or len(expected) != len(actual):
        return False
    return all(_same_dose(each, other) for each, other in zip(expected, actual, strict=True))


def _same_dose(expected: object, actual: Mapping[str, Any]) -> bool:
    if not isinstance(expected, Mapping) or not expected.keys() <= actual.keys():
        return False
    if "at" in expected and not same_offset(expected["at"], actual["at"]):
        return False
    unit = expected.get("unit", actual.get("unit"))
    return _same_amount(expected, actual, unit) if "amount" in expected else unit == actual.get("unit")


def _same_amount(expected: Mapping[str, Any], actual: Mapping[str, Any], unit: object) -> bool:
    """Return whether both say as much; grams and milligrams are the same in other words."""
    factor = Decimal(1) if unit == actual.get("unit") else FACTORS.get((str(actual.get("unit")), str(unit)))
    try:
        wanted, found = decimal(typed_number(str(expected["amount"])), "amount"), Decimal(actual["amount"])
    except (InvalidCommand, InvalidOperation):
        return str(expected["amount"]) in {actual["amount"], f"{actual['amount']} {actual['unit']}"}
    return factor is not None and abs(wanted - found * factor) <= abs(wanted) * TOLERANCE
