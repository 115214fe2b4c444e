"""Goal: no page reads all episodes, neither those that are closed nor those that are open, however many there are.

Every statement of every page is carried out once more on a store that has grown, and what the server reads is counted.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from benchmarks.bench_postgres import HISTORY
from benchmarks.generate import Copies, due_at, fill, play
from benchmarks.visitors import HERE, PASSWORD, Page, pages, settle
from orchestrator import config
from orchestrator.bootstrap import System, open_system, prepare_store
from orchestrator.pathway.loader import load_library
from orchestrator.store.postgres import PostgresStore
from orchestrator.web.app import create_pages
from tests.statements import listening, plan

WORKFLOWS = Path(__file__).parents[3] / "workflows"
MANY, OPEN = 40_000, 6_000
MOST = 1_500
"""Rows of a table that one statement may read: well below the open episodes, and what is open in them."""
COUNTING = {"alarm load", "pathways"}
"""Pages that count: the notices of a ward in the last week, up to a limit; who is on which version of a pathway."""
_GROW = (
    "INSERT INTO patient SELECT 'x' || n, kek_id, wrapped_key, created_at"
    f" FROM (SELECT * FROM patient LIMIT 1) p, generate_series(1, {MANY}) n",
    "INSERT INTO episode SELECT 'x' || n, 'x' || n, pathway, version, 'ward-' || n % 40, state, seq,"
    f" CASE WHEN n > {OPEN} THEN at - interval '400 days' ELSE at END, enrolled_at,"
    f" now() + n * interval '1 minute', n > {OPEN}, tag, chain_hash, document, set_aside_until, attempts"
    f" FROM (SELECT * FROM episode LIMIT 1) e, generate_series(1, {MANY}) n",
    "INSERT INTO item SELECT 'x' || n, kind, key || k, name, role, 'ward-' || n % 40, due_at + n * interval '1 minute'"
    f" FROM (SELECT * FROM item WHERE kind = 'task' LIMIT 1) i, generate_series(1, {OPEN}) n, generate_series(1, 8) k",
    "INSERT INTO notice SELECT 'x' || n, key || k, kind, name, about, role, 'ward-' || n % 40, rung, due_at,"
    " told_at - n * interval '1 minute', late, skipped"
    f" FROM (SELECT * FROM notice LIMIT 1) o, generate_series(1, {MANY}) n, generate_series(1, 3) k",
    "INSERT INTO claim SELECT episode_id, kind, key, ward, 'nobody', now(), NULL, NULL, NULL FROM item"
    " WHERE episode_id LIKE 'x%'",
    "ANALYZE",
)


@pytest.fixture
def grown(postgres_database: str, tmp_path: Path) -> Iterator[tuple[System, list[Page]]]:
    """A store with many episodes on forty wards, of which few are real; and every page with who opens it."""
    settings = config.read({"CAREPATH_HOME": str(tmp_path), "CAREPATH_DATABASE_URL": postgres_database})
    prepare_store(settings)
    library = load_library(WORKFLOWS)
    now = datetime.now(UTC).replace(microsecond=0)
    lives = [due_at(library, now + timedelta(days=9)), play(library, now - timedelta(minutes=2), HISTORY)]
    fill(settings.database_url, settings.keys, [Copies(life, 40) for life in lives])
    with psycopg.connect(postgres_database.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in _GROW:
            connection.execute(statement.encode())
        real = "SELECT episode_id FROM episode WHERE episode_id NOT LIKE 'x%'"
        connection.execute(f"UPDATE episode SET ward = '{HERE}' WHERE episode_id IN ({real} LIMIT 9)".encode())
        shown = [row[0] for row in connection.execute(real.encode()).fetchmany(2)]
    with open_system(settings) as system:
        settle(system)
        yield system, pages(shown[:1], shown[1:])


def test_no_page_reads_all_that_is_open_or_closed(grown: tuple[System, list[Page]]) -> None:
    system, opened = grown
    assert isinstance(system.store, PostgresStore)
    engine, app = system.store._engine, create_pages(system, timezone="Europe/London")
    tokens = {login: system.signing.sign_in(login, PASSWORD).token for login in {page.login for page in opened}}
    seen: set[str] = set()
    found = []
    for page in opened:
        if page.name in COUNTING:
            continue
        client = TestClient(app, client=("127.0.0.1", 50000), cookies={"carepath": tokens[page.login]})
        for path in page.paths:
            with listening(engine) as sent:
                assert client.get(path).status_code == 200, path
            for one in sent:
                seen.add(one.text)
                read = plan(engine, one).read
                if max(read.values(), default=0) > MOST:
                    found.append((page.name, path, one.text, read))
    assert not found, "\n".join(str((name, path, dict(read), text[:3000])) for name, path, text, read in found)
    assert len(seen) > 30, "the statements of all pages"
