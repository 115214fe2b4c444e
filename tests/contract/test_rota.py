"""Goal: duties, absences and ways that cannot be are refused; those that can count at once, on record, in view."""

from collections.abc import Callable
from datetime import datetime

import pytest

from orchestrator.errors import Conflict, InputError, NotFound
from orchestrator.service.people import rota
from tests.contract.houses import ADMINISTRATOR, WARD, House, house
from tests.factories import HOUR, T0

__all__ = ["house"]
pytestmark = pytest.mark.parametrize("sut", ["sqlite", "postgres"], indirect=True)


def refusals(house: House) -> dict[str, Callable[[], object]]:
    add, now, ann = house.duty.rota.add, T0, house.ids["ann"]

    def lead(start: datetime, end: datetime, who: str = ann, ward: str = WARD, role: str = "lead") -> object:
        return add(ADMINISTRATOR, ward=ward, role=role, person_id=who, starts_at=start, ends_at=end)

    return {
        "must end after": lambda: lead(now + HOUR, now + HOUR),
        "is over": lambda: lead(now - 2 * HOUR, now),
        "longer than": lambda: lead(now, now + rota.LONGEST_DUTY + HOUR),
        "no role": lambda: lead(now, now + HOUR, role="queen"),
        "a ward is": lambda: lead(now, now + HOUR, ward=" "),
        "holds no post as lead on ward w-2": lambda: lead(now, now + HOUR, ward="w-2"),
        "holds no post as lead on all wards": lambda: lead(now, now + HOUR, ward="*"),
        "no such person": lambda: lead(now, now + HOUR, who="u-nobody"),
        "was ended": lambda: lead(now, now + HOUR, who=house.ids["gone"]),
        "on duty as lead there already": lambda: lead(now + 4 * HOUR, now + 9 * HOUR),
    }


def test_a_duty_that_cannot_be_is_refused_and_says_why(house: House) -> None:
    house.add("ann")
    gone = house.add("gone")
    house.add("root", ("*", "administrator"))
    house.people.end(ADMINISTRATOR, gone)
    made = house.on_duty("ann", T0 + 3 * HOUR, T0 + 5 * HOUR)
    for said, work in refusals(house).items():
        with pytest.raises((InputError, NotFound, Conflict), match=said):
            work()
    house.on_duty("ann", T0 + 5 * HOUR, T0 + 6 * HOUR)
    with pytest.raises(NotFound):
        house.duty.rota.remove(ADMINISTRATOR, "w-2", made)
    house.duty.rota.remove(ADMINISTRATOR, WARD, made)
    with pytest.raises(NotFound):
        house.duty.rota.remove(ADMINISTRATOR, WARD, made)


def test_an_absence_that_cannot_be_is_refused_and_what_nobody_covers_is_told(house: House) -> None:
    ann = house.add("ann", (WARD, "lead"), (WARD, "nurse"))
    house.add("bo")
    house.add("cy", ("w-2", "lead"))
    with pytest.raises(Conflict, match="none of the same posts"):
        house.away("ann", "cy")
    with pytest.raises(InputError, match="own deputy"):
        house.away("ann", "ann")
    house.away("ann", "bo")
    with pytest.raises(Conflict, match="is away already"):
        house.away("ann", None, T0 + HOUR)
    (told,) = house.duty.aways.of(ann)
    assert told["deputy"]["name"] == "Bo"
    assert told["uncovered"] == [{"ward": WARD, "role": "nurse"}]
    assert [each["name"] for each in house.duty.aways.deputies(ann)] == ["Bo"]


@pytest.mark.parametrize(
    ("channel", "address", "said"),
    [
        ("pigeon", "x", "configured are e-mail, webhook"),
        ("e-mail", "Ann <ann@home.example>", "no mail address"),
        ("e-mail", "ann@home.example", "told there already"),
        ("webhook", "https://elsewhere.example/x", "does not list this host: https://elsewhere.example"),
        ("webhook", "http://pager.example/x", "does not list this host: http://pager.example"),
        ("webhook", "ftp://pager.example/x", "does not begin with https"),
    ],
)
def test_an_address_that_could_not_be_sent_to_is_refused(house: House, channel: str, address: str, said: str) -> None:
    ann = house.add("ann")
    with pytest.raises((InputError, Conflict), match=said):
        house.duty.contacts.add(ADMINISTRATOR, ann, channel=channel, address=address)
    assert house.duty.contacts.add(ADMINISTRATOR, ann, channel="webhook", address="https://pager.example/a")


def test_a_test_message_leaves_at_once_and_not_again_at_once(house: House) -> None:
    ann = house.add("ann")
    place = house.duty.contacts.begin_test(ADMINISTRATOR, ann, "e-mail-1")
    assert house.post.test(*place, house.sut.clock.now()).code == ""
    (arrival,) = house.mail.arrivals
    assert arrival.to == "ann@home.example"
    assert arrival.headers["subject"] == "carepath: A test: by this way notices reach you"
    with pytest.raises(Conflict, match="wait"):
        house.duty.contacts.begin_test(ADMINISTRATOR, ann, "e-mail-1")
    with pytest.raises(NotFound):
        house.duty.contacts.begin_test(ADMINISTRATOR, ann, "e-mail-2")


def test_a_post_counts_for_who_is_told_from_the_moment_that_it_is_given_or_taken(house: House) -> None:
    def unheld() -> bool:
        return "lead" in house.duty.reach.unheld(WARD, T0)

    people = house.people
    people.add(ADMINISTRATOR, login="bo", name="Bo", posts=[(WARD, "nurse")])
    assert unheld()
    people.set_posts(ADMINISTRATOR, people.add(ADMINISTRATOR, login="cy", name="Cy"), [(WARD, "lead")])
    assert not unheld()
    people.set_posts(ADMINISTRATOR, people.called("cy"), [(WARD, "nurse")])
    assert unheld()
    di = people.add(ADMINISTRATOR, login="di", name="Di", posts=[(WARD, "lead")])
    assert not unheld()
    people.end(ADMINISTRATOR, di)
    assert unheld()


def test_every_change_is_on_record_without_addresses(house: House) -> None:
    ann = house.add("ann")
    house.add("bo")
    made = house.on_duty("ann", T0, T0 + HOUR)
    house.duty.rota.remove(ADMINISTRATOR, WARD, made)
    absence = house.away("ann", "bo")
    house.duty.aways.remove(ADMINISTRATOR, ann, absence)
    house.duty.contacts.remove(ADMINISTRATOR, ann, "e-mail-1")
    kinds = [each["kind"] for each in house.people.records() if each["about"] == ann]
    assert kinds == ["added", "contact", "duty", "duty-removed", "away", "away-removed", "contact-removed"]
    assert "home.example" not in repr(house.people.records())
    assert house.people.faults() == []


def test_a_week_shows_duties_gaps_and_holders_over_the_change_of_the_clocks(house: House) -> None:
    house.add("ann")
    house.add("bo", (WARD, "lead"), (WARD, "nurse"), mail=False)
    sunday = datetime.fromisoformat("2026-03-29T00:00:00+00:00")
    house.on_duty("ann", sunday, sunday + 10 * HOUR)
    house.on_duty("bo", sunday + 12 * HOUR, sunday + 40 * HOUR)
    shown = house.duty.rota.view(WARD, sunday.date(), 1)
    assert [(each["name"], each["reached"]) for each in shown["duties"]] == [("Ann", True), ("Bo", False)]
    assert [(each["starts_at"][11:16], each["ends_at"][11:16], each["on_duty"]) for each in shown["told"]["lead"]] == [
        ("00:00", "10:00", True), ("10:00", "12:00", False), ("12:00", "23:00", True)
    ]  # fmt: skip
    assert list(shown["told"]) == ["lead"]
    assert {role: len(held) for role, held in shown["holders"].items()} == {"nurse": 1, "lead": 2}
    with pytest.raises(InputError):
        house.duty.rota.view(WARD, sunday.date(), 36)
