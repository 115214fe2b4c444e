"""Goal: commands that come at once share one commit, and none is harmed by another; nobody is answered before it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from orchestrator.errors import CarepathError, Changed, KeyReused, NotFound, StoreBusy
from orchestrator.service.desk import Desk
from orchestrator.service.grouped import Grouped
from orchestrator.service.handlers import Answer, Handlers, Request
from orchestrator.service.ports import Collision
from tests.contract.conftest import System, whole
from tests.factories import HOUR, enrolment, record


def enrolled(sut: System, count: int) -> list[str]:
    return [sut.enrolments.enrol(enrolment(str(number))).episode_id for number in range(count)]


class Paused(Handlers):
    """Carries out nothing before it is let go; notes the groups that it was given."""

    def __init__(self, desk: Desk, fails: Exception | None = None) -> None:
        super().__init__(desk)
        self.go, self.fails = threading.Event(), fails
        self.groups: list[list[Request]] = []
        self.alone: list[Request] = []

    def execute(self, request: Request) -> Answer:
        self.go.wait()
        self.alone.append(request)
        return super().execute(request)

    def execute_together(self, requests: Sequence[Request]) -> list[Answer | CarepathError | None]:
        self.groups.append(list(requests))
        done = super().execute_together(requests)
        if self.fails is not None:
            raise self.fails
        return done


@contextmanager
def gathered(paused: Paused, requests: Sequence[Request]) -> Iterator[list[Any]]:
    """Have each request made by a thread of its own, in this order, while nothing is carried out; then let go.

    Gives what each returned or raised, filled in when the block is left.
    """
    grouped = Grouped(paused)
    results: list[Any] = [None] * len(requests)

    def run(place: int) -> None:
        try:
            results[place] = grouped.execute(requests[place])
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(requests))]
    for place, thread in enumerate(threads):
        thread.start()
        come = threading.Event()
        while grouped._under_way + len(grouped._waiting) < place + 1:
            come.wait(0.001)
    yield results
    paused.go.set()
    for thread in threads:
        thread.join()


def test_those_who_gather_share_one_commit(sut: System) -> None:
    episodes = enrolled(sut, 7)
    paused = Paused(sut.desk)
    with gathered(paused, [record(each, a=number) for number, each in enumerate(episodes)]) as results:
        pass
    assert [answer.seq for answer in results] == [2] * 7
    assert len(paused.alone) == 2, "those who found nobody before them"
    assert sum(map(len, paused.groups)) + len(paused.alone) == 7
    assert max(map(len, paused.groups)) >= 4
    assert all(whole(sut, each) for each in episodes)


def test_two_on_one_episode_are_never_in_one_group_and_keep_their_order(sut: System) -> None:
    first, second, one, other = enrolled(sut, 4)
    paused = Paused(sut.desk)
    wanted = [record(first, a=0), record(second, a=0), *(record(each, n=n) for n in range(3) for each in (one, other))]
    with gathered(paused, wanted) as results:
        pass
    for group in paused.groups:
        assert len({each.episode_id for each in group}) == len(group)
    assert [answer.seq for answer in results] == [2, 2, 2, 2, 3, 3, 4, 4]


def test_in_a_group_each_gets_its_own_answer(sut: System) -> None:
    good, refused, changed, reused, same, due = enrolled(sut, 6)
    sut.handlers.execute(record(changed, decisive=1))
    sut.handlers.execute(record(reused, key="k", a=1))
    first = sut.handlers.execute(record(same, key="k", a=1))
    sut.handlers.execute(record(due, alarm="1"))
    sut.clock.advance(2 * HOUR)
    made = sut.handlers.execute_together(
        [
            record(good, a=1),
            record(refused, refuse=True),
            record(changed, seen=1, a=1),
            record(reused, key="k", a=2),
            record(same, key="k", a=1),
            record("no-such-episode", a=1),
            record(due, a=1),
        ]
    )
    kinds = [type(each) for each in made]
    assert kinds == [Answer, Answer, Changed, KeyReused, Answer, type(None), Answer]
    answers = [each for each in made if isinstance(each, Answer)]
    assert [answer.code for answer in answers] == ["", "not-proposed", "", ""]
    assert [answer.seq for answer in answers] == [2, 2, 2, 4]
    assert answers[2] == first._replace(repeated=True)
    assert [len(sut.queries.timeline(each)) for each in (good, refused, changed, reused, same, due)] == [
        2,
        2,
        2,
        2,
        2,
        4,
    ]
    assert all(sut.audit.replay(each).equal for each in (good, refused, changed, reused, same, due))


def test_what_is_not_there_is_told_to_its_own_caller(sut: System) -> None:
    episodes = enrolled(sut, 4)
    paused = Paused(sut.desk)
    requests = [record(each, a=1) for each in (*episodes, "no-such-episode")]
    with gathered(paused, requests) as results:
        pass
    assert [answer.seq for answer in results[:4]] == [2] * 4
    assert isinstance(results[4], NotFound)


@pytest.mark.parametrize("fails", [Collision("taken"), StoreBusy("busy"), RuntimeError("defect")])
def test_when_a_group_cannot_be_written_each_is_tried_by_itself(sut: System, fails: Exception) -> None:
    episodes = enrolled(sut, 6)

    class Undone(Paused):
        def execute_together(self, requests: Sequence[Request]) -> list[Answer | CarepathError | None]:
            self.groups.append(list(requests))
            raise fails

    paused = Undone(sut.desk)
    with gathered(paused, [record(each, a=1) for each in episodes]) as results:
        pass
    assert paused.groups
    assert [answer.seq for answer in results] == [2] * 6
    assert [len(sut.queries.timeline(each)) for each in episodes] == [2] * 6


def test_a_commit_whose_answer_was_lost_is_one_entry(sut: System) -> None:
    episodes = enrolled(sut, 5)
    paused = Paused(sut.desk, fails=StoreBusy("the connection broke after the commit"))
    with gathered(paused, [record(each, a=1) for each in episodes]) as results:
        pass
    assert paused.groups
    assert [answer.seq for answer in results] == [2] * 5
    assert [len(sut.queries.timeline(each)) for each in episodes] == [2] * 5


def test_a_group_that_fails_half_way_leaves_nothing(sut: System) -> None:
    good, poisoned = enrolled(sut, 2)
    sut.handlers.execute(record(poisoned, alarm="1"))
    sut.clock.advance(2 * HOUR)
    sut.engine.poisoned.add(poisoned)
    made = sut.handlers.execute_together([record(good, a=1), record(poisoned, a=1)])
    assert isinstance(made[0], Answer)
    assert isinstance(made[1], CarepathError)
    assert [len(sut.queries.timeline(each)) for each in (good, poisoned)] == [2, 2]
    assert sut.audit.replay(good).equal


def test_a_group_waits_for_no_episode_that_another_holds(sut: System) -> None:
    held, free = enrolled(sut, 2)
    if not hasattr(sut.store, "_engine"):
        pytest.skip("one writer at a time: nobody else can hold an episode")
    with sut.store.change() as other:
        assert other.lock(held, b"") is not None
        made = sut.handlers.execute_together([record(held, a=1), record(free, a=1)])
        assert made[0] is None
        assert isinstance(made[1], Answer)
    assert [len(sut.queries.timeline(each)) for each in (held, free)] == [1, 2]


def test_a_callers_own_error_is_his_alone(sut: System) -> None:
    episodes = enrolled(sut, 4)
    calls: list[Callable[[], object]] = []
    grouped = Grouped(sut.handlers)
    calls = [lambda each=each: grouped.execute(record(each, a=1)) for each in (*episodes, "nobody")]  # type: ignore[misc]
    results: list[object] = []
    for call in calls[:4]:
        results.append(call())
    with pytest.raises(NotFound):
        calls[4]()
    assert grouped._under_way == 0, "whoever failed made room"
    assert len(results) == 4
