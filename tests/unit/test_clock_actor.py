"""Goal: on the record the clock acts in a role of the vocabulary, and may do nothing that a person must."""

from orchestrator.service.handlers import CLOCK
from tests.patients import pathway


def test_the_clock_acts_in_a_known_role_that_permits_nothing() -> None:
    assert CLOCK.role in pathway().roles
    assert [action for action, roles in pathway().permissions.items() if CLOCK.role in roles] == []
