"""Goal: a database is waited for from its last word on, for so long and no longer; then the connection is closed."""

import select
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.store import silence
from orchestrator.store.silence import Patience, Silent, Waiting


class Line:
    """A connection with its door and its clock. steps: what each look takes in seconds, and whether a word came."""

    def __init__(self, patch: pytest.MonkeyPatch, *steps: tuple[float, bool]) -> None:
        self.now, self.closed, self.steps, self.looks = 1000.0, False, list(steps), list[float]()
        patch.setattr(silence, "monotonic", lambda: self.now)

    def finish(self) -> None:
        self.closed = True

    def poll(self, wait_ms: float) -> list[tuple[int, int]]:
        seconds, came = self.steps.pop(0)
        self.now += seconds
        self.looks.append(wait_ms)
        return [(0, select.POLLIN)] if came else []


def test_a_server_is_waited_for_from_its_last_word_on(monkeypatch: pytest.MonkeyPatch) -> None:
    line: Any = Line(monkeypatch, (9, True), (9, True), (9, False), (1, False))
    patience = Patience(line, 10)
    assert patience.wait(line) == patience.wait(line) == [(0, select.POLLIN)]
    with pytest.raises(Silent):
        patience.wait(line)
    assert line.closed
    assert (line.steps, line.looks[0]) == ([], 10_000), "no look is longer than what is left"


def test_for_ever_is_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    line: Any = Line(monkeypatch, (1e9, False), (1e9, True))
    assert Patience(line, None).wait(line)
    assert line.looks == [None, None]


def test_so_are_the_drivers_own_cursors(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(monkeypatch)
    connection: Any = SimpleNamespace(pgconn=line, patience_s=10.0)

    def work() -> Generator[str, int, str]:
        for number in range(4):
            yield f"ask {number}"
        return "done"

    bounded = Waiting._bounded(connection, work())
    assert next(bounded) == "ask 0"
    for seconds, came in ((9, 1), (9, 0), (0.9, 0)):
        line.now += seconds
        bounded.send(came)
    line.now += 0.1
    with pytest.raises(Silent):
        bounded.send(0)
    assert line.closed
