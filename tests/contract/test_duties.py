"""Goal: the rota takes what is meant, shows days gone by, and lets two who enter the same at once do so once."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestrator.errors import Conflict, InputError, NotFound
from orchestrator.service.people.accounts import People
from orchestrator.service.people.recording import Author
from orchestrator.service.people.rota import LONGEST_DUTY, Rota
from orchestrator.service.people.rows import DutyRow
from tests.contract.conftest import System
from tests.contract.test_transactions import together
from tests.factories import HOUR, T0

ROLES = ("nurse", "lead", "administrator")
ADMINISTRATOR = Author("u-test", "administrator")
WARD, DAY = "w-1", T0.date()
Enter = Callable[..., str]


@pytest.fixture
def rota(sut: System) -> Rota:
    return Rota(sut.store, sut.desk.keyring.look_mac, ROLES, ZoneInfo("Europe/London"), lambda: None)


@pytest.fixture
def enter(rota: Rota) -> Enter:
    """Return what puts a person on duty, in hours from T0."""

    def enter(who: str, start: float, end: float, ward: str = WARD, role: str = "lead") -> str:
        span = {"starts_at": T0 + start * HOUR, "ends_at": T0 + end * HOUR}
        return rota.add(ADMINISTRATOR, ward=ward, role=role, person_id=who, **span)

    return enter


def person(sut: System, name: str, *posts: tuple[str, str]) -> str:
    people = People(sut.store, sut.desk.keyring.look_mac, ROLES, lambda: None)
    return people.add(ADMINISTRATOR, login=name, name=name.capitalize(), posts=posts or ((WARD, "lead"),))


def test_duties_may_touch_and_stand_beside_those_of_another_role_or_ward(sut: System, enter: Enter) -> None:
    ann = person(sut, "ann", (WARD, "lead"), (WARD, "nurse"), ("w-2", "lead"))
    enter(ann, 3, 5)
    enter(ann, 2, 3)
    enter(ann, 5, 6)
    enter(ann, 3, 5, role="nurse")
    enter(ann, 3, 5, ward="w-2")
    for start, end in ((2.5, 3.5), (4, 4.5), (1, 9)):
        with pytest.raises(Conflict, match="there already"):
            enter(ann, start, end)


def test_who_holds_a_post_on_all_wards_may_be_on_duty_on_one_and_for_the_longest(sut: System, enter: Enter) -> None:
    assert enter(person(sut, "dee", ("*", "lead")), 0, LONGEST_DUTY / HOUR)


def test_what_is_over_is_shown_and_stays(sut: System, rota: Rota, enter: Enter) -> None:
    made = enter(person(sut, "ann"), 1, 2)
    assert [each["duty"] for each in rota.ahead(WARD)] == [made]
    assert rota.ahead("w-2") == []
    sut.clock.advance(2 * HOUR)
    assert rota.ahead(WARD) == []
    with pytest.raises(NotFound):
        rota.remove(ADMINISTRATOR, WARD, made)
    assert [each["duty_id"] for each in rota.view(WARD, DAY, 1)["duties"]] == [made]


def test_a_view_ends_with_its_last_day_and_names_people_in_their_order(sut: System, rota: Rota, enter: Enter) -> None:
    zoe, _ = person(sut, "zoe"), person(sut, "ann")
    enter(zoe, 16, 20)  # from midnight on
    shown = rota.view(WARD, DAY, 1)
    assert (shown["duties"], shown["told"]) == ([], {})
    assert [each["name"] for each in shown["holders"]["lead"]] == ["Ann", "Zoe"]
    assert len(rota.view(WARD, DAY, 2)["duties"]) == 1


@pytest.mark.parametrize(("ward", "days"), [(WARD, 0), ("", 1), (" w", 1), ("w\n2", 1), ("w" * 201, 1)])
def test_a_view_that_cannot_be_is_refused(rota: Rota, ward: str, days: int) -> None:
    with pytest.raises(InputError):
        rota.view(ward, DAY, days)
    assert rota.view("w" * 200, DAY, 1)["duties"] == []


def test_today_is_the_day_on_the_wards(sut: System, rota: Rota) -> None:
    sut.clock.advance(datetime(2026, 7, 1, 23, 30, tzinfo=UTC) - T0)
    assert rota.today() == date(2026, 7, 1) + timedelta(days=1)


def test_of_those_who_enter_the_same_at_once_one_does(sut: System, rota: Rota, enter: Enter) -> None:
    ann = person(sut, "ann")
    made = together(*[lambda: enter(ann, 1, 2)] * 4)
    assert sorted(type(each).__name__ for each in made) == ["Conflict"] * 3 + ["str"]
    assert len(rota.ahead(WARD)) == 1


def test_of_two_who_take_out_the_same_at_once_one_does(
    sut: System, rota: Rota, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who came first is waited for before anything is read: else both would read that it is there."""
    made = enter(person(sut, "ann"), 1, 2)
    with sut.store.change() as change:
        kind = type(change)
    met, real = threading.Barrier(2), kind.duties

    def meeting(change: Any, since: datetime) -> list[DutyRow]:  # noqa: ANN401  either store's
        with suppress(threading.BrokenBarrierError):
            met.wait(0.5)
        return real(change, since)

    monkeypatch.setattr(kind, "duties", meeting)
    gone = together(*[lambda: rota.remove(ADMINISTRATOR, WARD, made)] * 2)
    assert sorted(type(each).__name__ for each in gone) == ["NoneType", "NotFound"]
