"""Goal: what is wrong with a pathway as a whole is named, with file, line, fault and remedy, and nothing else is."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.errors import PathwayError
from orchestrator.pathway.loader import load_library, unused_words

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


DEFINITION, STANDING, CHECK = (
    "  improvement:",
    "  - {regimen: antiviral, standing: acceptable,",
    "  rituximab:    {kind",
)
MOVE, TASK, REMINDER = "  relapse:\n", "  neurology-consult:\n", "  early-worsening:\n"
OFFER = "  - {outcome: diagnosis-changed,"

# A row put in before another: where, the row, and what is said of it.
ADDED = {
    "an unused definition": (
        DEFINITION,
        "  unheard: {words: nobody asks, when: severity == 'mild', rule: P-02}",
        "the definition 'unheard' is used nowhere; use it, or drop it",
    ),
    "a standing for a stage that its guard excludes": (
        STANDING,
        "  - {kind: ivig, standing: discouraged, in: [bridging], when: stage == 'workup', rule: P-12, local: true}",
        "this standing of every ivig can never show: its guard never holds; correct when: or unless:, or drop it",
    ),
    "a check of which nothing comes": (
        CHECK,
        "  addition: {regimen: ivig, after: 7d, rule: X-11, local: true}",
        "nothing comes of check 'addition': no guard asks for it, it ends and opens nothing; "
        "ask for falling_due('addition') or due('addition'), or drop it",
    ),
    "a move to the stage itself": (
        MOVE,
        "  again: {from: [bridging], to: bridging, when: symptoms_progressing, rule: P-18}",
        "the move again leads from bridging back to bridging without end; "
        "let a move decide (decides:), or start it with on:",
    ),
    "a task that nothing opens": (
        TASK,
        "  later: {title: Later, rule: P-18, due: 24h, local: true}",
        "nothing opens task 'later'; give it when: or entering:, let something open it (opens:), or drop it",
    ),
    "a task of which nobody is told": (
        TASK,
        "  later: {title: Later, rule: P-18, entering: bridging, reminder: day-3-response}",
        "nobody is told of task 'later'; "
        "let the reminder 'day-3-response' name it (task:, opens: or until: {completed: later})",
    ),
    "a task with a reminder that is not there": (
        TASK,
        "  later: {title: Later, rule: P-18, entering: bridging, reminder: nowhere}",
        "task 'later' names the unknown reminder 'nowhere'; name one of the reminders, or drop reminder:",
    ),
    "a task without a time": (
        TASK,
        "  later: {title: Later, rule: P-18, entering: bridging}",
        "task 'later' has neither a due time nor a reminder of its own; add due: or reminder:",
    ),
    "a number in a guard without an origin": (
        OFFER,
        "  - {outcome: recovered, rule: P-18, when: age_years > 60}",
        "a number in a condition of 'recovered' has neither source nor local; add source: or local: true",
    ),
    "a reminder of a course that is never proposed": (
        REMINDER,
        "  unasked: {title: Unasked, of: course, regimen: bortezomib, after: 7d, rule: X-11, local: true}",
        "the reminder 'unasked' can never be armed: the pathway never proposes bortezomib; correct it, or drop it",
    ),
    "a rhythm of no length": (
        REMINDER,
        "  at-once: {title: At once, of: recurring, from: [{entering: bridging}], rule: P-20, local: true}",
        "reminder 'at-once' recurs without a period; add every: or every_months:, longer than nothing",
    ),
}


@pytest.mark.parametrize("fault", ADDED.values(), ids=ADDED)
def test_a_row_at_fault_is_told_at_its_line(edit: Edit, folder: Path, fault: tuple[str, str, str]) -> None:
    before, row, what = fault
    edit(before, f"{row}\n{before}")
    lines = (folder / NAME / "pathway.yaml").read_text().splitlines()
    first = told(folder).splitlines()[0]
    assert first == f"{NAME}/pathway.yaml:{lines.index(row) + 1}: {what}"


def test_a_guard_that_contradicts_itself_is_named(edit: Edit, folder: Path) -> None:
    edit(
        "when: virus == 'sars-cov-2', rule: P-13, source",
        "when: virus == 'sars-cov-2' && virus == 'vzv', rule: P-13, source",
    )
    assert "the warning 'consider-more-aggressive' can never show: its guard never holds" in told(folder)


def test_an_initial_state_that_is_closed_is_named(edit: Edit, folder: Path) -> None:
    edit("initial: workup/assessment", "initial: closed/recovered")
    assert "the initial state 'closed/recovered' is a closed one; name the state of enrolment" in told(folder)


def test_a_gate_that_nobody_gets_past_is_named(edit: Edit, folder: Path) -> None:
    edit(
        "standing: recommended, in: [bridging], when: steroid_to_taper",
        "standing: contraindicated, in: [bridging], when: steroid_to_taper",
    )
    edit(
        "standing: acceptable, in: [second-line, refractory], when: steroid_to_taper",
        "standing: contraindicated, in: [second-line, refractory], when: steroid_to_taper",
    )
    edit(
        "standing: recommended, in: [maintenance], when: in_force('ivmp-pulse')",
        "standing: contraindicated, in: [maintenance], when: in_force('ivmp-pulse')",
    )
    said = told(folder)
    assert "under gate 'steroid-stop' no episode with a course of 'ivmp-pulse' can be closed" in said
    assert "prednisone-oral" not in said, "a month's taper ends by itself"


SMALL = "bone-protection"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return the folder of the small pathway, its branch mended, to be broken elsewhere."""
    shutil.copytree(FIXTURES / "no-default", tmp_path / "small")
    return change(tmp_path / "small", f"{SMALL}/pathway.yaml", "sex == 'male'", "sex != 'female'")


def change(folder: Path, file: str, old: str, new: str) -> Path:
    path = folder / file
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    return folder


WAITING = "  decision-due: {title: The episode waits, of: waiting, after: 24h, every: 24h, rule: X-18, local: true}\n"


def test_a_state_that_waits_without_timer_or_task_is_named(small: Path) -> None:
    change(small, "shared/every-pathway.yaml", WAITING, "")
    what = "'choice/assessment' waits without a timer or a task, and no reminder tells of what waits"
    assert told(small).splitlines()[0] == f"{SMALL}/pathway.yaml:11: {what}; add a reminder with of: waiting"


def test_a_state_in_which_nothing_tells_anybody_is_named(small: Path) -> None:
    change(small, f"{SMALL}/pathway.yaml", 'waits: "!treated()"', 'waits: "false"')
    assert told(small) == (
        f"{SMALL}/pathway.yaml:12: nobody is told of an episode that stays in 'treatment/running': it does not wait "
        "there, and has neither a timer nor a task; add waits:, a task that entering it opens, or a reminder"
    )


def test_a_timer_or_a_task_is_enough(small: Path) -> None:
    change(small, f"{SMALL}/pathway.yaml", 'waits: "!treated()"', 'waits: "false"')
    visit = (
        "  visit: {title: Visit, of: recurring, every: 7d, from: [{entering: treatment}], rule: B-03, local: true}\n"
    )
    change(small, "shared/every-pathway.yaml", "reminders:\n", f"reminders:\n{visit}")
    load_library(small)
    look = "tasks:\n  look: {title: Look, entering: treatment, due: 7d, rule: B-03, local: true}\nreminders:\n"
    change(small, "shared/every-pathway.yaml", f"reminders:\n{visit}", look)
    assert "nobody is told" in told(small)
    change(
        small,
        "shared/every-pathway.yaml",
        look,
        f"{look}  any: {{title: A task, of: tasks, rule: X-18, local: true}}\n",
    )
    load_library(small)


def test_stages_that_lead_only_to_each_other_are_one_trap(small: Path) -> None:
    change(small, "shared/terms.yaml", "treatment: {}", "treatment: {}, pause: {}, end: {}")
    states = "".join(f"  {name}: {{title: More, waits: 'true', rule: B-03}}\n" for name in ("pause/short", "end/over"))
    change(small, f"{SMALL}/pathway.yaml", "\nlines:", f"{states}\nlines:")
    moves = (
        "transitions:\n  pause: {from: [treatment], to: pause, when: sex == 'other', rule: B-03}\n"
        "  resume: {from: [pause], to: treatment, when: sex == 'male', rule: B-03}\n"
        "  over: {from: [choice], to: end, when: sex == 'other', rule: B-03}\n"
    )
    change(small, f"{SMALL}/pathway.yaml", "transitions:\n", moves)
    said = told(small)
    assert "the states pause/short, treatment/running lead only to each other; no end can be reached" in said
    assert "without end" not in said, "nobody is of both sexes: the two moves come to rest"


def test_no_shared_word_is_unused() -> None:
    assert unused_words(WORKFLOWS, load_library(WORKFLOWS)) == []


def test_shared_words_that_no_pathway_uses_are_named(folder: Path) -> None:
    said = [str(each).replace(f"{folder}/", "") for each in unused_words(folder, load_library(folder))]
    lines = (folder / "shared" / "regimens.yaml").read_text().splitlines()
    line = next(number for number, each in enumerate(lines, 1) if each.startswith("  bortezomib:"))
    assert f"shared/regimens.yaml:{line}: no pathway proposes the regimen 'bortezomib'; use it, or drop it" in said
    assert any(each.endswith("no pathway has the gate 'mimics-excluded'; use it, or drop it") for each in said)
    used = ("'ivmp-pulse'", "'weight_kg'", "'severity'", "'response'", "'source-silent'", "'urgent'", "'bridging'")
    assert not [each for each in said if any(word in each for word in used)]
