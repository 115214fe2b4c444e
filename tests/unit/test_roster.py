"""Goal: who is told at a moment follows from posts, rota and absences alone, and nobody there means somebody else."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from orchestrator.errors import InputError
from orchestrator.service.people.hours import check_quiet, clock_of, day_of, instant_of, is_quiet, midnight, monday
from orchestrator.service.people.roster import Roster, Told
from orchestrator.service.people.rows import AwayRow, DutyRow, PostRow

T0 = datetime(2026, 3, 2, 8, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
LONDON = ZoneInfo("Europe/London")
WARD, ROLE = "w-1", "on-call"
ROLES = ("nurse", "clinician", "on-call", "lead", "administrator")
POSTS = [PostRow(who, WARD, ROLE) for who in ("ann", "bo", "cy")]


def hours(start: float, end: float) -> tuple[datetime, datetime]:
    return T0 + timedelta(hours=start), T0 + timedelta(hours=end)


def duty(who: str, start: float, end: float, ward: str = WARD, role: str = ROLE) -> DutyRow:
    return DutyRow(f"d-{who}-{start}", ward, role, who, *hours(start, end))


def away(who: str, deputy: str | None, start: float = 0, end: float = 24) -> AwayRow:
    return AwayRow(f"a-{who}", who, deputy, *hours(start, end))


def told(roster: Roster, hour: float = 0, ward: str = WARD, role: str = ROLE) -> Told:
    return roster.told(ward, role, T0 + timedelta(hours=hour))


def test_a_duty_begins_with_its_first_moment_and_is_over_at_its_last() -> None:
    roster = Roster(1, POSTS, [duty("ann", 1, 3), duty("bo", 3, 4)])
    at = T0 + timedelta(hours=3)
    assert roster.told(WARD, ROLE, T0 + timedelta(hours=1) - INSTANT).on_duty is False
    assert told(roster, 1) == Told(("ann",), on_duty=True)
    assert roster.told(WARD, ROLE, at - INSTANT) == Told(("ann",), on_duty=True)
    assert roster.told(WARD, ROLE, at) == Told(("bo",), on_duty=True)
    assert told(roster, 4) == Told(("ann", "bo", "cy"), on_duty=False)


def test_several_on_duty_are_all_told_and_a_duty_of_all_wards_counts_here() -> None:
    everywhere = PostRow("dee", "*", ROLE)
    roster = Roster(1, [*POSTS, everywhere], [duty("ann", 0, 2), duty("bo", 1, 2), duty("dee", 0, 9, ward="*")])
    assert set(told(roster, 1).people) == {"ann", "bo", "dee"}
    assert told(roster, 3).people == ("dee",)
    assert told(roster, 3, ward="w-2") == Told(("dee",), on_duty=True)
    assert told(roster, 3, ward="*").people == ("dee",)


def test_who_has_lost_the_post_is_not_told_and_leaves_no_gap() -> None:
    roster = Roster(1, POSTS[1:], [duty("ann", 0, 2)])
    assert told(roster) == Told(("bo", "cy"), on_duty=False)


def test_a_deputy_stands_in_and_for_him_his_own() -> None:
    rows = [duty("ann", 0, 9)]
    assert told(Roster(1, POSTS, rows, [away("ann", "bo")])) == Told(("bo",), on_duty=True)
    assert told(Roster(1, POSTS, rows, [away("ann", "bo"), away("bo", "cy")])).people == ("cy",)
    assert told(Roster(1, POSTS, rows, [away("ann", "bo", 1, 2)]), 2).people == ("ann",), "back again"
    assert told(Roster(1, POSTS, (), [away("ann", "bo")])) == Told(("bo", "cy"), on_duty=False), "nobody twice"


def test_who_is_away_without_a_deputy_of_the_post_leaves_a_gap() -> None:
    rows = [duty("ann", 0, 9)]
    for absence in (away("ann", None), away("ann", "somebody of another ward"), away("ann", "ann")):
        assert told(Roster(1, POSTS, rows, [absence])) == Told(("bo", "cy"), on_duty=False)
    circle = [away("ann", "bo"), away("bo", "ann")]
    assert told(Roster(1, POSTS, rows, circle)) == Told(("cy",), on_duty=False)


def test_rather_than_nobody_those_are_told_who_are_away() -> None:
    roster = Roster(1, POSTS, [duty("ann", 0, 9)], [away(who, None) for who in ("ann", "bo", "cy")])
    assert told(roster) == Told(("ann", "bo", "cy"), on_duty=False, away=True)
    assert not roster.there(WARD, ROLE, T0)
    assert roster.there(WARD, ROLE, T0 + timedelta(hours=24))


def test_what_concerns_no_ward_is_told_to_all_who_hold_the_role_anywhere() -> None:
    posts = [PostRow("ann", "w-1", "lead"), PostRow("bo", "w-2", "lead"), PostRow("cy", "*", "administrator")]
    roster = Roster(1, posts)
    assert set(told(roster, ward="", role="lead").people) == {"ann", "bo"}
    assert told(roster, ward="", role="administrator").people == ("cy",)
    on_call = Roster(1, [*posts, PostRow("dee", "*", "lead")], [duty("dee", 0, 1, ward="*", role="lead")])
    assert told(on_call, ward="", role="lead") == Told(("dee",), on_duty=True)


def test_a_role_is_unheld_when_nobody_there_holds_it_once_a_ward_has_anybody() -> None:
    alone = Roster(1, [PostRow("ann", "*", "administrator")])
    assert alone.unheld(WARD, ROLES, T0) is None, "who makes the accounts says nothing of the wards"
    roster = Roster(1, [*POSTS, PostRow("bo", WARD, "nurse")], (), [away("bo", None, 1, 2)])
    nobody = frozenset({"clinician", "lead", "administrator"})
    assert roster.unheld("w-2", ROLES, T0) is None
    assert roster.unheld(WARD, ROLES, T0) == nobody
    assert roster.unheld(WARD, ROLES, T0 + timedelta(hours=1)) == nobody | {"nurse"}
    assert roster.unheld(WARD, ROLES, T0 + timedelta(hours=2)) == nobody


def test_stretches_tell_of_every_moment_once_and_join_what_is_alike() -> None:
    roster = Roster(1, POSTS, [duty("ann", 1, 2), duty("ann", 2, 3), duty("bo", 5, 9, role="nurse")])
    start, end = hours(0, 6)
    found = roster.stretches(WARD, ROLE, start, end)
    assert [(*each[:2], each[2].on_duty) for each in found] == [
        (*hours(0, 1), False), (*hours(1, 3), True), (*hours(3, 6), False)
    ]  # fmt: skip
    assert Roster().stretches(WARD, ROLE, start, end) == [(start, end, Told((), on_duty=False, away=True))]


# Hours


def test_a_moment_is_read_by_the_clocks_of_the_ward_or_by_its_own_offset() -> None:
    assert instant_of("2026-07-01T08:00", LONDON) == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert instant_of("2026-07-01T08:00Z", LONDON) == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert instant_of("2026-07-01 08:00+02:00", LONDON) == datetime(2026, 7, 1, 6, tzinfo=UTC)


def test_when_the_clocks_change_a_time_that_is_not_is_refused_and_of_two_the_first_is_meant() -> None:
    with pytest.raises(InputError, match="does not exist"):
        instant_of("2026-03-29T01:30", LONDON)
    assert instant_of("2026-03-29T02:00", LONDON) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert instant_of("2026-10-25T01:30", LONDON) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    summer, winter = day_of("2026-03-29"), day_of("2026-10-25")
    assert midnight(summer + timedelta(days=1), LONDON) - midnight(summer, LONDON) == timedelta(hours=23)
    assert midnight(winter + timedelta(days=1), LONDON) - midnight(winter, LONDON) == timedelta(hours=25)


@pytest.mark.parametrize("text", ["", "soon", "2026-07-01", "20260701", "0001-01-01T00:00", "9999-12-31T23:59-12:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        instant_of(text, LONDON)


def test_a_week_begins_on_its_monday() -> None:
    assert [monday(day_of(text)).isoformat() for text in ("2026-03-02", "2026-03-08")] == ["2026-03-02", "2026-03-02"]
    with pytest.raises(InputError):
        day_of("soon")


def test_quiet_hours_may_pass_midnight_and_their_end_is_not_one_of_them() -> None:
    assert check_quiet(" 22:00 – 06:30") == "22:00-06:30"
    for text in ("22-6", "24:00-06:00", "06:00-06:00", "22:00"):
        with pytest.raises(InputError):
            check_quiet(text)
    quiet = {
        text: is_quiet("22:00-06:30", clock_of(instant_of(f"2026-07-01T{text}", LONDON), LONDON))
        for text in ("21:59", "22:00", "00:00", "06:29", "06:30")
    }
    assert quiet == {"21:59": False, "22:00": True, "00:00": True, "06:29": True, "06:30": False}
    assert is_quiet("12:00-13:00", "12:30")
    assert not is_quiet("", "12:30")
