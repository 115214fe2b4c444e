"""A house whose notices leave by real mail, with the rota, the absences and the ways that people enter."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orchestrator.clock import elapsed
from orchestrator.notify import sending
from orchestrator.notify.post import Post
from orchestrator.notify.reading import Outside, channels_of
from orchestrator.pathway.reader import read_text
from orchestrator.service.people.accounts import People
from orchestrator.service.people.duty import Duty
from orchestrator.service.people.recording import Author
from tests.contract.conftest import System
from tests.factories import HOUR, T0, enrolment, record
from tests.servers import outside
from tests.servers.certificates import authority
from tests.servers.outside import HOST
from tests.servers.outside import Outside as Server

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
