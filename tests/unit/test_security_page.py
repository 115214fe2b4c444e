"""Goal: the security checklist is whole, and what it names is there: no requirement is met by a test that is gone."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| ([\d.]+)(?:–([\d.]+))? \| ([^|]+) \| ([^|]*) \| ([^|]+) \|$", re.MULTILINE)
LAST = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4,
    "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip
"""Of each section of the standard the last requirement of level 1 or 2; those of level 3 come behind it."""


def numbers(first: str, last: str) -> Iterator[str]:
    section, _, start = first.rpartition(".")
    assert not last or last.rpartition(".")[0] == section, f"{first}–{last} goes over its section"
    for number in range(int(start), int(last.rpartition(".")[2] or start) + 1 if last else int(start) + 1):
        yield f"{section}.{number}"


def test_every_requirement_has_one_answer() -> None:
    told = [each for row in ROW.finditer(PAGE) for each in numbers(row[1], row[2] or "")]
    asked = [f"{section}.{number}" for section, last in LAST.items() for number in range(1, last + 1)]
    assert told == asked


@pytest.mark.parametrize("row", list(ROW.finditer(PAGE)), ids=lambda row: str(row[1]))
def test_an_answer_says_by_what(row: re.Match[str]) -> None:
    assert row[4] in {"met", "partly", "not met", "n/a"}
    assert len(row[5]) > 4
    if row[4] == "partly":
        assert "*yours*" in row[5] or re.search(r"[;,]| no | not ", row[5]), "what is missing?"


def test_what_is_named_is_there() -> None:
    named = re.findall(r"`((?:tests|orchestrator|workers|docs)/[^`]+)`", PAGE)
    assert len(named) > 80
    assert [each for each in named if not _there(*each.partition("::")[::2])] == []


def test_a_test_that_is_gone_is_found() -> None:
    assert _there("tests/unit/test_security_page.py", "test_a_test_that_is_gone_is_found")
    assert not _there("tests/unit/test_security_page.py", "test_of_nothing")
    assert not _there("tests/unit/test_nothing.py", "")


def _there(file: str, name: str) -> bool:
    path = ROOT / file
    return path.is_file() and (not name or name in _functions(path))


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef))
