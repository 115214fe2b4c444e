"""Goal: a reminder is part of the line of what it is about, and nothing that is open vanishes from the pages for it."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.service.rows import NO_DUE
from orchestrator.service.worklist.claims import handle_of
from orchestrator.service.worklist.rows import ItemId
from orchestrator.web import worklist as page
from tests.integration.api.conftest import PATHWAY, T0, Ward
from tests.integration.web.conftest import Browser, House
from tests.integration.web.test_worklist import address, lines, press, shown

COURSE = "ivmp-pulse 3"
ROLES = ("nurse", "clinician", "on-call")
TASKS = ("eeg", "lumbar-puncture", "neurology-consult")
HANDLE = re.compile(r'id="f-([0-9a-f]{16})"')


class Open(NamedTuple):
    """Something open of one of the patients. about: kind and key of what a reminder is about, as it was drawn.

    hours: until it is due, before now where negative; None where nothing says.
    """

    patient: int
    kind: str
    key: str
    name: str
    role: str
    hours: int | None
    about: tuple[str, str] | None


def one_thing(kind: str, key: str, name: str) -> st.SearchStrategy[Open]:
    hours = st.one_of(st.none(), st.integers(-30, 30))
    return st.builds(
        Open, st.integers(0, 1), st.just(kind), st.just(key), st.just(name), st.sampled_from(ROLES), hours, st.none()
    )


def one_reminder(name: str, key: str, about: tuple[str, str] | None) -> st.SearchStrategy[Open]:
    fired = st.integers(-30, 0)
    what = (st.just("reminder"), st.just(f"{name}#{key}"), st.just(name), st.sampled_from(ROLES))
    return st.builds(Open, st.integers(0, 1), *what, fired, st.just(about))


WORKLISTS = st.lists(
    st.one_of(
        *(one_thing("task", each, each) for each in TASKS),
        *(one_thing("dose", f"{COURSE}/{number}", "ivmp-pulse") for number in (0, 1)),
        one_thing("decision", "decision", "decision"),
        *(one_reminder("task-due", f"{each}/1", ("task", each)) for each in TASKS),
        one_reminder("neurology-consult-due", "neurology-consult/1", ("task", "neurology-consult")),
        *(one_reminder("dose-due", f"{COURSE}/{number}", ("dose", f"{COURSE}/{number}")) for number in (0, 1, 2)),
        one_reminder("decision-due", "entry 2/0", ("decision", "decision")),
        one_reminder("day-3-response", f"{COURSE}/0", None),
    ),
    max_size=16,
    unique_by=lambda each: (each.patient, each.kind, each.key),
)
ASKED = st.sampled_from(
    [
        "",
        "?overdue=1",
        "?kind=reminder",
        "?kind=task",
        "?view=role",
        "?role=on-call",
        "?role=nurse&overdue=1",
        "?ward=N2",
    ]
)


class Two(NamedTuple):
    """Two patients, and the browser of a nurse who also is a clinician."""

    ward: Ward
    episodes: list[str]
    nell: Browser


@pytest.fixture
def two(house: House) -> Two:
    episodes = [house.ward.enrol(number).rpartition("/")[2] for number in ("0001", "0002")]
    return Two(house.ward, episodes, house.signed_in("nell", ("N2", "nurse"), ("N2", "clinician")))


def lay_out(ward: Ward, episodes: Sequence[str], drawn: Sequence[Open]) -> dict[str, Open]:
    """Let this and nothing else be open; return each by what stands for it in addresses."""
    with ward.system.store.change() as change:
        change._sql.exec_driver_sql("DELETE FROM item")
        for each in drawn:
            due_at = NO_DUE if each.hours is None else T0 + timedelta(hours=each.hours)
            micros = (due_at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
            row = (episodes[each.patient], each.kind, each.key, each.name, each.role, "N2", micros)
            change._sql.exec_driver_sql("INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    keyring = ward.system.desk.keyring
    return {handle_of(keyring, ItemId(episodes[each.patient], each.kind, each.key)): each for each in drawn}


def pages(browser: Browser, asked: str) -> list[list[tuple[list[str], bool]]]:
    """Return of each page its lines: what each holds, and whether it is marked late."""
    found, there = [], f"/worklist{asked}"
    while there:
        text = browser.get(there)
        found.append([(HANDLE.findall(line), line.startswith('<tr class="line late"')) for line in lines(text)])
        more = re.search(r'id="more" href="([^"]*)"', text.text)
        there = unescape(more[1]) if more else ""
    return found


def wanted(each: Open, asked: str) -> bool:
    """Tell whether a list asks for it, as its address reads."""
    late = each.hours is not None and each.hours < 0
    role = re.search(r"role=([\w-]+)", asked)
    kind = re.search(r"kind=(\w+)", asked)
    roles = {role[1]} if role else {"nurse", "clinician"} if "view=role" in asked else set(ROLES)
    return each.role in roles and (not kind or each.kind == kind[1]) and (late or "overdue" not in asked)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(drawn=WORKLISTS, asked=ASKED, size=st.integers(2, 9))
def test_whatever_is_open_stands_on_the_pages_once(two: Two, drawn: list[Open], asked: str, size: int) -> None:
    known = lay_out(two.ward, two.episodes, drawn)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(page, "SIZE", size)
        found = pages(two.nell, asked)
    every = [handle for lines_of in found for held, _ in lines_of for handle in held]
    assert sorted(every) == sorted(handle for handle, each in known.items() if wanted(each, asked))
    for lines_of in found:
        _check_page([([known[handle] for handle in held], late) for held, late in lines_of])


def _check_page(shown_lines: list[tuple[list[Open], bool]]) -> None:
    standing = {(each.patient, each.kind, each.key) for held, _ in shown_lines for each in held}
    firsts = []
    for held, late in shown_lines:
        head, *reminders = held
        assert all(each.about == (head.kind, head.key) and each.patient == head.patient for each in reminders)
        assert head.about is None or (head.patient, *head.about) not in standing, "it belongs to a line of this page"
        hours = [each.hours for each in held if each.hours is not None]
        firsts.append(min(hours, default=1000))
        assert late == (firsts[-1] < 0)
    assert firsts == sorted(firsts), "longest overdue first, by whichever of a line's has been so longest"


def test_a_reminder_is_answered_in_the_line_of_its_task_which_stays(each_house: House) -> None:
    house, ward = each_house, each_house.ward
    episode = ward.enrol()
    ward.advance(minutes=30)
    ward.fire()
    nurse = house.signed_in("nurse")
    title = ward.system.library.newest(PATHWAY).tasks["neurology-consult"].title
    (line,) = [each for each in lines(nurse.get("/worklist")) if "neurology-consult" in each]
    assert title in line
    assert re.search(r"reminded [\w ]*\d\d:\d\d, now clinician; nobody has answered", line)
    assert "Done?" in line
    assert "Seen?" in line
    assert line.count('class="open"') == 1, "j and k stop at it once"
    acknowledge = line[line.index("/acknowledge") - 200 :]
    seen = press(nurse, acknowledge, address(acknowledge, "/acknowledge"))
    assert seen.headers["location"].startswith("/worklist?done=")
    (line,) = [each for each in lines(nurse.get("/worklist")) if "neurology-consult" in each]
    assert "Done?" in line
    assert "nobody has answered" not in line
    assert [each["result"] for each in ward.get(f"{episode}/timeline").json()["entries"]][-1] == "accepted"


def test_a_reminder_that_has_climbed_past_the_list_has_a_line_of_its_own(house: House) -> None:
    ward = house.ward
    ward.enrol()
    for _ in range(3):
        ward.advance(hours=1)
        ward.fire()
    nurse = house.signed_in("nurse")
    (line,) = [each for each in lines(nurse.get("/worklist?role=on-call")) if "neurology-consult" in each]
    assert "Reminder, nobody has answered" in line
    assert "Done?" not in line
    (line,) = [each for each in lines(nurse.get("/worklist")) if "neurology-consult" in each]
    assert "now on-call; nobody has answered" in line
    auditor = house.signed_in("auditor", ("N2", "auditor")).get("/worklist")
    assert "now on-call; nobody has answered" in auditor.text
    assert "Seen?" not in auditor.text


def test_who_has_taken_the_reminder_is_said_beside_who_has_taken_the_task(house: House) -> None:
    ward = house.ward
    ward.enrol()
    ward.advance(minutes=30)
    ward.fire()
    nurse, nora = house.signed_in("nurse"), house.signed_in("nora", ("N2", "nurse"))
    (line,) = [each for each in lines(nurse.get("/worklist?kind=reminder")) if "neurology-consult" in each]
    assert press(nora, nora.get("/worklist?kind=reminder").text, address(line, "/claim")).status_code == 303
    (line,) = [each for each in lines(nurse.get("/worklist")) if "neurology-consult" in each]
    text = " ".join(re.sub(r"<[^>]*>", " ", line).split())
    assert "clinician Take" in text
    assert "Reminder: Nora …" in text
    there = re.search(r'href="(/episodes/[^"]*/items/[^"]*)">Reminder: Nora', line)
    assert there is not None
    assert "Nora has taken this." in shown(nurse.get(unescape(there[1])))
