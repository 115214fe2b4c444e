"""Goal: a hospital sets local values, and nothing else: within their range, by name, and nobody can overlook it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import PathwayError
from orchestrator.pathway.kinds import Setting
from orchestrator.pathway.loader import load_library, load_text, version_key, without_local
from orchestrator.pathway.model import Pathway

ROOT = Path(__file__).parents[2] / "workflows"
NAME = "post-viral-cerebellar-demyelination"
HEAD = """\
hospital: Example hospital
revision: 1
author: {name: Author, role: consultant neurologist}
approver: {name: Approver, role: clinical lead}
approved: 2026-02-01
reason: Our on-call rota
"""
Load = Callable[[str], Pathway]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one pathway, which a test may break."""
    made = tmp_path / "workflows"
    shutil.copytree(ROOT / "shared", made / "shared")
    shutil.copytree(ROOT / NAME, made / NAME, ignore=shutil.ignore_patterns("scenarios"))
    return made


@pytest.fixture
def load(folder: Path, tmp_path: Path) -> Load:
    """Return a function that loads the pathway with values, or with a whole file, of a hospital."""

    def loaded(text: str) -> Pathway:
        file = tmp_path / "hospital.yaml"
        file.write_text(text if text.startswith("hospital:") else HEAD + "values:\n  " + text.replace("\n", "\n  "))
        return load_library(folder, file).newest(NAME)

    return loaded


@pytest.fixture
def plain(folder: Path) -> Pathway:
    return load_library(folder).newest(NAME)


def setting(pathway: Pathway, address: str) -> Setting:
    return next(each for each in pathway.settings if each.address == address)


# what can be set

VALUES = {
    "a due time": ("tasks.mri-brain-spine.due", "12h", "12h", "24h"),
    "its least": ("tasks.mri-brain-spine.due", "4h", "4h", "24h"),
    "its most": ("tasks.mri-brain-spine.due", "72h", "72h", "24h"),
    "its most, written otherwise": ("tasks.mri-brain-spine.due", "3d", "3d", "24h"),
    "a list of durations": ("reminders.observation-review.after", "[7d, 10d, 21d]", "7d, 10d, 21d", "7d, 14d, 21d"),
    "a whole number": ("reminders.ms-surveillance.every_months", "12", "12", "6"),
    "a length": ("regimens.plex.schedule.default", "7", "7", "5"),
    "the shape of a taper": ("regimens.steroid-taper.schedule.step_days", "14", "14", "7"),
    "a ladder": (
        "ladders.urgent.rungs",
        "[{role: nurse, after: 0h}, {role: on-call, after: 30m}]",
        "nurse 0h, on-call 30m",
        "clinician 0h, lead 1h, on-call 2h",
    ),
    "a named value": ("values.washout.value", "3d", "3d", "7d"),
    "the rhythm of firing again": ("again.after", "12h", "12h", "24h"),
}


@pytest.mark.parametrize(("address", "value", "shown", "default"), VALUES.values(), ids=VALUES)
def test_a_local_value_is_set_and_says_by_whom(load: Load, address: str, value: str, shown: str, default: str) -> None:
    pathway = load(f"{address}: {value}\n")
    found = setting(pathway, address)
    assert (found.value, found.default) == (shown, default)
    assert found.set_by == (
        "set by the hospital (Example hospital, revision 1): Author, consultant neurologist, "
        "approved by Approver, clinical lead on 2026-02-01"
    )
    assert [each.address for each in pathway.settings if each.hospital] == [address]


def test_without_a_file_every_local_value_is_the_default(plain: Pathway) -> None:
    assert len(plain.settings) > 20
    assert {each.set_by for each in plain.settings} == {"the pathway's default"}
    assert [each.address for each in plain.settings if each.value != each.default] == []
    assert setting(plain, "tasks.mri-brain-spine.due").range == "4h to 72h"


def test_what_is_built_has_the_value(load: Load) -> None:
    pathway = load(
        "tasks.mri-brain-spine.due: 12h\nregimens.plex.schedule.default: 7\n"
        "ladders.urgent.rungs: [{role: nurse, after: 0h}, {role: on-call, after: 30m}]\n"
    )
    due, schedule = pathway.tasks["mri-brain-spine"].due, pathway.regimens["plex"].schedule
    assert due is not None
    assert due.total_seconds() == 12 * 3600
    assert schedule is not None
    assert schedule.default == 7
    assert [(rung.role, rung.after.total_seconds()) for rung in pathway.ladders["urgent"]] == [
        ("nurse", 0),
        ("on-call", 1800),
    ]


# what cannot

REFUSED = {
    "below the least": ("tasks.mri-brain-spine.due: 239m", "must lie between 4h and 72h, and 239m does not"),
    "above the most": ("tasks.mri-brain-spine.due: 72h1m", "72h1m"),
    "one of a list": ("reminders.observation-review.after: [6d, 14d, 21d]", "6d"),
    "one of a ladder": ("ladders.urgent.rungs: [{role: lead, after: 0h}, {role: lead, after: 13h}]", "13h"),
    "another number of times": ("reminders.observation-review.after: [7d, 14d]", "must hold 3 durations"),
    "times out of order": ("reminders.observation-review.after: [14d, 7d, 21d]", "ascending"),
    "a number for a time": ("tasks.mri-brain-spine.due: 12", "must be a duration such as 12h"),
    "a time for a number": ("regimens.plex.schedule.default: 7d", "must be a whole number"),
    "a fraction of a day": ("regimens.plex.schedule.default: 5.5", "must be a whole number"),
    "a truth for a number": ("regimens.plex.schedule.default: true", "must be a whole number"),
    "one time for a list": ("reminders.observation-review.after: 7d", "must be a list of durations"),
    "no ladder": ("ladders.urgent.rungs: []", "must be a list of rungs"),
    "a ladder that begins late": ("ladders.urgent.rungs: [{role: lead, after: 1h}]", "must be told at once"),
    "a ladder to nobody": ("ladders.urgent.rungs: [{role: porter, after: 0h}]", "unknown role 'porter'"),
    "a ladder to somebody who cannot answer": (
        "ladders.urgent.rungs: [{role: auditor, after: 0h}]",
        "may not acknowledge",
    ),
    "a ladder without end": (
        f"ladders.urgent.rungs: [{', '.join(['{role: lead, after: 0h}'] * 11)}]",
        "must hold at most 10 rungs",
    ),
    "a whole element": ("values.washout: 3d", "did you mean 'values.washout.value'?"),
    "a rung with more": ("ladders.urgent.rungs: [{role: lead, after: 0h, by: fax}]", "unknown key 'by'"),
    "a check with a source": ("checks.day-3.after: 48h", "rests on source 000"),
    "a gate": ("gates.taper-minimum.minimum_days: 14", "rests on source 000"),
    "a dose": ("regimens.ivig.dose.per_kg: 0.2", "rests on source 000, 001, 003"),
    "a taper under its gate": ("regimens.steroid-taper.schedule.default: 27", "must lie between 28 and 84"),
    "an element that is local as such": ("tasks.relapse-review.title: Look", "has no range"),
    "a misspelt address": ("tasks.mri-brain-spin.due: 12h", "did you mean 'tasks.mri-brain-spine.due'?"),
    "an address of nothing": ("x: 1", "carepath pathway show NAME lists the local values"),
}


@pytest.mark.parametrize(("line", "told"), REFUSED.values(), ids=REFUSED)
def test_a_value_that_cannot_be_set_is_named_with_its_line(load: Load, line: str, told: str) -> None:
    with pytest.raises(PathwayError) as caught:
        load(f"again.after: 12h\n{line}\n")
    assert told in str(caught.value)
    assert caught.value.file.endswith("hospital.yaml")
    assert caught.value.line == 9


HEADS = {
    "no author": ("author: {name: Author, role: consultant neurologist}\n", "", "no 'author'"),
    "no approver": ("approver: {name: Approver, role: clinical lead}\n", "", "no 'approver'"),
    "an author without a role": ("{name: Author, role: consultant neurologist}", "{name: Author}", "no 'role'"),
    "an author without a name": ("name: Author,", 'name: " ",', "1 to 200 characters"),
    "one person for both": ("name: Approver", "name: ' author '", "somebody else must approve"),
    "no date": ("approved: 2026-02-01\n", "", "no 'approved'"),
    "another date": ("2026-02-01", "1 February 2026", "YYYY-MM-DD"),
    "a day that is none": ("2026-02-01", "2026-02-30", "YYYY-MM-DD"),
    "no reason": ("reason: Our on-call rota\n", "", "no 'reason'"),
    "no revision": ("revision: 1\n", "", "no 'revision'"),
    "a revision with blanks": ("revision: 1", "revision: 1 of 2", "letters, digits"),
    "no hospital": ("Example hospital", "", "must be text, not nothing"),
    "a misspelt key": ("reason:", "reasons:", "'reasons' on line 6 may be meant for it"),
}


@pytest.mark.parametrize(("old", "new", "told"), HEADS.values(), ids=HEADS)
def test_a_file_for_which_nobody_answers_is_refused(load: Load, old: str, new: str, told: str) -> None:
    text = HEAD + "values:\n  again.after: 12h\n"
    assert text.count(old) == 1
    with pytest.raises(PathwayError) as caught:
        load(text.replace(old, new))
    assert told in str(caught.value)
    assert caught.value.file.endswith("hospital.yaml")
    assert caught.value.line > 0


@pytest.mark.parametrize("text", ["", "values: {}\n", "pathways: {}\n", f"pathways:\n  {NAME}: {{}}\n"])
def test_a_file_that_sets_nothing_is_refused(load: Load, text: str) -> None:
    with pytest.raises(PathwayError, match="sets no value"):
        load(HEAD + text)


def test_a_file_that_is_not_there_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PathwayError, match="cannot be read"):
        load_library(folder, tmp_path / "none.yaml")


# for one pathway alone


def test_a_value_for_one_pathway_wins_over_that_for_all(load: Load) -> None:
    text = f"values:\n  again.after: 12h\npathways:\n  {NAME}:\n    again.after: 48h\n"
    assert setting(load(HEAD + text), "again.after").value == "48h"


def test_a_pathway_that_is_not_there_is_refused(load: Load) -> None:
    with pytest.raises(PathwayError, match=f"did you mean '{NAME}'"):
        load(HEAD + f"pathways:\n  {NAME[:-1]}:\n    again.after: 48h\n")


# hash and version


def test_the_file_is_part_of_what_is_hashed_and_the_stored_text_gives_the_same(load: Load, plain: Pathway) -> None:
    pathway = load("tasks.mri-brain-spine.due: 12h\n")
    again = load_text(pathway.text)
    assert pathway.hash != plain.hash
    assert (again.hash, again.version, again.settings) == (pathway.hash, pathway.version, pathway.settings)
    assert again.tasks["mri-brain-spine"].due == pathway.tasks["mri-brain-spine"].due
    assert without_local(pathway).hash == plain.hash
    assert without_local(plain) is plain


def test_each_revision_is_a_version_of_its_own(load: Load, folder: Path, tmp_path: Path) -> None:
    text = HEAD + "values:\n  again.after: 12h\n"
    first = load(text)
    second = load(text.replace("revision: 1", "revision: 2"))
    assert (first.version, second.version) == ("1.0.0+1", "1.0.0+2")
    assert first.hash != second.hash
    library = load_library(folder, tmp_path / "hospital.yaml")
    assert library.newest(f"{NAME}@1.0.0") is library.newest(f"{NAME}@1.0.0+2")


def test_versions_sort_by_their_numbers_then_by_the_revision() -> None:
    order = ["1.9.0", "1.10.0", "1.10.0+1", "1.10.0+2", "1.10.0+10", "1.10.0+2026-02-01", "1.10.0+2026-11-01", "1.11.0"]
    assert sorted(set(order), key=version_key) == order


def test_a_file_that_sets_nothing_of_a_pathway_leaves_it_as_it_is(folder: Path, plain: Pathway) -> None:
    other = "other-pathway"
    (folder / other).mkdir()
    text = (folder / NAME / "pathway.yaml").read_text()
    assert text.count("mri-brain-spine") == 1
    text = text.replace(f"pathway: {NAME}", f"pathway: {other}").replace("mri-brain-spine", "mri-of-all")
    (folder / other / "pathway.yaml").write_text(text)
    file = folder / "local.yaml"
    file.write_text(HEAD + "values:\n  tasks.mri-of-all.due: 12h\n")
    library = load_library(folder, file)
    assert library.newest(NAME).hash == plain.hash
    assert library.newest(NAME).version == "1.0.0"
    assert library.newest(other).version == "1.0.0+1"


# ranges in the pathway


FAULTY = {
    "a default outside": ("local: {every_months: [1, 12]}", "local: {every_months: [7, 12]}", "must lie between 7"),
    "a range the wrong way": ("local: {every_months: [1, 12]}", "local: {every_months: [12, 1]}", "[LEAST, MOST]"),
    "a range of one": ("local: {every_months: [1, 12]}", "local: {every_months: [12]}", "[LEAST, MOST]"),
    "a range of another kind": ("local: {every_months: [1, 12]}", "local: {every_months: [1d, 12d]}", "[LEAST, MOST]"),
    "a range of nothing": ("local: {every_months: [1, 12]}", "local: {}", "names no value"),
    "a range of what is not said": ("local: {every_months: [1, 12]}", "local: {every: [1d, 2d]}", "does not state"),
    "a range of a name": ("local: {every_months: [1, 12]}", "local: {ladder: [a, b]}", "neither a time nor a number"),
    "a range in a row": ("rule: P-21, local: true}", "rule: P-21, local: {rule: [1, 2]}}", "no hospital may set"),
    "a version with a plus": ('version: "1.0.0"', 'version: "1.0.0+1"', "has no '+'"),
}


@pytest.mark.parametrize(("old", "new", "told"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_range_is_refused(folder: Path, old: str, new: str, told: str) -> None:
    file = folder / NAME / "pathway.yaml"
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
    with pytest.raises(PathwayError) as caught:
        load_library(folder)
    assert told in str(caught.value)
    assert caught.value.file == str(file)
    assert caught.value.line > 0


def test_a_range_below_a_gate_is_refused(folder: Path) -> None:
    file = folder / "shared" / "regimens.yaml"
    file.write_text(file.read_text().replace("default: [28, 84]", "default: [27, 84]"))
    with pytest.raises(PathwayError, match="below the 28 of the gate 'taper-minimum'") as caught:
        load_library(folder)
    assert caught.value.file == str(file)


def test_a_dose_can_have_no_range(folder: Path) -> None:
    file = folder / "shared" / "regimens.yaml"
    old = "dose: {per_kg: 1, unit: mg, route: PO, source"
    assert file.read_text().count(old) == 1
    file.write_text(file.read_text().replace(old, f"dose: {{local: {{per_kg: [1, 2]}}, {old[7:]}"))
    with pytest.raises(PathwayError, match="no hospital may set 'per_kg'"):
        load_library(folder)


# named values


def test_a_named_value_is_read_as_its_length_of_time(load: Load) -> None:
    warnings = {row.name: row.guard.when.words for row in load("values.washout.value: 3d\n").warnings}
    assert "within 72 hours after" in warnings["plex-removes-ivig"]


VALUE = """\
values:
  grave:
    words: what counts as high fever
    value: 39.5
    rule: P-05
    local: {value: [39, 40.5]}

standings:
"""
GUARD = "severity == 'moderate' && virus == 'sars-cov-2'"


def with_value(folder: Path, guard: str, value: str = VALUE) -> Path:
    """Write a named number into the pathway, and a guard that uses it."""
    file = folder / NAME / "pathway.yaml"
    text = file.read_text()
    assert (text.count("\nstandings:\n"), text.count(GUARD)) == (1, 1)
    text = text.replace("\nstandings:\n", "\n" + value).replace(GUARD, f'"{guard}"')
    file.write_text(text)
    return file


def test_a_number_has_a_name_too(load: Load, folder: Path) -> None:
    with_value(folder, f"{GUARD} && weight_kg > grave")
    row = next(row for row in load("values.grave.value: 40\n").standings if "above" in row.guard.when.words)
    assert "weight is above 40" in row.guard.when.words
    facts = {"severity": "moderate", "virus": "sars-cov-2"}
    assert row.guard.when.test({**facts, "weight_kg": 41}, None) is True
    assert row.guard.when.test({**facts, "weight_kg": 40}, None) is False


MISUSED = {
    "where another type is needed": ("began_within('plex', 'ivig', grave)", VALUE, "a duration is needed here"),
    "compared with another type": ("severity == grave", VALUE, "cannot compare"),
    "as a condition": ("grave", VALUE, "a condition is needed here"),
    "misspelt": ("weight_kg > grav", VALUE, "did you mean 'grave'?"),
    "nowhere": (GUARD, VALUE, "the value 'grave' is used nowhere"),
    "with the name of a fact": (GUARD, VALUE.replace("grave", "weight_kg"), "cannot be the name of a value"),
    "that is no value": (
        GUARD,
        VALUE.replace("39.5", "high").replace("{value: [39, 40.5]}", "true"),
        "'high' is no duration",
    ),
    "without a rule": (GUARD, VALUE.replace("    rule: P-05\n", ""), "names no rule"),
    "without a mark": (GUARD, VALUE.replace("    local: {value: [39, 40.5]}\n", ""), "neither source nor local"),
    "without words": (GUARD, VALUE.replace("    words: what counts as high fever\n", ""), "has no 'words'"),
}


@pytest.mark.parametrize(("guard", "value", "told"), MISUSED.values(), ids=MISUSED)
def test_a_named_value_out_of_place_is_refused(folder: Path, guard: str, value: str, told: str) -> None:
    with_value(folder, guard, value)
    with pytest.raises(PathwayError) as caught:
        load_library(folder)
    assert told in str(caught.value)


def test_all_that_is_wrong_with_a_file_is_told_at_once_each_value_once(load: Load) -> None:
    with pytest.raises(PathwayError) as caught:
        load("tasks.eeg.due: 1h\nagain.after: 13\nchecks.day-3.after: 48h\nx: 1\n")
    assert [fault.line for fault in caught.value.faults] == [8, 9]
    with pytest.raises(PathwayError) as caught:
        load("checks.day-3.after: 48h\nx: 1\n")
    assert [fault.line for fault in caught.value.faults] == [8, 9]
