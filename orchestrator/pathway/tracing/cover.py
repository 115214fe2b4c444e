"""What names a rule? Stories in their first line, tests by a marker, modules of the engine where they carry it out.

Stories and tests are read here, never run: whether they hold is for `carepath scenario run` and the test suite.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.pathway.fields import Fields
from orchestrator.pathway.reader import read_file

RULES_LINE = "# Rules:"
MARKER = "rules"
_PROGRAM = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Mention:
    """A story or a test that names rules, as written. pathway: that on which a story is played; empty for a test."""

    name: str
    rules: tuple[str, ...]
    file: str
    line: int
    pathway: str = ""


def stories(root: Path) -> Iterator[Mention]:
    """Yield the stories beside the pathways below ``root``; one whose first line names no rules has none.

    Raises PathwayError for one that cannot be read.
    """
    for path in sorted(root.glob("*/scenarios/*.yaml")):
        pathway = Fields(read_file(path), str(path), "the scenario", line=1).take("pathway", str)
        first = path.read_text(encoding="utf-8-sig").partition("\n")[0]
        told = first.removeprefix(RULES_LINE).split(",") if first.startswith(RULES_LINE) else []
        names = tuple(name.strip() for name in told if name.strip())
        yield Mention(path.stem, names, str(path), 1, pathway.partition("@")[0])


def tests(folder: Path) -> Iterator[Mention]:
    """Yield the tests below ``folder`` that name rules with the marker ``pytest.mark.rules("X-10", ...)``.

    A module names them in its ``pytestmark``, for all of its tests. Raises InputError for a file that is no Python.
    """
    for path in sorted(folder.rglob("test_*.py")):
        name = path.relative_to(folder.parent).as_posix()
        try:
            module = ast.parse(path.read_bytes(), filename=str(path))
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            raise InputError(f"{path}:{line}: is no Python that can be read") from None
        for inner, node, marks in _marked(module.body):
            if names := tuple(rule for mark in marks for rule in _named(mark)):
                yield Mention("::".join((name, *inner)), names, str(path), node.lineno)


_Marked = tuple[tuple[str, ...], ast.stmt, list[ast.expr]]


def _marked(body: list[ast.stmt], within: tuple[str, ...] = ()) -> Iterator[_Marked]:
    """Yield tests, classes of tests and `pytestmark` with the expressions that may hold markers."""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name.startswith("test"):
                yield (*within, name), node, node.decorator_list
            case ast.ClassDef(name=name) if name.startswith("Test"):
                yield (*within, name), node, node.decorator_list
                yield from _marked(node.body, (*within, name))
            case ast.Assign(targets=[ast.Name(id="pytestmark")]):
                yield within, node, [node.value]
            case ast.Assign(targets=[ast.Name(id=name)]) if name.startswith(("Test", "test")):  # made by a call
                yield (*within, name), node, [node.value]
            case _:
                pass


def _named(expression: ast.expr) -> Iterator[str]:
    """Yield the rules that a marker names; what is not written out is given as it stands, and is no rule."""
    for node in ast.walk(expression):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="mark"), attr=attribute)) if attribute == MARKER:
                for each in node.args:
                    literal = isinstance(each, ast.Constant) and isinstance(each.value, str)
                    yield str(each.value) if isinstance(each, ast.Constant) and literal else ast.unparse(each)
            case _:
                pass


def module_file(module: str) -> Path | None:
    """Return the source file of a module of this program; None when there is none."""
    path = _PROGRAM.joinpath(*module.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def line_naming(file: Path, rule: str) -> int:
    """Return the first line (from 1) of a source file that names ``rule``; 0 when none does."""
    word = re.compile(rf"\b{re.escape(rule)}\b")
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if word.search(line)), 0)
