"""Goal: a command is for the ward on which its caller was let in; an episode that has left it is not there."""

import pytest

from orchestrator.errors import NotFound
from orchestrator.service.handlers import Answer, Request
from tests.contract.conftest import System
from tests.factories import enrolment, record

OWN, OTHERS = frozenset({"w-1"}), frozenset({"w-2"})


def asked(episode_id: str, wards: frozenset[str] | None, **more: object) -> Request:
    made = record(episode_id, key="k", a=1)
    return Request(made.episode_id, made.command, made.actor, made.key, wards=wards, **more)  # type: ignore[arg-type]


def test_it_is_looked_at_under_the_lock(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment(ward="w-1")).episode_id
    with pytest.raises(NotFound):
        sut.handlers.execute(asked(episode_id, OTHERS))
    assert len(sut.queries.timeline(episode_id)) == 1, "nothing was written"
    assert sut.handlers.execute(asked(episode_id, OWN)).accepted
    with pytest.raises(NotFound):
        sut.handlers.execute(asked(episode_id, OTHERS))
    assert sut.handlers.execute(asked(episode_id, None)).repeated, "whose key it is, is not told to other wards"


def test_of_a_group_each_is_asked_by_itself(sut: System) -> None:
    first, second = (sut.enrolments.enrol(enrolment(number)).episode_id for number in "12")
    there, gone = sut.handlers.execute_together([asked(first, OWN), asked(second, OTHERS)])
    assert isinstance(there, Answer)
    assert there.accepted
    assert isinstance(gone, NotFound)


def test_what_is_done_by_a_broken_glass_says_so_in_its_body(sut: System) -> None:
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(asked(episode_id, None, glass=True))
    first, second = sut.queries.timeline(episode_id)
    assert "glass" not in first
    assert second["glass"] is True
    assert sut.audit.verify(episode_id).whole
    assert sut.audit.replay(episode_id).equal
