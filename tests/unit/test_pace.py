"""Goal: who fires holds no lock for much longer than a person may wait, and takes as many as that allows."""

import pytest

from workers.fire import BATCHES, FIRST_BATCH, LONGEST_LOCK_SECONDS, paced


@pytest.mark.parametrize("each", [1e-6, 0.0001, 0.0004, 0.0005, 0.001, 0.01, 0.2])
def test_it_settles_at_the_largest_size_that_holds_no_lock_for_too_long(each: float) -> None:
    size = FIRST_BATCH
    for _ in range(10):
        size = paced(size, size * each)
    assert paced(size, size * each) == size
    assert size == BATCHES[0] or size * each <= LONGEST_LOCK_SECONDS
    larger = [other for other in BATCHES if other > size]
    assert not larger or larger[0] * each > 0.9 * LONGEST_LOCK_SECONDS


def test_one_that_took_no_time_at_all_is_followed_by_at_most_twice_as_many() -> None:
    assert paced(64, 0.0) == 128
    assert paced(BATCHES[-1], 0.0) == BATCHES[-1]
    assert paced(256, 10.0) == 1


def test_one_slow_batch_slows_the_next_and_no_more() -> None:
    """A lock that was waited for, a processor that others had: what follows is quick again, and grows again."""
    size, sizes = BATCHES[0], []
    while size not in sizes:
        sizes.append(size)
        size = paced(size, 0.003 + size * 0.0003)
    assert paced(64, 0.5) == BATCHES[0]
    assert sizes[-1] >= 128
    assert size >= 128
