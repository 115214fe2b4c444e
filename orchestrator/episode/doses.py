"""How much is given?

The regimen's formula and the patient's recorded measures, in decimal arithmetic, never rounded (X-02).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestrator.pathway.kinds import FACTORS, Regimen
from orchestrator.pathway.model import Pathway
from orchestrator.saying import joined, said

MOSTELLER = Decimal(3600)


@dataclass(frozen=True, slots=True)
class Dosage:
    """One dose.

    amount: in ``unit`` (or text with its own unit); formula: how it was found, with its inputs; lender: another
    pathway's document that lends the formula, where the pathway's own is silent.
    """

    amount: Decimal | str
    unit: str | None
    formula: str
    inputs: Mapping[str, str]
    sources: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the amount as text without an exponent."""
        return plain_number(self.amount) if isinstance(self.amount, Decimal) else self.amount


def plain_number(number: Decimal) -> str:
    """Return a decimal without exponent or trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def inputs_of(pathway: Pathway, regimen: Regimen, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the facts that the regimen's dose is made from."""
    if regimen.dose is None:
        return ()
    if regimen.alternative is not None and regimen.alternative.parameter in parameters:
        return (pathway.measure("weight"),)
    if regimen.dose.kind == "per_kg":
        return (pathway.measure("weight"),)
    return (pathway.measure("weight"), pathway.measure("height")) if regimen.dose.kind == "per_m2" else ()


def how_given(regimen: Regimen, parameters: Mapping[str, Any]) -> str:
    """Return by which route a dose is given, and of a taper that it is each day's: ``IV``, ``PO daily``.

    Empty where no source states a route and each administration is one dose.
    """
    other, schedule = regimen.alternative, regimen.schedule
    route = "" if regimen.dose is None else regimen.dose.route
    if other is not None and other.parameter in parameters:
        route = other.route
    daily = schedule is not None and schedule.kind == "taper"
    return joined(" ", filter(None, (route, said("daily") if daily else "")))


def missing_inputs(
    pathway: Pathway, regimen: Regimen, parameters: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return what the dose still needs: unknown facts, and ``dose`` where the clinician enters it."""
    needed = [name for name in inputs_of(pathway, regimen, parameters) if name not in values]
    if (
        regimen.dose is not None
        and regimen.dose.kind == "entered"
        and "dose" not in parameters
        and "steps" not in parameters
    ):
        needed.append("dose")
    return tuple(needed)


def base_dose(
    pathway: Pathway, regimen: Regimen, parameters: Mapping[str, Any], values: Mapping[str, Any]
) -> Dosage | None:
    """Return the dose of one administration, or of a taper's first step;
    None when none is needed or an input is missing.
    """
    dose = regimen.dose
    if dose is None or missing_inputs(pathway, regimen, parameters, values):
        return None
    if regimen.alternative is not None and regimen.alternative.parameter in parameters:
        other = regimen.alternative
        found = _per_kg(pathway, parameters[other.parameter], other.unit, values, other.mark.sources)
        return _in_unit(found, dose.unit or other.unit)
    sources = dose.mark.sources
    if dose.kind == "entered":
        entered = parameters.get("dose")
        return (
            None if entered is None else Dosage(entered, dose.unit, "entered by the confirming clinician", {}, sources)
        )
    if dose.amount is None:
        raise AssertionError(f"{regimen.name}: a formula without an amount")
    if dose.kind == "fixed":
        return Dosage(dose.amount, dose.unit, f"{plain_number(dose.amount)} {dose.unit}", {}, sources)
    if dose.kind == "per_kg":
        return _per_kg(pathway, dose.amount, dose.unit or "", values, sources)
    return _per_m2(pathway, dose.amount, dose.unit or "", values, sources)


def scaled(dosage: Dosage, part: int, whole: int) -> Dosage:
    """Return ``part``/``whole`` of a dose, as a taper's step has it (X-14)."""
    if not isinstance(dosage.amount, Decimal):
        raise AssertionError("a taper's dose is a number")
    amount = dosage.amount * part / whole
    return Dosage(amount, dosage.unit, f"{dosage.formula} × {part}/{whole}", dosage.inputs, dosage.sources)


def _per_kg(
    pathway: Pathway, amount: Decimal, unit: str, values: Mapping[str, Any], sources: tuple[str, ...]
) -> Dosage:
    fact = pathway.measure("weight")
    weight = values[fact]
    formula = f"{plain_number(amount)} {unit}/kg × {plain_number(weight)} kg"
    return Dosage(amount * weight, unit, formula, {fact: str(weight)}, sources)


def _in_unit(dosage: Dosage, unit: str) -> Dosage:
    """Return the dose in the unit in which the regimen's doses are told; the formula stays as its source states it."""
    if unit == dosage.unit or dosage.unit is None or not isinstance(dosage.amount, Decimal):
        return dosage
    factor = FACTORS[dosage.unit, unit]
    formula = f"{dosage.formula} = {dosage.text} {dosage.unit}"
    return Dosage(dosage.amount * factor, unit, formula, dosage.inputs, dosage.sources)


def _per_m2(
    pathway: Pathway, amount: Decimal, unit: str, values: Mapping[str, Any], sources: tuple[str, ...]
) -> Dosage:
    weight_fact, height_fact = pathway.measure("weight"), pathway.measure("height")
    weight, height = values[weight_fact], values[height_fact]
    surface = (height * weight / MOSTELLER).sqrt()
    formula = f"{plain_number(amount)} {unit}/m² × √({plain_number(height)} cm × {plain_number(weight)} kg / 3600)"
    return Dosage(amount * surface, unit, formula, {weight_fact: str(weight), height_fact: str(height)}, sources)
