"""Goal: a notice reaches whoever is there for it, by the ways that this person chose, once, on each kind of store."""

from datetime import timedelta

import pytest

from tests.contract.houses import ADMINISTRATOR, WARD, House, house
from tests.factories import HOUR, T0, enrolment, record
from tests.servers.outside import NEVER

__all__ = ["house"]
pytestmark = pytest.mark.parametrize("sut", ["sqlite", "postgres"], indirect=True)


def test_who_is_on_duty_is_told_by_mail_with_the_ward_and_nobody_else(house: House) -> None:
    house.add("ann")
    house.add("bo")
    house.on_duty("ann", T0, T0 + HOUR)
    assert house.told() == ["ann", "ward"]
    assert house.mail.arrivals[0].headers["subject"] == "carepath: A reminder waits for an answer"


def test_where_the_rota_has_a_gap_all_who_hold_the_post_are_told(house: House) -> None:
    house.add("ann")
    house.add("bo", ("*", "lead"))
    house.add("cy", (WARD, "nurse"), ("w-2", "lead"))
    house.on_duty("ann", T0 + HOUR, T0 + 2 * HOUR)
    assert house.told() == ["ann", "bo", "ward"]


def test_the_deputy_is_told_while_who_is_on_duty_is_away(house: House) -> None:
    for name in ("ann", "bo", "cy"):
        house.add(name)
    house.on_duty("ann", T0, T0 + 9 * HOUR)
    absence = house.away("ann", "bo")
    assert house.told() == ["bo", "ward"]
    house.duty.aways.remove(ADMINISTRATOR, house.ids["ann"], absence)
    house.sut.clock.advance(HOUR)
    assert house.told() == ["ann", "ward"]


def test_a_rota_changes_with_the_moment(house: House) -> None:
    house.add("ann")
    house.add("bo")
    turn = T0 + HOUR
    house.on_duty("ann", T0, turn)
    house.on_duty("bo", turn, turn + HOUR)
    assert house.told() == ["ann", "ward"]
    house.sut.clock.set(turn)
    assert house.told() == ["bo", "ward"]
    house.sut.clock.set(turn + HOUR)
    assert house.told() == ["ann", "bo", "ward"]


def test_who_is_taken_out_of_the_rota_is_told_no_more_as_the_only_one(house: House) -> None:
    house.add("ann")
    house.add("bo")
    made = house.on_duty("ann", T0, T0 + HOUR)
    assert house.told() == ["ann", "ward"]
    house.duty.rota.remove(ADMINISTRATOR, WARD, made)
    house.sut.clock.advance(timedelta(seconds=1))
    assert house.told() == ["ann", "bo", "ward"]


def test_nobody_is_told_twice_by_one_address(house: House) -> None:
    house.add("ann")
    house.add("bo", mail=False)
    contacts = house.duty.contacts
    contacts.add(ADMINISTRATOR, house.ids["bo"], channel="e-mail", address="ann@home.example")
    contacts.add(ADMINISTRATOR, house.ids["bo"], channel="e-mail", address="ward@hospital.example")
    assert house.told() == ["ann", "ward"]


def test_kinds_and_quiet_hours_are_kept_but_never_into_silence(house: House) -> None:
    ann, bo = house.add("ann", mail=False), house.add("bo", mail=False)
    contacts = house.duty.contacts
    contacts.add(ADMINISTRATOR, ann, channel="e-mail", address="ann@home.example", quiet="22:00-06:00")
    contacts.add(ADMINISTRATOR, bo, channel="e-mail", address="bo@home.example", kinds=["reminder"])
    night, day = T0 + 15 * HOUR, T0 + 24 * HOUR
    assert house.routes(day) == {"ward", "ann", "bo"}
    assert house.routes(night) == {"ward", "bo"}
    assert house.routes(day, "overdue") == {"ann"}
    assert house.routes(night, "overdue") == {"ann"}, "nobody else would be told"
    house.on_duty("ann", night, day)
    assert house.routes(night) == {"ward", "ann"}, "who is on duty is told at night"


def test_an_address_counts_as_it_is_when_the_notice_leaves(house: House) -> None:
    ann = house.add("ann")
    house.tell()
    house.duty.contacts.remove(ADMINISTRATOR, ann, "e-mail-1")
    assert house.duty.contacts.add(ADMINISTRATOR, ann, channel="e-mail", address="new@home.example") == "e-mail-1"
    assert house.send() == ["new", "ward"]


def test_a_notice_to_an_address_that_is_gone_is_a_dead_letter_and_has_an_owner(house: House) -> None:
    ann = house.add("ann")
    house.tell()
    house.duty.contacts.remove(ADMINISTRATOR, ann, "e-mail-1")
    assert house.send() == ["ward"]
    (dead,) = house.sut.deliveries.outgoing(dead=True)
    assert (dead.route, dead.last_error) == (f"{ann}/e-mail-1", "no-such-contact")
    kinds = [(row["kind"], row["role"]) for row in house.sut.queries.inbox().rows]
    assert sorted(kinds) == [("reminder", "lead"), ("undelivered", "administrator"), ("undelivered", "lead")]


def test_what_an_address_refuses_is_told_by_the_other_ways(house: House) -> None:
    house.add("ann")
    house.on_duty("ann", T0, T0 + HOUR)
    house.duty.contacts.add(ADMINISTRATOR, house.ids["ann"], channel="e-mail", address="second@home.example")
    house.tell()
    house.mail.answers.extend([NEVER])
    told = house.send()
    (dead,) = house.sut.deliveries.outgoing(dead=True)
    ways = {"ward": "ward", f"{house.ids['ann']}/e-mail-1": "ann", f"{house.ids['ann']}/e-mail-2": "second"}
    others = set(ways.values()) - {ways[dead.route]}
    assert set(told) == others, "by the other ways, and that it did not arrive by this one"


def test_who_is_told_of_one_matter_in_two_roles_is_told_once(house: House) -> None:
    house.add("ann", ("*", "administrator"), (WARD, "lead"))
    episode = house.sut.enrolments.enrol(enrolment()).episode_id
    house.sut.handlers.execute(record(episode, alarm="0"))
    house.sut.engine.poisoned = {episode}
    assert house.sut.firing.fire_due()[1] == 1
    assert sorted(row["role"] for row in house.sut.queries.inbox().rows) == ["administrator", "lead"]
    assert house.send() == ["ann"]


def test_an_account_that_was_ended_is_told_nothing_more(house: House) -> None:
    ann = house.add("ann")
    house.add("bo", ("*", "administrator"), (WARD, "lead"))
    house.on_duty("ann", T0, T0 + HOUR)
    house.tell()
    house.people.end(ADMINISTRATOR, ann)
    house.duty.reach.refresh()
    assert house.send() == ["bo", "ward"], "of the dead letter"
    house.sut.clock.advance(timedelta(minutes=1))
    assert house.told() == ["bo", "ward"]


def test_a_role_that_nobody_is_there_to_hold_is_unheld(house: House) -> None:
    unheld = house.duty.reach.unheld
    assert unheld(WARD, T0) == frozenset()
    house.add("root", ("*", "administrator"))
    assert unheld(WARD, T0) == frozenset(), "an administrator alone says nothing of the wards"
    assert unheld("w-9", T0) == {"clinician", "lead", "on-call", "administrator"}, "as the file says"
    house.add("ann")
    assert unheld(WARD, T0) == {"nurse", "clinician", "on-call"}
    assert unheld("w-9", T0) == {"clinician", "lead", "on-call", "administrator"}
    house.away("ann", None, T0 + HOUR, T0 + 2 * HOUR)
    assert unheld(WARD, T0 + HOUR) == {"nurse", "clinician", "on-call", "lead"}
    assert unheld(WARD, T0 + 2 * HOUR) == {"nurse", "clinician", "on-call"}
    house.add("bo", ("w-9", "lead"))
    assert unheld("w-9", T0) == {"clinician", "on-call"}, "held by the file, or by who is there"


def test_who_is_away_is_told_rather_than_nobody_and_the_owners_hear_of_it(house: House) -> None:
    house.add("ann")
    house.add("root", ("*", "administrator"))
    house.away("ann", None)
    assert house.told() == ["ann", "ann", "root", "ward"], "of the reminder, and that it reaches nobody"
    kinds = sorted((row["kind"], row["role"]) for row in house.sut.queries.inbox().rows)
    assert kinds == [("reminder", "lead"), ("unassigned", "administrator"), ("unassigned", "lead")]
