"""Goal: `carepath rules` finds each rule that nothing carries out or no story covers, and each name that is no rule."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.main import main
from tests.patients import WORKFLOWS

NAME = "post-viral-cerebellar-demyelination"
STORY = "# Rules: {}\nscenario: A story\npathway: {}\nstart: 2026-03-02T08:00:00+00:00\ntimeline: []\n"


class Desk:
    """A folder of pathways with one pathway, whose rules are whole, and the command on it."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.tests, self._capsys = home / "workflows", home / "tests", capsys
        self.list = self.root / "shared" / "rules.yaml"

    def edit(self, file: Path, old: str, new: str) -> None:
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands there {text.count(old)} times"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def add_rule(self, line: str) -> None:
        self.edit(self.list, f"  pathway: {NAME}\n  rules:\n", f"  pathway: {NAME}\n  rules:\n    {line}\n")

    def story(self, rules: str, pathway: str = NAME, name: str = "told") -> Path:
        folder = self.root / pathway / "scenarios"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.yaml"
        file.write_text(STORY.format(rules, pathway), encoding="utf-8")
        return file

    def test(self, text: str) -> Path:
        file = self.tests / "unit" / "test_this.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def __call__(self, *words: str) -> tuple[int, str, list[str]]:
        """Return exit code, standard output, and the lines on standard error."""
        self._capsys.readouterr()
        code = main(["rules", "--workflows", str(self.root), *words])
        caught = self._capsys.readouterr()
        return code, caught.out, caught.err.splitlines()

    def findings(self, *words: str) -> list[tuple[str, str]]:
        """Return code and text of each finding; the exit code says whether there are any."""
        code, out, errors = self("--json", *words)
        document = json.loads(out)
        found = [(each["code"], each["text"]) for each in document["findings"]]
        assert code == (1 if found else 0)
        assert [json.loads(line)["error"] for line in errors] == [{"code": each, "text": told} for each, told in found]
        assert document["complete"] is not bool(found)
        return found

    def rule(self, name: str, *words: str) -> dict[str, Any]:
        """Return what is told of one rule."""
        document = json.loads(self("--json", *words)[1])
        (found,) = [rule for group in document["groups"] for rule in group["rules"] if rule["rule"] == name]
        return dict(found)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one pathway, its rules and one story that names them all; made once and copied for each test."""
    made = tmp_path_factory.mktemp("rules") / "workflows"
    for folder in ("shared", NAME):
        shutil.copytree(WORKFLOWS / folder, made / folder, ignore=shutil.ignore_patterns("scenarios"))
    listed = made / "shared" / "rules.yaml"
    groups = re.split(r"(?m)^(?=[A-Za-z]+:)", listed.read_text(encoding="utf-8"))
    kept = [each for each in groups if not re.match(r"[ALH]:", each)]
    others = ", ".join(re.findall(r"(?m)^    ([ALH]-[0-9]{2})", "".join(groups)))  # shared elements may name them
    text = "".join(kept).replace("properties: [", f"properties: [{others}, ")
    listed.write_text(text, encoding="utf-8")
    story = made / NAME / "scenarios" / "all.yaml"
    story.parent.mkdir()
    story.write_text(STORY.format(", ".join(re.findall(r"[XP]-[0-9]{2}(?=: [A-Z])", text)), NAME), encoding="utf-8")
    return made


@pytest.fixture
def desk(whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    shutil.copytree(whole, tmp_path / "workflows")
    return Desk(tmp_path, capsys)


def test_nothing_is_missing_where_all_is_there(desk: Desk) -> None:
    assert desk.findings() == []
    code, out, errors = desk()
    assert (code, errors) == (0, [])
    assert "each is carried out, and covered by a story" in out


# What is missing


def test_a_rule_without_an_element_is_found(desk: Desk) -> None:
    desk.add_rule("P-90: Nobody does this")
    desk.story("P-90")
    assert desk.findings() == [("no-element", "P-90: no element carries it out")]
    assert "NOTHING CARRIES IT OUT" in desk()[1]


def test_a_rule_without_a_story_is_found(desk: Desk) -> None:
    desk.add_rule("P-90: Nobody tells this")
    desk.edit(desk.root / NAME / "pathway.yaml", "rule: P-06, source", "rule: [P-06, P-90], source")
    assert desk.findings() == [("no-story", "P-90: no story covers it")]
    assert "NO STORY COVERS IT" in desk()[1]


def test_a_test_stands_in_for_no_story(desk: Desk) -> None:
    desk.add_rule("P-90: Nobody tells this")
    desk.edit(desk.root / NAME / "pathway.yaml", "rule: P-06, source", "rule: [P-06, P-90], source")
    desk.test('import pytest\n@pytest.mark.rules("P-90")\ndef test_it(): ...\n')
    assert desk.findings() == [("no-story", "P-90: no story covers it")]
    assert [each["name"] for each in desk.rule("P-90")["tests"]] == ["tests/unit/test_this.py::test_it"]


def test_the_last_element_of_a_rule_is_missed_when_it_goes(desk: Desk) -> None:
    assert [(each["kind"], each["name"]) for each in desk.rule("P-06")["elements"]] == [("task", "icu-review")]
    desk.edit(desk.root / NAME / "pathway.yaml", "rule: P-06, source", "rule: P-05, source")
    assert desk.findings() == [("no-element", "P-06: no element carries it out")]


def test_a_pathway_that_is_listed_and_not_there_is_one_finding(desk: Desk) -> None:
    desk.edit(desk.list, "properties:", "Q:\n  pathway: nowhere\n  rules: {Q-01: One, Q-02: Two}\nproperties:")
    ((code, text),) = desk.findings()
    assert code == "no-pathway"
    assert "'nowhere'" in text
    assert "2 rules" in text


# The engine


def test_a_module_carries_a_rule_out_where_it_says_so(desk: Desk) -> None:
    elements = desk.rule("X-20")["elements"]
    assert [each["kind"] for each in elements] == ["engine"]
    assert elements[0]["name"] == "orchestrator.episode.retract"
    lines = Path(elements[0]["file"]).read_text(encoding="utf-8").splitlines()
    assert "X-20" in lines[elements[0]["line"] - 1]


def test_a_module_that_does_not_name_its_rule_is_found(desk: Desk) -> None:
    desk.edit(desk.list, "X-20: orchestrator.episode.retract", "X-20: orchestrator.episode.calendar")
    codes = dict(desk.findings())
    assert codes.keys() == {"silent-module", "no-element"}
    assert "orchestrator.episode.calendar does not say that it carries out X-20" in codes["silent-module"]


def test_a_module_that_is_not_there_is_found(desk: Desk) -> None:
    desk.edit(desk.list, "X-20: orchestrator.episode.retract", "X-20: orchestrator.episode.retraction")
    codes = dict(desk.findings())
    assert codes.keys() == {"no-module", "no-element"}
    assert "orchestrator.episode.retraction" in codes["no-module"]


# Whose elements and stories count


def second_pathway(desk: Desk) -> None:
    """Add a pathway with the elements of the first, and one rule of its own."""
    shutil.copytree(desk.root / NAME, desk.root / "second", ignore=shutil.ignore_patterns("scenarios"))
    desk.edit(desk.root / "second" / "pathway.yaml", f"pathway: {NAME}\n", "pathway: second\n")
    desk.edit(desk.list, "properties:", "Q:\n  pathway: second\n  rules: {Q-01: One}\nproperties:")


def test_only_a_pathways_own_elements_and_stories_count_for_its_rule(desk: Desk) -> None:
    second_pathway(desk)
    desk.edit(desk.root / NAME / "pathway.yaml", "rule: P-06, source", "rule: [P-06, Q-01], source")
    desk.story("Q-01")
    assert {code for code, _ in desk.findings()} == {"no-element", "no-story"}, (
        "a shared rule may be told elsewhere too"
    )
    desk.edit(desk.root / "second" / "pathway.yaml", "rule: P-06, source", "rule: Q-01, source")
    assert {code for code, _ in desk.findings()} == {"no-story"}
    desk.story("Q-01", "second")
    assert desk.findings() == []


def test_a_rule_of_every_pathway_is_covered_by_a_story_of_any(desk: Desk) -> None:
    second_pathway(desk)
    desk.edit(desk.root / "second" / "pathway.yaml", "rule: P-06, source", "rule: Q-01, source")
    desk.story("Q-01, X-20", "second")
    found = desk.rule("X-20")
    assert {each["pathway"] for each in found["stories"]} == {NAME, "second"}
    shared = [each for each in desk.rule("X-18")["elements"] if each["name"] == "decision-due"]
    assert [sorted(each["pathways"]) for each in shared] == [sorted((NAME, "second"))], "once, with both"


def test_a_story_counts_for_the_pathway_on_which_it_is_played(desk: Desk) -> None:
    second_pathway(desk)
    desk.edit(desk.root / "second" / "pathway.yaml", "rule: P-06, source", "rule: Q-01, source")
    astray = desk.root / "second" / "scenarios" / "astray.yaml"
    astray.parent.mkdir()
    astray.write_text(STORY.format("Q-01", NAME), encoding="utf-8")
    assert [code for code, _ in desk.findings()] == ["no-story", "stray-rule"]


def test_a_story_of_another_pathways_rule_is_found_where_its_own_does_not_carry_it_out(desk: Desk) -> None:
    second_pathway(desk)
    desk.edit(desk.root / "second" / "pathway.yaml", "rule: P-06, source", "rule: Q-01, source")
    desk.story("Q-01", "second")
    file = desk.story("Q-01, P-06")
    text = f"{file}:1: the story names 'Q-01', which no element of its own pathway carries out"
    assert desk.findings() == [("stray-rule", text)]


def test_one_pathway_is_judged_by_its_own_rules_and_those_of_every_pathway(desk: Desk) -> None:
    second_pathway(desk)
    assert desk.findings("--pathway", NAME) == []
    assert {text[:4] for _, text in desk.findings("--pathway", "second")} == {"Q-01"}
    out = desk("--pathway", NAME)[1]
    assert "P-06" in out
    assert "X-06" in out
    assert "Q-01" not in out


# Names that no rule has


def test_an_unknown_rule_that_a_story_names_is_found(desk: Desk) -> None:
    file = desk.story("P-06, P-99, P6")
    texts = [text for code, text in desk.findings() if code == "unknown-rule"]
    assert len(texts) == 2
    assert all(text.startswith(f"{file}:1: the story names 'P") for text in texts)


def test_an_unknown_rule_that_an_element_names_is_found_with_its_place(desk: Desk) -> None:
    file = desk.root / NAME / "pathway.yaml"
    desk.edit(file, "rule: P-06, source", "rule: [P-06, P-60], source")
    ((code, text),) = desk.findings()
    assert code == "unknown-rule"
    place = re.match(rf"{re.escape(str(file))}:(\d+): task 'icu-review' names 'P-60'", text)
    assert place
    assert "P-60" in "".join(file.read_text(encoding="utf-8").splitlines()[int(place[1]) - 1 : int(place[1]) + 1])


@pytest.mark.parametrize("first", ["", "# rules: P-06", "# Rules:", "# A story"])
def test_a_story_that_names_no_rule_is_found(desk: Desk, first: str) -> None:
    file = desk.story("P-06")
    file.write_text(file.read_text(encoding="utf-8").replace("# Rules: P-06", first), encoding="utf-8")
    ((code, text),) = desk.findings()
    assert code == "no-rules"
    assert text.startswith(f"{file}:1: ")


MARKED = {
    "a function": ('@pytest.mark.rules("P-06")\ndef test_it(): ...', "::test_it"),
    "an asynchronous one": ('@pytest.mark.rules("P-06")\nasync def test_it(): ...', "::test_it"),
    "a class": ('@pytest.mark.rules("P-06")\nclass TestIt:\n    def test_it(self): ...', "::TestIt"),
    "a method": ('class TestIt:\n    @pytest.mark.rules("P-06")\n    def test_it(self): ...', "::TestIt::test_it"),
    "a class that a call makes": ('TestIt = pytest.mark.rules("P-06")(made)', "::TestIt"),
    "a module": ('pytestmark = pytest.mark.rules("X-20", "P-06")', ""),
    "a module with several": ('pytestmark = [pytest.mark.slow, pytest.mark.rules("P-06")]', ""),
    "one of its cases": (
        '@pytest.mark.parametrize("it", [pytest.param(1, marks=pytest.mark.rules("P-06"))])\ndef test_it(it): ...',
        "::test_it",
    ),
}


@pytest.mark.parametrize(("text", "place"), MARKED.values(), ids=MARKED)
def test_a_marker_is_found_on(desk: Desk, text: str, place: str) -> None:
    file = desk.test(f"import pytest\n\n{text}\n")
    (found,) = desk.rule("P-06")["tests"]
    assert found["name"] == f"tests/unit/test_this.py{place}"
    assert found["file"] == str(file)
    assert desk.findings() == []


def test_what_is_no_test_counts_for_nothing(desk: Desk) -> None:
    desk.test('import pytest\n@pytest.mark.rules("P-06")\ndef helper(): ...\ndef test_it(): "P-06"\n')
    assert desk.rule("P-06")["tests"] == []


@pytest.mark.parametrize(("written", "told"), [('"P-99"', "P-99"), ("RULES", "RULES"), ("6", "6")])
def test_an_unknown_rule_that_a_test_names_is_found(desk: Desk, written: str, told: str) -> None:
    file = desk.test(f"import pytest\n@pytest.mark.rules({written})\ndef test_it(): ...\n")
    ((code, text),) = desk.findings()
    assert code == "unknown-rule"
    assert text.startswith(f"{file}:3: the test names '{told}', which is no rule")


def test_the_folder_of_tests_can_be_named(desk: Desk, tmp_path: Path) -> None:
    desk.test('import pytest\n@pytest.mark.rules("P-06")\ndef test_it(): ...\n')
    empty = tmp_path / "empty"
    empty.mkdir()
    assert desk.rule("P-06", "--tests", str(empty))["tests"] == []
    assert len(desk.rule("P-06", "--tests", str(desk.tests))["tests"]) == 1


def test_without_tests_it_says_so_and_judges_by_the_stories(desk: Desk) -> None:
    assert not desk.tests.exists()
    code, out, _ = desk()
    assert code == 0
    assert "No tests lie beside the pathways" in out
    assert json.loads(desk("--json")[1])["tests"] is None


# How it reads


@pytest.mark.parametrize("words", [(), ("-v",)])
def test_the_text_names_everything_within_100_columns(desk: Desk, words: tuple[str, ...]) -> None:
    desk.test('import pytest\n@pytest.mark.rules("P-06")\ndef test_it(): ...\n')
    out = desk(*words)[1]
    assert max(map(len, out.splitlines())) <= 100
    element = desk.rule("P-06")["elements"][0]
    assert re.search(rf"task +icu-review +pathway\.yaml:{element['line']}\n", out)
    assert "1 story, 1 test\n" in out
    assert (" all\n" in out) is bool(words)
    assert (" tests/unit/test_this.py::test_it\n" in out) is bool(words)


def test_every_line_of_a_finding_is_for_people(desk: Desk) -> None:
    desk.add_rule("P-90: Nobody does or tells this")
    code, out, errors = desk()
    assert code == 1
    assert errors == ["carepath: P-90: no element carries it out", "carepath: P-90: no story covers it"]
    assert "2 findings" in out


# What cannot be used

Spoil = Callable[[Desk], object]
UNUSABLE: dict[str, tuple[Spoil, str]] = {
    "no list": (lambda desk: desk.list.unlink(), "rules.yaml"),
    "an empty list": (lambda desk: desk.list.write_text("properties: [S-01]\n"), "lists no rules"),
    "a misspelt key": (lambda desk: desk.edit(desk.list, "properties:", "propertys:"), "did you mean 'properties'?"),
    "a misspelt pathway": (lambda desk: desk.edit(desk.list, "  pathway: ", "  patway: "), "did you mean 'pathway'?"),
    "a rule of another letter": (lambda desk: desk.add_rule("Q-01: Not here"), "'Q-01' is no rule such as P-08"),
    "a rule without a number": (lambda desk: desk.add_rule("P-1: Not here"), "'P-1' is no rule such as P-08"),
    "a rule without a sentence": (lambda desk: desk.add_rule("P-90:"), "'P-90'"),
    "an empty sentence": (lambda desk: desk.add_rule("P-90: ' '"), "P-90 says nothing"),
    "a rule given twice": (lambda desk: desk.add_rule("P-06: Again"), "given twice"),
    "an engine of no rule": (lambda desk: desk.edit(desk.list, "X-20: orch", "X-21: orch"), "unknown rule 'X-21'"),
    "a module elsewhere": (lambda desk: desk.edit(desk.list, "X-20: orch", "X-20: ../orch"), "is no module such as"),
    "a story that is no mapping": (lambda desk: desk.story("P-06").write_text("# Rules: P-06\n- 1\n"), "told.yaml:1"),
    "a story of no pathway": (lambda desk: desk.edit(desk.story("P-06"), f"pathway: {NAME}\n", ""), "no 'pathway'"),
    "a test that is no Python": (lambda desk: desk.test("def test_it(:\n"), "test_this.py:1: is no Python"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "told"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_read_is_told_in_one_line(desk: Desk, spoil: Spoil, told: str) -> None:
    spoil(desk)
    code, out, errors = desk()
    assert (code, out, len(errors)) == (2, "", 1)
    assert told in errors[0]


@pytest.mark.parametrize("words", [("--pathway", "post-viral"), ("--tests", "nowhere"), ("--workflows", "nowhere")])
def test_what_is_not_there_is_told_in_one_line(desk: Desk, words: tuple[str, ...]) -> None:
    code, out, errors = desk(*words)
    assert (code, out, len(errors)) == (2, "", 1)
    assert words[1] in errors[0]
