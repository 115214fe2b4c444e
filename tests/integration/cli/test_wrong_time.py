"""Goal: at a terminal nobody enters anything at a time that a clock process does not trust; without one there is none
to say so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from orchestrator.bootstrap import System, open_system
from orchestrator.config import read
from tests.integration.cli.conftest import PATHWAY, Terminal

ENROL = ("enrol", PATHWAY, "--patient", "hospital-number=0000002", "--ward", "neuro-1")


@contextmanager
def trusted(moment: timedelta) -> Iterator[System]:
    """Have a store in which a clock has trusted last a time that lies so far from what the wall shows now."""
    with open_system(read()) as system:
        with system.store.change() as change:
            micros = int((change.times().wall + moment).timestamp() * 1_000_000)
            change._sql.exec_driver_sql(f"UPDATE store_info SET seen_at = {micros}")
        yield system


@pytest.mark.parametrize(
    "moved", [timedelta(hours=1), timedelta(minutes=2), -timedelta(hours=1), -timedelta(seconds=9)]
)
def test_nothing_is_entered_while_a_clock_runs_that_does_not_trust_the_time(
    terminal: Terminal, moved: timedelta
) -> None:
    episode = terminal.enrol()
    seq = terminal.seq(episode)
    with trusted(-moved) as system:
        system.presence.note("clock")
        for words in (("record", episode, "weight_kg=70"), ENROL):
            said = terminal(*words)
            assert (said.code, "nothing was recorded" in said.line) == (2, True), said.line
        assert terminal.seq(episode) == seq
        assert terminal("show", episode).code == 0, "who only looks is let"
        with trusted(-timedelta(seconds=30)):
            assert terminal("record", episode, "weight_kg=70").code == 0


def test_where_no_clock_runs_there_is_nothing_to_hold_the_time_against(terminal: Terminal) -> None:
    with trusted(-timedelta(days=2)) as system:
        system.presence.note("api")
        assert terminal(*ENROL).code == 0
