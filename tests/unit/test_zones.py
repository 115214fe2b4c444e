"""Goal: old time zone data are told, whichever of several the machine goes by."""

from datetime import date
from pathlib import Path

import pytest

from orchestrator.cli.checking.zones import zones

TODAY = date(2026, 11, 22)


def folder(root: Path, version: str) -> str:
    (root / "Europe").mkdir()
    (root / "Europe" / "London").touch()
    if version:
        (root / "tzdata.zi").write_text(f"# version {version}\nR A 1916 o - Jun 14 23s 1 S\n")
    return str(root)


@pytest.mark.parametrize(
    ("version", "level", "says"),
    [
        ("2026a", "ok", "by time zone data of 2026a"),
        ("2019c", "warn", "of 2019c: update"),
        ("", "ok", "does not say"),
    ],
)
def test_data_that_are_old_are_told(tmp_path: Path, version: str, level: str, says: str) -> None:
    line = zones("Europe/London", TODAY, [folder(tmp_path, version)])
    assert (line.level, says in line.text) == (level, True), line


def test_a_zone_that_the_machine_lacks_comes_from_the_package(tmp_path: Path) -> None:
    line = zones("Asia/Tokyo", TODAY, [folder(tmp_path, "2019c")])
    assert (line.level, "2019c" in line.text) == ("ok", False)
