"""Goal: a pathway file with a fault is refused at loading, with file, line, what is wrong and what would mend it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import NotFound, PathwayError
from orchestrator.pathway.loader import Library, load_library, load_text

ROOT = Path(__file__).parents[2] / "workflows"
NAME = "post-viral-cerebellar-demyelination"
Edit = Callable[[str, str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the pathways that a test may break."""
    made = tmp_path / "workflows"
    shutil.copytree(ROOT, made, ignore=shutil.ignore_patterns("scenarios"))
    return made


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Return a function that replaces one text in the pathway's file, which must be there exactly once."""

    def change(old: str, new: str) -> Path:
        file = folder / NAME / "pathway.yaml"
        text = file.read_text()
        assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
        file.write_text(text.replace(old, new))
        return folder

    return change


def refused(folder: Path) -> PathwayError:
    """Return the error with which the folder is refused."""
    with pytest.raises(PathwayError) as caught:
        load_library(folder)
    assert "\n" not in str(caught.value)
    return caught.value


def test_the_pathways_load_and_keep_their_text() -> None:
    found = load_library(ROOT).newest(NAME)
    again = load_text(found.text)
    assert again.hash == found.hash
    assert again.version == found.version
    assert set(again.states) == set(found.states)


def test_a_version_knows_where_its_files_are() -> None:
    library = load_library(ROOT)
    found = library.newest(NAME)
    places = library.places(found.hash)
    assert places["pathway.yaml"] == str(ROOT / NAME / "pathway.yaml")
    assert all(Path(place).is_file() for place in places.values())
    assert library.places(load_text(found.text).hash) == places
    assert library.places("0" * 64) == {}


FAULTS = {
    "a key twice": ("initial: workup/assessment", "initial: workup/assessment\ninitial: workup/assessment", "initial"),
    "a misspelt key": ("lasting: [ivmp-pulse]", "lastin: [ivmp-pulse]", "lasting"),
    "a misspelt regimen": ("lasting: [ivmp-pulse]", "lasting: [ivmp-puls]", "did you mean 'ivmp-pulse'?"),
    "a misspelt fact": ("virus == 'sars-cov-2', rule:", "virs == 'sars-cov-2', rule:", "did you mean 'virus'?"),
    "a misspelt value": ("unless: virus == 'vzv'", "unless: virus == 'vvz'", "vzv"),
    "a misspelt stage": ("[workup], to: first-line,", "[workup], to: first-lin,", "did you mean 'first-line'?"),
    "a misspelt function": ("waits: \"!treated()\"\n    rule: P-10", "waits: \"!treatd()\"\n    rule: P-10", "treated"),
    "a rule without a number": ("rule: P-06, source", "rule: P6, source", "P6"),
    "a number without a source": ("rule: [P-07, X-15], source: \"000\"}", "rule: [P-07, X-15]}", "source"),
    "no duration": ("{regimen: ivmp-pulse, after: 72h,", "{regimen: ivmp-pulse, after: 3 days,", "3 days"),
    "a state of no stage": ("  maintenance/surveillance:", "  later/surveillance:", "later"),
}  # fmt: skip


_WAY = "      - {response: complete, infection_status: excluded, jcv_pcr: negative, steroids_contraindicated: false}\n"
_CLOSED = "    possible: closed\n"
_STOP = "    regimens: {kind: steroid}\n    save_outcomes"
_ESCALATES = "    leads-to: stage == 'second-line'\n    when: \"deciding"
PROMISES = {
    "a check that is not there": ("within: day-3\n", "within: day-4\n", "unknown check 'day-4' in property 'S-10'"),
    "by then what": ("    holds: \"!(stage in ", "    word: \"!(stage in ", "property 'S-10' has no 'holds'"),
    "what leads there": (_ESCALATES, _ESCALATES.replace("when:", "unles:"), "'S-10-escalates' says nothing of"),
    "two kinds at once": ("within: day-3\n", "within: day-3\n    never: state\n", "property 'S-10' must be one of"),
    "a way of no fact": (_WAY, _WAY.replace("response", "respons"), "unknown fact 'respons' in a way"),
    "a way of no value": (_WAY, _WAY.replace("complete", "well"), "response must be one of"),
    "a way of nothing": (_WAY, "      - {}\n", "a way records nothing"),
    "closed as what": (_CLOSED + "    outcomes: [recovered, discharged]\n", _CLOSED, "'S-06' names no outcomes"),
    "a gate of stopping that passes": (
        _STOP, _STOP.replace("    save", "    passes: agitated\n    save"), "only a gate of confirm passes",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), PROMISES.values(), ids=PROMISES)
def test_a_promise_that_says_nothing_is_refused(edit: Edit, old: str, new: str, told: str) -> None:
    assert told in str(refused(edit(old, new)))


@pytest.mark.parametrize(("old", "new", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_its_line(edit: Edit, old: str, new: str, told: str) -> None:
    error = refused(edit(old, new))
    assert told in str(error)
    assert error.file.endswith("pathway.yaml")
    assert error.line > 0


def test_a_cycle_of_moves_that_spend_nothing_is_refused(edit: Edit) -> None:
    row = '  back: {from: [maintenance], to: bridging, when: "true", rule: P-18}\ntasks:\n  neurology-consult:'
    error = refused(edit("tasks:\n  neurology-consult:", row))
    assert "without end" in str(error)


def test_definitions_that_need_each_other_are_refused(edit: Edit) -> None:
    error = refused(edit("when: response in ['complete', 'partial']\n", "when: improvement || no_improvement\n"))
    assert "improvement" in str(error)


def test_a_state_out_of_reach_is_refused(edit: Edit) -> None:
    state = "  maintenance/surveillance:\n"
    error = refused(edit(state, f"  closing/nothing:\n    title: Nowhere\n    rule: P-18\n{state}"))
    assert "closing" in str(error)


def test_a_stage_that_no_move_reaches_is_refused(folder: Path, edit: Edit) -> None:
    terms = folder / "shared" / "terms.yaml"
    terms.write_text(terms.read_text().replace("  maintenance: {}\n", "  maintenance: {}\n  convalescence: {}\n"))
    state = "  maintenance/surveillance:\n"
    error = refused(edit(state, f"  convalescence/home:\n    title: At home\n    rule: P-18\n{state}"))
    assert "no transition leads to the state 'convalescence/home'" in str(error)


def test_a_reminder_without_its_moment_is_refused(edit: Edit) -> None:
    error = refused(edit("of: first-line, after: [28d], overdue", "of: first-line, overdue"))
    assert "mri-follow-up" in str(error)
    assert "after" in str(error)


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x\n", "a: [1\n", "- 1\n", "", "a: !!python/none x\n"])
def test_what_is_no_pathway_is_refused(folder: Path, text: str) -> None:
    (folder / NAME / "pathway.yaml").write_text(text)
    refused(folder)


def test_a_file_of_more_than_a_megabyte_is_refused(folder: Path) -> None:
    (folder / NAME / "pathway.yaml").write_text("# " + "x" * 1_000_001)
    assert "is longer than 1,000,000 bytes" in str(refused(folder))


def test_versions_stand_side_by_side(folder: Path) -> None:
    file = folder / NAME / "pathway.yaml"
    (folder / NAME / "pathway@1.9.0.yaml").write_text(file.read_text().replace('version: "1.0.0"', 'version: "1.9.0"'))
    (folder / NAME / "pathway@1.10.0.yaml").write_text(
        file.read_text().replace('version: "1.0.0"', 'version: "1.10.0"')
    )
    library: Library = load_library(folder)
    assert library.newest(NAME).version == "1.10.0"
    assert library.newest(f"{NAME}@1.9.0").version == "1.9.0"
    with pytest.raises(NotFound, match="2.0.0"):
        library.newest(f"{NAME}@2.0.0")


def test_a_version_defined_twice_is_refused(folder: Path) -> None:
    file = folder / NAME / "pathway.yaml"
    (folder / NAME / "pathway-copy.yaml").write_text(file.read_text())
    assert "twice" in str(refused(folder))


def test_a_pathway_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match="post-viral"):
        load_library(ROOT).newest("post-viral-cerebellar-demyelinaton")


def told(folder: Path) -> list[str]:
    """Return what loading says, line by line, places named from the folder on."""
    with pytest.raises(PathwayError) as caught:
        load_library(folder)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def change(folder: Path, *changes: tuple[str, str], file: str = f"{NAME}/pathway.yaml") -> dict[str, int]:
    """Replace texts, each there exactly once; return the line of each new one."""
    path = folder / file
    text = path.read_text()
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
        text = text.replace(old, new)
    path.write_text(text)
    return {new: text[: text.index(new)].count("\n") + 1 for _, new in changes}


STOP = "  steroid-stop:\n    action: [stop, close]"


def test_faults_of_three_sections_are_told_at_once_in_order_of_lines(folder: Path) -> None:
    task, gate, definition = "rule: P6, source", STOP.replace("action", "acton"), "when: severty == 'severe' ||"
    lines = change(
        folder,
        ("rule: P-06, source", task),
        (STOP, gate),
        ("when: severity == 'severe' ||", definition),
    )
    assert told(folder) == [
        f"{NAME}/pathway.yaml:{lines[definition]}: unknown fact 'severty' at column 1; did you mean 'severity'?",
        f"{NAME}/pathway.yaml:{lines[gate] + 1}: unknown key 'acton' in gate 'steroid-stop'; did you mean 'action'?",
        f"{NAME}/pathway.yaml:{lines[task]}: 'P6' is no rule such as P-08",
    ]


def test_faults_of_several_files_are_told_at_once(folder: Path) -> None:
    other = next(path for path in sorted(folder.glob("*/pathway.yaml")) if path.parent.name != NAME)
    lines = change(folder, ("lasting: [ivmp-pulse]", "lasting: [ivmp-puls]"))
    shared = change(folder, ("virus:                  {type: enum,", "virus: {type: enumm,"), file="shared/facts.yaml")
    other.write_text("pathway: x\nversion: ]")
    first, second, third = told(folder)
    assert first.startswith(f"{other.parent.name}/pathway.yaml:2: is not well-formed YAML")
    assert second.startswith(f"{NAME}/pathway.yaml:{lines['lasting: [ivmp-puls]']}: unknown regimen 'ivmp-puls'")
    line = shared["virus: {type: enumm,"]
    assert third == f"shared/facts.yaml:{line}: unknown type of fact 'enumm' in fact 'virus'; did you mean 'enum'?"


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("shared/facts.yaml", "virus:                  {type: enum,", "virus: {type: enumm,", "unknown type of fact"),
        (f"{NAME}/pathway.yaml", "  improvement:\n    words:", "  improvement:\n    wrds:", "has no 'words'"),
        (
            f"{NAME}/pathway.yaml",
            "  first-line/treatment:\n",
            "  first-lin/treatment:\n",
            "'first-lin/treatment' is not",
        ),
        (f"{NAME}/pathway.yaml", "  day-3:        {regimen:", "  day-3: {regimn:", "check 'day-3' must name regimens"),
        ("shared/terms.yaml", "  urgent:   {rungs:", "  urgent:   {rung:", "ladder 'urgent' has no 'rungs'"),
        (
            "shared/regimens.yaml",
            "  antiviral:           {title: Antiviral therapy, kind:",
            "  antiviral: {title: Antiviral therapy, knd:",
            "regimen 'antiviral' has no 'kind'",
        ),
    ],
    ids=["fact", "definition", "state", "check", "ladder", "regimen"],
)
def test_what_only_follows_from_a_fault_is_left_out(folder: Path, file: str, old: str, new: str, what: str) -> None:
    lines = change(folder, (old, new), file=file)
    said = told(folder)
    assert len(said) == 1
    assert what in said[0]
    assert said[0].startswith(f"{file}:")
    assert int(said[0].split(":")[1]) - lines[new] in {0, 1}


def test_faults_of_the_whole_are_told_beside_those_of_an_element(folder: Path) -> None:
    spoilt = "local: {every: [28d, 7d]}"
    circle = '  back: {from: [maintenance], to: bridging, when: "true", rule: P-18}\n  relapse:\n'
    gate = STOP.replace("stop, close", "stop, clse")
    change(folder, ("  relapse:\n", circle), (STOP, gate), ("local: {every: [7d, 28d]}", spoilt))
    gates, moves, local = told(folder)
    assert "'every'" in local
    assert "unknown action 'clse' in gate 'steroid-stop'" in gates
    assert "without end" in moves


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("shared/terms.yaml", "  closed: {}\n", "", "there is no stage 'closed'"),
        (f"{NAME}/pathway.yaml", "\nstates:\n", "\nstate:\n", "has no 'states'; 'state' on line"),
    ],
)
def test_what_was_noted_is_told_with_what_ends_the_reading(
    folder: Path, file: str, old: str, new: str, what: str
) -> None:
    change(folder, ('"000": {title:', '"000": {titel:'), file="shared/sources.yaml")
    change(folder, (old, new), file=file)
    ended, noted = sorted(told(folder), key=lambda each: "sources.yaml" in each)
    assert what in ended
    assert noted.startswith("shared/sources.yaml:4: source '000' has no 'title'; 'titel' on line 4")
