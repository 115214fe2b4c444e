"""Goal: a machine that stood still excuses who was late by just that, and one that did not excuses nobody."""

import pytest

from tests.yardstick import PAUSE_SECONDS, measured, turn


@pytest.mark.parametrize(("took", "told"), [(0.05, []), (0.29, []), (0.4, [(100.05, 100.4)]), (7.0, [(100.05, 107.0)])])
def test_only_a_machine_that_stood_still_is_told_of(took: float, told: list[tuple[float, float]]) -> None:
    clock = [100.0]
    found: list[tuple[float, float]] = []

    def wait(seconds: float) -> bool:
        assert seconds == PAUSE_SECONDS
        clock[0] += took
        return took > 1

    assert turn(lambda begun, ended: found.append((begun, ended)), wait, lambda: clock[0]) is (took > 1)
    assert found == told


def test_it_ends_with_its_block() -> None:
    with measured(lambda begun, ended: None):
        pass
