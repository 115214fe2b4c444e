"""Goal: the lives that fill the pages' benchmark can be chosen and played, as many as are asked for, to their ends."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks import lives
from benchmarks.five_years import DAYS
from benchmarks.visitors import PEOPLE
from orchestrator.pathway.loader import load_library
from orchestrator.service.demo.cast import WARDS
from orchestrator.service.demo.choosing import Part, choose

WORKFLOWS = Path(__file__).parents[2] / "workflows"
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
STAFF = {(ward, role): f"u-{role}" for ward in WARDS for posts in PEOPLE.values() for _, role in posts}


def few(*asked: Any) -> list[Part]:  # noqa: ANN401  as of choose itself
    """Return one part for each pathway of those who are there, and of those who have left."""
    chosen = choose(*asked)
    return list({(part.pathway.name, part.state.startswith("closed/")): part for part in chosen}.values())


def test_as_many_are_there_and_have_left_as_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    library = load_library(WORKFLOWS)
    monkeypatch.setattr(lives, "SEEDS", (1,))
    monkeypatch.setattr(lives, "DATES", 1)
    monkeypatch.setattr(lives, "choose", few)
    found = lives.lives(library, NOW, still=200, gone=1000, staff=STAFF)
    rows = [(each.template.row, each.count) for each in found]
    assert sum(count for row, count in rows if not row.closed) == 200
    assert sum(count for row, count in rows if row.closed) == 1000
    old, count = rows[0]
    assert (old.closed, count) == (False, 2)
    assert old.enrolled_at == NOW - timedelta(days=DAYS)
    assert len(found[0].template.entries) == old.seq > 1000
    assert all(row.at <= NOW for row, _ in rows)
    assert len({row.pathway for row, _ in rows}) == len(library.pathways)
