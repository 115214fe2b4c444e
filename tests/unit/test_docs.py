"""Goal: the documents are true. They name every code, key and function, and nothing that is not there.

After a change of the guard functions: CAREPATH_WRITE=1 pytest tests/unit/test_docs.py
"""

import ast
import inspect
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from orchestrator import errors
from orchestrator.api.problems import TITLES
from orchestrator.bootstrap import stage
from orchestrator.cli.main import cli
from orchestrator.episode import events, wants
from orchestrator.episode.host import Host
from orchestrator.notify.wording import KINDS
from orchestrator.pathway import host as questions
from orchestrator.pathway.loader import load_library
from orchestrator.service.scenario import expecting, story
from orchestrator.service.scenario.runner import run_file

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
LANGUAGE, SCENARIOS = DOCS / "pathway-language.md", DOCS / "scenarios.md"
OPERATIONS, EPISODE = DOCS / "operations.md", DOCS / "episode.md"
ALARMS = DOCS / "alerts.example.yaml"
BEGIN, END = "<!-- functions: begin -->\n", "<!-- functions: end -->"


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", read(page), re.MULTILINE | re.DOTALL)


# Commands


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each carepath command in a page's shell blocks; a line that ends with \\ goes on."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            for found in re.findall(r"(?:^|[\s;|(])(carepath\s[^|;)\"]*)", line.partition("  #")[0]):
                yield shlex.split(found)[1:]


def fault(words: list[str]) -> str:
    """Return what is wrong with a command line; empty when its command and options are there."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name, *words = words
        if name not in command.commands:
            return f"there is no command {name}"
        command = command.commands[name]
    known = {spelt for param in command.params for spelt in param.opts} | {"--help"}
    strange = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    return f"{command.name} has no {', '.join(strange)}" if strange else ""


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_commands_and_their_options_are_there(page: Path) -> None:
    assert [said for words in commands(page) if (said := fault(words))] == []


def test_a_command_that_is_not_there_is_found() -> None:
    assert fault(["enroll", "x"])
    assert fault(["audit", "prove"])
    assert fault(["show", "EPISODE", "--verbose"])
    assert not fault(["keys", "backup", "DEST", "--simulated"])


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_targets_of_make_are_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", read(ROOT / "Makefile"), re.MULTILINE))
    named = {found for block in blocks(page, "sh") for found in re.findall(r"^make ([a-z]+)", block, re.MULTILINE)}
    assert named <= targets


def test_the_readme_opens_with_the_two_commands() -> None:
    first = blocks(ROOT / "README.md", "sh")[0]
    assert [line.split()[:2] for line in first.splitlines()] == [["make", "run"], ["make", "test"]]


# Files


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", read(page))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_every_decision_has_a_number_of_its_own_and_is_listed() -> None:
    names = [path.name for path in (DOCS / "adr").glob("[0-9]*.md") if not path.name.startswith("0000")]
    assert len({name[:4] for name in names}) == len(names)
    listed = read(DOCS / "adr" / "README.md")
    assert [name for name in names if f"({name})" not in listed] == []


@pytest.mark.parametrize("path", sorted((DOCS / "adr").glob("[0-9]*.md")), ids=relative)
def test_what_guards_a_decision_is_there(path: Path) -> None:
    named = re.findall(r"`((?:tests|benchmarks)/[^`]+)`", read(path))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_files_that_pages_name_are_there() -> None:
    pattern = r"`((?:orchestrator|workers|workflows|docs)/[\w/.-]+)`"
    named = {
        (page, name) for page in (EPISODE, OPERATIONS, LANGUAGE, SCENARIOS) for name in re.findall(pattern, read(page))
    }
    assert [name for _, name in named if not (ROOT / name).exists()] == []


# Codes


def tree(kind: type[errors.CarepathError]) -> Iterator[type[errors.CarepathError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from tree(each)


def gates() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "workflows").glob("*/*.yaml"):
        found |= set(yaml.safe_load(read(path)).get("gates") or {})
    return found


def test_every_code_is_in_the_documents() -> None:
    pages = "".join(read(page) for page in PAGES)
    kinds = [kind for kind in tree(errors.CarepathError) if kind.__module__.startswith("orchestrator.")]
    codes = {*story.CODES, *gates(), *TITLES, *(kind.code for kind in kinds)}
    assert sorted(code for code in codes if f"`{code}`" not in pages) == []


def checks_of_the_doctor() -> Iterator[str]:
    cli = ROOT / "orchestrator" / "cli"
    for path in (cli / "doctor.py", *(cli / "checking").glob("*.py"), ROOT / "orchestrator" / "store" / "server.py"):
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Line", "Finding"}:
                first = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]
                yield from (name for name in first if isinstance(name, str))


def test_every_check_of_the_doctor_is_explained() -> None:
    table = read(OPERATIONS).partition("| check | is not ok | do |")[2].partition("\n\n")[0]
    explained = {name for row in table.splitlines() for name in re.findall(r"`([a-z ]+)`", row.partition(" | ")[0])}
    assert set(checks_of_the_doctor()) == explained


# What is watched


def test_every_event_of_the_log_is_explained() -> None:
    sources = [read(path) for folder in ("orchestrator", "workers") for path in sorted((ROOT / folder).rglob("*.py"))]
    found = {name for text in sources for name in re.findall(r'"event": "([a-z-]+)"', text)}
    found |= {f"{name}-failed" for text in sources for name in re.findall(r'\bRepeated\([^"\n]*"([a-z]+)"', text)}
    assert {"set-aside", "time-failed"} <= found
    assert sorted(name for name in found if f"`{name}`" not in read(OPERATIONS)) == []


def test_whatever_is_logged_has_an_event() -> None:
    calls = [
        node
        for folder in ("orchestrator", "workers")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("_log.")
    ]
    assert len(calls) > 25
    assert [ast.unparse(call) for call in calls if "extra" not in {each.arg for each in call.keywords}] == []


def test_the_figures_are_those_that_are_explained() -> None:
    sources = (ROOT / "workers" / "metrics.py", ROOT / "orchestrator" / "api" / "metrics.py")
    made = [pair for path in sources for pair in re.findall(r'(\w+)\(\s*"(carepath_[a-z_]+)"', read(path))]
    found = {f"{name}_total" if kind == "Counter" else name for kind, name in made}
    assert len(found) > 15
    rows = "".join(re.findall(r"^\| `carepath_.*$", read(OPERATIONS), re.MULTILINE))
    assert set(re.findall(r"`(carepath_[a-z_]+)", rows)) == found


def test_the_alarms_are_those_that_are_explained() -> None:
    rules = [rule for group in yaml.safe_load(read(ALARMS))["groups"] for rule in group["rules"]]
    page = read(OPERATIONS)
    assert set(re.findall(r"`(Carepath[A-Z]\w+)`", page)) == {rule["alert"] for rule in rules}
    for rule in rules:
        found = re.search(r"([A-Z][a-z ]+), in operations\.md", rule["annotations"]["description"])
        assert found, rule["alert"]
        assert re.search(rf"^(## {found[1]}$|\*\*{found[1]}\*\*)", page, re.MULTILINE), rule["alert"]


def test_the_kinds_of_notices_are_those_that_are_explained() -> None:
    listed = read(DOCS / "channels.md").partition("### Kinds of notices")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"^\| `([a-z-]+)`", listed, re.MULTILINE)) == KINDS


# The pathway language


def test_the_table_of_functions_is_current() -> None:
    page = read(LANGUAGE)
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    current = f"{before}{BEGIN}{functions()}{END}{after}"
    if os.environ.get("CAREPATH_WRITE"):
        LANGUAGE.write_text(current, encoding="utf-8")
    assert read(LANGUAGE) == current


def functions() -> str:
    rows = ["| function | in words | true when |\n|---|---|---|\n"]
    for name, (parameters, words) in questions._FUNCTIONS.items():
        said = words.format(*("…" for _ in parameters))
        named = list(inspect.signature(getattr(Host, name)).parameters)[1:]
        rows.append(f"| `{name}({', '.join(named)})` | {said} | {meaning(name)} |\n")
    return "".join(rows)


def meaning(name: str) -> str:
    """Return what a function asks, from the docstring of its answer."""
    said = " ".join((getattr(Host, name).__doc__ or "").split()).removeprefix("Return whether ").removesuffix(".")
    return said.replace("``", "`").replace("None", "unknown")


def keys() -> set[str]:
    """Return every key that is read from a pathway's files: what is handed over as ``key`` of a function there."""
    files = [read(file) for file in (ROOT / "orchestrator" / "pathway").glob("*.py")]
    nodes = [node for text in files for node in ast.walk(ast.parse(text))]
    readers = {node.name: key for node in nodes if isinstance(node, ast.FunctionDef) and (key := key_of(node))}
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place, default = readers.get(name, (len(node.args), None))
            given = node.args[place] if place < len(node.args) else default
            found |= {given.value} if isinstance(given, ast.Constant) and isinstance(given.value, str) else set()
    return found


def key_of(function: ast.FunctionDef) -> tuple[int, ast.expr | None] | None:
    """Return the place of the argument ``key`` as it is called, and its default."""
    names = [each.arg for each in function.args.args]
    if "key" not in names:
        return None
    defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
    return names.index("key") - (names[0] == "self"), defaults.get("key")


def test_every_key_of_a_pathway_file_is_explained() -> None:
    page = read(LANGUAGE)
    assert len(keys()) > 120
    told = r"`{0}\b|### .*\b{0}\b|^\s*-?\s*{{?{0}:|{{{0}:"
    assert sorted(key for key in keys() if not re.search(told.format(key), page, re.MULTILINE)) == []


def test_every_kind_of_reminder_is_explained() -> None:
    for page in (LANGUAGE, EPISODE):
        assert sorted(kind for kind in wants._WANTS if f"`{kind}`" not in read(page)) == []


# Scenarios and the episode


def test_every_action_expectation_and_code_of_a_story_is_explained() -> None:
    page = read(SCENARIOS)
    assert [name for name in (*story.ACTIONS, *expecting.EXPECTATIONS, *story.CODES) if f"`{name}`" not in page] == []


def test_the_story_on_the_page_holds(tmp_path: Path) -> None:
    (text, *_) = blocks(SCENARIOS, "yaml")
    file = tmp_path / "story.yaml"
    file.write_text(text, encoding="utf-8")
    with stage(load_library(ROOT / "workflows")) as opened:
        report = run_file(file, opened)
    assert report.error is None
    assert [check for check in report.checks if not check.passed] == []


def test_every_event_is_explained() -> None:
    page = read(EPISODE)
    kinds = [name for name, each in vars(events).items() if isinstance(each, type) and issubclass(each, events.Event)]
    assert sorted(name for name in kinds if name != "Event" and f"`{name}`" not in page) == []
