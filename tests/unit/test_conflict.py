"""Goal: flags that pull toward two regimens are never settled by the software (X-06); rows that differ follow X-05."""

import shutil
from pathlib import Path

import pytest

from orchestrator.episode.commands import Confirm
from orchestrator.episode.draft import Draft
from orchestrator.episode.proposals import table, warning_names
from orchestrator.pathway.loader import load_library
from orchestrator.pathway.model import Pathway, Standing
from tests.patients import WORKFLOWS, Patient

NAME = "post-viral-cerebellar-demyelination"
ROWS = """
standings:
  - {regimen: ivig, standing: recommended, in: [workup], when: bleeding_disorder, pull: ivig, rule: P-08, local: true}
  - {regimen: plex, standing: recommended, in: [workup], when: thromboembolic_risk_high, pull: plex,
     rule: P-08, local: true}
  - {regimen: plex, standing: acceptable, in: [workup], when: severity == 'severe', rule: P-14, source: "000"}
  - {regimen: ivmp-pulse, standing: discouraged, in: [workup], when: bleeding_disorder, rule: P-02, source: "000"}
"""


@pytest.fixture(scope="module")
def pathway(tmp_path_factory: pytest.TempPathFactory) -> Pathway:
    """Return the pathway with rows that pull toward two sides."""
    folder = tmp_path_factory.mktemp("conflict") / "workflows"
    shutil.copytree(WORKFLOWS, folder, ignore=shutil.ignore_patterns("scenarios"))
    file: Path = folder / NAME / "pathway.yaml"
    file.write_text(file.read_text().replace("\nstandings:\n", ROWS, 1))
    return load_library(folder).newest(NAME)


def flagged(pathway: Pathway, **facts: bool) -> Patient:
    """Return a patient in workup, infection excluded, with these facts."""
    known = {"severity": "severe", "infection_status": "excluded", "weight_kg": 70}
    return Patient(pathway).record(**known, **facts)


def put(patient: Patient) -> Draft:
    """Return what is put to the clinician now."""
    return Draft(patient.pathway, patient.episode, patient.now)


def standing(patient: Patient, regimen: str) -> Standing:
    return put(patient).table.standing(regimen)


@pytest.mark.rules("X-06")
def test_one_flag_is_no_conflict(pathway: Pathway) -> None:
    patient = flagged(pathway, bleeding_disorder=True)
    assert standing(patient, "ivig") is Standing.RECOMMENDED
    assert put(patient).table.conflict == frozenset()


@pytest.mark.rules("X-06")
def test_two_flags_recommend_both_and_warn(pathway: Pathway) -> None:
    patient = flagged(pathway, bleeding_disorder=True, thromboembolic_risk_high=True)
    assert standing(patient, "ivig") is standing(patient, "plex") is Standing.RECOMMENDED
    assert put(patient).table.conflict == {"ivig", "plex"}
    draft = put(patient)
    assert "conflicting-preferences" in warning_names(draft.host, draft.values, draft.table)


@pytest.mark.parametrize("chosen", [("ivig",), ("plex",), ("ivig", "plex")])
@pytest.mark.rules("X-06")
def test_confirming_either_or_both_needs_a_reason(pathway: Pathway, chosen: tuple[str, ...]) -> None:
    patient = flagged(pathway, bleeding_disorder=True, thromboembolic_risk_high=True)
    assert patient.refused(Confirm(chosen)) == "needs-reason"
    patient.accepted(Confirm(chosen, reason="discussed with the family"))
    assert patient.in_force == set(chosen)


@pytest.mark.rules("X-05", "X-07")
def test_discouraged_goes_before_recommended(pathway: Pathway) -> None:
    patient = flagged(pathway, bleeding_disorder=True)
    assert standing(patient, "ivmp-pulse") is Standing.DISCOURAGED
    assert patient.refused(Confirm(("ivmp-pulse",))) == "needs-reason"


@pytest.mark.rules("X-05", "X-07")
def test_contraindicated_goes_before_discouraged(pathway: Pathway) -> None:
    patient = flagged(pathway, bleeding_disorder=True, steroids_contraindicated=True)
    assert standing(patient, "ivmp-pulse") is Standing.CONTRAINDICATED


@pytest.mark.rules("X-05")
def test_the_higher_numbered_rule_goes_first_where_nothing_pulls(pathway: Pathway) -> None:
    patient = flagged(pathway, thromboembolic_risk_high=True)
    assert standing(patient, "plex") is Standing.ACCEPTABLE, "P-14 before P-08"


def test_the_table_is_the_same_for_the_same_facts(pathway: Pathway) -> None:
    patient = flagged(pathway, bleeding_disorder=True, thromboembolic_risk_high=True)
    draft = put(patient)
    assert table(draft.host, draft.values) == draft.table
