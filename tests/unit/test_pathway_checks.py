"""Goal: what is wrong with a pathway as a whole is named, with file, line, fault and remedy; a sound one is left alone."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.errors import PathwayError
from orchestrator.pathway.loader import load_library

WORKFLOWS = Path(__file__).parents[2] / "workflows"
FIXTURES = Path(__file__).parents[1] / "fixtures" / "pathways"
NAME = "post-viral-cerebellar-demyelination"
Edit = Callable[..., None]


def told(folder: Path) -> str:
    """Return what loading says of a folder, places named from the folder on."""
    with pytest.raises(PathwayError) as caught:
        load_library(folder)
    return str(caught.value).replace(f"{folder}/", "")


def test_a_state_whose_only_way_out_leads_to_itself_is_named() -> None:
    assert told(FIXTURES / "leads-to-itself") == (
        "adjuvant-chemotherapy/pathway.yaml:13: the only way out of the state 'carboplatin/cycles' leads back to it "
        "(carboplatin-answered); no end can be reached from it; add a move that leads on to follow-up/visits, or an "
        "offer to close that speaks of the stage"
    )


def test_a_branch_on_sex_without_a_default_is_named() -> None:
    assert told(FIXTURES / "no-default") == (
        "bone-protection/pathway.yaml:18: the branch on 'sex' says nothing for other (in choice); add a row for other, "
        "or a warning that says so"
    )


MENDED = {
    "leads-to-itself": (
        "adjuvant-chemotherapy",
        "{from: [carboplatin], to: carboplatin,",
        ["{from: [carboplatin], to: follow-up,"],
    ),
    "no-default": (
        "bone-protection",
        "sex == 'male'",
        ["\"sex in ['male', 'other']\"", "sex != 'female'", "\"true\", unless: sex == 'female'", "\"!known('sex')\""],
    ),
}


@pytest.mark.parametrize(
    ("folder", "name", "old", "new"),
    [(folder, name, old, new) for folder, (name, old, news) in MENDED.items() for new in news],
)
def test_mended_as_it_says_the_pathway_loads(folder: str, name: str, old: str, new: str, tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / folder, tmp_path / folder)
    file = tmp_path / folder / name / "pathway.yaml"
    file.write_text(file.read_text().replace(old, new))
    assert load_library(tmp_path / folder).newest(name).version == "1.0.0"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the post-viral pathway alone."""
    made = tmp_path_factory.mktemp("sound")
    for part in ("shared", NAME):
        shutil.copytree(WORKFLOWS / part, made / part, ignore=shutil.ignore_patterns("scenarios"))
    return made


@pytest.fixture
def folder(sound: Path) -> Iterator[Path]:
    """Return the folder, to be broken; it is made whole again afterwards."""
    texts = {path: path.read_text() for path in sound.rglob("*.yaml")}
    yield sound
    for path, text in texts.items():
        path.write_text(text)


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Return a function that replaces one text in one file, which must be there exactly once."""

    def change(old: str, new: str, file: str = f"{NAME}/pathway.yaml") -> None:
        path = folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
        path.write_text(text.replace(old, new))

    return change


def line_of(folder: Path, text: str, file: str = f"{NAME}/pathway.yaml") -> int:
    lines = (folder / file).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


TASK = "tasks:\n  neurology-consult:"
STAND = "  - {regimen: antiviral, standing: acceptable,"

FAULTS = {
    "an unused definition": (
        "  improvement:\n",
        "  unheard:\n    words: nobody asks\n    when: severity == 'mild'\n    rule: P-02\n  improvement:\n",
        "the definition 'unheard' is used nowhere; use it, or drop it",
        "    words: nobody asks",
    ),
    "a guard that contradicts itself": (
        "when: virus == 'sars-cov-2', rule: P-13, source",
        "when: virus == 'sars-cov-2' && virus == 'vzv', rule: P-13, source",
        "the warning 'consider-more-aggressive' can never show: its guard never holds; correct when: or unless:, or drop it",
        "virus == 'vzv', rule: P-13, source",
    ),
    "a standing for a stage that the guard excludes": (
        STAND,
        "  - {regimen: antiviral, standing: discouraged, in: [bridging], when: stage == 'workup', rule: P-12, local: true}\n"
        + STAND,
        "this standing of antiviral can never show: its guard never holds",
        "discouraged, in: [bridging]",
    ),
    "a check of which nothing comes": (
        "  rituximab:    {kind: rituximab",
        "  addition:     {regimen: ivig, after: 7d, rule: X-11, local: true}\n  rituximab:    {kind: rituximab",
        "nothing comes of check 'addition': no guard asks for it, it ends and opens nothing",
        "addition:     {regimen: ivig",
    ),
    "a task that nothing opens": (
        TASK,
        "tasks:\n  later: {title: Later, rule: P-18, due: 24h, local: true}\n  neurology-consult:",
        "nothing opens task 'later'; give it when: or entering:, let something open it (opens:), or drop it",
        "later: {title: Later",
    ),
    "a task of which nobody is told": (
        TASK,
        "tasks:\n  later: {title: Later, rule: P-18, entering: bridging, reminder: day-3-response}\n  neurology-consult:",
        "nobody is told of task 'later'; let the reminder 'day-3-response' name it",
        "later: {title: Later",
    ),
    "a task with a reminder that is not there": (
        TASK,
        "tasks:\n  later: {title: Later, rule: P-18, entering: bridging, reminder: nowhere}\n  neurology-consult:",
        "task 'later' names the unknown reminder 'nowhere'",
        "later: {title: Later",
    ),
    "a task without a time": (
        TASK,
        "tasks:\n  later: {title: Later, rule: P-18, entering: bridging}\n  neurology-consult:",
        "task 'later' has neither a due time nor a reminder of its own; add due: or reminder:",
        "later: {title: Later",
    ),
    "a reminder of a course that is never proposed": (
        "  early-worsening:\n",
        "  unasked: {title: Unasked, of: course, regimen: bortezomib, after: 7d, rule: X-11, local: true}\n  early-worsening:\n",
        "the reminder 'unasked' can never be armed: the pathway never proposes bortezomib",
        "unasked: {title: Unasked",
    ),
    "a rhythm of no length": (
        "  early-worsening:\n",
        "  at-once: {title: At once, of: recurring, from: [{entering: bridging}], rule: P-20, local: true}\n  early-worsening:\n",
        "reminder 'at-once' recurs without a period; add every: or every_months:, longer than nothing",
        "at-once: {title: At once",
    ),
    "a number in a guard without an origin": (
        TASK,
        "tasks:\n  later: {title: Later, rule: P-18, when: age_years > 60, due_local: true, due: 1h}\n  neurology-consult:",
        "a number in a condition of 'later' has neither source nor local; add source: or local: true",
        "age_years > 60",
    ),
    "a state that nobody is told of": (
        "from: [{entering: maintenance}],\n     opens: ms-surveillance-visit,",
        "from: [{course: prednisone-oral}],\n     opens: ms-surveillance-visit,",
        "",
        "",
    ),
    "a move to the stage itself": (
        TASK,
        '  again: {from: [bridging], to: bridging, when: symptoms_progressing, rule: P-18, source: "000"}\n' + TASK,
        "the move again leads from bridging back to bridging without end; let a move decide (decides:), or start it with on:",
        "again: {from: [bridging]",
    ),
    "an initial state that is closed": (
        "initial: workup/assessment",
        "initial: closed/recovered",
        "the initial state 'closed/recovered' is a closed one; name the state of enrolment",
        "",
    ),
}


@pytest.mark.parametrize(("old", "new", "what", "place"), FAULTS.values(), ids=FAULTS)
def test_one_fault_is_told_at_its_line(edit: Edit, folder: Path, old: str, new: str, what: str, place: str) -> None:
    edit(old, new)
    if not what:
        load_library(folder)
        return
    said = told(folder)
    assert what in said
    assert "\n" not in said
    if place:
        assert said.startswith(f"{NAME}/pathway.yaml:{line_of(folder, place)}: ")
