"""Goal: when reminders are late everybody sees it and the owners are told, even when every clock and worker is dead.

Real API processes over HTTP, a real mail server, and no clock at all.
"""

import http.client
import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator import config
from orchestrator.bootstrap import System, open_system, prepare_store
from orchestrator.service.enrolment import EnrolRequest, Identifier
from tests.integration.installation import CLINICIAN, PATHWAY, running, until
from tests.servers import outside
from tests.servers.certificates import authority
from tests.servers.outside import HOST, Outside
from tests.servers.postgres import running_postgres

CHANNELS = """
format: 1
link: https://carepath.hospital.example
mail: {{server: {host}, port: {port}, tls: starttls, ca: ca.pem, from: carepath@hospital.example}}
routes:
  technicians: {{channel: e-mail, to: alarms@hospital.example, kinds: [overdue], roles: [administrator]}}
  lead: {{channel: e-mail, to: lead@hospital.example, kinds: [overdue], roles: [lead]}}
"""


@dataclass
class Hospital:
    """A real store of which nothing looks after the timers. sql: changes it behind the program's back."""

    settings: config.Settings
    system: System
    mail: Outside
    past: str

    def sql(self, statement: str) -> None:
        with self.system.store.change() as change:
            change._sql.exec_driver_sql(statement.format(past=self.past))

    def notices(self) -> list[str]:
        return sorted(row["role"] for row in self.system.queries.inbox(limit=500).rows if row["kind"] == "overdue")


@dataclass
class Screen:
    """Somebody who looks at one API process."""

    port: int
    token: str

    def get(self, path: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            return answer.status, {name.lower(): held for name, held in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def banner(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = json.loads(self.get("/api/v1/banner")[2])["banner"]
        return found


@pytest.fixture(params=["sqlite", "postgres"])
def hospital(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hospital]:
    """A hospital on each kind of store; PostgreSQL's is durable, for an API on a real store asks that of it."""
    trusted = authority(tmp_path, "ca")
    with ExitStack() as stack:
        mail = stack.enter_context(outside.mail_server(trusted.server(HOST)))
        url = None
        if request.param == "postgres":
            url = stack.enter_context(running_postgres(durable=True)).url()
        file = tmp_path / "channels.yaml"
        file.write_text(CHANNELS.format(host=HOST, port=mail.port))
        settings = config.read({"CAREPATH_CHANNELS": str(file)}, home=tmp_path / "home", database_url=url)
        prepare_store(settings)
        past = "0" if url is None else "timestamptz '1970-01-01'"
        yield Hospital(settings, stack.enter_context(open_system(settings)), mail, past)


@contextmanager
def screens(hospital: Hospital, count: int) -> Iterator[list[Screen]]:
    token = secrets.token_hex(32)
    hospital.system.access.adopt(token)
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            number = listening.fileno()
            command = ["-m", "orchestrator.cli.serve", "api", str(number)]
            stack.enter_context(running(command, hospital.settings, passing=(number,)))
            made.append(Screen(listening.getsockname()[1], token))
        yield made


def enrol(hospital: Hospital) -> str:
    who = (Identifier("mrn", "1"),)
    asked = EnrolRequest(PATHWAY, who, "w-1", "Europe/London", CLINICIAN, "k")
    return hospital.system.enrolments.enrol(asked).episode_id


def test_everybody_sees_it_and_the_owners_are_told_once(hospital: Hospital) -> None:
    episode = enrol(hospital)
    with screens(hospital, 2) as (one, other):
        assert one.banner() is None
        assert "carepath-banner" not in one.get("/healthz")[1]
        hospital.sql("UPDATE episode SET next_due_at = {past}")
        for screen in (one, other):
            until(screen.banner, "a banner")
        assert one.banner() == {
            "code": "overdue", "since": "1970-01-01T00:00:00.000000Z",
            "text": "Reminders are late: something that is due has not fired. Watch your patients' times yourselves, "
            "and call whoever looks after carepath.",
        }  # fmt: skip
        for path in ("/healthz", f"/api/v1/episodes/{episode}", "/api/v1/episodes/none", "/open/anything"):
            assert one.get(path)[1]["carepath-banner"] == "overdue; since=1970-01-01T00:00:00.000000Z", path
        for path in (f"/api/v1/episodes/{episode}/report", "/open/anything"):
            assert "Reminders are late: something that is due has not fired." in one.get(path)[2].replace("&#39;", "'")
        until(lambda: len(hospital.mail.arrivals) >= 2, "the mails")
        hospital.sql("UPDATE episode SET next_due_at = NULL")
        until(lambda: one.banner() is None and other.banner() is None, "it goes away by itself")
        hospital.sql("UPDATE episode SET next_due_at = {past}")
        until(lambda: one.banner() and other.banner(), "and comes again; nobody is told twice within an hour")
    letters = [(each.to, each.headers["subject"]) for each in hospital.mail.arrivals]
    subject = "carepath: Reminders are late: something is due and does not fire"
    hours = len(hospital.notices()) // 2  # one, or two where the hour changed meanwhile
    assert hospital.notices() == ["administrator"] * hours + ["lead"] * hours
    assert sorted(letters) == sorted([("alarms@hospital.example", subject), ("lead@hospital.example", subject)] * hours)
