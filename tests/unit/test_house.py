"""Goal: the rules that no linter knows hold: sizes, names that are data, no clock in the core, no time in a broker."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CODE = sorted(path for top in ("orchestrator", "workers") for path in (ROOT / top).rglob("*.py"))
PURE = [path for path in CODE if path.parts[len(ROOT.parts) + 1] in {"pathway", "episode", "audit"}]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50

# Names of facts and regimens that are everyday words too; code may use the word in its everyday sense.
EVERYDAY = {
    "response": "what a server answers",
    "observation": "what anybody observes",
    "mechanism": "how anything works",
}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def size(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", CODE, ids=relative)
def test_files_and_functions_fit_in_the_head(path: Path) -> None:
    assert size(path) <= MAX_FILE_LINES
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = _length(node)
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"


def test_tests_and_benchmarks_fit_in_the_head() -> None:
    beside = [path for top in ("tests", "benchmarks") for path in (ROOT / top).rglob("*.py")]
    assert len(beside) > 300
    assert {relative(path): size(path) for path in beside if size(path) > MAX_FILE_LINES} == {}


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines without its docstring."""
    end = node.end_lineno or node.lineno
    first = node.body[0]
    has_docstring = ast.get_docstring(node, clean=False) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if has_docstring else 0
    return end - node.lineno + 1 - docstring


@cache
def clinical_names() -> frozenset[str]:
    """Return the names of pathways, regimens and facts; everything is read as text, so that no key changes its type."""
    names: set[str] = set()
    for path in (ROOT / "workflows").rglob("*.yaml"):
        if "scenarios" in path.parts:
            continue
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - text only
        for table in ("facts", "regimens"):
            if isinstance(entries := document.get(table), dict):
                names |= set(entries)
        names |= {document["pathway"]} if "pathway" in document else set()
    return frozenset(names - set(EVERYDAY))


def spelt(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every identifier and every word of every text in a file, with its line."""
    for node in ast.walk(tree(path)):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.Constant(value=str(text)):
                yield from ((line, word) for word in re.findall(r"\w+(?:-\w+)*", text))
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield line, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield line, name
            case _:
                pass


@pytest.mark.parametrize("path", CODE, ids=relative)
def test_code_knows_kinds_and_never_names(path: Path) -> None:
    names = {name.replace("-", "_") for name in clinical_names()}
    found = [f"line {line}: {word}" for line, word in spelt(path) if word.lower().replace("-", "_") in names]
    assert not found, f"a pathway, regimen or fact is spelt: {found}; names belong into workflows/"


def test_there_are_names_to_look_for() -> None:
    assert len(clinical_names()) > 20


def test_pathways_are_data() -> None:
    assert [relative(path) for path in (ROOT / "workflows").rglob("*.py")] == []


CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "time_ns", "monotonic_ns"}


@pytest.mark.parametrize("path", PURE, ids=relative)
def test_the_core_reads_no_clock(path: Path) -> None:
    for node in ast.walk(tree(path)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime" | "date" | "time"), attr=name)):
                assert name not in CLOCKS, f"line {node.lineno}: {name}()"
            case ast.ImportFrom(module="time" | "random") | ast.Import(names=[ast.alias(name="time" | "random")]):
                pytest.fail(f"line {node.lineno}: the core has no clock and no dice")
            case _:
                pass


@pytest.mark.parametrize("path", [path for path in CODE if "workers" in path.parts], ids=relative)
def test_no_clinical_time_lives_in_the_broker(path: Path) -> None:
    for node in ast.walk(tree(path)):
        match node:
            case ast.keyword(arg="eta" | "countdown" | "autoretry_for"):
                pytest.fail(f"line {node.value.lineno}: {node.arg}=; a due moment is a column of the episode")
            case ast.Attribute(attr="retry"):
                pytest.fail(f"line {node.lineno}: .retry; what is due is found again in the store")
            case _:
                pass


# Spelt in pieces, since this file is committed too.
HOSTS = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("debian", "org"))]


def committed() -> list[Path]:
    answer = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        pytest.skip("not a checkout")
    return [path for name in answer.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_committed_file_names_a_package_registry() -> None:
    pattern = re.compile("|".join(re.escape(host) for host in HOSTS))
    found = [
        relative(path) for path in committed() if pattern.search(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert found == []
