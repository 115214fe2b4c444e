"""Goal: what a reminder is about is known in one way, by the key that a list has for it; what is late stands out."""

import datetime as dt

import pytest

from orchestrator.episode.brief import brief
from orchestrator.episode.commands import Confirm, Record
from orchestrator.episode.items import DECISION, DOSE, TASK, Thing, items, reminds_of
from orchestrator.pathway.model import Pathway
from orchestrator.service.overview.naming import owed
from orchestrator.service.rows import NO_DUE, ItemRow
from tests.unit.playing import CLINICIAN, START, Played, cerebellar

COURSE = "ivmp-pulse 3"
KNOWN = {"severity": "severe", "infection_status": "excluded", "weight_kg": 80}


@pytest.fixture(scope="module")
def pathway() -> Pathway:
    return cerebellar()


@pytest.fixture(scope="module")
def ignored(pathway: Pathway) -> Played:
    """A pulse that nobody gives, tasks that nobody does, reminders that nobody answers, for three days."""
    played = Played(pathway).at(1, (CLINICIAN, Record(facts=KNOWN)))
    return played.at(2, (CLINICIAN, Confirm(regimens=("ivmp-pulse",)))).at(80)


def of(played: Played) -> dict[str, Thing | None]:
    """Return what each open reminder is about, by its address."""
    told = [each for each in played.episode.reminders if each.open]
    return {each.address: reminds_of(played.pathway, each.name, each.address) for each in told}


def test_what_a_reminder_is_about_has_the_key_that_it_has_on_lists(ignored: Played) -> None:
    standing = {(each.kind, each.key) for each in items(ignored.pathway, ignored.episode)}
    found = {address: thing for address, thing in of(ignored).items() if thing is not None}
    assert {thing.kind for thing in found.values()} >= {TASK, DOSE}
    tasks = [thing for thing in found.values() if thing.kind == TASK]
    assert len(tasks) > 1
    assert {(TASK, thing.key) for thing in tasks} <= standing
    (course,) = {thing.subject for thing in found.values() if thing.kind == DOSE}
    doses = sorted(thing.key for thing in found.values() if thing.kind == DOSE)
    assert doses[:2] == [f"{course}/0", f"{course}/1"]
    assert (DOSE, doses[0]) in standing
    assert (DOSE, doses[1]) not in standing, "a list has the next dose alone"


def test_a_decision_that_is_waited_for_is_what_its_reminder_is_about(pathway: Pathway) -> None:
    played = Played(pathway).at(1, (CLINICIAN, Record(facts=KNOWN))).at(60)
    thing = next(thing for address, thing in of(played).items() if address.startswith("decision-due#"))
    assert thing == Thing(DECISION, DECISION, "")
    assert (DECISION, DECISION) in {(each.kind, each.key) for each in items(pathway, played.episode)}


def test_what_is_open_says_who_owes_it_and_by_when(pathway: Pathway) -> None:
    played = Played(pathway).at(1, (CLINICIAN, Record(facts=KNOWN))).at(20)
    owes = {each.name: (each.role, each.due_at) for each in items(pathway, played.episode)}
    assert owes[DECISION] == ("clinician", START + dt.timedelta(hours=25)), "a day after the episode began to wait"
    assert owes["hospital-admission"] == ("clinician", START + dt.timedelta(hours=1))
    assert owes["task-due"] == ("on-call", START + dt.timedelta(hours=1)), "whom the ladder has reached"
    assert owes["eeg"] == ("clinician", START + dt.timedelta(hours=24))


def test_a_reminder_that_opens_a_task_is_about_that_task(pathway: Pathway) -> None:
    kind = next(each for each in pathway.reminders.values() if each.opens is not None)
    assert kind.opens is not None
    assert reminds_of(pathway, kind.name, f"{kind.name}#entry 7/0") == Thing(TASK, kind.opens, kind.opens)


@pytest.mark.parametrize(
    ("name", "address"), [("day-3-response", f"day-3-response#{COURSE}/0"), ("unheard-of", "x#/0")]
)
def test_what_is_no_item_is_nothing(pathway: Pathway, name: str, address: str) -> None:
    assert reminds_of(pathway, name, address) is None


def test_paper_tells_of_a_thing_once_and_when_it_was_reminded_of(ignored: Played) -> None:
    rows = brief(ignored.pathway, ignored.episode, ignored.now)["rows"]
    told = {(row["kind"], row["what"]): row["reminded_at"] for row in rows if row["kind"] != "reminder"}
    reminders = {each.address: each for each in ignored.episode.reminders if each.open}
    for address, thing in of(ignored).items():
        at = reminders[address].fired_at
        assert at is not None
        if thing is not None and thing.kind == TASK:
            assert told[TASK, ignored.pathway.tasks[thing.key].title] == at.isoformat()
    alone = [row["what"] for row in rows if row["kind"] == "reminder"]
    assert alone
    assert alone == [
        ignored.pathway.reminders[reminders[address].name].title
        for address, thing in of(ignored).items()
        if thing is None
    ]


def test_a_board_counts_a_thing_once_but_hides_no_reminder_behind_what_is_due_later(pathway: Pathway) -> None:
    now = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
    hour = dt.timedelta(hours=1)

    def row(kind: str, key: str, name: str, due_at: dt.datetime) -> ItemRow:
        return ItemRow("e-1", kind, key, name, "nurse", "N2", due_at)

    def told(due_at: dt.datetime, other: dt.datetime) -> list[str]:
        found = [row(TASK, "eeg", "eeg", due_at), row("reminder", "task-due#eeg/1", "task-due", now)]
        found.append(row(TASK, "hospital-admission", "hospital-admission", other))
        return [each.key for each in owed(pathway, found)]

    assert told(now - hour, now) == ["eeg", "hospital-admission"]
    assert told(now + hour, now - hour) == ["eeg", "task-due#eeg/1", "hospital-admission"], (
        "another's being late is no reason"
    )
    assert told(NO_DUE, now - hour) == ["eeg", "task-due#eeg/1", "hospital-admission"]
