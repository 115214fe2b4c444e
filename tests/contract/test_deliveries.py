"""Goal: a notice leaves the house, or its owners hear of it, whoever dies with it in hand; and none leaves twice."""

from datetime import timedelta

import orjson
import pytest

from orchestrator.errors import InvalidCommand, StoreError
from orchestrator.notify import sending
from orchestrator.notify.post import Post
from orchestrator.service.deliveries import TRIES_UNTOLD
from orchestrator.service.notices import UNROUTED
from orchestrator.service.pulse import Pulse
from orchestrator.service.rows import Lease, OutboxRow, OutgoingId, OutgoingRow
from orchestrator.store.postgres import PostgresStore
from tests.contract.conftest import System
from tests.factories import HOUR, OPERATOR, T0, enrolment, record
from tests.letterbox import Everything


def test_a_notice_stands_in_the_inbox_from_its_cause_on(sut: System) -> None:
    told(sut)
    (row,) = sut.queries.inbox(roles=("lead",), wards=("w-1",)).rows
    assert (row["name"], row["role"], row["due_at"]) == ("late", "lead", "2026-03-02T09:00:00.000000Z")
    assert not sut.deliveries.waiting(), "no route leads out of the house"


def test_a_notice_leaves_by_every_route_and_whoever_holds_the_last_lease_says_so(sut: System) -> None:
    sut.desk.directory = Everything("a", "b")
    told(sut)
    assert sut.deliveries.waiting()
    stale = sut.deliveries.take(seconds=-1)
    held = sut.deliveries.take()
    assert [each.route for each in stale] == [each.route for each in held] == ["a", "b"]
    assert [each.attempts for each in held] == [2, 2]
    assert sut.deliveries.take() == []
    assert not sut.deliveries.waiting()
    assert not sut.deliveries.finish(stale[0], "post")
    assert sut.deliveries.finish(held[0], "post")
    assert not sut.deliveries.finish(held[0], "post")
    assert [each.route for each in sut.deliveries.outgoing()] == ["b"]


@pytest.mark.parametrize("number", [1, 5])
def test_of_all_that_fire_together_each_is_told_by_every_route(sut: System, number: int) -> None:
    sut.desk.directory = Everything("a", "b")
    ids = [sut.enrolments.enrol(enrolment(str(n))).episode_id for n in range(number)]
    for episode_id in ids:
        sut.handlers.execute(record(episode_id, alarm="1"))
    sut.clock.advance(2 * HOUR)
    assert sut.firing.fire_due().fired == number
    assert sorted(row["episode_id"] for row in sut.queries.inbox().rows) == sorted(ids)
    taken = sorted((each.notice.episode_id, each.route, each.attempts) for each in sut.deliveries.take())
    assert taken == sorted((episode_id, route, 1) for episode_id in ids for route in "ab")


def test_a_notice_given_back_waits_and_one_released_does_not(sut: System) -> None:
    sut.desk.directory = Everything("a")
    told(sut)
    (held,) = sut.deliveries.take()
    assert sut.deliveries.release(held)
    (held,) = sut.deliveries.take()
    assert sut.deliveries.give_back(held, "timeout")
    assert sut.deliveries.take() == []
    (row,) = sut.deliveries.outgoing()
    assert (row.last_error, row.attempts, row.given_up_at) == ("timeout", 1, None), "what was not begun is no try"
    assert row.next_try_at is not None
    assert row.next_try_at > row.since


def test_what_a_clock_that_stood_ahead_put_off_leaves_at_once(sut: System) -> None:
    sut.desk.directory = Everything("a")
    told(sut)
    year = "interval '365 days'" if isinstance(sut.store, PostgresStore) else "365 * 86400 * 1000000"
    sut.sql(f"UPDATE outbox SET since = since + {year}, next_try_at = next_try_at + {year}")
    assert sut.deliveries.waiting()
    (held,) = sut.deliveries.take()
    assert sut.deliveries.give_back(held, "timeout")
    assert not sut.deliveries.waiting()
    assert sut.deliveries.take() == []


def test_what_waits_for_a_notice_that_somebody_removed_keeps_no_other_from_leaving(sut: System) -> None:
    sut.desk.directory = Everything("a")
    told(sut)
    with sut.store.change() as change:
        change.put_outbox([OutboxRow("", "removed", "a", T0)])
    (held,) = sut.deliveries.take()
    assert held.notice.key != "removed"


def test_a_dead_letter_is_sent_again_or_dropped_by_a_person(sut: System) -> None:
    sut.desk.directory = Everything("a", "b")
    told(sut)
    sut.desk.directory = Everything()
    for lease in sut.deliveries.take():
        assert sut.deliveries.give_up(lease, "refused")
        assert not sut.deliveries.finish(lease, "post"), "it is out of whoever's hands"
    assert sut.deliveries.take() == []
    first, second = (OutgoingId(row.notice.episode_id, row.notice.key, row.route) for row in dead(sut))
    assert sut.deliveries.resend(OPERATOR, first, first, second._replace(route="none")) == 1
    (held,) = sut.deliveries.take()
    assert (held.route, held.attempts) == ("a", 1)
    assert sut.deliveries.resend(OPERATOR, first) == 0, "it is no dead letter"
    assert not sut.deliveries.drop(OPERATOR, first, "told by telephone")
    with pytest.raises(InvalidCommand):
        sut.deliveries.drop(OPERATOR, second, " ")
    assert sut.deliveries.drop(OPERATOR, second, "told by telephone")
    assert not sut.deliveries.drop(OPERATOR, second, "told by telephone")
    assert dead(sut) == []
    assert [row.notice.kind for row in sut.deliveries.outgoing()] == ["reminder"]
    with sut.store.read() as reader:
        records = [(row.by, row.kind, orjson.loads(row.detail)) for row in reader.staff_records(0, 10)]
    assert records == [
        ("o-1", "letters-resent", {"asserted": True, "letters": [str(first)]}),
        ("o-1", "letter-dropped", {"asserted": True, "letters": [str(second)]}),
    ], "once each, and nothing of what was refused"


def test_undelivered_goes_out_by_the_other_routes_and_makes_no_further_notice(sut: System) -> None:
    sut.desk.directory = Everything("a", "b")
    told(sut)
    a, b = sut.deliveries.take()
    sut.clock.advance(HOUR)
    assert sut.deliveries.give_up(a, "refused")
    assert sut.deliveries.finish(b, "post")
    about = sut.deliveries.take()
    assert {each.notice.told_at for each in about} == {T0 + 3 * HOUR}
    assert {(each.notice.kind, each.route) for each in about} == {("undelivered", "b")}
    assert sorted(each.notice.role for each in about) == ["administrator", "lead"]
    for lease in about:
        assert sut.deliveries.give_up(lease, "refused")
    assert sut.deliveries.take() == []
    assert len([row for row in sut.queries.inbox().rows if row["kind"] == "undelivered"]) == 2


def test_what_nobody_would_hear_of_has_an_owner(sut: System) -> None:
    sut.desk.directory = Everything("a", "b", unheld=frozenset({"lead"}))
    told(sut)
    kinds = [("reminder", "lead"), ("unassigned", "administrator"), ("unassigned", "lead")]
    rows = sut.queries.inbox().rows
    assert sorted((row["kind"], row["role"], row["name"]) for row in rows) == [(*each, "late") for each in kinds]
    leaving = [(row.notice.kind, row.notice.role, row.route) for row in sut.deliveries.outgoing()]
    assert sorted(leaving) == [(*each, route) for each in kinds for route in "ab"]


def test_each_way_by_which_a_notice_does_not_arrive_is_told_of(sut: System) -> None:
    sut.desk.directory = Everything("a", "b")
    told(sut)
    for lease in sut.deliveries.take():
        assert sut.deliveries.give_up(lease, "refused")
    rows = [row["role"] for row in sut.queries.inbox().rows if row["kind"] == "undelivered"]
    assert sorted(rows) == ["administrator", "administrator", "lead", "lead"]


def test_owners_hear_of_a_notice_that_does_not_arrive_though_who_tried_last_died(sut: System) -> None:
    sut.desk.directory = Everything("a")
    told(sut)
    for _ in range(TRIES_UNTOLD):
        assert sut.deliveries.take(seconds=-1)
    (held,) = sut.deliveries.take()
    assert sut.deliveries.give_back(held, "timeout")
    assert sorted(row["role"] for row in sut.queries.inbox().rows if row["kind"] == "undelivered") == [
        "administrator",
        "lead",
    ]


def test_who_lost_a_lease_does_not_have_a_notice_leave_once_more(sut: System) -> None:
    sut.desk.directory = Everything(UNROUTED)
    told(sut)
    (stale,) = sut.deliveries.take(seconds=-1)
    (held,) = sut.deliveries.take()
    sut.desk.directory = Everything("a")
    assert sut.deliveries.route(held)
    (held,) = sut.deliveries.take()
    assert sut.deliveries.finish(held, "post")
    assert not sut.deliveries.route(stale)
    assert sut.deliveries.outgoing() == []


def test_what_was_taken_and_not_begun_in_time_is_anybodys_at_once(sut: System) -> None:
    sut.desk.directory = Everything("a", "b", "c")
    told(sut)
    moments = iter([0.0, 0.0])  # when it begins, and before the first; then its time is over
    begun: list[str] = []

    def send_one(lease: Lease) -> bool:
        begun.append(lease.route)
        return sut.deliveries.finish(lease, "post")

    post, late = Post(), lambda: next(moments, 10.0)
    assert sending.send_waiting(post, sut.deliveries, send_one, late, seconds=5.0) == 1
    assert begun == ["a"]
    assert [(each.route, each.attempts) for each in sut.deliveries.take()] == [("b", 1), ("c", 1)]


def test_a_store_that_cannot_say_where_a_person_is_told_is_no_failed_try(sut: System) -> None:
    sut.desk.directory = Everything("p-1/e-mail-1")
    told(sut)
    (held,) = sut.deliveries.take()

    def away(route: str) -> None:
        raise StoreError("the store is away")

    with pytest.raises(StoreError):
        sending.send(Post(find=away), sut.deliveries, held)
    assert [row.last_error for row in sut.deliveries.outgoing()] == [""]


def test_both_owners_are_told_once_an_hour_that_firing_is_held(sut: System) -> None:
    pulse = Pulse(sut.desk)
    for minutes in (0, 59, 60):
        pulse.alarm("clock-jumped", T0 + timedelta(minutes=minutes))
    told_at = sorted((row["role"], row["told_at"][:16]) for row in sut.queries.inbox().rows)
    assert told_at == [(role, f"2026-03-02T{hour}:00") for role in ("administrator", "lead") for hour in ("08", "09")]


def test_owners_hear_since_when_reminders_are_late(sut: System) -> None:
    pulse = Pulse(sut.desk)
    pulse.tell_overdue(T0 - HOUR, pulse.look())
    rows = sut.queries.inbox().rows
    assert [(row["kind"], row["due_at"]) for row in rows] == [("overdue", "2026-03-02T07:00:00.000000Z")] * 2


def dead(sut: System) -> list[OutgoingRow]:
    return [row for row in sut.deliveries.outgoing(dead=True) if row.notice.kind == "reminder"]


def told(sut: System) -> str:
    """Enrol a patient of whom one reminder is told; return the episode."""
    episode_id = sut.enrolments.enrol(enrolment()).episode_id
    sut.handlers.execute(record(episode_id, alarm="1"))
    sut.clock.advance(2 * HOUR)
    sut.firing.fire_due()
    return episode_id
