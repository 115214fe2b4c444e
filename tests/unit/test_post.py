"""Goal: a server that hangs keeps those waiting who want it, and nobody else; whoever answers is told each notice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.bootstrap import System, throwaway_system
from orchestrator.clock import VirtualClock
from orchestrator.config import default_workflows
from orchestrator.episode.commands import Actor
from orchestrator.notify.channel import DELIVERED, Message, Result, Sent
from orchestrator.notify.post import Post, Way
from orchestrator.service.enrolment import EnrolRequest, Identifier
from orchestrator.service.handlers import new_key
from orchestrator.service.rows import Lease, NoticeRow
from tests.letterbox import Everything
from workers.deliver import deliver

PATHWAY = "post-viral-cerebellar-demyelination"
T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
WARD_MAILS = [f"ward-{number}" for number in range(4)]


class Server:
    """Takes messages, or a quarter of a minute for each while it hangs."""

    def __init__(self, name: str, wall: VirtualClock) -> None:
        self.name, self._wall, self.hangs, self.taken = name, wall, False, 0

    def send(self, message: Message, to: str) -> Sent:
        if self.hangs:
            self._wall.advance(timedelta(seconds=15))
            return Sent(Result.PASSING, "timeout")
        self.taken += 1
        return DELIVERED


class Slow:
    """Takes whatever it is given, and much time."""

    name = "webhook"

    def __init__(self, result: Sent) -> None:
        self._result, self.passed = result, 0.0
        self.given: list[Message] = []

    def send(self, message: Message, to: str) -> Sent:
        self.passed += 15.0
        self.given.append(message)
        return self._result


def lease(number: int) -> Lease:
    notice = NoticeRow(
        "e-1", f"{number}.0", "reminder", "late", "late#a/1", "lead", "w-1", 2, T0, T0 + timedelta(hours=1), late=True
    )
    return Lease(notice, "pager", 1, 1)


def enrol(system: System, *routes: str) -> None:
    system.desk.directory = Everything(*routes)
    who = (Identifier("mrn", new_key()),)
    system.enrolments.enrol(EnrolRequest(PATHWAY, who, "w-1", "Europe/London", Actor("c-1", "clinician"), new_key()))


def test_a_pager_is_not_kept_waiting_by_letters_for_a_server_that_hangs() -> None:
    wall = VirtualClock(T0)
    mail, pager = Server("e-mail", wall), Server("webhook", wall)

    def even() -> float:
        return (wall.now() - T0).total_seconds()

    with throwaway_system(default_workflows(), wall, wall) as opened:
        ways = {name: Way(mail, f"{name}@hospital.example", "smtp") for name in WARD_MAILS}
        post = Post({**ways, "pager": Way(pager, "https://pager.example/")}, elapsed=even)
        system = replace(opened, post=post, elapsed=even)
        mail.hangs = True
        for _ in range(10):
            enrol(system, *WARD_MAILS)
        wall.advance(timedelta(seconds=1))
        enrol(system, "pager")
        for _ in range(4):
            deliver(system)
        assert pager.taken == 1
        assert wall.now() - T0 < timedelta(minutes=1)
        mail.hangs = False
        for _ in range(4):
            wall.advance(timedelta(minutes=1))
            deliver(system)
        assert mail.taken == 40


@pytest.mark.parametrize("result", [DELIVERED, Sent(Result.PERMANENT, "refused")])
def test_a_server_that_answers_slowly_is_asked_for_each_notice(result: Sent) -> None:
    slow = Slow(result)
    post = Post({"pager": Way(slow, "https://pager.example/")}, elapsed=lambda: slow.passed)
    assert [post.send(lease(number)) for number in range(3)] == [result] * 3
    assert [each.id for each in slow.given] == ["e-1.0.0", "e-1.1.0", "e-1.2.0"]


def test_a_message_tells_what_the_notice_says_and_nothing_of_what_it_is_about() -> None:
    slow = Slow(DELIVERED)
    Post({"pager": Way(slow, "https://pager.example/")}, "https://care.example").send(lease(4))
    link, told_at = "https://care.example/open/e-1.4.0", T0 + timedelta(hours=1)
    said = Message("e-1.4.0", "reminder", "lead", "w-1", 2, T0, told_at, late=True, link=link, route="pager")
    assert slow.given == [said]
