"""Goal: the stores that the benchmarks are run on are true ones: every chain whole, every row what the entries make."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.bench_postgres import HISTORY
from benchmarks.generate import ACTOR, Copies, due_at, fill, play
from orchestrator import config
from orchestrator.bootstrap import open_system, prepare_store
from orchestrator.episode.commands import Give
from orchestrator.pathway.loader import load_library
from orchestrator.service.handlers import Request, new_key

WORKFLOWS = Path(__file__).parents[2] / "workflows"


def test_a_generated_store_is_whole_and_works(postgres_database: str, tmp_path: Path) -> None:
    settings = config.read({"CAREPATH_HOME": str(tmp_path), "CAREPATH_DATABASE_URL": postgres_database})
    prepare_store(settings)
    library = load_library(WORKFLOWS)
    now = datetime.now(UTC).replace(microsecond=0)
    far, due = due_at(library, now + timedelta(days=1000)), due_at(library, now - timedelta(seconds=30))
    treated = play(library, now - timedelta(minutes=2), HISTORY)
    ids = fill(settings.database_url, settings.keys, [Copies(far, 9), Copies(due, 7), Copies(treated, 5)])
    assert len(set(ids)) == 21
    with open_system(settings) as system:
        assert system.firing.fire_due().fired == 7
        assert system.firing.fire_due().fired == 0
        assert system.handlers.execute(Request(ids[-1], Give("ivmp-pulse"), ACTOR, new_key())).accepted
        verdicts = list(system.replay.verify_all())
        assert len(verdicts) == 21
        assert [each for each in verdicts if not each.whole or each.bodies != each.entries] == []
        assert [each for each in system.replay.replay_all() if not each.equal] == []
