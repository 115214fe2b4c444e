"""Goal: a process learns who is told of what, wherever it was changed, and goes on when the store is away."""

import pytest

from orchestrator.errors import StoreError
from orchestrator.service.people import reach
from orchestrator.service.people.duty import Duty
from orchestrator.service.ports import Reader
from tests.contract.houses import ADMINISTRATOR, LONDON, ROLES, WARD, House, house
from tests.factories import T0
from tests.integration.installation import until

__all__ = ["house"]
pytestmark = pytest.mark.parametrize("sut", ["sqlite", "postgres"], indirect=True)


def test_another_process_follows_and_goes_on_with_what_it_knew_when_the_store_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = house.outside
    mac = house.sut.desk.keyring.look_mac
    house.add("ann")
    other = Duty(house.sut.store, mac, found.directory, found.personal(), roles=ROLES, zone=LONDON).reach
    other.refresh()
    assert len(other.routes("reminder", "lead", WARD, T0)) == 2
    house.add("bo")
    assert len(other.routes("reminder", "lead", WARD, T0)) == 2, "it asks no store meanwhile"
    reads: list[str] = []
    with monkeypatch.context() as away:
        away.setattr(house.sut.store, "read", lambda: _unreadable(reads))
        with pytest.raises(StoreError):
            other.refresh()
        assert len(other.routes("reminder", "lead", WARD, T0)) == 2
        assert reads == ["refused"]
    other.refresh()
    assert len(other.routes("reminder", "lead", WARD, T0)) == 3


def _unreadable(reads: list[str]) -> Reader:
    reads.append("refused")
    raise StoreError("the store is away")


def test_a_process_that_follows_learns_of_what_another_changed_and_says_when_it_cannot(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found, mac = house.outside, house.sut.desk.keyring.look_mac
    other = Duty(house.sut.store, mac, found.directory, found.personal(), roles=ROLES, zone=LONDON).reach
    monkeypatch.setattr(reach, "SECONDS", 0.01)
    followed = other.follow()
    try:
        house.add("ann")
        until(lambda: len(other.routes("reminder", "lead", WARD, T0)) == 2, "it to learn of Ann")
        with monkeypatch.context() as away:
            away.setattr(house.sut.store, "read", lambda: _unreadable([]))
            until(lambda: "people: the store is away" in caplog.text, "it to say so")
        house.add("bo")
        until(lambda: len(other.routes("reminder", "lead", WARD, T0)) == 3, "it to learn of Bo")
    finally:
        followed.stop()


def test_a_change_that_cannot_be_read_back_is_made_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ann = house.add("ann")
    reads: list[str] = []
    with monkeypatch.context() as away:
        away.setattr(house.sut.store, "read", lambda: _unreadable(reads))
        house.duty.contacts.add(ADMINISTRATOR, ann, channel="e-mail", address="second@home.example")
    assert "counts in a moment: the store is away" in caplog.text
    assert len(house.duty.reach.routes("reminder", "lead", WARD, T0)) == 2
    house.duty.reach.refresh()
    assert len(house.duty.reach.routes("reminder", "lead", WARD, T0)) == 3
