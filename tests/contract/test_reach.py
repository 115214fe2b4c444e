"""Goal: a notice reaches whoever is there for it, by the ways that this person chose, once, on each kind of store.

Real mail through a real server; the rota, the absences and the channels as people enter them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestrator.clock import elapsed
from orchestrator.errors import Conflict, InputError, NotFound, StoreError
from orchestrator.notify import sending
from orchestrator.notify.post import Post
from orchestrator.notify.reading import Outside, channels_of
from orchestrator.pathway.reader import read_text
from orchestrator.service.people import reach, rota
from orchestrator.service.people.accounts import Author, People
from orchestrator.service.people.duty import Duty
from orchestrator.service.ports import Reader
from tests.contract.conftest import System
from tests.factories import HOUR, T0, enrolment, record
from tests.integration.installation import until
from tests.servers import outside
from tests.servers.certificates import authority
from tests.servers.outside import HOST, NEVER
from tests.servers.outside import Outside as Server

pytestmark = pytest.mark.parametrize("sut", ["sqlite", "postgres"], indirect=True)
ROLES = ("nurse", "clinician", "lead", "on-call", "administrator")
ADMINISTRATOR = Author("u-test", "administrator")
WARD = "w-1"
LONDON = ZoneInfo("Europe/London")
CHANNELS = """
format: 1
link: https://carepath.hospital.example
mail: {{server: {host}, port: {port}, tls: starttls, ca: ca.pem, from: carepath@hospital.example}}
webhook: {{hosts: {{pager.example: {{secret_files: secret}}}}}}
routes:
  ward: {{channel: e-mail, to: ward@hospital.example, kinds: [reminder]}}
held: {{w-9: [nurse]}}
"""


@dataclass
class House:
    """A system whose notices leave by mail, and people whose login is their name."""

    sut: System
    mail: Server
    outside: Outside
    people: People
    duty: Duty
    post: Post
    ids: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, *posts: tuple[str, str], mail: bool = True) -> str:
        made = self.people.add(ADMINISTRATOR, login=name, name=name.capitalize(), posts=posts or ((WARD, "lead"),))
        self.ids[name] = made
        if mail:
            self.duty.contacts.add(ADMINISTRATOR, made, channel="e-mail", address=f"{name}@home.example")
        self.duty.reach.refresh()
        return made

    def on_duty(self, name: str, start: datetime, end: datetime, ward: str = WARD) -> str:
        return self.duty.rota.add(
            ADMINISTRATOR, ward=ward, role="lead", person_id=self.ids[name], starts_at=start, ends_at=end
        )

    def away(self, name: str, deputy: str | None, start: datetime = T0, end: datetime = T0 + 9 * HOUR) -> str:
        instead = None if deputy is None else self.ids[deputy]
        return self.duty.aways.add(ADMINISTRATOR, self.ids[name], deputy_id=instead, starts_at=start, ends_at=end)

    def tell(self) -> None:
        """Have the lead told something now."""
        episode = self.sut.enrolments.enrol(enrolment(str(self.sut.clock.now()))).episode_id
        self.sut.handlers.execute(record(episode, alarm="0"))
        assert self.sut.firing.fire_due().fired == 1

    def send(self) -> list[str]:
        """Send what waits, and return to whom mail came by that."""
        before = len(self.mail.arrivals)
        post, deliveries = self.post, self.sut.deliveries
        sending.send_waiting(post, deliveries, lambda lease: sending.send(post, deliveries, lease)[1], elapsed, 20)
        return sorted(each.to.partition("@")[0] for each in self.mail.arrivals[before:])

    def told(self) -> list[str]:
        self.tell()
        return self.send()

    def routes(self, at: datetime, kind: str = "reminder", ward: str = WARD) -> set[str]:
        """Return the names of those who would be told, and of the file's routes."""
        names = {person_id: name for name, person_id in self.ids.items()}
        return {names.get(each.partition("/")[0], each) for each in self.duty.reach.routes(kind, "lead", ward, at)}


@pytest.fixture
def house(sut: System, tmp_path: Path) -> Iterator[House]:
    trusted = authority(tmp_path, "ca")
    (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    with outside.mail_server(trusted.server(HOST)) as mail:
        text = CHANNELS.format(host=HOST, port=mail.port)
        found = channels_of(read_text(text, "channels"), str(tmp_path / "channels.yaml"), ROLES)
        mac = sut.desk.keyring.look_mac
        duty = Duty(sut.store, mac, found.directory, found.personal(), roles=ROLES, zone=LONDON)
        sut.desk.directory = duty.reach
        yield House(
            sut,
            mail,
            found,
            People(sut.store, mac, ROLES, duty.reach.changed),
            duty,
            found.post(LONDON, duty.reach.contact),
        )


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


# What is entered


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


# What is remembered


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


# The view


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
